package snippets_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/web/webtest"
)

const fresh = "/snippets/acme/new"

// more is a form with one more file, as often as n says.
func more(b *webtest.Browser, page webtest.Reply, at string, n int) webtest.Reply {
	b.T.Helper()
	for range n {
		page = b.Submit(page, at, url.Values{"do": {"more"}})
	}
	return page
}

// made makes a snippet of fields and files, and gives the path of its page.
func made(b *webtest.Browser, values url.Values, files ...webtest.File) string {
	b.T.Helper()
	page := b.See(fresh)
	for n := 1; values.Has(fmt.Sprint("name-", n)); n++ {
		page = more(b, page, fresh, 1)
	}
	r := b.Submit(page, fresh, values, files...)
	if r.Status != http.StatusSeeOther {
		b.T.Fatalf("%d %s\n%s", r.Status, r.Header.Get("X-Pail-Reason"), r.Body)
	}
	return strings.TrimPrefix(r.Location(), b.URL)
}

func typed(title, name, text string) url.Values {
	return url.Values{"title": {title}, "name-0": {name}, "text-0": {text}}
}

// held is a file of a snippet as it is raw.
func held(b *webtest.Browser, at, file string) string {
	b.T.Helper()
	return b.Get(strings.Replace(at, at, at+"/raw/main/", 1) + file).Body
}

// Lists show what the visitor may see, in the workspace and everywhere, as the API does.
func TestLists(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		admin, member, outsider, nobody := webtest.As(s, w.Admin), webtest.As(s, w.Member), webtest.As(s, w.Outsider), webtest.Open(s)
		webtest.Wants(t, nobody.Get("/snippets/acme"), 404, "workspace.not_found")
		webtest.Wants(t, outsider.Get("/snippets/acme"), 404, "workspace.not_found")
		if r := nobody.Get("/snippets"); r.Status != 303 || !strings.HasPrefix(r.Location(), "/signin") {
			t.Errorf("one's own: %d %s", r.Status, r.Location())
		}
		webtest.Says(t, admin.See("/snippets/acme"), "There are no snippets here that you may see.", "Make the first one")
		webtest.Says(t, admin.See("/snippets"), "You have made no snippets.")
		hidden := made(admin, url.Values{"title": {"Hidden 100%"}, "is_private": {"true"}, "name-0": {"a.txt"}, "text-0": {"a"}})
		shown := made(member, url.Values{"title": {"Shown 100_"}, "is_private": {}, "name-0": {"b.txt"}, "text-0": {"b"}})
		for b, want := range map[*webtest.Browser][2]bool{admin: {true, true}, member: {true, true}, outsider: {false, true}, nobody: {false, true}} {
			page := b.See("/snippets/acme")
			if hasHidden, hasShown := strings.Contains(page.Body, hidden), strings.Contains(page.Body, shown); hasHidden != want[0] || hasShown != want[1] {
				t.Errorf("hidden %t, shown %t:\n%s", hasHidden, hasShown, page.Body)
			}
		}
		webtest.Silent(t, outsider.See("/snippets/acme"), "New snippet")
		for _, one := range []struct {
			b    *webtest.Browser
			path string
			want string
		}{
			{admin, "/snippets", "Hidden"}, {member, "/snippets", "Shown"}, {member, "/snippets/acme?role=owner", "Shown"}, {admin, "/snippets?role=contributor", "Hidden"},
			{admin, "/snippets?role=member", "Shown Hidden"}, {admin, "/snippets/acme?role=member", "Shown Hidden"}, {outsider, "/snippets?role=member", ""},
			{admin, "/snippets/acme?q=100%25", "Hidden"}, {admin, "/snippets/acme?q=100_", "Shown"}, {admin, "/snippets/acme?q=shown", "Shown"}, {admin, "/snippets/acme?q=%00", ""},
			{admin, "/snippets/acme?role=nonsense", "Shown Hidden"}, {admin, "/snippets?role=", "Hidden"}, {nobody, "/snippets/acme?role=owner", "Shown"}, {admin, "/snippets/acme?page=2", ""},
		} {
			page := one.b.See(one.path)
			if got := strings.Join(regexp.MustCompile(`Hidden|Shown`).FindAllString(regexp.MustCompile(`(?s)<tbody>.*</tbody>`).FindString(page.Body), -1), " "); got != one.want {
				t.Errorf("%s: %q, want %q", one.path, got, one.want)
			}
		}
		outsider.Submit(outsider.See(shown), shown+"/watch", nil)
		webtest.Says(t, outsider.See("/snippets?role=contributor"), "Shown")
		webtest.Says(t, admin.See("/acme"), "Snippets")
	})
}

