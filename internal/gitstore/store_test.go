package gitstore

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// newStore opens an empty store that ends with the test.
func newStore(t testing.TB) *Store {
	t.Helper()
	s, err := New(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// newRepo makes an empty repository and gives its id and directory.
func newRepo(t testing.TB, s *Store) (id, dir string) {
	t.Helper()
	id = uuid.NewString()
	if err := s.Create(t.Context(), id, "main"); err != nil {
		t.Fatal(err)
	}
	dir, err := s.dir(id)
	if err != nil {
		t.Fatal(err)
	}
	return id, dir
}

// git runs the real git, as a user would, and gives its output.
func git(t testing.TB, dir, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "LC_ALL=C",
		"GIT_AUTHOR_NAME=Ann Author", "GIT_AUTHOR_EMAIL=ann@example.com", "GIT_AUTHOR_DATE=1700000000 +0100",
		"GIT_COMMITTER_NAME=Carl Committer", "GIT_COMMITTER_EMAIL=carl@example.com", "GIT_COMMITTER_DATE=1700000100 -0530")
	cmd.Stdin = strings.NewReader(stdin)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

// commit makes a commit with one file on a branch and gives its hash.
func commit(t testing.TB, dir, branch, path, content, message string) Hash {
	t.Helper()
	blob := git(t, dir, content, "hash-object", "-w", "--stdin")
	index := filepath.Join(t.TempDir(), "index")
	run := func(args ...string) string {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_INDEX_FILE="+index, "GIT_CONFIG_GLOBAL=/dev/null")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	var parent []string
	if out, err := exec.Command("git", "-C", dir, "rev-parse", "--verify", "-q", BranchPrefix+branch).Output(); err == nil {
		parent = []string{"-p", strings.TrimSpace(string(out))}
		run("read-tree", parent[1])
	}
	run("update-index", "--add", "--cacheinfo", "100644,"+blob+","+path)
	tree := run("write-tree")
	hash := git(t, dir, message, append([]string{"commit-tree", tree}, parent...)...)
	git(t, dir, "", "update-ref", BranchPrefix+branch, hash)
	return Hash(hash)
}

func TestCreateDelete(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	if err := s.Create(t.Context(), id, "main"); !errors.Is(err, ErrExists) {
		t.Errorf("second Create: %v, want ErrExists", err)
	}
	if got := git(t, dir, "", "symbolic-ref", "HEAD"); got != "refs/heads/main" {
		t.Errorf("HEAD = %q", got)
	}
	if left, _ := os.ReadDir(filepath.Join(s.Root, "tmp")); len(left) != 0 {
		t.Errorf("left in tmp: %v", left)
	}
	ids, err := s.IDs(t.Context())
	if err != nil || len(ids) != 1 || ids[0] != id {
		t.Errorf("IDs = %v, %v", ids, err)
	}
	if size, err := s.Size(t.Context(), id); err != nil || size <= 0 {
		t.Errorf("Size = %d, %v", size, err)
	}
	commit(t, dir, "main", "a", "a", "first")
	if _, err := s.Resolve(t.Context(), id, "main"); err != nil {
		t.Error(err)
	}
	if err := s.Delete(id); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Resolve(t.Context(), id, "main"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Resolve after Delete: %v, want ErrNotFound", err)
	}
	if n := s.readers.count(); n != 0 {
		t.Errorf("%d readers outlive their repository", n)
	}
	if err := s.Delete(id); !errors.Is(err, ErrNotFound) {
		t.Errorf("second Delete: %v, want ErrNotFound", err)
	}
	if left, _ := os.ReadDir(filepath.Join(s.Root, "trash")); len(left) != 0 {
		t.Errorf("left in trash: %v", left)
	}
}

func TestCreateRefusesWhatCannotBe(t *testing.T) {
	s := newStore(t)
	for _, id := range []string{"", "../../../../etc/passwd", "--bare", strings.Repeat("a", 36), "{" + uuid.NewString() + "}", strings.ToUpper(uuid.NewString()) + "A"} {
		if err := s.Create(t.Context(), id, "main"); !errors.Is(err, ErrInvalid) {
			t.Errorf("Create(%q): %v, want ErrInvalid", id, err)
		}
		if _, err := s.Resolve(t.Context(), id, "main"); !errors.Is(err, ErrInvalid) {
			t.Errorf("Resolve(%q): %v, want ErrInvalid", id, err)
		}
	}
	for _, branch := range []string{"-x", "a..b", "a b", "HEAD", "refs/heads/x"} {
		if err := s.Create(t.Context(), uuid.NewString(), branch); !errors.Is(err, ErrInvalid) {
			t.Errorf("Create(branch %q): %v, want ErrInvalid", branch, err)
		}
	}
}

func TestCreateConcurrently(t *testing.T) {
	s, id := newStore(t), uuid.NewString()
	errs := make(chan error)
	for range 4 {
		go func() { errs <- s.Create(context.Background(), id, "main") }()
	}
	made := 0
	for range 4 {
		if err := <-errs; err == nil {
			made++
		} else if !errors.Is(err, ErrExists) {
			t.Error(err)
		}
	}
	if made != 1 {
		t.Errorf("%d of 4 made the repository, want 1", made)
	}
}

func TestNewSaysWhatIsWrongWithGit(t *testing.T) {
	write := func(script string) string {
		path := filepath.Join(t.TempDir(), "git")
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct{ git, says string }{
		{"/nowhere/git", "install git 2.38"},
		{write("echo git version 2.30.2"), "found version 2.30, at least 2.38"},
		{write("echo nonsense"), "nonsense"},
		{write("exit 3"), "fails"},
	} {
		_, err := New(t.TempDir(), Options{Git: c.git})
		if !errors.Is(err, ErrGit) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("New(git %s): %v, want ErrGit saying %q", c.git, err, c.says)
		}
	}
}

func TestParseGitVersion(t *testing.T) {
	for _, c := range []struct {
		text         string
		major, minor int
		ok           bool
	}{
		{"git version 2.39.5", 2, 39, true},
		{"git version 2.39.5 (Apple Git-154)\n", 2, 39, true},
		{"git version 2.45.1.windows.1\n", 2, 45, true},
		{"git version 2.50-rc1\n", 2, 50, true},
		{"git version 3.0.0", 3, 0, true},
		{"git version", 0, 0, false},
		{"git version x.y", 0, 0, false},
		{"", 0, 0, false},
	} {
		major, minor, ok := parseGitVersion(c.text)
		if ok != c.ok || ok && (major != c.major || minor != c.minor) {
			t.Errorf("parseGitVersion(%q) = %d, %d, %v", c.text, major, minor, ok)
		}
	}
}

func TestErrorsHideThePath(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	if err := os.WriteFile(filepath.Join(dir, "config"), []byte("[broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := s.Branches(t.Context(), id)
	var broken *GitError
	if !errors.As(err, &broken) || strings.Contains(err.Error(), s.Root) || strings.Contains(err.Error(), dir) {
		t.Errorf("got %v, want a GitError without paths", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config"), []byte("[core]\n\trepositoryformatversion = 7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Resolve(t.Context(), id, "main"); !errors.As(err, &broken) || !strings.Contains(broken.Stderr, "version") || strings.Contains(err.Error(), dir) {
		t.Errorf("got %v, want what cat-file said, without paths", err)
	}
}

// Nor do failures of the file system show where the store is.
func TestFileErrorsHideThePath(t *testing.T) {
	s := newStore(t)
	id := uuid.NewString()
	if err := os.WriteFile(filepath.Join(s.Root, id[:2]), nil, 0o600); err != nil { // in the way of the directory
		t.Fatal(err)
	}
	_, statErr := s.Size(t.Context(), id)
	for what, err := range map[string]error{"Create": s.Create(t.Context(), id, "main"), "Size": statErr} {
		if err == nil || strings.Contains(err.Error(), s.Root) {
			t.Errorf("%s: %v, want an error without paths", what, err)
		}
	}
}

func TestCancelledContext(t *testing.T) {
	s := newStore(t)
	id, _ := newRepo(t, s)
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	cancel(why)
	if _, err := s.Branches(ctx, id); !errors.Is(err, why) {
		t.Errorf("Branches: %v", err)
	}
	if _, err := s.Resolve(ctx, id, "main"); !errors.Is(err, why) {
		t.Errorf("Resolve: %v", err)
	}
	if err := s.Create(ctx, uuid.NewString(), "main"); !errors.Is(err, why) {
		t.Errorf("Create: %v", err)
	}
}
