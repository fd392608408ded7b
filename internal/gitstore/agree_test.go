package gitstore

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// oddNames are names of files that are easily mistaken for something else.
var oddNames = []string{"plain.txt", "with space", "tab\tin it", `"quoted"`, "back\\slash", "-option", "caf\u00e9", "latin\xe9", "new\nline", ":colon", "*star", "semi;colon", "end.lock"}

// history fills a repository with commits of every kind: branches that merge, files that move, are emptied, become links and
// executable, lose and gain directories, and have odd names. It returns the commits.
func history(t *testing.T, dir string, seed uint64, commits int) []string {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	var in bytes.Buffer
	type file struct{ mode, content string }
	trees := make([]map[string]file, 0, commits) // by mark
	for mark := 1; mark <= commits; mark++ {
		files := map[string]file{}
		from, other := mark-1, 0
		if mark > 3 && r.IntN(4) == 0 {
			from = mark - 1 - r.IntN(3)
		}
		if mark > 8 && r.IntN(6) == 0 {
			other = mark - 2 - r.IntN(5)
		}
		if from > 0 {
			for path, f := range trees[from-1] {
				files[path] = f
			}
		}
		for range 1 + r.IntN(4) {
			paths := make([]string, 0, len(files))
			for path := range files {
				paths = append(paths, path)
			}
			slices.Sort(paths)
			name := oddNames[r.IntN(len(oddNames))]
			for range r.IntN(3) {
				name = fmt.Sprintf("d%d/%s", r.IntN(3), name)
			}
			content := ""
			for range r.IntN(30) {
				content += fmt.Sprintf("line %d\n", r.IntN(50))
			}
			switch kind := r.IntN(10); {
			case kind == 0 && len(paths) > 0:
				delete(files, paths[r.IntN(len(paths))])
			case kind == 1 && len(paths) > 0:
				old := paths[r.IntN(len(paths))]
				f := files[old]
				delete(files, old)
				files[name] = f
			case kind == 2:
				files[name] = file{"120000", "plain.txt"}
			case kind == 3:
				files[name] = file{"100755", content}
			case kind == 4:
				files[name] = file{"100644", content + "\x00binary"}
			case kind == 5 && len(paths) > 0:
				old := paths[r.IntN(len(paths))]
				f := files[old]
				f.content += "\tone more\n"
				files[old] = f
			default:
				files[name] = file{"100644", content}
			}
		}
		trees = append(trees, files)
		fmt.Fprintf(&in, "commit refs/heads/main\nmark :%d\ncommitter A <a@b.example> %d +0000\ndata 7\ncommit\n\n", mark, 1_700_000_000+60*mark)
		if from > 0 {
			fmt.Fprintf(&in, "from :%d\n", from)
		}
		if other > 0 && other != from {
			fmt.Fprintf(&in, "merge :%d\n", other)
		}
		in.WriteString("deleteall\n")
		for path, f := range files {
			fmt.Fprintf(&in, "M %s inline %s\ndata %d\n%s\n", f.mode, cQuoted(path), len(f.content), f.content)
		}
	}
	git(t, dir, in.String(), "fast-import", "--quiet", "--force", "--date-format=raw", "--export-marks="+filepath.Join(dir, "marks"))
	marks, err := os.ReadFile(filepath.Join(dir, "marks"))
	if err != nil {
		t.Fatal(err)
	}
	var hashes []string
	for line := range strings.Lines(string(marks)) {
		hashes = append(hashes, strings.Fields(line)[1])
	}
	slices.Sort(hashes)
	return hashes
}

// cQuoted is a path as fast-import reads it.
func cQuoted(path string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(path) + `"`
}

// raw runs git and gives what it prints as it is.
func raw(t *testing.T, dir string, args ...string) string {
	t.Helper()
	return git(t, dir, "", append([]string{"-c", "core.quotePath=false", "--literal-pathspecs"}, args...)...)
}

func read(t *testing.T, from io.ReadCloser, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	text, err := io.ReadAll(from)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestAgreesWithGit asks random questions about histories of every kind, and git the same.
func TestAgreesWithGit(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			id, dir := newRepo(t, s)
			commits := history(t, dir, seed, 120)
			r := rand.New(rand.NewPCG(seed, 2))
			pick := func() string { return commits[r.IntN(len(commits))] }
			for range 40 {
				from, to := pick(), pick()
				agreeOnTree(t, s, id, dir, to)
				agreeOnDiff(t, s, id, dir, from, to, r)
				agreeOnHistory(t, s, id, dir, to, r)
			}
		})
	}
}

