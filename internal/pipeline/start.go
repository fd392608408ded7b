package pipeline

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/pipefile"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/runnerapi"
)

// Start makes a pipeline for a target, and has its first steps wait for runners. A *rest.Error is as that of Plan, or says that
// pipelines are switched off. Where git has much to read, Plan before the transaction and Begin in it.
func (room *Room) Start(ctx context.Context, tx *database.Tx, r *repository.Repository, t Target, by Starter) (Pipeline, error) {
	plan, err := room.Plan(ctx, r, t)
	if err != nil {
		return Pipeline{}, err
	}
	return room.Begin(ctx, tx, plan, by)
}

// lockConfig locks the pipelines of a repository for the transaction: whoever changes one, but for taking a step, holds it.
func lockConfig(ctx context.Context, tx *database.Tx, repositoryID string) (config, error) {
	_, err := tx.Exec(ctx, `INSERT INTO pipeline_config (repository_id, enabled, last_build_number, public_key, private_key) VALUES ($1, FALSE, 0, '', '')
		ON CONFLICT (repository_id) DO UPDATE SET enabled = pipeline_config.enabled`, repositoryID)
	if database.IsReference(err) {
		return config{}, rest.Refuse(reason.RepositoryNotFound, "")
	}
	if err != nil {
		return config{}, err
	}
	return readConfig(ctx, tx, repositoryID)
}

// Begin makes the pipeline of a plan.
func (room *Room) Begin(ctx context.Context, tx *database.Tx, plan *Plan, by Starter) (Pipeline, error) {
	r := plan.repository
	settings, err := lockConfig(ctx, tx, r.ID)
	if err != nil {
		return Pipeline{}, err
	}
	if !settings.enabled && by.Parent == "" {
		return Pipeline{}, disabled(r)
	}
	id, err := newID()
	if err != nil {
		return Pipeline{}, err
	}
	p := Pipeline{ID: id, RepositoryID: r.ID, Number: settings.lastBuild + 1, Run: 1, Creator: by.Who, Trigger: by.Trigger, ParentStep: by.Parent, Target: plan.target,
		Status: Pending, ErrorKey: plan.key, ErrorMessage: cut(plan.message, maxError), Created: room.Now(), source: plan.source}
	given := p.Target.Variables
	p.Target.Variables = nil
	if _, err := tx.Exec(ctx, `UPDATE pipeline_config SET last_build_number = $2 WHERE repository_id = $1`, r.ID, p.Number); err != nil {
		return p, err
	}
	if err := insertPipeline(ctx, tx, &p, plan.text); err != nil {
		return p, err
	}
	for i, v := range given {
		id, err := newID()
		if err != nil {
			return p, err
		}
		value := v.Value
		if v.Secured {
			value = room.Keys.Seal(value, id)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO pipeline_input (id, pipeline_id, position, name, value, secured) VALUES ($1, $2, $3, $4, $5, $6)`,
			id, p.ID, i, v.Name, value, v.Secured); err != nil {
			return p, err
		}
	}
	if plan.script != nil {
		if err := room.prepareEnvironments(ctx, tx, r, plan.script); err != nil {
			return p, err
		}
		for position, of := range plan.script.steps {
			s := room.newStep(&p, plan.script, position, of)
			if plan.unchanged[position] {
				s.State, s.Result, s.Reason, s.Message, s.Completed = Completed, NotRun, string(reason.StepUnchanged), "None of the files that its condition names has changed.", p.Created
			}
			if err := insertStep(ctx, tx, &s); err != nil {
				return p, err
			}
		}
		tx.Then(func() { room.scripts.put(p.ID, plan.script) })
	}
	p.Status = ""
	return p, room.advance(ctx, tx, r, &p, plan.script)
}

func insertPipeline(ctx context.Context, tx *database.Tx, p *Pipeline, text string) error {
	var parent any
	if p.ParentStep != "" {
		parent = p.ParentStep
	}
	t := &p.Target
	_, err := tx.Exec(ctx, `INSERT INTO pipeline (id, repository_id, number, creator_id, creator_credential, creator_name, trigger_type, parent_step_id, ref_type, ref_name, commit_hash,
		selector_type, selector_pattern, pull_request, destination, destination_commit, file, source_id, source_commit, source_path, shared, status, error_key, error_message, created_on)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)`,
		p.ID, p.RepositoryID, p.Number, p.Creator.ID(), p.Creator.Credential, p.Creator.Name, p.Trigger, parent, t.RefType, t.RefName, string(t.Commit),
		string(t.Selector.Type), t.Selector.Pattern, t.PullRequest, t.Into, string(t.IntoCommit), text, p.source.repositoryID, string(p.source.commit), p.source.path, p.source.shared,
		p.Status, p.ErrorKey, p.ErrorMessage, database.Micros(p.Created))
	return err
}

// newStep is a step that nobody has run yet.
func (room *Room) newStep(p *Pipeline, of *script, position int, in *pipefile.Step) Step {
	e := of.file.Effective(in)
	s := Step{PipelineID: p.ID, RepositoryID: p.RepositoryID, Position: position, Attempt: 1, Current: true, Name: cut(e.Name, maxName), State: Pending,
		Group: e.ConcurrencyGroup, Environment: slugOf(e.Deployment), MaxTime: e.MaxTime, Created: room.Now()}
	if stage := of.stageOf(position); stage != nil && s.Environment == "" {
		s.Environment = slugOf(stage.Deployment)
	}
	if s.Name == "" {
		s.Name = "Step " + strconv.Itoa(position+1)
	}
	for _, label := range e.RunsOn {
		s.Labels = append(s.Labels, strings.ToLower(label))
	}
	s.Executor = executorOf(&e, s.Labels)
	return s
}

// executorOf is what a runner must have for a step: containers beside it and pipes take Docker, and labels may ask for a shell.
func executorOf(e *pipefile.Step, labels []string) string {
	for _, label := range []string{"linux.shell", "macos", "windows"} {
		if slices.Contains(labels, label) {
			return runnerapi.Shell
		}
	}
	if len(e.Services) > 0 || slices.ContainsFunc(slices.Concat(e.Script, e.AfterScript), func(c pipefile.Command) bool { return c.Pipe != nil }) {
		return runnerapi.Docker
	}
	return ""
}

func insertStep(ctx context.Context, tx *database.Tx, s *Step) (err error) {
	if s.ID, err = newID(); err != nil {
		return err
	}
	labels := ""
	if len(s.Labels) > 0 {
		data, err := json.Marshal(s.Labels)
		if err != nil {
			return err
		}
		labels = string(data)
	}
	_, err = tx.Exec(ctx, `INSERT INTO pipeline_step (id, pipeline_id, repository_id, position, attempt, retries, name, state, result, labels, executor, concurrency_group, environment, max_time,
		reason, message, created_on, completed_on) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
		s.ID, s.PipelineID, s.RepositoryID, s.Position, s.Attempt, s.Retries, s.Name, s.State, s.Result, labels, s.Executor, s.Group, s.Environment, s.MaxTime,
		s.Reason, s.Message, database.Micros(s.Created), database.Micros(s.Completed))
	return err
}

// maxName is how much of a step's name is kept, in characters.
const maxName = 255

// cut is text of at most so many characters.
func cut(text string, limit int) string {
	n := 0
	for i := range text {
		if n++; n > limit {
			return text[:i]
		}
	}
	return text
}