// A snippet is made of files that are typed and files that are chosen, and shows them; the links of the API lead to where it is.
func TestMakeAndShow(t *testing.T) {
	t.Parallel()
	s := pailtest.Start(t, pailtest.Options{})
	w := s.World()
	admin, outsider, nobody := webtest.As(s, w.Admin), webtest.As(s, w.Outsider), webtest.Open(s)
	first := admin.See(fresh)
	// One more file, as often as it takes, and what was chosen is there.
	second := admin.Submit(first, fresh, url.Values{"title": {"Both"}, "name-0": {"a b.md"}, "text-0": {"# Heading\r\n\r\nSee [the other](b.go) and ![it](dot.gif).\r\n"}, "do": {"more"}},
		webtest.File{Field: "files", Name: "chosen.txt", Content: "chosen\n"}, webtest.File{Field: "files", Name: "dot.gif", Content: "GIF89a\x00\x00"})
	if second.Status != 200 {
		t.Fatalf("%d\n%s", second.Status, second.Body)
	}
	webtest.Says(t, second, "Choose the file dot.gif again", "chosen", "# Heading")
	if forms := webtest.Forms(t, second); forms[len(forms)-1].Values.Get("name-1") != "chosen.txt" || !forms[len(forms)-1].Values.Has("text-2") {
		t.Errorf("the form holds %v", forms[len(forms)-1].Values)
	}
	answer := admin.Submit(second, fresh, url.Values{"name-2": {"b.go"}, "text-2": {"package b // " + strings.Repeat("x", 300) + "\n"}, "is_private": {"true"}}, webtest.File{Field: "files", Name: "dot.gif", Content: "GIF89a\x01\x00\x01\x00\x00\x00\x00"},
		webtest.File{Field: "files", Name: "bin", Content: "\x00\r\n"})
	page := admin.Follow(answer)
	at := page.Path
	webtest.Says(t, page, "The snippet is made.", "Both", "private", "Heading", "package b", "This is a binary file.", "chosen", "3 B", "git clone", "Nobody has said anything yet.", "read:snippet:bitbucket")
	for _, part := range []string{`id="file-a b.md"`, `<h2`, `href="` + at + `?path=b.go"`, `src="` + at + `/raw/`, "dot.gif", "x-bitbucket-api-token-auth@", at + ".git", `class="k"`} {
		if !strings.Contains(page.Body, part) {
			t.Errorf("no %s:\n%s", part, page.Body)
		}
	}
	for file, want := range map[string]string{"a%20b.md": "# Heading\n\nSee [the other](b.go) and ![it](dot.gif).\n", "chosen.txt": "chosen\n", "bin": "\x00\r\n"} {
		if got := held(admin, at, file); got != want {
			t.Errorf("%s is %q, want %q", file, got, want)
		}
	}
	if r := admin.Get(at + "/raw/main/b.go"); r.Header.Get("Content-Type") != "text/plain; charset=utf-8" || r.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("raw: %v", r.Header)
	}
	webtest.Says(t, admin.See(at+"?path=a+b.md&view=source"), "# Heading", "This is one file.")
	webtest.Silent(t, admin.See(at+"?path=b.go"), "Heading")
	webtest.Wants(t, admin.Get(at+"?path=none"), 404, "revision.not_found")
	webtest.Wants(t, admin.Get(at+"/0123456789"), 404, "revision.not_found")
	for _, page := range []string{"", "/history", "/main", "/diff/main", "/patch/main", "/raw/main/b.go", "/edit", "/delete"} {
		webtest.Wants(t, outsider.Get(at+page), 404, "resource.not_found")
		if r := nobody.Get(at + page); r.Status != 404 && r.Status != 303 {
			t.Errorf("%s for nobody: %d", page, r.Status)
		}
	}
	// What the API links to.
	api := w.Want(w.Do(w.Token(w.Admin, "read:snippet"), "GET", "/2.0"+at, nil), 200)
	for _, link := range regexp.MustCompile(`"html":\s*\{"href":\s*"([^"#]*)(#[^"]*)?"`).FindAllStringSubmatch(string(w.Do(w.Token(w.Admin, "read:snippet"), "GET", "/2.0"+at+"/commits", nil).Body)+string(api.Body), -1) {
		if strings.Contains(link[1], "/snippets/") {
			page := admin.See(strings.TrimPrefix(link[1], s.URL))
			if fragment, _ := url.PathUnescape(strings.TrimPrefix(link[2], "#")); fragment != "" && !strings.Contains(page.Body, `id="`+fragment+`"`) {
				t.Errorf("nothing is at %s", link[0])
			}
		}
	}
}

