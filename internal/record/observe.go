package record

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/scope"
)

// maxStray bounds how many kinds of calls that are no operation are told apart; further ones are counted together.
const maxStray = 1000

// maxCredentials bounds how many kinds of credentials are told apart.
const maxCredentials = 1000

// Recorder watches requests and their answers go by. It is safe for concurrent use.
type Recorder struct {
	now func() time.Time

	mu          sync.Mutex
	window      Window
	operations  map[*catalog.Operation]*Operation
	git         map[string]*Git
	refused     map[string]*Refused
	unmatched   map[string]*Unmatched
	credentials map[[2]string]*Credential // by the two headers, as they came
	lost        Lost
}

// NewRecorder makes a recorder that has seen nothing. now tells the time.
func NewRecorder(now func() time.Time) *Recorder {
	return &Recorder{now: now, operations: map[*catalog.Operation]*Operation{}, git: map[string]*Git{}, refused: map[string]*Refused{},
		unmatched: map[string]*Unmatched{}, credentials: map[[2]string]*Credential{}}
}

// Recording is what was seen up to now.
func (r *Recorder) Recording() *Recording {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := &Recording{Window: r.window, Lost: r.lost, Git: all(r.git), Refused: all(r.refused), Unmatched: all(r.unmatched)}
	for _, o := range r.operations {
		seen.Operations = append(seen.Operations, *o)
	}
	for _, c := range r.credentials {
		seen.Credentials = append(seen.Credentials, *c)
	}
	return Merge(seen) // a copy, in order
}

// Watch is next, with every request and every answer recorded. Bodies pass by unread, but for a short JSON body of a
// 403, which is read and passed on.
func (r *Recorder) Watch(next http.RoundTripper) http.RoundTripper { return &watched{r, next} }

type watched struct {
	recorder *Recorder
	next     http.RoundTripper
}

func (w *watched) RoundTrip(q *http.Request) (*http.Response, error) {
	// What is told of the request is taken before it is sent: a transport may still write into it afterwards.
	c := callOf(q)
	res, err := w.next.RoundTrip(q)
	if err == nil {
		c.answered(res)
	}
	w.recorder.record(&c)
	return res, err
}

// call is one request and its answer, without anything that is secret.
type call struct {
	method, path string
	operation    *catalog.Operation // nil for git and for what is no operation
	git          gitService
	isGit        bool
	presented    presented

	status  int // 0: no answer
	granted string
	kind    string
	refusal refusal
}

func callOf(q *http.Request) call {
	c := call{method: q.Method, path: q.URL.EscapedPath(), presented: present(q)}
	if c.git, c.isGit = gitRequest(q.Method, q.URL); c.isGit {
		return c
	}
	if below, ok := strings.CutPrefix(c.path, prefix); ok {
		if m, outcome := catalog.FindHere(q.Method, below); outcome == catalog.Found {
			c.operation = m.Operation
		}
	}
	return c
}

// answered notes what the answer says.
func (c *call) answered(res *http.Response) {
	c.status = res.StatusCode
	c.granted, c.kind = strings.Join(res.Header["X-Oauth-Scopes"], ","), res.Header.Get("X-Credential-Type")
	if refuses(c.status) {
		c.refusal = why(c, res)
	}
}

func (r *Recorder) record(c *call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now().UTC()
	r.window = r.window.with(Window{now, now})
	switch {
	case c.isGit:
		r.recordGit(c)
	case c.operation != nil:
		o := r.operations[c.operation]
		if o == nil {
			o = &Operation{Method: c.operation.Method, Path: prefix + c.operation.Template, Statuses: map[int]int64{}}
			r.operations[c.operation] = o
		}
		o.Count++
		o.Statuses[c.status]++
		if c.presented.nothing && c.granted == "" && passes(c.status) {
			o.Anonymous++
		}
		if refuses(c.status) {
			r.refuse(c, Refused{Method: o.Method, Path: o.Path})
		}
	default:
		u := stray(c.method, c.path)
		if len(r.unmatched) >= maxStray && r.unmatched[u.key()] == nil {
			u = Unmatched{Method: u.Method, Path: hidden, Reason: u.Reason, Nearest: []string{}}
		}
		into := entry(r.unmatched, u.key(), Unmatched{Method: u.Method, Path: u.Path, Reason: u.Reason, Nearest: u.Nearest, Statuses: map[int]int64{}})
		into.Count++
		into.Statuses[c.status]++
	}
	if c.granted != "" {
		id := [2]string{c.kind, c.granted}
		known := r.credentials[id]
		if known == nil && len(r.credentials) == maxCredentials {
			return
		}
		if known == nil {
			known = &Credential{Type: credentialType(c.kind), Granted: scopesOf(c.granted)}
			r.credentials[id] = known
		}
		known.Count++
	}
}

// recordGit counts a fetch or a push by its first request that is let in: git asks for the references once, and may
// send several requests after that. Its very first request, without a credential, is only there to be asked for one.
func (r *Recorder) recordGit(c *call) {
	if refuses(c.status) {
		if c.status == http.StatusUnauthorized && c.presented.nothing {
			return
		}
		f := Refused{Method: "git fetch", Path: c.git.repository}
		if c.git.write {
			f.Method = "git push"
		}
		r.refuse(c, f)
		return
	}
	if !c.git.advertise || c.status != http.StatusOK {
		return
	}
	g := entry(r.git, c.git.repository, Git{Repository: c.git.repository})
	switch {
	case c.git.write:
		g.Pushes++
	default:
		g.Fetches++
		if c.presented.nothing {
			g.Anonymous++
		}
	}
}

func (r *Recorder) refuse(c *call, f Refused) {
	f.Status, f.Reason, f.Missing = c.status, c.refusal.reason, c.refusal.missing
	entry(r.refused, f.key(), f).Count++
}

// note changes a count of what was lost.
func (r *Recorder) note(change func(*Lost)) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.lost)
}

// scopesOf reads a list of scopes from a header. What is no scope is left out.
func scopesOf(header string) (s scope.Set) {
	for name := range strings.FieldsFuncSeq(header, func(c rune) bool { return c == ',' || c == ' ' }) {
		if sc, err := scope.Parse(name); err == nil {
			s = s.Add(sc)
		}
	}
	return s
}

// credentialTypes are the values of X-Credential-Type that are told.
var credentialTypes = []string{"api_token", "app_password", "apppassword", "repo_access_token", "project_access_token",
	"workspace_access_token", "oauth2", "session", ""}

func credentialType(header string) string {
	for _, t := range credentialTypes {
		if header == t {
			return t
		}
	}
	return ""
}

func status(code int) string { return strconv.Itoa(code) }
