package teams

import (
	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/workspace"
)

func (p *Pages) projects(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	box := r.Search("Find a project")
	list, more, err := p.Workspaces.ListProjects(r.Context(), &w, r.Principal.AccountID(), box.Value, paging(r))
	if err != nil {
		return page.Answer{}, err
	}
	return r.Render(templates, page.View{Template: "projects", Title: "Projects of " + w.Name, Section: "workspaces", Trail: trail(r, &w), Tabs: p.workspaceTabs(r, &w), Content: struct {
		Workspace workspace.Workspace
		Projects  []workspace.Project
		Search    page.Search
		Pager     page.Pager
		MayAdmin  bool
	}{w, list, box, r.Pager(more), may(r, p.administers())}})
}

// projectFields are the fields of a project, with what it is now.
func projectFields(p *workspace.Project) []page.Field {
	return []page.Field{
		{Name: "name", Label: "Name", Required: true, Max: 255, Value: p.Name},
		{Name: "key", Label: "Key", Required: true, Max: 128, Direction: "ltr", Value: p.Key, Help: "Its name in addresses and in the API: letters, digits and _, beginning with a letter."},
		{Name: "description", Label: "Description", Type: "textarea", Rows: 4, Max: 10000, Value: p.Description},
		{Name: "is_private", Label: "Private", Type: "checkbox", Value: "yes", Checked: p.Private, Help: "Only who has a permission sees it, and it holds no public repositories."},
	}
}

func (p *Pages) projectForm(r *page.Request, w *workspace.Workspace) formPage {
	return formPage{"New project", "Repositories belong to a project, and take over the permissions that are granted on it.",
		r.NewForm(at(w.Slug, "projects", "new"), "Make the project", projectFields(&workspace.Project{Private: true})...)}
}

func (p *Pages) newProject(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	return p.renderForm(r, trail(r, &w), p.projectForm(r, &w))
}

func (p *Pages) createProject(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	made, err := p.Workspaces.CreateProject(r.Context(), &w, workspace.NewProject{Key: r.Form.Get("key"), Name: r.Form.Get("name"),
		Description: r.Form.Get("description"), Public: !r.Form.Has("is_private")})
	if err != nil {
		f := p.projectForm(r, &w)
		return r.Again(f.Form, gone(err, reason.WorkspaceNotFound), func() (page.Answer, error) { return p.renderForm(r, trail(r, &w), f) })
	}
	return r.Done(at(w.Slug, "projects", made.Key), "The project is made.")
}

// path is the address of a project.
func path(pr *workspace.Project, more ...string) string {
	return at(append([]string{pr.Workspace.Slug, "projects", pr.Key}, more...)...)
}

// projectTabs are the pages of a project, as far as the visitor may see them.
func (p *Pages) projectTabs(r *page.Request, pr *workspace.Project) []page.Link {
	all := []page.Link{{Name: "Repositories", Href: path(pr)}}
	if may(r, p.Workspaces.Projects().Needs(access.Admin)) {
		all = append(all, page.Link{Name: "Permissions", Href: path(pr, "permissions")}, page.Link{Name: "Access tokens", Href: path(pr, "access-tokens")},
			page.Link{Name: "Settings", Href: path(pr, "settings")})
	}
	return page.Marked(r.URL.Path, all...)
}

// projectTrail is the way to a project, or to a page of it.
func projectTrail(r *page.Request, pr *workspace.Project, more ...page.Link) []page.Link {
	return append(trail(r, pr.Workspace, page.Link{Name: "Projects", Href: at(pr.Workspace.Slug, "projects")}), more...)
}

func (p *Pages) project(r *page.Request, pr workspace.Project) (page.Answer, error) {
	part := paging(r)
	list, more, err := p.Repositories.Search(r.Context(), r.Principal, *pr.Workspace, repository.Search{Project: pr.Key, Offset: part.Offset(), Limit: part.Pagelen})
	if err != nil {
		return page.Answer{}, err
	}
	return r.Render(templates, page.View{Template: "project", Title: pr.Name, Section: "workspaces", Trail: projectTrail(r, &pr), Tabs: p.projectTabs(r, &pr), Content: struct {
		Project      workspace.Project
		Repositories []*repository.Repository
		Pager        page.Pager
	}{pr, list, r.Pager(more)}})
}

func (p *Pages) renderProjectSettings(r *page.Request, pr *workspace.Project, form *page.Form) (page.Answer, error) {
	return r.Render(templates, page.View{Template: "projectsettings", Title: "Settings of " + pr.Name, Section: "workspaces", Trail: projectTrail(r, pr), Tabs: p.projectTabs(r, pr), Content: struct {
		Project *workspace.Project
		Form    *page.Form
		Delete  string
	}{pr, form, path(pr, "settings", "delete")}})
}

func projectSettingsForm(r *page.Request, pr *workspace.Project) *page.Form {
	return r.NewForm(path(pr, "settings"), "Save", projectFields(pr)...)
}

func (p *Pages) projectSettings(r *page.Request, pr workspace.Project) (page.Answer, error) {
	return p.renderProjectSettings(r, &pr, projectSettingsForm(r, &pr))
}

func (p *Pages) changeProject(r *page.Request, pr workspace.Project) (page.Answer, error) {
	key, name, description, private := r.Form.Get("key"), r.Form.Get("name"), r.Form.Get("description"), r.Form.Has("is_private")
	changed, err := p.Workspaces.UpdateProject(r.Context(), pr.ID, workspace.ProjectChange{Key: &key, Name: &name, Description: &description, Private: &private})
	if err != nil {
		form := projectSettingsForm(r, &pr)
		return r.Again(form, gone(err, reason.ProjectNotFound), func() (page.Answer, error) { return p.renderProjectSettings(r, &pr, form) })
	}
	return r.Done(path(&changed, "settings"), "The settings are saved.")
}

func projectConfirmation(r *page.Request, pr *workspace.Project) confirmation {
	return newConfirmation(r, "Delete the project", pr.Key, path(pr, "settings"),
		"What was granted on it is granted no more, and its access tokens stop working.",
		"A project that still holds repositories is not deleted: delete them or move them first.")
}

func (p *Pages) confirmDeleteProject(r *page.Request, pr workspace.Project) (page.Answer, error) {
	return p.renderConfirmation(r, projectTrail(r, &pr), projectConfirmation(r, &pr))
}

func (p *Pages) deleteProject(r *page.Request, pr workspace.Project) (page.Answer, error) {
	err := confirmed(r, pr.Key)
	if err == nil {
		err = gone(p.Workspaces.DeleteProject(r.Context(), pr.ID), reason.ProjectNotFound)
	}
	if err != nil {
		c := projectConfirmation(r, &pr)
		return r.Again(c.Form, err, func() (page.Answer, error) { return p.renderConfirmation(r, projectTrail(r, &pr), c) })
	}
	return r.Done(at(pr.Workspace.Slug, "projects"), "The project is deleted.")
}
