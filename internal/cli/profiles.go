package cli

import (
	"errors"
	"strings"

	"github.com/pailforge/pail/internal/profile"
	"github.com/pailforge/pail/internal/server"
	"github.com/pailforge/pail/internal/token"
	"github.com/spf13/cobra"
)

// The variables that stand for a login, for machines on which nobody logs in.
const (
	tokenVariable    = "PAIL_TOKEN"
	emailVariable    = "PAIL_EMAIL"
	usernameVariable = "PAIL_USERNAME"
	apiVariable      = "PAIL_API_URL"
	profileVariable  = "PAIL_PROFILE"
)

// getenv is the value of a variable that the command was run with.
func (a *app) getenv(name string) (value string) {
	for _, entry := range a.env {
		if v, ok := strings.CutPrefix(entry, name+"="); ok {
			value = v
		}
	}
	return value
}

// profiles opens the logins.
func (a *app) profiles() (*profile.Store, error) {
	dir := a.getenv(profile.DirVariable)
	s, err := profile.Open(dir)
	if err == nil {
		s.Apart = dir != ""
	}
	return s, err
}

// bindProfile gives a command the flag that names a login.
func (a *app) bindProfile(c *cobra.Command, name *string) {
	c.Flags().StringVar(name, "profile", "", "the login to use, by its `name` (PAIL_PROFILE); default: the last one made")
	_ = c.RegisterFlagCompletionFunc("profile", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		s, err := a.profiles()
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		return s.Names(), cobra.ShellCompDirectiveNoFileComp
	})
}

// environment is the login that the variables stand for; ok is false when PAIL_TOKEN is not set.
func (a *app) environment() (p profile.Profile, secret string, ok bool, err error) {
	if secret = a.getenv(tokenVariable); secret == "" {
		return p, "", false, nil
	}
	at, err := profile.Services(a.getenv(apiVariable))
	if err != nil {
		return p, "", true, misused("%s: %v", apiVariable, err)
	}
	p = profile.Profile{Name: "environment", API: at.API, Git: at.Git, Email: a.getenv(emailVariable), Username: a.getenv(usernameVariable), Stored: profile.Environment}
	if p.Kind, err = kindOf(secret, "", at); err != nil {
		return p, "", true, misused("%s: %v", tokenVariable, err)
	}
	switch {
	case p.Kind == profile.APIToken && p.Email == "":
		return p, "", true, misused("%s: an API token goes with the account's e-mail; set it", emailVariable)
	case p.Kind == profile.AppPassword && p.Username == "":
		return p, "", true, misused("%s: an app password goes with the username; set it", usernameVariable)
	}
	return p, secret, true, nil
}

// login is the login to use and its secret: the named one, else the environment's, else the default.
func (a *app) loginNamed(s *profile.Store, name string) (p profile.Profile, secret string, err error) {
	if name == "" {
		p, secret, ok, err := a.environment()
		if ok || err != nil {
			return p, secret, err
		}
		name = a.getenv(profileVariable)
	}
	p, ok := s.Find(name)
	switch {
	case !ok && name == "":
		return p, "", errors.New("there is no login; make one with: pail login")
	case !ok && len(s.Profiles) == 0:
		return p, "", misused("there is no login %q, nor any other; make one with: pail login", token.Redact(name))
	case !ok:
		return p, "", misused("there is no login %q; there are: %s", token.Redact(name), strings.Join(s.Names(), ", "))
	}
	secret, err = s.Secret(p)
	return p, secret, err
}

// client makes a client for a login.
func (a *app) client(p profile.Profile, secret string) (*profile.Client, error) {
	return profile.NewClient(p, secret, "pail/"+server.Version())
}

// kindOf tells what a secret is, or why it cannot be one for a service. kind, when given, decides where the form does
// not.
func kindOf(secret string, kind profile.Kind, at profile.Service) (profile.Kind, error) {
	shape := token.Inspect(secret)
	switch {
	case shape.Problem == token.Unrecognised && kind != "":
		return kind, nil
	case shape.Problem == token.Unrecognised:
		return "", errors.New(shape.Detail + " If it is a credential all the same, say which with --kind.")
	case shape.Problem != token.None && shape.Certain:
		return "", errors.New("the secret is damaged: " + shape.Detail)
	}
	switch shape.Origin {
	case token.OriginGitHub, token.OriginGitLab, token.OriginDataCenter:
		return "", errors.New("this is a token of " + shape.Origin.String() + "; it opens nothing here")
	case token.OriginPail:
		if at == profile.Cloud {
			return "", errors.New("this is a token of Pail, and the service is bitbucket.org; name your Pail with --api")
		}
	}
	found := profile.KindOf(shape.Kind)
	if found == "" {
		return "", errors.New("this is a secret for another use than the API: " + shape.Kind.String())
	}
	if kind != "" && kind != found {
		return "", errors.New("this is the secret of an " + found.Title() + ", not of an " + kind.Title())
	}
	return found, nil
}