// Nothing that was typed is lost where a form is refused.
func TestRefusedForms(t *testing.T) {
	t.Parallel()
	s := pailtest.Start(t, pailtest.Options{})
	w := s.World()
	admin := webtest.As(s, w.Admin)
	page, before := admin.See(fresh), s.Store()
	for _, one := range []struct {
		values url.Values
		files  []webtest.File
		status int
		say    string
	}{
		{url.Values{}, nil, 400, "Type a file and give it a name, or choose one."},
		{typed("kept", "", "typed in vain"), nil, 400, "Give the file a name."},
		{typed("kept", "../x", "typed in vain"), nil, 400, "This cannot be the name of a file."},
		{typed("kept", ".git/config", "typed in vain"), nil, 400, "This cannot be the name of a file."},
		{typed("kept", "a", "typed in vain"), []webtest.File{{Field: "files", Name: "a", Content: "b"}}, 400, "Another file here has this name."},
		{typed("kept", "a", "typed in vain"), []webtest.File{{Field: "files", Name: "a", Content: "\x00"}}, 400, "Another file here has this name."},
		{typed("a\nb", "a", "typed in vain"), nil, 400, "It is one line of text."},
		{typed(strings.Repeat("x", 256), "a", "typed in vain"), nil, 400, "255"},
		{typed("kept", "a", "typed in vain"), []webtest.File{{Field: "files", Name: "large", Content: strings.Repeat("\x00", 10<<20+1)}}, 413, "A file of a snippet has at most 10 MiB."},
		{url.Values{"title": {"kept"}, "name-0": {"b"}, "text-0": {strings.Repeat("x", 600<<10)}, "name-1": {"a"}, "text-1": {"typed in vain"}}, nil, 413, "A text that is typed has at most 256 KiB"},
		{url.Values{"title": {"kept"}, "name-301": {"b"}, "name-1": {"a"}, "text-1": {"typed in vain"}}, nil, 400, "at most 300 files"},
	} {
		sent := url.Values{"csrf": {webtest.Forms(t, page)[1].Values.Get("csrf")}}
		for name, values := range one.values {
			sent[name] = values
		}
		r := admin.Upload(fresh, sent, one.files...)
		if r.Status != one.status {
			t.Errorf("%v: %d", one.say, r.Status)
		}
		webtest.Says(t, r, one.say)
		if len(one.values) > 0 {
			webtest.Says(t, r, "typed in vain")
		}
	}
	if s.Store() != before {
		t.Error("something was changed")
	}
	webtest.Wants(t, admin.Upload(fresh, url.Values{"name-0": {"a"}}), 403, "csrf.missing")
	webtest.Wants(t, admin.Post(fresh, url.Values{}), 415, "media_type.unsupported")
}

