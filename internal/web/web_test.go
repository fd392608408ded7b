package web_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web"
	"github.com/pailforge/pail/internal/web/webtest"
	"github.com/pailforge/pail/internal/workspace"
)

// link is the path of a fresh set-up link.
func link(b *webtest.Browser) string {
	b.T.Helper()
	link, err := b.Accounts.SetupLink(b.T.Context())
	if err != nil || link == "" {
		b.T.Fatalf("set-up link %q, %v", link, err)
	}
	return strings.TrimPrefix(link, b.URL)
}

func TestPages(t *testing.T) {
	s := webtest.Open(pailtest.Start(t, pailtest.Options{}))
	open := link(s)
	for _, tc := range []struct {
		method, path string
		status       int
		reason       reason.Code
		cache        string
		holds        []string
	}{
		{"GET", "/", 200, "", "no-cache", []string{s.URL + "/2.0</code>", "curl --user &#34;$EMAIL:$TOKEN&#34; " + s.URL + "/2.0/user",
			"git clone http://x-bitbucket-api-token-auth@" + strings.TrimPrefix(s.URL, "http://") + "/WORKSPACE/REPOSITORY.git", `href="/docs/errors"`}},
		{"GET", "/docs/errors", 200, "", "no-cache", []string{`href="/docs/errors/header.line_break"`, `aria-current="true"`, "The token is damaged or over"}},
		{"GET", "/docs/errors/header.line_break", 200, "", "no-cache", []string{"400 Bad Request", "<code>base64</code>", `href="/docs/errors/token.whitespace"`,
			`<code>curl <span class="whole">--user</span> &#34;$EMAIL:$TOKEN&#34; ` + s.URL + "/2.0/user</code>"}},
		{"GET", "/docs/errors/no.such", 404, reason.ResourceNotFound, "no-store", []string{`<a href="/docs/errors">`, "No reason has this code."}},
		{"GET", "/docs/errors/%3Cscript%3E", 404, reason.ResourceNotFound, "no-store", []string{`<a href="/docs/errors">`}},
		{"GET", "/docs/errors/%00%FF", 404, reason.ResourceNotFound, "no-store", nil},
		{"POST", "/docs/errors", 405, reason.MethodNotAllowed, "no-store", []string{"GET, HEAD"}},
		{"DELETE", "/", 405, reason.MethodNotAllowed, "no-store", []string{"GET, HEAD"}},
		{"PUT", "/setup", 405, reason.MethodNotAllowed, "no-store", []string{"GET, HEAD, POST"}},
		{"PATCH", "/style.css", 405, reason.MethodNotAllowed, "no-store", []string{"GET, HEAD"}},
		{"GET", open, 200, "", "no-store", []string{`name="token"`, `name="email"`, `name="username"`, `name="display_name"`, `type="password"`, `minlength="10"`}},
		{"GET", "/setup", 410, reason.SetupLinkUsed, "no-store", []string{"<code>pail serve</code>", "<code>pail admin user create"}},
		{"GET", "/setup?token=PAILL1wrong", 410, reason.SetupLinkUsed, "no-store", []string{"works once", "pail serve"}},
		{"GET", "/setup?token=%zz", 410, reason.SetupLinkUsed, "no-store", nil},
		{"POST", "/setup", 415, reason.MediaTypeUnsupported, "no-store", []string{"x-www-form-urlencoded"}},
	} {
		t.Run(tc.method+" "+tc.path, func(t *testing.T) {
			r := s.Do(tc.method, tc.path, "")
			if r.Status != tc.status || r.Header.Get("X-Pail-Reason") != string(tc.reason) || r.Header.Get("Cache-Control") != tc.cache {
				t.Errorf("%d, reason %q, %s", r.Status, r.Header.Get("X-Pail-Reason"), r.Header.Get("Cache-Control"))
			}
			for _, part := range tc.holds {
				if !strings.Contains(r.Body, part) {
					t.Errorf("%s is missing in\n%s", part, r.Body)
				}
			}
			if tc.status == 405 && r.Header.Get("Allow") == "" {
				t.Error("no Allow")
			}
			if tc.method != "GET" {
				return
			}
			head := s.Do("HEAD", tc.path, "")
			if head.Body != "" || head.Status != r.Status || head.Header.Get("ETag") != r.Header.Get("ETag") {
				t.Errorf("HEAD: %d, %s bytes announced, %q", head.Status, head.Header.Get("Content-Length"), head.Body)
			}
		})
	}
}

