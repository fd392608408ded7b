package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// Deployment is what a pipeline does to an environment: a step with a deployment, once for each time that it is run, or all steps of a
// stage with one. It is known by the id of that step, or of the stage's first one.
type Deployment struct {
	Step        Step
	Pipeline    Pipeline
	Environment environment
	State       string // of Undeployed, InProgress, Completed
	Result      string // of Successful, Failed, Stopped once it is Completed
	Started     time.Time
	Completed   time.Time
	Deployer    account.Person // who has started the step, or the pipeline
}

// Undeployed is the state of what has not begun, or was passed over.
const Undeployed = "UNDEPLOYED"

const deployments = "/repositories/{workspace}/{repo_slug}/deployments"

// deploymentJSON is a deployment as the API writes it (schema deployment).
type deploymentJSON struct {
	Type        string              `json:"type"`
	UUID        string              `json:"uuid"`
	State       deploymentStateJSON `json:"state"`
	Environment environmentJSON     `json:"environment"`
	Release     releaseJSON         `json:"release"`
	Step        referenceJSON       `json:"step"`
}

// deploymentStateJSON is the state of one (schemas deployment_state_undeployed, deployment_state_in_progress, deployment_state_completed).
type deploymentStateJSON struct {
	Type       string              `json:"type"`
	Name       string              `json:"name"`
	TriggerURL string              `json:"trigger_url,omitempty"`
	URL        string              `json:"url,omitempty"`
	Deployer   *account.PersonJSON `json:"deployer,omitempty"`
	Status     *namedJSON          `json:"status,omitempty"`
	Start      *rest.Time          `json:"start_date,omitempty"`
	Completion *rest.Time          `json:"completion_date,omitempty"`
}

// releaseJSON is what is deployed (schema deployment_release): the commit of a pipeline, known by its number.
type releaseJSON struct {
	Type      string        `json:"type"`
	UUID      string        `json:"uuid"`
	Name      string        `json:"name"`
	URL       string        `json:"url"`
	Commit    hashJSON      `json:"commit"`
	Pipeline  referenceJSON `json:"pipeline"`
	CreatedOn rest.Time     `json:"created_on"`
}

func (room *Room) renderDeployment(r *repository.Repository, d *Deployment) deploymentJSON {
	url := room.page(r, &d.Pipeline).Href
	j := deploymentJSON{Type: "deployment", UUID: rest.Braced(d.Step.ID), Environment: d.Environment.render(), Step: referenceJSON{"pipeline_step", rest.Braced(d.Step.ID)},
		State: deploymentStateJSON{Type: "deployment_state_" + strings.ToLower(d.State), Name: d.State},
		Release: releaseJSON{"deployment_release", rest.Braced(d.Pipeline.ID), fmt.Sprint("#", d.Pipeline.Number), url, room.renderCommit(r, d.Pipeline.Target.Commit),
			referenceJSON{"pipeline", rest.Braced(d.Pipeline.ID)}, rest.Time(d.Pipeline.Created)}}
	if d.State == Undeployed {
		j.State.TriggerURL = url
		return j
	}
	j.State.URL, j.State.Deployer, j.State.Start = url, room.Repositories.Accounts.RenderPerson(d.Deployer), (*rest.Time)(&d.Started)
	if d.State == Completed {
		j.State.Status = &namedJSON{"deployment_state_completed_status_" + strings.ToLower(d.Result), d.Result}
		j.State.Completion = (*rest.Time)(&d.Completed)
	}
	return j
}

// fromDeployments finds the steps that deployments are known by: of a stage the first one.
const fromDeployments = ` FROM pipeline_step s JOIN pipeline p ON p.id = s.pipeline_id JOIN deployment_environment e ON e.repository_id = s.repository_id AND e.slug = s.environment
	WHERE s.repository_id = $1 AND s.environment <> ''
	AND NOT EXISTS (SELECT 1 FROM pipeline_step o WHERE o.pipeline_id = s.pipeline_id AND o.environment = s.environment AND o.position < s.position)`

var deploymentFields = bbql.Fields{
	"uuid":                {Column: "s.id", Kind: bbql.UUID},
	"environment.uuid":    {Column: "e.id", Kind: bbql.UUID},
	"environment.name":    {Column: "e.name", Kind: bbql.String},
	"release.uuid":        {Column: "p.id", Kind: bbql.UUID},
	"release.commit.hash": {Column: "p.commit_hash", Kind: bbql.String},
	"release.created_on":  {Column: "p.created_on", Kind: bbql.Time},
	"state.start_date":    {Column: "s.started_on", Kind: bbql.Time},
}

