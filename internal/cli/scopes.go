package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/scope"
	"github.com/spf13/cobra"
)

func (a *app) scopes() *cobra.Command {
	return a.group("scopes", "Which scopes an operation takes, and what a scope opens", `
Scopes answers from the catalogue of the API, without asking any server: which scopes an operation takes, what a scope is
good for, and the least scopes for a list of operations. It holds for bitbucket.org and for Pail alike.`, `
  pail scopes for 'GET /2.0/workspaces/acme/projects/FTO/permissions-config/groups'
  pail scopes of read:project
  pail scopes plan -f operations.txt`, a.scopesFor(), a.scopesOf(), a.scopesPlan())
}

// scopesForOptions is one call of pail scopes for.
type scopesForOptions struct {
	*app
	json bool
}

func (a *app) scopesFor() *cobra.Command {
	o := &scopesForOptions{app: a}
	c := a.command("for OPERATION...", "Show the scopes that operations take", `
For shows the scopes that operations take, of an API token and of the credentials with legacy scopes (app passwords,
access tokens, OAuth), the privilege that the account behind the credential needs besides, where this Pail serves the
operation, and the least scopes for all that were asked about.

An operation is a method and a path, or a path alone for all of its methods. The path may be a template or a real one,
with or without /2.0, or a URL. git-fetch and git-push are operations too, with -wiki or -snippet behind them for those.
For a path that is none, the nearest ones are named, and for one of Bitbucket Data Center what stands for it in the Cloud; the exit code is then 1.`, `
  pail scopes for 'GET /2.0/workspaces/acme/projects/FTO/permissions-config/groups'
  pail scopes for GET /user git-fetch git-push
  pail scopes for /2.0/repositories/{workspace}/{repo_slug}/pullrequests
  pail scopes for https://api.bitbucket.org/2.0/user --json`, cobra.MinimumNArgs(1), func(_ *cobra.Command, args []string) error { return o.run(args) })
	c.ValidArgsFunction = completeOperation(true)
	c.Flags().BoolVar(&o.json, "json", false, "write JSON")
	return c
}

func (o *scopesForOptions) run(args []string) error {
	var ops []*catalog.Operation
	problems := []*referenceProblem{}
	asked := joinMethods(args)
	for _, text := range asked {
		named, problem := operationsNamed(text)
		if problem != nil {
			problems = append(problems, problem)
			continue
		}
		for _, op := range named {
			if !slices.Contains(ops, op) {
				ops = append(ops, op)
			}
		}
	}
	list := describeOperations(ops)
	least := catalog.Least(ops)
	if o.json {
		return orProblems(writeJSON(o.out, map[string]any{"operations": list, "least": least, "unknown": problems}), problems, "")
	}
	if len(list) > 0 {
		rows := make([][]string, len(list))
		var notes []string // what no column holds
		for i, op := range list {
			rows[i] = append(op.row()[1:4], legacyScopes(ops[i]), op.row()[4])
			if p := closed(op.Method+" "+op.Path, ops[i]); p != nil {
				notes = append(notes, p.lines("")...)
			}
		}
		if err := table(o.out, []string{"method", "path", "scopes of an API token", "legacy scopes", "privilege"}, rows); err != nil {
			return err
		}
		if len(notes) > 0 {
			if err := o.say("\n%s", strings.Join(notes, "\n")); err != nil {
				return err
			}
		}
		if len(asked) > 1 && len(list) > 1 {
			if err := o.say("\nThe least for all of them: %s.", setText(least)); err != nil {
				return err
			}
		}
	}
	return problemsOf(problems, "")
}

// joinMethods takes a method and a path that came as two arguments for one.
func joinMethods(args []string) (texts []string) {
	for i := 0; i < len(args); i++ {
		text := args[i]
		if i+1 < len(args) && (isMethod(text) || strings.EqualFold(text, "git")) {
			i++
			text += " " + args[i]
		}
		texts = append(texts, text)
	}
	return texts
}

// orProblems is err, or else what the problems say; they are in the output already, but nobody may miss them.
func orProblems(err error, problems []*referenceProblem, file string) error {
	if err != nil {
		return err
	}
	return problemsOf(problems, file)
}

// legacyScopes is what app passwords, access tokens and OAuth need, in words.
func legacyScopes(op *catalog.Operation) string {
	switch {
	case !op.Accepts.Has(catalog.AppPassword) && !op.Accepts.Has(catalog.OAuth2) && op.Accepts&catalog.AccessToken == 0:
		return "-"
	case len(op.OAuthScopes) == 0:
		return "none"
	}
	return op.OAuthScopes.String()
}

func setText(s scope.Set) string {
	if s.Empty() {
		return "none"
	}
	return s.String()
}

// scopesOfOptions is one call of pail scopes of.
type scopesOfOptions struct {
	*app
	json bool
}

