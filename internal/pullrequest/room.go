package pullrequest

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/branching"
	"github.com/pailforge/pail/internal/commit"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// Room serves pull requests. Its fields are what it stands on.
type Room struct {
	DB           *database.DB
	Repositories *repository.Room
	Commits      *commit.Room
	Branching    *branching.Room
	URLs         rest.URLs
	Log          *slog.Logger
	Now          func() time.Time

	queue queue // of merges in the background
	turns turns // in merging

	watches watches // who has pull requests before them
}

// Operations lists what this room serves. The published redirects of a pull request to its diff lead to operations on the
// repository, which take the scope to read that.
func (room *Room) Operations() []access.Operation {
	const (
		ofRepository = "/repositories/{workspace}/{repo_slug}"
		all          = ofRepository + "/pullrequests"
		one          = all + "/{pull_request_id}"
		comments     = one + "/comments"
		tasks        = one + "/tasks"
		reviewers    = ofRepository + "/default-reviewers"
	)
	repositories, takes := room.Repositories.Repositories(), room.takesPart()
	reads, granted, admin := repositories.Reads(), repositories.Needs(access.Read), repositories.Needs(access.Admin)
	states := access.Parameter{Name: "state", Does: "Only pull requests in one of these states; open ones without it, unless q says something of the state.", Many: true, Values: stateNames}
	cursor := access.Parameter{Name: "ctx", Does: "The cursor in a next link. Follow the link as it is."}
	return []access.Operation{
		access.On("GET "+all, reads, room.list).Lists(JSON{}).Filters(fields).Asks(states, cursor),
		access.On("POST "+all, takes, room.post).Takes(body{}).Answers(JSON{}, http.StatusCreated),
		access.On("GET "+one, reads, room.one(room.get)).Answers(JSON{}),
		access.On("PUT "+one, takes, room.one(room.put)).Takes(body{}).Answers(JSON{}),
		access.On("POST "+one+"/decline", takes, room.one(room.decline)).Takes(declineBody{}).Answers(JSON{}),
		access.On("POST "+one+"/merge", repositories.Needs(access.Write), room.one(room.merge)).Takes(mergeBody{}).Answers(JSON{}, http.StatusOK, http.StatusAccepted).
			Asks(access.Parameter{Name: "async", Does: "Whether the answer comes before the merge is done, and says where to ask for it; false without it.", Values: []string{"true", "false"}}),
		access.On("GET "+one+"/merge/task-status/{task_id}", reads, room.one(room.taskStatus)).Answers(taskJSON{}),

		access.On("POST "+one+"/approve", takes, room.one(room.say(Approved))).Answers(participantJSON{}),
		access.On("DELETE "+one+"/approve", takes, room.one(room.unsay(Approved))).Answers(nil),
		access.On("POST "+one+"/request-changes", takes, room.one(room.say(ChangesRequested))).Answers(participantJSON{}),
		access.On("DELETE "+one+"/request-changes", takes, room.one(room.unsay(ChangesRequested))).Answers(nil),

		access.On("GET "+comments, reads, room.one(room.listComments)).Lists(commentJSON{}).Filters(commentFields),
		access.On("POST "+comments, takes, room.one(room.postComment)).Takes(commentBody{}).Answers(commentJSON{}, http.StatusCreated),
		access.On("GET "+comments+"/{comment_id}", reads, room.comment(room.getComment)).Answers(commentJSON{}),
		access.On("PUT "+comments+"/{comment_id}", takes, room.comment(room.putComment)).Takes(commentBody{}).Answers(commentJSON{}),
		access.On("DELETE "+comments+"/{comment_id}", takes, room.comment(room.deleteComment)).Answers(nil),
		access.On("POST "+comments+"/{comment_id}/resolve", takes, room.comment(room.resolve(true))).Answers(resolutionJSON{}),
		access.On("DELETE "+comments+"/{comment_id}/resolve", takes, room.comment(room.resolve(false))).Answers(nil),

		access.On("GET "+tasks, reads, room.one(room.listTasks)).Lists(todoJSON{}).Filters(taskFields),
		access.On("POST "+tasks, takes, room.one(room.postTask)).Takes(taskBody{}).Answers(todoJSON{}, http.StatusCreated),
		access.On("GET "+tasks+"/{task_id}", reads, room.task(room.getTask)).Answers(todoJSON{}),
		access.On("PUT "+tasks+"/{task_id}", takes, room.task(room.putTask)).Takes(taskChangeBody{}).Answers(todoJSON{}),
		access.On("DELETE "+tasks+"/{task_id}", takes, room.task(room.deleteTask)).Answers(nil),

		access.On("GET "+all+"/activity", reads, room.listActivity).Lists(activityJSON{}).Asks(cursor),
		access.On("GET "+one+"/activity", reads, room.one(room.activityOf)).Lists(activityJSON{}).Asks(cursor),

		access.On("GET "+one+"/commits", reads, room.one(room.listCommits)).Lists(repository.CommitJSON{}).Asks(cursor),
		access.On("GET "+one+"/diff", reads, room.one(room.leadsTo("diff"))).Answers(nil, http.StatusFound),
		access.On("GET "+one+"/diffstat", reads, room.one(room.leadsTo("diffstat"))).Answers(nil, http.StatusFound),
		access.On("GET "+one+"/patch", reads, room.one(room.leadsTo("patch"))).Answers(nil, http.StatusFound),
		access.On("GET "+one+"/statuses", reads, room.one(room.listStatuses)).Lists(commit.StatusJSON{}).Filters(commit.StatusFields),

		access.On("GET "+ofRepository+"/commit/{commit}/pullrequests", reads, room.listOfCommit).Lists(JSON{}),
		access.On("GET /workspaces/{workspace}/pullrequests/{selected_user}", room.Repositories.Workspaces.Workspaces().Needs(access.Read), room.listOfUser).Lists(JSON{}).Filters(fields).Asks(states, cursor),

		access.On("GET "+reviewers, granted, room.listReviewers).Lists(account.JSON{}),
		access.On("GET "+reviewers+"/{target_username}", granted, room.getReviewer).Answers(account.JSON{}),
		access.On("PUT "+reviewers+"/{target_username}", admin, room.putReviewer).Answers(account.JSON{}),
		access.On("DELETE "+reviewers+"/{target_username}", admin, room.deleteReviewer).Answers(nil),
		access.On("GET "+ofRepository+"/effective-default-reviewers", granted, room.listEffective).Lists(reviewerJSON{}),
	}
}

