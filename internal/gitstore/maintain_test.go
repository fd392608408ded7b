package gitstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestFsck(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	if problems, err := s.Fsck(t.Context(), id); err != nil || len(problems) != 0 {
		t.Errorf("of an empty repository: %v, %v", problems, err)
	}
	commit(t, dir, "main", "a", "1", "first")
	if problems, err := s.Fsck(t.Context(), id); err != nil || len(problems) != 0 {
		t.Errorf("of a sound repository: %v, %v", problems, err)
	}
	blob := git(t, dir, "", "rev-parse", "main:a")
	if err := os.Remove(filepath.Join(dir, "objects", blob[:2], blob[2:])); err != nil {
		t.Fatal(err)
	}
	problems, err := s.Fsck(t.Context(), id)
	if err != nil || !strings.Contains(strings.Join(problems, "\n"), "missing blob "+blob) {
		t.Errorf("of a broken repository: %v, %v", problems, err)
	}
}

func TestImport(t *testing.T) {
	s := newStore(t)
	_, src := newRepo(t, s)
	first := commit(t, src, "trunk", "a", "1", "first")
	commit(t, src, "topic", "a", "2", "second")
	git(t, src, "", "symbolic-ref", "HEAD", "refs/heads/trunk")
	git(t, src, "", "tag", "-a", "-m", "note", "v1", "trunk")
	git(t, src, "", "update-ref", "refs/pull/1/head", string(first))
	bundle := filepath.Join(t.TempDir(), "all.bundle")
	git(t, src, "", "bundle", "create", "-q", bundle, "--all")

	for name, from := range map[string]string{"directory": src, "bundle": bundle} {
		t.Run(name, func(t *testing.T) {
			id, _ := newRepo(t, s)
			if err := s.Import(t.Context(), id, from); err != nil {
				t.Fatal(err)
			}
			branches, err := s.Branches(t.Context(), id)
			if err != nil || len(branches) != 2 {
				t.Errorf("branches %v, %v", branches, err)
			}
			tags, err := s.Tags(t.Context(), id)
			if err != nil || len(tags) != 1 || tags[0].Tag == nil {
				t.Errorf("tags %v, %v", tags, err)
			}
			if _, err := s.Ref(t.Context(), id, "refs/pull/1/head"); !errors.Is(err, ErrNotFound) {
				t.Errorf("refs/pull came along: %v", err)
			}
			if got, err := s.DefaultBranch(t.Context(), id); err != nil || got != "trunk" {
				t.Errorf("default branch %q, %v", got, err)
			}
			if problems, err := s.Fsck(t.Context(), id); err != nil || len(problems) != 0 {
				t.Errorf("fsck: %v, %v", problems, err)
			}
		})
	}
	id, _ := newRepo(t, s)
	if err := s.Import(t.Context(), id, filepath.Join(src, "nowhere")); !errors.Is(err, ErrNotFound) {
		t.Errorf("Import of nothing: %v", err)
	}
	if left, _ := os.ReadDir(filepath.Join(s.Root, "tmp")); len(left) != 0 {
		t.Errorf("left in tmp: %v", left)
	}
}

