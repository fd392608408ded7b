// Package api mounts every room's operations under /2.0, and answers for the paths that name no operation served here:
// unknown ones, those of Bitbucket Data Center, those that Bitbucket Cloud removed, and those that are not built.
package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/api/openapi"
	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// Prefix is where the API lives.
const Prefix = "/2.0"

// Description is the path below Prefix where a server describes what it serves (package openapi).
const Description = "/swagger.json"

// API serves the operations of all rooms.
type API struct {
	rest     *rest.API
	gate     *access.Gate
	handlers map[string]rest.Handler

	operations map[string]access.Operation
	document   func() ([]byte, error) // JSON
}

// New mounts operations. It fails for a key that the catalogue does not have, for two operations with one key, and
// for one that Bitbucket Cloud removed.
func New(r *rest.API, gate *access.Gate, operations ...access.Operation) (*API, error) {
	a := &API{rest: r, gate: gate, handlers: make(map[string]rest.Handler, len(operations)), operations: make(map[string]access.Operation, len(operations))}
	for _, o := range operations {
		op, ok := catalog.Lookup(o.Key())
		switch {
		case !ok:
			return nil, fmt.Errorf("operation %q is not in the catalogue", o.Key())
		case op.Removed != nil:
			return nil, fmt.Errorf("operation %q was removed and cannot be served", o.Key())
		case a.handlers[o.Key()] != nil:
			return nil, fmt.Errorf("operation %q is mounted twice", o.Key())
		}
		a.handlers[o.Key()], a.operations[o.Key()] = o.Handler(gate), o
	}
	var err error
	a.document, err = openapi.Prepare(r.URLs.Base, operations)
	return a, err
}

// describe serves the description of the API. It holds nothing that is not in the documentation, so everybody may have it.
func (a *API) describe(r *rest.Request) (any, error) {
	if r.HTTP.Method != http.MethodGet && r.HTTP.Method != http.MethodHead {
		return nil, rest.Refusef(reason.MethodNotAllowed, "This path takes GET, not %s.", r.HTTP.Method).
			With("allowed", []string{"GET"}).WithHeader("Allow", "GET, HEAD")
	}
	document, err := a.document()
	return rest.Answer{Status: http.StatusOK, Body: json.RawMessage(document), Header: http.Header{"Cache-Control": {"public, max-age=300"}}}, err
}

// Serves reports whether the operation of this key is built.
func (a *API) Serves(key string) bool { return a.handlers[key] != nil }

// ServeHTTP answers every path that is nobody else's: the API itself, and what was meant to be it.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	below, ok := strings.CutPrefix(path, Prefix)
	if !ok || below != "" && below[0] != '/' {
		a.rest.Serve(w, r, "", a.stray)
		return
	}
	if below == Description {
		a.rest.Own(w, r, "GET "+Description, nil, a.describe)
		return
	}
	a.rest.Serve(w, r, below, a.dispatch)
}

func (a *API) dispatch(r *rest.Request, outcome catalog.Outcome) (any, error) {
	if outcome == catalog.Found {
		if h := a.handlers[r.Operation.Key]; h != nil {
			return h(r)
		}
	}
	return a.explain(r, misdirected(r, outcome))
}

// misdirected tells why nothing is served at a path below /2.0.
func misdirected(r *rest.Request, outcome catalog.Outcome) *rest.Error {
	switch {
	case outcome == catalog.MethodNotAllowed:
		return methodNotAllowed(r)
	case outcome == catalog.Unknown:
		return unknownPath(r)
	case r.Operation.Removed != nil:
		return removed(r)
	}
	return notServed(r)
}

// Try decides about a request without carrying it out; see access.Operation.Try.
func (a *API) Try(hr *http.Request) access.Trial {
	below, ok := strings.CutPrefix(hr.URL.EscapedPath(), Prefix)
	if !ok || below != "" && below[0] != '/' {
		r, _ := rest.Match(hr, a.rest.URLs, "")
		return a.gate.TryStray(r, outside(r))
	}
	r, outcome := rest.Match(hr, a.rest.URLs, below)
	if outcome == catalog.Found {
		if o, ok := a.operations[r.Operation.Key]; ok {
			return o.Try(a.gate, r)
		}
	}
	return a.gate.TryStray(r, misdirected(r, outcome))
}

// stray answers for the paths outside of the API.
func (a *API) stray(r *rest.Request, _ catalog.Outcome) (any, error) { return a.explain(r, outside(r)) }

