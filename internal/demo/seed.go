package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/server"
	"github.com/pailforge/pail/internal/workspace"
)

// What is in every demo.
const (
	workspaceSlug  = "acme"
	outsiderSlug   = "outsider"
	projectKey     = "FTO"
	groupSlug      = "developers"
	repositorySlug = "widgets"
	selfSlug       = "self"
)

// role is what an account is there for.
type role string

const (
	admin    role = "admin"    // owns the workspace
	member   role = "member"   // belongs to it, writes through the group
	outsider role = "outsider" // has nothing to do with it
)

var roles = []role{admin, member, outsider}

// people are the accounts. Commits of the history carry their e-mails.
var people = map[role]account.New{
	admin:    {Email: "admin@acme.example", Username: "acme-admin", DisplayName: "Ada Admin", Admin: true},
	member:   {Email: "member@acme.example", Username: "acme-member", DisplayName: "Max Member"},
	outsider: {Email: "outsider@acme.example", Username: "acme-outsider", DisplayName: "Olga Outsider"},
}

// world is one run's server with what is in it.
type world struct {
	*server.Server
	workspace  workspace.Workspace
	project    workspace.Project
	repository *repository.Repository
	self       bool // acme/self is there
	persons    map[role]*credentials
	narrow     string // the admin's API token without read:project:bitbucket
	access     string // the access token of acme/widgets
}

// ErrNoDemo says that the directory holds a store that no demo has made.
var ErrNoDemo = errors.New("the directory holds a store that no demo has made; name another with --data")

// seed makes what is missing, and new passwords and tokens for everybody.
func seed(ctx context.Context, s *server.Server, o Options) (*world, error) {
	w := &world{Server: s, persons: map[role]*credentials{}}
	there, err := s.Accounts.List(ctx)
	if err != nil {
		return nil, err
	}
	// A real server's store must never get accounts whose passwords are shown on a screen.
	if len(there) > 0 {
		if _, err := s.Accounts.ByEmail(ctx, people[admin].Email); errors.Is(err, account.ErrNotFound) {
			return nil, ErrNoDemo
		} else if err != nil {
			return nil, err
		}
	}
	for _, r := range roles {
		if w.persons[r], err = w.person(ctx, people[r]); err != nil {
			return nil, fmt.Errorf("demo account %s: %w", r, err)
		}
	}
	if err := w.team(ctx); err != nil {
		return nil, fmt.Errorf("demo workspace: %w", err)
	}
	if err := w.widgets(ctx); err != nil {
		return nil, fmt.Errorf("demo repository: %w", err)
	}
	if o.Clone != "" {
		if err := w.importClone(ctx, o.Clone); err != nil {
			o.Log.Warn("this clone is not served as acme/self", "error", err)
		}
	}
	if err := w.mint(ctx); err != nil {
		return nil, fmt.Errorf("demo tokens: %w", err)
	}
	return w, nil
}

// person makes an account, or gives the one that is there a new password.
func (w *world) person(ctx context.Context, n account.New) (*credentials, error) {
	n.Password = rand.Text()
	a, err := w.Accounts.ByEmail(ctx, n.Email)
	if errors.Is(err, account.ErrNotFound) {
		a, err = w.Accounts.Create(ctx, n)
	} else if err == nil {
		err = w.Accounts.SetPassword(ctx, a.ID, n.Password)
	}
	return &credentials{account: a, password: n.Password}, err
}

// team makes the workspaces, the project and the group. Every step is one that can be repeated.
func (w *world) team(ctx context.Context) (err error) {
	rooms := w.Workspaces
	if w.workspace, err = w.ownWorkspace(ctx, workspaceSlug, "Acme", admin); err != nil {
		return err
	}
	if _, err = w.ownWorkspace(ctx, outsiderSlug, "Outsider", outsider); err != nil {
		return err
	}
	if err := rooms.AddMember(ctx, w.workspace.ID, w.persons[member].account.ID, workspace.Member); err != nil {
		return err
	}
	w.project, err = workspace.ProjectByKey(ctx, w.DB, w.workspace.ID, projectKey)
	if errors.Is(err, workspace.ErrNotFound) {
		w.project, err = rooms.CreateProject(ctx, &w.workspace, workspace.NewProject{Key: projectKey, Name: "For the Others",
			Description: "Widgets, and what others need to turn them."})
	}
	if err != nil {
		return err
	}
	group, err := workspace.GroupBySlug(ctx, w.DB, w.workspace.ID, groupSlug)
	if errors.Is(err, workspace.ErrNotFound) {
		group, err = rooms.CreateGroup(ctx, w.workspace.ID, groupSlug, "Developers")
	}
	if err != nil {
		return err
	}
	if err := rooms.AddToGroup(ctx, group, w.persons[member].account.ID); err != nil {
		return err
	}
	return rooms.GrantGroup(ctx, &w.project, group.ID, access.Write)
}

func (w *world) ownWorkspace(ctx context.Context, slug, name string, owner role) (workspace.Workspace, error) {
	found, err := workspace.BySlug(ctx, w.DB, slug)
	if errors.Is(err, workspace.ErrNotFound) {
		return w.Workspaces.CreateWorkspace(ctx, slug, name, w.persons[owner].account.ID)
	}
	return found, err
}

// repositoryNamed finds a repository of acme, or makes it. made says that it is new, and empty.
func (w *world) repositoryNamed(ctx context.Context, slug, description, language string) (r *repository.Repository, made bool, err error) {
	found, err := w.Repositories.Repositories().Find(ctx, &access.Principal{}, workspaceSlug, slug)
	if errors.Is(err, access.ErrAbsent) {
		r, err = w.Repositories.Create(ctx, w.workspace, w.project, slug, repository.Change{Description: &description, Language: &language},
			w.persons[admin].account.ID)
		return r, true, err
	}
	return found.Value, false, err
}

// widgets makes the repository with the history, unless an earlier run did.
func (w *world) widgets(ctx context.Context) error {
	r, _, err := w.repositoryNamed(ctx, repositorySlug, "Turns things the right way round.", "go")
	if err != nil {
		return err
	}
	w.repository = r
	branches, err := w.Git.Branches(ctx, r.ID)
	if err != nil || len(branches) > 0 {
		return err
	}
	bare, remove, err := history(ctx, w.Git.Git)
	if err != nil {
		return err
	}
	defer remove()
	if err := w.Git.Import(ctx, r.ID, bare); err != nil {
		return err
	}
	return w.Repositories.Pushed(ctx, r.ID)
}

// importLimit is how long the import of somebody's own clone may take: the demo waits for it.
const importLimit = 20 * time.Second

// importClone serves the clone that dir is in as acme/self. It is no error when dir is in none.
func (w *world) importClone(ctx context.Context, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, importLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, w.Git.Git, "rev-parse", "--git-common-dir")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		if _, ran := errors.AsType[*exec.ExitError](err); ran && ctx.Err() == nil {
			return nil
		}
		return err
	}
	source := strings.TrimSuffix(string(out), "\n")
	if !filepath.IsAbs(source) {
		source = filepath.Join(dir, source)
	}
	r, _, err := w.repositoryNamed(ctx, selfSlug, "The clone that the demo was started in.", "")
	if err != nil {
		return err
	}
	if err := w.Git.Import(ctx, r.ID, source); err != nil {
		return err
	}
	w.self = true
	return w.Repositories.Pushed(ctx, r.ID)
}
