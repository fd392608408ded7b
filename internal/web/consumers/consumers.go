package consumers

import (
	"embed"
	"errors"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/oauth"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/workspace"
)

//go:embed templates/*.html
var files embed.FS

var templates = page.Parse(files, "templates/*.html")

// Pages are the pages of this area. Its fields are what it stands on.
type Pages struct {
	OAuth      *oauth.Room
	Workspaces *workspace.Room
	URLs       rest.URLs
}

// Mount adds the pages to a site.
func (p *Pages) Mount(s *page.Site) {
	const list = "/{workspace}/settings/consumers"
	administers := p.Workspaces.Workspaces().Needs(access.Admin)
	page.On(s, "GET "+list, administers, p.list)
	page.On(s, "GET "+list+"/new", administers, p.new)
	page.On(s, "POST "+list+"/new", administers, p.register)
	page.On(s, "GET "+list+"/{id}", administers, p.consumer(p.show))
	page.On(s, "POST "+list+"/{id}", administers, p.consumer(p.change))
	page.On(s, "POST "+list+"/{id}/secret", administers, p.consumer(p.renewSecret))
	page.On(s, "POST "+list+"/{id}/delete", administers, p.consumer(p.remove))

	page.On(s, "GET /site/oauth2/authorize", access.Self, p.ask)
	page.On(s, "POST /site/oauth2/authorize", access.Self, p.answer)
	page.On(s, "GET /account/applications", access.Self, p.applications)
	page.On(s, "POST /account/applications", access.Self, p.revoke)
}

// listPath is the path of the consumers of a workspace, and of what is below it.
func listPath(w *workspace.Workspace, more ...string) string {
	return strings.Join(append([]string{"", w.Slug, "settings", "consumers"}, more...), "/")
}

func trail(w *workspace.Workspace, more ...page.Link) []page.Link {
	return append([]page.Link{{Name: "Workspaces", Href: "/workspaces"}, {Name: w.Name, Href: "/" + w.Slug}}, more...)
}

// consumer finds the consumer that the path names for h.
func (p *Pages) consumer(h func(*page.Request, workspace.Workspace, oauth.Consumer) (page.Answer, error)) func(*page.Request, workspace.Workspace) (page.Answer, error) {
	return func(r *page.Request, w workspace.Workspace) (page.Answer, error) {
		id, ok := rest.Unbraced(r.PathValue("id"))
		if !ok {
			return page.Answer{}, notFound()
		}
		c, err := p.OAuth.Consumer(r.Context(), w.ID, id)
		if err != nil {
			return page.Answer{}, gone(err)
		}
		return h(r, w, c)
	}
}

func notFound() error {
	return rest.Refuse(reason.ResourceNotFound, "The workspace has no OAuth consumer with this id.")
}

// gone turns what is not there any more into the answer to it.
func gone(err error) error {
	if errors.Is(err, oauth.ErrNotFound) {
		return notFound()
	}
	return err
}

func (p *Pages) list(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	all, err := p.OAuth.Consumers(r.Context(), w.ID)
	if err != nil {
		return page.Answer{}, err
	}
	return r.Render(templates, page.View{Template: "list", Title: "OAuth consumers", Section: "workspaces", Trail: trail(&w), Tabs: page.SettingsTabs(w.Slug, listPath(&w)), Content: struct {
		Workspace workspace.Workspace
		Path      string
		Consumers []oauth.Consumer
	}{w, listPath(&w), all}})
}

// formPage is a consumer that people write about.
type formPage struct {
	Heading  string
	Consumer *oauth.Consumer // nil: a new one
	Form     *consumerForm
	Own      *access.Credential // what it does for its workspace; nil: nothing yet
	Path     string
	Authorize,
	Token string // addresses
}

