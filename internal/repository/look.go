package repository

import (
	"context"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
)

// Search says which repositories of a workspace to list.
type Search struct {
	Project string // key; "": all
	Offset  int
	Limit   int // at least 1
}

// Search lists the repositories of a workspace that the principal may read, by name. more tells whether others follow.
func (room *Room) Search(ctx context.Context, p *access.Principal, w workspace.Workspace, s Search) (found []*Repository, more bool, err error) {
	l := query{principal: p, workspaceID: w.ID, sort: "name", paging: rest.Paging{Page: s.Offset/s.Limit + 1, Pagelen: s.Limit}}
	if s.Project != "" {
		l.filter = `project.key = "` + s.Project + `"`
	}
	found, size, err := list(ctx, room.DB, l)
	return found, s.Offset+len(found) < size, err
}

// Path is the repository's place among pages: the names of workspace and repository, for rest.URLs.Web. A repository
// that is called like a page of its workspace is named by its uuid.
func (r *Repository) Path() []string {
	name := r.Slug
	switch name {
	case "repositories", "projects", "settings":
		name = rest.Braced(r.ID)
	}
	return []string{r.Workspace.Slug, name}
}
