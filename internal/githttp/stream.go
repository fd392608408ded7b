package githttp

import (
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// ErrStalled ends a request over whose connection nothing has moved for Options.Stall.
var ErrStalled = errors.New("githttp: nothing moved for too long")

// exchange is one request that git answers, with both directions watched.
type exchange struct {
	w      http.ResponseWriter
	r      *http.Request
	rc     *http.ResponseController
	cancel context.CancelCauseFunc
	cause  func() error // why the exchange was ended, or nil

	contentType string
	prefix      []byte // sent before git's first byte
	started     bool   // the header is sent
	failed      error  // first failure to write

	in, out  atomic.Int64 // bytes
	moved    atomic.Int64 // when a byte last moved, in nanoseconds since start
	bodyDone atomic.Bool
	start    time.Time
	stall    time.Duration
	timer    *time.Timer
}

// begin makes ready for streaming and gives the context that git shall run under. It ends when the
// client leaves, for as long as its body has not arrived whole or carry is false, and when the
// connection stalls. Call end when done.
func (e *exchange) begin(carry bool) (context.Context, func()) {
	_ = e.rc.EnableFullDuplex() // HTTP/2 is so by nature
	// The limits of the server are made for short requests. Stalls are watched here.
	_ = e.rc.SetReadDeadline(time.Time{})
	_ = e.rc.SetWriteDeadline(time.Time{})
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(e.r.Context()))
	e.cancel = cancel
	e.cause = func() error { return context.Cause(ctx) }
	e.start = time.Now()
	leave := context.AfterFunc(e.r.Context(), func() {
		if carry && !e.bodyDone.Load() {
			// The last byte may have been read a moment ago, and the end of the connection behind it seen before that was noted.
			select {
			case <-time.After(leaveGrace):
			case <-ctx.Done():
			}
		}
		if !carry || !e.bodyDone.Load() {
			cancel(context.Cause(e.r.Context()))
		}
	})
	// Reads and writes that are blocked must not outlive git.
	unblock := context.AfterFunc(ctx, func() {
		past := time.Unix(1, 0)
		_ = e.rc.SetReadDeadline(past)
		_ = e.rc.SetWriteDeadline(past)
	})
	e.timer = time.AfterFunc(e.stall, e.watch)
	return ctx, func() {
		e.endBody(ctx)
		leave()
		unblock()
		e.timer.Stop()
		cancel(nil)
	}
}

// leaveGrace is how long a body may take to be known as whole after the client left.
const leaveGrace = 250 * time.Millisecond

// endBodyWait bounds how long the rest of a body is waited for after the answer.
const endBodyWait = 10 * time.Second

// endBody leaves the connection at the end of the request, or closes it. With full duplex the
// server takes what remains of a body for the next request, or fails.
func (e *exchange) endBody(ctx context.Context) {
	if ctx.Err() == nil && !e.bodyDone.Load() {
		_ = e.rc.SetReadDeadline(time.Now().Add(endBodyWait))
		_, _ = io.CopyN(io.Discard, e, 256<<10)
	}
	if e.bodyDone.Load() {
		_ = e.rc.SetReadDeadline(time.Time{})
		return
	}
	_ = e.rc.Flush()
	if conn, _, err := e.rc.Hijack(); err == nil { // HTTP/2 has no need for it
		conn.Close()
	}
}

// watch runs when the stall time may be over.
func (e *exchange) watch() {
	quiet := time.Since(e.start) - time.Duration(e.moved.Load())
	if quiet >= e.stall {
		e.cancel(ErrStalled)
		return
	}
	e.timer.Reset(e.stall - quiet)
}

func (e *exchange) touch() { e.moved.Store(int64(time.Since(e.start))) }

// Read reads the body as it comes over the wire.
func (e *exchange) Read(p []byte) (int, error) {
	n, err := e.r.Body.Read(p)
	if n > 0 {
		e.in.Add(int64(n))
		e.touch()
	}
	if errors.Is(err, io.EOF) {
		e.bodyDone.Store(true)
	} else {
		err = e.why(err)
	}
	return n, err
}

// why gives the cause of a failed read or write: what ended the exchange also unblocks both, with errors that say
// nothing of it.
func (e *exchange) why(err error) error {
	if err != nil {
		return cmp.Or(e.cause(), err)
	}
	return err
}

// Write sends what git says, with status 200 before its first byte.
func (e *exchange) Write(p []byte) (int, error) {
	if e.failed != nil {
		return 0, e.failed
	}
	if err := e.open(); err != nil {
		return 0, err
	}
	n, err := e.w.Write(p)
	e.out.Add(int64(n))
	e.touch()
	e.failed = e.why(err)
	return n, e.failed
}

// open sends the header and the prefix, once.
func (e *exchange) open() error {
	if e.started {
		return e.failed
	}
	e.started = true
	e.w.Header().Set("Content-Type", e.contentType)
	e.w.WriteHeader(http.StatusOK)
	if len(e.prefix) > 0 {
		_, e.failed = e.w.Write(e.prefix)
	}
	return e.failed
}

// Flush sends what was written, if anything was.
func (e *exchange) Flush() {
	if e.started && e.failed == nil {
		e.failed = e.rc.Flush()
	}
}

var errEncoding = errors.New("the Content-Encoding is not known")

// body gives the decoded request body: as it is, or unpacked on the fly.
func (e *exchange) body() (io.Reader, error) {
	switch e.r.Header.Get("Content-Encoding") {
	case "", "identity":
		return e, nil
	case "gzip", "x-gzip":
		return gzip.NewReader(e)
	}
	return nil, errEncoding
}

// errTooLong says that a request to fetch is longer than any sensible one.
var errTooLong = errors.New("githttp: the request is too long")

// limited fails, unlike io.LimitReader, when there is more than n bytes.
type limited struct {
	r io.Reader
	n int64
}

func (l *limited) Read(p []byte) (int, error) {
	if l.n < 0 {
		return 0, errTooLong
	}
	if int64(len(p)) > l.n+1 {
		p = p[:l.n+1]
	}
	n, err := l.r.Read(p)
	if l.n -= int64(n); l.n < 0 {
		return 0, errTooLong
	}
	return n, err
}

// Bounds of what is read of a refused push so that the client gets to read the answer: more for
// those who may push.
const (
	maxDropped        = 256 << 20
	maxDroppedRefused = 16 << 20
)

// drop reads the rest of the body, up to a bound, for nothing.
func drop(body io.Reader, bound int64) { _, _ = io.CopyN(io.Discard, body, bound) }
