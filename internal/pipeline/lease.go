package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/runnerapi"
)

// taker is a runner that asks for a step.
type taker struct {
	ID           string
	WorkspaceID  string
	RepositoryID string   // "" for a runner of the whole workspace
	Labels       []string // in lower case
	Executors    []string // of runnerapi
}

// offer is what a runner must know of a step to take it.
type offer struct {
	id, pipelineID   string
	maxTime          int
	labels, executor string
}

// takes tells whether a runner may have a step.
func (t *taker) takes(o *offer) bool {
	var labels []string
	if o.labels != "" && json.Unmarshal([]byte(o.labels), &labels) != nil {
		return false
	}
	for _, label := range labels {
		if !slices.Contains(t.Labels, label) {
			return false
		}
	}
	return o.executor == "" || slices.Contains(t.Executors, o.executor)
}

const (
	maxOffers = 50              // steps that are looked at together
	grace     = 5 * time.Minute // beyond a step's time, in which its runner ends it itself
	patience  = 7 * 24 * time.Hour
)

// claim gives a step to a runner, which has it until it no longer renews; ok is false where there is none for it. The oldest step comes
// first. However many runners ask at once, each step is given to one of them.
func (room *Room) claim(ctx context.Context, by taker) (s Step, ok bool, err error) {
	where, id := `r.workspace_id = $1`, by.WorkspaceID
	if by.RepositoryID != "" {
		where, id = `s.repository_id = $1`, by.RepositoryID
	}
	after := ""
	for {
		offers, err := database.Collect(ctx, room.DB, func(row func(...any) error) (o offer, err error) {
			return o, row(&o.id, &o.pipelineID, &o.maxTime, &o.labels, &o.executor)
		}, `SELECT s.id, s.pipeline_id, s.max_time, s.labels, s.executor FROM pipeline_step s JOIN repository r ON r.id = s.repository_id
			WHERE s.state = 'READY' AND s.is_current AND `+where+` AND s.id > $2 ORDER BY s.id LIMIT $3`, id, after, maxOffers)
		if err != nil {
			return s, false, err
		}
		for i := range offers {
			if after = offers[i].id; !by.takes(&offers[i]) {
				continue
			}
			if s, ok, err = room.take(ctx, by, &offers[i]); ok || err != nil {
				return s, ok, err
			}
		}
		if len(offers) < maxOffers {
			return s, false, nil
		}
	}
}

// errTaken says that somebody else has a step by now.
var errTaken = errors.New("pipeline: the step is taken")

// take gives a step to a runner, unless somebody else has it by now.
func (room *Room) take(ctx context.Context, by taker, o *offer) (s Step, ok bool, err error) {
	now := room.Now()
	err = room.DB.Update(ctx, func(tx *database.Tx) error {
		// The pipeline before its step, as everybody who changes both.
		if _, err := tx.Exec(ctx, `UPDATE pipeline SET started_on = CASE WHEN started_on = 0 THEN $2 ELSE started_on END, status = CASE WHEN status = 'PENDING' THEN 'RUNNING' ELSE status END WHERE id = $1`,
			o.pipelineID, database.Micros(now)); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `UPDATE pipeline_step SET state = 'IN_PROGRESS', runner_id = $2, phase = $3, lease_until = $4, started_on = $5, due_on = $6 WHERE id = $1 AND state = 'READY'`,
			o.id, by.ID, runnerapi.SetUp, database.Micros(now.Add(runnerapi.Lease)), database.Micros(now), database.Micros(now.Add(time.Duration(o.maxTime)*time.Minute+grace)))
		if err != nil {
			return err
		}
		if n == 0 {
			return errTaken
		}
		s, err = stepByID(ctx, tx, o.pipelineID, o.id)
		return err
	})
	if errors.Is(err, errTaken) {
		return s, false, nil
	}
	return s, err == nil, err
}

// errLeaseLost refuses a runner that no longer has the step, or never had it.
func errLeaseLost() *rest.Error { return rest.Refuse(reason.PipelineLeaseLost, "") }

// renew says that a runner is at its step. stop tells it to stop. A *rest.Error says that the step is not its own any more.
func (room *Room) renew(ctx context.Context, runnerID, stepID, phase string) (stop bool, err error) {
	err = room.DB.Update(ctx, func(tx *database.Tx) error {
		err := tx.Row(ctx, `UPDATE pipeline_step SET lease_until = $3, phase = $4 WHERE id = $1 AND runner_id = $2 AND state = 'IN_PROGRESS' RETURNING stopping`,
			stepID, runnerID, database.Micros(room.Now().Add(runnerapi.Lease)), phase).Scan(&stop)
		if errors.Is(err, database.ErrNoRows) {
			return errLeaseLost()
		}
		return err
	})
	return stop, err
}

// held is the step that a runner is at. A *rest.Error says that it has no such step.
func (room *Room) held(ctx context.Context, q database.Queryer, runnerID, stepID string) (Step, error) {
	s, err := scanStep(q.Row(ctx, `SELECT `+stepColumns+` FROM pipeline_step s WHERE s.id = $1 AND s.runner_id = $2 AND s.state = 'IN_PROGRESS'`, stepID, runnerID).Scan)
	if errors.Is(err, database.ErrNoRows) {
		return s, errLeaseLost()
	}
	return s, err
}

// Limits of what a runner tells of a step: of a message in characters, of its variables for later steps, and of one in bytes.
const (
	maxMessage = 4000
	maxOutputs = 50
	maxOutput  = 32 << 10
)

