// Package web is the pages that people see. Each area of them is a package below this one, and stands on package page,
// which has what all pages share; this package puts them together, and has the front page and the pictures.
//
//	web.go      New, the table of contents
//	home.go     the front page
//	avatar.go   pictures of accounts and workspaces
//
// What does not live here: rules. A page asks a room and shows what it says; who may see it, package access decides; the
// words of refusals come from package reason.
package web

import (
	"context"
	"embed"
	"log/slog"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/branching"
	"github.com/pailforge/pail/internal/commit"
	"github.com/pailforge/pail/internal/deploykey"
	"github.com/pailforge/pail/internal/download"
	"github.com/pailforge/pail/internal/issue"
	"github.com/pailforge/pail/internal/oauth"
	"github.com/pailforge/pail/internal/pipeline"
	"github.com/pailforge/pail/internal/pullrequest"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/search"
	"github.com/pailforge/pail/internal/snippet"
	"github.com/pailforge/pail/internal/sshkey"
	"github.com/pailforge/pail/internal/web/code"
	"github.com/pailforge/pail/internal/web/consumers"
	"github.com/pailforge/pail/internal/web/docs"
	"github.com/pailforge/pail/internal/web/hooks"
	"github.com/pailforge/pail/internal/web/issues"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/web/pipelines"
	"github.com/pailforge/pail/internal/web/pulls"
	"github.com/pailforge/pail/internal/web/signin"
	"github.com/pailforge/pail/internal/web/snippets"
	"github.com/pailforge/pail/internal/web/teams"
	"github.com/pailforge/pail/internal/web/tokens"
	"github.com/pailforge/pail/internal/web/wikis"
	"github.com/pailforge/pail/internal/webhook"
	"github.com/pailforge/pail/internal/wiki"
	"github.com/pailforge/pail/internal/workspace"
)

//go:embed templates/*.html
var files embed.FS

var templates = page.Parse(files, "templates/*.html")

// Rooms is what the pages stand on.
type Rooms struct {
	Accounts     *account.Room
	Workspaces   *workspace.Room
	Repositories *repository.Room
	Commits      *commit.Room
	Downloads    *download.Room
	Branching    *branching.Room
	DeployKeys   *deploykey.Room
	Search       *search.Room
	PullRequests *pullrequest.Room
	Issues       *issue.Room
	Pipelines    *pipeline.Room
	Wikis        *wiki.Room
	Snippets     *snippet.Room
	Webhooks     *webhook.Room
	OAuth        *oauth.Room
	Operations   []access.Operation // that the API serves
	// Try tells what would be decided about a request; see server.Server.Try.
	Try      func(ctx context.Context, method, uri string, authorization []string) (access.Trial, error)
	Provider *signin.Provider // to sign in with; nil: by password alone
	SSH      *sshkey.Host     // Git over SSH; nil: it is off
}

// New makes the site with all its pages.
func New(rooms Rooms, urls rest.URLs, log *slog.Logger) (*page.Site, error) {
	s, err := page.NewSite(urls, log, rooms.Accounts.Gate, workspace.Reserved)
	if err != nil {
		return nil, err
	}
	page.Open(s, "GET /{$}", home)
	s.Raw("GET /account/{username}/avatar", avatar("username", round))
	s.Raw("GET /workspaces/{workspace}/avatar", avatar("workspace", square))
	s.Raw("GET /{workspace}/workspace/projects/{project_key}/avatar", avatar("project_key", square))
	(&signin.Pages{Accounts: rooms.Accounts, URLs: urls, Log: log, Provider: rooms.Provider, SSH: rooms.SSH}).Mount(s)
	(&consumers.Pages{OAuth: rooms.OAuth, Workspaces: rooms.Workspaces, URLs: urls}).Mount(s)
	(&tokens.Pages{Accounts: rooms.Accounts, Workspaces: rooms.Workspaces, Repositories: rooms.Repositories, URLs: urls, Now: rooms.Accounts.Now}).Mount(s)
	(&docs.Pages{URLs: urls, Operations: rooms.Operations, Try: rooms.Try, Guesses: rooms.Accounts}).Mount(s)
	(&teams.Pages{Workspaces: rooms.Workspaces, Repositories: rooms.Repositories}).Mount(s)
	(&hooks.Pages{Webhooks: rooms.Webhooks, Repositories: rooms.Repositories, Workspaces: rooms.Workspaces}).Mount(s)
	repositories := &code.Pages{Repositories: rooms.Repositories, Commits: rooms.Commits, Downloads: rooms.Downloads, Workspaces: rooms.Workspaces, Branching: rooms.Branching, DeployKeys: rooms.DeployKeys, Search: rooms.Search, PullRequests: rooms.PullRequests, Issues: rooms.Issues, URLs: urls, SSH: rooms.SSH}
	repositories.Mount(s)
	(&pipelines.Pages{Pipelines: rooms.Pipelines, Repositories: rooms.Repositories, Workspaces: rooms.Workspaces, Code: repositories, URLs: urls}).Mount(s)
	(&pulls.Pages{PullRequests: rooms.PullRequests, Repositories: rooms.Repositories, Code: repositories}).Mount(s)
	(&issues.Pages{Issues: rooms.Issues, Repositories: rooms.Repositories, Code: repositories}).Mount(s)
	(&wikis.Pages{Wikis: rooms.Wikis, Repositories: rooms.Repositories, Code: repositories, URLs: urls, SSH: rooms.SSH}).Mount(s)
	(&snippets.Pages{Snippets: rooms.Snippets, Workspaces: rooms.Workspaces, Code: repositories, URLs: urls, SSH: rooms.SSH}).Mount(s)
	return s, nil
}
