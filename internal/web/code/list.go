package code

import (
	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/workspace"
)

// listPage is what the list of repositories shows.
type listPage struct {
	Workspace workspace.Workspace
	Rows      []row
	Text      string // that was searched for
	Project   string
	Sort      repository.Sort
	New       string // where one can be made; "" for whoever may not
	Pager     page.Pager
}

type row struct {
	*repository.Repository
	Address string
}

func (p *Pages) list(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	q := r.URL.Query()
	content := listPage{Workspace: w, Text: q.Get("q"), Project: q.Get("project"), Sort: repository.ByName}
	if repository.Sort(q.Get("sort")) == repository.ByUpdated {
		content.Sort = repository.ByUpdated
	}
	found, more, err := p.Repositories.Search(r.Context(), r.Principal, w, repository.Search{Text: content.Text, Project: content.Project, Sort: content.Sort,
		Offset: (r.Page() - 1) * page.PageLength, Limit: page.PageLength})
	if err != nil {
		return page.Answer{}, err
	}
	for _, repo := range found {
		content.Rows = append(content.Rows, row{repo, address(repo)})
	}
	content.Pager = r.Pager(more)
	if r.Self != nil {
		places, err := p.places(r, w)
		if err != nil {
			return page.Answer{}, err
		}
		if len(places) > 0 {
			content.New = rest.URLs{}.Web(w.Slug, "repositories", "new").Href
		}
	}
	return r.Render(templates, page.View{Template: "list", Title: "Repositories · " + w.Name, Section: "workspaces", Trail: trail(&w)[:1], Content: content})
}

// places are the projects of a workspace in which the visitor may make repositories.
func (p *Pages) places(r *page.Request, w workspace.Workspace) ([]workspace.Project, error) {
	return p.Workspaces.ProjectsWith(r.Context(), r.Principal, w, access.CreateRepo)
}
