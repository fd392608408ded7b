package repository

import (
	"context"
	"errors"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/language"
)

// maxCounted is how many files are looked at for the language of a repository.
const maxCounted = 100_000

// FindLanguage notes which language most of a repository's main branch is written in, unless somebody said one. It is no change
// that anybody made: the time of the last one stays, and nobody is told.
func (room *Room) FindLanguage(ctx context.Context, id string) error {
	var branch string
	err := room.DB.Row(ctx, `SELECT mainbranch FROM repository WHERE id = $1 AND NOT language_said`, id).Scan(&branch)
	if errors.Is(err, database.ErrNoRows) || err == nil && branch == "" {
		return nil
	}
	if err != nil {
		return err
	}
	head, err := room.Git.Resolve(ctx, id, gitstore.BranchPrefix+branch)
	if err != nil {
		return ignoreAbsent(err)
	}
	commit, err := room.Git.Commit(ctx, id, head)
	if err != nil {
		return ignoreAbsent(err)
	}
	var count language.Count
	files := 0
	if err := room.Git.FileSizes(ctx, id, commit.Tree, func(path string, size int64) bool {
		count.Add(path, size)
		files++
		return files < maxCounted
	}); err != nil {
		return ignoreAbsent(err)
	}
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE repository SET language = $2 WHERE id = $1 AND NOT language_said AND language <> $2`, id, count.Most())
		return err
	})
}

// ignoreAbsent is nil for what was deleted meanwhile.
func ignoreAbsent(err error) error {
	if errors.Is(err, gitstore.ErrNotFound) {
		return nil
	}
	return err
}
