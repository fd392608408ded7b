package snippet

import (
	"context"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gitstore"
)

// Refused says, by the full name of a reference, why a push may not change it so: a snippet has one branch, and keeps it.
func Refused(updates []gitstore.RefUpdate) map[string]string {
	refused := map[string]string{}
	for _, u := range updates {
		switch {
		case u.Name != branchRef:
			refused[u.Name] = "a snippet has one branch, " + Branch + ", and nothing beside it: git push origin HEAD:" + Branch
		case u.New.IsZero():
			refused[u.Name] = "the branch of a snippet stays; delete the snippet"
		}
	}
	return refused
}

// Pushed notes that a push changed the files of a snippet.
func (room *Room) Pushed(ctx context.Context, id string) error {
	defer room.changed(id)
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE snippet SET updated_on = $2 WHERE id = $1`, id, database.Micros(room.now()))
		return err
	})
}
