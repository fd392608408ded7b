package browser

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/input"

	"github.com/pailforge/pail/internal/pailtest"
)

// drop drags a file over the page and lets go of it, as from the desk.
func (u *user) drop(file string) {
	u.t.Helper()
	for _, kind := range []input.DispatchDragEventType{input.DispatchDragEventTypeDragEnter, input.DispatchDragEventTypeDragOver, input.DispatchDragEventTypeDrop} {
		call(u, input.DispatchDragEvent, input.DispatchDragEventParams{Type: kind, X: 300, Y: 400, Data: &input.DragData{Items: []*input.DragDataItem{}, Files: []string{file}, DragOperationsMask: 1}})
	}
}

// An administrator switches the tracker on; a member reports an issue, attaches a file to it and says something; the administrator
// answers, changes the state with it, and keeps the filter that shows it.
func TestIssues(t *testing.T) {
	withAndWithoutScripts(t, startWorld, func(u *user, w *pailtest.World) {
		owner := u.another()
		owner.signIn(w.Admin.Email)
		owner.visit("/acme/widgets/settings")
		owner.follow("Issue tracker")
		owner.submit("Switch it on")
		owner.see("The issue tracker is on.")
		owner.fillIn("Add the component", "Name", "Gears")
		owner.submit("Add the component")
		owner.see("The component Gears is there.")

		u.signIn(w.Member.Email)
		u.visit("/acme/widgets")
		u.follow("Issues")
		u.follow("Report the first issue")
		u.fill("Title", "The gears grind")
		u.fill("Description (optional)", "When it is **cold**.")
		u.choose("Component", "Gears")
		u.submit("Create the issue")
		u.see("The issue is there.", "When it is cold.")
		u.at("/acme/widgets/issues/1")
		if u.scripts {
			file := filepath.Join(u.t.TempDir(), "grinding.wav")
			if err := os.WriteFile(file, []byte("krrr"), 0o600); err != nil {
				u.t.Fatal(err)
			}
			u.drop(file)
			u.see("The file grinding.wav is there.", "4 B")
			u.fill("Comment (optional)", "I am just writing")
			u.drop(file) // the page stays, and what is being written with it
			if got := eval[string](u, `[document.querySelector("#say-content\\.raw").value, document.activeElement.textContent, document.querySelector("#files").files.length].join()`); got != "I am just writing,Attach,1" {
				u.t.Errorf("what is being written, what has the focus, and how many files there are: %q", got)
			}
			u.submit("Attach")
			u.see("The file grinding.wav is there.")
		}
		u.fill("Comment (optional)", "It began *yesterday*.")
		u.submit("Comment or change")
		u.see("Your comment is there.", "It began yesterday.")

		owner.visit("/acme/widgets/issues")
		owner.click("More to choose from")
		owner.choose("Component", "Gears")
		owner.submit("Show")
		owner.see("The gears grind")
		owner.click("Save this as a filter")
		owner.fill("Name", "Of the gears")
		owner.submit("Save")
		owner.see("The filter is saved.", "Of the gears")
		owner.follow("The gears grind")
		owner.fill("Comment (optional)", "It is oiled.")
		owner.choose("State", "becomes resolved")
		owner.submit("Comment or change")
		owner.see("The issue is resolved.", "changed the state from", "It is oiled.")
		owner.follow("Issues")
		owner.follow("Of the gears")
		owner.see("No issue here fits.")
	})
}
