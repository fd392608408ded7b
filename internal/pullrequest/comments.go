package pullrequest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/commit"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/event"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// Comment is what somebody says of a pull request: of the whole, of lines of its changes, or to another comment. Those on the changes
// that answer no other one are to be resolved.
type Comment struct {
	Number       int64 // of the pull request
	ID           int64 // from 1, in the repository
	Author       account.Person
	Parent       int64  // the comment that it answers; 0 for none
	Text         string // in Markdown; "" once it is deleted
	commit.Place        // an answer stands where its parent does
	Source       gitstore.Hash
	Destination  gitstore.Hash // Place is in the changes between the two
	Outdated     bool          // Place is gone from what the pull request holds now
	Pending      bool          // seen by its author alone
	Deleted      bool
	Resolved     Resolution
	Created      time.Time
	Updated      time.Time

	depth int // how many it answers: 0 for one that answers none
}

// maxDepth bounds answers to answers.
const maxDepth = 50

// commentJSON is a comment as the API writes it (schema pullrequest_comment). Bitbucket has outdated within inline; the published
// schema has no room for it there.
type commentJSON struct {
	Type        string               `json:"type"`
	ID          int64                `json:"id"`
	CreatedOn   rest.Time            `json:"created_on"`
	UpdatedOn   rest.Time            `json:"updated_on"`
	Content     commit.ContentJSON   `json:"content"`
	User        *account.PersonJSON  `json:"user,omitempty"` // absent when the account is gone
	Deleted     bool                 `json:"deleted"`
	Pending     bool                 `json:"pending"`
	Parent      *commentRefJSON      `json:"parent,omitempty"`
	Inline      *commit.InlineJSON   `json:"inline,omitempty"`
	Outdated    *bool                `json:"outdated,omitempty"` // of those with inline
	Resolution  *resolutionJSON      `json:"resolution,omitempty"`
	PullRequest briefJSON            `json:"pullrequest"`
	Links       map[string]rest.Link `json:"links"`
}

// commentRefJSON is a comment inside of other objects.
type commentRefJSON struct {
	Type  string               `json:"type"`
	ID    int64                `json:"id"`
	Links map[string]rest.Link `json:"links"`
}

// commentBody is what making and changing a comment read.
type commentBody struct {
	Content *commit.TextBody   `json:"content"`
	Parent  *commit.ParentBody `json:"parent"`
	Inline  *commit.PlaceBody  `json:"inline"`
	Pending *bool              `json:"pending"`
}

func (room *Room) commentLinks(r *repository.Repository, number, id int64) map[string]rest.Link {
	page := room.URLs.Web(append(r.Path(), "pull-requests", strconv.FormatInt(number, 10))...)
	return map[string]rest.Link{"self": room.linkTo(r, number, "comments", strconv.FormatInt(id, 10)), "html": {Href: page.Href + "#comment-" + strconv.FormatInt(id, 10)}}
}

func (room *Room) renderCommentRef(r *repository.Repository, number, id int64) *commentRefJSON {
	return &commentRefJSON{"pullrequest_comment", id, room.commentLinks(r, number, id)}
}

// texts are those of comments.
func (room *Room) texts(ctx context.Context, q database.Queryer, r *repository.Repository, comments ...*Comment) (repository.Texts, error) {
	all := make([]string, len(comments))
	for i, m := range comments {
		all[i] = m.Text
	}
	return room.Repositories.Texts(ctx, q, room.URLs, r, all...)
}

// shownComment is a comment by itself.
func (room *Room) shownComment(ctx context.Context, q database.Queryer, r *repository.Repository, title string, m *Comment) (commentJSON, error) {
	texts, err := room.texts(ctx, q, r, m)
	return room.renderComment(r, title, m, texts), err
}

