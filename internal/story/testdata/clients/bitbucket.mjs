// Calls with the npm package bitbucket what it offers on repositories, source, commits, references, branch rules, reports, downloads,
// deploy keys, webhooks and search, and says what did not go well. Forms are left out: the package takes them from another one.
import { createRequire } from "node:module"

const { Bitbucket } = createRequire(process.env.MODULES + "/")("bitbucket")
const b = new Bitbucket({ notice: false, baseUrl: process.env.API, auth: { username: process.env.EMAIL, password: process.env.TOKEN } })
const r = { workspace: "acme", repo_slug: "widgets" }
let failures = 0

async function did(what, call, holds = () => true) {
	try {
		const { data } = await call()
		if (!holds(data)) throw new Error("gave " + JSON.stringify(data))
		return data
	} catch (error) {
		failures++
		console.log(what + ": " + (error.status ? error.status + " " + error.message + " " + JSON.stringify(error.error) : error.stack))
		return {}
	}
}

const has = (key, value) => page => page.values.some(one => one[key] === value)

await did("repositories.list", () => b.repositories.list({ workspace: "acme", q: 'slug = "widgets"' }), has("slug", "widgets"))
await did("repositories.get", () => b.repositories.get({ ...r, fields: "+parent" }), d => d.full_name === "acme/widgets")
await did("repositories.create", () => b.repositories.create({ workspace: "acme", repo_slug: "made", _body: { scm: "git", is_private: true, project: { key: "FTO" } } }), d => d.slug === "made")
await did("repositories.update", () => b.repositories.update({ workspace: "acme", repo_slug: "made", _body: { description: "changed" } }), d => d.description === "changed")
await did("repositories.createFork", () => b.repositories.createFork({ ...r, _body: { name: "forked" } }), d => d.parent.full_name === "acme/widgets")
await did("repositories.listForks", () => b.repositories.listForks(r), has("slug", "forked"))
await did("repositories.listWatchers", () => b.repositories.listWatchers(r), d => Array.isArray(d.values))
await did("repositories.delete", () => b.repositories.delete({ workspace: "acme", repo_slug: "made" }))

const { target: { hash: commit } } = await did("refs.getBranch", () => b.refs.getBranch({ ...r, name: "main" }), d => d.target.hash.length === 40)
await did("source.readRoot", () => b.source.readRoot(r))
await did("source.read", () => b.source.read({ ...r, commit, path: "file.txt", format: "meta" }), d => d.type === "commit_file")
await did("source.read of a directory", () => b.source.read({ ...r, commit, path: "", max_depth: 2 }), has("path", "file.txt"))
await did("source.listHistory", () => b.source.listHistory({ ...r, commit, path: "file.txt" }), d => d.values.length > 0)

await did("commits.list", () => b.commits.list(r), has("hash", commit))
await did("commits.listAt", () => b.commits.listAt({ ...r, revision: "main" }), has("hash", commit))
await did("commits.get", () => b.commits.get({ ...r, commit }), d => d.hash === commit)
await did("commits.getDiff", () => b.commits.getDiff({ ...r, spec: commit }), d => d.includes("diff --git"))
await did("commits.getPatch", () => b.commits.getPatch({ ...r, spec: commit }), d => d.includes("Subject:"))
await did("repositories.listDiffStats", () => b.repositories.listDiffStats({ ...r, spec: commit }), d => d.values.length > 0)
await did("repositories.getMergeBase", () => b.repositories.getMergeBase({ ...r, revspec: "main..feature/one" }), d => d.hash.length === 40)
await did("commits.createApproval", () => b.commits.createApproval({ ...r, commit }), d => d.approved)
await did("commits.deleteApproval", () => b.commits.deleteApproval({ ...r, commit }))
const comment = await did("commits.createComment", () => b.commits.createComment({ ...r, commit, _body: { content: { raw: "Why?" } } }), d => d.id > 0)
await did("commits.getComment", () => b.commits.getComment({ ...r, commit, comment_id: comment.id }), d => d.content.raw === "Why?")
await did("commits.updateComment", () => b.commits.updateComment({ ...r, commit, comment_id: comment.id, _body: { content: { raw: "How?" } } }))
await did("commits.listComments", () => b.commits.listComments({ ...r, commit }), has("id", comment.id))
await did("commits.deleteComment", () => b.commits.deleteComment({ ...r, commit, comment_id: comment.id }))

