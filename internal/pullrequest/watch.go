package pullrequest

import (
	"context"
	"sync"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/event"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// Whoever has a pull request before them is told when it may look different, and not what has changed: they ask for it again, and get
// what they may see. It is told within this process, of what has been committed.

// Limits of those who are told at one time.
const (
	maxWatches    = 1000
	maxOwnWatches = 20 // of one account
)

// watches are those who are told.
type watches struct {
	mu    sync.Mutex
	of    map[string]map[*Watch]struct{} // by repository
	own   map[string]int                 // how many an account has
	all   int
	ended chan struct{} // closed: nobody is told any more
}

// Watch is somebody who is told.
type Watch struct {
	// Changed holds something when the pull request may look different than at the last time that something was taken from it.
	Changed <-chan struct{}
	// Ended is closed when nothing more is told, because the server stops.
	Ended <-chan struct{}

	changed             chan struct{}
	from                *watches
	repository, account string
	number              int64
}

func (w *watches) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	ended := w.init()
	select {
	case <-ended:
	default:
		close(ended)
	}
}

// init is ended. The caller holds the lock.
func (w *watches) init() chan struct{} {
	if w.ended == nil {
		w.of, w.own, w.ended = map[string]map[*Watch]struct{}{}, map[string]int{}, make(chan struct{})
	}
	return w.ended
}

// Watch begins to tell an account of a pull request. The caller stops it. A *rest.Error says that too many are told already.
func (room *Room) Watch(pr *PullRequest, accountID string) (*Watch, error) {
	w := &room.watches
	w.mu.Lock()
	defer w.mu.Unlock()
	ended := w.init()
	switch {
	case w.own[accountID] >= maxOwnWatches:
		return nil, rest.Refusef(reason.RateLimited, "This account follows %d pull requests already.", maxOwnWatches).WithHeader("Retry-After", "60")
	case w.all >= maxWatches:
		return nil, rest.Refusef(reason.ServerBusy, "%d pull requests are followed already.", maxWatches).WithHeader("Retry-After", "60")
	}
	changed := make(chan struct{}, 1)
	one := &Watch{Changed: changed, Ended: ended, changed: changed, from: w, repository: pr.RepositoryID, account: accountID, number: pr.Number}
	if w.of[one.repository] == nil {
		w.of[one.repository] = map[*Watch]struct{}{}
	}
	w.of[one.repository][one] = struct{}{}
	w.own[accountID]++
	w.all++
	return one, nil
}

// Stop ends it, once.
func (one *Watch) Stop() {
	w := one.from
	w.mu.Lock()
	defer w.mu.Unlock()
	if delete(w.of[one.repository], one); len(w.of[one.repository]) == 0 {
		delete(w.of, one.repository)
	}
	if w.own[one.account]--; w.own[one.account] == 0 {
		delete(w.own, one.account)
	}
	w.all--
}

// tell tells of a pull request; number 0 stands for all of the repository.
func (w *watches) tell(repositoryID string, number int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for one := range w.of[repositoryID] {
		if number != 0 && number != one.number {
			continue
		}
		one.Tell()
	}
}

// stirred tells of a pull request once the transaction is committed.
func (room *Room) stirred(tx *database.Tx, pr *PullRequest) {
	id, number := pr.RepositoryID, pr.Number
	tx.Then(func() { room.watches.tell(id, number) })
}

// Stirred tells that what all pull requests of a repository show may be different, as after a push.
func (room *Room) Stirred(repositoryID string) { room.watches.tell(repositoryID, 0) }

// Builds listens to what builds say of commits, for those who have pull requests before them.
func (room *Room) Builds() event.Listener { return builds{room} }

type builds struct{ room *Room }

// Wants tells whether somebody looks at a pull request of the repository.
func (b builds) Wants(_ context.Context, _ database.Queryer, key event.Key, at event.Place) (bool, error) {
	if !ofBuild(key) {
		return false, nil
	}
	w := &b.room.watches
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.of[at.RepositoryID]) > 0, nil
}

// Hear tells them.
func (b builds) Hear(_ context.Context, tx *database.Tx, e event.Event) error {
	if ofBuild(e.Key) {
		tx.Then(func() { b.room.Stirred(e.At.RepositoryID) })
	}
	return nil
}

func ofBuild(key event.Key) bool {
	return key == event.CommitStatusCreated || key == event.CommitStatusUpdated
}

// Tell has the one who is told look again.
func (one *Watch) Tell() {
	select {
	case one.changed <- struct{}{}:
	default: // it is told already
	}
}
