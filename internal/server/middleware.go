package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/config"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// ErrTimeout is the cause (context.Cause) of a request's end when its answer did not begin within timeouts.request.
var ErrTimeout = fmt.Errorf("the answer did not begin in time: %w", context.DeadlineExceeded)

// ErrStopped is the cause of a request's end when the server stops and could wait no longer.
var ErrStopped = errors.New("the server has stopped")

// front is what every request passes before the wired handler: request id, trace, limits, and on the way back
// recovery, metrics and the access log.
type front struct {
	next     http.Handler
	api      *rest.API
	log      *slog.Logger
	limits   config.Limits
	timeouts config.Timeouts
	bounded  func(*http.Request) bool
	uploads  func(*http.Request) bool // nil: none is
	metrics  *metrics
	health   *health
	scrape   http.Handler // /metrics, nil when it is not served here
	// scrapeLocal serves /metrics only to callers on this machine.
	scrapeLocal bool
	flight      inFlight
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	f.flight.enter()
	defer f.flight.leave()

	e := &exchange{ResponseWriter: w, stall: f.timeouts.Stall, multi: r.ProtoMajor > 1}
	e.deadline, _ = w.(deadliner)
	e.trace.RequestID = requestID(r.Header)
	e.header[0] = e.trace.RequestID
	w.Header()["X-Request-Id"] = e.header[:]

	ctx := rest.WithTrace(r.Context(), &e.trace)
	bounded, most, setting := f.bounded(r), f.limits.Body, "limits.body"
	upload := bounded && f.uploads != nil && f.uploads(r)
	if upload {
		most, setting = f.limits.Upload, "limits.upload"
	}
	if bounded && !upload {
		var cancel context.CancelCauseFunc
		ctx, cancel = context.WithCancelCause(ctx)
		e.limit = time.AfterFunc(f.timeouts.Request, func() { cancel(ErrTimeout) })
		defer cancel(nil)
		defer e.limit.Stop()
	}
	r = r.WithContext(ctx)
	if r.Body != nil && r.Body != http.NoBody {
		e.body = body{e: e, from: r.Body}
		if bounded {
			e.body.from = http.MaxBytesReader(w, r.Body, most)
		}
		r.Body = &e.body
		if !e.multi {
			e.beforeRead() // net/http reads what the handler leaves, and must not wait for ever either
		}
	}
	defer func() { f.finish(e, r, start, recover()) }()
	if bounded && r.ContentLength > most {
		f.api.WriteError(e, r, rest.Refusef(reason.BodyTooLarge, "The body has %d bytes; this server takes up to %d (%s).",
			r.ContentLength, most, setting).With("limit", most))
		return
	}
	f.route(e, r)
}

// route serves what the lifecycle itself answers, and hands everything else on.
func (f *front) route(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/healthz":
		rest.TraceOf(r.Context()).Operation = "healthz"
		f.health.alive(w, r)
	case "/readyz":
		rest.TraceOf(r.Context()).Operation = "readyz"
		f.health.ready(w, r)
	case "/metrics":
		if f.scrape != nil && (!f.scrapeLocal || local(r)) {
			rest.TraceOf(r.Context()).Operation = "metrics"
			f.scrape.ServeHTTP(w, r)
			return
		}
		fallthrough
	default:
		f.next.ServeHTTP(w, r)
	}
}

// local reports whether a request comes from a program on this machine and not through a proxy on it, which would make
// everybody local.
func local(r *http.Request) bool {
	for _, h := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if r.Header.Get(h) != "" {
			return false
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	ip := net.ParseIP(host)
	return err == nil && ip != nil && ip.IsLoopback()
}

// finish completes the answer and writes down what happened. panicked is what recover gave.
func (f *front) finish(e *exchange, r *http.Request, start time.Time, panicked any) {
	cause := context.Cause(r.Context())
	switch {
	case panicked != nil && !aborted(panicked):
		f.log.LogAttrs(context.Background(), slog.LevelError, "panic", slog.String("request_id", e.trace.RequestID),
			slog.String("operation", e.trace.Operation), slog.String("panic", clip(fmt.Sprint(panicked), 500)), slog.String("stack", clip(string(debug.Stack()), 8<<10)))
		e.trace.Reason = reason.ServerFault
		if e.status != 0 {
			panicked = http.ErrAbortHandler // the client must not take half an answer for a whole one
			break
		}
		panicked = nil
		f.fail(e, r, rest.Refuse(reason.ServerFault, ""))
	case panicked == nil && e.status == 0 && errors.Is(cause, ErrTimeout):
		f.fail(e, r, rest.Refusef(reason.ServerBusy, "The answer did not begin within %v.", f.timeouts.Request).WithHeader("Retry-After", "10"))
	case panicked == nil && e.status == 0 && errors.Is(cause, ErrStopped):
		f.fail(e, r, rest.Refuse(reason.ServerStopping, "").WithHeader("Retry-After", "10"))
	case panicked == nil && errors.Is(cause, ErrStopped) && e.Header().Get("Content-Length") != strconv.FormatInt(e.out, 10):
		// A handler that gave up returns as one that is done, and net/http would end the answer as a whole one.
		panicked = http.ErrAbortHandler
	}
	e.over()
	if e.status == 0 && panicked == nil {
		e.status = http.StatusOK // what net/http sends for a handler that wrote nothing
	}
	took := time.Since(start)
	f.metrics.observe(r.Method, e, took)
	f.access(e, r, took, panicked != nil, cause)
	if panicked != nil {
		panic(panicked)
	}
}

// fail answers err instead of what the handler has prepared.
func (f *front) fail(e *exchange, r *http.Request, err *rest.Error) {
	h := e.Header()
	clear(h)
	h["X-Request-Id"] = e.header[:]
	f.api.WriteError(e, r, err)
}

// gitTransfer says whether r moves a repository's objects: it may be of any size and take any time.
func gitTransfer(r *http.Request) bool {
	path := r.URL.Path
	return strings.HasSuffix(path, "/git-upload-pack") || strings.HasSuffix(path, "/git-receive-pack") || strings.HasSuffix(path, "/info/refs")
}

// requestID is the client's X-Request-Id when it is short and harmless, else a new one.
func requestID(h http.Header) string {
	if ids := h["X-Request-Id"]; len(ids) == 1 && harmless(ids[0], 64) {
		return ids[0]
	}
	const digits = "0123456789abcdef"
	var id [32]byte
	for i := 0; i < len(id); i += 16 {
		for n, j := rand.Uint64(), i; j < i+16; n, j = n>>4, j+1 {
			id[j] = digits[n&15]
		}
	}
	return string(id[:])
}

// harmless says whether s has 1 to most letters, digits, dots, dashes and underscores.
func harmless(s string, most int) bool {
	if s == "" || len(s) > most {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// clip keeps the first most bytes of s.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// aborted reports whether a panic is net/http's own way to drop a connection.
func aborted(panicked any) bool {
	err, ok := panicked.(error)
	return ok && errors.Is(err, http.ErrAbortHandler)
}
