package browser

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// look is how somebody looks at pages.
type look struct {
	width, height int64 // of the window, in pixels
	scheme        string
}

// Between them, both widths and both schemes of colours are seen.
var (
	onDesk      = look{1280, 800, "light"}
	onTelephone = look{360, 740, "dark"} // a small one
)

func (l look) String() string { return fmt.Sprintf("%d-%s", l.width, l.scheme) }

// tallest is where a picture of a page is cut off, in pixels. Painting is most of the work.
const tallest = 2000

// look lets the person look at pages in this way from now on.
func (u *user) look(l look) {
	u.t.Helper()
	ctx, cancel := context.WithTimeout(u.ctx, patience)
	defer cancel()
	u.try("resize", chromedp.Do(ctx, chromedp.EmulateViewport(l.width, l.height)))
	call(u, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: l.scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
}

// unfit is what does not belong into the name of a file.
var unfit = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// picture takes the page as it is on a desk.
func (u *user) picture() {
	u.t.Helper()
	if u.folder == "" || !u.scripts {
		return
	}
	u.pictures++
	u.shoot(fmt.Sprintf("%02d-%s", u.pictures, fileName(u.path())), onDesk)
}

// shoot takes one picture of the page as it is, when there is a folder for it.
func (u *user) shoot(name string, look look) {
	u.t.Helper()
	if u.folder == "" {
		return
	}
	size := call(u, page.GetLayoutMetrics, cdp.Empty{}).CSSContentSize
	yes := true
	picture := call(u, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: &yes, OptimizeForSpeed: &yes,
		Clip: &page.Viewport{Width: math.Min(size.Width, float64(look.width)), Height: math.Min(size.Height, tallest), Scale: 1},
	}).Data
	test, _, _ := strings.Cut(u.t.Name(), "/")
	folder := filepath.Join(u.folder, strings.TrimPrefix(test, "Test"))
	u.try("make a folder for pictures", os.MkdirAll(folder, 0o755))
	u.try("keep a picture", os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s.%s.png", name, look)), picture, 0o644))
}

// secret is what may be one in a path.
var secret = regexp.MustCompile(`[A-Za-z0-9_-]{40,}`)

// fileName makes the name of a picture of a path. What stands in the query may be a secret too.
func fileName(path string) string {
	path, _, _ = strings.Cut(path, "?")
	path = secret.ReplaceAllString(path, "secret")
	name := strings.Trim(unfit.ReplaceAllString(path, "-"), "-")
	if name == "" {
		name = "front"
	}
	return name[:min(len(name), 80)]
}
