package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/scope"
)

// MaxTokenDays is the longest life of an API token, in days (support document "API tokens": one year).
const MaxTokenDays = 365

// MaxOverlap is how long a credential that was rotated may go on working at the most.
const MaxOverlap = 7 * 24 * time.Hour

const noSuchWorkspace = "the account belongs to no such workspace"

// NewToken is what it takes to make an API token.
type NewToken struct {
	Name      string
	Scopes    []string // at least one
	Days      int      // its life, 1 to MaxTokenDays
	Workspace string   // the slug or uuid of the workspace that it is limited to; "": not limited
}

// MakeToken mints an API token for an account. A *rest.Error names the field that is wrong, as POST
// /pail/v1/user/api-tokens has it; a list that is full is a conflict.
func (r *Room) MakeToken(ctx context.Context, accountID string, n NewToken) (access.Credential, string, error) {
	c := access.Credential{Kind: access.APIToken, AccountID: accountID, Name: n.Name}
	if n.Workspace != "" {
		id, slug, err := memberWorkspace(ctx, r.DB, accountID, n.Workspace)
		if errors.Is(err, ErrNotFound) {
			return c, "", rest.InvalidField("workspace", noSuchWorkspace)
		}
		if err != nil {
			return c, "", err
		}
		c.Bounds.WorkspaceID, c.Workspace = id, slug
	}
	return r.issue(ctx, c, n.Scopes, n.Days)
}

// Limits lists the slugs of workspaces that an API token of the account can be limited to, the first 100 of them.
func (r *Room) Limits(ctx context.Context, accountID string) ([]string, error) {
	return limits(ctx, r.DB, accountID)
}

// CreateToken is MakeToken for a token that is not limited.
func (r *Room) CreateToken(ctx context.Context, accountID, name string, scopes []string, days int) (access.Credential, string, error) {
	return r.MakeToken(ctx, accountID, NewToken{Name: name, Scopes: scopes, Days: days})
}

// CreateAppPassword mints an app password, with legacy scopes, that lives until app passwords end. Where they have ended,
// it is a conflict.
func (r *Room) CreateAppPassword(ctx context.Context, accountID, name string, scopes []string) (access.Credential, string, error) {
	c := access.Credential{Kind: access.AppPassword, AccountID: accountID, Name: name}
	if r.Gate.AppPasswordsEnded() {
		return c, "", rest.Refusef(reason.ConflictState, "App passwords ended on this server on %s. Make an API token.", r.Gate.AppPasswordsUntil.Format(time.DateOnly))
	}
	return r.issue(ctx, c, scopes, -1)
}

// CreateAccessToken mints an access token of the given kind for what bounds names, with legacy scopes; days 0 is a token
// without an end.
func (r *Room) CreateAccessToken(ctx context.Context, kind access.Kind, bounds access.Bounds, name string, scopes []string, days int) (access.Credential, string, error) {
	c := access.Credential{Kind: kind, Bounds: bounds, Name: name}
	if days == 0 {
		return r.issue(ctx, c, scopes, -1)
	}
	return r.issue(ctx, c, scopes, days)
}

// issue checks what was chosen and mints the credential. days -1 is one that does not expire.
func (r *Room) issue(ctx context.Context, c access.Credential, scopes []string, days int) (access.Credential, string, error) {
	c.Name = strings.TrimSpace(c.Name)
	if c.Name == "" || !printable(c.Name) || utf8.RuneCountInString(c.Name) > access.MaxNameLength {
		return c, "", rest.InvalidField("name", "use 1 to 100 printable characters")
	}
	if len(scopes) == 0 {
		return c, "", rest.InvalidField("scopes", "name at least one scope: without one a token opens nothing")
	}
	if len(scopes) > access.MaxScopes {
		return c, "", rest.InvalidField("scopes", "at most 50 scopes fit one token")
	}
	set, err := scope.ParseSet(scopes)
	if err != nil {
		return c, "", rest.InvalidField("scopes", err.Error())
	}
	for _, s := range set.Scopes() {
		if s.Legacy() != (c.Kind != access.APIToken) {
			return c, "", rest.InvalidField("scopes", s.String()+" is no scope of a credential of this kind")
		}
	}
	c.Scopes = set
	if c.Expires, err = r.expiry(c.Kind, days); err != nil {
		return c, "", err
	}
	issued, secret, err := r.Credentials.Issue(ctx, c)
	return issued, secret, refusedIssue(err)
}