// outside tells what is wrong with a path outside of the API.
func outside(r *rest.Request) *rest.Error {
	e := unknownPath(r)
	path := r.HTTP.URL.EscapedPath()
	if e.Reason == reason.PathUnknown {
		// https://api.bitbucket.org/user, without /2.0, answers 403.
		if _, outcome := catalog.Find(r.HTTP.Method, path); outcome != catalog.Unknown {
			e = rest.Refusef(reason.PathVersionMissing, "The path is %s%s.", Prefix, path).With("path", Prefix+path)
		} else if i := strings.Index(path, "/2.0/"); i > 0 {
			if _, outcome := catalog.Find(r.HTTP.Method, path[i+len(Prefix):]); outcome != catalog.Unknown {
				e = rest.Refusef(reason.PathUnknown, "The API begins at /2.0: leave out %s.", path[:i]).With("path", path[i:])
			}
		}
		forbidden := reason.Of(reason.PathVersionMissing) // observed for /user; inferred for the others beside /2.0
		e.Plain = &rest.Plain{Status: forbidden.Status, Message: forbidden.Message}
	}
	return e
}

// explain answers with e, unless the credential itself is refused: that comes first, and e is named beside it, because
// a third of all broken requests have more than one fault.
func (a *API) explain(r *rest.Request, e *rest.Error) (any, error) {
	p, refusal := a.gate.Identify(r, access.SurfaceREST)
	if refusal != nil {
		if e.Reason == reason.OperationNotServed {
			return nil, refusal
		}
		return nil, refusal.With("also", []any{Also(e)})
	}
	a.gate.Outcome(r, p, e)
	return nil, e
}

// Also is a second fault of a request, for the answer that names the first.
func Also(e *rest.Error) map[string]any {
	m := map[string]any{"reason": e.Reason, "detail": e.Detail}
	for k, v := range e.Data {
		m[k] = v
	}
	return m
}

func methodNotAllowed(r *rest.Request) *rest.Error {
	allowed := r.Allowed()
	return rest.Refusef(reason.MethodNotAllowed, "This path takes %s, not %s.", strings.Join(allowed, ", "), r.HTTP.Method).
		With("allowed", allowed).WithHeader("Allow", strings.Join(allowed, ", "))
}

func notServed(r *rest.Request) *rest.Error {
	op := r.Operation
	e := rest.Refusef(reason.OperationNotServed, "%s is an operation of Bitbucket Cloud that this server does not serve.", op.Key).
		With("operation", op.Key).With("summary", op.Summary)
	if len(op.Scopes) > 0 {
		e.With("scopes", op.Scopes.Names())
	}
	return e
}

func removed(r *rest.Request) *rest.Error {
	change := r.Operation.Removed
	doc := "https://developer.atlassian.com/cloud/bitbucket/changelog#" + change.Change
	return rest.Refusef(reason.PathRemoved, "Bitbucket Cloud removed %s (%s). In its place: %s.", r.Operation.Key, change.Change, strings.Join(change.Replacement, ", ")).
		WithMessage("%s - Functionality has been deprecated", change.Change).
		With("announcement_url", doc).With("replacement", change.Replacement)
}

// Misdirected tells what is wrong with a path that names no operation: it is Data Center's, or unknown.
func Misdirected(method, path string) *rest.Error {
	if hit, ok := catalog.DataCenter(method, path); ok {
		e := rest.Refusef(reason.PathDataCenter, "%s is a path of Bitbucket Data Center.", hit.From)
		if hit.Path != "" && hit.Operation != nil {
			e.Detail = fmt.Sprintf("%s is a path of Bitbucket Data Center. In Bitbucket Cloud it is %s %s.", hit.From, hit.Operation.Method, hit.Path)
			e.With("path", hit.Path)
		}
		if hit.Operation != nil {
			e.With("operation", hit.Operation.Key)
			if len(hit.Operation.Scopes) > 0 {
				e.With("scopes", hit.Operation.Scopes.Names())
			}
		}
		if hit.Note != "" {
			e.With("note", hit.Note)
		}
		return e
	}
	e := rest.Refuse(reason.PathUnknown, "There is no API hosted at this URL.\n\nFor information about our API's, please refer to the documentation at: https://developer.atlassian.com/bitbucket/api/2/reference/")
	var near []string
	for _, op := range catalog.Nearest(method, strings.TrimPrefix(path, Prefix), 3) {
		near = append(near, op.Key)
	}
	if len(near) > 0 {
		e.With("nearest", near)
	}
	return e
}

func unknownPath(r *rest.Request) *rest.Error {
	return Misdirected(r.HTTP.Method, r.HTTP.URL.EscapedPath())
}

// Count is how many operations of Bitbucket Cloud are served: Pail's own are none of them.
func (a *API) Count() (n int) {
	for key := range a.handlers {
		if op, ok := catalog.Lookup(key); ok && !op.Own {
			n++
		}
	}
	return n
}

// Keys lists the operations that are served, Pail's own among them, sorted.
func (a *API) Keys() []string {
	keys := make([]string, 0, len(a.handlers))
	for k := range a.handlers {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
