package search

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/pailforge/pail/internal/repository"
)

// How often the worker looks by itself. What this process changes it is told of (Changed); what others change, other nodes
// and commands, it finds so.
const (
	pollEvery   = 10 * time.Second // repositories that changed since the last time
	reviewEvery = 10 * time.Minute // all of them; what failed is tried again
	// skew is how far the clocks of nodes may differ, and how long a transaction may take, for a poll to find a change.
	skew = time.Minute
	// lockedEvery is how often the index is asked for when another process uses it.
	lockedEvery = time.Second
)

// queue is the repositories whose index may be behind. The zero value is ready.
type queue struct {
	mu      sync.Mutex
	waiting map[string]bool
	order   []string
	busy    string        // in work
	known   bool          // all repositories were looked at once
	changed chan struct{} // closed with each change
}

// signal tells everybody who waits; q.mu is held.
func (q *queue) signal() {
	if q.changed != nil {
		close(q.changed)
		q.changed = nil
	}
}

// next is closed with the next change; q.mu is held.
func (q *queue) next() <-chan struct{} {
	if q.changed == nil {
		q.changed = make(chan struct{})
	}
	return q.changed
}

// add puts repositories at the end, those that are not waiting.
func (q *queue) add(ids ...string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.waiting == nil {
		q.waiting = map[string]bool{}
	}
	for _, id := range ids {
		if !q.waiting[id] {
			q.waiting[id] = true
			q.order = append(q.order, id)
		}
	}
	q.signal()
}

// reviewed notes that all repositories whose index is behind are waiting.
func (q *queue) reviewed() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.known = true
	q.signal()
}

// take is the first repository, which is in work from here to done. ok is false when none is waiting: then more is closed when
// that changes.
func (q *queue) take() (id string, ok bool, more <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.order) == 0 {
		return "", false, q.next()
	}
	q.busy, q.order = q.order[0], q.order[1:]
	delete(q.waiting, q.busy)
	return q.busy, true, nil
}

func (q *queue) done() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.busy = ""
	q.signal()
}

// behind reports of each repository that is waiting or in work to f.
func (q *queue) behind(f func(id string)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.busy != "" && !q.waiting[q.busy] {
		f(q.busy)
	}
	for id := range q.waiting {
		f(id)
	}
}

// settled waits until nothing is waiting or in work.
func (q *queue) settled(ctx context.Context) error {
	for {
		q.mu.Lock()
		if q.known && len(q.order) == 0 && q.busy == "" {
			q.mu.Unlock()
			return nil
		}
		more := q.next()
		q.mu.Unlock()
		select {
		case <-more:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Changed notes that a repository was pushed to, changed or deleted. It does not wait.
func (room *Room) Changed(id string) { room.queue.add(id) }

// Settled waits until the index holds everything that was noted before.
func (room *Room) Settled(ctx context.Context) error { return room.queue.settled(ctx) }

// Behind is how many repositories the index is behind of.
func (room *Room) Behind() (n int) {
	room.queue.behind(func(string) { n++ })
	return n
}

// Open opens the index, so that the first request finds it. Run does what fails here again.
func (room *Room) Open() error {
	ix, anew, err := openIndex(room.Dir)
	if err != nil {
		return err
	}
	if anew {
		room.Log.Info("the search index is made anew", "dir", room.Dir)
	}
	room.mu.Lock()
	room.ix = ix
	room.mu.Unlock()
	return nil
}

// Close closes the index. Run has ended.
func (room *Room) Close() error {
	room.mu.Lock()
	defer room.mu.Unlock()
	if room.ix == nil {
		return nil
	}
	err := room.ix.Close()
	room.ix = nil
	return err
}

// current is the index, nil when it is not open.
func (room *Room) current() *index {
	room.mu.Lock()
	defer room.mu.Unlock()
	return room.ix
}

// Run keeps the index at the heads of the main branches until ctx ends.
func (room *Room) Run(ctx context.Context) {
	ix := room.current()
	for ; ix == nil; ix = room.current() {
		if !pause(ctx, lockedEvery) {
			return
		}
		if err := room.Open(); err != nil && !errors.Is(err, errLocked) {
			room.Log.Error("the search index cannot be opened", "dir", room.Dir, "error", err)
			if !pause(ctx, reviewEvery) {
				return
			}
		}
	}
	w := worker{room: room, follower: follower{ix, room.Repositories.Git}}
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	var reviewed time.Time
	for ctx.Err() == nil {
		if now := time.Now(); reviewed.IsZero() || now.Sub(reviewed) >= reviewEvery {
			w.look(ctx, w.review)
			reviewed = now
		}
		id, ok, more := room.queue.take()
		if ok {
			w.work(ctx, id)
			room.queue.done()
			continue
		}
		select {
		case <-ctx.Done():
		case <-more:
		case <-poll.C:
			w.look(ctx, w.poll)
		}
	}
}

// pause waits; false when ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// worker is the one that writes the index.
type worker struct {
	room *Room
	follower
	since time.Time // when the last change was that is known
}

func (w *worker) look(ctx context.Context, how func(context.Context) error) {
	if err := how(ctx); err != nil && ctx.Err() == nil {
		w.room.Log.Error("the search index does not know what has changed", "error", err)
	}
}

// review finds every repository whose index is behind, and those that are gone.
func (w *worker) review(ctx context.Context) error {
	heads, err := w.room.Repositories.Heads(ctx, time.Time{})
	if err != nil {
		return err
	}
	there := make(map[string]bool, len(heads))
	for _, h := range heads {
		there[h.ID] = true
	}
	indexed, err := w.ix.repositories()
	if err != nil {
		return err
	}
	for _, id := range indexed {
		if !there[id] {
			w.room.queue.add(id)
		}
	}
	if err := w.stale(heads); err != nil {
		return err
	}
	w.room.queue.reviewed()
	return nil
}

// poll finds repositories that changed since the last time.
func (w *worker) poll(ctx context.Context) error {
	heads, err := w.room.Repositories.Heads(ctx, w.since.Add(-skew))
	if err != nil {
		return err
	}
	return w.stale(heads)
}

// stale lets those wait whose index is behind.
func (w *worker) stale(heads []repository.Head) error {
	for _, h := range heads {
		s, ok, err := w.ix.state(h.ID)
		if err != nil {
			return err
		}
		if !ok || s.Partial || s.Branch != h.MainBranch || s.Updated != micros(h.Updated) {
			w.room.queue.add(h.ID)
		}
		if h.Updated.After(w.since) {
			w.since = h.Updated
		}
	}
	return nil
}

// work brings one repository up to date.
func (w *worker) work(ctx context.Context, id string) {
	head, ok, err := w.room.Repositories.Head(ctx, id)
	switch {
	case err != nil:
	case !ok:
		err = w.ix.forget(ctx, id)
	default:
		err = w.follow(ctx, head)
	}
	if err == nil || ctx.Err() != nil {
		return
	}
	if _, ok, gone := w.room.Repositories.Head(ctx, id); gone == nil && !ok && head.ID != "" {
		w.room.queue.add(id) // it was deleted meanwhile
		return
	}
	w.room.Log.Error("a repository cannot be searched as it is now", "repository", id, "error", err)
}
