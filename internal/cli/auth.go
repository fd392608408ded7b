package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/profile"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/scope"
	"github.com/pailforge/pail/internal/token"
	"github.com/spf13/cobra"
)

func (a *app) auth() *cobra.Command {
	return a.group("auth", "How the logins stand, and git's part in them", `
Auth shows the logins that pail login made, whether their credentials are accepted, and sets git up to use them.`, `
  pail auth status
  pail auth setup-git`, a.authStatus(), a.authSetupGit())
}

// authStatusOptions is one call of pail auth status.
type authStatusOptions struct {
	*app
	profile       string
	json, offline bool
}

// How a login stands.
const (
	accepted   = "accepted"
	turnedAway = "refused"
	unknown    = "not known" // the service did not answer, or was not asked
	noSecret   = "no secret"
)

// loginJSON is a login as the command writes it.
type loginJSON struct {
	Name         string       `json:"name"`
	Default      bool         `json:"default"`
	API          string       `json:"api"`
	Git          string       `json:"git"`
	GitUser      string       `json:"git_user"`
	Kind         profile.Kind `json:"kind"`
	Email        string       `json:"email,omitempty"`
	Username     string       `json:"username,omitempty"`
	Secret       string       `json:"secret"` // masked
	Stored       string       `json:"stored"` // where it comes from
	State        string       `json:"state"`
	Scopes       []string     `json:"scopes"`
	ExpiresOn    rest.Time    `json:"expires_on"`
	GitRefusedOn rest.Time    `json:"git_refused_on"`
	Why          []string     `json:"why"`
	Next         string       `json:"next,omitempty"` // the command to type
}

func (a *app) authStatus() *cobra.Command {
	o := &authStatusOptions{app: a}
	c := a.command("status", "Show the logins, and whether their credentials are accepted", `
Status shows each login: where its secret comes from, masked; whether the service accepts it, which one read-only request
tells (none with --offline); its scopes and what they allow git; when it ends, where that is known; and, where something
is wrong, why, and the next command to type. The exit code is 1 when a login is not accepted.`, `
  pail auth status
  pail auth status --profile pail.example.com --json`, cobra.NoArgs, func(c *cobra.Command, _ []string) error { return o.run(c.Context()) })
	a.bindProfile(c, &o.profile)
	c.Flags().BoolVar(&o.json, "json", false, "write JSON")
	c.Flags().BoolVar(&o.offline, "offline", false, "ask no service")
	return c
}

func (o *authStatusOptions) run(ctx context.Context) error {
	s, err := o.profiles()
	if err != nil {
		return err
	}
	list, err := o.logins(ctx, s)
	if err != nil {
		return err
	}
	if o.json {
		if err := writeJSON(o.out, list); err != nil {
			return err
		}
	} else {
		for i := range list {
			if err := list[i].write(o.app, i > 0); err != nil {
				return err
			}
		}
	}
	if len(list) == 0 {
		return errors.New("there is no login; make one with: pail login")
	}
	for _, l := range list {
		if l.State != accepted && !o.offline || l.State == noSecret {
			return fmt.Errorf("the login %s: %s", l.Name, l.State)
		}
	}
	return nil
}

// logins looks at the logins that were asked about: the environment's first, then all, or the one that was named.
func (o *authStatusOptions) logins(ctx context.Context, s *profile.Store) ([]loginJSON, error) {
	list := []loginJSON{}
	if o.profile != "" {
		p, ok := s.Find(o.profile)
		if !ok {
			return nil, misused("there is no login %q; there are: %s", token.Redact(o.profile), strings.Join(s.Names(), ", "))
		}
		secret, err := s.Secret(p)
		return append(list, o.look(ctx, s, p, secret, err)), nil
	}
	p, secret, ok, err := o.environment()
	if err != nil {
		return nil, err
	}
	if ok {
		list = append(list, o.look(ctx, s, p, secret, nil))
	}
	for _, p := range s.Profiles {
		secret, err := s.Secret(p)
		list = append(list, o.look(ctx, s, p, secret, err))
	}
	return list, nil
}

