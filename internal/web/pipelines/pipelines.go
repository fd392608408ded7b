package pipelines

import (
	"embed"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/pipeline"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/workspace"
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
	Pipelines    *pipeline.Room
	Repositories *repository.Room
	Workspaces   *workspace.Room
	Code         Code
	URLs         rest.URLs
}

// Mount adds the pages to a site.
func (p *Pages) Mount(s *page.Site) {
	const (
		repo        = "/{workspace}/{repo_slug}"
		all         = repo + "/pipelines"
		one         = all + "/results/{number}"
		step        = one + "/steps/{step}"
		schedules   = all + "/schedules"
		deployments = repo + "/deployments"
		settings    = repo + "/settings/pipelines"
	)
	repositories, workspaces := p.Repositories.Repositories(), p.Workspaces.Workspaces()
	read, write, admin := repositories.Reads(), repositories.Needs(access.Write), repositories.Needs(access.Admin)
	page.On(s, "GET "+all, read, p.list)
	page.On(s, "GET "+all+"/new", write, p.new)
	page.On(s, "POST "+all+"/new", write, p.run)
	page.On(s, "GET "+one, read, p.one(p.show))
	page.On(s, "GET "+one+"/events", read, p.one(p.events))
	page.On(s, "POST "+one+"/stop", write, p.one(p.stop))
	page.On(s, "POST "+one+"/rerun", write, p.one(p.rerun))
	page.On(s, "GET "+step, read, p.step(p.showStep))
	page.On(s, "POST "+step+"/start", write, p.step(p.startStep))
	page.On(s, "GET "+step+"/logs/{log}", read, p.step(p.wholeLog))
	page.On(s, "GET "+step+"/artifacts/{artifact}", read, p.step(p.artifact))
	page.On(s, "GET "+schedules, read, p.schedules)
	page.On(s, "POST "+schedules, write, p.addSchedule)
	page.On(s, "POST "+schedules+"/{schedule}", write, p.onSchedule)
	page.On(s, "GET "+deployments, read, p.board)
	page.On(s, "GET "+deployments+"/{environment}", read, p.history)
	page.On(s, "POST "+deployments+"/{environment}/promote", write, p.promote)
	page.On(s, "GET "+settings, admin, p.settings)
	page.On(s, "POST "+settings, admin, p.turn)
	page.On(s, "POST "+settings+"/environments", admin, p.addEnvironment)
	page.On(s, "POST "+settings+"/environments/{environment}", admin, p.onEnvironment)
	p.mountVariables(s, admin, workspaces.Needs(access.Admin))
	p.mountRunners(s, admin, workspaces.Needs(access.Admin))
}

type handler = func(*page.Request, *repository.Repository) (page.Answer, error)

// one finds the pipeline that the path names, for h.
func (p *Pages) one(h func(*page.Request, *repository.Repository, *pipeline.Pipeline) (page.Answer, error)) handler {
	return func(r *page.Request, repo *repository.Repository) (page.Answer, error) {
		found, err := p.Pipelines.Find(r.Context(), repo, r.PathValue("number"))
		if err != nil {
			return page.Answer{}, err
		}
		return h(r, repo, found)
	}
}

// step finds the step of a pipeline that the path names, for h.
func (p *Pages) step(h func(*page.Request, *repository.Repository, *pipeline.Pipeline, *pipeline.Step) (page.Answer, error)) handler {
	return p.one(func(r *page.Request, repo *repository.Repository, of *pipeline.Pipeline) (page.Answer, error) {
		found, err := p.Pipelines.Step(r.Context(), of, r.PathValue("step"))
		if err != nil {
			return page.Answer{}, err
		}
		return h(r, repo, of, &found)
	})
}

// within is what all pages of one repository show.
type within struct {
	Repository *repository.Repository
	Address    string      // of the front page
	Parts      []page.Link // the pages about pipelines
}

