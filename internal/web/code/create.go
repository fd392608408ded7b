package code

import (
	"errors"
	"net/http"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/workspace"
)

// createForm is the form for a new repository in one of the projects.
func createForm(r *page.Request, w workspace.Workspace, places []workspace.Project) *page.Form {
	projects := make([]page.Option, len(places))
	for i, one := range places {
		projects[i] = page.Option{Value: one.Key, Name: one.Name + " (" + one.Key + ")", Selected: one.Key == r.URL.Query().Get("project")}
	}
	return r.NewForm(rest.URLs{}.Web(w.Slug, "repositories", "new").Href, "Make the repository",
		page.Field{Name: "name", Label: "Name", Required: true, Max: 255},
		page.Field{Name: "slug", Label: "Address", Direction: "ltr", Max: 62, Help: "The last part of its address: lower-case letters, digits, _, - and dots. Left empty, it is made of the name."},
		page.Field{Name: "project", Label: "Project", Type: "select", Options: projects, Required: true},
		page.Field{Name: "description", Label: "Description", Type: "textarea", Max: 10000},
		page.Field{Name: "is_private", Label: "Private: only those who have access see it", Type: "checkbox", Value: "true", Checked: true},
		page.Field{Name: "mainbranch.name", Label: "Main branch", Direction: "ltr", Max: 255, Placeholder: repository.DefaultBranch,
			Help: "What it is called until the first push. A push without a branch of this name brings its own."})
}

func renderCreate(r *page.Request, w workspace.Workspace, form *page.Form) (page.Answer, error) {
	return r.Render(templates, page.View{Template: "create", Title: "New repository · " + w.Name, Section: "workspaces", Trail: trail(&w), Narrow: true, Content: form})
}

// nowhere is the answer to who may make a repository in no project.
func nowhere(w workspace.Workspace) error {
	return page.Instead(rest.Refusef(reason.PrivilegeMissing, "A repository is made in a project. You may make one in no project of %s.", w.Name),
		"Ask who administers a project for the permission create-repo on it, or an owner of the workspace.",
		"If the workspace has no project yet, one of its owners makes the first one.")
}

func (p *Pages) newRepository(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	places, err := p.places(r, w)
	if err != nil {
		return page.Answer{}, err
	}
	if len(places) == 0 {
		return page.Answer{}, nowhere(w)
	}
	return renderCreate(r, w, createForm(r, w, places))
}

func (p *Pages) create(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	made, err := p.make(r, w)
	if err == nil {
		return r.Done(address(made), "The repository "+made.Name+" is there. It waits for its first push.")
	}
	places, missing := p.places(r, w)
	if missing != nil {
		return page.Answer{}, missing
	}
	if len(places) == 0 {
		return page.Answer{}, nowhere(w)
	}
	form := createForm(r, w, places)
	return r.Again(form, err, func() (page.Answer, error) { return renderCreate(r, w, form) })
}

func (p *Pages) make(r *page.Request, w workspace.Workspace) (*repository.Repository, error) {
	at := map[string]string{"workspace": w.Slug, "project_key": r.Form.Get("project")}
	project, err := access.Visit(r.Site.Gate, r.Context(), r.Principal, p.Workspaces.Projects().Needs(access.CreateRepo), func(name string) string { return at[name] })
	if refused, ok := errors.AsType[*rest.Error](err); ok && refused.Status != http.StatusInternalServerError {
		return nil, rest.InvalidField("project", "choose a project in which you may make repositories")
	}
	if err != nil {
		return nil, err
	}
	name, description, private, branch := r.Form.Get("name"), page.Lines(r.Form.Get("description")), r.Form.Get("is_private") == "true", strings.TrimSpace(r.Form.Get("mainbranch.name"))
	return p.Repositories.Create(r.Context(), w, project, strings.TrimSpace(r.Form.Get("slug")),
		repository.Change{Name: &name, Description: &description, Private: &private, MainBranch: &branch}, r.Principal.AccountID())
}
