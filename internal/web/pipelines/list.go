package pipelines

import (
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/pipeline"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/web/page"
)

// listPage is what the list of pipelines shows.
type listPage struct {
	within
	Rows    []row
	Branch  string
	States  []page.Option
	Run     string // address; "" for who may not
	Enabled bool
	Turn    string // address where it is switched on; "" for who may not
	All     bool   // it is not narrowed
	Pager   page.Pager
}

// row is a pipeline in the list.
type row struct {
	*pipeline.Pipeline
	Address string
	Mark    mark
	For     target
	By      account.Person
	How     string
	Took    string
}

// states are what the list can be narrowed to.
var states = []string{pipeline.Pending, pipeline.Running, pipeline.Paused, pipeline.Successful, pipeline.Failed, pipeline.Errored, pipeline.Stopped, pipeline.Expired}

func (p *Pages) list(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	q := r.URL.Query()
	branch, state := strings.TrimSpace(q.Get("branch")), strings.ToUpper(q.Get("state"))
	if !slices.Contains(states, state) {
		state = ""
	}
	rows, more, err := p.Pipelines.Search(r.Context(), repo, pipeline.Search{Branch: branch, Status: state, Offset: (r.Page() - 1) * page.PageLength, Limit: page.PageLength})
	if err != nil {
		return page.Answer{}, err
	}
	content := &listPage{within: p.about(r, repo, "pipelines"), Branch: branch, All: branch == "" && state == "" && r.Page() == 1, Pager: r.Pager(more), States: []page.Option{{Name: "In any state"}}}
	for _, s := range states {
		content.States = append(content.States, page.Option{Value: strings.ToLower(s), Name: marks[s].Word, Selected: s == state})
	}
	now := p.Pipelines.Now()
	for i := range rows {
		of := &rows[i]
		content.Rows = append(content.Rows, row{of, at(repo, of), pipelineMark(of), targetOf(repo, of), of.Creator, triggers[of.Trigger], took(of.Started, of.Completed, now)})
	}
	if content.Enabled, err = p.Pipelines.Enabled(r.Context(), repo); err != nil {
		return page.Answer{}, err
	}
	repositories := p.Repositories.Repositories()
	if content.Enabled && page.May(r, repositories.Needs(access.Write)) {
		content.Run = address(repo, "pipelines", "new")
	}
	if !content.Enabled && page.May(r, repositories.Needs(access.Admin)) {
		content.Turn = address(repo, "settings", "pipelines")
	}
	return p.render(r, repo, "list", "pipelines", "Pipelines", content)
}
