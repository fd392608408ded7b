package web

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// Pages serves the web pages. Its fields are what it stands on.
type Pages struct {
	Accounts *account.Room // asked by the set-up page only
	URLs     rest.URLs
	Log      *slog.Logger
}

// Mount adds the pages to mux. Every path answers all methods, so that a wrong one is refused here, with a body.
func (p *Pages) Mount(mux *http.ServeMux) {
	p.get(mux, "/{$}", p.home)
	p.get(mux, "/docs/reasons", p.listReasons)
	p.get(mux, "/docs/reasons/{code}", p.showReason)
	p.mount(mux, "/setup", methods{http.MethodGet: p.setupForm, http.MethodPost: p.setup})
	p.get(mux, "/account/{username}/avatar", avatar("username", round))
	p.get(mux, "/workspaces/{workspace}/avatar", avatar("workspace", square))
	p.get(mux, "/style.css", style)
}

// handler makes the answer to one request. What it returns as an error becomes an error page, or JSON for those who
// ask for it.
type handler func(w http.ResponseWriter, r *http.Request) (answer, error)

// methods says what serves which method of a path. GET serves HEAD too.
type methods map[string]handler

// allowed lists the methods in the form of the header Allow.
func (m methods) allowed() []string {
	all := []string{}
	for name := range m {
		all = append(all, name)
		if name == http.MethodGet {
			all = append(all, http.MethodHead)
		}
	}
	slices.Sort(all)
	return all
}

func (p *Pages) get(mux *http.ServeMux, path string, h handler) {
	p.mount(mux, path, methods{http.MethodGet: h})
}

func (p *Pages) mount(mux *http.ServeMux, path string, serves methods) {
	allow := strings.Join(serves.allowed(), ", ")
	mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		secure(w.Header())
		method := r.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		serve, ok := serves[method]
		if !ok {
			p.refuse(w, r, rest.Refusef(reason.MethodNotAllowed, "This page takes %s.", allow).
				With("allowed", serves.allowed()).WithHeader("Allow", allow))
			return
		}
		rest.TraceOf(r.Context()).Operation = method + " " + path
		a, err := serve(w, r)
		if err != nil {
			p.refuse(w, r, err)
			return
		}
		a.write(w, r)
	})
}

// policy is the Content-Security-Policy of every page: nothing but the server's own style sheet, pictures and forms.
const policy = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// secure sets the headers that every answer of this package begins with.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY") // frame-ancestors, for old browsers
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
}

// problem is what the error page shows.
type problem struct {
	Reason reason.Reason
	Status int
	Detail string
	Steps  []string
	ID     string // of the request; "" when it has none
}

// refuse answers err, in HTML or JSON. What is no *rest.Error is the server's fault, and goes to the log.
func (p *Pages) refuse(w http.ResponseWriter, r *http.Request, err error) {
	w.Header().Set("Cache-Control", never)
	w.Header().Add("Vary", "Accept")
	if wantsJSON(r.Header.Values("Accept")) {
		(&rest.API{URLs: p.URLs, Log: p.Log}).WriteError(w, r, err)
		return
	}
	e, ok := errors.AsType[*rest.Error](err)
	if !ok {
		e = rest.Fault(err)
	}
	p.note(r, e)
	shown := problem{Reason: reason.Of(e.Reason), Status: e.Status, Steps: ways(e, p.URLs.Base), ID: rest.TraceOf(r.Context()).RequestID}
	if shown.Detail, ok = e.Detail.(string); !ok {
		shown.Detail = shown.Reason.Why
	}
	a, err := p.render(view{Page: "error", Title: shown.Reason.Title, Content: shown})
	if err != nil {
		p.Log.Error("the error page cannot be rendered", "error", err)
		a = answer{contentType: "text/plain; charset=utf-8", body: []byte(shown.Reason.Title + "\n")}
	}
	for k, v := range e.Header {
		w.Header()[k] = v
	}
	a.refusing(w, e)
	a.write(w, r)
}

// note writes a refusal into the request's trace, and a fault of the server into the log.
func (p *Pages) note(r *http.Request, e *rest.Error) {
	trace := rest.TraceOf(r.Context())
	trace.Reason = e.Reason
	if e.Status >= http.StatusInternalServerError && e.Cause != nil && r.Context().Err() == nil {
		p.Log.Error("request failed", "request_id", trace.RequestID, "operation", trace.Operation, "reason", e.Reason, "error", e.Cause)
	}
}

// ways are the ways out of e: its own, set with instead, or those of its reason.
func ways(e *rest.Error, base string) []string {
	if own, ok := e.Data["fix"].([]string); ok {
		return own
	}
	return reason.Of(e.Reason).Steps(base)
}

// instead gives e ways out of its own, which know more than those of its reason.
func instead(e *rest.Error, steps ...string) *rest.Error { return e.With("fix", steps) }
