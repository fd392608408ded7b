package page

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/rest"
)

// Field is one input of a form.
type Field struct {
	Name, Label, Help string
	Type              string // as of the input element, or textarea, select, checkbox, hidden; "": text; "file" takes several
	Autocomplete      string
	Value             string // never a password
	Placeholder       string
	Required          bool
	Checked           bool // of a checkbox, whose Value is sent when it is
	Min, Max          int  // length in characters, or the range of a number; 0: not bounded here
	Rows              int  // of a textarea
	Options           []Option
	Problems          []string
	Direction         string // "ltr" for what is never written from right to left, such as an e-mail

	apart string // see Form.Apart
}

// ID names the field on the page.
func (f Field) ID() string { return f.apart + f.Name }

// Option is one choice of a select.
type Option struct {
	Value, Name string
	Selected    bool
}

// Form is a form that is sent with POST.
type Form struct {
	Action string // a path
	Submit string // the words on the button
	Danger bool   // it takes something away
	Stays  bool   // where scripts run, whoever sends it stays on the page
	Drop   bool   // where scripts run, files that are dropped on the page are sent with it
	CSRF   string
	Fields []Field
	// Problems are about the form as a whole.
	Problems []string
}

// NewForm is a form of this visitor's.
func (r *Request) NewForm(action, submit string, fields ...Field) *Form {
	return &Form{Action: action, Submit: submit, CSRF: r.CSRF(), Fields: fields}
}

// Apart has the form stand on a page beside others with the same fields: prefix tells them apart.
func (f *Form) Apart(prefix string) *Form {
	for i := range f.Fields {
		f.Fields[i].apart = prefix
	}
	return f
}

// Files tells whether the form sends files, to a page that Upload has added.
func (f *Form) Files() bool {
	return slices.ContainsFunc(f.Fields, func(one Field) bool { return one.Type == "file" })
}

// Invalid reports whether something is wrong with what was sent.
func (f *Form) Invalid() bool {
	for _, one := range f.Fields {
		if len(one.Problems) > 0 {
			return true
		}
	}
	return len(f.Problems) > 0
}

// Act is something that a visitor can do with one thing of several on a page: a form that opens, or, at Once, a button.
type Act struct {
	ID   string // of what opens
	Name string // what is clicked on to open it
	Form *Form
	Once bool
	Line bool // it takes a line of a file
}

// Lines is a text from a form with the line ends that files have.
func Lines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// Fill puts what was sent into the fields again. Passwords are left out.
func (f *Form) Fill(sent url.Values) *Form {
	for i := range f.Fields {
		one := &f.Fields[i]
		switch one.Type {
		case "password", "hidden":
		case "checkbox":
			one.Checked = false
			for _, v := range sent[one.Name] {
				one.Checked = one.Checked || v == one.Value
			}
		case "select":
			for j := range one.Options {
				one.Options[j].Selected = one.Options[j].Value == sent.Get(one.Name)
			}
		default:
			one.Value = sent.Get(one.Name)
		}
	}
	return f
}

// Again shows a form once more after what was sent in it was refused: page renders it, with what is wrong at the fields
// that are to blame, or above the form when none is. What was asked for that is not there (404, 410) and faults of the
// server are error pages. For those who ask for JSON it is the refusal itself.
func (r *Request) Again(f *Form, err error, page func() (Answer, error)) (Answer, error) {
	e, ok := errors.AsType[*rest.Error](err)
	if !ok || r.WantsJSON() || len(e.Fields) == 0 && !slices.Contains([]int{400, 401, 403, 409, 429}, e.Status) {
		return Answer{}, err
	}
	f.Fill(r.Form)
	blamed := 0
	for i := range f.Fields {
		f.Fields[i].Problems = e.Fields[f.Fields[i].Name]
		blamed += len(f.Fields[i].Problems)
	}
	if blamed == 0 {
		text, ok := e.Detail.(string)
		if !ok || text == "" {
			text = e.Message
		}
		f.Problems = []string{text}
	}
	return r.Explained(e, page)
}
