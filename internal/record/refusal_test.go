package record

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/scope"
	"github.com/pailforge/pail/internal/token"
)

const lacks = `{"type":"error","error":{"message":"Your credentials lack one or more required privilege scopes.","detail":{"required":["read:user:bitbucket"],"granted":["read:wiki:bitbucket"]}}}`

func packed(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, s)
	_ = z.Close()
	return b.String()
}

// TestWhy: why a call was turned away, from what a server that explains nothing answers; and the body arrives as it was.
func TestWhy(t *testing.T) {
	basic := func(user, secret string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+secret))
	}
	good := basic("ada@example.com", token.Mint(token.APIToken))
	for _, c := range []struct {
		name, sent string
		status     int
		header     string // of the answer, "Name: value"
		body       string
		want       reason.Code
		missing    scope.Set
	}{
		{"scopes", good, 403, "", lacks, reason.ScopeMissing, scope.NewSet(scope.ReadUser)},
		{"scopes, packed", good, 403, "Content-Encoding: gzip", packed(lacks), reason.ScopeMissing, scope.NewSet(scope.ReadUser)},
		{"scopes, but it is too long", good, 403, "", lacks + strings.Repeat(" ", maxPeek), reason.PrivilegeMissing, scope.Set{}},
		{"scopes, but it is no JSON", good, 403, "Content-Type: text/plain", lacks, reason.PrivilegeMissing, scope.Set{}},
		{"scopes without a list", good, 403, "X-OAuth-Scopes: read:wiki:bitbucket", `{"error":{"message":"Your credentials lack one or more required privilege scopes."}}`, reason.ScopeMissing, scope.NewSet(scope.ReadUser)},
		{"a privilege", good, 403, "", `{"error":{"message":"You do not have access","detail":"a text"}}`, reason.PrivilegeMissing, scope.Set{}},
		{"a kind", good, 403, "", `{"error":{"message":"This API is only accessible with the following authentication types: session"}}`, reason.CredentialKindNotAccepted, scope.Set{}},
		{"a bomb", good, 403, "Content-Encoding: gzip", packed(lacks + strings.Repeat(" ", 10*maxPeek)), reason.PrivilegeMissing, scope.Set{}},
		{"damaged", good, 403, "Content-Encoding: gzip", "no gzip", reason.PrivilegeMissing, scope.Set{}},
		{"told", good, 403, "X-Pail-Reason: workspace.forbidden", `{}`, reason.WorkspaceForbidden, scope.Set{}},
		{"told nonsense", good, 404, "X-Pail-Reason: no.reason", "", reason.ResourceNotFound, scope.Set{}},
		{"one sentence for all", good, 401, "", "", "", scope.Set{}},
		{"nothing sent", "", 401, "", "", reason.CredentialMissing, scope.Set{}},
		{"nothing sent, private", "", 404, "", "", reason.CredentialMissing, scope.Set{}},
		{"as Bearer", "Bearer " + token.Mint(token.APIToken), 401, "", "", reason.CredentialBearerNotAccepted, scope.Set{}},
		{"not base64", "Basic ???", 401, "", "", reason.HeaderNotBase64, scope.Set{}},
		{"gone", good, 410, "", "", reason.PathRemoved, scope.Set{}},
		{"too many", good, 429, "", "", reason.RateLimited, scope.Set{}},
		{"not served", good, 501, "", "", reason.OperationNotServed, scope.Set{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				if name, value, ok := strings.Cut(c.header, ": "); ok {
					w.Header().Set(name, value)
				}
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}))
			defer server.Close()
			recorder := NewRecorder(time.Now)
			q, _ := http.NewRequest("GET", server.URL+"/2.0/user", nil)
			if c.sent != "" {
				q.Header.Set("Authorization", c.sent)
			}
			res, err := recorder.Watch(&http.Transport{DisableCompression: true}).RoundTrip(q)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(res.Body)
			if err != nil || string(body) != c.body {
				t.Errorf("%d bytes arrived, want %d: %v", len(body), len(c.body), err)
			}
			_ = res.Body.Close()
			r := recorder.Recording()
			if len(r.Refused) != 1 || r.Refused[0].Reason != c.want || r.Refused[0].Missing != c.missing {
				t.Errorf("refused %+v, want %s and %v missing", r.Refused, c.want, c.missing)
			}
		})
	}
}

// TestBodyThatBreaksOff: what ends early for the recorder ends early for the program, after what there was.
func TestBodyThatBreaksOff(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "100")
		w.WriteHeader(403)
		fmt.Fprint(w, "half")
	}))
	defer server.Close()
	q, _ := http.NewRequest("GET", server.URL+"/2.0/user", nil)
	res, err := NewRecorder(time.Now).Watch(http.DefaultTransport).RoundTrip(q)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err == nil || string(body) != "half" {
		t.Errorf("arrived %q, %v", body, err)
	}
}

// TestAnonymous: what is answered without a credential needs no scope; one call with a credential makes the difference.
func TestAnonymous(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, ".git/") {
			w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
		}
	}))
	defer server.Close()
	recorder := NewRecorder(time.Now)
	get := func(path, authorization string) {
		q, _ := http.NewRequest("GET", server.URL+path, nil)
		if authorization != "" {
			q.Header.Set("Authorization", authorization)
		}
		res, err := recorder.Watch(http.DefaultTransport).RoundTrip(q)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	}
	const repository, refs = "/2.0/repositories/acme/widgets", "/acme/widgets.git/info/refs?service=git-upload-pack"
	get(repository, "")
	get(refs, "")
	if r := recorder.Recording(); !r.Scopes.Least.Empty() || r.Operations[0].Anonymous != 1 || r.Git[0].Anonymous != 1 || !r.Git[0].Scopes.Empty() {
		t.Errorf("least %v, %+v, %+v", r.Scopes.Least, r.Operations, r.Git)
	}
	get(refs, "Basic YTpi")
	if r := recorder.Recording(); r.Scopes.Least != scope.NewSet(scope.ReadRepository) {
		t.Errorf("least %v", r.Scopes.Least)
	}
	get(repository, "Basic YTpi")
	if r := recorder.Recording(); r.Operations[0].Count != 2 || r.Operations[0].takes() != "read:repository:bitbucket" {
		t.Errorf("%+v", r.Operations)
	}
}
