package wiki

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// Start is the page that a wiki begins with.
const Start = "Home.md"

// Limits of the names of pages.
const (
	maxName  = 255 // bytes
	maxParts = 8   // directories and the page itself
)

// markups are how pages are written, by the ends of their names (schema issue, content.markup). Only Markdown is made into HTML.
var markups = map[string]string{".md": "markdown", ".markdown": "markdown", ".creole": "creole", ".rst": "restructuredtext", ".txt": "plaintext"}

// Markup is how a page of this name is written, "" where no page has such a name.
func Markup(name string) string { return markups[strings.ToLower(path.Ext(name))] }

// ValidName tells whether a page can have this name. It is the path of a file that every system can keep, and that reads as it is
// written: a part that begins with a dot is hidden, one that ends with a space or a dot is another one on Windows, and characters
// that turn the direction of text make a name look like another one.
func ValidName(name string) bool {
	if len(name) > maxName || Markup(name) == "" || !utf8.ValidString(name) || !gitstore.ValidPath(name) || strings.Count(name, "/") >= maxParts {
		return false
	}
	for _, r := range name {
		if r == '\\' || unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) {
			return false
		}
	}
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".") || strings.TrimSpace(part) != part {
			return false
		}
	}
	return true
}

// checkName refuses (400) a name that no page can have. field is where it was sent; "": in the path.
func checkName(name, field string) error {
	if ValidName(name) {
		return nil
	}
	e := rest.Refuse(reason.WikiPageName, "")
	if ValidName(name + ".md") {
		e.Detail = "The name of a page ends with how it is written: " + name + ".md, for Markdown."
	}
	if field != "" {
		return e.Field(field, "no page can have this name")
	}
	return e
}

// Title is the name of a page as a heading: its last part, without the end, and with spaces for what people write in their place.
func Title(name string) string {
	base := path.Base(name)
	title := strings.TrimSpace(strings.NewReplacer("-", " ", "_", " ").Replace(strings.TrimSuffix(base, path.Ext(base))))
	if title == "" {
		return base
	}
	return title
}
