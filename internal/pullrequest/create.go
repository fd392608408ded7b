package pullrequest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/event"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// body is what making and changing a pull request read.
type body struct {
	Title       *string       `json:"title"`
	Description *string       `json:"description"`
	Source      *endpointBody `json:"source"`
	Destination *endpointBody `json:"destination"`
	Reviewers   *[]personName `json:"reviewers"`
	Draft       *bool         `json:"draft"`
	CloseSource *bool         `json:"close_source_branch"`
}

type endpointBody struct {
	Branch *struct {
		Name *string `json:"name"`
	} `json:"branch"`
	Repository *struct {
		FullName *string `json:"full_name"`
		UUID     *string `json:"uuid"`
	} `json:"repository"`
}

func (b *endpointBody) branch() string {
	if b == nil || b.Branch == nil || b.Branch.Name == nil {
		return ""
	}
	return *b.Branch.Name
}

// personName names an account by one of its names.
type personName struct {
	UUID      *string `json:"uuid"`
	AccountID *string `json:"account_id"`
	Username  *string `json:"username"`
	Nickname  *string `json:"nickname"`
}

func (n personName) name() string {
	for _, s := range []*string{n.UUID, n.AccountID, n.Username, n.Nickname} {
		if s != nil && *s != "" {
			return *s
		}
	}
	return ""
}

// apply checks what the body says of the pull request itself, and writes it into pr; what it leaves out stays.
func (b *body) apply(pr *PullRequest) error {
	if b.Title != nil {
		title, err := rest.RequiredText("title", b.Title, maxTitle)
		if err != nil {
			return err
		}
		if strings.ContainsFunc(title, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return rest.InvalidField("title", "it is one line, without control characters")
		}
		pr.Title = strings.TrimSpace(title)
	}
	if b.Description != nil {
		description, err := rest.Text("description", b.Description, maxDescription)
		if err != nil {
			return err
		}
		pr.Description = description
	}
	if b.Draft != nil {
		pr.Draft = *b.Draft
	}
	if b.CloseSource != nil {
		pr.CloseSource = *b.CloseSource
	}
	return nil
}

func (room *Room) post(c *access.Call, r *repository.Repository) (any, error) {
	var b body
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	source := r
	if b.Source != nil {
		if of := b.Source.Repository; of != nil && (of.FullName != nil || of.UUID != nil) {
			var err error
			if source, err = room.Repositories.Named(c, "source.repository", deref(of.FullName), deref(of.UUID)); err != nil {
				return nil, err
			}
		}
	}
	now, err := room.propose(c.Context(), c.Principal, r, source, b)
	if err != nil {
		return nil, err
	}
	made, err := room.renderOne(c.Context(), room.DB, c.Principal, r, now)
	if err != nil {
		return nil, err
	}
	return rest.Created(made, made.Links["self"]), nil
}

