package pulls

import (
	"embed"
	"errors"
	"html/template"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/branching"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/pullrequest"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/diff"
	"github.com/pailforge/pail/internal/web/page"
)

//go:embed templates/*.html
var files embed.FS

var templates = page.Parse(files, "templates/*.html")

// Code shows the code that a pull request is about, and begins the pages of a repository.
type Code interface {
	View(r *page.Request, repo *repository.Repository, template, tab, title string) page.View
	Between(r *page.Request, repo *repository.Repository, from, to gitstore.Hash) (template.HTML, error)
	Changes(r *page.Request, repo *repository.Repository, from, to gitstore.Hash, show diff.Show) (template.HTML, error)
	Builds(r *page.Request, repo *repository.Repository, hashes []gitstore.Hash) (map[gitstore.Hash]template.HTML, error)
	Statuses(r *page.Request, repo *repository.Repository, hash gitstore.Hash) (template.HTML, error)
	Rule(branching.Restriction) string
}

// Pages are the pages of this area. Its fields are what it stands on.
type Pages struct {
	PullRequests *pullrequest.Room
	Repositories *repository.Room
	Code         Code
}

// Mount adds the pages to a site.
func (p *Pages) Mount(s *page.Site) {
	const (
		all       = "/{workspace}/{repo_slug}/pull-requests"
		one       = all + "/{id}"
		reviewers = "/{workspace}/{repo_slug}/settings/default-reviewers"
	)
	repositories := p.Repositories.Repositories()
	read, takes, write, admin := repositories.Reads(), p.PullRequests.TakesPart(), repositories.Needs(access.Write), repositories.Needs(access.Admin)
	page.On(s, "GET "+all, read, p.list)
	page.On(s, "GET "+all+"/new", takes, p.new)
	page.On(s, "POST "+all+"/new", takes, p.create)
	page.On(s, "GET "+one, read, p.one(p.show))
	page.On(s, "GET "+one+"/edit", takes, p.one(p.edit))
	page.On(s, "POST "+one+"/edit", takes, p.one(p.change))
	page.On(s, "POST "+one+"/review", takes, p.one(p.review))
	page.On(s, "POST "+one+"/decline", takes, p.one(p.decline))
	page.On(s, "POST "+one+"/merge", write, p.one(p.merge))
	page.On(s, "GET "+one+"/files", read, p.one(p.files))
	page.On(s, "GET "+one+"/events", takes, p.one(p.events))
	page.On(s, "POST "+one+"/comments", takes, p.one(p.comment))
	page.On(s, "POST "+one+"/comments/{comment}", takes, p.one(p.onComment))
	page.On(s, "POST "+one+"/tasks", takes, p.one(p.ask))
	page.On(s, "POST "+one+"/tasks/{task}", takes, p.one(p.onTask))
	page.On(s, "POST "+one+"/publish", takes, p.one(p.publish))
	page.On(s, "GET "+one+"/comments/{comment}/suggestion", read, p.one(p.suggestion))
	page.On(s, "POST "+one+"/comments/{comment}/suggestion", takes, p.one(p.apply))
	page.On(s, "GET "+reviewers, admin, p.reviewers)
	page.On(s, "POST "+reviewers, admin, p.addReviewer)
	page.On(s, "POST "+reviewers+"/{id}", admin, p.removeReviewer)
}

// one finds the pull request that the path names, for h.
func (p *Pages) one(h func(*page.Request, *repository.Repository, *pullrequest.PullRequest) (page.Answer, error)) func(*page.Request, *repository.Repository) (page.Answer, error) {
	return func(r *page.Request, repo *repository.Repository) (page.Answer, error) {
		number, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
		if err != nil {
			return page.Answer{}, rest.Refuse(reason.ResourceNotFound, "Pull requests have numbers.")
		}
		pr, err := p.PullRequests.Find(r.Context(), repo, number)
		if err != nil {
			return page.Answer{}, err
		}
		return h(r, repo, pr)
	}
}

// within is what all pages of one repository show.
type within struct {
	Repository *repository.Repository
	Address    string // of the front page
}

