package hooks

import (
	"embed"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/webhook"
	"github.com/pailforge/pail/internal/workspace"
)

//go:embed templates/*.html
var files embed.FS

var templates = page.Parse(files, "templates/*.html")

// Pages are the pages of this area. Its fields are what it stands on.
type Pages struct {
	Webhooks     *webhook.Room
	Repositories *repository.Room
	Workspaces   *workspace.Room
}

// place is what the webhooks of a page belong to, and where the page is.
type place struct {
	subject webhook.Subject
	path    string // of the list
	trail   []page.Link
	tabs    []page.Link
}

func (pl place) below(more ...string) string {
	return strings.Join(append([]string{pl.path}, more...), "/")
}

// Mount adds the pages to a site.
func (p *Pages) Mount(s *page.Site) {
	mount(p, s, "/{workspace}/settings/webhooks", p.Workspaces.Workspaces().Needs(access.Admin), func(w workspace.Workspace) place {
		path := "/" + w.Slug + "/settings/webhooks"
		return place{p.Webhooks.OfWorkspace(&w), path, []page.Link{{Name: "Workspaces", Href: "/workspaces"}, {Name: w.Name, Href: "/" + w.Slug}}, page.SettingsTabs(w.Slug, path)}
	})
	mount(p, s, "/{workspace}/{repo_slug}/settings/webhooks", p.Repositories.Repositories().Needs(access.Admin), func(r *repository.Repository) place {
		front := rest.URLs{}.Web(r.Path()...).Href
		return place{subject: p.Webhooks.OfRepository(r), path: front + "/settings/webhooks",
			trail: []page.Link{{Name: r.Workspace.Name, Href: "/" + r.Workspace.Slug}, {Name: r.Name, Href: front}, {Name: "Settings", Href: front + "/settings"}}}
	})
}

// mount adds the pages below one kind of subject.
func mount[T any](p *Pages, s *page.Site, list string, administers access.Need[T], at func(T) place) {
	on := func(h func(*page.Request, place) (page.Answer, error)) func(*page.Request, T) (page.Answer, error) {
		return func(r *page.Request, resource T) (page.Answer, error) { return h(r, at(resource)) }
	}
	page.On(s, "GET "+list, administers, on(p.list))
	page.On(s, "GET "+list+"/new", administers, on(p.new))
	page.On(s, "POST "+list+"/new", administers, on(p.create))
	page.On(s, "GET "+list+"/{id}", administers, on(p.hook(p.show)))
	page.On(s, "POST "+list+"/{id}", administers, on(p.hook(p.change)))
	page.On(s, "POST "+list+"/{id}/delete", administers, on(p.hook(p.remove)))
	page.On(s, "GET "+list+"/{id}/deliveries/{number}", administers, on(p.hook(p.delivery)))
	page.On(s, "POST "+list+"/{id}/deliveries/{number}/again", administers, on(p.hook(p.again)))
}

// hook finds the webhook that the path names, for h.
func (p *Pages) hook(h func(*page.Request, place, webhook.Hook) (page.Answer, error)) func(*page.Request, place) (page.Answer, error) {
	return func(r *page.Request, at place) (page.Answer, error) {
		found, err := p.Webhooks.Find(r.Context(), at.subject, r.PathValue("id"))
		if err != nil {
			return page.Answer{}, err
		}
		return h(r, at, found)
	}
}

func (p *Pages) list(r *page.Request, at place) (page.Answer, error) {
	all, err := p.Webhooks.List(r.Context(), at.subject)
	if err != nil {
		return page.Answer{}, err
	}
	return r.Render(templates, page.View{Template: "list", Title: "Webhooks", Section: "workspaces", Trail: at.trail, Tabs: at.tabs, Content: struct {
		Kind, Path string
		Hooks      []webhook.Hook
	}{at.subject.Kind, at.path, all}})
}

