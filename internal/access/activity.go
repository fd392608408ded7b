package access

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
)

// Event is one request made with a known credential.
type Event struct {
	CredentialID string
	At           time.Time
	Reason       reason.Code // why it failed, "" when it did not
	Refused      bool        // it failed because the caller was turned away
	// Authenticated says that the credential was accepted as such. A request refused for a missing scope is
	// authenticated; one refused because the token came as Bearer is not.
	Authenticated bool
	Method, Path  string
	Operation     string
	Address       string
	Agent         string
}

// Bounds of what is kept.
const (
	MaxActivity   = 200             // events kept per credential
	maxQueue      = 4096            // events waiting to be written; beyond, only the times are kept
	maxTextLength = 300             // bytes of a path, a user agent or a method
	flushEvery    = 1 * time.Second // so that a time that was written is true to the second
)

// last is what a burst of events leaves behind for one credential even when the events themselves are too many.
type last struct{ accessed, refused *Event }

// Recorder writes events in batches, off the request's path. Close writes what is left.
type Recorder struct {
	db  *database.DB
	log *slog.Logger

	mu     sync.Mutex
	events []Event
	last   map[string]last
	usage  map[usageKey]counted
	keys   map[KeyUse]time.Time

	flushing sync.Mutex // one flush at a time, so that Flush returns only when earlier events are written too
	swept    int64      // the last day on which old counts were removed; flushing holds it
	wake     chan struct{}
	stop     chan struct{}
	done     chan struct{}
}

// NewRecorder starts a recorder.
func NewRecorder(db *database.DB, log *slog.Logger) *Recorder {
	r := &Recorder{db: db, log: log, last: map[string]last{}, usage: map[usageKey]counted{}, keys: map[KeyUse]time.Time{}, wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{})}
	go r.run()
	return r
}

// Record notes an event. It does not wait for the store.
func (r *Recorder) Record(e Event) {
	if len(e.Path) > maxTextLength || len(e.Agent) > maxTextLength || len(e.Method) > maxTextLength { // do not hold on to what will not be kept
		e.Path, e.Agent, e.Method = clip(e.Path), clip(e.Agent), clip(e.Method)
	}
	r.mu.Lock()
	first := r.idle()
	l := r.last[e.CredentialID]
	// Requests end, and are recorded, in another order than their times say.
	if e.Authenticated && (l.accessed == nil || !e.At.Before(l.accessed.At)) {
		l.accessed = &e
	}
	if e.Refused && (l.refused == nil || !e.At.Before(l.refused.At)) {
		l.refused = &e
	}
	r.last[e.CredentialID] = l
	r.count(&e)
	if len(r.events) < maxQueue {
		r.events = append(r.events, e)
	}
	r.mu.Unlock()
	if first {
		r.rouse()
	}
}

// idle reports whether nothing waits to be written. The recorder is locked.
func (r *Recorder) idle() bool { return len(r.last) == 0 && len(r.keys) == 0 }

func (r *Recorder) rouse() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// clip makes text from a request fit to be stored: bounded, and nothing that PostgreSQL refuses as text.
func clip(s string) string {
	if len(s) > maxTextLength {
		s = strings.Clone(s[:maxTextLength])
	}
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
	if len(s) > maxTextLength { // a byte that is no text takes three now
		s = strings.ToValidUTF8(s[:maxTextLength], "")
	}
	return s
}

// run sleeps while nothing happens, and flushes once a second while something does.
func (r *Recorder) run() {
	defer close(r.done)
	for {
		select {
		case <-r.stop:
			return
		case <-r.wake:
		}
		timer := time.NewTimer(flushEvery / 2)
		select {
		case <-r.stop:
			timer.Stop()
			return
		case <-timer.C:
		}
		if err := r.Flush(context.Background()); err != nil {
			r.log.Error("activity was not written", "error", err)
		}
	}
}

// Close writes what is left and ends the recorder.
func (r *Recorder) Close(ctx context.Context) error {
	close(r.stop)
	<-r.done
	return r.Flush(ctx)
}

