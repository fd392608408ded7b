package webtest_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/web/webtest"
)

// How large the files are that pages take, in bytes: both scripts together before they are compressed, the style sheet as it travels.
const (
	maxScript     = 10 << 10
	maxStyleSheet = 8 << 10
)

// The files that pages take travel compressed, may be kept for ever under the address that the page has for them, and
// stay small.
func TestAssets(t *testing.T) {
	s := pailtest.Start(t, pailtest.Options{})
	w := webtest.NewScene(s)
	page := webtest.As(s, w.Admin).See("/acme/widgets/pull-requests/1") // it takes all of them
	scripts := 0
	for _, name := range []string{`/script\.js`, `/assets/live\.js`, `/style\.css`} {
		address := regexp.MustCompile(name + `\?v=[0-9a-zA-Z_-]+`).FindString(page.Body)
		if address == "" {
			t.Errorf("the page takes no %s", name)
			continue
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+address, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", "gzip") // set here, it is not undone behind our back
		answer, err := s.Client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		sent, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if got := answer.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
			t.Errorf("%s: Cache-Control %q", address, got)
		}
		if got := answer.Header.Get("Content-Encoding"); got != "gzip" {
			t.Errorf("%s: Content-Encoding %q", address, got)
			continue
		}
		if strings.HasPrefix(address, "/style") && len(sent) > maxStyleSheet {
			t.Errorf("%s travels in %d bytes, more than %d", address, len(sent), maxStyleSheet)
		}
		if strings.Contains(address, ".js") {
			scripts += unpacked(t, sent)
		}
	}
	if scripts > maxScript {
		t.Errorf("the scripts have %d bytes, more than %d", scripts, maxScript)
	}
}

// unpacked is the size of what was compressed.
func unpacked(t *testing.T, sent []byte) int {
	t.Helper()
	zr, err := gzip.NewReader(bytes.NewReader(sent))
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, zr)
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}
