package pipeline

import (
	"context"
	"time"

	"github.com/pailforge/pail/internal/database"
)

// Keep is for how long what steps leave is kept. What is zero is kept for 180, 14 and 7 days: the last two as Bitbucket Cloud documents
// them ("Artifacts", "Caches").
type Keep struct {
	Logs      time.Duration // and test reports
	Artifacts time.Duration
	Caches    time.Duration
}

const day = 24 * time.Hour

func (k Keep) logs() time.Duration      { return orElse(k.Logs, 180*day) }
func (k Keep) artifacts() time.Duration { return orElse(k.Artifacts, 14*day) }
func (k Keep) caches() time.Duration    { return orElse(k.Caches, 7*day) }

func orElse(d, other time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return other
}

// tidyEvery is how often what is too old is looked for.
const tidyEvery = time.Hour

// Tidy removes what is older than it is kept: logs and test reports of steps that have ended, artifacts, caches, tokens. It is asked from
// time to time, by any node.
func (room *Room) Tidy(ctx context.Context) error {
	now := room.Now()
	before := func(d time.Duration) int64 { return database.Micros(now.Add(-d)) }
	for _, of := range []struct {
		table, where string
		before       int64
	}{
		{"pipeline_log", `created_on < $1 AND step_id IN (SELECT id FROM pipeline_step WHERE state = '` + Completed + `')`, before(room.Keep.logs())},
		{"pipeline_artifact", `created_on < $1`, before(room.Keep.artifacts())},
		{"pipeline_cache", `created_on < $1`, before(room.Keep.caches())},
	} {
		if err := room.expireFiles(ctx, of.table, of.where, of.before); err != nil {
			return err
		}
	}
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		for _, statement := range []string{
			`DELETE FROM pipeline_test_case WHERE step_id IN (SELECT id FROM pipeline_step WHERE completed_on > 0 AND completed_on < $1)`,
			`DELETE FROM pipeline_test_report WHERE step_id IN (SELECT id FROM pipeline_step WHERE completed_on > 0 AND completed_on < $1)`,
		} {
			if _, err := tx.Exec(ctx, statement, before(room.Keep.logs())); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `DELETE FROM pipeline_token WHERE step_id IS NULL AND expires_on < $1
			OR step_id IN (SELECT id FROM pipeline_step WHERE state = '`+Completed+`')`, before(day))
		return err
	})
}

// expireFiles deletes old rows of a table in small transactions, and their files behind each.
func (room *Room) expireFiles(ctx context.Context, table, where string, before int64) error {
	type file struct{ repositoryID, id string }
	for {
		var gone []file
		err := room.DB.Update(ctx, func(tx *database.Tx) (err error) {
			gone, err = database.Collect(ctx, tx, func(row func(...any) error) (f file, err error) { return f, row(&f.repositoryID, &f.id) },
				`SELECT repository_id, id FROM `+table+` WHERE `+where+` ORDER BY id LIMIT $2`, before, batch)
			if err != nil {
				return err
			}
			for _, f := range gone {
				if _, err := tx.Exec(ctx, `DELETE FROM `+table+` WHERE id = $1`, f.id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, f := range gone {
			_ = room.Store.Remove(f.repositoryID, f.id) // a log that nothing was written to has none; what stays is swept
		}
		if len(gone) < batch {
			return nil
		}
	}
}

// Sweep removes the files that no row knows: of repositories that are gone, of uploads that a crash cut off. Files that are younger than
// age may be on their way in.
func (room *Room) Sweep(ctx context.Context, age time.Duration) error {
	ids, err := database.Collect(ctx, room.DB, scanID, `SELECT id FROM pipeline_log UNION ALL SELECT id FROM pipeline_artifact UNION ALL SELECT id FROM pipeline_cache`)
	if err != nil {
		return err
	}
	known := make(map[string]bool, len(ids))
	for _, id := range ids {
		known[id] = true
	}
	return room.Store.Sweep(known, age)
}

// tidyAll tidies now and then until ctx ends.
func (room *Room) tidyAll(ctx context.Context) {
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		if err := room.Tidy(ctx); err != nil && ctx.Err() == nil {
			room.Log.Error("what pipelines left long ago was not removed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
