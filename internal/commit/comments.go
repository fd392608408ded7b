package commit

import (
	"context"
	"errors"
	"html/template"
	"strconv"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/event"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// Comment is what somebody says of a commit.
type Comment struct {
	ID      int64
	Author  *account.Account // nil: the account is gone, or there is none behind By
	By      string           // the id of a credential without an account that made it; "" for an account's
	Parent  int64            // the comment that it answers; 0 for none
	Text    string           // in Markdown; "" once it is deleted
	Place                    // in the changes of the commit
	Deleted bool
	Created time.Time
	Updated time.Time
	HTML    template.HTML // Text as pages show it; of Room.Comments
}

// MaxComments bounds the comments of one commit, and those of one pull request.
const MaxComments = 10_000

// commentJSON is a comment as the API writes it (schema commit_comment).
type commentJSON struct {
	Type      string               `json:"type"`
	ID        int64                `json:"id"`
	CreatedOn rest.Time            `json:"created_on"`
	UpdatedOn rest.Time            `json:"updated_on"`
	Content   ContentJSON          `json:"content"`
	User      *account.JSON        `json:"user,omitempty"`
	Deleted   bool                 `json:"deleted"`
	Parent    *parentJSON          `json:"parent,omitempty"`
	Inline    *InlineJSON          `json:"inline,omitempty"`
	Commit    commitJSON           `json:"commit"`
	Links     map[string]rest.Link `json:"links"`
}

// parentJSON is the comment that another one answers.
type parentJSON struct {
	Type  string               `json:"type"`
	ID    int64                `json:"id"`
	Links map[string]rest.Link `json:"links"`
}

// commitJSON is the commit inside of a comment.
type commitJSON struct {
	Type  string               `json:"type"`
	Hash  string               `json:"hash"`
	Links map[string]rest.Link `json:"links"`
}

func (room *Room) commentLinks(r *repository.Repository, hash gitstore.Hash, id int64) map[string]rest.Link {
	page := room.URLs.Web(append(r.Path(), "commit", string(hash))...)
	return map[string]rest.Link{"self": room.link(r, hash, "comments", strconv.FormatInt(id, 10)), "html": {Href: page.Href + "#comment-" + strconv.FormatInt(id, 10)}}
}

func (room *Room) renderComment(r *repository.Repository, hash gitstore.Hash, m *Comment, texts repository.Texts) commentJSON {
	j := commentJSON{Type: "commit_comment", ID: m.ID, CreatedOn: rest.Time(m.Created), UpdatedOn: rest.Time(m.Updated), Deleted: m.Deleted,
		Content: Linked(m.Text, texts), Inline: m.JSON(),
		Commit: commitJSON{"commit", string(hash), map[string]rest.Link{"self": room.link(r, hash)}},
		Links:  room.commentLinks(r, hash, m.ID)}
	if m.Author != nil {
		who := room.Repositories.Accounts.Render(&m.Author.Account)
		j.User = &who
	}
	if m.Parent != 0 {
		j.Parent = &parentJSON{"commit_comment", m.Parent, room.commentLinks(r, hash, m.Parent)}
	}
	return j
}

// commentBody is what making and changing a comment read.
type commentBody struct {
	Content *TextBody   `json:"content"`
	Parent  *ParentBody `json:"parent"`
	Inline  *PlaceBody  `json:"inline"`
}

const (
	commentColumns = `m.id, COALESCE(m.parent_id, 0), m.content, m.path, m.line_from, m.line_to, m.start_from, m.start_to, m.deleted, m.created_on, m.updated_on, COALESCE(m.account_id, ''), COALESCE(m.credential_id, '')`
	fromComments   = ` FROM commit_comment m WHERE m.repository_id = $1 AND m.hash = $2`
)

// scanComment leaves of the author just the id.
func scanComment(row func(...any) error) (m Comment, err error) {
	var created, updated int64
	var author string
	err = row(&m.ID, &m.Parent, &m.Text, &m.Path, &m.From, &m.To, &m.StartFrom, &m.StartTo, &m.Deleted, &created, &updated, &author, &m.By)
	m.Created, m.Updated = database.Time(created), database.Time(updated)
	if author != "" {
		m.Author = &account.Account{Account: access.Account{ID: author}}
	}
	return m, err
}

// authors looks up who wrote comments.
func (room *Room) authors(ctx context.Context, comments []Comment) error {
	known := map[string]*account.Account{}
	for i := range comments {
		a := comments[i].Author
		if a == nil {
			continue
		}
		found, ok := known[a.ID]
		if !ok {
			one, err := room.Repositories.Accounts.Find(ctx, room.DB, rest.Braced(a.ID))
			if err != nil && !errors.Is(err, account.ErrNotFound) {
				return err
			}
			if err == nil {
				found = &one
			}
			known[a.ID] = found
		}
		comments[i].Author = found
	}
	return nil
}

// commentFields are what filters and orders of comments may name.
var commentFields = bbql.Fields{
	"id":          {Column: "m.id", Kind: bbql.Number},
	"content.raw": {Column: "m.content", Kind: bbql.String},
	"inline.path": {Column: "m.path", Kind: bbql.String},
	"user.uuid":   {Column: "m.account_id", Kind: bbql.UUID},
	"deleted":     {Column: "m.deleted", Kind: bbql.Bool},
	"created_on":  {Column: "m.created_on", Kind: bbql.Time},
	"updated_on":  {Column: "m.updated_on", Kind: bbql.Time},
}

func (room *Room) listComments(c *access.Call, r *repository.Repository, hash gitstore.Hash) (any, error) {
	l := rest.Listing[Comment]{Columns: commentColumns, From: fromComments, Args: []any{r.ID, string(hash)}, Order: `m.id`, Fields: commentFields, Scan: scanComment}
	p, rows, size, err := l.Page(c.Context(), room.DB, c.Request)
	if err == nil {
		err = room.authors(c.Context(), rows)
	}
	if err != nil {
		return nil, err
	}
	texts, err := room.texts(c.Context(), room.DB, room.URLs, r, rows...)
	if err != nil {
		return nil, err
	}
	values := make([]commentJSON, len(rows))
	for i := range rows {
		values[i] = room.renderComment(r, hash, &rows[i], texts)
	}
	return rest.Counted(c.Request, p, values, size), nil
}

// texts are those of comments.
func (room *Room) texts(ctx context.Context, q database.Queryer, urls rest.URLs, r *repository.Repository, comments ...Comment) (repository.Texts, error) {
	all := make([]string, len(comments))
	for i := range comments {
		all[i] = comments[i].Text
	}
	return room.Repositories.Texts(ctx, q, urls, r, all...)
}

// Comments are at most limit of a commit, the oldest first, as pages show them.
func (room *Room) Comments(ctx context.Context, r *repository.Repository, hash gitstore.Hash, limit int) ([]Comment, error) {
	rows, err := database.Collect(ctx, room.DB, scanComment, `SELECT `+commentColumns+fromComments+` ORDER BY m.id LIMIT $3`, r.ID, string(hash), limit)
	if err == nil {
		err = room.authors(ctx, rows)
	}
	if err != nil {
		return nil, err
	}
	texts, err := room.texts(ctx, room.DB, rest.URLs{}, r, rows...)
	for i := range rows {
		rows[i].HTML = template.HTML(Linked(rows[i].Text, texts).HTML)
	}
	return rows, err
}

// findComment finds the comment that the path names. A *rest.Error says that the commit has none.
func findComment(c *access.Call, q database.Queryer, r *repository.Repository, hash gitstore.Hash) (Comment, error) {
	id, err := strconv.ParseInt(c.Param("comment_id"), 10, 64)
	if err != nil {
		return Comment{}, noComment()
	}
	m, err := scanComment(q.Row(c.Context(), `SELECT `+commentColumns+fromComments+` AND m.id = $3`, r.ID, string(hash), id).Scan)
	if errors.Is(err, database.ErrNoRows) {
		return m, noComment()
	}
	return m, err
}

func noComment() error {
	return rest.Refuse(reason.ResourceNotFound, "The commit has no such comment.")
}

func (room *Room) getComment(c *access.Call, r *repository.Repository, hash gitstore.Hash) (any, error) {
	m, err := findComment(c, room.DB, r, hash)
	if err != nil {
		return nil, err
	}
	return room.answer(c, r, hash, m)
}

func (room *Room) answer(c *access.Call, r *repository.Repository, hash gitstore.Hash, m Comment) (commentJSON, error) {
	one := []Comment{m}
	if err := room.authors(c.Context(), one); err != nil {
		return commentJSON{}, err
	}
	texts, err := room.texts(c.Context(), room.DB, room.URLs, r, m)
	return room.renderComment(r, hash, &one[0], texts), err
}

// postComment makes a comment, or an answer to one (POST .../commit/{commit}/comments).
func (room *Room) postComment(c *access.Call, r *repository.Repository, hash gitstore.Hash) (any, error) {
	var b commentBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	said, err := b.Content.Text()
	if err != nil {
		return nil, err
	}
	m := Comment{Text: said, Parent: b.Parent.Comment(), Created: room.Now(), Updated: room.Now()}
	if m.Place, err = b.Inline.Place(); err != nil {
		return nil, err
	}
	var by, credential, parent any
	if a := c.Principal.Account; a != nil {
		by, m.Author = a.ID, &account.Account{Account: *a}
	} else {
		credential, m.By = c.Principal.ID, c.Principal.ID
	}
	err = room.DB.Update(c.Context(), func(tx *database.Tx) error {
		var here, answered int
		if err := tx.Row(c.Context(), `SELECT COUNT(*), COALESCE(SUM(CASE WHEN m.id = $3 THEN 1 ELSE 0 END), 0)`+fromComments, r.ID, string(hash), m.Parent).Scan(&here, &answered); err != nil {
			return err
		}
		if here >= MaxComments {
			return rest.Refusef(reason.ValueInvalid, "A commit has at most %d comments.", MaxComments).WithMessage("Too many comments")
		}
		if m.Parent != 0 {
			if parent = m.Parent; answered == 0 {
				return rest.InvalidField("parent.id", "the commit has no such comment")
			}
		}
		if err := tx.Row(c.Context(), `UPDATE counter SET value = value + 1 WHERE name = 'commit_comment' RETURNING value`).Scan(&m.ID); err != nil {
			return err
		}
		_, err := tx.Exec(c.Context(), `INSERT INTO commit_comment (id, repository_id, hash, account_id, credential_id, parent_id, content, path, line_from, line_to, start_from, start_to, deleted, created_on, updated_on)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, FALSE, $13, $14)`,
			m.ID, r.ID, string(hash), by, credential, parent, m.Text, m.Path, m.From, m.To, m.StartFrom, m.StartTo, database.Micros(m.Created), database.Micros(m.Updated))
		if err != nil {
			return err
		}
		return room.Repositories.Emit(c.Context(), tx, event.CommitComment, r, func() (event.Payload, error) {
			texts, err := room.texts(c.Context(), tx, room.URLs, r, m)
			said := room.renderComment(r, hash, &m, texts)
			return event.Payload{"comment": said, "commit": said.Commit}, err
		})
	})
	if err != nil {
		return nil, err
	}
	j, err := room.answer(c, r, hash, m)
	return rest.Created(j, j.Links["self"]), err
}

// mine refuses whoever did not write a comment, but for an administrator of the repository where that may do it too.
func (room *Room) mine(c *access.Call, r *repository.Repository, m *Comment, administrators bool) error {
	p := c.Principal
	return room.Own(c.Context(), p, r, p.Account != nil && m.Author != nil && p.Account.ID == m.Author.ID || p.Account == nil && p.ID == m.By, administrators)
}

// Own refuses who acts as p unless they wrote what is to be changed, which wrote tells, but for an administrator of the repository where
// that may do it too.
func (room *Room) Own(ctx context.Context, p *access.Principal, r *repository.Repository, wrote, administrators bool) error {
	if wrote {
		return nil
	}
	err := error(rest.Refuse(reason.PrivilegeMissing, "Only who wrote this may change it."))
	if administrators {
		at := map[string]string{"workspace": rest.Braced(r.Workspace.ID), "repo_slug": rest.Braced(r.ID)}
		_, err = access.Visit(room.Repositories.Accounts.Gate, ctx, p, room.Repositories.Repositories().Needs(access.Admin), func(name string) string { return at[name] })
	}
	if refusal, ok := errors.AsType[*rest.Error](err); ok && refusal.Reason == reason.PrivilegeMissing && p.Account == nil {
		return rest.Refuse(reason.CredentialKindNotAccepted, "Somebody else wrote this, and this credential belongs to no account.").With("credential", p.Kind)
	}
	return err
}

// putComment changes what a comment says. It answers 201, as documented (PUT .../comments/{comment_id}).
func (room *Room) putComment(c *access.Call, r *repository.Repository, hash gitstore.Hash) (any, error) {
	var b commentBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	said, err := b.Content.Text()
	if err != nil {
		return nil, err
	}
	var m Comment
	err = room.DB.Update(c.Context(), func(tx *database.Tx) (err error) {
		if m, err = findComment(c, tx, r, hash); err != nil {
			return err
		}
		if m.Deleted {
			return noComment()
		}
		if err := room.mine(c, r, &m, false); err != nil {
			return err
		}
		m.Text, m.Updated = said, room.Now()
		n, err := tx.Exec(c.Context(), `UPDATE commit_comment SET content = $2, updated_on = $3 WHERE id = $1 AND NOT deleted`, m.ID, m.Text, database.Micros(m.Updated))
		if err == nil && n == 0 {
			err = noComment() // somebody deleted it in this moment
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	j, err := room.answer(c, r, hash, m)
	return rest.Answer{Status: 201, Body: j}, err
}

// deleteComment takes the text of a comment away; what answers it stays.
func (room *Room) deleteComment(c *access.Call, r *repository.Repository, hash gitstore.Hash) (any, error) {
	m, err := findComment(c, room.DB, r, hash)
	if err != nil {
		return nil, err
	}
	if err := room.mine(c, r, &m, true); err != nil {
		return nil, err
	}
	return nil, room.DB.Update(c.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(c.Context(), `UPDATE commit_comment SET content = '', deleted = TRUE, updated_on = $2 WHERE id = $1`, m.ID, database.Micros(room.Now()))
		return err
	})
}
