package access

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/rest"
)

// Gate is the one door: every request with or without a credential is decided here.
type Gate struct {
	DB       *database.DB
	Recorder *Recorder
	Log      *slog.Logger
	Now      func() time.Time
	// AppPasswordsUntil is when app passwords end: the zero time means never, a time in the past means they have.
	AppPasswordsUntil time.Time

	// identities are the principals behind whole Authorization headers, by their hash and by surface: a header that was
	// accepted once need not be read again while nothing has changed.
	identities [2]*cache[[32]byte, *Principal]
	resolved   *cache[resourceKey, any]
	accepted   sync.Map // acceptedKey → []string
}

// NewGate makes a gate over the store.
func NewGate(db *database.DB, recorder *Recorder, log *slog.Logger, now func() time.Time, appPasswordsUntil time.Time) *Gate {
	return &Gate{
		DB: db, Recorder: recorder, Log: log, Now: now, AppPasswordsUntil: appPasswordsUntil,
		identities: [2]*cache[[32]byte, *Principal]{newCache[[32]byte, *Principal](), newCache[[32]byte, *Principal]()}, resolved: newCache[resourceKey, any](),
	}
}

// AppPasswordsEnded reports whether app passwords are switched off by now.
func (g *Gate) AppPasswordsEnded() bool { return g.appPasswordsEnded(g.Now()) }

func (g *Gate) appPasswordsEnded(now time.Time) bool {
	return !g.AppPasswordsUntil.IsZero() && !now.Before(g.AppPasswordsUntil)
}

// record notes the outcome of a request that came with a known credential.
func (g *Gate) record(p *Principal, r *rest.Request, authenticated bool, refusal *rest.Error) {
	if p == nil || p.ID == "" || p.Kind == Session || p.Kind == SSHKey || p.Kind.machine() { // of keys: Recorder.RecordKey
		return
	}
	e := Event{
		CredentialID: p.ID, At: g.Now(), Authenticated: authenticated, Method: r.HTTP.Method, Path: r.HTTP.URL.EscapedPath(),
		Operation: r.Trace.Operation, Address: Address(r.HTTP), Agent: r.HTTP.UserAgent(),
	}
	if refusal != nil {
		e.Reason, e.Refused = refusal.Reason, refuses(refusal.Status)
	}
	g.Recorder.Record(e)
}

// refuses reports whether an answer of this status turns the caller away. A wrong value in a body or a conflict does
// not: the credential was good for the operation.
func refuses(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone:
		return true
	}
	return false
}

// Address is the network address of the caller, without the port.
func Address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// Operation is one operation of a room: the catalogue's key, the privilege it needs and what serves it. Only On makes
// one, so none exists without a privilege.
type Operation struct {
	key       string
	privilege string
	serve     func(*Gate, *rest.Request) (any, error)
	resolve   func(*Gate, *rest.Request, *Principal) error
	shape     Shape
}

// Key is the operation's key in the catalogue.
func (o Operation) Key() string { return o.key }

// Privilege is what the caller needs on the resource, in words.
func (o Operation) Privilege() string { return o.privilege }

// Handler is the operation behind the gate.
func (o Operation) Handler(g *Gate) rest.Handler {
	return func(r *rest.Request) (any, error) { return o.serve(g, r) }
}

// Call is a request that was let in.
type Call struct {
	*rest.Request
	Principal *Principal
	gate      *Gate
}

// Context is the request's, in which the principal acts.
func (c *Call) Context() context.Context { return As(c.HTTP.Context(), c.Principal) }

// On declares an operation: who passes need reaches h, with the resource that the path names.
func On[T any](key string, need Need[T], h func(*Call, T) (any, error)) Operation {
	return Operation{key: key, privilege: need.String(), serve: func(g *Gate, r *rest.Request) (value any, err error) {
		p, resource, err := decide(g, r, SurfaceREST, r.Operation, need)
		if err == nil {
			err = r.CheckFields()
		}
		if err == nil {
			value, err = h(&Call{r, p, g}, resource)
		}
		g.Outcome(r, p, err)
		return value, err
	}, resolve: func(g *Gate, r *rest.Request, p *Principal) error {
		_, _, err := need.resolve(g, r.HTTP.Context(), p, r.Param)
		return err
	}}
}

// Decide makes the whole decision for one request that is no operation of the API, and records it: it returns who is
// calling and the resource, or a *rest.Error with the reason of the first step that failed.
func Decide[T any](g *Gate, r *rest.Request, surface Surface, op *catalog.Operation, need Need[T]) (*Principal, T, error) {
	p, resource, err := decide(g, r, surface, op, need)
	g.Outcome(r, p, err)
	return p, resource, err
}

func decide[T any](g *Gate, r *rest.Request, surface Surface, op *catalog.Operation, need Need[T]) (*Principal, T, error) {
	var none T
	p, refusal := g.Identify(r, surface)
	if refusal != nil {
		return nil, none, refusal
	}
	if refusal := g.authorize(r, surface, op, p); refusal != nil {
		return p, none, refusal
	}
	resource, reaching, err := need.resolve(g, r.HTTP.Context(), p, r.Param)
	if moved, ok := errors.AsType[*Moved](err); ok {
		err = moved.answer(r)
	}
	if err != nil {
		return p, none, err
	}
	return reaching, resource, nil
}

// Check decides about a resource that is not named by the path but by the body of a request that was let in: the
// project of a new repository. Its errors are those of the decision itself.
func Check[T any](c *Call, need Need[T], first, second string) (T, error) {
	found, _, err := need.of(c.gate, c.Context(), c.Principal, first, second)
	if _, moved := errors.AsType[*Moved](err); moved {
		err = nil
	}
	return found, err
}

// Outcome notes how a request with a known credential ended. p is nil when the credential was not accepted: then
// Identify has noted it.
func (g *Gate) Outcome(r *rest.Request, p *Principal, err error) {
	if p == nil {
		return
	}
	refusal, _ := errors.AsType[*rest.Error](err)
	if err != nil && refusal == nil {
		refusal = rest.Fault(err)
	}
	g.record(p, r, true, refusal)
}
