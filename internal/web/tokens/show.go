package tokens

import (
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/scope"
	"github.com/pailforge/pail/internal/web/page"
)

// granted is a scope of a credential, and whether it was used.
type granted struct {
	scope.Info
	Used bool
}

// event is a request that was made with a credential.
type event struct {
	access.Event
	Why *reason.Reason // nil: it was let in, and answered
}

// shownEvents is how many requests the page of a credential shows of each sort.
const shownEvents = 10

// chartDays is how many days the chart shows.
const chartDays = 30

func grants(c access.Credential, u account.UsageJSON) []granted {
	all := make([]granted, 0, c.Scopes.Len())
	for _, s := range c.Scopes.Scopes() {
		all = append(all, granted{s.Info(), !u.Scopes.Unused.Has(s)})
	}
	return all
}

func withReasons(all []access.Event) []event {
	events := make([]event, len(all))
	for i, e := range all {
		events[i].Event = e
		if e.Reason != "" {
			why := reason.Of(e.Reason)
			events[i].Why = &why
		}
	}
	return events
}

// refusals are the events that did not end well.
func refusals(all []event) (refused []event) {
	for _, e := range all {
		if e.Why != nil {
			refused = append(refused, e)
		}
	}
	return refused
}

// usage is what a credential was used for.
func (p *Pages) usage(r *page.Request, c access.Credential) (account.UsageJSON, error) {
	used, err := p.Accounts.Gate.Recorder.Usage(r.Context(), c.ID)
	return account.Usage(c, used), err
}

func (p *Pages) show(r *page.Request, at place, c access.Credential) (page.Answer, error) {
	ctx, recorder := r.Context(), p.Accounts.Gate.Recorder
	u, err := p.usage(r, c)
	if err != nil {
		return page.Answer{}, err
	}
	days, err := recorder.Days(ctx, c.ID, p.Now(), chartDays)
	if err != nil {
		return page.Answer{}, err
	}
	activity, err := recorder.Activity(ctx, c.ID, access.MaxActivity)
	if err != nil {
		return page.Answer{}, err
	}
	events := withReasons(activity)
	refused := refusals(events)
	narrowing := account.Narrowing(c, u)
	one := p.row(at, c)
	return r.Render(templates, at.view("token", c.Name, true, struct {
		At       place
		Token    row
		Granted  []granted
		Unused   int
		Use      *account.UsageJSON
		Calls    []calls
		Chart    chart
		Refusals []event
		Refused  int // how many there are in the log
		Events   []event
		Logged   int
		Narrows  bool
		Rotates  bool
		Kept     int
	}{at, one, grants(c, u), u.Scopes.Unused.Len(), &u, callsOf(u), drawn(days, p.Now(), chartDays), refused[:min(len(refused), shownEvents)], len(refused),
		events[:min(len(events), shownEvents)], len(events), narrowing == nil && c.Revoked.IsZero(), !at.AppPassword() && c.Revoked.IsZero(), access.MaxActivity}))
}

// calls is how often a credential was let in to one operation.
type calls struct {
	Name        string // "GET /2.0/user", "git fetch"
	Count       int64
	First, Last time.Time
	Scopes      []string
}

// callsOf are all operations that were used, git's last.
func callsOf(u account.UsageJSON) []calls {
	all := make([]calls, 0, len(u.Operations)+len(u.Git))
	for _, o := range append(u.Operations[:len(u.Operations):len(u.Operations)], u.Git...) {
		all = append(all, calls{strings.TrimSpace(o.Method + " " + o.Path), o.Count, time.Time(o.First), time.Time(o.Last), o.Scopes.Names()})
	}
	return all
}

// activity is the log of a credential's requests, in parts; all of them, or those that were refused.
func (p *Pages) activity(r *page.Request, at place, c access.Credential) (page.Answer, error) {
	all, err := p.Accounts.Gate.Recorder.Activity(r.Context(), c.ID, access.MaxActivity)
	if err != nil {
		return page.Answer{}, err
	}
	events, only := withReasons(all), r.URL.Query().Get("only") == "refused"
	if only {
		events = refusals(events)
	}
	from := min((r.Page()-1)*page.PageLength, len(events))
	to := min(from+page.PageLength, len(events))
	path := at.of(c, "activity")
	v := at.view("activity", "Activity of "+c.Name, true, struct {
		Token  row
		Events []event
		Only   bool
		Kept   int
		Pager  page.Pager
	}{p.row(at, c), events[from:to], only, access.MaxActivity, r.Pager(to < len(events))})
	v.Trail = append(v.Trail, page.Link{Name: c.Name, Href: at.of(c)})
	v.Tabs = []page.Link{{Name: "All requests", Href: path, Current: !only}, {Name: "Refused", Href: query(path, "only", "refused"), Current: only}}
	return r.Render(templates, v)
}

// Request is the line of an event: the method and the path.
func (e event) Request() string { return strings.TrimSpace(e.Method + " " + e.Path) }
