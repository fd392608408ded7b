package wikis

import (
	"errors"
	"html/template"
	"strings"

	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/wiki"
)

// editPage is what the editor shows.
type editPage struct {
	within
	Was      string // the name of the page; "" for a new one
	Page     string // address to go back to
	Form     *page.Form
	Preview  string // where a preview comes from
	Shown    template.HTML
	Delete   *page.Form // nil for a new page
	Conflict bool       // somebody else has edited the page meanwhile, or deleted it
	Theirs   string     // address of the page as it is now; "" where it is gone
	Changes  template.HTML
}

// editor is the editor of a page, with what stands in it. was is the name of the page, "" for a new one; base the revision in which it was seen.
func (p *Pages) editor(r *page.Request, w *wiki.Wiki, was, path, text, message, base string) (*editPage, error) {
	content := &editPage{within: around(w), Was: was, Page: address(w, "", "", ""), Preview: address(w, "preview", "", "")}
	action := address(w, "new", "", "")
	if was != "" {
		action, content.Page = address(w, "edit", was, ""), address(w, "page", was, "")
	}
	content.Form = r.NewForm(action, "Save",
		page.Field{Name: "was", Type: "hidden", Value: was}, page.Field{Name: "revision", Type: "hidden", Value: base},
		page.Field{Name: "path", Label: "Name", Value: path, Required: true, Max: 255, Help: "With the end .md for Markdown. A slash makes a directory: docs/Setup.md."},
		page.Field{Name: "text", Label: "Text", Type: "textarea", Value: text, Max: wiki.MaxText, Rows: 20, Required: true},
		page.Field{Name: "message", Label: "What you changed", Value: message, Max: 500})
	name := path
	if !wiki.ValidName(name) {
		name = wiki.Start
	}
	if len(text) <= wiki.MaxText && strings.TrimSpace(text) != "" {
		commit, err := p.Wikis.At(r.Context(), w, "")
		if err == nil {
			content.Shown, err = p.Wikis.Preview(r.Context(), rest.URLs{}, w, commit, name, "", text)
		}
		if err != nil {
			return nil, err
		}
	}
	if was != "" {
		content.Delete = r.NewForm(address(w, "delete", was, ""), "Delete the page", page.Field{Name: "revision", Type: "hidden", Value: base}).Apart("delete-")
		content.Delete.Danger = true
	}
	return content, nil
}

func (p *Pages) renderEditor(r *page.Request, w *wiki.Wiki, content *editPage) (page.Answer, error) {
	title := "New page"
	if content.Was != "" {
		title = "Edit " + label(content.Was)
	}
	return p.render(r, w, "edit", title, content)
}

func (p *Pages) new(r *page.Request, w *wiki.Wiki) (page.Answer, error) {
	path := r.URL.Query().Get("path")
	if path == "" && w.Head == "" {
		path = wiki.Start
	}
	content, err := p.editor(r, w, "", path, "", "", "")
	if err != nil {
		return page.Answer{}, err
	}
	return p.renderEditor(r, w, content)
}

func (p *Pages) edit(r *page.Request, w *wiki.Wiki) (page.Answer, error) {
	found, err := p.Wikis.Page(r.Context(), w, r.PathValue("page"), "")
	if err != nil {
		return page.Answer{}, err
	}
	if !found.Shown {
		return page.Answer{}, rest.Refuse(reason.ConflictState, "The page is too long to be edited here, or no text in UTF-8. Edit it in a clone of the wiki.")
	}
	content, err := p.editor(r, w, found.Path, found.Path, found.Text, "", string(found.Commit.Hash))
	if err != nil {
		return page.Answer{}, err
	}
	return p.renderEditor(r, w, content)
}

// sent is what came from the editor.
func sent(r *page.Request) (path, text, message, base string) {
	text = strings.ReplaceAll(r.Form.Get("text"), "\r\n", "\n")
	return strings.TrimSpace(r.Form.Get("path")), text, strings.TrimSpace(strings.ReplaceAll(r.Form.Get("message"), "\r\n", "\n")), r.Form.Get("revision")
}

// preview shows the editor again, with what its text means.
func (p *Pages) preview(r *page.Request, w *wiki.Wiki) (page.Answer, error) {
	path, text, message, base := sent(r)
	was := r.Form.Get("was")
	if was != "" && !wiki.ValidName(was) {
		return page.Answer{}, rest.Refuse(reason.WikiPageName, "")
	}
	content, err := p.editor(r, w, was, path, text, message, base)
	if err != nil {
		return page.Answer{}, err
	}
	return p.renderEditor(r, w, content)
}

