package code_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/web/webtest"
)

func TestDownloads(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		w.Push(1)
		admin, member, outsider, anonymous := webtest.As(s, w.Admin), webtest.As(s, w.Member), webtest.As(s, w.Outsider), webtest.Open(s)
		const at = "/acme/widgets/downloads"
		page := member.See(at)
		says(t, page, "This repository offers no files.", "Upload")
		csrf := webtest.Forms(t, page)[0].Values.Get("csrf")
		for _, f := range webtest.Forms(t, page) {
			if f.Action == at {
				csrf = f.Values.Get("csrf")
			}
		}
		send := func(b *webtest.Browser, fields ...string) webtest.Reply {
			body, kind := webtest.Files(t, fields...)
			return b.Do("POST", at, body, "Content-Type", kind)
		}
		before := s.Store()
		wants(t, send(member, "files:a.txt", "x"), 403, "csrf.missing")
		wants(t, send(member, "files:a.txt", "x", "csrf", csrf), 403, "csrf.missing") // it comes first, or not at all
		wants(t, send(member, "csrf", csrf+"x", "files:a.txt", "x"), 403, "csrf.missing")
		wants(t, send(outsider, "csrf", csrf, "files:a.txt", "x"), 403, "csrf.missing")
		wants(t, member.Post(at, url.Values{"csrf": {csrf}}), 415, "media_type.unsupported")
		if r := send(anonymous, "csrf", csrf, "files:a.txt", "x"); r.Status < 400 {
			t.Errorf("anonymous: %d", r.Status)
		}
		for name, want := range map[string]string{"a\u202eb": "This cannot be the name of a file.", "..": "This cannot be the name of a file."} {
			r := send(member, "csrf", csrf, "files:"+name, "x")
			if r.Status != 400 {
				t.Errorf("%q: %d", name, r.Status)
			}
			says(t, r, want)
		}
		if r := send(member, "csrf", csrf); r.Status != 400 {
			t.Errorf("no file: %d", r.Status)
		}
		if s.Store() != before {
			t.Error("a refused upload left something")
		}

		done := send(member, "csrf", csrf, "files:tool.tar.gz", "first", "files:<script>alert(1)</script>.html", "<script>alert(2)</script>")
		says(t, member.Follow(done), "2 files are there.", "tool.tar.gz", "5 B", "Member")
		done = send(member, "csrf", csrf, "files:tool.tar.gz", "second!")
		list := member.Follow(done)
		says(t, list, "The file tool.tar.gz is there.", "7 B")
		silent(t, list, "<script>alert")
		links := regexp.MustCompile(`<th scope="row"><a href="([^"]*)"`).FindAllStringSubmatch(list.Body, -1)
		if len(links) != 2 {
			t.Fatalf("%v", links)
		}
		for _, link := range links {
			r := member.Get(link[1])
			if r.Status != 200 || !strings.HasPrefix(r.Header.Get("Content-Disposition"), "attachment") || !strings.Contains(r.Header.Get("Content-Security-Policy"), "sandbox") || r.Header.Get("X-Content-Type-Options") != "nosniff" ||
				r.Body != "second!" && r.Body != "<script>alert(2)</script>" {
				t.Errorf("%s: %d %v %q", link[1], r.Status, r.Header, r.Body)
			}
			wants(t, outsider.Get(link[1]), 404, "repository.not_found")
			wants(t, anonymous.Get(link[1]), 404, "repository.not_found")
		}
		if r := member.Get(at+"/tool.tar.gz", "Range", "bytes=1-2"); r.Status != 206 || r.Body != "ec" {
			t.Errorf("%d %q", r.Status, r.Body)
		}
		wants(t, member.Get(at+"/nope"), 404, "resource.not_found")
		says(t, admin.See(at), "tool.tar.gz")
		if a := w.Want(w.Do(w.Token(w.Admin, "read:repository"), "GET", "/2.0/repositories/acme/widgets/downloads/tool.tar.gz", nil), 200); string(a.Body) != "second!" {
			t.Errorf("%q", a.Body)
		}

		// Everybody may fetch from a public repository, and nobody else change it.
		publish(w)
		for _, who := range []*webtest.Browser{outsider, anonymous} {
			r := who.See(at)
			says(t, r, "tool.tar.gz")
			silent(t, r, "Upload</button>", ">Delete</summary>")
			if got := who.Get(at + "/tool.tar.gz"); got.Body != "second!" {
				t.Errorf("%d", got.Status)
			}
		}
		other := webtest.Forms(t, outsider.See("/acme/widgets"))[0].Values.Get("csrf")
		wants(t, send(outsider, "csrf", other, "files:a.txt", "x"), 403, "privilege.missing")
		wants(t, outsider.Post(at+"/tool.tar.gz", url.Values{"csrf": {other}}), 403, "privilege.missing")

		gone := member.Submit(member.See(at), at+"/tool.tar.gz", url.Values{})
		says(t, member.Follow(gone), "The file tool.tar.gz is deleted.")
		wants(t, member.Get(at+"/tool.tar.gz"), 404, "resource.not_found")
	})
}

// TestUploadLimit: limits.upload holds for what a page takes, and not the limit of other requests.
func TestUploadLimit(t *testing.T) {
	t.Parallel()
	s := pailtest.Start(t, pailtest.Options{Env: []string{"PAIL_LIMITS_BODY=4KiB", "PAIL_LIMITS_UPLOAD=64KiB"}})
	w := s.World()
	w.Push(1)
	b := webtest.As(s, w.Admin)
	const at = "/acme/widgets/downloads"
	csrf := webtest.Forms(t, b.See(at))[0].Values.Get("csrf")
	for size, status := range map[int]int{20 << 10: 303, 100 << 10: 413} {
		body, kind := webtest.Files(t, "csrf", csrf, "files:a.bin", strings.Repeat("x", size))
		if r := b.Do("POST", at, body, "Content-Type", kind); r.Status != status {
			t.Errorf("%d bytes: %d", size, r.Status)
		}
	}
}
