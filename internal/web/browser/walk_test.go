package browser

import (
	"net/http"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/web/webtest"
)

// Every page holds what all pages promise, for whoever looks at it: it fits a telephone, does not jump while it loads,
// takes little, asks nobody else, and can be used by everybody.
func TestEveryPage(t *testing.T) {
	needChromium(t)
	scene := webtest.NewScene(pailtest.Start(t, pailtest.Options{}))
	source := axe(t)
	// The owner sees all there is on a page, so that two windows share the work.
	pages := scene.Pages()
	t.Run("owner", func(t *testing.T) { walk(t, scene, &scene.Admin, "owner", pages[:len(pages)/2], source) })
	t.Run("owner-2", func(t *testing.T) { walk(t, scene, &scene.Admin, "owner", pages[len(pages)/2:], source) })
	t.Run("member", func(t *testing.T) { walk(t, scene, &scene.Member, "member", pages, "") })
	t.Run("anonymous", func(t *testing.T) { walk(t, scene, nil, "anonymous", pages, source) })
	if source == "" {
		t.Run("axe", needAxe)
	}
}

// Whatever somebody can name may be called anything: it does no harm, and the page stays in shape.
func TestHostileNames(t *testing.T) {
	needChromium(t)
	scene := webtest.NewHostileScene(pailtest.Start(t, pailtest.Options{}))
	walk(t, scene, &scene.Admin, "hostile", scene.Pages(), "")
}

// walk visits pages as somebody; nil: without signing in. What is shown to nobody, an error or the page to sign in, is
// looked at once.
func walk(t *testing.T, scene *webtest.Scene, as *account.Account, name string, pages []webtest.Page, axe string) {
	t.Parallel()
	u := newUser(t, scene.Server)
	u.name = name
	if as != nil {
		u.signIn(as.Email)
	}
	turned := map[string]bool{} // away, and where to
	for _, page := range pages {
		t.Run(strings.TrimPrefix(page.Pattern, "GET /"), func(t *testing.T) {
			u.t = t
			u.open(page.Path)
			at, _, _ := strings.Cut(u.path(), "?")
			away := u.status != http.StatusOK || at == "/signin"
			if name == "owner" && u.status != http.StatusOK {
				t.Errorf("status %d; it says: %.500s", u.status, u.text())
			}
			if away {
				if key := http.StatusText(u.status) + at[:min(len(at), 7)]; turned[key] {
					u.watch.report(t)
					return
				} else {
					turned[key] = true
				}
			}
			u.inspect(page.Path, axe)
		})
	}
	u.t = t
}
