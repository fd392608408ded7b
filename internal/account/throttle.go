package account

import (
	"sync"
	"time"
)

// throttle slows down guessing: after a few failures for an e-mail, or from an address, further tries wait. It lives
// in memory: a restart forgets it, and every node counts for itself.
type throttle struct {
	mu      sync.Mutex
	failure map[string]failures
}

type failures struct {
	n    int
	last time.Time
}

const (
	freeFailures    = 5                // per e-mail; an address gets ten times as many
	failureMemory   = 15 * time.Minute // after which failures are forgotten
	maxFailureCount = 10000            // keys kept; beyond, all are forgotten rather than memory grows
)

func (t *throttle) wait(now time.Time, email, address string) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return max(t.delay(now, "email "+email, freeFailures), t.delay(now, "address "+address, 10*freeFailures))
}

func (t *throttle) delay(now time.Time, key string, free int) time.Duration {
	f := t.failure[key]
	if f.n < free || now.Sub(f.last) > failureMemory {
		return 0
	}
	pause := time.Second << min(f.n-free, 8) // 1 s, 2 s, 4 s … about 4 minutes
	return max(0, f.last.Add(pause).Sub(now))
}

func (t *throttle) failed(now time.Time, email, address string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count(now, "email "+email)
	t.count(now, "address "+address)
}

// count adds a failure to a key. The throttle is locked.
func (t *throttle) count(now time.Time, key string) {
	if t.failure == nil || len(t.failure) > maxFailureCount {
		t.failure = map[string]failures{}
	}
	f := t.failure[key]
	if now.Sub(f.last) > failureMemory {
		f.n = 0
	}
	t.failure[key] = failures{f.n + 1, now}
}

func (t *throttle) succeeded(email string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.failure, "email "+email)
}
