package pullrequest

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/commit"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// Task is something that is to be done before a pull request is merged.
type Task struct {
	Number   int64 // of the pull request
	ID       int64 // from 1, in the repository
	Creator  account.Person
	Comment  int64  // that it was made for; 0 for none
	Text     string // in Markdown
	Pending  bool   // seen by its creator alone
	Resolved Resolution
	Created  time.Time
	Updated  time.Time
}

// The states of tasks (schema task).
const (
	taskOpen = "UNRESOLVED"
	taskDone = "RESOLVED"
)

// maxTasks bounds the tasks of one pull request.
const maxTasks = 1000

// todoJSON is a task as the API writes it (schema pullrequest_comment_task).
type todoJSON struct {
	ID         int64                `json:"id"`
	CreatedOn  rest.Time            `json:"created_on"`
	UpdatedOn  rest.Time            `json:"updated_on"`
	State      string               `json:"state"`
	Content    commit.ContentJSON   `json:"content"`
	Creator    *account.PersonJSON  `json:"creator"`
	Pending    bool                 `json:"pending"`
	ResolvedOn *rest.Time           `json:"resolved_on,omitempty"`
	ResolvedBy *account.PersonJSON  `json:"resolved_by,omitempty"` // absent when the account is gone
	Links      map[string]rest.Link `json:"links"`
	Comment    *commentRefJSON      `json:"comment,omitempty"`
}

// gone stands for the creator of a task whose account is gone: a task must name one.
var gone = account.PersonJSON{Type: "app_user", UUID: "{00000000-0000-0000-0000-000000000000}", DisplayName: "Former user", Nickname: "Former user"}

func (room *Room) renderTodo(r *repository.Repository, t *Task, texts repository.Texts) todoJSON {
	brief := room.renderBrief(r, t.Number, "")
	j := todoJSON{ID: t.ID, CreatedOn: rest.Time(t.Created), UpdatedOn: rest.Time(t.Updated), State: t.state(), Content: commit.Linked(t.Text, texts), Creator: room.Repositories.Accounts.RenderPerson(t.Creator),
		Pending: t.Pending, Links: map[string]rest.Link{"self": room.linkTo(r, t.Number, "tasks", strconv.FormatInt(t.ID, 10)), "html": brief.Links["html"]}}
	if j.Creator == nil {
		j.Creator = &gone
	}
	if done := room.renderResolution(&t.Resolved); done != nil {
		j.ResolvedOn, j.ResolvedBy = &done.CreatedOn, done.User
	}
	if t.Comment != 0 {
		j.Comment = room.renderCommentRef(r, t.Number, t.Comment)
		j.Links["html"] = j.Comment.Links["html"]
	}
	return j
}

func (t *Task) state() string {
	if t.Resolved.On.IsZero() {
		return taskOpen
	}
	return taskDone
}

// taskBody is what making a task reads (schema pullrequest_task_create).
type taskBody struct {
	Content *commit.TextBody   `json:"content"`
	Comment *commit.ParentBody `json:"comment"`
	Pending *bool              `json:"pending"`
}

// taskChangeBody is what changing a task reads (schema pullrequest_task_update). pending, which the schema does not have, lets others
// see one that was pending, as it does with comments.
type taskChangeBody struct {
	Content *commit.TextBody `json:"content"`
	State   *string          `json:"state"`
	Pending *bool            `json:"pending"`
}

const (
	taskColumns = `m.number, m.id, COALESCE(m.account_id, ''), m.credential, m.name, COALESCE(m.comment_id, 0), m.content, m.pending, m.resolved_on, COALESCE(m.resolver_id, ''), m.resolver_credential,
		m.resolver_name, m.created_on, m.updated_on`
	fromTasks = ` FROM pull_request_task m WHERE m.repository_id = $1 AND m.number = $2`
)

// scanTask leaves of accounts just the ids; fillTasks reads the rest.
func scanTask(row func(...any) error) (t Task, err error) {
	var created, updated, resolved int64
	var creator, resolver string
	err = row(&t.Number, &t.ID, &creator, &t.Creator.Credential, &t.Creator.Name, &t.Comment, &t.Text, &t.Pending, &resolved, &resolver, &t.Resolved.By.Credential, &t.Resolved.By.Name, &created, &updated)
	t.Created, t.Updated, t.Resolved.On = database.Time(created), database.Time(updated), database.Time(resolved)
	t.Creator.Account, t.Resolved.By.Account = account.Known(creator), account.Known(resolver)
	return t, err
}

func fillTasks(ctx context.Context, q database.Queryer, rows []Task) error {
	people := make([]**account.Account, 0, 2*len(rows))
	for i := range rows {
		people = append(people, &rows[i].Creator.Account, &rows[i].Resolved.By.Account)
	}
	return account.Meet(ctx, q, people...)
}

