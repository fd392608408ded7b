package pipeline

import (
	"context"
	"errors"
	"slices"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/pipefile"
	"github.com/pailforge/pail/internal/repository"
)

// A pipeline goes on in one place: whatever has happened to its steps, next says what follows from how they stand, and advance writes
// it. So it does not matter in which order things happen, or whether something is told twice.

// change is what happens to a step.
type change struct {
	position int
	to       string // of again, ready, skip, halt, stop, wait
	waits    string
}

// What happens to steps.
const (
	again  = "again"  // on-fail has one run once more that has failed
	ready  = "ready"  // a runner may take it
	skip   = "skip"   // it ends without having run: NotRun
	halt   = "halt"   // the same, because another one of its group has failed: Stopped
	stop   = "stop"   // whoever runs it is to stop
	wait   = "wait"   // it waits for what waits says
	spring = "spring" // it runs a pipeline of its own
)

// item is a part of a pipeline: steps that run at the same time, or one after another.
type item struct {
	first, last int // positions, last behind the last one
	failFast    bool
	serial      bool
	stage       *pipefile.Stage
	onFail      *pipefile.OnFail
}

func (s *script) items() (all []item) {
	n := 0
	for i := range s.pipeline.Items {
		of := &s.pipeline.Items[i]
		one := item{first: n, last: n + len(of.Steps())}
		switch {
		case of.Parallel != nil:
			one.failFast, one.onFail = of.Parallel.FailFast, of.Parallel.OnFail
		case of.Stage != nil:
			one.serial, one.stage, one.onFail = true, of.Stage, of.Stage.OnFail
		}
		n = one.last
		all = append(all, one)
	}
	return all
}

// stageOf is the stage that a step belongs to; nil for none.
func (s *script) stageOf(position int) *pipefile.Stage {
	for _, i := range s.items() {
		if position >= i.first && position < i.last {
			return i.stage
		}
	}
	return nil
}

// onFail is what the failure of a step does: what it says itself, or its group.
func (s *script) onFail(i item, position int) pipefile.OnFail {
	if of := s.steps[position].OnFail; of != nil {
		return *of
	}
	if i.onFail != nil {
		return *i.onFail
	}
	return pipefile.OnFail{Strategy: "fail"}
}

// failed tells whether a step has ended as one that others go by.
func failed(s *Step) bool {
	return s.State == Completed && (s.Result == Failed || s.Result == Errored || s.Result == Stopped || s.Result == Expired)
}

// gate says what a step whose turn it is waits for beside the steps before it; "" for nothing.
type gate func(s *Step, of *pipefile.Step) (waits string, skipped bool, err error)

// next says what follows from how the steps of a pipeline stand, by position; nothing when it is as it should be.
func (s *script) next(steps []Step, stopping bool, pass gate) (changes []change, err error) {
	blocked, open := stopping, false
	end := func(position int, to string) {
		switch steps[position].State {
		case Pending, Ready:
			changes = append(changes, change{position: position, to: to})
		case InProgress:
			if !steps[position].Stopping {
				changes = append(changes, change{position: position, to: stop})
			}
		}
	}
	begin := func(position int, manual bool) error {
		one, of := &steps[position], s.steps[position]
		waits, skipped, err := "", false, error(nil)
		switch {
		case manual && !one.Released:
			waits = ForSomebody
		default:
			if waits, skipped, err = pass(one, of); err != nil {
				return err
			}
		}
		to := ready
		switch {
		case skipped:
			to = skip
		case waits != "":
			if one.Waits == waits {
				return nil
			}
			to = wait
		case of.Child != nil:
			to = spring
		}
		changes = append(changes, change{position, to, waits})
		return nil
	}
	for _, i := range s.items() {
		broken, fast := false, false
		for position := i.first; position < i.last; position++ {
			one := &steps[position]
			if !failed(one) {
				continue
			}
			switch of := s.onFail(i, position); {
			case stopping:
			case of.Strategy == "ignore" && one.Result != Stopped:
				continue
			case of.Strategy == "retry" && one.Result != Stopped && one.Retries < of.Retries:
				changes = append(changes, change{position: position, to: again})
				open = true
				continue
			}
			broken = true
			if own := s.steps[position].FailFast; own != nil && *own || own == nil && i.failFast {
				fast = true
			}
		}
		turn := !open // steps of a parallel group wait for what is before the group, those of a stage for each other, too
		for position := i.first; position < i.last; position++ {
			one := &steps[position]
			switch {
			case stopping:
				end(position, skip)
			case fast && !i.serial:
				end(position, halt)
			case blocked || i.serial && broken:
				if one.State == Pending || one.State == Ready {
					changes = append(changes, change{position: position, to: skip})
				}
			case one.State == Pending && turn:
				if err := begin(position, s.steps[position].Manual || i.stage != nil && i.stage.Manual && position == i.first); err != nil {
					return nil, err
				}
			}
			if i.serial && one.State != Completed {
				turn = false
			}
			open = open || one.State != Completed
		}
		blocked = blocked || broken
	}
	if s.pipeline.Final == nil {
		return changes, nil
	}
	switch last := len(steps) - 1; {
	case stopping:
		end(last, skip)
	case steps[last].State == Completed:
		if of := s.onFail(item{}, last); failed(&steps[last]) && of.Strategy == "retry" && steps[last].Result != Stopped && steps[last].Retries < of.Retries {
			changes = append(changes, change{position: last, to: again})
		}
	case steps[last].State == Pending && !open && len(changes) == 0:
		err = begin(last, false)
	}
	return changes, err
}

