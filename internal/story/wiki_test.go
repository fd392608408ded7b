package story

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/server"
	"github.com/pailforge/pail/internal/wiki"
)

// TestWikiCredentials: each kind of credential clones a wiki and pushes to it over HTTPS, with the scopes of wikis, and with those of
// repositories alone it does not.
func TestWikiCredentials(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		wikiPage(w)
		bounds := access.Bounds{WorkspaceID: w.Workspace.ID}
		token := func(kind access.Kind, b access.Bounds, scopes ...string) string {
			_, secret := w.AccessToken(kind, b, scopes...)
			return secret
		}
		project, repository := bounds, bounds
		project.ProjectID = w.Project.ID
		repository.ProjectID, repository.RepositoryID = w.Project.ID, w.Repository.ID
		bearer := func(scopes ...string) string {
			c, secret := w.Consumer(scopes...)
			bought := w.Do(pailtest.Header(pailtest.Basic(c.Key, secret), "Content-Type", "application/x-www-form-urlencoded"), http.MethodPost, "/site/oauth2/access_token", "grant_type=client_credentials")
			return w.Want(bought, http.StatusOK).String("access_token")
		}
		of := func(user string, secret string) string { return w.Remote(user, secret, "acme/widgets") + "/wiki" }
		for name, c := range map[string]struct {
			remote string
			push   bool
			says   string // what git prints where it is refused
		}{
			"API token":                         {of("x-bitbucket-api-token-auth", w.Secret(w.Admin, "read:wiki", "write:wiki")), true, ""},
			"API token, username":               {of("acme-member", w.Secret(w.Member, "read:wiki", "write:wiki")), true, ""},
			"API token, all of wikis":           {of("acme-admin", w.Secret(w.Admin, "wiki:bitbucket")), true, ""},
			"app password":                      {of("acme-admin", w.AppPassword(w.Admin, "wiki")), true, ""},
			"repository's access token":         {of("x-token-auth", token(access.RepositoryTok, repository, "wiki")), true, ""},
			"project's access token":            {of("x-token-auth", token(access.ProjectToken, project, "wiki")), true, ""},
			"workspace's access token":          {of("x-token-auth", token(access.WorkspaceToken, bounds, "wiki")), true, ""},
			"OAuth":                             {of("x-token-auth", bearer("wiki")), true, ""},
			"API token that reads":              {of("acme-admin", w.Secret(w.Admin, "read:wiki")), false, ""},
			"API token that reads, push":        {of("acme-admin", w.Secret(w.Admin, "read:wiki")), true, "Missing: write:wiki:bitbucket."},
			"write does not read":               {of("acme-admin", w.Secret(w.Admin, "write:wiki")), false, "Missing: read:wiki:bitbucket."},
			"API token for repositories":        {of("acme-admin", w.Secret(w.Admin, "read:repository", "write:repository")), false, "Missing: read:wiki:bitbucket."},
			"access token for repositories":     {of("x-token-auth", token(access.RepositoryTok, repository, "repository:write")), false, "Missing: wiki."},
			"outsider":                          {of("acme-outsider", w.Secret(w.Outsider, "read:wiki", "write:wiki")), false, noAccess},
			"who may not write":                 {of("acme-bystander", bystanderSecret(w, "read:wiki", "write:wiki")), true, "privilege.missing"},
			"who may not write, and reads":      {of("acme-bystander", bystanderSecret(w, "read:wiki")), false, ""},
			"access token of another workspace": {strings.Replace(of("x-token-auth", token(access.RepositoryTok, repository, "wiki")), "acme/widgets", "acme/other", 1), false, noAccess},
		} {
			t.Run(name, func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "wiki")
				var out string
				var err error
				if !c.push || c.says == "" {
					out, err = w.TryGit("", "clone", "--quiet", c.remote, dir)
				}
				if err == nil && c.push {
					if c.says != "" {
						w.Git("", "init", "--quiet", "--initial-branch=main", dir)
					}
					w.Git(dir, "commit", "--quiet", "--allow-empty", "-m", name)
					out, err = w.TryGit(dir, "push", "--quiet", c.remote, "HEAD:main")
				}
				if (err == nil) != (c.says == "") || !strings.Contains(out, c.says) {
					t.Errorf("%v, and git does not print %q:\n%s", err, c.says, out)
				}
			})
		}
	})
}

