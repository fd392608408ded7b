package workspace

import (
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/rest"
)

// JSON is a workspace inside other objects (schema workspace).
type JSON struct {
	Type  string    `json:"type"`
	UUID  string    `json:"uuid"`
	Name  string    `json:"name"`
	Slug  string    `json:"slug"`
	Links linksJSON `json:"links"`
}

type linksJSON struct {
	Self   rest.Link `json:"self"`
	HTML   rest.Link `json:"html"`
	Avatar rest.Link `json:"avatar"`
}

// RenderWorkspace is a workspace inside other objects.
func (r *Room) RenderWorkspace(w *Workspace) JSON {
	return JSON{Type: "workspace", UUID: rest.Braced(w.ID), Name: w.Name, Slug: w.Slug, Links: linksJSON{
		Self: r.URLs.API("workspaces", w.Slug), HTML: r.URLs.Web(w.Slug), Avatar: r.URLs.Web("workspaces", w.Slug, "avatar"),
	}}
}

// Full is a workspace as the operation on it writes it.
type Full struct {
	Type              string        `json:"type"`
	UUID              string        `json:"uuid"`
	Name              string        `json:"name"`
	Slug              string        `json:"slug"`
	IsPrivate         bool          `json:"is_private"`
	IsPrivacyEnforced bool          `json:"is_privacy_enforced"`
	ForkingMode       string        `json:"forking_mode"`
	CreatedOn         rest.Time     `json:"created_on"`
	UpdatedOn         rest.Time     `json:"updated_on"`
	Links             fullLinksJSON `json:"links"`
}

type fullLinksJSON struct {
	linksJSON
	Members      rest.Link `json:"members"`
	Owners       rest.Link `json:"owners"`
	Projects     rest.Link `json:"projects"`
	Repositories rest.Link `json:"repositories"`
	Snippets     rest.Link `json:"snippets"`
	Hooks        rest.Link `json:"hooks"`
}

func (r *Room) full(w *Workspace) Full {
	short := r.RenderWorkspace(w)
	owners := r.URLs.API("workspaces", w.Slug, "permissions")
	owners.Href += `?q=permission%3D%22owner%22`
	return Full{Type: short.Type, UUID: short.UUID, Name: w.Name, Slug: w.Slug, IsPrivate: w.Private, IsPrivacyEnforced: w.PrivacyEnforced,
		ForkingMode: w.ForkingMode, CreatedOn: rest.Time(w.Created), UpdatedOn: rest.Time(w.Updated), Links: fullLinksJSON{
			linksJSON: short.Links, Members: r.URLs.API("workspaces", w.Slug, "members"), Owners: owners,
			Projects: r.URLs.API("workspaces", w.Slug, "projects"), Repositories: r.URLs.API("repositories", w.Slug),
			Snippets: r.URLs.API("snippets", w.Slug), Hooks: r.URLs.API("workspaces", w.Slug, "hooks"),
		}}
}

// ProjectJSON is a project inside other objects (schema project).
type ProjectJSON struct {
	Type  string    `json:"type"`
	UUID  string    `json:"uuid"`
	Key   string    `json:"key"`
	Name  string    `json:"name"`
	Links linksJSON `json:"links"`
}

// RenderProject is a project inside other objects. Its Workspace must be set.
func (r *Room) RenderProject(p *Project) ProjectJSON {
	slug := p.Workspace.Slug
	return ProjectJSON{Type: "project", UUID: rest.Braced(p.ID), Key: p.Key, Name: p.Name, Links: linksJSON{
		Self: r.URLs.API("workspaces", slug, "projects", p.Key), HTML: r.URLs.Web(slug, "workspace", "projects", p.Key),
		Avatar: r.URLs.Web(slug, "workspace", "projects", p.Key, "avatar"),
	}}
}

// FullProject is a project as the operations on projects write it.
type FullProject struct {
	ProjectJSON
	Description             string    `json:"description"`
	IsPrivate               bool      `json:"is_private"`
	HasPubliclyVisibleRepos bool      `json:"has_publicly_visible_repos"`
	CreatedOn               rest.Time `json:"created_on"`
	UpdatedOn               rest.Time `json:"updated_on"`
	Owner                   ownerJSON `json:"owner"`
	Workspace               JSON      `json:"workspace"`
}

// ownerJSON is a workspace in the place of an account (schema team), from the time before workspaces.
type ownerJSON struct {
	Type        string    `json:"type"`
	UUID        string    `json:"uuid"`
	Username    string    `json:"username"`
	DisplayName string    `json:"display_name"`
	Links       linksJSON `json:"links"`
}

func (r *Room) fullProject(p *Project, publicRepositories bool) FullProject {
	w := r.RenderWorkspace(p.Workspace)
	return FullProject{ProjectJSON: r.RenderProject(p), Description: p.Description, IsPrivate: p.Private,
		HasPubliclyVisibleRepos: publicRepositories, CreatedOn: rest.Time(p.Created), UpdatedOn: rest.Time(p.Updated),
		Owner: ownerJSON{"team", w.UUID, w.Slug, w.Name, w.Links}, Workspace: w}
}

// GroupJSON is a group inside other objects (schema group).
type GroupJSON struct {
	Type      string `json:"type"`
	Name      string `json:"name"`
	Slug      string `json:"slug"`
	FullSlug  string `json:"full_slug"`
	Workspace JSON   `json:"workspace"`
}

// RenderGroup is a group of workspace w inside other objects.
func (r *Room) RenderGroup(w *Workspace, g *Group) GroupJSON {
	return GroupJSON{Type: "group", Name: g.Name, Slug: g.Slug, FullSlug: w.Slug + ":" + g.Slug, Workspace: r.RenderWorkspace(w)}
}

// membershipJSON is an account's place in a workspace (schema workspace_membership). Only the operations on
// permissions name the permission and when it began.
type membershipJSON struct {
	Type       string               `json:"type"`
	Permission string               `json:"permission,omitempty"`
	AddedOn    *rest.Time           `json:"added_on,omitempty"`
	User       account.JSON         `json:"user"`
	Workspace  JSON                 `json:"workspace"`
	Links      map[string]rest.Link `json:"links"`
}

func (r *Room) membership(w *Workspace, m *Membership) membershipJSON {
	return membershipJSON{Type: "workspace_membership", User: r.Accounts.Render(&m.User.Account), Workspace: r.RenderWorkspace(w),
		Links: map[string]rest.Link{"self": r.URLs.API("workspaces", w.Slug, "members", rest.Braced(m.User.ID))}}
}

func (r *Room) permission(w *Workspace, m *Membership) membershipJSON {
	j, added := r.membership(w, m), rest.Time(m.Added)
	j.Permission, j.AddedOn = m.Role.String(), &added
	return j
}
