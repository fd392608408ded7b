package gitstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// Edit is what a new commit does to one path.
type Edit struct {
	Path    string
	Content string // path of a file of the server with the new contents; "": what is there is removed
	Mode    string // as in Entry; "": what it was, or that of a plain file
	Link    Hash   // of a submodule, in place of Content
}

// NewCommit is a commit to be made.
type NewCommit struct {
	Parents           []Hash // the tree of the first one is where Edits begin; none: they begin with nothing
	Edits             []Edit
	Message           string
	Author, Committer Signature // of each Name, Mail and When
}

// Spool makes a directory for what is on its way into a commit. Call remove in the end; what a crash leaves is swept later.
func (s *Store) Spool() (dir string, remove func(), err error) {
	dir, err = os.MkdirTemp(filepath.Join(s.Root, "tmp"), "spool-")
	return dir, func() { _ = os.RemoveAll(dir) }, hidePath(err)
}

// WriteCommit stores a commit; no reference names it yet. A file takes the place of a directory that is in its way, and the
// other way round. Errors: ErrInvalid for a path, a mode or a message that cannot be, ErrNotFound for a parent that is not
// there or a path to be removed that the first one does not have.
func (s *Store) WriteCommit(ctx context.Context, id string, c NewCommit) (Hash, error) {
	dir, err := s.dir(id)
	if err != nil {
		return "", err
	}
	if err := checkMessage(c.Message); err != nil {
		return "", err
	}
	parents, err := s.Commits(ctx, id, c.Parents)
	if err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(filepath.Join(s.Root, "tmp"), "commit-")
	if err != nil {
		return "", hidePath(err)
	}
	defer os.RemoveAll(work)
	var from Hash
	if len(parents) > 0 {
		from = parents[0].Tree
	}
	tree, err := s.writeTree(ctx, dir, id, work, from, c.Edits)
	if err != nil {
		return "", err
	}
	text := commitText(tree, c.Parents, signed(c.Author), signed(c.Committer), strings.TrimRight(c.Message, "\n")+"\n")
	return s.hashOf(s.output(ctx, dir, strings.NewReader(text), maxStderr, "--git-dir="+dir, "hash-object", "-t", "commit", "-w", "--stdin"))
}

func checkMessage(message string) error {
	if strings.ContainsRune(message, 0) || !utf8.ValidString(message) {
		return fail(ErrInvalid, "message", "", "a commit cannot hold it")
	}
	return nil
}

// commitText is a commit as git stores it. author and committer are lines as signed makes them.
func commitText(tree Hash, parents []Hash, author, committer, message string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "tree %s\n", tree)
	for _, parent := range parents {
		fmt.Fprintf(&text, "parent %s\n", parent)
	}
	fmt.Fprintf(&text, "author %s\ncommitter %s\n\n%s", author, committer, message)
	return text.String()
}

func (s *Store) hashOf(out []byte, err error) (Hash, error) {
	return Hash(strings.TrimSuffix(string(out), "\n")), err
}

// writeTree stores the tree that edits make of another one, "" for none, by way of an index in the directory work.
func (s *Store) writeTree(ctx context.Context, dir, id, work string, from Hash, edits []Edit) (Hash, error) {
	for _, e := range edits {
		if e.Content != "" && strings.EqualFold(path.Base(e.Path), ".gitmodules") {
			if err := s.checkModules(ctx, dir, e); err != nil {
				return "", err
			}
		}
	}
	blobs, err := s.writeBlobs(ctx, dir, edits)
	if err != nil {
		return "", err
	}
	var lines bytes.Buffer
	for _, e := range edits {
		if !ValidPath(e.Path) {
			return "", fail(ErrInvalid, "path", e.Path, "")
		}
		var old Entry
		if from != "" {
			if old, err = s.At(ctx, id, from, e.Path); err != nil && !errors.Is(err, ErrNotFound) {
				return "", err
			}
		}
		mode, hash := e.Mode, e.Link
		switch {
		case e.Content == "" && hash == "":
			if old.Mode == "" {
				return "", fail(ErrNotFound, "path", e.Path, "it cannot be removed")
			}
			if err := s.removal(ctx, id, &lines, e.Path, old); err != nil {
				return "", err
			}
			continue
		case hash == "":
			hash, blobs = blobs[0], blobs[1:]
		case !hash.Valid():
			return "", fail(ErrInvalid, "submodule", string(hash), "a full object name is needed")
		}
		if mode == "" && old.File() {
			mode = old.Mode
		}
		if mode == "" {
			mode = "100644"
		}
		if !writable[mode] || (mode == "160000") != (e.Link != "") {
			return "", fail(ErrInvalid, "mode", mode, "")
		}
		fmt.Fprintf(&lines, "%s %s\t%s\x00", mode, hash, e.Path)
	}
	index := filepath.Join(work, "index")
	complaints := ""
	run := func(stdin []byte, args ...string) ([]byte, error) {
		p := s.command(dir, append([]string{"--git-dir=" + dir}, args...)...).with("GIT_INDEX_FILE=" + index)
		p.hide = append(p.hide, work)
		out, err := p.output(ctx, bytes.NewReader(stdin), maxStderr)
		complaints = p.stderr.String()
		return out, err
	}
	if from != "" {
		if _, err := run(nil, "read-tree", string(from)); err != nil {
			return "", err
		}
	}
	if lines.Len() > 0 {
		if _, err := run(lines.Bytes(), "update-index", "--replace", "-z", "--index-info"); err != nil {
			return "", err
		}
		// Git leaves out what some file system would take for .git, and goes on.
		if strings.Contains(complaints, "Ignoring path") {
			return "", fail(ErrInvalid, "path", "", "some file system would take one of the paths for .git")
		}
	}
	return s.hashOf(run(nil, "write-tree"))
}

