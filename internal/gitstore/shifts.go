package gitstore

import (
	"context"
	"sync"
)

// shifts keep maintenance of a repository away from pushes to it, within this process.
type shifts struct {
	mu sync.Mutex
	of map[string]*shift
}

type shift struct {
	pushes int
	stop   context.CancelFunc // of the maintenance under way; nil: none
	over   chan struct{}      // closed when it has ended
}

// push waits for the maintenance of a repository to end, which it tells to give up. It returns what to call after the push.
func (s *shifts) push(id string) (done func()) {
	s.mu.Lock()
	now := s.get(id)
	now.pushes++
	over := now.over
	if now.stop != nil {
		now.stop()
	}
	s.mu.Unlock()
	if over != nil {
		<-over
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		now.pushes--
		s.drop(id, now)
	}
}

// tend begins maintenance of a repository: ctx ends when a push comes, and done is called at the end. ok is false while
// there are pushes, or another maintenance.
func (s *shifts) tend(outer context.Context, id string) (ctx context.Context, done func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.get(id)
	if now.pushes > 0 || now.over != nil {
		return nil, nil, false
	}
	ctx, now.stop = context.WithCancel(outer)
	now.over = make(chan struct{})
	return ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		now.stop()
		close(now.over)
		now.stop, now.over = nil, nil
		s.drop(id, now)
	}, true
}

func (s *shifts) get(id string) *shift {
	if s.of == nil {
		s.of = map[string]*shift{}
	}
	if s.of[id] == nil {
		s.of[id] = &shift{}
	}
	return s.of[id]
}

// drop forgets a repository with which nothing happens.
func (s *shifts) drop(id string, now *shift) {
	if now.pushes == 0 && now.over == nil {
		delete(s.of, id)
	}
}
