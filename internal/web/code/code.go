package code

import (
	"embed"
	"html/template"
	"net/url"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/branching"
	"github.com/pailforge/pail/internal/commit"
	"github.com/pailforge/pail/internal/deploykey"
	"github.com/pailforge/pail/internal/download"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/issue"
	"github.com/pailforge/pail/internal/pullrequest"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/search"
	"github.com/pailforge/pail/internal/sshkey"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/workspace"
)

//go:embed templates/*.html
var files embed.FS

var templates = page.Parse(files, "templates/*.html")

// Pages are the pages of this area. Its fields are what it stands on.
type Pages struct {
	Repositories *repository.Room
	Commits      *commit.Room
	Downloads    *download.Room
	Workspaces   *workspace.Room
	Branching    *branching.Room
	DeployKeys   *deploykey.Room
	Search       *search.Room
	PullRequests *pullrequest.Room
	Issues       *issue.Room
	URLs         rest.URLs
	SSH          *sshkey.Host // nil: Git over SSH is off

	documents kept[documentKey, template.HTML]
	codes     kept[codeKey, codePart]
	blames    kept[blameKey, []gitstore.Run]
	histories kept[historyKey, historyPart]

	differences kept[differenceKey, difference]
	between     kept[[3]string, betweenPart]
}

// Mount adds the pages to a site.
func (p *Pages) Mount(s *page.Site) {
	repositories, workspaces := p.Repositories.Repositories(), p.Workspaces.Workspaces()
	read, write, admin := repositories.Reads(), repositories.Needs(access.Write), repositories.Needs(access.Admin)
	page.On(s, "GET /{workspace}/repositories", p.Repositories.Shelves().Reads(), p.list)
	page.On(s, "GET /{workspace}/repositories/new", workspaces.Needs(access.Read), p.newRepository)
	page.On(s, "POST /{workspace}/repositories/new", workspaces.Needs(access.Read), p.create)
	page.On(s, "GET /{workspace}/search", p.Repositories.Shelves().Reads(), p.search)
	page.On(s, "GET /{workspace}/{repo_slug}", read, p.overview)
	page.On(s, "GET /{workspace}/{repo_slug}/commits", read, p.commits)
	page.On(s, "GET /{workspace}/{repo_slug}/commits/{ref...}", read, p.commits)
	page.On(s, "GET /{workspace}/{repo_slug}/commit/{hash}", read, p.commit)
	page.On(s, "GET /{workspace}/{repo_slug}/branches", read, p.branches)
	page.On(s, "GET /{workspace}/{repo_slug}/branch/{ref...}", read, p.branch)
	page.On(s, "GET /{workspace}/{repo_slug}/tags", read, p.tags)
	page.On(s, "GET /{workspace}/{repo_slug}/src", read, p.sources)
	page.On(s, "GET /{workspace}/{repo_slug}/src/{rev}", read, p.source)
	page.On(s, "GET /{workspace}/{repo_slug}/src/{rev}/{path...}", read, p.source)
	page.On(s, "GET /{workspace}/{repo_slug}/blame/{rev}/{path...}", read, p.blame)
	page.On(s, "GET /{workspace}/{repo_slug}/compare", read, p.compareForm)
	page.On(s, "GET /{workspace}/{repo_slug}/compare/{spec...}", read, p.compare)
	page.On(s, "GET /{workspace}/{repo_slug}/raw/{rev}/{path...}", read, p.raw)
	page.On(s, "GET /{workspace}/{repo_slug}/downloads", read, p.downloads)
	page.Upload(s, "POST /{workspace}/{repo_slug}/downloads", write, p.upload)
	page.On(s, "GET /{workspace}/{repo_slug}/downloads/{filename}", read, p.download)
	page.On(s, "POST /{workspace}/{repo_slug}/downloads/{filename}", write, p.removeDownload)
	page.On(s, "GET /{workspace}/{repo_slug}/settings", admin, p.settings)
	page.On(s, "POST /{workspace}/{repo_slug}/settings", admin, p.change)
	page.On(s, "POST /{workspace}/{repo_slug}/settings/delete", admin, p.delete)
	page.On(s, "POST /{workspace}/{repo_slug}/settings/transfer", admin, p.transfer)
	page.On(s, "GET /{workspace}/{repo_slug}/settings/branches", admin, p.rules)
	page.On(s, "POST /{workspace}/{repo_slug}/settings/branches", admin, p.restrict)
	page.On(s, "POST /{workspace}/{repo_slug}/settings/branches/{id}", admin, p.lift)
	page.On(s, "POST /{workspace}/{repo_slug}/settings/branching-model", admin, p.model)
	page.On(s, "GET /{workspace}/{repo_slug}/settings/deploy-keys", admin, p.keys)
	page.On(s, "POST /{workspace}/{repo_slug}/settings/deploy-keys", admin, p.addKey)
	page.On(s, "POST /{workspace}/{repo_slug}/settings/deploy-keys/{id}", admin, p.removeKey)
	page.On(s, "GET /{workspace}/{repo_slug}/fork", read, p.newFork)
	page.On(s, "POST /{workspace}/{repo_slug}/fork", read, p.fork)
	page.On(s, "POST /{workspace}/{repo_slug}/watch", read, p.watch)
}