func (room *Room) renderComment(r *repository.Repository, title string, m *Comment, texts repository.Texts) commentJSON {
	j := commentJSON{Type: "pullrequest_comment", ID: m.ID, CreatedOn: rest.Time(m.Created), UpdatedOn: rest.Time(m.Updated), Content: commit.Linked(m.Text, texts),
		User: room.Repositories.Accounts.RenderPerson(m.Author), Deleted: m.Deleted, Pending: m.Pending, Inline: m.JSON(), Resolution: room.renderResolution(&m.Resolved),
		PullRequest: room.renderBrief(r, m.Number, title), Links: room.commentLinks(r, m.Number, m.ID)}
	if m.Parent != 0 {
		j.Parent = room.renderCommentRef(r, m.Number, m.Parent)
	}
	if j.Inline != nil {
		j.Outdated = &m.Outdated
		code := room.link(r, "diff", string(m.Source)+".."+string(m.Destination))
		j.Links["code"] = rest.Link{Href: code.Href + "?" + url.Values{"path": {m.Path}, "topic": {"true"}}.Encode()}
	}
	return j
}

const (
	commentColumns = `m.number, m.id, COALESCE(m.account_id, ''), m.credential, m.name, COALESCE(m.parent_id, 0), m.depth, m.content, m.path, m.line_from, m.line_to, m.start_from, m.start_to,
		m.source_hash, m.destination_hash, m.outdated, m.pending, m.deleted, m.resolved_on, COALESCE(m.resolver_id, ''), m.resolver_credential, m.resolver_name, m.created_on, m.updated_on`
	fromComments = ` FROM pull_request_comment m WHERE m.repository_id = $1 AND m.number = $2`
	// visible is the condition of what the caller may see, who stands for $3 and $4: what is pending is its author's.
	visible = ` AND (NOT m.pending OR m.account_id = $3 OR m.credential <> '' AND m.credential = $4)`
)

// viewer are the arguments of visible.
func viewer(p *access.Principal) []any {
	who := account.PersonOf(p)
	return []any{p.AccountID(), who.Credential}
}

// scanComment leaves of accounts just the ids; fillComments reads the rest.
func scanComment(row func(...any) error) (m Comment, err error) {
	var created, updated, resolved int64
	var author, resolver string
	err = row(&m.Number, &m.ID, &author, &m.Author.Credential, &m.Author.Name, &m.Parent, &m.depth, &m.Text, &m.Path, &m.From, &m.To, &m.StartFrom, &m.StartTo,
		&m.Source, &m.Destination, &m.Outdated, &m.Pending, &m.Deleted, &resolved, &resolver, &m.Resolved.By.Credential, &m.Resolved.By.Name, &created, &updated)
	m.Created, m.Updated, m.Resolved.On = database.Time(created), database.Time(updated), database.Time(resolved)
	m.Author.Account, m.Resolved.By.Account = account.Known(author), account.Known(resolver)
	return m, err
}

// loadComments reads comments that a condition on m names, with who wrote and resolved them.
func loadComments(ctx context.Context, q database.Queryer, condition string, args ...any) ([]Comment, error) {
	rows, err := database.Collect(ctx, q, scanComment, `SELECT `+commentColumns+` FROM pull_request_comment m WHERE `+condition, args...)
	if err == nil {
		err = fillComments(ctx, q, rows)
	}
	return rows, err
}

func fillComments(ctx context.Context, q database.Queryer, rows []Comment) error {
	people := make([]**account.Account, 0, 2*len(rows))
	for i := range rows {
		people = append(people, &rows[i].Author.Account, &rows[i].Resolved.By.Account)
	}
	return account.Meet(ctx, q, people...)
}

// commentFields are what filters and orders of comments may name.
var commentFields = bbql.Fields{
	"id":                    {Column: "m.id", Kind: bbql.Number},
	"content.raw":           {Column: "m.content", Kind: bbql.String},
	"parent.id":             {Column: "m.parent_id", Kind: bbql.Number},
	"inline.path":           {Column: "NULLIF(m.path, '')", Kind: bbql.String},
	"inline.from":           {Column: "NULLIF(m.line_from, 0)", Kind: bbql.Number},
	"inline.to":             {Column: "NULLIF(m.line_to, 0)", Kind: bbql.Number},
	"outdated":              {Column: "m.outdated", Kind: bbql.Bool},
	"user.uuid":             {Column: "m.account_id", Kind: bbql.UUID},
	"deleted":               {Column: "m.deleted", Kind: bbql.Bool},
	"pending":               {Column: "m.pending", Kind: bbql.Bool},
	"created_on":            {Column: "m.created_on", Kind: bbql.Time},
	"updated_on":            {Column: "m.updated_on", Kind: bbql.Time},
	"resolution.created_on": {Column: "NULLIF(m.resolved_on, 0)", Kind: bbql.Time},
}

