package cli

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/pipefile"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/token"
	"github.com/spf13/cobra"
)

func (a *app) pipelines() *cobra.Command {
	return a.group("pipelines", "Look at what pipelines do", `
Pipelines are described by bitbucket-pipelines.yml in the root of a repository.`, `
  pail pipelines validate bitbucket-pipelines.yml`,
		a.pipelinesValidate())
}

func (a *app) pipelinesValidate() *cobra.Command {
	asJSON := false
	c := a.command("validate FILE", "Find every fault of a bitbucket-pipelines.yml", `
Validate reads the file as Bitbucket Cloud documents it, and tells every fault with its line and column, what stands there
and what was expected. Of a file without faults it lists the pipelines. It sends nothing; "-" reads standard input.

What a file imports from another one is not looked at, and neither is whether environments, images and runners exist.

The exit code is 0 when nothing was found, 1 when something was, 2 when the file could not be read.`, `
  pail pipelines validate bitbucket-pipelines.yml
  git show main:bitbucket-pipelines.yml | pail pipelines validate -
  pail pipelines validate --json bitbucket-pipelines.yml | jq '.faults[].line'`, cobra.ExactArgs(1), func(_ *cobra.Command, args []string) error {
		return a.validatePipelines(args[0], asJSON)
	})
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return c
}

// validationJSON is what validate says of a file.
type validationJSON struct {
	File      string           `json:"file"` // "-": standard input
	Valid     bool             `json:"valid"`
	Reason    reason.Code      `json:"reason,omitempty"` // of a file with faults
	Faults    []pipefile.Fault `json:"faults"`
	Pipelines []pipelineJSON   `json:"pipelines"` // of a file without faults
}

type pipelineJSON struct {
	Selector pipefile.Selector `json:"selector"`
	Line     int               `json:"line"`
	Steps    int               `json:"steps"`
	Import   string            `json:"import,omitempty"` // the pipeline that stands for this one
}

func (a *app) validatePipelines(name string, asJSON bool) error {
	data, err := a.pipelinesFile(name)
	if err != nil {
		return &usageError{err}
	}
	file, faults := pipefile.Parse(data, nil)
	v := validationJSON{File: name, Valid: len(faults) == 0, Faults: []pipefile.Fault{}, Pipelines: []pipelineJSON{}}
	for _, f := range faults { // somebody may have put a secret where a name belongs
		f.Path, f.Found, f.Expected = token.Redact(f.Path), token.Redact(f.Found), token.Redact(f.Expected)
		v.Faults = append(v.Faults, f)
	}
	if v.Valid {
		for selector, p := range file.All() {
			one := pipelineJSON{Selector: selector, Line: p.Line, Steps: len(p.Steps())}
			if p.Import != nil {
				one.Import = p.Import.Pipeline
			}
			v.Pipelines = append(v.Pipelines, one)
		}
	} else {
		v.Reason = reason.PipelinesBrokenFile
	}
	if asJSON {
		err = writeJSON(a.out, v)
	} else {
		err = v.text(a.out)
	}
	if err == nil && !v.Valid {
		return exitCode(1)
	}
	return err
}

// pipelinesFile reads no more of a file than one may have that is too large.
func (a *app) pipelinesFile(name string) ([]byte, error) {
	in := a.in
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	return io.ReadAll(io.LimitReader(in, pipefile.MaxSize+1))
}

func (v *validationJSON) text(w io.Writer) error {
	name := printable(v.File)
	if name == "-" {
		name = "standard input"
	}
	if !v.Valid {
		var b strings.Builder
		for _, f := range v.Faults {
			between := ":"
			if f.Line == 0 {
				between = ": "
			}
			b.WriteString(name + between + printable(f.String()) + "\n")
		}
		more := ""
		if len(v.Faults) == pipefile.MaxFaults {
			more = ", and maybe more"
		}
		fmt.Fprintf(&b, "\n%s%s (%s)\n", plural(len(v.Faults), "fault"), more, v.Reason)
		_, err := io.WriteString(w, b.String())
		return err
	}
	fmt.Fprintf(w, "%s is valid.\n", name)
	if len(v.Pipelines) == 0 {
		return nil
	}
	var rows [][]string
	for _, p := range v.Pipelines {
		steps := strconv.Itoa(p.Steps)
		if p.Import != "" {
			steps = "imported: " + printable(p.Import)
		}
		rows = append(rows, []string{string(p.Selector.Type), printable(p.Selector.Pattern), steps})
	}
	fmt.Fprintln(w)
	return table(w, []string{"runs for", "pattern", "steps"}, rows)
}
