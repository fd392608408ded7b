package pullrequest

import (
	"context"
	"html"
	"strconv"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/commit"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// JSON is a pull request as the API writes it (schema pullrequest).
type JSON struct {
	briefJSON
	Description  string             `json:"description"`
	Rendered     renderedJSON       `json:"rendered"`
	Summary      commit.ContentJSON `json:"summary"`
	State        string             `json:"state"`
	Draft        bool               `json:"draft"`
	Queued       bool               `json:"queued"`
	Author       *personJSON        `json:"author,omitempty"` // absent when the account is gone
	Source       endpointJSON       `json:"source"`
	Destination  endpointJSON       `json:"destination"`
	MergeCommit  *commitJSON        `json:"merge_commit"`
	CommentCount int                `json:"comment_count"`
	TaskCount    int                `json:"task_count"`
	CloseSource  bool               `json:"close_source_branch"`
	ClosedBy     *personJSON        `json:"closed_by"`
	Reason       string             `json:"reason"`
	CreatedOn    rest.Time          `json:"created_on"`
	UpdatedOn    rest.Time          `json:"updated_on"`
	Reviewers    []account.JSON     `json:"reviewers"`
	Participants []participantJSON  `json:"participants"`
}

// briefJSON is a pull request inside of other objects.
type briefJSON struct {
	Type  string               `json:"type"`
	ID    int64                `json:"id"`
	Title string               `json:"title"`
	Links map[string]rest.Link `json:"links"`
}

type renderedJSON struct {
	Title       commit.ContentJSON `json:"title"`
	Description commit.ContentJSON `json:"description"`
	Reason      commit.ContentJSON `json:"reason"`
}

// personJSON is an account, or a credential that belongs to none (schemas user and app_user).
type personJSON struct {
	Type        string               `json:"type"`
	UUID        string               `json:"uuid"`
	AccountID   string               `json:"account_id,omitempty"`
	DisplayName string               `json:"display_name"`
	Nickname    string               `json:"nickname"`
	Links       map[string]rest.Link `json:"links,omitempty"`
}

// participantJSON is somebody who reviews, or has taken part (schema participant).
type participantJSON struct {
	Type     string       `json:"type"`
	User     account.JSON `json:"user"`
	Role     string       `json:"role"`
	Approved bool         `json:"approved"`
	State    *string      `json:"state"`
	On       *rest.Time   `json:"participated_on,omitempty"` // absent for who has not said anything
}

// endpointJSON is one of the two branches (schema pullrequest_endpoint).
type endpointJSON struct {
	Repository *repository.Summary `json:"repository"` // null: the fork is gone
	Branch     branchJSON          `json:"branch"`
	Commit     commitJSON          `json:"commit"`
}

type branchJSON struct {
	Name            string   `json:"name"`
	MergeStrategies []string `json:"merge_strategies,omitempty"` // of the one that is merged into
	DefaultStrategy string   `json:"default_merge_strategy,omitempty"`
}

type commitJSON struct {
	Type  string               `json:"type"`
	Hash  string               `json:"hash"`
	Links map[string]rest.Link `json:"links"`
}

func (room *Room) link(r *repository.Repository, below ...string) rest.Link {
	return room.URLs.API(append([]string{"repositories", r.Workspace.Slug, r.Slug}, below...)...)
}

func (room *Room) linkTo(r *repository.Repository, number int64, below ...string) rest.Link {
	return room.link(r, append([]string{"pullrequests", strconv.FormatInt(number, 10)}, below...)...)
}

func (room *Room) renderCommit(r *repository.Repository, hash gitstore.Hash) commitJSON {
	return commitJSON{"commit", string(hash), map[string]rest.Link{"self": room.link(r, "commit", string(hash)), "html": room.URLs.Web(append(r.Path(), "commits", string(hash))...)}}
}

func (room *Room) renderPerson(p Person) *personJSON {
	switch {
	case p.Account != nil:
		a := room.Repositories.Accounts.Render(&p.Account.Account)
		return &personJSON{Type: a.Type, UUID: a.UUID, AccountID: a.AccountID, DisplayName: a.DisplayName, Nickname: a.Nickname,
			Links: map[string]rest.Link{"self": a.Links.Self, "avatar": a.Links.Avatar, "html": a.Links.HTML}}
	case p.Credential != "":
		return &personJSON{Type: "app_user", UUID: rest.Braced(p.Credential), DisplayName: p.Name, Nickname: p.Name}
	}
	return nil
}

func (room *Room) renderParticipant(t *Participant) participantJSON {
	j := participantJSON{Type: "participant", User: room.Repositories.Accounts.Render(&t.Who.Account), Role: t.Role, Approved: t.State == Approved}
	if t.State != "" {
		j.State = &t.State
	}
	if !t.On.IsZero() {
		on := rest.Time(t.On)
		j.On = &on
	}
	return j
}

// plain is a line that is shown as it was written.
func plain(raw string) commit.ContentJSON {
	shown := ""
	if raw != "" {
		shown = "<p>" + html.EscapeString(raw) + "</p>"
	}
	return commit.ContentJSON{Type: "rendered", Raw: raw, Markup: "markdown", HTML: shown}
}

func (room *Room) renderBrief(r *repository.Repository, number int64, title string) briefJSON {
	web := room.URLs.Web(append(r.Path(), "pull-requests", strconv.FormatInt(number, 10))...)
	return briefJSON{Type: "pullrequest", ID: number, Title: title, Links: map[string]rest.Link{"self": room.linkTo(r, number), "html": web}}
}

// render is a pull request of r. source is the repository that it comes from, nil once that is gone.
func (room *Room) render(r, source *repository.Repository, pr *PullRequest) JSON {
	j := JSON{briefJSON: room.renderBrief(r, pr.Number, pr.Title), Description: pr.Description, Summary: commit.Rendered(pr.Description), State: pr.State, Draft: pr.Draft,
		Author: room.renderPerson(pr.Author), ClosedBy: room.renderPerson(pr.Closer), CommentCount: pr.Comments, TaskCount: pr.Tasks, CloseSource: pr.CloseSource,
		Reason: pr.Reason, CreatedOn: rest.Time(pr.Created), UpdatedOn: rest.Time(pr.Updated), Reviewers: []account.JSON{}, Participants: []participantJSON{},
		Source:      endpointJSON{Branch: branchJSON{Name: pr.SourceBranch}, Commit: room.renderCommit(r, pr.SourceHash)},
		Destination: endpointJSON{Branch: branchJSON{pr.DestinationBranch, repository.MergeStrategies, repository.MergeStrategies[0]}, Commit: room.renderCommit(r, pr.DestinationHash)}}
	j.Rendered = renderedJSON{plain(pr.Title), j.Summary, plain(pr.Reason)}
	into := room.Repositories.Summarize(r)
	j.Destination.Repository = &into
	if source != nil {
		of := room.Repositories.Summarize(source)
		j.Source.Repository = &of
	}
	if pr.MergeHash != "" {
		merged := room.renderCommit(r, pr.MergeHash)
		j.MergeCommit = &merged
	}
	for i := range pr.Participants {
		t := &pr.Participants[i]
		if t.Role == Reviewer {
			j.Reviewers = append(j.Reviewers, room.Repositories.Accounts.Render(&t.Who.Account))
		}
		j.Participants = append(j.Participants, room.renderParticipant(t))
	}
	for _, below := range []string{"commits", "approve", "request-changes", "diff", "diffstat", "comments", "activity", "merge", "decline", "statuses"} {
		j.Links[below] = room.linkTo(r, pr.Number, below)
	}
	return j
}

// renderAll are pull requests of one or several repositories, which are looked up together.
func (room *Room) renderAll(ctx context.Context, q database.Queryer, rows []PullRequest) ([]JSON, error) {
	ids := map[string]bool{}
	for i := range rows {
		ids[rows[i].RepositoryID] = true
		if rows[i].SourceID != "" {
			ids[rows[i].SourceID] = true
		}
	}
	all := make([]string, 0, len(ids))
	for id := range ids {
		all = append(all, id)
	}
	repositories, err := room.Repositories.ByIDs(ctx, q, all...)
	if err != nil {
		return nil, err
	}
	values := make([]JSON, 0, len(rows))
	for i := range rows {
		if r := repositories[rows[i].RepositoryID]; r != nil { // it may go while the list is made
			values = append(values, room.render(r, repositories[rows[i].SourceID], &rows[i]))
		}
	}
	return values, nil
}

// renderOne is a pull request of r.
func (room *Room) renderOne(ctx context.Context, q database.Queryer, r *repository.Repository, pr *PullRequest) (JSON, error) {
	if pr.SourceID == r.ID {
		return room.render(r, r, pr), nil
	}
	if pr.SourceID == "" {
		return room.render(r, nil, pr), nil
	}
	source, err := room.Repositories.ByIDs(ctx, q, pr.SourceID)
	return room.render(r, source[pr.SourceID], pr), err
}
