package snippets

import (
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/commit"
	"github.com/pailforge/pail/internal/markup"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/snippet"
	"github.com/pailforge/pail/internal/web/page"
)

// maxTalk is how many comments of one snippet its page shows, the newest.
const maxTalk = 1000

// talk is what is said of a snippet, for one visitor.
type talk struct {
	r     *page.Request
	s     *snippet.Snippet
	csrf  string
	takes bool // the visitor may say something
	admin bool // and take away what others have said

	Remarks []*remark // that answer none
	More    bool      // comments than are shown
}

// remark is a comment with what answers it.
type remark struct {
	*snippet.Comment
	Answers []*remark
	talk    *talk
}

// HTML is the text of a comment.
func (m *remark) HTML() template.HTML {
	shown, err := markup.Markdown([]byte(m.Text), markup.Options{})
	if err != nil { // it is too large
		return template.HTML(template.HTMLEscapeString(m.Text))
	}
	return shown
}

// Edited tells whether a comment says something else than it did.
func (m *remark) Edited() bool { return !m.Deleted && m.Updated.After(m.Created) }

// hears reads what is said of a snippet.
func (p *Pages) hears(r *page.Request, s *snippet.Snippet) (*talk, error) {
	t := &talk{r: r, s: s, csrf: r.CSRF(), takes: r.Self != nil}
	t.admin = t.takes && p.may(r, access.Admin)
	said, more, err := p.Snippets.Discussion(r.Context(), s, maxTalk)
	if err != nil {
		return nil, err
	}
	t.More = more
	t.thread(said)
	return t, nil
}

// thread puts answers to what they answer, the oldest first. A comment that was deleted stays where something answers it that is there.
func (t *talk) thread(said []snippet.Comment) {
	byID, answered := make(map[int64]*remark, len(said)), map[int64]bool{}
	for i := len(said) - 1; i >= 0; i-- { // answers are younger than what they answer
		m := &remark{Comment: &said[i], talk: t}
		if m.Deleted && !answered[m.ID] {
			continue
		}
		byID[m.ID], answered[m.Parent] = m, true
	}
	for i := range said {
		m := byID[said[i].ID]
		switch {
		case m == nil:
		case byID[m.Parent] != nil:
			byID[m.Parent].Answers = append(byID[m.Parent].Answers, m)
		default:
			t.Remarks = append(t.Remarks, m)
		}
	}
}

// act is something that a visitor can do with a comment: a form that opens.
type act struct {
	ID, Name string
	Form     *page.Form
}

// What a form on a comment asks for, in the field do.
const (
	doEdit   = "edit"
	doDelete = "delete"
)

func (t *talk) form(prefix, submit string, to []string, fields ...page.Field) *page.Form {
	f := &page.Form{Action: address(t.s, to...), Submit: submit, CSRF: t.csrf, Fields: fields}
	return f.Apart(prefix)
}

func text(label, value string) page.Field {
	return page.Field{Name: "content.raw", Label: label, Type: "textarea", Rows: 4, Required: true, Value: value, Max: commit.MaxComment, Help: "In Markdown."}
}

// Say is the form for a comment on the whole; nil for who may not.
func (t *talk) Say() *page.Form {
	if !t.takes {
		return nil
	}
	return t.form("say-", "Comment", []string{"comments"}, text("Comment", ""))
}

func (m *remark) answer() *page.Form {
	return m.talk.form("answer-"+number(m.ID)+"-", "Answer", []string{"comments"}, page.Field{Name: "parent.id", Type: "hidden", Value: number(m.ID)}, text("Answer", ""))
}

func (m *remark) edit() *page.Form {
	return m.talk.form("edit-"+number(m.ID)+"-", "Save", []string{"comments", number(m.ID)}, page.Field{Name: "do", Type: "hidden", Value: doEdit}, text("Comment", m.Text))
}

