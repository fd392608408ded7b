package issues

import (
	"net/url"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/issue"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/web/page"
)

// Values of the parameters of the list that are no names. No account is called like that.
const (
	me       = "@me"
	nobody   = "@nobody"
	anyState = "any" // without a state, it is what is still to be done
)

// maxPeople is how many people there are to choose from.
const maxPeople = 100

// listPage is what the list of issues shows.
type listPage struct {
	within
	Views   []page.Link // the filters: those that are built in, and the visitor's own
	Own     bool        // the visitor has some
	Save    *page.Form  // nil for who has none
	Choices []choice    // what is always there to choose from
	More    []choice    // what is behind a click
	Opened  bool        // one of More is chosen
	Text    string
	Watcher string // parameter, as it is
	Sorts   choice
	Rows    []row
	First   bool // there is none at all
	New     string
	Pager   page.Pager
}

// choice is a parameter of the list.
type choice struct {
	Name, Label string
	Options     []page.Option
}

// row is an issue in the list.
type row struct {
	*issue.Issue
	Address         string
	Shown, Priority mark
}

// sorts are the orders of the list.
var sorts = []page.Option{{Name: "Newest first"}, {Value: "id", Name: "Oldest first"}, {Value: "-updated_on", Name: "Changed last"}, {Value: "updated_on", Name: "Unchanged for longest"},
	{Value: "priority", Name: "Most urgent first"}, {Value: "-votes", Name: "Most votes"}, {Value: "title", Name: "By title"}}

// parameters are those of the list that a filter keeps.
var parameters = []string{"state", "kind", "priority", "assignee", "reporter", "watcher", "component", "milestone", "version", "q", "sort"}

// kept is of a query what a filter keeps: nothing that is unknown, or that says nothing.
func kept(q url.Values) url.Values {
	k := url.Values{}
	for _, name := range parameters {
		if v := strings.TrimSpace(q.Get(name)); v != "" {
			k.Set(name, v)
		}
	}
	if s := k.Get("state"); s != "" && s != anyState && !slices.Contains(issue.States, s) {
		k.Del("state")
	}
	for name, values := range map[string][]string{"kind": issue.Kinds, "priority": issue.Priorities, "watcher": {me}} {
		if !slices.Contains(values, k.Get(name)) {
			k.Del(name)
		}
	}
	if !slices.ContainsFunc(sorts, func(o page.Option) bool { return o.Value == k.Get("sort") }) {
		k.Del("sort")
	}
	return k
}

// search is what a query that was kept asks for.
func search(r *page.Request, k url.Values) issue.Search {
	s := issue.Search{Kind: k.Get("kind"), Priority: k.Get("priority"), Assignee: k.Get("assignee"), Reporter: k.Get("reporter"), Component: k.Get("component"), Milestone: k.Get("milestone"),
		Version: k.Get("version"), Text: k.Get("q"), Sort: k.Get("sort"), Offset: (r.Page() - 1) * page.PageLength, Limit: page.PageLength}
	switch state := k.Get("state"); state {
	case "":
		s.States = issue.Unresolved
	case anyState:
	default:
		s.States = []string{state}
	}
	if s.Assignee == nobody {
		s.Assignee, s.Unassigned = "", true
	}
	if r.Self != nil {
		for _, name := range []*string{&s.Assignee, &s.Reporter} {
			if *name == me {
				*name = r.Self.Username
			}
		}
		if k.Get("watcher") == me {
			s.Watcher = r.Self.ID
		}
	}
	return s
}

// builtIn are the filters that everybody has, in the order in which they are shown; for who is not signed in, those that know nobody.
func builtIn(r *page.Request) []issue.Filter {
	all := []issue.Filter{{Name: "Open"}, {Name: "All", Query: "state=any"}}
	if r.Self != nil {
		all = slices.Insert(all, 1, issue.Filter{Name: "Mine", Query: "assignee=%40me"}, issue.Filter{Name: "Reported by me", Query: "reporter=%40me&state=any"},
			issue.Filter{Name: "Watching", Query: "state=any&watcher=%40me"})
	}
	return all
}

// listed is the address of the list with a query.
func listed(repo *repository.Repository, query string) string {
	if query == "" {
		return address(repo, "issues")
	}
	return address(repo, "issues") + "?" + query
}

func (p *Pages) list(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	content, err := p.listContent(r, repo)
	if err != nil {
		return page.Answer{}, err
	}
	return p.renderList(r, repo, content)
}

