package signin

import (
	"errors"
	"net/http"
	"strings"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
)

// setupForm is the form with what was sent in it. The link's secret goes along.
func (p *Pages) setupForm(r *page.Request, secret string) *page.Form {
	return r.NewForm("/setup", "Make the account",
		page.Field{Name: "token", Type: "hidden", Value: secret},
		page.Field{Name: "email", Label: "E-mail", Type: "email", Direction: "ltr", Autocomplete: "email", Required: true, Max: 254,
			Help: "You sign in with it, and send it along with API tokens."},
		page.Field{Name: "username", Label: "Username", Direction: "ltr", Autocomplete: "username", Required: true, Max: 62,
			Help: "Your name in addresses and for git: letters, digits, _ and -."},
		page.Field{Name: "display_name", Label: "Display name", Autocomplete: "name", Max: 100,
			Help: "What others see. Left empty, it is the username."},
		newPassword("Password"))
}

func newPassword(label string) page.Field {
	return page.Field{Name: "password", Label: label, Type: "password", Autocomplete: "new-password", Required: true, Min: 10, Max: 200, Help: "10 to 200 characters."}
}

// showSetup shows the form behind a set-up link.
func (p *Pages) showSetup(r *page.Request) (page.Answer, error) {
	secret := r.URL.Query().Get("token")
	if err := p.open(r, secret); err != nil {
		return page.Answer{}, err
	}
	return r.Render(templates, page.View{Template: "setup", Title: "Set up this server", Narrow: true, Content: p.setupForm(r, secret)})
}

// open refuses a set-up link that does not work (any more).
func (p *Pages) open(r *page.Request, secret string) error {
	open, err := p.Accounts.SetupOpen(r.Context(), secret)
	if err != nil {
		return err
	}
	if !open {
		return linkUsed(rest.Refuse(reason.SetupLinkUsed, ""))
	}
	return nil
}

// linkUsed says how to go on without a working link.
func linkUsed(e *rest.Error) *rest.Error {
	return page.Instead(e,
		"If you have just made the first account, the set-up is done: this link is not needed any more.",
		"While there is no account, `pail serve` prints a new link when it starts: restart the server.",
		"On the server's machine an account can be made without a link: `pail admin user create --email ada@example.com --username ada --admin`.")
}

// setup makes the first account. The link is looked at before the password is hashed, so that only its holder can
// make the server work.
func (p *Pages) setup(r *page.Request) (page.Answer, error) {
	secret := r.Form.Get("token")
	if err := p.open(r, secret); err != nil {
		return page.Answer{}, err
	}
	n := account.New{Email: r.Form.Get("email"), Username: r.Form.Get("username"), DisplayName: r.Form.Get("display_name"), Password: r.Form.Get("password")}
	made, err := p.Accounts.Setup(r.Context(), secret, n)
	if refused, ok := errors.AsType[*rest.Error](err); ok && refused.Reason == reason.SetupLinkUsed { // somebody else was faster
		return page.Answer{}, linkUsed(refused)
	}
	if err != nil {
		form := p.setupForm(r, secret)
		return r.Again(form, err, func() (page.Answer, error) {
			return r.Render(templates, page.View{Template: "setup", Title: "Set up this server", Narrow: true, Content: form})
		})
	}
	p.Log.Info("the first account was made with the set-up link", "account", made.ID)
	if err := r.SignIn(made.ID); err != nil {
		return page.Answer{}, err
	}
	a, err := r.Render(templates, page.View{Template: "welcome", Title: "The server is set up", Narrow: true, Content: p.welcome(made)})
	a.Status = http.StatusCreated
	return a, err
}

// welcome is what the page after the set-up shows: lines to be copied.
type welcome struct {
	Name, Email, Token, Workspace, Check string
}

// firstScopes are what the token that the page suggests can do: look around, clone and push.
const firstScopes = `["read:user:bitbucket", "read:workspace:bitbucket", "read:repository:bitbucket", "write:repository:bitbucket"]`

func (p *Pages) welcome(a account.Account) welcome {
	return welcome{
		Name:  a.DisplayName,
		Email: a.Email,
		Token: "curl --user " + shell(a.Email) + ` -H 'Content-Type: application/json' \` + "\n" +
			`  --data '{"name": "first", "expires_in_days": 90, "scopes": ` + firstScopes + `}' \` + "\n" +
			"  " + p.URLs.Web("pail", "v1", "user", "api-tokens").Href,
		Workspace: "pail admin workspace create acme --name 'Acme Inc.' --owner " + shell(a.Email),
		Check:     "curl --user " + shell(a.Email) + `:"$TOKEN" ` + p.URLs.API("user").Href,
	}
}

// shell quotes s as one word of a POSIX shell. An e-mail may hold what a shell takes for more than a letter.
func shell(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