func TestSweep(t *testing.T) {
	s := newStore(t)
	kept, keptDir := newRepo(t, s)
	orphan, orphanDir := newRepo(t, s)
	young, _ := newRepo(t, s)
	hash := commit(t, keptDir, "main", "a", "1", "first")
	long := time.Now().Add(-48 * time.Hour)
	write := func(path string, old bool) string {
		path = filepath.Join(s.Root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if old {
			if err := os.Chtimes(path, long, long); err != nil {
				t.Fatal(err)
			}
		}
		return path
	}
	inKept, err := filepath.Rel(s.Root, keptDir)
	if err != nil {
		t.Fatal(err)
	}
	gone := []string{
		write(inKept+"/refs/heads/main.lock", true), write(inKept+"/packed-refs.lock", true), write(inKept+"/gc.pid", true),
		write(inKept+"/objects/pack/tmp_pack_abc", true), write(inKept+"/objects/info/commit-graphs/commit-graph-chain.lock", true),
		write("tmp/old.git", true), write("trash/"+uuid.NewString()+"-X.git", false), orphanDir,
	}
	stay := []string{
		write(inKept+"/refs/heads/other.lock", false), write(inKept+"/objects/pack/tmp_idx_abc", false), write("tmp/new.git", false),
		filepath.Join(keptDir, "refs/heads/main"),
	}
	quarantine := filepath.Join(keptDir, "objects", "tmp_objdir-incoming-Abc123")
	if err := os.MkdirAll(filepath.Join(quarantine, "pack"), 0o700); err != nil {
		t.Fatal(err)
	}
	// One that still arrives: the directory is old, a file in it is not.
	arriving := filepath.Join(keptDir, "objects", "tmp_objdir-incoming-Def456")
	if err := os.MkdirAll(filepath.Join(arriving, "pack"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(arriving, "pack", "tmp_pack_x"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	stay = append(stay, arriving)
	for _, dir := range []string{filepath.Join(quarantine, "pack"), quarantine, arriving, orphanDir} {
		if err := os.Chtimes(dir, long, long); err != nil {
			t.Fatal(err)
		}
	}
	gone = append(gone, quarantine)

	swept, err := s.Sweep(t.Context(), func(id string) bool { return id == kept }, 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if len(swept.Repositories) != 1 || swept.Repositories[0] != orphan || swept.Trash != 1 || swept.Temporary != 3 || swept.Locks != 4 {
		t.Errorf("swept %+v", swept)
	}
	for _, path := range gone {
		if _, err := os.Lstat(path); err == nil {
			t.Errorf("%s is still there", path)
		}
	}
	for _, path := range stay {
		if _, err := os.Lstat(path); err != nil {
			t.Errorf("%s is gone", path)
		}
	}
	if got, err := s.Resolve(t.Context(), kept, "main"); err != nil || got != hash {
		t.Errorf("the repository that stays: %s, %v", got, err)
	}
	if !s.Exists(young) {
		t.Error("a young repository is gone")
	}
}

func TestMaintain(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	if err := s.Maintain(t.Context(), id); err != nil {
		t.Errorf("of an empty repository: %v", err)
	}
	commit(t, dir, "main", "a", "1", "first")
	if err := s.Maintain(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "objects", "info", "commit-graphs", "commit-graph-chain")); err != nil {
		t.Errorf("no commit graph: %v", err)
	}
}

func TestFork(t *testing.T) {
	s := newStore(t)
	parent, dir := newRepo(t, s)
	for i := range 3 {
		commit(t, dir, "main", "a", strconv.Itoa(i), "packed")
	}
	git(t, dir, "", "repack", "-a", "-d", "-q")
	commit(t, dir, "main", "b", "loose", "loose")
	git(t, dir, "", "tag", "-a", "-m", "note", "v1", "main")
	git(t, dir, "", "update-ref", "refs/pull/1/head", "main")

	id := uuid.NewString()
	if err := s.Fork(t.Context(), parent, id); err != nil {
		t.Fatal(err)
	}
	fork, err := s.dir(id)
	if err != nil {
		t.Fatal(err)
	}
	packs, err := filepath.Glob(filepath.Join(dir, "objects", "pack", "pack-*.pack"))
	if err != nil || len(packs) != 1 {
		t.Fatal(packs, err)
	}
	mine, err := os.Stat(packs[0])
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := os.Stat(filepath.Join(fork, "objects", "pack", filepath.Base(packs[0])))
	if err != nil || !os.SameFile(mine, theirs) {
		t.Errorf("the pack is not shared: %v", err)
	}
	if got, want := git(t, fork, "", "for-each-ref"), git(t, dir, "", "for-each-ref", "refs/heads", "refs/tags"); got != want {
		t.Errorf("the fork has\n%s\nwant\n%s", got, want)
	}
	if err := s.Fork(t.Context(), parent, id); !errors.Is(err, ErrExists) {
		t.Errorf("a second time: %v", err)
	}
	if err := s.Fork(t.Context(), uuid.NewString(), uuid.NewString()); !errors.Is(err, ErrNotFound) {
		t.Errorf("of nothing: %v", err)
	}
	if err := s.Remove(parent); err != nil {
		t.Fatal(err)
	}
	if problems, err := s.Fsck(t.Context(), id); err != nil || len(problems) != 0 {
		t.Errorf("without its parent: %v, %v", problems, err)
	}
}

// However the parent is packed anew while it is forked, nothing is missing in the fork.
func TestForkWhilePacking(t *testing.T) {
	s := newStore(t)
	parent, dir := newRepo(t, s)
	for i := range 20 {
		commit(t, dir, "main", "a", strconv.Itoa(i), "one")
	}
	stop, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := s.output(t.Context(), dir, nil, maxStderr, "--git-dir="+dir, "repack", "-a", "-d", "-f", "-q", "--window="+strconv.Itoa(1+i%7)); err != nil {
				t.Error(err)
			}
		}
	}()
	for range 10 {
		id := uuid.NewString()
		if err := s.Fork(t.Context(), parent, id); err != nil {
			t.Error(err)
			continue
		}
		if problems, err := s.Fsck(t.Context(), id); err != nil || len(problems) != 0 {
			t.Errorf("%v, %v", problems, err)
		}
	}
	close(stop)
	<-over
}

// Maintenance packs what has piled up, and gives way to pushes.
func TestMaintainPacks(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	var in strings.Builder
	in.WriteString("commit refs/heads/main\ncommitter A <a@example.com> 0 +0000\ndata 0\n")
	for i := range 3 * maxLoose {
		fmt.Fprintf(&in, "M 644 inline f%d\ndata <<E\n%d\nE\n", i, i)
	}
	git(t, dir, in.String(), "-c", "fastimport.unpackLimit=100000", "fast-import", "--quiet")
	loose := func() int {
		files, err := filepath.Glob(filepath.Join(dir, "objects", "??", "*"))
		if err != nil {
			t.Fatal(err)
		}
		return len(files)
	}
	if loose() < 3*maxLoose {
		t.Fatalf("%d loose objects to begin with", loose())
	}
	if !s.Unkempt(id) {
		t.Error("nobody would maintain it")
	}
	done := s.shifts.push(id)
	if err := s.Maintain(t.Context(), id); !errors.Is(err, ErrConflict) {
		t.Errorf("during a push: %v", err)
	}
	done()
	if err := s.Maintain(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if s.Unkempt(id) {
		t.Error("it would be maintained again and again")
	}
	if n := loose(); n != 0 {
		t.Errorf("%d loose objects are left", n)
	}
	if _, err := os.Stat(filepath.Join(dir, "objects", "pack", "multi-pack-index")); err != nil {
		t.Error(err)
	}
	if bitmaps, _ := filepath.Glob(filepath.Join(dir, "objects", "pack", "*.bitmap")); len(bitmaps) == 0 {
		t.Error("no bitmap")
	}
	if problems, err := s.Fsck(t.Context(), id); err != nil || len(problems) != 0 {
		t.Errorf("fsck: %v, %v", problems, err)
	}
	if len(s.shifts.of) != 0 {
		t.Errorf("%d repositories are still in use", len(s.shifts.of))
	}
}

// A push waits until the maintenance that it interrupts has ended.
func TestShifts(t *testing.T) {
	var s shifts
	ctx, done, ok := s.tend(t.Context(), "a")
	if !ok {
		t.Fatal("not begun")
	}
	if _, _, again := s.tend(t.Context(), "a"); again {
		t.Error("begun twice")
	}
	pushed, ended := make(chan func()), atomic.Bool{}
	go func() {
		end := s.push("a")
		if !ended.Load() {
			t.Error("the push did not wait")
		}
		pushed <- end
	}()
	<-ctx.Done()
	ended.Store(true)
	done()
	end := <-pushed
	if _, _, ok := s.tend(t.Context(), "a"); ok {
		t.Error("begun during a push")
	}
	end()
	if len(s.of) != 0 {
		t.Errorf("left: %v", s.of)
	}
}
