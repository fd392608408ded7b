package consumers_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/oauth"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/web/webtest"
)

// TestAddressesInReasons: the pages that the reasons of OAuth send people to are there.
func TestAddressesInReasons(t *testing.T) {
	s := pailtest.Start(t, pailtest.Options{})
	w := s.World()
	c, _, err := s.OAuth.Register(t.Context(), w.Workspace.ID, w.Admin.ID, oauth.Form{Name: "Builder", CallbackURL: "https://app.example/callback", Scopes: []string{"repository"}})
	must(t, err)
	b := webtest.As(s, w.Admin)
	address := regexp.MustCompile("`" + regexp.QuoteMeta(s.URL) + "(/[^`]*)`")
	names := strings.NewReplacer("WORKSPACE", "acme", "KEY", c.Key)
	seen := map[string]bool{}
	for _, r := range reason.All() {
		if r.Code.Family() != "oauth" {
			continue
		}
		for _, step := range r.Steps(s.URL) {
			for _, found := range address.FindAllStringSubmatch(step, -1) {
				path := names.Replace(found[1])
				if seen[path] {
					continue
				}
				seen[path] = true
				if got := b.Get(path); got.Status != http.StatusOK {
					t.Errorf("%s names %s: %d", r.Code, path, got.Status)
				}
			}
		}
	}
	if len(seen) < 3 {
		t.Errorf("only %d addresses", len(seen))
	}
}
