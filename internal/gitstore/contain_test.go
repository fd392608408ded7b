package gitstore

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// lineage makes a repository whose commits have the parents that are given by their numbers, and a reference below
// refs/pull-requests to each of refs.
func lineage(t testing.TB, s *Store, parents [][]int, refs []int) (id, dir string, commits []Hash) {
	t.Helper()
	id, dir = newRepo(t, s)
	var stream strings.Builder
	for i, of := range parents {
		fmt.Fprintf(&stream, "commit refs/scratch/c\nmark :%d\ncommitter C <c@example.com> %d +0000\ndata 0\n", i+1, 1700000000+i)
		for j, p := range of {
			word := "merge"
			if j == 0 {
				word = "from"
			}
			fmt.Fprintf(&stream, "%s :%d\n", word, p+1)
		}
		fmt.Fprintf(&stream, "M 100644 inline f%d\ndata 0\n\n", i)
		fmt.Fprintf(&stream, "reset refs/scratch/c\nfrom 0000000000000000000000000000000000000000\n\nreset refs/keep/%d\nfrom :%d\n\n", i, i+1)
	}
	for n, i := range refs {
		fmt.Fprintf(&stream, "reset refs/pull-requests/%d/from\nfrom :%d\n\n", n, i+1)
	}
	git(t, dir, stream.String(), "fast-import", "--quiet", "--force")
	commits = make([]Hash, len(parents))
	for line := range strings.Lines(git(t, dir, "", "for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/keep")) {
		hash, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		i, err := strconv.Atoi(name)
		if err != nil {
			t.Fatal(err)
		}
		commits[i] = Hash(hash)
	}
	return id, dir, commits
}

// TestContain holds what lies within a history, and what has a commit in its own, against a fork in a small history:
//
//	0 - 1 - 2 ----- 5   6 (alone)
//	     \- 3 - 4 -/
func TestContain(t *testing.T) {
	s := newStore(t)
	ctx := t.Context()
	id, _, c := lineage(t, s, [][]int{nil, {0}, {1}, {1}, {3}, {2, 4}, nil}, []int{0, 1, 2, 3, 4, 5, 6})
	within := func(commit, without int, want ...string) {
		t.Helper()
		var before Hash
		if without >= 0 {
			before = c[without]
		}
		got, err := s.Within(ctx, id, "refs/pull-requests", c[commit], before)
		if err != nil || !slices.Equal(got, named(want)) {
			t.Errorf("within %d and not %d: %v, %v, want %v", commit, without, got, err, want)
		}
	}
	within(5, -1, "0", "1", "2", "3", "4", "5")
	within(5, 2, "3", "4", "5")
	within(5, 5)
	within(2, 5)
	within(4, 2, "3", "4")
	within(6, 5, "6")
	containing := func(commit int, want ...string) {
		t.Helper()
		got, err := s.Containing(ctx, id, c[commit], "refs/pull-requests")
		if err != nil || !slices.Equal(got, named(want)) {
			t.Errorf("containing %d: %v, %v, want %v", commit, got, err, want)
		}
	}
	containing(0, "0", "1", "2", "3", "4", "5")
	containing(3, "3", "4", "5")
	containing(6, "6")
	if got, err := s.Containing(ctx, id, c[4], "refs/pull-requests/4", "refs/keep/5", "refs/nothing"); err != nil || !slices.Equal(got, []string{"refs/keep/5", "refs/pull-requests/4/from"}) {
		t.Errorf("below several prefixes: %v, %v", got, err)
	}
	for _, tc := range []struct{ commit, without, limit, want int }{{5, 2, 100, 3}, {5, 0, 100, 5}, {5, 5, 100, 0}, {2, 4, 100, 1}, {6, 5, 100, 1}, {5, 0, 2, 2}, {5, 2, 0, 0}} {
		if got, err := s.Count(ctx, id, c[tc.commit], c[tc.without], tc.limit); err != nil || got != tc.want {
			t.Errorf("%d without %d, at most %d: %d, %v, want %d", tc.commit, tc.without, tc.limit, got, err, tc.want)
		}
	}

	// Nothing but whole names gets to git, and no repository is taken for another one.
	for _, bad := range []Hash{"main", "HEAD", c[0][:12], "--all", Hash(strings.ToUpper(string(c[0]))), c[0] + "\n"} {
		for _, err := range []error{
			errOf(s.Within(ctx, id, "refs/pull-requests", bad, "")), errOf(s.Within(ctx, id, "refs/pull-requests", c[0], bad)),
			errOf(s.Containing(ctx, id, bad, "refs/pull-requests")), errOf(s.Count(ctx, id, bad, c[0], 1)), errOf(s.Count(ctx, id, c[0], bad, 1)),
		} {
			if !errors.Is(err, ErrInvalid) {
				t.Errorf("%q: %v", bad, err)
			}
		}
	}
	if _, err := s.Count(ctx, id, c[0], "", 1); !errors.Is(err, ErrInvalid) {
		t.Errorf("counting without nothing: %v", err)
	}
	for _, err := range []error{errOf(s.Within(ctx, uuid.NewString(), "refs", c[0], "")), errOf(s.Containing(ctx, "../x", c[0], "refs")), errOf(s.Count(ctx, uuid.NewString(), c[0], c[0], 1))} {
		if !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrInvalid) {
			t.Errorf("another repository: %v", err)
		}
	}
}

