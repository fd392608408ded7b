package cli

import (
	"fmt"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/migrate"
	"github.com/spf13/cobra"
)

// files is the form for configuration and scripts.
func (o *doctorOptions) files() *cobra.Command {
	var noIgnore bool
	c := o.command("files PATH...", "Find every fault in configuration and scripts", `
Files reads configuration, scripts and programs as pail migrate scan does, and judges everything in them that is sent to
Bitbucket Cloud: not only app passwords, but every credential, address and path.

What a variable holds is not known from a file: from its name at most a likely cause is told.`, `
  pail doctor files .
  pail doctor files ~/.netrc deploy.sh --json`, cobra.MinimumNArgs(1), func(c *cobra.Command, args []string) error {
		show, done := o.progress("reading")
		cases, coverage, err := migrate.Cases(c.Context(), args, migrate.Options{NoIgnore: noIgnore, Progress: show})
		done()
		if err != nil {
			return err
		}
		if err := o.unread(coverage); err != nil {
			return err
		}
		if len(cases) == 0 {
			return o.print(doctor.Report{Verdict: doctor.Clean, Findings: []doctor.Finding{},
				Summary: fmt.Sprintf("%s read: nothing in them is sent to Bitbucket Cloud.", plural(coverage.Files, "file"))})
		}
		return o.report(cases...)
	})
	c.Flags().BoolVar(&noIgnore, "no-ignore", false, "read what .gitignore leaves out, and other people's code")
	return c
}