func (room *Room) listDeployments(c *access.Call, r *repository.Repository) (any, error) {
	paging, rows, size, err := rest.Listing[Step]{Columns: stepColumns, From: fromDeployments, Args: []any{r.ID}, Order: `s.created_on DESC, s.position, s.id`, Fields: deploymentFields, Scan: scanStep}.
		Page(c.Context(), room.DB, c.Request)
	if err != nil {
		return nil, err
	}
	all, err := room.deploymentsOf(c.Context(), r, rows)
	if err != nil {
		return nil, err
	}
	values := make([]deploymentJSON, len(all))
	for i := range all {
		values[i] = room.renderDeployment(r, &all[i])
	}
	return rest.Counted(c.Request, paging, values, size), nil
}

func (room *Room) getDeployment(c *access.Call, r *repository.Repository) (any, error) {
	d, err := named(c, "deployment_uuid", noDeployment(), func(ctx context.Context, id string) (Deployment, error) { return room.deployment(ctx, r, id) })
	if err != nil {
		return nil, err
	}
	return room.renderDeployment(r, &d), nil
}

func noDeployment() *rest.Error {
	return rest.Refuse(reason.ResourceNotFound, "The repository has no deployment with this uuid.")
}

// deployment is one of a repository; database.ErrNoRows where there is none.
func (room *Room) deployment(ctx context.Context, r *repository.Repository, id string) (Deployment, error) {
	s, err := scanStep(room.DB.Row(ctx, `SELECT `+stepColumns+fromDeployments+` AND s.id = $2`, r.ID, id).Scan)
	if err != nil {
		return Deployment{}, err
	}
	all, err := room.deploymentsOf(ctx, r, []Step{s})
	if err != nil {
		return Deployment{}, err
	}
	if len(all) == 0 {
		return Deployment{}, database.ErrNoRows // its environment was removed in this moment
	}
	return all[0], nil
}

// deploymentsOf adds to steps what else belongs to their deployments.
func (room *Room) deploymentsOf(ctx context.Context, r *repository.Repository, steps []Step) ([]Deployment, error) {
	if len(steps) == 0 {
		return nil, nil
	}
	environments, err := room.environments(ctx, room.DB, r)
	if err != nil {
		return nil, err
	}
	ids := make([]any, 0, len(steps)+1)
	ids = append(ids, r.ID)
	for i := range steps {
		if !slices.Contains(ids[1:], any(steps[i].PipelineID)) {
			ids = append(ids, steps[i].PipelineID)
		}
	}
	among := ` IN (` + database.Marks(2, len(ids)-1) + `)`
	rows, err := database.Collect(ctx, room.DB, scanPipeline, `SELECT `+pipelineColumns+fromPipelines+` AND p.id`+among, ids...)
	if err != nil {
		return nil, err
	}
	pipelines := map[string]*Pipeline{}
	for i := range rows {
		pipelines[rows[i].ID] = &rows[i]
	}
	beside, err := database.Collect(ctx, room.DB, scanStep, `SELECT `+stepColumns+` FROM pipeline_step s WHERE s.repository_id = $1 AND s.environment <> '' AND s.is_current AND s.pipeline_id`+among+
		` ORDER BY s.position`, ids...)
	if err != nil {
		return nil, err
	}
	all := make([]Deployment, 0, len(steps))
	for _, s := range steps {
		p, i := pipelines[s.PipelineID], slices.IndexFunc(environments, func(e environment) bool { return e.slug == s.Environment })
		if p == nil || i < 0 {
			continue
		}
		d := Deployment{Step: s, Pipeline: *p, Environment: environments[i]}
		of := []Step{s}
		if s.Current {
			of = slices.DeleteFunc(slices.Clone(beside), func(o Step) bool { return o.PipelineID != s.PipelineID || o.Environment != s.Environment })
		}
		d.settle(of)
		if d.Deployer = p.Creator; s.Releaser != "" {
			d.Deployer = account.Person{Account: account.Known(s.Releaser)}
		}
		all = append(all, d)
	}
	people := make([]**account.Account, len(all))
	for i := range all {
		people[i] = &all[i].Deployer.Account
	}
	return all, account.Meet(ctx, room.DB, people...)
}

// settle says how far a deployment is whose steps stand so.
func (d *Deployment) settle(of []Step) {
	begun, ended, run := false, true, false
	d.Result = Successful
	for i := range of {
		s := &of[i]
		begun = begun || s.State == InProgress || !s.Started.IsZero()
		ended = ended && s.State == Completed
		run = run || s.State == Completed && s.Result != NotRun
		if !s.Started.IsZero() && (d.Started.IsZero() || s.Started.Before(d.Started)) {
			d.Started = s.Started
		}
		if s.Completed.After(d.Completed) {
			d.Completed = s.Completed
		}
		switch s.Result {
		case Failed, Errored, Expired:
			d.Result = Failed
		case Stopped, NotRun:
			if d.Result == Successful {
				d.Result = Stopped
			}
		}
	}
	switch {
	case !begun && (!ended || !run):
		d.State, d.Result, d.Completed = Undeployed, "", time.Time{}
	case !ended:
		d.State, d.Result, d.Completed = InProgress, "", time.Time{}
	default:
		d.State = Completed
	}
	if d.State == Completed && d.Started.IsZero() {
		d.Started = d.Completed // it was stopped before it began
	}
}

