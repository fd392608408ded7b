package reason

// The commands for pipelines that cannot run.
var pipelinesCommands = map[Code]ways{
	PipelinesBrokenFile: {
		show: []Command{shell(`pail pipelines validate bitbucket-pipelines.yml`, "Every fault of the file, by its line and column.")},
		mend: []Command{shell(`git show HEAD~1:bitbucket-pipelines.yml | pail pipelines validate -`, "Whether the file was in order one commit before, to go back to.")},
	},
	PipelinesDisabled: {
		show: []Command{provoke(`--user "$EMAIL:$TOKEN" --json '{"target": {"ref_type": "branch", "ref_name": "main"}}' {base}/2.0/repositories/WORKSPACE/REPOSITORY/pipelines`),
			curl(`--user "$EMAIL:$TOKEN" {base}/2.0/repositories/WORKSPACE/REPOSITORY/pipelines_config`, "Whether pipelines are enabled, for administrators of the repository.")},
		mend: []Command{curl(`-X PUT --user "$EMAIL:$TOKEN" --json '{"enabled": true}' {base}/2.0/repositories/WORKSPACE/REPOSITORY/pipelines_config`, "Switches them on.")},
	},
	PipelinesNoFile: {
		show: []Command{shell(`git ls-tree HEAD bitbucket-pipelines.yml`, "One line where the commit has the file.")},
		mend: []Command{curl(`--user "$EMAIL:$TOKEN" --form-string 'bitbucket-pipelines.yml=pipelines: {default: [{step: {script: [make]}}]}' --form-string 'message=Say what pipelines do' {base}/2.0/repositories/WORKSPACE/REPOSITORY/src`,
			"Commits a file to the main branch.")},
	},
	PipelinesNoPipeline: {
		show: []Command{shell(`pail pipelines validate bitbucket-pipelines.yml`, "All pipelines of the file: the first two columns are the type and the pattern of a selector.")},
		mend: []Command{curl(`--user "$EMAIL:$TOKEN" --json '{"target": {"type": "pipeline_ref_target", "ref_type": "branch", "ref_name": "main", "selector": {"type": "default"}}}' {base}/2.0/repositories/WORKSPACE/REPOSITORY/pipelines`,
			"Runs the default pipeline for a branch.")},
	},
	PipelinesImport: {
		show: []Command{listPipelines},
		mend: []Command{shell(`git show origin/main:shared-pipelines.yml | pail pipelines validate -`, "Whether the file that is imported from is in order, in a clone of its repository.")},
	},
	PipelineLeaseLost: {
		show: []Command{curl(`--user "$EMAIL:$TOKEN" {base}/2.0/repositories/WORKSPACE/REPOSITORY/pipelines/NUMBER/steps`, "The steps of a pipeline: how the one ended, and when.")},
		mend: []Command{rerunPipeline},
	},
	StepUnchanged: {
		show: []Command{shell(`git diff --name-only HEAD~1`, "The files that the last commit has changed.")},
		mend: []Command{shell(`pail pipelines validate bitbucket-pipelines.yml`, "Whether the patterns of the condition can be read.")},
	},
	StepNoRunner:   {show: []Command{runners}, mend: []Command{rerunPipeline}},
	StepNoExecutor: {show: []Command{runners}, mend: []Command{rerunPipeline}},
	StepRunnerGone: {show: []Command{runners}, mend: []Command{rerunPipeline}},
	StepRunnerFault: {
		show: []Command{runners, shell(`journalctl --unit pail-runner --since -1h`, "What the runner says itself, where it is a service.")},
		mend: []Command{rerunPipeline},
	},
	StepTimedOut: {
		show: []Command{stepLog},
		mend: []Command{shell(`grep -n max-time bitbucket-pipelines.yml`, "Where the file gives steps their time, in minutes.")},
	},
	StepOutOfMemory: {
		show: []Command{stepLog, shell(`free -m`, "How much memory the runner's machine has.")},
		mend: []Command{shell(`grep -nE 'size|memory' bitbucket-pipelines.yml`, "Where the file gives steps and services their memory.")},
	},
	StepImageMissing: {
		show: []Command{shell(`docker pull golang:1.26`, "What the registry says to whoever asks for the image.")},
		mend: []Command{shell(`docker login registry.example.com`, "Whether a user and a password are good, before they become variables of the pipeline.")},
	},
	StepCloneFailed: {
		show: []Command{stepLog, curl(`-sSi {base}/healthz`, "Whether the runner's machine reaches the server.")},
		mend: []Command{rerunPipeline},
	},
	StepServiceFailed: {
		show: []Command{stepLog},
		mend: []Command{shell(`docker run --rm --env POSTGRES_PASSWORD=secret postgres:17`, "Whether the service starts with these variables.")},
	},
	StepDiskFull: {
		show: []Command{shell(`df -h`, "How much room is left where the runner stands.")},
		mend: []Command{shell(`docker system prune --force`, "Throws away images and containers that nothing uses."), rerunPipeline},
	},
	StepKilled: {
		show: []Command{shell(`dmesg | grep -i 'killed process'`, "What the system has ended for its memory.")},
		mend: []Command{rerunPipeline},
	},
}

var (
	listPipelines = curl(`--user "$EMAIL:$TOKEN" "{base}/2.0/repositories/WORKSPACE/REPOSITORY/pipelines?sort=-created_on"`, "The pipelines, the newest first: of one that ended in ERROR, state.result.error says why.")
	rerunPipeline = curl(`-X POST --user "$EMAIL:$TOKEN" {base}/2.0/repositories/WORKSPACE/REPOSITORY/pipelines/NUMBER/rerun`, "Runs the failed steps again, and those that did not run because of them.")
	runners       = curl(`--user "$EMAIL:$TOKEN" {base}/2.0/repositories/WORKSPACE/REPOSITORY/pipelines-config/runners`, "The runners of the repository, with their labels and whether they are there.")
	stepLog       = curl(`--globoff --user "$EMAIL:$TOKEN" "{base}/2.0/repositories/WORKSPACE/REPOSITORY/pipelines/NUMBER/steps/{UUID}/log"`, "What the step has printed.")
)
