package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/token"
	"github.com/spf13/cobra"
)

// Main runs pail with args, which do not hold the program's name, and returns the exit code: 0, 1 for a failure, 2
// for a mistake in the command line or the configuration; pail doctor has codes of its own. env is "NAME=value" as os.Environ gives it.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer, env []string) int {
	return run(context.Background(), args, stdin, stdout, stderr, env)
}

// run is Main with a context that ends what runs until it is told to stop.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, env []string) int {
	a := &app{in: stdin, out: stdout, err: stderr, env: env, explain: explainCall}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if code, ok := errors.AsType[exitCode](err); ok {
		return int(code)
	}
	child, passed := errors.AsType[*childError](err) // what pail ran failed, and said so itself
	if passed && child.err == nil {
		return child.code
	}
	// Whoever pastes a secret in a wrong place must not find it again in a log.
	for line := range strings.Lines(token.Redact(describe(err))) {
		fmt.Fprintf(stderr, "pail: %s\n", strings.TrimRight(line, "\n"))
	}
	var usage *usageError
	if passed {
		return child.code
	}
	if !a.began || errors.As(err, &usage) {
		return 2
	}
	return 1
}

// app is what every command gets.
type app struct {
	in       io.Reader
	out, err io.Writer
	env      []string

	// explain says why a service refused a call, and the way out, one line each.
	explain func(refusedCall) []string

	began bool // a command's own work began: what fails from here on is no mistake in how it was called
}

func (a *app) root() *cobra.Command {
	root := a.group("pail", "A self-hosted Git forge that speaks Bitbucket Cloud's REST API", `
Pail is a self-hosted Git forge that speaks Bitbucket Cloud's REST API 2.0, built around scoped API tokens that
explain themselves.`, `
  pail demo                      try it: a throw-away server with data, and a story to follow
  pail serve --data /srv/pail    run a server`,
		a.serve(), a.runner(), a.demo(), a.admin(), a.token(), a.operations(),
		a.doctor(), a.scopes(), a.record(), a.migrate(), a.pipelines(),
		a.login(), a.logout(), a.auth(), a.apiCommand(), a.gitCredential(), a.completion(), a.man(), a.version())
	root.InitDefaultHelpCmd()
	if help, _, err := root.Find([]string{"help"}); err == nil {
		help.Example = "  pail help token create"
	}
	root.DisableAutoGenTag = true // for the manual pages
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fmt.Errorf("%w; see %s --help", err, c.CommandPath())
	})
	return root
}

// group is a command that only holds others.
func (a *app) group(use, short, long, example string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Long: strings.TrimSpace(long), Example: strings.Trim(example, "\n"),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Help()
			}
			c.SuggestionsMinimumDistance = 2
			hint := ""
			if near := c.SuggestionsFor(args[0]); len(near) > 0 {
				hint = fmt.Sprintf(" did you mean %q?", near[0])
			}
			return fmt.Errorf("unknown command %q;%s see %s --help", args[0], hint, c.CommandPath())
		},
		Args:                  cobra.ArbitraryArgs,
		DisableFlagsInUseLine: true,
	}
	c.AddCommand(commands...)
	return c
}

// command is one that does something. args is what cobra checks about its arguments.
func (a *app) command(use, short, long, example string, args cobra.PositionalArgs, do func(c *cobra.Command, args []string) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Long: strings.TrimSpace(long), Example: strings.Trim(example, "\n"),
		Args: func(c *cobra.Command, given []string) error {
			if err := args(c, given); err != nil {
				return fmt.Errorf("%w; usage: %s", err, c.UseLine())
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			a.began = true
			return do(c, args)
		},
	}
}

// required marks flags that a command cannot do without.
func required(c *cobra.Command, names ...string) *cobra.Command {
	for _, n := range names {
		if err := c.MarkFlagRequired(n); err != nil {
			panic(err) // a mistake in this package, which every test finds
		}
	}
	return c
}

// usageError is a mistake in the command line or the configuration that only the command itself could see.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func misused(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// flagOf is the flag that a field of a refusal was given with.
var flagOf = map[string]string{
	"email": "--email", "username": "--username", "display_name": "--name", "name": "--name", "description": "--description",
	"scopes": "--scope", "expires_in_days": "--days", "overlap_hours": "--overlap", "workspace": "--workspace",
}

// describe is err for a person. A refusal of a room is told by what concerns this case, with its reason code.
func describe(err error) string {
	refusal, ok := errors.AsType[*rest.Error](err)
	if !ok {
		return err.Error()
	}
	text := refusal.Message
	if detail, ok := refusal.Detail.(string); ok && detail != "" {
		text = detail
	}
	for _, field := range slices.Sorted(maps.Keys(refusal.Fields)) {
		if name := flagOf[field]; name != "" && len(refusal.Fields[field]) > 0 {
			text = name + ": " + refusal.Fields[field][0]
		}
	}
	if refusal.Cause != nil {
		text = refusal.Cause.Error()
	}
	return fmt.Sprintf("%s (%s)", text, refusal.Reason)
}
