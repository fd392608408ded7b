package pailtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/contract"
)

// Credential puts itself into a request.
type Credential func(*http.Request)

// The ways to send a credential.
func None(*http.Request) {}

// Basic sends user and secret.
func Basic(user, secret string) Credential {
	return func(r *http.Request) { r.SetBasicAuth(user, secret) }
}

// Bearer sends the secret alone.
func Bearer(secret string) Credential {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+secret) }
}

// Header adds a header to what another credential sends.
func Header(c Credential, key, value string) Credential {
	return func(r *http.Request) {
		c(r)
		r.Header.Set(key, value)
	}
}

// Answer is an answer whose shape was checked.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte

	value any // of the body, once it was asked for
}

// Form is a body that is a form, urlencoded.
type Form string

// Multipart is a body of several parts with the boundary "b", its line breaks as they are.
type Multipart string

// Do sends a request and checks the answer's shape. body is a string as it is, a Form, a Multipart, or a value sent as JSON; nil sends none.
func (s *Server) Do(c Credential, method, path string, body any) *Answer {
	s.T.Helper()
	var reader io.Reader
	contentType := ""
	switch b := body.(type) {
	case nil:
	case string:
		reader, contentType = strings.NewReader(b), "application/json"
	case Form:
		reader, contentType = strings.NewReader(string(b)), "application/x-www-form-urlencoded"
	case Multipart:
		reader, contentType = strings.NewReader(string(b)), "multipart/form-data; boundary=b"
	default:
		text, err := json.Marshal(b)
		if err != nil {
			s.T.Fatal(err)
		}
		reader, contentType = strings.NewReader(string(text)), "application/json"
	}
	r, err := http.NewRequest(method, s.URL+path, reader)
	if err != nil {
		s.T.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	c(r)
	return s.Send(r)
}

// Send sends a request and checks the answer's shape.
func (s *Server) Send(r *http.Request) *Answer {
	s.T.Helper()
	res, err := s.Client.Do(r)
	if err != nil {
		s.T.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.T.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	a := &Answer{Status: res.StatusCode, Header: res.Header, Body: b}
	if err := s.check(r, a, brokenLines(r)); err != nil {
		s.T.Errorf("%s %s → %d: %v\n%s", r.Method, r.URL.Path, a.Status, err, a.Body)
	}
	return a
}

// check checks the shape of an answer. malformed says that a header of the request is broken: a bare server answers that
// without a body.
func (s *Server) check(r *http.Request, a *Answer, malformed bool) error {
	if a.Header.Get("X-Request-Id") == "" {
		return fmt.Errorf("no X-Request-Id")
	}
	if a.Status >= 400 && s.Config.Answers == "bare" && !explains(r.URL.Path) {
		if r.Method == http.MethodHead {
			return nil
		}
		if err := contract.Bare(a.Status, a.Header, a.Body, malformed); err != nil || len(a.Body) == 0 {
			return err
		}
	} else if a.Status >= 400 {
		if len(a.Body) == 0 && r.Method != http.MethodHead {
			return fmt.Errorf("no body")
		}
		if r.Method != http.MethodHead && a.Reason() == "" {
			return fmt.Errorf("no reason in the body")
		}
		if a.Header.Get("X-Pail-Reason") == "" {
			return fmt.Errorf("no X-Pail-Reason")
		}
	}
	below, ok := strings.CutPrefix(r.URL.EscapedPath(), "/2.0")
	if !ok || s.checker == nil || r.Method == http.MethodHead || a.Status == http.StatusNotModified {
		return nil
	}
	m, outcome := catalog.FindHere(r.Method, below)
	key := "GET /user" // errors look alike everywhere, also where no operation is
	switch {
	case outcome != catalog.Found:
	case !m.Operation.Own:
		key = m.Operation.Key
	case a.Status < 400:
		return nil // of what is Pail's own only errors are held against what is published
	}
	if r.URL.Query().Has("fields") {
		return nil // a part of an object need not satisfy the schema of the whole
	}
	return s.checker.Check(key, a.Status, a.Header.Get("Content-Type"), a.Body)
}

// explains reports whether a path is Pail's own: what is there is explained also by a bare server.
func explains(path string) bool {
	if below, ok := strings.CutPrefix(path, "/2.0"); ok {
		m, outcome := catalog.FindHere(http.MethodGet, below)
		return outcome == catalog.Found && m.Operation.Own
	}
	return strings.HasPrefix(path, "/pail/v1/") || strings.HasPrefix(path, "/docs/") || path == "/setup"
}

// Get digs a value out of the JSON body: field names and list indexes, joined by dots. nil when it is not there.
func (a *Answer) Get(path string) any {
	if a.value == nil && json.Unmarshal(a.Body, &a.value) != nil {
		return nil
	}
	v := a.value
	for _, name := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[name]
		case []any:
			var i int
			if _, err := fmt.Sscan(name, &i); err != nil || i < 0 || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// String is Get as text, "" for what is not there.
func (a *Answer) String(path string) string {
	switch v := a.Get(path).(type) {
	case nil:
		return ""
	case string:
		return v
	default:
		b, _ := json.Marshal(v)
		return string(b)
	}
}

// Reason is the reason code of a refusal, in the form of the API or of OAuth.
func (a *Answer) Reason() string {
	if code := a.String("error.data.reason"); code != "" {
		return code
	}
	return a.String("reason")
}

// Want fails the test unless the answer has this status and, when given, this reason.
func (s *Server) Want(a *Answer, status int, reason ...string) *Answer {
	s.T.Helper()
	if a.Status != status {
		s.T.Fatalf("status %d, want %d: %s", a.Status, status, a.Body)
	}
	if len(reason) > 0 && a.Reason() != reason[0] {
		s.T.Fatalf("reason %q, want %q: %s", a.Reason(), reason[0], a.Body)
	}
	return a
}
