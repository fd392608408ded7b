package issues

import (
	"embed"
	"errors"
	"strconv"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/issue"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
)

//go:embed templates/*.html
var files embed.FS

var templates = page.Parse(files, "templates/*.html")

// Code begins the pages of a repository.
type Code interface {
	View(r *page.Request, repo *repository.Repository, template, tab, title string) page.View
}

// Pages are the pages of this area. Its fields are what it stands on.
type Pages struct {
	Issues       *issue.Room
	Repositories *repository.Room
	Code         Code
}

// Mount adds the pages to a site.
func (p *Pages) Mount(s *page.Site) {
	const (
		all      = "/{workspace}/{repo_slug}/issues"
		one      = all + "/{id}"
		settings = "/{workspace}/{repo_slug}/settings/issues"
	)
	repositories := p.Repositories.Repositories()
	read, takes, writes, admin := repositories.Reads(), p.Issues.TakesPart(), p.Issues.Writes(), repositories.Needs(access.Admin)
	page.On(s, "GET "+all, read, p.on(p.list))
	page.On(s, "GET "+all+"/filters", takes, p.on(p.filters))
	page.On(s, "POST "+all+"/filters", takes, p.on(p.onFilter))
	page.On(s, "GET "+all+"/new", takes, p.on(p.new))
	page.On(s, "POST "+all+"/new", takes, p.on(p.report))
	page.On(s, "GET "+one, read, p.one(p.show))
	page.On(s, "GET "+one+"/edit", takes, p.one(p.edit))
	page.On(s, "POST "+one+"/edit", takes, p.one(p.change))
	page.On(s, "POST "+one+"/delete", writes, p.one(p.delete))
	page.On(s, "POST "+one+"/vote", takes, p.one(p.vote))
	page.On(s, "POST "+one+"/watch", takes, p.one(p.watch))
	page.On(s, "POST "+one+"/comments", takes, p.one(p.comment))
	page.On(s, "POST "+one+"/comments/{comment}", takes, p.one(p.onComment))
	page.Upload(s, "POST "+one+"/attachments", takes, p.one(p.attach))
	page.On(s, "GET "+one+"/attachments/{filename}", read, p.one(p.file))
	page.On(s, "POST "+one+"/attachments/{filename}", takes, p.one(p.detach))
	page.On(s, "GET "+settings, admin, p.settings)
	page.On(s, "POST "+settings, admin, p.turn)
	page.On(s, "POST "+settings+"/{labels}", admin, p.addLabel)
	page.On(s, "POST "+settings+"/{labels}/{label}", admin, p.onLabel)
}

type handler = func(*page.Request, *repository.Repository) (page.Answer, error)

// on lets h run for repositories that have an issue tracker.
func (p *Pages) on(h handler) handler {
	return func(r *page.Request, repo *repository.Repository) (page.Answer, error) {
		err := issue.On(repo)
		if off, ok := errors.AsType[*rest.Error](err); ok {
			err = page.Instead(off, "An administrator of the repository switches it on: `"+p.Issues.URLs.Base+address(repo, "settings", "issues")+"`.")
		}
		if err != nil {
			return page.Answer{}, err
		}
		return h(r, repo)
	}
}

// one finds the issue that the path names, for h.
func (p *Pages) one(h func(*page.Request, *repository.Repository, *issue.Issue) (page.Answer, error)) handler {
	return p.on(func(r *page.Request, repo *repository.Repository) (page.Answer, error) {
		number, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
		if err != nil {
			return page.Answer{}, rest.Refuse(reason.ResourceNotFound, "Issues have numbers.")
		}
		i, err := p.Issues.Find(r.Context(), p.Issues.DB, repo, number)
		if err != nil {
			return page.Answer{}, err
		}
		return h(r, repo, i)
	})
}

// within is what all pages of one repository show.
type within struct {
	Repository *repository.Repository
	Address    string // of the front page
}

// about begins what a page shows.
func about(repo *repository.Repository) within { return within{repo, address(repo)} }

// address is the path of a page of the repository.
func address(r *repository.Repository, more ...string) string {
	return rest.URLs{}.Web(append(r.Path(), more...)...).Href
}

// at is the path of the page of an issue, or of what is below it.
func at(r *repository.Repository, i *issue.Issue, more ...string) string {
	return address(r, append([]string{"issues", number(i.Number)}, more...)...)
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

func (p *Pages) render(r *page.Request, repo *repository.Repository, template, tab, title string, content any) (page.Answer, error) {
	v := p.Code.View(r, repo, template, tab, title)
	v.Content = content
	return r.Render(templates, v)
}

// mark is a word, and how it looks.
type mark struct {
	Word string
	Look string // good, soon, bad or ""
}

var looks = map[string]string{"resolved": "good", "closed": "good", "on hold": "soon", "blocker": "bad", "critical": "soon"}

func marked(word string) mark { return mark{word, looks[word]} }