// propose makes what a body asks for, of a branch of source, which the caller may read.
func (room *Room) propose(ctx context.Context, p *access.Principal, r, source *repository.Repository, b body) (*PullRequest, error) {
	if b.Title == nil {
		return nil, rest.MissingField("title")
	}
	pr := PullRequest{RepositoryID: r.ID, State: Open, Author: account.PersonOf(p), SourceBranch: b.Source.branch(), DestinationBranch: cmp.Or(b.Destination.branch(), r.MainBranch)}
	if err := b.apply(&pr); err != nil {
		return nil, err
	}
	switch {
	case pr.SourceBranch == "":
		return nil, rest.MissingField("source.branch.name")
	case pr.DestinationBranch == "":
		return nil, rest.MissingField("destination.branch.name") // the repository has no main branch yet
	}
	reviewers, err := room.reviewersOf(ctx, r, &pr, b.Reviewers)
	if err != nil {
		return nil, err
	}
	defaults, err := room.defaults(ctx, r, &pr, reviewers)
	if err != nil {
		return nil, err
	}
	reviewers = append(reviewers, defaults...)
	if err := room.look(ctx, r, source, &pr); err != nil {
		return nil, err
	}
	owners, err := room.ownersOf(ctx, r, &pr, reviewers)
	if err != nil {
		return nil, err
	}
	if err := room.create(ctx, r, &pr, append(reviewers, owners...)); err != nil {
		return nil, err
	}
	return room.Find(ctx, r, pr.Number)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// reviewersOf are the accounts that a body names. A *rest.Error names one that is not there, that cannot see the repository, or that
// has made the pull request.
func (room *Room) reviewersOf(ctx context.Context, r *repository.Repository, pr *PullRequest, names *[]personName) (all []account.Account, err error) {
	if names == nil {
		return nil, nil
	}
	if len(*names) > maxReviewers {
		return nil, rest.InvalidField("reviewers", fmt.Sprintf("a pull request has at most %d", maxReviewers))
	}
	for i, n := range *names {
		field := fmt.Sprintf("reviewers[%d]", i)
		a, err := room.Repositories.Accounts.Find(ctx, room.DB, n.name())
		if errors.Is(err, account.ErrNotFound) || n.name() == "" {
			return nil, rest.InvalidField(field, "there is no such account; name the uuid, account_id or username of one")
		}
		if err != nil {
			return nil, err
		}
		if pr.Author.Account != nil && pr.Author.Account.ID == a.ID {
			return nil, rest.InvalidField(field, a.DisplayName+" is the author and cannot be a reviewer")
		}
		ok, err := room.reads(ctx, r, &a)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, rest.InvalidField(field, "the account may not read the repository")
		}
		if !slices.ContainsFunc(all, func(b account.Account) bool { return b.ID == a.ID }) {
			all = append(all, a)
		}
	}
	return all, nil
}

// reads tells whether an account may read the repository at this moment.
func (room *Room) reads(ctx context.Context, r *repository.Repository, a *account.Account) (bool, error) {
	if !a.Active {
		return false, nil
	}
	level, err := room.Repositories.LevelOf(ctx, r, a.ID)
	return level >= access.Read, err
}

// defaults are the default reviewers that a new pull request gets beside those that were named.
func (room *Room) defaults(ctx context.Context, r *repository.Repository, pr *PullRequest, named []account.Account) (all []account.Account, err error) {
	found, err := room.effective(ctx, room.DB, r, maxReviewers)
	if err != nil {
		return nil, err
	}
	for _, d := range found {
		same := func(a account.Account) bool { return a.ID == d.who.ID }
		if pr.Author.Account != nil && same(*pr.Author.Account) || slices.ContainsFunc(named, same) || len(named)+len(all) >= maxReviewers {
			continue
		}
		ok, err := room.reads(ctx, r, &d.who)
		if err != nil {
			return nil, err
		}
		if ok {
			all = append(all, d.who)
		}
	}
	return all, nil
}

// tips are what the two branches of a pull request hold. A *rest.Error names one that is not there, or says that there is nothing
// to merge. source is where it comes from.
func (room *Room) tips(ctx context.Context, r, source *repository.Repository, pr *PullRequest) error {
	git := room.Repositories.Git
	if r.ID == source.ID && pr.SourceBranch == pr.DestinationBranch {
		return rest.InvalidField("destination.branch.name", "it is the source branch itself")
	}
	for _, end := range []struct {
		field, branch string
		of            *repository.Repository
		to            *gitstore.Hash
	}{{"source.branch.name", pr.SourceBranch, source, &pr.SourceHash}, {"destination.branch.name", pr.DestinationBranch, r, &pr.DestinationHash}} {
		values, err := git.RefValues(ctx, end.of.ID, []string{gitstore.BranchPrefix + end.branch})
		if err != nil {
			return err
		}
		if *end.to = values[gitstore.BranchPrefix+end.branch]; *end.to == "" || !gitstore.ValidBranchName(end.branch) {
			return rest.InvalidField(end.field, "the repository "+end.of.FullName()+" has no such branch")
		}
	}
	if source.ID != r.ID {
		// What the fork has is needed here before anything can be said of it, and before there is a number. One reference for each
		// fork holds it until then: what others overwrite there is young, and nothing young is pruned.
		if err := git.Bring(ctx, source.ID, r.ID, pr.SourceHash, refPrefix+"incoming/"+source.ID); err != nil {
			return err
		}
		room.Repositories.Grown(r.ID)
	}
	ahead, err := git.Count(ctx, r.ID, pr.SourceHash, pr.DestinationHash, 1)
	if err == nil && ahead == 0 {
		return rest.Refusef(reason.PullRequestNothing, "Every commit of %s is in %s already.", pr.SourceBranch, pr.DestinationBranch)
	}
	return err
}

