package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/profile"
	"github.com/pailforge/pail/internal/token"
	"github.com/spf13/cobra"
)

// loginOptions is one call of pail login.
type loginOptions struct {
	*app
	api, email, username, profile, kind, expires, ca string
	stdin, git                                       bool
}

func (a *app) login() *cobra.Command {
	o := &loginOptions{app: a}
	c := a.command("login", "Log in to bitbucket.org or a Pail", `
Login keeps a credential for pail api and for git: an API token with the account's e-mail, an access token of a
repository, project or workspace, or an app password with the username. It asks for what is missing, reads the secret
without showing it, looks whether it is whole, and tests it with one read-only request (GET /2.0/user).

The secret goes into the keyring of the operating system or, where there is none, into a file that only you can read. On
a machine where nobody logs in, PAIL_TOKEN with PAIL_EMAIL or PAIL_USERNAME, and PAIL_API_URL, stand for a login.

With --git, git asks pail for this host from now on, and no other helper; without, the lines that set this are printed.`, `
  pail login
  pail login --api https://pail.example.com --git
  pass show bitbucket/token | pail login --email ada@example.com --token-stdin
  pail login --profile deploy --token-stdin < access-token.txt`, cobra.NoArgs, func(c *cobra.Command, _ []string) error { return o.run(c.Context()) })
	f := c.Flags()
	f.StringVar(&o.api, "api", "", "the service's `URL`; default: bitbucket.org")
	f.StringVar(&o.email, "email", "", "the account's `e-mail`, for an API token")
	f.StringVar(&o.username, "username", "", "the account's `username`, for an app password; else the service tells it")
	f.BoolVar(&o.stdin, "token-stdin", false, "read the secret from the first line of standard input")
	f.StringVar(&o.profile, "profile", "", "the `name` of the login; default: the host")
	f.StringVar(&o.kind, "kind", "", "the `kind` of a secret whose form does not tell: api-token, access-token, app-password or oauth")
	f.StringVar(&o.expires, "expires", "", "the `date` (YYYY-MM-DD) on which the secret ends, to be reminded of it")
	f.StringVar(&o.ca, "cacert", "", "a `file` of certificates (PEM) to trust for this service, beside the system's")
	f.BoolVar(&o.git, "git", false, "set git up to ask pail for this host")
	return c
}

func (o *loginOptions) run(ctx context.Context) error {
	p, at, err := o.described()
	if err != nil {
		return err
	}
	if at.Plain() {
		fmt.Fprintf(o.err, "pail: warning: %s has no TLS: the secret travels unencrypted.\n", at.Git)
	}
	secret, err := o.secret(at)
	if err != nil {
		return err
	}
	if p.Kind, err = kindOf(secret, profile.Kind(o.kind), at); err != nil {
		return misused("%v", err)
	}
	if err := o.identity(&p); err != nil {
		return err
	}
	check, err := o.try(ctx, p, secret)
	if err != nil {
		return err
	}
	if check.Username != "" {
		p.Username = check.Username
	}
	s, err := o.profiles()
	if err != nil {
		return err
	}
	p, lack, err := s.Put(p, secret)
	if err != nil {
		return err
	}
	if lack != nil {
		fmt.Fprintf(o.err, "pail: warning: no keyring can be used here (%v). The secret is in %s, which only you can read.\n", lack, s.SecretsPath())
	} else if s.Apart {
		fmt.Fprintf(o.err, "The secret is in %s, which only you can read.\n", s.SecretsPath())
	}
	if err := o.say("Logged in to %s%s with the %s %s.", p.Name, asWhom(p), p.Kind.Title(), token.Mask(secret)); err != nil {
		return err
	}
	if len(check.Scopes) > 0 {
		if err := o.say("Scopes: %s.", strings.Join(check.Scopes, ", ")); err != nil {
			return err
		}
	}
	return o.setUpGit(ctx, p)
}

// described is the profile as far as the flags describe it.
func (o *loginOptions) described() (p profile.Profile, at profile.Service, err error) {
	if at, err = profile.Services(o.api); err != nil {
		return p, at, misused("--api: %v", err)
	}
	p = profile.Profile{Name: o.profile, API: at.API, Git: at.Git, Email: o.email, Username: o.username}
	if p.Name == "" {
		p.Name = at.Host()
	}
	if p.Name == "environment" || token.Redact(p.Name) != p.Name || strings.ContainsFunc(p.Name, func(r rune) bool { return r <= ' ' }) {
		return p, at, misused("--profile: choose another name, without spaces, and not a secret")
	}
	if o.kind != "" && !slices.Contains(profile.Kinds(), profile.Kind(o.kind)) {
		return p, at, misused("--kind: use api-token, access-token, app-password or oauth")
	}
	if o.expires != "" {
		if p.Expires, err = time.Parse(time.DateOnly, o.expires); err != nil {
			return p, at, misused("--expires: use YYYY-MM-DD")
		}
	}
	if o.ca != "" {
		if p.CA, err = filepath.Abs(o.ca); err != nil {
			return p, at, err
		}
	}
	return p, at, nil
}

