package page

import (
	"errors"
	"net/http"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// problem is what the error page shows.
type problem struct {
	Reason reason.Reason
	Doc    string
	Status int
	Detail string
	Steps  []string
	ID     string // of the request; "" when it has none
	SignIn string // the address of the sign-in page, where that might help
}

// refuse answers err, in HTML or JSON. What is no *rest.Error is the server's fault, and goes to the log.
func (s *Site) refuse(r *Request, err error) {
	w := r.w
	w.Header().Set("Cache-Control", Never)
	w.Header().Add("Vary", "Accept")
	if wantsJSON(r.Header.Values("Accept")) {
		(&rest.API{URLs: s.URLs, Log: s.Log}).WriteError(w, r.Request, err)
		return
	}
	e, ok := errors.AsType[*rest.Error](err)
	if !ok {
		e = rest.Fault(err)
	}
	s.note(r, e)
	shown := problem{Reason: reason.Of(e.Reason), Doc: e.Reason.DocPath(), Status: e.Status, Steps: ways(e, s.URLs.Base), ID: rest.TraceOf(r.Context()).RequestID}
	if shown.Detail, ok = e.Detail.(string); !ok {
		shown.Detail = shown.Reason.Why
	}
	if r.Principal == nil { // the session itself could not be looked up
		r.Principal = &access.Principal{}
	}
	if r.Self == nil && (e.Status == http.StatusNotFound || e.Status == http.StatusUnauthorized) && r.Method == http.MethodGet {
		shown.SignIn = "/signin?next=" + r.URL.EscapedPath()
	}
	a, err := r.Render(own, View{Template: "error", Title: shown.Reason.Title, Narrow: true, Content: shown})
	if err != nil {
		s.Log.Error("the error page cannot be rendered", "error", err)
		a = Answer{ContentType: "text/plain; charset=utf-8", Body: []byte(shown.Reason.Title + "\n")}
	}
	r.refused(&a, e)
	a.Write(w, r.Request)
}

// refused makes a the answer to a refusal.
func (r *Request) refused(a *Answer, e *rest.Error) {
	a.Status, a.Cache = e.Status, Never
	for name, values := range e.Header {
		r.w.Header()[name] = values
	}
	r.w.Header().Set("X-Pail-Reason", string(e.Reason))
}

// Explained answers a refusal with a page of the area's own, which says it better than the error page. For those who ask for JSON it is
// the refusal itself.
func (r *Request) Explained(e *rest.Error, page func() (Answer, error)) (Answer, error) {
	if r.WantsJSON() {
		return Answer{}, e
	}
	a, err := page()
	if err == nil {
		r.Site.note(r, e)
		r.refused(&a, e)
	}
	return a, err
}

// note writes a refusal into the request's trace, and a fault of the server into the log.
func (s *Site) note(r *Request, e *rest.Error) {
	trace := rest.TraceOf(r.Context())
	trace.Reason = e.Reason
	if e.Status >= http.StatusInternalServerError && e.Cause != nil && r.Context().Err() == nil {
		s.Log.Error("request failed", "request_id", trace.RequestID, "operation", trace.Operation, "reason", e.Reason, "error", e.Cause)
	}
}

// ways are the ways out of e: its own, set with Instead, or those of its reason.
func ways(e *rest.Error, base string) []string {
	if own, ok := e.Data["fix"].([]string); ok {
		return own
	}
	return reason.Of(e.Reason).Steps(base)
}

// Instead gives e ways out of its own, which know more than those of its reason.
func Instead(e *rest.Error, steps ...string) *rest.Error { return e.With("fix", steps) }
