package gitstore

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"strings"
)

// Entry is one line of a tree.
type Entry struct {
	Mode string // as git writes it: "100644", "100755", "120000" (a link), "40000" (a tree), "160000" (a submodule)
	Name string // valid UTF-8: what is not is replaced by U+FFFD
	Hash Hash
}

// File tells whether the entry is a file of the repository itself, and no link.
func (e Entry) File() bool { return strings.HasPrefix(e.Mode, "100") }

// Directory tells whether the entry is a tree.
func (e Entry) Directory() bool { return e.Mode == "40000" }

// Tree lists what is directly in a tree, in git's order. Errors: ErrNotFound, also when the object is no tree;
// ErrTooLarge above Options.MaxObjectBytes.
func (s *Store) Tree(ctx context.Context, id string, tree Hash) ([]Entry, error) {
	o, err := s.Object(ctx, id, tree)
	if err != nil {
		return nil, err
	}
	if o.Type != "tree" {
		return nil, fail(ErrNotFound, "tree", string(tree), "it is a "+o.Type)
	}
	return parseTree(o.Data, len(tree)/2)
}

// At finds the entry at path below a tree. Errors: ErrNotFound; ErrInvalid for what cannot be a path.
func (s *Store) At(ctx context.Context, id string, tree Hash, path string) (Entry, error) {
	if !ValidPath(path) {
		return Entry{}, fail(ErrInvalid, "path", path, "")
	}
	at := Entry{Mode: "40000", Hash: tree}
	for part := range strings.SplitSeq(path, "/") {
		if !at.Directory() {
			return Entry{}, fail(ErrNotFound, "path", path, "")
		}
		entries, err := s.Tree(ctx, id, at.Hash)
		if err != nil {
			return Entry{}, err
		}
		found := false
		for _, e := range entries {
			if found = e.Name == part; found {
				at = e
				break
			}
		}
		if !found {
			return Entry{}, fail(ErrNotFound, "path", path, "")
		}
	}
	return at, nil
}

// Blob reads a file of at most limit bytes. Errors: ErrNotFound, also when the object is no file; ErrTooLarge.
func (s *Store) Blob(ctx context.Context, id string, hash Hash, limit int64) ([]byte, error) {
	var data []byte
	err := s.Stream(ctx, id, hash, func(info ObjectInfo, contents io.Reader) error {
		switch {
		case info.Type != "blob":
			return fail(ErrNotFound, "file", string(hash), "it is a "+info.Type)
		case info.Size > limit:
			return fail(ErrTooLarge, "file", string(hash), "")
		}
		data = make([]byte, info.Size)
		if _, err := io.ReadFull(contents, data); err != nil {
			return errReaderGone
		}
		return nil
	})
	return data, err
}

var errTree = errors.New("gitstore: a tree has another form than git writes")

// parseTree reads the body of a tree object: mode, space, name, NUL and the name of the object in size bytes.
func parseTree(data []byte, size int) ([]Entry, error) {
	var entries []Entry
	for len(data) > 0 {
		head, rest, ok := bytes.Cut(data, []byte{0})
		mode, name, spaced := bytes.Cut(head, []byte{' '})
		if !ok || !spaced || len(name) == 0 || len(rest) < size {
			return nil, errTree
		}
		entries = append(entries, Entry{Mode: string(mode), Name: strings.ToValidUTF8(string(name), "�"), Hash: Hash(hex.EncodeToString(rest[:size]))})
		data = rest[size:]
	}
	return entries, nil
}
