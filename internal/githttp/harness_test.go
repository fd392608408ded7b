package githttp

import (
	"context"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/pailforge/pail/internal/gitstore"
)

// refused is a refusal as a gate gives it.
type refused struct {
	status int
	header http.Header
	lines  []string
}

func (r *refused) Error() string { return "refused: " + strings.Join(r.lines, " ") }
func (r *refused) GitAnswer() (int, http.Header, []string) {
	return r.status, r.header, r.lines
}

// forge is a store behind a real listener, with one repository: ws/repo.
type forge struct {
	t     testing.TB
	store *gitstore.Store
	id    string
	dir   string
	url   string // of the repository
	home  string // of the user
	h     *Handler
	srv   *httptest.Server

	mu     sync.Mutex
	admit  func(r *http.Request, write bool) error
	repo   Repository
	pushed [][]RefUpdate
	events []Event
}

func (f *forge) Admit(r *http.Request, workspace, repository string, write bool) (Repository, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.admit != nil {
		if err := f.admit(r, write); err != nil {
			return Repository{}, err
		}
	}
	if workspace != "ws" || repository != "repo" {
		return Repository{}, &refused{status: 404, lines: []string{"There is no such repository."}}
	}
	repo := f.repo
	repo.ID = f.id
	repo.Pushed = func(_ context.Context, updates []RefUpdate) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.pushed = append(f.pushed, updates)
	}
	return repo, nil
}

// set changes the forge while it runs.
func (f *forge) set(change func(f *forge)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func newForge(t testing.TB, o Options) *forge {
	t.Helper()
	store, err := gitstore.New(t.TempDir(), gitstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	f := &forge{t: t, store: store, id: uuid.NewString(), home: t.TempDir()}
	if err := store.Create(t.Context(), f.id, "main"); err != nil {
		t.Fatal(err)
	}
	f.dir = filepath.Join(store.Root, f.id[:2], f.id+".git")
	o.Observe = func(e Event) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.events = append(f.events, e)
	}
	f.h = New(store, f, o)
	f.srv = httptest.NewUnstartedServer(f.h)
	f.srv.Config.ErrorLog = log.New(complaints{t}, "", 0)
	f.srv.Start()
	t.Cleanup(f.srv.Close)
	f.url = f.srv.URL + "/ws/repo.git"
	return f
}

// complaints fails the test for whatever net/http has to complain of: panics, headers sent twice.
type complaints struct{ t testing.TB }

func (c complaints) Write(p []byte) (int, error) {
	c.t.Errorf("net/http says: %s", p)
	return len(p), nil
}

// command prepares a git client of the user's.
func (f *forge) command(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + f.home, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C", "NO_PROXY=*",
		"GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@example.com", "GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=ann@example.com",
	}
	return cmd
}

// try runs git and gives all that it printed.
func (f *forge) try(dir string, args ...string) (string, error) {
	out, err := f.command(dir, args...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// git runs git, which must succeed.
func (f *forge) git(dir string, args ...string) string {
	f.t.Helper()
	out, err := f.try(dir, args...)
	if err != nil {
		f.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// work makes a working copy with a remote.
func (f *forge) work() string {
	f.t.Helper()
	dir := f.t.TempDir()
	f.git(dir, "init", "-q", "-b", "main")
	f.git(dir, "remote", "add", "origin", f.url)
	return dir
}

// commit adds a commit that changes one file.
func (f *forge) commit(dir, path, content string) string {
	f.t.Helper()
	if err := os.WriteFile(filepath.Join(dir, path), []byte(content), 0o600); err != nil {
		f.t.Fatal(err)
	}
	f.git(dir, "add", path)
	f.git(dir, "commit", "-q", "-m", "change "+path)
	return f.git(dir, "rev-parse", "HEAD")
}

// holds checks what a reference of the server holds.
func (f *forge) holds(ref, want string) {
	f.t.Helper()
	values, err := f.store.RefValues(f.t.Context(), f.id, []string{ref})
	if err != nil || string(values[ref]) != want {
		f.t.Errorf("%s holds %q (%v), want %q", ref, values[ref], err, want)
	}
}

// sound checks that nothing half-done is left.
func (f *forge) sound() {
	f.t.Helper()
	if problems, err := f.store.Fsck(f.t.Context(), f.id); err != nil || len(problems) != 0 {
		f.t.Errorf("fsck: %v, %v", problems, err)
	}
	entries, err := os.ReadDir(filepath.Join(f.dir, "objects"))
	if err != nil {
		f.t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "tmp_objdir") || strings.HasPrefix(e.Name(), "incoming") {
			f.t.Errorf("a quarantine is left: %s", e.Name())
		}
	}
	entries, err = os.ReadDir(filepath.Join(f.dir, "objects", "pack"))
	if err != nil {
		f.t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "tmp_") {
			f.t.Errorf("a temporary pack is left: %s", e.Name())
		}
	}
}

// takePushed gives what Pushed was told since the last time.
func (f *forge) takePushed() [][]RefUpdate {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.pushed
	f.pushed = nil
	return p
}
