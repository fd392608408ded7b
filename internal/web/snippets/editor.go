package snippets

import (
	"bytes"
	"errors"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/highlight"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/snippet"
	"github.com/pailforge/pail/internal/web/page"
)

// Limits of the editor. What is beyond them is not typed: it can be chosen, renamed and deleted.
const (
	maxTyped = 256 << 10 // bytes of the text of one file
	maxTexts = 2 << 20   // of all texts together
	maxSlots = 300       // files, those that are there and new ones
	maxValue = 8 << 10   // bytes of every other field
)

// slot is one file in the editor.
type slot struct {
	Was   string // its name in the snippet; "" for a new file
	Name  string
	Text  string
	Typed bool // its text can be changed here
	Gone  bool // it is to be deleted
	Facts string

	verbatim bool // the text was chosen, with the line ends that it has

	Problem string
	// Note says what somebody else has done to the file meanwhile, and Theirs what it holds now, where Met is set.
	Note   string
	Met    bool
	Theirs string
	Focus  bool // where one goes on
}

// Title is what the file is called above its fields.
func (f slot) Title() string {
	if f.Was == "" {
		return "New file"
	}
	return highlight.Visible(f.Was)
}

// Rows is the height of the text, in lines.
func (f slot) Rows() int { return min(max(strings.Count(f.Text, "\n")+2, 8), 30) }

// editorPage is the form that a snippet is made and changed with.
type editorPage struct {
	within         // of the snippet that is changed; empty for a new one
	Heading string // of a new one
	Form    *page.Form
	At      gitstore.Hash // the revision that it began with; "" for a new one
	Slots   []slot
	Unnamed int // files that are there and whose names no form can hold
}

// sent is what the form has sent.
type sent struct {
	values  url.Values // all but the files
	slots   []slot
	uploads []upload
	more    bool // one more file is asked for, and nothing else

	numbered map[int]*slot // while it is read: what becomes slots
	chosen   []slot        // files that were chosen, and are texts
	texts    int           // bytes of all texts
}

// upload is a file that was chosen, and is no text that could be typed.
type upload struct{ name string }

// receive reads the form as far as it can be read; err says the first thing that is wrong with it. Files that were chosen come back as
// if they were typed where they are text; others go into the draft.
func receive(r *page.Request, d *snippet.Draft) (in *sent, err error) {
	in = &sent{values: url.Values{}, numbered: map[int]*slot{}}
	for {
		part, ended := r.Parts.Next()
		if errors.Is(ended, io.EOF) {
			break
		}
		if ended != nil {
			err = ended
			break
		}
		if wrong := in.part(part, d); wrong != nil && err == nil {
			err = wrong
		}
	}
	for n := range maxSlots {
		if f := in.numbered[n]; f != nil {
			in.slots = append(in.slots, *f)
		}
	}
	in.more = in.values.Get("do") == "more"
	for _, f := range in.chosen {
		in.place(f)
	}
	for _, up := range in.uploads { // it takes the place of what was there
		for i := range in.slots {
			if old := &in.slots[i]; old.Was == up.name && old.Name == up.name {
				old.Text, old.Typed, old.Gone = "", false, false
			}
		}
	}
	return in, err
}

// part reads one part of the form.
func (in *sent) part(part *rest.Part, d *snippet.Draft) error {
	switch part.Name {
	case "files":
		if part.File == "" { // none was chosen
			return nil
		}
		if len(in.chosen)+len(in.uploads) >= maxSlots {
			return tooMany()
		}
		return in.take(part, d)
	case "title", "is_private", "at", "seen_title", "seen_private", "do":
		value, err := limited(part, maxValue)
		in.values.Set(part.Name, value)
		return err
	}
	name, digits, _ := strings.Cut(part.Name, "-")
	n, err := strconv.Atoi(digits)
	if err != nil {
		return nil
	}
	if n < 0 || n >= maxSlots {
		return tooMany()
	}
	limit := maxValue
	if name == "text" {
		limit = min(2*maxTyped, maxTexts-in.texts)
	}
	value, err := limited(part, limit)
	if err != nil {
		return err
	}
	if in.numbered[n] == nil {
		in.numbered[n] = &slot{}
	}
	switch f := in.numbered[n]; name {
	case "was":
		f.Was = value
	case "name":
		f.Name = strings.TrimSpace(value)
	case "gone":
		f.Gone = value == "true"
	case "text":
		f.Text, f.Typed = plain(value), true
		in.texts += len(value)
	}
	return nil
}

