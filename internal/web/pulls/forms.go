package pulls

import (
	"cmp"
	"slices"

	"github.com/pailforge/pail/internal/commit"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/web/page"
)

// What a form on something that is said asks for, in the field do.
const (
	doEdit    = "edit"
	doDelete  = "delete"
	doPublish = "publish"
	doResolve = "resolve"
	doReopen  = "reopen"
)

// form is a form of this talk. prefix tells it from the others.
func (t *talk) form(prefix, submit string, to []string, fields ...page.Field) *page.Form {
	f := &page.Form{Action: at(t.repo, t.pr, to...), Submit: submit, CSRF: t.csrf, Stays: true, Fields: fields}
	return f.Apart(prefix)
}

func content(label, value string) page.Field {
	return page.Field{Name: "content.raw", Label: label, Type: "textarea", Rows: 4, Required: true, Value: value, Max: commit.MaxComment}
}

// later is the choice to let others see something later; where they have to, it is none.
func later(must bool) page.Field {
	if must {
		return page.Field{Name: "pending", Type: "hidden", Value: "true"}
	}
	return page.Field{Name: "pending", Label: "Only for me, until I publish it", Type: "checkbox", Value: "true"}
}

// say is the form for a comment on the whole.
func (t *talk) say() *page.Form {
	return t.form("say-", "Comment", []string{"comments"}, content("Comment", ""), later(false))
}

// answer is the form for an answer.
func (t *talk) answer(m *remark) *page.Form {
	return t.form("answer-"+number(m.ID)+"-", "Answer", []string{"comments"}, page.Field{Name: "parent.id", Type: "hidden", Value: number(m.ID)}, content("Answer", ""), later(m.Pending))
}

// onFile is the form for a comment on a file, or on lines of it; nil for who may not, and where there is no file to speak of.
func (t *talk) onFile(c gitstore.Change) *page.Form {
	const submodule = "160000"
	if c.NewMode == submodule || c.New == "" && c.OldMode == submodule {
		return nil
	}
	return t.onPaths(c.Old, c.New, string(c.OldHash), string(c.NewHash))
}

// onPaths is onFile for a file with these names, "" where it is not, that held these contents before and after.
func (t *talk) onPaths(old, now, oldHash, newHash string) *page.Form {
	if !t.takes {
		return nil
	}
	hidden := func(name, value string) page.Field { return page.Field{Name: name, Type: "hidden", Value: value} }
	side := page.Field{Name: "side", Label: "On", Type: "select", Options: []page.Option{{Value: "file", Name: "the file as a whole"}}}
	if now != "" {
		side.Options = append(side.Options, page.Option{Value: "new", Name: "a line after the change"})
	}
	if old != "" {
		side.Options = append(side.Options, page.Option{Value: "old", Name: "a line before the change"})
	}
	return t.form("on-"+short(old+"\x00"+now)+"-", "Comment", []string{"comments"}, hidden("old", old), hidden("new", now), hidden("old_hash", oldHash), hidden("new_hash", newHash), side,
		page.Field{Name: "line", Label: "Line", Type: "number", Min: 1}, page.Field{Name: "start", Label: "First line, of several", Type: "number", Min: 1}, content("Comment", ""), later(false))
}

// Acts are what the visitor can do with a comment.
func (m *remark) Acts() (all []page.Act) {
	t, to := m.talk, []string{"comments", number(m.ID)}
	if !t.takes || m.Deleted {
		return nil
	}
	do := func(what string) page.Field { return page.Field{Name: "do", Type: "hidden", Value: what} }
	add := func(what, name string, f *page.Form) {
		all = append(all, page.Act{ID: what + "-" + number(m.ID), Name: name, Form: f})
	}
	once := func(what, name string) {
		all = append(all, page.Act{Form: t.form("", name, to, do(what)), Once: true})
	}
	own := m.Author.Is(t.r.Principal)
	add("answer", "Answer", t.answer(m))
	switch {
	case !m.Resolvable():
	case m.Settled():
		once(doReopen, "Reopen")
	default:
		once(doResolve, "Resolve")
	}
	if own && m.Pending {
		once(doPublish, "Publish")
	}
	if own {
		add(doEdit, "Edit", t.edit(m))
	}
	add("ask", "Add a task", t.ask(m))
	if own || t.admin {
		f := t.form("", "Delete for good", to, do(doDelete))
		f.Danger = true
		add(doDelete, "Delete", f)
	}
	return all
}

// edit is the form that changes what a comment says.
func (t *talk) edit(m *remark) *page.Form {
	return t.form("edit-"+number(m.ID)+"-", "Save", []string{"comments", number(m.ID)}, page.Field{Name: "do", Type: "hidden", Value: doEdit}, content("Comment", m.Text))
}

// ask is the form for a task: for a comment, or by itself where that is nil.
func (t *talk) ask(m *remark) *page.Form {
	if m == nil {
		return t.form("ask-", "Add the task", []string{"tasks"}, content("Task", ""), later(false))
	}
	return t.form("ask-"+number(m.ID)+"-", "Add the task", []string{"tasks"}, page.Field{Name: "comment.id", Type: "hidden", Value: number(m.ID)}, content("Task", ""), later(m.Pending))
}

// Acts are what the visitor can do with a task.
func (one *todo) Acts() (all []page.Act) {
	t, to := one.talk, []string{"tasks", number(one.ID)}
	if !t.takes {
		return nil
	}
	do := func(what string) page.Field { return page.Field{Name: "do", Type: "hidden", Value: what} }
	own, name, what := one.Creator.Is(t.r.Principal), "Done", doResolve
	if one.Done() {
		name, what = "Open it again", doReopen
	}
	all = append(all, page.Act{Form: t.form("", name, to, do(what)), Once: true})
	if own && one.Pending {
		all = append(all, page.Act{Form: t.form("", "Publish", to, do(doPublish)), Once: true})
	}
	if own {
		all = append(all, page.Act{ID: "edit-task-" + number(one.ID), Name: "Edit", Form: t.editTask(one)})
	}
	if own || t.admin {
		f := t.form("", "Delete for good", to, do(doDelete))
		f.Danger = true
		all = append(all, page.Act{ID: "delete-task-" + number(one.ID), Name: "Delete", Form: f})
	}
	return all
}

// editTask is the form that changes what a task says.
func (t *talk) editTask(one *todo) *page.Form {
	return t.form("edit-task-"+number(one.ID)+"-", "Save", []string{"tasks", number(one.ID)}, page.Field{Name: "do", Type: "hidden", Value: doEdit}, content("Task", one.Text))
}

func sortRemarks(all []*remark) {
	slices.SortFunc(all, func(a, b *remark) int { return cmp.Compare(a.ID, b.ID) })
}
