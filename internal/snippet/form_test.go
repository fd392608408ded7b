package snippet

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/rest"
)

func callWith(contentType, body string) *access.Call {
	hr := httptest.NewRequest(http.MethodPut, "/2.0/snippets/acme/aaaaaaaa", strings.NewReader(body))
	hr.Header.Set("Content-Type", contentType)
	r, _ := rest.Match(hr, rest.URLs{}, "/snippets/acme/aaaaaaaa")
	return &access.Call{Request: r}
}

func part(head, body string) string { return "--b\r\n" + head + "\r\n\r\n" + body + "\r\n" }

const (
	isRelated = "multipart/related; boundary=b"
	isForm    = "multipart/form-data; boundary=b"
	describes = "Content-Type: application/json"
	end       = "--b--\r\n"
)

func TestReadChange(t *testing.T) {
	for name, c := range map[string]struct {
		kind, body string
		create     bool
		title      string            // "-": it was not sent
		files      map[string]string // path to contents; "-": it goes
		refused    bool
	}{
		"json":                      {"application/json", `{"title":" A "}`, false, "A", nil, false},
		"json drops a title":        {"application/json", `{"title":null}`, false, "", nil, false},
		"json without a title":      {"application/json", `{}`, false, "-", nil, false},
		"json drops a file":         {"application/json", `{"files":{"a":null,"b":{}}}`, false, "-", map[string]string{"a": "-"}, false},
		"json of another kind":      {"application/json", `[]`, false, "-", nil, true},
		"a title of two lines":      {"application/json", `{"title":"a\nb"}`, false, "-", nil, true},
		"hg":                        {"application/json", `{"scm":"hg"}`, false, "-", nil, true},
		"related":                   {isRelated, part(describes, `{"title":"A"}`) + part(`Content-ID: "x"`, "1") + end, false, "A", map[string]string{"x": "1"}, false},
		"filename before id":        {isRelated, part(describes, `{}`) + part("Content-ID: x\r\nContent-Disposition: attachment; filename=\"d/y\"", "1") + end, false, "-", map[string]string{"d/y": "1"}, false},
		"described at the end":      {isRelated + "; start=s", part("Content-ID: x", "1") + part("Content-ID: <s>", `{"title":"A"}`) + end, false, "A", map[string]string{"x": "1"}, false},
		"described nowhere":         {isRelated + "; start=s", part("Content-ID: x", "1") + end, false, "-", nil, true},
		"related drops a file":      {isRelated, part(describes, `{"files":{"x":{},"y":{}}}`) + part("Content-ID: y", "1") + end, false, "-", map[string]string{"x": "-", "y": "1"}, false},
		"nothing to drop yet":       {isRelated, part(describes, `{"files":{"x":{}}}`) + end, true, "-", nil, true},
		"base64":                    {isRelated, part(describes, `{}`) + part("Content-ID: x\r\nContent-Transfer-Encoding: BASE64", "AAEC\r\nAw==") + end, false, "-", map[string]string{"x": "\x00\x01\x02\x03"}, false},
		"broken base64":             {isRelated, part(describes, `{}`) + part("Content-ID: x\r\nContent-Transfer-Encoding: base64", "A") + end, false, "-", nil, true},
		"another encoding":          {isRelated, part(describes, `{}`) + part("Content-ID: x\r\nContent-Transfer-Encoding: x-uuencode", "A") + end, false, "-", nil, true},
		"a part without a name":     {isRelated, part(describes, `{}`) + part("Content-Type: text/plain", "A") + end, false, "-", nil, true},
		"form":                      {isForm, part(`Content-Disposition: form-data; name="title"`, "A") + part(`Content-Disposition: form-data; name="file"; filename="x"`, "1") + end, false, "A", map[string]string{"x": "1"}, false},
		"form drops a file":         {isForm, part(`Content-Disposition: form-data; name="files"`, "x") + end, false, "-", map[string]string{"x": "-"}, false},
		"cut off":                   {isForm, part(`Content-Disposition: form-data; name="file"; filename="x"`, "1"), false, "-", nil, true},
		"up":                        {isForm, part(`Content-Disposition: form-data; name="file"; filename="../x"`, "1") + end, false, "-", nil, true},
		"drops what cannot be":      {isForm, part(`Content-Disposition: form-data; name="files"`, "../x") + end, false, "-", nil, true},
		"git's own":                 {isForm, part(`Content-Disposition: form-data; name="file"; filename="a/.GIT/x"`, "1") + end, false, "-", nil, true},
		"twice":                     {isForm, strings.Repeat(part(`Content-Disposition: form-data; name="file"; filename="x"`, "1"), 2) + end, false, "-", nil, true},
		"too large":                 {isForm, part(`Content-Disposition: form-data; name="file"; filename="x"`, strings.Repeat("x", maxFile+1)) + end, false, "-", nil, true},
		"too many":                  {isForm, many(maxFiles+1) + end, false, "-", nil, true},
		"just as many as there may": {isForm, many(maxFiles) + end, false, "-", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			ch, err := readChange(callWith(c.kind, c.body), t.TempDir(), c.create)
			if (err != nil) != c.refused {
				t.Fatalf("refused: %v", err)
			}
			if _, is := err.(*rest.Error); err != nil && !is {
				t.Fatalf("the error is no refusal: %v", err)
			}
			if c.refused {
				return
			}
			if c.title == "-" != (ch.title == nil) || ch.title != nil && *ch.title != c.title {
				t.Errorf("title %v, want %q", ch.title, c.title)
			}
			if c.files != nil && len(ch.edits) != len(c.files) {
				t.Errorf("edits %v, want %v", ch.edits, c.files)
			}
			for path, want := range c.files {
				i := slices.IndexFunc(ch.edits, func(e gitstore.Edit) bool { return e.Path == path })
				if i < 0 {
					t.Fatalf("no edit of %s in %v", path, ch.edits)
				}
				got := "-"
				if ch.edits[i].Content != "" {
					data, err := os.ReadFile(ch.edits[i].Content)
					if err != nil {
						t.Fatal(err)
					}
					got = string(data)
				}
				if got != want {
					t.Errorf("%s is %q, want %q", path, got, want)
				}
			}
		})
	}
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(part(`Content-Disposition: form-data; name="file"; filename="f`+strings.Repeat("x", i%100)+strings.Repeat("y", i/100)+`"`, "1"))
	}
	return b.String()
}

