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
}