func agreeOnTree(t *testing.T, s *Store, id, dir, commit string) {
	t.Helper()
	c, err := s.Commit(t.Context(), id, Hash(commit))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	var files []Entry
	depth := 0
	if err := s.Walk(t.Context(), id, c.Tree, 10, func(path string, e Entry) bool {
		if level := strings.Count(path, "/"); level < depth {
			t.Errorf("%q comes after what is deeper", path)
		} else {
			depth = level
		}
		if !e.Directory() {
			got = append(got, fmt.Sprintf("%s blob %s\t%s", e.Mode, e.Hash, path))
			files = append(files, e)
			if at, err := s.At(t.Context(), id, c.Tree, path); err != nil || at != e {
				t.Errorf("At(%q) = %+v, %v; want %+v", path, at, err, e)
			}
		}
		return true
	}); err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimRight(raw(t, dir, "ls-tree", "-r", "-z", commit), "\x00"), "\x00")
	slices.Sort(got)
	slices.Sort(want)
	if strings.Join(got, "\x00") != strings.Join(want, "\x00") {
		t.Errorf("the tree of %s:\ngot  %q\nwant %q", commit, got, want)
	}
	hashes := make([]Hash, len(files))
	for i := range files {
		hashes[i] = files[i].Hash
	}
	infos, err := s.Files(t.Context(), id, hashes)
	if err != nil {
		t.Fatal(err)
	}
	for i, info := range infos {
		data, err := s.Blob(t.Context(), id, hashes[i], 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size != int64(len(data)) || info.Binary != bytes.Contains(data, []byte{0}) {
			t.Errorf("%s is %+v, %d bytes", hashes[i], info, len(data))
		}
	}
}