// secret reads the secret from where it comes.
func (o *loginOptions) secret(at profile.Service) (string, error) {
	if o.stdin {
		line, err := bufio.NewReader(io.LimitReader(o.in, 64<<10)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	tty := o.terminal()
	if tty == nil {
		return "", misused("standard input is no terminal; give the secret with --token-stdin")
	}
	if at == profile.Cloud {
		fmt.Fprintln(o.err, "API tokens are made at https://id.atlassian.com/manage-profile/security/api-tokens, with scopes, for the app Bitbucket.")
	}
	return o.askSecret(tty, fmt.Sprintf("Token for %s (it is not shown): ", at.Host()))
}

// identity completes a profile by whom the credential belongs to, which a person's needs.
func (o *loginOptions) identity(p *profile.Profile) (err error) {
	switch {
	case p.Kind == profile.APIToken && p.Email == "":
		p.Email, err = o.askFor("E-mail of the account: ", "--email: an API token goes with the account's e-mail; name it")
	case p.Kind == profile.AppPassword && p.Username == "":
		p.Username, err = o.askFor("Username of the account: ", "--username: an app password goes with the account's username; name it")
	case !p.Kind.Personal():
		p.Email, p.Username = "", ""
	}
	if err != nil {
		return err
	}
	for _, field := range []struct{ flag, value string }{{"--email", p.Email}, {"--username", p.Username}} {
		if s := token.Inspect(field.value); s.Kind != token.Unknown || s.Problem == token.NotExpanded || s.Problem == token.Masked {
			return misused("%s: there is a secret, or a variable that was not replaced, where a name belongs", field.flag)
		}
		if strings.ContainsFunc(field.value, func(r rune) bool { return r <= ' ' || r == ':' || r == 0x7f }) {
			return misused("%s: it holds a space, a colon or a control character", field.flag)
		}
	}
	if p.Kind == profile.APIToken && !strings.Contains(p.Email, "@") {
		return misused("--email: %q is no e-mail. For the REST API an API token goes with the account's e-mail, not with the username", token.Redact(p.Email))
	}
	return nil
}

// askFor asks a person, where there is one; otherwise is the mistake.
func (o *loginOptions) askFor(question, otherwise string) (string, error) {
	tty := o.terminal()
	if o.stdin || tty == nil {
		return "", misused("%s", otherwise)
	}
	return o.ask(tty, question)
}

// try tests the credential. A secret that only looks damaged, by a form that is not promised, is named as such when it
// is refused.
func (o *loginOptions) try(ctx context.Context, p profile.Profile, secret string) (*profile.Check, error) {
	client, err := o.client(p, secret)
	if err != nil {
		return nil, err
	}
	check, err := client.Check(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w\nNothing was kept: whether the credential is good is not known", err)
	}
	if check.Accepted {
		return check, nil
	}
	lines := o.explain(refusedCall{Profile: p, Method: http.MethodGet, Path: "/2.0" + profile.CheckPath, Status: check.Status, Header: check.Header, Body: check.Body, Secret: secret})
	if shape := token.Inspect(secret); shape.Problem != token.None {
		lines = append([]string{"The secret looks damaged: " + shape.Detail}, lines...)
	}
	return nil, &problemsError{append([]string{fmt.Sprintf("%s answered %d %s; nothing was kept.", p.Name, check.Status, http.StatusText(check.Status))}, lines...)}
}

// asWhom is " as ada" where it is known.
func asWhom(p profile.Profile) string {
	if p.Username == "" {
		return ""
	}
	return " as " + p.Username
}

func (a *app) logout() *cobra.Command {
	var name string
	c := a.command("logout", "Forget a login", `
Logout removes a login and its secret from this machine. The credential itself lives on: end it where it was made.`, `
  pail logout
  pail logout --profile deploy`, cobra.NoArgs, func(*cobra.Command, []string) error {
		s, err := a.profiles()
		if err != nil {
			return err
		}
		if name == "" {
			name = a.getenv(profileVariable)
		}
		p, ok := s.Find(name)
		if !ok {
			return misused("there is no such login; see: pail auth status")
		}
		if err := s.Remove(p); err != nil {
			return err
		}
		return a.say("Forgot the login %s. The %s itself was not revoked.\nIf git was set to ask pail for this host, undo it with: git config --global --remove-section credential.%s",
			p.Name, p.Kind.Title(), p.Git)
	})
	a.bindProfile(c, &name)
	return c
}