// formPage is a webhook that people write about.
type formPage struct {
	Hook       *webhook.Hook // nil: a new one
	Form       *hookForm
	Path       string // of the webhook
	Deliveries []webhook.Delivery
}

func (p *Pages) formPage(r *page.Request, at place, f formPage) (page.Answer, error) {
	title := "New webhook"
	if f.Hook != nil {
		title, f.Path = "Webhook", at.below(f.Hook.ID)
		var err error
		if f.Deliveries, err = p.Webhooks.Deliveries(r.Context(), f.Hook); err != nil {
			return page.Answer{}, err
		}
	}
	return r.Render(templates, page.View{Template: "hook", Title: title, Section: "workspaces", Trail: at.within(), Content: f})
}

// within is the trail of what is below the list.
func (pl place) within(more ...page.Link) []page.Link {
	return append(append(pl.trail[:len(pl.trail):len(pl.trail)], page.Link{Name: "Webhooks", Href: pl.path}), more...)
}

func (p *Pages) new(r *page.Request, at place) (page.Answer, error) {
	return p.formPage(r, at, formPage{Form: newForm(r, at, at.below("new"), "Create", &webhook.Hook{Active: true, Events: []string{"repo:push"}})})
}

func (p *Pages) create(r *page.Request, at place) (page.Answer, error) {
	h, err := p.Webhooks.Create(r.Context(), at.subject, sent(r, true))
	if err != nil {
		f := newForm(r, at, at.below("new"), "Create", &webhook.Hook{})
		return f.again(r, at, err, func() (page.Answer, error) { return p.formPage(r, at, formPage{Form: f}) })
	}
	return r.Done(at.below(h.ID), "The webhook is made.")
}

func (p *Pages) show(r *page.Request, at place, h webhook.Hook) (page.Answer, error) {
	return p.formPage(r, at, formPage{Hook: &h, Form: newForm(r, at, at.below(h.ID), "Save", &h)})
}

func (p *Pages) change(r *page.Request, at place, h webhook.Hook) (page.Answer, error) {
	if _, err := p.Webhooks.Update(r.Context(), at.subject, h.ID, sent(r, false)); err != nil {
		f := newForm(r, at, at.below(h.ID), "Save", &h)
		return f.again(r, at, err, func() (page.Answer, error) { return p.formPage(r, at, formPage{Hook: &h, Form: f}) })
	}
	return r.Done(at.below(h.ID), "The webhook is changed.")
}

func (p *Pages) remove(r *page.Request, at place, h webhook.Hook) (page.Answer, error) {
	if err := p.Webhooks.Delete(r.Context(), at.subject, h.ID); err != nil {
		return page.Answer{}, err
	}
	return r.Done(at.path, "The webhook is deleted, and is not called any more.")
}

// number is the delivery that the path names, -1 for what is no number.
func number(r *page.Request) int64 {
	n, err := strconv.ParseInt(r.PathValue("number"), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

func (p *Pages) delivery(r *page.Request, at place, h webhook.Hook) (page.Answer, error) {
	d, err := p.Webhooks.Delivery(r.Context(), &h, number(r))
	if err != nil {
		return page.Answer{}, err
	}
	return r.Render(templates, page.View{Template: "delivery", Title: "Delivery " + strconv.FormatInt(d.Number, 10), Section: "workspaces",
		Trail: at.within(page.Link{Name: "Webhook", Href: at.below(h.ID)}), Content: shown(at, &h, &d)})
}

func (p *Pages) again(r *page.Request, at place, h webhook.Hook) (page.Answer, error) {
	if number(r) < 0 {
		return page.Answer{}, rest.Refuse(reason.ResourceNotFound, "")
	}
	if err := p.Webhooks.Again(r.Context(), at.subject, &h, number(r)); err != nil {
		return page.Answer{}, err
	}
	return r.Done(at.below(h.ID), "It is sent again. Load the page again to see what comes of it.")
}
