package consumers

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/oauth"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/scope"
	"github.com/pailforge/pail/internal/web/page"
)

// consent is what a person sees who is asked to let an application in.
type consent struct {
	Consumer *oauth.Consumer
	Self     *access.Account
	Scopes   []granted
	To       string // where the answer goes: a host, or the scheme of an app on the device
	Action   string
	CSRF     string
}

// granted is a scope that is asked for, or that comes with one.
type granted struct {
	scope.Info
	With []scope.Info // what it opens beside what it says
}

// ask shows what an application wants. Who has allowed it all before goes on at once, unless the way here was a form of
// this site: browsers hold a form to its own site through every redirect (form-action).
func (p *Pages) ask(r *page.Request, self *access.Account) (page.Answer, error) {
	q, err := p.OAuth.Ask(r.Context(), r.URL.RawQuery)
	if err != nil {
		return told(r, err)
	}
	allowed, err := p.OAuth.Allowed(r.Context(), q, self.ID)
	if err != nil {
		return page.Answer{}, err
	}
	if allowed && r.Header.Get("Sec-Fetch-Site") != "same-origin" && r.Method == http.MethodGet {
		to, err := p.OAuth.Yes(r.Context(), q, self.ID)
		return page.Redirect(to), err
	}
	to, err := url.Parse(q.RedirectURI)
	if err != nil {
		return page.Answer{}, err
	}
	c := consent{Consumer: &q.Consumer, Self: self, Scopes: explain(q.Consumer.Scopes), To: to.Host, Action: r.URL.RequestURI(), CSRF: r.CSRF()}
	if c.To == "" {
		c.To = "the app " + to.Scheme
	}
	a, err := r.Render(templates, page.View{Template: "authorize", Title: "Access for " + q.Consumer.Name, Narrow: true, Content: c})
	a.Header = page.FormsLeadTo(to.Scheme)
	return a, err
}

// answer takes the person's yes or no to the application.
func (p *Pages) answer(r *page.Request, self *access.Account) (page.Answer, error) {
	q, err := p.OAuth.Ask(r.Context(), r.URL.RawQuery)
	if err != nil {
		return told(r, err)
	}
	var to string
	switch r.Form.Get("answer") {
	case "yes":
		to, err = p.OAuth.Yes(r.Context(), q, self.ID)
	case "no":
		to, err = p.OAuth.No(q)
	default:
		err = rest.MissingField("answer")
	}
	if err != nil {
		return page.Answer{}, err
	}
	return page.Redirect(to), nil
}

// told takes a refusal to the application that is to learn it. Any other is shown to the person: nobody knows who would
// get it.
func told(r *page.Request, err error) (page.Answer, error) {
	if t, ok := errors.AsType[*oauth.Told](err); ok {
		rest.TraceOf(r.Context()).Reason = t.Refused.Reason
		return page.Redirect(t.URL), nil
	}
	return page.Answer{}, err
}

// explain is what scopes open, in plain words. What another scope among them opens already is not told twice.
func explain(asked scope.Set) []granted {
	var all []granted
	for _, s := range asked.Scopes() {
		g := granted{Info: s.Info()}
		for _, implied := range s.Info().Implies.Without(asked).Scopes() {
			g.With = append(g.With, implied.Info())
		}
		all = append(all, g)
	}
	return all
}
