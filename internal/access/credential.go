package access

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/scope"
	"github.com/pailforge/pail/internal/token"
)

// Credential is a row of the store: everything about a token or app password but its secret, which is kept as a
// hash only.
type Credential struct {
	ID        string
	Kind      Kind
	AccountID string
	Bounds    Bounds
	Name      string
	Scopes    scope.Set
	Created   time.Time
	Expires   time.Time // zero: never
	Revoked   time.Time // zero: not

	Workspace  string // the slug of the workspace that Bounds names; filled in when it is read
	ReplacedBy string // the id of the one that took over, when this was rotated

	LastAccessed        time.Time // zero: never accessed
	LastAccessedAddress string
	LastAccessedAgent   string
	LastRefused         time.Time
	LastRefusedAddress  string
	LastRefusedReason   reason.Code
}

// Limits of what one account or resource may hold.
const (
	MaxCredentials    = 250 // alive at a time, of one kind, per account or resource
	MaxNameLength     = 100
	MaxScopes         = 50
	deadCredentialTTL = 400 * 24 * time.Hour // how long a dead credential's reason can still be told
)

// ErrNotFound says that there is no such credential, or not for this owner.
var ErrNotFound = errors.New("no such credential")

// ErrTooMany says that the owner holds MaxCredentials already.
var ErrTooMany = errors.New("too many credentials")

// Credentials is the store of credentials.
type Credentials struct {
	DB  *database.DB
	Now func() time.Time
}

// Issue mints a credential and stores its hash. c gives Kind, owner, Bounds, Name, Scopes and Expires; the rest is filled
// in. The secret is returned this once and kept nowhere. ErrTooMany comes back when the owner's list is full.
func (s *Credentials) Issue(ctx context.Context, c Credential) (Credential, string, error) {
	c, secret, err := s.minted(c)
	if err != nil {
		return c, "", err
	}
	err = s.DB.Update(ctx, func(tx *database.Tx) error { return insert(ctx, tx, &c, secret) })
	if err != nil {
		return c, "", fmt.Errorf("issue %s: %w", c.Kind, err)
	}
	return c, secret, nil
}

// minted gives c an id, a time and a secret.
func (s *Credentials) minted(c Credential) (Credential, string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return c, "", err
	}
	c.ID, c.Created, c.Revoked, c.ReplacedBy = id.String(), s.Now().UTC().Truncate(time.Microsecond), time.Time{}, ""
	return c, token.Mint(kinds[c.Kind].mint), nil
}

// insert stores a credential that was minted, unless its owner's list is full. What is dead for long goes.
func insert(ctx context.Context, tx *database.Tx, c *Credential, secret string) error {
	owner, arg := c.owner()
	dead := database.Micros(c.Created.Add(-deadCredentialTTL))
	if _, err := tx.Exec(ctx, `DELETE FROM credential WHERE `+owner+` = $1 AND kind = $2
		AND (revoked_on > 0 AND revoked_on < $3 OR expires_on > 0 AND expires_on < $3)`, arg, string(c.Kind), dead); err != nil {
		return err
	}
	var alive int
	if err := tx.Row(ctx, `SELECT COUNT(*) FROM credential WHERE `+owner+` = $1 AND kind = $2
		AND revoked_on = 0 AND (expires_on = 0 OR expires_on > $3)`, arg, string(c.Kind), database.Micros(c.Created)).Scan(&alive); err != nil {
		return err
	}
	if alive >= MaxCredentials {
		return ErrTooMany
	}
	_, err := tx.Exec(ctx, `INSERT INTO credential
		(id, kind, hash, account_id, workspace_id, project_id, repository_id, name, scopes, created_on, expires_on)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		c.ID, string(c.Kind), hashOf(secret), orNull(c.AccountID), orNull(c.Bounds.WorkspaceID), orNull(c.Bounds.ProjectID),
		orNull(c.Bounds.RepositoryID), c.Name, strings.Join(c.Scopes.Names(), " "), database.Micros(c.Created), database.Micros(c.Expires))
	return err
}

// Rotate mints a credential of the same kind, owner, bounds, name and scopes as the one with this id, which expires when
// overlap is over, and never later than it was to expire before. The new one expires at expires; the zero time is never.
// ErrNotFound comes back when there is none or it is revoked, ErrTooMany when the owner's list is full; then nothing has
// changed.
func (s *Credentials) Rotate(ctx context.Context, id string, overlap time.Duration, expires time.Time) (Credential, string, error) {
	old, err := s.Lookup(ctx, id)
	if err != nil {
		return old, "", err
	}
	c := Credential{Kind: old.Kind, AccountID: old.AccountID, Bounds: old.Bounds, Name: old.Name, Scopes: old.Scopes, Expires: expires, Workspace: old.Workspace}
	c, secret, err := s.minted(c)
	if err != nil {
		return c, "", err
	}
	err = s.DB.Update(ctx, func(tx *database.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE credential SET replaced_by = $2,
			expires_on = CASE WHEN expires_on > 0 AND expires_on < $3 THEN expires_on ELSE $3 END
			WHERE id = $1 AND revoked_on = 0`, id, c.ID, database.Micros(c.Created.Add(overlap)))
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNotFound
		}
		return insert(ctx, tx, &c, secret)
	})
	if err != nil {
		return c, "", fmt.Errorf("rotate %s: %w", c.Kind, err)
	}
	return c, secret, nil
}