func errOf[T any](_ T, err error) error { return err }

func named(numbers []string) (all []string) {
	for _, n := range numbers {
		all = append(all, "refs/pull-requests/"+n+"/from")
	}
	return all
}

// TestContainAsGitDoes holds all of it against git's own answers, one commit after the other, in histories of all shapes.
func TestContainAsGitDoes(t *testing.T) {
	s := newStore(t)
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue { // each of them is some twenty processes
		if err := flag.Set("rapid.checks", "10"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = flag.Set("rapid.checks", f.DefValue) })
	}
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(r, "commits")
		parents := make([][]int, n)
		for i := 1; i < n; i++ {
			parents[i] = rapid.SliceOfNDistinct(rapid.IntRange(0, i-1), 0, min(i, 3), rapid.ID[int]).Draw(r, "parents")
		}
		refs := rapid.SliceOfN(rapid.IntRange(0, n-1), 0, 5).Draw(r, "refs")
		id, dir, commits := lineage(t, s, parents, refs)
		history := map[Hash][]string{}
		for _, c := range commits {
			history[c] = strings.Fields(git(t, dir, "", "rev-list", string(c)))
		}
		ancestor := func(a, b Hash) bool { return slices.Contains(history[b], string(a)) }
		commit, without := commits[rapid.IntRange(0, n-1).Draw(r, "commit")], commits[rapid.IntRange(0, n-1).Draw(r, "without")]
		var within, containing []string
		for number, i := range refs {
			name := "refs/pull-requests/" + strconv.Itoa(number) + "/from"
			if ancestor(commits[i], commit) && !ancestor(commits[i], without) {
				within = append(within, name)
			}
			if ancestor(commit, commits[i]) {
				containing = append(containing, name)
			}
		}
		if got, err := s.Within(t.Context(), id, "refs/pull-requests", commit, without); err != nil || !slices.Equal(got, within) {
			r.Errorf("within: %v, %v, git says %v", got, err, within)
		}
		if got, err := s.Containing(t.Context(), id, commit, "refs/pull-requests"); err != nil || !slices.Equal(got, containing) {
			r.Errorf("containing: %v, %v, git says %v", got, err, containing)
		}
		want := 0
		for _, c := range commits {
			if ancestor(c, commit) && !ancestor(c, without) {
				want++
			}
		}
		if got, err := s.Count(t.Context(), id, commit, without, 100); err != nil || got != want {
			r.Errorf("count: %d, %v, git says %d", got, err, want)
		}
		if err := s.Remove(id); err != nil {
			r.Errorf("%v", err)
		}
	})
}

// TestAbbreviated: digits stand for the one commit whose name begins so, and for nothing else, whatever branches and tags are called.
func TestAbbreviated(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	first, second := commit(t, dir, "main", "a", "1", "one"), commit(t, dir, "main", "a", "2", "two")
	tree := Hash(git(t, dir, "", "rev-parse", "main^{tree}"))
	git(t, dir, "", "tag", "-m", "annotated", "v1", "main")
	tag := Hash(git(t, dir, "", "rev-parse", "v1"))
	git(t, dir, "", "branch", string(first[:8]), "main")
	git(t, dir, "", "branch", "deadbee", "main")
	// Two commits that begin alike.
	var many strings.Builder
	for i := range 1500 {
		fmt.Fprintf(&many, "commit refs/heads/many\ncommitter C <c@example.com> %d +0000\ndata 0\n\n", 1700000000+i)
	}
	git(t, dir, many.String(), "fast-import", "--quiet")
	var alike [2]string
	seen := map[string]string{}
	for _, hash := range strings.Fields(git(t, dir, "", "rev-list", "many")) {
		if other := seen[hash[:4]]; other != "" {
			alike = [2]string{other, hash}
		}
		seen[hash[:4]] = hash
	}
	want := map[string]Hash{string(first): first, string(first[:7]): first, string(second[:40]): second, string(second[:4]): second, alike[1]: Hash(alike[1])}
	if seen[string(second[:4])] != "" {
		delete(want, string(second[:4]))
	}
	names := []string{alike[0][:4], "deadbee", string(first[:8]), string(tree[:12]), string(tag[:12]), string(tag), "0000000", "main", "v1", "HEAD", "", "abc", string(first) + "^{}", "-" + string(first[:7]), string(first[:7]) + "\ncontents x",
		strings.ToUpper(string(first[:12])), strings.Repeat("a", 65), strings.Repeat("a", 50)}
	for name := range want {
		names = append(names, name)
	}
	got, err := s.Abbreviated(t.Context(), id, names)
	if err != nil || len(got) != len(want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	for name, hash := range want {
		if got[name] != hash {
			t.Errorf("%s is %q, want %s", name, got[name], hash)
		}
	}
	if _, err := s.Abbreviated(t.Context(), uuid.NewString(), []string{"deadbee"}); !errors.Is(err, ErrNotFound) {
		t.Errorf("no repository: %v", err)
	}
}
