package catalog

import (
	"cmp"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/scope"
)

// Operation is one operation of the API. The catalogue's operations are shared
// by the whole program: read them, never write to them.
type Operation struct {
	Key      string // method and template, "GET /workspaces/{workspace}"; unique
	Method   string // GET, POST, PUT or DELETE
	Template string // the path after /2.0, parameters in braces
	Tag      string // the chapter of the API reference it stands in
	Summary  string // one sentence, verb first

	// Scopes is what an API token must hold. It is empty where no scope is
	// asked for, which does not mean that API tokens are accepted: see Accepts.
	Scopes scope.Requirement
	// OAuthScopes is the same for the credentials with legacy scopes: app
	// passwords, access tokens and OAuth 2.
	OAuthScopes scope.Requirement
	// Accepts is the kinds of credential that may call the operation at all.
	Accepts Credentials

	Own        bool     // Pail's own, and no operation of Bitbucket Cloud: see [Own]
	Deprecated bool     // marked so in the API description
	Removed    *Removal // not nil where bitbucket.org answers 410

	params []string
}

// Removal says why an operation is gone and what stands in for it.
type Removal struct {
	Change      string   // the changelog entry, "CHANGE-2770"
	Replacement []string // keys of the operations that together replace it
}

// AppOnly reports whether only an installed app can call the operation, with
// its own JWT. No credential of the type [Credentials] is accepted.
func (o *Operation) AppOnly() bool { return o.Accepts == 0 }

// Params returns the names of the template's parameters in order.
func (o *Operation) Params() []string { return slices.Clone(o.params) }

// All returns every operation of Bitbucket Cloud, ordered by template, then GET, POST, PUT,
// DELETE. The slice is the caller's, the operations are shared.
func All() []*Operation { return slices.Clone(operations) }

// Own returns the operations that Pail has beside those, in the same order: what people had on Bitbucket Cloud without an API for
// it. They are served under the same paths, and take scopes as the others do; bitbucket.org does not know them.
func Own() []*Operation { return slices.Clone(own) }

// Lookup finds an operation by its key, such as "GET /user", also one of Pail's own.
func Lookup(key string) (*Operation, bool) {
	op, ok := byKey[key]
	return op, ok
}

// A section is the part of the table that one chapter of the reference fills.
type section struct {
	tag  string
	rows []row
}

type row struct {
	key, summary  string
	scopes, oauth scope.Requirement
	accepts       Credentials
	state         state
}

type state bool

const (
	current    state = false
	deprecated state = true
)

// need is scope.Need, short for the table's sake.
func need(scopes ...scope.Scope) scope.Requirement { return scope.Need(scopes...) }

// removed lists the listings across workspaces that bitbucket.org has answered
// with 410 since April 2026 (CHANGE-2770).
var removed = map[string]*Removal{
	"GET /workspaces":                    {change2770, []string{"GET /user/workspaces"}},
	"GET /user/permissions/workspaces":   {change2770, []string{"GET /user/workspaces", "GET /user/workspaces/{workspace}/permission"}},
	"GET /user/permissions/repositories": {change2770, []string{"GET /user/workspaces", "GET /user/workspaces/{workspace}/permissions/repositories"}},
	"GET /repositories":                  {change2770, []string{"GET /user/workspaces", "GET /repositories/{workspace}"}},
	"GET /snippets":                      {change2770, []string{"GET /user/workspaces", "GET /snippets/{workspace}"}},
}

const change2770 = "CHANGE-2770"

// methods is the order in which methods are listed everywhere.
var methods = [...]string{"GET", "POST", "PUT", "DELETE"}

// methodIndex returns the index of method in methods, or -1. HEAD counts as
// GET.
func methodIndex(method string) int {
	switch method {
	case "GET", "HEAD":
		return 0
	case "POST":
		return 1
	case "PUT":
		return 2
	case "DELETE":
		return 3
	}
	return -1
}

var (
	operations = assemble(
		tableUsers, tableSSH, tableGPG,
		tableWorkspaces, tableProjects,
		tableRepositories, tableDownloads, tableBranchRestrictions, tableBranchingModel,
		tableSource, tableRefs, tableCommits, tableCommitStatuses, tableReports, tableSearch,
		tablePullRequests, tableIssueTracker, tableSnippets,
		tablePipelines, tableDeployments,
		tableWebhooks, tableAddon, tableProperties,
	)
	own = func() []*Operation {
		all := assemble(tableWiki, tableOwnPipelines, tableLeft, tableRunners)
		for _, op := range all {
			op.Own = true
		}
		return all
	}()
	byKey = func() map[string]*Operation {
		m := make(map[string]*Operation, len(operations)+len(own))
		for _, op := range slices.Concat(operations, own) {
			m[op.Key] = op
		}
		return m
	}()
)

func assemble(sections ...section) []*Operation {
	var all []*Operation
	for _, s := range sections {
		for _, r := range s.rows {
			method, template, _ := strings.Cut(r.key, " ")
			all = append(all, &Operation{
				Key: r.key, Method: method, Template: template, Tag: s.tag, Summary: r.summary,
				Scopes: r.scopes, OAuthScopes: r.oauth, Accepts: r.accepts,
				Deprecated: bool(r.state), Removed: removed[r.key],
				params: paramNames(template),
			})
		}
	}
	slices.SortFunc(all, func(a, b *Operation) int {
		return cmp.Or(strings.Compare(a.Template, b.Template), methodIndex(a.Method)-methodIndex(b.Method))
	})
	return all
}

// paramNames returns what stands in braces in a template, in order.
func paramNames(template string) []string {
	var names []string
	for {
		_, rest, ok := strings.Cut(template, "{")
		if !ok {
			return names
		}
		name, after, _ := strings.Cut(rest, "}")
		names = append(names, name)
		template = after
	}
}
