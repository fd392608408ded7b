package gitstore

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Swept says what Sweep removed.
type Swept struct {
	Repositories []string // ids of repositories that nobody knew
	Trash        int      // deleted repositories whose time is over
	Temporary    int      // what interrupted processes left: new repositories, incoming objects, packs
	Locks        int      // lock files whose owner is gone
}

// Sweep tidies up after crashes: repositories for whose id live says false, and whatever an
// interrupted operation left behind. Only things older than olderThan are touched, which must be
// longer than any operation takes (a day is a good value), because a younger one may be in use.
// It goes on after a failure and gives all of them.
func (s *Store) Sweep(ctx context.Context, live func(id string) bool, olderThan time.Duration) (Swept, error) {
	var swept Swept
	var errs []error
	before := time.Now().Add(-olderThan)
	old := func(path string) bool {
		at, err := touched(path)
		return err == nil && at.Before(before)
	}
	remove := func(path string, count *int) {
		if err := os.RemoveAll(path); err != nil {
			errs = append(errs, err)
			return
		}
		*count++
	}
	for _, path := range children(filepath.Join(s.Root, "trash")) {
		if info, err := os.Lstat(path); err == nil && !info.ModTime().After(time.Now().Add(-s.keep)) {
			remove(path, &swept.Trash)
		}
	}
	for _, path := range children(filepath.Join(s.Root, "tmp")) {
		if old(path) {
			remove(path, &swept.Temporary)
		}
	}
	ids, err := s.IDs(ctx)
	if err != nil {
		return swept, errors.Join(append(errs, err)...)
	}
	for _, id := range ids {
		if err := ctx.Err(); err != nil {
			return swept, errors.Join(append(errs, context.Cause(ctx))...)
		}
		dir, _ := s.path(id)
		if !live(id) {
			info, err := os.Lstat(dir)
			if err == nil && info.ModTime().Before(before) {
				if err := s.Remove(id); err != nil && !errors.Is(err, ErrNotFound) {
					errs = append(errs, err)
					continue
				}
				swept.Repositories = append(swept.Repositories, id)
			}
			continue
		}
		for _, path := range children(filepath.Join(dir, "objects")) {
			// Incoming objects of a push that never ended. The name changed in git 2.37.
			name := filepath.Base(path)
			if (strings.HasPrefix(name, "tmp_objdir-") || strings.HasPrefix(name, "incoming-")) && old(path) {
				remove(path, &swept.Temporary)
			}
		}
		for _, path := range children(filepath.Join(dir, "objects", "pack")) {
			name := filepath.Base(path)
			if (strings.HasPrefix(name, "tmp_") || strings.HasPrefix(name, ".tmp-")) && old(path) {
				remove(path, &swept.Temporary)
			}
		}
		if err := eachLock(dir, func(path string) {
			if old(path) {
				remove(path, &swept.Locks)
			}
		}); err != nil {
			errs = append(errs, err)
		}
	}
	return swept, errors.Join(errs...)
}

// touched is when something at or below path was last written: a push that is still arriving writes into a file deep in
// its directory, whose own time stays.
func touched(path string) (latest time.Time, err error) {
	err = filepath.WalkDir(path, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return ignoreGone(err)
		}
		info, err := entry.Info()
		if err != nil {
			return ignoreGone(err)
		}
		if info.ModTime().After(latest) {
			latest = info.ModTime()
		}
		return nil
	})
	if err == nil && latest.IsZero() {
		err = fs.ErrNotExist
	}
	return latest, err
}

// children lists the paths in a directory; none when it is not there.
func children(dir string) []string {
	entries, _ := os.ReadDir(dir)
	paths := make([]string, 0, len(entries))
	for _, entry := range entries {
		paths = append(paths, filepath.Join(dir, entry.Name()))
	}
	return paths
}

// eachLock calls f for the lock files of a repository. A reference cannot end in ".lock", so no
// reference is mistaken for one.
func eachLock(dir string, f func(path string)) error {
	for _, sub := range []string{".", "objects/info", "objects/info/commit-graphs", "objects/pack"} {
		for _, path := range children(filepath.Join(dir, sub)) {
			if strings.HasSuffix(path, ".lock") || filepath.Base(path) == "gc.pid" {
				f(path)
			}
		}
	}
	return filepath.WalkDir(filepath.Join(dir, "refs"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return ignoreGone(err)
		}
		if entry.Type().IsRegular() && strings.HasSuffix(path, ".lock") {
			f(path)
		}
		return nil
	})
}
