package webtest_test

import (
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
