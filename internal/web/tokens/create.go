package tokens

import (
	"net/http"
	"strconv"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/scope"
	"github.com/pailforge/pail/internal/web/page"
)

// The names of the form's fields are those of POST /pail/v1/user/api-tokens, so that the rules' problems find them.
const (
	fieldName    = "name"
	fieldScopes  = "scopes"
	fieldDays    = "expires_in_days"
	fieldDate    = "expires_on"
	fieldLimit   = "workspace"
	fieldOverlap = "overlap_hours"
)

// usualDays is the life that is offered first.
const usualDays = 90

// maxChoices bounds how many scopes are read from a form: more than there are is no choice.
const maxChoices = 200

// newPage is the form of a new credential.
type newPage struct {
	At      place
	Form    *page.Form
	Name    page.Field
	Ends    []page.Field
	Limit   *page.Field
	Scopes  []string // what is wrong with the choice
	Presets []preset
	Areas   []area
	Idle    area
	Chosen  int
	Opens   opens
}

// lives are the choices of how long a credential lives.
func lives(at place, days int) []page.Option {
	var all []page.Option
	for _, n := range []int{1, 7, 30, 60, 90, 180, 365} {
		name := "in " + strconv.Itoa(n) + " days"
		if n == 1 {
			name = "in a day"
		}
		all = append(all, page.Option{Value: strconv.Itoa(n), Name: name, Selected: n == days})
	}
	if at.Endless() {
		all = append(all, page.Option{Value: "0", Name: "never", Selected: days == 0})
	}
	return all
}

// form is the form of a new credential; its fields are in the order name, scopes, expiry, date, limit.
func (p *Pages) form(r *page.Request, at place) (*page.Form, error) {
	today := p.Now().UTC()
	f := r.NewForm(at.Path, "Create "+at.Name,
		page.Field{Name: fieldName, Label: "Name", Required: true, Max: access.MaxNameLength, Help: "Where it is used, so that you know it again."},
		page.Field{Name: fieldScopes, Label: "Scopes", Type: "hidden"})
	if !at.AppPassword() {
		f.Fields = append(f.Fields,
			page.Field{Name: fieldDays, Label: "Expires", Type: "select", Options: lives(at, usualDays)},
			page.Field{Name: fieldDate, Label: "Or on a date", Type: "date", Direction: "ltr",
				Help: "A date goes before the choice above. Not later than " + today.AddDate(0, 0, account.MaxTokenDays).Format(time.DateOnly) + "."})
	}
	if at.APIToken() {
		own, err := p.Accounts.Limits(r.Context(), at.Self.ID)
		if err != nil {
			return nil, err
		}
		limit := page.Field{Name: fieldLimit, Label: "Works in", Type: "select", Options: []page.Option{{Name: "all workspaces"}},
			Help: "Limited to one workspace, it may do anywhere else what everybody may."}
		for _, slug := range own {
			limit.Options = append(limit.Options, page.Option{Value: slug, Name: "only " + slug})
		}
		f.Fields = append(f.Fields, limit)
	}
	return f, nil
}

// chosen reads the scopes of a form. Names that are none of this place's are left out, and given back.
func chosen(at place, names []string) (set scope.Set, unknown []string) {
	for _, name := range names[:min(len(names), maxChoices)] {
		s, err := scope.Parse(name)
		if err != nil || s.Legacy() != at.Legacy() {
			unknown = append(unknown, name)
			continue
		}
		set = set.Add(s)
	}
	return set, unknown
}

func (p *Pages) new(r *page.Request, at place) (page.Answer, error) {
	if at.Ended {
		return page.Answer{}, p.over(at)
	}
	f, err := p.form(r, at)
	if err != nil {
		return page.Answer{}, err
	}
	q := r.URL.Query()
	set, _ := chosen(at, q[fieldScopes])
	id := q.Get("preset")
	if choice, ok := at.presetNamed(id); ok {
		set = choice
		for _, one := range presets {
			if one.ID == id {
				f.Fields[0].Value = one.Name
			}
		}
	}
	return p.showForm(r, at, f, set, id)
}

