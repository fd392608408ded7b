package issue

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/event"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// body is what making and changing an issue read.
type body struct {
	Title     *string     `json:"title"`
	Content   *textBody   `json:"content"`
	State     *string     `json:"state"`
	Kind      *string     `json:"kind"`
	Priority  *string     `json:"priority"`
	Assignee  *personName `json:"assignee"`
	Component *labelName  `json:"component"`
	Milestone *labelName  `json:"milestone"`
	Version   *labelName  `json:"version"`
}

type textBody struct {
	Raw *string `json:"raw"`
}

// raw is the text; nil where none was sent.
func (b *textBody) raw() *string {
	if b == nil {
		return nil
	}
	return b.Raw
}

type labelName struct {
	Name *string `json:"name"`
}

// personName names an account by one of its names.
type personName struct {
	UUID      *string `json:"uuid"`
	AccountID *string `json:"account_id"`
	Username  *string `json:"username"`
	Nickname  *string `json:"nickname"`
}

// Edit is what is to be changed of an issue: nil stays as it is, and "" takes away an assignee or a label.
type Edit struct {
	Title, Content, State, Kind, Priority   *string
	Assignee, Component, Milestone, Version *string // names
}

// decode reads a body. null takes away what may be missing, so it is told from what was not sent.
func decode(c *access.Call) (Edit, error) {
	var raw json.RawMessage
	if err := c.Decode(&raw); err != nil {
		return Edit{}, err
	}
	var b body
	if err := json.Unmarshal(raw, &b); err != nil {
		return Edit{}, rest.BodyError(err)
	}
	var sent map[string]json.RawMessage
	if err := json.Unmarshal(raw, &sent); err != nil {
		return Edit{}, rest.BodyError(err)
	}
	e := Edit{Title: b.Title, Content: b.Content.raw(), State: b.State, Kind: b.Kind, Priority: b.Priority}
	none := func(field string) bool { return bytes.Equal(sent[field], []byte("null")) }
	empty := ""
	if e.Assignee = &empty; b.Assignee != nil {
		for _, s := range []*string{b.Assignee.UUID, b.Assignee.AccountID, b.Assignee.Username, b.Assignee.Nickname} {
			if s != nil && *s != "" && *e.Assignee == "" {
				e.Assignee = s
			}
		}
		if *e.Assignee == "" {
			return e, rest.InvalidField("assignee", "name the uuid, account_id or username of an account, or send null")
		}
	} else if !none("assignee") {
		e.Assignee = nil
	}
	for _, l := range []struct {
		field string
		name  *labelName
		to    **string
	}{{"component", b.Component, &e.Component}, {"milestone", b.Milestone, &e.Milestone}, {"version", b.Version, &e.Version}} {
		switch {
		case none(l.field):
			*l.to = &empty
		case l.name != nil && (l.name.Name == nil || *l.name.Name == ""):
			return e, rest.InvalidField(l.field+".name", "name one, or send null")
		case l.name != nil:
			*l.to = l.name.Name
		}
	}
	return e, nil
}

// storable tells a text that the store can keep.
func storable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

func oneLine(s string) error {
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return errors.New("it is one line, without control characters")
	}
	return nil
}

// apply checks what is to be changed and writes it into i, which is in r. A *rest.Error says what is wrong with it.
func (e *Edit) apply(ctx context.Context, q database.Queryer, room *Room, r *repository.Repository, i *Issue) error {
	if e.Title != nil {
		title, err := rest.RequiredText("title", e.Title, MaxTitle)
		if err != nil {
			return err
		}
		if err := oneLine(title); err != nil {
			return rest.InvalidField("title", err.Error())
		}
		i.Title = strings.TrimSpace(title)
	}
	if e.Content != nil {
		content, err := rest.Text("content.raw", e.Content, MaxContent)
		if err != nil {
			return err
		}
		i.Content = content
	}
	for _, f := range []struct {
		field  string
		value  *string
		to     *string
		values []string
	}{{"state", e.State, &i.State, States}, {"kind", e.Kind, &i.Kind, Kinds}, {"priority", e.Priority, &i.Priority, Priorities}} {
		if f.value == nil {
			continue
		}
		if !slices.Contains(f.values, *f.value) {
			return rest.InvalidField(f.field, "use "+strings.Join(f.values[:len(f.values)-1], ", ")+" or "+f.values[len(f.values)-1])
		}
		*f.to = *f.value
	}
	for _, l := range []struct {
		kind Labels
		name *string
		to   *Label
	}{{Components, e.Component, &i.Component}, {Milestones, e.Milestone, &i.Milestone}, {Versions, e.Version, &i.Version}} {
		if l.name == nil {
			continue
		}
		*l.to = Label{}
		if *l.name != "" {
			var err error
			if *l.to, err = labelNamed(ctx, q, r.ID, l.kind, *l.name); err != nil {
				return err
			}
		}
	}
	if e.Assignee != nil {
		var err error
		if i.Assignee, err = room.assignee(ctx, r, *e.Assignee); err != nil {
			return err
		}
	}
	return nil
}

