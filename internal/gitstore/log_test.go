package gitstore

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func summaries(commits []Commit) string {
	var list []string
	for i := range commits {
		list = append(list, commits[i].Summary())
	}
	return strings.Join(list, " ")
}

func TestLog(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	if commits, more, err := s.Log(t.Context(), id, LogQuery{}); err != nil || more || len(commits) != 0 {
		t.Errorf("of an empty repository: %v, %v, %v", commits, more, err)
	}
	if commits, _, err := s.Log(t.Context(), id, LogQuery{All: true}); err != nil || len(commits) != 0 {
		t.Errorf("of all of an empty repository: %v, %v", commits, err)
	}
	// The branches share their first two commits.
	commit(t, dir, "main", "a", "1", "one")
	two := commit(t, dir, "main", "-b", "2", "two\n\nbody\n")
	git(t, dir, "", "branch", "side", string(two))
	commit(t, dir, "main", "dir/*", "3", "three")
	commit(t, dir, "side", "a", "4", "four")
	git(t, dir, "", "tag", "t", "side")

	for _, c := range []struct {
		name  string
		q     LogQuery
		want  string
		more  bool
		fails error
	}{
		{name: "HEAD", want: "three two one"},
		{name: "page", q: LogQuery{Limit: 2}, want: "three two", more: true},
		{name: "last page", q: LogQuery{Skip: 2, Limit: 2}, want: "one"},
		{name: "exact page", q: LogQuery{Limit: 3}, want: "three two one"},
		{name: "beyond", q: LogQuery{Skip: 9}, want: ""},
		{name: "branch", q: LogQuery{Include: []string{"side"}}, want: "four two one"},
		{name: "excluded", q: LogQuery{Include: []string{"side"}, Exclude: []string{"main"}}, want: "four"},
		{name: "two", q: LogQuery{Include: []string{"main", "t"}, Exclude: []string{string(two)}}, want: "four three"},
		{name: "all", q: LogQuery{All: true, Exclude: []string{string(two)}}, want: "four three"},
		{name: "nothing left", q: LogQuery{Include: []string{"main"}, Exclude: []string{"main"}}, want: ""},
		{name: "path", q: LogQuery{All: true, Path: "a"}, want: "four one"},
		{name: "directory", q: LogQuery{Path: "dir"}, want: "three"},
		{name: "path like an option", q: LogQuery{Path: "-b"}, want: "two"},
		{name: "path like a pattern", q: LogQuery{Path: "dir/*"}, want: "three"},
		{name: "pattern is literal", q: LogQuery{Path: "*"}, want: ""},
		{name: "magic is literal", q: LogQuery{Path: ":(top)a"}, want: ""},
		{name: "unknown", q: LogQuery{Include: []string{"main", "nope"}}, fails: ErrNotFound},
		{name: "unknown excluded", q: LogQuery{Exclude: []string{"nope"}}, fails: ErrNotFound},
		{name: "option", q: LogQuery{Include: []string{"--output=/tmp/x"}}, fails: ErrNotFound},
		{name: "a tree", q: LogQuery{Include: []string{git(t, dir, "", "rev-parse", "main^{tree}")}}, fails: ErrNotFound},
		{name: "outside", q: LogQuery{Path: "../a"}, fails: ErrInvalid},
		{name: "too many", q: LogQuery{Limit: MaxLog + 1}, fails: ErrInvalid},
		{name: "negative", q: LogQuery{Skip: -1}, fails: ErrInvalid},
	} {
		commits, more, err := s.Log(t.Context(), id, c.q)
		words := strings.Fields(summaries(commits))
		wantWords := strings.Fields(c.want)
		if len(c.q.Include) > 1 || c.q.All { // equal dates: the order between branches is open
			slices.Sort(words)
			slices.Sort(wantWords)
		}
		if !errors.Is(err, c.fails) || c.fails == nil && err != nil || more != c.more || !slices.Equal(words, wantWords) {
			t.Errorf("%s: %q, more %v, %v; want %q, more %v, %v", c.name, words, more, err, c.want, c.more, c.fails)
		}
	}
	_, _, err := s.Log(t.Context(), id, LogQuery{Include: []string{"nope"}})
	var named *Error
	if !errors.As(err, &named) || named.Name != "nope" {
		t.Errorf("%v does not name the revision", err)
	}
	commits, _, err := s.Log(t.Context(), id, LogQuery{Include: []string{string(two)}, Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	one, err := s.Commit(t.Context(), id, two)
	if err != nil || fmt.Sprint(*one) != fmt.Sprint(commits[0]) {
		t.Errorf("the log says\n%v\nthe object\n%v", commits[0], *one)
	}
}

// Any two readings of a commit agree, whatever its message.
func TestLogAgreesWithCommit(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	tree := git(t, dir, "", "hash-object", "-w", "-t", "tree", "--stdin")
	text := rapid.StringOfN(rapid.RuneFrom([]rune("ab \nü<>\t")), 0, 30, -1)
	rapid.Check(t, func(rt *rapid.T) {
		name := strings.Map(func(r rune) rune {
			if strings.ContainsRune("<>\n", r) {
				return '.'
			}
			return r
		}, text.Draw(rt, "name"))
		body := "tree " + tree + "\nauthor " + name + " <a@x> 1700000000 +0100\ncommitter C <c@x> 1 -0100\n\n" + strings.TrimLeft(text.Draw(rt, "message"), "\n")
		hash := Hash(git(t, dir, body, "hash-object", "-w", "-t", "commit", "--literally", "--stdin"))
		one, err := s.Commit(t.Context(), id, hash)
		if err != nil {
			rt.Fatal(err)
		}
		list, _, err := s.Log(t.Context(), id, LogQuery{Include: []string{string(hash)}})
		if err != nil || len(list) != 1 {
			rt.Fatalf("%v, %v", list, err)
		}
		if got, want := fmt.Sprintf("%+v", list[0]), fmt.Sprintf("%+v", *one); strings.TrimSpace(got) != strings.TrimSpace(want) {
			rt.Errorf("log\n%q\nobject\n%q", got, want)
		}
	})
}

// fastImport fills a repository with n commits, each changing one of 200 files.
func fastImport(t testing.TB, dir string, n int) {
	t.Helper()
	var b strings.Builder
	for i := range n {
		data := fmt.Sprintf("line %d\n", i)
		message := fmt.Sprintf("commit %d\n", i)
		fmt.Fprintf(&b, "commit refs/heads/main\ncommitter Gen Erated <gen@example.com> %d +0000\ndata %d\n%s", 1600000000+i*60, len(message), message)
		fmt.Fprintf(&b, "M 100644 inline dir%d/file%d\ndata %d\n%s\n", i%10, i%200, len(data), data)
	}
	git(t, dir, b.String(), "fast-import", "--quiet", "--force")
}

// BenchmarkLog compares the first page of a history of 20,000 commits with `git log -n 31` as a
// process of its own. The metric "ratio" is ours over git's.
func BenchmarkLog(b *testing.B) {
	s := newStore(b)
	id, dir := newRepo(b, s)
	fastImport(b, dir, 20_000)
	if err := s.Maintain(b.Context(), id); err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		q    LogQuery
		args []string
	}{
		{"first page", LogQuery{Include: []string{"main"}}, []string{"main"}},
		{"page 100", LogQuery{Include: []string{"main"}, Skip: 3000}, []string{"--skip=3000", "main"}},
		{"path", LogQuery{Include: []string{"main"}, Path: "dir3/file3"}, []string{"main", "--", "dir3/file3"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			var git float64
			for b.Loop() {
				commits, more, err := s.Log(b.Context(), id, c.q)
				if err != nil || !more || len(commits) != 30 {
					b.Fatal(len(commits), more, err)
				}
				b.StopTimer()
				start := b.Elapsed()
				b.StartTimer()
				cmd := exec.Command("git", append([]string{"-C", dir, "log", "-n", "31"}, c.args...)...)
				cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null")
				if out, err := cmd.Output(); err != nil || len(out) == 0 {
					b.Fatal(err)
				}
				b.StopTimer()
				git += float64(b.Elapsed() - start)
				b.StartTimer()
			}
			ours := float64(b.Elapsed()) - git
			b.ReportMetric(ours/float64(b.N), "ours-ns/op")
			b.ReportMetric(git/float64(b.N), "git-ns/op")
			b.ReportMetric(ours/git, "ratio")
		})
	}
}

func BenchmarkResolve(b *testing.B) {
	s := newStore(b)
	id, dir := newRepo(b, s)
	fastImport(b, dir, 100)
	for b.Loop() {
		if _, err := s.Resolve(b.Context(), id, "main"); err != nil {
			b.Fatal(err)
		}
	}
}
