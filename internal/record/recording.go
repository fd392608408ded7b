package record

import (
	"cmp"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/scope"
)

// Recording is what was seen of an automation's requests. It holds no secret, no body, no value of a query, and of
// paths only what the catalogue itself says; the one exception are the names of repositories that git talked to.
//
// What was seen can be added up; what follows from it (every Scopes, and Deprecated) is worked out anew by [Merge] and
// [Read].
type Recording struct {
	Window      Window       `json:"window"`
	Operations  []Operation  `json:"operations"`
	Git         []Git        `json:"git"`
	Scopes      Scopes       `json:"scopes"`
	Refused     []Refused    `json:"refused"`
	Unmatched   []Unmatched  `json:"unmatched"`
	Deprecated  []Deprecated `json:"deprecated"`
	Credentials []Credential `json:"credentials"`
	Lost        Lost         `json:"lost"`
}

// Window is the time between the first and the last request.
type Window struct {
	Start time.Time `json:"start,omitzero"` // left out when there was none
	End   time.Time `json:"end,omitzero"`
}

// Operation is one operation of the catalogue and how often it was called.
type Operation struct {
	Method   string        `json:"method"`
	Path     string        `json:"path"` // the template, with /2.0 in front
	Count    int64         `json:"count"`
	Statuses map[int]int64 `json:"statuses"` // 0: no answer arrived
	// Anonymous is how many calls were answered without a credential: they need no scope.
	Anonymous int64 `json:"anonymous,omitempty"`
	// Scopes is what an API token needs for it; where there is a choice, the one that Scopes.Least makes.
	Scopes scope.Set `json:"scopes"`
}

// Git is one repository and how often git fetched from it and pushed to it.
type Git struct {
	Repository string    `json:"repository"` // workspace/repository, workspace/repository/wiki or snippets/workspace/id, as in the URL
	Fetches    int64     `json:"fetches"`
	Pushes     int64     `json:"pushes"`
	Anonymous  int64     `json:"anonymous,omitempty"` // fetches without a credential
	Scopes     scope.Set `json:"scopes"`
}

// Scopes compares what the calls need with what the credential has.
type Scopes struct {
	Least   scope.Set  `json:"least"`   // the least for all that was let in
	Granted *scope.Set `json:"granted"` // nil: no answer told
	Unused  *scope.Set `json:"unused"`  // granted, and not needed
	// Refused is what the refused calls would have needed beyond Least.
	Refused scope.Set `json:"refused"`
}

// Refused is a kind of call that was turned away.
type Refused struct {
	Method  string      `json:"method"` // "git fetch" and "git push" for git
	Path    string      `json:"path"`   // the template, or the repository
	Status  int         `json:"status"`
	Reason  reason.Code `json:"reason,omitempty"` // empty: the answer does not tell
	Missing scope.Set   `json:"missing"`
	Count   int64       `json:"count"`
}

// Unmatched is a kind of call that is no operation.
type Unmatched struct {
	Method   string        `json:"method"`
	Path     string        `json:"path"` // {…} stands for names
	Reason   reason.Code   `json:"reason"`
	Nearest  []string      `json:"nearest"` // operations that were probably meant, best first
	Count    int64         `json:"count"`
	Statuses map[int]int64 `json:"statuses"`
}

// Deprecated is an operation of the recording that is on its way out, or gone.
type Deprecated struct {
	Method      string   `json:"method"`
	Path        string   `json:"path"`
	Removed     bool     `json:"removed"`
	Change      string   `json:"change,omitempty"` // the entry in Bitbucket's changelog
	Replacement []string `json:"replacement"`
}

// Credential is a kind of credential with the scopes that it was seen to have.
type Credential struct {
	Type    string    `json:"type"` // as X-Credential-Type says; may be empty
	Granted scope.Set `json:"granted"`
	Count   int64     `json:"count"` // answers
}

// Lost counts what could not be recorded.
type Lost struct {
	Handshakes int64 `json:"handshakes"` // clients that did not take the recorder's certificate
	Unreadable int64 `json:"unreadable"` // requests that are no HTTP, such as with a line break in a header
	Others     int64 `json:"others"`     // connections to other hosts, passed on unread
}

