package repository

import (
	"context"

	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
)

// Target makes a repository something that permissions are granted on (workspace.Room.GrantGroup and its kin).
func (r *Repository) Target() (workspace.Place, string, string) {
	return workspace.OnRepository, r.ID, r.Workspace.ID
}

// Effective is one page of the accounts that may do something on a repository, as workspace.Room.Effective is for a
// project.
func (room *Room) Effective(ctx context.Context, r *Repository, search string, paging rest.Paging) ([]workspace.Effective, bool, error) {
	return workspace.EffectiveOf(ctx, room.DB, func(of string) string { return grants("$1", "$2", "$3", of) },
		[]any{r.Workspace.ID, r.Project.ID, r.ID}, search, paging)
}
