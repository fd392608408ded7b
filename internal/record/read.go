package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/pailforge/pail/internal/reason"
)

// maxFile is the largest recording that is read. There are a few hundred operations; only the repositories of git are
// without number.
const maxFile = 64 << 20

// Read reads a recording as JSON. Whoever wrote the file, what comes back is a recording: operations are of the
// catalogue, counts are not negative, paths and names hold nothing else than they may, and what follows from the
// counts is worked out anew. An error never repeats what the file says.
func Read(r io.Reader) (*Recording, error) {
	limited := &io.LimitedReader{R: r, N: maxFile + 1}
	d := json.NewDecoder(limited)
	var in *Recording
	if err := d.Decode(&in); err != nil {
		if limited.N <= 0 {
			return nil, errors.New("this is larger than any recording")
		}
		if _, ok := errors.AsType[*json.SyntaxError](err); ok || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, errors.New("this is no JSON")
		}
		return nil, errors.New("this JSON is no recording")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("there is more behind the recording")
	}
	if in == nil || in.Operations == nil || in.Git == nil {
		return nil, errors.New("this JSON is no recording; pail record --json writes one")
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	return Merge(in), nil
}

// check says what is wrong with a recording.
func (r *Recording) check() error {
	if r.Window.End.Before(r.Window.Start) {
		return errors.New("window: it ends before it starts")
	}
	for i := range r.Operations {
		o := &r.Operations[i]
		if o.operation() == nil {
			return fmt.Errorf("operations[%d]: the catalogue has no such operation; it may come from a newer version of pail", i)
		}
		if !counts(o.Statuses, o.Count, o.Anonymous) {
			return fmt.Errorf("operations[%d]: the counts cannot be", i)
		}
	}
	for i := range r.Git {
		g := &r.Git[i]
		if !repository(g.Repository) {
			return fmt.Errorf("git[%d]: the repository is no WORKSPACE/REPOSITORY", i)
		}
		if !counts(nil, g.Fetches, g.Pushes, g.Anonymous) {
			return fmt.Errorf("git[%d]: the counts cannot be", i)
		}
	}
	for i := range r.Refused {
		if !r.Refused[i].valid() {
			return fmt.Errorf("refused[%d]: this is no refusal", i)
		}
	}
	for i := range r.Unmatched {
		u := &r.Unmatched[i]
		if masked(u.Path) != u.Path || !counts(u.Statuses, u.Count) || !known(u.Reason) || u.Nearest == nil || method(u.Method) != u.Method && u.Method != "OTHER" ||
			slices.ContainsFunc(u.Nearest, func(key string) bool { return lookup(key) == nil }) {
			return fmt.Errorf("unmatched[%d]: this is no call", i)
		}
	}
	for i := range r.Credentials {
		if c := &r.Credentials[i]; credentialType(c.Type) != c.Type || !counts(nil, c.Count) {
			return fmt.Errorf("credentials[%d]: this is no credential", i)
		}
	}
	if !counts(nil, r.Lost.Handshakes, r.Lost.Unreadable, r.Lost.Others) {
		return errors.New("lost: the counts cannot be")
	}
	return nil
}

func (f *Refused) valid() bool {
	if f.Reason != "" && !known(f.Reason) || !refuses(f.Status) || !counts(nil, f.Count) {
		return false
	}
	if f.Method == "git fetch" || f.Method == "git push" {
		return repository(f.Path)
	}
	return (&Operation{Method: f.Method, Path: f.Path}).operation() != nil
}

// counts tells whether statuses are some and no number is negative.
func counts(statuses map[int]int64, n ...int64) bool {
	for status, count := range statuses {
		if status != 0 && (status < 100 || status > 599) {
			return false
		}
		n = append(n, count)
	}
	return !slices.ContainsFunc(n, func(n int64) bool { return n < 0 })
}

func known(code reason.Code) bool {
	_, ok := reason.Lookup(code)
	return ok
}
