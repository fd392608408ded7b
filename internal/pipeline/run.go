package pipeline

import (
	"context"
	"sync"
	"time"
)

// bell wakes everybody who waits for something to change in the store, within this process.
type bell struct {
	mu sync.Mutex
	ch chan struct{}
}

// wait is closed at the next ring.
func (b *bell) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	return b.ch
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch != nil {
		close(b.ch)
		b.ch = nil
	}
}

// wake tells those who wait for a step that one has come up.
func (room *Room) wake() { room.offers.ring() }

// polls is how often the store is asked for what other nodes have done.
const polls = time.Second

// Run ends what nobody ends, starts what is due, and does what triggers say that is not done yet, until ctx ends.
func (room *Room) Run(ctx context.Context) {
	room.stopped.Store(false)
	defer context.AfterFunc(ctx, func() { // runners that wait for a step ask another node
		room.stopped.Store(true)
		room.wake()
	})()
	var tidying sync.WaitGroup
	defer tidying.Wait()
	tidying.Go(func() { room.tidyAll(ctx) })
	tick := time.NewTicker(polls)
	defer tick.Stop()
	for {
		more := room.triggers.wait() // from before the look: what comes up while it lasts is not missed
		if err := room.expire(ctx); err != nil && ctx.Err() == nil {
			room.Log.Error("steps that nobody runs any more were not ended", "error", err)
		}
		if err := room.StartDue(ctx); err != nil && ctx.Err() == nil {
			room.Log.Error("schedules of pipelines are not kept", "error", err)
		}
		if err := room.Triggered(ctx, ""); err != nil && ctx.Err() == nil {
			room.Log.Error("pipelines were not started", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-more:
		}
	}
}
