package gitstore

import (
	"bufio"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// revisions makes a chain of commits, each with these files, and gives their hashes.
func revisions(t testing.TB, dir string, commits []map[string]string) (hashes []Hash) {
	t.Helper()
	var in strings.Builder
	branch := BranchPrefix + "chain"
	fmt.Fprintf(&in, "reset %s\n", branch)
	for i, files := range commits {
		fmt.Fprintf(&in, "commit %s\nmark :%d\ncommitter A <a@b.c> %d +0000\ndata 1\nx\ndeleteall\n", branch, i+1, i)
		for path, content := range files {
			fmt.Fprintf(&in, "M 644 inline %s\ndata %d\n%s\n", strconv.Quote(path), len(content), content)
		}
		fmt.Fprintf(&in, "get-mark :%d\n", i+1)
	}
	for line := range strings.Lines(git(t, dir, in.String(), "fast-import", "--quiet", "--force")) {
		hashes = append(hashes, Hash(strings.TrimSpace(line)))
	}
	return hashes
}

// TestFollow: lines are followed through random edits and moves of files, as somebody would who knows every line by its text.
func TestFollow(test *testing.T) {
	s := newStore(test)
	id, dir := newRepo(test, s)
	rapid.Check(test, func(t *rapid.T) {
		fresh := 0
		line := func() string {
			fresh++
			// A line that looks like the head of a file, a hunk or a note must not be taken for one.
			return rapid.SampledFrom([]string{"line", "-- a/file", "++ b/file", "@@ -1 +1 @@", "\\ No newline at end of file", "diff --git a/x b/x"}).Draw(t, "text") + " " + strconv.Itoa(fresh)
		}
		lines := func(n int) (all []string) {
			for range n {
				all = append(all, line())
			}
			return all
		}
		names := []string{"plain.txt", "with space", `"quo\ted"`, "ünï", "dir/file", ":(glob)*"}
		path := rapid.SampledFrom(names).Draw(t, "path")
		now := lines(rapid.IntRange(0, 30).Draw(t, "lines"))
		type revision struct {
			path  string
			lines []string
		}
		history, commits := []revision{{path, now}}, []map[string]string{}
		for range rapid.IntRange(1, 4).Draw(t, "commits") {
			now = slices.Clone(now)
			for range rapid.IntRange(0, 5).Draw(t, "edits") {
				at := rapid.IntRange(0, len(now)).Draw(t, "at")
				gone := rapid.IntRange(0, min(5, len(now)-at)).Draw(t, "gone")
				now = slices.Replace(now, at, at+gone, lines(rapid.IntRange(0, 5).Draw(t, "new"))...)
			}
			history = append(history, revision{path, now})
		}
		for _, r := range history {
			text := strings.Join(append(r.lines, ""), "\n")
			commits = append(commits, map[string]string{r.path: text, "beside": strings.Join(lines(3), "\n")})
		}
		hashes := revisions(test, dir, commits)
		i, j := rapid.IntRange(0, len(history)-1).Draw(t, "from"), rapid.IntRange(0, len(history)-1).Draw(t, "to")
		found, err := s.Follow(t.Context(), id, hashes[i], hashes[j], []string{path, "nothing"})
		if err != nil {
			t.Fatal(err)
		}
		if got := found["nothing"]; got == nil || got.Path != "nothing" || got.Line(7) != 7 {
			t.Fatalf("a file that is in neither: %+v", got)
		}
		before, after := history[i].lines, history[j].lines
		where := func(n int) int { return slices.Index(after, before[n-1]) + 1 }
		for first := 1; first <= len(before); first++ {
			for last := first; last <= len(before); last++ {
				var want []int // the lines that are still there
				for n := first; n <= last; n++ {
					if now := where(n); now > 0 {
						want = append(want, now)
					}
				}
				if want == nil {
					want = []int{0}
				}
				gotFirst, gotLast := found[path].Lines(first, last)
				if gotFirst != want[0] || gotLast != want[len(want)-1] {
					t.Fatalf("lines %d to %d are at %d to %d, want %v; edits %v\nbefore %q\nafter  %q", first, last, gotFirst, gotLast, want, found[path].edits, before, after)
				}
			}
		}
	})
}

// TestFollowMoves: a file is followed where it moves, and has no lines once it is gone or is no text.
func TestFollowMoves(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	var text []string
	for i := range 20 {
		text = append(text, "line "+strconv.Itoa(i+1))
	}
	whole := strings.Join(text, "\n")
	hashes := revisions(t, dir, []map[string]string{
		{"old name": whole, "same": whole + "\nmore"},
		{"dir/new \"name\"": "first\n" + whole, "same": whole + "\nmore"},
		{"dir/new \"name\"": "a\x00b", "same": whole},
		{"old name/below": "x"},
	})
	follow := func(from, to int, path string) *Shift {
		t.Helper()
		found, err := s.Follow(t.Context(), id, hashes[from], hashes[to], []string{path})
		if err != nil {
			t.Fatal(err)
		}
		return found[path]
	}
	if got := follow(0, 1, "old name"); got.Path != `dir/new "name"` || got.Line(3) != 4 {
		t.Errorf("a file that moved: %+v", got)
	}
	if got := follow(1, 0, `dir/new "name"`); got.Path != "old name" || got.Line(1) != 0 || got.Line(4) != 3 {
		t.Errorf("a file that moved back: %+v", got)
	}
	if got := follow(1, 2, `dir/new "name"`); got.Path != "" || got.Line(4) != 0 {
		t.Errorf("a file that is binary now: %+v", got)
	}
	if got := follow(0, 3, "old name"); got.Path != "" || got.Line(1) != 0 {
		t.Errorf("a file that is a directory now: %+v", got)
	}
	if got := follow(0, 3, "same"); got.Path != "" {
		t.Errorf("a file that is gone: %+v", got)
	}
	// The last line of the text gets a line break and with it another one: git says that it was changed.
	if got := follow(2, 1, "same"); got.Line(19) != 19 || got.Line(20) != 0 {
		t.Errorf("a last line without a line break: %+v", got)
	}
	if _, err := s.Follow(t.Context(), id, hashes[0], Hash(strings.Repeat("1", 40)), []string{"same"}); !errors.Is(err, ErrNotFound) {
		t.Errorf("to a commit that is not there: %v", err)
	}
	if _, err := s.Follow(t.Context(), id, hashes[0], hashes[1], []string{"../x"}); !errors.Is(err, ErrInvalid) {
		t.Errorf("a path that is none: %v", err)
	}
}

// FuzzReadEdits: whatever git might print, reading it ends, and what was read leads no line to where there is none, nor past another.
func FuzzReadEdits(f *testing.F) {
	for _, seed := range []string{
		"diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1,2 +1 @@\n-a\n-b\n+c\n\\ No newline at end of file\n@@ -9,0 +9,2 @@ x\n+--- a/g\n++++ b/g\n",
		"--- \"a/q\\\"\"\n@@ -0,0 +1 @@\n+x\n", "--- a/f\n@@ -5 +5 @@\n-x\n+y\n@@ -3 +3 @@\n-x\n+y\n", "--- a/f\n@@ -1,9999999999 +1 @@\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, patch string) {
		shifts := map[string]*Shift{"f": {Path: "f"}, "g": {Path: "g"}}
		if readEdits(bufio.NewReader(strings.NewReader(patch)), shifts) != nil {
			return
		}
		for _, s := range shifts {
			before := 0
			for n := 1; n < 50; n++ {
				now := s.Line(n)
				if now == 0 {
					continue
				}
				if first, last := s.Lines(n, n); first != now || last != now {
					t.Fatalf("line %d is at %d, and at %d to %d", n, now, first, last)
				}
				// An edit whose new side git has numbered wrongly may lead below 1, but two lines keep their order.
				if before != 0 && now <= before {
					t.Fatalf("line %d is at %d, behind one at %d: %v", n, now, before, s.edits)
				}
				before = now
			}
		}
	})
}
