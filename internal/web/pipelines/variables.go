package pipelines

import (
	"errors"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/pipeline"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/workspace"
)

// variablesPage is what the pages of variables show.
type variablesPage struct {
	within // of a workspace nothing but its address
	Of     string
	Rows   []variableRow
	Add    *page.Form
}

type variableRow struct {
	pipeline.Variable
	Delete *page.Form
}

// place is what variables or runners belong to, and where the page about them is.
type place struct {
	of           string // in words
	path         string
	variables    pipeline.Place
	workspaceID  string // of runners
	repositoryID string // the same; "" of a workspace's
	above        string // the workspace of a repository, whose runners take its steps, too
	within       within
	view         func(template, title string) page.View
}

func (p *Pages) ofRepository(r *page.Request, repo *repository.Repository, last string) place {
	return place{of: "all steps of this repository", path: address(repo, "settings", "pipelines", last), variables: pipeline.OfRepository(repo.ID), repositoryID: repo.ID, above: repo.Workspace.ID,
		within: p.about(r, repo, "settings", "pipelines", last), view: func(template, title string) page.View { return p.Code.View(r, repo, template, "settings", title) }}
}

func ofWorkspace(w workspace.Workspace, last string) place {
	path := "/" + w.Slug + "/settings/" + last
	return place{of: "all steps of all repositories of this workspace", path: path, variables: pipeline.OfWorkspace(w.ID), workspaceID: w.ID, view: func(template, title string) page.View {
		return page.View{Template: template, Title: title, Section: "workspaces", Trail: []page.Link{{Name: "Workspaces", Href: "/workspaces"}, {Name: w.Name, Href: "/" + w.Slug}}, Tabs: page.SettingsTabs(w.Slug, path)}
	}}
}

// mountVariables adds the pages of variables: of a repository, of its environments, and of a workspace.
func (p *Pages) mountVariables(s *page.Site, admin access.Need[*repository.Repository], administers access.Need[workspace.Workspace]) {
	const repo = "/{workspace}/{repo_slug}/settings/pipelines"
	ofRepository := func(h func(*page.Request, place) (page.Answer, error)) handler {
		return func(r *page.Request, repo *repository.Repository) (page.Answer, error) {
			return h(r, p.ofRepository(r, repo, "variables"))
		}
	}
	ofEnvironment := func(h func(*page.Request, place) (page.Answer, error)) handler {
		return func(r *page.Request, repo *repository.Repository) (page.Answer, error) {
			e, err := p.environment(r, repo)
			if err != nil {
				return page.Answer{}, err
			}
			at := p.ofRepository(r, repo, "variables")
			at.of, at.path, at.variables = "steps that deploy to "+e.Name, address(repo, "settings", "pipelines", "environments", e.Slug, "variables"), pipeline.OfEnvironment(e.ID)
			return h(r, at)
		}
	}
	page.On(s, "GET "+repo+"/variables", admin, ofRepository(p.variables))
	page.Long(s, "POST "+repo+"/variables", maxVariableForm, admin, ofRepository(p.onVariable))
	page.On(s, "GET "+repo+"/environments/{environment}/variables", admin, ofEnvironment(p.variables))
	page.Long(s, "POST "+repo+"/environments/{environment}/variables", maxVariableForm, admin, ofEnvironment(p.onVariable))
	page.On(s, "GET /{workspace}/settings/variables", administers, func(r *page.Request, w workspace.Workspace) (page.Answer, error) {
		return p.variables(r, ofWorkspace(w, "variables"))
	})
	page.Long(s, "POST /{workspace}/settings/variables", maxVariableForm, administers, func(r *page.Request, w workspace.Workspace) (page.Answer, error) {
		return p.onVariable(r, ofWorkspace(w, "variables"))
	})
}

// maxVariableForm is how large a form with a variable may be, in bytes: each character of a value may take twelve.
const maxVariableForm = 13 * maxValue

func (p *Pages) variablesContent(r *page.Request, at place) (*variablesPage, error) {
	content := &variablesPage{within: at.within, Of: at.of, Add: r.NewForm(at.path, "Save the variable",
		page.Field{Name: "key", Label: "Name", Required: true, Max: 255, Direction: "ltr"},
		page.Field{Name: "value", Label: "Value", Type: "textarea", Rows: 2, Max: maxValue, Direction: "ltr"},
		page.Field{Name: "secured", Label: "Secured: nobody is told it again, and it stands in no log", Type: "checkbox", Value: "true"})}
	all, err := p.Pipelines.Variables(r.Context(), at.variables)
	for _, v := range all {
		f := r.NewForm(at.path, "Delete", page.Field{Name: "delete", Type: "hidden", Value: v.ID})
		f.Danger = true
		content.Rows = append(content.Rows, variableRow{v, f})
	}
	return content, err
}

func (p *Pages) renderVariables(r *page.Request, at place, content *variablesPage) (page.Answer, error) {
	v := at.view("variables", "Variables of pipelines")
	v.Content = content
	return r.Render(templates, v)
}

func (p *Pages) variables(r *page.Request, at place) (page.Answer, error) {
	content, err := p.variablesContent(r, at)
	if err != nil {
		return page.Answer{}, err
	}
	return p.renderVariables(r, at, content)
}

// onVariable saves a variable, or takes one away.
func (p *Pages) onVariable(r *page.Request, at place) (page.Answer, error) {
	if id := r.Form.Get("delete"); id != "" {
		if err := p.Pipelines.RemoveVariable(r.Context(), at.variables, id); err != nil {
			return page.Answer{}, err
		}
		return r.Done(at.path, "The variable is deleted.")
	}
	err := p.Pipelines.SaveVariable(r.Context(), at.variables, r.Form.Get("key"), page.Lines(r.Form.Get("value")), r.Form.Get("secured") == "true")
	if _, refused := errors.AsType[*rest.Error](err); refused {
		content, fault := p.variablesContent(r, at)
		if fault != nil {
			return page.Answer{}, fault
		}
		return r.Again(content.Add, err, func() (page.Answer, error) { return p.renderVariables(r, at, content) })
	}
	if err != nil {
		return page.Answer{}, err
	}
	return r.Done(at.path, "The variable is saved.")
}