// look finds out how one login stands.
func (o *authStatusOptions) look(ctx context.Context, s *profile.Store, p profile.Profile, secret string, missing error) loginJSON {
	l := loginJSON{Name: p.Name, Default: p.Name == s.Default, API: p.API, Git: p.Git, GitUser: p.GitUser(), Kind: p.Kind, Email: p.Email, Username: p.Username,
		Secret: token.Mask(secret), Stored: storedIn(s, p), State: unknown, Scopes: []string{}, ExpiresOn: rest.Time(p.Expires), GitRefusedOn: rest.Time(p.Refused), Why: []string{}}
	again := "pail login --profile " + shellWord(p.Name) + " --api " + shellWord(p.API)
	if missing != nil {
		l.Secret, l.State, l.Why, l.Next = "", noSecret, []string{clean(missing.Error())}, again
		return l
	}
	if !p.Expires.IsZero() && time.Now().After(p.Expires) {
		l.Why = append(l.Why, "It was to expire on "+day(p.Expires, "")+".")
	}
	if o.offline {
		return l
	}
	client, err := o.client(p, secret)
	if err == nil {
		var check *profile.Check
		if check, err = client.Check(ctx); err == nil {
			l.judge(o.app, p, check, again)
			return l
		}
	}
	l.Why, l.Next = append(l.Why, clean(err.Error())), "curl -sI "+shellWord(p.API)
	return l
}

// judge reads the answer to the one request.
func (l *loginJSON) judge(a *app, p profile.Profile, check *profile.Check, again string) {
	if !check.Accepted {
		l.State, l.Next = turnedAway, again
		if p.Stored == profile.Environment {
			l.Next = "unset " + tokenVariable
		}
		l.Why = append(l.Why, a.explain(refusedCall{Profile: p, Method: http.MethodGet, Path: "/2.0" + profile.CheckPath, Status: check.Status, Header: check.Header, Body: check.Body})...)
		return
	}
	l.State = accepted
	if check.Scopes != nil {
		l.Scopes = check.Scopes
	}
	if check.Username != "" {
		l.Username = check.Username
	}
	if !p.Refused.IsZero() {
		l.Why = append(l.Why, "git was refused with it on "+when(p.Refused, "")+", and has not been accepted since; the REST API accepts it.")
		l.Next = "git ls-remote " + p.Git + "/WORKSPACE/REPOSITORY.git"
	}
}

// storedIn is where a secret comes from, for a person.
func storedIn(s *profile.Store, p profile.Profile) string {
	switch p.Stored {
	case profile.Environment:
		return "the variable " + tokenVariable
	case profile.File:
		return s.SecretsPath()
	}
	return "the keyring"
}

func (l *loginJSON) write(a *app, next bool) error {
	if next {
		fmt.Fprintln(a.out)
	}
	account := l.Username
	if l.Email != "" {
		account = strings.TrimSpace(l.Username + " <" + l.Email + ">")
	}
	scopes := strings.Join(l.Scopes, ", ")
	git := l.Git + " as " + l.GitUser
	if l.State == accepted && len(l.Scopes) > 0 {
		git += ": " + gitRights(l.Scopes)
	}
	credential := l.Kind.Title()
	if l.Secret != "" {
		credential += " " + l.Secret
	}
	err := fields(a.out, "Login", l.Name+map[bool]string{true: " (default)"}[l.Default], "API", l.API, "Account", account, "Credential", credential+", from "+l.Stored,
		"State", l.State, "Scopes", scopes, "Git", git, "Expires", day(time.Time(l.ExpiresOn), ""), "Why", strings.Join(l.Why, "\n\t"), "Next", l.Next)
	return err
}

// gitRights says what scopes allow git.
func gitRights(names []string) string {
	var granted scope.Set
	for _, name := range names { // one that is unknown here gives git nothing
		if s, err := scope.Parse(name); err == nil {
			granted = granted.Add(s)
		}
	}
	legacy := len(granted.Scopes()) > 0 && granted.Scopes()[0].Legacy()
	may := func(what string, api, old scope.Requirement) string {
		needs := api
		if legacy {
			needs = old
		}
		if missing, ok := needs.Missing(granted); !ok {
			return "no " + what + ", which takes " + missing.String()
		}
		return what
	}
	return may("fetch", access.GitRead.Scopes, access.GitRead.OAuthScopes) + "; " + may("push", access.GitWrite.Scopes, access.GitWrite.OAuthScopes)
}