// outcome is the status of a pipeline whose steps stand so and are as they should be. begun says whether any step was ever taken.
func (s *script) outcome(steps []Step, stopping, begun bool) string {
	running, waiting, ended := false, false, true
	for i := range steps {
		one := &steps[i]
		ended = ended && one.State == Completed
		running = running || one.State == Ready || one.State == InProgress
		waiting = waiting || one.State == Pending && one.Waits == ForSomebody
		begun = begun || one.State == InProgress
	}
	switch {
	case !ended && !running && waiting:
		return Paused
	case !ended && begun:
		return Running
	case !ended:
		return Pending
	case stopping:
		return Stopped
	}
	return s.verdict(steps)
}

// verdict is what a pipeline whose steps have ended comes to: the gravest of their results. Failures that are ignored do not count.
func (s *script) verdict(steps []Step) string {
	results := map[string]bool{}
	all := s.items()
	if s.pipeline.Final != nil {
		all = append(all, item{first: len(steps) - 1, last: len(steps)})
	}
	for _, i := range all {
		for position := i.first; position < i.last; position++ {
			one := &steps[position]
			if failed(one) && one.Result != Stopped && s.onFail(i, position).Strategy == "ignore" {
				continue
			}
			results[one.Result] = true
		}
	}
	for _, result := range []string{Errored, Failed, Expired, Stopped} {
		if results[result] {
			return result
		}
	}
	return Successful
}

// maxTurns bounds how often a pipeline is looked at again because runners take its steps meanwhile, or steps end in the moment in which
// they begin.
const maxTurns = 10 * pipefile.MaxSteps

var errUnsettled = errors.New("pipeline: a pipeline does not come to rest")

// advance lets a pipeline go on. The caller holds the lock of the repository. of is its script, nil for one that has nothing to run.
func (room *Room) advance(ctx context.Context, tx *database.Tx, r *repository.Repository, p *Pipeline, of *script) error {
	if of == nil {
		return room.settleStatus(ctx, tx, r, p, nil, Errored)
	}
	for range maxTurns {
		steps, err := currentSteps(ctx, tx, p.ID)
		if err != nil {
			return err
		}
		changes, err := of.next(steps, p.Stopping, room.gate(ctx, tx, p, of, steps))
		if err != nil {
			return err
		}
		if len(changes) == 0 {
			return room.settleStatus(ctx, tx, r, p, steps, of.outcome(steps, p.Stopping, !p.Started.IsZero()))
		}
		for _, c := range changes {
			if err := room.apply(ctx, tx, r, p, of, &steps[c.position], c); err != nil {
				return err
			}
		}
	}
	return errUnsettled
}

