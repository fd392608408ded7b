package repository

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/pailforge/pail/internal/gitstore"
)

// Upkeep does behind the scenes what repositories need after they were changed, one after the other: it looks at them, and
// maintains them once enough has piled up. A push to a repository goes before its maintenance.
type Upkeep struct {
	Git *gitstore.Store
	Log *slog.Logger
	// Look is called for each repository that was changed. nil: nobody looks.
	Look func(ctx context.Context, id string) error

	mu     sync.Mutex
	queue  []string
	queued map[string]bool
	wake   chan struct{}
}

// NewUpkeep makes one; Run does the work.
func NewUpkeep(git *gitstore.Store, log *slog.Logger) *Upkeep {
	return &Upkeep{Git: git, Log: log, queued: map[string]bool{}, wake: make(chan struct{}, 1)}
}

// maxQueued bounds how many repositories wait. One that is left out comes again with the next push to it.
const maxQueued = 10_000

// Changed notes that a repository was pushed to, changed or deleted.
func (u *Upkeep) Changed(id string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.queued[id] || len(u.queue) >= maxQueued {
		return
	}
	u.queue, u.queued[id] = append(u.queue, id), true
	select {
	case u.wake <- struct{}{}:
	default:
	}
}

func (u *Upkeep) next() (id string, ok bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.queue) == 0 {
		return "", false
	}
	id, u.queue = u.queue[0], u.queue[1:]
	delete(u.queued, id)
	return id, true
}

// Run works until ctx ends.
func (u *Upkeep) Run(ctx context.Context) {
	for ctx.Err() == nil {
		id, ok := u.next()
		if !ok {
			select {
			case <-ctx.Done():
			case <-u.wake:
			}
			continue
		}
		if u.Look != nil {
			if err := u.Look(ctx, id); err != nil && ctx.Err() == nil {
				u.Log.Warn("a repository was not looked at", "repository", id, "error", err)
			}
		}
		if !u.Git.Unkempt(id) {
			continue
		}
		// After the push that is under way, or came, it is tried again.
		if err := u.Git.Maintain(ctx, id); err != nil && ctx.Err() == nil && !errors.Is(err, gitstore.ErrConflict) && !errors.Is(err, gitstore.ErrNotFound) {
			u.Log.Warn("a repository was not maintained", "repository", id, "error", err)
		}
	}
}
