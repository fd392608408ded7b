package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"hash/fnv"
	"log/slog"
	"net/http"
	"strconv"
	"sync"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/reason"
)

// Answer is a value with a status or headers of its own. Handlers return one where 200 (or 204 for nil) is not the
// answer.
type Answer struct {
	Status int
	Header http.Header
	Body   any // nil: no body; a Content: its bytes; anything else: JSON
}

// Created is the answer (201) to a request that made something; location is its address.
func Created(body any, location Link) Answer {
	return Answer{Status: http.StatusCreated, Body: body, Header: http.Header{"Location": {location.Href}}}
}

// Handler serves one operation.
type Handler func(*Request) (any, error)

// API writes answers: it turns requests into Requests and what handlers return into HTTP.
type API struct {
	URLs URLs
	Log  *slog.Logger
	Bare bool // refusals are told as Bitbucket Cloud tells them; see bare.go
}

// Serve matches path, the escaped path below /2.0, against the catalogue and writes what dispatch returns.
func (a *API) Serve(w http.ResponseWriter, hr *http.Request, path string, dispatch func(*Request, catalog.Outcome) (any, error)) {
	r, outcome := Match(hr, a.URLs, path)
	r.Header = w.Header()
	value, err := dispatch(r, outcome)
	a.write(w, r, value, err)
}

// Own serves one of Pail's own operations, which are in no catalogue. params are the path's parameters.
func (a *API) Own(w http.ResponseWriter, hr *http.Request, name string, params map[string]string, h Handler) {
	r := &Request{HTTP: hr, URLs: a.URLs, Trace: TraceOf(hr.Context()), Header: w.Header(), path: params}
	r.Trace.Operation = name
	var value any
	err := r.CheckFields()
	if err == nil {
		value, err = h(r)
	}
	a.write(w, r, value, err)
}

// Allowed lists the methods that the request's path knows, when its own is not among them.
func (r *Request) Allowed() []string { return r.match.Allowed() }

func (a *API) write(w http.ResponseWriter, r *Request, value any, err error) {
	if err == nil {
		err = a.writeValue(w, r, value)
	}
	if err != nil {
		a.WriteError(w, r.HTTP, err)
	}
}

// pool keeps the buffers answers are encoded in; one that grew large is let go.
var pool = sync.Pool{New: func() any { return new(bytes.Buffer) }}

const poolLimit = 256 << 10

