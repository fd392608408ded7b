package issue

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
	"github.com/pailforge/pail/internal/event"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// Comment is what somebody says of an issue. One that is deleted is gone: nothing can answer it.
type Comment struct {
	ID      int64 // from 1, in the repository; that of the change that it was made with
	Number  int64 // of the issue
	Who     account.Person
	Text    string // in Markdown
	Created time.Time
	Updated time.Time
}

// commentJSON is a comment as the API writes it (schema issue_comment).
type commentJSON struct {
	Type      string               `json:"type"`
	ID        int64                `json:"id"`
	CreatedOn rest.Time            `json:"created_on"`
	UpdatedOn rest.Time            `json:"updated_on"`
	Content   commit.ContentJSON   `json:"content"`
	User      *account.PersonJSON  `json:"user,omitempty"`
	Deleted   bool                 `json:"deleted"`
	Issue     briefJSON            `json:"issue"`
	Links     map[string]rest.Link `json:"links"`
}

// texts are those of r that people have written, as the API links them.
func (room *Room) texts(ctx context.Context, q database.Queryer, r *repository.Repository, comments ...Comment) (repository.Texts, error) {
	all := make([]string, len(comments))
	for k := range comments {
		all[k] = comments[k].Text
	}
	return room.Repositories.Texts(ctx, q, room.URLs, r, all...)
}

// renderComment is a comment, whose text is one of texts.
func (room *Room) renderComment(r *repository.Repository, i *Issue, m *Comment, texts repository.Texts) commentJSON {
	id := strconv.FormatInt(m.ID, 10)
	return commentJSON{Type: "issue_comment", ID: m.ID, CreatedOn: rest.Time(m.Created), UpdatedOn: rest.Time(m.Updated), Content: commit.Linked(m.Text, texts),
		User: room.Repositories.Accounts.RenderPerson(m.Who), Issue: room.renderBrief(r, i),
		Links: map[string]rest.Link{"self": room.linkTo(r, i.Number, "comments", id), "html": {Href: room.web(r, i.Number).Href + "#comment-" + id}}}
}

// commentBody is what making and changing a comment read.
type commentBody struct {
	Content *textBody `json:"content"`
}

// text is what the body of a call says; "" for nothing.
func (b *commentBody) text(c *access.Call) (string, error) {
	if err := c.Decode(b); err != nil || b.Content.raw() == nil {
		return "", err
	}
	return *b.Content.raw(), nil
}

const (
	commentColumns = `m.id, m.number, COALESCE(m.account_id, ''), m.credential, m.name, m.content, m.created_on, m.updated_on`
	fromComments   = ` FROM issue_comment m WHERE m.repository_id = $1 AND m.number = $2`
)

func scanComment(row func(...any) error) (m Comment, err error) {
	var created, updated int64
	var who string
	err = row(&m.ID, &m.Number, &who, &m.Who.Credential, &m.Who.Name, &m.Text, &created, &updated)
	m.Who.Account, m.Created, m.Updated = account.Known(who), database.Time(created), database.Time(updated)
	return m, err
}