// address is the path of a page of the repository.
func address(r *repository.Repository, more ...string) string {
	return rest.URLs{}.Web(append(r.Path(), more...)...).Href
}

// at is the path of the page of a pull request, or of what is below it.
func at(r *repository.Repository, pr *pullrequest.PullRequest, more ...string) string {
	return address(r, append([]string{"pull-requests", strconv.FormatInt(pr.Number, 10)}, more...)...)
}

func (p *Pages) render(r *page.Request, repo *repository.Repository, template, tab, title string, content any) (page.Answer, error) {
	v := p.Code.View(r, repo, template, tab, title)
	v.Content, v.Live = content, template == "show" || template == "files"
	return r.Render(templates, v)
}

// mark is a word for the state of something, and how it looks.
type mark struct {
	Word string
	Look string // good, soon, bad or ""
}

var states = map[string]mark{
	pullrequest.Open: {Word: "open"}, pullrequest.Merged: {"merged", "good"}, pullrequest.Declined: {"declined", "bad"}, pullrequest.Superseded: {Word: "superseded"},
	pullrequest.Draft: {"draft", "soon"},
}

// stateOf is the state of a pull request. A draft that is closed is not called one.
func stateOf(pr *pullrequest.PullRequest) mark {
	if pr.Draft && pr.State == pullrequest.Open {
		return states[pullrequest.Draft]
	}
	return states[pr.State]
}

// voice is somebody who takes part, and what they say.
type voice struct {
	pullrequest.Participant
	Said mark // "" for nothing
}

var said = map[string]mark{pullrequest.Approved: {"approved", "good"}, pullrequest.ChangesRequested: {"requests changes", "bad"}}

func voices(pr *pullrequest.PullRequest) (all []voice) {
	for _, t := range pr.Participants {
		all = append(all, voice{t, said[t.State]})
	}
	return all
}

// names are the usernames in a field, with commas or spaces between.
func names(text string) []string {
	return strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ' ' || c == '\r' || c == '\n' })
}

// sent is what a form says of a pull request.
func sent(r *page.Request) pullrequest.Proposal {
	return pullrequest.Proposal{Title: r.Form.Get("title"), Description: page.Lines(r.Form.Get("description")), Source: r.Form.Get("from"), Destination: r.Form.Get("destination.branch.name"),
		Reviewers: names(r.Form.Get("reviewers")), Draft: r.Form.Get("draft") == "true", CloseSource: r.Form.Get("close_source_branch") == "true"}
}

// fields are those of a form about a pull request.
func fields(m pullrequest.Proposal) []page.Field {
	return []page.Field{
		{Name: "title", Label: "Title", Value: m.Title, Required: true, Max: 255},
		{Name: "description", Label: "Description", Type: "textarea", Rows: 8, Value: m.Description, Max: 32 << 10, Help: "In Markdown."},
		{Name: "reviewers", Label: "Reviewers", Direction: "ltr", Max: 10_000, Value: strings.Join(m.Reviewers, ", "), Help: "Their usernames, with commas between."},
		{Name: "draft", Label: "A draft: it cannot be merged yet", Type: "checkbox", Value: "true", Checked: m.Draft},
		{Name: "close_source_branch", Label: "Delete the source branch once it is merged", Type: "checkbox", Value: "true", Checked: m.CloseSource},
	}
}

// blamed has a refusal name the fields of the form: the API counts reviewers.
func blamed(err error, m pullrequest.Proposal) error {
	e, ok := errors.AsType[*rest.Error](err)
	if !ok {
		return err
	}
	for name, problems := range e.Fields {
		digits, counted := strings.CutPrefix(name, "reviewers[")
		i, err := strconv.Atoi(strings.TrimSuffix(digits, "]"))
		if !counted || err != nil || i >= len(m.Reviewers) {
			continue
		}
		delete(e.Fields, name)
		for _, problem := range problems {
			e.Fields["reviewers"] = append(e.Fields["reviewers"], m.Reviewers[i]+": "+problem)
		}
	}
	return err
}
