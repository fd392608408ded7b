package repository

import (
	"context"
	"errors"

	"github.com/pailforge/pail/internal/gitstore"
)

// This file is what pages ask of the files of a commit.

// Place is what is at a path of a commit.
type Place struct {
	Revision string // that named the commit: a branch, a tag, a hash
	Commit   *gitstore.Commit
	Path     string         // bytes as git keeps them; "" is the root
	Entry    gitstore.Entry // what is there: a directory, a file, a link or a submodule
	Info     gitstore.FileInfo
}

// Link tells whether a symbolic link is there.
func (p *Place) Link() bool { return p.Entry.Mode == symlink }

// Place finds what is at a path. The name of a branch may hold slashes: then the first of them may stand in path, and
// Revision and Path come back with all of the name in Revision. A *rest.Error says that there is nothing.
func (room *Room) Place(ctx context.Context, r *Repository, revision, path string) (*Place, error) {
	at, err := room.place(ctx, r, revision, path)
	if err != nil {
		return nil, err
	}
	p := &Place{Revision: at.revision, Commit: at.commit, Path: at.path}
	if p.Entry, err = room.Git.At(ctx, r.ID, at.commit.Tree, at.path); err != nil {
		return nil, pathError(err, at)
	}
	rows := []listed{{path: at.path, entry: p.Entry}}
	err = room.inform(ctx, r, rows)
	p.Info = rows[0].info
	return p, err
}

// Item is what is in a directory.
type Item struct {
	Entry gitstore.Entry
	Info  gitstore.FileInfo // of a file or a link
}

// Link tells whether the item is a symbolic link.
func (i *Item) Link() bool { return i.Entry.Mode == symlink }

// Items lists a part of a directory, directories first and then in git's order. size is how many there are in all.
func (room *Room) Items(ctx context.Context, r *Repository, tree gitstore.Hash, offset, limit int) (items []Item, size int, err error) {
	var rows []listed
	if err := room.Git.Walk(ctx, r.ID, tree, 1, func(path string, e gitstore.Entry) bool {
		rows = append(rows, listed{path: path, entry: e})
		return true
	}); err != nil {
		return nil, 0, err
	}
	size = len(rows)
	rows = rows[min(offset, size):min(offset+limit, size)]
	if err := room.inform(ctx, r, rows); err != nil {
		return nil, 0, err
	}
	for _, row := range rows {
		items = append(items, Item{row.entry, row.info})
	}
	return items, size, nil
}

// Bytes reads the file or link at a place, of at most limit bytes; ok is false when it has more.
func (room *Room) Bytes(ctx context.Context, r *Repository, p *Place, limit int64) (data []byte, ok bool, err error) {
	data, err = room.Git.Blob(ctx, r.ID, p.Entry.Hash, limit)
	if errors.Is(err, gitstore.ErrTooLarge) {
		return nil, false, nil
	}
	return data, err == nil, err
}

// Names are the short names of the branches of a repository, and of its tags, in order; the main branch comes first.
// At most limit of each come back, and more tells that there are others.
func (room *Room) Names(ctx context.Context, r *Repository, limit int) (branches, tags []string, more bool, err error) {
	branches, tags, err = room.Git.Names(ctx, r.ID)
	if err != nil {
		return nil, nil, false, err
	}
	for i, name := range branches {
		if name == r.MainBranch {
			copy(branches[1:i+1], branches[:i])
			branches[0] = name
		}
	}
	more = len(branches) > limit || len(tags) > limit
	return branches[:min(limit, len(branches))], tags[:min(limit, len(tags))], more, nil
}
