package access

import (
	"context"
	"errors"
	"time"

	"github.com/pailforge/pail/internal/database"
)

// Shelf is where credentials of one kind are kept: with the account that holds them, or with exactly the resource that
// Bounds names. What is limited to a workspace stays with its account.
type Shelf struct {
	Kind      Kind
	AccountID string
	Bounds    Bounds // of access tokens
}

// where is the condition on the rows of the shelf, with the arguments $1 and $2.
func (h Shelf) where() (condition string, args []any) {
	owner, id := (&Credential{AccountID: h.AccountID, Bounds: h.Bounds}).owner()
	return owner + ` = $1 AND kind = $2`, []any{id, string(h.Kind)}
}

// Alive lists the credentials of a shelf that are neither revoked nor expired, newest first.
func (s *Credentials) Alive(ctx context.Context, h Shelf, limit, offset int) ([]Credential, error) {
	where, args := h.where()
	return database.Collect(ctx, s.DB, scanCredential, `SELECT `+credentialColumns+` FROM credential WHERE `+where+`
		AND revoked_on = 0 AND (expires_on = 0 OR expires_on > $3) ORDER BY id DESC LIMIT $4 OFFSET $5`,
		append(args, database.Micros(s.Now()), limit, offset)...)
}

// Ended lists the credentials of a shelf that were revoked or expired since then, the latest end first.
func (s *Credentials) Ended(ctx context.Context, h Shelf, since time.Time, limit int) ([]Credential, error) {
	// The index credential_end has the same words: a shelf of ten thousand is not read for the few that have ended lately.
	const end = `CASE WHEN revoked_on > 0 AND (expires_on = 0 OR revoked_on < expires_on) THEN revoked_on ELSE expires_on END`
	where, args := h.where()
	return database.Collect(ctx, s.DB, scanCredential, `SELECT `+credentialColumns+` FROM credential WHERE `+where+`
		AND `+end+` <= $3 AND `+end+` >= $4 ORDER BY `+end+` DESC, id DESC LIMIT $5`,
		append(args, database.Micros(s.Now()), database.Micros(since), limit)...)
}

// Find finds a credential of a shelf by its id, also one that is revoked. ErrNotFound when there is none.
func (s *Credentials) Find(ctx context.Context, h Shelf, id string) (Credential, error) {
	where, args := h.where()
	c, err := scanCredential(s.DB.Row(ctx, `SELECT `+credentialColumns+` FROM credential WHERE `+where+` AND id = $3`, append(args, id)...).Scan)
	if errors.Is(err, database.ErrNoRows) {
		return c, ErrNotFound
	}
	return c, err
}
