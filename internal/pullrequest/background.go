package pullrequest

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// Limits of merges in the background: how many go on at once, how many wait, how long one may take from its beginning on, and how long
// what became of it is kept.
const (
	mergers    = 2
	maxWaiting = 100
	mergeTime  = 2 * time.Minute
	keepMerges = 24 * time.Hour
)

// queue are merges that wait for their turn.
type queue struct {
	once sync.Once
	jobs chan job
}

func (q *queue) channel() chan job {
	q.once.Do(func() { q.jobs = make(chan job, maxWaiting) })
	return q.jobs
}

type job struct {
	id     string
	p      *access.Principal
	r      *repository.Repository
	number int64
	order  Order
	due    time.Time
}

// The states of a merge in the background.
const (
	pending   = "PENDING"
	succeeded = "SUCCESS"
	failed    = "FAILED"
)

// taskJSON is how far a merge in the background is (GET .../merge/task-status/{task_id}).
type taskJSON struct {
	Status string               `json:"task_status"`
	Result *JSON                `json:"merge_result,omitempty"` // once it is merged
	Links  map[string]rest.Link `json:"links"`
}

func (room *Room) renderTask(r *repository.Repository, number int64, id, status string) taskJSON {
	return taskJSON{Status: status, Links: map[string]rest.Link{"self": room.linkTo(r, number, "merge", "task-status", id)}}
}

// mergeLater begins a merge, and answers where to ask for it.
func (room *Room) mergeLater(c *access.Call, r *repository.Repository, pr *PullRequest, order Order) (any, error) {
	if pr.State != Open {
		return nil, closed(pr)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	j := job{id: id.String(), p: c.Principal, r: r, number: pr.Number, order: order, due: room.Now().Add(mergeTime)}
	err = room.DB.Update(c.Context(), func(tx *database.Tx) error {
		if _, err := tx.Exec(c.Context(), `DELETE FROM pull_request_merge WHERE due_on < $1`, database.Micros(room.Now().Add(-keepMerges))); err != nil {
			return err
		}
		_, err := tx.Exec(c.Context(), `INSERT INTO pull_request_merge (id, repository_id, number, state, refusal, due_on) VALUES ($1, $2, $3, 'PENDING', '', $4)`, j.id, r.ID, pr.Number, database.Micros(j.due))
		return err
	})
	if err != nil {
		return nil, err
	}
	select {
	case room.queue.channel() <- j:
	default:
		busy := rest.Refusef(reason.ServerBusy, "%d merges are waiting already.", maxWaiting).WithHeader("Retry-After", "10")
		return nil, errors.Join(room.settle(context.WithoutCancel(c.Context()), &j, busy), busy)
	}
	return accepted(room.renderTask(r, pr.Number, j.id, pending)), nil
}

// Run merges in the background until ctx ends; from then on nobody is told of changes either. What waits then is said to have failed;
// what nobody could say so of, because the process was killed, has when its time is over.
func (room *Room) Run(ctx context.Context) {
	context.AfterFunc(ctx, room.watches.end)
	var all sync.WaitGroup
	jobs := room.queue.channel()
	for range mergers {
		all.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case j := <-jobs:
					room.work(ctx, &j)
				}
			}
		})
	}
	all.Wait()
	for {
		select {
		case j := <-jobs:
			if err := room.settle(context.WithoutCancel(ctx), &j, rest.Refuse(reason.ServerStopping, "")); err != nil {
				room.Log.Error("a merge that was not begun is still said to be pending", "task", j.id, "error", err)
			}
		default:
			return
		}
	}
}

func (room *Room) work(ctx context.Context, j *job) {
	limited, cancel := context.WithDeadline(access.As(context.WithoutCancel(ctx), j.p), j.due.Add(-mergeTime/10))
	defer cancel()
	_, err := room.Merge(limited, j.p, j.r, j.number, j.order)
	if err := room.settle(context.WithoutCancel(ctx), j, err); err != nil {
		room.Log.Error("what became of a merge was not noted", "task", j.id, "error", err)
	}
}

// refusal is why a merge has failed, as it is kept.
type refusal struct {
	Reason  reason.Code         `json:"reason"`
	Status  int                 `json:"status"`
	Message string              `json:"message"`
	Detail  any                 `json:"detail"`
	Data    map[string]any      `json:"data,omitempty"`
	Fields  map[string][]string `json:"fields,omitempty"`
}

// settle notes what became of a merge.
func (room *Room) settle(ctx context.Context, j *job, outcome error) error {
	state, text := succeeded, []byte{}
	if outcome != nil {
		e, ok := errors.AsType[*rest.Error](outcome)
		if !ok {
			room.Log.Error("a merge in the background failed", "repository", j.r.ID, "pull_request", j.number, "error", outcome)
			e = rest.Fault(outcome)
		}
		var err error
		if text, err = json.Marshal(refusal{e.Reason, e.Status, e.Message, e.Detail, e.Data, e.Fields}); err != nil {
			return err
		}
		state = failed
	}
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE pull_request_merge SET state = $2, refusal = $3 WHERE id = $1`, j.id, state, string(text))
		return err
	})
}

// taskStatus tells how far a merge in the background is. One that has failed is answered as it would have been without async.
func (room *Room) taskStatus(c *access.Call, r *repository.Repository, pr *PullRequest) (any, error) {
	id, ok := rest.Unbraced(c.Param("task_id"))
	var state, text string
	var due int64
	err := database.ErrNoRows
	if ok {
		err = room.DB.Row(c.Context(), `SELECT state, refusal, due_on FROM pull_request_merge WHERE id = $1 AND repository_id = $2 AND number = $3`, id, r.ID, pr.Number).Scan(&state, &text, &due)
	}
	if errors.Is(err, database.ErrNoRows) {
		return nil, rest.InvalidField("task_id", "the pull request has no such task") // 400, as documented
	}
	if err != nil {
		return nil, err
	}
	if state == succeeded || state == pending && room.Now().After(database.Time(due)) {
		// It was read before the task was, and may have been merged in between.
		if pr, err = room.Find(c.Context(), r, pr.Number); err != nil {
			return nil, err
		}
	}
	if state == pending && room.Now().After(database.Time(due)) {
		// Whoever was at it has ended. What it came to, the pull request says.
		if state = failed; pr.State == Merged {
			state = succeeded
		}
	}
	switch state {
	case failed:
		if text == "" {
			return nil, rest.Refuse(reason.ServerStopping, "The server was stopped before the merge was done. Merge again.")
		}
		var why refusal
		if err := json.Unmarshal([]byte(text), &why); err != nil {
			return nil, err
		}
		e := rest.Refuse(why.Reason, "")
		e.Status, e.Message, e.Detail, e.Data, e.Fields = why.Status, why.Message, why.Detail, why.Data, why.Fields
		return nil, e
	case succeeded:
		task := room.renderTask(r, pr.Number, id, succeeded)
		shown, err := room.renderOne(c.Context(), room.DB, c.Principal, r, pr)
		task.Result = &shown
		return task, err
	}
	return room.renderTask(r, pr.Number, id, pending), nil
}
