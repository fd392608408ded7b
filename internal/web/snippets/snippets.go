package snippets

import (
	"embed"
	"html/template"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/snippet"
	"github.com/pailforge/pail/internal/sshkey"
	"github.com/pailforge/pail/internal/web/diff"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/workspace"
)

//go:embed templates/*.html
var files embed.FS

var templates = page.Parse(files, "templates/*.html")

// Code shows files and what differs between commits, as in repositories.
type Code interface {
	Contents(r *page.Request, id string, f diff.Blob, picture, file func(path string) string) (shown template.HTML, facts []string, views string, err error)
	Raw(r *page.Request, id, revision string, f diff.Blob) (page.Answer, error)
	Differs(r *page.Request, id string, from, to gitstore.Hash, view func(commit gitstore.Hash, path string) string) (template.HTML, error)
	History(r *page.Request, commits []gitstore.Commit, at func(gitstore.Hash) string) (template.HTML, error)
	Author(all repository.Authors, who gitstore.Signature) (template.HTML, error)
}

// Pages are the pages of this area. Its fields are what it stands on.
type Pages struct {
	Snippets   *snippet.Room
	Workspaces *workspace.Room
	Code       Code
	URLs       rest.URLs
	SSH        *sshkey.Host // nil: Git over SSH is off
}

// Mount adds the pages to a site.
func (p *Pages) Mount(s *page.Site) {
	const (
		all = "/snippets/{workspace}"
		one = all + "/{encoded_id}"
	)
	snippets := p.Snippets.Snippets()
	makes, read, takes, write, admin := p.Workspaces.Workspaces().Needs(access.Write), snippets.Reads(), snippets.Needs(access.Read), snippets.Needs(access.Write), snippets.Needs(access.Admin)
	page.On(s, "GET /snippets", access.Self, p.own)
	page.On(s, "GET "+all, p.Snippets.Shelves().Reads(), p.list)
	page.On(s, "GET "+all+"/new", makes, p.blank)
	page.Upload(s, "POST "+all+"/new", makes, p.create)
	page.On(s, "GET "+one, read, p.show)
	page.On(s, "GET "+one+"/edit", write, p.edit)
	page.Upload(s, "POST "+one+"/edit", write, p.change)
	page.On(s, "GET "+one+"/delete", admin, p.confirm)
	page.On(s, "POST "+one+"/delete", admin, p.delete)
	page.On(s, "GET "+one+"/history", read, p.history)
	page.On(s, "GET "+one+"/{revision}", read, p.revision(p.at))
	page.On(s, "GET "+one+"/diff/{revision}", read, p.revision(p.diff))
	page.On(s, "GET "+one+"/patch/{revision}", read, p.revision(p.patch))
	page.On(s, "GET "+one+"/raw/{revision}/{path...}", read, p.revision(p.raw))
	page.On(s, "POST "+one+"/comments", takes, p.comment)
	page.On(s, "POST "+one+"/comments/{comment}", takes, p.onComment)
	page.On(s, "POST "+one+"/watch", takes, p.watch)
}

// address is the path of a page of a snippet.
func address(s *snippet.Snippet, more ...string) string {
	return rest.URLs{}.Web(append(s.Path(), more...)...).Href
}

// name is what a snippet is called on pages: its title, or its id where it has none.
func name(s *snippet.Snippet) string {
	if s.Title == "" {
		return s.Encoded
	}
	return s.Title
}

// within is what all pages of one snippet show.
type within struct {
	Snippet *snippet.Snippet
	Name    string
	Address string
}

func of(s *snippet.Snippet) within { return within{s, name(s), address(s)} }

// shelf is the path of the list of a workspace's snippets, or of what is below it.
func shelf(w *workspace.Workspace, more ...string) string {
	return rest.URLs{}.Web(append([]string{"snippets", w.Slug}, more...)...).Href
}

// trail leads to the snippets of a workspace.
func trail(w *workspace.Workspace) []page.Link {
	return []page.Link{{Name: w.Name, Href: rest.URLs{}.Web(w.Slug).Href}, {Name: "Snippets", Href: shelf(w)}}
}

// render makes a page of a snippet; tab is the last part of the current one's path.
func (p *Pages) render(r *page.Request, s *snippet.Snippet, template, tab, title string, content any) (page.Answer, error) {
	at := []page.Link{{Name: "Files", Href: address(s)}, {Name: "History", Href: address(s, "history")}}
	if p.may(r, access.Write) {
		at = append(at, page.Link{Name: "Edit", Href: address(s, "edit")})
	}
	if p.may(r, access.Admin) {
		at = append(at, page.Link{Name: "Delete", Href: address(s, "delete")})
	}
	current := address(s)
	if tab != "" {
		current = address(s, tab)
	}
	return r.Render(templates, page.View{Template: template, Title: title, Section: "workspaces", Trail: trail(&s.Workspace), Tabs: page.Marked(current, at...), Content: content})
}

// may tells whether the visitor has a privilege on the snippet of the page. What needs it decides itself; here it is asked, not to
// show a way that leads nowhere.
func (p *Pages) may(r *page.Request, privilege access.Level) bool {
	_, err := access.Visit(r.Site.Gate, r.Context(), r.Principal, p.Snippets.Snippets().Needs(privilege), r.PathValue)
	return err == nil
}
