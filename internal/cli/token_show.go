package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/scope"
	"github.com/pailforge/pail/internal/server"
	"github.com/spf13/cobra"
)

// credentialJSON is a credential as the commands write it, with the names that /pail/v1/user/api-tokens has.
type credentialJSON struct {
	ID            string      `json:"id"`
	Kind          access.Kind `json:"kind"`
	Name          string      `json:"name"`
	State         string      `json:"state"`
	Secret        string      `json:"token,omitempty"` // only where it is made
	Scopes        scope.Set   `json:"scopes"`
	Workspace     string      `json:"workspace,omitempty"` // the slug of the one that an API token is limited to
	CreatedOn     rest.Time   `json:"created_on"`
	ExpiresOn     rest.Time   `json:"expires_on"`
	RevokedOn     rest.Time   `json:"revoked_on"`
	ReplacedBy    string      `json:"replaced_by,omitempty"` // the id of the credential that it was rotated to
	LastAccessed  rest.Time   `json:"last_accessed"`
	AccessedFrom  string      `json:"last_accessed_address,omitempty"`
	AccessedBy    string      `json:"last_accessed_user_agent,omitempty"`
	LastRefused   rest.Time   `json:"last_refused"`
	RefusedFrom   string      `json:"last_refused_address,omitempty"`
	RefusedReason reason.Code `json:"last_refused_reason,omitempty"`
	Activity      []eventJSON `json:"activity,omitempty"`
}

type eventJSON struct {
	On        rest.Time   `json:"on"`
	Method    string      `json:"method"`
	Path      string      `json:"path"`
	Operation string      `json:"operation,omitempty"`
	Reason    reason.Code `json:"reason,omitempty"`
	Address   string      `json:"address"`
	Agent     string      `json:"user_agent"`
}

func credentialOf(c access.Credential, s *server.Server) credentialJSON {
	j := credentialJSON{ID: c.ID, Kind: c.Kind, Name: c.Name, State: state(c, s.Credentials.Now()), Scopes: c.Scopes,
		CreatedOn: rest.Time(c.Created), ExpiresOn: rest.Time(c.Expires), RevokedOn: rest.Time(c.Revoked),
		LastAccessed: rest.Time(c.LastAccessed), AccessedFrom: c.LastAccessedAddress, AccessedBy: c.LastAccessedAgent,
		LastRefused: rest.Time(c.LastRefused), RefusedFrom: c.LastRefusedAddress, RefusedReason: c.LastRefusedReason, ReplacedBy: c.ReplacedBy}
	j.Workspace = limit(c)
	return j
}

// limit is the slug of the workspace that an API token is limited to, "" for none.
func limit(c access.Credential) string {
	if c.Kind != access.APIToken {
		return ""
	}
	return c.Workspace
}

// credential finds a credential by its id.
func credential(ctx context.Context, s *server.Server, id string) (access.Credential, error) {
	plain, ok := rest.Unbraced(id)
	if !ok {
		// Whoever pastes the secret here must not find it again in a log.
		return access.Credential{}, misused("this is no id; pail token list shows the ids")
	}
	c, err := s.Credentials.Lookup(ctx, plain)
	if errors.Is(err, access.ErrNotFound) {
		return c, fmt.Errorf("there is no credential with the id %s; see: pail token list", plain)
	}
	return c, err
}

// tokenListOptions is one call of pail token list.
type tokenListOptions struct {
	*app
	email, target string
	json          bool
}

func (a *app) tokenList() *cobra.Command {
	o := &tokenListOptions{app: a}
	c := a.command("list", "List the credentials of somebody or something", `
List shows the API tokens and app passwords of an account, or the access tokens of a repository, a project or a
workspace: when each was last accepted, and when and why it was last refused. Revoked ones are left out.`, `
  pail token list --email ada@example.com
  pail token list --for repository:acme/widgets --json`, cobra.NoArgs, func(c *cobra.Command, _ []string) error {
		return a.using(c, false, o.run)
	})
	c.Flags().StringVar(&o.email, "email", "", "the account's `address`, or its username")
	c.Flags().StringVar(&o.target, "for", "", "`repository:WORKSPACE/REPOSITORY`, project:WORKSPACE/KEY or workspace:WORKSPACE")
	c.Flags().BoolVar(&o.json, "json", false, "write JSON")
	c.MarkFlagsOneRequired("email", "for")
	c.MarkFlagsMutuallyExclusive("email", "for")
	return c
}

