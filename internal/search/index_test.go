package search

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/blevesearch/bleve/v2"
	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/repository"
	"pgregory.net/rapid"
)

// bench is a store of repositories with an index over it.
type bench struct {
	t   testing.TB
	git *gitstore.Store
	dir string // of the index
	follower
	tick int64
}

func newBench(t testing.TB) *bench {
	b := newBenchOn(t, nil)
	b.open()
	return b
}

func newBenchOn(t testing.TB, ix *index) *bench {
	git, err := gitstore.New(filepath.Join(t.TempDir(), "repositories"), gitstore.Options{})
	check(t, err)
	b := &bench{t: t, git: git, dir: filepath.Join(t.TempDir(), "search"), follower: follower{ix, git}}
	t.Cleanup(func() {
		check(t, b.ix.Close())
		check(t, git.Close())
	})
	return b
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bench) open() (anew bool) {
	b.t.Helper()
	ix, anew, err := openIndex(b.dir)
	check(b.t, err)
	b.follower = follower{ix, b.git}
	return anew
}

// reopen is what a new process finds.
func (b *bench) reopen() (anew bool) {
	b.t.Helper()
	check(b.t, b.ix.Close())
	return b.open()
}

// files are those of a commit, by path.
type files map[string]string

// repository makes one without commits.
func (b *bench) repository() string {
	b.t.Helper()
	id, err := uuid.NewV7()
	check(b.t, err)
	check(b.t, b.git.Create(context.Background(), id.String(), "main"))
	return id.String()
}

// commit puts a commit with exactly these files on main; parent is "" for one without a history.
func (b *bench) commit(id string, all files, parent gitstore.Hash) gitstore.Hash {
	b.t.Helper()
	var s strings.Builder
	fmt.Fprintf(&s, "commit refs/heads/main\ncommitter A <a@example.com> %d +0000\ndata 0\n", b.tick)
	if b.tick++; parent != "" {
		fmt.Fprintf(&s, "from %s\n", parent)
	}
	s.WriteString("deleteall\n")
	for at, text := range all {
		fmt.Fprintf(&s, "M 100644 inline %s\ndata %d\n%s\n", at, len(text), text)
	}
	cmd := exec.Command("git", "--git-dir="+filepath.Join(b.git.Root, id[:2], id+".git"), "fast-import", "--quiet", "--force")
	cmd.Stdin = strings.NewReader(s.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		b.t.Fatalf("git fast-import: %v\n%s\n%s", err, out, s.String())
	}
	values, err := b.git.RefValues(context.Background(), id, []string{"refs/heads/main"})
	check(b.t, err)
	return values["refs/heads/main"]
}

// followed brings the index of a repository to its main branch.
func (b *bench) followed(id string) {
	b.t.Helper()
	b.tick++
	check(b.t, b.follow(context.Background(), repository.Head{ID: id, MainBranch: "main", Updated: time.UnixMicro(b.tick)}))
}

// search is what a query finds in repositories, as ids of files.
func (b *bench) search(query string, ids ...string) (found []string) {
	b.t.Helper()
	e, err := parse(query)
	check(b.t, err)
	return b.find(e, ids...)
}

func (b *bench) find(e expr, ids ...string) (found []string) {
	b.t.Helper()
	var readable []repository.Readable
	for _, id := range ids {
		readable = append(readable, repository.Readable{ID: id, Slug: "r" + id[24:], ProjectKey: "P"})
	}
	result, err := b.ix.find(context.Background(), compile(e, readable), 10_000, 0)
	check(b.t, err)
	for _, hit := range result.Hits {
		found = append(found, hit.ID)
	}
	if len(found) != int(result.Total) {
		b.t.Fatalf("%s: %d files of %d", e, len(found), result.Total)
	}
	return found
}

// plainWords is another way to tell words apart: each with all the forms in which it is found, in lower case.
func plainWords(text string) (all [][]string) {
	text = strings.Map(func(r rune) rune {
		if r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) {
			return r
		}
		return ' '
	}, text)
	for _, word := range strings.Fields(text) {
		if len(word) > maxWord {
			all = append(all, nil)
			continue
		}
		forms := []string{strings.ToLower(word)}
		for _, piece := range strings.Split(word, "_") {
			runes := []rune(piece)
			from := 0
			for i := 1; i <= len(runes); i++ {
				if i == len(runes) || unicode.IsUpper(runes[i]) && !unicode.IsUpper(runes[i-1]) ||
					unicode.IsUpper(runes[i]) && unicode.IsUpper(runes[i-1]) && i+1 < len(runes) && unicode.IsLower(runes[i+1]) {
					forms = append(forms, strings.ToLower(string(runes[from:i])))
					from = i
				}
			}
		}
		all = append(all, forms)
	}
	return all
}

