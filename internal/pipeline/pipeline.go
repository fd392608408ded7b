package pipeline

import (
	"context"
	"time"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/pipefile"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// Pipeline is one run of a pipeline of the file, whoever runs its steps.
type Pipeline struct {
	ID           string
	RepositoryID string
	Number       int64 // from 1, in that repository, without gaps
	Run          int   // from 1: how often its steps were run again, and one
	Creator      account.Person
	Trigger      string // of Push, Manual, Scheduled, ParentStep
	ParentStep   string // the id of the step that it runs for; ""
	Target       Target // without Variables
	Status       string // of Pending to Expired
	Stopping     bool   // somebody has stopped it
	ErrorKey     string // why there was nothing to run; "" else
	ErrorMessage string
	BuildSeconds int64 // that its steps have run
	Created      time.Time
	Started      time.Time // zero: no step was taken yet
	Completed    time.Time // zero: not yet

	source source
}

// source is where a pipeline of the file stands.
type source struct {
	repositoryID string
	commit       gitstore.Hash
	path         string
	shared       string // its name among the shared pipelines of that file; "" for one that is the repository's own
}

// Target is what a pipeline is run for.
type Target struct {
	RefType     string            // branch or tag; "" for a commit without one
	RefName     string            // of a pull request its source branch
	Commit      gitstore.Hash     // "" before a pipeline is made: what the reference holds
	Selector    pipefile.Selector // zero before a pipeline is made: what runs for the reference
	PullRequest int64             // its number; 0: none. Then Commit is merged into IntoCommit first
	Into        string            // the destination branch
	IntoCommit  gitstore.Hash
	Before      gitstore.Hash // what the reference held before a push, "" for nothing: for conditions on changed files
	Variables   []Given       // beside those of the repository
}

// Given is a variable that whoever starts a pipeline gives it.
type Given struct {
	Name    string
	Value   string
	Secured bool
}

// Starter is who starts a pipeline, and what by.
type Starter struct {
	Who     account.Person
	Trigger string
	Parent  string // the id of the step that the pipeline runs for; ""
}

// The triggers of pipelines.
const (
	Push       = "PUSH"
	Manual     = "MANUAL"
	Scheduled  = "SCHEDULED"
	ParentStep = "PARENT_STEP"
)

// The statuses of pipelines: those that have not ended first.
const (
	Pending    = "PENDING"
	Running    = "RUNNING"
	Paused     = "PAUSED" // until somebody starts a step
	Successful = "SUCCESSFUL"
	Failed     = "FAILED"
	Errored    = "ERROR"
	Stopped    = "STOPPED"
	Expired    = "EXPIRED"
)

// Ended tells whether nothing of the pipeline runs any more, or will without somebody who runs it again.
func (p *Pipeline) Ended() bool {
	return p.Status != Pending && p.Status != Running && p.Status != Paused
}

const (
	pipelineColumns = `p.id, p.repository_id, p.number, p.run, COALESCE(p.creator_id, ''), p.creator_credential, p.creator_name, p.trigger_type, COALESCE(p.parent_step_id, ''),
		p.ref_type, p.ref_name, p.commit_hash, p.selector_type, p.selector_pattern, p.pull_request, p.destination, p.destination_commit,
		p.source_id, p.source_commit, p.source_path, p.shared, p.status, p.stopping, p.error_key, p.error_message, p.build_seconds, p.created_on, p.started_on, p.completed_on`
	fromPipelines = ` FROM pipeline p WHERE p.repository_id = $1`
)

// scanPipeline leaves of the creator just the id; fillCreators reads the rest.
func scanPipeline(row func(...any) error) (p Pipeline, err error) {
	var creator string
	var created, started, completed int64
	err = row(&p.ID, &p.RepositoryID, &p.Number, &p.Run, &creator, &p.Creator.Credential, &p.Creator.Name, &p.Trigger, &p.ParentStep,
		&p.Target.RefType, &p.Target.RefName, &p.Target.Commit, &p.Target.Selector.Type, &p.Target.Selector.Pattern, &p.Target.PullRequest, &p.Target.Into, &p.Target.IntoCommit,
		&p.source.repositoryID, &p.source.commit, &p.source.path, &p.source.shared, &p.Status, &p.Stopping, &p.ErrorKey, &p.ErrorMessage, &p.BuildSeconds, &created, &started, &completed)
	p.Creator.Account = account.Known(creator)
	p.Created, p.Started, p.Completed = database.Time(created), database.Time(started), database.Time(completed)
	return p, err
}

func fillCreators(ctx context.Context, q database.Queryer, rows ...*Pipeline) error {
	var ids []string
	for _, p := range rows {
		if p.Creator.Account != nil {
			ids = append(ids, p.Creator.Account.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	accounts, err := account.ByIDs(ctx, q, ids)
	if err != nil {
		return err
	}
	for _, p := range rows {
		if p.Creator.Account != nil {
			p.Creator.Account = accounts[p.Creator.Account.ID]
		}
	}
	return nil
}

// byID is a pipeline of a repository; database.ErrNoRows where there is none.
func byID(ctx context.Context, q database.Queryer, repositoryID, id string) (Pipeline, error) {
	return scanPipeline(q.Row(ctx, `SELECT `+pipelineColumns+fromPipelines+` AND p.id = $2`, repositoryID, id).Scan)
}

// inputs are the variables that a pipeline was given, in the order in which they were. Those that are secured are opened.
func (room *Room) inputs(ctx context.Context, q database.Queryer, pipelineID string) ([]Given, error) {
	all, err := database.Collect(ctx, q, scanInput, `SELECT id, name, value, secured FROM pipeline_input WHERE pipeline_id = $1 ORDER BY position`, pipelineID)
	given := make([]Given, len(all))
	for i, v := range all {
		if v.secured && err == nil {
			v.value, err = room.Keys.Open(v.value, v.id)
		}
		given[i] = Given{v.name, v.value, v.secured}
	}
	return given, err
}

func scanInput(row func(...any) error) (v variable, err error) {
	return v, row(&v.id, &v.name, &v.value, &v.secured)
}

// pipelineJSON is a pipeline as the API writes it (schema pipeline).
type pipelineJSON struct {
	Type        string              `json:"type"`
	UUID        string              `json:"uuid"`
	Number      int64               `json:"build_number"`
	Run         int                 `json:"run_number"`
	Creator     *account.PersonJSON `json:"creator,omitempty"` // absent when the account is gone, or there was none
	Repository  repository.Summary  `json:"repository"`
	Target      targetJSON          `json:"target"`
	Trigger     namedJSON           `json:"trigger"`
	State       stateJSON           `json:"state"`
	Variables   []variableJSON      `json:"variables"`
	CreatedOn   rest.Time           `json:"created_on"`
	CompletedOn *rest.Time          `json:"completed_on,omitempty"` // absent before
	Seconds     int64               `json:"build_seconds_used"`
	Duration    int64               `json:"duration_in_seconds"`
	Sources     []sourceJSON        `json:"configuration_sources"`
	Links       linksJSON           `json:"links"`
}

// linksJSON are the links of a pipeline (schema pipelines_pipeline_links).
type linksJSON struct {
	Type  string   `json:"type"`
	Self  hrefJSON `json:"self"`
	Steps hrefJSON `json:"steps"`
	HTML  hrefJSON `json:"html"`
}

type hrefJSON struct {
	Type string `json:"type"`
	Href string `json:"href"`
}

func href(l rest.Link) hrefJSON { return hrefJSON{"pipelines_links_section_href", l.Href} }

// namedJSON is something that has nothing but a type and a name.
type namedJSON struct {
	Type string `json:"type"`
	Name string `json:"name"`
}

type sourceJSON struct {
	Source string `json:"source"`
	URI    string `json:"uri"`
}

// targetJSON is what a pipeline is run for (schemas pipeline_ref_target and pipeline_commit_target, and the one of pull requests).
type targetJSON struct {
	Type        string        `json:"type"`
	RefType     string        `json:"ref_type,omitempty"`
	RefName     string        `json:"ref_name,omitempty"`
	Source      string        `json:"source,omitempty"`
	Destination string        `json:"destination,omitempty"`
	IntoCommit  *hashJSON     `json:"destination_commit,omitempty"`
	PullRequest *requestJSON  `json:"pullrequest,omitempty"`
	Commit      hashJSON      `json:"commit"`
	Selector    *selectorJSON `json:"selector,omitempty"`
}

type hashJSON struct {
	Type  string               `json:"type"`
	Hash  string               `json:"hash"`
	Links map[string]rest.Link `json:"links"`
}

type requestJSON struct {
	Type  string               `json:"type"`
	ID    int64                `json:"id"`
	Links map[string]rest.Link `json:"links"`
}

type selectorJSON struct {
	Type    string `json:"type"`
	Pattern string `json:"pattern,omitempty"`
}

// stateJSON is the state of a pipeline or a step (schemas pipeline_state and pipeline_step_state).
type stateJSON struct {
	Type   string      `json:"type"`
	Name   string      `json:"name"`
	Stage  *namedJSON  `json:"stage,omitempty"`
	Result *resultJSON `json:"result,omitempty"`
}

type resultJSON struct {
	Type  string     `json:"type"`
	Name  string     `json:"name"`
	Error *faultJSON `json:"error,omitempty"`
}

type faultJSON struct {
	Type    string `json:"type"`
	Key     string `json:"key"`
	Message string `json:"message"`
}

var resultTypes = map[string]string{Successful: "successful", Failed: "failed", Errored: "error", Stopped: "stopped", Expired: "expired", NotRun: "not_run"}

func (p *Pipeline) renderState() stateJSON {
	const kind = "pipeline_state_"
	switch p.Status {
	case Pending:
		return stateJSON{Type: kind + "pending", Name: Pending}
	case Running:
		return stateJSON{Type: kind + "in_progress", Name: InProgress, Stage: &namedJSON{kind + "in_progress_running", Running}}
	case Paused:
		return stateJSON{Type: kind + "in_progress", Name: InProgress, Stage: &namedJSON{kind + "in_progress_paused", Paused}}
	}
	result := &resultJSON{Type: kind + "completed_" + resultTypes[p.Status], Name: p.Status}
	if p.ErrorKey != "" {
		result.Error = &faultJSON{"pipeline_error", p.ErrorKey, p.ErrorMessage}
	}
	return stateJSON{Type: kind + "completed", Name: Completed, Result: result}
}

func (room *Room) renderCommit(r *repository.Repository, hash gitstore.Hash) hashJSON {
	return hashJSON{"commit", string(hash), map[string]rest.Link{
		"self": room.URLs.API("repositories", r.Workspace.Slug, r.Slug, "commit", string(hash)),
		"html": room.URLs.Web(r.Workspace.Slug, r.Slug, "commits", string(hash))}}
}

func (room *Room) renderTarget(r *repository.Repository, t *Target) targetJSON {
	j := targetJSON{Type: "pipeline_ref_target", RefType: t.RefType, RefName: t.RefName, Commit: room.renderCommit(r, t.Commit)}
	if t.Selector.Type != "" {
		j.Selector = &selectorJSON{string(t.Selector.Type), t.Selector.Pattern}
	}
	switch {
	case t.PullRequest != 0:
		into := room.renderCommit(r, t.IntoCommit)
		j.Type, j.RefType, j.RefName, j.Source, j.Destination, j.IntoCommit = "pipeline_pullrequest_target", "", "", t.RefName, t.Into, &into
		id := decimal(t.PullRequest)
		j.PullRequest = &requestJSON{"pullrequest", t.PullRequest, map[string]rest.Link{
			"self": room.URLs.API("repositories", r.Workspace.Slug, r.Slug, "pullrequests", id), "html": room.URLs.Web(r.Workspace.Slug, r.Slug, "pull-requests", id)}}
	case t.RefType == "":
		j.Type = "pipeline_commit_target"
	}
	return j
}

var triggerTypes = map[string]string{Push: "pipeline_trigger_push", Manual: "pipeline_trigger_manual", Scheduled: "pipeline_trigger_schedule", ParentStep: "pipeline_trigger_parent_step"}

// render is a pipeline with the variables that it was given.
func (room *Room) render(r *repository.Repository, p *Pipeline, given []variable) pipelineJSON {
	self := []string{"repositories", r.Workspace.Slug, r.Slug, "pipelines", rest.Braced(p.ID)}
	j := pipelineJSON{Type: "pipeline", UUID: rest.Braced(p.ID), Number: p.Number, Run: p.Run, Creator: room.Repositories.Accounts.RenderPerson(p.Creator),
		Repository: room.Repositories.Summarize(r), Target: room.renderTarget(r, &p.Target), Trigger: namedJSON{triggerTypes[p.Trigger], p.Trigger}, State: p.renderState(),
		Variables: make([]variableJSON, len(given)), CreatedOn: rest.Time(p.Created), Seconds: p.BuildSeconds, Sources: []sourceJSON{},
		Links: linksJSON{"pipelines_pipeline_links", href(room.URLs.API(self...)), href(room.URLs.API(append(self, "steps")...)), href(room.page(r, p))}}
	for i := range given {
		j.Variables[i] = given[i].render(place{typeName: "pipeline_variable"})
	}
	if !p.Completed.IsZero() {
		j.CompletedOn = (*rest.Time)(&p.Completed)
		j.Duration = int64(p.Completed.Sub(p.Created) / time.Second)
	}
	if p.source.path != "" && p.source.repositoryID == r.ID {
		j.Sources = append(j.Sources, sourceJSON{rest.Braced(r.ID), room.URLs.API("repositories", r.Workspace.Slug, r.Slug, "src", string(p.source.commit), p.source.path).Href})
	}
	return j
}

// page is the address of a pipeline's page.
func (room *Room) page(r *repository.Repository, p *Pipeline) rest.Link {
	return room.URLs.Web(r.Workspace.Slug, r.Slug, "pipelines", "results", decimal(p.Number))
}

func noPipeline() *rest.Error {
	return rest.Refuse(reason.ResourceNotFound, "The repository has no pipeline with this uuid or number.")
}