// taskFields are what filters and orders of tasks may name.
var taskFields = bbql.Fields{
	"id":               {Column: "m.id", Kind: bbql.Number},
	"state":            {Column: "CASE WHEN m.resolved_on = 0 THEN '" + taskOpen + "' ELSE '" + taskDone + "' END", Kind: bbql.Enum, Values: []string{taskOpen, taskDone}},
	"content.raw":      {Column: "m.content", Kind: bbql.String},
	"comment.id":       {Column: "m.comment_id", Kind: bbql.Number},
	"creator.uuid":     {Column: "m.account_id", Kind: bbql.UUID},
	"pending":          {Column: "m.pending", Kind: bbql.Bool},
	"created_on":       {Column: "m.created_on", Kind: bbql.Time},
	"updated_on":       {Column: "m.updated_on", Kind: bbql.Time},
	"resolved_on":      {Column: "NULLIF(m.resolved_on, 0)", Kind: bbql.Time},
	"resolved_by.uuid": {Column: "m.resolver_id", Kind: bbql.UUID},
}

func (room *Room) listTasks(c *access.Call, r *repository.Repository, pr *PullRequest) (any, error) {
	l := rest.Listing[Task]{Columns: taskColumns, From: fromTasks + visible, Args: append([]any{r.ID, pr.Number}, viewer(c.Principal)...), Order: `m.id`, Fields: taskFields, Scan: scanTask}
	p, rows, size, err := l.Page(c.Context(), room.DB, c.Request)
	if err == nil {
		err = fillTasks(c.Context(), room.DB, rows)
	}
	if err != nil {
		return nil, err
	}
	said := make([]string, len(rows))
	for i := range rows {
		said[i] = rows[i].Text
	}
	texts, err := room.Repositories.Texts(c.Context(), room.DB, room.URLs, r, said...)
	if err != nil {
		return nil, err
	}
	values := make([]todoJSON, len(rows))
	for i := range rows {
		values[i] = room.renderTodo(r, &rows[i], texts)
	}
	return rest.Counted(c.Request, p, values, size), nil
}

// findTask finds the task with an id, if who acts as p may see it. A *rest.Error says that the pull request has none.
func findTask(ctx context.Context, q database.Queryer, p *access.Principal, pr *PullRequest, id int64) (*Task, error) {
	rows, err := database.Collect(ctx, q, scanTask, `SELECT `+taskColumns+fromTasks+visible+` AND m.id = $5`, append(append([]any{pr.RepositoryID, pr.Number}, viewer(p)...), id)...)
	if err == nil {
		err = fillTasks(ctx, q, rows)
	}
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, noTask()
	}
	return &rows[0], nil
}

func noTask() *rest.Error {
	return rest.Refuse(reason.ResourceNotFound, "The pull request has no such task.")
}

// task finds the task that the path names, for h.
func (room *Room) task(h func(*access.Call, *repository.Repository, *PullRequest, *Task) (any, error)) func(*access.Call, *repository.Repository) (any, error) {
	return below(room, "task_id", noTask, func(c *access.Call, pr *PullRequest, id int64) (*Task, error) {
		return findTask(c.Context(), room.DB, c.Principal, pr, id)
	}, h)
}

func (room *Room) getTask(c *access.Call, r *repository.Repository, _ *PullRequest, t *Task) (any, error) {
	return room.shownTask(c.Context(), r, t)
}

// shownTask is a task by itself.
func (room *Room) shownTask(ctx context.Context, r *repository.Repository, t *Task) (todoJSON, error) {
	texts, err := room.Repositories.Texts(ctx, room.DB, room.URLs, r, t.Text)
	return room.renderTodo(r, t, texts), err
}

// postTask makes a task, by itself or for a comment (POST .../tasks). Whether the pull request is open does not matter.
func (room *Room) postTask(c *access.Call, r *repository.Repository, pr *PullRequest) (any, error) {
	var b taskBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	t, err := room.ask(c.Context(), c.Principal, r, pr, b)
	if err != nil {
		return nil, err
	}
	j, err := room.shownTask(c.Context(), r, t)
	return rest.Created(j, j.Links["self"]), err
}

