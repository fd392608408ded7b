package browser

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/pailforge/pail/internal/pailtest"
)

// startReview makes a world with a branch greet, which changes one file and brings others.
func startReview(t *testing.T, files map[string]string) *pailtest.World {
	w := startWorld(t)
	dir := w.Push(1)
	commit := func(message string, files map[string]string) {
		for name, text := range files {
			if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		w.Git(dir, "add", ".")
		w.Git(dir, "commit", "--quiet", "-m", message)
	}
	remote := w.Remote("x-bitbucket-api-token-auth", w.Secret(w.Admin, "read:repository", "write:repository"), "acme/widgets")
	commit("Before", map[string]string{"greet.txt": "one\ntwo\nthree\nfour\n"})
	w.Git(dir, "push", "--quiet", remote, "main")
	w.Git(dir, "switch", "--quiet", "--create", "greet")
	commit("Greet everybody", files)
	w.Git(dir, "push", "--quiet", remote, "greet")
	return w
}

// number clicks on the number of a line, as it stands in a cell of a row that shows a text.
func (u *user) number(text string, cell int, shift bool) {
	u.t.Helper()
	const row = `[...document.querySelectorAll(".diff > tbody > tr")].find(r => r.lastElementChild.textContent === %q)`
	u.wait("find the line "+text, func() bool { return eval[bool](u, fmt.Sprintf("!!"+row, text)) })
	eval[chromedp.Void](u, fmt.Sprintf(row+`.cells[%d].dispatchEvent(new MouseEvent("click", {bubbles: true, shiftKey: %t}))`, text, cell, shift))
}

// Two people hold a whole review, each in their own window: what one says, the other sees without asking, and keeps what they were
// just writing.
func TestReview(t *testing.T) {
	needChromium(t)
	t.Parallel()
	w := startReview(t, map[string]string{"greet.txt": "one\n2\nthree\nfour\nfive\n"})
	u := newUser(t, w.Server)
	u.signIn(w.Member.Email)
	u.visit("/acme/widgets/pull-requests/new?from=greet&to=main")
	u.submit("Open the pull request")
	u.see("The pull request is open.")
	const one = "/acme/widgets/pull-requests/1"

	owner := newUser(t, w.Server)
	owner.signIn(w.Admin.Email)
	owner.visit(one)
	owner.number("2", 1, false)
	owner.number("three", 1, true)
	owner.fillIn("First line", "Comment", "Why not in words?")
	u.fill("Comment", "I was just writing this")
	owner.clickIn("First line", "Comment", "button")
	owner.see("Why not in words?", "lines 2 to 3")

	u.see("Why not in words?")
	if text := eval[string](u, `document.querySelector("#say textarea").value`); text != "I was just writing this" {
		t.Errorf("what was being written is now %q", text)
	}
	u.at(one)
	owner.number("four", 1, false)
	owner.fillIn("First line", "Comment", "Half a sen")
	u.clickIn("Why not in words?", "Answer", "DisclosureTriangle")
	u.fill("Answer", "They are **numbers**.")
	u.clickIn("Answer", "Answer", "button")
	owner.see("They are numbers.")
	if text := eval[string](owner, `document.querySelector("[data-placed] textarea").value`); text != "Half a sen" {
		t.Errorf("what was being written on a line is now %q", text)
	}
	owner.clickIn("Why not in words?", "Add a task", "DisclosureTriangle")
	owner.fill("Task", "Say so in the message")
	owner.clickIn("Task", "Add the task", "button")
	u.see("Say so in the message", "Task 1 open")
	u.clickIn("Done", "Done", "button")
	owner.see("Task 1 done")
	owner.clickIn("Resolve", "Resolve", "button")
	u.see("resolved")
	u.clickIn("Only for me", "Comment", "button")
	owner.see("I was just writing this")
	owner.submit("Approve")
	u.see("approved")
	owner.submit("Merge")
	u.see("merged it")
}

// A pull request of 300 files is looked through: the lines of each come as it comes into view, and nothing jumps.
func TestManyFilesInView(t *testing.T) {
	needChromium(t)
	t.Parallel()
	files := map[string]string{}
	for i := range 300 {
		files[fmt.Sprintf("d/f%03d.txt", i)] = strings.Repeat(fmt.Sprintf("line of %03d\n", i), 1+i*7%20)
	}
	w := startReview(t, files)
	u := newUser(t, w.Server)
	u.folder = "" // a picture takes the window to other sizes, which moves everything
	u.signIn(w.Admin.Email)
	u.visit("/acme/widgets/pull-requests/new?" + url.Values{"from": {"greet"}, "to": {"main"}}.Encode())
	u.submit("Open the pull request")
	for _, query := range []string{"", "?view=split"} {
		u.visit("/acme/widgets/pull-requests/1" + query)
		eval[chromedp.Void](u, noteShifts)
		if query != "" {
			eval[chromedp.Void](u, `scrollTo(0, document.documentElement.scrollHeight); 0`) // far down at once
			u.see("line of 299")
			u.stands(query)
			continue
		}
		if n := eval[int](u, `document.querySelectorAll("[data-later]").length`); n < 200 {
			t.Errorf("only %d of the files wait", n)
		}
		steps := 0
		for done := false; !done; steps++ {
			done = eval[bool](u, `new Promise(r => { scrollBy(0, innerHeight * 3); requestAnimationFrame(() => r(scrollY + innerHeight >= document.documentElement.scrollHeight - 2)) })`)
			// Chromium counts it as a shift when a script scrolls and makes good for what grew above in one frame, so one is done first.
			u.wait("load what is near", func() bool {
				return eval[bool](u, `![...document.querySelectorAll("[data-later]")].some(f => { const at = f.getBoundingClientRect(); return at.bottom > -innerHeight && at.top < 2 * innerHeight })`)
			})
		}
		u.see("line of 299")
		if left := eval[int](u, `document.querySelectorAll("[data-later]").length`); left > 0 {
			t.Errorf("%d files were never loaded", left)
		}
		u.stands(query)
		t.Logf("%d steps", steps)
	}
}

// noteShifts notes from now on where the page jumps.
const noteShifts = `window.shifts = []
	new PerformanceObserver(list => { for (const s of list.getEntries()) shifts.push([s.value, s.value.toFixed(4) + " " + s.sources.map(x =>
		[x.previousRect, x.currentRect].map(r => [r.x, r.y, r.width, r.height].map(Math.round).join(" ")).join(" to ") + ": " + (x.node?.outerHTML ?? "text").slice(0, 80)).join(", ")]) }).observe({type: "layout-shift", buffered: true}); 0`

// stands fails when the page has jumped.
func (u *user) stands(when string) {
	u.t.Helper()
	for _, shift := range eval[[]string](u, fmt.Sprintf(`new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => r(shifts.filter(s => s[0] > %g).map(s => s[1])))))`, maxShift)) {
		u.t.Errorf("%s: the page shifts: %s", when, shift)
	}
}