// Acts are what the visitor can do with a comment.
func (m *remark) Acts() (all []act) {
	t, id := m.talk, number(m.ID)
	if !t.takes || m.Deleted {
		return nil
	}
	all = append(all, act{"answer-" + id, "Answer", m.answer()})
	own := m.Author.Is(t.r.Principal)
	if own {
		all = append(all, act{"edit-" + id, "Edit", m.edit()})
	}
	if own || t.admin {
		f := t.form("", "Delete for good", []string{"comments", id}, page.Field{Name: "do", Type: "hidden", Value: doDelete})
		f.Danger = true
		all = append(all, act{"delete-" + id, "Delete", f})
	}
	return all
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// sayPage is what the page shows on which a form of the talk is filled in once more, after it was refused.
type sayPage struct {
	within
	What string // heading
	To   *remark
	Form *page.Form
}

// refused shows a form of the talk once more. to is the comment that it is about; nil for none.
func (p *Pages) refused(r *page.Request, s *snippet.Snippet, err error, what string, to *remark, f *page.Form) (page.Answer, error) {
	if e, ok := errors.AsType[*rest.Error](err); !ok || e.Status >= http.StatusInternalServerError {
		return page.Answer{}, err
	}
	as(r, address(s))
	content := sayPage{of(s), what, to, f}
	return r.Again(f, err, func() (page.Answer, error) { return p.render(r, s, "say", "none", what, content) })
}

// as has what is rendered next link to the page at path, which a form that was refused is shown on.
func as(r *page.Request, path string) {
	copied := *r.Request
	copied.URL = &url.URL{Path: path}
	r.Request = &copied
}

// lines is a text from a form with the line ends that files have.
func lines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// asked is the comment with a number that a form has sent.
func (p *Pages) asked(r *page.Request, s *snippet.Snippet, text string) (*remark, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, rest.Refuse(reason.ResourceNotFound, "Comments have numbers.")
	}
	m, err := p.Snippets.Said(r.Context(), s, id)
	return &remark{Comment: m, talk: &talk{r: r, s: s, csrf: r.CSRF(), takes: true}}, err
}

// comment makes a comment, or an answer.
func (p *Pages) comment(r *page.Request, s *snippet.Snippet) (page.Answer, error) {
	what, to, parent := "Comment on it", (*remark)(nil), int64(0)
	form := (&talk{r: r, s: s, csrf: r.CSRF(), takes: true}).Say()
	if sent := r.Form.Get("parent.id"); sent != "" {
		var err error
		if to, err = p.asked(r, s, sent); err != nil {
			return page.Answer{}, err
		}
		what, parent, form = "Answer a comment", to.ID, to.answer()
	}
	id, err := p.Snippets.Speak(r.Context(), r.Principal, s, lines(r.Form.Get("content.raw")), parent)
	if err != nil {
		return p.refused(r, s, err, what, to, form)
	}
	return r.Done(address(s)+"#comment-"+number(id), "Your comment is there.")
}

// onComment does with a comment what its form says.
func (p *Pages) onComment(r *page.Request, s *snippet.Snippet) (page.Answer, error) {
	m, err := p.asked(r, s, r.PathValue("comment"))
	if err != nil {
		return page.Answer{}, err
	}
	switch r.Form.Get("do") {
	case doEdit:
		if err := p.Snippets.Reword(r.Context(), r.Principal, s, m.ID, lines(r.Form.Get("content.raw"))); err != nil {
			if !m.Author.Is(r.Principal) || m.Deleted {
				return page.Answer{}, err
			}
			return p.refused(r, s, err, "Change a comment", m, m.edit())
		}
		return r.Done(address(s)+"#comment-"+number(m.ID), "The comment is changed.")
	case doDelete:
		if err := p.Snippets.Unsay(r.Context(), r.Principal, s, m.ID); err != nil {
			return page.Answer{}, err
		}
		return r.Done(address(s)+"#comments", "The comment is deleted.")
	}
	return page.Answer{}, rest.InvalidField("do", "edit or delete it")
}
