package repository

import (
	"context"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/rest"
)

// watchers lists who watches the repository, whoever began first in front (GET /repositories/{workspace}/{repo_slug}/watchers).
func (room *Room) watchers(c *access.Call, r *Repository) (any, error) {
	l := rest.Listing[account.Account]{Columns: account.Columns, From: ` FROM repository_watcher w JOIN account a ON a.id = w.account_id WHERE w.repository_id = $1`,
		Args: []any{r.ID}, Order: `w.since, a.id`, Scan: func(row func(...any) error) (account.Account, error) { return account.Scan(row) }}
	return l.Answer(c.Context(), room.DB, c.Request, func(a *account.Account) any { return room.Accounts.Render(&a.Account) })
}

// watch makes an account a watcher. Whoever makes a repository is one.
func watch(ctx context.Context, tx *database.Tx, repositoryID, accountID string, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO repository_watcher (repository_id, account_id, since) VALUES ($1, $2, $3) ON CONFLICT (repository_id, account_id) DO NOTHING`,
		repositoryID, accountID, database.Micros(now))
	return err
}

// Watch makes an account a watcher of a repository that it may read, or no watcher any more.
func (room *Room) Watch(ctx context.Context, r *Repository, accountID string, watching bool) error {
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		if watching {
			return watch(ctx, tx, r.ID, accountID, room.Now())
		}
		_, err := tx.Exec(ctx, `DELETE FROM repository_watcher WHERE repository_id = $1 AND account_id = $2`, r.ID, accountID)
		return err
	})
}

// Watches tells whether an account watches a repository, and how many do.
func (room *Room) Watches(ctx context.Context, r *Repository, accountID string) (watching bool, all int, err error) {
	err = room.DB.Row(ctx, `SELECT COUNT(*), COALESCE(SUM(CASE WHEN account_id = $2 THEN 1 ELSE 0 END), 0) > 0 FROM repository_watcher WHERE repository_id = $1`,
		r.ID, accountID).Scan(&all, &watching)
	return watching, all, err
}
