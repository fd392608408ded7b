package gitstore

import (
	"slices"
	"strings"
	"testing"
)

// TestTips: what is read from the files is what git says, whichever way the references are kept.
func TestTips(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	want := func(when string, n int) {
		t.Helper()
		var fromGit []Hash
		for line := range strings.Lines(git(t, dir, "", "for-each-ref", "--format=%(objectname) %(objecttype) %(*objectname) %(*objecttype)", "refs/heads", "refs/tags")) {
			fields := strings.Fields(line)
			if h := Hash(fields[len(fields)-2]); fields[len(fields)-1] == "commit" && !slices.Contains(fromGit, h) {
				fromGit = append(fromGit, h)
			}
		}
		got, more, err := s.Tips(t.Context(), id, 100)
		if err != nil || more || !slices.Equal(got, fromGit) || len(got) != n {
			t.Errorf("%s: %v %v %v, git says %v", when, got, more, err, fromGit)
		}
		if _, ok := readTips(dir); !ok && when != "symbolic" {
			t.Errorf("%s: git had to be asked", when)
		}
	}
	want("empty", 0)
	fastImport(t, dir, 6)
	git(t, dir, "", "branch", "feature/deep/one", "main~2")
	git(t, dir, "", "branch", "same", "main")
	git(t, dir, "", "tag", "-m", "annotated", "v1", "main~1")
	git(t, dir, "", "tag", "v2", "main~2")
	git(t, dir, "", "tag", "-m", "no commit", "tree", "main^{tree}")
	want("loose", 3)
	git(t, dir, "", "pack-refs", "--all")
	want("packed", 3)
	git(t, dir, "", "branch", "--force", "same", "main~3")
	git(t, dir, "", "branch", "other", "main~4")
	git(t, dir, "", "tag", "light", "main~5")
	want("both, one of them newer than packed", 6)
	git(t, dir, "", "branch", "-D", "feature/deep/one")
	git(t, dir, "", "tag", "-d", "light", "v2")
	want("deleted", 4)
	git(t, dir, "", "symbolic-ref", "refs/heads/alias", "refs/heads/other")
	want("symbolic", 4)
	if got, more, err := s.Tips(t.Context(), id, 4); err != nil || more || len(got) != 4 {
		t.Errorf("exactly as many as the limit: %v %v %v", got, more, err)
	}
	if got, more, err := s.Tips(t.Context(), id, 3); err != nil || !more || got != nil {
		t.Errorf("more than the limit: %v %v %v", got, more, err)
	}
}
