package commit

import (
	"html/template"

	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/markup"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// What comments on commits and on pull requests have in common.

// MaxComment is how long a comment may be, in characters.
const MaxComment = 32 << 10

// ContentJSON is a text with how it is shown, as the API writes it.
type ContentJSON struct {
	Type   string `json:"type"`
	Raw    string `json:"raw"`
	Markup string `json:"markup"`
	HTML   string `json:"html"`
}

// Rendered is a text in Markdown, shown without anything that could run, and without links to what it speaks of.
func Rendered(raw string) ContentJSON {
	shown, err := markup.Markdown([]byte(raw), markup.Options{})
	if err != nil {
		shown = template.HTML(template.HTMLEscapeString(raw))
	}
	return ContentJSON{"rendered", raw, "markdown", string(shown)}
}

// Linked is a text in Markdown that is one of texts.
func Linked(raw string, texts repository.Texts) ContentJSON {
	if shown, ok := texts[raw]; ok {
		return ContentJSON{"rendered", raw, "markdown", string(shown)}
	}
	return Rendered(raw)
}

// Place is where a comment stands in changes: in a file, and there on a line before the changes or after them, or on both, which
// may be the last one of several.
type Place struct {
	Path      string // of the file; "" for the changes as a whole
	From, To  int    // the line before, and after; 0 for none
	StartFrom int    // the first line of several before; 0 for one
	StartTo   int    // the first line of several after; 0 for one
}

// InlineJSON is a place as the API writes it (schema comment).
type InlineJSON struct {
	Path      string `json:"path"`
	From      *int   `json:"from"`
	To        *int   `json:"to"`
	StartFrom *int   `json:"start_from,omitempty"`
	StartTo   *int   `json:"start_to,omitempty"`
}

// JSON is the place; nil for the changes as a whole.
func (p Place) JSON() *InlineJSON {
	if p.Path == "" {
		return nil
	}
	line := func(n int) *int {
		if n == 0 {
			return nil
		}
		return &n
	}
	return &InlineJSON{p.Path, line(p.From), line(p.To), line(p.StartFrom), line(p.StartTo)}
}

// TextBody is what is said, in a body.
type TextBody struct {
	Raw *string `json:"raw"`
}

// Text is what is said. A *rest.Error says that it is nothing, or too much.
func (b *TextBody) Text() (string, error) {
	if b == nil {
		return "", rest.MissingField("content.raw")
	}
	return rest.RequiredText("content.raw", b.Raw, MaxComment)
}

// ParentBody names a comment that is answered, in a body.
type ParentBody struct {
	ID *int64 `json:"id"`
}

// Comment is its id; 0 for none.
func (b *ParentBody) Comment() int64 {
	if b == nil || b.ID == nil {
		return 0
	}
	return *b.ID
}

// PlaceBody is where a comment stands, in a body.
type PlaceBody struct {
	Path      *string `json:"path"`
	From      *int    `json:"from"`
	To        *int    `json:"to"`
	StartFrom *int    `json:"start_from"`
	StartTo   *int    `json:"start_to"`
}

// Place is that place. A *rest.Error names a path that cannot be, and lines that are none or run backwards.
func (b *PlaceBody) Place() (p Place, err error) {
	if b == nil {
		return p, nil
	}
	if p.Path, err = rest.RequiredText("inline.path", b.Path, gitstore.MaxPath); err != nil {
		return p, err
	}
	if !gitstore.ValidPath(p.Path) {
		return p, rest.InvalidField("inline.path", "this cannot be the path of a file")
	}
	for _, side := range []struct {
		name           string
		start, end     *int
		toStart, toEnd *int
	}{{"from", b.StartFrom, b.From, &p.StartFrom, &p.From}, {"to", b.StartTo, b.To, &p.StartTo, &p.To}} {
		for _, line := range []struct {
			field string
			value *int
			to    *int
		}{{"inline." + side.name, side.end, side.toEnd}, {"inline.start_" + side.name, side.start, side.toStart}} {
			if line.value == nil {
				continue
			}
			if *line.value < 1 || *line.value > 1<<30 {
				return p, rest.InvalidField(line.field, "lines are counted from 1")
			}
			*line.to = *line.value
		}
		switch {
		case *side.toStart > 0 && *side.toEnd == 0:
			return p, rest.InvalidField("inline.start_"+side.name, "it needs inline."+side.name+", the last of the lines")
		case *side.toStart > *side.toEnd:
			return p, rest.InvalidField("inline.start_"+side.name, "it is behind inline."+side.name+", the last of the lines")
		}
	}
	return p, nil
}