func (p *Pages) create(r *page.Request, w *wiki.Wiki) (page.Answer, error) {
	path, text, message, _ := sent(r)
	ended := withEnd(text)
	made, _, err := p.Wikis.Save(r.Context(), r.Principal, w, wiki.Edit{Path: path, Text: &ended, Message: message})
	if e, ok := errors.AsType[*rest.Error](err); ok && e.Reason == reason.WikiEdited && !r.WantsJSON() {
		err = rest.InvalidField("path", "there is a page of this name already: choose another one, or edit that page")
	}
	if err != nil {
		return p.again(r, w, "", err)
	}
	return r.Done(address(w, "page", made.Path, ""), "The page is made.")
}

// withEnd is a text that ends with a line break, as files do.
func withEnd(text string) string {
	if text == "" || strings.HasSuffix(text, "\n") {
		return text
	}
	return text + "\n"
}

// again shows the editor once more after what it sent was refused.
func (p *Pages) again(r *page.Request, w *wiki.Wiki, was string, err error) (page.Answer, error) {
	path, text, message, base := sent(r)
	if e, ok := errors.AsType[*rest.Error](err); ok { // fields of the API by the names that they have here
		if said := e.Fields["content.raw"]; said != nil {
			e.Fields["text"] = said
		}
		if e.Reason == reason.WikiPageName || e.Reason == reason.ConflictExists {
			detail, _ := e.Detail.(string)
			e.Fields = map[string][]string{"path": {detail}}
		}
	}
	content, failed := p.editor(r, w, was, path, text, message, base)
	if failed != nil {
		return page.Answer{}, failed
	}
	return r.Again(content.Form, err, func() (page.Answer, error) { return p.renderEditor(r, w, content) })
}

func (p *Pages) save(r *page.Request, w *wiki.Wiki) (page.Answer, error) {
	name := r.PathValue("page")
	path, text, message, base := sent(r)
	ended := withEnd(text)
	if seen, err := p.Wikis.Page(r.Context(), w, name, ""); err == nil && seen.Text == text {
		ended = text // nothing was changed, also not the end
	}
	saved, _, err := p.Wikis.Save(r.Context(), r.Principal, w, wiki.Edit{Path: name, To: path, Text: &ended, Message: message, Base: base})
	if e, ok := errors.AsType[*rest.Error](err); ok && e.Reason == reason.WikiEdited {
		return r.Explained(e, func() (page.Answer, error) { return p.conflict(r, w, name, e) })
	}
	if err != nil {
		return p.again(r, w, name, err)
	}
	return r.Done(address(w, "page", saved.Path, ""), "The page is saved.")
}

// conflict shows what somebody else has made of the page meanwhile, above the editor with what was to be saved. Who saves once more has
// seen it.
func (p *Pages) conflict(r *page.Request, w *wiki.Wiki, name string, e *rest.Error) (page.Answer, error) {
	path, text, message, base := sent(r)
	now, _ := e.Data["revision"].(string)
	if now == "" { // what was deleted can be made anew
		content, err := p.editor(r, w, "", path, text, message, "")
		if err != nil {
			return page.Answer{}, err
		}
		content.Conflict = true
		return p.renderEditor(r, w, content)
	}
	content, err := p.editor(r, w, name, path, text, message, now)
	if err != nil {
		return page.Answer{}, err
	}
	content.Conflict, content.Theirs = true, address(w, "page", name, "")
	if gitstore.Hash(base).Valid() && base != now {
		// Of a revision that is gone nobody can say what changed since; the page as it is now is enough then.
		if b, err := p.Wikis.Difference(r.Context(), w, name, base, now); err == nil {
			if content.Changes, err = p.Code.Files(r, w.ID, b.DiffQuery); err != nil {
				return page.Answer{}, err
			}
		}
	}
	return p.renderEditor(r, w, content)
}

func (p *Pages) delete(r *page.Request, w *wiki.Wiki) (page.Answer, error) {
	name := r.PathValue("page")
	if err := p.Wikis.Remove(r.Context(), r.Principal, w, name, r.Form.Get("revision")); err != nil {
		return page.Answer{}, err
	}
	return r.Done(address(w, "", "", ""), "The page "+name+" is deleted. Its history stays.")
}
