package workspace

import (
	"context"
	"errors"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// groupPermissionJSON is the permission of a group on a project (schema project_group_permission).
type groupPermissionJSON struct {
	Type       string               `json:"type"`
	Permission string               `json:"permission"`
	Group      GroupJSON            `json:"group"`
	Project    ProjectJSON          `json:"project"`
	Links      map[string]rest.Link `json:"links"`
}

func (r *Room) groupPermission(p *Project, g *Group, l access.Level) groupPermissionJSON {
	return groupPermissionJSON{"project_group_permission", l.String(), r.RenderGroup(p.Workspace, g), r.RenderProject(p),
		r.permissionLinks(p, "groups", g.Slug)}
}

// userPermissionJSON is the permission of a user's own on a project (schema project_user_permission).
type userPermissionJSON struct {
	Type       string               `json:"type"`
	Permission string               `json:"permission"`
	User       account.JSON         `json:"user"`
	Project    ProjectJSON          `json:"project"`
	Links      map[string]rest.Link `json:"links"`
}

func (r *Room) userPermission(p *Project, a *account.Account, l access.Level) userPermissionJSON {
	return userPermissionJSON{"project_user_permission", l.String(), r.Accounts.Render(&a.Account), r.RenderProject(p),
		r.permissionLinks(p, "users", rest.Braced(a.ID))}
}

func (r *Room) permissionLinks(p *Project, of, id string) map[string]rest.Link {
	return map[string]rest.Link{"self": r.URLs.API("workspaces", p.Workspace.Slug, "projects", p.Key, "permissions-config", of, id)}
}

func (r *Room) listGroupPermissions(c *access.Call, p Project) (any, error) {
	paging, err := c.Paging(rest.DefaultPagelen)
	if err != nil {
		return nil, err
	}
	page, size, err := GroupGrants(c.Context(), r.DB, &p, paging)
	if err != nil {
		return nil, err
	}
	values := make([]groupPermissionJSON, len(page))
	for i, g := range page {
		values[i] = r.groupPermission(&p, &g.Group, g.Level)
	}
	return rest.Counted(c.Request, paging, values, size), nil
}

// group is the group that the path names. A *rest.Error (404) says that the workspace has none of that name.
func (r *Room) group(c *access.Call, p *Project) (Group, error) {
	slug := c.Param("group_slug")
	g, err := GroupBySlug(c.Context(), r.DB, p.Workspace.ID, slug)
	if errors.Is(err, ErrNotFound) {
		return g, rest.Refuse(reason.GroupNotFound, "").WithMessage("Group %s not found", slug)
	}
	return g, err
}

func (r *Room) getGroupPermission(c *access.Call, p Project) (any, error) {
	g, err := r.group(c, &p)
	if err != nil {
		return nil, err
	}
	l, err := groupLevel(c.Context(), r.DB, p.ID, g.ID)
	return r.groupPermission(&p, &g, l), err
}

type permissionIn struct {
	Permission *string `json:"permission"`
}

// permissionBody is the level that a body asks for.
func permissionBody(c *access.Call) (access.Level, error) {
	var in permissionIn
	if err := c.Decode(&in); err != nil {
		return access.None, err
	}
	if in.Permission == nil {
		return access.None, rest.MissingField("permission")
	}
	l, ok := access.ParseLevel(*in.Permission)
	if !ok || l == access.None {
		return access.None, rest.InvalidField("permission", permissions(OnProject))
	}
	return l, nil
}

func (r *Room) putGroupPermission(c *access.Call, p Project) (any, error) {
	g, err := r.group(c, &p)
	if err != nil {
		return nil, err
	}
	l, err := permissionBody(c)
	if err != nil {
		return nil, err
	}
	return r.groupPermission(&p, &g, l), gone(r.GrantGroup(c.Context(), &p, g.ID, l))
}

// deleteGroupPermission deletes the permission if there is one, as documented: 204 either way.
func (r *Room) deleteGroupPermission(c *access.Call, p Project) (any, error) {
	g, err := r.group(c, &p)
	if err != nil {
		return nil, err
	}
	return nil, ifThere(r.RevokeGroup(c.Context(), &p, g.ID))
}

func (r *Room) listUserPermissions(c *access.Call, p Project) (any, error) {
	paging, err := c.Paging(rest.DefaultPagelen)
	if err != nil {
		return nil, err
	}
	page, size, err := UserGrants(c.Context(), r.DB, &p, paging)
	if err != nil {
		return nil, err
	}
	values := make([]userPermissionJSON, len(page))
	for i, g := range page {
		values[i] = r.userPermission(&p, &g.User, g.Level)
	}
	return rest.Counted(c.Request, paging, values, size), nil
}

func (r *Room) getUserPermission(c *access.Call, p Project) (any, error) {
	m, err := r.findUser(c.Context(), p.Workspace.ID, c.Param("selected_user_id"))
	if err != nil {
		return nil, err
	}
	l, err := userLevel(c.Context(), r.DB, p.ID, m.User.ID)
	return r.userPermission(&p, &m.User, l), err
}

func (r *Room) putUserPermission(c *access.Call, p Project) (any, error) {
	m, err := r.findUser(c.Context(), p.Workspace.ID, c.Param("selected_user_id"))
	if err != nil {
		return nil, err
	}
	l, err := permissionBody(c)
	if err != nil {
		return nil, err
	}
	return r.userPermission(&p, &m.User, l), gone(r.GrantUser(c.Context(), &p, m.User.ID, l))
}

// deleteUserPermission deletes the permission if there is one, as documented: 204 either way.
func (r *Room) deleteUserPermission(c *access.Call, p Project) (any, error) {
	m, err := r.findUser(c.Context(), p.Workspace.ID, c.Param("selected_user_id"))
	if err != nil {
		return nil, err
	}
	return nil, ifThere(r.RevokeUser(c.Context(), &p, m.User.ID))
}

// gone turns ErrNotFound of a change into the answer to it: what the path names went away while the request ran.
func gone(err error) error {
	if errors.Is(err, ErrNotFound) {
		return rest.Refuse(reason.ResourceNotFound, "It was removed while the request ran.")
	}
	return err
}

// ifThere drops ErrNotFound: what is to be removed is not there, which is what was asked for.
func ifThere(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

type reviewerJSON struct {
	Type         string       `json:"type"`
	ReviewerType string       `json:"reviewer_type"`
	User         account.JSON `json:"user"`
}

func (r *Room) listDefaultReviewers(c *access.Call, p Project) (any, error) {
	paging, err := c.Paging(rest.DefaultPagelen)
	if err != nil {
		return nil, err
	}
	page, size, err := DefaultReviewers(c.Context(), r.DB, p.ID, paging.Offset(), paging.Pagelen)
	if err != nil {
		return nil, err
	}
	values := make([]reviewerJSON, len(page))
	for i, a := range page {
		values[i] = reviewerJSON{"default_reviewer", "project", r.Accounts.Render(&a.Account)}
	}
	return rest.Counted(c.Request, paging, values, size), nil
}

func (r *Room) getDefaultReviewer(c *access.Call, p Project) (any, error) {
	a, err := r.reviewer(c.Context(), c.Param("selected_user"))
	if err != nil {
		return nil, err
	}
	is, err := isDefaultReviewer(c.Context(), r.DB, p.ID, a.ID)
	if err == nil && !is {
		return nil, rest.Refuse(reason.ResourceNotFound, notReviewer)
	}
	return r.Accounts.Render(&a.Account), err
}

const notReviewer = "The account is no default reviewer of this project."

// reviewer is the account that the path names. A *rest.Error (404) says that there is none.
func (r *Room) reviewer(ctx context.Context, identifier string) (account.Account, error) {
	a, err := r.Accounts.Find(ctx, r.DB, identifier)
	if errors.Is(err, account.ErrNotFound) {
		return a, rest.Refuse(reason.UserNotFound, "").WithMessage("%s is not a valid user", identifier)
	}
	return a, err
}

func (r *Room) putDefaultReviewer(c *access.Call, p Project) (any, error) {
	a, err := r.reviewer(c.Context(), c.Param("selected_user"))
	if err != nil {
		return nil, err
	}
	err = r.AddDefaultReviewer(c.Context(), &p, a.ID)
	if errors.Is(err, ErrNotFound) {
		return nil, rest.InvalidField("selected_user", "the account is no member of this workspace")
	}
	return r.Accounts.Render(&a.Account), err
}

// deleteDefaultReviewer answers 400 for who is none, as documented.
func (r *Room) deleteDefaultReviewer(c *access.Call, p Project) (any, error) {
	a, err := r.reviewer(c.Context(), c.Param("selected_user"))
	if err != nil {
		return nil, err
	}
	err = r.RemoveDefaultReviewer(c.Context(), &p, a.ID)
	if errors.Is(err, ErrNotFound) {
		return nil, rest.InvalidField("selected_user", "the account is no default reviewer of this project")
	}
	return nil, err
}