// look finds out what the two branches of a new pull request hold. A *rest.Error says that it cannot be made of them.
func (room *Room) look(ctx context.Context, r, source *repository.Repository, pr *PullRequest) error {
	related, err := room.Repositories.Related(ctx, r, source)
	if err != nil {
		return err
	}
	if !related {
		return rest.InvalidField("source.repository", source.FullName()+" is no fork of "+r.FullName()+", and both are forks of nothing that is there")
	}
	pr.SourceID = source.ID
	return room.tips(ctx, r, source, pr)
}

// create makes a pull request of pr, which says what it is called, who makes it, and which branches it is about, and whose branches
// were looked at; it comes back with its number. A *rest.Error says that there is an open pull request for them.
func (room *Room) create(ctx context.Context, r *repository.Repository, pr *PullRequest, reviewers []account.Account) error {
	err := room.DB.Update(ctx, func(tx *database.Tx) error {
		pr.Created = room.Now().UTC().Truncate(time.Microsecond)
		pr.Updated = pr.Created
		// Others who make one wait here, and a number that is rolled back is given again: there is no gap, and none twice.
		err := tx.Row(ctx, `UPDATE repository SET last_pull_request = last_pull_request + 1 WHERE id = $1 RETURNING last_pull_request`, r.ID).Scan(&pr.Number)
		if errors.Is(err, database.ErrNoRows) {
			return rest.Refuse(reason.RepositoryNotFound, "")
		}
		if err != nil {
			return err
		}
		if err := insert(ctx, tx, pr); err != nil {
			return err
		}
		if err := room.setReviewers(ctx, tx, pr, reviewers); err != nil {
			return err
		}
		// A reference that a crash leaves behind here is overwritten by the next one with this number.
		if err := room.Repositories.Git.UpdateRefs(ctx, r.ID, []gitstore.RefUpdate{{Name: ref(pr.Number, refFrom), New: pr.SourceHash}}); err != nil {
			return err
		}
		if err := room.note(ctx, tx, pr, updated, moment{Made: true, Description: &pr.Description, Added: ids(pr.Reviewers())}); err != nil {
			return err
		}
		return room.emit(ctx, tx, event.PullRequestCreated, r, pr, nil)
	})
	return room.paired(ctx, err, pr)
}

// paired is the answer (400) to a pair of branches that has an open pull request already; other errors pass.
func (room *Room) paired(ctx context.Context, err error, pr *PullRequest) error {
	if database.IsReference(err) {
		return rest.Refuse(reason.ConflictState, "The fork, or one of the reviewers, was deleted meanwhile.")
	}
	if !database.IsUnique(err) {
		return err
	}
	e := rest.Refuse(reason.ConflictExists, "There is an open pull request for these two branches. Change that one with a PUT.").WithMessage("There is already an open pull request for these branches.")
	var other int64
	if room.DB.Row(ctx, `SELECT pr.number`+from+`pr.repository_id = $1 AND pr.source_id = $2 AND pr.source_branch = $3 AND pr.destination_branch = $4 AND pr.state = 'OPEN'`,
		pr.RepositoryID, pr.SourceID, pr.SourceBranch, pr.DestinationBranch).Scan(&other) == nil {
		e.With("pull_request", other)
	}
	return e
}

func ids(accounts []account.Account) (all []string) {
	for i := range accounts {
		all = append(all, accounts[i].ID)
	}
	return all
}
