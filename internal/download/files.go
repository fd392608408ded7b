package download

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/pailforge/pail/internal/database"
)

// path is where the bytes of a file are. Both ids are uuids that the server made.
func (room *Room) path(repositoryID, id string) string {
	return filepath.Join(room.Dir, repositoryID, id)
}

// coming is how the names of files end that are still being written.
const coming = ".part"

// keep writes a file to disk, whole or not at all, and gives its size and its SHA-256 in hex.
func (room *Room) keep(repositoryID, id string, from io.Reader) (size int64, hash string, err error) {
	path := room.path(repositoryID, id)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return 0, "", err
	}
	file, err := os.OpenFile(path+coming, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, "", err
	}
	sum := sha256.New()
	size, err = io.Copy(io.MultiWriter(file, sum), from)
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(path+coming, path)
	}
	if err != nil {
		_ = os.Remove(path + coming)
		return 0, "", err
	}
	return size, hex.EncodeToString(sum.Sum(nil)), nil
}

// Sweep removes files that no row names: of repositories that are gone, of uploads that a crash cut off. Files that are younger
// than age may be on their way in.
func (room *Room) Sweep(ctx context.Context, age time.Duration) error {
	known := map[string]bool{}
	if _, err := database.Collect(ctx, room.DB, func(row func(...any) error) (struct{}, error) {
		var id string
		err := row(&id)
		known[id] = true
		return struct{}{}, err
	}, `SELECT id FROM download`); err != nil {
		return err
	}
	repositories, err := os.ReadDir(room.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, repository := range repositories {
		dir := filepath.Join(room.Dir, repository.Name())
		files, err := os.ReadDir(dir)
		if err != nil {
			continue // it went away
		}
		for _, file := range files {
			info, err := file.Info()
			if err != nil || known[file.Name()] || room.Now().Sub(info.ModTime()) < age {
				continue
			}
			if err := os.Remove(filepath.Join(dir, file.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		_ = os.Remove(dir) // fails unless it is empty
	}
	return nil
}
