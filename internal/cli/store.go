package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/config"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/server"
	"github.com/pailforge/pail/internal/workspace"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// bindStore gives a command, and those below it, the flags that name a store. They mean what they mean to pail serve.
func bindStore(c *cobra.Command) {
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	config.Bind(all)
	for _, name := range []string{"config", "data", "database"} {
		c.PersistentFlags().AddFlag(all.Lookup(name))
	}
}

// load reads the configuration that c was called with.
func (a *app) load(c *cobra.Command) (config.Config, error) {
	cfg, err := config.Load(config.Source{Flags: c.Flags(), Env: a.env})
	if err != nil {
		return cfg, &usageError{err}
	}
	return cfg, nil
}

// open opens the store for a command. A store that is not there is made only when fresh is set: a mistyped --data
// would otherwise look like an empty server.
func (a *app) open(c *cobra.Command, fresh bool) (s *server.Server, closing func(error) error, err error) {
	cfg, err := a.load(c)
	if err != nil {
		return nil, nil, err
	}
	if file, ok := strings.CutPrefix(cfg.Database, "sqlite:"); ok && !fresh {
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return nil, nil, fmt.Errorf("there is no store at %s; name the server's directory with --data, or make the first account with: pail admin user create", file)
		}
	}
	log, flush := server.NewLog(cfg.Log, a.err)
	if s, err = server.Open(c.Context(), cfg, log); err != nil {
		return nil, nil, errors.Join(err, flush())
	}
	return s, func(err error) error {
		return errors.Join(err, s.Close(context.WithoutCancel(c.Context())), flush())
	}, nil
}

// using runs f on the store that c was called with.
func (a *app) using(c *cobra.Command, fresh bool, f func(context.Context, *server.Server) error) error {
	s, closing, err := a.open(c, fresh)
	if err != nil {
		return err
	}
	return closing(f(c.Context(), s))
}

// person finds an account by e-mail, username, account id or uuid.
func person(ctx context.Context, s *server.Server, who string) (account.Account, error) {
	var found account.Account
	var err error
	if strings.Contains(who, "@") {
		found, err = s.Accounts.ByEmail(ctx, who)
	} else {
		found, err = s.Accounts.Find(ctx, s.DB, who)
	}
	if errors.Is(err, account.ErrNotFound) {
		return found, fmt.Errorf("no account is called %q; see: pail admin user list", who)
	}
	return found, err
}

// missing is err, in the words of the command line when it says that something is not there.
func missing(err error, format string, args ...any) error {
	if errors.Is(err, workspace.ErrNotFound) || errors.Is(err, access.ErrAbsent) {
		return fmt.Errorf("there is no "+format, args...)
	}
	return err
}

func workspaceNamed(ctx context.Context, s *server.Server, slug string) (workspace.Workspace, error) {
	w, err := workspace.BySlug(ctx, s.DB, slug)
	return w, missing(err, "workspace %q", slug)
}

func groupNamed(ctx context.Context, s *server.Server, slug, group string) (workspace.Workspace, workspace.Group, error) {
	w, err := workspaceNamed(ctx, s, slug)
	if err != nil {
		return w, workspace.Group{}, err
	}
	g, err := workspace.GroupBySlug(ctx, s.DB, w.ID, group)
	return w, g, missing(err, "group %s/%s", slug, group)
}

func projectNamed(ctx context.Context, s *server.Server, slug, key string) (workspace.Project, error) {
	w, err := workspaceNamed(ctx, s, slug)
	if err != nil {
		return workspace.Project{}, err
	}
	p, err := workspace.ProjectByKey(ctx, s.DB, w.ID, key)
	return p, missing(err, "project %s/%s", slug, key)
}

// nobody is the principal that repositories are looked up with: commands ask what there is, not what somebody may.
var nobody = &access.Principal{}

func repositoryNamed(ctx context.Context, s *server.Server, slug, name string) (*repository.Repository, error) {
	f, err := s.Repositories.Repositories().Find(ctx, nobody, slug, name)
	return f.Value, missing(err, "repository %s/%s", slug, name)
}

// pair splits "acme/widgets"; form is how it should look.
func pair(text, form string) (first, second string, err error) {
	first, second, ok := strings.Cut(text, "/")
	if !ok || first == "" || second == "" || strings.Contains(second, "/") {
		return "", "", misused("%q is no %s", text, form)
	}
	return first, second, nil
}

// boundsOf reads what an access token is for, "repository:acme/widgets", "project:acme/FTO" or "workspace:acme", and
// finds it.
func boundsOf(ctx context.Context, s *server.Server, text string) (access.Kind, access.Bounds, error) {
	kind, name, _ := strings.Cut(text, ":")
	switch kind {
	case "workspace":
		w, err := workspaceNamed(ctx, s, name)
		return access.WorkspaceToken, access.Bounds{WorkspaceID: w.ID}, err
	case "project":
		slug, key, err := pair(name, "WORKSPACE/KEY")
		if err != nil {
			return "", access.Bounds{}, err
		}
		p, err := projectNamed(ctx, s, slug, key)
		if err != nil {
			return "", access.Bounds{}, err
		}
		return access.ProjectToken, access.Bounds{WorkspaceID: p.Workspace.ID, ProjectID: p.ID}, nil
	case "repository":
		slug, repo, err := pair(name, "WORKSPACE/REPOSITORY")
		if err != nil {
			return "", access.Bounds{}, err
		}
		r, err := repositoryNamed(ctx, s, slug, repo)
		if err != nil {
			return "", access.Bounds{}, err
		}
		return access.RepositoryTok, access.Bounds{WorkspaceID: r.Workspace.ID, RepositoryID: r.ID}, nil
	}
	return "", access.Bounds{}, misused("%q names nothing an access token can be for; use repository:WORKSPACE/REPOSITORY, project:WORKSPACE/KEY or workspace:WORKSPACE", text)
}
