package webhook

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// List is every webhook of a subject, in the order in which they were made.
func (room *Room) List(ctx context.Context, s Subject) ([]Hook, error) {
	return database.Collect(ctx, room.DB, scanHook, `SELECT `+columns+fromHooks(s)+` ORDER BY h.created_on, h.id`, s.ID)
}

// Find is the webhook of a subject with this uuid. A *rest.Error says that there is none.
func (room *Room) Find(ctx context.Context, s Subject, id string) (Hook, error) {
	return find(ctx, room.DB, s, id)
}

func find(ctx context.Context, q database.Queryer, s Subject, id string) (Hook, error) {
	id, ok := rest.Unbraced(id)
	if !ok {
		return Hook{}, notFound()
	}
	h, err := scanHook(q.Row(ctx, `SELECT `+columns+fromHooks(s)+` AND h.id = $2`, s.ID, id).Scan)
	if errors.Is(err, database.ErrNoRows) {
		return h, notFound()
	}
	return h, err
}

// Create makes a webhook. It is active unless c says otherwise. A *rest.Error names the field that is wrong or missing, or says
// that the subject has as many as it may.
func (room *Room) Create(ctx context.Context, s Subject, c Change) (Hook, error) {
	if c.URL == nil {
		return Hook{}, rest.MissingField("url")
	}
	if c.Events == nil {
		return Hook{}, rest.MissingField("events")
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Hook{}, err
	}
	h := Hook{ID: id.String(), Active: true, Created: room.Now().UTC().Truncate(time.Microsecond)}
	if err := c.apply(&h, s.Kind, room.Out); err != nil {
		return Hook{}, err
	}
	return h, room.DB.Update(ctx, func(tx *database.Tx) error {
		there, err := lockSubject(ctx, tx, s)
		if err != nil {
			return err
		}
		if there < 0 {
			return rest.Refuse(reason.ResourceNotFound, "The "+s.Kind+" was deleted meanwhile.")
		}
		if there >= maxHooks {
			return rest.Refusef(reason.ValueInvalid, "A %s has at most %d webhooks. Delete one that is not needed any more.", s.Kind, maxHooks).WithMessage("Too many webhooks")
		}
		return insertHook(ctx, tx, s, &h)
	})
}

// Update changes a webhook. One that is switched off is not called with what was waiting for it. A *rest.Error names the field
// that is wrong, or says that there is no such webhook.
func (room *Room) Update(ctx context.Context, s Subject, id string, c Change) (h Hook, err error) {
	err = room.DB.Update(ctx, func(tx *database.Tx) error {
		if h, err = lockHook(ctx, tx, s, id); err != nil {
			return err
		}
		if err := c.apply(&h, s.Kind, room.Out); err != nil {
			return err
		}
		if err := updateHook(ctx, tx, &h, room.Now()); err != nil || h.Active {
			return err
		}
		return dropWaiting(ctx, tx, h.ID)
	})
	return h, err
}

// Delete removes a webhook with all its deliveries. A *rest.Error says that there is none.
func (room *Room) Delete(ctx context.Context, s Subject, id string) error {
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		h, err := lockHook(ctx, tx, s, id)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM webhook WHERE id = $1`, h.ID)
		return err
	})
}

// Deliveries are the last ones of a webhook, the newest first: those that wait, and up to 100 others.
func (room *Room) Deliveries(ctx context.Context, h *Hook) ([]Delivery, error) {
	return database.Collect(ctx, room.DB, scanDelivery, `SELECT `+deliveryColumns+` FROM webhook_delivery d WHERE d.webhook_id = $1 ORDER BY d.number DESC LIMIT $2`,
		h.ID, maxWaiting+maxHistory)
}

// Delivery is the one with this number. A *rest.Error says that there is none, or none any more.
func (room *Room) Delivery(ctx context.Context, h *Hook, number int64) (Delivery, error) {
	d, err := scanDelivery(room.DB.Row(ctx, `SELECT `+deliveryColumns+` FROM webhook_delivery d WHERE d.webhook_id = $1 AND d.number = $2`, h.ID, number).Scan)
	if errors.Is(err, database.ErrNoRows) {
		return d, rest.Refusef(reason.ResourceNotFound, "The webhook has no such delivery any more: the last %d are kept.", maxHistory)
	}
	return d, err
}

// Again sends what was sent in a delivery once more, as a new one behind those that wait. A *rest.Error says that it cannot be.
func (room *Room) Again(ctx context.Context, s Subject, h *Hook, number int64) error {
	d, err := room.Delivery(ctx, h, number)
	if err != nil {
		return err
	}
	switch {
	case !h.Active:
		return rest.Refuse(reason.ConflictState, "The webhook is switched off. Switch it on first.")
	case d.State == Waiting:
		return rest.Refuse(reason.ConflictState, "This delivery is still waiting, and will be sent.")
	case d.Body == "":
		return rest.Refuse(reason.ConflictState, "What this delivery was to send was too large, and was not kept.")
	}
	return room.DB.Record(ctx, func(tx *database.Tx) error {
		if err := room.enqueue(ctx, tx, h.ID, d.Event, d.Body); err != nil {
			return err
		}
		tx.Then(room.bell.ring)
		return nil
	})
}
