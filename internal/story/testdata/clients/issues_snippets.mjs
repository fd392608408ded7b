// Calls with the npm package bitbucket everything that it offers on issue trackers and snippets, forms included: these are
// all operations on them.
import { connect, did, done, has, r, refused } from "./harness.mjs"

// Forms are the platform's own, so requests are too.
const b = connect(process.env.EMAIL, process.env.TOKEN, { fetch })
const called = new Set()
const noting = area => new Proxy(b[area], { get: (methods, name) => (called.add(area + "." + name), methods[name]) })
const issues = noting("issue_tracker"), snippets = noting("snippets")
const legacy = connect(process.env.USERNAME, process.env.APP_PASSWORD).snippets // for what takes no API token
const form = (fields, file, text) => {
	const f = new FormData()
	for (const [name, value] of Object.entries(fields)) f.append(name, value)
	f.append("file", new Blob([text], { type: "text/plain" }), file)
	return f
}

const made = await did("create", () => issues.create({ ...r, _body: { type: "issue", title: "It breaks", content: { raw: "At *once*" }, kind: "task", component: { name: "core" } } }), d => d.id === 1 && d.state === "new")
const one = { ...r, issue_id: String(made.id) }
await did("list", () => issues.list({ ...r, q: 'kind = "task"' }), has("id", 1))
await did("get", () => issues.get(one), d => d.content.html.includes("<em>once</em>") && d.component.name === "core")
await did("update", () => issues.update({ ...one, _body: { title: "It broke" } }), d => d.title === "It broke")
const change = await did("createChange", () => issues.createChange({ ...one, _body: { type: "issue_change", changes: { state: { new: "open" } }, message: { raw: "Seen" } } }), d => d.changes.state.new === "open")
await did("listChanges", () => issues.listChanges(one), d => d.values.length === 2)
await did("getChange", () => issues.getChange({ ...one, change_id: String(change.id) }), d => d.message.raw === "Seen")
const comment = await did("createComment", () => issues.createComment({ ...one, _body: { type: "issue_comment", content: { raw: "Why?" } } }), d => d.content.raw === "Why?")
const said = { ...one, comment_id: comment.id }
await did("getComment", () => issues.getComment(said), d => d.user.uuid)
await did("updateComment", () => issues.updateComment({ ...said, _body: { type: "issue_comment", content: { raw: "How?" } } }), d => d.content.raw === "How?")
await did("listComments", () => issues.listComments(one), has("id", comment.id))
await did("deleteComment", () => issues.deleteComment(said))
await refused("getVote of who does not vote", 404, () => issues.getVote(one))
await did("createVote", () => issues.createVote(one))
await did("getVote", () => issues.getVote(one))
await did("deleteVote", () => issues.deleteVote(one))
await did("deleteWatch", () => issues.deleteWatch(one))
await refused("getWatch of who does not watch", 404, () => issues.getWatch(one))
await did("createWatch", () => issues.createWatch(one))
await did("getWatch", () => issues.getWatch(one))
await did("createAttachments", () => issues.createAttachments({ ...one, _body: form({}, "notes.txt", "What it said") }))
await did("listAttachments", () => issues.listAttachments(one), has("name", "notes.txt"))
await did("getAttachment", () => issues.getAttachment({ ...one, path: "notes.txt" }), d => d === "What it said")
await did("deleteAttachment", () => issues.deleteAttachment({ ...one, path: "notes.txt" }))
await did("listComponents", () => issues.listComponents(r), has("name", "core"))
await did("getComponent", () => issues.getComponent({ ...r, component_id: 1 }), d => d.name === "core")
await did("listMilestones", () => issues.listMilestones(r), has("name", "M1"))
await did("getMilestone", () => issues.getMilestone({ ...r, milestone_id: 2 }), d => d.name === "M1")
await did("listVersions", () => issues.listVersions(r), has("name", "1.0"))
await did("getVersion", () => issues.getVersion({ ...r, version_id: 3 }), d => d.name === "1.0")

// Exports and imports are among the methods on repositories.
let location
await did("createIssueExportJob", async () => {
	const answer = await b.repositories.createIssueExportJob({ ...r, _body: { type: "export_options", include_attachments: true } })
	location = answer.headers.location
	return answer
}, d => d.status === "ACCEPTED")
const [, repo_name, task_id] = location?.match(/\/export\/(.*)-issues-(.*)\.zip$/) ?? []
let archive
do archive = await did("getIssueExportJobStatus", () => b.repositories.getIssueExportJobStatus({ ...r, repo_name, task_id }))
while (archive.type === "issue_job_status")
await did("the archive", () => Promise.resolve({ data: archive }), d => d instanceof ArrayBuffer && d.byteLength > 100)
await refused("getIssueImportJobStatus without any", 404, () => b.repositories.getIssueImportJobStatus(r))
await did("createIssueImportJob", () => b.repositories.createIssueImportJob({ ...r, _body: form({}, "issues.zip", archive) }), d => d.status === "ACCEPTED")
let imported
do imported = await did("getIssueImportJobStatus", () => b.repositories.getIssueImportJobStatus(r))
while (["ACCEPTED", "STARTED"].includes(imported.status))
await did("the import", () => Promise.resolve({ data: imported }), d => d.status === "SUCCESS")
await did("get of what was imported", () => issues.get(one), d => d.title === "It broke" && d.state === "open")

