package pipeline

import (
	"net/http"
	"slices"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/workspace"
)

// left are the operations on what steps leave, and on the runners that run them. Caches and runners are of the repository and not of one
// pipeline, so what everybody may read of a public repository does not include them.
func (room *Room) left(repositories *access.Resource[*repository.Repository], workspaces *access.Resource[workspace.Workspace]) []access.Operation {
	const (
		of     = "/repositories/{workspace}/{repo_slug}"
		step   = of + "/pipelines/{pipeline_uuid}/steps/{step_uuid}"
		tests  = step + "/test_reports"
		files  = step + "/artifacts"
		caches = of + "/pipelines-config/caches"
		cache  = caches + "/{cache_uuid}"
	)
	reads, writes, admin := repositories.Reads(), repositories.Needs(access.Write), repositories.Needs(access.Admin)
	member := repositories.Needs(access.Read)
	return slices.Concat([]access.Operation{
		access.On("GET "+step+"/log", reads, room.stepLog).Answers(nil, http.StatusOK).Delivers(),
		access.On("GET "+step+"/logs/{log_uuid}", reads, room.oneLog).Answers(nil, http.StatusOK).Delivers(),
		access.On("GET "+tests, reads, room.testReports).Answers(testReportJSON{}),
		access.On("GET "+tests+"/test_cases", reads, room.testCases).Lists(testCaseJSON{}).Filters(caseFields),
		access.On("GET "+tests+"/test_cases/{test_case_uuid}/test_case_reasons", reads, room.testReasons).Lists(testReasonJSON{}),
		access.On("GET "+files, reads, room.listArtifacts).Lists(artifactJSON{}).Filters(artifactFields),
		access.On("GET "+files+"/{artifact_uuid}", reads, room.getArtifact).Answers(nil, http.StatusOK).Delivers(),
		access.On("DELETE "+files+"/{artifact_uuid}", writes, room.deleteArtifact).Answers(nil),
		access.On("GET "+caches, member, room.listCaches).Lists(cacheJSON{}).Filters(cacheFields),
		access.On("DELETE "+caches, writes, room.deleteCaches).Answers(nil).Asks(access.Parameter{Name: "name", Does: "The name of the caches to delete."}),
		access.On("DELETE "+cache, writes, room.deleteCache).Answers(nil),
		access.On("GET "+cache+"/content-uri", member, room.cacheURI).Answers(contentURIJSON{}),
		access.On("GET "+cache+"/content", member, room.cacheContent).Answers(nil, http.StatusOK).Delivers(),
	},
		runners(room, of, admin, runnersOfRepository),
		runners(room, "/workspaces/{workspace}", workspaces.Needs(access.Admin), runnersOfWorkspace),
		room.forRunners())
}

// leftStep is the step that the path names, by its uuid, of the pipeline that it names, by its uuid or number.
func (room *Room) leftStep(c *access.Call, r *repository.Repository) (Step, error) {
	p, err := room.Find(c.Context(), r, c.Param("pipeline_uuid"))
	if err != nil {
		return Step{}, err
	}
	return room.stepNamed(c, p)
}