func tooMany() error {
	return rest.Refusef(reason.ValueInvalid, "This form takes at most %d files. Use Git for more.", maxSlots)
}

// place puts a file that was chosen where one of its name stands, or beside the others.
func (in *sent) place(f slot) {
	for i := range in.slots {
		if old := &in.slots[i]; old.Name == f.Name && old.Was != "" && !old.Gone {
			old.Text, old.Typed, old.verbatim = f.Text, true, true
			return
		}
	}
	for i := range in.slots {
		if old := &in.slots[i]; old.Was == "" && old.Name == "" && strings.TrimSpace(old.Text) == "" {
			*old = f
			return
		}
	}
	in.slots = append(in.slots, f)
}

// take reads a file that was chosen: as a text, or else into the draft.
func (in *sent) take(part *rest.Part, d *snippet.Draft) error {
	limit := max(min(maxTyped, maxTexts-in.texts), 0)
	head, err := io.ReadAll(io.LimitReader(part, int64(limit)+1))
	if err != nil {
		return rest.BodyError(err)
	}
	if len(head) <= limit && isText(head) {
		in.texts += len(head)
		in.chosen = append(in.chosen, slot{Name: part.File, Text: string(head), Typed: true, verbatim: true})
		return nil
	}
	in.uploads = append(in.uploads, upload{part.File})
	return d.Put(part.File, io.MultiReader(bytes.NewReader(head), part))
}

// limited reads the value of a field.
func limited(part *rest.Part, limit int) (string, error) {
	data, err := io.ReadAll(io.LimitReader(part, int64(limit)+1))
	if err != nil {
		return "", rest.BodyError(err)
	}
	if len(data) > limit {
		return "", rest.Refusef(reason.BodyTooLarge, "A text that is typed has at most %d KiB, and all together %d KiB. Choose a larger one as a file.", maxTyped>>10, maxTexts>>10)
	}
	if !utf8.Valid(data) {
		return "", rest.Refuse(reason.BodyMalformed, "A field of the form is not UTF-8.")
	}
	return string(data), nil
}

// isText tells whether a form can hold data and give it back.
func isText(data []byte) bool { return utf8.Valid(data) && !bytes.ContainsRune(data, 0) }

// plain is a text with the line ends of files in place of those that forms send.
func plain(text string) string { return strings.ReplaceAll(lines(text), "\r", "\n") }

// version is a file as it is in a revision.
type version struct {
	snippet.File
	text  string
	typed bool
}

// versions are the files of a revision that a form can hold, by name, with their texts as far as those can be typed. unnamed is the
// number of the others.
func (p *Pages) versions(r *page.Request, s *snippet.Snippet, revision *gitstore.Commit) (all map[string]version, unnamed int, err error) {
	list, err := p.Snippets.Files(r.Context(), s, revision)
	if err != nil {
		return nil, 0, err
	}
	all = make(map[string]version, len(list))
	texts := int64(0)
	for _, f := range list {
		if !utf8.ValidString(f.Path) {
			unnamed++
			continue
		}
		v := version{File: f}
		if f.Info.Size <= maxTyped && !f.Info.Binary && texts+f.Info.Size <= maxTexts {
			data, ok, err := p.Snippets.Bytes(r.Context(), s, f, maxTyped)
			if err != nil {
				return nil, 0, err
			}
			if ok && isText(data) {
				v.text, v.typed = string(data), true
				texts += f.Info.Size
			}
		}
		all[f.Path] = v
	}
	return all, unnamed, nil
}

