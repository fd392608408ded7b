package repository

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
)

// This file is what the rooms that stand on this one ask of repositories.

// ByIDs are the repositories with these ids, by id, whoever may see them. Those that are gone are missing.
func (room *Room) ByIDs(ctx context.Context, q database.Queryer, ids ...string) (map[string]*Repository, error) {
	found := make(map[string]*Repository, len(ids))
	if len(ids) == 0 {
		return found, nil
	}
	args, marks := make([]any, len(ids)), make([]string, len(ids))
	for i, id := range ids {
		args[i], marks[i] = id, "$"+strconv.Itoa(i+1)
	}
	rows, err := database.Collect(ctx, q, func(s func(...any) error) (*Repository, error) { return scan(s) },
		`SELECT `+columns+from+` WHERE r.id IN (`+strings.Join(marks, ", ")+`)`, args...)
	for _, r := range rows {
		found[r.ID] = r
	}
	return found, err
}

// Seen are those of the repositories with these ids that the principal may read at this moment, by id.
func (room *Room) Seen(ctx context.Context, q database.Queryer, p *access.Principal, ids ...string) (map[string]*Repository, error) {
	found, err := room.ByIDs(ctx, q, ids...)
	if err != nil {
		return nil, err
	}
	private, granted := []string{}, map[string]bool{}
	for id, r := range found {
		if r.Private {
			private = append(private, id)
		}
	}
	if len(private) > 0 && !p.OfResource() {
		rows, err := query{principal: p, ids: private}.rows(ctx, q, "r.id", len(private), 0)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			granted[r.ID] = p.Reaches(r.Workspace.ID)
		}
	}
	for _, id := range private {
		if r := found[id]; !granted[id] && p.Within(r.Workspace.ID, r.Project.ID, r.ID) < access.Read {
			delete(found, id)
		}
	}
	return found, nil
}

// Named is the repository that a body names, by workspace/slug or by its uuid, where the caller may read it. A *rest.Error (400)
// says that there is none, and names field.
func (room *Room) Named(c *access.Call, field, fullName, id string) (*Repository, error) {
	w, name, ok := strings.Cut(fullName, "/")
	if fullName == "" {
		unbraced, isID := rest.Unbraced(id)
		of, err := workspaceOf(c.Context(), room.DB, unbraced)
		if err != nil {
			return nil, err
		}
		w, name, ok = rest.Braced(of), rest.Braced(unbraced), isID && of != ""
	}
	var r *Repository
	err := error(notFound(w, name))
	if ok {
		r, err = access.Check(c, room.Repositories().Reads(), w, name)
	}
	if refused, is := errors.AsType[*rest.Error](err); is && refused.Reason == reason.RepositoryNotFound {
		return nil, rest.InvalidField(field, "there is no such repository, or you may not see it")
	}
	return r, err
}

// LevelOf is what an account may do on a repository at this moment.
func (room *Room) LevelOf(ctx context.Context, r *Repository, accountID string) (access.Level, error) {
	_, level, err := find(ctx, room.DB, accountID, rest.Braced(r.Workspace.ID), rest.Braced(r.ID))
	if errors.Is(err, access.ErrAbsent) {
		return access.None, nil
	}
	if err == nil && !r.Private {
		level = max(level, access.Read)
	}
	return level, err
}

// Related tells whether two repositories are one, or were forked from one, as far as what lies between them is still there.
func (room *Room) Related(ctx context.Context, a, b *Repository) (related bool, err error) {
	const ancestors = `(WITH RECURSIVE line (id, parent_id, depth) AS (
		SELECT id, parent_id, 0 FROM repository WHERE id = `
	const upwards = ` UNION ALL SELECT r.id, r.parent_id, line.depth + 1 FROM repository r JOIN line ON r.id = line.parent_id WHERE line.depth < 100)
		SELECT id FROM line)`
	err = room.DB.Row(ctx, `SELECT EXISTS (SELECT 1 FROM repository WHERE id IN `+ancestors+`$1`+upwards+` AND id IN `+ancestors+`$2`+upwards+`)`, a.ID, b.ID).Scan(&related)
	return related, err
}

// Visible is the SQL that finds the repositories of a workspace which a principal may read, for lists of what is in them: tables,
// with the repository called r, the condition with its WHERE, and its arguments from $1 on.
func (room *Room) Visible(p *access.Principal, w *workspace.Workspace) (tables, where string, args []any, err error) {
	where, args, err = query{principal: p, workspaceID: w.ID}.where()
	return strings.TrimPrefix(from, " FROM "), where, args, err
}