// plainly tells whether a file fits, by looking at it.
func plainly(e expr, id, at, text string) bool {
	holds := func(text string, sought []string) bool {
		all := plainWords(text)
		for i := 0; i+len(sought) <= len(all); i++ {
			if !slices.ContainsFunc(make([]struct{}, 1), func(struct{}) bool {
				for j, w := range sought {
					if !slices.Contains(all[i+j], w) {
						return false
					}
				}
				return true
			}) {
				continue
			}
			return true
		}
		return false
	}
	switch e := e.(type) {
	case all:
		return !slices.ContainsFunc(e, func(p expr) bool { return !plainly(p, id, at, text) })
	case either:
		return slices.ContainsFunc(e, func(p expr) bool { return plainly(p, id, at, text) })
	case not:
		return !plainly(e.of, id, at, text)
	case phrase:
		return holds(text, e.words) || holds(at, e.words)
	case modifier:
		switch e.name {
		case "repo":
			return e.value == "r"+id[24:]
		case "project":
			return strings.EqualFold(e.value, "P")
		case "path":
			return holds(at, strings.Fields(strings.ToLower(strings.NewReplacer("/", " ", ".", " ").Replace(e.value))))
		case "ext":
			return strings.EqualFold(path.Ext(at), "."+e.value)
		}
	}
	return false
}

// Words and paths that meet each other often.
var (
	someWords = []string{"get", "user", "name", "getUserName", "get_user_name", "HTTPServer", "http", "server", "User", "NAME", "x", "é", "Ünder", "utf8", "_", "__init__"}
	somePaths = []string{"main.go", "src/user.go", "src/get_name.py", "src/user/name.txt", "doc/HTTPServer.md", "name", "Makefile", "src/a.GO"}
	somewhere = rapid.SampledFrom(somePaths)
	someText  = rapid.Custom(func(t *rapid.T) string {
		var b strings.Builder
		for range rapid.IntRange(0, 8).Draw(t, "words") {
			b.WriteString(rapid.SampledFrom(someWords).Draw(t, "word"))
			b.WriteString(rapid.SampledFrom([]string{" ", "\n", ".", "->", "(", "  // ", "\t", "\r\n"}).Draw(t, "between"))
		}
		return b.String()
	})
	someFiles = rapid.Custom(func(t *rapid.T) files {
		all := files{}
		for range rapid.IntRange(0, 5).Draw(t, "files") {
			at := somewhere.Draw(t, "path")
			clash := false
			for other := range all {
				clash = clash || strings.HasPrefix(other+"/", at+"/") || strings.HasPrefix(at+"/", other+"/")
			}
			if !clash {
				all[at] = someText.Draw(t, "text")
			}
		}
		return all
	})
)

// someQuery draws a query over repositories.
func someQuery(t *rapid.T, depth int, ids []string) expr {
	word := func() string { return fold(rapid.SampledFrom(someWords).Draw(t, "word")) }
	some := func() (list []expr) {
		for range rapid.IntRange(2, 3).Draw(t, "parts") {
			list = append(list, someQuery(t, depth-1, ids))
		}
		return list
	}
	kind := rapid.IntRange(0, 9).Draw(t, "kind")
	if depth == 0 {
		kind = min(kind, 6)
	}
	switch kind {
	case 0, 1, 2:
		return phrase{[]string{word()}}
	case 3:
		return phrase{[]string{word(), word()}}
	case 4:
		return phrase{[]string{word(), word(), word()}}
	case 5:
		return modifier{"path", somewhere.Draw(t, "path")}
	case 6:
		return rapid.SampledFrom([]expr{modifier{"repo", "r" + ids[0][24:]}, modifier{"repo", "other"}, modifier{"project", "p"}, modifier{"project", "Q"},
			modifier{"ext", "go"}, modifier{"ext", "PY"}, modifier{"ext", "none"}}).Draw(t, "modifier")
	case 7:
		return all(some())
	case 8:
		return either(some())
	}
	return not{someQuery(t, depth-1, ids)}
}

