package signin

import (
	"embed"
	"log/slog"
	"net/url"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/sshkey"
	"github.com/pailforge/pail/internal/web/page"
)

//go:embed templates/*.html
var files embed.FS

var templates = page.Parse(files, "templates/*.html")

// Pages are the pages of this area. Its fields are what it stands on.
type Pages struct {
	Accounts *account.Room
	URLs     rest.URLs
	Log      *slog.Logger
	Provider *Provider    // to sign in with beside the password; nil: none
	SSH      *sshkey.Host // nil: Git over SSH is off
}

// Mount adds the pages to a site.
func (p *Pages) Mount(s *page.Site) {
	page.Open(s, "GET /setup", p.showSetup)
	page.Open(s, "POST /setup", p.setup)
	page.Open(s, "GET /signin", p.show)
	page.Open(s, "POST /signin", p.signIn)
	if p.Provider != nil {
		page.Open(s, "GET /signin/oidc", p.begin)
		page.Open(s, "GET /signin/oidc/callback", p.callback)
	}
	page.On(s, "POST /signout", access.Self, p.signOut)
	page.On(s, "GET /account", access.Self, func(*page.Request, *access.Account) (page.Answer, error) {
		return page.Redirect("/account/profile"), nil
	})
	page.On(s, "GET /account/profile", access.Self, p.profile)
	page.On(s, "POST /account/profile", access.Self, p.rename)
	page.On(s, "GET /account/emails", access.Self, p.emails)
	page.On(s, "POST /account/emails", access.Self, p.addEmail)
	page.On(s, "POST /account/emails/primary", access.Self, p.setPrimaryEmail)
	page.On(s, "POST /account/emails/remove", access.Self, p.removeEmail)
	page.On(s, "GET "+sshKeysPath, access.Self, p.sshKeys)
	page.On(s, "POST "+sshKeysPath, access.Self, p.addSSHKey)
	page.On(s, "POST "+sshKeysPath+"/remove", access.Self, p.removeSSHKey)
	page.On(s, "GET "+gpgKeysPath, access.Self, p.gpgKeys)
	page.On(s, "POST "+gpgKeysPath, access.Self, p.addGPGKey)
	page.On(s, "POST "+gpgKeysPath+"/remove", access.Self, p.removeGPGKey)
	page.On(s, "GET /account/password", access.Self, p.password)
	page.On(s, "POST /account/password", access.Self, p.changePassword)
	page.On(s, "GET /account/sessions", access.Self, p.sessions)
	page.On(s, "POST /account/sessions", access.Self, p.endSessions)
}

// signInPage is what the page to sign in shows.
type signInPage struct {
	Form   *page.Form
	Reason string          // why somebody was sent here; ""
	Button *providerButton // nil: no provider
}

func (p *Pages) form(r *page.Request, next string) *page.Form {
	return r.NewForm("/signin", "Sign in",
		page.Field{Name: "next", Type: "hidden", Value: next},
		page.Field{Name: "email", Label: "E-mail", Type: "email", Direction: "ltr", Autocomplete: "username", Required: true, Max: 254},
		page.Field{Name: "password", Label: "Password", Type: "password", Autocomplete: "current-password", Required: true, Max: 200})
}

func (p *Pages) render(r *page.Request, content signInPage) (page.Answer, error) {
	return r.Render(templates, page.View{Template: "signin", Title: "Sign in", Section: "signin", Narrow: true, Content: content})
}

func (p *Pages) show(r *page.Request) (page.Answer, error) {
	next := inside(r.URL.Query().Get("next"))
	if r.Self != nil {
		return page.Redirect(next), nil
	}
	content := signInPage{Form: p.form(r, next), Button: p.button(next)}
	if next != "/" {
		content.Reason = "Sign in to see that page."
	}
	return p.render(r, content)
}

// signIn begins a session. Trying is throttled, by account and by address, where passwords are checked.
func (p *Pages) signIn(r *page.Request) (page.Answer, error) {
	next := inside(r.Form.Get("next"))
	a, err := p.Accounts.Authenticate(r.Context(), r.Form.Get("email"), r.Form.Get("password"), access.Address(r.Request))
	if err != nil {
		form := p.form(r, next)
		return r.Again(form, err, func() (page.Answer, error) { return p.render(r, signInPage{Form: form, Button: p.button(next)}) })
	}
	if err := r.SignIn(a.ID); err != nil {
		return page.Answer{}, err
	}
	return page.Redirect(next), nil
}

func (p *Pages) signOut(r *page.Request, _ *access.Account) (page.Answer, error) {
	return page.Redirect("/"), r.SignOut()
}

// inside is a path of this site to go on to; "/" for anything else, so that nobody is sent elsewhere.
func inside(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}