func (room *Room) listComments(c *access.Call, r *repository.Repository, pr *PullRequest) (any, error) {
	room.keepUp(c.Context(), pr)
	l := rest.Listing[Comment]{Columns: commentColumns, From: fromComments + visible, Args: append([]any{r.ID, pr.Number}, viewer(c.Principal)...), Order: `m.id`, Fields: commentFields, Scan: scanComment}
	p, rows, size, err := l.Page(c.Context(), room.DB, c.Request)
	if err == nil {
		err = fillComments(c.Context(), room.DB, rows)
	}
	if err != nil {
		return nil, err
	}
	all := make([]*Comment, len(rows))
	for i := range rows {
		all[i] = &rows[i]
	}
	texts, err := room.texts(c.Context(), room.DB, r, all...)
	if err != nil {
		return nil, err
	}
	values := make([]commentJSON, len(rows))
	for i := range rows {
		values[i] = room.renderComment(r, pr.Title, &rows[i], texts)
	}
	return rest.Counted(c.Request, p, values, size), nil
}

// findComment finds the comment with an id, if who acts as p may see it. A *rest.Error says that the pull request has none.
func findComment(ctx context.Context, q database.Queryer, p *access.Principal, pr *PullRequest, id int64) (*Comment, error) {
	rows, err := loadComments(ctx, q, `m.repository_id = $1 AND m.number = $2`+visible+` AND m.id = $5`, append(append([]any{pr.RepositoryID, pr.Number}, viewer(p)...), id)...)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, noComment()
	}
	return &rows[0], nil
}

func noComment() *rest.Error {
	return rest.Refuse(reason.ResourceNotFound, "The pull request has no such comment.")
}

// comment finds the comment that the path names, for h.
func (room *Room) comment(h func(*access.Call, *repository.Repository, *PullRequest, *Comment) (any, error)) func(*access.Call, *repository.Repository) (any, error) {
	return below(room, "comment_id", noComment, func(c *access.Call, pr *PullRequest, id int64) (*Comment, error) {
		room.keepUp(c.Context(), pr)
		return findComment(c.Context(), room.DB, c.Principal, pr, id)
	}, h)
}

func (room *Room) getComment(c *access.Call, r *repository.Repository, pr *PullRequest, m *Comment) (any, error) {
	return room.shownComment(c.Context(), room.DB, r, pr.Title, m)
}

// hold keeps others from changing what is said of a pull request, open or not, until the transaction ends, and reads it as it is.
func hold(ctx context.Context, tx *database.Tx, pr *PullRequest) (*PullRequest, error) {
	if _, err := tx.Exec(ctx, `UPDATE pull_request SET comment_count = comment_count WHERE repository_id = $1 AND number = $2`, pr.RepositoryID, pr.Number); err != nil {
		return nil, err
	}
	rows, err := numbered(ctx, tx, pr.RepositoryID, []int64{pr.Number})
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, notFound()
	}
	return &rows[0], nil
}

// recount writes how much is said of a pull request that is held, and open of it, as it is after a change, and reads it again. It
// counts anew: so the numbers are right whatever is changed, and there are few enough to count.
func (room *Room) recount(ctx context.Context, tx *database.Tx, pr *PullRequest) error {
	room.stirred(tx, pr)
	_, err := tx.Exec(ctx, `UPDATE pull_request SET updated_on = $3,
			comment_count = (SELECT COUNT(*) FROM pull_request_comment m WHERE m.repository_id = $1 AND m.number = $2 AND NOT m.pending AND NOT m.deleted),
			unresolved_count = (SELECT COUNT(*) FROM pull_request_comment m WHERE m.repository_id = $1 AND m.number = $2 AND NOT m.pending AND NOT m.deleted
				AND m.path <> '' AND m.parent_id IS NULL AND m.resolved_on = 0),
			task_count = (SELECT COUNT(*) FROM pull_request_task k WHERE k.repository_id = $1 AND k.number = $2 AND NOT k.pending AND k.resolved_on = 0)
		WHERE repository_id = $1 AND number = $2`, pr.RepositoryID, pr.Number, database.Micros(room.Now()))
	if err != nil {
		return err
	}
	rows, err := numbered(ctx, tx, pr.RepositoryID, []int64{pr.Number})
	if err == nil && len(rows) > 0 {
		*pr = rows[0]
	}
	return err
}

