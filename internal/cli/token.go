package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/scope"
	"github.com/pailforge/pail/internal/server"
	"github.com/spf13/cobra"
)

func (a *app) token() *cobra.Command {
	c := a.group("token", "API tokens, app passwords and access tokens", `
Token makes, lists, shows, narrows, rotates and revokes credentials, on the store that --data, --database or the configuration name, also
while the server runs. A secret is shown once, where it is made.`, `
  TOKEN=$(pail token create --email ada@example.com --name ci --scope read:repository:bitbucket --days 30)
  pail token list --email ada@example.com
  pail token show 0198a4c2-5d1e-7b3a-9c64-2f0e8d7a1b55`, a.tokenCreate(), a.tokenList(), a.tokenShow(),
		a.tokenNarrow(), a.tokenRotate(), a.tokenRevoke())
	bindStore(c)
	return c
}

// tokenCreateOptions is one call of pail token create.
type tokenCreateOptions struct {
	*app
	email, name, target string
	scopes              []string
	workspace           string
	days                int
	daysGiven           bool
	appPassword, json   bool
}

func (a *app) tokenCreate() *cobra.Command {
	o := &tokenCreateOptions{app: a}
	c := a.command("create", "Make an API token, an app password or an access token", `
Create makes a credential and prints its secret: alone on standard output, this one time.

An API token is a person's (--email) and takes API-token scopes, such as read:repository:bitbucket; ":bitbucket" may be
left out. No scope includes another: write does not read. With --workspace it is limited to one workspace: anywhere else
it may do what everybody may. An app password (--app-password) is a person's too, an access
token (--for) belongs to a repository, a project or a workspace; both take legacy scopes, such as repository:write.`, `
  TOKEN=$(pail token create --email ada@example.com --name ci --scope read:repository --scope read:project --days 30)
  pail token create --email ada@example.com --name acme-only --scope read:repository --workspace acme
  pail token create --email ada@example.com --name old-script --app-password --scope repository,project
  pail token create --for repository:acme/widgets --name deploy --scope repository:write --days 90
  pail token create --for workspace:acme --name backup --scope repository`, cobra.NoArgs,
		func(c *cobra.Command, _ []string) error {
			o.daysGiven = c.Flags().Changed("days")
			if o.workspace != "" && (o.appPassword || o.target != "") {
				return misused("--workspace limits an API token; an access token is limited by what it is --for")
			}
			if o.appPassword && o.daysGiven {
				return misused("--days: an app password does not expire by itself; the setting app_passwords.until ends all of them")
			}
			return a.using(c, false, o.run)
		})
	f := c.Flags()
	f.StringVar(&o.email, "email", "", "whose it is: the account's `address`, or its username")
	f.StringVar(&o.target, "for", "", "make an access token for `repository:WORKSPACE/REPOSITORY`, project:WORKSPACE/KEY or workspace:WORKSPACE")
	f.StringVar(&o.name, "name", "", "what it is for")
	f.StringSliceVar(&o.scopes, "scope", nil, "a `scope`; several times, or with commas between")
	f.StringVar(&o.workspace, "workspace", "", "limit the API token to this `workspace`, which its owner belongs to")
	f.IntVar(&o.days, "days", 90, fmt.Sprintf("how many days it lives, 1 to %d; 0 for an access token without an end", account.MaxTokenDays))
	f.BoolVar(&o.appPassword, "app-password", false, "make an app password")
	f.BoolVar(&o.json, "json", false, "write JSON")
	c.MarkFlagsOneRequired("email", "for")
	c.MarkFlagsMutuallyExclusive("email", "for")
	c.MarkFlagsMutuallyExclusive("app-password", "for")
	return required(c, "name", "scope")
}

func (o *tokenCreateOptions) run(ctx context.Context, s *server.Server) error {
	made, secret, usage, err := o.issue(ctx, s)
	if err != nil {
		return err
	}
	if o.json {
		j := credentialOf(made, s)
		j.Secret = secret
		return writeJSON(o.out, j)
	}
	fmt.Fprintf(o.err, "Made the %s %q with %s.\n", made.Kind.Title(), made.Name, strings.Join(made.Scopes.Names(), ", "))
	fmt.Fprintf(o.err, "Its id is %s. It expires: %s.\n%s\nThe secret is shown this once:\n", made.ID, when(made.Expires, "never"), usage)
	_, err = fmt.Fprintln(o.out, secret)
	return err
}

// issue makes the credential. usage says how it is sent.
func (o *tokenCreateOptions) issue(ctx context.Context, s *server.Server) (made access.Credential, secret, usage string, err error) {
	if o.target != "" {
		kind, bounds, err := boundsOf(ctx, s, o.target)
		if err != nil {
			return made, "", "", err
		}
		made, secret, err = s.Accounts.CreateAccessToken(ctx, kind, bounds, o.name, o.scopes, o.days)
		return made, secret, "REST: Authorization: Bearer SECRET. git: user x-token-auth.", err
	}
	who, err := person(ctx, s, o.email)
	if err != nil {
		return made, "", "", err
	}
	if o.appPassword {
		made, secret, err = s.Accounts.CreateAppPassword(ctx, who.ID, o.name, o.scopes)
		return made, secret, fmt.Sprintf("REST and git: Basic with the user %s.", who.Username), err
	}
	made, secret, err = s.Accounts.MakeToken(ctx, who.ID, account.NewToken{Name: o.name, Scopes: fullNames(o.scopes), Days: o.days, Workspace: o.workspace})
	return made, secret, fmt.Sprintf("REST: Basic with the user %s. git: user %s or x-bitbucket-api-token-auth.", who.Email, who.Username), err
}

// fullNames adds the ":bitbucket" that may be left out of API-token scopes.
func fullNames(names []string) []string {
	full := make([]string, len(names))
	for i, name := range names {
		full[i] = name
		if _, err := scope.Parse(name + ":bitbucket"); err == nil {
			full[i] += ":bitbucket"
		}
	}
	return full
}

func (a *app) tokenRevoke() *cobra.Command {
	return a.command("revoke ID", "End a credential", "Revoke ends an API token, an app password or an access token, whoever's it is. The next request with it is refused, and\nsays why.", `
  pail token revoke 0198a4c2-5d1e-7b3a-9c64-2f0e8d7a1b55`, cobra.ExactArgs(1), func(c *cobra.Command, args []string) error {
		return a.using(c, false, func(ctx context.Context, s *server.Server) error {
			one, err := credential(ctx, s, args[0])
			if err != nil {
				return err
			}
			err = s.Credentials.End(ctx, one.ID)
			if errors.Is(err, access.ErrNotFound) {
				one, _ = s.Credentials.Lookup(ctx, one.ID)
				return fmt.Errorf("the %s %q was revoked already, at %s", one.Kind.Title(), one.Name, when(one.Revoked, "another time"))
			}
			if err != nil {
				return err
			}
			return a.say("Revoked the %s %q.", one.Kind.Title(), one.Name)
		})
	})
}

// state is how a credential stands at a moment.
func state(c access.Credential, now time.Time) string {
	switch {
	case !c.Revoked.IsZero():
		return "revoked"
	case !c.Expires.IsZero() && !now.Before(c.Expires):
		return "expired"
	}
	return "active"
}