// checkModules refuses a .gitmodules that makes clients do what they should not, as a push of it is refused: names that leave
// the directory of submodules, and addresses, paths and commands that git would take for options or run.
func (s *Store) checkModules(ctx context.Context, dir string, e Edit) error {
	refused := fail(ErrInvalid, "file", e.Path, "git takes no such file of submodules")
	if e.Mode == "120000" {
		return refused
	}
	out, err := s.output(ctx, dir, nil, maxModules, "config", "--file="+e.Content, "--list", "-z")
	var exit *GitError
	switch {
	case errors.As(err, &exit), errors.Is(err, ErrTooLarge):
		return refused
	case err != nil:
		return err
	}
	for entry := range strings.SplitSeq(string(out), "\x00") {
		key, value, _ := strings.Cut(entry, "\n")
		section, rest, _ := strings.Cut(key, ".")
		i := strings.LastIndexByte(rest, '.')
		if section != "submodule" || i < 0 {
			continue
		}
		name, variable := rest[:i], rest[i+1:]
		bad := name == "" || slices.Contains(strings.FieldsFunc(name, func(r rune) bool { return r == '/' || r == '\\' }), "..")
		switch variable {
		case "url":
			bad = bad || strings.HasPrefix(value, "-") || strings.ContainsAny(value, "\n\r")
		case "path":
			bad = bad || strings.HasPrefix(value, "-")
		case "update":
			bad = bad || strings.HasPrefix(value, "!")
		}
		if bad {
			return refused
		}
	}
	return nil
}

// maxModules is how long a .gitmodules may be, in bytes.
const maxModules = 1 << 20

var writable = map[string]bool{"100644": true, "100755": true, "120000": true, "160000": true}

// removal writes the lines for update-index that remove what is at path: a directory with all that is in it.
func (s *Store) removal(ctx context.Context, id string, lines *bytes.Buffer, path string, old Entry) error {
	remove := func(path string) { fmt.Fprintf(lines, "0 %s\t%s\x00", ZeroHash, path) }
	if !old.Directory() {
		remove(path)
		return nil
	}
	return s.Walk(ctx, id, old.Hash, MaxPath, func(below string, e Entry) bool {
		if !e.Directory() {
			remove(path + "/" + below)
		}
		return true
	})
}

// writeBlobs stores the contents of edits, in their order, as they are: nothing is converted.
func (s *Store) writeBlobs(ctx context.Context, dir string, edits []Edit) ([]Hash, error) {
	var files strings.Builder
	for _, e := range edits {
		if e.Content != "" {
			files.WriteString(e.Content + "\n")
		}
	}
	if files.Len() == 0 {
		return nil, nil
	}
	out, err := s.output(ctx, dir, strings.NewReader(files.String()), 65*len(edits), "--git-dir="+dir, "hash-object", "-w", "--no-filters", "--stdin-paths")
	if err != nil {
		return nil, err
	}
	var hashes []Hash
	for line := range strings.Lines(string(out)) {
		hashes = append(hashes, Hash(strings.TrimSuffix(line, "\n")))
	}
	return hashes, nil
}
