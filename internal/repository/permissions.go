package repository

import (
	"context"
	"errors"
	"maps"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/database"
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

// permissionJSON is what somebody may do on a repository (schema repository_permission).
type permissionJSON struct {
	Type       string       `json:"type"`
	Permission string       `json:"permission"`
	User       account.JSON `json:"user"`
	Repository Summary      `json:"repository"`
}

// permission is the API's name of a level on a repository: who may make repositories in its project may write to it.
func permission(l access.Level) string {
	if l == access.CreateRepo {
		l = access.Write
	}
	return l.String()
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
	values := make([]permissionJSON, len(rows))
	for i, r := range rows {
		_, level, err := find(c.Context(), room.DB, self.ID, rest.Braced(w.ID), rest.Braced(r.ID))
		if err != nil && !errors.Is(err, access.ErrAbsent) { // it may go while the list is made
			return nil, err
		}
		values[i] = permissionJSON{"repository_permission", permission(level), who, room.Summarize(r)}
	}
	return pageOf(c, p, values, size), nil
}

// heldLevel is the level that account a has on repository r.
var heldLevel = workspace.Highest(grants("r.workspace_id", "r.project_id", "r.id", "= a.id"))

// heldFields are what filters and orders of the permissions of others may name.
var heldFields = func() bbql.Fields {
	held := bbql.Fields{
		"permission":        {Column: `CASE ` + heldLevel + ` WHEN 4 THEN 'admin' WHEN 1 THEN 'read' ELSE 'write' END`, Kind: bbql.Enum, Values: []string{"read", "write", "admin"}},
		"user.uuid":         {Column: `a.id`, Kind: bbql.UUID},
		"user.account_id":   {Column: `a.account_id`, Kind: bbql.String},
		"user.nickname":     {Column: `a.username`, Kind: bbql.String},
		"user.display_name": {Column: `a.display_name`, Kind: bbql.String},
	}
	maps.Copy(held, ownFields)
	return held
}()

// held is that an account has a level on a repository, however that came about.
type held struct {
	on    *Repository
	by    account.Account
	level access.Level
}

// heldCounted is how many such rows are counted: each is worked out.
const heldCounted = 100

// heldPermissions lists who may do what on the repositories of a workspace, or on one of them
// (GET /workspaces/{workspace}/permissions/repositories and .../{repo_slug}): a member of the workspace and a repository a row, with
// the highest level that was granted in any way.
func (room *Room) heldPermissions(c *access.Call, where, id string) (any, error) {
	p, rows, size, err := rest.Listing[held]{
		Columns: heldLevel + `, ` + columns + `, ` + account.Columns,
		// Repositories come first, in the order of their index: its owners hold all of them, so a page is there after a few.
		From: ` FROM repository r CROSS JOIN workspace_member m JOIN workspace w ON w.id = r.workspace_id JOIN project p ON p.id = r.project_id
			JOIN account a ON a.id = m.account_id WHERE m.workspace_id = r.workspace_id AND ` + where + ` = $1 AND ` + heldLevel + ` > 0`,
		Args: []any{id}, Order: `r.created_on, r.id, LOWER(a.username)`, Fields: heldFields, CountTo: heldCounted,
		Scan: func(row func(...any) error) (h held, err error) {
			var packed string
			if h.by, err = account.Scan(row, &h.level, &packed); err == nil {
				h.on = unpack(database.Unpack(packed))
			}
			return h, err
		},
	}.Page(c.Context(), room.DB, c.Request)
	if err != nil {
		return nil, err
	}
	values := make([]permissionJSON, len(rows))
	for i, h := range rows {
		values[i] = permissionJSON{"repository_permission", permission(h.level), room.Accounts.Render(&h.by.Account), room.Summarize(h.on)}
	}
	if size > heldCounted {
		return rest.Uncounted(c.Request, p, values, len(values) == p.Pagelen, nil), nil
	}
	return rest.Counted(c.Request, p, values, size), nil
}

func (room *Room) heldInWorkspace(c *access.Call, w workspace.Workspace) (any, error) {
	return room.heldPermissions(c, "r.workspace_id", w.ID)
}

func (room *Room) heldOnRepository(c *access.Call, r *Repository) (any, error) {
	return room.heldPermissions(c, "r.id", r.ID)
}