// environments are those of a repository, in the order in which something is deployed to them.
func (room *Room) environments(ctx context.Context, q database.Queryer, r *repository.Repository) ([]environment, error) {
	return database.Collect(ctx, q, scanEnvironment, `SELECT `+environmentColumns+fromEnvironments+` ORDER BY e.kind, e.created_on, e.id`, r.ID)
}

// prepareEnvironments makes the environments that a pipeline deploys to and that are not there yet. One is for what its name says, or
// else for tests. A *rest.Error says that there would be too many. The caller holds the lock of the repository.
func (room *Room) prepareEnvironments(ctx context.Context, tx *database.Tx, r *repository.Repository, of *script) error {
	var there []environment
	for position, s := range of.steps {
		name := s.Deployment
		if stage := of.stageOf(position); stage != nil && name == "" {
			name = stage.Deployment
		}
		slug := slugOf(name)
		if slug == "" {
			continue
		}
		if there == nil {
			var err error
			if there, err = room.environments(ctx, tx, r); err != nil {
				return err
			}
		}
		if slices.ContainsFunc(there, func(e environment) bool { return e.slug == slug }) {
			continue
		}
		if len(there) >= maxEnvironments {
			return rest.Refusef(reason.ValueInvalid, "The pipeline deploys to %s, and there may be %d environments here. Delete one that is not needed any more.", name, maxEnvironments)
		}
		id, err := newID()
		if err != nil {
			return err
		}
		e := environment{ID: id, name: cut(strings.TrimSpace(name), maxEnvironmentName), slug: slug, kind: max(slices.IndexFunc(kinds, func(k string) bool { return strings.EqualFold(k, name) }), 0), created: room.Now()}
		if _, err := tx.Exec(ctx, `INSERT INTO deployment_environment (id, repository_id, name, slug, kind, admin_only, created_on) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (repository_id, slug) DO NOTHING`, e.ID, r.ID, e.name, e.slug, e.kind, e.adminOnly, database.Micros(e.created)); err != nil {
			return err
		}
		there = append(there, e)
	}
	return nil
}

