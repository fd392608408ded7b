package migrate

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/pailforge/pail/internal/token"
)

// maxFile is the longest file that is read. Configuration is shorter.
const maxFile = 4 << 20

// Coverage tells what was read and what was not.
type Coverage struct {
	Files    int      `json:"files"`    // read
	Ignored  int      `json:"ignored"`  // files and folders that .gitignore leaves out
	Vendored int      `json:"vendored"` // folders of other people's code
	Binary   int      `json:"binary"`
	Huge     int      `json:"huge"`  // longer than 4 MiB
	Links    int      `json:"links"` // symbolic links that were not followed
	Unread   []Unread `json:"unread"`
}

// Unread is a file or a folder that could not be read.
type Unread struct {
	Path  string `json:"path"`
	Error string `json:"error"`
}

func (c *Coverage) add(d Coverage) {
	c.Files += d.Files
	c.Ignored += d.Ignored
	c.Vendored += d.Vendored
	c.Binary += d.Binary
	c.Huge += d.Huge
	c.Links += d.Links
	c.Unread = append(c.Unread, d.Unread...)
}

// read document with its uses, and where it is on this machine.
type reading struct {
	*document
	uses []use
	file string // the path on this machine
	root string // the path that was named, and the file is below
	raw  []byte
	// linked tells that the named path itself is a symbolic link.
	linked bool
	code   encoding
}

// vendored are folders with other people's code.
var vendored = map[string]bool{
	"node_modules": true, "bower_components": true, "vendor": true, "third_party": true, "site-packages": true,
	".venv": true, "venv": true, ".terraform": true, ".tox": true, "__pycache__": true, ".gradle": true, ".hg": true, ".svn": true,
}

// walker reads a tree with a few goroutines.
type walker struct {
	Options
	ctx  context.Context
	busy chan struct{} // a place for each goroutine
	wait sync.WaitGroup

	mu   sync.Mutex
	docs []reading
	seen Coverage
}

func read(ctx context.Context, paths []string, o Options) ([]reading, Coverage, error) {
	w := &walker{Options: o, ctx: ctx, busy: make(chan struct{}, 2*runtime.GOMAXPROCS(0))}
	for _, p := range paths {
		w.start(p)
	}
	w.wait.Wait()
	slices.SortFunc(w.docs, func(a, b reading) int { return strings.Compare(a.path, b.path) })
	w.docs = slices.CompactFunc(w.docs, func(a, b reading) bool { return a.file == b.file })
	slices.SortFunc(w.seen.Unread, func(a, b Unread) int { return strings.Compare(a.Path, b.Path) })
	if w.seen.Unread == nil {
		w.seen.Unread = []Unread{}
	}
	return w.docs, w.seen, ctx.Err()
}

func (w *walker) note(c Coverage, docs ...reading) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen.add(c)
	w.docs = append(w.docs, docs...)
}

func unread(path string, err error) Coverage {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	// A path may be a secret that was pasted where a path belongs.
	return Coverage{Unread: []Unread{{token.Redact(filepath.ToSlash(path)), err.Error()}}}
}

// apart runs f in a goroutine of its own when there is a place for one, and else at once.
func (w *walker) apart(f func()) {
	select {
	case w.busy <- struct{}{}:
		w.wait.Add(1)
		go func() {
			defer func() { <-w.busy; w.wait.Done() }()
			f()
		}()
	default:
		f()
	}
}

// start reads one of the paths that were named. A link that is named is followed.
func (w *walker) start(p string) {
	real, err := filepath.EvalSymlinks(p)
	if err != nil {
		w.note(unread(p, err))
		return
	}
	link, _ := os.Lstat(p)
	linked := link != nil && link.Mode()&fs.ModeSymlink != 0
	info, err := os.Stat(real)
	if err != nil {
		w.note(unread(p, err))
		return
	}
	if !info.IsDir() {
		w.apart(func() {
			w.files(folder{root: filepath.Dir(real), disk: filepath.Dir(real), shown: filepath.Dir(p), linked: linked, as: filepath.Base(p)}, []string{filepath.Base(real)})
		})
		return
	}
	abs, err := filepath.Abs(real)
	if err != nil {
		w.note(unread(p, err))
		return
	}
	f := folder{root: real, disk: real, shown: filepath.Clean(p), linked: linked}
	if top := repository(abs); top != "" && !w.NoIgnore {
		f.ignores = w.repositoryIgnores(top)
		rel, _ := filepath.Rel(top, abs)
		if rel != "." {
			f.rel = filepath.ToSlash(rel) + "/"
			f.ignores = f.ignores.withFile("", filepath.Join(top, ".gitignore"))
			for i, c := range f.rel[:len(f.rel)-1] {
				if c == '/' {
					f.ignores = f.ignores.withFile(f.rel[:i+1], filepath.Join(top, filepath.FromSlash(f.rel[:i]), ".gitignore"))
				}
			}
		}
	}
	w.folder(f, true)
}

// folder is a folder on the way.
type folder struct {
	root    string // the named path that it is below
	disk    string // where it is
	shown   string // how it is shown
	rel     string // below the top of the working tree, "" or with a slash at its end
	ignores *ignores
	linked  bool   // the named path is a symbolic link
	as      string // how the one file that was named is shown
}

func (f folder) below(name string) folder {
	return folder{f.root, filepath.Join(f.disk, name), filepath.Join(f.shown, name), f.rel + name + "/", f.ignores, f.linked, ""}
}

// batch is how many files one goroutine reads before others get a share.
const batch = 64

