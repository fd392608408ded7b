package hooks

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/webhook"
)

// hookForm is a form with the events of a webhook, by category.
type hookForm struct {
	*page.Form
	Categories    []category
	EventProblems []string
}

// category is a part of the product with its events.
type category struct {
	Name   string
	Events []choice
}

// choice is an event that can be ticked.
type choice struct {
	webhook.Choice
	Checked bool
}

// ID names the field of the event on the page.
func (c choice) ID() string { return "event-" + strings.ReplaceAll(c.Key, ":", "-") }

func newForm(r *page.Request, at place, action, submit string, h *webhook.Hook) *hookForm {
	f := &hookForm{Categories: categories(at, h.Events), Form: r.NewForm(action, submit,
		page.Field{Name: "url", Label: "URL", Type: "url", Direction: "ltr", Required: true, Max: 2000, Value: h.URL, Placeholder: "https://ci.example.com/hook",
			Help: "It gets a POST for each event, and has 10 seconds to answer."},
		page.Field{Name: "description", Label: "Description", Max: 255, Value: h.Description},
		page.Field{Name: "secret", Label: "Secret", Type: "password", Direction: "ltr", Autocomplete: "new-password", Max: 128,
			Help: "What is sent is signed with it, in the header X-Hub-Signature, so that the receiver knows who sent it. It is never shown again."})}
	if h.SecretSet() {
		f.Fields[2].Help = "There is one, and it stays when nothing is entered here."
		f.Fields = append(f.Fields, page.Field{Name: "unsigned", Label: "Take the secret away", Type: "checkbox", Value: "yes", Help: "What is sent is not signed any more."})
	}
	f.Fields = append(f.Fields, page.Field{Name: "active", Label: "Active", Type: "checkbox", Value: "yes", Checked: h.Active, Help: "Switched off, it is not called, and what was waiting for it is given up."})
	return f
}

func categories(at place, chosen []string) (all []category) {
	for _, c := range webhook.Choices(at.subject) {
		if n := len(all); n == 0 || all[n-1].Name != c.Category {
			all = append(all, category{Name: c.Category})
		}
		last := &all[len(all)-1]
		last.Events = append(last.Events, choice{c, slices.Contains(chosen, c.Key)})
	}
	return all
}

// sent is what was filled in. A field for the secret that is empty leaves it as it is.
func sent(r *page.Request, isNew bool) webhook.Change {
	url, description, active, events := strings.TrimSpace(r.Form.Get("url")), r.Form.Get("description"), r.Form.Has("active"), r.Form["events"]
	c := webhook.Change{URL: &url, Description: &description, Active: &active, Events: &events}
	if secret := r.Form.Get("secret"); secret != "" || isNew || r.Form.Has("unsigned") {
		c.Secret = &secret
	}
	return c
}

// again shows the form once more with what is wrong with it.
func (f *hookForm) again(r *page.Request, at place, err error, render func() (page.Answer, error)) (page.Answer, error) {
	f.Categories = categories(at, r.Form["events"])
	if e, ok := errors.AsType[*rest.Error](err); ok {
		f.EventProblems = e.Fields["events"]
	}
	return r.Again(f.Form, err, render)
}

// deliveryPage is one delivery.
type deliveryPage struct {
	webhook.Delivery
	Path    string // of the webhook
	Headers [][2]string
	Body    string // to be read, as far as it is shown
	Cut     int    // bytes of the body that are not shown
	Again   string // the path that sends it again, "" when it cannot be
}

// maxShown is how much of a body a page shows, in bytes.
const maxShown = 64 << 10

func shown(at place, h *webhook.Hook, d *webhook.Delivery) deliveryPage {
	p := deliveryPage{Delivery: *d, Path: at.below(h.ID), Headers: d.Headers(max(1, d.Attempts))}
	var indented bytes.Buffer
	if err := json.Indent(&indented, []byte(d.Body), "", "  "); err == nil {
		p.Body = indented.String()
	}
	if len(p.Body) > maxShown {
		p.Cut, p.Body = len(p.Body)-maxShown, strings.ToValidUTF8(p.Body[:maxShown], "")
	}
	if h.Active && d.State != webhook.Waiting && d.Body != "" {
		p.Again = at.below(h.ID, "deliveries", strconv.FormatInt(d.Number, 10), "again")
	}
	return p
}
