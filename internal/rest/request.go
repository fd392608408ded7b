package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/partial"
	"github.com/pailforge/pail/internal/reason"
)

// Request is one API request after matching.
type Request struct {
	HTTP      *http.Request
	Operation *catalog.Operation // nil when the path is in no catalogue
	URLs      URLs
	Trace     *Trace
	Header    http.Header // of the answer

	match catalog.Match
	path  map[string]string // instead of match, for Pail's own operations
	query url.Values
	mask  *partial.Mask // of the parameter fields
}

// Param is the decoded value of a parameter of the path, "" when the template has none of that name.
func (r *Request) Param(name string) string {
	if r.path != nil {
		return r.path[name]
	}
	return r.match.Param(name)
}

// Query is the parsed query. Parts that cannot be parsed are left out: clients send q with stray percent signs.
func (r *Request) Query() url.Values {
	if r.query == nil {
		r.query = r.HTTP.URL.Query()
	}
	return r.query
}

// CheckFields refuses (400) a parameter fields that cannot be read. It comes before the operation: what is refused must
// not have been done.
func (r *Request) CheckFields() error {
	if r.mask != nil || r.HTTP.URL.RawQuery == "" {
		return nil
	}
	text := r.Query().Get("fields")
	if text == "" {
		return nil
	}
	m, err := partial.Parse(text)
	if err != nil {
		return Refusef(reason.FieldsInvalid, "%v", err)
	}
	r.mask = m
	return nil
}

// Form is the query together with an urlencoded body, as the operations that take long lists of revisions want it.
// A JSON body is read as an object of strings and lists of strings. The body counts against the server's limit.
func (r *Request) Form() (url.Values, error) {
	all := url.Values{}
	for k, v := range r.Query() {
		all[k] = append(all[k], v...)
	}
	media, _, _ := mime.ParseMediaType(r.HTTP.Header.Get("Content-Type"))
	switch media {
	case "", "application/x-www-form-urlencoded":
		body, err := r.body()
		if err != nil {
			return nil, err
		}
		form, err := url.ParseQuery(strings.TrimSpace(string(body)))
		if err != nil {
			return nil, Refuse(reason.BodyMalformed, "The body is not a form: a percent escape in it is broken.")
		}
		for k, v := range form {
			all[k] = append(all[k], v...)
		}
	case "multipart/form-data":
		if err := r.HTTP.ParseMultipartForm(1 << 20); err != nil {
			return nil, BodyError(err)
		}
		// net/http would remove the files that came along, but only of the request that it knows, which is not this copy.
		defer func() { _ = r.HTTP.MultipartForm.RemoveAll() }()
		for k, v := range r.HTTP.MultipartForm.Value {
			all[k] = append(all[k], v...)
		}
	case "application/json":
		var fields map[string]json.RawMessage
		if err := r.Decode(&fields); err != nil {
			return nil, err
		}
		for k, raw := range fields {
			v, err := texts(k, raw)
			if err != nil {
				return nil, err
			}
			all[k] = append(all[k], v...)
		}
	default:
		return nil, Refusef(reason.MediaTypeUnsupported, "This operation takes application/x-www-form-urlencoded or application/json, not %q.", media)
	}
	return all, nil
}

// texts reads a field of a form in JSON: a string or a list of strings. null is the same as not sent.
func texts(field string, raw json.RawMessage) ([]string, error) {
	var list []*string
	if raw[0] != '[' {
		raw = slices.Concat([]byte("["), raw, []byte("]"))
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		const problem = "expected a string or a list of strings"
		return nil, Refusef(reason.BodyWrongType, "%s: %s.", field, problem).Field(field, problem)
	}
	var all []string
	for _, v := range list {
		if v != nil {
			all = append(all, *v)
		}
	}
	return all, nil
}

// Decode reads a JSON body into v, a pointer to a struct. Fields that v does not know are ignored; a value of the
// wrong type is refused with 400 and the field's name, an empty or broken body with 400, one over the limit with 413.
func (r *Request) Decode(v any) error {
	if media, _, _ := mime.ParseMediaType(r.HTTP.Header.Get("Content-Type")); media != "" &&
		media != "application/json" && !strings.HasSuffix(media, "+json") && media != "text/plain" &&
		media != "application/x-www-form-urlencoded" { // what curl -d says when it sends JSON
		return Refusef(reason.MediaTypeUnsupported, "This operation takes application/json, not %q.", media)
	}
	body, err := r.body()
	if err != nil {
		return err
	}
	if len(strings.TrimSpace(string(body))) == 0 {
		return Refuse(reason.BodyMalformed, "This operation takes a JSON object in the body, and the body is empty.")
	}
	if err := json.Unmarshal(body, v); err != nil {
		return BodyError(err)
	}
	return nil
}

func (r *Request) body() ([]byte, error) {
	b, err := io.ReadAll(r.HTTP.Body)
	if err != nil {
		return nil, BodyError(err)
	}
	return b, nil
}

// BodyError is the refusal for a body that cannot be read or decoded: 413 for one over the server's limit, 400 for one that is
// broken or holds the wrong type.
func BodyError(err error) error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return Refusef(reason.BodyTooLarge, "The body is larger than %d bytes, the limit of this server for a request.", tooLarge.Limit)
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		field := wrong.Field
		if field == "" {
			return Refusef(reason.BodyWrongType, "The body is a JSON %s where an object is expected.", wrong.Value)
		}
		return Refusef(reason.BodyWrongType, "%s: expected %s, got %s.", field, typeName(wrong.Type.Kind().String()), wrong.Value).
			Field(field, fmt.Sprintf("expected %s", typeName(wrong.Type.Kind().String())))
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return Refusef(reason.BodyMalformed, "The body is not JSON: %v, after %d bytes.", syntax, syntax.Offset)
	}
	if typed, ok := errors.AsType[*Error](err); ok {
		return typed
	}
	return Refusef(reason.BodyMalformed, "The body could not be read: %v.", err)
}

// typeName is a Go kind in JSON's words.
func typeName(kind string) string {
	switch {
	case kind == "bool":
		return "a boolean"
	case strings.HasPrefix(kind, "int"), strings.HasPrefix(kind, "uint"), strings.HasPrefix(kind, "float"):
		return "a number"
	case kind == "slice":
		return "a list"
	case kind == "struct", kind == "map":
		return "an object"
	}
	return "a string"
}

// Match makes the Request for path, the escaped path below /2.0. The answer's headers go nowhere.
func Match(hr *http.Request, urls URLs, path string) (*Request, catalog.Outcome) {
	r := &Request{HTTP: hr, URLs: urls, Trace: TraceOf(hr.Context()), Header: http.Header{}}
	var outcome catalog.Outcome
	r.match, outcome = catalog.FindHere(hr.Method, path)
	if outcome == catalog.Found {
		r.Operation = r.match.Operation
		r.Trace.Operation = r.Operation.Key
	}
	return r, outcome
}

// Outside makes the Request for something that is no operation of the API: git over HTTP. params stand for the
// parameters of a path; the answer's headers go nowhere.
func Outside(hr *http.Request, urls URLs, name string, params map[string]string) *Request {
	r := &Request{HTTP: hr, URLs: urls, Trace: TraceOf(hr.Context()), Header: http.Header{}, path: params}
	r.Trace.Operation = name
	return r
}
