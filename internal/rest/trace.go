package rest

import (
	"context"

	"github.com/pailforge/pail/internal/reason"
)

// Trace is what the log, the metrics and the error body say about one request. The server puts one into the
// request's context, whoever learns something writes it there, and the server logs it when the answer is out.
// It never holds a secret. One goroutine at a time may use it.
type Trace struct {
	RequestID      string      // also sent as X-Request-Id
	Operation      string      // catalogue key, or "" outside the API
	CredentialKind string      // api_token, app_password, …; "" when none was sent or known
	CredentialID   string      // id of the credential's row, never the secret
	AccountID      string      // uuid of the account behind it
	Reason         reason.Code // why the request was refused, "" when it was not
}

type traceKey struct{}

// WithTrace returns a context that carries t.
func WithTrace(ctx context.Context, t *Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

// TraceOf returns the trace of the request; outside a traced request a fresh one that goes nowhere.
func TraceOf(ctx context.Context) *Trace {
	if t, ok := ctx.Value(traceKey{}).(*Trace); ok {
		return t
	}
	return new(Trace)
}
