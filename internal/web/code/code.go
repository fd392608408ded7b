package code

import (
	"embed"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/workspace"
)

//go:embed templates/*.html
var files embed.FS

var templates = page.Parse(files, "templates/*.html")

// Pages are the pages of this area. Its fields are what it stands on.
type Pages struct {
	Repositories *repository.Room
	Workspaces   *workspace.Room
	URLs         rest.URLs

	readmes readmes
}

// Mount adds the pages to a site.
func (p *Pages) Mount(s *page.Site) {
	repositories, workspaces := p.Repositories.Repositories(), p.Workspaces.Workspaces()
	read, admin := repositories.Reads(), repositories.Needs(access.Admin)
	page.On(s, "GET /{workspace}/repositories", p.Repositories.Shelves().Reads(), p.list)
	page.On(s, "GET /{workspace}/repositories/new", workspaces.Needs(access.Read), p.newRepository)
	page.On(s, "POST /{workspace}/repositories/new", workspaces.Needs(access.Read), p.create)
	page.On(s, "GET /{workspace}/{repo_slug}", read, p.overview)
	page.On(s, "GET /{workspace}/{repo_slug}/commits", read, p.commits)
	page.On(s, "GET /{workspace}/{repo_slug}/commits/{ref...}", read, p.commits)
	page.On(s, "GET /{workspace}/{repo_slug}/commit/{hash}", read, p.commit)
	page.On(s, "GET /{workspace}/{repo_slug}/branches", read, p.branches)
	page.On(s, "GET /{workspace}/{repo_slug}/branch/{ref...}", read, p.branch)
	page.On(s, "GET /{workspace}/{repo_slug}/tags", read, p.tags)
	page.On(s, "GET /{workspace}/{repo_slug}/raw/{hash}/{path...}", read, p.raw)
	page.On(s, "GET /{workspace}/{repo_slug}/settings", admin, p.settings)
	page.On(s, "POST /{workspace}/{repo_slug}/settings", admin, p.change)
	page.On(s, "POST /{workspace}/{repo_slug}/settings/delete", admin, p.delete)
}

// address is the path of a page of the repository. A part may hold slashes, as names of branches do.
func address(r *repository.Repository, more ...string) string {
	segments := r.Path()
	for _, part := range more {
		segments = append(segments, strings.Split(part, "/")...)
	}
	return rest.URLs{}.Web(segments...).Href
}

// within is what all pages of one repository show.
type within struct {
	Repository *repository.Repository
	Address    string // of the front page
}

// view begins a page of a repository; tab is the last part of the current one's path.
func (p *Pages) view(r *page.Request, repo *repository.Repository, template, tab, title string) page.View {
	tabs := []page.Link{{Name: "Overview", Href: address(repo)}, {Name: "Commits", Href: address(repo, "commits")},
		{Name: "Branches", Href: address(repo, "branches")}, {Name: "Tags", Href: address(repo, "tags")}}
	// Whether somebody may open the settings is decided there; here it is asked, not to show a way that leads nowhere.
	if _, err := access.Visit(r.Site.Gate, r.Context(), r.Principal, p.Repositories.Repositories().Needs(access.Admin), r.PathValue); err == nil {
		tabs = append(tabs, page.Link{Name: "Settings", Href: address(repo, "settings")})
	}
	for i := range tabs {
		tabs[i].Current = tabs[i].Href == address(repo) && tab == "" || tab != "" && strings.HasSuffix(tabs[i].Href, "/"+tab)
	}
	return page.View{Template: template, Title: title + " · " + repo.FullName(), Section: "workspaces", Trail: trail(&repo.Workspace), Tabs: tabs}
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
		return Author{Name: a.DisplayName, Avatar: rest.URLs{}.Web("account", a.Username, "avatar").Href, Known: true}
	}
	name := s.Name
	if name == "" {
		name = "Unknown"
	}
	picture := []rune(strings.ReplaceAll(name, "/", " "))
	return Author{Name: name, Avatar: rest.URLs{}.Web("account", string(picture[:min(len(picture), maxAvatarName)]), "avatar").Href}
}
