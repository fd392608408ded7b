package webhook

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

const columns = `h.id, h.url, h.description, h.secret, h.active, h.events, h.created_on`

func fromHooks(s Subject) string { return ` FROM webhook h WHERE h.` + s.Kind + `_id = $1` }

func scanHook(row func(...any) error) (h Hook, err error) {
	var kept, events string
	var created int64
	err = row(&h.ID, &h.URL, &h.Description, &kept, &h.Active, &events, &created)
	h.secret, h.Events, h.Created = newSecret(kept), strings.Fields(events), database.Time(created)
	return h, err
}

// lockSubject keeps others from giving the subject webhooks until the transaction ends, and counts those that it has; -1: it is
// not there.
func lockSubject(ctx context.Context, tx *database.Tx, s Subject) (n int, err error) {
	locked, err := tx.Exec(ctx, `UPDATE `+s.Kind+` SET name = name WHERE id = $1`, s.ID)
	if err != nil || locked == 0 {
		return -1, err
	}
	err = tx.Row(ctx, `SELECT COUNT(*)`+fromHooks(s), s.ID).Scan(&n)
	return n, err
}

// lockHook reads a webhook to change it.
func lockHook(ctx context.Context, tx *database.Tx, s Subject, id string) (Hook, error) {
	plain, ok := rest.Unbraced(id)
	if !ok {
		return Hook{}, notFound()
	}
	if _, err := tx.Exec(ctx, `UPDATE webhook SET url = url WHERE id = $1`, plain); err != nil {
		return Hook{}, err
	}
	return find(ctx, tx, s, plain)
}

func keys(events []string) string { return " " + strings.Join(events, " ") + " " }

func insertHook(ctx context.Context, tx *database.Tx, s Subject, h *Hook) error {
	_, err := tx.Exec(ctx, `INSERT INTO webhook (id, `+s.Kind+`_id, url, host, description, secret, active, events, last_number, created_on, updated_on)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $9)`,
		h.ID, s.ID, h.URL, host(h.URL), h.Description, h.secret.kept(), h.Active, keys(h.Events), database.Micros(h.Created))
	return err
}

func updateHook(ctx context.Context, tx *database.Tx, h *Hook, now time.Time) error {
	_, err := tx.Exec(ctx, `UPDATE webhook SET url = $2, host = $3, description = $4, secret = $5, active = $6, events = $7, updated_on = $8 WHERE id = $1`,
		h.ID, h.URL, host(h.URL), h.Description, h.secret.kept(), h.Active, keys(h.Events), database.Micros(now))
	return err
}

// State is what became of a delivery.
type State string

// The states.
const (
	Waiting   State = "waiting" // for its first attempt, or the next one
	Delivered State = "delivered"
	Failed    State = "failed"
)

// Delivery is what is sent to a webhook, and what came of the last attempt.
type Delivery struct {
	HookID   string
	Number   int64  // from 1 within the webhook
	ID       string // the uuid that X-Request-UUID gives
	Event    string
	Body     string // "": it was too large to be kept
	Created  time.Time
	State    State
	Attempts int // that have ended
	Due      time.Time

	URL        string // that was called; "": none was yet
	Attempted  time.Time
	Duration   time.Duration
	Status     int         // of the answer, 0 without one
	Reason     reason.Code // why it failed; ""
	Problem    string      // the same in a sentence
	AnswerHead string      // as far as it is kept
	AnswerBody string
}

// Took is how long the last attempt took, in words.
func (d Delivery) Took() string { return d.Duration.Round(time.Millisecond).String() }

// drop makes d one that will not be sent.
func (d *Delivery) drop(why string) {
	d.State, d.Reason, d.Problem = Failed, reason.WebhookDropped, why
}

const deliveryColumns = `d.webhook_id, d.number, d.id, d.event, d.body, d.created_on, d.state, d.attempts, d.due_on, d.url, d.attempted_on, d.duration, d.status,
	d.reason, d.problem, d.answer_head, d.answer_body`

func scanDelivery(row func(...any) error) (d Delivery, err error) {
	var created, due, attempted, duration int64
	err = row(&d.HookID, &d.Number, &d.ID, &d.Event, &d.Body, &created, &d.State, &d.Attempts, &due, &d.URL, &attempted, &duration, &d.Status,
		&d.Reason, &d.Problem, &d.AnswerHead, &d.AnswerBody)
	d.Created, d.Due, d.Attempted, d.Duration = database.Time(created), database.Time(due), database.Time(attempted), time.Duration(duration)*time.Microsecond
	return d, err
}

// nextNumber is the number of the next delivery to a webhook, 0 when it is gone or switched off. Its row stays locked.
func nextNumber(ctx context.Context, tx *database.Tx, hookID string) (number int64, err error) {
	err = tx.Row(ctx, `UPDATE webhook SET last_number = last_number + 1 WHERE id = $1 AND active RETURNING last_number`, hookID).Scan(&number)
	if errors.Is(err, database.ErrNoRows) {
		return 0, nil
	}
	return number, err
}

func countWaiting(ctx context.Context, tx *database.Tx, hookID string) (n int, err error) {
	err = tx.Row(ctx, `SELECT COUNT(*) FROM webhook_delivery WHERE webhook_id = $1 AND state = 'waiting'`, hookID).Scan(&n)
	return n, err
}

