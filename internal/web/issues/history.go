package issues

import (
	"errors"
	"html/template"
	"strconv"

	"github.com/pailforge/pail/internal/issue"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
)

// maxEntries is how much of what happened to an issue its page shows, the newest.
const maxEntries = 500

// entry is one thing that happened to an issue.
type entry struct {
	issue.Entry
	Steps []step
	HTML  template.HTML // of what was said
	Acts  []page.Act
	edit  *page.Form // the one of Acts that changes the text; nil
}

// Edited tells whether a comment says something else than it did.
func (e *entry) Edited() bool { return e.Said != nil && e.Said.Updated.After(e.Said.Created) }

// step is what somebody did: words, and what they are about.
type step struct{ Does, From, To string } // "" for nothing

// changed are the fields of an issue in the order in which their changes are told, with what they are called.
var changed = []struct{ field, name string }{{"title", "title"}, {"state", "state"}, {"assignee", "assignee"}, {"kind", "kind"}, {"priority", "priority"},
	{"component", "component"}, {"milestone", "milestone"}, {"version", "version"}, {"content", "description"}}

// steps are the changes of an entry, in words.
func steps(e *issue.Entry) (all []step) {
	for _, f := range changed {
		change, ok := e.Changes[f.field]
		switch {
		case !ok:
		case f.field == "content":
			all = append(all, step{Does: "changed the description"})
		case change.Old == "":
			all = append(all, step{Does: "set the " + f.name, To: change.New})
		case change.New == "":
			all = append(all, step{Does: "took away the " + f.name, From: change.Old})
		default:
			all = append(all, step{"changed the " + f.name, change.Old, change.New})
		}
	}
	return all
}

// history adds what happened to an issue, and its description.
func (p *Pages) history(r *page.Request, repo *repository.Repository, content *showPage) error {
	all, more, err := p.Issues.History(r.Context(), content.Issue, maxEntries)
	if err != nil {
		return err
	}
	content.Earlier = more
	written := []string{content.Content}
	for k := range all {
		if m := all[k].Said; m != nil {
			written = append(written, m.Text)
		}
	}
	texts, err := p.Issues.Written(r.Context(), repo, written...)
	if err != nil {
		return err
	}
	if content.Content != "" {
		content.Text = texts.Of(content.Content)
	}
	takes := r.Self != nil && page.May(r, p.Issues.TakesPart())
	for k := range all {
		e := &entry{Entry: all[k], Steps: steps(&all[k])}
		if m := e.Said; m != nil {
			e.HTML = texts.Of(m.Text)
			if takes {
				e.acts(r, p, repo, content.Issue)
			}
		} else if len(e.Steps) == 0 {
			continue // what was said with it is deleted
		}
		content.Entries = append(content.Entries, e)
	}
	return nil
}

func text(label, value string, required bool) page.Field {
	return page.Field{Name: "content.raw", Label: label, Type: "textarea", Rows: 5, Required: required, Value: value, Max: issue.MaxContent}
}

// acts adds what the visitor can do with a comment.
func (e *entry) acts(r *page.Request, p *Pages, repo *repository.Repository, i *issue.Issue) {
	id := number(e.Said.ID)
	to, do := at(repo, i, "comments", id), func(what string) page.Field { return page.Field{Name: "do", Type: "hidden", Value: what} }
	if e.Said.Who.Is(r.Principal) {
		e.edit = r.NewForm(to, "Save", do("edit"), text("Comment", e.Said.Text, true)).Apart("edit-" + id + "-")
		e.Acts = append(e.Acts, page.Act{ID: "edit-" + id, Name: "Edit", Form: e.edit})
	}
	if p.Issues.MayUnsay(r.Context(), r.Principal, repo, e.Said) == nil {
		f := r.NewForm(to, "Delete for good", do("delete"))
		f.Danger = true
		e.Acts = append(e.Acts, page.Act{ID: "delete-" + id, Name: "Delete", Form: f})
	}
}

// saying is the form for a comment; who may change the issue changes its state with it.
func saying(r *page.Request, repo *repository.Repository, i *issue.Issue, changes bool) *page.Form {
	f := r.NewForm(at(repo, i, "comments"), "Comment", text("Comment", "", !changes))
	if changes {
		state := page.Field{Name: "state", Label: "State", Type: "select", Options: []page.Option{{Name: "stays " + i.State}}}
		for _, s := range issue.States {
			if s != i.State {
				state.Options = append(state.Options, page.Option{Value: s, Name: "becomes " + s})
			}
		}
		f.Fields, f.Submit = append(f.Fields, state), "Comment or change"
	}
	return f.Apart("say-")
}

// comment makes a comment, changes the state, or both.
func (p *Pages) comment(r *page.Request, repo *repository.Repository, i *issue.Issue) (page.Answer, error) {
	said, state := page.Lines(r.Form.Get("content.raw")), r.Form.Get("state")
	to, sentence := "", "Your comment is there."
	var err error
	if state == "" {
		var m *issue.Comment
		if m, err = p.Issues.Say(r.Context(), r.Principal, repo, i, said); err == nil {
			to = "#comment-" + number(m.ID)
		}
	} else {
		var made *issue.Change
		if _, made, err = p.Issues.Change(r.Context(), r.Principal, repo, i, issue.Edit{State: &state}, &said); err == nil {
			to, sentence = "#change-"+number(made.ID), "The issue is "+state+"."
			if made.Message != "" {
				to = "#comment-" + number(made.ID)
			}
		}
	}
	if err == nil {
		return r.Done(at(repo, i)+to, sentence)
	}
	if e, ok := errors.AsType[*rest.Error](err); ok && e.Fields["message.raw"] != nil {
		e.Fields["content.raw"] = e.Fields["message.raw"]
	}
	return p.again(r, repo, i, err, func(s *showPage) *page.Form { return s.Say })
}

// onComment does with a comment what its form says.
func (p *Pages) onComment(r *page.Request, repo *repository.Repository, i *issue.Issue) (page.Answer, error) {
	id, err := strconv.ParseInt(r.PathValue("comment"), 10, 64)
	if err != nil {
		return page.Answer{}, notNumber("Comments")
	}
	m, err := p.Issues.Said(r.Context(), i, id)
	if err != nil {
		return page.Answer{}, err
	}
	switch r.Form.Get("do") {
	case "edit":
		if err = p.Issues.Reword(r.Context(), r.Principal, repo, i, m, page.Lines(r.Form.Get("content.raw"))); err == nil {
			return r.Done(at(repo, i)+"#comment-"+number(m.ID), "The comment is changed.")
		}
	case "delete":
		if err = p.Issues.Unsay(r.Context(), r.Principal, repo, i, m); err == nil {
			return r.Done(at(repo, i), "The comment is deleted.")
		}
		return page.Answer{}, err
	default:
		return page.Answer{}, rest.InvalidField("do", "edit or delete it")
	}
	return p.again(r, repo, i, err, func(s *showPage) *page.Form {
		for _, e := range s.Entries {
			if e.ID == m.ID {
				return e.edit
			}
		}
		return nil
	})
}
