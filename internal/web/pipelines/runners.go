package pipelines

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/pipeline"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/workspace"
)

// runnersPage is what the pages of runners show.
type runnersPage struct {
	within
	Of    string
	Rows  []runnerRow
	Above int // runners of the workspace that take the same steps
	Add   *page.Form
	New   *newRunner // one that was just made
}

type runnerRow struct {
	pipeline.Runner
	Mark         mark
	Seen         time.Time
	Turn, Delete *page.Form
}

// newRunner is what is told of a runner once.
type newRunner struct{ Name, Config string }

var runnerMarks = map[string]mark{pipeline.Unregistered: {"not started yet", ""}, pipeline.Online: {"online", "good"}, pipeline.Offline: {"offline", "bad"}, pipeline.Disabled: {"off", ""}}

// mountRunners adds the pages of runners: of a repository, and of a workspace.
func (p *Pages) mountRunners(s *page.Site, admin access.Need[*repository.Repository], administers access.Need[workspace.Workspace]) {
	const ofRepository, ofAll = "/{workspace}/{repo_slug}/settings/pipelines/runners", "/{workspace}/settings/runners"
	of := func(h func(*page.Request, place) (page.Answer, error)) handler {
		return func(r *page.Request, repo *repository.Repository) (page.Answer, error) {
			return h(r, p.ofRepository(r, repo, "runners"))
		}
	}
	all := func(h func(*page.Request, place) (page.Answer, error)) func(*page.Request, workspace.Workspace) (page.Answer, error) {
		return func(r *page.Request, w workspace.Workspace) (page.Answer, error) {
			return h(r, ofWorkspace(w, "runners"))
		}
	}
	page.On(s, "GET "+ofRepository, admin, of(p.runners))
	page.On(s, "POST "+ofRepository, admin, of(p.addRunner))
	page.On(s, "POST "+ofRepository+"/{runner}", admin, of(p.onRunner))
	page.On(s, "GET "+ofAll, administers, all(p.runners))
	page.On(s, "POST "+ofAll, administers, all(p.addRunner))
	page.On(s, "POST "+ofAll+"/{runner}", administers, all(p.onRunner))
}

func (p *Pages) runnersContent(r *page.Request, at place) (*runnersPage, error) {
	content := &runnersPage{within: at.within, Of: at.of, Add: r.NewForm(at.path, "Add the runner", page.Field{Name: "name", Label: "Name", Required: true, Max: 50},
		page.Field{Name: "labels", Label: "Labels", Max: 500, Direction: "ltr", Help: "With spaces between. A step with runs-on goes to a runner that has all of its labels."})}
	all, err := p.Pipelines.RunnersOf(r.Context(), at.workspaceID, at.repositoryID)
	now := p.Pipelines.Now()
	for _, w := range all {
		row := runnerRow{Runner: w, Mark: runnerMarks[w.Status(now)], Seen: w.Seen, Turn: r.NewForm(at.path+"/"+w.ID, "Switch off", page.Field{Name: "do", Type: "hidden", Value: "disable"}),
			Delete: r.NewForm(at.path+"/"+w.ID, "Delete", page.Field{Name: "do", Type: "hidden", Value: "delete"})}
		if w.Disabled {
			row.Turn = r.NewForm(at.path+"/"+w.ID, "Switch on", page.Field{Name: "do", Type: "hidden", Value: "enable"})
		}
		row.Delete.Danger = true
		content.Rows = append(content.Rows, row)
	}
	if err == nil && at.above != "" {
		all, err = p.Pipelines.RunnersOf(r.Context(), at.above, "")
		for _, w := range all {
			if !w.Disabled {
				content.Above++
			}
		}
	}
	return content, err
}

func (p *Pages) renderRunners(r *page.Request, at place, content *runnersPage) (page.Answer, error) {
	v := at.view("runners", "Runners")
	v.Content = content
	return r.Render(templates, v)
}

func (p *Pages) runners(r *page.Request, at place) (page.Answer, error) {
	content, err := p.runnersContent(r, at)
	if err != nil {
		return page.Answer{}, err
	}
	return p.renderRunners(r, at, content)
}

// addRunner makes a runner, and shows once what it is to be set up with.
func (p *Pages) addRunner(r *page.Request, at place) (page.Answer, error) {
	w, secret, err := p.Pipelines.AddRunner(r.Context(), at.workspaceID, at.repositoryID, strings.TrimSpace(r.Form.Get("name")), strings.Fields(r.Form.Get("labels")))
	if _, refused := errors.AsType[*rest.Error](err); err != nil && !refused {
		return page.Answer{}, err
	}
	content, fault := p.runnersContent(r, at)
	if fault != nil {
		return page.Answer{}, fault
	}
	if err != nil {
		return r.Again(content.Add, err, func() (page.Answer, error) { return p.renderRunners(r, at, content) })
	}
	content.New = &newRunner{w.Name, p.Pipelines.RunnerConfig(&w, secret)}
	answer, err := p.renderRunners(r, at, content)
	answer.Status = http.StatusCreated
	return answer, err
}

// onRunner does with a runner what its form says.
func (p *Pages) onRunner(r *page.Request, at place) (page.Answer, error) {
	all, err := p.Pipelines.RunnersOf(r.Context(), at.workspaceID, at.repositoryID)
	if err != nil {
		return page.Answer{}, err
	}
	i := slices.IndexFunc(all, func(w pipeline.Runner) bool { return w.ID == r.PathValue("runner") })
	if i < 0 {
		return page.Answer{}, rest.Refuse(reason.ResourceNotFound, "There is no such runner here.")
	}
	said := ""
	switch r.Form.Get("do") {
	case "enable":
		err, said = p.Pipelines.EnableRunner(r.Context(), all[i].ID, true), "The runner is on."
	case "disable":
		err, said = p.Pipelines.EnableRunner(r.Context(), all[i].ID, false), "The runner is off: it gets no more steps."
	case "delete":
		err, said = p.Pipelines.RemoveRunner(r.Context(), all[i].ID), "The runner is deleted."
	default:
		err = rest.InvalidField("do", "enable, disable or delete it")
	}
	if err != nil {
		return page.Answer{}, err
	}
	return r.Done(at.path, said)
}
