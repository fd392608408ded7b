package docs

import (
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/scope"
	"github.com/pailforge/pail/internal/web/page"
)

// Where an operation stands.
const (
	served  = "served"
	absent  = "not served"
	removed = "removed"
)

// operation is one operation of the catalogue as the pages show it.
type operation struct {
	*catalog.Operation
	Path       string // with its version
	State      string
	Privilege  string // "" where it is not served
	Needs      string // the scopes of an API token, in words
	TakesToken bool
}

// listed is an operation in the list. The page is long: what is the same every time is worked out once.
type listed struct {
	operation
	Link   string
	Hidden bool

	words string // that are searched
}

func (p *Pages) operation(op *catalog.Operation) operation {
	o := operation{Operation: op, State: absent, Path: "/2.0" + op.Template, TakesToken: op.Accepts.Has(catalog.APIToken)}
	switch names := op.Scopes.Names(); {
	case !o.TakesToken:
		o.Needs = "no API token"
	case len(names) == 0:
		o.Needs = "none"
	default:
		sets := make([]string, len(names))
		for i, set := range names {
			sets[i] = strings.Join(set, ", ")
		}
		o.Needs = strings.Join(sets, " or ")
	}
	one, is := p.served[op.Key]
	switch {
	case op.Removed != nil:
		o.State = removed
	case is:
		o.State, o.Privilege = served, one.Privilege()
	}
	return o
}

// chapter is the operations of one tag.
type chapter struct {
	Tag, ID string
	All     []listed
	Hidden  bool
}

// chapters are all operations, in the order of the catalogue, and Pail's own behind them.
func (p *Pages) chapters() (all []chapter) {
	for _, op := range append(catalog.All(), catalog.Own()...) {
		i := slices.IndexFunc(all, func(c chapter) bool { return c.Tag == op.Tag })
		if i < 0 {
			i = len(all)
			all = append(all, chapter{Tag: op.Tag, ID: strings.ToLower(strings.ReplaceAll(op.Tag, " ", "-"))})
		}
		o := p.operation(op)
		all[i].All = append(all[i].All, listed{operation: o, Link: op.DocPath(),
			words: strings.ToLower(strings.Join([]string{op.Method + " " + o.Path, op.Summary, o.State, o.Privilege, o.Needs}, "\n"))})
	}
	return all
}

// operationsPage is what the reference shows. What the search does not find is on the page too, hidden.
type operationsPage struct {
	Query    string
	Only     bool // those that are served
	Chapters []chapter
	Found    int
	Served   int
}

// listOperations is the reference: all operations by chapter, searched with q, and with served=yes only those that are
// served here.
func (p *Pages) listOperations(r *page.Request) (page.Answer, error) {
	content := operationsPage{Query: query(r), Only: r.URL.Query().Get("served") == "yes"}
	for _, op := range catalog.All() {
		if _, is := p.served[op.Key]; is {
			content.Served++
		}
	}
	for _, c := range p.reference {
		shown := chapter{Tag: c.Tag, ID: c.ID, Hidden: true}
		for _, o := range c.All {
			if content.Only && o.State != served {
				continue
			}
			if o.Hidden = !holds(content.Query, o.words); !o.Hidden {
				content.Found++
				shown.Hidden = false
			}
			shown.All = append(shown.All, o)
		}
		if len(shown.All) > 0 {
			content.Chapters = append(content.Chapters, shown)
		}
	}
	a, err := r.Render(templates, page.View{Template: "operations", Title: "Operations", Section: "docs", Tabs: tabs("/docs/operations"), Content: content})
	a.Cache = cache(r)
	return a, err
}

// operationPage is what the page of one operation shows.
type operationPage struct {
	operation
	TokenNeeds  [][]string
	OAuthNeeds  [][]string
	Kinds       []string // of credential, in words
	Anonymous   bool
	Parameters  []parameter
	Answers     string // the statuses of success; "" where it is not served
	Curl        []command
	Replacement []*catalog.Operation
	Scopes      []scope.Info // that are named on the page, API tokens' first
}

type parameter struct{ Name, In, Does string }

