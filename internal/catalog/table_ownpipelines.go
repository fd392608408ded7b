package catalog

import "github.com/pailforge/pail/internal/scope"

// tableOwnPipelines is Pail's own: what people do on the pages of Bitbucket Cloud and have no operation for.
var tableOwnPipelines = section{"Pipelines", []row{
	{"POST /repositories/{workspace}/{repo_slug}/pipelines/{pipeline_uuid}/rerun", "Runs the failed steps of a pipeline again, and those that did not run because of them.",
		need(scope.WritePipeline), need(scope.LegacyPipelineWrite), inRepository, current},
	{"POST /repositories/{workspace}/{repo_slug}/pipelines/{pipeline_uuid}/steps/{step_uuid}/start", "Starts a step that waits for somebody to start it.",
		need(scope.WritePipeline), need(scope.LegacyPipelineWrite), inRepository, current},
}}
