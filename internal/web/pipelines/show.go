package pipelines

import (
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/pipeline"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
)

// showPage is what the page of a pipeline shows, with one of its steps.
type showPage struct {
	within
	*pipeline.Pipeline
	At     string // address of the page, with the step
	Watch  string // what tells of changes; "": nobody may follow, or there is nothing more to come
	Mark   mark
	For    target
	How    string
	Took   string
	Error  []string // why it did not run, in lines
	Given  []pipeline.Given
	Groups []group
	Do     []*page.Form
	Chosen *stepPart // nil: there are no steps
}

// group is a column of the graph.
type group struct {
	Name  string // of a stage, or what it is
	Boxes []box
}

// box is a step in the graph.
type box struct {
	Name, Href string
	Mark       mark
	Took       string
	Current    bool
	To         string // the environment that it deploys to; ""
}

// stepPart is the step that is looked at.
type stepPart struct {
	*pipeline.Step
	At       string
	Title    string
	Mark     mark
	Took     string
	Image    string
	Why      string // it ended, beside what it printed
	Releaser account.Person
	Attempts []page.Link
	Start    *page.Form // nil: it does not wait for anybody, or the visitor may not
	Logs     []logLink
	Sections []section
	Before   int64 // bytes of the log that are left out in front
	Cut      string
	Query    string
	Hits     []hit
	More     bool // more was found
	Left     []artifactLink
	Tests    *pipeline.TestReport
	Failures []failure
}

type logLink struct {
	Name, Href string
	Size       int64
	Current    bool
}

type artifactLink struct {
	Name, Href string
	Size       int64
}

// failure is a test that was not successful.
type failure struct{ Name, Message, Output string }

// maxFailures is how many tests that were not successful a page shows.
const maxFailures = 50

func decimal(n int) string { return strconv.Itoa(n) }

// number counts the steps that have no name.
func title(s *pipeline.Step) string {
	if s.Name != "" {
		return s.Name
	}
	return fmt.Sprintf("Step %d", s.Position+1)
}

func (p *Pages) show(r *page.Request, repo *repository.Repository, of *pipeline.Pipeline) (page.Answer, error) {
	return p.showOne(r, repo, of, nil)
}

func (p *Pages) showStep(r *page.Request, repo *repository.Repository, of *pipeline.Pipeline, s *pipeline.Step) (page.Answer, error) {
	return p.showOne(r, repo, of, s)
}

func (p *Pages) showOne(r *page.Request, repo *repository.Repository, of *pipeline.Pipeline, chosen *pipeline.Step) (page.Answer, error) {
	content, err := p.content(r, repo, of, chosen)
	if err != nil {
		return page.Answer{}, err
	}
	return p.renderOne(r, repo, content)
}

func (p *Pages) renderOne(r *page.Request, repo *repository.Repository, content *showPage) (page.Answer, error) {
	v := p.Code.View(r, repo, "show", "pipelines", fmt.Sprintf("Pipeline #%d", content.Number))
	v.Content, v.Live = content, content.Watch != ""
	return r.Render(templates, v)
}

// pick is the step that is looked at where nobody has chosen one: what runs, what has failed, or what waits for somebody; else the first.
func pick(groups []pipeline.Group) *pipeline.Step {
	var best *pipeline.Step
	rank := -1
	for g := range groups {
		for i := range groups[g].Steps {
			s, n := &groups[g].Steps[i], 0
			switch {
			case s.State == pipeline.InProgress:
				n = 3
			case s.Result == pipeline.Failed || s.Result == pipeline.Errored || s.Result == pipeline.Expired:
				n = 2
			case s.Waits == pipeline.ForSomebody:
				n = 1
			}
			if n > rank {
				best, rank = s, n
			}
		}
	}
	return best
}

