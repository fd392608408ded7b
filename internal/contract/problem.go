package contract

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// shown is how many problems a message lists.
const shown = 8

// Problems is what is wrong with one answer.
type Problems struct {
	Answer string   // operation and status
	List   []string // each "path: what", or "what" when it is about the whole
	prefix string
}

// Error lists the problems, one a line when there are several.
func (p *Problems) Error() string {
	list := p.List
	more := ""
	if len(list) > shown {
		more = fmt.Sprintf("\n\t… and %d more", len(list)-shown)
		list = list[:shown]
	}
	if len(list) == 1 {
		return p.Answer + ": " + list[0]
	}
	return p.Answer + ":\n\t" + strings.Join(list, "\n\t") + more
}

func (p *Problems) orNil() error {
	if len(p.List) == 0 {
		return nil
	}
	return p
}

func (p *Problems) add(path, what string) {
	if path = join(p.prefix, path); path != "" {
		what = path + ": " + what
	}
	if !slices.Contains(p.List, what) { // a component and its heir complain alike
		p.List = append(p.List, what)
	}
}

// at runs do with the path one step further down.
func (p *Problems) at(step string, do func()) {
	above := p.prefix
	p.prefix = join(above, step)
	do()
	p.prefix = above
}

func join(path, step string) string {
	if path == "" || step == "" || step[0] == '[' {
		return path + step
	}
	return path + "." + step
}

func (p *Problems) validate(schema *jsonschema.Schema, v any) {
	var e *jsonschema.ValidationError
	if err := schema.Validate(v); errors.As(err, &e) {
		p.leaves(e)
	} else if err != nil {
		p.add("", err.Error())
	}
}

var english = message.NewPrinter(language.English)

// leaves adds the innermost errors, which say what is wrong; those around them only say where in the schema.
func (p *Problems) leaves(e *jsonschema.ValidationError) {
	causes := e.Causes
	switch e.ErrorKind.(type) {
	case *kind.AnyOf, *kind.OneOf:
		// "or null" is all that the published alternatives say: what is not null is wrong by the other alternative.
		others := slices.DeleteFunc(slices.Clone(causes), func(c *jsonschema.ValidationError) bool { return onlyNull(c) })
		if len(others) > 0 {
			causes = others
		}
	}
	if len(causes) == 0 {
		what := e.ErrorKind.LocalizedString(english)
		if _, unevaluated := e.ErrorKind.(*kind.FalseSchema); unevaluated {
			what = "no such property is known"
		}
		p.add(place(e.InstanceLocation), what)
	}
	for _, c := range causes {
		p.leaves(c)
	}
}

func onlyNull(e *jsonschema.ValidationError) bool {
	t, ok := e.ErrorKind.(*kind.Type)
	return ok && slices.Equal(t.Want, []string{"null"})
}

// place writes a location in JSON as values[0].links.self.
func place(location []string) string {
	path := ""
	for _, step := range location {
		if _, err := strconv.Atoi(step); err == nil {
			step = "[" + step + "]"
		}
		path = join(path, step)
	}
	return path
}

func show(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "the value"
	}
	if s := []rune(string(b)); len(s) > 60 {
		return string(s[:60]) + "…"
	}
	return string(b)
}
