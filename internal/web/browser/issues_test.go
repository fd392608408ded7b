package browser

import (
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/pailforge/pail/internal/pailtest"
)

// dropped drops a file on the middle of the page, as from the desk.
const dropped = `(() => {
	const brought = new DataTransfer()
	brought.items.add(new File(["krrr"], "grinding.wav"))
	for (const kind of ["dragover", "drop"]) document.querySelector("main").dispatchEvent(new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: brought}))
})()`

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
			u.load("drop a file", chromedp.Evaluate[chromedp.Void](dropped))
			u.see("The file grinding.wav is there.", "4 B")
			u.fill("Comment (optional)", "I am just writing")
			eval[chromedp.Void](u, dropped)
			u.see("Attach files") // it stays, and what is written with it
			if text := eval[string](u, `document.querySelector("#say-content\\.raw").value + " " + document.activeElement.textContent`); text != "I am just writing Attach" {
				t.Errorf("what was being written, and what has the focus, is %q", text)
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