// takesPart is the privilege to make pull requests and to review them: whoever may read the repository has it. Everybody with an
// account may read a public one, and open a pull request from a fork of it.
func (room *Room) takesPart() access.Need[*repository.Repository] {
	all := *room.Repositories.Repositories()
	find := all.Find
	all.Name = "repository with its pull requests"
	all.Find = func(ctx context.Context, p *access.Principal, first, second string) (access.Found[*repository.Repository], error) {
		found, err := find(ctx, p, first, second)
		if err == nil && found.Public && p.Account != nil {
			found.Level = max(found.Level, access.Read)
		}
		return found, err
	}
	return all.Needs(access.Read)
}

// one finds the pull request that the path names, for h.
func (room *Room) one(h func(*access.Call, *repository.Repository, *PullRequest) (any, error)) func(*access.Call, *repository.Repository) (any, error) {
	return func(c *access.Call, r *repository.Repository) (any, error) {
		number, err := strconv.ParseInt(c.Param("pull_request_id"), 10, 64)
		if err != nil {
			return nil, notFound()
		}
		pr, err := room.Find(c.Context(), r, number)
		if err != nil {
			return nil, err
		}
		return h(c, r, pr)
	}
}

// below finds, with find, what a parameter of the path names by its number in a pull request, for h. absent is the answer where that
// is no number.
func below[T any](room *Room, parameter string, absent func() *rest.Error, find func(*access.Call, *PullRequest, int64) (T, error), h func(*access.Call, *repository.Repository, *PullRequest, T) (any, error)) func(*access.Call, *repository.Repository) (any, error) {
	return room.one(func(c *access.Call, r *repository.Repository, pr *PullRequest) (any, error) {
		id, err := strconv.ParseInt(c.Param(parameter), 10, 64)
		if err != nil {
			return nil, absent()
		}
		found, err := find(c, pr, id)
		if err != nil {
			return nil, err
		}
		return h(c, r, pr, found)
	})
}

// Find is the pull request of a repository with a number, as it is now. A *rest.Error says that there is none.
func (room *Room) Find(ctx context.Context, r *repository.Repository, number int64) (*PullRequest, error) {
	for mended := false; ; mended = true {
		rows, err := numbered(ctx, room.DB, r.ID, []int64{number})
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			return nil, notFound()
		}
		if mended || !room.mend(ctx, rows) {
			return &rows[0], nil
		}
	}
}

func notFound() *rest.Error {
	return rest.Refuse(reason.ResourceNotFound, "The repository has no pull request with this number.")
}

// closed is the answer (400, as documented for most operations on pull requests that are merged) to whoever wants to change one.
func closed(pr *PullRequest) *rest.Error {
	how := map[string]string{Merged: "merged", Declined: "declined", Superseded: "superseded"}[pr.State]
	return rest.Refusef(reason.PullRequestClosed, "Pull request %d is %s.", pr.Number, how).WithMessage("The pull request was already %s.", how).With("state", pr.State)
}

// MayChange refuses whoever neither made a pull request of r nor may write to r.
func (room *Room) MayChange(ctx context.Context, p *access.Principal, r *repository.Repository, pr *PullRequest) error {
	if pr.Author.Is(p) {
		return nil
	}
	at := map[string]string{"workspace": rest.Braced(r.Workspace.ID), "repo_slug": rest.Braced(r.ID)}
	_, err := access.Visit(room.Repositories.Accounts.Gate, ctx, p, room.Repositories.Repositories().Needs(access.Write), func(name string) string { return at[name] })
	if refusal, ok := errors.AsType[*rest.Error](err); ok && refusal.Reason == reason.PrivilegeMissing {
		refusal.Detail = "Who made a pull request may change it, and who may write to the repository. This caller is neither."
	}
	return err
}

// personal is the account of the caller: a credential that belongs to none reviews nothing.
func personal(c *access.Call) (*account.Account, error) {
	if a := c.Principal.Account; a != nil {
		return &account.Account{Account: *a}, nil
	}
	return nil, rest.Refuse(reason.CredentialKindNotAccepted, "To review is a person's: this credential belongs to no account.").With("credential", c.Principal.Kind)
}
