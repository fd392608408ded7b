package issue

import (
	"context"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/event"
	"github.com/pailforge/pail/internal/repository"
)

// payload is what every event of an issue of r says, with the comment that it is about; nil for none.
func (room *Room) payload(ctx context.Context, tx *database.Tx, r *repository.Repository, i *Issue, said *Comment) (event.Payload, error) {
	written := []string{i.Content}
	if said != nil {
		written = append(written, said.Text)
	}
	texts, err := room.Repositories.Texts(ctx, tx, room.URLs, r, written...)
	p := event.Payload{"issue": room.render(r, i, texts)}
	if said != nil {
		p["comment"] = room.renderComment(r, i, said, texts)
	}
	return p, err
}

// emit tells of something that happened to an issue of r. said may be nil.
func (room *Room) emit(ctx context.Context, tx *database.Tx, key event.Key, r *repository.Repository, i *Issue, said *Comment) error {
	return room.Repositories.Emit(ctx, tx, key, r, func() (event.Payload, error) { return room.payload(ctx, tx, r, i, said) })
}

// emitUpdated tells of a change. In events Bitbucket calls the state of an issue its status, and shows who it was assigned to.
func (room *Room) emitUpdated(ctx context.Context, tx *database.Tx, r *repository.Repository, i *Issue, made *Change, said *Comment) error {
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
		p, err := room.payload(ctx, tx, r, i, said)
		if err == nil {
			p["changes"] = changes
		}
		return p, err
	})
}
