package pulls

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/markup"
	"github.com/pailforge/pail/internal/pullrequest"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/web/diff"
	"github.com/pailforge/pail/internal/web/page"
)

// maxTalk is how many comments of one pull request pages show, the newest.
const maxTalk = 1000

// talk is what is said of a pull request, for one visitor. It is a diff.Talk: each comment on a file stands in the changes of the first
// file that asks for it.
type talk struct {
	r     *page.Request
	repo  *repository.Repository
	pr    *pullrequest.PullRequest
	takes bool // the visitor may say something
	admin bool // and take away what others have said
	csrf  string
	texts repository.Texts // of all of it

	General []*remark // on the whole, that answer none
	Todos   []*todo
	More    bool // comments than are shown
	Waiting int  // comments and tasks that only the visitor sees

	inFile  map[string][]*remark // on files, that answer none
	claimed map[int64]string     // by the id of one of those: the file that shows it
}

// remark is a comment with what answers it.
type remark struct {
	*pullrequest.Comment
	Answers []*remark
	Todos   []*todo
	talk    *talk
}

// todo is a task.
type todo struct {
	*pullrequest.Task
	talk *talk
}

// HTML is the text of a comment.
func (m *remark) HTML() template.HTML { return m.talk.texts.Of(m.Text) }

// HTML is the text of a task.
func (t *todo) HTML() template.HTML { return t.talk.texts.Of(t.Text) }

// Suggests is the address of what a comment suggests to put in place of its lines; "" when it suggests nothing.
func (m *remark) Suggests() string {
	if m.Deleted || m.Parent != 0 || m.To == 0 || !strings.Contains(m.Text, "suggestion") || len(markup.Suggestions([]byte(m.Text))) == 0 {
		return ""
	}
	return suggestionAt(m.talk.repo, m.talk.pr, m.ID)
}

// Edited tells whether a comment says something else than it did.
func (m *remark) Edited() bool { return !m.Deleted && m.Updated.After(m.Created) }

// Settled tells whether a comment is resolved.
func (m *remark) Settled() bool { return !m.Resolved.On.IsZero() }

// Where is where a comment stands in its file: "lines 3 to 5".
func (m *remark) Where() string {
	start, end, before := m.StartTo, m.To, ""
	if end == 0 {
		start, end, before = m.StartFrom, m.From, " before the change"
	}
	switch {
	case end == 0:
		return ""
	case start > 0 && start < end:
		return fmt.Sprintf("lines %d to %d%s", start, end, before)
	}
	return fmt.Sprintf("line %d%s", end, before)
}

// File is the address of the page with the changes of the file that a comment stands in.
func (m *remark) File() string { return filesAt(m.talk.repo, m.talk.pr, m.Path) }

// hears reads what is said of a pull request.
func (p *Pages) hears(r *page.Request, repo *repository.Repository, pr *pullrequest.PullRequest) (*talk, error) {
	t := &talk{r: r, repo: repo, pr: pr, csrf: r.CSRF(), inFile: map[string][]*remark{}, claimed: map[int64]string{}}
	t.takes = r.Self != nil && page.May(r, p.PullRequests.TakesPart())
	t.admin = t.takes && page.May(r, p.Repositories.Repositories().Needs(access.Admin))
	said, more, err := p.PullRequests.Discussion(r.Context(), r.Principal, pr, maxTalk)
	if err != nil {
		return nil, err
	}
	tasks, err := p.PullRequests.Todos(r.Context(), r.Principal, pr)
	if err != nil {
		return nil, err
	}
	t.More = more
	written := make([]string, 0, len(said)+len(tasks))
	for i := range said {
		written = append(written, said[i].Text)
	}
	for i := range tasks {
		written = append(written, tasks[i].Text)
	}
	if t.texts, err = p.PullRequests.Written(r.Context(), repo, written...); err != nil {
		return nil, err
	}
	byID := make(map[int64]*remark, len(said))
	answered := map[int64]bool{}
	for i := range said {
		byID[said[i].ID] = &remark{Comment: &said[i], talk: t}
		answered[said[i].Parent] = true
	}
	// A comment that was deleted stays where something answers it that is there.
	for i := len(said) - 1; i >= 0; i-- {
		m := byID[said[i].ID]
		if m.Deleted && len(m.Answers) == 0 {
			delete(byID, m.ID)
			continue
		}
		if parent := byID[m.Parent]; parent != nil {
			parent.Answers = append(parent.Answers, m)
		}
		if m.Pending {
			t.Waiting++
		}
	}
	for i := range said {
		m := byID[said[i].ID]
		switch {
		case m == nil:
			continue
		case byID[m.Parent] != nil: // it stands there
		case m.Path == "":
			t.General = append(t.General, m)
		default:
			t.inFile[m.Path] = append(t.inFile[m.Path], m)
		}
		for a, b := 0, len(m.Answers)-1; a < b; a, b = a+1, b-1 {
			m.Answers[a], m.Answers[b] = m.Answers[b], m.Answers[a]
		}
	}
	for i := range tasks {
		one := &todo{&tasks[i], t}
		t.Todos = append(t.Todos, one)
		if m := byID[one.Comment]; m != nil {
			m.Todos = append(m.Todos, one)
		}
		if one.Pending {
			t.Waiting++
		}
	}
	return t, nil
}

