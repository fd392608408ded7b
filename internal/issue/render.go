package issue

import (
	"context"
	"strconv"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/commit"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// JSON is an issue as the API writes it (schema issue). What is not there is left out: the schema has no null for it.
type JSON struct {
	briefJSON
	State     string              `json:"state"`
	Kind      string              `json:"kind"`
	Priority  string              `json:"priority"`
	Content   commit.ContentJSON  `json:"content"`
	Reporter  *account.PersonJSON `json:"reporter,omitempty"`
	Assignee  *account.PersonJSON `json:"assignee,omitempty"`
	Component *labelJSON          `json:"component,omitempty"`
	Milestone *labelJSON          `json:"milestone,omitempty"`
	Version   *labelJSON          `json:"version,omitempty"`
	Votes     int64               `json:"votes"`
	Watches   int64               `json:"watches"`
	CreatedOn rest.Time           `json:"created_on"`
	UpdatedOn rest.Time           `json:"updated_on"`
	EditedOn  *rest.Time          `json:"edited_on,omitempty"`
}

// briefJSON is an issue inside of other objects.
type briefJSON struct {
	Type       string               `json:"type"`
	ID         int64                `json:"id"`
	Title      string               `json:"title"`
	Repository repository.Summary   `json:"repository"`
	Links      map[string]rest.Link `json:"links"`
}

func (room *Room) link(r *repository.Repository, below ...string) rest.Link {
	return room.URLs.API(append([]string{"repositories", r.Workspace.Slug, r.Slug}, below...)...)
}

func (room *Room) linkTo(r *repository.Repository, number int64, below ...string) rest.Link {
	return room.link(r, append([]string{"issues", strconv.FormatInt(number, 10)}, below...)...)
}

// web is the address of an issue for people, as Bitbucket has it.
func (room *Room) web(r *repository.Repository, number int64) rest.Link {
	return room.URLs.Web(append(r.Path(), "issues", strconv.FormatInt(number, 10))...)
}

func (room *Room) renderBrief(r *repository.Repository, i *Issue) briefJSON {
	return briefJSON{Type: "issue", ID: i.Number, Title: i.Title, Repository: room.Repositories.Summarize(r),
		Links: map[string]rest.Link{"self": room.linkTo(r, i.Number), "html": room.web(r, i.Number)}}
}

// Render is an issue of r.
func (room *Room) Render(ctx context.Context, q database.Queryer, r *repository.Repository, i *Issue) (JSON, error) {
	texts, err := room.Repositories.Texts(ctx, q, room.URLs, r, i.Content)
	return room.render(r, i, texts), err
}

// render is an issue whose text is one of texts.
func (room *Room) render(r *repository.Repository, i *Issue, texts repository.Texts) JSON {
	j := JSON{briefJSON: room.renderBrief(r, i), State: i.State, Kind: i.Kind, Priority: i.Priority, Content: commit.Linked(i.Content, texts),
		Reporter: room.Repositories.Accounts.RenderPerson(i.Reporter), Assignee: room.Repositories.Accounts.RenderPerson(account.Person{Account: i.Assignee}),
		Component: room.renderLabel(r, Components, i.Component), Milestone: room.renderLabel(r, Milestones, i.Milestone), Version: room.renderLabel(r, Versions, i.Version),
		Votes: i.Votes, Watches: i.Watches, CreatedOn: rest.Time(i.Created), UpdatedOn: rest.Time(i.Updated)}
	if !i.Edited.IsZero() {
		edited := rest.Time(i.Edited)
		j.EditedOn = &edited
	}
	for _, below := range []string{"comments", "attachments", "watch", "vote"} {
		j.Links[below] = room.linkTo(r, i.Number, below)
	}
	return j
}