// apply writes a change of a step. Where a runner has taken the step meanwhile, nothing happens, and the next look finds it so.
func (room *Room) apply(ctx context.Context, tx *database.Tx, r *repository.Repository, p *Pipeline, of *script, s *Step, c change) error {
	now := database.Micros(room.Now())
	where := ` WHERE id = $1 AND state = $2 AND is_current`
	var err error
	switch c.to {
	case ready:
		_, err = tx.Exec(ctx, `UPDATE pipeline_step SET state = 'READY', waits = '', ready_on = $3`+where, s.ID, s.State, now)
		tx.Then(room.wake)
	case wait:
		_, err = tx.Exec(ctx, `UPDATE pipeline_step SET waits = $3`+where, s.ID, s.State, c.waits)
	case skip:
		_, err = tx.Exec(ctx, `UPDATE pipeline_step SET state = 'COMPLETED', result = 'NOT_RUN', waits = '', completed_on = $3`+where, s.ID, s.State, now)
	case halt:
		_, err = tx.Exec(ctx, `UPDATE pipeline_step SET state = 'COMPLETED', result = 'STOPPED', waits = '', completed_on = $3`+where, s.ID, s.State, now)
	case stop:
		if _, err = tx.Exec(ctx, `UPDATE pipeline_step SET stopping = TRUE`+where, s.ID, s.State); err == nil && of.steps[s.Position].Child != nil {
			err = room.stopChildren(ctx, tx, r, `s.id = $2`, s.ID)
		}
	case again:
		err = room.again(ctx, tx, p, of, s, s.Retries+1)
	case spring:
		err = room.spring(ctx, tx, r, p, of, s)
	}
	return err
}

// again has a step run once more, in a row of its own.
func (room *Room) again(ctx context.Context, tx *database.Tx, p *Pipeline, of *script, s *Step, retries int) error {
	if _, err := tx.Exec(ctx, `UPDATE pipeline_step SET is_current = FALSE WHERE id = $1`, s.ID); err != nil {
		return err
	}
	next := room.newStep(p, of, s.Position, of.steps[s.Position])
	next.Attempt, next.Retries = s.Attempt+1, retries
	if err := insertStep(ctx, tx, &next); err != nil {
		return err
	}
	if retries == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `UPDATE pipeline_step SET released = $2 WHERE id = $1`, next.ID, s.Released)
	return err
}

// settleStatus writes the status that a pipeline has come to, and tells of it.
func (room *Room) settleStatus(ctx context.Context, tx *database.Tx, r *repository.Repository, p *Pipeline, steps []Step, status string) error {
	before := *p
	p.BuildSeconds = 0
	for i := range steps {
		p.BuildSeconds += steps[i].seconds()
	}
	if p.Status = status; p.Ended() && p.Completed.IsZero() {
		p.Completed = room.Now()
	}
	// A runner may have taken the first step in this moment.
	if err := tx.Row(ctx, `UPDATE pipeline SET status = CASE WHEN $2 = 'PENDING' AND started_on > 0 THEN 'RUNNING' ELSE $2 END, build_seconds = $3, completed_on = $4
		WHERE id = $1 RETURNING status`, p.ID, p.Status, p.BuildSeconds, database.Micros(p.Completed)).Scan(&p.Status); err != nil {
		return err
	}
	if buildState(before.Status) != buildState(p.Status) {
		if err := room.say(ctx, tx, r, p); err != nil {
			return err
		}
	}
	if !p.Ended() || p.ParentStep == "" {
		return nil
	}
	return room.childEnded(ctx, tx, r, p)
}

// release lets the pipelines of a repository go on that wait for what other steps hold. The caller holds the lock of the repository.
func (room *Room) release(ctx context.Context, tx *database.Tx, r *repository.Repository, but string) error {
	ids, err := database.Collect(ctx, tx, func(row func(...any) error) (id string, err error) { return id, row(&id) },
		`SELECT DISTINCT s.pipeline_id FROM pipeline_step s WHERE s.repository_id = $1 AND s.waits IN ('group', 'environment') AND s.is_current AND s.pipeline_id <> $2`, r.ID, but)
	if err != nil {
		return err
	}
	slices.Sort(ids) // their ids are in the order in which they were made
	for _, id := range ids {
		if err := room.goOn(ctx, tx, r, id); err != nil {
			return err
		}
	}
	return nil
}

// goOn is advance for a pipeline by its id.
func (room *Room) goOn(ctx context.Context, tx *database.Tx, r *repository.Repository, id string) error {
	if err := lockPipeline(ctx, tx, id); err != nil {
		return err
	}
	p, err := byID(ctx, tx, r.ID, id)
	if err != nil {
		return err
	}
	of, err := room.scriptOf(ctx, tx, &p)
	if err != nil {
		return err
	}
	return room.advance(ctx, tx, r, &p, of)
}