// insertComment writes a new comment. The tracker is locked.
func insertComment(ctx context.Context, tx *database.Tx, repositoryID string, m *Comment) error {
	var there int
	if err := tx.Row(ctx, `SELECT COUNT(*)`+fromComments, repositoryID, m.Number).Scan(&there); err != nil {
		return err
	}
	if there >= maxEntries {
		return tooMany("An issue has at most %d comments.", maxEntries)
	}
	_, err := tx.Exec(ctx, `INSERT INTO issue_comment (repository_id, id, number, account_id, credential, name, content, created_on, updated_on) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		repositoryID, m.ID, m.Number, m.Who.ID(), m.Who.Credential, m.Who.Name, m.Text, database.Micros(m.Created), database.Micros(m.Updated))
	return err
}

// commentFields are what filters and orders of comments may name.
var commentFields = bbql.Fields{
	"id":          {Column: "m.id", Kind: bbql.Number},
	"content.raw": {Column: "m.content", Kind: bbql.String},
	"user.uuid":   {Column: "m.account_id", Kind: bbql.UUID},
	"created_on":  {Column: "m.created_on", Kind: bbql.Time},
	"updated_on":  {Column: "m.updated_on", Kind: bbql.Time},
}

func (room *Room) listComments(c *access.Call, r *repository.Repository, i *Issue) (any, error) {
	l := rest.Listing[Comment]{Columns: commentColumns, From: fromComments, Args: []any{r.ID, i.Number}, Order: `m.id`, Fields: commentFields, Scan: scanComment}
	p, rows, size, err := l.Page(c.Context(), room.DB, c.Request)
	if err != nil {
		return nil, err
	}
	var people []**account.Account
	for k := range rows {
		people = append(people, &rows[k].Who.Account)
	}
	if err := account.Meet(c.Context(), room.DB, people...); err != nil {
		return nil, err
	}
	texts, err := room.texts(c.Context(), room.DB, r, rows...)
	values := make([]commentJSON, len(rows))
	for k := range rows {
		values[k] = room.renderComment(r, i, &rows[k], texts)
	}
	return rest.Counted(c.Request, p, values, size), err
}

// comment finds the comment that the path names, for h.
func (room *Room) comment(h func(*access.Call, *repository.Repository, *Issue, *Comment) (any, error)) handler {
	return room.one(func(c *access.Call, r *repository.Repository, i *Issue) (any, error) {
		id, err := strconv.ParseInt(c.Param("comment_id"), 10, 64)
		if err != nil {
			return nil, noComment()
		}
		m, err := room.Said(c.Context(), i, id)
		if err != nil {
			return nil, err
		}
		return h(c, r, i, m)
	})
}

// Said is the comment on an issue with an id. A *rest.Error says that there is none.
func (room *Room) Said(ctx context.Context, i *Issue, id int64) (*Comment, error) {
	m, err := scanComment(room.DB.Row(ctx, `SELECT `+commentColumns+fromComments+` AND m.id = $3`, i.RepositoryID, i.Number, id).Scan)
	if errors.Is(err, database.ErrNoRows) {
		return nil, noComment()
	}
	if err == nil {
		err = account.Meet(ctx, room.DB, &m.Who.Account)
	}
	return &m, err
}

func noComment() error {
	return rest.Refuse(reason.ResourceNotFound, "The issue has no such comment.")
}

func (room *Room) getComment(c *access.Call, r *repository.Repository, i *Issue, m *Comment) (any, error) {
	texts, err := room.texts(c.Context(), room.DB, r, *m)
	return room.renderComment(r, i, m, texts), err
}

// touch locks the tracker, tells that something happened to an issue, and reads it again: others may have changed it meanwhile. A
// *rest.Error says that it is gone.
func (room *Room) touch(ctx context.Context, tx *database.Tx, r *repository.Repository, i *Issue) error {
	if err := lock(ctx, tx, r.ID); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE issue SET updated_on = $3 WHERE repository_id = $1 AND number = $2`, r.ID, i.Number, database.Micros(room.Now())); err != nil {
		return err
	}
	now, err := room.Find(ctx, tx, r, i.Number)
	if err == nil {
		*i = *now
	}
	return err
}

func (room *Room) postComment(c *access.Call, r *repository.Repository, i *Issue) (any, error) {
	text, err := new(commentBody).text(c)
	if err != nil {
		return nil, err
	}
	m, err := room.Say(c.Context(), c.Principal, r, i, text)
	if err != nil {
		return nil, err
	}
	texts, err := room.texts(c.Context(), room.DB, r, *m)
	j := room.renderComment(r, i, m, texts)
	return rest.Created(j, j.Links["self"]), err
}

