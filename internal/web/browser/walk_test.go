package browser

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/web/webtest"
)

// Every page holds what all pages promise, for whoever looks at it: it fits a telephone, does not jump while it loads,
// takes little, asks nobody else, and can be used by everybody.
func TestEveryPage(t *testing.T) {
	needChromium(t)
	w := &walk{Scene: webtest.NewScene(pailtest.Start(t, pailtest.Options{})), axe: axe(t)}
	pages := w.Pages()
	// The owner sees the most on each page, and goes first; two windows share the work.
	t.Run("owner", func(t *testing.T) {
		for i, half := range [][]webtest.Page{pages[:len(pages)/2], pages[len(pages)/2:]} {
			t.Run(fmt.Sprint(i+1), func(t *testing.T) { w.pages(t, &w.Admin, half) })
		}
	})
	t.Run("others", func(t *testing.T) {
		t.Run("member", func(t *testing.T) { w.pages(t, &w.Member, pages) })
		t.Run("anonymous", func(t *testing.T) { w.pages(t, nil, pages) })
	})
	if w.axe == "" {
		t.Run("axe", needAxe)
	}
}

// Whatever somebody can name may be called anything: it does no harm, and the page stays in shape.
func TestHostileNames(t *testing.T) {
	needChromium(t)
	w := &walk{Scene: webtest.NewHostileScene(pailtest.Start(t, pailtest.Options{})), quick: true}
	w.pages(t, &w.Admin, w.Pages())
}

// A page that comes in slowly, a table row by row, is shown once it is there, and does not jump.
func TestSlowLine(t *testing.T) {
	needChromium(t)
	w := webtest.NewHostileScene(pailtest.Start(t, pailtest.Options{}))
	u := newUser(t, w.Server)
	u.folder = ""
	u.signIn(w.Admin.Email)
	site, err := url.Parse(w.URL)
	if err != nil {
		t.Fatal(err)
	}
	line := httptest.NewServer(&httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(site)
		r.Out.Host, r.Out.Header = site.Host, r.In.Header.Clone()
		r.Out.Header.Del("Accept-Encoding")
	}, ModifyResponse: func(r *http.Response) error {
		if strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
			r.Body = struct {
				io.Reader
				io.Closer
			}{slowly{r.Body}, r.Body}
		}
		return nil
	}})
	defer line.Close()
	u.watch.also = line.URL
	u.open(line.URL + "/account/tokens")
	for _, shift := range eval[[]string](u, fmt.Sprintf("(%s)(%g)", layoutShifts, maxShift)) {
		t.Error(shift)
	}
}

// slowly reads at most 2 KiB at a time, with more than a frame of a screen between.
type slowly struct{ io.Reader }

func (s slowly) Read(p []byte) (int, error) {
	time.Sleep(50 * time.Millisecond)
	return s.Reader.Read(p[:min(len(p), 2<<10)])
}

// walk is a walk over all pages. What looks the same to several visitors, or is found at several addresses, is inspected
// once.
type walk struct {
	*webtest.Scene
	axe   string // its source; "": what can be used by everybody is not checked
	quick bool   // no pictures

	mu   sync.Mutex
	seen map[[sha256.Size]byte]bool
}

// pages visits pages as somebody; nil: without signing in. There are pictures of what the owner sees.
func (w *walk) pages(t *testing.T, as *account.Account, pages []webtest.Page) {
	t.Parallel()
	u := newUser(t, w.Scene.Server)
	owner := as != nil && as.ID == w.Admin.ID
	if !owner || w.quick {
		u.folder = ""
	}
	asks := webtest.Open(w.Scene.Server)
	if as != nil {
		u.signIn(as.Email)
		asks = webtest.As(w.Scene.Server, *as)
	}
	for _, page := range pages {
		t.Run(strings.TrimPrefix(page.Pattern, "GET /"), func(t *testing.T) {
			u.t = t
			reply := asks.Get(page.Path)
			for reply.Location() != "" {
				reply = asks.Get(strings.TrimPrefix(reply.Location(), w.URL))
			}
			if owner && reply.Status != http.StatusOK {
				t.Errorf("status %d; it says: %.500s", reply.Status, reply.Body)
			}
			if w.first(heart(reply.Body)) {
				u.look(onTelephone)
				u.watch.take()
				u.open(page.Path)
				u.inspect(page, w.axe, owner)
			}
		})
	}
	u.t = t
}

// first reports whether nobody has seen this before.
func (w *walk) first(heart string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	sum := sha256.Sum256([]byte(heart))
	if w.seen[sum] {
		return false
	}
	if w.seen == nil {
		w.seen = map[[sha256.Size]byte]bool{}
	}
	w.seen[sum] = true
	return true
}

// each is what differs each time that a page is asked for.
var each = regexp.MustCompile(`(name="(csrf|next)" value)="[^"]*"|[0-9a-f]{16,}`)

// heart is the main part of a page, without what is new each time.
func heart(html string) string {
	if _, main, ok := strings.Cut(html, "<main"); ok {
		html, _, _ = strings.Cut(main, "</main>")
	}
	return each.ReplaceAllString(html, "$1")
}
