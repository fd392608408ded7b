package page

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

func TestWantsJSON(t *testing.T) {
	for _, tc := range []struct {
		accept []string
		want   bool
	}{
		{nil, false},
		{[]string{""}, false},
		{[]string{"*/*"}, false},
		{[]string{"application/json"}, true},
		{[]string{"Application/JSON; charset=utf-8"}, true},
		{[]string{"application/json, text/plain, */*"}, true},
		{[]string{"application/json, */*;q=0.5"}, true},
		{[]string{"application/json;q=0.4, */*;q=0.5"}, false},
		{[]string{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, false},
		{[]string{"text/html, application/json"}, false},
		{[]string{"text/html;q=0.5, application/json"}, true},
		{[]string{"text/html;q=0.5", "application/json"}, true},
		{[]string{"application/json;q=0"}, false},
		{[]string{"application/json;q=2"}, false},
		{[]string{"application/json;q=NaN"}, false},
		{[]string{"application/*"}, false},
		{[]string{"application/json;q=0.3, text/*;q=0.2"}, true},
		{[]string{",;,q=1,/"}, false},
	} {
		if got := wantsJSON(tc.accept); got != tc.want {
			t.Errorf("%q: %v", tc.accept, got)
		}
	}
}

func FuzzMediaRange(f *testing.F) {
	for _, seed := range []string{"", "*/*", "text/html;q=0.5", "application/json ; Q = 1", "a/b;q=;q=1e9", ";;;=", "x;q=-0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, part string) {
		media, q := mediaRange(part)
		if !(q >= 0 && q <= 1) || media != strings.ToLower(strings.TrimSpace(media)) || strings.Contains(media, ";") {
			t.Errorf("%q, %v", media, q)
		}
		if wantsJSON([]string{part}) && media != "application/json" {
			t.Errorf("%q asks for JSON", part)
		}
	})
}

func TestSpans(t *testing.T) {
	for text, want := range map[string][]span{
		"":            nil,
		"plain":       {{"plain", false}},
		"`a`":         {{"a", true}},
		"x `a` y `b`": {{"x ", false}, {"a", true}, {" y ", false}, {"b", true}},
		"one ` left":  {{"one ` left", false}},
		"`a` and `":   {{"a", true}, {" and `", false}},
		"``":          nil,
	} {
		if got := spans(text); !slices.Equal(got, want) {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func FuzzSpans(f *testing.F) {
	for _, seed := range []string{"", "a", "`", "``", "x `a` y", "`a` `b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		joined := ""
		for _, s := range spans(text) {
			if s.Text == "" || s.Code && strings.Contains(s.Text, "`") {
				t.Errorf("%q has the part %+v", text, s)
			}
			joined += s.Text
		}
		// Nothing is lost but the backquotes, and of those one remains when their number is odd.
		if strings.ReplaceAll(joined, "`", "") != strings.ReplaceAll(text, "`", "") || strings.Count(joined, "`") != strings.Count(text, "`")%2 {
			t.Errorf("%q became %q", text, joined)
		}
	})
}

// A refusal whose detail is an object has its reason's words on the page.
func TestDetailThatIsNoText(t *testing.T) {
	if got := sentence("use 1 to 62 letters"); got != "Use 1 to 62 letters." {
		t.Error(got)
	}
	if got := sentence("é."); got != "É." || sentence("") != "" {
		t.Error(got)
	}
	e := rest.Refuse(reason.ScopeMissing, "")
	if got := ways(e, "https://pail.example.com"); !slices.Equal(got, reason.Of(reason.ScopeMissing).Steps("https://pail.example.com")) {
		t.Error(got)
	}
	if got := ways(Instead(e, "this"), ""); !slices.Equal(got, []string{"this"}) {
		t.Error(got)
	}
}

// Paths are told apart from left to right.
func TestRoutes(t *testing.T) {
	var all routes
	for _, pattern := range []string{"GET /{$}", "GET /docs/{code}", "GET /account/{username}/avatar", "POST /account/tokens", "GET /{workspace}",
		"GET /{workspace}/workspace/projects/{key}", "GET /{workspace}/{repo}", "GET /{workspace}/{repo}/commits/{rest...}", "GET /{workspace}/{repo}/settings"} {
		method, path := all.split(pattern)
		all.add(method, path, func(http.ResponseWriter, *http.Request) {})
	}
	for path, want := range map[string]string{
		"/": "/{$}", "/docs/x": "/docs/{code}", "/docs/x/y": "", "/docs": "", "/account/projects/avatar": "/account/{username}/avatar", "/account/tokens": "/account/tokens",
		"/acme": "/{workspace}", "/acme/": "", "/acme/workspace/projects/settings": "/{workspace}/workspace/projects/{key}", "/acme/widgets": "/{workspace}/{repo}",
		"/acme/workspace": "/{workspace}/{repo}", "/acme/widgets/commits/a/b": "/{workspace}/{repo}/commits/{rest...}", "/acme/projects/settings": "/{workspace}/{repo}/settings",
	} {
		first, _, _ := strings.Cut(path[1:], "/")
		r, ok := all.find(httptest.NewRequest("GET", path, nil), slices.Contains([]string{"docs", "account"}, first))
		got := ""
		if ok {
			got = r.path
		}
		if got != want {
			t.Errorf("%s is served by %q, not %q", path, got, want)
		}
	}
	if got := all.patterns(); len(got) != 9 || !slices.Contains(got, "POST /account/tokens") {
		t.Errorf("%q", got)
	}
}

// TestNear: how far away a time is, in words. What is past is at least as old as it says; what is ahead is rounded.
func TestNear(t *testing.T) {
	now := time.Date(2031, 1, 1, 12, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	for d, want := range map[time.Duration]string{
		0: "just now", -59 * time.Second: "just now", -119 * time.Second: "1 minute ago", -47 * time.Hour: "47 hours ago", -3*day + time.Second: "2 days ago", -90 * day: "on 3 October 2030",
		time.Second: "in a moment", 61 * time.Second: "in 1 minute", 30*day - time.Second: "in 30 days", 6*day + 11*time.Hour: "in 6 days", 90 * day: "on 1 April 2031",
	} {
		if got := near(now.Add(d), now); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}
