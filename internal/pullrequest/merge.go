package pullrequest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/event"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// mergeBody is what merging reads (schema pullrequest_merge_parameters).
type mergeBody struct {
	Message     *string `json:"message"`
	CloseSource *bool   `json:"close_source_branch"`
	Strategy    *string `json:"merge_strategy"`
}

// Order is how a pull request is to be merged.
type Order struct {
	Strategy    gitstore.Strategy
	Message     string // "": one that names the pull request
	CloseSource *bool  // nil: as the pull request says
}

const maxMessage = 64 << 10 // characters

func (b mergeBody) read() (o Order, err error) {
	if o.Message, err = rest.Text("message", b.Message, maxMessage); err != nil {
		return o, err
	}
	o.CloseSource, o.Strategy = b.CloseSource, gitstore.Strategy(cmp.Or(deref(b.Strategy), repository.MergeStrategies[0]))
	if !slices.Contains(repository.MergeStrategies, string(o.Strategy)) {
		return o, rest.InvalidField("merge_strategy", "use "+strings.Join(repository.MergeStrategies, ", "))
	}
	return o, nil
}

func (room *Room) merge(c *access.Call, r *repository.Repository, pr *PullRequest) (any, error) {
	var b mergeBody
	if c.HTTP.ContentLength != 0 {
		if err := c.Decode(&b); err != nil {
			return nil, err
		}
	}
	order, err := b.read()
	if err != nil {
		return nil, err
	}
	later, err := strconv.ParseBool(strings.ToLower(cmp.Or(c.Query().Get("async"), "false")))
	if err != nil {
		return nil, rest.Refuse(reason.QueryInvalid, "async is true or false.").WithMessage("Invalid async")
	}
	if later {
		return room.mergeLater(c, r, pr, order)
	}
	if pr, err = room.Merge(c.Context(), c.Principal, r, pr.Number, order); err != nil {
		return nil, err
	}
	return room.renderOne(c.Context(), room.DB, c.Principal, r, pr)
}

// moved is the answer (409) to a merge of what is not there any more.
func moved(what string) *rest.Error {
	return rest.Refuse(reason.PullRequestMoved, what+" Look at the pull request again.")
}