func insertDelivery(ctx context.Context, tx *database.Tx, d *Delivery) error {
	_, err := tx.Exec(ctx, `INSERT INTO webhook_delivery (webhook_id, number, id, event, body, created_on, state, attempts, due_on, claimed_by, claimed_until,
			url, attempted_on, duration, status, reason, problem, answer_head, answer_body)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $6, '', 0, '', 0, 0, 0, $8, $9, '', '')`,
		d.HookID, d.Number, d.ID, d.Event, d.Body, database.Micros(d.Created), string(d.State), string(d.Reason), d.Problem)
	return err
}

// dropWaiting gives up what waits for a webhook. What is being sent in this moment stays what it comes to be.
func dropWaiting(ctx context.Context, tx *database.Tx, hookID string) error {
	if _, err := tx.Exec(ctx, `UPDATE webhook_delivery SET state = 'failed', reason = $2, problem = $3 WHERE webhook_id = $1 AND state = 'waiting'`,
		hookID, string(reason.WebhookDropped), "The webhook was switched off."); err != nil {
		return err
	}
	return trim(ctx, tx, hookID)
}

// maxHistory is how many deliveries that wait no more are kept of each webhook.
const maxHistory = 100

// trim forgets the oldest deliveries beyond those that are kept.
func trim(ctx context.Context, tx *database.Tx, hookID string) error {
	_, err := tx.Exec(ctx, `DELETE FROM webhook_delivery WHERE webhook_id = $1 AND state <> 'waiting' AND number <= (
		SELECT number FROM webhook_delivery WHERE webhook_id = $1 AND state <> 'waiting' ORDER BY number DESC LIMIT 1 OFFSET $2)`, hookID, maxHistory)
	return err
}

// candidate is a delivery that may be sent now.
type candidate struct {
	hookID string
	number int64
	host   string
}

// candidates are deliveries that are due, whom nobody sends, and before which no other one of the same webhook waits; none to
// the busy hosts.
func candidates(ctx context.Context, q database.Queryer, now time.Time, busy [maxHosts]string, limit int) ([]candidate, error) {
	args := []any{database.Micros(now), limit}
	for _, host := range busy {
		args = append(args, host)
	}
	return database.Collect(ctx, q, func(row func(...any) error) (c candidate, err error) { return c, row(&c.hookID, &c.number, &c.host) },
		`SELECT d.webhook_id, d.number, h.host FROM webhook_delivery d JOIN webhook h ON h.id = d.webhook_id
		WHERE d.state = 'waiting' AND d.due_on <= $1 AND d.claimed_until <= $1 AND h.active AND h.host NOT IN ($3, $4, $5, $6)
		AND NOT EXISTS (SELECT 1 FROM webhook_delivery e WHERE e.webhook_id = d.webhook_id AND e.state = 'waiting' AND e.number < d.number)
		ORDER BY d.due_on, d.webhook_id LIMIT $2`, args...)
}

// claim takes a delivery for a worker. ok is false when somebody else was first, or when it is not to be sent any more. Both the
// delivery and its webhook are as they are now.
func claim(ctx context.Context, tx *database.Tx, c candidate, worker string, now, until time.Time) (d Delivery, h Hook, ok bool, err error) {
	n, err := tx.Exec(ctx, `UPDATE webhook_delivery SET claimed_by = $3, claimed_until = $4
		WHERE webhook_id = $1 AND number = $2 AND state = 'waiting' AND due_on <= $5 AND claimed_until <= $5`,
		c.hookID, c.number, worker, database.Micros(until), database.Micros(now))
	if err != nil || n == 0 {
		return d, h, false, err
	}
	if d, err = scanDelivery(tx.Row(ctx, `SELECT `+deliveryColumns+` FROM webhook_delivery d WHERE d.webhook_id = $1 AND d.number = $2`, c.hookID, c.number).Scan); err != nil {
		return d, h, false, err
	}
	h, err = scanHook(tx.Row(ctx, `SELECT `+columns+` FROM webhook h WHERE h.id = $1 AND h.active`, c.hookID).Scan)
	if errors.Is(err, database.ErrNoRows) { // switched off since; the claim runs out
		return d, h, false, nil
	}
	return d, h, err == nil, err
}

// release gives a claimed delivery back, as if it had not been tried.
func release(ctx context.Context, tx *database.Tx, d *Delivery, worker string) error {
	_, err := tx.Exec(ctx, `UPDATE webhook_delivery SET claimed_until = 0 WHERE webhook_id = $1 AND number = $2 AND claimed_by = $3`, d.HookID, d.Number, worker)
	return err
}

// finish writes what came of an attempt. One that is to be made again is not, where the webhook was switched off meanwhile.
func finish(ctx context.Context, tx *database.Tx, d *Delivery, worker string) error {
	_, err := tx.Exec(ctx, `UPDATE webhook_delivery SET state = CASE WHEN state = 'failed' AND $4 = 'waiting' THEN state ELSE $4 END,
			claimed_until = 0, attempts = $5, due_on = $6, url = $7, attempted_on = $8, duration = $9, status = $10, reason = $11, problem = $12, answer_head = $13, answer_body = $14
		WHERE webhook_id = $1 AND number = $2 AND claimed_by = $3`,
		d.HookID, d.Number, worker, string(d.State), d.Attempts, database.Micros(d.Due), d.URL, database.Micros(d.Attempted), d.Duration.Microseconds(), d.Status,
		string(d.Reason), d.Problem, d.AnswerHead, d.AnswerBody)
	if err != nil {
		return err
	}
	return trim(ctx, tx, d.HookID)
}
