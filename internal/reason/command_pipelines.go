package reason

// The commands for pipelines that cannot run.
var pipelinesCommands = map[Code]ways{
	PipelinesBrokenFile: {
		show: []Command{shell(`pail pipelines validate bitbucket-pipelines.yml`, "Every fault of the file, by its line and column.")},
		mend: []Command{shell(`git show HEAD~1:bitbucket-pipelines.yml | pail pipelines validate -`, "Whether the file was in order one commit before, to go back to.")},
	},
}
