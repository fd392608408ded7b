package workspace

import (
	"context"
	"errors"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// GroupPermission is the permission of a group on a target, as the API writes it beside the target itself.
type GroupPermission struct {
	Type       string               `json:"type"`
	Permission string               `json:"permission"`
	Group      GroupJSON            `json:"group"`
	Links      map[string]rest.Link `json:"links"`
}

// UserPermission is the permission of a user's own on a target, as the API writes it beside the target itself.
type UserPermission struct {
	Type       string               `json:"type"`
	Permission string               `json:"permission"`
	User       account.JSON         `json:"user"`
	Links      map[string]rest.Link `json:"links"`
}

// Permissions are the operations below permissions-config of one kind of target: T as its resource gives it, and G and U as
// the API writes the permission of a group and of a user on it.
type Permissions[T, G, U any] struct {
	Room     *Room
	Path     string // of the target
	Resource *access.Resource[T]
	Of       func(T) (Target, *Workspace)
	Link     func(t T, below ...string) rest.Link
	Group    func(T, GroupPermission) G
	User     func(T, UserPermission) U
}

// Operations lists them. Those on projects and on repositories are documented alike.
func (p Permissions[T, G, U]) Operations() []access.Operation {
	const groups, users = "/permissions-config/groups", "/permissions-config/users"
	var g G
	var u U
	admin := p.Resource.Needs(access.Admin)
	return []access.Operation{
		access.On("GET "+p.Path+groups, admin, p.listGroups).Lists(g),
		access.On("GET "+p.Path+groups+"/{group_slug}", admin, p.getGroup).Answers(g),
		access.On("PUT "+p.Path+groups+"/{group_slug}", admin, p.putGroup).Takes(permissionIn{}).Answers(g),
		access.On("DELETE "+p.Path+groups+"/{group_slug}", admin, p.deleteGroup).Answers(nil),
		access.On("GET "+p.Path+users, admin, p.listUsers).Lists(u),
		access.On("GET "+p.Path+users+"/{selected_user_id}", admin, p.getUser).Answers(u),
		access.On("PUT "+p.Path+users+"/{selected_user_id}", admin, p.putUser).Takes(permissionIn{}).Answers(u),
		access.On("DELETE "+p.Path+users+"/{selected_user_id}", admin, p.deleteUser).Answers(nil),
	}
}

func (p Permissions[T, G, U]) group(t T, w *Workspace, g *Group, l access.Level) G {
	target, _ := p.Of(t)
	place, _, _ := target.Target()
	return p.Group(t, GroupPermission{place.String() + "_group_permission", l.String(), p.Room.RenderGroup(w, g),
		map[string]rest.Link{"self": p.Link(t, "permissions-config", "groups", g.Slug)}})
}

func (p Permissions[T, G, U]) user(t T, a *account.Account, l access.Level) U {
	target, _ := p.Of(t)
	place, _, _ := target.Target()
	return p.User(t, UserPermission{place.String() + "_user_permission", l.String(), p.Room.Accounts.Render(&a.Account),
		map[string]rest.Link{"self": p.Link(t, "permissions-config", "users", rest.Braced(a.ID))}})
}

func (p Permissions[T, G, U]) listGroups(c *access.Call, t T) (any, error) {
	paging, err := c.Paging(rest.DefaultPagelen)
	if err != nil {
		return nil, err
	}
	target, w := p.Of(t)
	page, size, err := GroupGrants(c.Context(), p.Room.DB, target, paging)
	if err != nil {
		return nil, err
	}
	values := make([]G, len(page))
	for i, g := range page {
		values[i] = p.group(t, w, &g.Group, g.Level)
	}
	return rest.Counted(c.Request, paging, values, size), nil
}

// group is the group that the path names. A *rest.Error (404) says that the workspace has none of that name.
func (r *Room) group(c *access.Call, w *Workspace) (Group, error) {
	slug := c.Param("group_slug")
	g, err := GroupBySlug(c.Context(), r.DB, w.ID, slug)
	if errors.Is(err, ErrNotFound) {
		return g, rest.Refuse(reason.GroupNotFound, "").WithMessage("Group %s not found", slug)
	}
	return g, err
}

func (p Permissions[T, G, U]) getGroup(c *access.Call, t T) (any, error) {
	target, w := p.Of(t)
	g, err := p.Room.group(c, w)
	if err != nil {
		return nil, err
	}
	l, err := levelOf(c.Context(), p.Room.DB, target, "group", g.ID)
	return p.group(t, w, &g, l), err
}

type permissionIn struct {
	Permission *string `json:"permission"`
}

// permissionBody is the level that a body asks for on a target.
func permissionBody(c *access.Call, target Target) (access.Level, error) {
	var in permissionIn
	if err := c.Decode(&in); err != nil {
		return access.None, err
	}
	if in.Permission == nil {
		return access.None, rest.MissingField("permission")
	}
	l, ok := access.ParseLevel(*in.Permission)
	if !ok || l == access.None {
		place, _, _ := target.Target()
		return access.None, rest.InvalidField("permission", permissions(place))
	}
	return l, nil
}

func (p Permissions[T, G, U]) putGroup(c *access.Call, t T) (any, error) {
	target, w := p.Of(t)
	g, err := p.Room.group(c, w)
	if err != nil {
		return nil, err
	}
	l, err := permissionBody(c, target)
	if err != nil {
		return nil, err
	}
	return p.group(t, w, &g, l), gone(p.Room.GrantGroup(c.Context(), target, g.ID, l))
}

// deleteGroup deletes the permission if there is one, as documented: 204 either way.
func (p Permissions[T, G, U]) deleteGroup(c *access.Call, t T) (any, error) {
	target, w := p.Of(t)
	g, err := p.Room.group(c, w)
	if err != nil {
		return nil, err
	}
	return nil, ifThere(p.Room.RevokeGroup(c.Context(), target, g.ID))
}

func (p Permissions[T, G, U]) listUsers(c *access.Call, t T) (any, error) {
	paging, err := c.Paging(rest.DefaultPagelen)
	if err != nil {
		return nil, err
	}
	target, _ := p.Of(t)
	page, size, err := UserGrants(c.Context(), p.Room.DB, target, paging)
	if err != nil {
		return nil, err
	}
	values := make([]U, len(page))
	for i, g := range page {
		values[i] = p.user(t, &g.User, g.Level)
	}
	return rest.Counted(c.Request, paging, values, size), nil
}

func (p Permissions[T, G, U]) getUser(c *access.Call, t T) (any, error) {
	target, w := p.Of(t)
	m, err := p.Room.findUser(c.Context(), w.ID, c.Param("selected_user_id"))
	if err != nil {
		return nil, err
	}
	l, err := levelOf(c.Context(), p.Room.DB, target, "user", m.User.ID)
	return p.user(t, &m.User, l), err
}

func (p Permissions[T, G, U]) putUser(c *access.Call, t T) (any, error) {
	target, w := p.Of(t)
	m, err := p.Room.findUser(c.Context(), w.ID, c.Param("selected_user_id"))
	if err != nil {
		return nil, err
	}
	l, err := permissionBody(c, target)
	if err != nil {
		return nil, err
	}
	return p.user(t, &m.User, l), gone(p.Room.GrantUser(c.Context(), target, m.User.ID, l))
}

// deleteUser deletes the permission if there is one, as documented: 204 either way.
func (p Permissions[T, G, U]) deleteUser(c *access.Call, t T) (any, error) {
	target, w := p.Of(t)
	m, err := p.Room.findUser(c.Context(), w.ID, c.Param("selected_user_id"))
	if err != nil {
		return nil, err
	}
	return nil, ifThere(p.Room.RevokeUser(c.Context(), target, m.User.ID))
}

// What is granted on projects, as the API writes it (schemas project_group_permission and project_user_permission).
type (
	projectGroupJSON struct {
		GroupPermission
		Project ProjectJSON `json:"project"`
	}
	projectUserJSON struct {
		UserPermission
		Project ProjectJSON `json:"project"`
	}
)

func (r *Room) projectPermissions() Permissions[Project, projectGroupJSON, projectUserJSON] {
	return Permissions[Project, projectGroupJSON, projectUserJSON]{
		Room: r, Path: "/workspaces/{workspace}/projects/{project_key}", Resource: r.Projects(),
		Of: func(p Project) (Target, *Workspace) { return &p, p.Workspace },
		Link: func(p Project, below ...string) rest.Link {
			return r.URLs.API(append([]string{"workspaces", p.Workspace.Slug, "projects", p.Key}, below...)...)
		},
		Group: func(p Project, g GroupPermission) projectGroupJSON { return projectGroupJSON{g, r.RenderProject(&p)} },
		User:  func(p Project, u UserPermission) projectUserJSON { return projectUserJSON{u, r.RenderProject(&p)} },
	}
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
