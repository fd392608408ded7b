package pulls

import (
	"strings"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/pullrequest"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
)

// editPage is what the page shows on which a pull request is changed.
type editPage struct {
	within
	*pullrequest.PullRequest
	At   string
	Form *page.Form
}

// editing is the page, for who may change the pull request while it is open.
func (p *Pages) editing(r *page.Request, repo *repository.Repository, pr *pullrequest.PullRequest) (editPage, error) {
	content := editPage{within: within{repo, address(repo)}, PullRequest: pr, At: at(repo, pr)}
	if err := p.PullRequests.MayChange(r.Context(), r.Principal, repo, pr); err != nil {
		return content, err
	}
	if pr.State != pullrequest.Open {
		return content, nil
	}
	m := pullrequest.Proposal{Title: pr.Title, Description: pr.Description, Draft: pr.Draft, CloseSource: pr.CloseSource}
	for _, a := range pr.Reviewers() {
		m.Reviewers = append(m.Reviewers, a.Username)
	}
	content.Form = r.NewForm(at(repo, pr, "edit"), "Save", append(fields(m),
		page.Field{Name: "destination.branch.name", Label: "Destination branch", Direction: "ltr", Required: true, Max: 1000, Value: pr.DestinationBranch})...)
	return content, nil
}

func (p *Pages) renderEdit(r *page.Request, repo *repository.Repository, content editPage) (page.Answer, error) {
	return p.render(r, repo, "edit", "pull-requests", "Change a pull request", content)
}

func (p *Pages) edit(r *page.Request, repo *repository.Repository, pr *pullrequest.PullRequest) (page.Answer, error) {
	content, err := p.editing(r, repo, pr)
	if err != nil {
		return page.Answer{}, err
	}
	return p.renderEdit(r, repo, content)
}

func (p *Pages) change(r *page.Request, repo *repository.Repository, pr *pullrequest.PullRequest) (page.Answer, error) {
	m := sent(r)
	_, err := p.PullRequests.Revise(r.Context(), r.Principal, repo, pr, m)
	if err == nil {
		return r.Done(at(repo, pr), "The pull request is changed.")
	}
	content, missing := p.editing(r, repo, pr)
	if missing != nil {
		return page.Answer{}, missing
	}
	if content.Form == nil { // it was closed meanwhile
		return page.Answer{}, err
	}
	return r.Again(content.Form, blamed(err, m), func() (page.Answer, error) { return p.renderEdit(r, repo, content) })
}

// spoken are the sentences that follow what somebody has said.
var spoken = map[string]string{pullrequest.Approved: "You have approved it.", pullrequest.ChangesRequested: "You have requested changes.",
	"no " + pullrequest.Approved: "Your approval is taken back.", "no " + pullrequest.ChangesRequested: "Your request for changes is taken back."}

func (p *Pages) review(r *page.Request, repo *repository.Repository, pr *pullrequest.PullRequest) (page.Answer, error) {
	say := r.Form.Get("say")
	sentence, ok := spoken[say]
	if !ok {
		return page.Answer{}, rest.InvalidField("say", "approve it, request changes, or take one back")
	}
	who := &account.Account{Account: *r.Self}
	var err error
	if state, back := strings.CutPrefix(say, "no "); back {
		err = p.PullRequests.Unsay(r.Context(), repo, pr, who, state)
	} else {
		_, err = p.PullRequests.Say(r.Context(), repo, pr, who, state)
	}
	if err != nil {
		return page.Answer{}, err
	}
	return r.Done(at(repo, pr), sentence)
}

func (p *Pages) decline(r *page.Request, repo *repository.Repository, pr *pullrequest.PullRequest) (page.Answer, error) {
	if _, err := p.PullRequests.Decline(r.Context(), r.Principal, repo, pr, page.Lines(r.Form.Get("reason"))); err != nil {
		return p.again(r, repo, pr, err, func(s *showPage) *page.Form { return s.Decline })
	}
	return r.Done(at(repo, pr), "The pull request is declined.")
}

func (p *Pages) merge(r *page.Request, repo *repository.Repository, pr *pullrequest.PullRequest) (page.Answer, error) {
	order, err := pullrequest.NewOrder(r.Form.Get("merge_strategy"), page.Lines(r.Form.Get("message")), r.Form.Get("close_source_branch") == "true")
	if err == nil {
		_, err = p.PullRequests.Merge(r.Context(), r.Principal, repo, pr.Number, order)
	}
	if err == nil {
		return r.Done(at(repo, pr), "The pull request is merged.")
	}
	return p.again(r, repo, pr, err, func(s *showPage) *page.Form {
		if s.Merge == nil {
			return nil
		}
		return s.Merge.Form
	})
}
