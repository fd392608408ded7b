package branching

import (
	"net/http"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// Room serves branching models and branch restrictions. Its fields are what it stands on.
type Room struct {
	DB           *database.DB
	Repositories *repository.Room
	URLs         rest.URLs
}

// Operations lists what this room serves.
func (room *Room) Operations() []access.Operation {
	const (
		ofRepository = "/repositories/{workspace}/{repo_slug}"
		ofProject    = "/workspaces/{workspace}/projects/{project_key}"
		restrictions = ofRepository + "/branch-restrictions"
	)
	repositories, projects := room.Repositories.Repositories(), room.Repositories.Workspaces.Projects()
	admin := repositories.Needs(access.Admin)
	return []access.Operation{
		access.On("GET "+ofRepository+"/branching-model", repositories.Reads(), room.repositoryModel).Answers(modelJSON{}),
		access.On("GET "+ofRepository+"/effective-branching-model", repositories.Reads(), room.effectiveModel).Answers(modelJSON{}),
		access.On("GET "+ofRepository+"/branching-model/settings", admin, room.repositorySettings).Answers(settingsJSON{}),
		access.On("PUT "+ofRepository+"/branching-model/settings", admin, room.putRepositorySettings).Takes(ModelDraft{}).Answers(settingsJSON{}),
		access.On("GET "+ofProject+"/branching-model", projects.Reads(), room.projectModel).Answers(modelJSON{}),
		access.On("GET "+ofProject+"/branching-model/settings", projects.Needs(access.Admin), room.projectSettings).Answers(settingsJSON{}),
		access.On("PUT "+ofProject+"/branching-model/settings", projects.Needs(access.Admin), room.putProjectSettings).Takes(ModelDraft{}).Answers(settingsJSON{}),

		access.On("GET "+ofRepository+"/override-settings", admin, room.overrides).Answers(overridesJSON{}),
		access.On("PUT "+ofRepository+"/override-settings", admin, room.putOverrides).Takes(overridesBody{}).Answers(nil, http.StatusNoContent),

		access.On("GET "+restrictions, admin, room.list).Lists(restrictionJSON{}).Asks(
			access.Parameter{Name: "kind", Does: "Only restrictions of this kind.", Values: Kinds},
			access.Parameter{Name: "pattern", Does: "Only restrictions of branches that match this pattern."}),
		access.On("POST "+restrictions, admin, room.create).Takes(Draft{}).Answers(restrictionJSON{}, http.StatusCreated),
		access.On("GET "+restrictions+"/{id}", admin, room.get).Answers(restrictionJSON{}),
		access.On("PUT "+restrictions+"/{id}", admin, room.put).Takes(Draft{}).Answers(restrictionJSON{}),
		access.On("DELETE "+restrictions+"/{id}", admin, room.delete).Answers(nil),
	}
}
