package issue

import (
	"context"
	"encoding/json"
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

// Change is an entry of the log: one edit of an issue.
type Change struct {
	ID      int64
	Number  int64 // of the issue
	Who     account.Person
	Changes map[string]FieldChange // by field; of an assignee, the ids of the accounts
	Message string                 // of the comment that was made with it, as that is now
	Created time.Time
}

// FieldChange is what a field held before and holds since, "" for nothing.
type FieldChange struct {
	Old string `json:"old"`
	New string `json:"new"`
}

// changeJSON is an entry of the log as the API writes it (schema issue_change).
type changeJSON struct {
	Type      string                 `json:"type"`
	ID        int64                  `json:"id"`
	CreatedOn rest.Time              `json:"created_on"`
	User      *account.PersonJSON    `json:"user,omitempty"`
	Issue     briefJSON              `json:"issue"`
	Changes   map[string]FieldChange `json:"changes"`
	Message   commit.ContentJSON     `json:"message"`
	Links     map[string]rest.Link   `json:"links"`
}

// renderChange is a change of an issue. Of an assignee it names the account_id. people are the accounts by id, and texts those of messages.
func (room *Room) renderChange(r *repository.Repository, i *Issue, v *Change, people map[string]*account.Account, texts repository.Texts) changeJSON {
	j := changeJSON{Type: "issue_change", ID: v.ID, CreatedOn: rest.Time(v.Created), User: room.Repositories.Accounts.RenderPerson(v.Who), Issue: room.renderBrief(r, i), Changes: map[string]FieldChange{},
		Message: commit.Linked(v.Message, texts), Links: map[string]rest.Link{"self": room.linkTo(r, i.Number, "changes", strconv.FormatInt(v.ID, 10)), "issue": room.linkTo(r, i.Number)}}
	for field, change := range v.Changes {
		if field == "assignee" {
			for _, id := range []*string{&change.Old, &change.New} {
				if a := people[*id]; a != nil {
					*id = a.AccountID
				}
			}
		}
		j.Changes[field] = change
	}
	return j
}

const (
	changeColumns = `v.id, v.number, COALESCE(v.account_id, ''), v.credential, v.name, v.changes, v.created_on,
		COALESCE((SELECT m.content FROM issue_comment m WHERE m.repository_id = v.repository_id AND m.id = v.id), '')`
	fromChanges = ` FROM issue_change v WHERE v.repository_id = $1 AND v.number = $2`
)

func scanChange(row func(...any) error) (v Change, err error) {
	var created int64
	var who, changes string
	if err = row(&v.ID, &v.Number, &who, &v.Who.Credential, &v.Who.Name, &changes, &created, &v.Message); err != nil {
		return v, err
	}
	v.Who.Account, v.Created = account.Known(who), database.Time(created)
	return v, json.Unmarshal([]byte(changes), &v.Changes)
}

// changeFields are what filters and orders of changes may name.
var changeFields = bbql.Fields{
	"id":         {Column: "v.id", Kind: bbql.Number},
	"user.uuid":  {Column: "v.account_id", Kind: bbql.UUID},
	"created_on": {Column: "v.created_on", Kind: bbql.Time},
}

func (room *Room) listChanges(c *access.Call, r *repository.Repository, i *Issue) (any, error) {
	l := rest.Listing[Change]{Columns: changeColumns, From: fromChanges, Args: []any{r.ID, i.Number}, Order: `v.id`, Fields: changeFields, Scan: scanChange}
	p, rows, size, err := l.Page(c.Context(), room.DB, c.Request)
	if err != nil {
		return nil, err
	}
	values, err := room.renderChanges(c.Context(), r, i, rows)
	return rest.Counted(c.Request, p, values, size), err
}

// renderChanges are changes of an issue, with everybody in them looked up together.
func (room *Room) renderChanges(ctx context.Context, r *repository.Repository, i *Issue, rows []Change) ([]changeJSON, error) {
	people, err := peopleIn(ctx, room.DB, rows)
	if err != nil {
		return nil, err
	}
	messages := make([]string, len(rows))
	for k := range rows {
		messages[k] = rows[k].Message
	}
	texts, err := room.Repositories.Texts(ctx, room.DB, room.URLs, r, messages...)
	if err != nil {
		return nil, err
	}
	values := make([]changeJSON, len(rows))
	for k := range rows {
		values[k] = room.renderChange(r, i, &rows[k], people, texts)
	}
	return values, nil
}

// peopleIn are those who made changes, who are filled in, and those who were given an issue by them, by id.
func peopleIn(ctx context.Context, q database.Queryer, rows []Change) (map[string]*account.Account, error) {
	var ids []string
	for k := range rows {
		if a := rows[k].Who.Account; a != nil {
			ids = append(ids, a.ID)
		}
		if change := rows[k].Changes["assignee"]; change != (FieldChange{}) {
			ids = append(ids, change.Old, change.New)
		}
	}
	people, err := account.ByIDs(ctx, q, ids)
	for k := range rows {
		if a := rows[k].Who.Account; a != nil {
			rows[k].Who.Account = people[a.ID]
		}
	}
	return people, err
}

func (room *Room) getChange(c *access.Call, r *repository.Repository, i *Issue) (any, error) {
	none := rest.Refuse(reason.ResourceNotFound, "The issue has no such change.")
	id, err := strconv.ParseInt(c.Param("change_id"), 10, 64)
	if err != nil {
		return nil, none
	}
	v, err := scanChange(room.DB.Row(c.Context(), `SELECT `+changeColumns+fromChanges+` AND v.id = $3`, r.ID, i.Number, id).Scan)
	if errors.Is(err, database.ErrNoRows) {
		return nil, none
	}
	if err != nil {
		return nil, err
	}
	values, err := room.renderChanges(c.Context(), r, i, []Change{v})
	if err != nil {
		return nil, err
	}
	return values[0], nil
}

// changeBody is what making a change reads: what each field is to hold, and what there is to say of it.
type changeBody struct {
	Changes *struct {
		Title      *newBody `json:"title"`
		Content    *newBody `json:"content"`
		State      *newBody `json:"state"`
		Kind       *newBody `json:"kind"`
		Priority   *newBody `json:"priority"`
		Assignee   *newBody `json:"assignee"`
		AssigneeID *newBody `json:"assignee_account_id"`
		Component  *newBody `json:"component"`
		Milestone  *newBody `json:"milestone"`
		Version    *newBody `json:"version"`
	} `json:"changes"`
	Message *textBody `json:"message"`
}

type newBody struct {
	New *string `json:"new"`
}

// value is what a field is to hold; nil stays as it is, and null takes away what may be missing.
func (b *newBody) value() *string {
	if b == nil {
		return nil
	}
	if b.New == nil {
		return new(string)
	}
	return b.New
}

// postChange changes an issue and says something of it, as one entry of the log (POST .../issues/{issue_id}/changes).
func (room *Room) postChange(c *access.Call, r *repository.Repository, i *Issue) (any, error) {
	var b changeBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	var e Edit
	if n := b.Changes; n != nil {
		e = Edit{Title: n.Title.value(), Content: n.Content.value(), State: n.State.value(), Kind: n.Kind.value(), Priority: n.Priority.value(),
			Assignee: n.Assignee.value(), Component: n.Component.value(), Milestone: n.Milestone.value(), Version: n.Version.value()}
		if n.AssigneeID != nil {
			e.Assignee = n.AssigneeID.value()
		}
	}
	message := ""
	if text := b.Message.raw(); text != nil {
		message = *text
	}
	if e == (Edit{}) && message == "" {
		return nil, rest.MissingField("changes")
	}
	now, made, err := room.Change(c.Context(), c.Principal, r, i, e, &message)
	if err != nil {
		return nil, err
	}
	values, err := room.renderChanges(c.Context(), r, now, []Change{*made})
	if err != nil {
		return nil, err
	}
	return rest.Created(values[0], values[0].Links["self"]), nil
}