func (p *Pages) content(r *page.Request, repo *repository.Repository, of *pipeline.Pipeline, chosen *pipeline.Step) (*showPage, error) {
	ctx, now := r.Context(), p.Pipelines.Now()
	content := &showPage{within: p.about(r, repo, "pipelines"), Pipeline: of, At: at(repo, of), Mark: pipelineMark(of), For: targetOf(repo, of), How: triggers[of.Trigger], Took: took(of.Started, of.Completed, now)}
	groups, err := p.Pipelines.Groups(ctx, of)
	if err != nil {
		return nil, err
	}
	if content.Given, err = p.Pipelines.Given(ctx, of); err != nil {
		return nil, err
	}
	if of.ErrorKey != "" {
		content.Error = strings.Split(of.ErrorMessage, "\n")
	}
	if chosen == nil {
		chosen = pick(groups)
	} else {
		content.At = at(repo, of, "steps", chosen.ID)
	}
	for i, g := range groups {
		one := group{Name: g.Stage}
		switch {
		case g.Final:
			one.Name = "At the end"
		case g.Parallel:
			one.Name = "At the same time"
		case g.Serial && g.Stage == "":
			one.Name = fmt.Sprintf("Stage %d", i+1)
		}
		for k := range g.Steps {
			s := &g.Steps[k]
			one.Boxes = append(one.Boxes, box{title(s), at(repo, of, "steps", s.ID), stepMark(s), took(s.Started, s.Completed, now), chosen != nil && s.Position == chosen.Position, s.Environment})
		}
		content.Groups = append(content.Groups, one)
	}
	writes := page.May(r, p.Repositories.Repositories().Needs(access.Write))
	if chosen != nil {
		if content.Chosen, err = p.stepContent(r, repo, of, chosen, writes); err != nil {
			return nil, err
		}
	}
	if writes && !of.Ended() && !of.Stopping {
		stop := r.NewForm(at(repo, of, "stop"), "Stop")
		stop.Danger = true
		content.Do = append(content.Do, stop)
	}
	if writes && of.Ended() && of.Status != pipeline.Successful && of.ErrorKey == "" {
		content.Do = append(content.Do, r.NewForm(at(repo, of, "rerun"), "Run failed steps again"))
	}
	if r.Self != nil && !of.Ended() {
		step := ""
		if chosen != nil {
			step = chosen.ID
		}
		seen, err := p.Pipelines.Seen(ctx, of, step)
		if err != nil {
			return nil, err
		}
		content.Watch = at(repo, of, "events") + "?" + url.Values{"seen": {seen}, "step": {step}}.Encode()
	}
	return content, nil
}

// stepContent is what the page shows of one step.
func (p *Pages) stepContent(r *page.Request, repo *repository.Repository, of *pipeline.Pipeline, s *pipeline.Step, writes bool) (*stepPart, error) {
	ctx := r.Context()
	part := &stepPart{Step: s, At: at(repo, of, "steps", s.ID), Title: title(s), Mark: stepMark(s), Took: took(s.Started, s.Completed, p.Pipelines.Now()), Query: strings.TrimSpace(r.URL.Query().Get("q"))}
	said, err := p.Pipelines.Said(ctx, of, s)
	if err != nil {
		return nil, err
	}
	if said.Image != nil && said.Child == nil {
		part.Image = said.Image.Name
	}
	if s.Reason != "" {
		part.Why = s.Message
		if part.Why == "" {
			part.Why = s.Reason
		}
	} else if s.Result == pipeline.Failed && s.Exit != 0 {
		part.Why = fmt.Sprintf("The script ended with the exit code %d.", s.Exit)
	}
	if part.Releaser, err = p.Pipelines.Releaser(ctx, s); err != nil {
		return nil, err
	}
	attempts, err := p.Pipelines.Attempts(ctx, s)
	if err != nil {
		return nil, err
	}
	for i := range attempts {
		if len(attempts) > 1 {
			part.Attempts = append(part.Attempts, page.Link{Name: fmt.Sprintf("Run %d", attempts[i].Attempt), Href: at(repo, of, "steps", attempts[i].ID), Current: attempts[i].ID == s.ID})
		}
	}
	if writes && s.State == pipeline.Pending && s.Waits == pipeline.ForSomebody {
		words := "Start it"
		if s.Environment != "" {
			words = "Deploy"
		}
		part.Start = r.NewForm(at(repo, of, "steps", s.ID, "start"), words)
	}
	if err := p.logContent(r, repo, of, part, commandsOf(&said)); err != nil {
		return nil, err
	}
	left, err := p.Pipelines.Artifacts(ctx, s.ID)
	if err != nil {
		return nil, err
	}
	for _, a := range left {
		part.Left = append(part.Left, artifactLink{a.Name, at(repo, of, "steps", s.ID, "artifacts", a.ID), a.Size})
	}
	tests, ok, err := p.Pipelines.Report(ctx, s.ID)
	if err != nil || !ok {
		return part, err
	}
	part.Tests = &tests
	failures, err := p.Pipelines.Unsuccessful(ctx, s.ID, maxFailures)
	for i := range failures {
		_, class, name := failures[i].Names()
		_, _, message, output := failures[i].Outcome()
		if class != "" {
			name = class + ": " + name
		}
		part.Failures = append(part.Failures, failure{name, message, output})
	}
	return part, err
}

