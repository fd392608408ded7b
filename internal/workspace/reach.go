package workspace

import (
	"context"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
)

// ProjectsWith lists the projects of a workspace on which an account has at least level, the oldest first. Principals
// without an account have none.
func (r *Room) ProjectsWith(ctx context.Context, p *access.Principal, w Workspace, level access.Level) ([]Project, error) {
	if p.Account == nil {
		return nil, nil
	}
	return database.Collect(ctx, r.DB, func(row func(...any) error) (Project, error) { return scanProject(row) },
		selectProject+`p.workspace_id = $2 AND (`+Reached("p.workspace_id", "p.id", "$1", level)+`) ORDER BY p.created_on, p.id`, p.Account.ID, w.ID)
}

// maxPlaces bounds how many projects of all workspaces are listed to choose from.
const maxPlaces = 200

// PlacesWith lists the projects of all workspaces on which an account has at least level, by workspace and name; the first
// 200 of them. Principals without an account have none.
func (r *Room) PlacesWith(ctx context.Context, p *access.Principal, level access.Level) ([]Project, error) {
	if p.Account == nil {
		return nil, nil
	}
	return database.Collect(ctx, r.DB, func(row func(...any) error) (Project, error) { return scanProject(row) },
		selectProject+`(`+Reached("p.workspace_id", "p.id", "$1", level)+`) ORDER BY w.slug, p.name, p.id LIMIT $2`, p.Account.ID, maxPlaces)
}
