package issue

import (
	"context"
	"encoding/json"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/event"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// maxEntries bounds the changes of one issue, and its comments.
const maxEntries = 10_000

func tooMany(format string, limit int) error {
	return rest.Refusef(reason.ValueInvalid, format, limit).WithMessage("Too many of them")
}

func (room *Room) get(c *access.Call, r *repository.Repository, i *Issue) (any, error) {
	return room.Render(c.Context(), room.DB, r, i)
}

// put changes what the body says of an issue (PUT .../issues/{issue_id}).
func (room *Room) put(c *access.Call, r *repository.Repository, i *Issue) (any, error) {
	e, err := decode(c)
	if err != nil {
		return nil, err
	}
	if i, _, err = room.Change(c.Context(), c.Principal, r, i, e, nil); err != nil {
		return nil, err
	}
	return room.Render(c.Context(), room.DB, r, i)
}

// Change writes what is to be changed of an issue, for who acts as p, and notes it in the log as one entry, if it changes anything.
// With message, which may be "", it is an entry in any case, and a comment with the same number where message says something. It gives
// the issue as it is then, and the entry. A *rest.Error says who may change it, or has the fields of the API.
func (room *Room) Change(ctx context.Context, p *access.Principal, r *repository.Repository, i *Issue, e Edit, message *string) (now *Issue, made *Change, err error) {
	if err := room.MayChange(ctx, p, r, i); err != nil {
		return nil, nil, err
	}
	if _, err := rest.Text("message.raw", message, MaxContent); err != nil {
		return nil, nil, err
	}
	// The assignee is looked up before, since that reads outside of the transaction.
	var assignee *account.Account
	if e.Assignee != nil {
		if assignee, err = room.assignee(ctx, r, *e.Assignee); err != nil {
			return nil, nil, err
		}
	}
	name := e.Assignee
	e.Assignee = nil
	err = room.DB.Update(ctx, func(tx *database.Tx) error {
		if err := lock(ctx, tx, r.ID); err != nil {
			return err
		}
		if now, err = room.Find(ctx, tx, r, i.Number); err != nil {
			return err
		}
		before := *now
		if err := e.apply(ctx, tx, room, r, now); err != nil {
			return err
		}
		if name != nil {
			now.Assignee = assignee
		}
		changes := differences(&before, now)
		if len(changes) == 0 && message == nil {
			return nil
		}
		now.Updated = room.Now().UTC().Truncate(time.Microsecond)
		if _, titled := changes["title"]; titled || before.Content != now.Content {
			now.Edited = now.Updated
		}
		if err := save(ctx, tx, now); err != nil {
			return err
		}
		made, err = room.note(ctx, tx, r, now, account.PersonOf(p), changes, message)
		return err
	})
	return now, made, gone(err)
}

// differences are what an edit has changed, as the log keeps it: text by field, of an assignee the id of the account.
func differences(before, now *Issue) event.Changes {
	changes := event.Changes{}
	changes.Note("title", before.Title, now.Title)
	changes.Note("content", before.Content, now.Content)
	changes.Note("state", before.State, now.State)
	changes.Note("kind", before.Kind, now.Kind)
	changes.Note("priority", before.Priority, now.Priority)
	changes.Note("component", before.Component.Name, now.Component.Name)
	changes.Note("milestone", before.Milestone.Name, now.Milestone.Name)
	changes.Note("version", before.Version.Name, now.Version.Name)
	id := func(a *account.Account) string {
		if a == nil {
			return ""
		}
		return a.ID
	}
	changes.Note("assignee", id(before.Assignee), id(now.Assignee))
	return changes
}

// note writes an entry of the log, and tells of it. The tracker is locked.
func (room *Room) note(ctx context.Context, tx *database.Tx, r *repository.Repository, i *Issue, who account.Person, changes event.Changes, message *string) (*Change, error) {
	var there int
	if err := tx.Row(ctx, `SELECT COUNT(*) FROM issue_change WHERE repository_id = $1 AND number = $2`, r.ID, i.Number).Scan(&there); err != nil {
		return nil, err
	}
	if there >= maxEntries {
		return nil, tooMany("An issue is changed at most %d times.", maxEntries)
	}
	id, err := next(ctx, tx, r.ID, "last_entry")
	if err != nil {
		return nil, err
	}
	details, err := json.Marshal(changes)
	if err != nil {
		return nil, err
	}
	made := &Change{ID: id, Number: i.Number, Who: who, Created: i.Updated}
	if err := json.Unmarshal(details, &made.Changes); err != nil {
		return nil, err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO issue_change (repository_id, id, number, account_id, credential, name, changes, created_on) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		r.ID, id, i.Number, who.ID(), who.Credential, who.Name, string(details), database.Micros(made.Created)); err != nil {
		return nil, err
	}
	var said *Comment
	if message != nil && *message != "" {
		m := &Comment{ID: id, Number: i.Number, Who: who, Text: *message, Created: i.Updated, Updated: i.Updated}
		if err := insertComment(ctx, tx, r.ID, m); err != nil {
			return nil, err
		}
		made.Message, said = m.Text, m
	}
	return made, room.emitUpdated(ctx, tx, r, i, made, said)
}

func (room *Room) delete(c *access.Call, r *repository.Repository, i *Issue) (any, error) {
	return nil, room.Delete(c.Context(), r, i)
}

// Delete removes an issue, with everything that was said of it. Its number is not given again. A *rest.Error says that it is gone.
func (room *Room) Delete(ctx context.Context, r *repository.Repository, i *Issue) error {
	var files []string
	err := room.DB.Update(ctx, func(tx *database.Tx) error {
		if err := lock(ctx, tx, r.ID); err != nil {
			return err
		}
		all, err := database.Collect(ctx, tx, scanAttachment, `SELECT `+attachmentColumns+fromAttachments, r.ID, i.Number)
		if err != nil {
			return err
		}
		files = ids(all)
		n, err := tx.Exec(ctx, `DELETE FROM issue WHERE repository_id = $1 AND number = $2`, r.ID, i.Number)
		if err == nil && n == 0 {
			err = notFound()
		}
		if err == nil {
			_, err = tx.Exec(ctx, `UPDATE issue_tracker SET issues = issues - 1 WHERE repository_id = $1`, r.ID)
		}
		return err
	})
	if err == nil {
		room.remove(r.ID, files...)
	}
	return err
}
