package pulls

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/commit"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/pullrequest"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
)

// sayPage is what the page shows on which a form of the talk is filled in once more, after it was refused.
type sayPage struct {
	within
	*pullrequest.PullRequest
	At   string
	What string // heading
	To   *remark
	Form *page.Form
}

// refused shows a form of the talk once more. to is the comment that it is about; nil for none.
func (p *Pages) refused(r *page.Request, repo *repository.Repository, pr *pullrequest.PullRequest, err error, what string, to *remark, f *page.Form) (page.Answer, error) {
	if e, ok := errors.AsType[*rest.Error](err); !ok || e.Status >= http.StatusInternalServerError {
		return page.Answer{}, err
	}
	r.As(at(repo, pr), nil)
	if to != nil {
		var fault error
		if to.talk.texts, fault = p.PullRequests.Written(r.Context(), repo, to.Text); fault != nil {
			return page.Answer{}, fault
		}
	}
	content := sayPage{within{repo, address(repo)}, pr, at(repo, pr), what, to, f}
	return r.Again(f, err, func() (page.Answer, error) { return p.render(r, repo, "say", "pull-requests", what, content) })
}

// theTalk is enough of the talk to make a form, for whom the rooms have let in.
func (p *Pages) theTalk(r *page.Request, repo *repository.Repository, pr *pullrequest.PullRequest) *talk {
	return &talk{r: r, repo: repo, pr: pr, takes: true, csrf: r.CSRF()}
}

// filesAt is the address of the page with the changes of files.
func filesAt(repo *repository.Repository, pr *pullrequest.PullRequest, paths ...string) string {
	return at(repo, pr, "files") + "?" + url.Values{"path": paths}.Encode()
}

// shown leads to a comment: on the page of its file, where it stands on one.
func (p *Pages) shown(r *page.Request, repo *repository.Repository, pr *pullrequest.PullRequest, m *pullrequest.Comment, sentence string) (page.Answer, error) {
	to := at(repo, pr)
	if m.Path != "" {
		to = filesAt(repo, pr, m.Path)
	}
	return r.Done(to+"#comment-"+number(m.ID), sentence)
}

// lineIn is the number of a line in a form; nil for none. One that is no number is refused by its name in the API.
func lineIn(text, name string) (*int, error) {
	if text = strings.TrimSpace(text); text == "" {
		return nil, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return nil, rest.InvalidField(name, "lines are counted from 1")
	}
	return &n, nil
}

// placeIn is where a form says that a comment is to stand, and in what contents the visitor has seen that place; nil for no file.
func placeIn(form url.Values) (b *commit.PlaceBody, seen gitstore.Hash, err error) {
	old, now := form.Get("old"), form.Get("new")
	if old == "" && now == "" {
		return nil, "", nil
	}
	line, err := lineIn(form.Get("line"), "line")
	if err != nil {
		return nil, "", err
	}
	start, err := lineIn(form.Get("start"), "start")
	if err != nil {
		return nil, "", err
	}
	if side := form.Get("side"); side != "file" && line == nil {
		return nil, "", rest.InvalidField("line", "a line is needed, or say that it is about the file as a whole")
	}
	if start != nil && line != nil && *start == *line {
		start = nil
	}
	switch {
	case form.Get("side") == "old":
		return &commit.PlaceBody{Path: &old, From: line, StartFrom: start}, gitstore.Hash(form.Get("old_hash")), nil
	case form.Get("side") == "new":
		return &commit.PlaceBody{Path: &now, To: line, StartTo: start}, gitstore.Hash(form.Get("new_hash")), nil
	case now == "":
		return &commit.PlaceBody{Path: &old}, "", nil
	}
	return &commit.PlaceBody{Path: &now}, "", nil
}

// lineFields are the fields of forms for what the API calls otherwise.
var lineFields = map[string]string{"inline.from": "line", "inline.to": "line", "inline.start_from": "start", "inline.start_to": "start", "inline.path": "side"}

