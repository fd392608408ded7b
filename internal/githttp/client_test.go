package githttp

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/pailforge/pail/internal/gitstore"
)

func TestCloneAndFetch(t *testing.T) {
	f := newForge(t, Options{})
	src := f.work()
	f.commit(src, "a", "1")
	f.commit(src, "b", strings.Repeat("content ", 1000))
	head := f.commit(src, "a", "3")
	f.git(src, "tag", "-a", "-m", "note", "v1")
	f.git(src, "push", "-q", "origin", "main", "v1")

	for _, version := range []string{"0", "1", "2"} {
		t.Run("version "+version, func(t *testing.T) {
			f.t = t
			v := "protocol.version=" + version
			dir := filepath.Join(t.TempDir(), "full")
			f.git("", "-c", v, "clone", "-q", f.url, dir)
			if got := f.git(dir, "rev-parse", "HEAD"); got != head {
				t.Errorf("cloned %s, want %s", got, head)
			}
			if got := f.git(dir, "tag"); got != "v1" {
				t.Errorf("tags %q", got)
			}
			shallow := filepath.Join(t.TempDir(), "shallow")
			f.git("", "-c", v, "clone", "-q", "--depth=1", f.url, shallow)
			if got := f.git(shallow, "rev-list", "--count", "HEAD"); got != "1" {
				t.Errorf("a shallow clone has %s commits", got)
			}
			f.git(shallow, "-c", v, "fetch", "-q", "--unshallow")
			if got := f.git(shallow, "rev-list", "--count", "HEAD"); got != "3" {
				t.Errorf("unshallowed to %s commits, want 3", got)
			}
			partial := filepath.Join(t.TempDir(), "partial")
			f.git("", "-c", v, "clone", "-q", "--filter=blob:none", "--no-checkout", f.url, partial)
			if got := f.git(partial, "rev-list", "--objects", "--missing=print", "HEAD"); strings.Count(got, "?") != 3 {
				t.Errorf("a clone without blobs misses\n%s", got)
			}
			f.git(partial, "-c", v, "checkout", "-q", "main") // fetches the blobs by name
		})
	}
	f.t = t
}

func TestFetchByHash(t *testing.T) {
	f := newForge(t, Options{})
	src := f.work()
	f.commit(src, "a", "1")
	old := f.commit(src, "a", "2")
	f.git(src, "push", "-q", "origin", "main")
	f.git(src, "commit", "-q", "--amend", "-m", "other")
	f.git(src, "push", "-q", "--force", "origin", "main")
	dir := t.TempDir()
	f.git(dir, "init", "-q")
	for _, version := range []string{"0", "2"} {
		f.git(dir, "-c", "protocol.version="+version, "fetch", "-q", f.url, old)
	}
	if out, err := f.try(dir, "fetch", f.url, strings.Repeat("1", 40)); err == nil || !strings.Contains(out, "not our ref") {
		t.Errorf("fetching what is not there: %v\n%s", err, out)
	}
}

func TestEmptyRepository(t *testing.T) {
	f := newForge(t, Options{})
	dir := filepath.Join(t.TempDir(), "x")
	f.git("", "clone", "-q", f.url, dir)
	if got := f.git(dir, "symbolic-ref", "HEAD"); got != "refs/heads/main" {
		t.Errorf("the clone is on %s", got)
	}
}