// What the index finds is what one finds by looking at every file of the main branches, whatever was committed before,
// forced over, and whenever the process ended.
func TestFindsWhatIsThere(t *testing.T) {
	// In memory: a batch waits for no disk.
	memory, err := bleve.NewUsing("", bleve.NewIndexMapping(), bleve.Config.DefaultIndexType, bleve.Config.DefaultKVStore, nil)
	check(t, err)
	b := newBenchOn(t, &index{memory})
	rapid.Check(t, func(t *rapid.T) {
		ids := []string{b.repository(), b.repository()}
		there, heads := make([]files, 2), make([]gitstore.Hash, 2)
		defer func() {
			for _, id := range ids {
				check(b.t, b.ix.forget(context.Background(), id))
			}
		}()
		for range rapid.IntRange(1, 3).Draw(t, "rounds") {
			for i, id := range ids {
				parent := heads[i]
				if rapid.IntRange(0, 4).Draw(t, "forced") == 0 {
					parent = ""
				}
				there[i] = someFiles.Draw(t, "commit")
				heads[i] = b.commit(id, there[i], parent)
				switch rapid.IntRange(0, 5).Draw(t, "interrupted") {
				case 0:
					continue // the next commit comes before this one is indexed
				case 1:
					b.interrupt(id, heads[i])
					continue
				}
				b.followed(id)
			}
		}
		for _, id := range ids {
			b.followed(id)
		}
		for range 5 {
			searched := ids[:rapid.IntRange(1, 2).Draw(t, "repositories")]
			e := someQuery(t, 2, ids)
			var want []string
			for i, id := range searched {
				for at, text := range there[i] {
					if plainly(e, id, at, text) {
						want = append(want, fileID(id, at))
					}
				}
			}
			slices.Sort(want)
			if got := b.find(e, searched...); !slices.Equal(got, want) {
				t.Fatalf("%s in %v:\n got %q\nwant %q", e, there[:len(searched)], got, want)
			}
		}
	})
}