func TestRevalidation(t *testing.T) {
	s := webtest.Open(pailtest.Start(t, pailtest.Options{}))
	for _, path := range []string{"/", "/docs/errors", "/docs/errors/token.expired", "/style.css", "/account/ada/avatar"} {
		tag := s.Get(path).Header.Get("ETag")
		for header, want := range map[string]int{tag: 304, strings.TrimPrefix(tag, "W/"): 304, `"x", ` + tag: 304, "*": 304, `"x"`: 200, "": 200} {
			if r := s.Get(path, "If-None-Match", header); r.Status != want || r.Header.Get("ETag") != tag || r.Header.Get("Content-Security-Policy") == "" {
				t.Errorf("%s with %s: %d", path, header, r.Status)
			}
		}
	}
	page, json := s.Get("/docs/errors"), s.Get("/docs/errors", "Accept", "application/json")
	if page.Header.Get("Vary") != "Accept" || json.Header.Get("Vary") != "Accept" || page.Header.Get("ETag") == json.Header.Get("ETag") {
		t.Error("the page and its JSON can be taken for each other")
	}
	if tag := s.Get(link(s)).Header.Get("ETag"); tag != "" {
		t.Errorf("a page with a secret has the ETag %s", tag)
	}
}

func TestAvatars(t *testing.T) {
	s := webtest.Open(pailtest.Start(t, pailtest.Options{}))
	for _, tc := range []struct{ path, initials string }{
		{"/account/ada/avatar", "A"},
		{"/account/ada_lovelace/avatar", "AL"},
		{"/workspaces/for-the-others/avatar", "FT"},
		{"/account/" + url.PathEscape(`<script>alert(1)</script>`) + "/avatar", "SA"},
		{"/account/" + url.PathEscape(`"/><x y='`) + "/avatar", "XY"},
		{"/account/" + url.PathEscape("žofie 東") + "/avatar", "Ž東"},
		{"/account/%00%FF-/avatar", "?"},
		{"/workspaces/%7B0198a4c2-5d1e-7b3a-9c64-2f0e8d7a1b55%7D/avatar", "05"},
		{"/account/" + strings.Repeat("x", 5000) + "/avatar", "X"},
	} {
		r := s.Get(tc.path)
		if r.Status != 200 || !strings.Contains(r.Body, ">"+tc.initials+"</text>") || len(r.Body) > 600 {
			t.Errorf("%.60s: %d %s", tc.path, r.Status, r.Body)
		}
		for header, want := range map[string]string{"Content-Type": "image/svg+xml", "Cache-Control": "public, max-age=86400",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "cross-origin"} {
			if got := r.Header.Get(header); got != want {
				t.Errorf("%.60s: %s: %q", tc.path, header, got)
			}
		}
		web.CheckPicture(t, r.Body)
	}
	if a, b := s.Get("/account/Ada/avatar"), s.Get("/account/ada/avatar"); a.Body != b.Body {
		t.Error("names that differ in case only look different")
	}
	if a, b := s.Get("/account/ada/avatar"), s.Get("/workspaces/ada/avatar"); a.Body == b.Body {
		t.Error("a person and a workspace look the same")
	}
	if r := s.Do("POST", "/account/ada/avatar", ""); r.Status != 405 || r.Header.Get("X-Pail-Reason") == "" || r.Body == "" {
		t.Errorf("POST: %d", r.Status)
	}
}

// No workspace gets a slug that begins the path of a page, and a repository that is called like a page of its workspace
// has another path.
func TestReservedNames(t *testing.T) {
	s := pailtest.Start(t, pailtest.Options{})
	for _, pattern := range append(s.Site.Patterns(), "GET /2.0/user", "POST /pail/v1/session", "GET /healthz", "GET /readyz", "GET /metrics") {
		_, path, _ := strings.Cut(pattern, " ")
		segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
		if first := segments[0]; !strings.HasPrefix(first, "{") && !workspace.Reserved(first) {
			t.Errorf("a workspace could have the slug %s of %s", first, pattern)
		}
		if segments[0] != "{workspace}" || len(segments) < 2 || strings.HasPrefix(segments[1], "{") || segments[1] == "workspace" {
			continue
		}
		r := repository.Repository{ID: "0190b0a0-0000-7000-8000-00000000000a", Slug: segments[1], Workspace: workspace.Workspace{Slug: "acme"}}
		if p := r.Path(); p[1] != "{"+r.ID+"}" {
			t.Errorf("a repository %s would be hidden by %s", p[1], pattern)
		}
	}
	_, err := s.Workspaces.CreateWorkspace(t.Context(), "Docs", "", s.Account("ada").ID)
	if refused, ok := errors.AsType[*rest.Error](err); !ok || refused.Fields["slug"] == nil {
		t.Errorf("a workspace docs: %v", err)
	}
}
