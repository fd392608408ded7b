package pullrequest

import (
	"context"
	"html"
	"slices"
	"strconv"

	"github.com/pailforge/pail/internal/access"
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
	Description  string              `json:"description"`
	Rendered     renderedJSON        `json:"rendered"`
	Summary      commit.ContentJSON  `json:"summary"`
	State        string              `json:"state"`
	Draft        bool                `json:"draft"`
	Queued       bool                `json:"queued"`
	Author       *account.PersonJSON `json:"author,omitempty"` // absent when the account is gone
	Source       endpointJSON        `json:"source"`
	Destination  endpointJSON        `json:"destination"`
	MergeCommit  *commitJSON         `json:"merge_commit"`
	CommentCount int                 `json:"comment_count"`
	TaskCount    int                 `json:"task_count"`
	CloseSource  bool                `json:"close_source_branch"`
	ClosedBy     *account.PersonJSON `json:"closed_by"`
	Reason       string              `json:"reason"`
	CreatedOn    rest.Time           `json:"created_on"`
	UpdatedOn    rest.Time           `json:"updated_on"`
	Reviewers    []account.JSON      `json:"reviewers"`
	Participants []participantJSON   `json:"participants"`
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
	Repository *repository.Summary `json:"repository,omitempty"` // absent: the fork is gone, or the caller may not see it
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

// render is a pull request of r. source is the repository that it comes from, nil where that is gone or not to be seen; texts has the
// description.
func (room *Room) render(r, source *repository.Repository, pr *PullRequest, texts repository.Texts) JSON {
	j := JSON{briefJSON: room.renderBrief(r, pr.Number, pr.Title), Description: pr.Description, Summary: commit.Linked(pr.Description, texts), State: pr.State, Draft: pr.Draft,
		Author: room.Repositories.Accounts.RenderPerson(pr.Author), ClosedBy: room.Repositories.Accounts.RenderPerson(pr.Closer), CommentCount: pr.Comments, TaskCount: pr.Tasks, CloseSource: pr.CloseSource,
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

// origins are the repositories that pull requests come from, by id, as far as who acts as p may see them; into are those that they go
// into. nil stands for whoever listens to what happens: as with forks themselves, a private one in another workspace is not told of.
func (room *Room) origins(ctx context.Context, q database.Queryer, p *access.Principal, into map[string]*repository.Repository, rows ...PullRequest) (found map[string]*repository.Repository, err error) {
	var ids []string
	for i := range rows {
		if id := rows[i].SourceID; id != "" && into[id] == nil && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if p == nil {
		found, err = room.Repositories.ByIDs(ctx, q, ids...)
	} else {
		found, err = room.Repositories.Seen(ctx, q, p, ids...)
	}
	if err != nil {
		return nil, err
	}
	for i := range rows {
		from, to := found[rows[i].SourceID], into[rows[i].RepositoryID]
		if p == nil && from != nil && to != nil && from.Private && from.Workspace.ID != to.Workspace.ID {
			delete(found, from.ID)
		}
	}
	for id, r := range into {
		found[id] = r
	}
	return found, nil
}

// renderAll are pull requests of one or several repositories, as who acts as p may see them. They are looked up together.
func (room *Room) renderAll(ctx context.Context, q database.Queryer, p *access.Principal, rows []PullRequest) ([]JSON, error) {
	said := map[string][]string{} // descriptions, by repository
	var ids []string
	for i := range rows {
		id := rows[i].RepositoryID
		if said[id] == nil {
			ids = append(ids, id)
		}
		said[id] = append(said[id], rows[i].Description)
	}
	repositories, err := room.Repositories.ByIDs(ctx, q, ids...)
	if err != nil {
		return nil, err
	}
	sources, err := room.origins(ctx, q, p, repositories, rows...)
	if err != nil {
		return nil, err
	}
	texts := map[string]repository.Texts{}
	for id, r := range repositories {
		if texts[id], err = room.Repositories.Texts(ctx, q, room.URLs, r, said[id]...); err != nil {
			return nil, err
		}
	}
	values := make([]JSON, 0, len(rows))
	for i := range rows {
		if r := repositories[rows[i].RepositoryID]; r != nil { // it may go while the list is made
			values = append(values, room.render(r, sources[rows[i].SourceID], &rows[i], texts[r.ID]))
		}
	}
	return values, nil
}

// renderOne is a pull request of r, as who acts as p may see it; see origins.
func (room *Room) renderOne(ctx context.Context, q database.Queryer, p *access.Principal, r *repository.Repository, pr *PullRequest) (JSON, error) {
	sources, err := room.origins(ctx, q, p, map[string]*repository.Repository{r.ID: r}, *pr)
	if err != nil {
		return JSON{}, err
	}
	texts, err := room.Repositories.Texts(ctx, q, room.URLs, r, pr.Description)
	return room.render(r, sources[pr.SourceID], pr, texts), err
}