// expiry is the end of a life of so many days; days -1 is one without an end, which API tokens never have.
func (r *Room) expiry(k access.Kind, days int) (time.Time, error) {
	if days == -1 && k != access.APIToken {
		return time.Time{}, nil
	}
	if days < 1 || days > MaxTokenDays {
		return time.Time{}, rest.InvalidField("expires_in_days", "a token lives 1 to 365 days")
	}
	return r.Now().UTC().Add(time.Duration(days) * 24 * time.Hour).Truncate(time.Second), nil
}

// refusedIssue is an error of minting, in the words of a refusal.
func refusedIssue(err error) error {
	if errors.Is(err, access.ErrTooMany) {
		return rest.Refusef(reason.ConflictState, "There are %d already, the most that are kept. Revoke one first.", access.MaxCredentials)
	}
	return err
}

// LifeOf is the length of a credential's life in whole days, 1 to MaxTokenDays: the usual life of what takes its place.
// 0 is for one without an end.
func LifeOf(c access.Credential) int {
	if c.Expires.IsZero() {
		return 0
	}
	const day = 24 * time.Hour
	return min(max(int((c.Expires.Sub(c.Created)+day/2)/day), 1), MaxTokenDays)
}

// Rotate mints a token with the name, the scopes and the bounds of old, which was found for somebody who may do that: an
// API token or an access token. The old one goes on working for overlap, up to MaxOverlap, and never longer than it was
// to. days is the life of the new one; 0 is one without an end, for access tokens. A *rest.Error names the field that is
// wrong; access.ErrNotFound says that old was revoked.
func (r *Room) Rotate(ctx context.Context, old access.Credential, overlap time.Duration, days int) (access.Credential, string, error) {
	if old.Kind == access.AppPassword {
		return old, "", rest.Refuse(reason.ConflictState, "An app password is not rotated: make an API token that does what it is used for, and revoke it.")
	}
	if overlap < 0 || overlap > MaxOverlap {
		return old, "", rest.InvalidField("overlap_hours", "the old one goes on working for 0 to 168 hours")
	}
	if days == 0 && old.Kind.AccessToken() {
		days = -1
	}
	expires, err := r.expiry(old.Kind, days)
	if err != nil {
		return old, "", err
	}
	made, secret, err := r.Credentials.Rotate(ctx, old.ID, overlap, expires)
	return made, secret, refusedIssue(err)
}

// Narrow mints an API token that can do just what old, an API token or an app password of the same account, was used for
// according to u. name "" is the old one's with ", narrowed"; days is its life. The old one stays as it is. A *rest.Error
// says that there is nothing to narrow, see Narrowing, or which field is wrong.
func (r *Room) Narrow(ctx context.Context, old access.Credential, u UsageJSON, name string, days int) (access.Credential, string, error) {
	if err := Narrowing(old, u); err != nil {
		return old, "", err
	}
	if strings.TrimSpace(name) == "" {
		name = NarrowName(old.Name)
	}
	c := access.Credential{Kind: access.APIToken, AccountID: old.AccountID, Bounds: old.Bounds, Workspace: old.Workspace, Name: name}
	return r.issue(ctx, c, u.Scopes.APIToken.Names(), days)
}

// NarrowName is the usual name of a token that narrows one with this name.
func NarrowName(old string) string {
	const more = ", narrowed"
	name := []rune(old)
	return string(name[:min(len(name), access.MaxNameLength-len(more))]) + more
}

// Narrowing is nil when a narrower API token can be told from what old was used for, and else says why not.
func Narrowing(old access.Credential, u UsageJSON) error {
	switch {
	case old.Kind.AccessToken():
		return rest.Refusef(reason.ConflictState, "This is a %s, which belongs to no account: see what it uses, and make another.", old.Kind.Title())
	case u.Count() == 0:
		return rest.Refusef(reason.ConflictState, "No request with the %s %q was let in yet: there is nothing to tell its scopes from.", old.Kind.Title(), old.Name)
	case u.Scopes.APIToken.Empty():
		return rest.Refusef(reason.ConflictState, "Nothing that the %s %q was used for takes a scope of an API token.", old.Kind.Title(), old.Name)
	case old.Kind == access.APIToken && u.Scopes.Unused.Empty():
		return rest.Refusef(reason.ConflictState, "The API token %q uses every scope that it has: there is nothing to narrow (%s).", old.Name, u.Counted())
	}
	return nil
}

// Counted is the window and the number that a usage rests on, in words.
func (u *UsageJSON) Counted() string {
	n := u.Count()
	what := "requests"
	switch n {
	case 0:
		return "no request that was let in"
	case 1:
		what = "request"
	}
	const form = "2006-01-02 15:04:05Z"
	return fmt.Sprintf("%d %s, from %s to %s", n, what, time.Time(u.Window.Start).UTC().Format(form), time.Time(u.Window.End).UTC().Format(form))
}
