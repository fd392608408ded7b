package repository

import (
	"context"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
)

// This file is what the search for code asks of repositories.

// Head is where the main branch of a repository is to be looked for, and when the repository last changed.
type Head struct {
	ID         string
	MainBranch string // "" while there are no commits
	Updated    time.Time
}

const selectHead = `SELECT id, mainbranch, updated_on FROM repository`

func scanHead(row func(...any) error) (Head, error) {
	var h Head
	var updated int64
	err := row(&h.ID, &h.MainBranch, &updated)
	h.Updated = database.Time(updated)
	return h, err
}

// Heads lists the repositories of the server that changed at since or later; the zero time lists all of them.
func (room *Room) Heads(ctx context.Context, since time.Time) ([]Head, error) {
	if since.IsZero() {
		return database.Collect(ctx, room.DB, scanHead, selectHead)
	}
	return database.Collect(ctx, room.DB, scanHead, selectHead+` WHERE updated_on >= $1`, database.Micros(since))
}

// Head is that of one repository; ok is false when it is not there.
func (room *Room) Head(ctx context.Context, id string) (h Head, ok bool, err error) {
	found, err := database.Collect(ctx, room.DB, scanHead, selectHead+` WHERE id = $1`, id)
	if err != nil || len(found) == 0 {
		return Head{}, false, err
	}
	return found[0], true, nil
}

// Readable is a repository that somebody may read.
type Readable struct{ ID, Slug, ProjectKey string }

// Readable lists the repositories of a workspace that the principal may read at this moment.
func (room *Room) Readable(ctx context.Context, p *access.Principal, w *workspace.Workspace) ([]Readable, error) {
	where, args, err := query{principal: p, workspaceID: w.ID}.where()
	if err != nil {
		return nil, err
	}
	return database.Collect(ctx, room.DB, func(row func(...any) error) (r Readable, err error) {
		err = row(&r.ID, &r.Slug, &r.ProjectKey)
		return r, err
	}, `SELECT r.id, r.slug, p.key`+from+where, args...)
}

// Those are the repositories with these ids, at most a hundred, that are in the workspace and that the principal may read at
// this moment, by id.
func (room *Room) Those(ctx context.Context, p *access.Principal, w *workspace.Workspace, ids []string) (map[string]*Repository, error) {
	found := make(map[string]*Repository, len(ids))
	if len(ids) == 0 {
		return found, nil
	}
	rows, err := query{principal: p, workspaceID: w.ID, ids: ids}.rows(ctx, room.DB, "r.id", len(ids), 0)
	for _, r := range rows {
		found[r.ID] = r
	}
	return found, err
}

// FileJSON is a file of a commit as the API writes it inside of other objects (schema commit_file).
type FileJSON struct {
	Type        string               `json:"type"`
	Path        string               `json:"path"`
	EscapedPath string               `json:"escaped_path"`
	Commit      fileCommitJSON       `json:"commit"`
	Links       map[string]rest.Link `json:"links"`
}

type fileCommitJSON struct {
	parentJSON
	Repository Summary `json:"repository"`
}

// RenderFile is the file at path, as git keeps it, of a commit.
func (room *Room) RenderFile(r *Repository, commit gitstore.Hash, path string) FileJSON {
	return FileJSON{Type: "commit_file", Path: strings.ToValidUTF8(path, "�"), EscapedPath: escapedPath(path),
		Commit: fileCommitJSON{room.renderParent(r, commit), room.Summarize(r)},
		Links:  map[string]rest.Link{"self": room.sourceLink(r, "src", commit, path, false), "history": room.sourceLink(r, "filehistory", commit, path, false)}}
}
