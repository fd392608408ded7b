package cli

import (
	"fmt"
	"strings"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/doctor/variables"
	"github.com/spf13/cobra"
)

// variables is pail doctor env.
func (o *doctorOptions) variables() *cobra.Command {
	return o.command("env", "Look at the environment variables that known tools read", `
Env looks at the environment variables from which known tools take their Bitbucket credentials: Renovate, Terraform,
bkt, MCP servers, Danger, reviewdog, semantic-release, CML, gitbackup, Weblate, Woodpecker, Drone, Jenkins' bindings,
git's own and others. For each tool it says which variable is what to it, and judges what the tool would send: damaged
values, an e-mail where a user name belongs or the other way round, a token under the wrong scheme, a wrong address.

A tool is looked at only when a variable of its own is set. What Bitbucket Pipelines sets by itself is no credential.
Tools that keep theirs in files or a store of their own, such as Argo CD, sourcebot or DevLake, are not seen here.`, `
  pail doctor env
  env -i $(cat .env) pail doctor env --json
  docker run --rm --env-file .env pail doctor env`, cobra.NoArgs, func(*cobra.Command, []string) error {
		tools := variables.Read(o.env)
		pipeline := variables.Pipeline(o.env)
		var cases []doctor.Case
		for _, t := range tools {
			cases = append(cases, t.Cases...)
		}
		o.add("tools", append([]variables.Tool{}, tools...))
		if len(pipeline) > 0 {
			o.add("pipeline_variables", pipeline)
		}
		if !o.json {
			if err := o.showTools(tools, pipeline); err != nil {
				return err
			}
		}
		return o.report(cases...)
	})
}

func (o *doctorOptions) showTools(tools []variables.Tool, pipeline []string) error {
	var rows [][]string
	for _, t := range tools {
		for _, v := range t.Variables {
			rows = append(rows, []string{t.Name, v.Name, v.Role, v.Value})
		}
	}
	if len(rows) == 0 {
		fmt.Fprintln(o.out, "No variable is set that a tool known here takes a credential from.")
	} else if err := table(o.out, []string{"tool", "variable", "is", "value"}, rows); err != nil {
		return err
	}
	if len(pipeline) > 0 {
		fmt.Fprintf(o.out, "\nSet by Bitbucket Pipelines, and no credentials: %s.\n", strings.Join(pipeline, ", "))
	}
	_, err := fmt.Fprintln(o.out)
	return err
}
