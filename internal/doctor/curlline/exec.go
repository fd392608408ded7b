package curlline

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"
)

// run runs what stands inside $(…), with the variables that are known, no standard input and a time limit. The caller
// has made sure that it was asked for and that no curl is in it.
func (r *reader) run(cs *syntax.CmdSubst) (string, error) {
	limit := r.o.ExecTime
	if limit == 0 {
		limit = 10 * time.Second
	}
	ctx, cancel := context.WithTimeout(r.ctx, limit)
	defer cancel()
	var pairs []string
	for name, v := range r.vars {
		if v.Kind == expand.String && !hasMark(v.Str) {
			pairs = append(pairs, name+"="+v.Str)
		}
	}
	out := &limited{}
	runner, err := interp.New(interp.Env(expand.ListEnviron(pairs...)), interp.StdIO(nil, out, io.Discard))
	if err != nil {
		return "", err
	}
	if err := runner.Run(ctx, &syntax.File{Stmts: cs.Stmts}); err != nil {
		return "", err
	}
	return clean(out.String()), nil
}

// limited keeps the beginning of what a command writes, and ends a command that writes far more.
type limited struct{ bytes.Buffer }

func (l *limited) Write(b []byte) (int, error) {
	if l.Len()+len(b) > maxInput {
		return 0, errors.New("the command writes too much")
	}
	return l.Buffer.Write(b)
}
