package pipeline

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// due is a schedule whose time has come.
type due struct {
	Schedule
	repositoryID string
	maker        account.Person // of an account just the id
}

// StartDue starts what is due now. Every node does so: whoever moves a schedule to its next time makes the pipeline, in one transaction, so
// that each time makes one. Of times that went by while no node lived, the last one alone is made up for.
func (room *Room) StartDue(ctx context.Context) error {
	now := room.Now()
	all, err := database.Collect(ctx, room.DB, func(row func(...any) error) (d due, err error) {
		var id string
		d.Schedule, err = scanSchedule(func(to ...any) error {
			return row(append(to, &d.repositoryID, &id, &d.maker.Credential, &d.maker.Name)...)
		})
		d.maker.Account = account.Known(id)
		return d, err
	}, `SELECT `+scheduleColumns+`, s.repository_id, COALESCE(s.account_id, ''), s.credential, s.credential_name FROM pipeline_schedule s
		WHERE s.enabled AND s.next_on > 0 AND s.next_on <= $1 ORDER BY s.next_on, s.id LIMIT $2`, database.Micros(now), dueAtOnce)
	for i := range all {
		err = errors.Join(err, room.startOne(ctx, &all[i], now))
	}
	return err
}

// startOne starts what one schedule says, unless another node does. What cannot be started is noted, and comes due again at its next time.
func (room *Room) startOne(ctx context.Context, d *due, now time.Time) error {
	plan, why := room.planFor(ctx, d) // why it cannot be started
	var err error
	if why == nil {
		err = room.DB.Update(ctx, func(tx *database.Tx) error {
			taken, err := d.take(ctx, tx, now)
			if err != nil || !taken {
				return err
			}
			p, err := room.Begin(ctx, tx, plan, Starter{Who: d.maker, Trigger: Scheduled})
			if err != nil {
				return err // nothing of it stays
			}
			return d.note(ctx, tx, p.ID, "", "")
		})
		if _, refused := errors.AsType[*rest.Error](err); !refused {
			return err
		}
		why = err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	e, ok := errors.AsType[*rest.Error](why)
	if !ok {
		room.Log.Error("a schedule started no pipeline", "schedule", d.ID, "error", why)
		e = rest.Fault(why)
	}
	said, ok := e.Detail.(string)
	if !ok || said == "" {
		said = e.Message
	}
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		taken, err := d.take(ctx, tx, now)
		if err != nil || !taken {
			return err
		}
		return d.note(ctx, tx, "", string(e.Reason), said)
	})
}

// planFor looks up what a schedule starts at this moment.
func (room *Room) planFor(ctx context.Context, d *due) (*Plan, error) {
	all, err := room.Repositories.ByIDs(ctx, room.DB, d.repositoryID)
	if err != nil {
		return nil, err
	}
	r := all[d.repositoryID]
	if r == nil {
		return nil, rest.Refuse(reason.RepositoryNotFound, "")
	}
	return room.Plan(ctx, r, Target{RefType: "branch", RefName: d.Branch, Selector: d.Selector})
}

// take moves a schedule to its next time; false when somebody else has, or when it was switched off or removed.
func (d *due) take(ctx context.Context, tx *database.Tx, now time.Time) (bool, error) {
	n, err := tx.Exec(ctx, `UPDATE pipeline_schedule SET next_on = $3 WHERE id = $1 AND next_on = $2 AND enabled`, d.ID, database.Micros(d.Next), database.Micros(next(d.Pattern, now)))
	return n > 0, err
}

// note keeps what came of a time, and forgets what came of those long ago.
func (d *due) note(ctx context.Context, tx *database.Tx, pipelineID, key, message string) error {
	id, err := newID()
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO pipeline_schedule_execution (id, schedule_id, pipeline_id, error_key, error_message, due_on) VALUES ($1, $2, NULLIF($3, ''), $4, $5, $6)`,
		id, d.ID, pipelineID, key, message, database.Micros(d.Next)); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `DELETE FROM pipeline_schedule_execution WHERE schedule_id = $1 AND id NOT IN
		(SELECT id FROM pipeline_schedule_execution WHERE schedule_id = $1 ORDER BY due_on DESC LIMIT $2)`, d.ID, maxExecutions)
	return err
}

// Execution is what came of one time of a schedule.
type Execution struct {
	Due          time.Time
	Pipeline     *Pipeline // nil: there is none
	ErrorKey     string    // why
	ErrorMessage string

	id, pipelineID string
}

// executionJSON is an execution as the API writes it (schemas pipeline_schedule_execution_executed and pipeline_schedule_execution_errored).
type executionJSON struct {
	Type      string        `json:"type"`
	UUID      string        `json:"uuid"`
	Pipeline  *pipelineJSON `json:"pipeline,omitempty"`
	Error     *faultJSON    `json:"error,omitempty"`
	CreatedOn rest.Time     `json:"created_on"` // when it came due
}

var executionFields = bbql.Fields{"created_on": {Column: "x.due_on", Kind: bbql.Time}}

func scanExecution(row func(...any) error) (x Execution, err error) {
	var due int64
	err = row(&x.id, &x.pipelineID, &x.ErrorKey, &x.ErrorMessage, &due)
	x.Due = database.Time(due)
	return x, err
}

// Executions are what came of a schedule's times, the last one first.
func (room *Room) listExecutions(c *access.Call, r *repository.Repository) (any, error) {
	s, err := room.findSchedule(c, r)
	if err != nil {
		return nil, err
	}
	ctx := c.Context()
	paging, rows, size, err := rest.Listing[Execution]{Columns: `x.id, COALESCE(x.pipeline_id, ''), x.error_key, x.error_message, x.due_on`,
		From: ` FROM pipeline_schedule_execution x WHERE x.schedule_id = $1`, Args: []any{s.ID}, Order: `x.due_on DESC, x.id`, Fields: executionFields, Scan: scanExecution}.
		Page(ctx, room.DB, c.Request)
	if err != nil {
		return nil, err
	}
	values, ids := make([]executionJSON, len(rows)), []any{r.ID}
	for i, x := range rows {
		values[i] = executionJSON{Type: "pipeline_schedule_execution_errored", UUID: rest.Braced(x.id), CreatedOn: rest.Time(x.Due)}
		if x.pipelineID == "" {
			values[i].Error = &faultJSON{"pipeline_error", x.ErrorKey, x.ErrorMessage}
			continue
		}
		ids = append(ids, x.pipelineID)
	}
	if len(ids) > 1 {
		found, err := database.Collect(ctx, room.DB, scanPipeline, `SELECT `+pipelineColumns+fromPipelines+` AND p.id IN (`+database.Marks(2, len(ids)-1)+`)`, ids...)
		if err != nil {
			return nil, err
		}
		shown, err := room.renderAll(ctx, r, found)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			if n := slices.IndexFunc(found, func(p Pipeline) bool { return p.ID == rows[i].pipelineID }); n >= 0 {
				values[i].Type, values[i].Pipeline = "pipeline_schedule_execution_executed", &shown[n]
			}
		}
	}
	return rest.Counted(c.Request, paging, values, size), nil
}
