package cli

import (
	"strings"

	"github.com/pailforge/pail/internal/api"
	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/scope"
	"github.com/pailforge/pail/internal/server"
	"github.com/spf13/cobra"
)

// operationsOptions is one call of pail operations.
type operationsOptions struct {
	*app
	json, served, missing bool
}

// Where an operation stands.
const (
	served  = "served"
	absent  = "not served"
	removed = "removed"
)

// operationJSON is one operation of the API as the command writes it.
type operationJSON struct {
	Key         string     `json:"key"`
	Method      string     `json:"method"`
	Path        string     `json:"path"`
	Tag         string     `json:"tag"`
	Summary     string     `json:"summary"`
	Status      string     `json:"status"`
	Scopes      [][]string `json:"scopes"`       // of API tokens: alternatives, each wanted whole
	OAuthScopes [][]string `json:"oauth_scopes"` // of the credentials with legacy scopes
	Accepts     []string   `json:"accepts"`      // kinds of credential
	Privilege   string     `json:"privilege,omitempty"`
	Replacement []string   `json:"replacement,omitempty"`
	Own         bool       `json:"own,omitempty"` // Pail's own: bitbucket.org does not have it

	needs scope.Requirement
	takes catalog.Credentials
}

type countsJSON struct {
	All     int `json:"all"`
	Served  int `json:"served"`
	Missing int `json:"not_served"`
	Removed int `json:"removed"`
}

func (a *app) operations() *cobra.Command {
	o := &operationsOptions{app: a}
	c := a.command("operations", "List the API's operations, their scopes, and which are served", `
Operations lists every operation of Bitbucket Cloud's REST API 2.0: the scopes that an API token needs for it, whether
this Pail serves it, and the privilege that the account behind the token needs. "removed" are those that Bitbucket Cloud
itself no longer serves. Behind them stand Pail's own operations, which bitbucket.org does not have.`, `
  pail operations
  pail operations --missing
  pail operations --served --json`, cobra.NoArgs, func(*cobra.Command, []string) error { return o.run() })
	c.Flags().BoolVar(&o.json, "json", false, "write JSON")
	c.Flags().BoolVar(&o.served, "served", false, "only those that are served")
	c.Flags().BoolVar(&o.missing, "missing", false, "only those that are not served")
	c.MarkFlagsMutuallyExclusive("served", "missing")
	return c
}

func (o *operationsOptions) run() error {
	var counts countsJSON
	list := []operationJSON{}
	for _, j := range describeOperations(catalog.All()) {
		counts.All++
		switch j.Status {
		case removed:
			counts.Removed++
		case served:
			counts.Served++
		default:
			counts.Missing++
		}
		if o.served && j.Status != served || o.missing && j.Status != absent {
			continue
		}
		list = append(list, j)
	}
	own := []operationJSON{}
	if !o.missing {
		own = describeOperations(catalog.Own())
	}
	if o.json {
		return writeJSON(o.out, map[string]any{"operations": list, "own": own, "counts": counts})
	}
	list = append(list, own...)
	rows := make([][]string, len(list))
	for i := range list {
		rows[i] = list[i].row()
	}
	if err := table(o.out, []string{"status", "method", "path", "scopes of an API token", "privilege"}, rows); err != nil {
		return err
	}
	return o.say("\n%d operations: %d served, %d not served, %d removed by Bitbucket Cloud. Beside them %d of Pail's own.", counts.All, counts.Served, counts.Missing, counts.Removed, len(catalog.Own()))
}

// gitPrivileges are what git takes, as access names it.
var gitPrivileges = map[*catalog.Operation]string{catalog.GitRead: "repository read", catalog.GitWrite: "repository write", catalog.GitSnippetRead: "snippet read",
	catalog.GitSnippetWrite: "snippet write", catalog.GitWikiRead: "wiki read", catalog.GitWikiWrite: "wiki write"}

// describeOperations describes operations of the catalogue, and those of git.
func describeOperations(ops []*catalog.Operation) []operationJSON {
	privileges := map[string]string{}
	for _, op := range server.Operations() {
		privileges[op.Key()] = op.Privilege()
	}
	list := make([]operationJSON, len(ops))
	for i, op := range ops {
		j := operationJSON{Key: op.Key, Method: op.Method, Path: api.Prefix + op.Template, Tag: op.Tag, Summary: op.Summary,
			Scopes: op.Scopes.Names(), OAuthScopes: op.OAuthScopes.Names(), Accepts: op.Accepts.Names(), Status: absent, Own: op.Own,
			needs: op.Scopes, takes: op.Accepts}
		privilege, is := privileges[op.Key]
		switch {
		case op.GitName() != "":
			j.Method, j.Path, _ = strings.Cut(op.GitName(), " ")
			j.Status, j.Privilege = served, gitPrivileges[op]
		case op.Removed != nil:
			j.Status, j.Replacement = removed, op.Removed.Replacement
		case is:
			j.Status, j.Privilege = served, privilege
		}
		list[i] = j
	}
	return list
}

func (j *operationJSON) row() []string {
	privilege := j.Privilege
	if privilege == "" {
		privilege = "-"
	}
	status := j.Status
	if j.Own {
		status = "Pail's own"
	}
	return []string{status, j.Method, j.Path, j.scopes(), privilege}
}

// scopes is what an API token needs, in words.
func (j *operationJSON) scopes() string {
	switch {
	case j.takes == 0:
		return "installed apps only"
	case !j.takes.Has(catalog.APIToken) && j.takes == catalog.Anonymous:
		return "no credential"
	case !j.takes.Has(catalog.APIToken):
		return "no API token"
	case len(j.needs) == 0:
		return "none"
	}
	return j.needs.String()
}
