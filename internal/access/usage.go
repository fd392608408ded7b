package access

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/scope"
)

// Usage is how often a credential was let in to one operation of the catalogue, or to git.
type Usage struct {
	Operation   *catalog.Operation
	Count       int64 // requests; a fetch or a push of git is several
	First, Last time.Time
}

// usageKey is what requests are counted by; operation is "" for what is no operation, which is never let in.
type usageKey struct {
	credential, operation string
	day                   int64 // see dayOf
}

// counted is what happened with one credential at one operation on one day.
type counted struct {
	Usage
	refused int64 // requests that were turned away; Usage.Count has those that were let in
}

// used finds the operation of a key in the catalogue, or of git; nil for any other.
func used(key string) *catalog.Operation {
	for _, op := range catalog.Git() {
		if op.Key == key {
			return op
		}
	}
	op, _ := catalog.Lookup(key)
	return op
}

// uses tells whether a request used the scopes of its operation: it was let in, whatever came after that. A missing
// privilege is no use either: with it alone nothing would have been different.
func (e *Event) uses() bool {
	if !e.Authenticated || used(e.Operation) == nil {
		return false
	}
	if e.Reason == "" {
		return true
	}
	switch reason.Of(e.Reason).Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusGone, http.StatusNotImplemented:
		return false
	}
	return true
}

// count adds a request to what is to be written. The recorder is locked.
func (r *Recorder) count(e *Event) {
	key := usageKey{e.CredentialID, e.Operation, dayOf(e.At)}
	if !e.uses() {
		if e.Refused {
			if used(e.Operation) == nil {
				key.operation = ""
			}
			u := r.usage[key]
			u.refused++
			r.usage[key] = u
		}
		return
	}
	u := r.usage[key]
	if u.Count == 0 || e.At.Before(u.First) {
		u.First = e.At
	}
	if e.At.After(u.Last) {
		u.Last = e.At
	}
	u.Count++
	r.usage[key] = u
}

// writeUsage adds up what was counted for the credentials that still exist.
func writeUsage(ctx context.Context, tx *database.Tx, usage map[usageKey]counted, known map[string]bool) error {
	keys := make([]usageKey, 0, len(usage))
	for key := range usage {
		if known[key.credential] {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	// In one order for all nodes, so that none waits for another in a circle.
	slices.SortFunc(keys, func(a, b usageKey) int {
		return cmp.Or(cmp.Compare(a.credential, b.credential), cmp.Compare(a.operation, b.operation), cmp.Compare(a.day, b.day))
	})
	upsert, err := tx.Prepare(ctx, `INSERT INTO credential_usage (credential_id, operation, count, first_on, last_on)
		VALUES ($1, $2, $3, $4, $5) ON CONFLICT (credential_id, operation) DO UPDATE SET
		count = credential_usage.count + excluded.count,
		first_on = CASE WHEN excluded.first_on < credential_usage.first_on THEN excluded.first_on ELSE credential_usage.first_on END,
		last_on = CASE WHEN excluded.last_on > credential_usage.last_on THEN excluded.last_on ELSE credential_usage.last_on END`)
	if err != nil {
		return err
	}
	defer func() { _ = upsert.Close() }()
	for _, key := range keys {
		u := usage[key]
		if u.Count == 0 {
			continue
		}
		if _, err := upsert.ExecContext(ctx, key.credential, key.operation, u.Count, database.Micros(u.First), database.Micros(u.Last)); err != nil {
			return err
		}
	}
	return writeDays(ctx, tx, keys, usage)
}

// Usage lists the operations that a credential was let in to, in the order of the catalogue, git last.
func (r *Recorder) Usage(ctx context.Context, credentialID string) ([]Usage, error) {
	all, err := database.Collect(ctx, r.db, func(scan func(...any) error) (u Usage, err error) {
		var key string
		var first, last int64
		err = scan(&key, &u.Count, &first, &last)
		u.Operation, u.First, u.Last = used(key), database.Time(first), database.Time(last)
		return u, err
	}, `SELECT operation, count, first_on, last_on FROM credential_usage WHERE credential_id = $1`, credentialID)
	// An operation that is in no catalogue any more needs nothing.
	all = slices.DeleteFunc(all, func(u Usage) bool { return u.Operation == nil })
	place := map[*catalog.Operation]int{}
	for i, op := range slices.Concat(catalog.All(), catalog.Own(), catalog.Git()) {
		place[op] = i
	}
	slices.SortFunc(all, func(a, b Usage) int { return cmp.Compare(place[a.Operation], place[b.Operation]) })
	return all, err
}

// UsageOf is Usage for every credential of a shelf that is not revoked, by id, in no order.
func (r *Recorder) UsageOf(ctx context.Context, h Shelf) (map[string][]Usage, error) {
	where, args := h.where()
	all := map[string][]Usage{}
	_, err := database.Collect(ctx, r.db, func(scan func(...any) error) (struct{}, error) {
		var id, key string
		var u Usage
		var first, last int64
		err := scan(&id, &key, &u.Count, &first, &last)
		u.Operation, u.First, u.Last = used(key), database.Time(first), database.Time(last)
		if u.Operation != nil {
			all[id] = append(all[id], u)
		}
		return struct{}{}, err
	}, `SELECT credential_id, operation, count, first_on, last_on FROM credential_usage
		WHERE credential_id IN (SELECT id FROM credential WHERE `+where+` AND revoked_on = 0)`, args...)
	return all, err
}

// LeastScopes is the least set of scopes, of the credential's own kind, for what it was used for.
func (k Kind) LeastScopes(all []Usage) scope.Set {
	needs := make([]scope.Requirement, len(all))
	for i, u := range all {
		needs[i] = u.Operation.Scopes
		if kinds[k].legacy {
			needs[i] = u.Operation.OAuthScopes
		}
	}
	return scope.Least(needs...)
}
