package highlight

import (
	"fmt"
	"html/template"
	"strings"
	"unicode"
)

// writer makes lines of HTML out of pieces of text.
type writer struct {
	lines []template.HTML
	line  strings.Builder
	odd   int
}

// write adds text in a class, and begins a line at each line break.
func (w *writer) write(piece, class string) {
	for {
		part, rest, ends := strings.Cut(piece, "\n")
		if part != "" {
			if class != "" {
				w.line.WriteString(`<span class="` + class + `">`)
			}
			w.odd += escape(&w.line, part)
			if class != "" {
				w.line.WriteString("</span>")
			}
		}
		if !ends {
			return
		}
		w.end()
		piece = rest
	}
}

// end ends a line.
func (w *writer) end() {
	w.lines = append(w.lines, template.HTML(w.line.String()))
	w.line.Reset()
}

// Escape is text of one line as HTML, with what misleads in it made visible; odd is how many of those characters it holds.
func Escape(line string) (html template.HTML, odd int) {
	var b strings.Builder
	odd = escape(&b, strings.ToValidUTF8(line, "\ufffd"))
	return template.HTML(b.String()), odd
}

// Visible is text of one line for places that take no HTML, with what misleads in it made visible.
func Visible(line string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(line, "\ufffd") {
		switch {
		case r < ' ':
			b.WriteRune(0x2400 + r)
		case misleads(r):
			fmt.Fprintf(&b, "U+%04X", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// escape writes text as HTML. A character that nobody sees, but that changes what they see, is written as its number: the
// character itself does not reach the page.
func escape(b *strings.Builder, s string) (odd int) {
	for _, r := range s {
		switch {
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		case r == '"':
			b.WriteString("&#34;")
		case r == '\'':
			b.WriteString("&#39;")
		case r < ' ' && r != '\t' && r != '\n':
			fmt.Fprintf(b, `<span class="odd" title="U+%04X">%c</span>`, r, 0x2400+r) // its picture
		case misleads(r):
			odd++
			fmt.Fprintf(b, `<span class="odd">U+%04X</span>`, r)
		default:
			b.WriteRune(r)
		}
	}
	return odd
}

// misleads tells whether a character changes how others are read without being seen: it turns the direction of text
// (Unicode's Bidi_Control), joins or parts without a width, ends a line for some readers and not for others, or controls
// a terminal. The two joiners are left alone, because scripts and pictures are written with them.
func misleads(r rune) bool {
	switch {
	case r == 0x200c || r == 0x200d:
		return false
	case unicode.Is(unicode.Bidi_Control, r):
		return true
	case r == 0x200b, r == 0x2060, r == 0xfeff, r == 0x2028, r == 0x2029, r == 0x00ad, r == 0x180e, r >= 0xfff9 && r <= 0xfffb, r >= 0xe0000 && r <= 0xe007f:
		return true
	}
	return r >= 0x7f && r < 0xa0
}