func (a *API) writeValue(w http.ResponseWriter, r *Request, value any) error {
	answer, ok := value.(Answer)
	if !ok {
		answer = Answer{Status: http.StatusOK, Body: value}
	}
	h := w.Header()
	for k, v := range answer.Header {
		h[k] = v
	}
	if answer.Body == nil {
		if answer.Status == http.StatusOK {
			answer.Status = http.StatusNoContent
		}
		// There is nothing that would have a type, but clients ask for it all the same (the npm package bitbucket fails without).
		if h.Get("Content-Type") == "" {
			h.Set("Content-Type", "text/plain; charset=utf-8")
		}
		w.WriteHeader(answer.Status)
		return nil
	}
	if content, ok := answer.Body.(Content); ok {
		return WriteContent(w, r.HTTP, content)
	}
	buf := pool.Get().(*bytes.Buffer)
	defer func() {
		if buf.Cap() <= poolLimit {
			buf.Reset()
			pool.Put(buf)
		}
	}()
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(answer.Body); err != nil {
		return Fault(err)
	}
	body := bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
	if err := r.CheckFields(); err != nil {
		return err
	}
	if r.mask != nil {
		var err error
		if body, err = r.mask.Apply(body); err != nil {
			return Fault(err)
		}
	}
	h.Set("Content-Type", "application/json; charset=utf-8")
	if answer.Status == http.StatusOK && (r.HTTP.Method == http.MethodGet || r.HTTP.Method == http.MethodHead) {
		tag := entityTag(body)
		h.Set("ETag", tag)
		if matches(r.HTTP.Header.Get("If-None-Match"), tag) {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(answer.Status)
	_, _ = w.Write(body) // the client went away: nothing is left to tell it
	return nil
}

// entityTag names a body. It guards against refetching, not against an adversary, so a fast hash is enough.
func entityTag(body []byte) string {
	h := fnv.New64a()
	_, _ = h.Write(body)
	b := make([]byte, 0, 20)
	b = append(b, `W/"`...)
	b = strconv.AppendUint(b, h.Sum64(), 36)
	return string(append(b, '"'))
}

// matches implements If-None-Match with weak comparison (RFC 9110, 13.1.2).
func matches(header, tag string) bool {
	if header == "" {
		return false
	}
	if header == "*" {
		return true
	}
	for _, part := range bytes.Split([]byte(header), []byte(",")) {
		part = bytes.TrimPrefix(bytes.TrimSpace(part), []byte("W/"))
		if string(part) == tag[len("W/"):] {
			return true
		}
	}
	return false
}

type errorBody struct {
	Type  string         `json:"type"`
	Error errorInfo      `json:"error"`
	Data  map[string]any `json:"data,omitempty"` // only the announcement, which Bitbucket Cloud writes here as well
}

type errorInfo struct {
	Message string              `json:"message"`
	Detail  any                 `json:"detail,omitempty"`
	Fields  map[string][]string `json:"fields,omitempty"`
	Data    map[string]any      `json:"data,omitempty"`
}

// WriteError answers err. What is no *Error is the server's fault: the caller gets a request id, the log the cause.
func (a *API) WriteError(w http.ResponseWriter, hr *http.Request, err error) {
	trace := TraceOf(hr.Context())
	e, ok := errors.AsType[*Error](err)
	if !ok {
		e = Fault(err)
	}
	if e.Status >= http.StatusInternalServerError && e.Cause != nil && hr.Context().Err() == nil {
		a.Log.Error("request failed", "request_id", trace.RequestID, "operation", trace.Operation, "reason", e.Reason, "error", e.Cause)
	}
	trace.Reason = e.Reason
	if op, ok := catalog.Lookup(trace.Operation); ok && op.Own && a.Bare { // nobody expects another answer there
		explaining := *a
		explaining.Bare = false
		a = &explaining
	}
	status, header, body := a.Render(e, trace.RequestID)
	h := w.Header()
	for k, v := range header {
		h[k] = v
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// announcement is the key under which a removed operation names its changelog entry.
const announcement = "announcement_url"

// announced is the data that Bitbucket Cloud sends with a removed operation, nil for all others.
func (e *Error) announced() map[string]any {
	if address, ok := e.Data[announcement]; ok {
		return map[string]any{announcement: address}
	}
	return nil
}

// Render is the whole answer to e: for callers that have no http.ResponseWriter.
func (a *API) Render(e *Error, requestID string) (status int, header http.Header, body []byte) {
	if a.Bare {
		return renderBare(e)
	}
	data := map[string]any{"reason": e.Reason, "doc": a.URLs.Base + e.Reason.DocPath()}
	if fix := reason.Of(e.Reason).Steps(a.URLs.Base); len(fix) > 0 {
		data["fix"] = fix
	}
	if requestID != "" {
		data["request_id"] = requestID
	}
	for k, v := range e.Data {
		data[k] = v
	}
	detail := e.Detail
	if detail == "" {
		detail = nil
	}
	header = http.Header{"X-Pail-Reason": {string(e.Reason)}, "X-Content-Type-Options": {"nosniff"}}
	for k, v := range e.Header {
		header[k] = v
	}
	return finish(e.Status, header, errorBody{"error", errorInfo{e.Message, detail, e.Fields, data}, e.announced()})
}

// finish encodes the body of a refusal and adds the headers that describe it.
func finish(status int, header http.Header, answer errorBody) (int, http.Header, []byte) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(answer); err != nil {
		// Only a value put into Data or Detail by mistake gets here; the answer must still have a body.
		buf.Reset()
		buf.WriteString(`{"type":"error","error":{"message":"Something went wrong."}}`)
	}
	header.Set("Content-Type", "application/json; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(buf.Len()))
	return status, header, buf.Bytes()
}