await did("commitstatuses.createBuildStatus", () => b.commitstatuses.createBuildStatus({ ...r, commit, _body: { key: "ci", state: "INPROGRESS", url: "https://ci.example/1" } }))
await did("commitstatuses.updateBuildStatus", () => b.commitstatuses.updateBuildStatus({ ...r, commit, key: "ci", _body: { state: "SUCCESSFUL" } }), d => d.state === "SUCCESSFUL")
await did("commitstatuses.getBuildStatus", () => b.commitstatuses.getBuildStatus({ ...r, commit, key: "ci" }), d => d.key === "ci")
await did("commitstatuses.list", () => b.commitstatuses.list({ ...r, commit }), has("key", "ci"))

const report = { ...r, commit, reportId: "scan" }
await did("reports.createOrUpdateReport", () => b.reports.createOrUpdateReport({ ...report, _body: { title: "Scan", details: "Nothing", result: "PASSED" } }), d => d.title === "Scan")
await did("reports.getReport", () => b.reports.getReport(report), d => d.title === "Scan")
await did("reports.getReportsForCommit", () => b.reports.getReportsForCommit({ ...r, commit }), has("external_id", "scan"))
await did("reports.bulkCreateOrUpdateAnnotations", () => b.reports.bulkCreateOrUpdateAnnotations({ ...report, _body: [{ external_id: "1", annotation_type: "BUG", summary: "Off by one" }] }))
await did("reports.createOrUpdateAnnotation", () => b.reports.createOrUpdateAnnotation({ ...report, annotationId: "2", _body: { annotation_type: "BUG", summary: "By two" } }))
await did("reports.getAnnotation", () => b.reports.getAnnotation({ ...report, annotationId: "2" }), d => d.summary === "By two")
await did("reports.getAnnotationsForReport", () => b.reports.getAnnotationsForReport(report), d => d.values.length === 2)
await did("reports.deleteAnnotation", () => b.reports.deleteAnnotation({ ...report, annotationId: "2" }))
await did("reports.deleteReport", () => b.reports.deleteReport(report))

await did("refs.createBranch", () => b.refs.createBranch({ ...r, _body: { name: "made/here", target: { hash: commit } } }), d => d.name === "made/here")
await did("refs.listBranches", () => b.refs.listBranches({ ...r, q: 'name ~ "made"', sort: "-name" }), has("name", "made/here"))
await did("refs.deleteBranch", () => b.refs.deleteBranch({ ...r, name: "made/here" }))
await did("refs.createTag", () => b.refs.createTag({ ...r, _body: { name: "made", target: { hash: commit } } }))
await did("refs.getTag", () => b.refs.getTag({ ...r, name: "made" }), d => d.name === "made")
await did("refs.listTags", () => b.refs.listTags(r), has("name", "made"))
await did("refs.list", () => b.refs.list(r), has("name", "main"))
await did("refs.deleteTag", () => b.refs.deleteTag({ ...r, name: "made" }))