// comment makes a comment, or an answer.
func (p *Pages) comment(r *page.Request, repo *repository.Repository, pr *pullrequest.PullRequest) (page.Answer, error) {
	m := pullrequest.Remark{Text: page.Lines(r.Form.Get("content.raw")), Pending: r.Form.Get("pending") == "true"}
	t, what, to := p.theTalk(r, repo, pr), "Comment on it", (*remark)(nil)
	form := t.say()
	var err error
	switch parent := r.Form.Get("parent.id"); {
	case parent != "":
		id, wrong := strconv.ParseInt(parent, 10, 64)
		if wrong != nil {
			return page.Answer{}, rest.Refuse(reason.ResourceNotFound, "Comments have numbers.")
		}
		answered, err := p.PullRequests.Said(r.Context(), r.Principal, pr, id)
		if err != nil {
			return page.Answer{}, err
		}
		m.Parent, to, what = id, &remark{Comment: answered, talk: t}, "Answer a comment"
		form = t.answer(to)
	default:
		m.Inline, m.Seen, err = placeIn(r.Form)
		if f := r.Form; f.Get("old") != "" || f.Get("new") != "" {
			what = "Comment on a file"
			form = t.onPaths(f.Get("old"), f.Get("new"), f.Get("old_hash"), f.Get("new_hash"))
		}
	}
	var said *pullrequest.Comment
	if err == nil {
		said, err = p.PullRequests.Comment(r.Context(), r.Principal, repo, pr, m)
	}
	if err == nil {
		sentence := "Your comment is there."
		if said.Pending {
			sentence = "Your comment is kept for you until you publish it."
		}
		return p.shown(r, repo, pr, said, sentence)
	}
	if e, ok := errors.AsType[*rest.Error](err); ok {
		for name, field := range lineFields {
			if problems := e.Fields[name]; problems != nil {
				delete(e.Fields, name)
				e.Fields[field] = problems
			}
		}
		if e.Reason == reason.PullRequestMoved {
			looksAgain(form)
		}
	}
	return p.refused(r, repo, pr, err, what, to, form)
}

// looksAgain lets a form that was refused, because its file holds something else by now, be sent for what the file holds now.
func looksAgain(f *page.Form) {
	for i := range f.Fields {
		if name := f.Fields[i].Name; name == "old_hash" || name == "new_hash" {
			f.Fields[i].Value = ""
		}
	}
}

// onComment does with a comment what its form says.
func (p *Pages) onComment(r *page.Request, repo *repository.Repository, pr *pullrequest.PullRequest) (page.Answer, error) {
	id, err := strconv.ParseInt(r.PathValue("comment"), 10, 64)
	if err != nil {
		return page.Answer{}, rest.Refuse(reason.ResourceNotFound, "Comments have numbers.")
	}
	m, err := p.PullRequests.Said(r.Context(), r.Principal, pr, id)
	if err != nil {
		return page.Answer{}, err
	}
	var sentence string
	switch do := r.Form.Get("do"); do {
	case doEdit:
		sentence, err = "The comment is changed.", p.PullRequests.Reword(r.Context(), r.Principal, repo, pr, m, page.Lines(r.Form.Get("content.raw")))
	case doDelete:
		sentence, err = "The comment is deleted.", p.PullRequests.Delete(r.Context(), r.Principal, repo, pr, m)
	case doPublish:
		sentence, err = "Others see the comment now.", p.PullRequests.Publish(r.Context(), r.Principal, repo, pr, m)
	case doResolve, doReopen:
		sentence = map[string]string{doResolve: "The comment is resolved.", doReopen: "The comment is open again."}[do]
		err = p.PullRequests.Resolve(r.Context(), r.Principal, repo, pr, m, do == doResolve)
	default:
		err = rest.InvalidField("do", "edit, delete, publish, resolve or reopen it")
	}
	if err == nil {
		return p.shown(r, repo, pr, m, sentence)
	}
	if r.Form.Get("do") != doEdit || m.Deleted {
		return page.Answer{}, err
	}
	t := p.theTalk(r, repo, pr)
	to := &remark{Comment: m, talk: t}
	return p.refused(r, repo, pr, err, "Change a comment", to, t.edit(to))
}

