package pullrequest

import (
	"context"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/repository"
)

// landing is a merge that is under way, as it is kept from before the branch moves until the pull request says that it is merged.
type landing struct {
	number int64
	by     *access.Principal // as far as it is said of them; nil: the account is gone
	moves  gitstore.RefUpdate
	pushes []repository.Push // to be told of; not kept
}

// land keeps that p is about to merge a pull request, which makes its destination hold tip.
func (room *Room) land(ctx context.Context, p *access.Principal, pr *PullRequest, tip gitstore.Hash) (landing, error) {
	l := landing{number: pr.Number, by: p, moves: gitstore.RefUpdate{Name: gitstore.BranchPrefix + pr.DestinationBranch, Old: pr.DestinationHash, New: tip}}
	var err error
	if l.pushes, err = room.Repositories.Foretell(ctx, pr.RepositoryID, l.moves); err != nil {
		return l, err
	}
	who := account.PersonOf(p)
	return l, room.DB.Update(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO pull_request_landing (repository_id, number, account_id, credential, name, kind, branch, before_hash, merge_hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (repository_id, number) DO UPDATE SET account_id = excluded.account_id, credential = excluded.credential, name = excluded.name, kind = excluded.kind,
				branch = excluded.branch, before_hash = excluded.before_hash, merge_hash = excluded.merge_hash`,
			pr.RepositoryID, pr.Number, who.ID(), who.Credential, who.Name, string(p.Kind), pr.DestinationBranch, string(pr.DestinationHash), string(tip))
		return err
	})
}

// landed tells of the push that a merge was, and forgets the rest.
func (room *Room) landed(ctx context.Context, tx *database.Tx, repositoryID string, l landing) error {
	if err := room.Repositories.TellPushes(ctx, tx, repositoryID, l.pushes); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `DELETE FROM pull_request_landing WHERE repository_id = $1 AND number = $2`, repositoryID, l.number)
	return err
}

// dropped forgets a merge that was refused before the branch moved. Kept, it would do no harm: nothing leads to it.
func (room *Room) dropped(ctx context.Context, pr *PullRequest) {
	if err := room.DB.Update(ctx, func(tx *database.Tx) error { return room.landed(ctx, tx, pr.RepositoryID, landing{number: pr.Number}) }); err != nil {
		room.Log.Warn("a merge that was refused is still noted", "repository", pr.RepositoryID, "pull_request", pr.Number, "error", err)
	}
}

// cutOff are the merges into a repository whose end nobody has written, by number. merged says of pull requests which of their hidden
// references is in the branch: of those, it is merge, and what was under way.
func (room *Room) cutOff(ctx context.Context, id string, merged map[int64]string) (map[int64]landing, error) {
	rows, err := database.Collect(ctx, room.DB, scanLanding, `SELECT l.number, COALESCE(l.account_id, ''), l.credential, l.name, l.kind, l.branch, l.before_hash, l.merge_hash
		FROM pull_request_landing l WHERE l.repository_id = $1`, id)
	found := map[int64]landing{}
	if err != nil {
		return nil, err
	}
	for _, l := range rows {
		if merged[l.number] != refMerge {
			continue
		}
		name := ref(l.number, refMerge)
		held, err := room.Repositories.Git.RefValues(ctx, id, []string{name})
		if err != nil {
			return nil, err
		}
		if held[name] != l.moves.New {
			continue
		}
		if a := l.by.Account; a != nil {
			accounts, err := account.ByIDs(ctx, room.DB, []string{a.ID})
			if err != nil {
				return nil, err
			}
			if l.by.Account = nil; accounts[a.ID] == nil {
				l.by = nil
			} else {
				l.by.Account = &accounts[a.ID].Account
			}
		}
		if l.pushes, err = room.Repositories.Foretell(ctx, id, l.moves); err != nil {
			return nil, err
		}
		found[l.number] = l
	}
	return found, nil
}

// scanLanding leaves of an account just the id.
func scanLanding(row func(...any) error) (l landing, err error) {
	var account, kind, branch string
	l.by = &access.Principal{}
	err = row(&l.number, &account, &l.by.ID, &l.by.Name, &kind, &branch, &l.moves.Old, &l.moves.New)
	l.by.Kind, l.moves.Name = access.Kind(kind), gitstore.BranchPrefix+branch
	if l.by.ID == "" {
		l.by.Account = &access.Account{ID: account}
	}
	return l, err
}
