package gitstore

import (
	"slices"
	"testing"
)

// TestHeads: what is read from the files is what git says, whichever way the references are kept.
func TestHeads(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	want := func(when string, n int) {
		t.Helper()
		branches, err := s.Branches(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		var fromGit []Hash
		for i := range branches {
			if !slices.Contains(fromGit, branches[i].Target) {
				fromGit = append(fromGit, branches[i].Target)
			}
		}
		got, err := s.Heads(t.Context(), id, 100)
		if err != nil || !slices.Equal(got, fromGit) || len(got) != n {
			t.Errorf("%s: %v %v, git says %v", when, got, err, fromGit)
		}
		if _, ok := readHeads(dir); !ok && when != "symbolic" {
			t.Errorf("%s: git had to be asked", when)
		}
	}
	want("empty", 0)
	fastImport(t, dir, 5)
	git(t, dir, "", "branch", "feature/deep/one", "main~2")
	git(t, dir, "", "branch", "same", "main")
	git(t, dir, "", "tag", "-m", "annotated", "v1", "main~1")
	want("loose", 2)
	git(t, dir, "", "pack-refs", "--all")
	want("packed", 2)
	git(t, dir, "", "branch", "--force", "same", "main~3")
	git(t, dir, "", "branch", "other", "main~4")
	want("both, one of them newer than packed", 4)
	git(t, dir, "", "branch", "-D", "feature/deep/one")
	want("deleted", 3)
	git(t, dir, "", "symbolic-ref", "refs/heads/alias", "refs/heads/other")
	want("symbolic", 3)
	if got, err := s.Heads(t.Context(), id, 1); err != nil || len(got) != 1 {
		t.Errorf("limit: %v %v", got, err)
	}
}
