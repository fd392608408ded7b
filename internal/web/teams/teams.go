package teams

import (
	"embed"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/workspace"
)

//go:embed templates/*.html
var files embed.FS

var templates = page.Parse(files, "templates/*.html")

// Pages are the pages of this area. Its fields are what it stands on.
type Pages struct {
	Workspaces   *workspace.Room
	Repositories *repository.Room
}

// Mount adds the pages to a site.
func (p *Pages) Mount(s *page.Site) {
	const (
		settings    = "/{workspace}/settings"
		group       = settings + "/groups/{group_slug}"
		project     = "/{workspace}/projects/{project_key}"
		onProject   = project + "/permissions"
		onRepo      = "/{workspace}/{repo_slug}/settings/permissions"
		invitations = settings + "/invitations"
	)
	sees, belongs, administers := p.Workspaces.Workspaces().Needs(access.Read), p.Workspaces.Workspaces().Needs(access.Write), p.administers()
	creates, projects := p.Workspaces.Creates(), p.Workspaces.Projects()
	runs := projects.Needs(access.Admin)

	page.On(s, "GET /workspaces", access.Self, p.own)
	page.On(s, "GET /workspaces/new", creates, p.newWorkspace)
	page.On(s, "POST /workspaces/new", creates, p.createWorkspace)
	page.On(s, "GET /{workspace}", p.Repositories.Shelves().Reads(), p.overview)

	page.On(s, "GET "+settings, administers, p.settings)
	page.On(s, "POST "+settings, administers, p.changeSettings)
	page.On(s, "GET "+settings+"/delete", administers, p.confirmDelete)
	page.On(s, "POST "+settings+"/delete", administers, p.deleteWorkspace)

	page.On(s, "GET "+settings+"/members", belongs, p.members)
	page.On(s, "POST "+settings+"/members", administers, p.changeRole)
	page.On(s, "POST "+settings+"/members/remove", administers, p.removeMember)
	page.On(s, "POST "+settings+"/members/leave", sees, p.leave)

	page.On(s, "GET "+invitations, administers, p.invitations)
	page.On(s, "POST "+invitations, administers, p.invite)
	page.On(s, "POST "+invitations+"/revoke", administers, p.revokeInvitation)
	page.Open(s, "GET /invitations/{secret}", p.invitation)
	page.On(s, "POST /invitations/{secret}", access.Self, p.accept)
	page.Open(s, "POST /invitations/{secret}/account", p.acceptAsNew)

	page.On(s, "GET "+settings+"/groups", administers, p.groups)
	page.On(s, "POST "+settings+"/groups", administers, p.createGroup)
	page.On(s, "GET "+group, administers, p.group)
	page.On(s, "POST "+group, administers, p.renameGroup)
	page.On(s, "POST "+group+"/members", administers, p.addToGroup)
	page.On(s, "POST "+group+"/members/remove", administers, p.removeFromGroup)
	page.On(s, "GET "+group+"/delete", administers, p.confirmDeleteGroup)
	page.On(s, "POST "+group+"/delete", administers, p.deleteGroup)

	page.On(s, "GET /{workspace}/projects", p.Workspaces.Workspaces().Reads(), p.projects)
	page.On(s, "GET /{workspace}/projects/new", administers, p.newProject)
	page.On(s, "POST /{workspace}/projects/new", administers, p.createProject)
	page.On(s, "GET "+project, projects.Reads(), p.project)
	page.Open(s, "GET /{workspace}/workspace/projects/{project_key}", elsewhere)
	page.On(s, "GET "+project+"/settings", runs, p.projectSettings)
	page.On(s, "POST "+project+"/settings", runs, p.changeProject)
	page.On(s, "GET "+project+"/settings/delete", runs, p.confirmDeleteProject)
	page.On(s, "POST "+project+"/settings/delete", runs, p.deleteProject)

	on(p, s, onProject, runs, p.ofProject)
	on(p, s, onRepo, p.Repositories.Repositories().Needs(access.Admin), p.ofRepository)
}

// elsewhere leads from the address that a project has on Bitbucket Cloud, and in the API, to its page.
func elsewhere(r *page.Request) (page.Answer, error) {
	return page.Moved(at(url.PathEscape(r.PathValue("workspace")), "projects", url.PathEscape(r.PathValue("project_key")))), nil
}