// logContent adds the log: that of the step, or of the service that the query names.
func (p *Pages) logContent(r *page.Request, repo *repository.Repository, of *pipeline.Pipeline, part *stepPart, commands []string) error {
	logs, err := p.Pipelines.Logs(r.Context(), part.Step.ID)
	if err != nil || len(logs) == 0 {
		return err
	}
	which := r.URL.Query().Get("log")
	chosen := logs[0]
	for _, l := range logs {
		if l.ID == which {
			chosen = l
		}
	}
	for _, l := range logs {
		link := logLink{Name: l.Name, Href: part.At + "?" + url.Values{"log": {l.ID}}.Encode(), Size: l.Size, Current: l.ID == chosen.ID}
		if l.Name == "" {
			link.Name, link.Href = "Script", part.At
		}
		part.Logs = append(part.Logs, link)
	}
	part.Cut = chosen.Cut
	file, size, err := p.Pipelines.OpenLog(r.Context(), part.Step, chosen.ID)
	if pipeline.NoLog(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if part.Query != "" {
		part.Hits, part.More, err = search(io.LimitReader(file, size), part.Query)
		return err
	}
	text, before, err := end(file, size)
	if err != nil {
		return err
	}
	if part.Before = before; chosen.Name != "" {
		commands = nil
	}
	if text = plain(text); text != "" {
		part.Sections = fold(text, commands)
	}
	return nil
}

// Whole is the address of the whole log that is shown.
func (s *stepPart) Whole() string {
	for _, l := range s.Logs {
		if l.Current {
			id := s.ID
			if u, err := url.Parse(l.Href); err == nil && u.Query().Get("log") != "" {
				id = u.Query().Get("log")
			}
			return s.At + "/logs/" + id
		}
	}
	return ""
}

// Log is the id of the log of a service that is shown; "" of the step's own.
func (s *stepPart) Log() string {
	for _, l := range s.Logs {
		if u, err := url.Parse(l.Href); l.Current && err == nil {
			return u.Query().Get("log")
		}
	}
	return ""
}

// wholeLog delivers a log as it is.
func (p *Pages) wholeLog(r *page.Request, _ *repository.Repository, of *pipeline.Pipeline, s *pipeline.Step) (page.Answer, error) {
	file, size, err := p.Pipelines.OpenLog(r.Context(), s, r.PathValue("log"))
	if pipeline.NoLog(err) {
		return page.Answer{}, rest.Refuse(reason.ResourceNotFound, "The step has printed nothing yet, or its log was removed.")
	}
	if err != nil {
		return page.Answer{}, err
	}
	return page.Answer{Content: &rest.Content{Type: "text/plain; charset=utf-8", Tag: fmt.Sprintf("%s-%d", r.PathValue("log"), size), Name: fmt.Sprintf("pipeline-%d-%s.log", of.Number, decimal(s.Position+1)), Size: size,
		Open: func() (io.ReadCloser, error) { return file, nil }}}, nil
}

// artifact delivers what a step has left.
func (p *Pages) artifact(r *page.Request, _ *repository.Repository, _ *pipeline.Pipeline, s *pipeline.Step) (page.Answer, error) {
	left, err := p.Pipelines.Artifacts(r.Context(), s.ID)
	if err != nil {
		return page.Answer{}, err
	}
	for _, a := range left {
		if a.ID == r.PathValue("artifact") {
			return page.Answer{Content: &rest.Content{Type: "application/gzip", Tag: a.Hash, Name: a.FileName(), Size: a.Size, Open: func() (io.ReadCloser, error) { return p.Pipelines.OpenArtifact(a) }}}, nil
		}
	}
	return page.Answer{}, rest.Refuse(reason.ResourceNotFound, "The step has no such artifact, or none any more.")
}

// events tells the script of a page that the pipeline may look different by now, as long as the visitor is signed in and may see it.
func (p *Pages) events(r *page.Request, _ *repository.Repository, of *pipeline.Pipeline) (page.Answer, error) {
	if r.Self == nil {
		return page.Answer{}, rest.Refuse(reason.ResourceNotFound, "Who is signed in is told of changes.")
	}
	step := r.URL.Query().Get("step")
	if step != "" {
		found, err := p.Pipelines.Step(r.Context(), of, step)
		if err != nil {
			return page.Answer{}, err
		}
		step = found.ID
	}
	watch, err := p.Pipelines.Watch(r.Context(), of, step, r.Self.ID, r.URL.Query().Get("seen"))
	if err != nil {
		return page.Answer{}, err
	}
	need := p.Repositories.Repositories().Reads()
	return page.Answer{Events: &page.Events{Changed: watch.Changed, Ended: watch.Ended, Stop: watch.Stop, Allowed: func() bool {
		v, err := r.Site.Gate.Visitor(r.Request)
		if err != nil || v.Principal.AccountID() != r.Self.ID {
			return false
		}
		_, err = access.Visit(r.Site.Gate, r.Context(), v.Principal, need, r.PathValue)
		return err == nil
	}}}, nil
}

func (p *Pages) stop(r *page.Request, repo *repository.Repository, of *pipeline.Pipeline) (page.Answer, error) {
	if err := p.Pipelines.Stop(r.Context(), of); err != nil {
		return page.Answer{}, err
	}
	return r.Done(at(repo, of), "The pipeline is being stopped.")
}

func (p *Pages) rerun(r *page.Request, repo *repository.Repository, of *pipeline.Pipeline) (page.Answer, error) {
	if err := p.Pipelines.Rerun(r.Context(), of); err != nil {
		return page.Answer{}, err
	}
	return r.Done(at(repo, of), "The steps that failed are run again.")
}

func (p *Pages) startStep(r *page.Request, repo *repository.Repository, of *pipeline.Pipeline, s *pipeline.Step) (page.Answer, error) {
	if err := p.Pipelines.Release(r.Context(), of, s.ID, account.PersonOf(r.Principal)); err != nil {
		return page.Answer{}, err
	}
	return r.Done(at(repo, of, "steps", s.ID), "The step is started.")
}
