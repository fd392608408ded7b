package snippets

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/highlight"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/snippet"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/workspace"
)

// errMoved says that the revision which a form began with is gone.
var errMoved = errors.New("snippets: moved")

// fresh is the form for a new snippet.
func fresh(r *page.Request, w *workspace.Workspace) editorPage {
	return editorPage{Heading: "New snippet", Form: r.NewForm(shelf(w, "new"), "Make the snippet", fields("", true)...), Slots: []slot{{Typed: true}}}
}

func (p *Pages) blank(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	return p.renderEditor(r, nil, fresh(r, &w), trail(&w))
}

func (p *Pages) create(r *page.Request, w workspace.Workspace) (page.Answer, error) {
	d, err := p.Snippets.Draft()
	if err != nil {
		return page.Answer{}, err
	}
	defer d.Close()
	content := fresh(r, &w)
	show := func() (page.Answer, error) { return p.renderEditor(r, nil, content, trail(&w)) }
	in, err := receive(r, d)
	if err == nil && !in.more {
		var made *snippet.Snippet
		if made, err = p.make(r, w, d, in); err == nil {
			return r.Done(address(made), "The snippet is made.")
		}
	}
	return again(r, shelf(&w, "new"), &content, in, err, show)
}

// again shows the form once more at its path, with what was sent in it: after it was refused, or because one more file is asked for.
func again(r *page.Request, path string, content *editorPage, in *sent, err error, show func() (page.Answer, error)) (page.Answer, error) {
	r.Form = in.values
	as(r, path)
	content.onward(in)
	if err == nil {
		return show()
	}
	if e, ok := errors.AsType[*rest.Error](err); ok && e.Status == http.StatusRequestEntityTooLarge && e.Fields == nil {
		_ = e.Field("files", "too large") // so that it is shown with the form
	}
	others := content.Form.Problems
	return r.Again(content.Form, err, func() (page.Answer, error) {
		for i := range content.Form.Problems {
			content.Form.Problems[i] = strings.TrimPrefix(strings.TrimPrefix(content.Form.Problems[i], "files: "), "file: ")
		}
		content.Form.Problems = append(content.Form.Problems, others...)
		return show()
	})
}

// make makes a snippet of what was sent.
func (p *Pages) make(r *page.Request, w workspace.Workspace, d *snippet.Draft, in *sent) (*snippet.Snippet, error) {
	if !in.check() {
		return nil, wrongNames()
	}
	for _, f := range in.slots {
		if f.Name != "" {
			if err := d.Put(f.Name, strings.NewReader(f.Text)); err != nil {
				return nil, err
			}
		}
	}
	if d.Empty() {
		return nil, rest.Refuse(reason.ValueInvalid, "Type a file and give it a name, or choose one.")
	}
	title, private := in.values.Get("title"), in.values.Get("is_private") == "true"
	if err := d.Say(&title, &private); err != nil {
		return nil, err
	}
	return p.Snippets.Make(r.Context(), r.Principal, w, d)
}

func wrongNames() error {
	return rest.Refuse(reason.ValueInvalid, "Nothing was changed. See the file that is marked.")
}

// editing is the form for a snippet as it is at a revision.
func (p *Pages) editing(r *page.Request, s *snippet.Snippet, revision gitstore.Hash, slots []slot, unnamed int) editorPage {
	return editorPage{within: of(s), Form: r.NewForm(address(s, "edit"), "Save", seen(s, p.may(r, access.Admin))...), At: revision, Slots: slots, Unnamed: unnamed}
}

func (p *Pages) edit(r *page.Request, s *snippet.Snippet) (page.Answer, error) {
	at, now, unnamed, err := p.newest(r, s)
	if err != nil {
		return page.Answer{}, err
	}
	return p.renderEditor(r, s, p.editing(r, s, at, begun(now), unnamed), nil)
}

func (p *Pages) change(r *page.Request, s *snippet.Snippet) (page.Answer, error) {
	d, err := p.Snippets.Draft()
	if err != nil {
		return page.Answer{}, err
	}
	defer d.Close()
	in, err := receive(r, d)
	at, base, unnamed, fault := p.begin(r, s, in)
	if fault != nil {
		return page.Answer{}, fault
	}
	switch {
	case err != nil || in.more:
	case base == nil: // the revision that it began with is gone
		err = errMoved
	default:
		if err = p.save(r, s, d, in, base, at); err == nil {
			return r.Done(address(s), "The snippet is saved.")
		}
	}
	if snippet.Outdated(err) || errors.Is(err, errMoved) {
		var now map[string]version
		if at, now, unnamed, fault = p.newest(r, s); fault != nil {
			return page.Answer{}, fault
		}
		in.slots = rebase(in.slots, base, now)
		err = rest.Refuse(reason.ConflictState, "Somebody has changed the files since you began. Nothing of yours is lost: below is what you have typed, with what the others have done beside it. Look through it, and save once more.")
	}
	in.follow(s)
	content := p.editing(r, s, at, nil, unnamed)
	for i := range in.slots { // what no form sends
		if f := &in.slots[i]; !f.Typed && f.Facts == "" {
			f.Facts = base[f.Was].slot().Facts
		}
	}
	return again(r, address(s, "edit"), &content, in, err, func() (page.Answer, error) { return p.renderEditor(r, s, content, nil) })
}