var outcomes = map[string]string{runnerapi.Successful: Successful, runnerapi.Failed: Failed, runnerapi.Stopped: Stopped, runnerapi.Errored: Errored}

// finish writes how a step ended, and lets its pipeline go on. A *rest.Error says that the step is not the runner's any more, or that the
// result is none.
func (room *Room) finish(ctx context.Context, runnerID, stepID string, result runnerapi.Result) error {
	outcome, ok := outcomes[result.Outcome]
	if !ok {
		return rest.InvalidField("outcome", "one of successful, failed, stopped, errored")
	}
	if len(result.Outputs) > maxOutputs {
		return rest.InvalidField("outputs", "at most 50 variables")
	}
	for _, value := range result.Outputs {
		if len(value) > maxOutput {
			return rest.InvalidField("outputs", "at most 32 KiB each")
		}
	}
	outputs, err := json.Marshal(result.Outputs)
	if err != nil {
		return err
	}
	seconds, err := json.Marshal(result.Seconds)
	if err != nil {
		return err
	}
	s, err := room.held(ctx, room.DB, runnerID, stepID)
	if err != nil {
		return err
	}
	return room.end(ctx, s, func(tx *database.Tx) (bool, error) {
		n, err := tx.Exec(ctx, `UPDATE pipeline_step SET state = 'COMPLETED', result = $3, exit_code = $4, reason = $5, message = $6, outputs = $7, seconds = $8, completed_on = $9, lease_until = 0
			WHERE id = $1 AND runner_id = $2 AND state = 'IN_PROGRESS'`, stepID, runnerID, outcome, result.Exit, cut(result.Reason, 100), cut(result.Message, maxMessage),
			string(outputs), string(seconds), database.Micros(room.Now()))
		if err == nil && n == 0 {
			err = errLeaseLost()
		}
		return true, err
	})
}

// end ends a step, and lets its pipeline and those go on that wait for what it held. write tells whether there was something to end.
func (room *Room) end(ctx context.Context, s Step, write func(tx *database.Tx) (bool, error)) error {
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		r, err := room.lock(ctx, tx, s.RepositoryID)
		if err != nil {
			return err
		}
		if err := lockPipeline(ctx, tx, s.PipelineID); err != nil {
			return err
		}
		if done, err := write(tx); err != nil || !done {
			return err
		}
		return room.settled(ctx, tx, r, s.PipelineID)
	})
}

// settled lets a pipeline whose steps have changed go on, and those that waited for it.
func (room *Room) settled(ctx context.Context, tx *database.Tx, r *repository.Repository, pipelineID string) error {
	if err := room.goOn(ctx, tx, r, pipelineID); err != nil {
		return err
	}
	return room.release(ctx, tx, r, pipelineID)
}

// lockPipeline lets nobody take a step of a pipeline before the transaction is over. It comes behind the lock of the repository.
func lockPipeline(ctx context.Context, tx *database.Tx, id string) error {
	_, err := tx.Exec(ctx, `UPDATE pipeline SET run = run WHERE id = $1`, id)
	return err
}

// lock locks the pipelines of a repository, for all but to take a step.
func (room *Room) lock(ctx context.Context, tx *database.Tx, repositoryID string) (*repository.Repository, error) {
	if _, err := lockConfig(ctx, tx, repositoryID); err != nil {
		return nil, err
	}
	found, err := room.Repositories.ByIDs(ctx, tx, repositoryID)
	if err == nil && found[repositoryID] == nil {
		err = rest.Refuse(reason.RepositoryNotFound, "")
	}
	return found[repositoryID], err
}

// expire ends the steps whose runner is gone, that run longer than they may, or for which no runner has come in a week.
func (room *Room) expire(ctx context.Context) error {
	now := room.Now()
	for _, of := range []struct {
		where, result, reason, message string
		limit                          time.Time
	}{
		{`state = 'IN_PROGRESS' AND lease_until < $2 AND runner_id <> ''`, Errored, runnerapi.RunnerGone, "The runner has not been heard of for half a minute.", now},
		{`state = 'IN_PROGRESS' AND due_on < $2 AND runner_id <> ''`, Failed, runnerapi.TimedOut, "The step ran longer than it may, and its runner did not end it.", now},
		{`state = 'READY' AND ready_on < $2`, Expired, string(reason.StepNoRunner), "No runner has taken the step in seven days.", now.Add(-patience)},
	} {
		rows, err := database.Collect(ctx, room.DB, scanStep, `SELECT `+stepColumns+` FROM pipeline_step s WHERE s.id > $1 AND `+of.where+` AND s.is_current ORDER BY s.id LIMIT $3`,
			"", database.Micros(of.limit), maxOffers)
		if err != nil {
			return err
		}
		for _, s := range rows {
			err := room.end(ctx, s, func(tx *database.Tx) (bool, error) {
				n, err := tx.Exec(ctx, `UPDATE pipeline_step SET result = $3, reason = $4, message = $5, completed_on = $6, lease_until = 0, state = 'COMPLETED' WHERE id = $1 AND `+of.where,
					s.ID, database.Micros(of.limit), of.result, of.reason, of.message, database.Micros(room.Now()))
				return n > 0, err
			})
			if _, gone := errors.AsType[*rest.Error](err); err != nil && !gone {
				return err
			}
		}
	}
	return nil
}
