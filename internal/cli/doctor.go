package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/mattn/go-isatty"
	"github.com/pailforge/pail/internal/doctor"
	"github.com/spf13/cobra"
)

// doctorOptions is one call of pail doctor, in any of its forms.
type doctorOptions struct {
	*app
	json             bool
	response, output string // files with what was seen; "-" for standard input

	email, api string // the typed form
	tokenStdin bool
	allowExec  bool

	probe  bool           // ask the service; see doctor_probe.go
	beside map[string]any // what a form writes beside the report, for --json

	person func() bool     // whether somebody can be asked; nil looks at the terminal
	ctx    context.Context // the command's; cobra hands it to commands only, and a report is made deeper down
}

// exitCode ends the program without a message: what there is to say was said.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

func (a *app) doctor() *cobra.Command {
	o := &doctorOptions{app: a}
	c := a.command("doctor [METHOD PATH | -- curl ... | 'curl ...' | -]", "Find out why a credential does not work", `
Doctor looks at what you typed, configured or saw, says what is wrong with it and how to mend it, the fault to mend
first in front. It works for bitbucket.org and for any Pail server, offline: it sends nothing, unless with --probe, which
sends at most six requests that only read. On a terminal it offers that.

A curl command goes behind --, in quotes as one text, or to standard input with -, also as a small script. Variables are
those of your environment and of the script; files that curl would read (-K, -H @FILE, .netrc with -n) are read, but for
~/.curlrc. Commands inside $(...) are not run without --allow-exec; the usual recipe with base64 is understood without.

--email and --token-stdin judge a credential for REST from its shape: whether user, secret and scheme go together, and,
with METHOD and PATH, which scopes the operation needs. --response and --output add what came back: a saved answer, as
"curl -i" prints it, and what git or another tool printed.

No secret is printed: its first 12 characters and its length at most. The exit code is 0 when nothing is wrong, 1 when
there are faults, 2 when it cannot tell.`, `
  pail doctor -- curl -u "$EMAIL:$TOKEN" https://api.bitbucket.org/2.0/user
  pail doctor 'curl -H "Authorization: Basic $(echo -n "$EMAIL:$TOKEN" | base64)" https://api.bitbucket.org/2.0/user'
  pail doctor - < deploy.sh
  printf %s "$TOKEN" | pail doctor --email ada@example.com --token-stdin GET /2.0/user
  printf %s "$TOKEN" | pail doctor --email ada@example.com --token-stdin --probe PUT /2.0/repositories/acme/widgets
  curl -si -u "$EMAIL:$TOKEN" https://api.bitbucket.org/2.0/user | pail doctor response
  git fetch 2>&1 | pail doctor --output -`, cobra.ArbitraryArgs, func(c *cobra.Command, args []string) error { return o.run(c, args) })
	c.AddCommand(o.answer(), o.remote(), o.variables(), o.files())
	c.PersistentPreRun = func(c *cobra.Command, _ []string) { o.ctx = c.Context() }
	c.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fmt.Errorf("%w; a curl command goes behind --: pail doctor -- curl ...; see %s --help", err, c.CommandPath())
	})
	f := c.PersistentFlags()
	f.BoolVar(&o.json, "json", false, "write JSON")
	f.StringVar(&o.response, "response", "", "a `file` with the answer that came, as \"curl -i\" prints it; - for standard input")
	f.StringVar(&o.output, "output", "", "a `file` with what git or a tool printed; - for standard input")
	own := c.Flags()
	own.StringVar(&o.email, "email", "", "the `user` that the token is sent with: for REST the account's e-mail")
	own.BoolVar(&o.tokenStdin, "token-stdin", false, "read the token from standard input")
	own.BoolVar(&o.allowExec, "allow-exec", false, "run the commands inside $(...) of a command line, but for curl")
	f.BoolVar(&o.probe, "probe", false, "send at most six read-only requests to find out more")
	f.StringVar(&o.api, "api", "", "the base `URL` of the API, for a Pail server")
	return c
}

// run is the form without a subcommand: a command line, a typed credential, or only what was seen.
func (o *doctorOptions) run(c *cobra.Command, args []string) error {
	typed := o.tokenStdin || c.Flags().Changed("email")
	switch {
	case !typed && (c.ArgsLenAtDash() == 0 || isLine(args)):
		return o.readLine(c.Context(), args)
	case typed || o.api != "":
		return o.typed(args)
	case len(args) == 2:
		return o.typed(args)
	case len(args) > 0:
		return misused("there is no form %q of pail doctor; see pail doctor --help", short(args[0]))
	case o.response == "" && o.output == "":
		return c.Help()
	}
	return o.report(doctor.Case{})
}

// isLine tells a command line that does not stand behind -- from other arguments.
func isLine(args []string) bool {
	return len(args) == 1 && (args[0] == "-" || strings.ContainsAny(args[0], " \t\n")) || len(args) > 0 && args[0] == "curl"
}

