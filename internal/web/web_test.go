package web

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// site is the pages behind a real listener, on a real store.
type site struct {
	*httptest.Server
	t     *testing.T
	rooms *account.Room
	log   *bytes.Buffer
}

func newSite(t *testing.T) *site {
	t.Helper()
	db, err := database.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "pail.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s := &site{t: t, log: new(bytes.Buffer)}
	mux := http.NewServeMux()
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	log, urls := slog.New(slog.NewTextHandler(s.log, nil)), rest.URLs{Base: s.URL}
	s.rooms = &account.Room{DB: db, URLs: urls, Log: log, Now: time.Now,
		Credentials: &access.Credentials{DB: db, Now: time.Now}}
	s.rooms.Mount(mux, &rest.API{URLs: urls, Log: log}) // the neighbours on the same mux
	(&Pages{Accounts: s.rooms, URLs: urls, Log: log}).Mount(mux)
	return s
}

// reply is an answer that has been read.
type reply struct {
	*http.Response
	body string
}

func (s *site) do(method, path, body string, headers ...string) reply {
	s.t.Helper()
	r, err := http.NewRequest(method, s.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	answer, err := s.Client().Transport.RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	read, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return reply{answer, string(read)}
}

func (s *site) get(path string, headers ...string) reply { return s.do("GET", path, "", headers...) }

func (s *site) post(path string, form url.Values) reply {
	return s.do("POST", path, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

// link is the path of a fresh set-up link.
func (s *site) link() (path, secret string) {
	s.t.Helper()
	link, err := s.rooms.SetupLink(s.t.Context())
	if err != nil || link == "" {
		s.t.Fatalf("set-up link %q, %v", link, err)
	}
	u, err := url.Parse(link)
	if err != nil {
		s.t.Fatal(err)
	}
	return u.RequestURI(), u.Query().Get("token")
}

// inline is what the policy would block: scripts, style elements and attributes, handlers, and javascript addresses.
var inline = regexp.MustCompile(`(?i)<script|<style|[\s"']style\s*=|[\s"']on[a-z]+\s*=|javascript:|<iframe|<object|<base\b|http-equiv`)

// checkPage holds a page to what is true of all of them.
func checkPage(t *testing.T, r reply) {
	t.Helper()
	for header, want := range map[string]string{
		"Content-Type":               "text/html; charset=utf-8",
		"Content-Security-Policy":    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
		"X-Content-Type-Options":     "nosniff",
		"X-Frame-Options":            "DENY",
		"Referrer-Policy":            "no-referrer",
		"Cross-Origin-Opener-Policy": "same-origin",
	} {
		if got := r.Header.Get(header); got != want {
			t.Errorf("%s: %q", header, got)
		}
	}
	if r.Header.Get("Cache-Control") == "" {
		t.Error("no Cache-Control")
	}
	if found := inline.FindString(r.body); found != "" {
		t.Errorf("the page holds %q", found)
	}
	for _, part := range []string{"<!doctype html>", `<html lang="en">`, "<title>", "<h1>", `href="/style.css?v=`, `id="main"`, "</html>"} {
		if !strings.Contains(r.body, part) {
			t.Errorf("the page lacks %s", part)
		}
	}
	if strings.Contains(r.body, "ZgotmplZ") || strings.Contains(r.body, "{base}") {
		t.Error("the page holds what a template did not fill in")
	}
	refused := r.Header.Get("X-Pail-Reason")
	if (r.StatusCode >= 400) != (refused != "") {
		t.Errorf("status %d with the reason %q", r.StatusCode, refused)
	}
	if _, ok := reason.Lookup(reason.Code(refused)); refused != "" && !ok {
		t.Errorf("the reason %q is in no list", refused)
	}
	if vary := r.Header.Get("Vary"); r.StatusCode >= 400 && refused != "value.invalid" && vary != "Accept" {
		t.Errorf("a refusal varies by %q", vary)
	}
	if r.StatusCode >= 400 && (r.Header.Get("Cache-Control") != "no-store" || !strings.Contains(r.body, "</h1>")) {
		t.Errorf("a refusal that is kept or says nothing: %s", r.Header.Get("Cache-Control"))
	}
}

func TestPages(t *testing.T) {
	s := newSite(t)
	open, _ := s.link()
	for _, tc := range []struct {
		method, path string
		status       int
		reason       reason.Code
		cache        string
		holds        []string
	}{
		{"GET", "/", 200, "", "no-cache", []string{s.URL + "/2.0</code>", "curl --user &#34;$EMAIL:$TOKEN&#34; " + s.URL + "/2.0/user",
			"git clone http://x-bitbucket-api-token-auth@" + strings.TrimPrefix(s.URL, "http://") + "/WORKSPACE/REPOSITORY.git", `href="/docs/reasons"`}},
		{"GET", "/docs/reasons", 200, "", "public, max-age=3600", []string{`href="/docs/reasons/header.line_break"`, `aria-current="true"`, "The token is damaged or over"}},
		{"GET", "/docs/reasons/header.line_break", 200, "", "public, max-age=3600", []string{"400 Bad Request", "<code>base64</code>", `href="/docs/reasons/token.whitespace"`,
			`<code>curl <span class="whole">--user</span> &#34;$EMAIL:$TOKEN&#34; ` + s.URL + "/2.0/user</code>"}},
		{"GET", "/docs/reasons/no.such", 404, reason.ResourceNotFound, "no-store", []string{`<a href="/docs/reasons">`, "No reason has this code."}},
		{"GET", "/docs/reasons/%3Cscript%3E", 404, reason.ResourceNotFound, "no-store", []string{`<a href="/docs/reasons">`}},
		{"GET", "/docs/reasons/%00%FF", 404, reason.ResourceNotFound, "no-store", nil},
		{"POST", "/docs/reasons", 405, reason.MethodNotAllowed, "no-store", []string{"GET, HEAD"}},
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
			r := s.do(tc.method, tc.path, "")
			checkPage(t, r)
			if r.StatusCode != tc.status || r.Header.Get("X-Pail-Reason") != string(tc.reason) || r.Header.Get("Cache-Control") != tc.cache {
				t.Errorf("%d, reason %q, %s", r.StatusCode, r.Header.Get("X-Pail-Reason"), r.Header.Get("Cache-Control"))
			}
			for _, part := range tc.holds {
				if !strings.Contains(r.body, part) {
					t.Errorf("%s is missing in\n%s", part, r.body)
				}
			}
			if tc.status == 405 && r.Header.Get("Allow") == "" {
				t.Error("no Allow")
			}
			if tc.method != "GET" {
				return
			}
			head := s.do("HEAD", tc.path, "")
			if head.body != "" || head.StatusCode != r.StatusCode || head.ContentLength != int64(len(r.body)) || head.Header.Get("ETag") != r.Header.Get("ETag") {
				t.Errorf("HEAD: %d, %d bytes announced, %q", head.StatusCode, head.ContentLength, head.body)
			}
		})
	}
	if s.log.Len() > 0 {
		t.Errorf("log: %s", s.log)
	}
}

// A fault goes to the log, and the page tells no more than that there was one.
func TestFault(t *testing.T) {
	s := newSite(t)
	path, secret := s.link()
	_ = s.rooms.DB.Close()
	r := s.get(path)
	checkPage(t, r)
	if r.StatusCode != 500 || r.Header.Get("X-Pail-Reason") != "server.fault" || strings.Contains(r.body, "sql") {
		t.Errorf("%d %s", r.StatusCode, r.body)
	}
	if log := s.log.String(); !strings.Contains(log, "request failed") || strings.Contains(log, secret) {
		t.Errorf("log: %s", log)
	}
}

func TestStyleSheet(t *testing.T) {
	s := newSite(t)
	for path, cache := range map[string]string{
		view{}.Style():            "public, max-age=31536000, immutable",
		"/style.css":              "no-cache",
		"/style.css?v=yesterday1": "no-cache",
	} {
		r := s.get(path)
		if r.StatusCode != 200 || r.Header.Get("Content-Type") != "text/css; charset=utf-8" || r.Header.Get("Cache-Control") != cache || r.body != string(styleSheet) {
			t.Errorf("%s: %d %v", path, r.StatusCode, r.Header)
		}
	}
	if size := len(styleSheet); size > 12<<10 {
		t.Errorf("the style sheet has %d bytes", size)
	}
	if strings.Contains(string(styleSheet), "url(") || strings.Contains(string(styleSheet), "@import") {
		t.Error("the style sheet loads something")
	}
}

func TestRevalidation(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/", "/docs/reasons", "/docs/reasons/token.expired", "/style.css", "/account/ada/avatar"} {
		tag := s.get(path).Header.Get("ETag")
		for header, want := range map[string]int{tag: 304, "W/" + tag: 304, `"x", ` + tag: 304, "*": 304, `"x"`: 200, "": 200} {
			if r := s.get(path, "If-None-Match", header); r.StatusCode != want || r.Header.Get("ETag") != tag || r.Header.Get("Content-Security-Policy") == "" {
				t.Errorf("%s with %s: %d", path, header, r.StatusCode)
			}
		}
	}
	page, json := s.get("/docs/reasons"), s.get("/docs/reasons", "Accept", "application/json")
	if page.Header.Get("Vary") != "Accept" || json.Header.Get("Vary") != "Accept" || page.Header.Get("ETag") == json.Header.Get("ETag") {
		t.Error("the page and its JSON can be taken for each other")
	}
	path, _ := s.link()
	if tag := s.get(path).Header.Get("ETag"); tag != "" {
		t.Errorf("a page with a secret has the ETag %s", tag)
	}
}