// scopeJSON is a scope as the command writes it.
type scopeJSON struct {
	Name       string         `json:"name"`
	Area       string         `json:"area"`
	Permits    string         `json:"permits"`
	Excludes   string         `json:"excludes,omitempty"`
	Legacy     bool           `json:"legacy"`
	Deprecated bool           `json:"deprecated"`
	Implies    scope.Set      `json:"implies"`
	Operations []scopeUseJSON `json:"operations"`
}

// scopeUseJSON is an operation that a scope helps to call.
type scopeUseJSON struct {
	operationJSON
	Besides scope.Set `json:"besides"` // the other scopes that the operation takes with it
}

func (a *app) scopesOf() *cobra.Command {
	o := &scopesOfOptions{app: a}
	c := a.command("of SCOPE...", "Show the operations that a scope opens", `
Of shows every operation that takes a scope, and what else each of them takes. ":bitbucket" may be left out of the scopes
of API tokens. A legacy scope counts with the scopes that it implies; the scopes of API tokens imply nothing: write does
not read.`, `
  pail scopes of read:project:bitbucket
  pail scopes of write:pullrequest
  pail scopes of repository:write --json`, cobra.MinimumNArgs(1), func(_ *cobra.Command, args []string) error { return o.run(args) })
	c.ValidArgsFunction = func(_ *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		var names []string
		for _, s := range scope.All() {
			names = append(names, cobra.CompletionWithDesc(s.Name, s.Permits))
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
	c.Flags().BoolVar(&o.json, "json", false, "write JSON")
	return c
}

func (o *scopesOfOptions) run(args []string) error {
	list := make([]scopeJSON, len(args))
	for i, name := range args {
		s, err := scopeNamed(name)
		if err != nil {
			return &usageError{err}
		}
		info := s.Info()
		list[i] = scopeJSON{Name: info.Name, Area: info.Area, Permits: info.Permits, Excludes: info.Excludes, Legacy: info.Legacy,
			Deprecated: info.Deprecated, Implies: info.Implies, Operations: usesOf(s)}
	}
	if o.json {
		return writeJSON(o.out, list)
	}
	for i := range list {
		if i > 0 {
			fmt.Fprintln(o.out)
		}
		if err := list[i].write(o.app); err != nil {
			return err
		}
	}
	return nil
}

func (j *scopeJSON) write(a *app) error {
	pairs := []string{"Scope", j.Name, "Permits", j.Permits, "Not", j.Excludes}
	if !j.Implies.Empty() {
		pairs = append(pairs, "Implies", j.Implies.String())
	}
	if j.Deprecated {
		pairs = append(pairs, "State", "deprecated: understood, no longer handed out")
	}
	if err := fields(a.out, pairs...); err != nil {
		return err
	}
	if len(j.Operations) == 0 {
		return a.say("\nNo operation of the API takes it.")
	}
	fmt.Fprintln(a.out)
	rows := make([][]string, len(j.Operations))
	for i, op := range j.Operations {
		besides := "-"
		if !op.Besides.Empty() {
			besides = strings.Join(op.Besides.Names(), " + ")
		}
		path := op.Path
		if op.Status == removed {
			path += " (removed)"
		}
		if op.Own {
			path += " (Pail's own)"
		}
		rows[i] = []string{op.Method, path, besides}
	}
	return table(a.out, []string{"method", "path", "also takes"}, rows)
}

// scopeNamed finds a scope by its name, from which ":bitbucket" may be missing.
func scopeNamed(name string) (scope.Scope, error) {
	s, err := scope.Parse(name)
	if err == nil {
		return s, nil
	}
	if full, other := scope.Parse(name + ":bitbucket"); other == nil {
		return full, nil
	}
	return 0, err
}

// usesOf are the operations that a scope is part of: for a legacy scope also by what it implies.
func usesOf(s scope.Scope) []scopeUseJSON {
	granted := scope.NewSet(s).Expand()
	var ops []*catalog.Operation
	var besides []scope.Set
	for _, op := range slices.Concat(catalog.Git(), catalog.All(), catalog.Own()) {
		needs := op.Scopes
		if s.Legacy() {
			needs = op.OAuthScopes
		}
		if alternative, ok := cheapestWith(needs, granted); ok {
			ops, besides = append(ops, op), append(besides, alternative.Without(granted))
		}
	}
	uses := make([]scopeUseJSON, len(ops))
	for i, j := range describeOperations(ops) {
		uses[i] = scopeUseJSON{j, besides[i]}
	}
	return uses
}

// cheapestWith is the alternative that has a part of the grant and lacks least beside it.
func cheapestWith(r scope.Requirement, granted scope.Set) (best scope.Set, ok bool) {
	for _, alternative := range r {
		lacks := alternative.Without(granted)
		if lacks == alternative {
			continue
		}
		if !ok || lacks.Len() < best.Without(granted).Len() {
			best, ok = alternative, true
		}
	}
	return best, ok
}
