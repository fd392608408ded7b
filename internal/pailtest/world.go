package pailtest

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/oauth"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/scope"
	"github.com/pailforge/pail/internal/workspace"
)

// Password is everybody's.
const Password = "correct horse battery staple"

// hashes are of the passwords that were hashed before, in any server of this program.
var hashes sync.Map

// hash takes its time once for each password.
func hash(ctx context.Context, password string) (string, error) {
	if known, ok := hashes.Load(password); ok {
		return known.(string), nil
	}
	made, err := account.HashPassword(ctx, password)
	if err == nil {
		hashes.Store(password, made)
	}
	return made, err
}

// World is the scene of most tests: workspace acme with project FTO, group developers with write access to it, and the
// private repository widgets; an owner, a member of developers, and an outsider.
type World struct {
	*Server
	Workspace  *workspace.Workspace
	Project    *workspace.Project
	Group      *workspace.Group
	Repository *repository.Repository
	Admin      account.Account
	Member     account.Account
	Outsider   account.Account
}

// World makes the scene.
func (s *Server) World() *World {
	s.T.Helper()
	ctx := context.Background()
	w := &World{Server: s, Admin: s.Account("admin"), Member: s.Account("member"), Outsider: s.Account("outsider")}
	w.Workspace = ref(must1[workspace.Workspace](s.T)(s.Workspaces.CreateWorkspace(ctx, "acme", "Acme", w.Admin.ID)))
	must(s.T, s.Workspaces.AddMember(ctx, w.Workspace.ID, w.Member.ID, workspace.Member))
	w.Group = ref(must1[workspace.Group](s.T)(s.Workspaces.CreateGroup(ctx, w.Workspace.ID, "", "Developers")))
	must(s.T, s.Workspaces.AddToGroup(ctx, *w.Group, w.Member.ID))
	w.Project = ref(must1[workspace.Project](s.T)(s.Workspaces.CreateProject(ctx, w.Workspace, workspace.NewProject{Key: "FTO", Name: "For the Others"})))
	must(s.T, s.Workspaces.GrantGroup(ctx, w.Project, w.Group.ID, access.Write))
	w.Repository = w.NewRepository("widgets")
	return w
}

func ref[T any](v T) *T { return &v }

// Account makes a person with the username name.
func (s *Server) Account(name string) account.Account {
	s.T.Helper()
	return must1[account.Account](s.T)(s.Accounts.Create(context.Background(), account.New{Email: name + "@acme.example", Username: "acme-" + name, DisplayName: strings.ToUpper(name[:1]) + name[1:], Password: Password}))
}

// NewRepository makes a private repository in FTO, without commits.
func (w *World) NewRepository(slug string) *repository.Repository {
	w.T.Helper()
	return must1[*repository.Repository](w.T)(w.Repositories.Create(context.Background(), *w.Workspace, *w.Project, slug, repository.Change{}, w.Admin.ID))
}

// Secret mints an API token with these scopes and returns the secret.
func (s *Server) Secret(a account.Account, scopes ...string) string {
	s.T.Helper()
	_, secret := s.APIToken(a, scopes...)
	return secret
}

// APIToken mints an API token that lives a month.
func (s *Server) APIToken(a account.Account, scopes ...string) (access.Credential, string) {
	s.T.Helper()
	for i, name := range scopes {
		if !strings.HasSuffix(name, ":bitbucket") {
			scopes[i] = name + ":bitbucket"
		}
	}
	c, secret, err := s.Accounts.CreateToken(context.Background(), a.ID, "test", scopes, 30)
	must(s.T, err)
	return c, secret
}

// Token is a credential of the account with an API token of these scopes, named without ":bitbucket".
func (s *Server) Token(a account.Account, scopes ...string) Credential {
	s.T.Helper()
	return Basic(a.Email, s.Secret(a, scopes...))
}

// AppPassword mints an app password with legacy scopes, also where app passwords have ended: one from before.
func (s *Server) AppPassword(a account.Account, scopes ...string) string {
	s.T.Helper()
	set, err := scope.ParseSet(scopes)
	must(s.T, err)
	_, secret, err := s.Credentials.Issue(context.Background(), access.Credential{Kind: access.AppPassword, AccountID: a.ID, Name: "test", Scopes: set})
	must(s.T, err)
	return secret
}