// Whatever is sent: files land in the directory and nowhere else, under paths that a tree takes, each once, and what is wrong is
// a refusal.
func FuzzReadChange(f *testing.F) {
	f.Add(isRelated+"; start=s", part("Content-ID: x", "1")+part("Content-ID: <s>", `{"title":"A","files":{"y":{}}}`)+end, false)
	f.Add(isForm, part(`Content-Disposition: form-data; name="file"; filename="x"`, "1")+part(`Content-Disposition: form-data; name="files"`, "y")+end, false)
	f.Add("application/json", `{"title":null,"files":{"a":null}}`, true)
	f.Fuzz(func(t *testing.T, kind, body string, create bool) {
		dir := t.TempDir()
		ch, err := readChange(callWith(kind, body), dir, create)
		if err != nil {
			if _, is := err.(*rest.Error); !is {
				t.Fatalf("no refusal: %v", err)
			}
			return
		}
		seen := map[string]bool{}
		for _, e := range ch.edits {
			if !gitstore.ValidPath(e.Path) || seen[e.Path] || e.Content != "" && filepath.Dir(e.Content) != dir || create && e.Content == "" && kind != "application/json" && strings.HasPrefix(kind, "multipart/") {
				t.Fatalf("%+v of %q", e, body)
			}
			seen[e.Path] = true
		}
		if len(seen) > 2*maxFiles {
			t.Fatalf("%d files", len(seen))
		}
	})
}

// An encoded id is one that is looked for, and no two are alike.
func TestEncoded(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id, err := newEncoded()
		if err != nil || !validEncoded(id) || seen[id] {
			t.Fatal(id, err)
		}
		seen[id] = true
	}
	for _, bad := range []string{"", "aaaaaaa", "aaaaaaaaa", "aaaaaaa1", "aaaaaaa/", "aaaaaaa\x00"} {
		if validEncoded(bad) {
			t.Errorf("%q passes", bad)
		}
	}
}
