package webtest_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/web/webtest"
)

// Every page is there for the owner, also where everything has a hostile name.
func TestEveryPageIsThere(t *testing.T) {
	for name, scene := range map[string]func(*pailtest.Server) *webtest.Scene{"": webtest.NewScene, "hostile": webtest.NewHostileScene} {
		t.Run(name, func(t *testing.T) {
			s := scene(pailtest.Start(t, pailtest.Options{}))
			b := webtest.As(s.Server, s.Admin)
			for _, page := range s.Pages() {
				r := b.Get(page.Path)
				for r.Status == 303 || r.Status == 301 || r.Status == 308 {
					r = b.Get(r.Location())
				}
				if r.Status != 200 {
					t.Errorf("%s: %d", page.Path, r.Status)
				}
			}
		})
	}
}

// No form does anything for a stranger, for nobody, and for the owner without the token of the session.
func TestFormsOfOthers(t *testing.T) {
	s := webtest.NewScene(pailtest.Start(t, pailtest.Options{}))
	owner, stranger, nobody := webtest.As(s.Server, s.Admin), webtest.As(s.Server, s.Outsider), webtest.Open(s.Server)
	csrf := url.Values{"csrf": {webtest.Forms(t, stranger.See("/account/profile"))[0].Values.Get("csrf")}}
	owner.See("/workspaces")
	before := s.Store()
	forms := s.Forms()
	if len(forms) < 40 {
		t.Errorf("only %d forms", len(forms))
	}
	for _, form := range forms {
		if form.Pattern == "POST /{workspace}/{repo_slug}/downloads" || form.Pattern == "POST /{workspace}/{repo_slug}/issues/{id}/attachments" {
			continue // an upload, which has its own test
		}
		if r := owner.Post(form.Path, nil); r.Status != http.StatusForbidden || r.Header.Get("X-Pail-Reason") != "csrf.missing" {
			t.Errorf("%s without the token of the session: %d %s", form.Pattern, r.Status, r.Header.Get("X-Pail-Reason"))
		}
		if r := nobody.Post(form.Path, nil); r.Status != http.StatusUnauthorized && r.Status != http.StatusNotFound {
			t.Errorf("%s by nobody: %d", form.Pattern, r.Status)
		}
		if r := stranger.Post(form.Path, csrf); r.Status != http.StatusNotFound {
			t.Errorf("%s by a stranger: %d %s", form.Pattern, r.Status, r.Header.Get("X-Pail-Reason"))
		}
	}
	if s.Store() != before {
		t.Error("something was changed")
	}
}
