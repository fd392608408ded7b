package curlline

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/reason"
	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// Options are what a line is read with.
type Options struct {
	// Env is the environment, "NAME=value".
	Env []string
	// ReadFile reads the files that curl would read for options, headers and logins: -K, -H @FILE, .netrc. Without it
	// none is read, and what they hold is not known.
	ReadFile func(name string) ([]byte, error)
	// Exec allows to run the commands inside $(…), but for curl. Each gets ExecTime, 10 seconds when it is 0.
	Exec     bool
	ExecTime time.Duration
}

// Bounds. What people type is far below; what is above is cut off with an error, so that time and memory stay bounded.
const (
	maxInput    = 256 << 10 // bytes of a line or script
	maxExpanded = 8 << 20   // bytes that variables and commands may become, all in all
	maxNesting  = 1000      // brackets inside of brackets
	maxDepth    = 8         // commands inside of commands, and files inside of files
	maxRequests = 100       // cases
	maxFiles    = 100       // files read, each as often as it is named
)

// Words reads a command line that a shell has split into words already, the first of them curl. A single word that has
// blanks in it is a line in quotes, which [Line] reads.
//
// Each request of the line is one case. An error says that there is no curl in it, or that it cannot be read at all; it
// holds nothing of the line that could be a secret.
func Words(ctx context.Context, words []string, o Options) ([]doctor.Case, error) {
	if len(words) == 1 && strings.ContainsAny(strings.TrimSpace(words[0]), " \t\n") {
		return Line(ctx, words[0], o)
	}
	size := 0
	for _, w := range words {
		size += len(w)
	}
	if size > maxInput {
		return nil, errTooLong
	}
	r := newReader(ctx, o)
	args := make([]arg, len(words))
	for i, w := range words {
		args[i] = arg{text: clean(w)}
	}
	r.command(args, nil)
	return r.result()
}

// Line reads a command line as a shell gets it, or a small script. For what it gives back see [Words].
func Line(ctx context.Context, text string, o Options) ([]doctor.Case, error) {
	if len(text) > maxInput {
		return nil, errTooLong
	}
	r := newReader(ctx, o)
	p := tidy(clean(text))
	r.everyCase = p.notes
	if err := r.script(p.text); err != nil {
		return nil, err
	}
	return r.result()
}

var errTooLong = fmt.Errorf("the command line is longer than %d KiB", maxInput>>10)

// reader reads one input.
type reader struct {
	ctx context.Context
	o   Options

	vars     map[string]expand.Variable
	prefixed map[string]bool // variables that are set in front of the command that is read
	marks    []mark
	spent    int // bytes of maxExpanded

	src   string // the script, for showing how a value is written
	multi bool   // it has several lines, so that places name one
	base  int    // lines before src, for a line inside of a line
	depth int

	last      *call // the command before, when it was curl
	other     string
	cases     []doctor.Case
	more      bool             // there are more than maxRequests
	files     int              // files read
	everyCase []doctor.Finding // notes on the input as a whole
}

// call is one curl command, kept until it is known whether the next line belongs to it.
type call struct {
	args       []arg
	stdin      *string
	first      int // its first case
	background bool
}

func newReader(ctx context.Context, o Options) *reader {
	r := &reader{ctx: ctx, o: o, vars: map[string]expand.Variable{}}
	for _, pair := range o.Env {
		if name, value, ok := strings.Cut(pair, "="); ok && syntax.ValidName(name) {
			r.set(name, clean(value))
		}
	}
	return r
}

func (r *reader) set(name, value string) {
	r.vars[name] = expand.Variable{Set: true, Exported: true, Kind: expand.String, Str: value}
}

func (r *reader) env(name string) string { return r.vars[name].String() }

// result is what was found, with what is to be said about all of it.
func (r *reader) result() ([]doctor.Case, error) {
	switch {
	case len(r.cases) > 0:
	case r.other == "curl":
		return nil, errors.New("there is no address in the curl command")
	case r.other != "":
		return nil, fmt.Errorf("%s is not read: pail doctor reads curl command lines; write the request as `curl -u \"$EMAIL:$TOKEN\" https://…`", r.other)
	default:
		return nil, errors.New("there is no curl command in it: pail doctor reads `curl …`, as words after --, as one text in quotes, or on standard input with -")
	}
	if r.more {
		r.everyCase = append(r.everyCase, note(reason.ValueNotEvaluated, doctor.Possible, "the addresses",
			fmt.Sprintf("Only the first %d requests were looked at.", maxRequests), "There are more of them.", "Give the others in a call of their own."))
	}
	for i := range r.cases {
		r.cases[i].Notes = append(r.cases[i].Notes, r.everyCase...)
	}
	return r.cases, nil
}
