package browser

import (
	"context"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/pailforge/pail/internal/pailtest"
)

// chromium is the program. Debian's build without windows takes half of the time of the one with them; other systems have
// it under other names.
func chromium() string {
	for _, name := range []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// stopChrome ends Chromium after the last test, when one was started.
var stopChrome = func() {}

func TestMain(m *testing.M) {
	code := m.Run()
	stopChrome()
	os.Exit(code)
}

// chrome starts Chromium once. Every test has windows of its own in it, which share nothing.
var chrome = sync.OnceValues(func() (context.Context, error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium()),
		chromedp.NoSandbox, // CI is root, for whom the sandbox does not start; only Pail's own pages are visited
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		// There is no graphics card, and no site to keep out of another's process: less work.
		chromedp.Flag("disable-gpu-compositing", true),
		chromedp.Flag("process-per-site", true),
	)
	allocator, free := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stop := chromedp.NewContext(allocator)
	stopChrome = func() { stop(); free() }
	return ctx, chromedp.Do(ctx)
})

// needChromium skips the test where there is no Chromium.
func needChromium(t *testing.T) {
	t.Helper()
	if chromium() == "" {
		pailtest.Skip(t, "chromium", "Chromium is not here (Debian: apt-get install chromium-headless-shell)")
	}
}