func TestPush(t *testing.T) {
	f := newForge(t, Options{})
	dir := f.work()
	first := f.commit(dir, "a", "1")
	none := string(gitstore.ZeroHash)
	told := func(what string, want ...string) {
		t.Helper()
		pushed := f.takePushed()
		var got []string
		for _, updates := range pushed {
			for _, u := range updates {
				got = append(got, fmt.Sprintf("%s %.7s %.7s", u.Name, u.Old, u.New))
			}
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") || len(want) > 0 && len(pushed) != 1 {
			t.Errorf("%s: told %d times of\n%s\nwant\n%s", what, len(pushed), strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	change := func(ref, from, to string) string { return fmt.Sprintf("%s %.7s %.7s", ref, from, to) }

	f.git(dir, "push", "-q", "-u", "origin", "main")
	f.holds("refs/heads/main", first)
	told("first push", change("refs/heads/main", none, first))

	f.git(dir, "push", "-q", "origin", "main")
	told("nothing new")

	second := f.commit(dir, "a", "2")
	f.git(dir, "push", "-q", "origin", "main", "main:topic/x")
	told("two branches", change("refs/heads/main", first, second), change("refs/heads/topic/x", none, second))

	f.git(dir, "commit", "-q", "--amend", "-m", "other")
	third := f.git(dir, "rev-parse", "HEAD")
	if out, err := f.try(dir, "push", "origin", "main"); err == nil || !strings.Contains(out, "rejected") {
		t.Errorf("a push that is no fast-forward: %v\n%s", err, out)
	}
	told("refused by the client")
	f.git(dir, "push", "-q", "--force", "origin", "main")
	f.holds("refs/heads/main", third)
	told("forced", change("refs/heads/main", second, third))

	f.git(dir, "push", "-q", "origin", "--delete", "topic/x")
	f.holds("refs/heads/topic/x", "")
	told("deleted", change("refs/heads/topic/x", second, none))

	f.git(dir, "tag", "light")
	f.git(dir, "tag", "-a", "-m", "note", "v1")
	v1 := f.git(dir, "rev-parse", "v1")
	f.git(dir, "push", "-q", "origin", "--tags")
	told("tags", change("refs/tags/light", none, third), change("refs/tags/v1", none, v1))

	f.git(dir, "notes", "add", "-m", "noted")
	f.git(dir, "push", "-q", "origin", "refs/notes/commits")
	f.takePushed()

	if out, err := f.try(dir, "push", "origin", "--delete", "main"); err == nil || !strings.Contains(out, "deletion of the current branch prohibited") {
		t.Errorf("deleting the default branch: %v\n%s", err, out)
	}
	told("refused deletion")
	f.sound()
}

func TestPushesThatAreRefused(t *testing.T) {
	f := newForge(t, Options{})
	dir := f.work()
	head := f.commit(dir, "a", "1")

	out, err := f.try(dir, "push", "origin", "main", "main:refs/pull-requests/1/from")
	if err == nil || !strings.Contains(out, "deny updating a hidden ref") || !strings.Contains(out, "remote: Only branches, tags and notes") {
		t.Errorf("a reference of the forge's own: %v\n%s", err, out)
	}
	f.holds("refs/heads/main", head)
	if pushed := f.takePushed(); len(pushed) != 1 || len(pushed[0]) != 1 || pushed[0][0].Name != "refs/heads/main" {
		t.Errorf("told of %v", pushed)
	}
	out, err = f.try(dir, "push", "origin", "main:refs/heads/refs/heads/x")
	if err == nil || !strings.Contains(out, "[remote rejected]") || !strings.Contains(out, "cannot be the name of a reference") {
		t.Errorf("a misleading name: %v\n%s", err, out)
	}
	next := f.commit(dir, "a", "2")
	f.set(func(f *forge) {
		f.repo.Vet = func(_ context.Context, updates []RefUpdate) (v Verdict, _ error) {
			for _, u := range updates {
				if u.Name == "refs/heads/main" && string(u.New) == next {
					v.Refused = map[string]string{u.Name: "branch.restricted: only admins may push to main"}
				}
			}
			return v, nil
		}
	})
	out, err = f.try(dir, "push", "origin", "main", "main:other")
	if err == nil || !strings.Contains(out, "main -> main (branch.restricted: only admins may push to main)") || !strings.Contains(out, "another reference was refused") {
		t.Errorf("a vetoed push: %v\n%s", err, out)
	}
	f.holds("refs/heads/main", head)
	f.holds("refs/heads/other", "")
	f.set(func(f *forge) { f.repo.Vet = nil; f.repo.MaxPushBytes = 1000 })
	f.commit(dir, "big", strings.Repeat("0123456789abcdef", 1)+string(noise(100_000)))
	out, err = f.try(dir, "push", "origin", "main")
	if err == nil || !strings.Contains(out, "pack exceeds maximum allowed size") {
		t.Errorf("a push above the limit: %v\n%s", err, out)
	}
	f.holds("refs/heads/main", head)
	if pushed := f.takePushed(); len(pushed) != 0 {
		t.Errorf("told of %v", pushed)
	}
	f.sound()
}

// A branch that is kept moves forward and goes, but is not rewritten; what is pushed beside it is told so.
func TestKept(t *testing.T) {
	f := newForge(t, Options{})
	dir := f.work()
	f.commit(dir, "a", "1")
	f.git(dir, "push", "-q", "origin", "main", "main:kept", "main:other")
	f.set(func(f *forge) {
		f.repo.Vet = func(context.Context, []RefUpdate) (Verdict, error) {
			return Verdict{Kept: map[string]string{"refs/heads/kept": "a rule keeps its history."}}, nil
		}
	})
	forward := f.commit(dir, "a", "2")
	f.git(dir, "push", "-q", "origin", "main:kept", "main:other")
	f.takePushed()
	f.git(dir, "commit", "-q", "--amend", "-m", "other history")
	out, err := f.try(dir, "push", "--force", "origin", "main:kept", "main:other")
	if err == nil || !strings.Contains(out, "remote: refs/heads/kept: a rule keeps its history.") || !strings.Contains(out, "remote: refs/heads/other: it was pushed together") {
		t.Errorf("a rewritten branch that is kept: %v\n%s", err, out)
	}
	f.holds("refs/heads/kept", forward)
	if pushed := f.takePushed(); len(pushed) != 0 {
		t.Errorf("told of %v", pushed)
	}
	f.git(dir, "push", "-q", "origin", ":kept")
	f.holds("refs/heads/kept", "")
}

func TestRemarks(t *testing.T) {
	f := newForge(t, Options{})
	f.repo.Remarks = func(_ context.Context, updates []RefUpdate) []string {
		return []string{"Create a pull request for " + updates[0].Name + ":", "https://example.com/new\x1b[31m"}
	}
	dir := f.work()
	f.commit(dir, "a", "1")
	out := f.git(dir, "push", "origin", "main")
	if !strings.Contains(out, "remote: Create a pull request for refs/heads/main:") || !strings.Contains(out, "remote: https://example.com/new [31m") {
		t.Errorf("the remarks do not show:\n%s", out)
	}
}

func TestCorruptPush(t *testing.T) {
	f := newForge(t, Options{})
	dir := f.work()
	tree := f.git(dir, "write-tree")
	cmd := f.command(dir, "hash-object", "-t", "commit", "-w", "--literally", "--stdin")
	cmd.Stdin = strings.NewReader("tree " + tree + "\nauthor nobody\n\nbad\n")
	bad, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	f.git(dir, "update-ref", "refs/heads/main", strings.TrimSpace(string(bad)))
	out, err := f.try(dir, "push", "origin", "main")
	if err == nil || !strings.Contains(out, "remote: ") || !strings.Contains(out, "rejected") {
		t.Errorf("a malformed commit: %v\n%s", err, out)
	}
	// What old tools wrote is taken.
	cmd = f.command(dir, "hash-object", "-t", "commit", "-w", "--literally", "--stdin")
	cmd.Stdin = strings.NewReader("tree " + tree + "\nauthor A <a@x> 1 +51800\ncommitter A <a@x> 1 +0000\n\nold\n")
	old, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	f.git(dir, "update-ref", "refs/heads/main", strings.TrimSpace(string(old)))
	f.git(dir, "push", "-q", "origin", "main")
	f.sound()
}

// Many references make git compress its request to fetch.
func TestManyReferences(t *testing.T) {
	f := newForge(t, Options{})
	dir := f.work()
	f.commit(dir, "a", "1")
	f.git(dir, "push", "-q", "origin", "main")
	var refs strings.Builder
	for i := range 300 {
		hash := f.commitTree(dir, strconv.Itoa(i))
		fmt.Fprintf(&refs, "create refs/heads/b%d %s\n", i, hash)
	}
	cmd := f.command(dir, "update-ref", "--stdin")
	cmd.Stdin = strings.NewReader(refs.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	f.git(dir, "push", "-q", "origin", "--all")
	if pushed := f.takePushed(); len(pushed) != 2 || len(pushed[1]) != 300 {
		t.Errorf("told of %d pushes", len(pushed))
	}
	for _, version := range []string{"0", "2"} {
		trace := filepath.Join(t.TempDir(), "trace")
		cmd := f.command("", "-c", "protocol.version="+version, "clone", "-q", f.url, filepath.Join(t.TempDir(), "x"))
		cmd.Env = append(cmd.Env, "GIT_TRACE_CURL="+trace)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		text, err := os.ReadFile(trace)
		if err != nil || !strings.Contains(strings.ToLower(string(text)), "content-encoding: gzip") {
			t.Errorf("version %s: git did not compress (%v); the test shows nothing", version, err)
		}
	}
}

// commitTree makes a commit of its own without touching a branch.
func (f *forge) commitTree(dir, message string) string {
	f.t.Helper()
	return f.git(dir, "commit-tree", "-m", message, "HEAD^{tree}")
}

// Two pushes move the same branch from the same value: one wins, the other is told.
func TestConcurrentPushes(t *testing.T) {
	f := newForge(t, Options{})
	dir := f.work()
	f.commit(dir, "a", "1")
	f.git(dir, "push", "-q", "origin", "main")
	f.takePushed()
	// Neither push goes on before both have seen the references.
	var both sync.WaitGroup
	both.Add(2)
	f.set(func(f *forge) {
		f.repo.Vet = func(context.Context, []RefUpdate) (Verdict, error) { both.Done(); both.Wait(); return Verdict{}, nil }
	})
	type result struct {
		out string
		err error
	}
	results := make(chan result)
	for i := range 2 {
		other := filepath.Join(t.TempDir(), "x")
		f.git("", "clone", "-q", f.url, other)
		f.commit(other, "a", strconv.Itoa(i+10))
		go func() {
			out, err := f.try(other, "push", "origin", "main")
			results <- result{out, err}
		}()
	}
	won := 0
	for range 2 {
		if r := <-results; r.err == nil {
			won++
		} else if !strings.Contains(r.out, "[remote rejected] main -> main") {
			t.Errorf("the loser reads\n%s", r.out)
		}
	}
	if pushed := f.takePushed(); won != 1 || len(pushed) != 1 {
		t.Errorf("%d won, told of %v", won, pushed)
	}
	f.sound()
}
