package wikis

import (
	"embed"
	"html/template"
	"path"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/sshkey"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/wiki"
)

//go:embed templates/*.html
var files embed.FS

var templates = page.Parse(files, "templates/*.html")

// Code begins the pages of a repository, and shows what is kept in git.
type Code interface {
	View(r *page.Request, repo *repository.Repository, template, tab, title string) page.View
	Author(all repository.Authors, who gitstore.Signature) (template.HTML, error)
	Files(r *page.Request, id string, q gitstore.DiffQuery) (template.HTML, error)
	Bytes(r *page.Request, id, revision, path string) (page.Answer, error)
}

// Pages are the pages of this area. Its fields are what it stands on.
type Pages struct {
	Wikis        *wiki.Room
	Repositories *repository.Room
	Code         Code
	URLs         rest.URLs
	SSH          *sshkey.Host // nil: Git over SSH is off
}

// maxForm is how large a form with the text of a page may be, in bytes: every byte of it may come as three.
const maxForm = 3*wiki.MaxText + page.MaxForm

// Mount adds the pages to a site.
func (p *Pages) Mount(s *page.Site) {
	const all = "/{workspace}/{repo_slug}/wiki"
	wikis := p.Wikis.Wikis()
	read, write := wikis.Reads(), wikis.Needs(access.Write)
	page.On(s, "GET "+all, read, p.open(p.front))
	page.On(s, "GET "+all+"/{page...}", read, p.open(p.elsewhere))
	page.On(s, "GET "+all+"/pages", read, p.open(p.list))
	page.On(s, "GET "+all+"/page/{page...}", read, p.open(p.show))
	page.On(s, "GET "+all+"/history/{page...}", read, p.open(p.history))
	page.On(s, "GET "+all+"/diff/{page...}", read, p.open(p.diff))
	page.On(s, "GET "+all+"/raw/{rev}/{page...}", read, p.open(p.raw))
	page.On(s, "GET "+all+"/new", write, p.open(p.new))
	page.Long(s, "POST "+all+"/new", maxForm, write, p.open(p.create))
	page.On(s, "GET "+all+"/edit/{page...}", write, p.open(p.edit))
	page.Long(s, "POST "+all+"/edit/{page...}", maxForm, write, p.open(p.save))
	page.Long(s, "POST "+all+"/preview", maxForm, write, p.open(p.preview))
	page.On(s, "POST "+all+"/delete/{page...}", write, p.open(p.delete))
}

// open finds the wiki of the repository that the path names, for h.
func (p *Pages) open(h func(*page.Request, *wiki.Wiki) (page.Answer, error)) func(*page.Request, *repository.Repository) (page.Answer, error) {
	return func(r *page.Request, repo *repository.Repository) (page.Answer, error) {
		w, err := p.Wikis.Open(r.Context(), repo)
		if err != nil {
			return page.Answer{}, err
		}
		return h(r, w)
	}
}

// within is what all pages of one wiki show.
type within struct {
	Repository *repository.Repository
	Address    string // of the front page of the repository
	Wiki       string // of that of the wiki
}

func around(w *wiki.Wiki) within {
	return within{w.Repository, rest.URLs{}.Web(w.Repository.Path()...).Href, address(w, "", "", "")}
}

// address is the path of a page about a page of a wiki; see wiki.Address.
func address(w *wiki.Wiki, kind, name, at string) string {
	return wiki.Address(rest.URLs{}, w.Repository, kind, name, at)
}

func (p *Pages) render(r *page.Request, w *wiki.Wiki, template, title string, content any) (page.Answer, error) {
	v := p.Code.View(r, w.Repository, template, "wiki", title)
	v.Content = content
	return r.Render(templates, v)
}

// may tells whether the visitor may write; what does so decides itself.
func (p *Pages) may(r *page.Request) bool {
	_, err := access.Visit(r.Site.Gate, r.Context(), r.Principal, p.Wikis.Wikis().Needs(access.Write), r.PathValue)
	return err == nil
}

// crumbs lead from the front of the wiki to a page; the last one is the page itself.
func crumbs(w *wiki.Wiki, name string) []page.Link {
	list := []page.Link{{Name: "Wiki", Href: address(w, "", "", "")}}
	parts := strings.Split(name, "/")
	for i, part := range parts {
		link := page.Link{Name: part}
		if i == len(parts)-1 {
			link.Name = label(part)
		}
		list = append(list, link)
	}
	return list
}

// label is the name of a page without the directories, and without the end that most have.
func label(name string) string { return strings.TrimSuffix(path.Base(name), ".md") }
