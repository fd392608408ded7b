package issues

import (
	"net/url"

	"github.com/pailforge/pail/internal/issue"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
)

// filtersPage is what the list of somebody's filters shows.
type filtersPage struct {
	within
	Rows []filterRow
	Save *page.Form // one that was refused; nil
}

type filterRow struct {
	issue.Filter
	Href           string
	Rename, Delete *page.Form
}

func filterName(value string) page.Field {
	return page.Field{Name: "name", Label: "Name", Value: value, Required: true, Max: issue.MaxFilterName}
}

// saving is the form that keeps a query.
func saving(r *page.Request, repo *repository.Repository, query string) *page.Form {
	f := r.NewForm(address(repo, "issues", "filters"), "Save", page.Field{Name: "do", Type: "hidden", Value: "save"}, page.Field{Name: "filter", Type: "hidden", Value: query}, filterName(""))
	return f.Apart("save-")
}

// queryIn is the query in a form, as the list has it.
func queryIn(text string) url.Values {
	q, err := url.ParseQuery(text)
	if err != nil {
		return url.Values{}
	}
	return kept(q)
}

func (p *Pages) filtersContent(r *page.Request, repo *repository.Repository) (*filtersPage, error) {
	content := &filtersPage{within: about(repo)}
	all, err := p.Issues.Filters(r.Context(), repo, r.Self.ID)
	for _, f := range all {
		to, id := address(repo, "issues", "filters"), page.Field{Name: "id", Type: "hidden", Value: f.ID}
		do := func(what string) page.Field { return page.Field{Name: "do", Type: "hidden", Value: what} }
		one := filterRow{f, listed(repo, f.Query), r.NewForm(to, "Rename", do("rename"), id, filterName(f.Name)).Apart(f.ID + "-"), r.NewForm(to, "Delete", do("delete"), id)}
		one.Delete.Danger = true
		content.Rows = append(content.Rows, one)
	}
	return content, err
}

func (p *Pages) renderFilters(r *page.Request, repo *repository.Repository, content *filtersPage) (page.Answer, error) {
	return p.render(r, repo, "filters", "issues", "Your filters", content)
}

func (p *Pages) filters(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	content, err := p.filtersContent(r, repo)
	if err != nil {
		return page.Answer{}, err
	}
	return p.renderFilters(r, repo, content)
}

// onFilter does with a filter what its form says: it is a new one, or one of the visitor's.
func (p *Pages) onFilter(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	id, name, do := r.Form.Get("id"), r.Form.Get("name"), r.Form.Get("do")
	query, to, sentence := queryIn(r.Form.Get("filter")).Encode(), address(repo, "issues", "filters"), ""
	var err error
	switch do {
	case "save":
		to, sentence = listed(repo, query), "The filter is saved."
		err = p.Issues.SaveFilter(r.Context(), repo, r.Self.ID, name, query)
	case "rename":
		sentence, err = "The filter is renamed.", p.Issues.RenameFilter(r.Context(), repo, r.Self.ID, id, name)
	case "delete":
		sentence, err = "The filter is deleted.", p.Issues.RemoveFilter(r.Context(), repo, r.Self.ID, id)
	default:
		err = rest.InvalidField("do", "save, rename or delete it")
	}
	if err == nil {
		return r.Done(to, sentence)
	}
	if !shown(err) || do != "save" && do != "rename" {
		return page.Answer{}, err
	}
	content, fault := p.filtersContent(r, repo)
	if fault != nil {
		return page.Answer{}, fault
	}
	form := saving(r, repo, query)
	for _, one := range content.Rows {
		if do == "rename" && one.ID == id {
			form = one.Rename
		}
	}
	if do == "save" {
		content.Save = form
	}
	return r.Again(form, err, func() (page.Answer, error) { return p.renderFilters(r, repo, content) })
}
