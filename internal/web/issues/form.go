package issues

import (
	"errors"
	"net/http"
	"strings"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/issue"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
)

// formPage is what the pages show on which an issue is made or changed.
type formPage struct {
	within
	Issue *issue.Issue // nil for a new one
	At    string
	Form  *page.Form
}

// fields are those of a form about an issue.
func (p *Pages) fields(r *page.Request, repo *repository.Repository, i *issue.Issue) ([]page.Field, error) {
	pick := func(name, label, now string, values []string) page.Field {
		f := page.Field{Name: name, Label: label, Type: "select", Required: true}
		for _, v := range values {
			f.Options = append(f.Options, page.Option{Value: v, Name: v, Selected: v == now})
		}
		return f
	}
	all := []page.Field{{Name: "title", Label: "Title", Value: i.Title, Required: true, Max: issue.MaxTitle},
		{Name: "content.raw", Label: "Description", Type: "textarea", Rows: 10, Value: i.Content, Max: issue.MaxContent, Help: "In Markdown."}}
	if i.Number != 0 {
		all = append(all, pick("state", "State", i.State, issue.States))
	}
	all = append(all, pick("kind", "Kind", i.Kind, issue.Kinds), pick("priority", "Priority", i.Priority, issue.Priorities),
		page.Field{Name: "assignee", Label: "Assignee", Direction: "ltr", Max: 255, Value: username(i.Assignee), Help: "The username of somebody who may see the repository."})
	for _, kind := range kinds {
		labels, err := p.Issues.Labels(r.Context(), repo, kind.Labels)
		if err != nil {
			return nil, err
		}
		if len(labels) == 0 {
			continue
		}
		now := kind.of(i)
		f := page.Field{Name: kind.field(), Label: kind.Name, Type: "select", Options: []page.Option{{Name: "none", Selected: now == ""}}}
		for _, l := range labels {
			f.Options = append(f.Options, page.Option{Value: l.Name, Name: l.Name, Selected: l.Name == now})
		}
		all = append(all, f)
	}
	return all, nil
}

func username(a *account.Account) string {
	if a == nil {
		return ""
	}
	return a.Username
}

// sent is what a form says of an issue. What it does not have stays as it is.
func sent(r *page.Request) (e issue.Edit) {
	for name, to := range map[string]**string{"title": &e.Title, "content.raw": &e.Content, "state": &e.State, "kind": &e.Kind, "priority": &e.Priority, "assignee": &e.Assignee,
		"component.name": &e.Component, "milestone.name": &e.Milestone, "version.name": &e.Version} {
		if r.Form.Has(name) {
			value := page.Lines(r.Form.Get(name))
			if name == "assignee" {
				value = strings.TrimSpace(value)
			}
			*to = &value
		}
	}
	return e
}

func (p *Pages) newContent(r *page.Request, repo *repository.Repository) (formPage, error) {
	fields, err := p.fields(r, repo, &issue.Issue{Kind: "bug", Priority: "major"})
	return formPage{within: about(repo), Form: r.NewForm(address(repo, "issues", "new"), "Create the issue", fields...)}, err
}

func (p *Pages) renderNew(r *page.Request, repo *repository.Repository, content formPage) (page.Answer, error) {
	return p.render(r, repo, "form", "issues", "New issue", content)
}

func (p *Pages) new(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	content, err := p.newContent(r, repo)
	if err != nil {
		return page.Answer{}, err
	}
	return p.renderNew(r, repo, content)
}

func (p *Pages) report(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	i, err := p.Issues.Report(r.Context(), r.Principal, repo, sent(r))
	if err == nil {
		return r.Done(at(repo, i), "The issue is there.")
	}
	content, fault := p.newContent(r, repo)
	if fault != nil {
		return page.Answer{}, fault
	}
	return r.Again(content.Form, err, func() (page.Answer, error) { return p.renderNew(r, repo, content) })
}

func (p *Pages) editContent(r *page.Request, repo *repository.Repository, i *issue.Issue) (content formPage, err error) {
	if err = p.Issues.MayChange(r.Context(), r.Principal, repo, i); err != nil {
		return content, err
	}
	fields, err := p.fields(r, repo, i)
	return formPage{within: about(repo), Issue: i, At: at(repo, i), Form: r.NewForm(at(repo, i, "edit"), "Save", fields...)}, err
}

func (p *Pages) renderEdit(r *page.Request, repo *repository.Repository, content formPage) (page.Answer, error) {
	return p.render(r, repo, "form", "issues", "Edit an issue", content)
}

func (p *Pages) edit(r *page.Request, repo *repository.Repository, i *issue.Issue) (page.Answer, error) {
	content, err := p.editContent(r, repo, i)
	if err != nil {
		return page.Answer{}, err
	}
	return p.renderEdit(r, repo, content)
}

func (p *Pages) change(r *page.Request, repo *repository.Repository, i *issue.Issue) (page.Answer, error) {
	_, made, err := p.Issues.Change(r.Context(), r.Principal, repo, i, sent(r), nil)
	if err == nil {
		if made == nil {
			return r.Done(at(repo, i), "It is what it was: nothing is changed.")
		}
		return r.Done(at(repo, i), "The issue is changed.")
	}
	content, fault := p.editContent(r, repo, i)
	if fault != nil {
		return page.Answer{}, fault
	}
	return r.Again(content.Form, err, func() (page.Answer, error) { return p.renderEdit(r, repo, content) })
}

func (p *Pages) delete(r *page.Request, repo *repository.Repository, i *issue.Issue) (page.Answer, error) {
	if err := p.Issues.Delete(r.Context(), repo, i); err != nil {
		return page.Answer{}, err
	}
	return r.Done(address(repo, "issues"), "The issue #"+number(i.Number)+" is deleted.")
}

// shown tells a refusal that a page can show in a form from a fault of the server.
func shown(err error) bool {
	e, ok := errors.AsType[*rest.Error](err)
	return ok && e.Status < http.StatusInternalServerError
}
