package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/server"
	"github.com/spf13/cobra"
)

// rotateOptions is one call of pail token rotate.
type rotateOptions struct {
	*app
	id        string
	overlap   time.Duration
	days      int
	daysGiven bool
	json      bool
}

func (a *app) tokenRotate() *cobra.Command {
	o := &rotateOptions{app: a}
	c := a.command("rotate ID", "Make a new token in the place of one, which ends after an overlap", `
Rotate makes a token with the name, the scopes and the limits of the given API token or access token, and prints its
secret: alone on standard output, this one time. The old token goes on working for the overlap, and never longer than it
was to. Without --days the new one lives as long as the old one was made for.`, `
  TOKEN=$(pail token rotate 0198a4c2-5d1e-7b3a-9c64-2f0e8d7a1b55 --overlap 24h)
  pail token rotate 0198a4c2-5d1e-7b3a-9c64-2f0e8d7a1b55 --overlap 0 --days 30`, cobra.ExactArgs(1), func(c *cobra.Command, args []string) error {
		o.id, o.daysGiven = args[0], c.Flags().Changed("days")
		return a.using(c, false, o.run)
	})
	f := c.Flags()
	f.DurationVar(&o.overlap, "overlap", 24*time.Hour, "how long the old one goes on working, 0 to 168h")
	f.IntVar(&o.days, "days", 0, fmt.Sprintf("how many days the new one lives, 1 to %d; 0 for an access token without an end", account.MaxTokenDays))
	f.BoolVar(&o.json, "json", false, "write JSON")
	return c
}

func (o *rotateOptions) run(ctx context.Context, s *server.Server) error {
	old, err := credential(ctx, s, o.id)
	if err != nil {
		return err
	}
	if !o.daysGiven {
		o.days = account.LifeOf(old)
	}
	made, secret, err := s.Accounts.Rotate(ctx, old, o.overlap, o.days)
	if errors.Is(err, access.ErrNotFound) {
		return fmt.Errorf("the %s %q was revoked at %s: there is nothing to rotate", old.Kind.Title(), old.Name, when(old.Revoked, "another time"))
	}
	if err != nil {
		return err
	}
	if old, err = s.Credentials.Lookup(ctx, old.ID); err != nil {
		return err
	}
	fmt.Fprintf(o.err, "Made the %s %q with %s.\nIts id is %s. It expires: %s.\nThe old one, %s, ends: %s.\n",
		made.Kind.Title(), made.Name, made.Scopes, made.ID, when(made.Expires, "never"), old.ID, when(old.Expires, "never"))
	if o.json {
		j := credentialOf(made, s)
		j.Secret = secret
		return writeJSON(o.out, j)
	}
	fmt.Fprintln(o.err, "The secret is shown this once:")
	_, err = fmt.Fprintln(o.out, secret)
	return err
}
