package cli

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/doctor/curlline"
)

// readLine judges a command line of curl: as words, as one text in quotes, or "-" for standard input.
func (o *doctorOptions) readLine(ctx context.Context, words []string) error {
	if len(words) == 0 {
		return misused("nothing follows --: pail doctor -- curl …")
	}
	options := curlline.Options{Env: o.env, ReadFile: readSmall, Exec: o.allowExec}
	var cases []doctor.Case
	var err error
	if len(words) == 1 && words[0] == "-" {
		if o.response == "-" || o.output == "-" {
			return misused("standard input holds the command line: give --response and --output files")
		}
		var text []byte
		if text, err = io.ReadAll(io.LimitReader(o.in, maxInput)); err != nil {
			return misused("read the command line: %w", err)
		}
		cases, err = curlline.Line(ctx, string(text), options)
	} else {
		cases, err = curlline.Words(ctx, words, options)
	}
	if err != nil {
		return misused("%w", err)
	}
	for i := range cases {
		cases[i].API = o.base()
	}
	return o.report(cases...)
}

// maxSmall is the largest file that is read because a command line names it.
const maxSmall = 256 << 10

// readSmall reads a file of options, headers or logins. A pipe or a device could block, and nobody keeps headers in one.
func readSmall(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxSmall {
		return nil, errors.New("not a small file")
	}
	return os.ReadFile(name)
}
