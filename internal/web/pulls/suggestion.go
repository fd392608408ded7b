package pulls

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/highlight"
	"github.com/pailforge/pail/internal/pullrequest"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
)

// suggestionPage is what a comment suggests to put in place of its lines.
type suggestionPage struct {
	within
	*pullrequest.PullRequest
	At     string // address of the pull request
	By     account.Person
	File   template.HTML
	Lines  string // which, in words
	Now    template.HTML
	Shown  bool // Now is known
	Why    string
	Others []instead
}

// instead is one suggestion.
type instead struct {
	Text  template.HTML
	Gone  bool       // the lines go
	Apply *page.Form // nil: it cannot be applied
}

// suggestionAt is the address of what a comment suggests.
func suggestionAt(repo *repository.Repository, pr *pullrequest.PullRequest, comment int64) string {
	return at(repo, pr, "comments", strconv.FormatInt(comment, 10), "suggestion")
}

// applies are the forms that apply what a comment suggests, one for each of its suggestions.
func applies(r *page.Request, repo *repository.Repository, pr *pullrequest.PullRequest, s *pullrequest.Suggestion) (all []*page.Form) {
	for i := range s.Instead {
		all = append(all, r.NewForm(suggestionAt(repo, pr, s.Comment.ID), "Apply this suggestion", page.Field{Name: "suggestion", Type: "hidden", Value: strconv.Itoa(i)}))
	}
	return all
}

// suggested finds what the comment suggests that the path names.
func (p *Pages) suggested(r *page.Request, repo *repository.Repository, pr *pullrequest.PullRequest) (*pullrequest.Suggestion, error) {
	id, err := strconv.ParseInt(r.PathValue("comment"), 10, 64)
	if err != nil {
		return nil, rest.Refuse(reason.ResourceNotFound, "Comments have numbers.")
	}
	return p.PullRequests.Suggestion(r.Context(), r.Principal, repo, pr, id)
}

func (p *Pages) suggestion(r *page.Request, repo *repository.Repository, pr *pullrequest.PullRequest) (page.Answer, error) {
	s, err := p.suggested(r, repo, pr)
	if err != nil {
		return page.Answer{}, err
	}
	content := p.suggestionPage(r, repo, pr, s)
	return p.renderSuggestion(r, repo, content)
}

func (p *Pages) renderSuggestion(r *page.Request, repo *repository.Repository, content *suggestionPage) (page.Answer, error) {
	return p.render(r, repo, "suggestion", "pull-requests", "A suggestion", content)
}

func (p *Pages) suggestionPage(r *page.Request, repo *repository.Repository, pr *pullrequest.PullRequest, s *pullrequest.Suggestion) *suggestionPage {
	m := s.Comment
	content := &suggestionPage{within: within{repo, address(repo)}, PullRequest: pr, At: at(repo, pr), By: m.Author, Lines: fmt.Sprintf("line %d", m.To), Shown: s.Now != ""}
	if m.StartTo > 0 && m.StartTo < m.To {
		content.Lines = fmt.Sprintf("lines %d to %d", m.StartTo, m.To)
	}
	content.File, _ = highlight.Escape(m.Path)
	content.Now = escaped(s.Now)
	if refused, ok := errors.AsType[*rest.Error](s.Refused); ok {
		content.Why = problem(refused)
	}
	forms := applies(r, repo, pr, s)
	for i, text := range s.Instead {
		one := instead{Text: escaped(text), Gone: text == ""}
		if s.Refused == nil {
			one.Apply = forms[i]
		}
		content.Others = append(content.Others, one)
	}
	return content
}

// escaped is text of several lines as HTML, with what misleads in it made visible.
func escaped(text string) template.HTML {
	var all strings.Builder
	for line := range strings.Lines(text) {
		bare, end := strings.CutSuffix(line, "\n")
		shown, _ := highlight.Escape(bare)
		all.WriteString(string(shown))
		if end {
			all.WriteByte('\n')
		}
	}
	return template.HTML(all.String())
}

// apply makes a commit of a suggestion.
func (p *Pages) apply(r *page.Request, repo *repository.Repository, pr *pullrequest.PullRequest) (page.Answer, error) {
	s, err := p.suggested(r, repo, pr)
	if err != nil {
		return page.Answer{}, err
	}
	which, err := strconv.Atoi(r.Form.Get("suggestion"))
	if err != nil {
		return page.Answer{}, rest.InvalidField("suggestion", "it is counted from 0")
	}
	var hash gitstore.Hash
	if hash, err = p.PullRequests.Apply(r.Context(), r.Principal, repo, pr, s.Comment.ID, which); err == nil {
		return r.Done(at(repo, pr), "The suggestion is applied, as the commit "+hash.Short()+".")
	}
	if e, ok := errors.AsType[*rest.Error](err); !ok || e.Status >= http.StatusInternalServerError || which < 0 || which >= len(s.Instead) {
		return page.Answer{}, err
	}
	r.As(suggestionAt(repo, pr, s.Comment.ID), nil)
	content := p.suggestionPage(r, repo, pr, s)
	form := content.Others[which].Apply
	if form == nil {
		return page.Answer{}, err
	}
	return r.Again(form, err, func() (page.Answer, error) { return p.renderSuggestion(r, repo, content) })
}