// What an edit does: texts, names, files that come and go, the title; a mode and line ends stay; what is not changed makes no revision.
func TestEdit(t *testing.T) {
	t.Parallel()
	s := pailtest.Start(t, pailtest.Options{})
	w := s.World()
	admin, member := webtest.As(s, w.Admin), webtest.As(s, w.Member)
	at := made(admin, url.Values{"title": {"One"}, "is_private": {"true"}, "name-0": {"d.txt"}, "text-0": {"d\r\n"}}, webtest.File{Field: "files", Name: "c.txt", Content: "c\r\nd\r\n"}, webtest.File{Field: "files", Name: "b.bin", Content: "\x00b"})
	dir := filepath.Join(t.TempDir(), "snippet")
	remote := strings.Replace(s.URL, "://", "://x-bitbucket-api-token-auth:"+w.Secret(w.Admin, "read:snippet", "write:snippet")+"@", 1) + at + ".git"
	w.Git("", "clone", "--quiet", remote, dir)
	for name, text := range map[string]string{"a.sh": "#!/bin/sh\n", "latin": "\xe9\n", "lead": "\n\nx"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	w.Git(dir, "add", "--all")
	w.Git(dir, "-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "--quiet", "-m", "More")
	w.Git(dir, "push", "--quiet", "origin", "HEAD:main")
	edit := at + "/edit"
	page := admin.See(edit)
	webtest.Says(t, page, "One", "a.sh", "b.bin", "A binary file.", "It is not a text that can be typed here.")
	webtest.Says(t, admin.Follow(admin.Submit(page, edit, nil)), "The snippet is saved.")
	if n := strings.Count(admin.See(at+"/history").Body, "<th scope=\"row\">"); n != 2 {
		t.Errorf("nothing was changed, and there are %d revisions", n)
	}
	// 0 a.sh, 1 b.bin, 2 c.txt, 3 d.txt, 4 latin, 5 lead
	done := member.Follow(member.Submit(more(member, member.See(edit), edit, 1), edit, url.Values{"title": {"Two"}, "name-0": {"run.sh"}, "text-0": {"#!/bin/bash\r\n"}, "name-1": {"moved.bin"}, "text-2": {"c\r\ne\r\n"}, "gone-3": {"true"}, "name-6": {"new/x.txt"}, "text-6": {"new"}}))
	webtest.Says(t, done, "Two", "run.sh", "moved.bin", "new/x.txt", "private")
	webtest.Silent(t, done, "d.txt", "a.sh", "b.bin")
	for file, want := range map[string]string{"run.sh": "#!/bin/bash\n", "moved.bin": "\x00b", "c.txt": "c\r\ne\r\n", "new/x.txt": "new", "latin": "\xe9\n", "lead": "\n\nx"} {
		if got := held(admin, at, file); got != want {
			t.Errorf("%s is %q, want %q", file, got, want)
		}
	}
	w.Git(dir, "pull", "--quiet", "origin", "main")
	if modes := w.Git(dir, "ls-files", "--stage", "run.sh"); !strings.HasPrefix(modes, "100755") {
		t.Errorf("run.sh is %s", modes)
	}
	// Two files take each other's names, and one that is chosen takes the place of another.
	page = admin.See(edit)
	values := url.Values{}
	for _, f := range webtest.Forms(t, page) {
		for name := range f.Values {
			switch f.Values.Get(name) {
			case "c.txt":
				values.Set(strings.Replace(name, "was-", "name-", 1), "run.sh")
			case "run.sh":
				values.Set(strings.Replace(name, "was-", "name-", 1), "c.txt")
			}
		}
	}
	webtest.Says(t, admin.Follow(admin.Submit(page, edit, values, webtest.File{Field: "files", Name: "moved.bin", Content: "text now"}, webtest.File{Field: "files", Name: "latin", Content: "\x00bytes"})), "The snippet is saved.")
	for file, want := range map[string]string{"run.sh": "c\r\ne\r\n", "c.txt": "#!/bin/bash\n", "moved.bin": "text now", "latin": "\x00bytes"} {
		if got := held(admin, at, file); got != want {
			t.Errorf("%s is %q, want %q", file, got, want)
		}
	}
	// Privacy is for who administers it.
	webtest.Silent(t, member.See(edit), "Only members of the workspace see it.")
	forged := url.Values{"csrf": {webtest.Forms(t, member.See(edit))[1].Values.Get("csrf")}, "at": {webtest.Forms(t, member.See(edit))[1].Values.Get("at")}, "title": {"Two"}, "seen_title": {"Two"}, "seen_private": {"true"}}
	webtest.Wants(t, member.Upload(edit, forged), 403, "privilege.missing")
	webtest.Says(t, admin.Follow(admin.Submit(admin.See(edit), edit, url.Values{"is_private": {}})), "public")
	webtest.Says(t, webtest.Open(s).See(at), "Two", "Everybody may read this snippet.")
	// The history, one revision, what it has changed, and its patch.
	history := admin.See(at + "/history")
	webtest.Says(t, history, "Create the snippet", "More", "Edit 7 files", "Member")
	webtest.Says(t, admin.See(at+"/main"), "Revision", "Before", "c.txt")
	diff := admin.See(at + "/diff/main")
	webtest.Says(t, diff, "moved.bin", "+")
	if r := admin.Get(at + "/patch/main"); r.Status != 200 || !strings.HasPrefix(r.Body, "From ") || r.Header.Get("Content-Type") != "text/plain" {
		t.Errorf("patch: %d %v %.20s", r.Status, r.Header, r.Body)
	}
	webtest.Wants(t, admin.Get(at+"/history?ctx=nonsense"), 400, "page.invalid")
	// Deleting takes a confirmation, and who may.
	webtest.Silent(t, member.See(at), "Delete")
	webtest.Wants(t, member.Get(at+"/delete"), 403, "privilege.missing")
	asked := admin.See(at + "/delete")
	webtest.Says(t, asked, "Nothing brings them back.")
	webtest.Says(t, admin.Follow(admin.Submit(asked, at+"/delete", nil)), "The snippet is deleted.")
	webtest.Wants(t, admin.Get(at), 404, "resource.not_found")
}

// Whoever saves on top of what somebody else has saved meanwhile is told, keeps what was typed beside what is there now, and can go on.
func TestEditAtOnce(t *testing.T) {
	t.Parallel()
	s := pailtest.Start(t, pailtest.Options{})
	w := s.World()
	admin, member := webtest.As(s, w.Admin), webtest.As(s, w.Member)
	at := made(admin, url.Values{"title": {"One"}, "name-0": {"a"}, "text-0": {"a\n"}, "name-1": {"b"}, "text-1": {"b\n"}, "name-2": {"c"}, "text-2": {"c\n"}, "name-3": {"d"}, "text-3": {"d\n"}})
	edit := at + "/edit"
	mine, theirs := more(admin, admin.See(edit), edit, 1), more(member, member.See(edit), edit, 1)
	member.Follow(member.Submit(theirs, edit, url.Values{"title": {"Theirs"}, "text-0": {"their a\n"}, "text-1": {"their b\n"}, "gone-2": {"true"}, "gone-3": {"true"}, "name-4": {"new"}, "text-4": {"their new\n"}}))
	r := admin.Submit(mine, edit, url.Values{"text-0": {"my a\n"}, "text-3": {"my d\n"}, "name-4": {"new"}, "text-4": {"my new\n"}})
	webtest.Wants(t, r, 409, "conflict.state")
	webtest.Says(t, r, "Nothing of yours is lost", "my a", "their a", "their b", "my d", "my new", "their new", "Somebody has deleted this file. Saving makes it again.")
	if got := held(admin, at, "a"); got != "their a\n" {
		t.Errorf("a is %q", got)
	}
	form := webtest.Forms(t, r)[1]
	if form.Values.Get("title") != "Theirs" {
		t.Errorf("the title of the others is gone: %v", form.Values)
	}
	webtest.Says(t, admin.Follow(admin.Submit(r, edit, nil)), "The snippet is saved.", "Theirs")
	for file, want := range map[string]string{"a": "my a\n", "b": "their b\n", "d": "my d\n", "new": "my new\n"} {
		if got := held(admin, at, file); got != want {
			t.Errorf("%s is %q, want %q", file, got, want)
		}
	}
	webtest.Wants(t, admin.Get(at+"/raw/main/c"), 404, "revision.not_found")
	// Titles alike.
	mine, theirs = admin.See(edit), member.See(edit)
	member.Follow(member.Submit(theirs, edit, url.Values{"title": {"Later"}}))
	r = admin.Submit(mine, edit, url.Values{"title": {"Mine"}})
	webtest.Wants(t, r, 400, "value.invalid")
	webtest.Says(t, r, "Somebody has changed it to “Later” meanwhile")
	webtest.Says(t, admin.Follow(admin.Submit(r, edit, nil)), "Mine")
	// The revision that it began with is gone.
	mine = admin.See(edit)
	dir := filepath.Join(t.TempDir(), "snippet")
	remote := strings.Replace(s.URL, "://", "://x-bitbucket-api-token-auth:"+w.Secret(w.Admin, "read:snippet", "write:snippet")+"@", 1) + at + ".git"
	w.Git("", "clone", "--quiet", remote, dir)
	w.Git(dir, "-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "--quiet", "--amend", "-m", "Again")
	w.Git(dir, "push", "--quiet", "--force", "origin", "HEAD:main")
	r = admin.Submit(mine, edit, url.Values{"at": {strings.Repeat("0", 39) + "1"}, "text-0": {"kept\n"}})
	webtest.Wants(t, r, 409, "conflict.state")
	webtest.Says(t, r, "kept", "my a")
	webtest.Wants(t, admin.Submit(mine, edit, url.Values{"at": {"main"}}), 400, "value.invalid")
}

// People talk about a snippet, and watch it: who sees it may, whoever wrote something may change it, and who administers it may take
// it away.
func TestTalk(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		admin, member, outsider, nobody := webtest.As(s, w.Admin), webtest.As(s, w.Member), webtest.As(s, w.Outsider), webtest.Open(s)
		at := made(admin, url.Values{"title": {"Talk"}, "is_private": {}, "name-0": {"a"}, "text-0": {"a"}})
		comments := at + "/comments"
		webtest.Says(t, outsider.Follow(outsider.Submit(outsider.See(at), comments, url.Values{"content.raw": {"Is it **enough**?\r\nReally?"}})), "Your comment is there.", "Is it enough ?")
		webtest.Says(t, nobody.See(at), "Is it enough ?")
		if strings.Contains(nobody.See(at).Body, comments) {
			t.Error("nobody can comment")
		}
		webtest.Wants(t, nobody.Post(comments, url.Values{"content.raw": {"x"}}), 401, "credential.missing")
		page := admin.See(at)
		webtest.Says(t, admin.Follow(admin.Submit(page, comments, url.Values{"parent.id": {"1"}, "content.raw": {"It is."}})), "It is.", "Edit", "Delete")
		r := admin.Submit(page, comments, url.Values{"parent.id": {"1"}, "content.raw": {strings.Repeat("x", 40_000)}})
		webtest.Wants(t, r, 400, "value.invalid")
		webtest.Says(t, r, "Answer a comment", "Is it enough ?", "xxx")
		webtest.Wants(t, admin.Submit(page, comments, url.Values{"parent.id": {"99"}, "content.raw": {"x"}}), 404, "resource.not_found")
		webtest.Wants(t, admin.Submit(page, comments, url.Values{"content.raw": {" "}}), 400, "body.missing_field")
		// Changing it.
		webtest.Says(t, outsider.Follow(outsider.Submit(outsider.See(at), comments+"/1", url.Values{"do": {"edit"}, "content.raw": {"Enough?"}})), "The comment is changed.", "Enough?", "edited")
		before := s.Store()
		csrf := webtest.Forms(t, page)[1].Values.Get("csrf")
		webtest.Wants(t, admin.Post(comments+"/1", url.Values{"csrf": {csrf}, "do": {"edit"}, "content.raw": {"x"}}), 403, "privilege.missing")
		webtest.Wants(t, admin.Post(comments+"/1", url.Values{"csrf": {csrf}, "do": {"dance"}}), 400, "value.invalid")
		webtest.Wants(t, admin.Post(comments+"/x", url.Values{"csrf": {csrf}, "do": {"edit"}}), 404, "resource.not_found")
		webtest.Wants(t, outsider.Post(comments+"/2", url.Values{"csrf": {webtest.Forms(t, outsider.See(at))[1].Values.Get("csrf")}, "do": {"delete"}}), 403, "privilege.missing")
		if s.Store() != before {
			t.Error("something was changed")
		}
		webtest.Says(t, admin.Follow(admin.Submit(admin.See(at), comments+"/1", url.Values{"do": {"delete"}})), "This comment was deleted.", "It is.")
		page = admin.Follow(admin.Submit(admin.See(at), comments+"/2", url.Values{"do": {"delete"}}))
		webtest.Silent(t, page, "This comment was deleted.", "It is.")
		webtest.Says(t, page, "Nobody has said anything yet.")
		// Watching.
		webtest.Says(t, admin.See(at), "Stop watching", "Admin")
		webtest.Says(t, member.Follow(member.Submit(member.See(at), at+"/watch", nil)), "You watch this snippet.", "Stop watching")
		webtest.Says(t, member.Follow(member.Submit(member.See(at), at+"/watch", nil)), "You no longer watch this snippet.")
		webtest.Wants(t, nobody.Post(at+"/watch", url.Values{}), 401, "credential.missing")
	})
}