// over refuses to make an app password where they have ended.
func (p *Pages) over(at place) error {
	return page.Instead(rest.Refusef(reason.ConflictState, "App passwords ended on this server on %s.", at.Until.Format(time.DateOnly)),
		"Make an API token in place of it, at "+p.URLs.Base+"/account/tokens/new.")
}

// preview shows the form again with what its choice opens.
func (p *Pages) preview(r *page.Request, at place) (page.Answer, error) {
	if at.Ended {
		return page.Answer{}, p.over(at)
	}
	f, err := p.form(r, at)
	if err != nil {
		return page.Answer{}, err
	}
	set, _ := chosen(at, r.Form[fieldScopes])
	return p.showForm(r, at, f.Fill(r.Form), set, "")
}

func (p *Pages) showForm(r *page.Request, at place, f *page.Form, set scope.Set, preset string) (page.Answer, error) {
	v := newPage{At: at, Form: f, Presets: at.presets(preset), Chosen: set.Len(), Opens: p.opens(at, set)}
	v.Areas, v.Idle = p.areas(at, set)
	for i, one := range f.Fields {
		switch one.Name {
		case fieldName:
			v.Name = one
		case fieldScopes:
			v.Scopes = one.Problems
		case fieldDays, fieldDate:
			v.Ends = append(v.Ends, one)
		case fieldLimit:
			v.Limit = &f.Fields[i]
		}
	}
	return r.Render(templates, at.view("new", "New "+at.Name, true, v))
}

// days is the life that a form asks for: up to a date, or a number of days. 0 is for one without an end.
func (p *Pages) days(r *page.Request) (int, error) {
	if text := r.Form.Get(fieldDate); text != "" {
		date, err := time.Parse(time.DateOnly, text)
		if err != nil {
			return 0, rest.InvalidField(fieldDate, "this is no date; write it as 2026-12-31")
		}
		today := p.Now().UTC().Truncate(24 * time.Hour)
		n := int(date.Sub(today) / (24 * time.Hour))
		if n < 1 || n > account.MaxTokenDays {
			return 0, rest.InvalidField(fieldDate, "a token lives 1 to 365 days")
		}
		return n, nil
	}
	n, err := strconv.Atoi(r.Form.Get(fieldDays))
	if err != nil {
		return 0, rest.InvalidField(fieldDays, "choose when it expires")
	}
	return n, nil
}

func (p *Pages) create(r *page.Request, at place) (page.Answer, error) {
	if at.Ended {
		return page.Answer{}, p.over(at)
	}
	made, secret, err := p.make(r, at)
	if err != nil {
		f, formErr := p.form(r, at)
		if formErr != nil {
			return page.Answer{}, formErr
		}
		set, _ := chosen(at, r.Form[fieldScopes])
		return r.Again(f, err, func() (page.Answer, error) { return p.showForm(r, at, f, set, "") })
	}
	return p.shown(r, at, made, secret, nil)
}

func (p *Pages) make(r *page.Request, at place) (access.Credential, string, error) {
	ctx, name, scopes := r.Context(), r.Form.Get(fieldName), r.Form[fieldScopes]
	if len(scopes) > maxChoices {
		scopes = scopes[:maxChoices]
	}
	if at.AppPassword() {
		return p.Accounts.CreateAppPassword(ctx, at.Self.ID, name, scopes)
	}
	days, err := p.days(r)
	if err != nil {
		return access.Credential{}, "", err
	}
	if at.APIToken() {
		return p.Accounts.MakeToken(ctx, at.Self.ID, account.NewToken{Name: name, Scopes: scopes, Days: days, Workspace: r.Form.Get(fieldLimit)})
	}
	return p.Accounts.CreateAccessToken(ctx, at.Shelf.Kind, at.Shelf.Bounds, name, scopes, days)
}

// shown is the page that shows a secret, this once. old is the credential that the new one follows; nil for none.
func (p *Pages) shown(r *page.Request, at place, c access.Credential, secret string, old *row) (page.Answer, error) {
	a, err := r.Render(templates, at.view("shown", "Your new "+at.Name, true, struct {
		At     place
		Token  row
		Secret string
		Old    *row
		Ready  []ready
	}{at, p.row(at, c), secret, old, p.ready(at, c, secret)}))
	a.Status = http.StatusCreated
	return a, err
}
