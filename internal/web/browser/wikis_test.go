package browser

import (
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/web/webtest"
)

// Somebody switches a wiki on, writes the first page with a look at what it will be, and finds out that somebody else was quicker.
func TestWiki(t *testing.T) {
	withAndWithoutScripts(t, startWorld, func(u *user, w *pailtest.World) {
		u.signIn(w.Admin.Email)
		u.visit("/acme/widgets/settings")
		u.check("Wiki: pages that people write together, beside the code")
		u.submit("Save")
		u.follow("Wiki")
		u.see("There are no pages yet.")
		u.follow("Write the first page")
		u.fill("Text", "Look at this list:\n\n- **first**\n")
		if u.scripts {
			u.wait("the preview comes by itself", func() bool { return eval[bool](u, `document.querySelector("#preview strong") !== null`) })
		} else {
			u.submit("Preview")
		}
		u.submit("Save")
		u.see("The page is made.", "first")
		u.follow("Edit")

		other := webtest.As(w.Server, w.Member)
		const at = "/acme/widgets/wiki/edit/Home.md"
		if r := other.Submit(other.See(at), at, map[string][]string{"text": {"Quicker.\n"}}); r.Status != 303 {
			t.Fatal(r.Status)
		}
		u.fill("Text", "Slower.\n")
		u.submitFor("Save", 409)
		u.see("Somebody else has edited this page meanwhile", "What changed meanwhile", "Quicker.")
		u.fill("Text", "Quicker.\n\nSlower.\n")
		u.submit("Save")
		u.see("The page is saved.", "Quicker.", "Slower.")
		u.follow("History")
		u.see("Make Home.md", "Edit Home.md")
	})
}
