package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/event"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// eventJSON is a kind of event as the API writes it (schema hook_event).
type eventJSON struct {
	Event       string `json:"event"`
	Category    string `json:"category"`
	Label       string `json:"label"`
	Description string `json:"description"`
}

// events are those that can be listened to (schema hook_event), and those of them that only a workspace has: in a repository,
// nobody would hear of its making and its end.
var (
	events = []eventJSON{
		{"repo:push", "Repository", "Push", "Whenever branches or tags are made, moved or deleted, by git or over the API"},
		{"repo:fork", "Repository", "Fork", "Whenever the repository is forked"},
		{"repo:updated", "Repository", "Updated", "Whenever the repository's name, description or another setting is changed"},
		{"repo:transfer", "Repository", "Transferred", "Whenever the repository moves to another workspace"},
		{"repo:commit_comment_created", "Repository", "Commit comment created", "Whenever a comment on a commit is made"},
		{"repo:commit_status_created", "Repository", "Build status created", "Whenever a build gives a commit its first status"},
		{"repo:commit_status_updated", "Repository", "Build status updated", "Whenever a build changes its status of a commit"},
		{"repo:created", "Repository", "Created", "Whenever a repository is made"},
		{"repo:deleted", "Repository", "Deleted", "Whenever a repository is deleted"},
		{"repo:imported", "Repository", "Imported", "Whenever a repository is imported"},
		{"pullrequest:created", "Pull Request", "Created", "Whenever a pull request is opened"},
		{"pullrequest:updated", "Pull Request", "Updated", "Whenever a pull request is changed"},
		{"pullrequest:push", "Pull Request", "Pushed", "Whenever the source branch of a pull request is moved"},
		{"pullrequest:approved", "Pull Request", "Approved", "Whenever somebody approves a pull request"},
		{"pullrequest:unapproved", "Pull Request", "Approval removed", "Whenever an approval of a pull request is taken back"},
		{"pullrequest:changes_request_created", "Pull Request", "Changes requested", "Whenever somebody asks for changes to a pull request"},
		{"pullrequest:changes_request_removed", "Pull Request", "Changes request removed", "Whenever a request for changes is taken back"},
		{"pullrequest:fulfilled", "Pull Request", "Merged", "Whenever a pull request is merged"},
		{"pullrequest:rejected", "Pull Request", "Declined", "Whenever a pull request is declined"},
		{"pullrequest:comment_created", "Pull Request", "Comment created", "Whenever a comment on a pull request is made"},
		{"pullrequest:comment_updated", "Pull Request", "Comment updated", "Whenever a comment on a pull request is changed"},
		{"pullrequest:comment_deleted", "Pull Request", "Comment deleted", "Whenever a comment on a pull request is deleted"},
		{"pullrequest:comment_resolved", "Pull Request", "Comment resolved", "Whenever a comment on a pull request is resolved"},
		{"pullrequest:comment_reopened", "Pull Request", "Comment reopened", "Whenever a comment on a pull request is opened again"},
		{"issue:created", "Issue", "Created", "Whenever an issue is made"},
		{"issue:updated", "Issue", "Updated", "Whenever an issue is changed"},
		{"issue:comment_created", "Issue", "Comment created", "Whenever a comment on an issue is made"},
		{"pipeline:span_created", "Pipelines", "Span created", "Whenever a part of a pipeline's run has ended"},
		{"project:updated", "Project", "Updated", "Whenever a project's name, description or another setting is changed"},
	}
	workspaceOnly = []string{"repo:created", "repo:deleted", "repo:imported", "project:updated"}
)

// eventsOf are the events that a subject of this kind has.
func eventsOf(kind string) []eventJSON {
	if kind == ofWorkspace {
		return events
	}
	return slices.DeleteFunc(slices.Clone(events), func(e eventJSON) bool { return slices.Contains(workspaceOnly, e.Event) })
}

// Choice is an event that a webhook may listen to.
type Choice struct{ Key, Category, Label, Description string }