// kindWords are the kinds of credential in words, in the order of the catalogue's bits.
var kindWords = []struct {
	kind  catalog.Credentials
	words string
}{
	{catalog.APIToken, "API token"}, {catalog.AppPassword, "app password"}, {catalog.RepositoryAccessToken, "access token of a repository"},
	{catalog.ProjectAccessToken, "access token of a project"}, {catalog.WorkspaceAccessToken, "access token of a workspace"}, {catalog.OAuth2, "OAuth 2 access token"},
	{catalog.Session, "browser session"},
}

func (p *Pages) showOperation(r *page.Request) (page.Answer, error) {
	op, ok := catalog.LookupSlug(r.PathValue("slug"))
	if !ok {
		return page.Answer{}, page.Instead(rest.Refuse(reason.ResourceNotFound, "No operation has this name."),
			"Look it up in the reference: `"+p.URLs.Web("docs", "operations").Href+"`.")
	}
	content := operationPage{operation: p.operation(op), TokenNeeds: op.Scopes.Names(), OAuthNeeds: op.OAuthScopes.Names(), Anonymous: op.Accepts.Has(catalog.Anonymous), Curl: p.lines(op)}
	for _, k := range kindWords {
		if op.Accepts.Has(k.kind) {
			content.Kinds = append(content.Kinds, k.words)
		}
	}
	for _, name := range op.Params() {
		content.Parameters = append(content.Parameters, parameter{name, "path", catalog.DescribeParam(name)})
	}
	if o, is := p.served[op.Key]; is {
		shape := o.Shape()
		for _, q := range shape.Query {
			does := q.Does
			if q.Values != nil {
				does += " One of `" + strings.Join(q.Values, "`, `") + "`."
			}
			content.Parameters = append(content.Parameters, parameter{q.Name, "query", does})
		}
		if len(shape.Fields) > 0 {
			names := "`" + strings.Join(shape.Fields, "`, `") + "`"
			content.Parameters = append(content.Parameters, parameter{"q", "query", "A filter over " + names + "."}, parameter{"sort", "query", "The order, by the same fields; `-` in front turns it round."})
		}
		if shape.List {
			content.Parameters = append(content.Parameters, parameter{"page, pagelen", "query", "The part of the list: pages from 1, of 1 to 100 values."})
		}
		for i, status := range shape.Status {
			if i > 0 {
				content.Answers += " or "
			}
			content.Answers += page.StatusText(status)
		}
	}
	if op.Removed != nil {
		for _, key := range op.Removed.Replacement {
			if by, ok := catalog.Lookup(key); ok {
				content.Replacement = append(content.Replacement, by)
			}
		}
	}
	for _, requirement := range []scope.Requirement{op.Scopes, op.OAuthScopes} {
		for _, set := range requirement {
			for _, s := range set.Scopes() {
				if !slices.ContainsFunc(content.Scopes, func(i scope.Info) bool { return i.Scope == s }) {
					content.Scopes = append(content.Scopes, s.Info())
				}
			}
		}
	}
	a, err := r.Render(templates, page.View{Template: "operation", Title: op.Key, Section: "docs", Narrow: true,
		Trail: []page.Link{{Name: "Operations", Href: "/docs/operations"}}, Content: content})
	a.Cache = cache(r)
	return a, err
}

// lines are calls of the operation, for each kind of credential that goes its own way.
func (p *Pages) lines(op *catalog.Operation) (list []command) {
	path := p.URLs.Base + "/2.0" + placeholders(op.Template)
	tail := ""
	if op.Method != "GET" {
		tail = " -X " + op.Method
	}
	if _, ok := p.served[op.Key]; ok && p.served[op.Key].Shape().Body != nil {
		tail += ` --json @body.json`
	}
	add := func(kind catalog.Credentials, login, says string) {
		if op.Accepts&kind != 0 {
			list = append(list, command{"curl " + login + tail + " '" + path + "'", says})
		}
	}
	add(catalog.APIToken, `--user "$EMAIL:$TOKEN"`, "With an API token.")
	add(catalog.AccessToken|catalog.OAuth2, `-H "Authorization: Bearer $ACCESS_TOKEN"`, "With an access token.")
	if len(list) == 0 && op.Accepts.Has(catalog.Anonymous) {
		list = append(list, command{"curl" + tail + " '" + path + "'", "Without a credential."})
	}
	return list
}

// placeholders is a template with its parameters as words in capitals: curl would take braces for a list.
func placeholders(template string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(template, "{")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		name, after, _ := strings.Cut(rest, "}")
		b.WriteString(strings.ToUpper(name))
		template = after
	}
}
