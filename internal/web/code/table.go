package code

import (
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/highlight"
	"github.com/pailforge/pail/internal/web/diff"
)

// table writes the rows of a difference. odd counts the characters that mislead.
type table struct {
	strings.Builder
	odd int
}

// rows are hunks as a table, below each other or side by side, with threads under their lines; nil for none.
func rows(hunks []diff.Hunk, split bool, threads *diff.Threads) (html template.HTML, odd int) {
	var t table
	if split {
		t.WriteString(`<table class="diff split" role="presentation" dir="ltr"><colgroup><col><col><col><col></colgroup><tbody>` + "\n")
	} else {
		t.WriteString(`<table class="diff" role="presentation" dir="ltr"><tbody>` + "\n")
	}
	for i := range hunks {
		h := &hunks[i]
		within, odd := highlight.Escape(h.Within)
		t.odd += odd
		at := fmt.Sprintf("Line %d", max(h.New, 1))
		if h.New == 0 {
			at = fmt.Sprintf("Line %d before", h.Old)
		}
		span := 3
		if split {
			span = 4
		}
		fmt.Fprintf(&t, `<tr class="h"><td colspan="%d">%s <span>%s</span></td></tr>`+"\n", span, at, within)
		if split {
			for _, pair := range h.Pairs() {
				t.WriteString("<tr>")
				t.side(pair.Old, true)
				t.side(pair.New, false)
				t.WriteString("</tr>\n")
				t.talk(`<td colspan="2">`, threads.Under(pair.Old, true), threads.Under(pair.New, false))
			}
			continue
		}
		for j := range h.Lines {
			line := &h.Lines[j]
			t.WriteString("<tr" + sign(line) + "><td>" + lineNumber(line.Old) + "</td><td>" + lineNumber(line.New) + "</td><td>")
			t.text(line)
			t.WriteString("</td></tr>\n")
			t.talk(`<td colspan="3">`, threads.Under(line, true)+threads.Under(line, false))
		}
	}
	t.WriteString("</tbody></table>\n")
	return template.HTML(t.String()), t.odd
}

// talk writes a row of what is said of the lines above, in as many cells, unless all are empty.
func (t *table) talk(cell string, cells ...template.HTML) {
	if !slices.ContainsFunc(cells, func(html template.HTML) bool { return html != "" }) {
		return
	}
	t.WriteString(`<tr class="talk">`)
	for _, html := range cells {
		t.WriteString(cell + string(html) + "</td>")
	}
	t.WriteString("</tr>\n")
}

// side writes one side of a row: two cells.
func (t *table) side(line *diff.Line, old bool) {
	if line == nil {
		t.WriteString(`<td></td><td class="e"></td>`)
		return
	}
	n := line.New
	if old {
		n = line.Old
	}
	t.WriteString("<td>" + lineNumber(n) + "</td><td" + sign(line) + ">")
	t.text(line)
	t.WriteString("</td>")
}

// text writes the text of a line. A carriage return in front of the line break is shown where it may be what changed.
func (t *table) text(line *diff.Line) {
	text := line.Text
	if line.Sign == ' ' {
		text = strings.TrimSuffix(text, "\r")
	}
	shown, odd := highlight.Escape(text)
	t.odd += odd
	t.WriteString(string(shown))
	if line.Open {
		t.WriteString(` <span class="open">no line break at the end</span>`)
	}
}

// sign is the attribute that says whether a line came or went.
func sign(line *diff.Line) string {
	switch line.Sign {
	case '+':
		return ` class="a"`
	case '-':
		return ` class="d"`
	}
	return ""
}

func lineNumber(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
