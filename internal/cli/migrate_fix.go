package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/pailforge/pail/internal/migrate"
	"github.com/spf13/cobra"
)

// fixOptions is one call of pail migrate fix.
type fixOptions struct {
	*app
	json, write, noIgnore bool
}

func (a *app) migrateFix() *cobra.Command {
	o := &fixOptions{app: a}
	c := a.command("fix PATH...", "Change what is safe to change", `
Fix reads files and folders as scan does, and shows what can be changed safely as a diff: logins are taken out of the
remotes in git's configuration, base64 that makes a header is kept from breaking lines, and an API token that curl sends
as Bearer goes in --user where the file knows exactly one variable for the e-mail. Secrets in the diff are masked.

With --write it changes the files, each in one step, with their modes and line ends. It does not write through symbolic
links, to files with further names, or to files that were changed since they were read. Running it again changes
nothing.

The exit code is 0 when all is well, 1 when a file could not be changed, 2 when nothing could be read.`, `
  pail migrate fix .
  pail migrate fix --write .git/config scripts/`, cobra.MinimumNArgs(1), func(c *cobra.Command, args []string) error { return o.run(c.Context(), args) })
	c.Flags().BoolVar(&o.write, "write", false, "change the files")
	c.Flags().BoolVar(&o.json, "json", false, "write JSON")
	c.Flags().BoolVar(&o.noIgnore, "no-ignore", false, "read what .gitignore leaves out, and other people's code")
	return c
}

func (o *fixOptions) run(ctx context.Context, paths []string) error {
	show, done := o.progress("reading")
	changes, coverage, err := migrate.Fix(ctx, paths, migrate.Options{NoIgnore: o.noIgnore, Progress: show})
	done()
	if err != nil {
		return err
	}
	failed := false
	if o.write {
		for i := range changes {
			if err := changes[i].Write(); err != nil {
				changes[i].Refused = err.Error()
			}
			failed = failed || changes[i].Refused != ""
		}
	}
	if o.json {
		if changes == nil {
			changes = []migrate.Change{}
		}
		err = writeJSON(o.out, map[string]any{"changes": changes, "coverage": coverage})
	} else {
		err = o.text(changes, paths)
	}
	if err != nil {
		return err
	}
	if err := o.unread(coverage); err != nil {
		return err
	}
	if failed {
		return exitCode(1)
	}
	return nil
}

func (o *fixOptions) text(changes []migrate.Change, paths []string) error {
	var b strings.Builder
	remotes, written, refused := false, 0, 0
	for _, c := range changes {
		for line := range strings.Lines(c.Diff) {
			for i, part := range strings.Split(strings.TrimSuffix(line, "\n"), "\t") {
				if i > 0 {
					b.WriteByte('\t')
				}
				b.WriteString(printable(part))
			}
			b.WriteByte('\n')
		}
		remotes = remotes || c.Remotes
		switch {
		case c.Written:
			written++
		case c.Refused != "":
			refused++
			fmt.Fprintf(&b, "%s was left as it is: %s.\n", printable(c.File), c.Refused)
		}
	}
	switch {
	case len(changes) == 0:
		b.WriteString("Nothing to change safely; pail migrate scan shows what is left to do by hand.\n")
	case o.write:
		fmt.Fprintf(&b, "\n%s changed, %d left as they are.\n", plural(written, "file"), refused)
	default:
		fmt.Fprintf(&b, "\n%s would change. Write them: pail migrate fix --write %s\n", plural(len(changes), "file"), strings.Join(paths, " "))
	}
	if remotes {
		b.WriteString("\nRemotes without a login need a credential helper:\n  pail login\n  git config --global credential.https://bitbucket.org.helper '!pail git-credential'\n" +
			"Forget the old one: printf 'protocol=https\\nhost=bitbucket.org\\n\\n' | git credential reject\n")
	}
	_, err := io.WriteString(o.out, b.String())
	return err
}
