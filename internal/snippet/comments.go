package snippet

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/commit"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// comment is what somebody says of a snippet.
type comment struct {
	id       int64
	authorID string // of an account; "": it is gone, or there is none behind by
	by       string // the id of a credential without an account that made it; "" for an account's
	parent   int64  // the comment that it answers; 0 for none
	text     string // in Markdown; "" once it is deleted
	deleted  bool
	created  time.Time
	updated  time.Time
}

// commentJSON is a comment as the API writes it (schema snippet_comment).
type commentJSON struct {
	Type      string               `json:"type"`
	ID        int64                `json:"id"`
	CreatedOn rest.Time            `json:"created_on"`
	UpdatedOn rest.Time            `json:"updated_on"`
	Content   commit.ContentJSON   `json:"content"`
	User      *account.JSON        `json:"user,omitempty"`
	Deleted   bool                 `json:"deleted"`
	Parent    *answeredJSON        `json:"parent,omitempty"`
	Snippet   JSON                 `json:"snippet"`
	Links     map[string]rest.Link `json:"links"`
}

// answeredJSON is the comment that another one answers.
type answeredJSON struct {
	Type  string               `json:"type"`
	ID    int64                `json:"id"`
	Links map[string]rest.Link `json:"links"`
}

// commentBody is what making and changing a comment read.
type commentBody struct {
	Content *commit.TextBody   `json:"content"`
	Parent  *commit.ParentBody `json:"parent"`
}

const (
	commentType    = "snippet_comment"
	commentColumns = `m.id, COALESCE(m.account_id, ''), COALESCE(m.credential_id, ''), COALESCE(m.parent_id, 0), m.content, m.deleted, m.created_on, m.updated_on`
	fromComments   = ` FROM snippet_comment m WHERE m.snippet_id = $1`
)

func scanComment(row func(...any) error) (m comment, err error) {
	var created, updated int64
	err = row(&m.id, &m.authorID, &m.by, &m.parent, &m.text, &m.deleted, &created, &updated)
	m.created, m.updated = database.Time(created), database.Time(updated)
	return m, err
}

// commentFields are what filters and orders of comments may name.
var commentFields = bbql.Fields{
	"id":          {Column: "m.id", Kind: bbql.Number},
	"content.raw": {Column: "m.content", Kind: bbql.String},
	"user.uuid":   {Column: "m.account_id", Kind: bbql.UUID},
	"deleted":     {Column: "m.deleted", Kind: bbql.Bool},
	"created_on":  {Column: "m.created_on", Kind: bbql.Time},
	"updated_on":  {Column: "m.updated_on", Kind: bbql.Time},
}

func (room *Room) commentLinks(s *Snippet, id int64) map[string]rest.Link {
	text := strconv.FormatInt(id, 10)
	return map[string]rest.Link{"self": room.link(s, "comments", text), "html": {Href: room.page(s).Href + "#comment-" + text}}
}

func (room *Room) renderComments(c *access.Call, s *Snippet, comments ...comment) ([]commentJSON, error) {
	known := map[string]*account.JSON{}
	who := func(id string) (*account.JSON, error) {
		if shown, ok := known[id]; ok {
			return shown, nil
		}
		shown, err := room.Accounts.Shown(c.Context(), room.DB, id)
		known[id] = shown
		return shown, err
	}
	creator, err := who(s.CreatorID)
	if err != nil {
		return nil, err
	}
	of, values := room.render(s, creator), make([]commentJSON, len(comments))
	for i, m := range comments {
		author, err := who(m.authorID)
		if err != nil {
			return nil, err
		}
		values[i] = commentJSON{Type: commentType, ID: m.id, CreatedOn: rest.Time(m.created), UpdatedOn: rest.Time(m.updated), Content: commit.Rendered(m.text),
			User: author, Deleted: m.deleted, Snippet: of, Links: room.commentLinks(s, m.id)}
		if m.parent != 0 {
			values[i].Parent = &answeredJSON{commentType, m.parent, room.commentLinks(s, m.parent)}
		}
	}
	return values, nil
}

func (room *Room) renderComment(c *access.Call, s *Snippet, m comment) (commentJSON, error) {
	values, err := room.renderComments(c, s, m)
	if err != nil {
		return commentJSON{}, err
	}
	return values[0], nil
}

// listComments lists what was said of a snippet, the oldest first (GET .../comments).
func (room *Room) listComments(c *access.Call, s *Snippet) (any, error) {
	l := rest.Listing[comment]{Columns: commentColumns, From: fromComments, Args: []any{s.ID}, Order: `m.id`, Fields: commentFields, Scan: scanComment}
	p, rows, size, err := l.Page(c.Context(), room.DB, c.Request)
	if err != nil {
		return nil, err
	}
	values, err := room.renderComments(c, s, rows...)
	return rest.Counted(c.Request, p, values, size), err
}

// commentID is the number of the comment that the path names.
func commentID(c *access.Call) (int64, error) {
	id, err := strconv.ParseInt(c.Param("comment_id"), 10, 64)
	if err != nil {
		return 0, noComment()
	}
	return id, nil
}

// findComment finds a comment of a snippet. A *rest.Error says that there is none.
func findComment(ctx context.Context, q database.Queryer, s *Snippet, id int64) (comment, error) {
	m, err := scanComment(q.Row(ctx, `SELECT `+commentColumns+fromComments+` AND m.id = $2`, s.ID, id).Scan)
	if errors.Is(err, database.ErrNoRows) {
		return m, noComment()
	}
	return m, err
}

