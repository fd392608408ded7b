package pullrequest

import (
	"context"
	"slices"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/event"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

func (room *Room) get(c *access.Call, r *repository.Repository, pr *PullRequest) (any, error) {
	return room.renderOne(c.Context(), room.DB, c.Principal, r, pr)
}

// put changes what the body says of a pull request that is open (PUT .../pullrequests/{pull_request_id}).
func (room *Room) put(c *access.Call, r *repository.Repository, pr *PullRequest) (any, error) {
	var b body
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	now, err := room.revise(c.Context(), c.Principal, r, pr, b)
	if err != nil {
		return nil, err
	}
	return room.renderOne(c.Context(), room.DB, c.Principal, r, now)
}

// revise is put: it gives the pull request as it is then.
func (room *Room) revise(ctx context.Context, p *access.Principal, r *repository.Repository, pr *PullRequest, b body) (*PullRequest, error) {
	if err := room.MayChange(ctx, p, r, pr); err != nil {
		return nil, err
	}
	if pr.State != Open {
		return nil, closed(pr)
	}
	checked := *pr
	if err := b.apply(&checked); err != nil {
		return nil, err
	}
	reviewers, err := room.reviewersOf(ctx, r, pr, b.Reviewers)
	if err != nil {
		return nil, err
	}
	aimed := b.Destination.branch()
	if aimed != "" && aimed != pr.DestinationBranch {
		checked.DestinationBranch = aimed
		source, err := room.Repositories.ByIDs(ctx, room.DB, pr.SourceID)
		if err != nil {
			return nil, err
		}
		if source[pr.SourceID] == nil {
			return nil, rest.Refuse(reason.ConflictState, "The fork that the pull request comes from is gone.")
		}
		if err := room.tips(ctx, r, source[pr.SourceID], &checked); err != nil {
			return nil, err
		}
	}
	err = room.DB.Update(ctx, func(tx *database.Tx) error {
		if err := lockRepository(ctx, tx, r.ID); err != nil {
			return err
		}
		now, err := room.lock(ctx, tx, pr)
		if err != nil {
			return err
		}
		return room.change(ctx, tx, r, now, &b, &checked, reviewers)
	})
	if err := room.paired(ctx, err, &checked); err != nil {
		return nil, err
	}
	return room.Find(ctx, r, pr.Number)
}

// change writes what a body says into pr, which is locked; aim is where it is to go now.
func (room *Room) change(ctx context.Context, tx *database.Tx, r *repository.Repository, pr *PullRequest, b *body, aim *PullRequest, reviewers []account.Account) error {
	before := *pr
	if err := b.apply(pr); err != nil {
		return err
	}
	if aimed := b.Destination.branch(); aimed != "" && aimed != pr.DestinationBranch {
		pr.DestinationBranch, pr.DestinationHash = aim.DestinationBranch, aim.DestinationHash
	}
	pr.Updated = room.Now()
	if err := save(ctx, tx, pr); err != nil {
		return err
	}
	if b.Reviewers != nil {
		if err := room.setReviewers(ctx, tx, pr, reviewers); err != nil {
			return err
		}
	}
	m := moment{Changes: event.Changes{}}
	m.Changes.Note("title", before.Title, pr.Title)
	m.Changes.Note("description", before.Description, pr.Description)
	m.Changes.Note("draft", before.Draft, pr.Draft)
	m.Changes.Note("close_source_branch", before.CloseSource, pr.CloseSource)
	m.Changes.Note("destination", before.DestinationBranch, pr.DestinationBranch)
	was, is := ids(before.Reviewers()), ids(pr.Reviewers())
	m.Added, m.Removed = without(is, was), without(was, is)
	if len(m.Changes) == 0 && len(m.Added) == 0 && len(m.Removed) == 0 {
		return nil
	}
	if before.Description != pr.Description {
		m.Description = &pr.Description
	}
	if err := room.note(ctx, tx, pr, updated, m); err != nil {
		return err
	}
	return room.emit(ctx, tx, event.PullRequestUpdated, r, pr, nil)
}

// without are those of all that are not in others.
func without(all, others []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(others, s) })
}

// declineBody is what declining reads: nothing has to be sent.
type declineBody struct {
	Reason *string `json:"reason"`
}

// decline closes a pull request without a merge, for good (POST .../decline).
func (room *Room) decline(c *access.Call, r *repository.Repository, pr *PullRequest) (any, error) {
	var b declineBody
	if c.HTTP.ContentLength != 0 {
		if err := c.Decode(&b); err != nil {
			return nil, err
		}
	}
	var err error
	if pr, err = room.Decline(c.Context(), c.Principal, r, pr, deref(b.Reason)); err != nil {
		return nil, err
	}
	return room.renderOne(c.Context(), room.DB, c.Principal, r, pr)
}

// Decline closes a pull request without a merge, for good, and gives it as it is then. why is shown to everybody. A *rest.Error says
// that who acts as p may not, or that it is closed.
func (room *Room) Decline(ctx context.Context, p *access.Principal, r *repository.Repository, pr *PullRequest, why string) (*PullRequest, error) {
	why, err := rest.Text("reason", &why, maxReason)
	if err != nil {
		return nil, err
	}
	if err := room.MayChange(ctx, p, r, pr); err != nil {
		return nil, err
	}
	err = room.DB.Update(ctx, func(tx *database.Tx) error {
		if err := lockRepository(ctx, tx, r.ID); err != nil {
			return err
		}
		if pr, err = room.lock(ctx, tx, pr); err != nil {
			return err
		}
		if err := room.keep(ctx, pr); err != nil {
			return err
		}
		pr.State, pr.Reason, pr.Closer, pr.Updated = Declined, why, account.PersonOf(p), room.Now()
		return room.end(ctx, tx, r, pr, event.PullRequestRejected)
	})
	return pr, err
}

// keep has the git store keep what a pull request is made of, before it is closed, and more: from then on it follows no branch.
func (room *Room) keep(ctx context.Context, pr *PullRequest, more ...gitstore.RefUpdate) error {
	return room.Repositories.Git.UpdateRefs(ctx, pr.RepositoryID, append(more,
		gitstore.RefUpdate{Name: ref(pr.Number, refFrom), New: pr.SourceHash}, gitstore.RefUpdate{Name: ref(pr.Number, refTo), New: pr.DestinationHash}))
}

// end writes that a pull request is closed, and tells of it as key.
func (room *Room) end(ctx context.Context, tx *database.Tx, r *repository.Repository, pr *PullRequest, key event.Key) error {
	if err := save(ctx, tx, pr); err != nil {
		return err
	}
	if err := room.note(ctx, tx, pr, updated, moment{Changes: event.Changes{"status": {Old: Open, New: pr.State}}}); err != nil {
		return err
	}
	return room.emit(ctx, tx, key, r, pr, nil)
}
