package browser

import (
	"net/http"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/pailforge/pail/internal/pailtest"
)

// A member makes a snippet of two files with the keyboard alone, changes it, and says something of it; what a browser sends of such a
// form is what the page expects.
func TestSnippet(t *testing.T) {
	needChromium(t)
	w := startWorld(t)
	u := newUser(t, w.Server)
	u.withoutScripts()
	u.signIn(w.Member.Email)
	u.visit("/acme")
	u.follow("Snippets")
	u.follow("Make the first one")
	u.tabTo("Title (optional)")
	u.press("How to greet")
	u.tabTo("Name")
	u.press("hello.go")
	u.tabTo("Text")
	u.press("package hello")
	u.tabTo("Add another file")
	u.leaveByKeys(kb.Enter)
	if at := u.focused(); at != "Name" {
		t.Errorf("one goes on at %q", at)
	}
	u.press("notes.md")
	u.tabTo("Text")
	u.press("# Notes")
	u.tabTo("Make the snippet")
	u.leaveByKeys(kb.Enter)
	u.see("The snippet is made.", "How to greet", "hello.go", "package hello", "notes.md", "private")
	u.follow("Edit")
	u.tabTo("Title (optional)")
	u.press(" people")
	u.leaveByKeys(kb.Enter)
	u.see("The snippet is saved.", "people", "package hello")
	at := u.path()
	u.follow("Edit")
	w.Want(w.Do(w.Token(w.Admin, "read:snippet", "write:snippet"), http.MethodPut, "/2.0"+at, pailtest.Multipart("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"hello.go\"\r\n\r\npackage theirs\r\n--b--\r\n")), http.StatusOK)
	u.fillIn("hello.go", "Text", "package mine\n")
	u.submitFor("Save", http.StatusConflict)
	u.see("Nothing of yours is lost", "package theirs", "Saving puts your text in the place of theirs.")
	u.submit("Save")
	u.see("The snippet is saved.", "package mine")
	u.fill("Comment", "It is **fine**.")
	u.submit("Comment")
	u.see("Your comment is there.", "It is fine.")
}