// Consumer registers a private OAuth consumer of acme with these legacy scopes.
func (w *World) Consumer(scopes ...string) (oauth.Consumer, string) {
	w.T.Helper()
	c, secret, err := w.OAuth.Register(context.Background(), w.Workspace.ID, w.Admin.ID, oauth.Form{Name: "Builder", CallbackURL: "https://app.example/callback", Private: true, Scopes: scopes})
	must(w.T, err)
	return c, secret
}

// Git runs git in dir with a clean configuration and returns what it printed; a failure ends the test.
func (s *Server) Git(dir string, args ...string) string {
	s.T.Helper()
	out, err := s.TryGit(dir, args...)
	if err != nil {
		s.T.Fatalf("git %s: %v\n%s", args[0], err, out)
	}
	return strings.TrimSpace(out)
}

// TryGit is Git for commands that may fail.
func (s *Server) TryGit(dir string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=true", "LC_ALL=C",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=admin@acme.example", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=admin@acme.example",
		"GIT_AUTHOR_DATE=2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z")
	if s.CA != "" {
		cmd.Env = append(cmd.Env, "GIT_SSL_CAINFO="+s.CA)
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Remote is the address of a repository with a user and a secret in it.
func (s *Server) Remote(user, secret, repository string) string {
	scheme, rest, _ := strings.Cut(s.URL, "://")
	return fmt.Sprintf("%s://%s:%s@%s/%s.git", scheme, user, secret, rest, repository)
}

// clones are repositories that Push has made, by the number of their commits: each time the same, by a dozen processes.
var clones sync.Map // int to *clone

type clone struct {
	once  sync.Once
	files fstest.MapFS
}

// clone puts a repository into dir: commits on main, a branch, tags.
func (w *World) clone(dir string, commits int) {
	w.T.Helper()
	kept, _ := clones.LoadOrStore(commits, &clone{})
	made := kept.(*clone)
	made.once.Do(func() {
		at := w.T.TempDir()
		w.Git(at, "init", "--quiet", "--initial-branch=main", "--template=")
		for i := range commits {
			must(w.T, os.WriteFile(filepath.Join(at, "file.txt"), fmt.Appendf(nil, "line %d\n", i), 0o600))
			w.Git(at, "add", ".")
			w.Git(at, "commit", "--quiet", "-m", fmt.Sprintf("Commit %d", i))
		}
		w.Git(at, "branch", "feature/one")
		w.Git(at, "tag", "light")
		w.Git(at, "tag", "-a", "v1.0", "-m", "The first one")
		files := fstest.MapFS{}
		must(w.T, fs.WalkDir(os.DirFS(at), ".", func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				files[path] = &fstest.MapFile{Mode: fs.ModeDir | 0o755}
				return err
			}
			data, err := os.ReadFile(filepath.Join(at, path))
			files[path] = &fstest.MapFile{Data: data, Mode: 0o600}
			return err
		}))
		made.files = files
	})
	if made.files == nil {
		w.T.Fatal("the repository could not be made for another test")
	}
	must(w.T, os.CopyFS(dir, made.files))
}

// Push fills widgets: commits on main, a branch, tags, over real git with a real token. It returns the clone.
func (w *World) Push(commits int) string {
	w.T.Helper()
	dir := filepath.Join(w.T.TempDir(), "widgets")
	w.clone(dir, commits)
	secret := w.Secret(w.Admin, "read:repository", "write:repository")
	w.Git(dir, "push", "--quiet", w.Remote("x-bitbucket-api-token-auth", secret, "acme/widgets"), "main", "feature/one", "light", "v1.0")
	return dir
}

// Until asks again and again whether something holds, and fails the test when it does not within a minute.
func Until(t testing.TB, holds func() bool) {
	t.Helper()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	late := time.After(time.Minute)
	for !holds() {
		select {
		case <-again.C:
		case <-late:
			t.Fatal("it did not come to hold within a minute")
		}
	}
}

// Indexed waits until the search for code has found everything that was pushed before.
func (s *Server) Indexed() {
	s.T.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	must(s.T, s.Search.Settled(ctx))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func must1[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		must(t, err)
		return v
	}
}

// SetExpiry moves the end of a credential's life.
func (s *Server) SetExpiry(credentialID string, at time.Time) error {
	return s.DB.Update(context.Background(), func(tx *database.Tx) error {
		n, err := tx.Exec(context.Background(), `UPDATE credential SET expires_on = $1 WHERE id = $2`, database.Micros(at), credentialID)
		if err == nil && n != 1 {
			err = fmt.Errorf("no credential %s", credentialID)
		}
		return err
	})
}