// Choices are the events of a subject, those of one category together.
func Choices(s Subject) (all []Choice) {
	for _, e := range eventsOf(s.Kind) {
		all = append(all, Choice{e.Event, e.Category, e.Label, e.Description})
	}
	return all
}

// subjectsJSON are the kinds of subject (schema subject_types).
type subjectsJSON struct {
	Repository subjectJSON `json:"repository"`
	Workspace  subjectJSON `json:"workspace"`
}

type subjectJSON struct {
	Events rest.Link `json:"events"`
}

func (room *Room) subjects(*access.Call, struct{}) (any, error) {
	link := func(kind string) subjectJSON { return subjectJSON{room.URLs.API("hook_events", kind)} }
	return subjectsJSON{link(ofRepository), link(ofWorkspace)}, nil
}

func (room *Room) listEvents(c *access.Call, _ struct{}) (any, error) {
	kind := c.Param("subject_type")
	if kind != ofRepository && kind != ofWorkspace {
		return nil, rest.Refuse(reason.ResourceNotFound, "Webhooks belong to a repository or to a workspace.").With("known", []string{ofRepository, ofWorkspace})
	}
	p, err := c.Paging(rest.DefaultPagelen)
	if err != nil {
		return nil, err
	}
	return rest.Slice(c.Request, p, eventsOf(kind)), nil
}

// Limits of deliveries: of one body in bytes, and of those of one webhook that wait.
const (
	maxBody    = 1 << 20
	maxWaiting = 200
)

// listening is the condition of the webhooks that want an event; see place.
const listening = ` FROM webhook h WHERE h.active AND (h.workspace_id = $1 OR h.repository_id = $2) AND h.events LIKE $3`

func place(key event.Key, at event.Place) []any {
	return []any{at.WorkspaceID, at.RepositoryID, "% " + strings.ReplaceAll(string(key), "%", "") + " %"}
}

// Wants implements event.Listener.
func (room *Room) Wants(ctx context.Context, q database.Queryer, key event.Key, at event.Place) (wanted bool, err error) {
	err = q.Row(ctx, `SELECT EXISTS (SELECT 1`+listening+`)`, place(key, at)...).Scan(&wanted)
	return wanted, err
}

// Hear implements event.Listener: it writes a delivery for each webhook that wants the event.
func (room *Room) Hear(ctx context.Context, tx *database.Tx, e event.Event) error {
	// In one order, so that two transactions do not wait for each other.
	ids, err := database.Collect(ctx, tx, func(row func(...any) error) (id string, err error) { return id, row(&id) },
		`SELECT h.id`+listening+` ORDER BY h.id`, place(e.Key, e.At)...)
	if err != nil || len(ids) == 0 {
		return err
	}
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e.Payload); err != nil {
		return fmt.Errorf("payload of %s: %w", e.Key, err)
	}
	text := strings.TrimSuffix(body.String(), "\n")
	for _, id := range ids {
		if err := room.enqueue(ctx, tx, id, string(e.Key), text); err != nil {
			return err
		}
	}
	tx.Then(room.bell.ring)
	return nil
}

// enqueue writes a delivery for a webhook, if it is still there and active.
func (room *Room) enqueue(ctx context.Context, tx *database.Tx, hookID, key, body string) error {
	// The row is locked until the end: deliveries get their numbers in the order in which their transactions are committed.
	number, err := nextNumber(ctx, tx, hookID)
	if err != nil || number == 0 {
		return err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	d := Delivery{HookID: hookID, Number: number, ID: id.String(), Event: key, Body: body, Created: room.Now(), State: Waiting}
	waiting, err := countWaiting(ctx, tx, hookID)
	switch {
	case err != nil:
		return err
	case len(body) > maxBody:
		d.Body = ""
		d.drop(fmt.Sprintf("The event has %d bytes, and at most %d are sent.", len(body), maxBody))
	case waiting >= maxWaiting:
		d.drop(fmt.Sprintf("%d deliveries were waiting for this webhook already.", waiting))
	}
	if err := insertDelivery(ctx, tx, &d); err != nil || d.State == Waiting {
		return err
	}
	return trim(ctx, tx, hookID)
}