// address is the path of a page of the repository. A part may hold slashes, as names of branches do.
func address(r *repository.Repository, more ...string) string {
	segments := r.Path()
	for _, part := range more {
		segments = append(segments, strings.Split(part, "/")...)
	}
	return rest.URLs{}.Web(segments...).Href
}

// source is the path of a page about a path of a revision. The revision is one segment, whatever is in it: a slash in the name
// of a branch stands as %2F there, as in addresses of the API, so that no path is taken for a part of it.
func source(r *repository.Repository, kind, revision, path string) string {
	segments := append(r.Path(), kind, revision)
	if path != "" {
		segments = append(segments, strings.Split(path, "/")...)
	}
	return rest.URLs{}.Web(segments...).Href
}

// past is the path of the commits that changed what is at a path of a revision.
func past(r *repository.Repository, revision, path string) string {
	if path == "" {
		return address(r, "commits", revision)
	}
	return address(r, "commits", revision) + "?path=" + url.QueryEscape(path)
}

// within is what all pages of one repository show.
type within struct {
	Repository *repository.Repository
	Address    string // of the front page
}

// maxCount bounds the number that stands in a tab.
const maxCount = 999

// View begins a page of a repository; tab is the last part of the current one's path.
func (p *Pages) View(r *page.Request, repo *repository.Repository, template, tab, title string) page.View {
	tabs := []page.Link{{Name: "Overview", Href: address(repo)}, {Name: "Source", Href: address(repo, "src")}, {Name: "Commits", Href: address(repo, "commits")},
		{Name: "Branches", Href: address(repo, "branches")}, {Name: "Pull requests", Href: address(repo, "pull-requests")}, {Name: "Pipelines", Href: address(repo, "pipelines")}}
	if open, err := p.PullRequests.CountOpen(r.Context(), repo, maxCount); err == nil { // a page is worth more than this number
		tabs[4].Count = open
	}
	if repo.HasIssues {
		tab := page.Link{Name: "Issues", Href: address(repo, "issues")}
		if open, err := p.Issues.CountUnresolved(r.Context(), repo, maxCount); err == nil {
			tab.Count = open
		}
		tabs = append(tabs, tab)
	}
	if repo.HasWiki {
		tabs = append(tabs, page.Link{Name: "Wiki", Href: address(repo, "wiki")})
	}
	tabs = append(tabs, page.Link{Name: "Downloads", Href: address(repo, "downloads")})
	if p.may(r, access.Admin) {
		tabs = append(tabs, page.Link{Name: "Settings", Href: address(repo, "settings")})
	}
	for i := range tabs {
		tabs[i].Current = tabs[i].Href == address(repo) && tab == "" || tab != "" && strings.HasSuffix(tabs[i].Href, "/"+tab)
	}
	return page.View{Template: template, Title: title + " · " + repo.FullName(), Section: "workspaces", Trail: trail(&repo.Workspace), Tabs: tabs}
}

// may tells whether the visitor has a privilege on the repository of the page. What needs it decides itself; here it is asked, not
// to show a way that leads nowhere.
func (p *Pages) may(r *page.Request, privilege access.Level) bool {
	_, err := access.Visit(r.Site.Gate, r.Context(), r.Principal, p.Repositories.Repositories().Needs(privilege), r.PathValue)
	return err == nil
}

// trail leads to the repositories of a workspace.
func trail(w *workspace.Workspace) []page.Link {
	return []page.Link{{Name: w.Name, Href: rest.URLs{}.Web(w.Slug).Href}, {Name: "Repositories", Href: rest.URLs{}.Web(w.Slug, "repositories").Href}}
}

// Author is who made a commit, as a page shows them.
type Author struct {
	Name   string
	Avatar string
	Known  bool // has an account here
}

// maxAvatarName is how much of a name the picture is made of, in characters.
const maxAvatarName = 40

// author is who signed, as the account with the same e-mail, or by the name in the commit.
func author(all repository.Authors, s gitstore.Signature) Author {
	if a, ok := all.Of(s); ok {
		return person(&a)
	}
	if s.Name == "" {
		return stranger("Unknown")
	}
	return stranger(s.Name)
}

// person is somebody with an account.
func person(a *access.Account) Author {
	return Author{Name: a.DisplayName, Avatar: rest.URLs{}.Web("account", a.Username, "avatar").Href, Known: true}
}

// stranger is somebody of whom nothing but a name is known.
func stranger(name string) Author {
	picture := []rune(strings.ReplaceAll(name, "/", " "))
	return Author{Name: name, Avatar: rest.URLs{}.Web("account", string(picture[:min(len(picture), maxAvatarName)]), "avatar").Href}
}
