// Calls with the npm package bitbucket every operation on pipelines and deployments: by its methods where it has them, by its requests
// where it has none. A runner is there and runs what is pushed.
import { connect, did, done, has, r, refused } from "./harness.mjs"

const called = []
const noting = (url, options) => (called.push(options.method + " " + decodeURI(new URL(url).pathname).slice("/2.0".length)), fetch(url, options))
const b = connect(process.env.EMAIL, process.env.TOKEN, { fetch: noting })
const { pipelines, deployments } = b
const legacy = connect(process.env.USERNAME, process.env.APP_PASSWORD, { fetch: noting }).pipelines // for what takes no API token
const until = async (what, call, holds) => {
	let data
	do data = await did(what, call)
	while (data.type && !holds(data))
	return data
}

// What pipelines are set up with. Variables are made, listed, read, changed and deleted in the same way everywhere.
await did("updateConfig", () => pipelines.updateConfig({ ...r, _body: { enabled: true } }), d => d.enabled)
await did("getConfig", () => pipelines.getConfig(r), d => d.enabled)
await did("updateBuildNumber", () => pipelines.updateBuildNumber({ ...r, _body: { next: 7 } }), d => d.next === 7)
const environment = await did("createEnvironment", () => deployments.createEnvironment({ ...r, _body: { type: "deployment_environment", name: "Lab", environment_type: { name: "Test" } } }), d => d.uuid)
const at = { ...r, environment_uuid: environment.uuid }
await did("getEnvironment", () => deployments.getEnvironment(at), d => d.name === "Lab")
await did("listEnvironments", () => deployments.listEnvironments(r), has("name", "Lab"))
await did("updateEnvironment", () => deployments.updateEnvironment({ ...at, _body: { change: { restrictions: { admin_only: false } } } }))
const user = { selected_user: process.env.USERNAME }, team = { username: "acme" }
for (const [where, of, list, create, get, update, remove] of [
	["the repository", r, pipelines.listVariablesForRepo, pipelines.createVariable, pipelines.getVariable, pipelines.updateVariable, pipelines.deleteVariable],
	["the environment", at, pipelines.listDeploymentVariables, pipelines.createDeploymentVariable, null, pipelines.updateDeploymentVariable, pipelines.deleteDeploymentVariable],
	["the workspace", { workspace: "acme" }, pipelines.getPipelineVariablesForWorkspace, pipelines.createPipelineVariableForWorkspace, pipelines.getPipelineVariableForWorkspace, pipelines.updatePipelineVariableForWorkspace, pipelines.deletePipelineVariableForWorkspace],
	["the team", team, legacy.listVariablesForTeam, legacy.createVariableForTeam, legacy.getVariableForTeam, legacy.updateVariableForTeam, legacy.deleteVariableForTeam],
	["the account", user, legacy.listVariablesForUser, legacy.createVariableForUser, legacy.getVariableForUser, legacy.updateVariableForUser, legacy.deleteVariableForUser],
]) {
	const made = await did("a variable of " + where, () => create({ ...of, _body: { type: "pipeline_variable", key: "COLOUR", value: "green", secured: false } }), d => d.value === "green")
	const one = { ...of, variable_uuid: made.uuid }
	await did("variables of " + where, () => list(of), has("key", "COLOUR"))
	if (get) await did("one of " + where, () => get(one), d => d.key === "COLOUR")
	await did("a change of one of " + where, () => update({ ...one, _body: { type: "pipeline_variable", key: "COLOUR", value: "blue", secured: true } }), d => d.secured && d.value === undefined)
	await did("the end of one of " + where, () => remove(one))
}
await did("updateSshKeyPair", () => pipelines.updateSshKeyPair({ ...r, _body: { type: "pipeline_ssh_key_pair", private_key: process.env.PRIVATE_KEY, public_key: process.env.PUBLIC_KEY } }), d => d.public_key)
await did("getSshKeyPair", () => pipelines.getSshKeyPair(r), d => d.public_key && !d.private_key)
await did("deleteSshKeyPair", () => pipelines.deleteSshKeyPair(r))
const known = hostname => ({ type: "pipeline_known_host", hostname, public_key: { type: "pipeline_ssh_public_key", key_type: "ssh-ed25519", key: process.env.PUBLIC_KEY.split(" ")[1] } })
const host = await did("createKnownHost", () => pipelines.createKnownHost({ ...r, _body: known("git.example.com") }), d => d.uuid)
const hosted = { ...r, known_host_uuid: host.uuid }
await did("listKnownHosts", () => pipelines.listKnownHosts(r), has("hostname", "git.example.com"))
await did("updateKnownHost", () => pipelines.updateKnownHost({ ...hosted, _body: known("code.example.com") }), d => d.hostname === "code.example.com")
await did("getKnownHost", () => pipelines.getKnownHost(hosted), d => d.hostname === "code.example.com")
await did("deleteKnownHost", () => pipelines.deleteKnownHost(hosted))

