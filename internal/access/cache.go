package access

import (
	"sync"
	"time"
)

// cacheTTL bounds how long a decision may outlive a change made by another process: another node, or a command on
// this machine. Beside it there is what the store itself keeps for a moment (database.DB.ReadPacked), a fifth of a second
// in all. Changes made by this process are seen at once, because they move the store's version on.
const cacheTTL = 100 * time.Millisecond

// cacheSize bounds a cache. A full one is emptied: at that size what is in it is mostly stale anyway.
const cacheSize = 16384

// cache keeps what was read from the store, for as long as that is certain to be true, and cacheTTL beyond.
type cache[K comparable, V any] struct {
	mu      sync.RWMutex
	entries map[K]cached[V]
}

type cached[V any] struct {
	value   V
	version uint64
	at      time.Time
}

func newCache[K comparable, V any]() *cache[K, V] {
	return &cache[K, V]{entries: map[K]cached[V]{}}
}

func (c *cache[K, V]) get(k K, version uint64, now time.Time) (v V, ok bool) {
	c.mu.RLock()
	e, ok := c.entries[k]
	c.mu.RUnlock()
	if !ok || e.version != version || now.Sub(e.at) > cacheTTL {
		return v, false
	}
	return e.value, true
}

// put keeps v. version and now are those from before v was read, so that a write in between makes it stale.
func (c *cache[K, V]) put(k K, v V, version uint64, now time.Time) {
	c.mu.Lock()
	if len(c.entries) >= cacheSize {
		clear(c.entries)
	}
	c.entries[k] = cached[V]{v, version, now}
	c.mu.Unlock()
}
