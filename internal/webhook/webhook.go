package webhook

import (
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/outbound"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
)

// Hook is a webhook.
type Hook struct {
	ID          string
	URL         string
	Description string
	Active      bool
	Events      []string // sorted
	Created     time.Time

	secret *secret // nil: what is sent is not signed
}

// SecretSet tells whether what is sent is signed.
func (h *Hook) SecretSet() bool { return h.secret != nil }

// secret signs what is sent. It has to be kept as it is, because a hash of it could not sign, and it goes nowhere but into the
// signature: printed, logged or encoded it shows as a word, and inside of a Hook, where package fmt does not ask, as an address.
type secret string

// newSecret is nil for no secret.
func newSecret(text string) *secret {
	if text == "" {
		return nil
	}
	s := secret(text)
	return &s
}

// kept is the secret as the store keeps it.
func (s *secret) kept() string {
	if s == nil {
		return ""
	}
	return string(*s)
}

const hidden = "(secret)"

func (secret) String() string               { return hidden }
func (secret) GoString() string             { return hidden }
func (secret) LogValue() slog.Value         { return slog.StringValue(hidden) }
func (secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// Subject is what a webhook belongs to: a repository or a workspace.
type Subject struct {
	Kind string // ofRepository or ofWorkspace
	ID   string
	path []string // of the subject in the API
	json any
}

const (
	ofRepository = "repository"
	ofWorkspace  = "workspace"
)

// OfRepository is a repository as the subject of webhooks.
func (room *Room) OfRepository(r *repository.Repository) Subject {
	return Subject{ofRepository, r.ID, []string{"repositories", r.Workspace.Slug, r.Slug}, room.Repositories.Summarize(r)}
}

// OfWorkspace is a workspace as the subject of webhooks.
func (room *Room) OfWorkspace(w *workspace.Workspace) Subject {
	return Subject{ofWorkspace, w.ID, []string{"workspaces", w.Slug}, room.Repositories.Workspaces.RenderWorkspace(w)}
}

// Limits of webhooks: of one subject (Bitbucket Cloud's), of a URL in bytes, and of texts in characters (the secret's is that of
// schema webhook_subscription).
const (
	maxHooks       = 50
	maxURL         = 2000
	maxDescription = 255
	maxSecret      = 128
)

// Change is what a request says about a webhook; nil fields stay as they are.
type Change struct {
	URL         *string
	Description *string
	Active      *bool
	Events      *[]string
	Secret      *string // "" takes the secret away
}

// apply checks c and writes it into h, which belongs to a subject of this kind. Errors are *rest.Error and name the field.
func (c Change) apply(h *Hook, kind string, out *outbound.Guard) error {
	if c.URL != nil {
		if err := checkURL(*c.URL, out); err != nil {
			return err
		}
		h.URL = *c.URL
	}
	if c.Description != nil {
		if err := checkText("description", *c.Description, maxDescription); err != nil {
			return err
		}
		h.Description = *c.Description
	}
	if c.Secret != nil {
		if err := checkText("secret", *c.Secret, maxSecret); err != nil {
			return err
		}
		h.secret = newSecret(*c.Secret)
	}
	if c.Events != nil {
		chosen := slices.Compact(slices.Sorted(slices.Values(*c.Events)))
		if len(chosen) == 0 {
			return rest.InvalidField("events", "name at least one; GET /hook_events/"+kind+" lists them")
		}
		for _, key := range chosen {
			if !slices.ContainsFunc(eventsOf(kind), func(e eventJSON) bool { return e.Event == key }) {
				return rest.InvalidField("events", fmt.Sprintf("%s is no event of a %s; GET /hook_events/%s lists them", shortened(key), kind, kind))
			}
		}
		h.Events = chosen
	}
	if c.Active != nil {
		h.Active = *c.Active
	}
	return nil
}

// shortened is a word of a request for a message about it.
func shortened(word string) string {
	const most = 60
	if utf8.RuneCountInString(word) > most {
		word = string([]rune(word)[:most]) + "…"
	}
	return fmt.Sprintf("%q", word)
}

// checkURL refuses what is never called. What the host leads to is seen when it is called.
func checkURL(text string, out *outbound.Guard) error {
	if text == "" {
		return rest.InvalidField("url", "it is empty")
	}
	if len(text) > maxURL {
		return rest.InvalidField("url", fmt.Sprintf("it may have at most %d characters", maxURL))
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
	}) {
		return rest.InvalidField("url", "a URL has no spaces and no control characters")
	}
	u, err := url.Parse(text)
	if err != nil { // its words would quote the URL, and with it what is secret in it
		return rest.InvalidField("url", "this is no URL; write it as https://host/path")
	}
	refusal, _ := out.CheckURL(u).(*outbound.Refusal)
	if refusal == nil {
		return nil
	}
	switch refusal.Rule {
	case outbound.Scheme, outbound.UserInfo, outbound.Host:
		return rest.InvalidField("url", refusal.Rule.String())
	}
	return rest.Refusef(reason.WebhookAddressForbidden, "This address is not called: %s.", refusal.Rule).With("rule", refusal.Rule).Field("url", refusal.Rule.String())
}

// checkText refuses text that is too long, or holds what nobody sees.
func checkText(field, text string, limit int) error {
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > limit {
		return rest.InvalidField(field, fmt.Sprintf("it may have at most %d characters", limit))
	}
	if strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || unicode.In(r, unicode.Zl, unicode.Zp)
	}) {
		return rest.InvalidField(field, "control characters are not allowed")
	}
	return nil
}

// host is the host of a URL that was checked, by which deliveries are told apart.
func host(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}
