package issue

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/filestore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// Room serves issue trackers. Its fields are what it stands on.
type Room struct {
	DB           *database.DB
	Repositories *repository.Room
	Store        *filestore.Store // of attachments
	Archives     *filestore.Store // of exports, and of imports while they go on
	URLs         rest.URLs
	Log          *slog.Logger
	Now          func() time.Time

	jobs jobs
}

// Operations lists what this room serves. Bitbucket Cloud has let anonymous people create issues where the settings of a tracker
// said so; its API has no setting for that, and what nobody stands behind is what spam is made of. So everything but reading takes
// a credential here.
func (room *Room) Operations() []access.Operation {
	const (
		ofRepository = "/repositories/{workspace}/{repo_slug}"
		all          = ofRepository + "/issues"
		one          = all + "/{issue_id}"
	)
	repositories, tracker := room.Repositories.Repositories(), room.tracker()
	reads, takes := repositories.Reads(), tracker.Needs(access.Read)
	cursor := access.Parameter{Name: "ctx", Does: "The cursor in a next link. Follow the link as it is."}
	return append(append(room.attachments(one, reads, takes), room.archives(all)...),
		access.On("GET "+all, reads, tracked(room.list)).Lists(JSON{}).Filters(fields).Asks(cursor),
		access.On("POST "+all, takes, tracked(room.post)).Takes(body{}).Answers(JSON{}, http.StatusCreated),
		access.On("GET "+one, reads, room.one(room.get)).Answers(JSON{}),
		access.On("PUT "+one, takes, room.one(room.put)).Takes(body{}).Answers(JSON{}),
		access.On("DELETE "+one, tracker.Needs(access.Write), room.one(room.delete)).Answers(nil),

		access.On("GET "+one+"/changes", reads, room.one(room.listChanges)).Lists(changeJSON{}).Filters(changeFields),
		access.On("POST "+one+"/changes", takes, room.one(room.postChange)).Takes(changeBody{}).Answers(changeJSON{}, http.StatusCreated),
		access.On("GET "+one+"/changes/{change_id}", reads, room.one(room.getChange)).Answers(changeJSON{}),

		access.On("GET "+one+"/comments", reads, room.one(room.listComments)).Lists(commentJSON{}).Filters(commentFields),
		access.On("POST "+one+"/comments", takes, room.one(room.postComment)).Takes(commentBody{}).Answers(commentJSON{}, http.StatusCreated),
		access.On("GET "+one+"/comments/{comment_id}", reads, room.comment(room.getComment)).Answers(commentJSON{}),
		access.On("PUT "+one+"/comments/{comment_id}", takes, room.comment(room.putComment)).Takes(commentBody{}).Answers(commentJSON{}),
		access.On("DELETE "+one+"/comments/{comment_id}", takes, room.comment(room.deleteComment)).Answers(nil),

		access.On("GET "+one+"/vote", takes, voting.tell(room)).Answers(nil),
		access.On("PUT "+one+"/vote", takes, voting.become(room, true)).Answers(nil),
		access.On("DELETE "+one+"/vote", takes, voting.become(room, false)).Answers(nil),
		access.On("GET "+one+"/watch", takes, watching.tell(room)).Answers(nil),
		access.On("PUT "+one+"/watch", takes, watching.become(room, true)).Answers(nil),
		access.On("DELETE "+one+"/watch", takes, watching.become(room, false)).Answers(nil),

		access.On("GET "+ofRepository+"/components", reads, tracked(room.listLabels(Components))).Lists(labelJSON{}).Filters(labelFields),
		access.On("GET "+ofRepository+"/components/{component_id}", reads, tracked(room.getLabel(Components))).Answers(labelJSON{}),
		access.On("GET "+ofRepository+"/milestones", reads, tracked(room.listLabels(Milestones))).Lists(labelJSON{}).Filters(labelFields),
		access.On("GET "+ofRepository+"/milestones/{milestone_id}", reads, tracked(room.getLabel(Milestones))).Answers(labelJSON{}),
		access.On("GET "+ofRepository+"/versions", reads, tracked(room.listLabels(Versions))).Lists(labelJSON{}).Filters(labelFields),
		access.On("GET "+ofRepository+"/versions/{version_id}", reads, tracked(room.getLabel(Versions))).Answers(labelJSON{}),
	)
}

// tracker is a repository with its issue tracker. Who may read the repository may make issues, comment on them and vote, and everybody
// with an account may read a public one. What a credential may that belongs to no account is its scopes, and those to write issues
// are no scopes to write to the repository.
func (room *Room) tracker() *access.Resource[*repository.Repository] {
	all := *room.Repositories.Repositories()
	find := all.Find
	all.Name = "repository with its issue tracker"
	all.Find = func(ctx context.Context, p *access.Principal, first, second string) (access.Found[*repository.Repository], error) {
		found, err := find(ctx, p, first, second)
		switch {
		case err != nil:
		case found.Public && p.Account != nil:
			found.Level = max(found.Level, access.Read)
		case found.Level >= access.Read && p.OfResource():
			found.Level = max(found.Level, access.Write)
		}
		return found, err
	}
	return &all
}

type handler = func(*access.Call, *repository.Repository) (any, error)

// tracked lets h run for repositories that have an issue tracker.
func tracked(h handler) handler {
	return func(c *access.Call, r *repository.Repository) (any, error) {
		if err := On(r); err != nil {
			return nil, err
		}
		return h(c, r)
	}
}

// On refuses (404) what is asked of the issue tracker of a repository that has none.
func On(r *repository.Repository) error {
	if r.HasIssues {
		return nil
	}
	return rest.Refusef(reason.IssueTrackerOff, "The repository %s has no issue tracker: has_issues is false.", r.FullName())
}

// one finds the issue that the path names, for h.
func (room *Room) one(h func(*access.Call, *repository.Repository, *Issue) (any, error)) handler {
	return tracked(func(c *access.Call, r *repository.Repository) (any, error) {
		number, err := strconv.ParseInt(c.Param("issue_id"), 10, 64)
		if err != nil {
			return nil, notFound()
		}
		i, err := room.Find(c.Context(), room.DB, r, number)
		if err != nil {
			return nil, err
		}
		return h(c, r, i)
	})
}

func notFound() *rest.Error {
	return rest.Refuse(reason.ResourceNotFound, "The repository has no issue with this number, or none any more.")
}

// passes decides whether who acts as p has a privilege on r.
func (room *Room) passes(ctx context.Context, p *access.Principal, r *repository.Repository, need access.Need[*repository.Repository]) error {
	at := map[string]string{"workspace": rest.Braced(r.Workspace.ID), "repo_slug": rest.Braced(r.ID)}
	_, err := access.Visit(room.Repositories.Accounts.Gate, ctx, p, need, func(name string) string { return at[name] })
	return err
}

// MayChange refuses who acts as p, where that neither reported an issue of r nor may write to r.
func (room *Room) MayChange(ctx context.Context, p *access.Principal, r *repository.Repository, i *Issue) error {
	if i.Reporter.Is(p) {
		return nil
	}
	err := room.passes(ctx, p, r, room.tracker().Needs(access.Write))
	if refusal, ok := errors.AsType[*rest.Error](err); ok && refusal.Reason == reason.PrivilegeMissing {
		refusal.Detail = "Who reported an issue may change it, and who may write to the repository. This caller is neither."
	}
	return err
}
