package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/pailforge/pail/internal/config"
	"github.com/pailforge/pail/internal/token"

	"github.com/pailforge/pail/internal/reason"
)

// NewLog is the log as configured, written to w. Lines are gathered and written every 200 ms, and when 64 KiB have
// come together; warnings and errors at once. close writes the rest; what is logged after it is written directly.
func NewLog(cfg config.Log, w io.Writer) (log *slog.Logger, close func() error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.Level)); err != nil {
		level = slog.LevelInfo // config.Load lets nothing else through
	}
	out := newLogWriter(w)
	options := &slog.HandlerOptions{Level: level}
	var h slog.Handler = slog.NewTextHandler(out, options)
	if cfg.Format == "json" {
		h = slog.NewJSONHandler(out, options)
	}
	return slog.New(urgent{h, out}), out.Close
}

// urgent has what is worse than information written at once: it is rare, and wanted when the process dies.
type urgent struct {
	slog.Handler
	out *logWriter
}

func (u urgent) Handle(ctx context.Context, r slog.Record) error {
	err := u.Handler.Handle(ctx, r)
	if r.Level > slog.LevelInfo && err == nil {
		err = u.out.Flush()
	}
	return err
}

func (u urgent) WithAttrs(attrs []slog.Attr) slog.Handler {
	return urgent{u.Handler.WithAttrs(attrs), u.out}
}

func (u urgent) WithGroup(name string) slog.Handler { return urgent{u.Handler.WithGroup(name), u.out} }

const (
	logEvery = 200 * time.Millisecond
	logMost  = 64 << 10
)

// logWriter gathers lines. Its timer only runs while something is waiting.
type logWriter struct {
	mu     sync.Mutex
	to     io.Writer
	buf    []byte
	timer  *time.Timer
	closed bool
}

func newLogWriter(w io.Writer) *logWriter {
	l := &logWriter{to: w}
	l.timer = time.AfterFunc(time.Hour, func() { _ = l.Flush() })
	l.timer.Stop()
	return l
}

func (l *logWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.buf) == 0 && !l.closed {
		l.timer.Reset(logEvery)
	}
	l.buf = append(l.buf, p...)
	if len(l.buf) >= logMost || l.closed {
		return len(p), l.flush()
	}
	return len(p), nil
}

// Flush writes what is waiting.
func (l *logWriter) Flush() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.flush()
}

func (l *logWriter) flush() error {
	if len(l.buf) == 0 {
		return nil
	}
	l.timer.Stop()
	_, err := l.to.Write(l.buf)
	l.buf = l.buf[:0]
	if cap(l.buf) > 2*logMost {
		l.buf = nil
	}
	return err
}

// Close writes what is waiting; from now on every line is written at once.
func (l *logWriter) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	return l.flush()
}

// access writes one line for a request: 5xx as an error, except for what is not built, 4xx as a warning only when a credential was refused, the
// server's own health checks for those who debug. The query's values never appear, secrets in a path are masked.
func (f *front) access(e *exchange, r *http.Request, took time.Duration, aborted bool, cause error) {
	ctx := context.Background()
	gone := errors.Is(cause, context.Canceled)
	level := slog.LevelInfo
	switch op := e.trace.Operation; {
	case gone, e.status == http.StatusNotImplemented:
	case e.status >= 500:
		level = slog.LevelError
	case (e.status == http.StatusUnauthorized || e.status == http.StatusForbidden) && e.trace.Reason != reason.CredentialMissing: // git always asks without one first
		level = slog.LevelWarn
	case op == "healthz" || op == "readyz" || op == "metrics":
		level = slog.LevelDebug
	}
	if !f.log.Enabled(ctx, level) {
		return
	}
	var store [16]slog.Attr
	a := append(store[:0],
		slog.String("method", clip(r.Method, 20)),
		slog.String("path", safePath(r.URL.Path)),
		slog.Int("status", e.status),
		slog.Int64("bytes", e.out),
		slog.Int64("us", took.Microseconds()),
		slog.String("request_id", e.trace.RequestID),
		slog.String("remote", r.RemoteAddr))
	optional := func(key, value string) {
		if value != "" {
			a = append(a, slog.String(key, value))
		}
	}
	optional("query", queryKeys(r.URL.RawQuery))
	optional("operation", e.trace.Operation)
	optional("credential", e.trace.CredentialKind)
	optional("credential_id", e.trace.CredentialID)
	optional("account", e.trace.AccountID)
	optional("reason", string(e.trace.Reason))
	if e.body.in > 0 {
		a = append(a, slog.Int64("body_bytes", e.body.in))
	}
	if aborted {
		a = append(a, slog.Bool("aborted", true))
	}
	if gone {
		a = append(a, slog.Bool("client_gone", true))
	}
	// Without Logger.LogAttrs, which would look for the caller's line each time.
	record := slog.NewRecord(time.Now(), level, "request", 0)
	record.AddAttrs(a...)
	_ = f.log.Handler().Handle(ctx, record) // there is nowhere to complain about the log
}

// secretMarks begin the secrets of Pail and of Atlassian.
var secretMarks = []string{"ATAT", "ATCT", "ATBB", "BBDC-", "PAIL"}

// safePath is a path for the log: of bounded length, and a segment that holds something like a secret masked.
func safePath(path string) string {
	for _, mark := range secretMarks {
		if !strings.Contains(path, mark) {
			continue
		}
		segments := strings.Split(path, "/")
		for i, s := range segments {
			if at := strings.Index(s, mark); at >= 0 && len(s)-at >= 16 {
				segments[i] = clip(s[:at], 40) + token.Mask(s[at:])
			}
		}
		path = strings.Join(segments, "/")
	}
	return clip(path, 256)
}

// queryKeys is the keys of a query without their values. What does not look like a key may be a value, and is "…".
func queryKeys(query string) string {
	if query == "" {
		return ""
	}
	const most = 16
	var store [128]byte
	keys := store[:0]
	for i := 0; query != ""; i++ {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		key, _, isPair := strings.Cut(pair, "=")
		if i > 0 {
			keys = append(keys, ',')
		}
		if i == most {
			keys = append(keys, "…"...)
			break
		}
		if isPair && harmless(key, 20) {
			keys = append(keys, key...)
		} else {
			keys = append(keys, "…"...)
		}
	}
	return string(keys)
}

// netHTTPLog turns net/http's own messages into log lines. Handshakes fail all day long on any public port.
type netHTTPLog struct{ log *slog.Logger }

func (l netHTTPLog) Write(p []byte) (int, error) {
	level := slog.LevelWarn
	if bytes.Contains(p, []byte("TLS handshake error")) {
		level = slog.LevelDebug
	}
	l.log.Log(context.Background(), level, strings.TrimPrefix(clip(strings.TrimSpace(string(p)), 2000), "http: "))
	return len(p), nil
}
