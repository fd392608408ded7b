package markup

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
)

// anchors gives the headings of one document their names, as other forges do, so that links within documents written
// for them lead somewhere.
type anchors struct{ used map[string]int }

func newAnchors() *anchors { return &anchors{used: map[string]int{}} }

// Generate makes a name of a heading: letters and digits in lower case, a hyphen for each space; a number behind it
// where the name was given before.
func (a *anchors) Generate(value []byte, _ ast.NodeKind) []byte {
	var b strings.Builder
	for _, r := range strings.ToLower(strings.TrimSpace(strings.ToValidUTF8(string(value), ""))) {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			b.WriteRune(r)
		case r == ' ':
			b.WriteByte('-')
		}
	}
	name := b.String()
	if name == "" {
		name = "section"
	}
	for {
		n := a.used[name]
		a.used[name] = n + 1
		if n == 0 {
			return []byte(name)
		}
		name += "-" + strconv.Itoa(n)
	}
}

// Put notes a name that the document gives by itself.
func (a *anchors) Put(value []byte) { a.used[string(value)]++ }
