package pullrequest

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/branching"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/event"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// This file is what pages ask of pull requests: parts of lists that are cheap to make, and the operations in the words of forms.

// TakesPart is the privilege to make pull requests and to review them.
func (room *Room) TakesPart() access.Need[*repository.Repository] { return room.takesPart() }

// Search says which pull requests of a repository to list.
type Search struct {
	State  string // one of States; "": whatever it is
	Author string // username; "": anybody's
	Title  string // part of the title, in whatever case; "": all
	Offset int
	Limit  int // at least 1
}

// Draft is the state of an open pull request that is not to be merged yet, in searches.
const Draft = "DRAFT"

// States are those that a search may name.
var States = []string{Open, Draft, Merged, Declined, Superseded}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// Search lists the pull requests of a repository, the newest first. more tells whether others follow. They are not counted.
func (room *Room) Search(ctx context.Context, r *repository.Repository, s Search) (rows []PullRequest, more bool, err error) {
	if text := s.Author + s.Title; strings.ContainsRune(text, 0) || strings.ToValidUTF8(text, "") != text {
		return nil, false, nil // no name holds that
	}
	condition, args := `pr.repository_id = $1`, []any{r.ID}
	arg := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	switch {
	case s.State == Draft:
		condition += ` AND pr.state = 'OPEN' AND pr.draft`
	case s.State != "":
		condition += ` AND pr.state = ` + arg(s.State)
	}
	if s.Author != "" {
		condition += ` AND pr.author_id IN (SELECT au.id FROM account au WHERE LOWER(au.username) = LOWER(` + arg(s.Author) + `))`
	}
	if s.Title != "" {
		condition += ` AND LOWER(pr.title) LIKE LOWER(` + arg("%"+likeEscaper.Replace(s.Title)+"%") + `) ESCAPE '\'`
	}
	condition += ` ORDER BY pr.number DESC LIMIT ` + arg(s.Limit+1) + ` OFFSET ` + arg(s.Offset)
	for mended := false; ; mended = true {
		if rows, err = database.Collect(ctx, room.DB, scan, `SELECT `+columns+from+condition, args...); err != nil {
			return nil, false, err
		}
		if mended || !room.mend(ctx, rows) {
			break
		}
	}
	if more = len(rows) > s.Limit; more {
		rows = rows[:s.Limit]
	}
	return rows, more, fill(ctx, room.DB, rows)
}

