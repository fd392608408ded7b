package cli

import (
	"fmt"
	"time"

	"github.com/pailforge/pail/internal/doctor/gitremote"
	"github.com/spf13/cobra"
)

// remote is pail doctor git.
func (o *doctorOptions) remote() *cobra.Command {
	var noHelpers bool
	var patience time.Duration
	c := o.command("git [REMOTE|URL]", "Look at a git remote and at where git takes the login from", `
Git looks at a remote of the repository in the current directory, by default the current branch's or origin, or at a URL:
at its address after git's own rewriting (insteadOf), and at where git would take the login from, in git's order: a
header that it is told to send, the URL, .netrc, the credential helpers, a question. It tells whether user and secret fit
together, and how to remove an old login from where it is stored.

Credential helpers are asked as git asks them before a fetch, one by one until one answers, shell commands included; each
is named before it runs, and none can open a window or ask on the terminal. --no-helpers only lists them. Nothing is sent
to the remote, unless with --probe.`, `
  pail doctor git
  pail doctor git upstream --probe
  git fetch 2>&1 | pail doctor git --output -
  pail doctor git https://bitbucket.org/acme/widgets.git --json`, cobra.MaximumNArgs(1), func(c *cobra.Command, args []string) error {
		options := gitremote.Options{Env: o.env, API: o.api, NoHelpers: noHelpers, HelperTime: patience, Terminal: o.interactive(),
			Say: func(line string) { fmt.Fprintln(o.err, "pail:", line) }}
		if len(args) > 0 {
			options.Remote = args[0]
		}
		reading, err := gitremote.Read(c.Context(), options)
		if err != nil {
			return misused("%w", err)
		}
		o.add("git", reading)
		if !o.json {
			if err := o.showRemote(reading); err != nil {
				return err
			}
		}
		return o.report(reading.Cases...)
	})
	c.Flags().BoolVar(&noHelpers, "no-helpers", false, "list the credential helpers without asking them")
	c.Flags().DurationVar(&patience, "helper-timeout", 10*time.Second, "how long a credential helper may take")
	return c
}

func (o *doctorOptions) showRemote(r gitremote.Reading) error {
	for _, a := range r.Addresses {
		name := a.For
		if r.Remote != "" && a.For != "lfs" {
			name = r.Remote + ", " + a.For
		}
		fmt.Fprintf(o.out, "%s: %s\n", name, a.URL)
		from := a.Login
		if from == "ssh" {
			from = "an SSH key; no token plays a part"
		}
		pairs := []string{"  from", a.Place, "  login from", from}
		for _, h := range a.Helpers {
			says := string(h.Answer)
			if h.Answer == gitremote.Answers {
				says += " user " + h.User + ", " + h.Secret
				if h.Kind != "" {
					says += ", " + h.Kind
				}
			}
			pairs = append(pairs, "  helper", h.Name+": "+says+" ("+h.Origin+")")
		}
		for _, f := range a.Facts {
			pairs = append(pairs, "  setting", f.Name+" = "+f.Value)
		}
		if err := fields(o.out, pairs...); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(o.out)
	return err
}
