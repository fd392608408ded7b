package consumers

import (
	"errors"
	"strings"

	"github.com/pailforge/pail/internal/oauth"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/scope"
	"github.com/pailforge/pail/internal/web/page"
)

// consumerForm is a form with the scopes of a consumer, by area.
type consumerForm struct {
	*page.Form
	Areas         []area
	ScopeProblems []string
}

// area is a part of the product with its scopes.
type area struct {
	Name   string
	Scopes []choice
}

// choice is a scope that can be ticked.
type choice struct {
	scope.Info
	Checked bool
}

// ID names the field of the scope on the page.
func (c choice) ID() string { return "scope-" + strings.ReplaceAll(c.Name, ":", "-") }

// Also are the scopes that come with this one.
func (c choice) Also() string { return c.Implies.String() }

func newForm(r *page.Request, action, submit string, c *oauth.Consumer) *consumerForm {
	return &consumerForm{Areas: areas(c.Scopes), Form: r.NewForm(action, submit,
		page.Field{Name: "name", Label: "Name", Required: true, Max: 100, Value: c.Name, Help: "People see it when they are asked for access."},
		page.Field{Name: "description", Label: "Description", Type: "textarea", Rows: 2, Max: 1000, Value: c.Description, Help: "What it does with the access."},
		page.Field{Name: "url", Label: "Website", Type: "url", Direction: "ltr", Max: 2000, Value: c.URL, Help: "Where people learn more about it."},
		page.Field{Name: "callback_url", Label: "Callback URL", Type: "url", Direction: "ltr", Required: true, Max: 2000, Value: c.CallbackURL, Placeholder: "https://app.example.com/callback",
			Help: "The browser comes back to it, or to a path below it, with a person's answer. For client credentials alone http://localhost will do."},
		page.Field{Name: "private", Label: "This is a private consumer", Type: "checkbox", Value: "yes", Checked: c.Private,
			Help: "One program keeps its secret. Only then may it act for the workspace with its own key and secret (client credentials)."})}
}

// areas are the scopes that a consumer can have. Those that are handed out no longer are there as long as it has them.
func areas(has scope.Set) []area {
	var all []area
	for _, info := range scope.All() {
		if !info.Legacy || info.Deprecated && !has.Has(info.Scope) {
			continue
		}
		if n := len(all); n == 0 || all[n-1].Name != info.Area {
			all = append(all, area{Name: strings.ToUpper(info.Area[:1]) + info.Area[1:]})
		}
		last := &all[len(all)-1]
		last.Scopes = append(last.Scopes, choice{info, has.Has(info.Scope)})
	}
	return all
}

// sent is what was filled in.
func sent(r *page.Request) oauth.Form {
	return oauth.Form{Name: r.Form.Get("name"), Description: r.Form.Get("description"), URL: r.Form.Get("url"), CallbackURL: r.Form.Get("callback_url"),
		Private: r.Form.Get("private") != "", Scopes: r.Form["scopes"]}
}

// again shows the form once more with what is wrong with it.
func (f *consumerForm) again(r *page.Request, err error, render func() (page.Answer, error)) (page.Answer, error) {
	set, _ := scope.ParseSet(r.Form["scopes"]) // what is no scope is told with the form
	f.Areas = areas(set)
	f.ScopeProblems = problemsOf(err, "scopes")
	return r.Again(f.Form, err, render)
}

// problemsOf are what a refusal says about a field.
func problemsOf(err error, field string) []string {
	if e, ok := errors.AsType[*rest.Error](err); ok {
		return e.Fields[field]
	}
	return nil
}
