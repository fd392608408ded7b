package demo

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

func TestHistory(t *testing.T) {
	head := func() string {
		dir, remove, err := history(t.Context(), "git")
		if err != nil {
			t.Fatal(err)
		}
		defer remove()
		git := func(args ...string) string {
			t.Helper()
			out, err := exec.Command("git", append([]string{"--git-dir=" + dir}, args...)...).CombinedOutput()
			if err != nil {
				t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
			}
			return strings.TrimSpace(string(out))
		}
		number := func(text string) int {
			n, err := strconv.Atoi(text)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := number(git("rev-list", "--count", "main")); n < 400 {
			t.Errorf("main has %d commits, want 400 and more", n)
		}
		if n := number(git("rev-list", "--count", "--merges", "main")); n != rounds {
			t.Errorf("main has %d merges, want %d", n, rounds)
		}
		if n := len(strings.Fields(git("for-each-ref", "--format=%(refname)", "refs/heads"))); n != 6 {
			t.Errorf("%d branches, want 6: %s", n, git("for-each-ref", "refs/heads"))
		}
		kinds := strings.Fields(git("for-each-ref", "--format=%(objecttype)", "refs/tags"))
		if count(kinds, "tag") < 2 || count(kinds, "commit") < 2 {
			t.Errorf("tags are %v, want light and annotated ones", kinds)
		}
		if n := len(strings.Split(git("ls-tree", "-r", "--name-only", "main"), "\n")); n < 12 {
			t.Errorf("%d files, want a dozen", n)
		}
		log := strings.ToLower(git("log", "--all", "--format=%ae"))
		for _, p := range people {
			if !strings.Contains(log, p.Email) {
				t.Errorf("nothing is by %s", p.Email)
			}
		}
		if problems := git("fsck", "--full", "--strict", "--no-dangling"); problems != "" {
			t.Errorf("git fsck: %s", problems)
		}
		// A merge holds the work of both sides, and nothing that neither has.
		if diff := git("diff-tree", "--cc", "--name-only", "--no-commit-id", "main"); strings.Contains(diff, "catalogue") {
			t.Errorf("the last merge changes %s", diff)
		}
		return git("rev-parse", "main")
	}
	if one, two := head(), head(); one != two {
		t.Errorf("two histories end in %s and %s", one, two)
	}
}

func count(list []string, what string) (n int) {
	for _, s := range list {
		if s == what {
			n++
		}
	}
	return n
}

// BenchmarkHistory is one whole history: it is part of the time that a demo takes to start.
func BenchmarkHistory(b *testing.B) {
	for b.Loop() {
		_, remove, err := history(b.Context(), "git")
		if err != nil {
			b.Fatal(err)
		}
		remove()
	}
}
