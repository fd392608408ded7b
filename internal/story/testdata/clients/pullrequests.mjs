// Holds whole reviews by two people with the npm package bitbucket: calls everything that it offers on pull requests, but the list of an
// account's in all workspaces, which Bitbucket does not answer any more.
import { connect, did, done, has, r } from "./harness.mjs"

const author = connect(process.env.EMAIL, process.env.TOKEN).pullrequests
const reviewer = connect(process.env.REVIEWER_EMAIL, process.env.REVIEWER_TOKEN).pullrequests
const branch = name => ({ source: { branch: { name } }, destination: { branch: { name: "main" } } })
const selected_user = process.env.USER_ID, target_username = selected_user

await did("addDefaultReviewer", () => author.addDefaultReviewer({ ...r, target_username }), d => d.uuid === selected_user)
await did("getDefaultReviewer", () => author.getDefaultReviewer({ ...r, target_username }), d => d.uuid === selected_user)
await did("listDefaultReviewers", () => author.listDefaultReviewers(r), has("uuid", selected_user))

const made = await did("create", () => author.create({ ...r, _body: { title: "A topic", ...branch("topic") } }), d => d.state === "OPEN" && d.reviewers[0]?.uuid === selected_user)
const pr = { ...r, pull_request_id: made.id }
await did("get", () => reviewer.get(pr), d => d.title === "A topic")
await did("update", () => author.update({ ...pr, _body: { title: "The topic", description: "Why it is" } }), d => d.title === "The topic" && d.rendered.description.html.includes("Why it is"))
await did("list", () => reviewer.list({ ...r, state: "OPEN" }), has("id", pr.pull_request_id))
const [{ hash: commit }] = (await did("listCommits", () => reviewer.listCommits(pr), d => d.values.length === 1)).values
await did("listForCommit", () => reviewer.listForCommit({ ...r, commit }), has("id", pr.pull_request_id))
await did("getDiff", () => reviewer.getDiff(pr), d => d.includes("+++ b/topic.txt"))
await did("getDiffStat", () => reviewer.getDiffStat(pr), d => d.values[0].new.path === "topic.txt")
await did("getPatch", () => reviewer.getPatch(pr), d => d.includes("Subject:"))
await did("listStatuses", () => reviewer.listStatuses(pr), d => Array.isArray(d.values))

const comment = await did("createComment", () => reviewer.createComment({ ...pr, _body: { content: { raw: "Why?" }, inline: { path: "topic.txt", to: 1 } } }), d => d.inline.to === 1)
const one = { ...pr, comment_id: comment.id }
await did("getComment", () => author.getComment(one), d => d.content.raw === "Why?")
await did("updateComment", () => reviewer.updateComment({ ...one, _body: { content: { raw: "How?" } } }), d => d.content.raw === "How?")
await did("listComments", () => author.listComments(pr), has("id", comment.id))
await did("resolveComment", () => author.resolveComment(one), d => d.type === "comment_resolution")
await did("reopenComment", () => author.reopenComment(one))
const task = await did("createTask", () => reviewer.createTask({ ...pr, _body: { content: { raw: "Say how" }, comment: { id: comment.id } } }), d => d.state === "UNRESOLVED")
const todo = { ...pr, task_id: task.id }
await did("getTask", () => author.getTask(todo), d => d.content.raw === "Say how")
await did("updateTask", () => author.updateTask({ ...todo, _body: { state: "RESOLVED" } }), d => d.state === "RESOLVED")
await did("listTasks", () => author.listTasks(pr), has("id", task.id))
await did("deleteTask", () => reviewer.deleteTask(todo))
await did("deleteComment", () => reviewer.deleteComment(one))

await did("addChangeRequest", () => reviewer.addChangeRequest(pr), d => d.state === "changes_requested")
await did("deleteChangeRequest", () => reviewer.deleteChangeRequest(pr))
await did("createApproval", () => reviewer.createApproval(pr), d => d.approved)
await did("deleteApproval", () => reviewer.deleteApproval(pr))
await did("createApproval again", () => reviewer.createApproval(pr), d => d.state === "approved")

const begun = await did("merge in the background", () => author.merge({ ...pr, async: true, _body: { merge_strategy: "squash", message: "All of the topic" } }), d => d.task_status === "PENDING")
const merging = { ...pr, task_id: begun.links?.self.href.split("/").pop() }
let state
do state = await did("getMergeTaskStatus", () => author.getMergeTaskStatus(merging))
while (state.task_status === "PENDING")
if (state.merge_result?.state !== "MERGED") await did("the merge", () => Promise.resolve({ data: state }), () => false)
await did("get of what is merged", () => author.get(pr), d => d.state === "MERGED" && d.closed_by.uuid === process.env.AUTHOR_ID)
await did("listActivities", () => author.listActivities(pr), d => d.values.some(one => one.approval))
await did("listActivitiesForRepo", () => author.listActivitiesForRepo(r), d => d.values.length > 0)

const other = await did("create another one", () => author.create({ ...r, _body: { title: "Another", ...branch("other") } }))
await did("decline", () => author.decline({ ...r, pull_request_id: other.id }), d => d.state === "DECLINED")
await did("list what was declined", () => author.list({ ...r, state: "DECLINED" }), has("id", other.id))
await did("deleteDefaultReviewer", () => author.deleteDefaultReviewer({ ...r, target_username }))
done()
