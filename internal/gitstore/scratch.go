package gitstore

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// scratch is a place beside a repository. Git sees the repository's objects there, and writes new ones that the repository
// does not get before keep.
type scratch struct {
	store *Store
	id    string // of the repository
	dir   string // of the repository
	work  string // directory of the place

	ctx    context.Context // ends with the one that scratch was called with, and with close
	end    context.CancelFunc
	reads  *reader         // a cat-file that sees the new objects; nil: not needed yet
	writes *reader         // a hash-object; nil: not needed yet
	out    []attributeFile // what is in files
}

// scratch makes a place beside a repository. close it. There are at most maxScratches at a time; others wait.
func (s *Store) scratch(ctx context.Context, id string) (*scratch, error) {
	dir, err := s.dir(id)
	if err != nil {
		return nil, err
	}
	select {
	case s.scratches <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	work, err := os.MkdirTemp(filepath.Join(s.Root, "tmp"), "scratch-")
	if err != nil {
		<-s.scratches
		return nil, hidePath(err)
	}
	w := &scratch{store: s, id: id, dir: dir, work: work}
	w.ctx, w.end = context.WithCancel(ctx)
	for _, sub := range []string{w.objects(), w.files()} {
		if err := os.Mkdir(sub, 0o700); err != nil {
			w.close()
			return nil, hidePath(err)
		}
	}
	return w, nil
}

func (w *scratch) objects() string { return filepath.Join(w.work, "objects") }

// files is a directory with the .gitattributes of the tree that was checked out last, and nothing else.
func (w *scratch) files() string { return filepath.Join(w.work, "files") }

// close ends what runs in the place and removes it.
func (w *scratch) close() {
	w.end()
	for _, r := range []*reader{w.reads, w.writes} {
		if r != nil {
			<-r.done
		}
	}
	_ = os.RemoveAll(w.work)
	<-w.store.scratches
}

// maxScratches bounds how much is merged at a time: it may take much memory.
const maxScratches = 16

// command prepares git in the place. What it writes is not forced to disk: keep does that.
func (w *scratch) command(args ...string) *process {
	p := w.store.command(w.work, append([]string{"-c", "core.fsync=none", "--git-dir=" + w.dir}, args...)...)
	p.hide = append([]string{w.work}, append(p.hide, w.dir)...)
	return p.with("GIT_OBJECT_DIRECTORY="+w.objects(), alternate(filepath.Join(w.dir, "objects")))
}

// inFiles prepares git in files, as in the work tree that it takes attributes from.
func (w *scratch) inFiles(args ...string) *process {
	p := w.command(args...).with("GIT_WORK_TREE=" + w.files())
	p.Dir = w.files()
	return p
}

// alternate is the variable that lets git read the objects in a directory, too.
func alternate(objects string) string {
	return `GIT_ALTERNATE_OBJECT_DIRECTORIES="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(objects) + `"`
}

// talk starts git in the place to answer line by line.
func (w *scratch) talk(args ...string) (*reader, error) {
	r, err := talk(w.command(args...))
	if err == nil {
		context.AfterFunc(w.ctx, r.end)
	}
	return r, err
}

// failed says why a process does not answer.
func (w *scratch) failed(r *reader) error {
	if w.ctx.Err() != nil {
		return context.Cause(w.ctx)
	}
	return r.gone()
}

// write stores a commit in the place.
func (w *scratch) write(text string) (hash Hash, err error) {
	if w.writes == nil {
		// What old, honest histories have is not checked: a commit that is made anew keeps its author as it is.
		if w.writes, err = w.talk("hash-object", "-t", "commit", "-w", "--literally", "--no-filters", "--stdin-paths"); err != nil {
			return "", err
		}
	}
	if err := os.WriteFile(filepath.Join(w.work, "commit"), []byte(text), 0o600); err != nil {
		return "", hidePath(err)
	}
	_, err = io.WriteString(w.writes.in, "commit\n")
	if err == nil {
		var line string
		line, err = w.writes.out.ReadString('\n')
		hash = Hash(strings.TrimSuffix(line, "\n"))
	}
	if err != nil || !hash.Valid() {
		return "", w.failed(w.writes)
	}
	return hash, nil
}

// object reads an object of the repository or of the place.
func (w *scratch) object(hash Hash) (*Object, error) {
	o, err := w.store.Object(w.ctx, w.id, hash)
	if !errors.Is(err, ErrNotFound) {
		return o, err
	}
	if w.reads == nil {
		if w.reads, err = w.talk("cat-file", "--batch-command"); err != nil {
			return nil, err
		}
	}
	if o, err = w.store.object(w.reads, hash); errors.Is(err, errReaderGone) {
		return nil, w.failed(w.reads)
	}
	return o, err
}

// keep stores the new objects in the repository, but for those in without.
func (w *scratch) keep(without map[Hash]bool) error {
	var names []string
	for _, fan := range children(w.objects()) {
		for _, file := range children(fan) {
			name := filepath.Base(fan) + filepath.Base(file)
			if hash := Hash(name); hash.Valid() && !without[hash] {
				names = append(names, name)
			}
		}
	}
	if len(names) > maxMoved {
		return w.store.take(w.ctx, w.dir, w.objects(), strings.Join(names, "\n")+"\n")
	}
	for _, name := range names {
		from, to := filepath.Join(w.objects(), name[:2], name[2:]), filepath.Join(w.dir, "objects", name[:2], name[2:])
		if err := os.Mkdir(filepath.Dir(to), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return hidePath(err)
		}
		if err := errors.Join(syncDir(from), os.Rename(from, to)); err != nil {
			return hidePath(err)
		}
	}
	return nil
}

// maxMoved is how many objects become files of their own in the repository. More are cheaper as a pack.
const maxMoved = 100

// take copies objects from a directory of them into the repository in dir: those named in list, one a line, or with the option
// --revs, what the revisions in it reach. They come as one pack that is there, on disk, in the end or not at all.
func (s *Store) take(ctx context.Context, dir, objects, list string, options ...string) error {
	args := append([]string{"--git-dir=" + dir, "pack-objects", "--quiet", "--non-empty", "--delta-base-offset"}, options...)
	p := s.command(dir, append(args, filepath.Join(dir, "objects", "pack", "pack"))...).with(alternate(objects))
	p.hide = append([]string{objects}, p.hide...)
	_, err := p.output(ctx, strings.NewReader(list), maxStderr)
	return err
}

// attributeFile is a .gitattributes in a tree.
type attributeFile struct {
	path string // below the tree
	blob Hash
}

const (
	attributesName = ".gitattributes"
	// maxAttributeFiles and maxAttributes, in bytes, bound what a tree may have of them.
	maxAttributeFiles = 10_000
	maxAttributes     = 16 << 20
	// plainTrees is of how many trees a store knows that there is none in them.
	plainTrees = 1 << 16
)

// checkOut makes the .gitattributes in files those of a tree. Errors: ErrTooLarge.
func (w *scratch) checkOut(tree Hash) error {
	a := attributes{scratch: w, left: w.store.maxTrees}
	if _, err := a.find("", tree); err != nil || slices.Equal(a.found, w.out) {
		return err
	}
	w.out = nil
	if err := errors.Join(os.RemoveAll(w.files()), os.Mkdir(w.files(), 0o700)); err != nil {
		return hidePath(err)
	}
	root, err := os.OpenRoot(w.files()) // names are whatever somebody pushed
	if err != nil {
		return hidePath(err)
	}
	defer root.Close()
	left := maxAttributes
	for _, f := range a.found {
		o, err := w.object(f.blob)
		if err != nil {
			return err
		}
		if left -= len(o.Data); left < 0 {
			return fail(ErrTooLarge, "tree", string(tree), "its "+attributesName+" are too large")
		}
		if err := root.MkdirAll(path.Dir(f.path), 0o700); err != nil {
			return hidePath(err)
		}
		if err := root.WriteFile(f.path, o.Data, 0o600); err != nil {
			return hidePath(err)
		}
	}
	w.out = a.found
	return nil
}

// attributes collects the .gitattributes that a work tree would have.
type attributes struct {
	*scratch
	found []attributeFile
	left  int // how many trees may still be read
}

// find looks into a tree, whose path is prefix. plain tells that there is nothing to be found in it, wherever it is.
func (a *attributes) find(prefix string, tree Hash) (plain bool, err error) {
	switch _, plain := a.store.plain.Get(tree); {
	case plain:
		return true, nil
	case len(prefix) > MaxPath:
		return false, nil
	case a.left == 0:
		return false, fail(ErrTooLarge, "tree", string(tree), "there are too many in it")
	}
	a.left--
	o, err := a.object(tree)
	if err != nil {
		return false, err
	}
	if o.Type != "tree" {
		return false, fail(ErrNotFound, "tree", string(tree), "it is a "+o.Type)
	}
	entries, err := parseTree(o.Data, len(tree)/2)
	if err != nil {
		return false, err
	}
	plain = true
	for _, e := range entries {
		switch {
		case e.Name == attributesName && e.File(): // git follows no link
			plain = false
			a.found = append(a.found, attributeFile{prefix + e.Name, e.Hash})
			if len(a.found) > maxAttributeFiles {
				return false, fail(ErrTooLarge, "tree", string(tree), "it has too many "+attributesName)
			}
		case e.Directory() && checkable(e.Name):
			below, err := a.find(prefix+e.Name+"/", e.Hash)
			if err != nil {
				return false, err
			}
			plain = plain && below
		}
	}
	if plain {
		a.store.plain.Add(tree, struct{}{})
	}
	return plain, nil
}

// checkable tells whether a work tree can have a directory of that name.
func checkable(name string) bool {
	return name != "." && name != ".." && !strings.EqualFold(name, ".git") && !strings.Contains(name, "/") && len(name) <= 255
}
