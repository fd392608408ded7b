package pullrequest

import (
	"context"
	"sync"
)

// turns let one at a time merge into a repository, within this process: what one has merged, the next one begins with, where it
// would else have worked for nothing.
type turns struct {
	mu sync.Mutex
	of map[string]*turn
}

type turn struct {
	people int           // who has it, and who waits for it
	free   chan struct{} // holds something while nobody has it
}

// take waits for the turn in a repository. done ends it.
func (t *turns) take(ctx context.Context, id string) (done func(), err error) {
	t.mu.Lock()
	if t.of == nil {
		t.of = map[string]*turn{}
	}
	now := t.of[id]
	if now == nil {
		now = &turn{free: make(chan struct{}, 1)}
		now.free <- struct{}{}
		t.of[id] = now
	}
	now.people++
	t.mu.Unlock()
	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if now.people--; now.people == 0 {
			delete(t.of, id)
		}
	}
	select {
	case <-now.free:
		return func() {
			now.free <- struct{}{}
			leave()
		}, nil
	case <-ctx.Done():
		leave()
		return nil, context.Cause(ctx)
	}
}
