package catalog

import "github.com/pailforge/pail/internal/scope"

// tableLeft is Pail's own: what a step has left, which Bitbucket Cloud offers on its pages alone.
var tableLeft = section{"Pipelines", []row{
	{"GET /repositories/{workspace}/{repo_slug}/pipelines-config/caches/{cache_uuid}/content", "Delivers the content of a pipeline cache.",
		need(scope.ReadPipeline), need(scope.LegacyPipeline), inRepository, current},
	{"GET /repositories/{workspace}/{repo_slug}/pipelines/{pipeline_uuid}/steps/{step_uuid}/artifacts", "Lists the artifacts of a step.",
		need(scope.ReadPipeline), need(scope.LegacyPipeline), inRepository | Anonymous, current},
	{"GET /repositories/{workspace}/{repo_slug}/pipelines/{pipeline_uuid}/steps/{step_uuid}/artifacts/{artifact_uuid}", "Delivers an artifact of a step.",
		need(scope.ReadPipeline), need(scope.LegacyPipeline), inRepository | Anonymous, current},
	{"DELETE /repositories/{workspace}/{repo_slug}/pipelines/{pipeline_uuid}/steps/{step_uuid}/artifacts/{artifact_uuid}", "Deletes an artifact of a step.",
		need(scope.WritePipeline), need(scope.LegacyPipelineWrite), inRepository, current},
}}

// tableRunners is Pail's own: what a runner and a server tell each other (package runnerapi). Bitbucket Cloud's runners speak to
// addresses that are documented nowhere. The access token of a runner has no scopes: it opens these, and these open to nothing else.
var tableRunners = section{"Runners", []row{
	{"POST /runners/{runner_uuid}/steps", "Asks for a step to run, and waits until there is one.", nil, nil, Runner, current},
	{"PUT /runners/{runner_uuid}/steps/{step_uuid}", "Says that a runner is at a step, and renews its lease.", nil, nil, Runner, current},
	{"PUT /runners/{runner_uuid}/steps/{step_uuid}/artifacts", "Keeps an artifact of a step.", nil, nil, Runner, current},
	{"GET /runners/{runner_uuid}/steps/{step_uuid}/artifacts/{artifact_uuid}", "Delivers an artifact of an earlier step to a runner.", nil, nil, Runner, current},
	{"GET /runners/{runner_uuid}/steps/{step_uuid}/caches/{name}", "Delivers a cache to a runner.", nil, nil, Runner, current},
	{"PUT /runners/{runner_uuid}/steps/{step_uuid}/caches/{name}", "Keeps a cache that a step has filled.", nil, nil, Runner, current},
	{"POST /runners/{runner_uuid}/steps/{step_uuid}/logs/{log_uuid}", "Appends to a log of a step.", nil, nil, Runner, current},
	{"PUT /runners/{runner_uuid}/steps/{step_uuid}/reports", "Reads a test report of a step.", nil, nil, Runner, current},
	{"POST /runners/{runner_uuid}/steps/{step_uuid}/result", "Says how a step ended, and gives up its lease.", nil, nil, Runner, current},
}}