func agreeOnDiff(t *testing.T, s *Store, id, dir, from, to string, r *rand.Rand) {
	t.Helper()
	q := DiffQuery{From: Hash(from), To: Hash(to), Context: r.IntN(6), Renames: r.IntN(2) == 0, IgnoreWhitespace: r.IntN(3) == 0}
	args := []string{"--no-color", fmt.Sprintf("-U%d", q.Context), map[bool]string{true: "-M", false: "--no-renames"}[q.Renames]}
	numbers := []string{"--numstat", "-z", args[2]}
	if q.IgnoreWhitespace {
		args, numbers = append(args, "-w"), append(numbers, "-w")
	}
	paths := []string{from, to, "--"}
	if r.IntN(3) == 0 {
		q.Paths = []string{"d1", "plain.txt"}
		paths = append(paths, q.Paths...)
	}
	out, err := s.Diff(t.Context(), id, q)
	if got, want := read(t, out, err), raw(t, dir, append(append([]string{"diff"}, args...), paths...)...); strings.TrimRight(got, "\n") != strings.TrimRight(want, "\n") {
		t.Errorf("%+v:\ngot\n%s\nwant\n%s", q, got, want)
	}
	changes, err := s.Changes(t.Context(), id, q, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range changes {
		count := fmt.Sprintf("%d\t%d\t", c.Added, c.Removed)
		if c.Binary {
			count = "-\t-\t"
		}
		if c.Status == 'R' {
			got = append(got, count, c.Old, c.New)
		} else {
			got = append(got, count+c.path())
		}
	}
	want := strings.TrimRight(raw(t, dir, append(append([]string{"diff"}, numbers...), paths...)...), "\x00")
	if strings.Join(got, "\x00") != want {
		t.Errorf("%+v:\ngot  %q\nwant %q", q, got, want)
	}
}

func agreeOnHistory(t *testing.T, s *Store, id, dir, from string, r *rand.Rand) {
	t.Helper()
	names := strings.Split(strings.TrimRight(raw(t, dir, "ls-tree", "-r", "-z", "--name-only", from), "\x00"), "\x00")
	q := FileQuery{From: Hash(from), Path: names[r.IntN(len(names))], Renames: r.IntN(2) == 0, Skip: r.IntN(3), Limit: 1 + r.IntN(20)}
	if q.Path == "" || !ValidPath(q.Path) {
		return
	}
	args := []string{"log", "--format=%H"}
	if q.Renames {
		args = append(args, "--follow", "-M")
	}
	want := strings.Fields(raw(t, dir, append(args, from, "--", q.Path)...))
	versions, more, err := s.FileHistory(t.Context(), id, q)
	if err != nil {
		t.Fatal(err)
	}
	if end := q.Skip + q.Limit; more != (len(want) > end) {
		t.Errorf("%+v: more is %t of %d", q, more, len(want))
	}
	want = want[min(q.Skip, len(want)):min(q.Skip+q.Limit, len(want))]
	var got []string
	for _, v := range versions {
		got = append(got, string(v.Commit))
		if v.Entry.Mode == "" {
			continue
		}
		c, err := s.Commit(t.Context(), id, v.Commit)
		if err != nil {
			t.Fatal(err)
		}
		if e, err := s.At(t.Context(), id, c.Tree, v.Path); err != nil || e.Hash != v.Entry.Hash || e.Mode != v.Entry.Mode {
			t.Errorf("%+v: at %s it is %+v, %v; want %+v", q, v.Commit, e, err, v.Entry)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v:\ngot  %v\nwant %v", q, got, want)
	}
}

// TestWriteCommit makes random commits, and reads each back as what a map of files became.
func TestWriteCommit(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	r := rand.New(rand.NewPCG(7, 7))
	type file struct{ mode, content string }
	files := map[string]file{}
	var parents []Hash
	who := Signature{Name: "Ada <x>\n", Mail: "ada@acme.example", When: time.Unix(1_700_000_000, 0)}
	names := []string{"a", "b/c", "b/d/e", "with space", "tab\u00e9", "-x", "b", "a/z"}
	for range 60 {
		work := t.TempDir()
		var edits []Edit
		for i := range 1 + r.IntN(3) {
			path := names[r.IntN(len(names))]
			if slices.ContainsFunc(edits, func(e Edit) bool {
				return e.Path == path || strings.HasPrefix(e.Path, path+"/") || strings.HasPrefix(path, e.Path+"/")
			}) {
				continue
			}
			if _, there := files[path]; there && r.IntN(3) == 0 {
				edits = append(edits, Edit{Path: path})
				delete(files, path)
				continue
			}
			f := file{[]string{"100644", "100755", "120000"}[r.IntN(3)], fmt.Sprintf("content %d\r\n", r.IntN(5))}
			content := filepath.Join(work, fmt.Sprint(i))
			if err := os.WriteFile(content, []byte(f.content), 0o600); err != nil {
				t.Fatal(err)
			}
			edits = append(edits, Edit{Path: path, Content: content, Mode: f.mode})
			for old := range files {
				if strings.HasPrefix(old, path+"/") || strings.HasPrefix(path, old+"/") {
					delete(files, old)
				}
			}
			files[path] = f
		}
		hash, err := s.WriteCommit(t.Context(), id, NewCommit{Parents: parents, Edits: edits, Message: "m", Author: who, Committer: who})
		if err != nil {
			t.Fatal(err)
		}
		parents = []Hash{hash}
		var want []string
		for path, f := range files {
			want = append(want, f.mode+" "+path+" "+f.content)
		}
		var got []string
		for line := range strings.SplitSeq(strings.TrimRight(raw(t, dir, "ls-tree", "-r", "-z", "--format=%(objectmode) %(path)", string(hash)), "\x00"), "\x00") {
			if line == "" {
				continue
			}
			mode, path, _ := strings.Cut(line, " ")
			e, err := s.At(t.Context(), id, must(t)(s.Commit(t.Context(), id, hash)).Tree, path)
			if err != nil {
				t.Fatal(err)
			}
			data, err := s.Blob(t.Context(), id, e.Hash, 100)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, mode+" "+path+" "+string(data))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("edits %+v:\ngot  %q\nwant %q", edits, got, want)
		}
	}
	git(t, dir, "", "update-ref", "refs/heads/main", string(parents[0]))
	if out := git(t, dir, "", "fsck", "--strict", "--no-dangling"); out != "" {
		t.Errorf("git finds fault with them: %s", out)
	}
	if left, err := filepath.Glob(filepath.Join(s.Root, "tmp", "*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestWriteCommitRefuses: what a push is refused for does not get in this way either.
func TestWriteCommitRefuses(t *testing.T) {
	s := newStore(t)
	id, _ := newRepo(t, s)
	who := Signature{Name: "Ada", Mail: "ada@acme.example", When: time.Unix(1_700_000_000, 0)}
	for _, c := range []struct {
		path, mode, content string
		ok                  bool
	}{
		{".gitmodules", "", "[submodule \"a/b\"]\n\tpath = a\n\turl = https://example.com/a.git\n", true},
		{".gitmodules", "", "", true},
		{"deep/.gitmodules", "", "[submodule \"a\"]\n\turl = --upload-pack=x\n", false},
		{".gitmodules", "", "[submodule \"../x\"]\n\turl = https://example.com/a.git\n", false},
		{".gitmodules", "", "[submodule \"a\"]\n\tpath = -x\n", false},
		{".gitmodules", "", "[submodule \"a\"]\n\tupdate = !touch /tmp/x\n", false},
		{".gitmodules", "", "[submodule \"a\"]\n\turl = \"https://a/\\nx\"\n", false},
		{".gitmodules", "", "[submodule", false},
		{".gitmodules", "120000", "elsewhere", false},
		{".git/config", "", "x", false},
		{"a/.GIT/config", "", "x", false},
		{"git~1/config", "", "x", false},
		{".g\u200cit/config", "", "x", false},
		{"../x", "", "x", false},
		{"/x", "", "x", false},
		{"a//b", "", "x", false},
		{"a\x00b", "", "x", false},
		{"a\nb", "", "x", false},
		{"a", "40000", "x", false},
		{"a", "160000", "x", false},
	} {
		content := filepath.Join(t.TempDir(), "content")
		if err := os.WriteFile(content, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := s.WriteCommit(t.Context(), id, NewCommit{Edits: []Edit{{Path: c.path, Mode: c.mode, Content: content}}, Message: "m", Author: who, Committer: who})
		if (err == nil) != c.ok || err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("%q %s %q: %v", c.path, c.mode, c.content, err)
		}
	}
}

func must(t *testing.T) func(*Commit, error) *Commit {
	return func(c *Commit, err error) *Commit {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
}

// FuzzTextOnly: what is left of a diff without binary files is whole lines of it, and nothing is lost of one without them.
func FuzzTextOnly(f *testing.F) {
	f.Add("diff --git a/x b/x\nindex 1..2\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\ndiff --git a/y b/y\nBinary files a/y and b/y differ\n")
	f.Add("diff --git a/x b/x\nnew file mode 100644\nindex 0..e\ndiff --git a/z b/z\nold mode 1\nnew mode 2")
	f.Fuzz(func(t *testing.T, diff string) {
		got, err := io.ReadAll(&textOnly{in: newSmallReader(diff)})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(diff, "Binary files ") && string(got) != diff {
			t.Errorf("got %q of %q", got, diff)
		}
		if len(got) > len(diff) {
			t.Errorf("%q became longer: %q", diff, got)
		}
	})
}

func FuzzReadChanges(f *testing.F) {
	a, b := strings.Repeat("1", 40), strings.Repeat("2", 40)
	f.Add(":100644 100644 " + a + " " + b + " M\x00x\x00:100644 100644 " + a + " " + b + " R090\x00o\x00n\x001\t2\tx\x003\t4\t\x00o\x00n\x00")
	f.Add(":000000 100644 " + a + " " + b + " A\x00x\x00-\t-\tx\x00")
	f.Add(":100644 100644 " + a + " " + b + " M\x00x\x00")
	f.Fuzz(func(t *testing.T, out string) {
		changes, err := readChanges(newSmallReader(out), 10)
		if err == nil && len(changes) > 10 {
			t.Errorf("%d changes", len(changes))
		}
		versions, err := readHistory(newSmallReader(out), "x", 0, 10)
		if err == nil && len(versions) > 10 {
			t.Errorf("%d versions", len(versions))
		}
	})
}

// newSmallReader has a small buffer, so that lines do not fit.
func newSmallReader(text string) *bufio.Reader {
	return bufio.NewReaderSize(strings.NewReader(text), 16)
}
