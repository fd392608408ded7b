package gitssh

import (
	"net/netip"
	"sync"
	"time"
)

// Bounds of who may be here at the same time, and how often a login may fail.
const (
	maxConnections  = 1000 // in all
	maxStrangers    = 100  // connections that have not logged in
	maxNetStrangers = 20   // of them from one network
	maxOfKey        = 100  // connections with the same key

	freeFailures  = 50               // logins of one network that may fail before it has to wait
	failureMemory = 15 * time.Minute // after which they are forgotten
	maxFailures   = 10_000           // networks remembered; beyond, all are forgotten rather than memory grows
)

// crowd counts who is here.
type crowd struct {
	now func() time.Time

	mu        sync.Mutex
	all       int
	strangers int
	nets      map[netip.Prefix]int // strangers
	keys      map[string]int
	failures  map[netip.Prefix]failures
}

type failures struct {
	n    int
	last time.Time
}

func newCrowd(now func() time.Time) *crowd {
	return &crowd{now: now, nets: map[netip.Prefix]int{}, keys: map[string]int{}, failures: map[netip.Prefix]failures{}}
}

// network is what counts as one place: an address of IPv4, or the 64 bits that one gets of IPv6.
func network(address netip.Addr) netip.Prefix {
	address = address.Unmap()
	bits := address.BitLen()
	if address.Is6() {
		bits = 64
	}
	p, _ := address.WithZone("").Prefix(bits)
	return p
}

// enter lets a stranger in, unless there are too many or too many logins from there have failed.
func (c *crowd) enter(from netip.Prefix) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all >= maxConnections || c.strangers >= maxStrangers || c.nets[from] >= maxNetStrangers || c.pause(from) > 0 {
		return false
	}
	c.all++
	c.strangers++
	c.nets[from]++
	return true
}

// pause is how long nobody from there is let in. The crowd is locked.
func (c *crowd) pause(from netip.Prefix) time.Duration {
	f, now := c.failures[from], c.now()
	if f.n < freeFailures || now.Sub(f.last) > failureMemory {
		return 0
	}
	return f.last.Add(time.Second << min(f.n-freeFailures, 6)).Sub(now) // 1 s, 2 s, 4 s … about a minute
}

// failed notes that a login has failed.
func (c *crowd) failed(from netip.Prefix) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.failures) >= maxFailures {
		clear(c.failures)
	}
	f, now := c.failures[from], c.now()
	if now.Sub(f.last) > failureMemory {
		f.n = 0
	}
	c.failures[from] = failures{f.n + 1, now}
}

// met says that a stranger is one no more: it has logged in with key, or goes with "". It reports whether there is room for one more
// with that key.
func (c *crowd) met(from netip.Prefix, key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.strangers--
	if c.nets[from]--; c.nets[from] == 0 {
		delete(c.nets, from)
	}
	if key == "" || c.keys[key] >= maxOfKey {
		c.all--
		return false
	}
	c.keys[key]++
	return true
}

// leave says that one who was met is gone.
func (c *crowd) leave(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all--
	if c.keys[key]--; c.keys[key] == 0 {
		delete(c.keys, key)
	}
}