func (p *Pages) formPage(r *page.Request, w *workspace.Workspace, f formPage) (page.Answer, error) {
	f.Path = listPath(w)
	if f.Consumer != nil {
		f.Path = listPath(w, f.Consumer.ID)
	}
	f.Authorize, f.Token = p.URLs.Web("site", "oauth2", "authorize").Href, p.URLs.Web("site", "oauth2", "access_token").Href
	return r.Render(templates, page.View{Template: "consumer", Title: f.Heading, Section: "workspaces", Narrow: true,
		Trail: trail(w, page.Link{Name: "OAuth consumers", Href: listPath(w)}), Content: f})
}

func (p *Pages) new(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	return p.formPage(r, &w, formPage{Heading: "New OAuth consumer", Form: newForm(r, listPath(&w, "new"), "Register", &oauth.Consumer{Private: true})})
}

func (p *Pages) register(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	c, secret, err := p.OAuth.Register(r.Context(), w.ID, r.Self.ID, sent(r))
	if err != nil {
		f := newForm(r, listPath(&w, "new"), "Register", &oauth.Consumer{})
		return f.again(r, err, func() (page.Answer, error) {
			return p.formPage(r, &w, formPage{Heading: "New OAuth consumer", Form: f})
		})
	}
	return p.showSecret(r, &w, &c, secret, "The consumer is registered.")
}

func (p *Pages) show(r *page.Request, w workspace.Workspace, c oauth.Consumer) (page.Answer, error) {
	if err := r.Site.Gate.Recorder.Flush(r.Context()); err != nil {
		return page.Answer{}, err
	}
	f := formPage{Heading: c.Name, Consumer: &c, Form: newForm(r, listPath(&w, c.ID), "Save", &c)}
	own, err := p.OAuth.Own(r.Context(), c.ID)
	if err == nil {
		f.Own = &own
	} else if !errors.Is(err, oauth.ErrNotFound) {
		return page.Answer{}, err
	}
	return p.formPage(r, &w, f)
}

func (p *Pages) change(r *page.Request, w workspace.Workspace, c oauth.Consumer) (page.Answer, error) {
	if _, err := p.OAuth.Change(r.Context(), c, sent(r)); err != nil {
		f := newForm(r, listPath(&w, c.ID), "Save", &c)
		return f.again(r, gone(err), func() (page.Answer, error) {
			return p.formPage(r, &w, formPage{Heading: c.Name, Consumer: &c, Form: f})
		})
	}
	return r.Done(listPath(&w, c.ID), "The consumer is changed.")
}

func (p *Pages) renewSecret(r *page.Request, w workspace.Workspace, c oauth.Consumer) (page.Answer, error) {
	secret, err := p.OAuth.RenewSecret(r.Context(), c)
	if err != nil {
		return page.Answer{}, gone(err)
	}
	return p.showSecret(r, &w, &c, secret, "The consumer has a new secret. The old one buys nothing from now on.")
}

// showSecret answers the change that made a secret with the only page that ever shows it.
func (p *Pages) showSecret(r *page.Request, w *workspace.Workspace, c *oauth.Consumer, secret, done string) (page.Answer, error) {
	return r.Render(templates, page.View{Template: "secret", Title: c.Name, Section: "workspaces", Narrow: true,
		Trail: trail(w, page.Link{Name: "OAuth consumers", Href: listPath(w)}), Content: struct {
			Consumer                        *oauth.Consumer
			Secret, Done, Path, Buy, Invite string
		}{c, secret, done, listPath(w, c.ID),
			"KEY='" + c.Key + "' SECRET='" + secret + "'\n" +
				`curl --user "$KEY:$SECRET" ` + p.URLs.Web("site", "oauth2", "access_token").Href + " -d grant_type=client_credentials",
			p.URLs.Web("site", "oauth2", "authorize").Href + "?client_id=" + c.Key + "&response_type=code"}})
}

func (p *Pages) remove(r *page.Request, w workspace.Workspace, c oauth.Consumer) (page.Answer, error) {
	if err := p.OAuth.Remove(r.Context(), c); err != nil {
		return page.Answer{}, gone(err)
	}
	return r.Done(listPath(&w), "The consumer "+c.Name+" is removed. Its tokens are refused from now on.")
}
