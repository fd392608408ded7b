package wikis_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/web/webtest"
	"github.com/pailforge/pail/internal/wiki"
)

const at = "/acme/widgets/wiki"

// start is a world whose widgets have a wiki without pages, with a browser of the owner's.
func start(t *testing.T) (*pailtest.World, *webtest.Browser) {
	t.Helper()
	w := pailtest.Start(t, pailtest.Options{}).World()
	b := webtest.As(w.Server, w.Admin)
	settings := "/acme/widgets/settings"
	if r := b.Submit(b.See(settings), settings, url.Values{"has_wiki": {"true"}}); r.Status != 303 {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	return w, b
}

// write makes or edits a page, as somebody who sees what it is now.
func write(t *testing.T, b *webtest.Browser, form string, values url.Values) webtest.Reply {
	t.Helper()
	r := b.Submit(b.See(form), strings.Split(form, "?")[0], values)
	if r.Status != 303 {
		t.Fatalf("%s: %d %s", form, r.Status, webtest.Text(t, r))
	}
	return b.Follow(r)
}

// TestPages: from the first page to one with a name and a past, on the pages alone.
func TestPages(t *testing.T) {
	w, b := start(t)
	webtest.Says(t, b.See(at), "There are no pages yet.", "Write the first page", "git clone", "/acme/widgets.git/wiki")
	made := write(t, b, at+"/new?path=Home.md", url.Values{"text": {"# Hello\r\n\r\nSee [the set-up](docs/Setup) and ![a plan](plan.png).\r\n"}, "message": {"Begin"}})
	webtest.Says(t, made, "The page is made.", "Hello", "the set-up", "Begin")
	for _, want := range []string{`href="` + at + `/page/docs/Setup.md"`, `src="` + at + `/raw/`} {
		if !strings.Contains(made.Body, want) {
			t.Errorf("no %s in %s", want, made.Body)
		}
	}

	// A link to what is not there leads to where it is made.
	missing := b.Get(at + "/page/docs/Setup.md")
	if missing.Status != 404 || missing.Header.Get("X-Pail-Reason") != "resource.not_found" || !strings.Contains(missing.Body, `href="`+at+`/new?path=docs%2FSetup.md"`) {
		t.Errorf("%d %s", missing.Status, missing.Body)
	}
	webtest.Says(t, write(t, b, at+"/new?path=docs/Setup.md", url.Values{"text": {"Set *it* up"}}), "Set it up")
	tree := b.See(at)
	webtest.Says(t, tree, "docs", "Setup")
	if !strings.Contains(tree.Body, `aria-current="page">Home<`) {
		t.Error("the tree does not say where one is")
	}

	// A preview is no edit; a page that is saved as it is makes no revision.
	editor := b.See(at + "/edit/docs/Setup.md")
	shown := b.Submit(editor, at+"/edit/docs/Setup.md", url.Values{})
	if shown.Status != 303 {
		t.Errorf("saving nothing: %d", shown.Status)
	}
	form := webtest.Forms(t, editor)
	i := slices.IndexFunc(form, func(f webtest.Form) bool { return f.Action == at+"/edit/docs/Setup.md" })
	form[i].Values.Set("text", "Look at **this**")
	preview := b.Post(at+"/preview", form[i].Values)
	if preview.Status != 200 || !strings.Contains(preview.Body, "<strong>this</strong>") || !strings.Contains(preview.Body, `action="`+at+`/edit/docs/Setup.md"`) {
		t.Errorf("%d %s", preview.Status, preview.Body)
	}
	webtest.Says(t, b.See(at+"/page/docs/Setup.md"), "Set it up")

	// Another name, and the history goes on.
	renamed := write(t, b, at+"/edit/docs/Setup.md", url.Values{"path": {"docs/Start here.md"}, "text": {"All new"}})
	webtest.Says(t, renamed, "The page is saved.", "All new", "Start here")
	history := b.See(at + "/history/docs/Start%20here.md")
	webtest.Says(t, history, "Rename docs/Setup.md to docs/Start here.md", "Make docs/Setup.md", "as docs/Setup.md")
	if n := strings.Count(history.Body, ">View<"); n != 3 {
		t.Errorf("%d revisions", n)
	}
	webtest.Says(t, b.See(found(t, history, `href="([^"]+)">View`, 2)), "This is the page as it was", "Set it up", "The page as it is now")
	webtest.Says(t, b.See(found(t, history, `href="([^"]+)">Changes since`, 1)), "docs/Setup.md", "docs/Start here.md", "Set *it* up", "All new")
	webtest.Says(t, b.See(at+"/pages"), "docs/Start here.md")

	// What people had on Bitbucket Cloud as addresses leads to the page.
	if r := b.Get(at + "/Home"); r.Location() != at+"/page/Home.md" {
		t.Errorf("%d %s", r.Status, r.Location())
	}

	// Deleted, it is gone; what it was is not.
	deleted := b.Submit(b.See(at+"/edit/docs/Start%20here.md"), at+"/delete/docs/Start%20here.md", nil)
	webtest.Says(t, b.Follow(deleted), "is deleted", "Hello")
	webtest.Says(t, b.See(at+"/history/docs/Start%20here.md"), "Delete docs/Start here.md", "deleted")

	// Who may not write sees no way to, and nobody sees the wiki of a private repository.
	for _, as := range []*account.Account{&w.Member, nil} {
		if as == nil {
			if r := webtest.Open(w.Server).Get(at); r.Status != 404 {
				t.Errorf("nobody gets %d", r.Status)
			}
			continue
		}
		if r := webtest.As(w.Server, *as).See(at); !strings.Contains(r.Body, at+"/new") {
			t.Error("a member who may write is not led there")
		}
	}
}

func found(t *testing.T, r webtest.Reply, pattern string, n int) string {
	t.Helper()
	all := matches(pattern, r.Body)
	if len(all) <= n {
		t.Fatalf("%s has %d of %s", r.Path, len(all), pattern)
	}
	return all[n]
}

// TestConflict: of two who edit a page at once, the later sees what changed and has lost nothing, and saves both once more.
func TestConflict(t *testing.T) {
	w, b := start(t)
	write(t, b, at+"/new?path=Home.md", url.Values{"text": {"one\ntwo\n"}})
	other := webtest.As(w.Server, w.Member)
	mine, theirs := b.See(at+"/edit/Home.md"), other.See(at+"/edit/Home.md")
	if r := other.Submit(theirs, at+"/edit/Home.md", url.Values{"text": {"one\nby the other\n"}}); r.Status != 303 {
		t.Fatal(r.Status)
	}
	conflict := b.Submit(mine, at+"/edit/Home.md", url.Values{"text": {"one by me\ntwo\n"}, "message": {"Mine"}})
	if conflict.Status != 409 || conflict.Header.Get("X-Pail-Reason") != "wiki.edited" {
		t.Fatalf("%d %s", conflict.Status, conflict.Header.Get("X-Pail-Reason"))
	}
	webtest.Says(t, conflict, "Somebody else has edited this page meanwhile", "What changed meanwhile", "by the other", "Your text")
	if !strings.Contains(conflict.Body, "one by me\ntwo\n</textarea>") || !strings.Contains(conflict.Body, `value="Mine"`) {
		t.Errorf("what was sent is lost: %s", conflict.Body)
	}
	if r := b.Submit(conflict, at+"/edit/Home.md", url.Values{"text": {"one by me\nby the other\n"}}); r.Status != 303 {
		t.Errorf("%d %s", r.Status, webtest.Text(t, r))
	}
	webtest.Says(t, b.See(at), "one by me", "by the other")

	// Deleted meanwhile, the text can be saved as a new page; and two who make one page lose none either.
	mine = b.See(at + "/edit/Home.md")
	if r := other.Submit(other.See(at+"/edit/Home.md"), at+"/delete/Home.md", nil); r.Status != 303 {
		t.Fatal(r.Status)
	}
	conflict = b.Submit(mine, at+"/edit/Home.md", url.Values{"text": {"still here"}})
	webtest.Says(t, conflict, "deleted or renamed meanwhile")
	if conflict.Status != 409 {
		t.Error(conflict.Status)
	}
	second := other.See(at + "/new?path=Home.md")
	if r := b.Submit(conflict, at+"/new", url.Values{}); r.Status != 303 {
		t.Errorf("%d %s", r.Status, webtest.Text(t, r))
	}
	taken := other.Submit(second, at+"/new", url.Values{"text": {"also here"}})
	webtest.Says(t, taken, "There is a page of this name already")
	if taken.Status != 400 || !strings.Contains(taken.Body, "also here") {
		t.Errorf("%d", taken.Status)
	}
	webtest.Says(t, b.See(at), "still here")
}

// TestEditorRefuses: what cannot be saved comes back with what is wrong at its field.
func TestEditorRefuses(t *testing.T) {
	w, b := start(t)
	for path, says := range map[string]string{"Home": "Home.md, for Markdown", "../Home.md": "The name of a page", ".git/a.md": "The name of a page", "": "The name of a page"} {
		r := b.Submit(b.See(at+"/new"), at+"/new", url.Values{"path": {path}, "text": {"kept"}})
		webtest.Says(t, r, "Nothing was saved", says)
		if r.Status != 400 || !strings.Contains(r.Body, "kept\n</textarea>") && !strings.Contains(r.Body, "\nkept</textarea>") {
			t.Errorf("%q: %d %s", path, r.Status, r.Body)
		}
	}
	// A page as long as one may be goes through a form, in whatever letters; a longer one does not.
	long := strings.Repeat("ü", wiki.MaxText/2-1)
	write(t, b, at+"/new?path=Long.md", url.Values{"text": {long}})
	r := b.Submit(b.See(at+"/new?path=Longer.md"), at+"/new", url.Values{"text": {long + "üü"}})
	webtest.Says(t, r, "at most 262144 bytes")
	if r.Status != 400 {
		t.Error(r.Status)
	}
	// What git brought and no page can show.
	dir := w.T.(*testing.T).TempDir()
	remote := w.Remote("acme-admin", w.Secret(w.Admin, "read:wiki", "write:wiki"), "acme/widgets") + "/wiki"
	w.Git("", "clone", "--quiet", remote, dir)
	files(t, dir, map[string]string{"Binary.md": "\xff\xfe", "Huge.md": strings.Repeat("x", wiki.MaxText+1), "plan.png": "\x89PNG", "Notes.txt": "<b>plain</b>", "Empty.md": ""})
	w.Git(dir, "add", ".")
	w.Git(dir, "commit", "--quiet", "-m", "Bring files")
	w.Git(dir, "push", "--quiet", "origin", "HEAD")
	webtest.Says(t, b.See(at+"/page/Binary.md"), "no text in UTF-8")
	webtest.Says(t, b.See(at+"/page/Huge.md"), "too many to be shown")
	webtest.Says(t, b.See(at+"/page/Empty.md"), "This page is empty")
	webtest.Says(t, b.See(at+"/page/Notes.txt"), "<b>plain</b>")
	if r := b.Get(at + "/edit/Binary.md"); r.Status != 409 {
		t.Errorf("%d", r.Status)
	}
	raw := b.Get(at + "/raw/" + w.Git(dir, "rev-parse", "HEAD") + "/plan.png")
	if raw.Status != 200 || raw.Header.Get("Content-Type") != "image/png" || !strings.Contains(raw.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("%d %v", raw.Status, raw.Header)
	}
	if r := b.Get(at + "/raw/main/Never.png"); r.Status != 404 {
		t.Errorf("%d", r.Status)
	}
}

// TestSwitchedOff: without a wiki there is no way to one, and its pages say why they are not there.
func TestSwitchedOff(t *testing.T) {
	_, b := start(t)
	write(t, b, at+"/new?path=Home.md", url.Values{"text": {"kept"}})
	settings := "/acme/widgets/settings"
	form := b.See(settings)
	all := webtest.Forms(t, form)
	i := slices.IndexFunc(all, func(f webtest.Form) bool { return f.Action == settings })
	all[i].Values.Del("has_wiki")
	if r := b.Post(settings, all[i].Values); r.Status != 303 {
		t.Fatal(r.Status)
	}
	if strings.Contains(b.See("/acme/widgets").Body, at+`"`) {
		t.Error("a tab leads to no wiki")
	}
	off := b.Get(at)
	webtest.Says(t, off, "The repository has no wiki", "Switch it on")
	if off.Status != 404 || off.Header.Get("X-Pail-Reason") != "wiki.off" {
		t.Errorf("%d %s", off.Status, off.Header.Get("X-Pail-Reason"))
	}
	all[i].Values.Set("has_wiki", "true")
	b.Post(settings, all[i].Values)
	webtest.Says(t, b.See(at), "kept")
}
