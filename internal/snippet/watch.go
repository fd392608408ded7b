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
		return nil, room.Watch(c.Context(), c.Principal, s, watching)
	}
}

// Watch makes who acts as p a watcher, or none any more. A *rest.Error says that p is no person.
func (room *Room) Watch(ctx context.Context, p *access.Principal, s *Snippet, watching bool) error {
	a := p.Account
	if a == nil {
		return p.NoPerson()
	}
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		if _, err := lock(ctx, tx, s.ID); err != nil {
			return err
		}
		if watching {
			return watch(ctx, tx, s.ID, a.ID, room.now())
		}
		_, err := tx.Exec(ctx, `DELETE FROM snippet_watcher WHERE snippet_id = $1 AND account_id = $2`, s.ID, a.ID)
		return err
	})
}

// watching tells whether the caller watches a snippet: 404 is no, which it always is for who is nobody (GET .../watch).
func (room *Room) watching(c *access.Call, s *Snippet) (any, error) {
	if c.Principal.OfResource() {
		return nil, c.Principal.NoPerson()
	}
	watches, err := room.Watches(c.Context(), c.Principal, s)
	if err == nil && !watches {
		err = rest.Refuse(reason.ResourceNotFound, "You do not watch this snippet.").WithMessage("You are not watching this snippet.")
	}
	return nil, err
}

// Watches tells whether who acts as p watches a snippet.
func (room *Room) Watches(ctx context.Context, p *access.Principal, s *Snippet) (watches bool, err error) {
	err = room.DB.Row(ctx, `SELECT EXISTS (SELECT 1 FROM snippet_watcher WHERE snippet_id = $1 AND account_id = $2)`, s.ID, p.AccountID()).Scan(&watches)
	return watches, err
}

const fromWatchers = ` FROM snippet_watcher w JOIN account a ON a.id = w.account_id WHERE w.snippet_id = $1`

// Watchers are those who watch a snippet, whoever began first in front; at most limit, and more tells that there are others.
func (room *Room) Watchers(ctx context.Context, s *Snippet, limit int) (all []account.Account, more bool, err error) {
	all, err = database.Collect(ctx, room.DB, func(row func(...any) error) (account.Account, error) { return account.Scan(row) },
		`SELECT `+account.Columns+fromWatchers+` ORDER BY w.since, a.id LIMIT $2`, s.ID, limit+1)
	if err != nil || len(all) <= limit {
		return all, false, err
	}
	return all[:limit], true, nil
}

// watchers lists who watches a snippet, whoever began first in front (GET .../watchers).
func (room *Room) watchers(c *access.Call, s *Snippet) (any, error) {
	l := rest.Listing[account.Account]{Columns: account.Columns, From: fromWatchers,
		Args: []any{s.ID}, Order: `w.since, a.id`, Scan: func(row func(...any) error) (account.Account, error) { return account.Scan(row) }}
	return l.Answer(c.Context(), room.DB, c.Request, func(a *account.Account) any { return room.Accounts.Render(&a.Account) })
}
