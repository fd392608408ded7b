package gitstore

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Who git is, in function git, so that what both make has the same name.
var (
	ann  = Signature{Name: "Ann Author", Mail: "ann@example.com", When: time.Unix(1700000000, 0).In(time.FixedZone("", 3600))}
	carl = Signature{Name: "Carl Committer", Mail: "carl@example.com", When: time.Unix(1700000100, 0).In(time.FixedZone("", -19800))}
)

// graph is a history to be made: commits by name, each with its parents, the first of which it changes.
type graph []struct {
	name, parents string            // parents with a space between
	files         map[string]string // "": removed; "link:", "run:" and "module:" before the contents say what it is
}

// build makes the commits of a graph in a repository.
func build(t testing.TB, dir string, g graph) map[string]Hash {
	t.Helper()
	var in bytes.Buffer
	marks := map[string]int{}
	for i, c := range g {
		marks[c.name] = i + 1
		fmt.Fprintf(&in, "commit refs/import/%s\nmark :%d\nauthor A %s <%s@example.com> %d +0200\ncommitter C <c@example.com> %d +0000\ndata %d\n%s\n",
			c.name, i+1, c.name, c.name, 1_600_000_000+60*i, 1_600_000_000+60*i, len(c.name), c.name)
		for n, parent := range strings.Fields(c.parents) {
			fmt.Fprintf(&in, "%s :%d\n", []string{"from", "merge"}[min(n, 1)], marks[parent])
		}
		for _, path := range slices.Sorted(maps.Keys(c.files)) {
			in.WriteString(change(path, c.files[path]))
		}
	}
	return importCommits(t, dir, in.String(), marks)
}

// change is one of a file as fast-import reads it.
func change(path, content string) string {
	mode := "100644"
	if content == "" {
		return "D " + cQuoted(path) + "\n"
	}
	for prefix, m := range map[string]string{"link:": "120000", "run:": "100755", "module:": "160000"} {
		if rest, ok := strings.CutPrefix(content, prefix); ok {
			mode, content = m, rest
		}
	}
	if mode == "160000" {
		return "M 160000 " + content + " " + cQuoted(path) + "\n"
	}
	return fmt.Sprintf("M %s inline %s\ndata %d\n%s\n", mode, cQuoted(path), len(content), content)
}

// importCommits runs fast-import, and tells which commits marks have become.
func importCommits(t testing.TB, dir, in string, marks map[string]int) map[string]Hash {
	t.Helper()
	file := filepath.Join(t.TempDir(), "marks")
	git(t, dir, in, "-c", "fastimport.unpackLimit=0", "fast-import", "--quiet", "--force", "--date-format=raw-permissive", "--export-marks="+file)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]Hash{}
	for line := range strings.Lines(string(text)) {
		mark, hash, _ := strings.Cut(strings.TrimSpace(line), " ")
		by[mark] = Hash(hash)
	}
	made := map[string]Hash{}
	for name, mark := range marks {
		made[name] = by[fmt.Sprintf(":%d", mark)]
	}
	return made
}

// lines are the numbers from one to n, a line each, some of them replaced.
func lines(n int, replaced ...string) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprint(i+1))
	}
	for _, r := range replaced {
		number, text, _ := strings.Cut(r, "=")
		all[slices.Index(all, number)] = text
	}
	return strings.Join(all, "\n") + "\n"
}

// listed are the files of a commit with their contents.
func listed(t testing.TB, dir string, commit Hash) map[string]string {
	t.Helper()
	files := map[string]string{}
	for line := range strings.SplitSeq(strings.TrimRight(git(t, dir, "", "ls-tree", "-r", "-z", string(commit)), "\x00"), "\x00") {
		head, path, _ := strings.Cut(line, "\t")
		if path != "" {
			files[path] = git(t, dir, "", "cat-file", "-p", strings.Fields(head)[2])
		}
	}
	return files
}

