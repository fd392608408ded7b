package pulls

import (
	"errors"
	"net/http"
	"strings"

	"github.com/pailforge/pail/internal/pullrequest"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
)

// reviewersPage is what the list of default reviewers shows.
type reviewersPage struct {
	within
	Rows []reviewer
	Add  *page.Form
}

type reviewer struct {
	pullrequest.Default
	Remove *page.Form // nil for those of the project
}

func (p *Pages) reviewersContent(r *page.Request, repo *repository.Repository) (reviewersPage, error) {
	list := address(repo, "settings", "default-reviewers")
	content := reviewersPage{within: within{repo, address(repo)}, Add: r.NewForm(list, "Add the reviewer",
		page.Field{Name: "target_username", Label: "Username", Direction: "ltr", Required: true, Max: 255, Help: "Of a member of the workspace."})}
	all, err := p.PullRequests.AllDefaults(r.Context(), repo)
	for _, d := range all {
		one := reviewer{Default: d}
		if d.Own {
			one.Remove = r.NewForm(list+"/"+d.Who.ID, "Remove")
			one.Remove.Danger = true
		}
		content.Rows = append(content.Rows, one)
	}
	return content, err
}

func (p *Pages) renderReviewers(r *page.Request, repo *repository.Repository, content reviewersPage) (page.Answer, error) {
	return p.render(r, repo, "reviewers", "settings", "Default reviewers", content)
}

func (p *Pages) reviewers(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	content, err := p.reviewersContent(r, repo)
	if err != nil {
		return page.Answer{}, err
	}
	return p.renderReviewers(r, repo, content)
}

func (p *Pages) addReviewer(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	a, err := p.PullRequests.Account(r.Context(), strings.TrimSpace(r.Form.Get("target_username")))
	if unknown, ok := errors.AsType[*rest.Error](err); ok && unknown.Status == http.StatusNotFound {
		err = rest.InvalidField("target_username", "there is no such account")
	}
	if err == nil {
		if err = p.PullRequests.AddDefault(r.Context(), repo, &a); err == nil {
			return r.Done(address(repo, "settings", "default-reviewers"), a.DisplayName+" reviews new pull requests from now on.")
		}
	}
	content, missing := p.reviewersContent(r, repo)
	if missing != nil {
		return page.Answer{}, missing
	}
	return r.Again(content.Add, err, func() (page.Answer, error) { return p.renderReviewers(r, repo, content) })
}

func (p *Pages) removeReviewer(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	a, err := p.PullRequests.Account(r.Context(), rest.Braced(r.PathValue("id")))
	if err == nil {
		err = p.PullRequests.RemoveDefault(r.Context(), repo, &a)
	}
	if err != nil {
		return page.Answer{}, err
	}
	return r.Done(address(repo, "settings", "default-reviewers"), a.DisplayName+" is no default reviewer any more.")
}
