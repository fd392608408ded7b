package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/pailforge/pail/internal/pailtest"
)

// patience is how long a step waits for what it needs. It only ends what never comes.
const patience = time.Minute

// user is a person at a private window with one page. A step that cannot be done ends the test.
type user struct {
	t        *testing.T
	site     *pailtest.Server
	ctx      context.Context
	watch    *watch
	folder   string // for pictures; "": none are taken
	scripts  bool   // run in the window
	status   int    // of the page that was loaded last
	pictures int    // taken so far
}

// newUser opens a private window of 1280 by 800 pixels.
func newUser(t *testing.T, site *pailtest.Server) *user {
	t.Helper()
	needChromium(t)
	browser, err := chrome()
	if err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	u := &user{t: t, site: site, watch: &watch{base: site.URL}, scripts: true, folder: os.Getenv("PAIL_TEST_SCREENSHOTS")}
	ctx, closeWindow := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	u.ctx = ctx
	t.Cleanup(closeWindow)
	t.Cleanup(func() { u.watch.report(t) })
	u.try("open a window", chromedp.Do(ctx))
	u.try("watch the window", u.watch.start(ctx))
	call(u, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	u.look(onDesk)
	return u
}

// withAndWithoutScripts runs a flow twice, each on a server of its own: in a window that runs scripts, and in one that
// does not.
func withAndWithoutScripts(t *testing.T, start func(t *testing.T) *pailtest.World, flow func(u *user, w *pailtest.World)) {
	t.Helper()
	needChromium(t)
	for _, scripts := range []bool{true, false} {
		name := "scripts"
		if !scripts {
			name = "no-scripts"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t)
			u := newUser(t, w.Server)
			if !scripts {
				u.withoutScripts()
			}
			flow(u, w)
		})
	}
}

// signIn signs in on the page for that, and ends up on the front page.
func (u *user) signIn(email string) {
	u.t.Helper()
	u.visit("/signin")
	u.fill("E-mail", email)
	u.fill("Password", pailtest.Password)
	u.submit("Sign in")
	u.at("/")
}

// another is somebody else, in a window of their own that runs scripts as this one does.
func (u *user) another() *user {
	u.t.Helper()
	other := newUser(u.t, u.site)
	if !u.scripts {
		other.withoutScripts()
	}
	return other
}

