package pulls

import (
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/pullrequest"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/diff"
	"github.com/pailforge/pail/internal/web/page"
)

// newPage is what the page for a new pull request shows: which branches to choose, and once they are chosen, what lies between them.
type newPage struct {
	within
	Sources        []page.Option // repositories to choose from; none but the repository itself: nil
	Branches, Into []string      // to choose from
	From, To       string        // as they were entered
	Problem        string        // with them

	Form             *page.Form // nil: no branches were chosen, or nothing can be made of them
	Existing         string     // address of the one that is open for the two branches; "" for none
	Commits, Changes template.HTML
}

// Limits of what there is to choose from.
const (
	maxSources  = 50
	maxBranches = 500
)

// chosen is the repository that a pull request is to come from, which the visitor may read.
func (p *Pages) chosen(r *page.Request, repo *repository.Repository, fullName string) (*repository.Repository, error) {
	if fullName == "" || fullName == repo.FullName() {
		return repo, nil
	}
	workspace, slug, _ := strings.Cut(fullName, "/")
	names := map[string]string{"workspace": workspace, "repo_slug": slug}
	source, err := access.Visit(r.Site.Gate, r.Context(), r.Principal, p.Repositories.Repositories().Reads(), func(name string) string { return names[name] })
	if refused, ok := errors.AsType[*rest.Error](err); ok && refused.Status != http.StatusInternalServerError {
		return nil, rest.InvalidField("source.repository", "there is no such repository, or you may not see it")
	}
	if _, moved := errors.AsType[*access.Moved](err); moved {
		err = nil
	}
	return source, err
}

// choices begins the page.
func (p *Pages) choices(r *page.Request, repo, source *repository.Repository, from, to string) (content newPage, err error) {
	content = newPage{within: within{repo, address(repo)}, From: from, To: to}
	all, err := p.PullRequests.Sources(r.Context(), r.Principal, repo, maxSources)
	if err != nil {
		return content, err
	}
	known := false
	for _, one := range all {
		known = known || one.ID == source.ID
		content.Sources = append(content.Sources, page.Option{Value: one.FullName(), Name: one.FullName(), Selected: one.ID == source.ID})
	}
	if !known {
		content.Sources = append(content.Sources, page.Option{Value: source.FullName(), Name: source.FullName(), Selected: true})
	}
	if len(content.Sources) == 1 {
		content.Sources = nil
	}
	if content.Into, _, _, err = p.Repositories.Names(r.Context(), repo, maxBranches); err != nil {
		return content, err
	}
	content.Branches, _, _, err = p.Repositories.Names(r.Context(), source, maxBranches)
	return content, err
}

// preview adds what lies between the two branches, and the form.
func (p *Pages) preview(r *page.Request, repo, source *repository.Repository, content *newPage) error {
	pr, err := p.PullRequests.Preview(r.Context(), r.Principal, repo, source, content.From, content.To)
	if refused, ok := errors.AsType[*rest.Error](err); ok && refused.Status < http.StatusInternalServerError {
		content.Problem = problem(refused)
		return nil
	}
	if err != nil {
		return err
	}
	other, err := p.PullRequests.Existing(r.Context(), pr)
	if err != nil {
		return err
	}
	if other != 0 {
		content.Existing = address(repo, "pull-requests", strconv.FormatInt(other, 10))
	}
	m := pullrequest.Proposal{Title: content.From}
	tip, err := p.Repositories.Git.Commit(r.Context(), repo.ID, pr.SourceHash)
	if err != nil {
		return err
	}
	if summary := tip.Summary(); summary != "" && utf8.ValidString(summary) && utf8.RuneCountInString(summary) <= 255 {
		m.Title = summary
	}
	defaults, err := p.PullRequests.Defaults(r.Context(), r.Principal, repo)
	if err != nil {
		return err
	}
	for _, a := range defaults {
		m.Reviewers = append(m.Reviewers, a.Username)
	}
	content.Form = r.NewForm(address(repo, "pull-requests", "new"), "Open the pull request", append(fields(m),
		page.Field{Name: "source", Type: "hidden", Value: source.FullName()}, page.Field{Name: "from", Type: "hidden", Value: content.From},
		page.Field{Name: "destination.branch.name", Type: "hidden", Value: content.To})...)
	if len(defaults) > 0 {
		content.Form.Fields[2].Help += " The default reviewers are asked in any case."
	}
	if content.Commits, err = p.Code.Between(r, repo, pr.DestinationHash, pr.SourceHash); err != nil {
		return err
	}
	content.Changes, err = p.Code.Changes(r, repo, pr.DestinationHash, pr.SourceHash, diff.Show{})
	return err
}

// problem is what a refusal says of what was entered.
func problem(e *rest.Error) string {
	for _, problems := range e.Fields {
		return problems[0]
	}
	if text, ok := e.Detail.(string); ok && text != "" {
		return text
	}
	return e.Message
}

func (p *Pages) new(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	q := r.URL.Query()
	source, err := p.chosen(r, repo, q.Get("source"))
	wrong, refused := errors.AsType[*rest.Error](err)
	if refused {
		source = repo
	} else if err != nil {
		return page.Answer{}, err
	}
	to := strings.TrimSpace(q.Get("to"))
	if !q.Has("to") {
		to = repo.MainBranch
	}
	content, err := p.choices(r, repo, source, strings.TrimSpace(q.Get("from")), to)
	switch {
	case err != nil:
	case refused:
		content.Problem = problem(wrong)
	case content.From != "" && content.To != "":
		err = p.preview(r, repo, source, &content)
	}
	if err != nil {
		return page.Answer{}, err
	}
	return p.renderNew(r, repo, content)
}

func (p *Pages) renderNew(r *page.Request, repo *repository.Repository, content newPage) (page.Answer, error) {
	return p.render(r, repo, "new", "pull-requests", "New pull request", content)
}

func (p *Pages) create(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	m := sent(r)
	source, err := p.chosen(r, repo, r.Form.Get("source"))
	if err != nil {
		return page.Answer{}, err
	}
	pr, err := p.PullRequests.Propose(r.Context(), r.Principal, repo, source, m)
	if err == nil {
		return r.Done(at(repo, pr), "The pull request is open.")
	}
	err = blamed(err, m)
	r.As(address(repo, "pull-requests", "new"), url.Values{"source": {source.FullName()}, "from": {m.Source}, "to": {m.Destination}})
	content, missing := p.choices(r, repo, source, m.Source, m.Destination)
	if missing == nil {
		missing = p.preview(r, repo, source, &content)
	}
	if missing != nil {
		return page.Answer{}, missing
	}
	if content.Form == nil { // the branches are to blame, and the page says so
		content.Form = r.NewForm("", "")
		return r.Again(content.Form, err, func() (page.Answer, error) {
			content.Form = nil
			return p.renderNew(r, repo, content)
		})
	}
	return r.Again(content.Form, err, func() (page.Answer, error) { return p.renderNew(r, repo, content) })
}
