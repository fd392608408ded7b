package pipeline

import (
	"context"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// alter changes a pipeline under the lock of its repository, and lets it go on.
func (room *Room) alter(ctx context.Context, repositoryID, id string, f func(tx *database.Tx, r *repository.Repository, p *Pipeline, of *script) error) error {
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		r, err := room.lock(ctx, tx, repositoryID)
		if err != nil {
			return err
		}
		if err := lockPipeline(ctx, tx, id); err != nil {
			return err
		}
		p, err := byID(ctx, tx, repositoryID, id)
		if err != nil {
			return err
		}
		of, err := room.scriptOf(ctx, tx, &p)
		if err != nil {
			return err
		}
		if err := f(tx, r, &p, of); err != nil {
			return err
		}
		return room.settled(ctx, tx, r, id)
	})
}

// Stop stops a pipeline: no step of it begins any more, and runners are told to stop. A *rest.Error says that it has ended.
func (room *Room) Stop(ctx context.Context, p *Pipeline) error {
	return room.alter(ctx, p.RepositoryID, p.ID, func(tx *database.Tx, r *repository.Repository, p *Pipeline, _ *script) error {
		if p.Ended() {
			return rest.Refusef(reason.ConflictState, "Pipeline #%d has ended: it is %s.", p.Number, p.Status).WithMessage("The pipeline has already completed.")
		}
		return room.stop(ctx, tx, r, p)
	})
}

func (room *Room) stop(ctx context.Context, tx *database.Tx, r *repository.Repository, p *Pipeline) error {
	if _, err := tx.Exec(ctx, `UPDATE pipeline SET stopping = TRUE WHERE id = $1`, p.ID); err != nil {
		return err
	}
	return room.stopChildren(ctx, tx, r, `s.pipeline_id = $2`, p.ID)
}

// stopChildren stops what runs for the steps that where and its argument $2 say.
func (room *Room) stopChildren(ctx context.Context, tx *database.Tx, r *repository.Repository, where, id string) error {
	children, err := database.Collect(ctx, tx, scanPipeline, `SELECT `+pipelineColumns+fromPipelines+` AND p.status IN ('PENDING', 'RUNNING', 'PAUSED') AND p.parent_step_id IN
		(SELECT s.id FROM pipeline_step s WHERE `+where+`)`, r.ID, id)
	if err != nil {
		return err
	}
	for i := range children {
		if err := room.stop(ctx, tx, r, &children[i]); err != nil {
			return err
		}
		if err := room.goOn(ctx, tx, r, children[i].ID); err != nil {
			return err
		}
	}
	return nil
}

// Release starts a step that waits for somebody. A *rest.Error says that it does not, or that who acts in ctx may not deploy to its
// environment.
func (room *Room) Release(ctx context.Context, p *Pipeline, stepID string, by account.Person) error {
	if err := room.mayDeploy(ctx, p, stepID); err != nil {
		return err
	}
	return room.alter(ctx, p.RepositoryID, p.ID, func(tx *database.Tx, _ *repository.Repository, _ *Pipeline, _ *script) error {
		n, err := tx.Exec(ctx, `UPDATE pipeline_step SET released = TRUE, releaser_id = $3, waits = '' WHERE id = $1 AND pipeline_id = $2 AND is_current AND state = 'PENDING' AND waits = 'somebody'`,
			stepID, p.ID, by.ID())
		if err == nil && n == 0 {
			err = rest.Refuse(reason.ConflictState, "The step does not wait for anybody to start it.")
		}
		return err
	})
}

// Rerun has the steps of an ended pipeline run once more that did not end well, and those that did not run because of them. A *rest.Error
// says that it has not ended, or that there are none.
func (room *Room) Rerun(ctx context.Context, p *Pipeline) error {
	return room.alter(ctx, p.RepositoryID, p.ID, func(tx *database.Tx, r *repository.Repository, p *Pipeline, of *script) error {
		switch {
		case !p.Ended():
			return rest.Refusef(reason.ConflictState, "Pipeline #%d has not ended: it is %s.", p.Number, p.Status)
		case of == nil:
			return rest.Refusef(reason.ConflictState, "Pipeline #%d could not be run at all: mend the file, and start another one.", p.Number)
		case p.Status == Successful:
			return rest.Refusef(reason.ConflictState, "Pipeline #%d was successful: no step has failed.", p.Number)
		}
		steps, err := currentSteps(ctx, tx, p.ID)
		if err != nil {
			return err
		}
		for i := range steps {
			s := &steps[i]
			if s.Result == Successful || s.Result == NotRun && s.Reason == string(reason.StepUnchanged) {
				continue
			}
			if err := room.again(ctx, tx, p, of, s, 0); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE pipeline SET run = run + 1, stopping = FALSE, completed_on = 0, status = 'PENDING', started_on = 0 WHERE id = $1`, p.ID); err != nil {
			return err
		}
		p.Status = Pending
		return room.say(ctx, tx, r, p)
	})
}