await did("delete", () => issues.delete(one))
await refused("get of what is gone", 404, () => issues.get(one))

const snippet = await did("createForUser", () => snippets.createForUser({ workspace: "acme", _body: { title: "Only a title", is_private: false } }), d => d.title === "Only a title")
const s = { workspace: "acme", encoded_id: snippet.id }
await did("create", () => snippets.create({ _body: { title: "Mine" } }), d => d.is_private)
await did("listForUser", () => snippets.listForUser({ workspace: "acme" }), has("id", snippet.id))
await refused("list, which Bitbucket has removed", 410, () => snippets.list({ role: "owner" }))
await did("update with a form", () => snippets.update({ ...s, _body: form({ title: "Notes" }, "notes.txt", "one\n") }), d => d.title === "Notes" && d.files["notes.txt"])
await did("get", () => snippets.get(s), d => d.files["notes.txt"].links.self.href)
const [{ hash: before }] = (await did("listCommits", () => snippets.listCommits(s), d => d.values.length === 2)).values
await did("getCommit", () => snippets.getCommit({ ...s, revision: before }), d => d.hash === before)
await did("getAt", () => snippets.getAt({ ...s, node_id: before }), d => d.title === "Notes")
await did("updateAt", () => snippets.updateAt({ ...s, node_id: before, _body: form({ title: "More" }, "notes.txt", "two\n") }), d => d.title === "More")
await refused("updateAt of another revision", 405, () => snippets.updateAt({ ...s, node_id: before, _body: { title: "Late" } }))
const [{ hash: now }] = (await did("listCommits again", () => snippets.listCommits(s), d => d.values.length === 3)).values
await did("getFile", () => snippets.getFile({ ...s, node_id: now, path: "notes.txt" }), d => d === "two\n")
await did("getRawFiles", () => snippets.getRawFiles({ ...s, path: "notes.txt" }), d => d === "two\n")
await did("getDiff", () => snippets.getDiff({ ...s, revision: now }), d => d.includes("+two"))
await did("getPatch", () => snippets.getPatch({ ...s, revision: now }), d => d.includes("+two"))
const note = await did("createComment on a snippet", () => snippets.createComment({ ...s, _body: { content: { raw: "Why?" } } }), d => d.id > 0)
const noted = { ...s, comment_id: note.id }
await did("getComment of a snippet", () => snippets.getComment(noted), d => d.content.raw === "Why?")
await did("updateComment of a snippet", () => snippets.updateComment({ ...noted, _body: { content: { raw: "How?" } } }), d => d.content.raw === "How?")
await did("listComments of a snippet", () => snippets.listComments(s), has("id", note.id))
await did("deleteComment of a snippet", () => snippets.deleteComment(noted))
await did("startWatch", () => snippets.startWatch(s))
await did("checkWatch", () => snippets.checkWatch(s))
await refused("listWatchers with an API token", 403, () => snippets.listWatchers(s))
await did("listWatchers", () => legacy.listWatchers(s), d => d.values.length === 1)
await did("stopWatch", () => snippets.stopWatch(s))
await refused("checkWatch of who does not watch", 404, () => snippets.checkWatch(s))
await did("deleteAt", () => snippets.deleteAt({ ...s, node_id: now }))
await refused("get of a snippet that is gone", 404, () => snippets.get(s))
const other = await did("createForUser again", () => snippets.createForUser({ workspace: "acme", _body: { title: "Another" } }))
await did("delete of a snippet", () => snippets.delete({ workspace: "acme", encoded_id: other.id }))

// Nothing that the package offers is left out, and it offers every operation.
const left = ["issue_tracker", "snippets"].flatMap(area => Object.keys(b[area]).map(name => area + "." + name)).filter(name => !called.has(name))
await did("all methods", () => Promise.resolve({ data: left }), d => d.length === 0)
const offered = new Set(Object.keys(b).flatMap(area => Object.values(b[area] ?? {})).map(method => method?.endpoint?.DEFAULTS).filter(Boolean).map(d => d.method + " " + d.url))
await did("operations without a method", () => Promise.resolve({ data: JSON.parse(process.env.OPERATIONS).filter(key => !offered.has(key)) }), d => d.length === 0)

done()