func (o *tokenListOptions) run(ctx context.Context, s *server.Server) error {
	all, err := o.find(ctx, s)
	if err != nil {
		return err
	}
	if o.json {
		list := make([]credentialJSON, len(all))
		for i := range all {
			list[i] = credentialOf(all[i], s)
		}
		return writeJSON(o.out, list)
	}
	now := s.Credentials.Now()
	rows := make([][]string, len(all))
	for i, c := range all {
		rows[i] = []string{c.ID, c.Kind.Title(), c.Name, expiry(c, now), when(c.LastAccessed, "never"), refused(c)}
	}
	return table(o.out, []string{"id", "kind", "name", "expires", "last accessed", "last refused"}, rows)
}

func (o *tokenListOptions) find(ctx context.Context, s *server.Server) ([]access.Credential, error) {
	if o.target != "" {
		_, bounds, err := boundsOf(ctx, s, o.target)
		if err != nil {
			return nil, err
		}
		return s.Credentials.OfResource(ctx, bounds)
	}
	who, err := person(ctx, s, o.email)
	if err != nil {
		return nil, err
	}
	var all []access.Credential
	for _, kind := range []access.Kind{access.APIToken, access.AppPassword} {
		some, err := s.Credentials.OfAccount(ctx, who.ID, kind)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

func expiry(c access.Credential, now time.Time) string {
	text := day(c.Expires, "never")
	if state(c, now) == "expired" {
		text += " (expired)"
	}
	return text
}

func refused(c access.Credential) string {
	text := when(c.LastRefused, "never")
	if c.LastRefusedReason != "" {
		text += " " + string(c.LastRefusedReason)
	}
	return text
}

func (a *app) tokenShow() *cobra.Command {
	var asJSON, usage bool
	c := a.command("show ID", "Show one credential and what was done with it", `
Show tells everything about a credential but its secret: its scopes, when it was last accepted, when and why it was last
refused, and the last requests made with it. With --usage it tells which operations the credential was let in to since
it exists, how often, which scopes that took, and which of its scopes were never used.`, `
  pail token show 0198a4c2-5d1e-7b3a-9c64-2f0e8d7a1b55
  pail token show 0198a4c2-5d1e-7b3a-9c64-2f0e8d7a1b55 --json
  pail token show 0198a4c2-5d1e-7b3a-9c64-2f0e8d7a1b55 --usage`, cobra.ExactArgs(1), func(c *cobra.Command, args []string) error {
		return a.using(c, false, func(ctx context.Context, s *server.Server) error {
			one, err := credential(ctx, s, args[0])
			if err != nil {
				return err
			}
			if usage {
				return a.showUsage(ctx, s, one, asJSON)
			}
			events, err := s.Gate.Recorder.Activity(ctx, one.ID, shownEvents)
			if err != nil {
				return err
			}
			if !asJSON {
				return a.showCredential(one, events, s.Credentials.Now())
			}
			j := credentialOf(one, s)
			for _, e := range events {
				j.Activity = append(j.Activity, eventJSON{rest.Time(e.At), e.Method, e.Path, e.Operation, e.Reason, e.Address, e.Agent})
			}
			return writeJSON(a.out, j)
		})
	})
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	c.Flags().BoolVar(&usage, "usage", false, "show what it was used for and which scopes were never used")
	return c
}

// shownEvents is how many of a credential's requests are shown.
const shownEvents = 20

func (a *app) showCredential(c access.Credential, events []access.Event, now time.Time) error {
	accessed := when(c.LastAccessed, "never")
	if !c.LastAccessed.IsZero() {
		accessed += " from " + c.LastAccessedAddress + " by " + printable(c.LastAccessedAgent)
	}
	turned := when(c.LastRefused, "never")
	if c.LastRefusedReason != "" {
		turned += " from " + c.LastRefusedAddress + ": " + string(c.LastRefusedReason) + ", " + lower(reason.Of(c.LastRefusedReason).Title)
	}
	err := fields(a.out, "ID", c.ID, "Kind", c.Kind.Title(), "Name", c.Name, "State", state(c, now), "Scopes", strings.Join(c.Scopes.Names(), ", "), "Limited to", limit(c),
		"Created", when(c.Created, ""), "Expires", when(c.Expires, "never"), "Revoked", when(c.Revoked, ""), "Replaced by", c.ReplacedBy, "Last accessed", accessed, "Last refused", turned)
	if err != nil || len(events) == 0 {
		return err
	}
	rows := make([][]string, len(events))
	for i, e := range events {
		outcome := "accepted"
		if e.Reason != "" {
			outcome = string(e.Reason)
		}
		rows[i] = []string{when(e.At, ""), e.Method, printable(e.Path), outcome, e.Address, printable(e.Agent)}
	}
	fmt.Fprintln(a.out)
	return table(a.out, []string{"when", "method", "path", "outcome", "from", "by"}, rows)
}

// printable keeps what a client sent from steering the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}

func lower(title string) string {
	if title == "" {
		return ""
	}
	return strings.ToLower(title[:1]) + title[1:]
}
