package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// Limits of those who follow a pipeline: of one account, and in all.
const (
	maxOwnWatches = 20
	maxWatches    = 1000
)

// watches are those who follow pipelines in this process.
type watches struct {
	mu  sync.Mutex
	own map[string]int // by account
	all int
}

func (w *watches) enter(accountID string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.own[accountID] >= maxOwnWatches:
		return rest.Refusef(reason.RateLimited, "This account follows %d pipelines already.", maxOwnWatches).WithHeader("Retry-After", "60")
	case w.all >= maxWatches:
		return rest.Refusef(reason.ServerBusy, "%d pipelines are followed already.", maxWatches).WithHeader("Retry-After", "60")
	}
	if w.own == nil {
		w.own = map[string]int{}
	}
	w.own[accountID]++
	w.all++
	return nil
}

func (w *watches) leave(accountID string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.own[accountID]--; w.own[accountID] == 0 {
		delete(w.own, accountID)
	}
	w.all--
}

// Watch tells of what happens to a pipeline, and to the log of one of its steps.
type Watch struct {
	Changed <-chan struct{}
	Ended   <-chan struct{} // closed: nothing more is told
	Stop    func()          // to be called once
}

// Watch follows a pipeline, and the log of a step of it ("": of none), for an account that has seen it as Seen has said. What other nodes do
// is told within a second; more often than that nothing is told. A *rest.Error says that too many are followed.
func (room *Room) Watch(ctx context.Context, p *Pipeline, stepID, accountID, seen string) (*Watch, error) {
	if err := room.watches.enter(accountID); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	changed, ended := make(chan struct{}, 1), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(polls)
		defer tick.Stop()
		for ctx.Err() == nil && !room.stopped.Load() {
			now, err := room.Seen(ctx, p, stepID)
			if err != nil {
				return
			}
			if now != seen {
				seen = now
				select {
				case changed <- struct{}{}:
				default:
				}
			}
			select {
			case <-ctx.Done():
			case <-tick.C:
			}
		}
	}()
	var once sync.Once
	return &Watch{changed, ended, func() {
		once.Do(func() {
			cancel()
			room.watches.leave(accountID)
		})
	}}, nil
}

// Seen stands for what a page shows of a pipeline, and of the log of a step of it ("": of none): it is another text after every change.
func (room *Room) Seen(ctx context.Context, p *Pipeline, stepID string) (string, error) {
	sum := sha256.New()
	var status string
	var run int
	var stopping bool
	if err := room.DB.Row(ctx, `SELECT status, run, stopping FROM pipeline WHERE id = $1`, p.ID).Scan(&status, &run, &stopping); err != nil {
		return "", err
	}
	_, _ = fmt.Fprintln(sum, status, run, stopping)
	_, err := database.Collect(ctx, room.DB, func(row func(...any) error) (struct{}, error) {
		var id, state, result, waits, phase string
		var stopping bool
		err := row(&id, &state, &result, &waits, &phase, &stopping)
		_, _ = fmt.Fprintln(sum, id, state, result, waits, phase, stopping)
		return struct{}{}, err
	}, `SELECT id, state, result, waits, phase, stopping FROM pipeline_step WHERE pipeline_id = $1 AND is_current ORDER BY position`, p.ID)
	if err != nil {
		return "", err
	}
	if stepID != "" {
		_, _ = fmt.Fprintln(sum, room.size(&logRow{id: stepID, repositoryID: p.RepositoryID}))
	}
	return hex.EncodeToString(sum.Sum(nil)[:8]), nil
}
