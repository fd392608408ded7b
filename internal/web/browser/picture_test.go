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

// The widths that pages are looked at in, in pixels: a window on a desk, and a small telephone.
const (
	wide   = 1280
	narrow = 360
)

// tallest is where a picture of a page is cut off, in pixels.
const tallest = 6000

// resize gives the window another width.
func (u *user) resize(width int64) {
	u.t.Helper()
	height := int64(800)
	if width == narrow {
		height = 740
	}
	ctx, cancel := context.WithTimeout(u.ctx, patience)
	defer cancel()
	u.try("resize", chromedp.Do(ctx, chromedp.EmulateViewport(width, height)))
}

// scheme makes the person prefer light or dark pages.
func (u *user) scheme(name string) {
	u.t.Helper()
	call(u, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
}

// unfit is what does not belong into the name of a file.
var unfit = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// picture takes the page in both widths, light and dark, into the folder that PAIL_SCREENSHOTS names. The window is as
// it was afterwards.
func (u *user) picture() {
	u.t.Helper()
	folder := os.Getenv("PAIL_SCREENSHOTS")
	if folder == "" || !u.scripts {
		return
	}
	u.pictures++
	name := fmt.Sprintf("%02d-%s", u.pictures, fileName(u.path()))
	for _, width := range []int64{narrow, wide} {
		u.resize(width)
		for _, scheme := range []string{"dark", "light"} {
			u.scheme(scheme)
			u.shoot(folder, name, width, scheme)
		}
	}
}

// shoot takes one picture of the page as it is.
func (u *user) shoot(folder, name string, width int64, scheme string) {
	u.t.Helper()
	size := call(u, page.GetLayoutMetrics, cdp.Empty{}).CSSContentSize
	yes := true
	picture := call(u, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: &yes, OptimizeForSpeed: &yes,
		Clip: &page.Viewport{Width: math.Min(size.Width, float64(width)), Height: math.Min(size.Height, tallest), Scale: 1},
	}).Data
	test, _, _ := strings.Cut(u.t.Name(), "/")
	folder = filepath.Join(folder, strings.TrimPrefix(test, "Test"))
	u.try("make a folder for pictures", os.MkdirAll(folder, 0o755))
	file := fmt.Sprintf("%s.%s.%s.png", name, map[int64]string{wide: "wide", narrow: "narrow"}[width], scheme)
	u.try("keep a picture", os.WriteFile(filepath.Join(folder, file), picture, 0o644))
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