// A pipeline that runs: its steps, what they print and leave, and what is deployed by it.
const branch = { type: "pipeline_ref_target", ref_type: "branch", ref_name: "main" }
const started = await did("create", () => pipelines.create({ ...r, _body: { target: branch } }), d => d.build_number === 7)
const run = { ...r, pipeline_uuid: started.uuid }
await until("get", () => pipelines.get(run), d => d.state.name === "COMPLETED")
await did("the result", () => pipelines.get(run), d => d.state.result.name === "SUCCESSFUL")
await did("list", () => pipelines.list({ ...r, sort: "-created_on" }), has("uuid", started.uuid))
const steps = await did("listSteps", () => pipelines.listSteps(run), d => d.values.length === 2)
const step = { ...run, step_uuid: steps.values[0].uuid }
await did("getStep", () => pipelines.getStep(step), d => d.state.result.name === "SUCCESSFUL")
const text = data => typeof data === "string" ? data : Buffer.from(data).toString()
const octets = { headers: { accept: "application/octet-stream" } }
await did("getStepLog", () => pipelines.getStepLog({ ...step, ...octets }), d => text(d).includes("Hello from main"))
await did("getPipelineContainerLog", () => pipelines.getPipelineContainerLog({ ...step, log_uuid: step.step_uuid, ...octets }), d => text(d).includes("Hello from main"))
await did("getPipelineTestReports", () => pipelines.getPipelineTestReports(step))
const cases = await did("getPipelineTestReportTestCases", () => pipelines.getPipelineTestReportTestCases(step), d => d.values.length === 2)
const bad = cases.values.find(c => c.status === "FAILED")
await did("getPipelineTestReportTestCaseReasons", () => pipelines.getPipelineTestReportTestCaseReasons({ ...step, test_case_uuid: bad?.uuid }), d => JSON.stringify(d).includes("it broke"))
const caches = await did("getRepositoryPipelineCaches", () => pipelines.getRepositoryPipelineCaches(r), has("name", "work"))
const cache = { ...r, cache_uuid: caches.values.find(c => c.name === "work").uuid }
await did("getRepositoryPipelineCacheContentURI", () => pipelines.getRepositoryPipelineCacheContentURI(cache), d => d.uri.startsWith("http"))
await did("deleteRepositoryPipelineCache", () => pipelines.deleteRepositoryPipelineCache(cache))
await did("deleteRepositoryPipelineCaches", () => pipelines.deleteRepositoryPipelineCaches({ ...r, name: "other" }))
const deployed = await did("list of deployments", () => deployments.list(r), d => d.values.length === 1)
await did("get of a deployment", () => deployments.get({ ...r, deployment_uuid: deployed.values[0].uuid }), d => d.environment.uuid === environment.uuid)