// bystanderSecret is an API token of somebody who reads the repository, and may not write to it.
func bystanderSecret(w *pailtest.World, scopes ...string) string {
	a, err := w.Accounts.Find(w.T.Context(), w.DB, "acme-bystander")
	if err != nil {
		a = w.Account("bystander")
		check(w, w.Workspaces.AddMember(context.Background(), w.Workspace.ID, a.ID, 2))
		check(w, w.Workspaces.GrantUser(context.Background(), w.Project, a.ID, access.Read))
	}
	return w.Secret(a, scopes...)
}

// TestWikiStays: what a crash left is swept away when a server starts, and wikis are not; with its repository a wiki is gone.
func TestWikiStays(t *testing.T) {
	t.Parallel()
	w := pailtest.Start(t, pailtest.Options{}).World()
	wikiPage(w)
	git, id, left := w.Repositories.Git, wiki.ID(w.Repository.ID), wiki.ID("01a00000-0000-7000-8000-000000000000")
	check(w, git.Create(t.Context(), left, ""))

	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(w, err)
	cfg := w.Config
	cfg.SSH.Listen, cfg.Search.Dir = "", t.TempDir()
	another, err := server.Open(t.Context(), cfg.WithListener(ln.Addr()), slog.New(slog.DiscardHandler))
	check(w, err)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	check(w, another.Run(ctx, server.RunOptions{Listener: ln, OrphanAge: time.Nanosecond, OnListen: func(net.Addr) { stop() }}))
	check(w, another.Close(context.Background()))
	if !git.Exists(id) || git.Exists(left) {
		t.Errorf("the wiki is there: %v, and what nobody has: %v", git.Exists(id), git.Exists(left))
	}

	check(w, w.Repositories.Delete(t.Context(), w.Repository))
	if git.Exists(id) {
		t.Error("the wiki of a repository that is gone is there")
	}
}

// TestWikiBare: a bare server explains what is Pail's own, because nobody expects Bitbucket Cloud's answer there.
func TestWikiBare(t *testing.T) {
	t.Parallel()
	w := pailtest.Start(t, pailtest.Options{Bare: true}).World()
	token := w.Token(w.Admin, "read:wiki", "write:wiki")
	const at = "/2.0/repositories/acme/widgets/wiki"
	w.Want(w.Do(token, "GET", at, nil), http.StatusNotFound, "wiki.off")
	wikiPage(w)
	for _, body := range []string{`{"content":{"raw":"x"}}`, `{"content":{"raw":"x"},"revision":"0123456789012345678901234567890123456789"}`} {
		if a := w.Want(w.Do(token, "PUT", at+"/Home.md", body), http.StatusConflict, "wiki.edited"); a.String("error.data.theirs.raw") != "# Hello\n" || a.String("error.data.yours.raw") != "x" {
			t.Errorf("%s", a.Body)
		}
	}
}

// onWiki makes a server for docs/wiki.md, and gives what runs a line there: as it is, but for the host. What a line has set stays set.
func onWiki(t *testing.T) func(*testing.T, string) {
	w := pailtest.Start(t, pailtest.Options{}).World()
	home := t.TempDir()
	token := w.Secret(w.Admin, "read:wiki", "write:wiki", "delete:wiki", "admin:repository", "read:repository")
	scheme, host, _ := strings.Cut(w.URL, "://")
	return func(t *testing.T, line string) {
		line = strings.NewReplacer("https://", scheme+"://", "git.example.com", host, "curl ", "curl -sSf ").Replace(line)
		cmd := command(home, "bash", "-o", "pipefail", "-c", "touch ~/set; . ~/set; set -e\n"+line+"\ndeclare -p REVISION > ~/set || :")
		cmd.Env = append(os.Environ(), "HOME="+home, "API="+w.URL+"/2.0", "EMAIL="+w.Admin.Email, "TOKEN="+token, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
			"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL="+w.Admin.Email, "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL="+w.Admin.Email)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
}
