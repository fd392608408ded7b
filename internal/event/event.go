// Package event carries what happens in one room to those above it, which the room does not know: webhooks, and whatever else
// wants to hear of it. A room has a *Hub and emits; who listens is said where the server is put together.
//
// Events belong to the transaction in which they happen: what a listener writes into it is there if, and only if, what happened
// did happen.
package event

import (
	"context"

	"github.com/pailforge/pail/internal/database"
)

// Key names a kind of event in Bitbucket's words (schema hook_event): repo:push.
type Key string

// The events that rooms emit.
const (
	RepositoryPush      Key = "repo:push"
	RepositoryFork      Key = "repo:fork"
	RepositoryCreated   Key = "repo:created"
	RepositoryUpdated   Key = "repo:updated"
	RepositoryDeleted   Key = "repo:deleted"
	RepositoryTransfer  Key = "repo:transfer"
	CommitComment       Key = "repo:commit_comment_created"
	CommitStatusCreated Key = "repo:commit_status_created"
	CommitStatusUpdated Key = "repo:commit_status_updated"
	ProjectUpdated      Key = "project:updated"

	PullRequestCreated          Key = "pullrequest:created"
	PullRequestUpdated          Key = "pullrequest:updated"
	PullRequestPush             Key = "pullrequest:push"
	PullRequestApproved         Key = "pullrequest:approved"
	PullRequestUnapproved       Key = "pullrequest:unapproved"
	PullRequestChangesRequested Key = "pullrequest:changes_request_created"
	PullRequestChangesRemoved   Key = "pullrequest:changes_request_removed"
	PullRequestFulfilled        Key = "pullrequest:fulfilled"
	PullRequestRejected         Key = "pullrequest:rejected"
	PullRequestCommentCreated   Key = "pullrequest:comment_created"
	PullRequestCommentUpdated   Key = "pullrequest:comment_updated"
	PullRequestCommentDeleted   Key = "pullrequest:comment_deleted"
	PullRequestCommentResolved  Key = "pullrequest:comment_resolved"
	PullRequestCommentReopened  Key = "pullrequest:comment_reopened"

	IssueCreated        Key = "issue:created"
	IssueUpdated        Key = "issue:updated"
	IssueCommentCreated Key = "issue:comment_created"
)

// Place is where an event happens: in a workspace, and in one of its repositories unless RepositoryID is "".
type Place struct{ WorkspaceID, RepositoryID string }

// Payload is what there is to say of an event, by name. The values are what the room encodes as JSON, so a listener in the same
// process gets them typed, and one outside as Bitbucket writes them.
type Payload map[string]any

// Event is something that happened.
type Event struct {
	Key     Key
	At      Place
	Payload Payload
}

// Listener hears of events.
type Listener interface {
	// Wants tells whether the listener would do something with such an event. It spares the room a payload.
	Wants(ctx context.Context, q database.Queryer, key Key, at Place) (bool, error)
	// Hear takes an event, in the transaction in which it happened; an error undoes it. What is to follow once it is committed,
	// goes through tx.Then.
	Hear(ctx context.Context, tx *database.Tx, e Event) error
}

// Hub hands events on. A nil Hub has no listeners.
type Hub struct{ listeners []Listener }

// Listen adds a listener, before the first event.
func (h *Hub) Listen(l Listener) { h.listeners = append(h.listeners, l) }

// Wanted tells whether anybody wants such an event. Rooms ask where a payload takes time to make, before the transaction begins.
func (h *Hub) Wanted(ctx context.Context, q database.Queryer, key Key, at Place) (bool, error) {
	if h == nil {
		return false, nil
	}
	for _, l := range h.listeners {
		if wants, err := l.Wants(ctx, q, key, at); wants || err != nil {
			return wants, err
		}
	}
	return false, nil
}

// Emit hands an event to those who want it. payload is called only when somebody does.
func (h *Hub) Emit(ctx context.Context, tx *database.Tx, key Key, at Place, payload func() (Payload, error)) error {
	wanted, err := h.Wanted(ctx, tx, key, at)
	if err != nil || !wanted {
		return err
	}
	p, err := payload()
	if err != nil {
		return err
	}
	for _, l := range h.listeners {
		if err := l.Hear(ctx, tx, Event{key, at, p}); err != nil {
			return err
		}
	}
	return nil
}

// Changes are the fields that an event of a change tells of, by name, with what they held before and hold now.
type Changes map[string]Change

// Change is one of them.
type Change struct {
	Old any `json:"old"`
	New any `json:"new"`
}

// Note adds a field if it was changed. The values must be comparable.
func (c Changes) Note(field string, before, now any) {
	if before != now {
		c[field] = Change{before, now}
	}
}
