package pipeline

import (
	"context"

	"github.com/pailforge/pail/internal/database"
)

// batch is how many rows are sealed anew in one transaction.
const batch = 100

// Reseal seals with the newest key what an older one has sealed, so that the older ones can go. What no key opens stays as it is; their
// number comes back.
func (room *Room) Reseal(ctx context.Context) (lost int, err error) {
	for _, of := range []struct{ table, id, column, where string }{
		{"pipeline_variable", "id", "value", "secured"},
		{"pipeline_input", "id", "value", "secured"},
		{"pipeline_config", "repository_id", "private_key", "private_key <> ''"},
		{"pipeline_signing_key", "id", "private_key", "private_key <> ''"},
	} {
		after := ""
		for {
			var n int
			err := room.DB.Update(ctx, func(tx *database.Tx) error {
				type row struct{ id, sealed string }
				rows, err := database.Collect(ctx, tx, func(scan func(...any) error) (r row, err error) { return r, scan(&r.id, &r.sealed) },
					`SELECT `+of.id+`, `+of.column+` FROM `+of.table+` WHERE `+of.where+` AND `+of.id+` > $1 AND `+of.column+` NOT LIKE $2 ORDER BY `+of.id+` LIMIT $3`,
					after, room.Keys.Newest()+"%", batch)
				if err != nil {
					return err
				}
				n = len(rows)
				for _, r := range rows {
					after = r.id
					text, err := room.Keys.Open(r.sealed, r.id)
					if err != nil {
						lost++
						continue
					}
					// Whoever has changed it meanwhile has sealed it with the newest key.
					if _, err := tx.Exec(ctx, `UPDATE `+of.table+` SET `+of.column+` = $3 WHERE `+of.id+` = $1 AND `+of.column+` = $2`, r.id, r.sealed, room.Keys.Seal(text, r.id)); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return lost, err
			}
			if n < batch {
				break
			}
		}
	}
	return lost, nil
}
