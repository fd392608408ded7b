package pipelines

import (
	"fmt"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/pipeline"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
)

// boardPage is what the board of deployments shows.
type boardPage struct {
	within
	Columns []column
}

// column is an environment on the board.
type column struct {
	pipeline.Board
	Address string // of its history
	Now     *deployed
	Under   *deployed
	Promote *page.Form
}

// deployed is a deployment as a page shows it.
type deployed struct {
	Name, Href string
	For        target
	Mark       mark
	By         account.Person
	When       time.Time
	Took       string
}

func (p *Pages) deployed(repo *repository.Repository, d *pipeline.Deployment) *deployed {
	if d == nil {
		return nil
	}
	m := marks[d.State]
	if d.State == pipeline.Completed {
		m = marks[d.Result]
	}
	when := d.Completed
	if when.IsZero() {
		when = d.Started
	}
	return &deployed{fmt.Sprintf("#%d", d.Pipeline.Number), at(repo, &d.Pipeline, "steps", d.Step.ID), targetOf(repo, &d.Pipeline), m, d.Deployer, when, took(d.Started, d.Completed, p.Pipelines.Now())}
}

func (p *Pages) board(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	boards, err := p.Pipelines.Boards(r.Context(), repo)
	if err != nil {
		return page.Answer{}, err
	}
	content := &boardPage{within: p.about(r, repo, "deployments")}
	writes := page.May(r, p.Repositories.Repositories().Needs(access.Write))
	for _, b := range boards {
		c := column{Board: b, Address: address(repo, "deployments", b.Slug), Now: p.deployed(repo, b.Now), Under: p.deployed(repo, b.Under)}
		if writes && b.Next != nil {
			c.Promote = r.NewForm(address(repo, "deployments", b.Slug, "promote"), "Promote", page.Field{Name: "step", Type: "hidden", Value: b.Next.ID})
		}
		content.Columns = append(content.Columns, c)
	}
	return p.render(r, repo, "board", "pipelines", "Deployments", content)
}

// historyPage is what was deployed to an environment.
type historyPage struct {
	within
	Name  string
	Rows  []*deployed
	Pager page.Pager
}

func (p *Pages) history(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	name, all, more, err := p.Pipelines.Deployments(r.Context(), repo, r.PathValue("environment"), (r.Page()-1)*page.PageLength, page.PageLength)
	if err != nil {
		return page.Answer{}, err
	}
	content := &historyPage{within: p.about(r, repo, "deployments"), Name: name, Pager: r.Pager(more)}
	for i := range all {
		content.Rows = append(content.Rows, p.deployed(repo, &all[i]))
	}
	return p.render(r, repo, "history", "pipelines", "Deployments to "+name, content)
}

// promote deploys what is in an environment to the next one. The form names the step that it was made for, so that nothing else is deployed
// than what the page has shown.
func (p *Pages) promote(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	boards, err := p.Pipelines.Boards(r.Context(), repo)
	if err != nil {
		return page.Answer{}, err
	}
	for i := range boards {
		b := &boards[i]
		if b.Slug != r.PathValue("environment") {
			continue
		}
		if b.Next == nil || b.Next.ID != r.Form.Get("step") {
			return page.Answer{}, rest.Refuse(reason.ConflictState, "What is deployed there has changed since the page was shown. Look at it again.")
		}
		if _, err := p.Pipelines.Promote(r.Context(), repo, b.Now, account.PersonOf(r.Principal)); err != nil {
			return page.Answer{}, err
		}
		return r.Done(address(repo, "deployments"), fmt.Sprintf("#%d goes to %s.", b.Now.Pipeline.Number, b.NextTo))
	}
	return page.Answer{}, rest.Refuse(reason.ResourceNotFound, "The repository has no environment of this name.")
}
