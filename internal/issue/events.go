package issue

import (
	"context"
	"maps"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/event"
	"github.com/pailforge/pail/internal/repository"
)

// emit tells of something that happened to an issue of r, with more beside it. more may be nil.
func (room *Room) emit(ctx context.Context, tx *database.Tx, key event.Key, r *repository.Repository, i *Issue, more event.Payload) error {
	return room.Repositories.Emit(ctx, tx, key, r, func() (event.Payload, error) {
		p := event.Payload{"issue": room.Render(r, i)}
		maps.Copy(p, more)
		return p, nil
	})
}

// emitUpdated tells of a change. In events Bitbucket calls the state of an issue its status, and shows who it was assigned to.
func (room *Room) emitUpdated(ctx context.Context, tx *database.Tx, r *repository.Repository, i *Issue, made *Change, more event.Payload) error {
	return room.Repositories.Emit(ctx, tx, event.IssueUpdated, r, func() (event.Payload, error) {
		changes := map[string]any{}
		for field, change := range made.Changes {
			switch field {
			case "state":
				changes["status"] = change
			case "assignee":
				before, now := account.Known(change.Old), account.Known(change.New)
				if err := account.Meet(ctx, tx, &before, &now); err != nil {
					return nil, err
				}
				shown := func(a *account.Account) *account.PersonJSON {
					return room.Repositories.Accounts.RenderPerson(account.Person{Account: a})
				}
				changes[field] = map[string]any{"old": shown(before), "new": shown(now)}
			default:
				changes[field] = change
			}
		}
		p := event.Payload{"issue": room.Render(r, i), "changes": changes}
		maps.Copy(p, more)
		return p, nil
	})
}
