package gitstore

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Fork makes the repository id with the branches, the tags and the HEAD of from. Both share the files of the objects that are
// there now, by hard links: each is whole without the other, and what one of them packs anew or prunes stays with the other.
// Where the file system has no links, the objects are copied. Errors: ErrInvalid, ErrNotFound, ErrExists.
func (s *Store) Fork(ctx context.Context, from, id string) error {
	src, err := s.dir(from)
	if err != nil {
		return err
	}
	branch, err := s.DefaultBranch(ctx, from)
	if err != nil {
		return err
	}
	if err := s.Create(ctx, id, branch); err != nil {
		return err
	}
	dir, err := s.dir(id)
	if err == nil {
		err = hidePath(linkObjects(src, dir))
	}
	if err == nil {
		err = s.Import(ctx, id, src) // takes what the links have not brought, and checks that nothing is missing
	}
	if err != nil {
		return errors.Join(err, s.Remove(id))
	}
	return nil
}

// linkObjects links the objects of src into dst. What vanishes meanwhile, because src is packed anew, is left out.
func linkObjects(src, dst string) error {
	unreachable := map[string]bool{}
	packs := filepath.Join("objects", "pack")
	for _, path := range children(filepath.Join(src, packs)) {
		if stem, ok := strings.CutSuffix(filepath.Base(path), ".mtimes"); ok {
			unreachable[stem] = true
		}
	}
	if err := os.MkdirAll(filepath.Join(dst, packs), 0o700); err != nil {
		return err
	}
	// A pack counts once its index is there.
	for _, kind := range []string{".pack", ".rev", ".bitmap", ".idx"} {
		for _, path := range children(filepath.Join(src, packs)) {
			stem, ok := strings.CutSuffix(filepath.Base(path), kind)
			if !ok || !strings.HasPrefix(stem, "pack-") || unreachable[stem] {
				continue
			}
			if kind == ".idx" {
				if _, err := os.Lstat(filepath.Join(dst, packs, stem+".pack")); err != nil {
					continue
				}
			}
			if more, err := link(path, filepath.Join(dst, packs, stem+kind)); !more {
				return err
			}
		}
	}
	for _, fan := range children(filepath.Join(src, "objects")) {
		name := filepath.Base(fan)
		if len(name) != 2 || !isHex(name) {
			continue
		}
		if err := os.MkdirAll(filepath.Join(dst, "objects", name), 0o700); err != nil {
			return err
		}
		for _, path := range children(fan) {
			if file := filepath.Base(path); !isHex(file) {
				continue
			}
			if more, err := link(path, filepath.Join(dst, "objects", name, filepath.Base(path))); !more {
				return err
			}
		}
	}
	return nil
}

// link links one file. more is false when there is no point in going on: with an error, or because nothing can be linked here.
func link(from, to string) (more bool, err error) {
	err = os.Link(from, to)
	switch {
	case err == nil, errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrExist):
		return true, nil
	}
	var failed *os.LinkError
	if errors.As(err, &failed) { // another file system, or one without links
		return false, nil
	}
	return false, err
}