// about begins what a page shows; at is the path of the current one below the repository's.
func (p *Pages) about(r *page.Request, repo *repository.Repository, at ...string) within {
	parts := []page.Link{{Name: "Pipelines", Href: address(repo, "pipelines")}, {Name: "Schedules", Href: address(repo, "pipelines", "schedules")}, {Name: "Deployments", Href: address(repo, "deployments")}}
	if page.May(r, p.Repositories.Repositories().Needs(access.Admin)) {
		parts = append(parts, page.Link{Name: "Set-up", Href: address(repo, "settings", "pipelines")}, page.Link{Name: "Variables", Href: address(repo, "settings", "pipelines", "variables")},
			page.Link{Name: "Runners", Href: address(repo, "settings", "pipelines", "runners")})
	}
	return within{repo, address(repo), page.Marked(address(repo, at...), parts...)}
}

// address is the path of a page of the repository.
func address(r *repository.Repository, more ...string) string {
	return rest.URLs{}.Web(append(r.Path(), more...)...).Href
}

// at is the path of the page of a pipeline, or of what is below it.
func at(r *repository.Repository, of *pipeline.Pipeline, more ...string) string {
	return address(r, append([]string{"pipelines", "results", strconv.FormatInt(of.Number, 10)}, more...)...)
}

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

var marks = map[string]mark{
	pipeline.Pending: {"waiting", ""}, pipeline.Running: {"running", "soon"}, pipeline.Paused: {"paused", "soon"}, pipeline.Successful: {"successful", "good"}, pipeline.Failed: {"failed", "bad"},
	pipeline.Errored: {"error", "bad"}, pipeline.Stopped: {"stopped", ""}, pipeline.Expired: {"expired", "bad"}, pipeline.NotRun: {"not run", ""}, pipeline.Ready: {"waiting for a runner", ""},
	pipeline.InProgress: {"running", "soon"}, pipeline.Undeployed: {"not deployed", ""},
}

// stepMark is how a step stands.
func stepMark(s *pipeline.Step) mark {
	switch {
	case s.State == pipeline.Completed:
		return marks[s.Result]
	case s.State == pipeline.InProgress && s.Stopping:
		return mark{"stopping", "soon"}
	case s.Waits == pipeline.ForSomebody:
		return mark{"to be started", "soon"}
	case s.Waits == pipeline.ForEnvironment:
		return mark{"waiting for the environment", ""}
	case s.Waits == pipeline.ForGroup:
		return mark{"waiting for its group", ""}
	}
	return marks[s.State]
}

// pipelineMark is how a pipeline stands.
func pipelineMark(of *pipeline.Pipeline) mark {
	if of.Stopping && !of.Ended() {
		return mark{"stopping", "soon"}
	}
	return marks[of.Status]
}

// long is a length of time for people: 8 s, 2 min 5 s, 1 h 10 min.
func long(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d < 0:
		return "0 s"
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
}

// took is how long something has taken that began and ended then, or goes on; "" where it has not begun.
func took(began, ended, now time.Time) string {
	switch {
	case began.IsZero():
		return ""
	case ended.IsZero():
		ended = now
	}
	return long(ended.Sub(began))
}

// target is what a pipeline runs for.
type target struct {
	Name, Href string
	Commit     string // the beginning of its hash
	CommitHref string
	What       string // the pipeline of the file
}

func targetOf(repo *repository.Repository, of *pipeline.Pipeline) target {
	t := &of.Target
	shown := target{Name: t.RefName, Commit: t.Commit.Short(), CommitHref: address(repo, "commit", string(t.Commit)), What: string(t.Selector.Type)}
	if t.Selector.Pattern != "" {
		shown.What += ": " + t.Selector.Pattern
	}
	switch {
	case t.PullRequest != 0:
		id := strconv.FormatInt(t.PullRequest, 10)
		shown.Name, shown.Href = "Pull request "+id, address(repo, "pull-requests", id)
	case t.RefType == "branch":
		shown.Href = address(repo, append([]string{"branch"}, strings.Split(t.RefName, "/")...)...)
	}
	return shown
}

var triggers = map[string]string{pipeline.Push: "after a push", pipeline.Manual: "by hand", pipeline.Scheduled: "by a schedule", pipeline.ParentStep: "for a step of another pipeline"}