// typed judges a user, a token, and an operation.
func (o *doctorOptions) typed(args []string) error {
	one := doctor.Case{Surface: doctor.SurfaceREST, API: o.base()}
	switch len(args) {
	case 0:
	case 2:
		one.Method = strings.ToUpper(args[0])
		one.URL = doctor.Value{Text: args[1], Place: "PATH"}
	default:
		return misused("an operation is a method and a path: pail doctor --email E --token-stdin GET /2.0/user")
	}
	if o.tokenStdin {
		secret, err := o.secret()
		if err != nil {
			return err
		}
		one.Login = &doctor.Login{From: "--email and --token-stdin", User: doctor.Value{Text: o.email, Place: "--email"},
			Secret: doctor.Value{Text: secret, Place: "standard input"}}
	}
	return o.report(one)
}

// base is the address of the API as --api says it.
func (o *doctorOptions) base() string { return strings.TrimRight(o.api, "/") }

// maxInput is the most that is read of anything: answers and outputs are judged by their beginning.
const maxInput = 1 << 20

// secret reads a token from standard input. The newline at its end is the shell's, not the token's.
func (o *doctorOptions) secret() (string, error) {
	if o.response == "-" || o.output == "-" {
		return "", misused("standard input holds the token: give --response and --output files")
	}
	text, err := io.ReadAll(io.LimitReader(o.in, maxInput))
	if err != nil {
		return "", misused("read the token: %w", err)
	}
	return strings.TrimSuffix(string(text), "\n"), nil
}

// answer is the form for a saved answer alone.
func (o *doctorOptions) answer() *cobra.Command {
	return o.command("response [FILE]", "Say what an answer means", `
Response reads an answer that was saved, with status line and headers as "curl -i" or "curl -v" print them, or the body
alone, and says what it means. Without a file it reads standard input.`, `
  curl -si -u "$EMAIL:$TOKEN" https://api.bitbucket.org/2.0/user | pail doctor response
  pail doctor response answer.txt --json`, cobra.MaximumNArgs(1), func(_ *cobra.Command, args []string) error {
		if o.response != "" {
			return misused("--response names an answer, and response reads another one: leave one out")
		}
		o.response = "-"
		if len(args) > 0 {
			o.response = args[0]
		}
		return o.report(doctor.Case{})
	})
}

// report judges cases of one input, together with what was seen, and prints. What was seen belongs to the first case.
// The error carries the exit code. What cannot be read is a mistake in the call, with the exit code 2: 1 would say that
// faults were found.
func (o *doctorOptions) report(cases ...doctor.Case) error {
	if len(cases) == 0 {
		cases = []doctor.Case{{}}
	}
	if err := o.see(&cases[0]); err != nil {
		return err
	}
	cases, err := o.probed(o.ctx, cases)
	if err != nil {
		return err
	}
	return o.print(doctor.ExamineAll(cases))
}

// print writes a report; the error carries the exit code.
func (o *doctorOptions) print(report doctor.Report) error {
	var err error
	if o.json {
		whole, problem := o.joined(report)
		if problem != nil {
			return problem
		}
		err = writeJSON(o.out, whole)
	} else {
		err = report.WriteText(o.out, o.colour())
	}
	if err != nil {
		return err
	}
	if code := report.Verdict.ExitCode(); code != 0 {
		return exitCode(code)
	}
	return nil
}

// see adds the answer and the output that the flags name.
func (o *doctorOptions) see(c *doctor.Case) error {
	if o.response == "-" && o.output == "-" {
		return misused("--response and --output cannot both be standard input")
	}
	if o.response != "" {
		text, place, err := o.read(o.response)
		if err != nil {
			return err
		}
		answer, err := doctor.ReadResponse(strings.NewReader(text))
		if err != nil {
			return misused("%s: %w", place, err)
		}
		answer.Place = place
		c.Answer = &answer
	}
	if o.output != "" {
		text, _, err := o.read(o.output)
		if err != nil {
			return err
		}
		c.Output = text
	}
	return nil
}

// read reads the beginning of a file, or of standard input.
func (o *doctorOptions) read(name string) (text, place string, err error) {
	in, place := o.in, "standard input"
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return "", "", misused("%w", err)
		}
		defer file.Close()
		in, place = file, name
	}
	all, err := io.ReadAll(io.LimitReader(in, maxInput))
	if err != nil {
		return "", "", misused("read %s: %w", place, err)
	}
	return string(all), place, nil
}

// colour tells whether to write with colours: to a terminal, and when nobody objects (https://no-color.org).
func (o *doctorOptions) colour() bool {
	for _, pair := range o.env {
		if value, ok := strings.CutPrefix(pair, "NO_COLOR="); ok && value != "" {
			return false
		}
	}
	file, ok := o.out.(*os.File)
	return ok && isatty.IsTerminal(file.Fd())
}

// short is a word of the command line that may be repeated: it could be a secret in the wrong place.
func short(word string) string {
	if len(word) > 12 {
		return word[:12] + "…"
	}
	return word
}