// One that would never end is stopped.
const slow = await did("create of a custom one", () => pipelines.create({ ...r, _body: { target: { ...branch, selector: { type: "custom", pattern: "slow" } } } }), d => d.build_number === 8)
const endless = { ...r, pipeline_uuid: slow.uuid }
await did("stop", () => pipelines.stop(endless))
await until("get of what is stopped", () => pipelines.get(endless), d => d.state.name === "COMPLETED")
await did("what became of it", () => pipelines.get(endless), d => d.state.result.name === "STOPPED")

const schedule = await did("createSchedule", () => pipelines.createSchedule({ ...r, _body: { type: "pipeline_schedule", enabled: false, cron_pattern: "0 30 3 * * ? *", target: { ...branch, selector: { type: "custom", pattern: "slow" } } } }), d => d.uuid)
const due = { ...r, schedule_uuid: schedule.uuid }
await did("listSchedules", () => pipelines.listSchedules(r), has("uuid", schedule.uuid))
await did("getSchedule", () => pipelines.getSchedule(due), d => d.cron_pattern === "0 30 3 * * ? *")
await did("updateSchedule", () => pipelines.updateSchedule({ ...due, _body: { type: "pipeline_schedule", enabled: true } }), d => d.enabled)
await did("listScheduleExecutions", () => pipelines.listScheduleExecutions(due), d => d.values.length === 0)
await did("deleteSchedule", () => pipelines.deleteSchedule(due))
await refused("getSchedule of one that is gone", 404, () => pipelines.getSchedule(due))

const nobody = connect(undefined, undefined, { fetch: noting }).pipelines
await did("getOIDCConfiguration", () => nobody.getOIDCConfiguration({ workspace: "acme" }), d => d.jwks_uri)
await did("getOIDCKeys", () => nobody.getOIDCKeys({ workspace: "acme" }), d => d.keys.length > 0)

await did("deleteEnvironmentForRepository", () => deployments.deleteEnvironmentForRepository(at))

// What the package has no methods for, it sends as it is told.
const send = (route, values = {}) => b.request(route, values)
for (const of of ["/repositories/acme/widgets/pipelines-config/runners", "/workspaces/acme/pipelines-config/runners"]) {
	const made = await did("POST " + of, () => send("POST " + of, { _body: { name: "spare", labels: ["arm"] } }), d => d.oauth_client.secret)
	const one = of + "/" + encodeURIComponent(made.uuid)
	await did("GET " + of, () => send("GET " + of), d => d.values.some(w => w.name === "spare" && !w.oauth_client?.secret))
	await did("PUT " + one, () => send("PUT " + one, { _body: { name: "renamed", labels: ["arm"], state: { status: "DISABLED" } } }), d => d.name === "renamed")
	await did("GET " + one, () => send("GET " + one), d => d.name === "renamed")
	await did("DELETE " + one, () => send("DELETE " + one))
}
for (const [of, values] of [["/repositories/acme/widgets/deploy-keys", { add: true }], ["/workspaces/acme/projects/FTO/deploy-keys", {}]]) {
	const made = await did("POST " + of, () => send("POST " + of, { _body: { key: process.env.PUBLIC_KEY, label: "build" } }), d => d.id)
	const one = of + "/" + made.id
	await did("GET " + of, () => send("GET " + of), has("id", made.id))
	await did("GET " + one, () => send("GET " + one), d => d.label === "build")
	if (values.add) await did("PUT " + one, () => send("PUT " + one, { _body: { label: "other" } }), d => d.label === "other")
	await did("DELETE " + one, () => send("DELETE " + one))
}

// No method of the package is left out, and no operation.
const left = JSON.parse(process.env.OPERATIONS).filter(key => {
	const [method, template] = key.split(" ")
	const form = new RegExp("^" + method + " " + template.replace(/[.]/g, "\\.").replace(/\{\w+\}/g, "[^/]+") + "$")
	return !called.some(call => form.test(call))
})
await did("operations that were not called", () => Promise.resolve({ data: left }), d => d.length === 0)

done()
