package snippet

import (
	"context"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// watch makes an account a watcher. Whoever makes a snippet is one.
func watch(ctx context.Context, tx *database.Tx, id, accountID string, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO snippet_watcher (snippet_id, account_id, since) VALUES ($1, $2, $3) ON CONFLICT (snippet_id, account_id) DO NOTHING`,
		id, accountID, database.Micros(now))
	return err
}

// setWatching makes the caller a watcher, or none any more (PUT and DELETE .../watch).
func (room *Room) setWatching(watching bool) func(*access.Call, *Snippet) (any, error) {
	return func(c *access.Call, s *Snippet) (any, error) {
		a := c.Principal.Account
		if a == nil {
			return nil, c.Principal.NoPerson()
		}
		return nil, room.DB.Update(c.Context(), func(tx *database.Tx) error {
			if _, err := lock(c.Context(), tx, s.ID); err != nil {
				return err
			}
			if watching {
				return watch(c.Context(), tx, s.ID, a.ID, room.now())
			}
			_, err := tx.Exec(c.Context(), `DELETE FROM snippet_watcher WHERE snippet_id = $1 AND account_id = $2`, s.ID, a.ID)
			return err
		})
	}
}

// watching tells whether the caller watches a snippet: 404 is no, which it always is for who is nobody (GET .../watch).
func (room *Room) watching(c *access.Call, s *Snippet) (any, error) {
	if c.Principal.OfResource() {
		return nil, c.Principal.NoPerson()
	}
	var watches bool
	err := room.DB.Row(c.Context(), `SELECT EXISTS (SELECT 1 FROM snippet_watcher WHERE snippet_id = $1 AND account_id = $2)`, s.ID, c.Principal.AccountID()).Scan(&watches)
	if err == nil && !watches {
		err = rest.Refuse(reason.ResourceNotFound, "You do not watch this snippet.").WithMessage("You are not watching this snippet.")
	}
	return nil, err
}

// watchers lists who watches a snippet, whoever began first in front (GET .../watchers).
func (room *Room) watchers(c *access.Call, s *Snippet) (any, error) {
	l := rest.Listing[account.Account]{Columns: account.Columns, From: ` FROM snippet_watcher w JOIN account a ON a.id = w.account_id WHERE w.snippet_id = $1`,
		Args: []any{s.ID}, Order: `w.since, a.id`, Scan: func(row func(...any) error) (account.Account, error) { return account.Scan(row) }}
	return l.Answer(c.Context(), room.DB, c.Request, func(a *account.Account) any { return room.Accounts.Render(&a.Account) })
}
