package gitstore

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Entry is one line of a tree.
type Entry struct {
	Mode string // as git writes it: "100644", "100755", "120000" (a link), "40000" (a tree), "160000" (a submodule)
	Name string // as git keeps it: any bytes but NUL and "/"
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

// Submodule tells whether the entry is a commit of another repository.
func (e Entry) Submodule() bool { return e.Mode == "160000" }

// At finds the entry at path below a tree, and the tree itself for the path "". It goes by what stands in trees: no path
// leads out of them. Errors: ErrNotFound; ErrInvalid for what is too long to be a path.
func (s *Store) At(ctx context.Context, id string, tree Hash, path string) (Entry, error) {
	at := Entry{Mode: "40000", Hash: tree}
	switch {
	case path == "":
		return at, nil
	case len(path) > MaxPath:
		return Entry{}, fail(ErrInvalid, "path", path, "it is longer than any path here")
	}
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

// Walk lists what is in a tree and, down to depth levels, in those below it: level by level, in each tree directories first
// and then in git's order. It ends when visit returns false. Errors: as Tree.
func (s *Store) Walk(ctx context.Context, id string, tree Hash, depth int, visit func(path string, e Entry) bool) error {
	type directory struct {
		prefix string
		hash   Hash
	}
	level := []directory{{"", tree}}
	for ; depth > 0 && len(level) > 0; depth-- {
		var next []directory
		for _, d := range level {
			entries, err := s.Tree(ctx, id, d.hash)
			if err != nil {
				return err
			}
			slices.SortStableFunc(entries, func(a, b Entry) int {
				switch {
				case a.Directory() == b.Directory():
					return 0
				case a.Directory():
					return -1
				}
				return 1
			})
			for _, e := range entries {
				if !visit(d.prefix+e.Name, e) {
					return nil
				}
				if e.Directory() && depth > 1 {
					next = append(next, directory{d.prefix + e.Name + "/", e.Hash})
				}
			}
		}
		level = next
	}
	return nil
}

// FileSizes visits the files of a tree and of all below it, with their sizes in bytes, in git's order; links and submodules are
// none. It ends when visit returns false. Errors: ErrNotFound.
func (s *Store) FileSizes(ctx context.Context, id string, tree Hash, visit func(path string, size int64) bool) error {
	dir, err := s.dir(id)
	if err != nil {
		return err
	}
	if !tree.Valid() {
		return s.noObject(id, tree)
	}
	out, err := s.outputOf(ctx, dir, nil, "--git-dir="+dir, "ls-tree", "-r", "-l", "-z", "--full-tree", string(tree))
	if err != nil {
		return err
	}
	defer out.Close()
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString(0)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		about, path, _ := strings.Cut(strings.TrimSuffix(line, "\x00"), "\t")
		fields := strings.Fields(about) // mode, type, name, size
		if len(fields) != 4 || !(Entry{Mode: fields[0]}).File() {
			continue
		}
		size, err := strconv.ParseInt(fields[3], 10, 64)
		if err == nil && !visit(path, size) {
			return nil
		}
	}
}

// CompareTrees visits what differs between two trees, files, links and submodules, each with what was there before and what
// is after; an entry without a hash is none. A tree "" has nothing in it. What lies deeper than MaxPath is left out. An error
// of visit ends it and comes back. Errors: as Tree; ErrTooLarge when more than maxTrees differ.
func (s *Store) CompareTrees(ctx context.Context, id string, from, to Hash, visit func(path string, before, after Entry) error) error {
	left := s.maxTrees
	return s.compareTrees(ctx, id, "", from, to, &left, visit)
}

// maxTrees bounds CompareTrees: a few trees that name each other many times are cheap to push, and endless to walk.
const maxTrees = 200_000

func (s *Store) compareTrees(ctx context.Context, id, prefix string, from, to Hash, trees *int, visit func(path string, before, after Entry) error) error {
	if from == to || len(prefix) > MaxPath {
		return nil
	}
	if *trees--; *trees < 0 {
		return fail(ErrTooLarge, "tree", string(to), "there are too many in it")
	}
	var sides [2][]Entry
	for i, tree := range []Hash{from, to} {
		var err error
		if tree != "" {
			if sides[i], err = s.Tree(ctx, id, tree); err != nil {
				return err
			}
		}
	}
	left := make(map[string]Entry, len(sides[0]))
	for _, e := range sides[0] {
		left[e.Name] = e
	}
	differ := func(before, after Entry) error {
		var below, files [2]Entry
		for i, e := range []Entry{before, after} {
			if e.Directory() {
				below[i] = e
			} else {
				files[i] = e
			}
		}
		path := prefix + before.Name
		if after.Name != "" {
			path = prefix + after.Name
		}
		if files[0] != files[1] && len(path) <= MaxPath {
			if err := visit(path, files[0], files[1]); err != nil {
				return err
			}
		}
		return s.compareTrees(ctx, id, path+"/", below[0].Hash, below[1].Hash, trees, visit)
	}
	for _, after := range sides[1] {
		before := left[after.Name]
		delete(left, after.Name)
		if err := differ(before, after); err != nil {
			return err
		}
	}
	for _, before := range sides[0] {
		if _, gone := left[before.Name]; gone {
			if err := differ(before, Entry{}); err != nil {
				return err
			}
		}
	}
	return nil
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
		entries = append(entries, Entry{Mode: string(mode), Name: string(name), Hash: Hash(hex.EncodeToString(rest[:size]))})
		data = rest[size:]
	}
	return entries, nil
}