func (w *walker) folder(f folder, named bool) {
	if w.ctx.Err() != nil {
		return
	}
	entries, err := os.ReadDir(f.disk)
	if err != nil {
		w.note(unread(f.shown, err))
	}
	has := func(name string) bool {
		return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == name })
	}
	if !w.NoIgnore {
		if has(".git") && !named {
			f.rel, f.ignores = "", w.repositoryIgnores(f.disk)
		}
		if has(".gitignore") {
			f.ignores = f.ignores.withFile(f.rel, filepath.Join(f.disk, ".gitignore"))
		}
	}
	var c Coverage
	var files []string
	flush := func() {
		if these := files; len(these) > 0 {
			w.apart(func() { w.files(f, these) })
		}
		files = nil
	}
	for _, e := range entries {
		name := e.Name()
		switch {
		case name == ".git" && e.IsDir():
			w.apart(func() { w.gitFolder(f.below(name)) })
		case name == ".git":
		case e.Type()&fs.ModeSymlink != 0:
			c.Links++
		case !e.IsDir() && !e.Type().IsRegular():
		case !w.NoIgnore && f.ignores.match(f.rel+name, e.IsDir()):
			c.Ignored++
		case e.IsDir() && vendored[name] && !w.NoIgnore:
			c.Vendored++
		case e.IsDir():
			w.apart(func() { w.folder(f.below(name), false) })
		default:
			if files = append(files, name); len(files) == batch {
				flush()
			}
		}
	}
	flush()
	w.note(c)
}

// gitFolder reads git's configuration of a repository and of its submodules, and nothing else of git's own.
func (w *walker) gitFolder(f folder) {
	if info, err := os.Lstat(filepath.Join(f.disk, "config")); err == nil && info.Mode().IsRegular() {
		w.files(f, []string{"config"})
	}
	modules := f.below("modules")
	_ = filepath.WalkDir(modules.disk, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil
		case e.IsDir() && (e.Name() == "objects" || e.Name() == "refs" || e.Name() == "hooks" || e.Name() == "logs"):
			return fs.SkipDir
		case e.Name() == "config" && e.Type().IsRegular():
			rel, _ := filepath.Rel(modules.disk, filepath.Dir(path))
			w.files(folder{root: f.root, disk: filepath.Dir(path), shown: filepath.Join(modules.shown, rel), linked: f.linked}, []string{"config"})
		}
		return nil
	})
}

// repositoryIgnores is what git leaves out in every folder of a working tree: the user's own patterns, and those of
// the repository that are not shared.
func (w *walker) repositoryIgnores(top string) *ignores {
	var g *ignores
	if path := userExcludes(top); path != "" {
		g = g.withFile("", path)
	}
	return g.withFile("", filepath.Join(top, ".git", "info", "exclude"))
}

// userExcludes asks git for the file of the user's own patterns, "" without git.
func userExcludes(top string) string {
	if _, err := exec.LookPath("git"); err != nil {
		return ""
	}
	c := exec.Command("git", "-C", top, "config", "--path", "--get", "core.excludesFile")
	if out, err := c.Output(); err == nil {
		return strings.TrimRight(string(out), "\r\n")
	}
	base := os.Getenv("XDG_CONFIG_HOME")
	if base == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		base = filepath.Join(home, ".config")
	}
	return filepath.Join(base, "git", "ignore")
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// files reads files of one folder.
func (w *walker) files(f folder, names []string) {
	buffer := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buffer)
	var c Coverage
	var docs []reading
	for _, name := range names {
		if w.ctx.Err() != nil {
			break
		}
		shown := filepath.Join(f.shown, cmp.Or(f.as, name))
		one, err := w.file(filepath.Join(f.disk, name), shown, buffer, &c)
		if err != nil {
			c.add(unread(shown, err))
		}
		if one != nil {
			one.root, one.linked = f.root, f.linked
			docs = append(docs, *one)
		}
	}
	w.note(c, docs...)
	if w.Progress != nil {
		w.Progress(len(names))
	}
}

// file reads one file. What holds nothing of interest is nil.
func (w *walker) file(path, shown string, buffer *bytes.Buffer, c *Coverage) (*reading, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	buffer.Reset()
	n, err := io.Copy(buffer, io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if n > maxFile {
		c.Huge++
		return nil, nil
	}
	raw := buffer.Bytes()
	code := encodingOf(raw)
	if code == binaryFile {
		c.Binary++
		return nil, nil
	}
	c.Files++
	if code == utf16LE || code == utf16BE || code == bareLE {
		if !interesting([]byte(code.decode(raw))) {
			return nil, nil
		}
	} else if !interesting(raw) {
		return nil, nil
	}
	one := &reading{file: path, raw: bytes.Clone(raw), code: code}
	one.document = newDocument(filepath.ToSlash(shown), code.decode(raw))
	one.uses, err = safely(one.document)
	return one, err
}

// safely is inspect; a parser of somebody else's that gives up costs one file and not the scan.
func safely(d *document) (uses []use, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("cannot be understood: %v", p)
		}
	}()
	return inspect(d), nil
}

// needles are the words of which one stands in every file that can hold a use. Looking for them is much faster than
// reading.
var needles = func() [][]byte {
	all := []string{"bitbucket", "Bitbucket", "BITBUCKET", "BitBucket", "ATBB", "ATATT3", "ATCTT3", "x-token-auth", "BB_", "QVRCQ"}
	// Base64 of "bitbucket.org" wherever it stands in a text: three ways, without the characters that its neighbours change.
	for shift := range 3 {
		coded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + cloud + "xx"))
		all = append(all, coded[[3]int{0, 2, 3}[shift]:][:14])
	}
	var out [][]byte
	for _, s := range all {
		out = append(out, []byte(s))
	}
	return out
}()

func interesting(raw []byte) bool {
	for _, n := range needles {
		if bytes.Contains(raw, n) {
			return true
		}
	}
	return false
}
