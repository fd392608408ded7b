package pipeline

import (
	"context"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/pipefile"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
)

// spring starts the pipeline that a step runs, for the same commit. The step is in progress until that one has ended.
func (room *Room) spring(ctx context.Context, tx *database.Tx, r *repository.Repository, p *Pipeline, of *script, s *Step) error {
	child := of.steps[s.Position].Child
	now := database.Micros(room.Now())
	n, err := tx.Exec(ctx, `UPDATE pipeline_step SET state = 'IN_PROGRESS', waits = '', ready_on = $3, started_on = $3 WHERE id = $1 AND state = $2`, s.ID, s.State, now)
	if err != nil || n == 0 {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE pipeline SET started_on = $2 WHERE id = $1 AND started_on = 0`, p.ID, now); err != nil {
		return err
	}
	if p.Started.IsZero() {
		p.Started = database.Time(now)
	}
	var text string
	if err := tx.Row(ctx, `SELECT file FROM pipeline WHERE id = $1`, p.ID).Scan(&text); err != nil {
		return err
	}
	fail := func(message string) error {
		_, err := tx.Exec(ctx, `UPDATE pipeline_step SET state = 'COMPLETED', result = 'ERROR', reason = $2, message = $3, completed_on = $4 WHERE id = $1`,
			s.ID, string(reason.PipelinesNoPipeline), cut(message, maxMessage), now)
		return err
	}
	if p.ParentStep != "" {
		return fail("A pipeline that runs for a step cannot run another one.")
	}
	given, err := room.inputs(ctx, tx, p.ID)
	if err != nil {
		return err
	}
	values := standing(&p.Target, given)
	plan := &Plan{repository: r, target: p.Target, source: p.source, text: text, unchanged: map[int]bool{}}
	plan.source.shared = ""
	plan.target.Selector = pipefile.Selector{Type: pipefile.SelectCustom, Pattern: child.Custom}
	for _, v := range child.Input {
		plan.target.Variables = append(plan.target.Variables, Given{Name: v.Name, Value: expand(v.Value, values)})
	}
	found, faults := read(text, &plan.target, plan.source, plan.target.Variables)
	if len(faults) > 0 || found == nil || found.pipeline.Import != nil {
		return fail("The file has no pipeline " + child.Custom + " among its custom ones that could be run here.")
	}
	if plan.target.Variables, err = fillIn(found.pipeline.Variables, plan.target.Variables); err != nil {
		return fail(err.Error())
	}
	if plan.script, faults = read(text, &plan.target, plan.source, plan.target.Variables); len(faults) > 0 || plan.script == nil {
		return fail("The pipeline " + child.Custom + " cannot be read with what it is given.")
	}
	_, err = room.Begin(ctx, tx, plan, Starter{Who: p.Creator, Trigger: ParentStep, Parent: s.ID})
	return err
}

// childEnded ends the step that a pipeline ran for.
func (room *Room) childEnded(ctx context.Context, tx *database.Tx, r *repository.Repository, child *Pipeline) error {
	n, err := tx.Exec(ctx, `UPDATE pipeline_step SET state = 'COMPLETED', result = $2, message = $3, completed_on = $4 WHERE id = $1 AND state = 'IN_PROGRESS'`,
		child.ParentStep, child.Status, "Pipeline #"+decimal(child.Number), database.Micros(room.Now()))
	if err != nil || n == 0 {
		return err
	}
	var id string
	if err := tx.Row(ctx, `SELECT pipeline_id FROM pipeline_step WHERE id = $1`, child.ParentStep).Scan(&id); err != nil {
		return err
	}
	return room.goOn(ctx, tx, r, id)
}
