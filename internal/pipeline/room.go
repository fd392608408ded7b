package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/commit"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/filestore"
	"github.com/pailforge/pail/internal/pullrequest"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/seal"
	"github.com/pailforge/pail/internal/workspace"
)

// Room serves pipelines, and what they are set up with. Its fields are what it stands on.
type Room struct {
	DB           *database.DB
	Repositories *repository.Room
	Commits      *commit.Room
	PullRequests *pullrequest.Room
	Keys         *seal.Keys
	URLs         rest.URLs
	Log          *slog.Logger
	Now          func() time.Time

	// What runners and steps have: their credentials, and the files of what steps leave, in a directory for each repository.
	Credentials *access.Credentials
	Store       *filestore.Store
	Keep        Keep
	Patience    time.Duration // how long a runner that asks may wait at most; 0: runnerapi.Wait

	stopped atomic.Bool // Run is over: nobody waits any more
	asking  asking

	scripts  scripts
	offers   bell // steps have come up
	triggers bell // something may start a pipeline
	watches  watches
}

const (
	settings     = "/repositories/{workspace}/{repo_slug}/pipelines_config"
	environments = "/repositories/{workspace}/{repo_slug}/environments"
)

// Operations lists what this room serves. What steps are given is for administrators alone: whoever reads a variable that is not
// secured has it.
func (room *Room) Operations() []access.Operation {
	const of = "pipelines of a " // in refusals
	repositories := room.Repositories.Repositories().ByScopes(of+"repository", repository.Within)
	workspaces := room.Repositories.Workspaces.Workspaces().ByScopes(of+"workspace", workspace.Within)
	teams := *workspaces
	teams.Params[0] = "username"
	admin := repositories.Needs(access.Admin)
	return slices.Concat(room.pipelines(repositories), room.left(repositories, workspaces), room.schedules(repositories.Reads(), repositories.Needs(access.Write)), []access.Operation{
		access.On("GET "+deployments, repositories.Reads(), room.listDeployments).Lists(deploymentJSON{}).Filters(deploymentFields),
		access.On("GET "+deployments+"/{deployment_uuid}", repositories.Reads(), room.getDeployment).Answers(deploymentJSON{}),
		access.On("GET "+settings, admin, room.getConfig).Answers(configJSON{}),
		access.On("PUT "+settings, admin, room.putConfig).Takes(configBody{}).Answers(configJSON{}),
		access.On("PUT "+settings+"/build_number", admin, room.putBuildNumber).Takes(buildNumberBody{}).Answers(buildNumberJSON{}),
		access.On("GET "+settings+"/ssh/key_pair", admin, room.getKeyPair).Answers(keyPairJSON{}),
		access.On("PUT "+settings+"/ssh/key_pair", admin, room.putKeyPair).Takes(keyPairBody{}).Answers(keyPairJSON{}),
		access.On("DELETE "+settings+"/ssh/key_pair", admin, room.deleteKeyPair).Answers(nil),
		access.On("GET "+settings+"/ssh/known_hosts", admin, room.listHosts).Lists(hostJSON{}).Filters(hostFields),
		access.On("POST "+settings+"/ssh/known_hosts", admin, room.postHost).Takes(hostBody{}).Answers(hostJSON{}, 201),
		access.On("GET "+settings+"/ssh/known_hosts/{known_host_uuid}", admin, room.getHost).Answers(hostJSON{}),
		access.On("PUT "+settings+"/ssh/known_hosts/{known_host_uuid}", admin, room.putHost).Takes(hostBody{}).Answers(hostJSON{}),
		access.On("DELETE "+settings+"/ssh/known_hosts/{known_host_uuid}", admin, room.deleteHost).Answers(nil),
		access.On("GET "+environments, repositories.Reads(), room.listEnvironments).Lists(environmentJSON{}).Filters(environmentFields),
		access.On("POST "+environments, admin, room.postEnvironment).Takes(environmentBody{}).Answers(environmentJSON{}, 201),
		access.On("GET "+environments+"/{environment_uuid}", repositories.Reads(), room.getEnvironment).Answers(environmentJSON{}),
		access.On("DELETE "+environments+"/{environment_uuid}", admin, room.deleteEnvironment).Answers(nil),
		access.On("POST "+environments+"/{environment_uuid}/changes", admin, room.changeEnvironment).Takes(changeBody{}).Answers(environmentJSON{}, 202),
		access.On("GET "+identity+"/.well-known/openid-configuration", access.Anyone, room.getProvider).Answers(providerJSON{}),
		access.On("GET "+identity+"/keys.json", access.Anyone, room.getKeys).Answers(keysJSON{}),
	},
		variables(room, settings+"/variables", admin, func(_ *access.Call, r *repository.Repository) (place, error) {
			return place{"repository", r.ID, "pipeline_variable"}, nil
		}),
		variables(room, "/repositories/{workspace}/{repo_slug}/deployments_config/environments/{environment_uuid}/variables", admin, func(c *access.Call, r *repository.Repository) (place, error) {
			e, err := room.findEnvironment(c, room.DB, r)
			return place{"environment", e.ID, "deployment_variable"}, err
		}),
		variables(room, "/workspaces/{workspace}/pipelines-config/variables", workspaces.Needs(access.Admin), ofWorkspace),
		variables(room, "/teams/{username}/pipelines_config/variables", teams.Needs(access.Admin), ofWorkspace),
		variables(room, "/users/{selected_user}/pipelines_config/variables", room.Repositories.Accounts.Own(), func(_ *access.Call, a account.Account) (place, error) {
			return place{"account", a.ID, "pipeline_variable"}, nil
		}))
}

func ofWorkspace(_ *access.Call, w workspace.Workspace) (place, error) {
	return place{"workspace", w.ID, "pipeline_variable"}, nil
}

// exists turns the store's word that a row is there already into the refusal (409, as documented here) that says so; other errors pass.
func exists(err error, field, message, detail string) error {
	if !database.IsUnique(err) {
		return err
	}
	e := rest.Refuse(reason.ConflictExists, detail).WithMessage("%s", message).Field(field, "taken")
	e.Status = http.StatusConflict
	return e
}

// newID is an id for a new row.
func newID() (string, error) {
	id, err := uuid.NewV7()
	return id.String(), err
}

// named finds what a parameter of the path names by its uuid, with or without braces. absent is the refusal where there is none.
func named[T any](c *access.Call, param string, absent *rest.Error, find func(ctx context.Context, id string) (T, error)) (found T, err error) {
	id, ok := rest.Unbraced(c.Param(param))
	if !ok {
		return found, absent
	}
	if found, err = find(c.Context(), id); errors.Is(err, database.ErrNoRows) {
		return found, absent
	}
	return found, err
}