// begin finds what the form began with: a revision, and its files; nil where that is no longer there.
func (p *Pages) begin(r *page.Request, s *snippet.Snippet, in *sent) (at gitstore.Hash, base map[string]version, unnamed int, err error) {
	if at = gitstore.Hash(in.values.Get("at")); !at.Valid() {
		return "", nil, 0, rest.InvalidField("at", "the form does not say which revision it began with")
	}
	revision, err := p.Snippets.Revision(r.Context(), s, string(at))
	if e, ok := errors.AsType[*rest.Error](err); ok && e.Status == http.StatusNotFound {
		return at, nil, 0, nil
	}
	if err != nil {
		return "", nil, 0, err
	}
	base, unnamed, err = p.versions(r, s, revision)
	return at, base, unnamed, err
}

// newest are the files of the newest revision.
func (p *Pages) newest(r *page.Request, s *snippet.Snippet) (at gitstore.Hash, now map[string]version, unnamed int, err error) {
	revision, err := p.Snippets.Revision(r.Context(), s, "")
	if err != nil {
		return "", nil, 0, err
	}
	now, unnamed, err = p.versions(r, s, revision)
	return revision.Hash, now, unnamed, err
}

// follow has what was only seen of a snippet, and not changed, follow what it is now.
func (in *sent) follow(s *snippet.Snippet) {
	if in.values.Get("title") == in.values.Get("seen_title") {
		in.values.Set("title", s.Title)
	}
	if in.values.Get("is_private") == "true" == (in.values.Get("seen_private") == "true") {
		in.values.Set("is_private", strconv.FormatBool(s.Private))
	}
}

// save does what was sent to the snippet, whose files were base at a revision. What was only seen is not touched.
func (p *Pages) save(r *page.Request, s *snippet.Snippet, d *snippet.Draft, in *sent, base map[string]version, at gitstore.Hash) error {
	if !in.check() {
		return wrongNames()
	}
	for _, f := range in.slots {
		if err := apply(r, s, d, f, base); err != nil {
			return err
		}
	}
	var title *string
	var private *bool
	if sent := in.values.Get("title"); sent != in.values.Get("seen_title") {
		if title = &sent; s.Title != in.values.Get("seen_title") && s.Title != sent {
			return rest.InvalidField("title", "somebody has changed it to “"+highlight.Visible(s.Title)+"” meanwhile: save once more to put yours in its place")
		}
	}
	if sent := in.values.Get("is_private") == "true"; in.values.Has("seen_private") && sent != (in.values.Get("seen_private") == "true") {
		private = &sent
	}
	if title == nil && private == nil && d.Empty() {
		return nil
	}
	if err := d.Say(title, private); err != nil {
		return err
	}
	_, err := p.Snippets.Change(r.Context(), r.Principal, s, d, at)
	return err
}

// apply does to one file what its slot says.
func apply(r *page.Request, s *snippet.Snippet, d *snippet.Draft, f slot, base map[string]version) error {
	was, known := base[f.Was]
	switch {
	case known && f.Gone:
		d.Drop(f.Was)
		return nil
	case f.Gone, f.Name == "":
		return nil
	case !known:
		return d.Put(f.Name, strings.NewReader(f.Text))
	case f.Name != f.Was && f.changed(was):
		return d.Move(r.Context(), s, was.File, f.Name, strings.NewReader(f.contents(was)))
	case f.Name != f.Was:
		return d.Move(r.Context(), s, was.File, f.Name, nil)
	case f.changed(was):
		return d.Put(f.Name, strings.NewReader(f.contents(was)))
	}
	return nil
}

// confirm asks before a snippet is deleted.
func (p *Pages) confirm(r *page.Request, s *snippet.Snippet) (page.Answer, error) {
	f := r.NewForm(address(s, "delete"), "Delete the snippet")
	f.Danger = true
	return p.render(r, s, "delete", "delete", "Delete · "+name(s), struct {
		within
		Form *page.Form
	}{of(s), f})
}

func (p *Pages) delete(r *page.Request, s *snippet.Snippet) (page.Answer, error) {
	if err := p.Snippets.Delete(r.Context(), s); err != nil {
		return page.Answer{}, err
	}
	return r.Done(shelf(&s.Workspace), "The snippet is deleted.")
}
