package reason

var pipelinesReasons = []Reason{
	{
		Code: PipelinesBrokenFile, Title: "bitbucket-pipelines.yml is broken",
		Why: "The file is no YAML, or says something that pipelines do not know: a key, a value, or a name that is defined nowhere. " +
			"Every fault is told with its line and column, what stands there and what was expected.",
		Fix: []string{
			"Mend the file until `pail pipelines validate bitbucket-pipelines.yml` finds nothing. It needs no server.",
			"A command with a colon and a space in it stands in quotes, or YAML takes it for a key and a value.",
		},
		See: []Code{BodyMalformed, ValueInvalid},
	},
	{
		Code: PipelinesDisabled, Title: "Pipelines are switched off", Status: 400,
		Message: "Pipelines are not enabled for this repository.",
		Why:     "A repository has no pipelines until one of its administrators switches them on.",
		Fix: []string{
			"Switch them on in the settings of the repository, or with PUT …/pipelines_config.",
		},
		See: []Code{PipelinesNoFile},
	},
	{
		Code: PipelinesNoFile, Title: "The commit has no bitbucket-pipelines.yml", Status: 400,
		Message: "There is no bitbucket-pipelines.yml.",
		Why:     "What pipelines do is read from the commit that they are run for: from a file bitbucket-pipelines.yml in the root of the repository.",
		Fix: []string{
			"Commit the file to the branch, or start the pipeline for a branch that has it.",
		},
		See: []Code{PipelinesNoPipeline, PipelinesBrokenFile},
	},
	{
		Code: PipelinesNoPipeline, Title: "The file has no such pipeline", Status: 400,
		Message: "There is no pipeline for this target.",
		Why:     "bitbucket-pipelines.yml has no pipeline that the selector names or, without one, none that runs for this branch, tag or pull request.",
		Fix: []string{
			"`pail pipelines validate bitbucket-pipelines.yml` lists the pipelines of the file: the first two columns are the selector's type and pattern.",
			"A default pipeline runs for every branch that none in branches fits.",
		},
		See: []Code{PipelinesNoFile, PipelinesBrokenFile},
	},
	{
		Code: PipelinesImport, Title: "A pipeline cannot be imported",
		Why: "The pipeline is imported from another file, which is not there, does not define it, or does not say `export: true`. Pipelines are imported from " +
			"repositories of the same workspace, and such a one is not imported again.",
		Fix: []string{
			"Name the repository, the branch or tag and the pipeline as they are: error.message says which of them is missing.",
			"Put `export: true` into the file that the pipeline is imported from, and the pipeline below `definitions`.",
		},
		See: []Code{PipelinesBrokenFile, PipelinesNoPipeline},
	},
	{
		Code: PipelineLeaseLost, Title: "The step is not the runner's", Status: 409,
		Message: "The runner does not have this step.",
		Why:     "A step belongs to the runner that took it as long as that says every few seconds that it is at it. This one has ended, was given to nobody, or to another runner.",
		Fix: []string{
			"A runner stops the step and throws away what it has of it; it asks for the next one.",
		},
		See: []Code{StepRunnerGone},
	},
	{
		Code: StepUnchanged, Title: "A step was left out",
		Why: "Its condition names files, and none of them has changed: since the push before, or in the pull request.",
		Fix: []string{
			"Nothing, where that is what the condition is for. Else look at `condition.changesets` of the step.",
		},
		See: []Code{PipelinesNoPipeline},
	},
	{
		Code: StepNoRunner, Title: "No runner has taken a step",
		Why: "A step waits for a runner that has all the labels in its `runs-on`, and the executor that it takes. For seven days there was none.",
		Fix: []string{
			"Register a runner with the labels, or start one that is there; then run the steps again.",
		},
		See: []Code{StepRunnerGone, StepNoExecutor},
	},
	{
		Code: StepRunnerGone, Title: "The runner of a step is gone",
		Why: "The runner said nothing for half a minute: it was killed, its machine or the network is down. The log up to then is there.",
		Fix: []string{
			"Start the runner again, and run the failed steps again.",
			"A runner that is killed for its memory needs a larger machine, or steps of a smaller `size`.",
		},
		See: []Code{StepRunnerFault, PipelineLeaseLost},
	},
	{
		Code: StepRunnerFault, Title: "The runner failed",
		Why: "Something went wrong in the runner that is neither the script's doing nor the image's. error.message says what.",
		Fix: []string{
			"Look at the runner's own log, and run the failed steps again.",
		},
		See: []Code{StepRunnerGone, StepDiskFull},
	},
	{
		Code: StepTimedOut, Title: "A step took too long",
		Why: "A step has 120 minutes, unless `max-time` says otherwise; then everything that it has started is ended.",
		Fix: []string{
			"Find out in the log what it was waiting for, or give it more time with `max-time`.",
		},
		See: []Code{StepKilled},
	},
	{
		Code: StepOutOfMemory, Title: "A step took too much memory",
		Why: "The script or a service took more memory than the step has: 4 GiB times its `size`, less what its services are given.",
		Fix: []string{
			"Give the step a larger `size`, or a service more `memory`.",
		},
		See: []Code{StepKilled},
	},
	{
		Code: StepImageMissing, Title: "The image of a step is not there",
		Why: "The image of the step, of a service or of a pipe could not be fetched: there is none of that name, or it takes a user and a password.",
		Fix: []string{
			"Try `docker pull IMAGE` where the runner stands; give `username` and `password` below `image` for a registry that asks for them.",
		},
		See: []Code{StepServiceFailed, StepNoExecutor},
	},
	{
		Code: StepCloneFailed, Title: "The repository could not be cloned",
		Why: "Before the script, git fetches the commit; that failed. The log has git's own words.",
		Fix: []string{
			"See whether the runner reaches the server under its external URL, and whether the commit is still there.",
		},
		See: []Code{StepDiskFull, StepRunnerFault},
	},
	{
		Code: StepServiceFailed, Title: "A service of a step did not start",
		Why: "A container beside the step ended before the script did, or could not be started. Its own log says why.",
		Fix: []string{
			"Look at the log of the service; many want a variable to start at all, such as a password.",
		},
		See: []Code{StepImageMissing, StepOutOfMemory},
	},
	{
		Code: StepDiskFull, Title: "The disk of the runner is full",
		Why: "There was no room left for the clone, what the script wrote, or an image.",
		Fix: []string{
			"Make room where the runner stands, and run the failed steps again.",
		},
		See: []Code{StepRunnerFault},
	},
	{
		Code: StepNoExecutor, Title: "The runner cannot run such a step",
		Why: "The step takes containers and the runner has none, or it asks for a shell and the runner is not allowed to use its own.",
		Fix: []string{
			"Give the step labels in `runs-on` that only runners with the right executor have.",
		},
		See: []Code{StepNoRunner, StepImageMissing},
	},
	{
		Code: StepKilled, Title: "A step was ended from outside",
		Why: "The container or the process of the script was killed, and not by the runner: by somebody on its machine, or by the system for its memory.",
		Fix: []string{
			"Look at the system's log where the runner stands, and run the failed steps again.",
		},
		See: []Code{StepOutOfMemory, StepTimedOut},
	},
}