// of are the comments that stand in a file and answer none.
func (t *talk) of(c gitstore.Change) (all []*remark) {
	at := c.New
	if at == "" {
		at = c.Old
	}
	take := func(m *remark) {
		if by, taken := t.claimed[m.ID]; !taken || by == at {
			t.claimed[m.ID] = at
			all = append(all, m)
		}
	}
	for _, m := range t.inFile[at] {
		take(m)
	}
	if c.Old != "" && c.Old != at {
		for _, m := range t.inFile[c.Old] {
			if m.To == 0 && m.From > 0 { // on lines that are in the file under its old name
				take(m)
			}
		}
	}
	return all
}

// Elsewhere are the comments on files that no changes have asked for.
func (t *talk) Elsewhere() (all []*remark) {
	for _, found := range t.inFile {
		for _, m := range found {
			if _, taken := t.claimed[m.ID]; !taken {
				all = append(all, m)
			}
		}
	}
	sortRemarks(all)
	return all
}

// About implements diff.Talk.
func (t *talk) About(c gitstore.Change) (ids []int64, version string) {
	sum := sha256.New()
	fmt.Fprintln(sum, t.takes, t.admin)
	var add func(all []*remark)
	add = func(all []*remark) {
		for _, m := range all {
			ids = append(ids, m.ID)
			fmt.Fprintln(sum, m.ID, m.Updated.UnixMicro(), m.Place, m.Outdated, m.Pending, m.Deleted, m.Resolved.On.UnixMicro())
			for _, one := range m.Todos {
				fmt.Fprintln(sum, "task", one.ID, one.Updated.UnixMicro(), one.Done())
			}
			add(m.Answers)
		}
	}
	add(t.of(c))
	return ids, hex.EncodeToString(sum.Sum(nil)[:8])
}

// Threads implements diff.Talk.
func (t *talk) Threads(c gitstore.Change) (threads []diff.Thread, foot template.HTML, err error) {
	for _, m := range t.of(c) {
		html, err := templates.Part("remark", m)
		if err != nil {
			return nil, "", err
		}
		one := diff.Thread{HTML: html}
		if !m.Outdated {
			one.Old, one.New = m.From, m.To
		}
		threads = append(threads, one)
	}
	if f := t.onFile(c); f != nil {
		foot, err = templates.Part("act", page.Act{ID: "say-" + short(f.Fields[0].Value+"\x00"+f.Fields[1].Value), Name: "Comment on this file or its lines", Form: f, Line: true})
	}
	return threads, foot, err
}

func short(text string) string {
	sum := sha256.New()
	_, _ = io.WriteString(sum, text)
	return hex.EncodeToString(sum.Sum(nil)[:6])
}

func number(n int64) string { return strconv.FormatInt(n, 10) }