// administers is the privilege on the workspace that most of these pages need.
func (p *Pages) administers() access.Need[workspace.Workspace] {
	return p.Workspaces.Workspaces().Needs(access.Admin)
}

// may reports whether the visitor has a privilege on what the path names: for links that lead nowhere without it.
func may[T any](r *page.Request, need access.Need[T]) bool {
	_, err := access.Visit(r.Site.Gate, r.Context(), r.Principal, need, r.PathValue)
	return err == nil
}

// at is the path of a page.
func at(segments ...string) string { return "/" + strings.Join(segments, "/") }

// paging is the part of a list that is asked for.
func paging(r *page.Request) rest.Paging {
	return rest.Paging{Page: r.Page(), Pagelen: page.PageLength}
}

// pager leads through the list of the page at base. A form that was refused stands on that page under its own address.
func pager(r *page.Request, base string, more bool) page.Pager {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return r.Pager(more)
	}
	if more {
		return page.Pager{Next: base + "?page=2"}
	}
	return page.Pager{}
}

// gone turns what is not there any more into the answer to it.
func gone(err error, code reason.Code) error {
	if errors.Is(err, workspace.ErrNotFound) {
		return rest.Refuse(code, "It may have been removed a moment ago.")
	}
	return err
}

// outside is the way to a workspace.
func outside(r *page.Request) []page.Link {
	if r.Self == nil {
		return nil
	}
	return []page.Link{{Name: "Workspaces", Href: "/workspaces"}}
}

// trail is the way to a page of the workspace.
func trail(r *page.Request, w *workspace.Workspace, more ...page.Link) []page.Link {
	return append(append(outside(r), page.Link{Name: w.Name, Href: at(w.Slug)}), more...)
}

// workspaceTabs are the pages of a workspace, as far as the visitor may see them.
func (p *Pages) workspaceTabs(r *page.Request, w *workspace.Workspace) []page.Link {
	all := []page.Link{{Name: "Overview", Href: at(w.Slug)}, {Name: "Repositories", Href: at(w.Slug, "repositories")}, {Name: "Projects", Href: at(w.Slug, "projects")},
		{Name: "Snippets", Href: at("snippets", w.Slug)}}
	if may(r, p.Workspaces.Workspaces().Needs(access.Write)) {
		all = append(all, page.Link{Name: "Members", Href: at(w.Slug, "settings", "members")})
	}
	if may(r, p.administers()) {
		all = append(all, page.Link{Name: "Settings", Href: at(w.Slug, "settings")})
	}
	return page.Marked(r.URL.Path, all...)
}

// formPage is a page that is a form and little else.
type formPage struct {
	Heading, Lead string
	Form          *page.Form
}

func (p *Pages) renderForm(r *page.Request, trail []page.Link, f formPage) (page.Answer, error) {
	return r.Render(templates, page.View{Template: "form", Title: f.Heading, Section: "workspaces", Narrow: true, Trail: trail, Content: f})
}

// confirmation is a page before something is deleted: its name is typed.
type confirmation struct {
	Heading string
	Name    string   // to be typed
	Effects []string // what goes with it
	Form    *page.Form
	Back    string
}

func newConfirmation(r *page.Request, heading, name, back string, effects ...string) confirmation {
	return confirmation{Heading: heading, Name: name, Effects: effects, Back: back, Form: danger(r.NewForm(r.URL.Path, heading,
		page.Field{Name: "name", Label: "Type " + name + " to confirm", Required: true, Max: 255, Direction: "ltr"}))}
}

func danger(f *page.Form) *page.Form {
	f.Danger = true
	return f
}

func (p *Pages) renderConfirmation(r *page.Request, trail []page.Link, c confirmation) (page.Answer, error) {
	return r.Render(templates, page.View{Template: "confirm", Title: c.Heading, Section: "workspaces", Narrow: true, Trail: trail, Content: c})
}

// confirmed refuses a deletion whose name was not typed.
func confirmed(r *page.Request, name string) error {
	if strings.EqualFold(strings.TrimSpace(r.Form.Get("name")), name) {
		return nil
	}
	return rest.InvalidField("name", "this is not the name; nothing was deleted")
}