// tellComment tells of something that happened to a comment.
func (room *Room) tellComment(ctx context.Context, tx *database.Tx, key event.Key, r *repository.Repository, pr *PullRequest, m *Comment) error {
	return room.emit(ctx, tx, key, r, pr, func() (event.Payload, error) {
		said, err := room.shownComment(ctx, tx, r, pr.Title, m)
		return event.Payload{"comment": said}, err
	})
}

// appear does what follows when others see a comment for the first time: its author takes part, and it is noted and told of.
func (room *Room) appear(ctx context.Context, tx *database.Tx, r *repository.Repository, pr *PullRequest, m *Comment) error {
	if m.Author.Account != nil {
		// Of who has said what he thinks of it, participated_on is when he said that.
		_, err := tx.Exec(ctx, `INSERT INTO pull_request_participant (repository_id, number, account_id, role, state, participated_on, added_on) VALUES ($1, $2, $3, 'PARTICIPANT', '', $4, $4)
			ON CONFLICT (repository_id, number, account_id) DO UPDATE SET participated_on = excluded.participated_on WHERE pull_request_participant.state = ''`,
			pr.RepositoryID, pr.Number, m.Author.Account.ID, database.Micros(room.Now()))
		if err != nil {
			return err
		}
	}
	if err := room.recount(ctx, tx, pr); err != nil {
		return err
	}
	if err := room.note(ctx, tx, pr, commented, moment{comment: m.ID}); err != nil {
		return err
	}
	return room.tellComment(ctx, tx, event.PullRequestCommentCreated, r, pr, m)
}

// postComment makes a comment, or an answer to one (POST .../comments). One that is pending is seen by its author alone, until a PUT
// makes it not pending. Whether the pull request is open does not matter.
func (room *Room) postComment(c *access.Call, r *repository.Repository, pr *PullRequest) (any, error) {
	var b commentBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	m, err := room.speak(c.Context(), c.Principal, r, pr, b)
	if err != nil {
		return nil, err
	}
	j, err := room.shownComment(c.Context(), room.DB, r, pr.Title, m)
	return rest.Created(j, j.Links["self"]), err
}

// speak makes the comment that a body says, for who acts as p.
func (room *Room) speak(ctx context.Context, p *access.Principal, r *repository.Repository, pr *PullRequest, b commentBody) (*Comment, error) {
	m := Comment{Number: pr.Number, Author: account.PersonOf(p), Parent: b.Parent.Comment(), Source: pr.SourceHash, Destination: pr.DestinationHash,
		Pending: b.Pending != nil && *b.Pending, Created: room.Now()}
	m.Updated = m.Created
	var err error
	if m.Text, err = b.Content.Text(); err != nil {
		return nil, err
	}
	if m.Place, err = b.Inline.Place(); err != nil {
		return nil, err
	}
	if m.Path != "" && m.Parent == 0 {
		if err := room.exists(ctx, pr, m.Path); err != nil {
			return nil, err
		}
	}
	sum, err := room.suggestedSum(ctx, &m, pr.RepositoryID, m.Text)
	if err != nil {
		return nil, err
	}
	return &m, room.addComment(ctx, p, r, pr, &m, sum)
}

// exists refuses a path that is no file of the pull request: neither with its changes nor without them.
func (room *Room) exists(ctx context.Context, pr *PullRequest, path string) error {
	git := room.Repositories.Git
	has := func(hash gitstore.Hash) (bool, error) {
		at, err := git.Commit(ctx, pr.RepositoryID, hash)
		if err != nil {
			return false, err
		}
		e, err := git.At(ctx, pr.RepositoryID, at.Tree, path)
		if errors.Is(err, gitstore.ErrNotFound) {
			return false, nil
		}
		return err == nil && e.File(), err
	}
	ok, err := has(pr.SourceHash)
	if !ok && err == nil {
		var base gitstore.Hash
		if base, err = git.MergeBase(ctx, pr.RepositoryID, pr.DestinationHash, pr.SourceHash); err == nil {
			ok, err = has(base)
		}
	}
	if _, known := errors.AsType[*gitstore.Error](err); known || err == nil && !ok {
		return rest.InvalidField("inline.path", "neither the source nor what it was made from has such a file")
	}
	return err
}