// mayDeploy refuses (403) who acts in ctx where a step deploys to an environment that only administrators deploy to.
func (room *Room) mayDeploy(ctx context.Context, p *Pipeline, stepID string) error {
	var name string
	err := room.DB.Row(ctx, `SELECT e.name FROM pipeline_step s JOIN deployment_environment e ON e.repository_id = s.repository_id AND e.slug = s.environment
		WHERE s.pipeline_id = $1 AND s.id = $2 AND e.admin_only`, p.ID, stepID).Scan(&name)
	if errors.Is(err, database.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if who := access.Actor(ctx); who != nil {
		all, err := room.Repositories.ByIDs(ctx, room.DB, p.RepositoryID)
		if err != nil || all[p.RepositoryID] == nil {
			return err
		}
		at := map[string]string{"workspace": rest.Braced(all[p.RepositoryID].Workspace.ID), "repo_slug": rest.Braced(p.RepositoryID)}
		need := room.Repositories.Repositories().ByScopes("environment of a repository", repository.Within).Needs(access.Admin)
		if _, err := access.Visit(room.Repositories.Accounts.Gate, ctx, who, need, func(name string) string { return at[name] }); err != nil {
			if refusal, ok := errors.AsType[*rest.Error](err); ok && refusal.Reason == reason.PrivilegeMissing {
				refusal.Detail = "Only administrators of the repository deploy to " + name + "."
			}
			return err
		}
	}
	return nil
}

// Promote deploys what is in an environment to the next one: it starts the step of the same pipeline that waits for that. A *rest.Error
// says that there is none, or as that of Release. The step comes back.
func (room *Room) Promote(ctx context.Context, r *repository.Repository, d *Deployment, by account.Person) (Step, error) {
	s, err := room.next(ctx, r, d)
	if err != nil {
		return s, err
	}
	if s.ID == "" {
		return s, rest.Refusef(reason.ConflictState, "Pipeline #%d has no step that waits to deploy further than to %s.", d.Pipeline.Number, d.Environment.name)
	}
	return s, room.Release(ctx, &d.Pipeline, s.ID, by)
}

// next is the step that Promote starts; its id is "" where there is none.
func (room *Room) next(ctx context.Context, r *repository.Repository, d *Deployment) (Step, error) {
	if d.State != Completed || d.Result != Successful {
		return Step{}, nil
	}
	order, err := room.environments(ctx, room.DB, r)
	if err != nil {
		return Step{}, err
	}
	rank := func(slug string) int {
		return slices.IndexFunc(order, func(e environment) bool { return e.slug == slug })
	}
	steps, err := currentSteps(ctx, room.DB, d.Pipeline.ID)
	for i := range steps {
		if s := &steps[i]; s.State == Pending && s.Waits == ForSomebody && s.Environment != "" && rank(s.Environment) > rank(d.Environment.slug) {
			return *s, err
		}
	}
	return Step{}, err
}

// Board is an environment with what is deployed to it.
type Board struct {
	ID, Name, Slug string
	Kind           string // of Test, Staging, Production
	AdminOnly      bool
	Now            *Deployment // nil: nothing
	Under          *Deployment // that goes on at this moment; nil: none
	Waiting        int         // steps that wait for the environment
	Next           *Step       // that promotes Now; nil: none
	NextTo         string      // the name of its environment
}

// Boards are the environments of a repository with what is deployed to them, in order.
func (room *Room) Boards(ctx context.Context, r *repository.Repository) ([]Board, error) {
	order, err := room.environments(ctx, room.DB, r)
	if err != nil {
		return nil, err
	}
	all := make([]Board, len(order))
	for i, e := range order {
		b := &all[i]
		*b = Board{ID: e.ID, Name: e.name, Slug: e.slug, Kind: kinds[e.kind], AdminOnly: e.adminOnly}
		// What was deployed last is the last step that ended well, of a stage with all of its others.
		for _, one := range []struct {
			to           **Deployment
			where, order string
		}{
			{&b.Now, ` AND s.is_current AND s.result = 'SUCCESSFUL' AND NOT EXISTS (SELECT 1 FROM pipeline_step o WHERE o.pipeline_id = s.pipeline_id AND o.environment = s.environment AND o.is_current AND o.result <> 'SUCCESSFUL')`, `s.completed_on DESC`},
			{&b.Under, ` AND s.is_current AND EXISTS (SELECT 1 FROM pipeline_step o WHERE o.pipeline_id = s.pipeline_id AND o.environment = s.environment AND o.is_current AND o.state = 'IN_PROGRESS')`, `s.started_on DESC`},
		} {
			s, err := scanStep(room.DB.Row(ctx, `SELECT `+stepColumns+fromDeployments+` AND e.id = $2`+one.where+` ORDER BY `+one.order+` LIMIT 1`, r.ID, e.ID).Scan)
			if errors.Is(err, database.ErrNoRows) {
				continue
			}
			if err != nil {
				return nil, err
			}
			found, err := room.deploymentsOf(ctx, r, []Step{s})
			if err != nil {
				return nil, err
			}
			if len(found) > 0 {
				*one.to = &found[0]
			}
		}
		if err := room.DB.Row(ctx, `SELECT COUNT(*) FROM pipeline_step s WHERE s.repository_id = $1 AND s.environment = $2 AND s.is_current AND s.state = 'PENDING' AND s.waits = 'environment'`,
			r.ID, e.slug).Scan(&b.Waiting); err != nil {
			return nil, err
		}
		if b.Now == nil {
			continue
		}
		s, err := room.next(ctx, r, b.Now)
		if err != nil {
			return nil, err
		}
		if s.ID != "" {
			b.Next = &s
			for _, to := range order {
				if to.slug == s.Environment {
					b.NextTo = to.name
				}
			}
		}
	}
	return all, nil
}

// Deployments are those to an environment, named by its slug, the latest first, and whether there are more behind them. A *rest.Error says
// that there is no such environment.
func (room *Room) Deployments(ctx context.Context, r *repository.Repository, slug string, offset, limit int) (name string, all []Deployment, more bool, err error) {
	e, err := scanEnvironment(room.DB.Row(ctx, `SELECT `+environmentColumns+fromEnvironments+` AND e.slug = $2`, r.ID, slug).Scan)
	if errors.Is(err, database.ErrNoRows) {
		return "", nil, false, rest.Refuse(reason.ResourceNotFound, "The repository has no environment of this name.")
	}
	if err != nil {
		return "", nil, false, err
	}
	steps, err := database.Collect(ctx, room.DB, scanStep, `SELECT `+stepColumns+fromDeployments+` AND e.id = $2 ORDER BY s.created_on DESC, s.id LIMIT $3 OFFSET $4`, r.ID, e.ID, limit+1, offset)
	if err != nil {
		return "", nil, false, err
	}
	more = len(steps) > limit
	all, err = room.deploymentsOf(ctx, r, steps[:min(len(steps), limit)])
	return e.name, all, more, err
}