// Flush writes every event recorded before the call. What cannot be written is lost: bookkeeping never piles up.
func (r *Recorder) Flush(ctx context.Context) error {
	r.flushing.Lock()
	defer r.flushing.Unlock()
	r.mu.Lock()
	events, lasts, usage, keys := r.events, r.last, r.usage, r.keys
	r.events, r.last, r.usage, r.keys = nil, map[string]last{}, map[usageKey]counted{}, map[KeyUse]time.Time{}
	r.mu.Unlock()
	if len(lasts) == 0 && len(keys) == 0 {
		return nil
	}
	today := r.swept
	for key := range usage {
		today = max(today, key.day)
	}
	err := r.db.Record(ctx, func(tx *database.Tx) error {
		known := map[string]bool{}
		for id, l := range lasts {
			found, err := writeLast(ctx, tx, id, l)
			if err != nil {
				return err
			}
			known[id] = found
		}
		if err := writeUsage(ctx, tx, usage, known); err != nil {
			return err
		}
		if err := writeKeys(ctx, tx, keys); err != nil {
			return err
		}
		insert, err := tx.Prepare(ctx, `INSERT INTO activity (id, credential_id, at, reason, method, path, operation, address, agent)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING`)
		if err != nil {
			return err
		}
		defer func() { _ = insert.Close() }()
		for _, e := range newest(events) {
			if !known[e.CredentialID] {
				continue // deleted with its owner meanwhile
			}
			if _, err := insert.ExecContext(ctx, eventID(e.At), e.CredentialID, database.Micros(e.At), string(e.Reason), clip(e.Method),
				clip(e.Path), e.Operation, e.Address, clip(e.Agent)); err != nil {
				return err
			}
		}
		if today > r.swept {
			if err := forgetDays(ctx, tx, today); err != nil {
				return err
			}
		}
		for id := range lasts {
			if _, err := tx.Exec(ctx, `DELETE FROM activity WHERE credential_id = $1 AND id <= (SELECT id FROM activity
				WHERE credential_id = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)`, id, MaxActivity); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		r.swept = today
	}
	return err
}

// newest leaves out the events that would be deleted again at once, because their credential has MaxActivity later ones.
func newest(events []Event) []Event {
	n := map[string]int{}
	kept := make([]Event, 0, len(events))
	for _, e := range slices.Backward(events) {
		if n[e.CredentialID]++; n[e.CredentialID] <= MaxActivity {
			kept = append(kept, e)
		}
	}
	return kept
}

func writeLast(ctx context.Context, tx *database.Tx, id string, l last) (found bool, err error) {
	if e := l.accessed; e != nil {
		n, err := tx.Exec(ctx, `UPDATE credential SET last_accessed_on = $1, last_accessed_address = $2, last_accessed_agent = $3
			WHERE id = $4 AND last_accessed_on <= $1`, database.Micros(e.At), e.Address, clip(e.Agent), id)
		if err != nil {
			return false, err
		}
		found = n > 0
	}
	if e := l.refused; e != nil {
		n, err := tx.Exec(ctx, `UPDATE credential SET last_refused_on = $1, last_refused_address = $2, last_refused_reason = $3
			WHERE id = $4 AND last_refused_on <= $1`, database.Micros(e.At), e.Address, string(e.Reason), id)
		if err != nil {
			return false, err
		}
		found = found || n > 0
	}
	if found {
		return true, nil
	}
	// A later event of another node may be written already: then the row is there and only our times are older.
	var one int
	err = tx.Row(ctx, `SELECT COUNT(*) FROM credential WHERE id = $1`, id).Scan(&one)
	return one > 0, err
}

// eventID orders events by time and keeps apart those of one microsecond, also of different nodes.
func eventID(at time.Time) int64 { return at.UnixMicro()<<10 | rand.Int64N(1<<10) }

// Activity lists the last events of a credential, newest first, at most limit.
func (r *Recorder) Activity(ctx context.Context, credentialID string, limit int) ([]Event, error) {
	return database.Collect(ctx, r.db, func(scan func(...any) error) (Event, error) {
		e := Event{CredentialID: credentialID}
		var at int64
		var why string
		err := scan(&at, &why, &e.Method, &e.Path, &e.Operation, &e.Address, &e.Agent)
		e.At, e.Reason = database.Time(at), reason.Code(why)
		return e, err
	}, `SELECT at, reason, method, path, operation, address, agent FROM activity
		WHERE credential_id = $1 ORDER BY id DESC LIMIT $2`, credentialID, limit)
}
