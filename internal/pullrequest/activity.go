package pullrequest

import (
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/event"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// The kinds of activity. A comment is noted with its id, and read where comments are kept.
const (
	updated   = "update"
	approval  = "approval"
	requested = "changes_requested"
	commented = "comment"
)

// moment is what an update leaves behind: the pull request as it was then, and what was changed. It is kept as JSON.
type moment struct {
	Title             string        `json:"title"`
	Description       *string       `json:"description,omitempty"` // where it was changed
	State             string        `json:"state"`
	Draft             bool          `json:"draft"`
	Reason            string        `json:"reason"`
	SourceBranch      string        `json:"source_branch"`
	SourceHash        gitstore.Hash `json:"source_hash"`
	DestinationBranch string        `json:"destination_branch"`
	DestinationHash   gitstore.Hash `json:"destination_hash"`
	Made              bool          `json:"made,omitempty"` // this is its beginning
	Changes           event.Changes `json:"changes,omitempty"`
	Added             []string      `json:"added,omitempty"` // reviewers, by the ids of their accounts
	Removed           []string      `json:"removed,omitempty"`

	comment int64 // the one that was made; kept beside
}

// note keeps what happened to a pull request. who did it is who acts in ctx.
func (room *Room) note(ctx context.Context, tx *database.Tx, pr *PullRequest, kind string, m moment) error {
	m.Title, m.State, m.Draft, m.Reason = pr.Title, pr.State, pr.Draft, pr.Reason
	m.SourceBranch, m.SourceHash, m.DestinationBranch, m.DestinationHash = pr.SourceBranch, pr.SourceHash, pr.DestinationBranch, pr.DestinationHash
	details, err := json.Marshal(m)
	if err != nil {
		return err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	who := account.PersonOf(access.Actor(ctx))
	_, err = tx.Exec(ctx, `INSERT INTO pull_request_activity (id, repository_id, number, kind, account_id, credential, name, comment_id, details, happened_on) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		id.String(), pr.RepositoryID, pr.Number, kind, who.ID(), who.Credential, who.Name, orNull(m.comment), string(details), database.Micros(room.Now()))
	return err
}

// happening is one thing that happened.
type happening struct {
	number int64
	title  string // of the pull request, now
	kind   string
	who    account.Person
	on     time.Time
	moment moment
}

func scanHappening(row func(...any) error) (h happening, err error) {
	var on int64
	var who, details string
	if err = row(&h.number, &h.title, &h.kind, &who, &h.who.Credential, &h.who.Name, &h.moment.comment, &on, &details); err != nil {
		return h, err
	}
	h.on = database.Time(on)
	if who != "" {
		h.who.Account = &account.Account{Account: access.Account{ID: who}}
	}
	return h, json.Unmarshal([]byte(details), &h.moment)
}

// activityJSON is one thing that happened, as the API writes it: the pull request, and one of the others.
type activityJSON struct {
	PullRequest      briefJSON     `json:"pull_request"`
	Update           *updateJSON   `json:"update,omitempty"`
	Approval         *approvalJSON `json:"approval,omitempty"`
	Comment          *commentJSON  `json:"comment,omitempty"`
	ChangesRequested *approvalJSON `json:"changes_requested,omitempty"`
}

type updateJSON struct {
	Title       string              `json:"title"`
	Description *string             `json:"description,omitempty"` // where it was changed
	State       string              `json:"state"`
	Draft       bool                `json:"draft"`
	Reason      string              `json:"reason"`
	Author      *account.PersonJSON `json:"author"` // null: a push did it, or the account is gone
	Date        rest.Time           `json:"date"`
	Source      sideJSON            `json:"source"`
	Destination sideJSON            `json:"destination"`
	Changes     map[string]any      `json:"changes"`
}

// sideJSON is a branch as it was.
type sideJSON struct {
	Branch branchJSON `json:"branch"`
	Commit commitJSON `json:"commit"`
}

type approvalJSON struct {
	Date        rest.Time           `json:"date"`
	User        *account.PersonJSON `json:"user"`
	PullRequest briefJSON           `json:"pullrequest"`
}

func (room *Room) listActivity(c *access.Call, r *repository.Repository) (any, error) {
	return room.happened(c, r, ` AND v.repository_id = $1`, r.ID)
}

func (room *Room) activityOf(c *access.Call, r *repository.Repository, pr *PullRequest) (any, error) {
	return room.happened(c, r, ` AND v.repository_id = $1 AND v.number = $2`, r.ID, pr.Number)
}

// happened lists what happened, the newest first. Later pages go on from the moment at which the first one was asked for.
func (room *Room) happened(c *access.Call, r *repository.Repository, condition string, args ...any) (any, error) {
	until, err := bound(c, database.Micros(room.Now()))
	if err != nil {
		return nil, err
	}
	args = append(args, until)
	l := rest.Listing[happening]{Columns: `v.number, pr.title, v.kind, COALESCE(v.account_id, ''), v.credential, v.name, COALESCE(v.comment_id, 0), v.happened_on, v.details`,
		From: ` FROM pull_request_activity v JOIN pull_request pr ON pr.repository_id = v.repository_id AND pr.number = v.number WHERE v.happened_on <= $` + strconv.Itoa(len(args)) + condition,
		Args: args, Order: `v.happened_on DESC, v.id DESC`, Scan: scanHappening}
	p, rows, size, err := l.Page(c.Context(), room.DB, c.Request)
	if err != nil {
		return nil, err
	}
	var people []string
	for i := range rows {
		if a := rows[i].who.Account; a != nil {
			people = append(people, a.ID)
		}
		people = append(append(people, rows[i].moment.Added...), rows[i].moment.Removed...)
	}
	accounts, err := account.ByIDs(c.Context(), room.DB, people)
	if err != nil {
		return nil, err
	}
	said, err := room.saidIn(c.Context(), r, rows)
	if err != nil {
		return nil, err
	}
	texts, err := room.texts(c.Context(), room.DB, r, slices.Collect(maps.Values(said))...)
	if err != nil {
		return nil, err
	}
	values := make([]activityJSON, len(rows))
	for i := range rows {
		values[i] = room.renderHappening(r, &rows[i], accounts)
		if m := said[rows[i].moment.comment]; m != nil {
			j := room.renderComment(r, rows[i].title, m, texts)
			values[i].Comment = &j
		}
	}
	return rest.Counted(c.Request, p, values, size).At(rest.Link{Href: room.URLs.Base + c.HTTP.URL.EscapedPath()}, url.Values{"ctx": {strconv.FormatInt(until, 10)}}), nil
}

// saidIn are the comments that were made in what happened, by id, as they are now.
func (room *Room) saidIn(ctx context.Context, r *repository.Repository, rows []happening) (map[int64]*Comment, error) {
	args := []any{r.ID}
	for i := range rows {
		if id := rows[i].moment.comment; id != 0 {
			args = append(args, id)
		}
	}
	said := map[int64]*Comment{}
	if len(args) == 1 {
		return said, nil
	}
	all, err := loadComments(ctx, room.DB, `m.repository_id = $1 AND m.id IN (`+marks(2, len(args)-1)+`)`, args...)
	for i := range all {
		said[all[i].ID] = &all[i]
	}
	return said, err
}

func (room *Room) renderHappening(r *repository.Repository, h *happening, accounts map[string]*account.Account) activityJSON {
	if h.who.Account != nil {
		h.who.Account = accounts[h.who.Account.ID]
	}
	who, brief := room.Repositories.Accounts.RenderPerson(h.who), room.renderBrief(r, h.number, h.title)
	j := activityJSON{PullRequest: brief}
	switch h.kind {
	case approval:
		j.Approval = &approvalJSON{rest.Time(h.on), who, brief}
	case requested:
		j.ChangesRequested = &approvalJSON{rest.Time(h.on), who, brief}
	case updated:
		m := &h.moment
		u := &updateJSON{Title: m.Title, Description: m.Description, State: m.State, Draft: m.Draft, Reason: m.Reason, Author: who, Date: rest.Time(h.on),
			Source:      sideJSON{branchJSON{Name: m.SourceBranch}, room.renderCommit(r, m.SourceHash)},
			Destination: sideJSON{branchJSON{Name: m.DestinationBranch}, room.renderCommit(r, m.DestinationHash)}, Changes: map[string]any{}}
		for field, change := range m.Changes {
			u.Changes[field] = change
		}
		people := func(ids []string) []account.JSON {
			all := []account.JSON{}
			for _, id := range ids {
				if a := accounts[id]; a != nil {
					all = append(all, room.Repositories.Accounts.Render(&a.Account))
				}
			}
			return all
		}
		if len(m.Added)+len(m.Removed) > 0 {
			u.Changes["reviewers"] = map[string]any{"added": people(m.Added), "removed": people(m.Removed)}
		}
		j.Update = u
	}
	return j
}

// bound is the cursor of a request, now where it has none. A *rest.Error says that it is none of this list.
func bound(c *access.Call, now int64) (int64, error) {
	text := c.Query().Get("ctx")
	if text == "" {
		return now, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, rest.Refuse(reason.PageInvalid, "ctx is no cursor of this list. Follow the next link as it is.").WithMessage("Invalid ctx")
	}
	return n, nil
}