// shape is what the history between a commit and another one looks like: for each commit its subject and those of its parents.
func shape(t testing.TB, dir string, to Hash, from Hash) string {
	t.Helper()
	var subjects, commits = map[string]string{}, [][]string{}
	for line := range strings.Lines(git(t, dir, "", "log", "--boundary", "--topo-order", "--reverse", "--format=%m%x09%H%x09%s%x09%P", string(to), "^"+string(from))) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		subjects[fields[1]] = fields[2]
		if fields[0] != "-" {
			commits = append(commits, fields)
		}
	}
	var all []string
	for _, fields := range commits {
		text := fields[2] + ":"
		for _, parent := range strings.Fields(fields[3]) {
			text += " " + subjects[parent]
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

// TestStrategies: what each of them makes of each relation between two branches.
func TestStrategies(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	g := build(t, dir, graph{
		{"base", "", map[string]string{"a": lines(9), "b": lines(9)}},
		{"main1", "base", map[string]string{"a": lines(9, "1=main")}},
		{"main2", "main1", map[string]string{"m": "m"}},
		{"topic1", "base", map[string]string{"a": lines(9, "9=topic")}},
		{"topic2", "topic1", map[string]string{"t": "t"}},
		{"cross", "topic1 base", nil}, // parents that make a merge commit on the way
		{"merged", "topic2 main1", map[string]string{"a": lines(9, "1=main", "9=topic"), "t": "t"}},
		{"after", "merged", map[string]string{"b": lines(9, "5=after")}},
		{"clash", "base", map[string]string{"a": lines(9, "1=clash"), "m": "other"}},
		{"picked", "base", map[string]string{"m": "m"}}, // what main2 did
		{"picked2", "picked", map[string]string{"p": "p"}},
		{"undone", "base", map[string]string{"u": "u"}},
		{"redone", "undone", map[string]string{"u": ""}},
		{"empty", "base", nil},
		{"alone", "", map[string]string{"z": "z"}},
	})
	var made []string
	for _, c := range []struct {
		into, from string
		want       map[Strategy]string // what Merge makes, or how it fails
	}{
		{"base", "topic2", map[Strategy]string{
			MergeCommit: "topic1: base, topic2: topic1, message: base topic2", Squash: "message: base", FastForward: "topic1: base, topic2: topic1",
			SquashFastForward: "message: base", RebaseFastForward: "topic1: base, topic2: topic1", RebaseMerge: "topic1: base, topic2: topic1, message: base topic2"}},
		{"main2", "topic2", map[Strategy]string{
			MergeCommit: "topic1: base, topic2: topic1, message: main2 topic2", Squash: "message: main2", FastForward: "not valid", SquashFastForward: "not valid",
			RebaseFastForward: "topic1: main2, topic2: topic1", RebaseMerge: "topic1: main2, topic2: topic1, message: main2 topic2"}},
		{"main2", "after", map[Strategy]string{ // flattened
			MergeCommit: "topic1: base, topic2: topic1, merged: topic2 main1, after: merged, message: main2 after", Squash: "message: main2",
			RebaseFastForward: "topic1: main2, topic2: topic1, after: topic2", RebaseMerge: "topic1: main2, topic2: topic1, after: topic2, message: main2 after"}},
		{"main2", "clash", map[Strategy]string{MergeCommit: "conflict a m", Squash: "conflict a m", RebaseFastForward: "conflict a m at clash", RebaseMerge: "conflict a m at clash", FastForward: "not valid"}},
		{"main2", "picked2", map[Strategy]string{MergeCommit: "picked: base, picked2: picked, message: main2 picked2", Squash: "message: main2", RebaseFastForward: "picked2: main2"}},
		{"main2", "picked", map[Strategy]string{MergeCommit: "picked: base, message: main2 picked", Squash: "nothing", RebaseFastForward: "nothing", RebaseMerge: "nothing"}},
		{"main2", "redone", map[Strategy]string{MergeCommit: "undone: base, redone: undone, message: main2 redone", Squash: "nothing", RebaseFastForward: "undone: main2, redone: undone"}},
		{"main2", "empty", map[Strategy]string{MergeCommit: "empty: base, message: main2 empty", Squash: "nothing", RebaseFastForward: "empty: main2"}},
		{"main2", "main2", everyStrategy("nothing")},
		{"main2", "base", everyStrategy("nothing")},
		{"main2", "alone", everyStrategy("in common")},
		{"base", "main2", everyStrategy("")},
		{"topic2", "merged", map[Strategy]string{FastForward: "main1: base, merged: topic2 main1", RebaseFastForward: "main1: topic2", SquashFastForward: "message: topic2"}},
	} {
		for strategy, want := range c.want {
			name := fmt.Sprintf("%s of %s into %s", strategy, c.from, c.into)
			before := stored(t, dir)
			q := MergeQuery{Into: g[c.into], From: g[c.from], Strategy: strategy, Message: "message\n\nwith a body\n\n", Author: ann, Committer: carl}
			hash, err := s.Merge(t.Context(), id, q)
			var conflict *Conflict
			got := ""
			switch {
			case errors.As(err, &conflict):
				if !errors.Is(err, ErrConflict) {
					t.Errorf("%s: its kind is not ErrConflict", name)
				}
				got = "conflict " + strings.Join(conflict.Files, " ")
				for n, h := range g {
					if h == conflict.Commit {
						got += " at " + n
					}
				}
			case err != nil:
				if !errors.Is(err, ErrInvalid) {
					t.Errorf("%s: %v", name, err)
				}
				if got = err.Error(); want != "" && strings.Contains(got, want) {
					got = want
				}
			default:
				made = append(made, string(hash))
				got = shape(t, dir, hash, q.Into)
				if want == "" {
					want = got
				}
			}
			if got != want {
				t.Errorf("%s:\ngot  %s\nwant %s", name, got, want)
			}
			if err != nil && stored(t, dir) != before {
				t.Errorf("%s stored something", name)
			}
		}
		into, from := g[c.into], g[c.from]
		before := stored(t, dir)
		files, err := s.Conflicts(t.Context(), id, into, from)
		want := ""
		if c.from == "clash" {
			want = "a m"
		}
		if (err != nil) != (c.from == "alone") || strings.Join(files, " ") != want || want == "" && files != nil {
			t.Errorf("conflicts of %s with %s: %q, %v", c.from, c.into, files, err)
		}
		if stored(t, dir) != before {
			t.Errorf("looking for conflicts of %s with %s stored something", c.from, c.into)
		}
	}
	hash, err := s.Merge(t.Context(), id, MergeQuery{Into: g["main2"], From: g["topic2"], Strategy: MergeCommit, Message: "one\n\ntwo", Author: ann, Committer: carl})
	if err != nil {
		t.Fatal(err)
	}
	made = append(made, string(hash))
	c := must(t)(s.Commit(t.Context(), id, hash))
	if c.Message != "one\n\ntwo\n" || c.Author.Raw != "Ann Author <ann@example.com>" || c.Committer.Raw != "Carl Committer <carl@example.com>" || !c.Author.When.Equal(ann.When) || !c.Committer.When.Equal(carl.When) {
		t.Errorf("made %+v", c)
	}
	if got, want := listed(t, dir, hash), map[string]string{"a": strings.TrimSpace(lines(9, "1=main", "9=topic")), "b": strings.TrimSpace(lines(9)), "m": "m", "t": "t"}; !maps.Equal(got, want) {
		t.Errorf("merged to %q", got)
	}
	// What helped to make them is not there.
	all := git(t, dir, "", "cat-file", "--batch-check=%(objecttype) %(objectname)", "--batch-all-objects")
	for line := range strings.Lines(git(t, dir, strings.Join(made, "\n"), "rev-list", "--all", "--stdin")) {
		all = strings.Replace(all, "commit "+strings.TrimSpace(line), "", 1)
	}
	if strings.Contains(all, "commit ") {
		t.Errorf("commits that nobody asked for: %s", all)
	}
	soundAndTidy(t, s, id, dir)
}

func everyStrategy(want string) map[Strategy]string {
	all := map[Strategy]string{}
	for _, s := range Strategies {
		all[s] = want
	}
	return all
}

// stored is what files a repository has its objects in.
func stored(t testing.TB, dir string) string {
	t.Helper()
	var files []string
	if err := filepath.WalkDir(filepath.Join(dir, "objects"), func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			files = append(files, path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return strings.Join(files, "\n")
}

// soundAndTidy: git finds no fault in the repository, and nothing is left in tmp.
func soundAndTidy(t testing.TB, s *Store, id, dir string) {
	t.Helper()
	if out := git(t, dir, "", "fsck", "--strict", "--full", "--no-dangling", "--no-progress"); out != "" {
		t.Errorf("git finds fault: %s", out)
	}
	if left, err := filepath.Glob(filepath.Join(s.Root, "tmp", "*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestMergeRefuses(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	g := build(t, dir, graph{{"base", "", map[string]string{"a": "1"}}, {"topic", "base", map[string]string{"b": "1"}}})
	missing := Hash(strings.Repeat("1", 40))
	blob := Hash(git(t, dir, "x", "hash-object", "-w", "--stdin"))
	good := MergeQuery{Into: g["base"], From: g["topic"], Strategy: MergeCommit, Message: "m", Author: ann, Committer: carl}
	for name, c := range map[string]struct {
		edit func(*MergeQuery)
		kind error
	}{
		"nothing wrong":    {func(*MergeQuery) {}, nil},
		"no strategy":      {func(q *MergeQuery) { q.Strategy = "" }, ErrInvalid},
		"another strategy": {func(q *MergeQuery) { q.Strategy = "octopus" }, ErrInvalid},
		"a NUL":            {func(q *MergeQuery) { q.Message = "a\x00b" }, ErrInvalid},
		"no text":          {func(q *MergeQuery) { q.Message = "\xff" }, ErrInvalid},
		"no destination":   {func(q *MergeQuery) { q.Into = missing }, ErrNotFound},
		"no source":        {func(q *MergeQuery) { q.From = missing }, ErrNotFound},
		"a file":           {func(q *MergeQuery) { q.From = blob }, ErrNotFound},
		"an option":        {func(q *MergeQuery) { q.From = "--all" }, ErrNotFound},
		"a name":           {func(q *MergeQuery) { q.Into = "main" }, ErrNotFound},
		"a hostile message": {func(q *MergeQuery) {
			q.Message = "--amend\n`touch /x`; $(x)\n# not a comment\n" + strings.Repeat("long ", 100_000)
		}, nil},
		"a hostile author":   {func(q *MergeQuery) { q.Author.Name = "x <y>\ntree " + string(missing) + "\n" }, nil},
		"nobody":             {func(q *MergeQuery) { q.Message = "" }, nil},
		"a message of lines": {func(q *MergeQuery) { q.Message = "\n\n\n" }, nil},
	} {
		q := good
		c.edit(&q)
		hash, err := s.Merge(t.Context(), id, q)
		if c.kind == nil && err != nil || c.kind != nil && !errors.Is(err, c.kind) {
			t.Errorf("%s: %v, want %v", name, err, c.kind)
		}
		if err != nil {
			continue
		}
		made := must(t)(s.Commit(t.Context(), id, hash))
		if want := strings.TrimRight(q.Message, "\n") + "\n"; made.Message != want || len(made.Parents) != 2 {
			t.Errorf("%s: made %+v", name, made)
		}
	}
	if _, err := s.Merge(t.Context(), "00000000-0000-0000-0000-000000000000", good); !errors.Is(err, ErrNotFound) {
		t.Errorf("in no repository: %v", err)
	}
	soundAndTidy(t, s, id, dir)
}

// A context that ends, wherever a merge is, leaves everything as it was.
func TestMergeCancelled(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	all := graph{{"base", "", map[string]string{"a": lines(9)}}, {"main", "base", map[string]string{"a": lines(9, "1=x")}}}
	last := "base"
	for i := range 20 {
		name := fmt.Sprintf("t%d", i)
		all = append(all, graph{{name, last, map[string]string{"a": lines(9, fmt.Sprintf("9=%d", i))}}}...)
		last = name
	}
	g := build(t, dir, all)
	q := MergeQuery{Into: g["main"], From: g[last], Strategy: RebaseMerge, Message: "m", Author: ann, Committer: carl}
	refs, before := git(t, dir, "", "for-each-ref"), stored(t, dir)
	why := errors.New("enough")
	for after := range 12 {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Duration(after)*5*time.Millisecond, func() { cancel(why) })
		if _, err := s.Merge(ctx, id, q); err == nil {
			break
		} else if !errors.Is(err, why) {
			t.Errorf("after %d: %v", after, err)
		}
		cancel(nil)
		if left, _ := filepath.Glob(filepath.Join(s.Root, "tmp", "*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
		if got := stored(t, dir); got != before {
			t.Error("something was stored")
		}
	}
	if got := git(t, dir, "", "for-each-ref"); got != refs {
		t.Errorf("references are\n%s\nwere\n%s", got, refs)
	}
}

// TestRebaseKeeps: what a commit that is made anew takes over, and what it does not.
func TestRebaseKeeps(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	g := build(t, dir, graph{{"base", "", map[string]string{"a": "1"}}, {"main", "base", map[string]string{"m": "1"}}, {"topic", "base", map[string]string{"t": "1"}}})
	tree := git(t, dir, "", "rev-parse", string(g["topic"])+"^{tree}")
	for _, c := range []struct{ author, headers, message, wantHeaders, wantMessage string }{
		{"Zo\u00eb <zoe@example.com> 1234567890 -0730", "", "subject\n\nbody\n", "", "subject\n\nbody\n"},
		{"Z <z@example.com> 1 +0000", "", "no line break", "", "no line break"},
		{"Z <z@example.com> 1 +0000", "", "", "", ""},
		{"Z <z@example.com> 1 +0000", "", "\n\nafter empty lines\n\n\n", "", "after empty lines\n\n\n"},
		{"Z <z@example.com> 1 +0000", "", "# no comment\n  indented \n", "", "# no comment\n  indented \n"},
		{"Zo\xeb <z@example.com> 1 +0000", "encoding ISO-8859-1\n", "caf\xe9\n", "encoding ISO-8859-1\n", "caf\xe9\n"},
		{"Z <z@example.com> 1 +0000", "gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n", "signed\n", "", "signed\n"},
		{"Z <z@example.com> 1 +0000", "", "cut\x00off\n", "", "cut"},
		{"no mail 1 +0000", "", "of an old history\n", "", "of an old history\n"},
		{"Z <z@example.com> 99999999999999 +9999", "", "of the far future\n", "", "of the far future\n"},
	} {
		text := fmt.Sprintf("tree %s\nparent %s\nauthor %s\ncommitter C <c@example.com> 5 +0000\n%s\n%s", tree, g["base"], c.author, c.headers, c.message)
		topic := Hash(git(t, dir, text, "hash-object", "-w", "-t", "commit", "--literally", "--stdin"))
		made, err := s.Merge(t.Context(), id, MergeQuery{Into: g["main"], From: topic, Strategy: RebaseFastForward, Message: "unused", Author: ann, Committer: carl})
		if err != nil {
			t.Errorf("%q: %v", c.message, err)
			continue
		}
		o, err := s.Object(t.Context(), id, made)
		if err != nil {
			t.Fatal(err)
		}
		_, got, _ := strings.Cut(string(o.Data), "\n")
		if want := fmt.Sprintf("parent %s\nauthor %s\ncommitter Carl Committer <carl@example.com> 1700000100 -0530\n%s\n%s", g["main"], c.author, c.wantHeaders, c.wantMessage); got != want {
			t.Errorf("made\n%q\nwant\n%q", got, want)
		}
	}
}

func TestRebaseOfTooMany(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	fastImport(t, dir, MaxRebase+2)
	at := func(revision string) Hash { return Hash(git(t, dir, "", "rev-parse", revision)) }
	q := MergeQuery{Into: at(fmt.Sprintf("main~%d", MaxRebase)), From: at("main"), Strategy: RebaseFastForward, Author: ann, Committer: carl}
	if hash, err := s.Merge(t.Context(), id, q); err != nil || hash != q.From {
		t.Errorf("of as many as can be: %s, %v", hash, err)
	}
	q.Into = at(fmt.Sprintf("main~%d", MaxRebase+1))
	if _, err := s.Merge(t.Context(), id, q); !errors.Is(err, ErrTooLarge) {
		t.Errorf("of one more: %v", err)
	}
}

// workTree is a work tree of a repository, in which git merges as a user's does.
type workTree struct {
	t     testing.TB
	dir   string
	dirty bool // the last merge has not ended
}

func newWorkTree(t testing.TB, repository string) *workTree {
	t.Helper()
	w := &workTree{t: t, dir: filepath.Join(t.TempDir(), "work")}
	git(t, t.TempDir(), "", "clone", "--quiet", "--shared", "--no-checkout", repository, w.dir)
	config, err := os.OpenFile(filepath.Join(w.dir, ".git", "config"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer config.Close()
	for _, set := range append(slices.Clone(settings), [2]string{"core.fsync", "none"}) {
		if name, ok := strings.CutPrefix(set[0], "core."); ok {
			fmt.Fprintf(config, "[core]\n\t%s = %s\n", name, set[1])
		}
	}
	return w
}

// run runs git, and tells whether it went well.
func (w *workTree) run(args ...string) (out string, ok bool) {
	w.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "LC_ALL=C", "GIT_EDITOR=true",
		"GIT_AUTHOR_NAME=Ann Author", "GIT_AUTHOR_EMAIL=ann@example.com", "GIT_AUTHOR_DATE=1700000000 +0100",
		"GIT_COMMITTER_NAME=Carl Committer", "GIT_COMMITTER_EMAIL=carl@example.com", "GIT_COMMITTER_DATE=1700000100 -0530")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.t.Fatal(err)
	}
	if err != nil {
		return string(stdout) + stderr.String(), false
	}
	return string(stdout), true
}

// outcome is what git makes of a merge.
type outcome struct {
	commit Hash     // "" with a conflict
	files  []string // that conflict
	at     Hash     // the commit whose turn it was
	says   string
}

// moved is the end of the name of a file that git moved out of the way of a directory.
var moved = regexp.MustCompile(`~(HEAD|[0-9a-f]{7,40}( \(.*\))?)(_\d+)?$`)

// merge does with git's own commands what a strategy stands for.
func (w *workTree) merge(into, from Hash, strategy Strategy, message string) outcome {
	w.t.Helper()
	must := func(args ...string) string {
		w.t.Helper()
		out, ok := w.run(args...)
		if !ok {
			w.t.Fatalf("git %v: %s", args, out)
		}
		return strings.TrimSpace(out)
	}
	if w.dirty {
		_, _ = w.run("rebase", "--quit")
		must("reset", "--quiet", "--hard")
		must("clean", "-ffdxq")
	}
	must("checkout", "--quiet", "--detach", string(into))
	says, ok := "", true
	switch strategy {
	case MergeCommit:
		says, ok = w.run("merge", "--quiet", "--no-ff", "--cleanup=verbatim", "-m", message, string(from))
	case Squash:
		if says, ok = w.run("merge", "--quiet", "--squash", string(from)); ok {
			says, ok = w.run("commit", "--quiet", "--cleanup=verbatim", "-m", message)
		}
	case FastForward:
		says, ok = w.run("merge", "--quiet", "--ff-only", string(from))
	case SquashFastForward:
		if says, ok = w.run("merge", "--quiet", "--squash", "--ff-only", string(from)); ok {
			says, ok = w.run("commit", "--quiet", "--cleanup=verbatim", "-m", message)
		}
	case RebaseFastForward, RebaseMerge:
		if says, ok = w.run("rebase", "--quiet", string(into), string(from)); ok && strategy == RebaseMerge {
			tip := must("rev-parse", "HEAD")
			must("checkout", "--quiet", "--detach", string(into))
			says, ok = w.run("merge", "--quiet", "--no-ff", "--cleanup=verbatim", "-m", message, tip)
		}
	}
	o := outcome{says: says}
	w.dirty = !ok
	if ok {
		o.commit = Hash(must("rev-parse", "HEAD"))
		return o
	}
	for name := range strings.SplitSeq(must("diff", "--name-only", "--diff-filter=U", "-z"), "\x00") {
		if name != "" {
			o.files = append(o.files, moved.ReplaceAllString(name, ""))
		}
	}
	slices.Sort(o.files)
	o.files = slices.Compact(o.files)
	if strategy == RebaseFastForward || strategy == RebaseMerge {
		o.at = Hash(must("rev-parse", "REBASE_HEAD"))
	}
	return o
}

// agreeOnMerge holds what Merge and Conflicts make of two commits against what git makes of them in a work tree, for each of strategies.
func agreeOnMerge(t interface{ Fatalf(string, ...any) }, s *Store, id, dir string, w *workTree, into, from Hash, strategies ...Strategy) {
	const message = "a message\n\nof more lines\n"
	show := func(hash Hash) string {
		return git(w.t, dir, "", "log", "--format=%H %T %P%n%an %ae %ad%n%cn %ce %cd%n%B", "--raw", "--abbrev=8", string(hash), "^"+string(into))
	}
	for _, strategy := range strategies {
		git := w.merge(into, from, strategy, message)
		hash, err := s.Merge(w.t.Context(), id, MergeQuery{Into: into, From: from, Strategy: strategy, Message: message, Author: ann, Committer: carl})
		var conflict *Conflict
		switch {
		case errors.As(err, &conflict):
			switch {
			case git.commit != "":
				t.Fatalf("%s: conflict in %q, git makes\n%s", strategy, conflict.Files, git.says)
			case len(git.files) > 0 && !slices.Equal(git.files, conflict.Files):
				t.Fatalf("%s: conflict in %q, for git in %q\n%s", strategy, conflict.Files, git.files, git.says)
			case conflict.Commit != git.at:
				t.Fatalf("%s: at %s, for git at %s", strategy, conflict.Commit, git.at)
			}
		case errors.Is(err, ErrInvalid):
			// Git either refuses it too, or has nothing to do.
			if git.commit != "" && git.commit != into || len(git.files) > 0 {
				t.Fatalf("%s: %v; git makes %+v", strategy, err, git)
			}
		case err != nil:
			t.Fatalf("%s: %v", strategy, err)
		case git.commit == "":
			t.Fatalf("%s: made\n%s\ngit fails: %s", strategy, show(hash), git.says)
		case git.commit != hash:
			t.Fatalf("%s: made\n%s\ngit makes\n%s", strategy, show(hash), w.log(git.commit, into))
		}
		if strategy == MergeCommit {
			files, err := s.Conflicts(w.t.Context(), id, into, from)
			if conflict != nil && !slices.Equal(files, conflict.Files) || conflict == nil && files != nil || err != nil && conflict != nil {
				t.Fatalf("Conflicts: %q, %v; Merge: %v", files, err, conflict)
			}
		}
	}
}

func (w *workTree) log(to, from Hash) string {
	return git(w.t, w.dir, "", "log", "--format=%H %T %P%n%an %ae %ad%n%cn %ce %cd%n%B", "--raw", "--abbrev=8", string(to), "^"+string(from))
}

// someHistory draws commits that branch and merge, and change files in all ways, as fast-import reads them; the last two are tips
// that have not been merged. It gives how many there are.
func someHistory(t *rapid.T) (in string, commits int) {
	var b bytes.Buffer
	pick := func(label string, from ...string) string { return rapid.SampledFrom(from).Draw(t, label) }
	names := []string{"a.txt", "b.txt", "c", "tab\tin it", "latin\xe9", "new\nline", `"quoted"`, "back\\slash", "-x", ":colon", "caf\u00e9", ".gitattributes"}
	directories := []string{"", "", "d/", "e/", "d/f/", "c/"}
	attributes := []string{"*.txt merge=union", "* -merge", "*.txt merge=binary", "c merge=text", "* merge=evil", "*.txt -diff", "* conflict-marker-size=3", "latin* binary", "*.txt !merge"}
	text := func() string {
		n := rapid.IntRange(6, 9).Draw(t, "lines")
		replaced := []string{}
		for i := range n {
			if rapid.IntRange(0, 5).Draw(t, "changed") == 0 {
				replaced = append(replaced, fmt.Sprintf("%d=%s", i+1, pick("line", "one", "two", "three", "four")))
			}
		}
		content := lines(n, replaced...)
		switch pick("form", "", "", "", "", "", "crlf", "open", "binary") {
		case "crlf":
			content = strings.ReplaceAll(content, "\n", "\r\n")
		case "open":
			content = strings.TrimSuffix(content, "\n")
		case "binary":
			content += "\x00"
		}
		return content
	}
	var trees []map[string]string
	set := func(files map[string]string, path, content string) {
		for old := range files {
			if strings.HasPrefix(old, path+"/") || strings.HasPrefix(path, old+"/") {
				delete(files, old)
			}
		}
		files[path] = content
	}
	edit := func(files map[string]string) {
		paths := slices.Sorted(maps.Keys(files))
		old := ""
		if len(paths) > 0 {
			old = pick("path", paths...)
		}
		path := pick("directory", directories...) + pick("name", names...)
		if strings.HasSuffix(path, ".gitattributes") {
			set(files, path, pick("attributes", attributes...)+"\n"+pick("attributes", attributes...)+"\n")
			return
		}
		switch kind := pick("edit", "line", "line", "line", "line", "add", "add", "remove", "rename", "rename", "mode", "link", "module", "directory"); {
		case kind == "line" && strings.HasSuffix(old, ".gitattributes"):
			set(files, old, pick("attributes", attributes...)+"\n")
		case kind == "line" && strings.Count(files[old], "\n") > 2:
			all := strings.SplitAfter(files[old], "\n")
			all[rapid.IntRange(0, len(all)-2).Draw(t, "which")] = pick("line", "five\n", "six\n", "")
			files[old] = strings.Join(all, "")
		case kind == "remove" && old != "":
			delete(files, old)
		case kind == "rename" && old != "":
			content := files[old]
			delete(files, old)
			set(files, path, content)
		case kind == "mode" && old != "":
			if rest, ok := strings.CutPrefix(files[old], "run:"); ok {
				files[old] = rest
			} else if !strings.HasPrefix(files[old], "link:") && !strings.HasPrefix(files[old], "module:") {
				files[old] = "run:" + files[old]
			}
		case kind == "link":
			set(files, path, "link:"+pick("target", "a.txt", "../x", "c"))
		case kind == "module":
			set(files, path, "module:"+strings.Repeat(pick("module", "1", "2", "3"), 40))
		case kind == "directory":
			to := pick("to", "d/", "e/", "g/")
			from := pick("from", "d/", "e/")
			for _, p := range paths {
				if content, there := files[p]; there && strings.HasPrefix(p, from) && to != from {
					delete(files, p)
					set(files, to+strings.TrimPrefix(p, from), content)
				}
			}
		default:
			set(files, path, text())
		}
	}
	write := func(branch string, parents []int, files map[string]string) {
		trees = append(trees, files)
		mark := len(trees)
		message := pick("message", "subject", "subject\n\nbody\n", "# comment\n", "trailing \n\n\n", "", "caf\u00e9\n")
		fmt.Fprintf(&b, "commit refs/import/%s\nmark :%d\nauthor %s <a@example.com> %d %s\ncommitter C <c@example.com> %d +0000\ndata %d\n%s\n",
			branch, mark, pick("author", "A", "Zo\u00eb", "A. \"B\" C"), 1_500_000_000+rapid.IntRange(0, 1000).Draw(t, "date"), pick("zone", "+0000", "-0730", "+1300"), 1_600_000_000+60*mark, len(message), message)
		for n, parent := range parents {
			fmt.Fprintf(&b, "%s :%d\n", []string{"from", "merge"}[min(n, 1)], parent)
		}
		b.WriteString("deleteall\n")
		for _, path := range slices.Sorted(maps.Keys(files)) {
			b.WriteString(change(path, files[path]))
		}
	}
	first := map[string]string{"a.txt": lines(8), "d/b.txt": lines(7, "2=b"), "d/c": lines(9, "1=c", "9=c"), "e/a.txt": lines(8, "5=x")}
	for range rapid.IntRange(0, 4).Draw(t, "edits") {
		edit(first)
	}
	write("base", nil, first)
	tips := [2]int{1, 1}
	for range rapid.IntRange(2, 9).Draw(t, "commits") {
		side := rapid.IntRange(0, 1).Draw(t, "side")
		tip, other := tips[side], tips[1-side]
		files := maps.Clone(trees[tip-1])
		parents := []int{tip}
		switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); {
		case kind == 0 && other != tip: // a merge, of whatever the two have
			parents = append(parents, other)
			for path, content := range trees[other-1] {
				if _, there := files[path]; !there || rapid.Bool().Draw(t, "theirs") {
					set(files, path, content)
				}
			}
		case kind == 1: // what the other did, or nothing
			if rapid.Bool().Draw(t, "same") {
				files = maps.Clone(trees[other-1])
			}
		case kind == 2 && len(trees) > 3: // a history of its own that comes in
			own := map[string]string{}
			edit(own)
			write("own", nil, own)
			parents = append(parents, len(trees))
			for path, content := range own {
				set(files, path, content)
			}
		default:
			for range rapid.IntRange(1, 3).Draw(t, "edits") {
				edit(files)
			}
		}
		write([]string{"into", "from"}[side], parents, files)
		tips[side] = len(trees)
	}
	fmt.Fprintf(&b, "reset refs/import/into\nfrom :%d\nreset refs/import/from\nfrom :%d\n", tips[0], tips[1])
	return b.String(), len(trees)
}

// TestMergeAgreesWithGit merges in random histories with each strategy, and has git do the same in a work tree: commits, by their
// names, and conflicts are the same.
func TestMergeAgreesWithGit(t *testing.T) {
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue { // each of them is a hundred processes
		if err := flag.Set("rapid.checks", "15"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = flag.Set("rapid.checks", f.DefValue) })
	}
	s := newStore(t)
	id, dir := newRepo(t, s)
	w := newWorkTree(t, dir)
	rapid.Check(t, func(rt *rapid.T) {
		in, _ := someHistory(rt)
		git(t, dir, in, "-c", "fastimport.unpackLimit=0", "fast-import", "--quiet", "--force", "--date-format=raw-permissive")
		tips := strings.Fields(git(t, dir, "", "rev-parse", "refs/import/into", "refs/import/from"))
		agreeOnMerge(rt, s, id, dir, w, Hash(tips[0]), Hash(tips[1]), Strategies...)
	})
	soundAndTidy(t, s, id, dir)
}

// TestMergeAgreesOn: what random histories seldom have.
func TestMergeAgreesOn(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	w := newWorkTree(t, dir)
	module := func(digit string) string { return "module:" + strings.Repeat(digit, 40) }
	for name, c := range map[string]struct {
		g         graph
		conflicts string
	}{
		"criss-cross": {g: graph{
			{"base", "", map[string]string{"a": lines(9)}},
			{"l1", "base", map[string]string{"a": lines(9, "1=l")}}, {"r1", "base", map[string]string{"a": lines(9, "9=r")}},
			{"l2", "l1 r1", map[string]string{"a": lines(9, "1=l", "9=r")}}, {"r2", "r1 l1", map[string]string{"a": lines(9, "1=l", "9=r")}},
			{"into", "l2", map[string]string{"a": lines(9, "1=l", "3=i", "9=r")}}, {"from", "r2", map[string]string{"a": lines(9, "1=l", "7=f", "9=r")}}}},
		"criss-cross with a conflict in the base": {g: graph{
			{"base", "", map[string]string{"a": lines(9)}},
			{"l1", "base", map[string]string{"a": lines(9, "5=l")}}, {"r1", "base", map[string]string{"a": lines(9, "5=r")}},
			{"l2", "l1 r1", map[string]string{"a": lines(9, "5=l")}}, {"r2", "r1 l1", map[string]string{"a": lines(9, "5=r")}},
			{"into", "l2", map[string]string{"b": "b"}}, {"from", "r2", map[string]string{"c": "c"}}}, conflicts: "a"},
		"a rename and a change": {g: graph{
			{"base", "", map[string]string{"a": lines(20)}}, {"into", "base", map[string]string{"a": "", "b": lines(20)}}, {"from", "base", map[string]string{"a": lines(20, "3=f")}}}},
		"two renames": {g: graph{
			{"base", "", map[string]string{"a": lines(20)}}, {"into", "base", map[string]string{"a": "", "b": lines(20)}}, {"from", "base", map[string]string{"a": "", "c": lines(20)}}}, conflicts: "a b c"},
		"a directory that is split": {g: graph{
			{"base", "", map[string]string{"d/a": lines(20, "1=a"), "d/b": lines(20, "1=b")}},
			{"into", "base", map[string]string{"d/a": "", "d/b": "", "e/a": lines(20, "1=a"), "f/b": lines(20, "1=b")}},
			{"from", "base", map[string]string{"d/c": "c"}}}, conflicts: "d"},
		"a directory that moves": {g: graph{
			{"base", "", map[string]string{"d/a": lines(20, "1=a"), "d/b": lines(20, "1=b")}},
			{"into", "base", map[string]string{"d/a": "", "d/b": "", "e/a": lines(20, "1=a"), "e/b": lines(20, "1=b")}},
			{"from", "base", map[string]string{"d/c": "c"}}}, conflicts: "e/c"},
		"modules": {g: graph{
			{"base", "", map[string]string{"m": module("1"), "n": module("1")}}, {"into", "base", map[string]string{"m": module("2")}}, {"from", "base", map[string]string{"n": module("3")}}}},
		"modules that both change": {g: graph{
			{"base", "", map[string]string{"m": module("1"), ".gitmodules": "[submodule \"m\"]\n\tpath = m\n\turl = ../m\n"}},
			{"into", "base", map[string]string{"m": module("2")}}, {"from", "base", map[string]string{"m": module("3")}}}, conflicts: "m"},
		"links": {g: graph{
			{"base", "", map[string]string{"l": "link:a"}}, {"into", "base", map[string]string{"l": "link:b"}}, {"from", "base", map[string]string{"l": "link:c"}}}, conflicts: "l"},
		"a mode and a change": {g: graph{
			{"base", "", map[string]string{"a": lines(9)}}, {"into", "base", map[string]string{"a": "run:" + lines(9)}}, {"from", "base", map[string]string{"a": lines(9, "1=f")}}}},
		"removed and changed": {g: graph{
			{"base", "", map[string]string{"a": lines(9)}}, {"into", "base", map[string]string{"a": ""}}, {"from", "base", map[string]string{"a": lines(9, "1=f")}}}, conflicts: "a"},
		"a file where a directory comes": {g: graph{
			{"base", "", map[string]string{"d": lines(9)}}, {"into", "base", map[string]string{"d": lines(9, "1=i")}}, {"from", "base", map[string]string{"d": "", "d/x": "x"}}}, conflicts: "d"},
		"binary": {g: graph{
			{"base", "", map[string]string{"a": "\x00" + lines(9)}}, {"into", "base", map[string]string{"a": "\x00" + lines(9, "1=i")}}, {"from", "base", map[string]string{"a": "\x00" + lines(9, "9=f")}}}, conflicts: "a"},
		"line ends": {g: graph{
			{"base", "", map[string]string{".gitattributes": "* text=auto eol=crlf\n", "a": lines(9)}}, {"into", "base", map[string]string{"a": lines(9, "1=i")}}, {"from", "base", map[string]string{"a": lines(9, "9=f")}}}},
		"line ends that differ": {g: graph{
			{"base", "", map[string]string{"a": lines(9)}}, {"into", "base", map[string]string{"a": strings.ReplaceAll(lines(9), "\n", "\r\n")}}, {"from", "base", map[string]string{"a": lines(9, "9=f")}}}, conflicts: "a"},
		"a union": {g: graph{
			{"base", "", map[string]string{"log": lines(9), ".gitattributes": "log merge=union\n"}}, {"into", "base", map[string]string{"log": lines(9, "9=i")}}, {"from", "base", map[string]string{"log": lines(9, "9=f")}}}},
		"a union below": {g: graph{
			{"base", "", map[string]string{"d/e/log": lines(9), "d/.gitattributes": "log merge=union\n"}}, {"into", "base", map[string]string{"d/e/log": lines(9, "9=i")}}, {"from", "base", map[string]string{"d/e/log": lines(9, "9=f")}}}},
		"a union that only the source asks for": {g: graph{
			{"base", "", map[string]string{"log": lines(9)}}, {"into", "base", map[string]string{"log": lines(9, "9=i")}}, {"from", "base", map[string]string{"log": lines(9, "9=f"), ".gitattributes": "log merge=union\n"}}}, conflicts: "log"},
		"a union that begins on the way": {g: graph{ // for a rebase
			{"base", "", map[string]string{"log": lines(9), "d/x": lines(9)}}, {"into", "base", map[string]string{"log": lines(9, "9=i"), "d/x": lines(9, "1=i")}},
			{"t1", "base", map[string]string{"d/.gitattributes": "* merge=union\n"}},
			{"from", "t1", map[string]string{"d/x": lines(9, "1=f")}}}, conflicts: "d/x"},
		"a union through a link": {g: graph{
			{"base", "", map[string]string{"log": lines(9), ".gitattributes": "link:log merge=union"}}, {"into", "base", map[string]string{"log": lines(9, "9=i")}}, {"from", "base", map[string]string{"log": lines(9, "9=f")}}}, conflicts: "log"},
		"a whole file by attribute": {g: graph{
			{"base", "", map[string]string{"a": lines(9), ".gitattributes": "a -merge\n"}}, {"into", "base", map[string]string{"a": lines(9, "1=i")}}, {"from", "base", map[string]string{"a": lines(9, "9=f")}}}, conflicts: "a"},
		"a change that was made and undone": {g: graph{ // a rebase leaves it out
			{"base", "", map[string]string{"a": lines(20)}},
			{"i1", "base", map[string]string{"a": lines(20, "20=i")}}, {"i2", "i1", map[string]string{"a": lines(20, "1=x", "20=i")}}, {"into", "i2", map[string]string{"a": lines(20, "20=i")}},
			{"from", "base", map[string]string{"a": lines(20, "1=x")}}}},
		"a change that is not the same by attribute": {g: graph{ // a rebase makes it again
			{"base", "", map[string]string{"a": lines(20), ".gitattributes": "a -diff\n"}},
			{"i1", "base", map[string]string{"a": lines(20, "20=i")}}, {"i2", "i1", map[string]string{"a": lines(20, "1=x", "20=i")}}, {"into", "i2", map[string]string{"a": lines(20, "20=i")}},
			{"from", "base", map[string]string{"a": lines(20, "1=x")}}}},
		"odd names": {g: graph{
			{"base", "", map[string]string{"new\nline": lines(9), "tab\t": lines(9), `"q"`: lines(9), "latin\xe9": lines(9), "~x": lines(9)}},
			{"into", "base", map[string]string{"new\nline": lines(9, "1=i"), "tab\t": lines(9, "1=i"), `"q"`: lines(9, "1=i"), "latin\xe9": lines(9, "1=i"), "~x": lines(9, "1=i")}},
			{"from", "base", map[string]string{"new\nline": lines(9, "1=f"), "tab\t": lines(9, "1=f"), `"q"`: lines(9, "1=f"), "latin\xe9": lines(9, "1=f"), "~x": lines(9, "1=f")}}},
			conflicts: "\"q\" latin\xe9 new\nline tab\t ~x"},
	} {
		t.Run(name, func(t *testing.T) {
			g := build(t, dir, c.g)
			agreeOnMerge(t, s, id, dir, w, g["into"], g["from"], MergeCommit, RebaseFastForward)
			files, err := s.Conflicts(t.Context(), id, g["into"], g["from"])
			if got := strings.Join(files, " "); err != nil || got != c.conflicts {
				t.Errorf("conflicts in %q, %v; want %q", got, err, c.conflicts)
			}
		})
	}
	soundAndTidy(t, s, id, dir)
}

// Whatever the configuration of whoever runs the server says, no program that pushed attributes name is run, and results are the same.
func TestMergeRunsNoDriver(t *testing.T) {
	ran := filepath.Join(t.TempDir(), "ran")
	home := t.TempDir()
	config := fmt.Sprintf("[merge \"evil\"]\n\tdriver = touch %q\n[filter \"evil\"]\n\tclean = touch %[1]q\n\tsmudge = touch %[1]q\n[diff \"evil\"]\n\ttextconv = touch %[1]q\n[merge]\n\trenames = false\n", ran)
	if err := os.WriteFile(filepath.Join(home, ".gitconfig"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", home)
	s := newStore(t)
	id, dir := newRepo(t, s)
	g := build(t, dir, graph{
		{"base", "", map[string]string{".gitattributes": "* merge=evil filter=evil diff=evil\n", "a": lines(9)}},
		{"into", "base", map[string]string{"a": lines(9, "1=i")}}, {"from", "base", map[string]string{"a": lines(9, "9=f")}}})
	for _, strategy := range Strategies {
		if _, err := s.Merge(t.Context(), id, MergeQuery{Into: g["into"], From: g["from"], Strategy: strategy, Author: ann, Committer: carl}); err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", strategy, err)
		}
	}
	if _, err := os.Lstat(ran); err == nil {
		t.Error("a program was run")
	}
	// It would be, with that configuration.
	work := filepath.Join(t.TempDir(), "work")
	cmd := exec.Command("sh", "-c", `git clone -q --shared --no-checkout "$0" "$1" && cd "$1" && git -c core.attributesFile=/dev/null checkout -q --detach "$2" && git merge -q --no-edit "$3"`, dir, work, string(g["into"]), string(g["from"]))
	out, _ := cmd.CombinedOutput()
	if _, err := os.Lstat(ran); err != nil {
		t.Errorf("the test tells nothing: %s", out)
	}
}

// A tree whose attributes have no end is refused, in little time.
func TestMergeOfManyAttributes(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	blob := git(t, dir, "* text\n", "hash-object", "-w", "--stdin")
	tree := git(t, dir, "100644 blob "+blob+"\t.gitattributes\n", "mktree")
	for range 10 {
		var in strings.Builder
		for i := range 10 {
			fmt.Fprintf(&in, "040000 tree %s\t%d\n", tree, i)
		}
		tree = git(t, dir, in.String(), "mktree")
	}
	base := git(t, dir, "", "commit-tree", "-m", "base", tree)
	entries := git(t, dir, "", "ls-tree", tree)
	side := func(name string) Hash {
		return Hash(git(t, dir, "", "commit-tree", "-m", name, "-p", base, git(t, dir, entries+"\n100644 blob "+blob+"\t"+name+"\n", "mktree")))
	}
	into, from := side("into"), side("from")
	if _, err := s.Conflicts(t.Context(), id, into, from); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
}

// Of many who merge into one branch at once, all get through, each on top of the others.
func TestMergesAtOnce(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	const mergers = 50
	all := graph{{"main", "", map[string]string{"a": "a"}}}
	for i := range mergers {
		name := fmt.Sprintf("topic%d", i)
		all = append(all, graph{{name, "main", map[string]string{name: name}}}...)
	}
	g := build(t, dir, all)
	ctx := t.Context()
	if err := s.CreateRef(ctx, id, "refs/heads/main", g["main"]); err != nil {
		t.Fatal(err)
	}
	for i := range mergers {
		if err := s.CreateRef(ctx, id, fmt.Sprintf("refs/heads/topic%d", i), g[fmt.Sprintf("topic%d", i)]); err != nil {
			t.Fatal(err)
		}
	}
	merge := func(i int, turns chan struct{}) error {
		topic := fmt.Sprintf("topic%d", i)
		strategy := []Strategy{MergeCommit, Squash, RebaseFastForward, RebaseMerge}[i%4]
		try := func() error {
			turns <- struct{}{}
			defer func() { <-turns }()
			into, err := s.Resolve(ctx, id, "main")
			if err != nil {
				return err
			}
			made, err := s.Merge(ctx, id, MergeQuery{Into: into, From: g[topic], Strategy: strategy, Message: topic, Author: ann, Committer: carl})
			if err != nil {
				return err
			}
			// The destination moves and the source goes, or neither.
			err = s.UpdateRefs(ctx, id, []RefUpdate{{"refs/heads/main", into, made}, {"refs/heads/" + topic, g[topic], ZeroHash}})
			if errors.Is(err, ErrConflict) {
				if values, err := s.RefValues(ctx, id, []string{"refs/heads/" + topic}); err != nil || values["refs/heads/"+topic] != g[topic] {
					return fmt.Errorf("a move that failed left %v, %w", values, err)
				}
			}
			return err
		}
		for {
			if err := try(); !errors.Is(err, ErrConflict) {
				return err
			}
		}
	}
	var running sync.WaitGroup
	turns := make(chan struct{}, 4) // of all that wait, so many try at a time
	for i := range mergers {
		running.Go(func() {
			if err := merge(i, turns); err != nil {
				t.Errorf("merger %d: %v", i, err)
			}
		})
	}
	running.Wait()
	main, err := s.Resolve(ctx, id, "main")
	if err != nil {
		t.Fatal(err)
	}
	files := listed(t, dir, main)
	for i := range mergers {
		if name := fmt.Sprintf("topic%d", i); files[name] != name {
			t.Errorf("%s is lost", name)
		}
	}
	if branches, err := s.Branches(ctx, id); err != nil || len(branches) != 1 {
		t.Errorf("branches %v, %v", branches, err)
	}
	if n := len(strings.Fields(git(t, dir, "", "rev-list", "--first-parent", string(main)))); n != mergers+1 {
		t.Errorf("main has %d commits", n)
	}
	soundAndTidy(t, s, id, dir)
}

func FuzzReadMerge(f *testing.F) {
	a, b := strings.Repeat("a", 40), strings.Repeat("b", 40)
	f.Add(a + "\x00")
	f.Add(a + "\x00x\x00y~" + b + "_1\x00\x001\x00x\x00CONFLICT (contents)\x00text\n\x00")
	f.Add(a + "\x00\x002\x00x\x00y\x00Auto-merging\x00text\n\x001\x00d\x00CONFLICT(directory rename unclear split)\x00text\n\x00")
	f.Add(a + "\x00\x0099999999999\x00")
	f.Add("\x00~" + b)
	f.Fuzz(func(t *testing.T, out string) {
		_, files := readMerge([]byte(out), Hash(a), Hash(b))
		if len(files) > maxConflicts || !slices.IsSorted(files) || slices.Contains(files, "") {
			t.Errorf("%q", files)
		}
	})
}

// BenchmarkMerge compares merges in a repository of 20,000 commits and 5,000 files with what git's own commands for the same take, each as a process
// of its own. The metric "ratio" is ours over git's.
func BenchmarkMerge(b *testing.B) {
	s := newStore(b)
	id, dir := newRepo(b, s)
	var in strings.Builder
	write := func(branch string, when int, path, content string) {
		fmt.Fprintf(&in, "commit refs/heads/%s\ncommitter A <a@example.com> %d +0000\ndata 0\n", branch, 1_600_000_000+when)
		if when == 19_500 {
			fmt.Fprintf(&in, "from refs/heads/main\n")
		}
		in.WriteString(change(path, content))
	}
	for i := range 20_000 {
		n := i % 5000
		if i >= 19_500 && i < 19_510 {
			write("topic", i, fmt.Sprintf("dir%d/sub%d/new%d.txt", n%50, n%7, n), lines(20))
			continue
		}
		write("main", i, fmt.Sprintf("dir%d/sub%d/file%d.txt", n%50, n%7, n), lines(20, fmt.Sprintf("7=%d", i)))
	}
	git(b, dir, in.String(), "fast-import", "--quiet")
	if err := s.Maintain(b.Context(), id); err != nil {
		b.Fatal(err)
	}
	at := func(revision string) Hash { return Hash(git(b, dir, "", "rev-parse", revision)) }
	into, from := at("main"), at("topic")
	work := filepath.Join(b.TempDir(), "work")
	git(b, b.TempDir(), "", "clone", "--quiet", "--shared", dir, work)
	run := func(in string, args ...string) string {
		cmd := exec.Command("git", args...)
		cmd.Dir, cmd.Env, cmd.Stdin = in, append(slices.Clone(s.env), "GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@b"), nil
		out, err := cmd.Output()
		if err != nil {
			b.Fatal(args, err)
		}
		return strings.TrimSpace(string(out))
	}
	compare := func(b *testing.B, ours, gits func()) {
		var took [2]time.Duration
		for b.Loop() {
			for i, f := range []func(){ours, gits} {
				start := time.Now()
				f()
				took[i] += time.Since(start)
			}
		}
		b.ReportMetric(float64(took[0])/float64(b.N), "ours-ns/op")
		b.ReportMetric(float64(took[1])/float64(b.N), "git-ns/op")
		b.ReportMetric(float64(took[0])/float64(took[1]), "ratio")
	}
	merge := func(strategy Strategy) func() {
		n := 0
		return func() {
			n++ // another message each time, so that something new is to be stored
			q := MergeQuery{Into: into, From: from, Strategy: strategy, Message: fmt.Sprint(n), Author: ann, Committer: Signature{Name: "C", Mail: "c@d", When: time.Unix(int64(n), 0)}}
			if _, err := s.Merge(b.Context(), id, q); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("merge commit", func(b *testing.B) {
		n := 0
		compare(b, merge(MergeCommit), func() {
			n++
			run(dir, "merge-base", string(into), string(from))
			tree := run(dir, "merge-tree", "--write-tree", string(into), string(from))
			run(dir, "commit-tree", "-p", string(into), "-p", string(from), "-m", fmt.Sprint("git ", n), tree)
		})
	})
	b.Run("rebase of 10 in a work tree", func(b *testing.B) {
		compare(b, merge(RebaseFastForward), func() {
			run(work, "rebase", "--quiet", "--force-rebase", string(into), string(from))
		})
	})
	b.Run("conflicts", func(b *testing.B) {
		compare(b, func() {
			if files, err := s.Conflicts(b.Context(), id, into, from); err != nil || files != nil {
				b.Fatal(files, err)
			}
		}, func() { run(dir, "merge-tree", "--write-tree", string(into), string(from)) })
	})
}
