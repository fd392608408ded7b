package browser

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/web/webtest"
)

// maxFirstView is how much a first view of a page may take from the network in all, in bytes.
const maxFirstView = 100 << 10

// maxShift is how far the layout may shift while a page loads, as Chromium counts it (0.1 is called good): what nobody sees,
// such as a column of a table that the next line makes wider while the page is still coming in.
const maxShift = 0.01

// axeFile is where .ci/run installs axe-core.
var axeFile = filepath.Join("..", "..", "..", ".ci", "node_modules", "axe-core", "axe.min.js")

// axe is the source of axe-core, "" where it is not.
func axe(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile(axeFile)
	if os.IsNotExist(err) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

// needAxe skips the test where axe-core is not.
func needAxe(t *testing.T) {
	t.Helper()
	if axe(t) == "" {
		pailtest.Skip(t, "axe", "axe-core is not here (npm install --prefix .ci --no-save axe-core)")
	}
}

// inspect checks what holds for every page, of one that was just loaded on a telephone, and then on a desk. Whether
// everybody can use it is checked in both only when thorough: others see less of the same.
func (u *user) inspect(page webtest.Page, axe string, thorough bool) {
	u.t.Helper()
	for _, look := range []look{onTelephone, onDesk} {
		if look == onDesk {
			u.look(look)
			u.watch.take()
			u.open(page.Path)
		}
		shifts := eval[[]string](u, fmt.Sprintf("(%s)(%g)", layoutShifts, maxShift))
		faults, received := u.watch.take()
		for _, fault := range faults {
			u.t.Errorf("%s: %s", look, fault)
		}
		for _, shift := range shifts {
			u.t.Errorf("%s: the page shifts while it loads: %s", look, shift)
		}
		u.fits(look)
		if look == onDesk {
			if received > maxFirstView {
				u.t.Errorf("a first view takes %.0f bytes, more than %d", received, maxFirstView)
			}
			for _, wrong := range eval[[]string](u, wellFormed) {
				u.t.Error(wrong)
			}
		}
		u.shoot(fileName(strings.TrimPrefix(page.Pattern, "GET ")), look)
		switch {
		case axe == "":
		case look == onDesk:
			u.accessible(axe, look, allRules)
		case thorough:
			u.accessible(axe, look, lookRules)
		}
	}
	u.watch.report(u.t)
}

// layoutShifts lists the shifts of the layout that are larger than max, up to the second frame after everything was loaded.
const layoutShifts = `max => new Promise(done => {
	const shifts = []
	const at = r => [r.x, r.y, r.width, r.height].map(Math.round).join(" ")
	const told = s => at(s.previousRect) + " to " + at(s.currentRect) + ": " + (s.node?.outerHTML ?? s.node?.parentElement?.outerHTML ?? "a part of a control").slice(0, 80)
	const add = list => { for (const shift of list) if (shift.value > max) shifts.push(shift.value.toFixed(4) + ", " + shift.sources.map(told).join(", ")) }
	const observer = new PerformanceObserver(list => add(list.getEntries()))
	observer.observe({type: "layout-shift", buffered: true})
	document.fonts.ready.then(() => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => {
		add(observer.takeRecords())
		done(shifts)
	}))))
})`

// wellFormed lists what is wrong with the page's skeleton, and with what it loads.
const wellFormed = `(() => {
	const wrong = []
	const want = (fine, what) => { if (!fine) wrong.push(what) }
	want(document.documentElement.lang, "the page names no language")
	want(document.title.trim(), "the page has no title")
	const heads = document.querySelectorAll("h1")
	want(heads.length === 1, heads.length + " headings of the first level")
	want(document.querySelectorAll("main").length === 1, "not one main part")
	for (const script of document.scripts) {
		want(!script.src || script.defer || script.async || script.type === "module", "a script that blocks: " + script.src)
		want(script.src, "a script in the page")
	}
	for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
		want(field.labels?.length || field.ariaLabel || field.getAttribute("aria-labelledby"), "a field without a label: " + field.name)
	for (const element of document.querySelectorAll("[style], [onclick], [onsubmit], [onload]"))
		wrong.push("a style or a script in an attribute: " + element.outerHTML.slice(0, 100))
	const ids = new Set()
	for (const element of document.querySelectorAll("[id]")) {
		want(!ids.has(element.id), "two with the id " + element.id)
		ids.add(element.id)
	}
	return wrong
})()`

// fits fails when the page is wider than the window.
func (u *user) fits(look look) {
	u.t.Helper()
	if wider := eval[[]string](u, tooWide); len(wider) > 0 {
		u.t.Errorf("%s: the page can be scrolled sideways:\n%s", look, strings.Join(wider, "\n"))
	}
}

// tooWide is empty when the page is not wider than the window. Else it lists the innermost elements that are, apart
// from those that scroll within another.
const tooWide = `(() => {
	const page = document.documentElement
	if (page.scrollWidth <= page.clientWidth) return []
	const out = [page.scrollWidth + " pixels in " + page.clientWidth]
	const scrolls = e => e !== page && e !== document.body && getComputedStyle(e).overflowX !== "visible"
	for (const e of document.body.querySelectorAll("*")) {
		const box = e.getBoundingClientRect()
		if (box.width === 0 || box.right <= page.clientWidth + 0.5) continue
		let parent = e.parentElement
		while (parent && !scrolls(parent)) parent = parent.parentElement
		if (!parent && out.length < 6) out.push(Math.round(box.right) + ": " + e.outerHTML.slice(0, 160))
	}
	return out
})()`

// violation is what axe-core finds against one of its rules.
type violation struct {
	ID     string `json:"id"`
	Impact string `json:"impact"`
	Help   string `json:"help"`
	Nodes  []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// Rules of axe-core: all that say what is wrong, and those whose answer depends on colours and on the room that there is.
const (
	allRules  = `{type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}`
	lookRules = `{type: "rule", values: ["color-contrast", "link-in-text-block", "target-size", "scrollable-region-focusable", "aria-hidden-focus"]}`
)

// accessible fails when axe-core finds something serious or critical.
func (u *user) accessible(source string, look look, rules string) {
	u.t.Helper()
	if !eval[bool](u, `typeof axe === "object"`) {
		eval[chromedp.Void](u, source)
	}
	found := eval[string](u, `axe.run(document, {runOnly: `+rules+`, resultTypes: ["violations"], iframes: false})
		.then(result => JSON.stringify(result.violations))`)
	var violations []violation
	u.try("read what axe-core says", json.Unmarshal([]byte(found), &violations))
	for _, v := range violations {
		if v.Impact != "serious" && v.Impact != "critical" {
			continue
		}
		text := fmt.Sprintf("%s: %s: %s (%s)", look, v.Impact, v.Help, v.ID)
		for i, node := range v.Nodes {
			if i == 3 {
				text += fmt.Sprintf("\n  and %d more", len(v.Nodes)-3)
				break
			}
			text += fmt.Sprintf("\n  %.200s\n    %s", node.HTML, strings.ReplaceAll(node.Summary, "\n", "\n    "))
		}
		u.t.Error(text)
	}
}
