package teams

import (
	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/workspace"
)

// own lists the workspaces that the visitor belongs to.
func (p *Pages) own(r *page.Request, self *access.Account) (page.Answer, error) {
	box := r.Search("Find a workspace")
	list, more, err := p.Workspaces.ListOwn(r.Context(), self.ID, box.Value, paging(r))
	if err != nil {
		return page.Answer{}, err
	}
	return r.Render(templates, page.View{Template: "workspaces", Title: "Workspaces", Section: "workspaces", Content: struct {
		Workspaces []workspace.Own
		Search     page.Search
		Pager      page.Pager
		MayCreate  bool
	}{list, box, r.Pager(more), may(r, p.Workspaces.Creates())}})
}

func (p *Pages) workspaceForm(r *page.Request) formPage {
	return formPage{"New workspace", "A workspace holds the repositories of people who work together. You are its first owner.",
		r.NewForm("/workspaces/new", "Make the workspace",
			page.Field{Name: "slug", Label: "Slug", Required: true, Max: 62, Direction: "ltr", Help: "Its name in addresses: letters, digits, - and _. It stays."},
			page.Field{Name: "name", Label: "Name", Max: 255, Help: "What people see. Left empty, it is the slug."})}
}

func (p *Pages) newWorkspace(r *page.Request, _ struct{}) (page.Answer, error) {
	return p.renderForm(r, outside(r), p.workspaceForm(r))
}

func (p *Pages) createWorkspace(r *page.Request, _ struct{}) (page.Answer, error) {
	w, err := p.Workspaces.CreateWorkspace(r.Context(), r.Form.Get("slug"), r.Form.Get("name"), r.Principal.AccountID())
	if err != nil {
		f := p.workspaceForm(r)
		return r.Again(f.Form, err, func() (page.Answer, error) { return p.renderForm(r, outside(r), f) })
	}
	return r.Done(at(w.Slug), "The workspace is made. Repositories belong to projects: make the first one.")
}

// overviewLength is how many projects and repositories the overview of a workspace shows.
const overviewLength = 20

// overview shows what is in a workspace, as far as the visitor may see it.
func (p *Pages) overview(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	first := rest.Paging{Page: 1, Pagelen: overviewLength}
	projects, moreProjects, err := p.Workspaces.ListProjects(r.Context(), &w, r.Principal.AccountID(), "", first)
	if err != nil {
		return page.Answer{}, err
	}
	repositories, moreRepositories, err := p.Repositories.Search(r.Context(), r.Principal, w, repository.Search{Limit: overviewLength})
	if err != nil {
		return page.Answer{}, err
	}
	return r.Render(templates, page.View{Template: "workspace", Title: w.Name, Section: "workspaces", Trail: outside(r), Tabs: p.workspaceTabs(r, &w), Content: struct {
		Workspace                      workspace.Workspace
		Projects                       []workspace.Project
		Repositories                   []*repository.Repository
		MoreProjects, MoreRepositories bool
		MayAdmin                       bool
	}{w, projects, repositories, moreProjects, moreRepositories, may(r, p.administers())}})
}