// addComment writes a new comment, which comes back with its id. sum is suggestedSum.
func (room *Room) addComment(ctx context.Context, p *access.Principal, r *repository.Repository, pr *PullRequest, m *Comment, sum string) error {
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		// The row of the repository comes before that of the pull request, as in lockRepository.
		err := tx.Row(ctx, `UPDATE repository SET last_comment = last_comment + 1 WHERE id = $1 RETURNING last_comment`, r.ID).Scan(&m.ID)
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
		if err := tx.Row(ctx, `SELECT COUNT(*)`+fromComments, r.ID, pr.Number).Scan(&all); err != nil {
			return err
		}
		if all >= commit.MaxComments {
			return rest.Refusef(reason.ValueInvalid, "A pull request has at most %d comments.", commit.MaxComments).WithMessage("Too many comments")
		}
		if m.Parent != 0 {
			if err := answer(ctx, tx, p, held, m); err != nil {
				return err
			}
		}
		if err := insertComment(ctx, tx, r.ID, m); err != nil {
			return err
		}
		if err := saveSum(ctx, tx, r.ID, m.ID, sum); err != nil || m.Pending {
			return err
		}
		return room.appear(ctx, tx, r, held, m)
	})
}

// answer puts a comment where the one is that it answers. A *rest.Error says that the caller cannot answer that one.
func answer(ctx context.Context, tx *database.Tx, p *access.Principal, pr *PullRequest, m *Comment) error {
	parent, err := findComment(ctx, tx, p, pr, m.Parent)
	if _, none := errors.AsType[*rest.Error](err); none {
		return rest.InvalidField("parent.id", "the pull request has no such comment")
	}
	switch {
	case err != nil:
		return err
	case parent.depth >= maxDepth:
		return rest.InvalidField("parent.id", fmt.Sprintf("it is the last of %d answers to answers; answer one of the others", maxDepth))
	case parent.Pending && !m.Pending:
		return rest.InvalidField("parent.id", "that comment is pending, and others would see an answer to nothing")
	}
	m.depth, m.Place, m.Source, m.Destination, m.Outdated = parent.depth+1, parent.Place, parent.Source, parent.Destination, parent.Outdated
	return nil
}

func insertComment(ctx context.Context, tx *database.Tx, repositoryID string, m *Comment) error {
	_, err := tx.Exec(ctx, `INSERT INTO pull_request_comment (repository_id, id, number, account_id, credential, name, parent_id, depth, content, path, line_from, line_to, start_from, start_to,
			source_hash, destination_hash, outdated, pending, pending_of, deleted, created_on, updated_on)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, FALSE, $20, $21)`,
		repositoryID, m.ID, m.Number, m.Author.ID(), m.Author.Credential, m.Author.Name, orNull(m.Parent), m.depth, m.Text, m.Path, m.From, m.To, m.StartFrom, m.StartTo,
		string(m.Source), string(m.Destination), m.Outdated, m.Pending, owns(m.Author, m.Pending), database.Micros(m.Created), database.Micros(m.Updated))
	return err
}