// publish lets others see all that the visitor has kept back.
func (p *Pages) publish(r *page.Request, repo *repository.Repository, pr *pullrequest.PullRequest) (page.Answer, error) {
	said, _, err := p.PullRequests.Discussion(r.Context(), r.Principal, pr, maxTalk)
	if err != nil {
		return page.Answer{}, err
	}
	for i := range said { // what is answered comes before its answers
		if said[i].Pending && !said[i].Deleted {
			if err := p.PullRequests.Publish(r.Context(), r.Principal, repo, pr, &said[i]); err != nil {
				return page.Answer{}, err
			}
		}
	}
	tasks, err := p.PullRequests.Todos(r.Context(), r.Principal, pr)
	if err != nil {
		return page.Answer{}, err
	}
	for i := range tasks {
		if tasks[i].Pending {
			if err := p.PullRequests.PublishTask(r.Context(), r.Principal, repo, pr, &tasks[i]); err != nil {
				return page.Answer{}, err
			}
		}
	}
	return r.Done(at(repo, pr), "Others see all that you have said.")
}

// ask makes a task.
func (p *Pages) ask(r *page.Request, repo *repository.Repository, pr *pullrequest.PullRequest) (page.Answer, error) {
	t, to, id := p.theTalk(r, repo, pr), (*remark)(nil), int64(0)
	if text := r.Form.Get("comment.id"); text != "" {
		var err error
		if id, err = strconv.ParseInt(text, 10, 64); err != nil {
			return page.Answer{}, rest.Refuse(reason.ResourceNotFound, "Comments have numbers.")
		}
		about, err := p.PullRequests.Said(r.Context(), r.Principal, pr, id)
		if err != nil {
			return page.Answer{}, err
		}
		to = &remark{Comment: about, talk: t}
	}
	made, err := p.PullRequests.Ask(r.Context(), r.Principal, repo, pr, page.Lines(r.Form.Get("content.raw")), id, r.Form.Get("pending") == "true")
	if err != nil {
		return p.refused(r, repo, pr, err, "Add a task", to, t.ask(to))
	}
	return r.Done(at(repo, pr)+"#task-"+number(made.ID), "The task is there.")
}

// onTask does with a task what its form says.
func (p *Pages) onTask(r *page.Request, repo *repository.Repository, pr *pullrequest.PullRequest) (page.Answer, error) {
	id, err := strconv.ParseInt(r.PathValue("task"), 10, 64)
	if err != nil {
		return page.Answer{}, rest.Refuse(reason.ResourceNotFound, "Tasks have numbers.")
	}
	one, err := p.PullRequests.Todo(r.Context(), r.Principal, pr, id)
	if err != nil {
		return page.Answer{}, err
	}
	var sentence string
	switch do := r.Form.Get("do"); do {
	case doEdit:
		sentence, err = "The task is changed.", p.PullRequests.RewordTask(r.Context(), r.Principal, repo, pr, one, page.Lines(r.Form.Get("content.raw")))
	case doDelete:
		sentence, err = "The task is deleted.", p.PullRequests.RemoveTask(r.Context(), r.Principal, repo, pr, one)
	case doPublish:
		sentence, err = "Others see the task now.", p.PullRequests.PublishTask(r.Context(), r.Principal, repo, pr, one)
	case doResolve, doReopen:
		sentence = map[string]string{doResolve: "The task is done.", doReopen: "The task is open again."}[do]
		err = p.PullRequests.FinishTask(r.Context(), r.Principal, repo, pr, one, do == doResolve)
	default:
		err = rest.InvalidField("do", "edit, delete, publish, resolve or reopen it")
	}
	if err == nil {
		to := at(repo, pr)
		if r.Form.Get("do") != doDelete {
			to += "#task-" + number(one.ID)
		}
		return r.Done(to, sentence)
	}
	if r.Form.Get("do") != doEdit {
		return page.Answer{}, err
	}
	t := p.theTalk(r, repo, pr)
	return p.refused(r, repo, pr, err, "Change a task", nil, t.editTask(&todo{one, t}))
}
