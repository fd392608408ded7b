package repository

import (
	"context"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
)

// Transfer moves a repository into a project of another workspace. Its old name leads to the new one; what was granted on the
// repository itself, to members and groups of the workspace that it leaves, is gone, and the access tokens made for it, which act in
// that workspace's name, are revoked. The caller has decided that it may leave, and that it may be made there. A *rest.Error
// says that the name is taken there, or that the project holds no public repositories.
func (room *Room) Transfer(ctx context.Context, old *Repository, to workspace.Project) (*Repository, error) {
	return room.revise(ctx, old, old.Slug, func(tx *database.Tx, r *Repository) error {
		if r.Workspace.ID == to.Workspace.ID {
			return rest.InvalidField("workspace", "the repository is there already")
		}
		for _, table := range []string{"repository_group_grant", "repository_user_grant"} {
			if _, err := tx.Exec(ctx, `DELETE FROM `+table+` WHERE repository_id = $1`, r.ID); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE credential SET revoked_on = $2 WHERE repository_id = $1 AND revoked_on = 0`, r.ID, database.Micros(room.Now())); err != nil {
			return err
		}
		r.Workspace, r.Project = *to.Workspace, to
		return room.Leaves(ctx, tx, r.ID)
	}, room.emitTransfer)
}