// orNull is an id as the store keeps it, NULL for none.
func orNull(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

// owns is the account that something goes with which only it can see.
func owns(p account.Person, pending bool) any {
	if !pending {
		return nil
	}
	return p.ID()
}

// putComment changes what a comment says, or lets others see one that is pending, with the tasks on it (PUT .../comments/{comment_id}).
func (room *Room) putComment(c *access.Call, r *repository.Repository, pr *PullRequest, m *Comment) (any, error) {
	var b commentBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	if err := room.reword(c.Context(), c.Principal, r, pr, m, b); err != nil {
		return nil, err
	}
	return room.shownComment(c.Context(), room.DB, r, pr.Title, m)
}

// reword is putComment for who acts as p. m becomes what the comment is then.
func (room *Room) reword(ctx context.Context, p *access.Principal, r *repository.Repository, pr *PullRequest, m *Comment, b commentBody) error {
	text := m.Text
	if b.Content != nil || b.Pending == nil {
		var err error
		if text, err = b.Content.Text(); err != nil {
			return err
		}
	}
	if m.Deleted {
		return noComment()
	}
	if err := room.Commits.Own(ctx, p, r, m.Author.Is(p), false); err != nil {
		return err
	}
	if b.Pending != nil && *b.Pending && !m.Pending {
		return rest.InvalidField("pending", "others see the comment already")
	}
	sum, err := room.suggestedSum(ctx, m, r.ID, text)
	if err != nil {
		return err
	}
	return room.changeComment(ctx, p, pr, m, func(ctx context.Context, tx *database.Tx, pr *PullRequest, m *Comment) error {
		if m.Deleted {
			return noComment()
		}
		changed, publish := text != m.Text, m.Pending && b.Pending != nil && !*b.Pending
		m.Text, m.Pending, m.Updated = text, m.Pending && !publish, room.Now()
		if _, err := tx.Exec(ctx, `UPDATE pull_request_comment SET content = $3, pending = $4, pending_of = $5, updated_on = $6 WHERE repository_id = $1 AND id = $2`,
			r.ID, m.ID, m.Text, m.Pending, owns(m.Author, m.Pending), database.Micros(m.Updated)); err != nil {
			return err
		}
		if changed {
			if err := saveSum(ctx, tx, r.ID, m.ID, sum); err != nil {
				return err
			}
		}
		switch {
		case publish:
			return room.publish(ctx, tx, r, pr, m)
		case m.Pending || !changed:
			return nil
		}
		if err := room.recount(ctx, tx, pr); err != nil {
			return err
		}
		return room.tellComment(ctx, tx, event.PullRequestCommentUpdated, r, pr, m)
	})
}

// publish lets others see a comment that was pending, and the tasks on it.
func (room *Room) publish(ctx context.Context, tx *database.Tx, r *repository.Repository, pr *PullRequest, m *Comment) error {
	if m.Parent != 0 {
		parent, err := findComment(ctx, tx, access.Actor(ctx), pr, m.Parent)
		if err != nil {
			return err
		}
		if parent.Pending {
			return rest.InvalidField("pending", fmt.Sprintf("comment %d, which this one answers, is pending, too: publish that one first", parent.ID))
		}
	}
	if _, err := tx.Exec(ctx, `UPDATE pull_request_task SET pending = FALSE, pending_of = NULL WHERE repository_id = $1 AND comment_id = $2`, r.ID, m.ID); err != nil {
		return err
	}
	return room.appear(ctx, tx, r, pr, m)
}

// changeComment runs change for who acts as p on a comment as it is when nobody else changes it. m becomes what it is then.
func (room *Room) changeComment(ctx context.Context, p *access.Principal, pr *PullRequest, m *Comment, change func(context.Context, *database.Tx, *PullRequest, *Comment) error) error {
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		held, err := hold(ctx, tx, pr)
		if err != nil {
			return err
		}
		now, err := findComment(ctx, tx, p, held, m.ID)
		if err != nil {
			return err
		}
		*m = *now
		return change(ctx, tx, held, m)
	})
}

// deleteComment takes the text of a comment away; what answers it stays. Its author may do so, and who administers the repository
// (DELETE .../comments/{comment_id}).
func (room *Room) deleteComment(c *access.Call, r *repository.Repository, pr *PullRequest, m *Comment) (any, error) {
	return nil, room.takeAway(c.Context(), c.Principal, r, pr, m)
}

// takeAway is deleteComment for who acts as p.
func (room *Room) takeAway(ctx context.Context, p *access.Principal, r *repository.Repository, pr *PullRequest, m *Comment) error {
	if err := room.Commits.Own(ctx, p, r, m.Author.Is(p), true); err != nil {
		return err
	}
	return room.changeComment(ctx, p, pr, m, func(ctx context.Context, tx *database.Tx, pr *PullRequest, m *Comment) error {
		if m.Deleted {
			return nil
		}
		m.Text, m.Deleted, m.Updated = "", true, room.Now()
		if _, err := tx.Exec(ctx, `UPDATE pull_request_comment SET content = '', deleted = TRUE, updated_on = $3 WHERE repository_id = $1 AND id = $2`, r.ID, m.ID, database.Micros(m.Updated)); err != nil {
			return err
		}
		if m.Pending {
			return nil
		}
		if err := room.recount(ctx, tx, pr); err != nil {
			return err
		}
		return room.tellComment(ctx, tx, event.PullRequestCommentDeleted, r, pr, m)
	})
}
