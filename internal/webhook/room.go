package webhook

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/outbound"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
)

// Room serves webhooks and sends what they are called with. Its fields are what it stands on.
type Room struct {
	DB           *database.DB
	Repositories *repository.Room
	Out          *outbound.Guard
	URLs         rest.URLs
	Log          *slog.Logger
	Now          func() time.Time

	bell bell
}

// Operations lists what this room serves.
func (room *Room) Operations() []access.Operation {
	return append(append([]access.Operation{
		access.On("GET /hook_events", access.Anyone, room.subjects).Answers(subjectsJSON{}),
		access.On("GET /hook_events/{subject_type}", access.Anyone, room.listEvents).Lists(eventJSON{}),
	}, of(room, "/repositories/{workspace}/{repo_slug}", room.repositories(), room.OfRepository)...),
		of(room, "/workspaces/{workspace}", room.workspaces(), func(w workspace.Workspace) Subject { return room.OfWorkspace(&w) })...)
}

// of are the operations below one kind of subject.
func of[T any](room *Room, path string, resource *access.Resource[T], subject func(T) Subject) []access.Operation {
	admin := resource.Needs(access.Admin)
	on := func(h func(*access.Call, Subject) (any, error)) func(*access.Call, T) (any, error) {
		return func(c *access.Call, found T) (any, error) { return h(c, subject(found)) }
	}
	return []access.Operation{
		access.On("GET "+path+"/hooks", admin, on(room.list)).Lists(hookJSON{}).Filters(fields),
		access.On("POST "+path+"/hooks", admin, on(room.post)).Takes(hookBody{}).Answers(hookJSON{}, http.StatusCreated),
		access.On("GET "+path+"/hooks/{uid}", admin, on(room.get)).Answers(hookJSON{}),
		access.On("PUT "+path+"/hooks/{uid}", admin, on(room.put)).Takes(hookBody{}).Answers(hookJSON{}),
		access.On("DELETE "+path+"/hooks/{uid}", admin, on(room.delete)).Answers(nil),
	}
}

// repositories are the repositories as the operations on their webhooks see them.
func (room *Room) repositories() *access.Resource[*repository.Repository] {
	return room.Repositories.Repositories().ByScopes("list of a repository's webhooks", repository.Within)
}

// workspaces are the same for workspaces, whose own credentials alone count.
func (room *Room) workspaces() *access.Resource[workspace.Workspace] {
	return room.Repositories.Workspaces.Workspaces().ByScopes("list of a workspace's webhooks", workspace.Within)
}

// hookJSON is a webhook as the API writes it (schema webhook_subscription).
type hookJSON struct {
	Type        string               `json:"type"`
	UUID        string               `json:"uuid"`
	URL         string               `json:"url"`
	Description string               `json:"description"`
	SubjectType string               `json:"subject_type"`
	Subject     any                  `json:"subject"`
	Active      bool                 `json:"active"`
	CreatedAt   rest.Time            `json:"created_at"`
	Events      []string             `json:"events"`
	SecretSet   bool                 `json:"secret_set"`
	Links       map[string]rest.Link `json:"links"`
}

func (room *Room) render(s Subject, h *Hook) hookJSON {
	return hookJSON{Type: "webhook_subscription", UUID: rest.Braced(h.ID), URL: h.URL, Description: h.Description, SubjectType: s.Kind, Subject: s.json,
		Active: h.Active, CreatedAt: rest.Time(h.Created), Events: h.Events, SecretSet: h.SecretSet(),
		Links: map[string]rest.Link{"self": room.URLs.API(append(s.path[:len(s.path):len(s.path)], "hooks", rest.Braced(h.ID))...)}}
}

// hookBody is what making and changing a webhook reads.
type hookBody struct {
	URL         *string   `json:"url"`
	Description *string   `json:"description"`
	Active      *bool     `json:"active"`
	Events      *[]string `json:"events"`
	Secret      *string   `json:"secret"` // null takes it away, as "" does
}

// UnmarshalJSON tells a secret that is null from one that is not there.
func (b *hookBody) UnmarshalJSON(data []byte) error {
	type plain hookBody
	if err := json.Unmarshal(data, (*plain)(b)); err != nil {
		return err
	}
	var sent struct {
		Secret json.RawMessage `json:"secret"`
	}
	if err := json.Unmarshal(data, &sent); err != nil {
		return err
	}
	if string(sent.Secret) == "null" {
		b.Secret = new(string)
	}
	return nil
}

// fields are what filters and orders of webhooks may name.
var fields = bbql.Fields{
	"uuid":        {Column: "h.id", Kind: bbql.UUID},
	"url":         {Column: "h.url", Kind: bbql.String},
	"description": {Column: "h.description", Kind: bbql.String},
	"active":      {Column: "h.active", Kind: bbql.Bool},
	"created_at":  {Column: "h.created_on", Kind: bbql.Time},
}

func (room *Room) list(c *access.Call, s Subject) (any, error) {
	l := rest.Listing[Hook]{Columns: columns, From: fromHooks(s), Args: []any{s.ID}, Order: `h.created_on, h.id`, Fields: fields, Scan: scanHook}
	return l.Answer(c.Context(), room.DB, c.Request, func(h *Hook) any { return room.render(s, h) })
}

func (room *Room) post(c *access.Call, s Subject) (any, error) {
	var b hookBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	h, err := room.Create(c.Context(), s, Change(b))
	if err != nil {
		return nil, err
	}
	made := room.render(s, &h)
	return rest.Created(made, made.Links["self"]), nil
}

func (room *Room) get(c *access.Call, s Subject) (any, error) {
	h, err := room.Find(c.Context(), s, c.Param("uid"))
	if err != nil {
		return nil, err
	}
	return room.render(s, &h), nil
}

func (room *Room) put(c *access.Call, s Subject) (any, error) {
	var b hookBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	h, err := room.Update(c.Context(), s, c.Param("uid"), Change(b))
	if err != nil {
		return nil, err
	}
	return room.render(s, &h), nil
}

func (room *Room) delete(c *access.Call, s Subject) (any, error) {
	return nil, room.Delete(c.Context(), s, c.Param("uid"))
}

func notFound() error {
	return rest.Refuse(reason.ResourceNotFound, "There is no such webhook here.")
}
