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

	"github.com/pailforge/pail/internal/gitserve"
)

// exchange is one request that git answers, with both directions watched.
type exchange struct {
	w     http.ResponseWriter
	r     *http.Request
	rc    *http.ResponseController
	cause func() error // why the exchange was ended, or nil

	contentType string
	prefix      []byte // sent before git's first byte
	started     bool   // the header is sent
	failed      error  // first failure to write

	in, out  atomic.Int64 // bytes
	bodyDone atomic.Bool
	stall    time.Duration
	watch    *gitserve.Watch
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
	e.cause = func() error { return context.Cause(ctx) }
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
	e.watch = gitserve.NewWatch(e.stall, func() { cancel(gitserve.ErrStalled) })
	return ctx, func() {
		e.endBody(ctx)
		leave()
		unblock()
		e.watch.Stop()
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

// Read reads the body as it comes over the wire.
func (e *exchange) Read(p []byte) (int, error) {
	n, err := e.r.Body.Read(p)
	if n > 0 {
		e.in.Add(int64(n))
		e.watch.Touch()
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
	e.watch.Touch()
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

// maxDroppedRefused bounds what is read of a request that the gate refused, so that the client gets to read the answer.
const maxDroppedRefused = 16 << 20