func noComment() error {
	return rest.Refuse(reason.ResourceNotFound, "The snippet has no such comment.")
}

func (room *Room) getComment(c *access.Call, s *Snippet) (any, error) {
	id, err := commentID(c)
	if err != nil {
		return nil, err
	}
	m, err := findComment(c.Context(), room.DB, s, id)
	if err != nil {
		return nil, err
	}
	return room.renderComment(c, s, m)
}

// postComment makes a comment, or an answer to one (POST .../comments).
func (room *Room) postComment(c *access.Call, s *Snippet) (any, error) {
	var b commentBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	m, err := room.speak(c.Context(), c.Principal, s, b)
	if err != nil {
		return nil, err
	}
	j, err := room.renderComment(c, s, m)
	return rest.Created(j, j.Links["self"]), err
}

// speak makes a comment for who acts as p, whom the caller has found to see the snippet.
func (room *Room) speak(ctx context.Context, p *access.Principal, s *Snippet, b commentBody) (comment, error) {
	text, err := b.Content.Text()
	if err != nil {
		return comment{}, err
	}
	m := comment{text: text, parent: b.Parent.Comment(), authorID: p.AccountID(), created: room.now()}
	m.updated = m.created
	if m.authorID == "" {
		m.by = p.ID
	}
	err = room.DB.Update(ctx, func(tx *database.Tx) error {
		if _, err := lock(ctx, tx, s.ID); err != nil {
			return err
		}
		var here, answered int
		if err := tx.Row(ctx, `SELECT COUNT(*), COALESCE(SUM(CASE WHEN m.id = $2 THEN 1 ELSE 0 END), 0)`+fromComments, s.ID, m.parent).Scan(&here, &answered); err != nil {
			return err
		}
		if here >= commit.MaxComments {
			return rest.Refusef(reason.ValueInvalid, "A snippet has at most %d comments.", commit.MaxComments).WithMessage("Too many comments")
		}
		if m.parent != 0 && answered == 0 {
			return rest.InvalidField("parent.id", "the snippet has no such comment")
		}
		if err := tx.Row(ctx, `UPDATE counter SET value = value + 1 WHERE name = 'snippet_comment' RETURNING value`).Scan(&m.id); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO snippet_comment (id, snippet_id, account_id, credential_id, parent_id, content, deleted, created_on, updated_on)
			VALUES ($1, $2, NULLIF($3, ''), NULLIF($4, ''), NULLIF($5, 0), $6, FALSE, $7, $8)`,
			m.id, s.ID, m.authorID, m.by, m.parent, m.text, database.Micros(m.created), database.Micros(m.updated))
		return err
	})
	return m, err
}

// wrote tells whether the caller wrote a comment.
func wrote(p *access.Principal, m comment) bool {
	return p.Account != nil && m.authorID == p.Account.ID || p.Account == nil && m.by != "" && m.by == p.ID
}

// putComment changes what a comment says, which only its author may (PUT .../comments/{comment_id}).
func (room *Room) putComment(c *access.Call, s *Snippet) (any, error) {
	var b commentBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	id, err := commentID(c)
	if err != nil {
		return nil, err
	}
	m, err := room.reword(c.Context(), c.Principal, s, id, b)
	if err != nil {
		return nil, err
	}
	j, err := room.renderComment(c, s, m)
	return rest.Answer{Status: http.StatusOK, Body: j}, err
}

// reword changes what a comment says, for its author.
func (room *Room) reword(ctx context.Context, p *access.Principal, s *Snippet, id int64, b commentBody) (m comment, err error) {
	text, err := b.Content.Text()
	if err != nil {
		return m, err
	}
	err = room.DB.Update(ctx, func(tx *database.Tx) (err error) {
		if _, err := lock(ctx, tx, s.ID); err != nil {
			return err
		}
		if m, err = findComment(ctx, tx, s, id); err != nil {
			return err
		}
		if m.deleted {
			return noComment()
		}
		switch {
		case wrote(p, m):
		case p.Account == nil:
			return rest.Refuse(reason.CredentialKindNotAccepted, "Somebody else wrote this, and this credential belongs to no account.").With("credential", p.Kind)
		default:
			return rest.Refuse(reason.PrivilegeMissing, "Only who wrote this may change it.")
		}
		m.text, m.updated = text, room.now()
		_, err = tx.Exec(ctx, `UPDATE snippet_comment SET content = $2, updated_on = $3 WHERE id = $1`, m.id, m.text, database.Micros(m.updated))
		return err
	})
	return m, err
}

// deleteComment takes the text of a comment away; what answers it stays. Its author may, and whoever may delete the snippet
// (DELETE .../comments/{comment_id}: "the comment author, snippet creator, or workspace admin").
func (room *Room) deleteComment(c *access.Call, s *Snippet) (any, error) {
	id, err := commentID(c)
	if err != nil {
		return nil, err
	}
	return nil, room.takeAway(c.Context(), c.Principal, s, id)
}

// takeAway deletes a comment for who acts as p.
func (room *Room) takeAway(ctx context.Context, p *access.Principal, s *Snippet, id int64) error {
	m, err := findComment(ctx, room.DB, s, id)
	if err != nil {
		return err
	}
	if !wrote(p, m) {
		if err := room.administers(ctx, p, s); err != nil {
			return err
		}
	}
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		if _, err := lock(ctx, tx, s.ID); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE snippet_comment SET content = '', deleted = TRUE, updated_on = $2 WHERE id = $1`, m.id, database.Micros(room.now()))
		return err
	})
}
