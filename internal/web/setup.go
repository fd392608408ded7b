package web

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// maxForm is how large the set-up form may be, in bytes: its longest fields, percent-encoded, fit several times.
const maxForm = 16 << 10

// field is one input of a form.
type field struct {
	Name, Label, Help  string
	Type, Autocomplete string
	Value              string // never a password
	Required           bool
	Min, Max           int // length in characters; 0: not bounded here
	Problems           []string
}

// form is what the set-up page shows.
type form struct {
	Secret string // of the link
	Fields []field
}

// Invalid reports whether a field has a problem.
func (f form) Invalid() bool {
	for _, one := range f.Fields {
		if len(one.Problems) > 0 {
			return true
		}
	}
	return false
}

// newForm is the form with what was sent, and what is wrong with it, by field.
func newForm(secret string, n account.New, problems map[string][]string) form {
	f := form{Secret: secret, Fields: []field{
		{Name: "email", Label: "E-mail", Type: "email", Autocomplete: "email", Value: n.Email, Required: true, Max: 254,
			Help: "You sign in with it, and send it along with API tokens."},
		{Name: "username", Label: "Username", Type: "text", Autocomplete: "username", Value: n.Username, Required: true, Max: 62,
			Help: "Your name in addresses and for git: letters, digits, _ and -."},
		{Name: "display_name", Label: "Display name", Type: "text", Autocomplete: "name", Value: n.DisplayName, Max: 100,
			Help: "What others see. Left empty, it is the username."},
		{Name: "password", Label: "Password", Type: "password", Autocomplete: "new-password", Required: true, Min: 10, Max: 200,
			Help: "10 to 200 characters."},
	}}
	for i := range f.Fields {
		f.Fields[i].Problems = problems[f.Fields[i].Name]
	}
	return f
}

// setupForm shows the form behind a set-up link.
func (p *Pages) setupForm(_ http.ResponseWriter, r *http.Request) (answer, error) {
	secret := r.URL.Query().Get("token")
	if err := p.open(r, secret); err != nil {
		return answer{}, err
	}
	return p.renderForm(newForm(secret, account.New{}, nil))
}

func (p *Pages) renderForm(f form) (answer, error) {
	return p.render(view{Page: "setup", Title: "Set up this server", Content: f})
}

// open refuses a set-up link that does not work (any more).
func (p *Pages) open(r *http.Request, secret string) error {
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
	return instead(e,
		"If you have just made the first account, the set-up is done: this link is not needed any more.",
		"While there is no account, `pail serve` prints a new link when it starts: restart the server.",
		"On the server's machine an account can be made without a link: `pail admin user create --email ada@example.com --username ada --admin`.")
}

// setup makes the first account. The link is looked at before the password is hashed, so that only its holder can
// make the server work.
func (p *Pages) setup(w http.ResponseWriter, r *http.Request) (answer, error) {
	sent, err := readForm(w, r)
	if err != nil {
		return answer{}, err
	}
	secret := sent.Get("token")
	if err := p.open(r, secret); err != nil {
		return answer{}, err
	}
	n := account.New{Email: sent.Get("email"), Username: sent.Get("username"), DisplayName: sent.Get("display_name"), Password: sent.Get("password")}
	made, err := p.Accounts.Setup(r.Context(), secret, n)
	if refused, ok := errors.AsType[*rest.Error](err); ok {
		switch {
		case refused.Reason == reason.SetupLinkUsed: // somebody else was faster
			return answer{}, linkUsed(refused)
		case len(refused.Fields) > 0 && !wantsJSON(r.Header.Values("Accept")):
			a, err := p.renderForm(newForm(secret, n, refused.Fields))
			if err == nil {
				p.note(r, refused)
				a.refusing(w, refused)
			}
			return a, err
		}
	}
	if err != nil {
		return answer{}, err
	}
	p.Log.Info("the first account was made with the set-up link", "account", made.ID)
	a, err := p.render(view{Page: "welcome", Title: "The server is set up", Content: p.welcome(made)})
	a.status = http.StatusCreated
	return a, err
}

// readForm reads an urlencoded body.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	const form = "application/x-www-form-urlencoded"
	if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media != form {
		return nil, rest.Refuse(reason.MediaTypeUnsupported, "This page takes a form, sent as "+form+".")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, rest.Refusef(reason.BodyTooLarge, "The form is larger than %d bytes.", tooLarge.Limit)
	}
	if err != nil {
		return nil, rest.Refuse(reason.BodyMalformed, "The form did not arrive as a whole.")
	}
	sent, err := url.ParseQuery(string(body))
	if err != nil { // the error may quote the body, and with it the password
		return nil, rest.Refuse(reason.BodyMalformed, "The body is no form: a percent escape or a separator in it is broken.")
	}
	return sent, nil
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