// owner is the column and the id that a credential is listed under.
func (c *Credential) owner() (column, id string) {
	switch {
	case c.Bounds.RepositoryID != "":
		return "repository_id", c.Bounds.RepositoryID
	case c.Bounds.ProjectID != "":
		return "project_id", c.Bounds.ProjectID
	case c.AccountID != "":
		return "account_id", c.AccountID
	}
	return "workspace_id", c.Bounds.WorkspaceID
}

const credentialColumns = `id, kind, COALESCE(account_id, ''), COALESCE(workspace_id, ''), COALESCE(project_id, ''),
	COALESCE(repository_id, ''), name, scopes, created_on, expires_on, revoked_on, last_accessed_on,
	last_accessed_address, last_accessed_agent, last_refused_on, last_refused_address, last_refused_reason, replaced_by,
	COALESCE((SELECT w.slug FROM workspace w WHERE w.id = credential.workspace_id), '')`

func scanCredential(scan func(...any) error) (Credential, error) {
	var c Credential
	var kind, scopes, refused string
	var created, expires, revoked, accessed, refusedOn int64
	err := scan(&c.ID, &kind, &c.AccountID, &c.Bounds.WorkspaceID, &c.Bounds.ProjectID, &c.Bounds.RepositoryID, &c.Name,
		&scopes, &created, &expires, &revoked, &accessed, &c.LastAccessedAddress, &c.LastAccessedAgent, &refusedOn,
		&c.LastRefusedAddress, &refused, &c.ReplacedBy, &c.Workspace)
	if err != nil {
		return c, err
	}
	c.Kind, c.LastRefusedReason = Kind(kind), reason.Code(refused)
	c.Created, c.Expires, c.Revoked = database.Time(created), database.Time(expires), database.Time(revoked)
	c.LastAccessed, c.LastRefused = database.Time(accessed), database.Time(refusedOn)
	c.Scopes, err = scope.ParseSet(strings.Fields(scopes))
	return c, err
}

// OfAccount lists the credentials of one kind that an account holds and has not revoked, newest first.
func (s *Credentials) OfAccount(ctx context.Context, accountID string, kind Kind) ([]Credential, error) {
	return database.Collect(ctx, s.DB, scanCredential, `SELECT `+credentialColumns+` FROM credential
		WHERE account_id = $1 AND kind = $2 AND revoked_on = 0 ORDER BY id DESC`, accountID, string(kind))
}

// Get finds a credential by its id among those of one kind that the account holds and has not revoked; ErrNotFound
// otherwise.
func (s *Credentials) Get(ctx context.Context, accountID string, kind Kind, id string) (Credential, error) {
	c, err := scanCredential(s.DB.Row(ctx, `SELECT `+credentialColumns+` FROM credential
		WHERE id = $1 AND account_id = $2 AND kind = $3 AND revoked_on = 0`, id, accountID, string(kind)).Scan)
	if errors.Is(err, database.ErrNoRows) {
		return c, ErrNotFound
	}
	return c, err
}

// Revoke ends a credential of the account's; the next request with it is refused. ErrNotFound when it is not there
// or revoked already.
func (s *Credentials) Revoke(ctx context.Context, accountID string, kind Kind, id string) error {
	return s.DB.Update(ctx, func(tx *database.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE credential SET revoked_on = $1
			WHERE id = $2 AND account_id = $3 AND kind = $4 AND revoked_on = 0`, database.Micros(s.Now()), id, accountID, string(kind))
		if err == nil && n == 0 {
			return ErrNotFound
		}
		return err
	})
}

// Reaching lists the access tokens alive that reach what b names: those of its workspace, of its project where there is
// one, and of its repository where there is one; newest first.
func (s *Credentials) Reaching(ctx context.Context, b Bounds) ([]Credential, error) {
	return database.Collect(ctx, s.DB, scanCredential, `SELECT `+credentialColumns+` FROM credential
		WHERE workspace_id = $1 AND COALESCE(project_id, $2) = $2 AND COALESCE(repository_id, $3) = $3
		AND account_id IS NULL AND revoked_on = 0 AND (expires_on = 0 OR expires_on > $4) ORDER BY id DESC`,
		b.WorkspaceID, b.ProjectID, b.RepositoryID, database.Micros(s.Now()))
}

// Within is the level that an access token has there, as Principal.Within is for whoever presents it.
func (c *Credential) Within(workspaceID, projectID, repositoryID string) Level {
	p := Principal{Kind: c.Kind, Bounds: c.Bounds, permits: c.Scopes.Expand()}
	return p.Within(workspaceID, projectID, repositoryID)
}

func hashOf(secret string) string {
	h := token.Hash(secret)
	return hex.EncodeToString(h[:])
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