// add is a sum that stops at the largest number instead of turning around.
func add(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

func addAll(into, from map[int]int64) {
	for status, n := range from {
		into[status] = add(into[status], n)
	}
}

// passes tells whether an answer means that the credential was good for the call: whatever came then (a conflict, a
// wrong value, something that is not there) came after the scopes were looked at.
func passes(status int) bool {
	switch status {
	case 0, http.StatusUnauthorized, http.StatusForbidden, http.StatusGone, http.StatusNotImplemented:
		return false
	}
	return true
}

// operation finds the catalogue's entry; nil for what is none.
func (o *Operation) operation() *catalog.Operation { return lookup(o.Method + " " + o.Path) }

// needed tells whether a call was let in for its credential.
func (o *Operation) needed() bool {
	var let int64
	for status, n := range o.Statuses {
		if passes(status) {
			let = add(let, n)
		}
	}
	return let > o.Anonymous
}

// gitOperations are what git does on a repository, a wiki or a snippet: read and write.
func gitOperations(repository string) (read, write *catalog.Operation) {
	switch long := strings.Count(repository, "/") == 2; {
	case long && strings.HasPrefix(repository, snippets):
		return catalog.GitSnippetRead, catalog.GitSnippetWrite
	case long && strings.HasSuffix(repository, wiki):
		return catalog.GitWikiRead, catalog.GitWikiWrite
	}
	return catalog.GitRead, catalog.GitWrite
}

// operations is what git did with a credential.
func (g *Git) operations() (all []*catalog.Operation) {
	read, write := gitOperations(g.Repository)
	if g.Fetches > g.Anonymous {
		all = append(all, read)
	}
	if g.Pushes > 0 {
		all = append(all, write)
	}
	return all
}

// requirements is what git needs on a repository.
func (g *Git) requirements() (all []scope.Requirement) {
	for _, op := range g.operations() {
		all = append(all, op.Scopes)
	}
	return all
}

// finish sorts a recording and works out what follows from what was seen.
func (r *Recording) finish() *Recording {
	slices.SortFunc(r.Operations, func(a, b Operation) int { return cmp.Or(cmp.Compare(a.Path, b.Path), order(a.Method, b.Method)) })
	slices.SortFunc(r.Git, func(a, b Git) int { return cmp.Compare(a.Repository, b.Repository) })
	slices.SortFunc(r.Refused, func(a, b Refused) int { return cmp.Compare(a.key(), b.key()) })
	slices.SortFunc(r.Unmatched, func(a, b Unmatched) int { return cmp.Compare(a.key(), b.key()) })
	slices.SortFunc(r.Credentials, func(a, b Credential) int { return cmp.Compare(a.key(), b.key()) })

	var needs []scope.Requirement
	r.Deprecated = []Deprecated{}
	for i := range r.Operations {
		o := &r.Operations[i]
		op := o.operation()
		if o.needed() && op.Accepts.Has(catalog.APIToken) {
			needs = append(needs, op.Scopes)
		}
		if op.Deprecated || op.Removed != nil {
			d := Deprecated{Method: o.Method, Path: o.Path, Replacement: []string{}}
			if op.Removed != nil {
				d.Removed, d.Change = true, op.Removed.Change
				for _, key := range op.Removed.Replacement {
					d.Replacement = append(d.Replacement, full(key))
				}
			}
			r.Deprecated = append(r.Deprecated, d)
		}
	}
	for i := range r.Git {
		g := &r.Git[i]
		g.Scopes = scope.Least(g.requirements()...)
		needs = append(needs, g.requirements()...)
	}
	r.Scopes = Scopes{Least: scope.Least(needs...)}
	for i := range r.Operations {
		o := &r.Operations[i]
		o.Scopes = o.operation().Scopes.Nearest(r.Scopes.Least)
	}
	for _, f := range r.Refused {
		r.Scopes.Refused = r.Scopes.Refused.Union(f.Missing)
	}
	r.Scopes.Refused = r.Scopes.Refused.Without(r.Scopes.Least)
	if len(r.Credentials) > 0 {
		r.compare()
	}
	return r
}

// compare says what of the granted scopes the calls did not need. Legacy scopes are compared with the legacy scopes
// that the operations take.
func (r *Recording) compare() {
	var granted scope.Set
	for _, c := range r.Credentials {
		granted = granted.Union(c.Granted)
	}
	needed := r.Scopes.Least
	for i := range r.Operations {
		if o := &r.Operations[i]; o.needed() {
			needed = needed.Union(o.operation().OAuthScopes.Nearest(granted)).Union(o.operation().Scopes.Nearest(granted))
		}
	}
	for i := range r.Git {
		for _, op := range r.Git[i].operations() {
			needed = needed.Union(op.OAuthScopes.Nearest(granted))
		}
	}
	unused := granted.Without(granted.Serving(needed))
	r.Scopes.Granted, r.Scopes.Unused = &granted, &unused
}

func order(a, b string) int {
	at := func(m string) int { return slices.Index([]string{"GET", "POST", "PUT", "DELETE"}, m) }
	return cmp.Compare(at(a), at(b))
}

// The keys under which what was seen is added up.
func (f *Refused) key() string {
	return strings.Join([]string{f.Path, f.Method, status(f.Status), string(f.Reason), f.Missing.String()}, "\x00")
}
func (u *Unmatched) key() string {
	return strings.Join(append([]string{u.Path, u.Method, string(u.Reason)}, u.Nearest...), "\x00")
}
func (c *Credential) key() string { return c.Type + "\x00" + c.Granted.String() }

// Merge adds recordings up. The order in which they are given, and in which merged ones are merged again, makes no
// difference.
func Merge(recordings ...*Recording) *Recording {
	var (
		sum         = &Recording{}
		operations  = map[string]*Operation{}
		git         = map[string]*Git{}
		refused     = map[string]*Refused{}
		unmatched   = map[string]*Unmatched{}
		credentials = map[string]*Credential{}
	)
	for _, r := range recordings {
		sum.Window = sum.Window.with(r.Window)
		for _, o := range r.Operations {
			into := entry(operations, o.Method+" "+o.Path, Operation{Method: o.Method, Path: o.Path, Statuses: map[int]int64{}})
			into.Count, into.Anonymous = add(into.Count, o.Count), add(into.Anonymous, o.Anonymous)
			addAll(into.Statuses, o.Statuses)
		}
		for _, g := range r.Git {
			into := entry(git, g.Repository, Git{Repository: g.Repository})
			into.Fetches, into.Pushes, into.Anonymous = add(into.Fetches, g.Fetches), add(into.Pushes, g.Pushes), add(into.Anonymous, g.Anonymous)
		}
		for _, f := range r.Refused {
			n := f.Count
			f.Count = 0
			into := entry(refused, f.key(), f)
			into.Count = add(into.Count, n)
		}
		for _, u := range r.Unmatched {
			into := entry(unmatched, u.key(), Unmatched{Method: u.Method, Path: u.Path, Reason: u.Reason, Nearest: u.Nearest, Statuses: map[int]int64{}})
			into.Count = add(into.Count, u.Count)
			addAll(into.Statuses, u.Statuses)
		}
		for _, c := range r.Credentials {
			into := entry(credentials, c.key(), Credential{Type: c.Type, Granted: c.Granted})
			into.Count = add(into.Count, c.Count)
		}
		sum.Lost = Lost{add(sum.Lost.Handshakes, r.Lost.Handshakes), add(sum.Lost.Unreadable, r.Lost.Unreadable), add(sum.Lost.Others, r.Lost.Others)}
	}
	sum.Operations, sum.Git, sum.Refused = all(operations), all(git), all(refused)
	sum.Unmatched, sum.Credentials = all(unmatched), all(credentials)
	return sum.finish()
}

// entry is what m holds under key; first is put there when nothing is.
func entry[T any](m map[string]*T, key string, first T) *T {
	if m[key] == nil {
		m[key] = &first
	}
	return m[key]
}

// all is what m holds, never nil.
func all[T any](m map[string]*T) []T {
	out := make([]T, 0, len(m))
	for v := range maps.Values(m) {
		out = append(out, *v)
	}
	return out
}

// with is the window around both.
func (w Window) with(v Window) Window {
	if w.Start.IsZero() || !v.Start.IsZero() && v.Start.Before(w.Start) {
		w.Start = v.Start
	}
	if v.End.After(w.End) {
		w.End = v.End
	}
	return w
}
