package access

import (
	"context"
	"time"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/database"
)

// KeptDays is how many days the counts by day go back, today among them.
const KeptDays = 90

// Calls is how often a credential was used for one operation on one day.
type Calls struct {
	Day       time.Time          // midnight in UTC
	Operation *catalog.Operation // nil for requests that were no operation's
	Count     int64              // requests that were let in, as in Usage
	Refused   int64              // requests that were turned away before the operation
}

const dayLength = 24 * time.Hour

// dayOf numbers the days in UTC from the epoch.
func dayOf(t time.Time) int64 { return t.Unix() / int64(dayLength/time.Second) }

// writeDays adds the counts up by day.
func writeDays(ctx context.Context, tx *database.Tx, keys []usageKey, usage map[usageKey]counted) error {
	upsert, err := tx.Prepare(ctx, `INSERT INTO credential_day (credential_id, day, operation, count, refused) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (credential_id, day, operation) DO UPDATE SET
		count = credential_day.count + excluded.count, refused = credential_day.refused + excluded.refused`)
	if err != nil {
		return err
	}
	defer func() { _ = upsert.Close() }()
	for _, key := range keys {
		u := usage[key]
		if _, err := upsert.ExecContext(ctx, key.credential, key.day, key.operation, u.Count, u.refused); err != nil {
			return err
		}
	}
	return nil
}

// forgetDays removes the counts that are older than KeptDays, of all credentials. It runs with the first flush of a day.
func forgetDays(ctx context.Context, tx *database.Tx, today int64) error {
	_, err := tx.Exec(ctx, `DELETE FROM credential_day WHERE day <= $1`, today-KeptDays)
	return err
}

// Days lists what a credential was used for on each of the last days, today among them, the earliest first. Days and
// operations without a request are left out.
func (r *Recorder) Days(ctx context.Context, credentialID string, today time.Time, days int) ([]Calls, error) {
	return database.Collect(ctx, r.db, func(scan func(...any) error) (c Calls, err error) {
		var day int64
		var key string
		err = scan(&day, &key, &c.Count, &c.Refused)
		c.Day, c.Operation = time.Unix(day*int64(dayLength/time.Second), 0).UTC(), used(key)
		return c, err
	}, `SELECT day, operation, count, refused FROM credential_day WHERE credential_id = $1 AND day > $2 ORDER BY day, operation`,
		credentialID, dayOf(today)-int64(days))
}