// assignee is the account of a name, nil for "". A *rest.Error says that there is none, or that it cannot see the repository. It
// reads outside of any transaction.
func (room *Room) assignee(ctx context.Context, r *repository.Repository, name string) (*account.Account, error) {
	if name == "" {
		return nil, nil
	}
	a, err := room.Repositories.Accounts.Find(ctx, room.DB, name)
	if errors.Is(err, account.ErrNotFound) || !storable(name) {
		return nil, rest.InvalidField("assignee", "there is no such account; name the uuid, account_id or username of one")
	}
	if err != nil {
		return nil, err
	}
	level := access.Read
	if r.Private {
		if level, err = room.Repositories.LevelOf(ctx, r, a.ID); err != nil {
			return nil, err
		}
	}
	if !a.Active || level < access.Read {
		return nil, rest.InvalidField("assignee", "the account may not read the repository")
	}
	return &a, nil
}

func (room *Room) post(c *access.Call, r *repository.Repository) (any, error) {
	e, err := decode(c)
	if err != nil {
		return nil, err
	}
	i, err := room.Report(c.Context(), c.Principal, r, e)
	if err != nil {
		return nil, err
	}
	j, err := room.Render(c.Context(), room.DB, r, i)
	return rest.Created(j, j.Links["self"]), err
}

// Report makes an issue of what e says, for who acts as p. A *rest.Error has the fields of the API.
func (room *Room) Report(ctx context.Context, p *access.Principal, r *repository.Repository, e Edit) (*Issue, error) {
	if e.Title == nil {
		return nil, rest.MissingField("title")
	}
	i := &Issue{RepositoryID: r.ID, State: "new", Kind: "bug", Priority: "major", Reporter: account.PersonOf(p)}
	if err := e.apply(ctx, room.DB, room, r, i); err != nil {
		return nil, err
	}
	return i, room.Create(ctx, r, i)
}

// Create makes an issue of i, which says everything but its number; who reports it watches it. A *rest.Error says that there are too
// many, or that what i names is gone.
func (room *Room) Create(ctx context.Context, r *repository.Repository, i *Issue) error {
	return gone(room.DB.Update(ctx, func(tx *database.Tx) (err error) {
		if err := lock(ctx, tx, r.ID); err != nil {
			return err
		}
		var there int64
		if err := tx.Row(ctx, `UPDATE issue_tracker SET issues = issues + 1 WHERE repository_id = $1 RETURNING issues`, r.ID).Scan(&there); err != nil {
			return err
		}
		if there > maxIssues {
			return tooMany("A repository has at most %d issues.", maxIssues)
		}
		// A number that is rolled back is given again: there is no gap, and none twice.
		if i.Number, err = next(ctx, tx, r.ID, "last_issue"); err != nil {
			return err
		}
		i.Created = room.Now().UTC().Truncate(time.Microsecond)
		i.Updated = i.Created
		if err := insert(ctx, tx, i); err != nil {
			return err
		}
		if i.Reporter.Account != nil {
			if err := watching.set(ctx, tx, i, i.Reporter.Account.ID, true); err != nil {
				return err
			}
		}
		return room.emit(ctx, tx, event.IssueCreated, r, i, nil)
	}))
}