// Merge merges a pull request for who acts as p, whom the caller has found to have write permission. A *rest.Error says why it cannot
// be: it is closed or a draft, it is restricted or lacks something, it conflicts, or one of its branches has moved in this moment.
//
// The commits are written first, where nobody sees them, and a row that says whose merge it is (landing). Then, with the row of the
// repository locked so that there is one merge at a time, a hidden reference is made to name what the branch is about to become; the
// branch moves, if it still holds what was merged into; and the row says so, in the transaction that tells of the merge and of the push
// that it is. A crash before the branch has moved leaves an open pull request and a hidden reference that the next merge overwrites. A
// crash after it leaves an open pull request whose hidden reference is in the history of the branch, wherever that has moved to since:
// whoever looks at it next finds that out, and writes and tells what the merge would have (followDestination). Nothing else makes that
// reference, so it is never taken for merged when it is not.
func (room *Room) Merge(ctx context.Context, p *access.Principal, r *repository.Repository, number int64, order Order) (*PullRequest, error) {
	done, err := room.turns.take(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	defer done()
	pr, err := room.Find(ctx, r, number)
	if err != nil {
		return nil, err
	}
	source, err := room.mergeable(ctx, r, pr)
	if err != nil {
		return nil, err
	}
	rules, err := room.rules(ctx, p, r, pr)
	if err != nil {
		return nil, err
	}
	if err := room.check(ctx, room.DB, r, pr, rules); err != nil {
		return nil, err
	}
	tip, err := room.join(ctx, p, r, source, pr, order)
	if err != nil {
		return nil, err
	}
	// From here on nobody who goes away stops it half way.
	ctx = context.WithoutCancel(ctx)
	before := *pr
	under, err := room.land(ctx, p, pr, tip)
	if err != nil {
		return nil, err
	}
	err = room.DB.Update(ctx, func(tx *database.Tx) error {
		if err := lockRepository(ctx, tx, r.ID); err != nil {
			return err
		}
		if pr, err = room.lock(ctx, tx, &before); err != nil {
			return err
		}
		if pr.SourceHash != before.SourceHash || pr.DestinationHash != before.DestinationHash || pr.DestinationBranch != before.DestinationBranch || pr.Draft {
			return moved("It was changed while it was merged.")
		}
		if err := room.check(ctx, tx, r, pr, rules); err != nil {
			return err
		}
		if err := room.move(ctx, r, source, pr, tip); err != nil {
			return err
		}
		pr.State, pr.MergeHash, pr.Closer, pr.Updated = Merged, tip, account.PersonOf(p), room.Now()
		if err := room.end(ctx, tx, r, pr, event.PullRequestFulfilled); err != nil {
			return err
		}
		return room.landed(ctx, tx, r.ID, under)
	})
	if _, refused := errors.AsType[*rest.Error](err); refused {
		room.dropped(ctx, &before)
	}
	if err != nil {
		return nil, err
	}
	room.afterwards(ctx, p, r, source, pr, order)
	return pr, nil
}

// mergeable refuses a pull request that cannot be merged, whoever asks. It gives the repository that it comes from.
func (room *Room) mergeable(ctx context.Context, r *repository.Repository, pr *PullRequest) (*repository.Repository, error) {
	if pr.State != Open {
		return nil, closed(pr)
	}
	if pr.Draft {
		return nil, rest.Refuse(reason.ConflictState, "The pull request is a draft. Set draft to false first.").WithMessage("Draft pull requests cannot be merged.")
	}
	found, err := room.Repositories.ByIDs(ctx, room.DB, pr.SourceID)
	if err != nil {
		return nil, err
	}
	source := found[pr.SourceID]
	if source == nil {
		return nil, rest.Refuse(reason.ConflictState, "The fork that the pull request comes from is gone.").WithMessage("The source repository does not exist.")
	}
	from, into, err := room.held(ctx, r, source, pr)
	switch {
	case err != nil:
		return nil, err
	case from == "":
		return nil, rest.Refusef(reason.ConflictState, "The source branch %s is gone. Push it again, or decline the pull request.", pr.SourceBranch).WithMessage("The source branch does not exist.")
	case into == "":
		return nil, rest.Refusef(reason.ConflictState, "The destination branch %s is gone. Choose another one with a PUT, or decline the pull request.", pr.DestinationBranch).WithMessage("The destination branch does not exist.")
	case from != pr.SourceHash, into != pr.DestinationHash:
		return nil, moved("One of its branches has moved in this moment.")
	}
	return source, nil
}

// held is what the two branches hold now; "" where there is none.
func (room *Room) held(ctx context.Context, r, source *repository.Repository, pr *PullRequest) (from, into gitstore.Hash, err error) {
	values, err := room.Repositories.Git.RefValues(ctx, source.ID, []string{gitstore.BranchPrefix + pr.SourceBranch})
	if err != nil {
		return "", "", err
	}
	from = values[gitstore.BranchPrefix+pr.SourceBranch]
	values, err = room.Repositories.Git.RefValues(ctx, r.ID, []string{gitstore.BranchPrefix + pr.DestinationBranch})
	return from, values[gitstore.BranchPrefix+pr.DestinationBranch], err
}

// join writes the commits of a merge, and gives what the destination is to hold. Nothing names them yet.
func (room *Room) join(ctx context.Context, p *access.Principal, r, source *repository.Repository, pr *PullRequest, order Order) (gitstore.Hash, error) {
	message := order.Message
	if strings.TrimSpace(message) == "" {
		var err error
		if message, err = room.message(ctx, r, source, pr); err != nil {
			return "", err
		}
	}
	q := gitstore.MergeQuery{Into: pr.DestinationHash, From: pr.SourceHash, Strategy: order.Strategy, Message: message, Committer: room.Repositories.Signature(p)}
	q.Author = q.Committer
	if a := pr.Author.Account; a != nil && (order.Strategy == gitstore.Squash || order.Strategy == gitstore.SquashFastForward) {
		q.Author.Name, q.Author.Mail = a.DisplayName, a.Email // one commit of what the author has written
	}
	tip, err := room.Repositories.Git.Merge(ctx, r.ID, q)
	conflict, conflicts := errors.AsType[*gitstore.Conflict](err)
	known, _ := errors.AsType[*gitstore.Error](err)
	switch {
	case conflicts:
		files := make([]string, len(conflict.Files))
		for i, f := range conflict.Files {
			files[i] = strings.ToValidUTF8(f, "�")
		}
		e := rest.Refusef(reason.PullRequestConflict, "Both branches have changed the same lines of %s. Merge %s into %s, resolve the conflicts, and push.", named(files), pr.DestinationBranch, pr.SourceBranch).With("files", files)
		if conflict.Commit != "" {
			e.With("commit", string(conflict.Commit))
		}
		return "", e
	case errors.Is(err, gitstore.ErrInvalid) && known != nil && known.What == "strategy":
		return "", rest.Refusef(reason.ConflictState, "%s has commits that %s has not, and %s can only move it forward. Merge or rebase the source branch first, or use another strategy.",
			pr.DestinationBranch, pr.SourceBranch, order.Strategy).WithMessage("The destination branch cannot be fast-forwarded.")
	case errors.Is(err, gitstore.ErrInvalid), errors.Is(err, gitstore.ErrTooLarge):
		return "", rest.Refuse(reason.PullRequestNothing, err.Error())
	}
	return tip, err
}

// named are the names of files in a sentence.
func named(files []string) string {
	const most = 20
	if len(files) > most {
		return fmt.Sprintf("%s and %d more files", strings.Join(files[:most], ", "), len(files)-most)
	}
	return strings.Join(files, ", ")
}

// maxListed bounds the commits that the message of a merge lists.
const maxListed = 50

// message is what a merge says when nobody has said it: which pull request it is, its title, its commits, and who has approved it.
func (room *Room) message(ctx context.Context, r, source *repository.Repository, pr *PullRequest) (string, error) {
	commits, more, err := room.Repositories.Git.Log(ctx, r.ID, gitstore.LogQuery{Include: []string{string(pr.SourceHash)}, Exclude: []string{string(pr.DestinationHash)}, Limit: maxListed})
	if err != nil {
		return "", err
	}
	branch := pr.SourceBranch
	if source.ID != r.ID && !source.Private { // who reads the message may not know of a private fork
		branch = source.FullName() + "/" + branch
	}
	var text strings.Builder
	fmt.Fprintf(&text, "Merged in %s (pull request #%d)\n\n%s\n\n", branch, pr.Number, pr.Title)
	for _, commit := range slices.Backward(commits) {
		subject, _, _ := strings.Cut(strings.TrimSpace(commit.Message), "\n")
		fmt.Fprintf(&text, "* %s\n", subject)
	}
	if more {
		text.WriteString("* and more\n")
	}
	if approvals := pr.approvals(); len(approvals) > 0 {
		text.WriteString("\n")
		for _, t := range approvals {
			fmt.Fprintf(&text, "Approved-by: %s\n", t.Who.DisplayName)
		}
	}
	return text.String(), nil
}

// move moves the destination to what it was merged to be, if nothing has moved since. The row of the repository is locked.
func (room *Room) move(ctx context.Context, r, source *repository.Repository, pr *PullRequest, tip gitstore.Hash) error {
	git := room.Repositories.Git
	from, into, err := room.held(ctx, r, source, pr)
	switch {
	case err != nil:
		return err
	case into == tip:
		return nil // this transaction did it already: the store has asked for it to run again
	case from != pr.SourceHash, into != pr.DestinationHash:
		return moved("One of its branches has moved while it was merged.")
	}
	if err := room.keep(ctx, pr, gitstore.RefUpdate{Name: ref(pr.Number, refMerge), New: tip}); err != nil {
		return err
	}
	err = git.UpdateRef(ctx, r.ID, gitstore.BranchPrefix+pr.DestinationBranch, pr.DestinationHash, tip)
	if errors.Is(err, gitstore.ErrConflict) || errors.Is(err, gitstore.ErrNotFound) {
		return moved("The destination branch has moved while it was merged.")
	}
	return err
}

// afterwards does what follows a merge. It is merged whatever becomes of this, so what fails is logged.
func (room *Room) afterwards(ctx context.Context, p *access.Principal, r, source *repository.Repository, pr *PullRequest, order Order) {
	log := room.Log.With("repository", r.ID, "pull_request", pr.Number)
	if err := room.Repositories.Told(ctx, r.ID, gitstore.RefUpdate{Name: gitstore.BranchPrefix + pr.DestinationBranch, Old: pr.DestinationHash, New: pr.MergeHash}); err != nil {
		log.Error("a merge was not noted as a push", "error", err)
	}
	if order.CloseSource == nil && !pr.CloseSource || order.CloseSource != nil && !*order.CloseSource {
		return
	}
	if err := room.closeSource(ctx, p, r, source, pr); err != nil {
		log.Error("the source branch of a merged pull request was not deleted", "error", err)
	}
}

// closeSource deletes the source branch, if whoever merges may do so, it is not the main branch, no restriction keeps it, and nobody
// has pushed to it since.
func (room *Room) closeSource(ctx context.Context, p *access.Principal, r, source *repository.Repository, pr *PullRequest) error {
	git := room.Repositories.Git
	if main, err := git.DefaultBranch(ctx, source.ID); err != nil || main == pr.SourceBranch {
		return err
	}
	if source.ID != r.ID {
		level, err := room.Repositories.LevelOf(ctx, source, p.AccountID())
		if err != nil || max(level, p.Within(source.Workspace.ID, source.Project.ID, source.ID)) < access.Write || !p.Reaches(source.Workspace.ID) {
			return err
		}
	}
	name := gitstore.BranchPrefix + pr.SourceBranch
	said, err := room.Repositories.Judge(ctx, p, source, []repository.RefChange{{Ref: name, Deleted: true}})
	if _, refused := said.Refused[name]; err != nil || refused {
		return err
	}
	err = git.DeleteRef(ctx, source.ID, name, pr.SourceHash)
	if errors.Is(err, gitstore.ErrConflict) || errors.Is(err, gitstore.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return room.Repositories.Pushed(ctx, source.ID, gitstore.RefUpdate{Name: name, Old: pr.SourceHash, New: gitstore.ZeroHash})
}

// accepted is the answer (202) to a merge that goes on behind the scenes.
func accepted(task taskJSON) rest.Answer {
	return rest.Answer{Status: http.StatusAccepted, Body: task, Header: http.Header{"Location": {task.Links["self"].Href}}}
}
