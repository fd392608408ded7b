package gitssh

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/pailforge/pail/internal/gitserve"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/pailtest/need"
)

// refusal is a refusal as a gate gives it.
type refusal []string

func (r refusal) Error() string { return strings.Join(r, " ") }
func (r refusal) GitAnswer() (int, http.Header, []string) {
	return http.StatusForbidden, nil, r
}

// forge is a store behind a real listener, with one repository, ws/repo, and one key that may log in.
type forge struct {
	t      testing.TB
	store  *gitstore.Store
	id     string
	dir    string
	addr   string
	signer ssh.Signer
	git    func(dir string, args ...string) (string, error)
	stop   func() // no more is taken; waits for what was begun
	cut    func()

	mu     sync.Mutex
	admit  func(write bool) error
	repo   gitserve.Repository
	pushed [][]gitserve.RefUpdate
	events []Event
	seen   chan Event
}

func (f *forge) Knows(_ context.Context, fingerprint string) (bool, error) {
	return fingerprint == ssh.FingerprintSHA256(f.signer.PublicKey()), nil
}

func (f *forge) Greet(context.Context, *Client) ([]string, error) { return []string{"Hello."}, nil }

func (f *forge) Admit(_ context.Context, _ *Client, workspace, repository string, write bool) (gitserve.Repository, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.admit != nil {
		if err := f.admit(write); err != nil {
			return gitserve.Repository{}, err
		}
	}
	if workspace != "ws" || repository != "repo" {
		return gitserve.Repository{}, refusal{"There is no such repository."}
	}
	repo := f.repo
	repo.ID = f.id
	repo.Pushed = func(_ context.Context, updates []gitserve.RefUpdate) {
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
	f := &forge{t: t, store: store, id: uuid.NewString(), seen: make(chan Event, 1000)}
	if err := store.Create(t.Context(), f.id, "main"); err != nil {
		t.Fatal(err)
	}
	f.dir = filepath.Join(store.Root, f.id[:2], f.id+".git")
	home := t.TempDir()
	host, err := HostKey(filepath.Join(home, "host"))
	if err != nil {
		t.Fatal(err)
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if f.signer, err = ssh.NewSignerFromKey(private); err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.addr = ln.Addr().String()
	known, key := filepath.Join(home, "known"), filepath.Join(home, "key")
	err = errors.Join(os.WriteFile(known, []byte(knownhosts.Line([]string{f.addr}, host.PublicKey())+"\n"), 0o600), os.WriteFile(key, pem.EncodeToMemory(block), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	f.git = func(dir string, args ...string) (string, error) {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		cmd.Env = []string{
			"PATH=" + os.Getenv("PATH"), "HOME=" + home, "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C",
			"GIT_SSH_COMMAND=ssh -F none -o BatchMode=yes -o IdentityAgent=none -o IdentitiesOnly=yes -o UserKnownHostsFile=" + known + " -i " + key,
			"GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@example.com", "GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=ann@example.com",
		}
		out, err := cmd.CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	o.Observe = func(e Event) {
		f.set(func(f *forge) { f.events = append(f.events, e) })
		f.seen <- e
	}
	ctx, stop := context.WithCancel(context.Background())
	cut, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- New(store, f, host, o).Serve(ctx, cut, ln) }()
	once := sync.OnceFunc(func() {
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	f.cut = cancel
	f.stop = func() { stop(); once() }
	t.Cleanup(func() { cancel(); f.stop() })
	return f
}

// until asks again and again whether something holds that another process does.
func until(t testing.TB, holds func() bool) {
	t.Helper()
	for late := time.Now().Add(time.Minute); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatal("it did not come to hold within a minute")
		}
	}
}

func needsSSH(t testing.TB) {
	if _, err := exec.LookPath("ssh"); err != nil {
		need.Skip(t, "ssh", "no ssh on this machine")
	}
}

func (f *forge) url() string { return "ssh://git@" + f.addr + "/ws/repo.git" }

// must runs git, which must succeed.
func (f *forge) must(dir string, args ...string) string {
	f.t.Helper()
	out, err := f.git(dir, args...)
	if err != nil {
		f.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// work makes a working copy with a remote, and a commit with this content.
func (f *forge) work(content []byte) (dir, head string) {
	f.t.Helper()
	dir = f.t.TempDir()
	f.must(dir, "init", "-q", "-b", "main")
	f.must(dir, "remote", "add", "origin", f.url())
	if err := os.WriteFile(filepath.Join(dir, "file"), content, 0o600); err != nil {
		f.t.Fatal(err)
	}
	f.must(dir, "add", "file")
	f.must(dir, "commit", "-q", "-m", "a file")
	return dir, f.must(dir, "rev-parse", "HEAD")
}

// dial logs in.
func (f *forge) dial() *ssh.Client {
	f.t.Helper()
	c, err := f.tryDial(User, f.signer)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { c.Close() })
	return c
}

func (f *forge) tryDial(user string, keys ...ssh.Signer) (*ssh.Client, error) {
	return ssh.Dial("tcp", f.addr, &ssh.ClientConfig{User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(keys...)}, HostKeyCallback: ssh.InsecureIgnoreHostKey()})
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
	for _, pattern := range []string{"objects/tmp_objdir*", "objects/incoming*", "objects/pack/tmp_*"} {
		if left, _ := filepath.Glob(filepath.Join(f.dir, pattern)); len(left) > 0 {
			f.t.Errorf("left behind: %v", left)
		}
	}
}
