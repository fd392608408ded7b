package repository

import (
	"context"
	"errors"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
)

// Target makes a repository something that permissions are granted on (workspace.Room.GrantGroup and its kin).
func (r *Repository) Target() (workspace.Place, string, string) {
	return workspace.OnRepository, r.ID, r.Workspace.ID
}

// Effective is one page of the accounts that may do something on a repository, as workspace.Room.Effective is for a
// project.
func (room *Room) Effective(ctx context.Context, r *Repository, search string, paging rest.Paging) ([]workspace.Effective, bool, error) {
	return workspace.EffectiveOf(ctx, room.DB, func(of string) string { return grants("$1", "$2", "$3", of) },
		[]any{r.Workspace.ID, r.Project.ID, r.ID}, search, paging)
}

// What is granted on repositories, as the API writes it (schemas repository_group_permission and repository_user_permission).
type (
	groupPermissionJSON struct {
		workspace.GroupPermission
		Repository Summary `json:"repository"`
	}
	userPermissionJSON struct {
		workspace.UserPermission
		Repository Summary `json:"repository"`
	}
)

// permissions are the operations below permissions-config of repositories.
func (room *Room) permissions(of *access.Resource[*Repository]) workspace.Permissions[*Repository, groupPermissionJSON, userPermissionJSON] {
	return workspace.Permissions[*Repository, groupPermissionJSON, userPermissionJSON]{
		Room: room.Workspaces, Path: "/repositories/{workspace}/{repo_slug}", Resource: of,
		Of:   func(r *Repository) (workspace.Target, *workspace.Workspace) { return r, &r.Workspace },
		Link: room.link,
		Group: func(r *Repository, g workspace.GroupPermission) groupPermissionJSON {
			return groupPermissionJSON{g, room.Summarize(r)}
		},
		User: func(r *Repository, u workspace.UserPermission) userPermissionJSON {
			return userPermissionJSON{u, room.Summarize(r)}
		},
	}
}

// ownPermissionJSON is what the caller may do on a repository (schema repository_permission).
type ownPermissionJSON struct {
	Type       string       `json:"type"`
	Permission string       `json:"permission"`
	User       account.JSON `json:"user"`
	Repository Summary      `json:"repository"`
}

// ownFields are the fields of repositories, as filters and orders of permissions on them name them.
var ownFields = func() bbql.Fields {
	own := bbql.Fields{}
	for name, field := range fields {
		own["repository."+name] = field
	}
	return own
}()

// ownPermissions lists the repositories of a workspace on which the caller was granted something, however that came about
// (GET /user/workspaces/{workspace}/permissions/repositories).
func (room *Room) ownPermissions(c *access.Call, self *access.Account) (any, error) {
	w, err := access.Check(c, room.Workspaces.Workspaces().Reads(), c.Param("workspace"), "")
	if err != nil {
		return nil, err
	}
	p, err := c.Paging(rest.DefaultPagelen)
	if err != nil {
		return nil, err
	}
	rows, size, err := list(c.Context(), room.DB, query{principal: c.Principal, workspaceID: w.ID, minimum: access.Read, paging: p,
		fields: ownFields, filter: c.Query().Get("q"), sort: c.Query().Get("sort")})
	if err != nil {
		return nil, err
	}
	who := room.Accounts.Render(self)
	values := make([]ownPermissionJSON, len(rows))
	for i, r := range rows {
		_, level, err := find(c.Context(), room.DB, self.ID, rest.Braced(w.ID), rest.Braced(r.ID))
		if err != nil && !errors.Is(err, access.ErrAbsent) { // it may go while the list is made
			return nil, err
		}
		values[i] = ownPermissionJSON{"repository_permission", level.String(), who, room.Summarize(r)}
	}
	return pageOf(c, p, values, size), nil
}
