package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/server"
	"github.com/spf13/cobra"
)

// usageOf is what a credential was used for.
func usageOf(ctx context.Context, s *server.Server, c access.Credential) (account.UsageJSON, error) {
	used, err := s.Gate.Recorder.Usage(ctx, c.ID)
	return account.Usage(c, used), err
}

func (a *app) showUsage(ctx context.Context, s *server.Server, c access.Credential, asJSON bool) error {
	u, err := usageOf(ctx, s, c)
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(a.out, u)
	}
	if err := fields(a.out, "ID", c.ID, "Kind", c.Kind.Title(), "Name", c.Name, "Counted", u.Counted(), "Granted", strings.Join(c.Scopes.Names(), ", "),
		"Used", orNone(u.Scopes.Least.String()), "Never used", orNone(u.Scopes.Unused.String())); err != nil || u.Count() == 0 {
		return err
	}
	var rows [][]string
	for _, o := range append(u.Operations, u.Git...) {
		rows = append(rows, []string{strconv.FormatInt(o.Count, 10), strings.TrimSpace(o.Method + " " + o.Path), when(time.Time(o.First), ""), when(time.Time(o.Last), ""), orNone(o.Scopes.String())})
	}
	fmt.Fprintln(a.out)
	return table(a.out, []string{"requests", "operation", "first", "last", "scopes"}, rows)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// narrowOptions is one call of pail token narrow.
type narrowOptions struct {
	*app
	id, name string
	days     int
	json     bool
}

func (a *app) tokenNarrow() *cobra.Command {
	o := &narrowOptions{app: a}
	c := a.command("narrow ID", "Make a new API token with just the scopes that one uses", `
Narrow makes a new API token for the same account, with the least scopes for what the given API token or app password
was let in to since it exists, and prints its secret: alone on standard output, this one time. It says which window and
how many requests that rests on: what runs once a month may not have run yet.

The old credential stays as it is. Revoke it when the new token is in use everywhere.`, `
  pail token show 0198a4c2-5d1e-7b3a-9c64-2f0e8d7a1b55 --usage
  TOKEN=$(pail token narrow 0198a4c2-5d1e-7b3a-9c64-2f0e8d7a1b55 --name ci-narrow --days 90)
  pail token revoke 0198a4c2-5d1e-7b3a-9c64-2f0e8d7a1b55`, cobra.ExactArgs(1), func(c *cobra.Command, args []string) error {
		o.id = args[0]
		return a.using(c, false, o.run)
	})
	f := c.Flags()
	f.StringVar(&o.name, "name", "", "what the new one is for; without it the old one's name and \", narrowed\"")
	f.IntVar(&o.days, "days", 90, fmt.Sprintf("how many days it lives, 1 to %d", account.MaxTokenDays))
	f.BoolVar(&o.json, "json", false, "write JSON")
	return c
}

func (o *narrowOptions) run(ctx context.Context, s *server.Server) error {
	old, err := credential(ctx, s, o.id)
	if err != nil {
		return err
	}
	u, err := usageOf(ctx, s, old)
	if err != nil {
		return err
	}
	made, secret, err := s.Accounts.Narrow(ctx, old, u, o.name, o.days)
	if err != nil {
		return err
	}
	fmt.Fprintf(o.err, "The %s %q: %s.\n", old.Kind.Title(), old.Name, u.Counted())
	for _, key := range u.NoAPIToken() {
		fmt.Fprintf(o.err, "No API token is accepted by %s.\n", key)
	}
	fmt.Fprintf(o.err, "Made the API token %q with %s.\n", made.Name, made.Scopes)
	if !u.Scopes.Unused.Empty() {
		fmt.Fprintf(o.err, "Left out: %s.\n", u.Scopes.Unused)
	}
	fmt.Fprintf(o.err, "Its id is %s. It expires: %s.\nThe old one stays as it is, until: pail token revoke %s\n", made.ID, when(made.Expires, "never"), old.ID)
	if o.json {
		j := credentialOf(made, s)
		j.Secret = secret
		return writeJSON(o.out, j)
	}
	fmt.Fprintln(o.err, "The secret is shown this once:")
	_, err = fmt.Fprintln(o.out, secret)
	return err
}
