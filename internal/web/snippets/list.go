package snippets

import (
	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/snippet"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/workspace"
)

// listPage is what a list of snippets shows.
type listPage struct {
	Workspace *workspace.Workspace // nil: of all of them
	Action    string
	Text      string        // that was searched for
	Roles     []page.Option // how the visitor stands to them; nil for nobody
	Rows      []row
	Narrowed  bool   // to some of all that there are
	New       string // where one can be made; "" for whoever may not
	Pager     page.Pager
}

type row struct {
	*snippet.Snippet
	Name    string
	Address string
	Creator account.Person
}

// roles are the choices of how somebody stands to snippets, as the API names them.
var roles = []page.Option{{Value: "owner", Name: "that I made"}, {Value: "contributor", Name: "that I made or watch"}, {Value: "member", Name: "of my workspaces, and watched"}}

// list shows the snippets of a workspace.
func (p *Pages) list(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	content := listPage{Workspace: &w, Action: shelf(&w)}
	if r.Self != nil {
		content.Roles = append([]page.Option{{Name: "of everybody"}}, roles...)
		if _, err := access.Visit(r.Site.Gate, r.Context(), r.Principal, p.Workspaces.Workspaces().Needs(access.Write), r.PathValue); err == nil {
			content.New = shelf(&w, "new")
		}
	}
	return p.listed(r, content, "", page.View{Title: "Snippets · " + w.Name, Trail: trail(&w)[:1]})
}

// own shows the visitor's snippets, wherever they are.
func (p *Pages) own(r *page.Request, _ *access.Account) (page.Answer, error) {
	return p.listed(r, listPage{Action: "/snippets", Roles: append([]page.Option{}, roles...)}, "owner", page.View{Title: "Snippets"})
}

// listed fills and renders a list; role is the one when none is asked for.
func (p *Pages) listed(r *page.Request, content listPage, role string, view page.View) (page.Answer, error) {
	q := r.URL.Query()
	search := snippet.Search{Role: role, Text: q.Get("q"), Offset: (r.Page() - 1) * page.PageLength, Limit: page.PageLength}
	if q.Has("role") && r.Self != nil {
		search.Role = q.Get("role")
	}
	known := false
	for i := range content.Roles {
		content.Roles[i].Selected = content.Roles[i].Value == search.Role
		known = known || content.Roles[i].Selected
	}
	if !known {
		search.Role = role
	}
	content.Text, content.Narrowed = search.Text, search.Text != "" || search.Role != role
	found, more, err := p.Snippets.Search(r.Context(), r.Principal, content.Workspace, search)
	if err != nil {
		return page.Answer{}, err
	}
	creators, err := p.Snippets.Creators(r.Context(), found...)
	if err != nil {
		return page.Answer{}, err
	}
	for _, s := range found {
		content.Rows = append(content.Rows, row{s, name(s), address(s), account.Person{Account: creators[s.CreatorID]}})
	}
	content.Pager = r.Pager(more)
	view.Template, view.Section, view.Content = "list", "workspaces", content
	return r.Render(templates, view)
}
