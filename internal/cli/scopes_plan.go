package cli

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/scope"
	"github.com/pailforge/pail/internal/token"
	"github.com/spf13/cobra"
)

// scopesPlanOptions is one call of pail scopes plan.
type scopesPlanOptions struct {
	*app
	file string
	json bool
}

// planJSON is a plan as the command writes it.
type planJSON struct {
	Lines    []planLineJSON      `json:"lines"`
	Scopes   planScopesJSON      `json:"scopes"`
	Problems []*referenceProblem `json:"problems"`
}

type planLineJSON struct {
	Line   int       `json:"line"` // from 1
	Method string    `json:"method"`
	Path   string    `json:"path"`
	Key    string    `json:"key"`
	Scopes scope.Set `json:"scopes"` // what the line takes, by the alternative that the plan chose
}

type planScopesJSON struct {
	Least scope.Set        `json:"least"`
	Lines map[string][]int `json:"lines"` // by scope, the lines that need it
}

func (a *app) scopesPlan() *cobra.Command {
	o := &scopesPlanOptions{app: a}
	c := a.command("plan -f FILE", "Find the least scopes for a list of operations", `
Plan reads a list of operations, one a line, and finds the least scopes of an API token for all of them, and which line
needs what. A line is a method and a path, git-fetch or git-push; the path may be a template, a real one or a URL. Empty
lines and what follows a # are left out.

A line that names no operation which an API token can call is reported with its number, and the exit code is 1.`, `
  pail scopes plan -f operations.txt
  printf '%s\n' 'GET /2.0/user' git-push | pail scopes plan -f - --json`, cobra.NoArgs, func(*cobra.Command, []string) error { return o.run() })
	c.Flags().StringVarP(&o.file, "file", "f", "", "the list: a `file`, or - for standard input")
	c.Flags().BoolVar(&o.json, "json", false, "write JSON")
	return required(c, "file")
}

func (o *scopesPlanOptions) run() error {
	in, name := o.in, "standard input"
	if o.file != "-" {
		f, err := os.Open(o.file)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		in, name = f, o.file
	}
	plan, err := planOf(in)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if o.json {
		return orProblems(writeJSON(o.out, plan), plan.Problems, name)
	}
	if err := plan.write(o.app); err != nil {
		return err
	}
	return problemsOf(plan.Problems, name)
}

// longestLine bounds a line of a list, in bytes.
const longestLine = 64 << 10

// planOf reads a list of operations and plans the scopes.
func planOf(r io.Reader) (planJSON, error) {
	plan := planJSON{Lines: []planLineJSON{}, Problems: []*referenceProblem{}, Scopes: planScopesJSON{Lines: map[string][]int{}}}
	var ops []*catalog.Operation
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, longestLine)
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "\ufeff"), "#")
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		op, problem := lineOperation(strings.Join(strings.Fields(text), " "))
		if problem != nil {
			problem.Line = n
			plan.Problems = append(plan.Problems, problem)
			continue
		}
		ops = append(ops, op)
		plan.Lines = append(plan.Lines, planLineJSON{Line: n, Key: op.Key})
	}
	if err := lines.Err(); err != nil {
		return plan, err
	}
	plan.Scopes.Least = catalog.Least(ops)
	for i, j := range describeOperations(ops) {
		line := &plan.Lines[i]
		line.Method, line.Path, line.Scopes = j.Method, j.Path, ops[i].Scopes.Nearest(plan.Scopes.Least)
		for _, s := range line.Scopes.Names() {
			if numbers := plan.Scopes.Lines[s]; !slices.Contains(numbers, line.Line) {
				plan.Scopes.Lines[s] = append(numbers, line.Line)
			}
		}
	}
	return plan, nil
}

// lineOperation is the one operation that a line of a list names.
func lineOperation(text string) (*catalog.Operation, *referenceProblem) {
	named, problem := operationsNamed(text)
	if problem != nil {
		return nil, problem
	}
	op := named[0]
	if method, _ := splitMethod(text); method == "" && op.GitName() == "" {
		return nil, &referenceProblem{Asked: token.Redact(text), Reason: reason.MethodNotAllowed, Nearest: describeOperations(named),
			Message: "the method is missing"}
	}
	if problem = closed(text, op); problem != nil {
		return nil, problem
	}
	return op, nil
}

func (p *planJSON) write(a *app) error {
	if len(p.Lines) == 0 {
		if len(p.Problems) == 0 {
			return a.say("The list has no operation.")
		}
		return nil
	}
	rows := make([][]string, len(p.Lines))
	for i, line := range p.Lines {
		rows[i] = []string{strconv.Itoa(line.Line), line.Method, line.Path, setText(line.Scopes)}
	}
	if err := table(a.out, []string{"line", "method", "path", "takes"}, rows); err != nil {
		return err
	}
	if p.Scopes.Least.Empty() {
		return a.say("\nNo scope is needed.")
	}
	fmt.Fprintln(a.out)
	rows = nil
	for _, s := range p.Scopes.Least.Names() {
		rows = append(rows, []string{s, numbers(p.Scopes.Lines[s])})
	}
	return table(a.out, []string{"least scopes", "lines"}, rows)
}

// numbers joins line numbers, at most a dozen.
func numbers(list []int) string {
	const most = 12
	texts := make([]string, 0, most+1)
	for i, n := range list {
		if i == most {
			texts = append(texts, fmt.Sprintf("and %d more", len(list)-most))
			break
		}
		texts = append(texts, strconv.Itoa(n))
	}
	return strings.Join(texts, ", ")
}