const rule = await did("branchrestrictions.create", () => b.branchrestrictions.create({ ...r, _body: { type: "branchrestriction", kind: "force", branch_match_kind: "glob", pattern: "main" } }), d => d.id > 0)
const one = { ...r, id: rule.id }
await did("branchrestrictions.list", () => b.branchrestrictions.list({ ...r, kind: "force" }), has("id", rule.id))
await did("branchrestrictions.get", () => b.branchrestrictions.get(one), d => d.pattern === "main")
await did("branchrestrictions.update", () => b.branchrestrictions.update({ ...one, _body: { pattern: "trunk" } }), d => d.pattern === "trunk")
await did("branchrestrictions.delete", () => b.branchrestrictions.delete(one))
await did("branching_model.get", () => b.branching_model.get(r), d => d.development.name === "main")
await did("branching_model.updateSettings", () => b.branching_model.updateSettings({ ...r, _body: { production: { enabled: true, use_mainbranch: true } } }), d => d.production.enabled)
await did("branching_model.getSettings", () => b.branching_model.getSettings(r), d => d.production.enabled)
await did("repositories.getEffectiveBranchingModel", () => b.repositories.getEffectiveBranchingModel(r), d => d.production.name === "main")
const p = { workspace: "acme", project_key: "FTO" }
await did("branching_model.getForProject", () => b.branching_model.getForProject(p), d => d.branch_types.length === 4)
await did("branching_model.updateSettingsForProject", () => b.branching_model.updateSettingsForProject({ ...p, _body: { development: { name: "develop" } } }), d => d.development.name === "develop")
await did("branching_model.getSettingsForProject", () => b.branching_model.getSettingsForProject(p), d => d.development.name === "develop")

const hook = await did("webhooks.create", () => b.webhooks.create({ ...r, _body: { description: "CI", url: "https://ci.example/hook", active: true, events: ["repo:push"] } }), d => d.uuid)
await did("webhooks.listForRepo", () => b.webhooks.listForRepo(r), has("uuid", hook.uuid))
await did("webhooks.get", () => b.webhooks.get({ ...r, uid: hook.uuid }), d => d.uuid === hook.uuid)
await did("webhooks.update", () => b.webhooks.update({ ...r, uid: hook.uuid, _body: { description: "CI", url: "https://ci.example/other", active: false, events: ["repo:push"] } }), d => !d.active)
await did("webhooks.delete", () => b.webhooks.delete({ ...r, uid: hook.uuid }))
await did("webhooks.getAllSubjectTypes", () => b.webhooks.getAllSubjectTypes({}))

const key = await did("repositories.createDeployKey", () => b.repositories.createDeployKey({ ...r, label: "Builder", key: process.env.KEY }), d => d.id > 0)
await did("repositories.listDeployKeys", () => b.repositories.listDeployKeys(r), has("id", key.id))
await did("repositories.getDeployKey", () => b.repositories.getDeployKey({ ...r, key_id: key.id }), d => d.label === "Builder")
await did("repositories.updateDeployKey", () => b.repositories.updateDeployKey({ ...r, key_id: key.id, key: process.env.KEY, label: "Other" }), d => d.label === "Other")
await did("repositories.deleteDeployKey", () => b.repositories.deleteDeployKey({ ...r, key_id: key.id }))
const shared = await did("deployments.createProjectDeployKey", () => b.deployments.createProjectDeployKey({ ...p, _body: { label: "Builder", key: process.env.KEY } }), d => d.id > 0)
await did("deployments.listProjectDeployKeys", () => b.deployments.listProjectDeployKeys(p), has("id", shared.id))
await did("deployments.deleteProjectDeployKey", () => b.deployments.deleteProjectDeployKey({ ...p, key_id: shared.id }))

await did("downloads.list", () => b.downloads.list(r), d => d.values.length === 0)
await did("search.searchAccount", () => b.search.searchAccount({ workspace: "acme", search_query: "nothing-of-this-kind" }), d => d.size === 0)
await did("repositories.listGroupPermissions", () => b.repositories.listGroupPermissions(r))
await did("repositories.updateUserPermission", () => b.repositories.updateUserPermission({ ...r, selected_user_id: process.env.USER_ID, _body: { permission: "write" } }), d => d.permission === "write")
await did("repositories.getUserPermission", () => b.repositories.getUserPermission({ ...r, selected_user_id: process.env.USER_ID }), d => d.permission === "write")
await did("repositories.listUserPermissions", () => b.repositories.listUserPermissions(r), has("permission", "write"))
await did("repositories.deleteUserPermission", () => b.repositories.deleteUserPermission({ ...r, selected_user_id: process.env.USER_ID }))

process.exit(failures > 0 ? 1 : 0)
