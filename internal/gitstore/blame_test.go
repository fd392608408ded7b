package gitstore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// blamed asks git for the commit and the path of each line.
func blamed(t *testing.T, dir, commit, path string) (lines []string) {
	t.Helper()
	known := map[string]string{}
	hash := ""
	for line := range strings.SplitSeq(raw(t, dir, "blame", "--porcelain", commit, "--", path), "\n") {
		switch fields := strings.Fields(line); {
		case strings.HasPrefix(line, "\t"):
			lines = append(lines, hash+" "+known[hash])
		case len(fields) >= 3 && Hash(fields[0]).Valid():
			hash = fields[0]
		case strings.HasPrefix(line, "filename "):
			known[hash] = strings.TrimPrefix(line, "filename ")
		}
	}
	return lines
}

// TestBlameAgreesWithGit asks who made which line in histories of every kind, and git the same.
func TestBlameAgreesWithGit(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			id, dir := newRepo(t, s)
			commits := history(t, dir, seed+100, 120)
			r := rand.New(rand.NewPCG(seed, 3))
			asked := 0
			for range 60 {
				commit := commits[r.IntN(len(commits))]
				names := strings.Split(strings.TrimRight(raw(t, dir, "ls-tree", "-r", "-z", "--name-only", commit), "\x00"), "\x00")
				path := names[r.IntN(len(names))]
				runs, err := s.Blame(t.Context(), id, Hash(commit), path, 1000)
				if err != nil {
					if mode := raw(t, dir, "ls-tree", "--format=%(objectmode)", commit, "--", path); ValidPath(path) && strings.HasPrefix(mode, "100") {
						t.Errorf("%s %q: %v", commit, path, err)
					}
					continue
				}
				asked++
				var got []string
				for _, run := range runs {
					if run.First != len(got)+1 {
						t.Errorf("a run begins at %d, after %d lines", run.First, len(got))
					}
					for range run.Lines {
						got = append(got, string(run.Commit)+" "+run.Path)
					}
					if before := run.Before; before.Commit != "" {
						raw(t, dir, "cat-file", "-e", string(before.Commit)+":"+before.Path)
					}
				}
				// Where one commit has two files that became one, --porcelain names only one of them: the hash alone is compared.
				want := blamed(t, dir, commit, path)
				hashes := func(all []string) (cut []string) {
					for _, one := range all {
						cut = append(cut, one[:40])
					}
					return cut
				}
				if !slices.Equal(hashes(got), hashes(want)) {
					t.Errorf("%s %q:\ngot  %q\nwant %q", commit, path, got, want)
				}
			}
			if asked < 20 {
				t.Errorf("only %d files were asked about", asked)
			}
		})
	}
}

func TestBlame(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	first := commit(t, dir, "main", "old name", "one\ntwo\nthree\nfour\n", "first")
	git(t, dir, fmt.Sprintf("commit refs/heads/main\ncommitter A <a@b.example> 1700000000 +0000\ndata 6\nsecond\nfrom %s\nD \"old name\"\nM 100644 inline \"new\\\"name\"\ndata 19\none\n2\nthree\nfour\n5\n\n", first), "fast-import", "--quiet")
	second := Hash(strings.TrimSpace(git(t, dir, "", "rev-parse", "main")))
	runs, err := s.Blame(t.Context(), id, second, `new"name`, 100)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, run := range runs {
		got = append(got, fmt.Sprintf("%d+%d %s %q before %s %q", run.First, run.Lines, run.Commit.Short(), run.Path, run.Before.Commit.Short(), run.Before.Path))
	}
	f, n := first.Short(), second.Short()
	want := []string{`1+1 ` + f + ` "old name" before  ""`, `2+1 ` + n + ` "new\"name" before ` + f + ` "old name"`, `3+2 ` + f + ` "old name" before  ""`, `5+1 ` + n + ` "new\"name" before ` + f + ` "old name"`}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for name, ask := range map[string]struct {
		commit Hash
		path   string
		lines  int
		want   error
	}{
		"too long": {second, `new"name`, 4, ErrTooLarge}, "no such file": {second, "old name", 100, ErrNotFound}, "an option": {second, "--help", 100, ErrNotFound}, "no commit": {"--all", `new"name`, 100, ErrInvalid},
		"out": {second, "../x", 100, ErrInvalid}, "the root": {second, "", 100, ErrInvalid}, "another commit": {Hash(strings.Repeat("1", 40)), "a", 100, ErrNotFound},
	} {
		if _, err := s.Blame(t.Context(), id, ask.commit, ask.path, ask.lines); !errors.Is(err, ask.want) {
			t.Errorf("%s: %v, want %v", name, err, ask.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Blame(ctx, id, second, `new"name`, 100); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestUnquote(t *testing.T) {
	for in, want := range map[string]string{"a b": "a b", `"a\tb"`: "a\tb", `"\"\\\303\251\n"`: "\"\\é\n", `caf` + "\xe9": "caf\xe9", `a"b`: `a"b`} {
		if got, ok := unquote(in); !ok || got != want {
			t.Errorf("%q: %q, %t", in, got, ok)
		}
	}
	for _, in := range []string{`"`, `"a`, `"\"`, `"\8"`, `"\777"`, `"\12"`, `"a"b"`} {
		if got, ok := unquote(in); ok {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func FuzzReadBlame(f *testing.F) {
	hash := strings.Repeat("a", 40)
	f.Add(hash + " 1 1 2\nauthor A\nprevious " + hash + " \"a\\tb\"\nfilename x\n" + hash + " 1 3 1\nfilename x\n")
	f.Add(hash + " 1 1 1\nfilename \"\n")
	f.Add("filename x\n")
	f.Fuzz(func(t *testing.T, text string) {
		runs, err := readBlame(bufio.NewReaderSize(strings.NewReader(text), 16), 100)
		if err != nil {
			return
		}
		next := 1
		for _, run := range runs {
			if run.First != next || run.Lines < 1 || !run.Commit.Valid() || run.Before.Commit != "" && !run.Before.Commit.Valid() {
				t.Errorf("%+v", runs)
			}
			next += run.Lines
		}
		if next > 101 {
			t.Errorf("%d lines", next)
		}
	})
}