// CountOpen is how many pull requests of a repository are open, as far as max.
func (room *Room) CountOpen(ctx context.Context, r *repository.Repository, max int) (n int, err error) {
	err = room.DB.Row(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM pull_request WHERE repository_id = $1 AND state = 'OPEN' LIMIT $2) x`, r.ID, max).Scan(&n)
	return n, err
}

// Authors are at most limit of those who have made pull requests of a repository.
func (room *Room) Authors(ctx context.Context, r *repository.Repository, limit int) ([]account.Account, error) {
	return database.Collect(ctx, room.DB, scanAccount, `SELECT `+account.Columns+` FROM account a
		WHERE a.id IN (SELECT pr.author_id`+from+`pr.repository_id = $1) ORDER BY LOWER(a.username), a.id LIMIT $2`, r.ID, limit)
}

// Proposal is what a form says of a pull request.
type Proposal struct {
	Title, Description  string
	Source, Destination string   // branches; the source matters where it is made only
	Reviewers           []string // usernames
	Draft, CloseSource  bool
}

func (m *Proposal) body() body {
	names := make([]personName, len(m.Reviewers))
	for i := range names {
		names[i].Username = &m.Reviewers[i]
	}
	b := body{Title: &m.Title, Description: &m.Description, Reviewers: &names, Draft: &m.Draft, CloseSource: &m.CloseSource, Source: &endpointBody{}, Destination: &endpointBody{}}
	for branch, to := range map[*string]*endpointBody{&m.Source: b.Source, &m.Destination: b.Destination} {
		to.Branch = &struct {
			Name *string `json:"name"`
		}{branch}
	}
	return b
}

// Propose makes a pull request into r from source for who acts as p, whom the caller has found to take part in the one and to read
// the other. The default reviewers review it, too. A *rest.Error has the fields of the API.
func (room *Room) Propose(ctx context.Context, p *access.Principal, r, source *repository.Repository, m Proposal) (*PullRequest, error) {
	return room.propose(ctx, p, r, source, m.body())
}

// Preview is the pull request that Propose would make, with what its branches hold and without a number. A *rest.Error says why none
// can be made of these branches.
func (room *Room) Preview(ctx context.Context, p *access.Principal, r, source *repository.Repository, from, into string) (*PullRequest, error) {
	pr := &PullRequest{RepositoryID: r.ID, State: Open, Author: account.PersonOf(p), SourceBranch: from, DestinationBranch: into}
	return pr, room.look(ctx, r, source, pr)
}

// Revise changes a pull request for who acts as p, and gives it as it is then. A *rest.Error has the fields of the API.
func (room *Room) Revise(ctx context.Context, p *access.Principal, r *repository.Repository, pr *PullRequest, m Proposal) (*PullRequest, error) {
	return room.revise(ctx, p, r, pr, m.body())
}

// Defaults are the default reviewers that a pull request which who acts as p makes would get.
func (room *Room) Defaults(ctx context.Context, p *access.Principal, r *repository.Repository) ([]account.Account, error) {
	return room.defaults(ctx, r, &PullRequest{Author: account.PersonOf(p)}, nil)
}

// Default is a default reviewer. Own: the repository says so itself, and not only its project.
type Default struct {
	Who account.Account
	Own bool
}

// AllDefaults are the default reviewers in force for a repository.
func (room *Room) AllDefaults(ctx context.Context, r *repository.Repository) ([]Default, error) {
	found, err := room.effective(ctx, room.DB, r, 2*maxReviewers)
	all := make([]Default, len(found))
	for i, d := range found {
		all[i] = Default{d.who, d.own}
	}
	return all, err
}

// Sources are the repositories that a pull request into r may come from and that the principal may read: r itself, and at most limit of
// those that were forked from it or that it was forked from.
func (room *Room) Sources(ctx context.Context, p *access.Principal, r *repository.Repository, limit int) ([]*repository.Repository, error) {
	ids, err := database.Collect(ctx, room.DB, func(row func(...any) error) (id string, err error) { return id, row(&id) },
		`SELECT f.id FROM repository f WHERE f.parent_id = $1 OR f.id = (SELECT o.parent_id FROM repository o WHERE o.id = $1)
		OR f.parent_id = (SELECT o.parent_id FROM repository o WHERE o.id = $1) AND f.id <> $1 ORDER BY f.updated_on DESC LIMIT $2`, r.ID, limit)
	if err != nil {
		return nil, err
	}
	found, err := room.Repositories.ByIDs(ctx, room.DB, ids...)
	all := []*repository.Repository{r}
	for _, id := range ids {
		of := found[id]
		if of == nil {
			continue
		}
		at := map[string]string{"workspace": rest.Braced(of.Workspace.ID), "repo_slug": rest.Braced(of.ID)}
		if _, err := access.Visit(room.Repositories.Accounts.Gate, ctx, p, room.Repositories.Repositories().Reads(), func(name string) string { return at[name] }); err == nil {
			all = append(all, of)
		}
	}
	return all, err
}

// Of is the repository that a pull request comes from; nil: it is gone.
func (room *Room) Of(ctx context.Context, r *repository.Repository, pr *PullRequest) (*repository.Repository, error) {
	switch pr.SourceID {
	case "":
		return nil, nil
	case r.ID:
		return r, nil
	}
	found, err := room.Repositories.ByIDs(ctx, room.DB, pr.SourceID)
	return found[pr.SourceID], err
}

// Written are texts that people have written of pull requests of r, as pages show them.
func (room *Room) Written(ctx context.Context, r *repository.Repository, texts ...string) (repository.Texts, error) {
	return room.Repositories.Texts(ctx, room.DB, rest.URLs{}, r, texts...)
}

// Happening is one thing that happened to a pull request.
type Happening struct {
	Who            account.Person
	On             time.Time
	Kind           string // Approved, ChangesRequested, or "" for a change
	State          string // of the pull request then
	Made           bool   // this is its beginning
	Changes        event.Changes
	Added, Removed []account.Account // reviewers
}

// Happened is what happened to a pull request, the newest first. more tells that there is more than limit.
func (room *Room) Happened(ctx context.Context, pr *PullRequest, limit int) (all []Happening, more bool, err error) {
	rows, err := database.Collect(ctx, room.DB, scanHappening, `SELECT v.number, '', v.kind, COALESCE(v.account_id, ''), v.credential, v.name, COALESCE(v.comment_id, 0), v.happened_on, v.details
		FROM pull_request_activity v WHERE v.repository_id = $1 AND v.number = $2 AND v.kind <> 'comment' ORDER BY v.happened_on DESC, v.id DESC LIMIT $3`, pr.RepositoryID, pr.Number, limit+1)
	if err != nil {
		return nil, false, err
	}
	if more = len(rows) > limit; more {
		rows = rows[:limit]
	}
	var people []string
	for i := range rows {
		if a := rows[i].who.Account; a != nil {
			people = append(people, a.ID)
		}
		people = append(append(people, rows[i].moment.Added...), rows[i].moment.Removed...)
	}
	accounts, err := account.ByIDs(ctx, room.DB, people)
	if err != nil {
		return nil, false, err
	}
	known := func(ids []string) (all []account.Account) {
		for _, id := range ids {
			if a := accounts[id]; a != nil {
				all = append(all, *a)
			}
		}
		return all
	}
	for i := range rows {
		h := &rows[i]
		one := Happening{Who: h.who, On: h.on, Kind: map[string]string{approval: Approved, requested: ChangesRequested}[h.kind], State: h.moment.State, Made: h.moment.Made,
			Changes: h.moment.Changes, Added: known(h.moment.Added), Removed: known(h.moment.Removed)}
		if one.Who.Account != nil {
			one.Who.Account = accounts[one.Who.Account.ID]
		}
		all = append(all, one)
	}
	return all, more, nil
}

// Outlook is what stands in the way of a merge.
type Outlook struct {
	Refused    *rest.Error // whatever else holds: it is a draft, a branch is gone, or who asks is kept from it; nil
	Conflicts  []string    // files, any bytes
	Checks     []Outcome   // of the destination branch
	Enforced   bool        // it cannot be merged while one is not satisfied; else they only warn
	Strategies []gitstore.Strategy
	Message    string // that a merge has when nobody says another one
}

// Outcome is a branch restriction that is a check of merges. Missing is one sentence, "" when it is satisfied.
type Outcome struct {
	branching.Restriction
	Missing string
}

// Blocked tells that a merge would be refused.
func (o *Outlook) Blocked() bool {
	return o.Refused != nil || len(o.Conflicts) > 0 || o.Enforced && o.Failing() > 0
}

// Failing is how many checks are not satisfied.
func (o *Outlook) Failing() (n int) {
	for _, c := range o.Checks {
		if c.Missing != "" {
			n++
		}
	}
	return n
}

// checks are the kinds of restrictions that failing judges.
var checks = []string{branching.RequireApprovals, branching.RequireDefaultApprovals, branching.RequireGroupApprovals, branching.RequireNoRequests, branching.RequireTasks,
	branching.RequireComments, branching.RequireBuilds, branching.RequireCommitsBehind}

// Outlook tells who acts as p what a merge of an open pull request would meet with at this moment. It decides nothing: Merge does, by
// the same rules.
func (room *Room) Outlook(ctx context.Context, p *access.Principal, r *repository.Repository, pr *PullRequest) (o Outlook, err error) {
	source, err := room.mergeable(ctx, r, pr)
	if o.Refused, _ = errors.AsType[*rest.Error](err); o.Refused == nil && err != nil {
		return o, err
	}
	rules, err := room.rules(ctx, p, r, pr)
	if restricted, ok := errors.AsType[*rest.Error](err); ok {
		if o.Refused == nil {
			o.Refused = restricted
		}
	} else if err != nil {
		return o, err
	}
	failing, err := room.failing(ctx, room.DB, r, pr, rules)
	if err != nil {
		return o, err
	}
	for _, b := range rules.holding {
		o.Enforced = o.Enforced || b.Kind == branching.EnforceChecks
		if !slices.Contains(checks, b.Kind) {
			continue
		}
		one := Outcome{Restriction: b}
		if i := slices.IndexFunc(failing, func(c Check) bool { return c.Restriction == b.ID }); i >= 0 {
			one.Missing = failing[i].Missing
		}
		o.Checks = append(o.Checks, one)
	}
	git := room.Repositories.Git
	if o.Conflicts, err = git.Conflicts(ctx, r.ID, pr.DestinationHash, pr.SourceHash); err != nil {
		if err = ignoreGone(err); err != nil {
			return o, err
		}
	}
	behind, err := git.Count(ctx, r.ID, pr.DestinationHash, pr.SourceHash, 1)
	if err != nil {
		return o, err
	}
	for _, s := range gitstore.Strategies {
		if behind == 0 || s != gitstore.FastForward && s != gitstore.SquashFastForward {
			o.Strategies = append(o.Strategies, s)
		}
	}
	if source != nil {
		o.Message, err = room.message(ctx, r, source, pr)
	}
	return o, err
}

// NewOrder reads how a form asks for a merge. A *rest.Error has the fields of the API.
func NewOrder(strategy, message string, closeSource bool) (Order, error) {
	return mergeBody{Message: &message, CloseSource: &closeSource, Strategy: &strategy}.read()
}

// Existing is the number of the open pull request for the branches of pr; 0: there is none.
func (room *Room) Existing(ctx context.Context, pr *PullRequest) (number int64, err error) {
	err = room.DB.Row(ctx, `SELECT pr.number`+from+`pr.repository_id = $1 AND pr.source_id = $2 AND pr.source_branch = $3 AND pr.destination_branch = $4 AND pr.state = 'OPEN'`,
		pr.RepositoryID, pr.SourceID, pr.SourceBranch, pr.DestinationBranch).Scan(&number)
	if errors.Is(err, database.ErrNoRows) {
		err = nil
	}
	return number, err
}

// Account is the account with this username. A *rest.Error (404) says that there is none.
func (room *Room) Account(ctx context.Context, username string) (account.Account, error) {
	a, err := room.Repositories.Accounts.Find(ctx, room.DB, username)
	if errors.Is(err, account.ErrNotFound) {
		return a, account.NotFound(username, "")
	}
	return a, err
}