// ask makes the task that a body says, for who acts as p.
func (room *Room) ask(ctx context.Context, p *access.Principal, r *repository.Repository, pr *PullRequest, b taskBody) (*Task, error) {
	t := Task{Number: pr.Number, Creator: account.PersonOf(p), Pending: b.Pending != nil && *b.Pending, Created: room.Now()}
	t.Updated = t.Created
	var err error
	if t.Text, err = b.Content.Text(); err != nil {
		return nil, err
	}
	if b.Comment != nil {
		if t.Comment = b.Comment.Comment(); b.Comment.ID == nil {
			return nil, rest.MissingField("comment.id")
		}
	}
	return &t, room.DB.Update(ctx, func(tx *database.Tx) error {
		err := tx.Row(ctx, `UPDATE repository SET last_task = last_task + 1 WHERE id = $1 RETURNING last_task`, r.ID).Scan(&t.ID)
		if errors.Is(err, database.ErrNoRows) {
			return rest.Refuse(reason.RepositoryNotFound, "")
		}
		if err != nil {
			return err
		}
		held, err := hold(ctx, tx, pr)
		if err != nil {
			return err
		}
		var all int
		if err := tx.Row(ctx, `SELECT COUNT(*)`+fromTasks, r.ID, pr.Number).Scan(&all); err != nil {
			return err
		}
		if all >= maxTasks {
			return rest.Refusef(reason.ValueInvalid, "A pull request has at most %d tasks.", maxTasks).WithMessage("Too many tasks")
		}
		if t.Comment != 0 {
			on, err := findComment(ctx, tx, p, held, t.Comment)
			if _, none := errors.AsType[*rest.Error](err); none || err == nil && on.Deleted {
				return rest.InvalidField("comment.id", "the pull request has no such comment")
			}
			if err != nil {
				return err
			}
			if on.Pending && !t.Pending {
				return rest.InvalidField("comment.id", "that comment is pending, and others would see a task for nothing")
			}
		}
		if _, err := tx.Exec(ctx, `INSERT INTO pull_request_task (repository_id, id, number, account_id, credential, name, comment_id, content, pending, pending_of, created_on, updated_on)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, r.ID, t.ID, t.Number, t.Creator.ID(), t.Creator.Credential, t.Creator.Name, orNull(t.Comment), t.Text,
			t.Pending, owns(t.Creator, t.Pending), database.Micros(t.Created), database.Micros(t.Updated)); err != nil || t.Pending {
			return err
		}
		return room.recount(ctx, tx, held)
	})
}

// putTask changes what a task says, which is its creator's to do, or marks it as done or open, which whoever takes part may
// (PUT .../tasks/{task_id}).
func (room *Room) putTask(c *access.Call, r *repository.Repository, pr *PullRequest, t *Task) (any, error) {
	var b taskChangeBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	if err := room.changeTask(c.Context(), c.Principal, r, pr, t, b); err != nil {
		return nil, err
	}
	return room.shownTask(c.Context(), r, t)
}

// changeTask is putTask for who acts as p. t becomes what the task is then.
func (room *Room) changeTask(ctx context.Context, p *access.Principal, r *repository.Repository, pr *PullRequest, t *Task, b taskChangeBody) error {
	if b.State != nil && *b.State != taskOpen && *b.State != taskDone {
		return rest.InvalidField("state", "use "+taskDone+" or "+taskOpen)
	}
	text := ""
	if b.Content != nil {
		var err error
		if text, err = b.Content.Text(); err != nil {
			return err
		}
		if err := room.Commits.Own(ctx, p, r, t.Creator.Is(p), false); err != nil {
			return err
		}
	}
	if b.Pending != nil && *b.Pending && !t.Pending {
		return rest.InvalidField("pending", "others see the task already")
	}
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		held, err := hold(ctx, tx, pr)
		if err != nil {
			return err
		}
		now, err := findTask(ctx, tx, p, held, t.ID)
		if err != nil {
			return err
		}
		*t = *now
		if b.Content != nil {
			t.Text = text
		}
		if t.Pending && b.Pending != nil && !*b.Pending {
			if t.Comment != 0 {
				on, err := findComment(ctx, tx, p, held, t.Comment)
				if err != nil {
					return err
				}
				if on.Pending {
					return rest.InvalidField("pending", "the comment of the task is pending, too: publish that one, and the task comes with it")
				}
			}
			t.Pending = false
		}
		if b.State != nil && *b.State != t.state() {
			if t.Resolved = (Resolution{}); *b.State == taskDone {
				t.Resolved = Resolution{room.Now(), account.PersonOf(p)}
			}
			if err := saveResolution(ctx, tx, "pull_request_task", r.ID, t.ID, t.Resolved); err != nil {
				return err
			}
		}
		t.Updated = room.Now()
		if _, err := tx.Exec(ctx, `UPDATE pull_request_task SET content = $3, pending = $4, pending_of = $5, updated_on = $6 WHERE repository_id = $1 AND id = $2`,
			r.ID, t.ID, t.Text, t.Pending, owns(t.Creator, t.Pending), database.Micros(t.Updated)); err != nil || t.Pending {
			return err
		}
		return room.recount(ctx, tx, held)
	})
}

// deleteTask removes a task. Its creator may do so, and who administers the repository (DELETE .../tasks/{task_id}).
func (room *Room) deleteTask(c *access.Call, r *repository.Repository, pr *PullRequest, t *Task) (any, error) {
	return nil, room.removeTask(c.Context(), c.Principal, r, pr, t)
}

// removeTask is deleteTask for who acts as p.
func (room *Room) removeTask(ctx context.Context, p *access.Principal, r *repository.Repository, pr *PullRequest, t *Task) error {
	if err := room.Commits.Own(ctx, p, r, t.Creator.Is(p), true); err != nil {
		return err
	}
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		held, err := hold(ctx, tx, pr)
		if err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `DELETE FROM pull_request_task WHERE repository_id = $1 AND id = $2`, r.ID, t.ID)
		if err == nil && n == 0 {
			err = noTask()
		}
		if err != nil || t.Pending {
			return err
		}
		return room.recount(ctx, tx, held)
	})
}
