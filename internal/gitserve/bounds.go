package gitserve

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"
)

// Errors of a transfer that went over a bound.
var (
	ErrStalled = errors.New("gitserve: nothing moved for too long")
	ErrBusy    = errors.New("gitserve: no free process in time")
	ErrTooLong = errors.New("gitserve: the request is too long")
)

// What a transport bounds when it is told nothing else.
const (
	DefaultMaxRefs         = 50_000    // references of one push
	DefaultMaxFetchRequest = 64 << 20  // bytes of a request to fetch
	MaxCommandBytes        = 16 << 20  // of the list of references that a push changes
	MaxDropped             = 256 << 20 // bytes that are read of a refused push so that the client gets to read the answer
)

// Turns bound what git works on at the same time, over all transports that share them.
type Turns struct {
	taken chan struct{}
	wait  time.Duration
}

// NewTurns makes n turns; who wants one waits for it as long as wait. 0: 64, and 1 minute.
func NewTurns(n int, wait time.Duration) *Turns {
	if n <= 0 {
		n = 64
	}
	if wait <= 0 {
		wait = time.Minute
	}
	return &Turns{make(chan struct{}, n), wait}
}

// Take waits for a turn and tells how long that took. done gives the turn back. The error is ErrBusy, or why ctx ended.
func (t *Turns) Take(ctx context.Context) (done func(), waited time.Duration, err error) {
	done = func() { <-t.taken }
	select {
	case t.taken <- struct{}{}:
		return done, 0, nil
	default:
	}
	begun := time.Now()
	patience := time.NewTimer(t.wait)
	defer patience.Stop()
	select {
	case t.taken <- struct{}{}:
		return done, time.Since(begun), nil
	case <-ctx.Done():
		return nil, time.Since(begun), context.Cause(ctx)
	case <-patience.C:
		return nil, time.Since(begun), ErrBusy
	}
}

// Watch notices when nothing moves in either direction.
type Watch struct {
	start time.Time
	moved atomic.Int64 // when a byte last moved, in nanoseconds since start
	stall time.Duration
	timer *time.Timer
	ended func()
}

// NewWatch begins to watch; ended is called once nothing has moved for as long as stall.
func NewWatch(stall time.Duration, ended func()) *Watch {
	w := &Watch{start: time.Now(), stall: stall, ended: ended}
	w.timer = time.AfterFunc(time.Hour, w.look)
	w.timer.Reset(stall)
	return w
}

// Touch says that a byte has moved.
func (w *Watch) Touch() { w.moved.Store(int64(time.Since(w.start))) }

// Stop ends the watch.
func (w *Watch) Stop() { w.timer.Stop() }

// look runs when the stall time may be over.
func (w *Watch) look() {
	quiet := time.Since(w.start) - time.Duration(w.moved.Load())
	if quiet >= w.stall {
		w.ended()
		return
	}
	w.timer.Reset(w.stall - quiet)
}

// Limit is r, which fails with ErrTooLong, unlike io.LimitReader, when there is more in it than n bytes.
func Limit(r io.Reader, n int64) io.Reader { return &limited{r, n} }

type limited struct {
	r io.Reader
	n int64
}

func (l *limited) Read(p []byte) (int, error) {
	if l.n < 0 {
		return 0, ErrTooLong
	}
	if int64(len(p)) > l.n+1 {
		p = p[:l.n+1]
	}
	n, err := l.r.Read(p)
	if l.n -= int64(n); l.n < 0 {
		return 0, ErrTooLong
	}
	return n, err
}

// Drop reads the rest of what a client sends, up to a bound in bytes, for nothing.
func Drop(in io.Reader, bound int64) { _, _ = io.CopyN(io.Discard, in, bound) }