// withoutScripts lets no script of a page run from now on.
func (u *user) withoutScripts() {
	u.scripts = false
	call(u, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// try ends the test when a step failed.
func (u *user) try(step string, err error) {
	u.t.Helper()
	if err != nil {
		u.watch.report(u.t)
		u.t.Fatalf("%s: %v", step, err)
	}
}

// call sends one command to the browser.
func call[P, R any](u *user, command cdp.Command[P, R], params P) R {
	u.t.Helper()
	ctx, cancel := context.WithTimeout(u.ctx, patience)
	defer cancel()
	answer, err := chromedp.Call(ctx, command, params)
	u.try(command.Method, err)
	return answer
}

// eval evaluates an expression in the page, waits when it is a promise, and returns its value. The policy of the page
// does not bind it, nor does withoutScripts.
func eval[T any](u *user, expression string) T {
	u.t.Helper()
	ctx, cancel := context.WithTimeout(u.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	u.try("evaluate "+expression[:min(60, len(expression))], err)
	return value
}

// visit goes to a path of the server, or to a whole address; the page is there.
func (u *user) visit(path string) {
	u.t.Helper()
	u.visitFor(path, 200)
}

// visitFor goes to a path that answers, after redirects, with this status.
func (u *user) visitFor(path string, status int) {
	u.t.Helper()
	u.open(path)
	if u.status != status {
		u.t.Fatalf("%s answered %d, want %d; it says: %.500s", path, u.status, status, u.text())
	}
	u.arrived()
}

// open goes to a path or a whole address, and notes what it answers.
func (u *user) open(path string) {
	u.t.Helper()
	if !strings.Contains(path, "://") {
		path = u.site.URL + path
	}
	u.load("visit "+path, chromedp.Navigate(path))
}

// load does steps that lead to another page, and waits until that is there.
func (u *user) load(what string, steps ...chromedp.Action[chromedp.Void]) {
	u.t.Helper()
	ctx, cancel := context.WithTimeout(u.ctx, patience)
	defer cancel()
	var answer *network.Response
	answer, err := chromedp.RunResponse(ctx, steps...)
	u.try(what, err)
	if answer == nil {
		u.t.Fatalf("%s: no page came", what)
	}
	u.status = int(answer.Status)
	u.wait("load the whole page", func() bool { return eval[bool](u, `document.readyState === "complete" && document.body !== null`) })
}

// arrived is what every new page is met with.
func (u *user) arrived() {
	u.t.Helper()
	u.watch.report(u.t)
	u.picture()
}

// follow clicks on a link, and waits for the page that it leads to.
func (u *user) follow(name string) {
	u.t.Helper()
	u.leave(u.find(name, "link"), name, 200)
}

// submit clicks on a button that leads to another page, as that of a form does, and waits for it.
func (u *user) submit(name string) {
	u.t.Helper()
	u.submitFor(name, 200)
}

// submitFor is submit to a page with another status than 200.
func (u *user) submitFor(name string, status int) {
	u.t.Helper()
	u.leave(u.find(name, "button"), name, status)
}

// leave clicks on a node, and waits for the page that it leads to.
func (u *user) leave(node cdp.BackendNodeID, name string, status int) {
	u.t.Helper()
	x, y := u.place(node)
	u.load("click on "+name, chromedp.MouseClickXY(x, y))
	if made := status == 200 && u.status == 201; u.status != status && !made {
		u.t.Fatalf("%q led to %s, which answered %d, want %d; it says: %.500s", name, u.path(), u.status, status, u.text())
	}
	u.arrived()
}

// clickable are the roles of what click looks for.
var clickable = []string{"link", "button", "checkbox", "radio", "tab", "menuitem", "switch", "DisclosureTriangle", "option"}

// click clicks on what stays on the page: a checkbox, a radio button, what opens and closes.
func (u *user) click(name string) {
	u.t.Helper()
	u.mouse(u.find(name, clickable...))
}

// clickIn is click where several things have the name: the one in the row, item, article or form that has this text.
func (u *user) clickIn(text, name string, roles ...string) {
	u.t.Helper()
	u.mouse(u.findIn(text, name, roles...))
}

// fillable are the roles of what fill looks for.
var fillable = []string{"textbox", "searchbox", "spinbutton", "combobox", "Date", "InputTime", "EmailField"}

// fill replaces what is in the field with this label.
func (u *user) fill(label, value string) {
	u.t.Helper()
	u.write(u.find(label, fillable...), value)
}

// fillIn is fill where several fields have the label: the one in the row, item or form that has this text.
func (u *user) fillIn(text, label, value string) {
	u.t.Helper()
	u.write(u.findIn(text, label, fillable...), value)
}

func (u *user) write(node cdp.BackendNodeID, value string) {
	u.t.Helper()
	if on[string](u, node, `function() { return this.type }`) == "date" { // its parts cannot be typed over as one
		on[chromedp.Void](u, node, `function(v) { this.value = v; this.dispatchEvent(new Event("input", {bubbles: true})); this.dispatchEvent(new Event("change", {bubbles: true})) }`, value)
		return
	}
	u.mouse(node)
	on[chromedp.Void](u, node, `function() { this.select() }`)
	if value == "" {
		u.press("\b")
		return
	}
	call(u, input.InsertText, input.InsertTextParams{Text: value})
}

// choose takes an option, by what it says, in the list with this label.
func (u *user) choose(label, option string) {
	u.t.Helper()
	u.take(u.find(label, "combobox", "listbox"), label, option)
}

// chooseIn is choose where several lists have the label: the one in the row, item or form that has this text.
func (u *user) chooseIn(text, label, option string) {
	u.t.Helper()
	u.take(u.findIn(text, label, "combobox", "listbox"), label, option)
}

func (u *user) take(node cdp.BackendNodeID, label, option string) {
	u.t.Helper()
	found := on[bool](u, node, `function(text) {
		const found = [...this.options].find(o => o.label.trim() === text)
		if (!found) return false
		this.value = found.value
		for (const name of ["input", "change"]) this.dispatchEvent(new Event(name, {bubbles: true}))
		return true
	}`, option)
	if !found {
		u.t.Fatalf("%q has no option %q", label, option)
	}
}

// check ticks a box or a radio button that may be ticked already.
func (u *user) check(label string) {
	u.t.Helper()
	node := u.find(label, "checkbox", "radio", "switch")
	if !on[bool](u, node, `function() { return this.checked }`) {
		u.mouse(node)
	}
}

// press sends keys to where the focus is, one after the other: text, or keys of package kb.
func (u *user) press(keys string) {
	u.t.Helper()
	ctx, cancel := context.WithTimeout(u.ctx, patience)
	defer cancel()
	u.try("press keys", chromedp.Do(ctx, chromedp.KeyEvent(keys)))
}

// see waits until the page shows each of these texts. Spaces and line breaks count as one space.
func (u *user) see(texts ...string) {
	u.t.Helper()
	for _, text := range texts {
		u.wait(fmt.Sprintf("see %q", text), func() bool { return strings.Contains(u.text(), text) })
	}
}

// seeNot waits until the page does not show a text any more.
func (u *user) seeNot(text string) {
	u.t.Helper()
	u.wait(fmt.Sprintf("see %q no more", text), func() bool { return !strings.Contains(u.text(), text) })
}

// at fails unless the page that is shown has this path, its query included.
func (u *user) at(path string) {
	u.t.Helper()
	if got := u.path(); got != path {
		u.t.Fatalf("at %s, want %s; it says: %.500s", got, path, u.text())
	}
}

// path is the path of the page that is shown, with its query.
func (u *user) path() string {
	u.t.Helper()
	at, err := url.Parse(eval[string](u, "location.href"))
	u.try("read the address", err)
	return at.RequestURI()
}

// text is what the page shows, spaces and line breaks as one space.
func (u *user) text() string {
	u.t.Helper()
	return strings.Join(strings.Fields(eval[string](u, `document.body ? document.body.innerText : ""`)), " ")
}

// wait asks for a condition until it holds.
func (u *user) wait(what string, holds func() bool) {
	u.t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for end := time.Now().Add(patience); !holds(); <-again.C {
		if time.Now().After(end) {
			u.watch.report(u.t)
			u.t.Fatalf("did not %s at %s; it says: %.2000s", what, u.path(), u.text())
		}
	}
}

// find waits for the one thing with this accessible name and one of the roles: what a screen reader would say.
func (u *user) find(name string, roles ...string) cdp.BackendNodeID {
	u.t.Helper()
	var found []cdp.BackendNodeID
	u.wait(fmt.Sprintf("find %v %q", roles, name), func() bool {
		found = u.named(name, roles)
		return len(found) > 0
	})
	if len(found) > 1 {
		u.t.Fatalf("%d of %v have the name %q at %s: which one?", len(found), roles, name, u.path())
	}
	return found[0]
}

// findIn is find among those in a row, item, form or dialog that shows text.
func (u *user) findIn(text, name string, roles ...string) cdp.BackendNodeID {
	u.t.Helper()
	var found []cdp.BackendNodeID
	u.wait(fmt.Sprintf("find %v %q beside %q", roles, name, text), func() bool {
		found = slices.DeleteFunc(u.named(name, roles), func(node cdp.BackendNodeID) bool {
			return !on[bool](u, node, `function(text) {
				const around = this.closest("tr, li, article, fieldset, dialog, [popover], form, section")
				return around !== null && around.textContent.includes(text)
			}`, text)
		})
		return len(found) > 0
	})
	if len(found) > 1 {
		u.t.Fatalf("%d of %v beside %q have the name %q at %s: which one?", len(found), roles, text, name, u.path())
	}
	return found[0]
}

// named lists what has the name and one of the roles, and is not hidden.
func (u *user) named(name string, roles []string) []cdp.BackendNodeID {
	u.t.Helper()
	ctx, cancel := context.WithTimeout(u.ctx, patience)
	defer cancel()
	document, err := chromedp.Run(ctx, chromedp.Evaluate[*runtime.RemoteObject]("document"))
	u.try("look at the page", err)
	tree, err := chromedp.Call(ctx, accessibility.QueryAXTree, accessibility.QueryAXTreeParams{ObjectID: document.ObjectID, AccessibleName: name})
	if err != nil {
		return nil // the page is being replaced; the next look sees the new one
	}
	var found []cdp.BackendNodeID
	for _, node := range tree.Nodes {
		var role string
		if node.Ignored || node.Role == nil || json.Unmarshal(node.Role.Value, &role) != nil || !slices.Contains(roles, role) {
			continue
		}
		found = append(found, node.BackendDOMNodeID)
	}
	return found
}

// on calls a function on a node of the page.
func on[T any](u *user, node cdp.BackendNodeID, function string, args ...any) T {
	u.t.Helper()
	ctx, cancel := context.WithTimeout(u.ctx, patience)
	defer cancel()
	resolved, err := chromedp.Call(ctx, dom.ResolveNode, dom.ResolveNodeParams{BackendNodeID: node})
	u.try("look at a part of the page", err)
	value, err := chromedp.Run(ctx, chromedp.CallFunctionOn[T](function,
		func(p *runtime.CallFunctionOnParams) { p.ObjectID = resolved.Object.ObjectID }, args...))
	u.try("ask a part of the page", err)
	return value
}

// mouse clicks on a node, where it is.
func (u *user) mouse(node cdp.BackendNodeID) {
	u.t.Helper()
	x, y := u.place(node)
	ctx, cancel := context.WithTimeout(u.ctx, patience)
	defer cancel()
	u.try("click", chromedp.Do(ctx, chromedp.MouseClickXY(x, y)))
}

// place scrolls to a node, and returns the middle of its first box. It fails when something else lies over it.
func (u *user) place(node cdp.BackendNodeID) (x, y float64) {
	u.t.Helper()
	call(u, dom.ScrollIntoViewIfNeeded, dom.ScrollIntoViewIfNeededParams{BackendNodeID: node})
	quads := call(u, dom.GetContentQuads, dom.GetContentQuadsParams{BackendNodeID: node}).Quads
	if len(quads) == 0 || len(quads[0]) != 8 {
		u.t.Fatalf("it takes no room on the page")
	}
	q := quads[0]
	x, y = (q[0]+q[2]+q[4]+q[6])/4, (q[1]+q[3]+q[5]+q[7])/4
	over := on[string](u, node, `function(x, y) {
		const top = document.elementFromPoint(x, y)
		const mine = top && (this.contains(top) || top.contains(this) || [...(this.labels ?? [])].some(l => l.contains(top)))
		return mine ? "" : top ? top.outerHTML.slice(0, 200) : "nothing"
	}`, x, y)
	if over != "" {
		u.t.Fatalf("something lies over what is to be clicked: %s", over)
	}
	return x, y
}

// focused is what has the focus, in words: the label of a field, else what it says.
func (u *user) focused() string {
	u.t.Helper()
	return eval[string](u, `(() => {
		const at = document.activeElement
		return (at.ariaLabel ?? at.labels?.[0]?.innerText ?? at.innerText ?? "").trim()
	})()`)
}

// tabTo presses the Tab key until what has this label has the focus.
func (u *user) tabTo(label string) {
	u.t.Helper()
	for range 100 {
		if u.press(kb.Tab); u.focused() == label {
			return
		}
	}
	u.t.Fatalf("the Tab key does not reach %q at %s", label, u.path())
}

// leaveByKeys presses keys that lead to another page, and waits for it.
func (u *user) leaveByKeys(keys string) {
	u.t.Helper()
	u.load("press keys", chromedp.KeyEvent(keys))
	u.arrived()
}
