// Package heap measures what something takes of the heap, for tests that promise it does not grow with its input. Like
// package need it stands apart from package pailtest, which has the whole server in it. It is for tests only.
package heap

import (
	"runtime"
	"runtime/debug"
	"time"
)

// garbage is how much of the live heap may be garbage before it is collected, in percent. By default it is as much as
// lives, and a measurement would say more of the collector, and of how busy the machine is, than of what is measured.
const garbage = 10

// Grown runs f and gives by how many bytes the heap of this process grew at most meanwhile. Whatever else runs in the
// process counts too.
func Grown(f func()) uint64 {
	defer debug.SetGCPercent(debug.SetGCPercent(garbage))
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before := m.HeapInuse
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() {
		var most uint64
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
			select {
			case <-stop:
				peak <- most
				return
			case <-tick.C:
			}
		}
	}()
	f()
	close(stop)
	if most := <-peak; most > before {
		return most - before
	}
	return 0
}