func (p *Pages) renderList(r *page.Request, repo *repository.Repository, content *listPage) (page.Answer, error) {
	return p.render(r, repo, "list", "issues", "Issues", content)
}

func (p *Pages) listContent(r *page.Request, repo *repository.Repository) (*listPage, error) {
	k := kept(r.URL.Query())
	content := &listPage{within: about(repo), Text: k.Get("q"), Watcher: k.Get("watcher"), New: address(repo, "issues", "new")}
	rows, more, err := p.Issues.Search(r.Context(), repo, search(r, k))
	if err != nil {
		return nil, err
	}
	content.Pager = r.Pager(more)
	for i := range rows {
		content.Rows = append(content.Rows, row{&rows[i], at(repo, &rows[i]), marked(rows[i].State), marked(rows[i].Priority)})
	}
	if err := p.choices(r, repo, k, content); err != nil {
		return nil, err
	}
	return content, p.views(r, repo, k, content)
}

// choices adds what the list can be narrowed by.
func (p *Pages) choices(r *page.Request, repo *repository.Repository, k url.Values, content *listPage) error {
	pick := func(name, label string, options ...page.Option) choice {
		known := false
		for i := range options {
			options[i].Selected = options[i].Value == k.Get(name)
			known = known || options[i].Selected
		}
		if !known {
			options = append(options, page.Option{Value: k.Get(name), Name: k.Get(name), Selected: true})
		}
		return choice{name, label, options}
	}
	words := func(first page.Option, values []string) []page.Option {
		all := []page.Option{first}
		for _, v := range values {
			all = append(all, page.Option{Value: v, Name: v})
		}
		return all
	}
	assignees, reporters, err := p.Issues.People(r.Context(), repo, maxPeople)
	if err != nil {
		return err
	}
	people := func(all []account.Account, first ...page.Option) []page.Option {
		for _, a := range all {
			first = append(first, page.Option{Value: a.Username, Name: a.DisplayName})
		}
		return first
	}
	assigned, reported := []page.Option{{Name: "Assigned to anybody"}}, []page.Option{{Name: "Reported by anybody"}}
	if r.Self != nil {
		assigned, reported = append(assigned, page.Option{Value: me, Name: "Assigned to me"}), append(reported, page.Option{Value: me, Name: "Reported by me"})
	}
	assigned = append(assigned, page.Option{Value: nobody, Name: "Assigned to nobody"})
	content.First = len(reporters) == 0 && len(content.Rows) == 0 && len(k) == 0 && r.Page() == 1
	states := slices.Insert(words(page.Option{Name: "Still to be done"}, issue.States), 1, page.Option{Value: anyState, Name: "In any state"})
	content.Choices = []choice{pick("state", "State", states...), pick("assignee", "Assignee", people(assignees, assigned...)...)}
	content.More = []choice{pick("kind", "Kind", words(page.Option{Name: "Of any kind"}, issue.Kinds)...), pick("priority", "Priority", words(page.Option{Name: "Of any priority"}, issue.Priorities)...),
		pick("reporter", "Reporter", people(reporters, reported...)...)}
	for _, kind := range kinds {
		labels, err := p.Issues.Labels(r.Context(), repo, kind.Labels)
		if err != nil {
			return err
		}
		name := kind.String()
		if len(labels) == 0 && k.Get(name) == "" {
			continue
		}
		options := []page.Option{{Name: "Of any " + name}}
		for _, l := range labels {
			options = append(options, page.Option{Value: l.Name, Name: l.Name})
		}
		content.More = append(content.More, pick(name, kind.Name, options...))
	}
	for _, c := range content.More {
		content.Opened = content.Opened || k.Has(c.Name)
	}
	content.Sorts = pick("sort", "Order", slices.Clone(sorts)...)
	return nil
}

// views adds the filters, and the form to save what the list shows.
func (p *Pages) views(r *page.Request, repo *repository.Repository, k url.Values, content *listPage) error {
	all, now := builtIn(r), k.Encode()
	if r.Self != nil {
		own, err := p.Issues.Filters(r.Context(), repo, r.Self.ID)
		if err != nil {
			return err
		}
		content.Own, all = len(own) > 0, append(all, own...)
	}
	known := false
	for _, f := range all {
		current := f.Query == now
		known = known || current
		content.Views = append(content.Views, page.Link{Name: f.Name, Href: listed(repo, f.Query), Current: current})
	}
	if r.Self != nil && !known && page.May(r, p.Issues.TakesPart()) {
		content.Save = saving(r, repo, now)
	}
	return nil
}
