package issue

import (
	"context"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// tally is something that accounts do to issues, once each: what counts them is a column of issue.
type tally struct{ table, column, verb string }

var (
	voting   = tally{"issue_vote", "votes", "vote for"}
	watching = tally{"issue_watch", "watches", "watch"}
)

// set makes an account one of those, or none any more, and counts. The tracker is locked.
func (t tally) set(ctx context.Context, tx *database.Tx, i *Issue, accountID string, one bool) error {
	query, step := `INSERT INTO `+t.table+` (repository_id, number, account_id) VALUES ($1, $2, $3) ON CONFLICT (repository_id, number, account_id) DO NOTHING`, "+ 1"
	if !one {
		query, step = `DELETE FROM `+t.table+` WHERE repository_id = $1 AND number = $2 AND account_id = $3`, "- 1"
	}
	n, err := tx.Exec(ctx, query, i.RepositoryID, i.Number, accountID)
	if database.IsReference(err) {
		return notFound()
	}
	if err != nil || n == 0 {
		return err
	}
	return tx.Row(ctx, `UPDATE issue SET `+t.column+` = `+t.column+` `+step+` WHERE repository_id = $1 AND number = $2 RETURNING votes, watches`, i.RepositoryID, i.Number).Scan(&i.Votes, &i.Watches)
}

func (t tally) has(ctx context.Context, q database.Queryer, i *Issue, accountID string) (is bool, err error) {
	err = q.Row(ctx, `SELECT EXISTS (SELECT 1 FROM `+t.table+` WHERE repository_id = $1 AND number = $2 AND account_id = $3)`, i.RepositoryID, i.Number, accountID).Scan(&is)
	return is, err
}

// personal is the id of the caller's account: a credential that belongs to none votes for nothing.
func personal(p *access.Principal) (string, error) {
	if id := p.AccountID(); id != "" {
		return id, nil
	}
	return "", rest.Refuse(reason.CredentialKindNotAccepted, "To vote and to watch are a person's: this credential belongs to no account.").With("credential", p.Kind)
}

// tell tells whether the caller is one of those: 204, or 404 (GET .../vote and .../watch).
func (t tally) tell(room *Room) handler {
	return room.one(func(c *access.Call, _ *repository.Repository, i *Issue) (any, error) {
		id, err := personal(c.Principal)
		if err != nil {
			return nil, err
		}
		is, err := t.has(c.Context(), room.DB, i, id)
		if err == nil && !is {
			err = rest.Refusef(reason.ResourceNotFound, "The caller is none of those who %s this issue.", t.verb)
		}
		return nil, err
	})
}

// become makes the caller one of those, or none any more.
func (t tally) become(room *Room, one bool) handler {
	return room.one(func(c *access.Call, _ *repository.Repository, i *Issue) (any, error) {
		return nil, room.become(c.Context(), c.Principal, t, i, one)
	})
}

func (room *Room) become(ctx context.Context, p *access.Principal, t tally, i *Issue, one bool) error {
	id, err := personal(p)
	if err != nil {
		return err
	}
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		if err := lock(ctx, tx, i.RepositoryID); err != nil {
			return err
		}
		return t.set(ctx, tx, i, id, one)
	})
}
