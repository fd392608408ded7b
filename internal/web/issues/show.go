package issues

import (
	"fmt"
	"html/template"
	"net/url"

	"github.com/pailforge/pail/internal/highlight"
	"github.com/pailforge/pail/internal/issue"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
)

// showPage is what the page of one issue shows.
type showPage struct {
	within
	*issue.Issue
	At       string // address of the page
	Shown    mark
	Urgent   mark
	Text     template.HTML // the description; "" for none
	Labels   []labelled
	Entries  []*entry
	Earlier  bool // more happened before what is shown
	Files    []attached
	Attach   *page.Form   // nil for who may not
	Say      *page.Form   // nil for who may not
	Edit     string       // address; "" for who may not
	Do       []*page.Form // what the visitor can do at once
	Delete   *page.Form   // nil for who may not
	Votes    int64
	Watchers int64
}

// labelled is a component, milestone or version that an issue is of.
type labelled struct{ Kind, Name, Href string }

func (p *Pages) show(r *page.Request, repo *repository.Repository, i *issue.Issue) (page.Answer, error) {
	content, err := p.content(r, repo, i)
	if err != nil {
		return page.Answer{}, err
	}
	return p.renderOne(r, repo, content)
}

func (p *Pages) renderOne(r *page.Request, repo *repository.Repository, content *showPage) (page.Answer, error) {
	title := []rune(highlight.Visible(content.Title))
	return p.render(r, repo, "show", "issues", fmt.Sprintf("%s · Issue %d", string(title[:min(len(title), 80)]), content.Number), content)
}

func (p *Pages) content(r *page.Request, repo *repository.Repository, i *issue.Issue) (*showPage, error) {
	content := &showPage{within: about(repo), Issue: i, At: at(repo, i), Shown: marked(i.State), Urgent: marked(i.Priority), Votes: i.Votes, Watchers: i.Watches}
	for _, kind := range kinds {
		if name := kind.of(i); name != "" {
			content.Labels = append(content.Labels, labelled{kind.Name, name, listed(repo, url.Values{kind.String(): {name}, "state": {anyState}}.Encode())})
		}
	}
	if err := p.history(r, repo, content); err != nil {
		return nil, err
	}
	if err := p.attachments(r, repo, content); err != nil {
		return nil, err
	}
	return content, p.forms(r, repo, content)
}

// forms adds what the visitor can do.
func (p *Pages) forms(r *page.Request, repo *repository.Repository, content *showPage) error {
	i := content.Issue
	if r.Self == nil || !page.May(r, p.Issues.TakesPart()) {
		return nil
	}
	changes := p.Issues.MayChange(r.Context(), r.Principal, repo, i) == nil
	content.Say = saying(r, repo, i, changes)
	if changes {
		content.Edit, content.Attach = at(repo, i, "edit"), attaching(r, repo, i)
		if i.Assignee == nil || i.Assignee.ID != r.Self.ID {
			content.Do = append(content.Do, r.NewForm(at(repo, i, "edit"), "Assign it to me", page.Field{Name: "assignee", Type: "hidden", Value: r.Self.Username}))
		}
	}
	votes, watches, err := p.Issues.Follows(r.Context(), i, r.Self.ID)
	if err != nil {
		return err
	}
	for _, one := range []struct {
		to, name, do, undo string
		done               bool
	}{{"vote", "votes", "Vote for it", "Take back your vote", votes}, {"watch", "watches", "Watch it", "Stop watching it", watches}} {
		value, submit := "true", one.do
		if one.done {
			value, submit = "false", one.undo
		}
		content.Do = append(content.Do, r.NewForm(at(repo, i, one.to), submit, page.Field{Name: one.name, Type: "hidden", Value: value}))
	}
	if page.May(r, p.Issues.Writes()) {
		content.Delete = r.NewForm(at(repo, i, "delete"), "Delete it for good")
		content.Delete.Danger = true
	}
	return nil
}

// again shows the page of an issue once more, as it is now, after a form on it was refused.
func (p *Pages) again(r *page.Request, repo *repository.Repository, i *issue.Issue, refused error, which func(*showPage) *page.Form) (page.Answer, error) {
	if !shown(refused) {
		return page.Answer{}, refused
	}
	r.As(at(repo, i), nil)
	now, err := p.Issues.Find(r.Context(), p.Issues.DB, repo, i.Number)
	if err != nil {
		return page.Answer{}, err
	}
	content, err := p.content(r, repo, now)
	if err != nil {
		return page.Answer{}, err
	}
	form := which(content)
	if form == nil {
		return page.Answer{}, refused
	}
	return r.Again(form, refused, func() (page.Answer, error) { return p.renderOne(r, repo, content) })
}

func (p *Pages) vote(r *page.Request, repo *repository.Repository, i *issue.Issue) (page.Answer, error) {
	votes := r.Form.Get("votes") == "true"
	if err := p.Issues.Vote(r.Context(), r.Principal, i, votes); err != nil {
		return page.Answer{}, err
	}
	return r.Done(at(repo, i), map[bool]string{true: "You vote for it.", false: "Your vote is taken back."}[votes])
}

func (p *Pages) watch(r *page.Request, repo *repository.Repository, i *issue.Issue) (page.Answer, error) {
	watches := r.Form.Get("watches") == "true"
	if err := p.Issues.Watch(r.Context(), r.Principal, i, watches); err != nil {
		return page.Answer{}, err
	}
	return r.Done(at(repo, i), map[bool]string{true: "You watch it.", false: "You do not watch it any more."}[watches])
}

// notNumber is the answer to a comment or label whose id is none.
func notNumber(what string) error {
	return rest.Refuse(reason.ResourceNotFound, what+" have numbers.")
}
