package tokens

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
)

// ended refuses to make something of a credential that was revoked meanwhile.
func ended(c access.Credential) error {
	return rest.Refusef(reason.ConflictState, "The %s %q is revoked: nothing takes its place.", c.Kind.Title(), c.Name)
}

// life is the field that asks how long a new credential lives.
func life(at place, days int) page.Field {
	known := false
	options := lives(at, days)
	for _, o := range options {
		known = known || o.Selected
	}
	if !known && days > 0 {
		options = append([]page.Option{{Value: strconv.Itoa(days), Name: fmt.Sprintf("in %d days, as the old one did", days), Selected: true}}, options...)
	}
	return page.Field{Name: fieldDays, Label: "The new one expires", Type: "select", Options: options}
}

// below is the page about a change of one credential.
func (at place) below(c access.Credential, template, title string, content any) page.View {
	v := at.view(template, title, true, content)
	v.Narrow = true
	v.Trail = append(v.Trail, page.Link{Name: c.Name, Href: at.of(c)})
	return v
}

// apiTokens is the place of the account's API tokens: where a narrow one goes, whatever it comes from.
func (at place) apiTokens() place {
	if at.Self == nil || at.APIToken() {
		return at
	}
	return ofAccount(at.Self)
}

type narrowPage struct {
	At       place
	Token    row
	Use      *account.UsageJSON
	Calls    []calls
	Needed   []granted
	LeftOut  []granted
	NoTokens []string // operations that were used and take no API token
	Problem  string   // why there is nothing to narrow
	Form     *page.Form
}

func (p *Pages) narrowForm(r *page.Request, at place, c access.Credential) *page.Form {
	days := account.LifeOf(c)
	if days == 0 {
		days = usualDays
	}
	return r.NewForm(at.of(c, "narrow"), "Create the API token",
		page.Field{Name: fieldName, Label: "Name", Required: true, Max: access.MaxNameLength, Value: account.NarrowName(c.Name)},
		life(at.apiTokens(), days))
}

func (p *Pages) showNarrow(r *page.Request, at place, c access.Credential) (page.Answer, error) {
	return p.narrowPage(r, at, c, p.narrowForm(r, at, c))
}

func (p *Pages) narrowPage(r *page.Request, at place, c access.Credential, f *page.Form) (page.Answer, error) {
	u, err := p.usage(r, c)
	if err != nil {
		return page.Answer{}, err
	}
	v := narrowPage{At: at, Token: p.row(at, c), Use: &u, Calls: callsOf(u), NoTokens: u.NoAPIToken(), Form: f}
	why := account.Narrowing(c, u)
	if !c.Revoked.IsZero() {
		why = ended(c)
	}
	if refusal, ok := errors.AsType[*rest.Error](why); ok {
		v.Problem, _ = refusal.Detail.(string)
		v.Form = nil
	}
	for _, s := range u.Scopes.APIToken.Scopes() {
		v.Needed = append(v.Needed, granted{s.Info(), true})
	}
	for _, s := range u.Scopes.Unused.Scopes() {
		v.LeftOut = append(v.LeftOut, granted{s.Info(), false})
	}
	title := "Narrow " + c.Name
	if at.AppPassword() {
		title = "Replace " + c.Name
	}
	return r.Render(templates, at.below(c, "narrow", title, v))
}

func (p *Pages) narrow(r *page.Request, at place, c access.Credential) (page.Answer, error) {
	if !c.Revoked.IsZero() {
		return page.Answer{}, ended(c)
	}
	u, err := p.usage(r, c)
	if err != nil {
		return page.Answer{}, err
	}
	days, err := p.days(r)
	if err != nil {
		return p.narrowAgain(r, at, c, err)
	}
	made, secret, err := p.Accounts.Narrow(r.Context(), c, u, r.Form.Get(fieldName), days)
	if err != nil {
		return p.narrowAgain(r, at, c, err)
	}
	old := p.row(at, c)
	return p.shown(r, at.apiTokens(), made, secret, &old)
}

func (p *Pages) narrowAgain(r *page.Request, at place, c access.Credential, err error) (page.Answer, error) {
	f := p.narrowForm(r, at, c)
	return r.Again(f, err, func() (page.Answer, error) { return p.narrowPage(r, at, c, f) })
}

// overlap is a number of hours, bounded so that the rule's own bound is what refuses it.
func overlap(hours int) time.Duration {
	const beyond = account.MaxOverlap + time.Hour
	return time.Duration(min(max(hours, -1), int(beyond/time.Hour))) * time.Hour
}

// overlaps are the choices of how long an old token goes on working, in hours.
var overlaps = []page.Option{{Value: "24", Name: "for a day", Selected: true}, {Value: "168", Name: "for 7 days"}, {Value: "1", Name: "for an hour"}, {Value: "0", Name: "not at all"}}

func (p *Pages) rotateForm(r *page.Request, at place, c access.Credential) *page.Form {
	return r.NewForm(at.of(c, "rotate"), "Rotate",
		page.Field{Name: fieldOverlap, Label: "The old one goes on working", Type: "select", Options: append([]page.Option(nil), overlaps...),
			Help: "Never longer than it was to."},
		life(at, account.LifeOf(c)))
}

func (p *Pages) showRotate(r *page.Request, at place, c access.Credential) (page.Answer, error) {
	if !c.Revoked.IsZero() {
		return page.Answer{}, ended(c)
	}
	if at.AppPassword() {
		return page.Redirect(at.of(c, "narrow")), nil
	}
	return p.rotatePage(r, at, c, p.rotateForm(r, at, c))
}

func (p *Pages) rotatePage(r *page.Request, at place, c access.Credential, f *page.Form) (page.Answer, error) {
	return r.Render(templates, at.below(c, "rotate", "Rotate "+c.Name, struct {
		At    place
		Token row
		Form  *page.Form
	}{at, p.row(at, c), f}))
}

func (p *Pages) rotate(r *page.Request, at place, c access.Credential) (page.Answer, error) {
	hours, err := strconv.Atoi(r.Form.Get(fieldOverlap))
	if err != nil {
		err = rest.InvalidField(fieldOverlap, "choose how long the old one goes on working")
	}
	days := 0
	if err == nil {
		days, err = p.days(r)
	}
	var made access.Credential
	var secret string
	if err == nil {
		made, secret, err = p.Accounts.Rotate(r.Context(), c, overlap(hours), days)
	}
	if errors.Is(err, access.ErrNotFound) {
		return page.Answer{}, ended(c)
	}
	if err != nil {
		f := p.rotateForm(r, at, c)
		return r.Again(f, err, func() (page.Answer, error) { return p.rotatePage(r, at, c, f) })
	}
	if c, err = p.Accounts.Credentials.Find(r.Context(), at.Shelf, c.ID); err != nil {
		return page.Answer{}, err
	}
	old := p.row(at, c)
	return p.shown(r, at, made, secret, &old)
}

func (p *Pages) revoke(r *page.Request, at place, c access.Credential) (page.Answer, error) {
	err := p.Accounts.Credentials.End(r.Context(), c.ID)
	if err != nil && !errors.Is(err, access.ErrNotFound) {
		return page.Answer{}, err
	}
	return r.Done(at.Path, fmt.Sprintf("The %s “%s” is revoked: the next request with it is refused.", at.Name, c.Name))
}