// changed tells whether somebody has typed or chosen another text than the file had.
func (f slot) changed(before version) bool {
	switch {
	case !f.Typed:
		return false
	case !before.typed:
		return true
	case f.verbatim:
		return f.Text != before.text
	}
	return f.Text != plain(before.text)
}

// contents is the text, with the line ends that the file had.
func (f slot) contents(before version) string {
	if n := strings.Count(before.text, "\n"); !f.verbatim && n > 0 && n == strings.Count(before.text, "\r\n") {
		return strings.ReplaceAll(f.Text, "\n", "\r\n")
	}
	return f.Text
}

// slot is a file as the editor begins with it.
func (v version) slot() slot {
	f := slot{Was: v.Path, Name: v.Path, Text: plain(v.text), Typed: v.typed}
	switch {
	case v.Info.Binary:
		f.Facts = "A binary file."
	case !v.typed:
		f.Facts = "It is not a text that can be typed here."
	}
	return f
}

// begun are the files of a revision as the editor begins with them, in the order of their names.
func begun(all map[string]version) (slots []slot) {
	for _, v := range all {
		slots = append(slots, v.slot())
	}
	slices.SortFunc(slots, func(a, b slot) int { return strings.Compare(a.Was, b.Was) })
	return slots
}

// fields are those beside the files of a new snippet.
func fields(title string, private bool) []page.Field {
	return []page.Field{{Name: "title", Label: "Title", Max: 255, Value: title},
		{Name: "is_private", Label: "Private", Type: "checkbox", Value: "true", Checked: private, Help: "Only members of the workspace see it. Otherwise everybody does."}}
}

// seen are the same of a snippet that is there, with what the form began with. may: the visitor may choose who sees it.
func seen(s *snippet.Snippet, may bool) []page.Field {
	all := append(fields(s.Title, s.Private), page.Field{Name: "seen_title", Type: "hidden", Value: s.Title}, page.Field{Name: "seen_private", Type: "hidden", Value: strconv.FormatBool(s.Private)})
	if !may {
		return []page.Field{all[0], all[2]}
	}
	return all
}

// renderEditor shows the form.
func (p *Pages) renderEditor(r *page.Request, s *snippet.Snippet, content editorPage, w []page.Link) (page.Answer, error) {
	if s == nil {
		return r.Render(templates, page.View{Template: "editor", Title: content.Heading, Section: "workspaces", Trail: w, Content: content})
	}
	return p.render(r, s, "editor", "edit", "Edit · "+name(s), content)
}

// onward gives the form one more file, and what was sent. Files that were chosen and are no text have to be chosen again: a page can
// not hold them.
func (content *editorPage) onward(in *sent) {
	content.Slots = in.slots
	content.Form.Fill(in.values)
	if in.more && len(content.Slots) < maxSlots {
		content.Slots = append(content.Slots, slot{Typed: true, Focus: true})
	}
	for _, up := range in.uploads {
		content.Form.Problems = append(content.Form.Problems, "choose the file "+strings.ReplaceAll(highlight.Visible(up.name), "`", "'")+" again: it is not kept while the form is open")
	}
}

// check marks what is wrong with the names, which a form says better than the API does: the first place where it is wrong, and not
// just that it is.
func (in *sent) check() (fine bool) {
	fine = true
	taken := map[string]bool{}
	for _, up := range in.uploads {
		taken[up.name] = true
	}
	for i := range in.slots {
		f := &in.slots[i]
		switch {
		case f.Gone, f.Was == "" && f.Name == "" && strings.TrimSpace(f.Text) == "":
			continue
		case f.Name == "":
			f.Problem = "give the file a name"
		case !gitstore.ValidPath(f.Name):
			f.Problem = "this cannot be the name of a file"
		case taken[f.Name] && f.Was == f.Name && !f.Typed: // one takes the place of the other
		case taken[f.Name]:
			f.Problem = "another file here has this name"
		}
		taken[f.Name] = true
		fine = fine && f.Problem == ""
	}
	return fine
}
