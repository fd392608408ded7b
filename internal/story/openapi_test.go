package story

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/scope"
)

// TestAnswersAreWhatSwaggerSays: every served operation, called for real, takes and answers what the server's own
// description says, with no field beside those that it names; and so do refusals.
func TestAnswersAreWhatSwaggerSays(t *testing.T) {
	t.Parallel()
	w := pailtest.Start(t, pailtest.Options{}).World()
	w.Push(2)
	doc := described(t, w)
	all := []string{}
	for _, info := range scope.All() {
		if !info.Legacy && strings.HasSuffix(info.Name, ":bitbucket") && len(all) < 40 {
			all = append(all, info.Name)
		}
	}
	credential := w.Token(w.Admin, all...)
	for _, key := range w.API.Keys() {
		t.Run(key, func(t *testing.T) {
			op, _ := catalog.Lookup(key)
			ex := examples[key]
			if ex.before != nil {
				ex.before(w)
			}
			for _, who := range []pailtest.Credential{pailtest.Basic("nobody@example.com", "x"), credential} {
				body, _ := ex.body.(string)
				r, err := http.NewRequest(op.Method, w.URL+"/2.0"+ex.path(op, w), strings.NewReader(body))
				check(w, err)
				if body != "" {
					r.Header.Set("Content-Type", "application/json")
				}
				who(r)
				res, err := w.Client.Do(r)
				check(w, err)
				text := readAll(t, res)
				item := doc.Paths.Value(op.Template)
				input := &openapi3filter.RequestValidationInput{Request: r, Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true},
					Route: &routers.Route{Spec: doc, Path: op.Template, PathItem: item, Method: op.Method, Operation: item.GetOperation(op.Method)}}
				r.Body = io.NopCloser(strings.NewReader(body))
				if res.StatusCode < 400 && body != "" {
					if err := openapi3filter.ValidateRequestBody(t.Context(), input, input.Route.Operation.RequestBody.Value); err != nil {
						t.Errorf("the body that was taken: %v", err)
					}
				}
				if err := openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{RequestValidationInput: input, Status: res.StatusCode,
					Header: res.Header, Body: io.NopCloser(bytes.NewBufferString(text)), Options: input.Options}); err != nil {
					t.Errorf("%d: %v\n%s", res.StatusCode, err, text)
				}
			}
		})
	}
}

// described loads the server's description of itself over HTTP, and closes its schemas: what they do not name is wrong.
func described(t *testing.T, w *pailtest.World) *openapi3.T {
	t.Helper()
	get := func(tag string) (*http.Response, string) {
		r, err := http.NewRequest("GET", w.URL+"/2.0/swagger.json", nil)
		check(w, err)
		if tag != "" {
			r.Header.Set("If-None-Match", tag)
		}
		res, err := w.Client.Do(r)
		check(w, err)
		return res, readAll(t, res)
	}
	res, text := get("")
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/json; charset=utf-8" || !strings.HasPrefix(res.Header.Get("Cache-Control"), "public, max-age=") {
		t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	if again, body := get(res.Header.Get("ETag")); again.StatusCode != http.StatusNotModified || body != "" {
		t.Errorf("with its ETag: %d, %d bytes", again.StatusCode, len(body))
	}
	refused, err := http.Post(w.URL+"/2.0/swagger.json", "", nil)
	check(w, err)
	if readAll(t, refused); refused.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", refused.StatusCode)
	}
	doc, err := openapi3.NewLoader().LoadFromData([]byte(text))
	check(w, err)
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(doc.Servers) != 1 || doc.Servers[0].URL != w.URL+"/2.0" {
		t.Errorf("servers: %v", doc.Servers)
	}
	for name, s := range doc.Components.Schemas {
		if body := strings.HasSuffix(name, "Body") || strings.HasSuffix(name, "PermissionIn"); name != "Error" && !body && len(s.Value.Properties) > 0 { // a body may hold more, which is ignored
			closed := false
			s.Value.AdditionalProperties = openapi3.AdditionalProperties{Has: &closed}
		}
	}
	return doc
}
