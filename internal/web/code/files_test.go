package code_test

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/web/webtest"
)

// has fails the test unless the page holds all of these, as they are.
func has(t *testing.T, r webtest.Reply, want ...string) {
	t.Helper()
	for _, one := range want {
		if !strings.Contains(r.Body, one) {
			t.Errorf("%s lacks %q:\n%.6000s", r.Path, one, r.Body)
		}
	}
}

const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>`

// TestFiles: each kind of thing that a commit can hold is shown as what it is.
func TestFiles(t *testing.T) {
	t.Parallel()
	s := pailtest.Start(t, pailtest.Options{})
	w := s.World()
	dir := w.Push(1)
	b := webtest.As(s, w.Admin)
	if r := b.Get("/acme/widgets/src"); r.Location() != "/acme/widgets/src/main" {
		t.Errorf("%d %s", r.Status, r.Location())
	}
	w.NewRepository("bare")
	if r := b.Get("/acme/bare/src"); r.Location() != "/acme/bare" {
		t.Errorf("%d %s", r.Status, r.Location())
	}
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 2, 3))); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "vendored"), 0o700); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"docs/to-file": "../main.go", "docs/out": "../../../etc/passwd", "docs/to-root": ".."} {
		if err := os.MkdirAll(filepath.Join(dir, "docs"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	w.Git(dir, "update-index", "--add", "--cacheinfo", "160000,"+strings.Repeat("1", 40)+",vendored")
	commit(w, dir, "Many kinds", map[string]string{
		"main.go": "package main\n\nfunc main() {} // \u202e turned\n", "docs/README.md": "# Docs\n\n[code](../main.go#L3) [more](more.md) ![x](x.png)\n", "docs/more.md": "# More\n", "docs/x.png": picture.String(), "docs/x.svg": svg,
		"page.html": "<script>alert(1)</script>", "blob.bin": "a\x00b", "empty": "", "big.txt": strings.Repeat("x\n", 600<<10), "lines.txt": strings.Repeat("\n", 20_001), "latin.txt": "caf\xe9\n", "notes.txt": "a\nb",
		"model.bin": "version https://git-lfs.github.com/spec/v1\noid sha256:" + strings.Repeat("a", 64) + "\nsize 12345\n",
	})
	root := b.See("/acme/widgets/src/main")
	says(t, root, "docs/", "vendored", "submodule", "LFS", "1.2 MiB", "43 B", "Many kinds")
	has(t, root, `href="/acme/widgets/src/main/docs"`, `href="/acme/widgets/src/feature%2Fone"`, `href="/acme/widgets/src/refs%2Ftags%2Fv1.0"`)
	docs := b.See("/acme/widgets/src/main/docs")
	says(t, docs, "link", "Docs", "README.md")
	has(t, docs, `<a href="/acme/widgets/src/main/main.go#L3">code</a>`, `<a href="/acme/widgets/src/main/docs/more.md">more</a>`, `/docs/x.png" loading="lazy"`, `<a href="/acme/widgets/src/main" aria-label="The directory above">`)
	b.See("/acme/widgets/src/main/docs/")

	code := b.See("/acme/widgets/src/main/main.go")
	has(t, code, `<tr id="L1"><td><a href="#L1" tabindex="-1">1</a></td><td><span class="k">package</span> main</td></tr>`, `<span class="odd">U+202E</span>`, `href="/acme/widgets/raw/main/main.go"`, `href="/acme/widgets/blame/main/main.go"`, `href="/acme/widgets/commits/main?path=main.go"`)
	says(t, code, "1 character here changes how the text around is read", "3 lines", "Go")
	silent(t, code, "\u202e", `id="L4"`)
	for path, want := range map[string]string{
		"blob.bin": "This is a binary file.", "empty": "This file is empty.", "big.txt": "This file is too large to be shown here.", "lines.txt": "This file has 20001 lines: too many to be shown here.",
		"model.bin": "Git LFS keeps this file elsewhere", "vendored": "This is a submodule: commit " + strings.Repeat("1", 40), "docs/to-file": "It leads to main.go .", "docs/out": "This is a symbolic link to ../../../etc/passwd , outside of the repository.",
		"docs/to-root": "It leads to", "latin.txt": "not UTF-8", "notes.txt": "2 lines", "docs/more.md": "More", "page.html": "< script >alert( 1 )</ script >", "docs/x.png": "2 × 3",
	} {
		r := b.See("/acme/widgets/src/main/" + path)
		says(t, r, want)
		silent(t, r, "<script>alert")
	}
	has(t, b.See("/acme/widgets/src/main/docs/to-root"), `<a href="/acme/widgets/src/main" dir="ltr">`)
	has(t, b.See("/acme/widgets/src/main/docs/more.md"), `<h2 id="doc-more">More</h2>`, `href="/acme/widgets/src/main/docs/more.md?view=source"`)
	has(t, b.See("/acme/widgets/src/main/docs/more.md?view=source"), `<tr id="L1">`)
	has(t, b.See("/acme/widgets/src/main/docs/x.svg"), `<img src="/acme/widgets/raw/`)
	says(t, b.See("/acme/widgets/src/main/docs/x.svg?view=source"), "alert(1)")

	// Nothing of a file runs when it is opened by itself.
	hash := w.Git(dir, "rev-parse", "HEAD")
	for path, want := range map[string]struct{ kind, kept string }{
		"page.html": {"text/plain; charset=utf-8", ""}, "docs/x.svg": {"image/svg+xml", ""}, "docs/x.png": {"image/png", ""}, "blob.bin": {"application/octet-stream", "attachment; filename=blob.bin"}, "latin.txt": {"text/plain", ""},
		"docs/to-file": {"text/plain; charset=utf-8", ""}, "big.txt": {"application/octet-stream", "attachment; filename=big.txt"}, "main.go": {"text/plain; charset=utf-8", ""},
	} {
		for rev, cache := range map[string]string{"main": "private, no-cache", hash: "private, max-age=3600"} {
			r := b.Get("/acme/widgets/raw/" + rev + "/" + path)
			policy := r.Header.Get("Content-Security-Policy")
			if r.Status != 200 || r.Header.Get("Content-Type") != want.kind || r.Header.Get("Content-Disposition") != want.kept || r.Header.Get("Cache-Control") != cache || r.Header.Get("X-Content-Type-Options") != "nosniff" ||
				!strings.Contains(policy, "sandbox") || !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "script") || strings.Contains(policy, "allow-") {
				t.Errorf("%s: %d %v", path, r.Status, r.Header)
			}
		}
	}
	if r := b.Get("/acme/widgets/raw/main/page.html"); r.Body != "<script>alert(1)</script>" {
		t.Errorf("%q", r.Body)
	}
	for _, path := range []string{"vendored", "docs", "nope"} {
		if r := b.Get("/acme/widgets/raw/main/" + path); r.Status != 404 {
			t.Errorf("%s: %d", path, r.Status)
		}
	}
	wants(t, webtest.Open(s).Get("/acme/widgets/raw/main/page.html"), 404, "repository.not_found")
	wants(t, b.Get("/acme/widgets/src/main/nope/x"), 404, "revision.not_found")

	// The slashes of a branch's name may stand as they are, but then the address is put right.
	if r := b.Get("/acme/widgets/src/feature/one/file.txt?view=source"); r.Status != http.StatusSeeOther || r.Location() != "/acme/widgets/src/feature%2Fone/file.txt?view=source" {
		t.Errorf("%d %s", r.Status, r.Location())
	}
	says(t, b.See("/acme/widgets/src/feature%2Fone"), "feature/one", "file.txt")
	says(t, b.See("/acme/widgets/src/"+hash), "commit "+hash[:12])
	says(t, b.See("/acme/widgets/src/refs%2Ftags%2Fv1.0/file.txt"), "tag v1.0")
}

// TestLongDirectory: a directory is listed in parts.
func TestLongDirectory(t *testing.T) {
	t.Parallel()
	s := pailtest.Start(t, pailtest.Options{})
	w := s.World()
	dir := w.Push(1)
	files := map[string]string{}
	for i := range 501 {
		files["many/f"+strings.Repeat("0", i%7)+string(rune('a'+i%26))+strings.Repeat("z", i/26)] = "x"
	}
	commit(w, dir, "Many", files)
	b := webtest.As(s, w.Admin)
	first := b.See("/acme/widgets/src/main/many")
	if n := strings.Count(first.Body, `scope="row"`); n != 501 { // and the way up
		t.Errorf("%d rows", n)
	}
	has(t, first, `href="/acme/widgets/src/main/many?page=2"`)
	if n := strings.Count(b.See("/acme/widgets/src/main/many?page=2").Body, `scope="row"`); n != 2 {
		t.Errorf("%d rows", n)
	}
}
