package cli

import (
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/reason"
	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// TestReasonsCallCommandsThatAreThere: the calls of pail in the ways out and the commands of reasons name commands and
// flags that pail has. Which arguments go with them is left to the commands' own tests.
func TestReasonsCallCommandsThatAreThere(t *testing.T) {
	quoted := regexp.MustCompile("`(pail [^`]*)`")
	calls := 0
	for _, r := range reason.All() {
		var lines []string
		for _, c := range slices.Concat(r.Show, r.Mend) {
			lines = append(lines, c.Line("https://pail.example.com"))
		}
		for _, step := range r.Fix {
			for _, found := range quoted.FindAllStringSubmatch(step, -1) {
				lines = append(lines, found[1])
			}
		}
		for _, line := range lines {
			file, err := syntax.NewParser().Parse(strings.NewReader(line), "")
			if err != nil {
				continue // a piece of a line
			}
			syntax.Walk(file, func(n syntax.Node) bool {
				if call, ok := n.(*syntax.CallExpr); ok && len(call.Args) > 0 && call.Args[0].Lit() == "pail" {
					calls++
					args, err := expand.Fields(nil, call.Args[1:]...)
					if err != nil {
						t.Errorf("%s: %s: %v", r.Code, line, err)
						return true
					}
					if problem := callable(args); problem != "" {
						t.Errorf("%s: %s: %s", r.Code, line, problem)
					}
				}
				return true
			})
		}
	}
	if calls < 15 {
		t.Errorf("only %d calls", calls)
	}
}

func callable(args []string) string {
	if i := slices.Index(args, "--"); i >= 0 {
		args = args[:i]
	}
	c, rest, err := (&app{out: io.Discard, err: io.Discard}).root().Find(args)
	switch {
	case err != nil:
		return err.Error()
	case c.HasSubCommands() && c.Name() != "doctor":
		return "there is no such command"
	}
	if err := c.ParseFlags(rest); err != nil {
		return err.Error()
	}
	return ""
}