// interrupt leaves the index as it is when the process ends after the first batch.
func (b *bench) interrupt(id string, to gitstore.Hash) {
	b.t.Helper()
	now, _, err := b.ix.state(id)
	check(b.t, err)
	if now.Partial {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	from, err := b.tree(ctx, id, now.Commit)
	check(b.t, err)
	tree, err := b.tree(ctx, id, to)
	check(b.t, err)
	now.Since, now.Commit, now.Partial = now.Commit, to, true
	m := mover{follower: b.follower, ctx: ctx, id: id, state: now, batch: b.ix.batch()}
	n := 0
	err = b.git.CompareTrees(ctx, id, from, tree, func(at string, before, after gitstore.Entry) error {
		if n++; n > 1 {
			return errEnough
		}
		return m.visit(at, before, after)
	})
	if err != nil && err != errEnough {
		check(b.t, err)
	}
	check(b.t, m.read())
	check(b.t, m.apply())
}

func TestIndexOutlivesTheProcess(t *testing.T) {
	b := newBench(t)
	id := b.repository()
	head := b.commit(id, files{"a.txt": "alpha beta", "b/c.txt": "gamma"}, "")
	b.followed(id)
	if b.reopen() {
		t.Error("the index was made anew")
	}
	if got := b.search("beta", id); len(got) != 1 {
		t.Errorf("found %q", got)
	}
	s, ok, err := b.ix.state(id)
	check(t, err)
	if !ok || s.Commit != head || s.Partial || s.Branch != "main" {
		t.Errorf("state %+v", s)
	}
	// Another process waits until it is closed.
	if _, _, err := openIndex(b.dir); err != errLocked {
		t.Errorf("a second one opens it: %v", err)
	}
	check(t, b.ix.forget(context.Background(), id))
	if ids, err := b.ix.repositories(); err != nil || len(ids) != 0 {
		t.Errorf("forgotten, and still there: %v, %v", ids, err)
	}
	if _, ok, _ := b.ix.state(id); ok {
		t.Error("forgotten, and has a state")
	}
}

// A language is told by the names of files.
func TestLanguages(t *testing.T) {
	b := newBench(t)
	id := b.repository()
	b.commit(id, files{"a.go": "alpha", "b.PY": "alpha", "c.c": "alpha", "d.cpp": "alpha", "Makefile": "alpha", "GNUmakefile.in": "alpha", "e": "alpha", "Dockerfile": "alpha"}, "")
	b.followed(id)
	for query, want := range map[string]string{
		"lang:go": "a.go", "lang:Golang": "a.go", "lang:python": "b.PY", "lang:c": "c.c", "lang:c++ alpha": "d.cpp", "lang:makefile": "Makefile",
		"lang:docker": "Dockerfile", "alpha -lang:go -lang:py -lang:C -lang:cpp -lang:make -lang:docker": "GNUmakefile.in e", "lang:java": "",
	} {
		var got []string
		for _, f := range b.search(query, id) {
			_, at := splitID(f)
			got = append(got, at)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}

// What cannot be read any more is made again, from git.
func TestBrokenIndexIsMadeAgain(t *testing.T) {
	for name, harm := range map[string]func(t *testing.T, dir string){
		"no description": func(t *testing.T, dir string) { check(t, os.Remove(filepath.Join(dir, "index_meta.json"))) },
		"an empty description": func(t *testing.T, dir string) {
			check(t, os.WriteFile(filepath.Join(dir, "index_meta.json"), nil, 0o600))
		},
		"a cut database": func(t *testing.T, dir string) { check(t, os.Truncate(filepath.Join(dir, "store", "root.bolt"), 100)) },
		"no database":    func(t *testing.T, dir string) { check(t, os.Remove(filepath.Join(dir, "store", "root.bolt"))) },
		"cut files": func(t *testing.T, dir string) {
			all, _ := filepath.Glob(filepath.Join(dir, "store", "*.zap"))
			if len(all) == 0 {
				t.Fatal("no files")
			}
			for _, f := range all {
				check(t, os.Truncate(f, 50))
			}
		},
		"empty files": func(t *testing.T, dir string) {
			all, _ := filepath.Glob(filepath.Join(dir, "store", "*.zap"))
			for _, f := range all {
				check(t, os.Truncate(f, 0))
			}
		},
		"no files": func(t *testing.T, dir string) {
			all, _ := filepath.Glob(filepath.Join(dir, "store", "*.zap"))
			for _, f := range all {
				check(t, os.Remove(f))
			}
		},
		"a file in its place": func(t *testing.T, dir string) {
			check(t, os.RemoveAll(dir))
			check(t, os.WriteFile(dir, []byte("x"), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			id := b.repository()
			b.commit(id, files{"a.txt": "alpha beta"}, "")
			b.followed(id)
			check(t, b.ix.Close())
			harm(t, b.dir)
			b.open() // anew, or as it was before the last batch
			b.followed(id)
			if got := b.search("beta", id); len(got) != 1 {
				t.Errorf("found %q", got)
			}
		})
	}
	b := newBench(t)
	check(t, b.ix.SetInternal(formatKey, []byte("0")))
	if !b.reopen() || b.reopen() {
		t.Error("an index of another format is not made anew once")
	}
}

// Binary files, those that Git LFS keeps elsewhere, large ones, links and submodules are left out.
func TestWhatIsLeftOut(t *testing.T) {
	b := newBench(t)
	id := b.repository()
	long := strings.Repeat("w", maxWord+1)
	head := b.commit(id, files{
		"text.txt": "alpha", "binary.bin": "alpha\x00", "late.bin": strings.Repeat(" ", 9000) + "alpha\x00",
		"asset.lfs": "version https://git-lfs.github.com/spec/v1\noid sha256:alpha\nsize 1\n",
		"large.txt": "alpha " + strings.Repeat("x ", maxFile/2), "largest.txt": "alpha" + strings.Repeat(" ", maxFile-5),
		"word.txt": "alpha " + long + " beta", "latin.txt": "alpha caf\xe9 beta",
	}, "")
	b.followed(id)
	var got []string
	for _, f := range b.search("alpha", id) {
		_, at := splitID(f)
		got = append(got, at)
	}
	if want := []string{"largest.txt", "late.bin", "latin.txt", "text.txt", "word.txt"}; !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	if got := b.search(`"alpha beta"`, id); len(got) != 0 {
		t.Errorf("words that are too long were passed over: %q", got)
	}
	// A text that turns binary goes, and comes again as a text.
	head = b.commit(id, files{"text.txt": "alpha\x00", "binary.bin": "alpha"}, head)
	b.followed(id)
	if got := b.search("alpha", id); len(got) != 1 || !strings.HasSuffix(got[0], "/binary.bin") {
		t.Errorf("found %q", got)
	}
	_ = head
}