// Say makes a comment of who acts as p; whoever makes one watches the issue from then on. A *rest.Error says that it is empty or too
// long, or that the issue is gone.
func (room *Room) Say(ctx context.Context, p *access.Principal, r *repository.Repository, i *Issue, text string) (*Comment, error) {
	if _, err := rest.RequiredText("content.raw", &text, MaxContent); err != nil {
		return nil, err
	}
	m := &Comment{Number: i.Number, Who: account.PersonOf(p), Text: text}
	return m, room.DB.Update(ctx, func(tx *database.Tx) (err error) {
		if err := room.touch(ctx, tx, r, i); err != nil {
			return err
		}
		m.Created, m.Updated = i.Updated, i.Updated
		if m.ID, err = next(ctx, tx, r.ID, "last_entry"); err != nil {
			return err
		}
		if err := insertComment(ctx, tx, r.ID, m); err != nil {
			return err
		}
		if m.Who.Account != nil {
			if err := watching.set(ctx, tx, i, m.Who.Account.ID, true); err != nil {
				return err
			}
		}
		return room.emit(ctx, tx, event.IssueCommentCreated, r, i, m)
	})
}

// mine refuses whoever did not write a comment, but for an administrator of the repository where that may do it too.
func (room *Room) mine(ctx context.Context, p *access.Principal, r *repository.Repository, m *Comment, administrators bool) error {
	if m.Who.Is(p) {
		return nil
	}
	if p.Account == nil {
		return rest.Refuse(reason.CredentialKindNotAccepted, "Somebody else wrote this, and this credential belongs to no account.").With("credential", p.Kind)
	}
	if administrators {
		return room.passes(ctx, p, r, room.Repositories.Repositories().Needs(access.Admin))
	}
	return rest.Refuse(reason.PrivilegeMissing, "Only who wrote this may change it.")
}

func (room *Room) putComment(c *access.Call, r *repository.Repository, i *Issue, m *Comment) (any, error) {
	text, err := new(commentBody).text(c)
	if err == nil {
		err = room.Reword(c.Context(), c.Principal, r, i, m, text)
	}
	if err != nil {
		return nil, err
	}
	texts, err := room.texts(c.Context(), room.DB, r, *m)
	return room.renderComment(r, i, m, texts), err
}

// Reword changes what a comment says, for who acts as p. A *rest.Error says that somebody else wrote it, that it would be empty or too
// long, or that it is gone.
func (room *Room) Reword(ctx context.Context, p *access.Principal, r *repository.Repository, i *Issue, m *Comment, text string) error {
	_, err := rest.RequiredText("content.raw", &text, MaxContent)
	if err == nil {
		err = room.mine(ctx, p, r, m, false)
	}
	if err != nil {
		return err
	}
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		if err := room.touch(ctx, tx, r, i); err != nil {
			return err
		}
		m.Text, m.Updated = text, i.Updated
		n, err := tx.Exec(ctx, `UPDATE issue_comment SET content = $3, updated_on = $4 WHERE repository_id = $1 AND id = $2`, r.ID, m.ID, m.Text, database.Micros(m.Updated))
		if err == nil && n == 0 {
			err = noComment() // somebody deleted it in this moment
		}
		return err
	})
}

func (room *Room) deleteComment(c *access.Call, r *repository.Repository, i *Issue, m *Comment) (any, error) {
	return nil, room.Unsay(c.Context(), c.Principal, r, i, m)
}

// Unsay takes a comment away for who acts as p, and nothing of it stays: what was said with a change is the comment alone. A
// *rest.Error says that somebody else wrote it, or that it is gone.
func (room *Room) Unsay(ctx context.Context, p *access.Principal, r *repository.Repository, i *Issue, m *Comment) error {
	if err := room.mine(ctx, p, r, m, true); err != nil {
		return err
	}
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		if err := room.touch(ctx, tx, r, i); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `DELETE FROM issue_comment WHERE repository_id = $1 AND id = $2`, r.ID, m.ID)
		if err == nil && n == 0 {
			err = noComment()
		}
		return err
	})
}
