package githttp

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/gitstore"
)

// Gate decides about access and knows which repository is meant.
type Gate interface {
	// Admit decides whether the request may read the repository, or write to it. workspace and
	// repository are as in the URL: slugs or UUIDs in braces. A refusal is an error, best one that
	// implements Refusal; any other is answered with 500 and no detail.
	Admit(r *http.Request, workspace, repository string, write bool) (Repository, error)
}

// Refusal is an error that knows how to tell a Git client.
type Refusal interface {
	error
	// GitAnswer gives the status (400 to 599), further headers (the challenge of a 401, for
	// example) and the lines that git prints as "remote: <line>". Git prints them only when they
	// answer its first request (info/refs). Where a later one is refused, which happens when a right
	// is lost in between, the lines go into an answer with status 200, in Git's own form for refusals,
	// unless the client sent no credential and a 401 asks for one. nil lines stand for the status in words, an empty
	// list for an answer without a body.
	GitAnswer() (status int, header http.Header, lines []string)
}

// RefUpdate is one change of a reference: its full name and its value before and after, where
// zeros stand for "does not exist".
type RefUpdate = gitstore.RefUpdate

// Repository is what Admit gives when the answer is yes.
type Repository struct {
	// ID is the repository's id in the store.
	ID string
	// Pusher says who asks, in the caller's own terms. It is handed on to Observe and goes nowhere else.
	Pusher string
	// MaxPushBytes bounds the pack of a push. 0: the store's own limit.
	MaxPushBytes int64
	// Vet judges a push before git sees it, with what the client says of the references, which git checks later. The
	// new objects are not there yet. An error fails the push without a reason. nil: no objection.
	Vet func(ctx context.Context, updates []RefUpdate) (Verdict, error)
	// Pushed is called once after a push that changed something, with what it really changed, before
	// the client hears of its success. It must be fast. Its context does not end with the connection.
	Pushed func(ctx context.Context, updates []RefUpdate)
	// Remarks gives lines that the person who pushed gets to read, after Pushed. nil: none.
	Remarks func(ctx context.Context, updates []RefUpdate) []string
}

// Verdict is what is said of a push before it happens. In both maps the key is the full name of a reference, and the value
// a sentence for whoever pushes.
type Verdict struct {
	// Refused are references that may not be changed so. One of them refuses the whole push.
	Refused map[string]string
	// Kept are branches that may move forward only: a new value must have the old one in its history, which git finds
	// out when it has the objects. While one of them is in a push, the same holds for its other branches.
	Kept map[string]string
}

// Options tune a Handler. The zero value is fine.
type Options struct {
	// MaxProcesses bounds the requests that git works on at the same time. 0: 64.
	MaxProcesses int
	// MaxWait is how long a request waits for its turn before it is answered 503. 0: 1 minute.
	MaxWait time.Duration
	// Stall is how long a connection may be without a byte in either direction. Git gives a sign of
	// life every 5 seconds. 0: 10 minutes.
	Stall time.Duration
	// MaxRefs bounds the references of one push. 0: 50,000.
	MaxRefs int
	// MaxFetchRequest bounds the decoded body of a request to fetch, in bytes. 0: 64 MiB.
	MaxFetchRequest int64
	// Observe, when set, hears of every request after its end. It must be fast.
	Observe func(Event)
}

// Event is a request that was dealt with.
type Event struct {
	Route
	Pusher   string
	Status   int // 0 when the client left before an answer; of a refusal its own, see Refusal
	Duration time.Duration
	Waited   time.Duration // of it, for a free process
	In, Out  int64         // bytes of the bodies, as on the wire
	Updates  []RefUpdate   // what a push changed
	Err      error         // nil when all went well; for logs, not for the client
}

// Handler serves Git clients.
type Handler struct {
	store *gitstore.Store
	gate  Gate
	o     Options
	turns chan struct{}
}

// New makes a handler for the repositories of a store.
func New(store *gitstore.Store, gate Gate, o Options) *Handler {
	if o.MaxProcesses <= 0 {
		o.MaxProcesses = 64
	}
	if o.MaxWait <= 0 {
		o.MaxWait = time.Minute
	}
	if o.Stall <= 0 {
		o.Stall = 10 * time.Minute
	}
	if o.MaxRefs <= 0 {
		o.MaxRefs = 50_000
	}
	if o.MaxFetchRequest <= 0 {
		o.MaxFetchRequest = 64 << 20
	}
	return &Handler{store: store, gate: gate, o: o, turns: make(chan struct{}, o.MaxProcesses)}
}

// request is one request on its way.
type request struct {
	*Handler
	route Route
	repo  Repository
	x     *exchange
	event Event
}

// ServeHTTP answers a request that Match takes for Git's, and 404 to any other.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	route, ok := Match(r)
	if !ok {
		answer(w, http.StatusNotFound, nil, []string{"This is not the address of a Git repository."})
		return
	}
	q := &request{Handler: h, route: route, event: Event{Route: route}}
	q.x = &exchange{w: w, r: r, rc: http.NewResponseController(w), stall: h.o.Stall}
	begun := time.Now()
	q.serve(w, r)
	if h.o.Observe != nil {
		q.event.Duration = time.Since(begun)
		q.event.In, q.event.Out = q.x.in.Load(), q.x.out.Load()
		if q.x.started && q.event.Status == 0 {
			q.event.Status = http.StatusOK
		}
		h.o.Observe(q.event)
	}
}

func (q *request) serve(w http.ResponseWriter, r *http.Request) {
	noCache(w.Header())
	if q.route.Service == "" {
		q.answer(http.StatusForbidden, nil, "The dumb HTTP protocol is not served here.", "Use git 1.6.6 or later, or another client of the smart protocol.")
		return
	}
	if want := "application/x-" + q.route.Service + "-request"; !q.route.Advertise && r.Header.Get("Content-Type") != want {
		q.answer(http.StatusUnsupportedMediaType, nil, "The Content-Type must be "+want+".")
		return
	}
	repo, err := q.gate.Admit(r, q.route.Workspace, q.route.Repository, q.route.Write())
	if err != nil {
		q.refuse(err)
		return
	}
	q.repo, q.event.Pusher = repo, repo.Pusher
	if !q.wait(r.Context()) {
		return
	}
	defer func() { <-q.turns }()
	switch {
	case q.route.Advertise:
		q.advertise()
	case q.route.Write():
		q.receive()
	default:
		q.upload()
	}
}

// noCache is what Git's own server sends.
func noCache(h http.Header) {
	h.Set("Expires", "Fri, 01 Jan 1980 00:00:00 GMT")
	h.Set("Pragma", "no-cache")
	h.Set("Cache-Control", "no-cache, max-age=0, must-revalidate")
}

// answer writes an answer in plain text. Git prints the lines only of this content type.
func answer(w http.ResponseWriter, status int, header http.Header, lines []string) {
	for name, values := range header {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	text := ""
	if len(lines) > 0 {
		text = strings.Join(lines, "\n") + "\n"
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

func (q *request) answer(status int, header http.Header, lines ...string) {
	q.event.Status = status
	answer(q.x.w, status, header, lines)
}

// refuse tells the client why the gate said no.
func (q *request) refuse(err error) {
	q.event.Err = err
	status, header, lines := http.StatusInternalServerError, http.Header(nil), []string{"The server failed. Its log says why."}
	var refusal Refusal
	if errors.As(err, &refusal) {
		status, header, lines = refusal.GitAnswer()
	}
	if lines == nil {
		lines = []string{http.StatusText(status)}
	}
	if !q.route.Advertise && len(lines) > 0 && (status != http.StatusUnauthorized || q.x.r.Header.Get("Authorization") != "") {
		_, end := q.x.begin(false)
		defer end()
		if q.refuseInside(lines) {
			q.event.Status = status
			return
		}
	}
	q.answer(status, header, lines...)
}

// refuseInside refuses within an answer of the protocol. It tells whether that was possible.
func (q *request) refuseInside(lines []string) bool {
	q.x.contentType = "application/x-" + q.route.Service + "-result"
	body, err := q.x.body()
	if err != nil {
		return false
	}
	if !q.route.Write() {
		drop(body, maxDroppedRefused)
		text := "ERR"
		for i, line := range lines[:min(len(lines), 20)] {
			text += " \n"[min(i, 1):][:1] + oneLine(line)
		}
		_, _ = q.x.Write(appendPacket(nil, text))
		return true
	}
	in := bufio.NewReader(body)
	c, err := readCommands(in, commandLimits{q.o.MaxRefs, maxDroppedRefused})
	if err != nil || len(c.updates) == 0 {
		return false
	}
	drop(in, maxDroppedRefused)
	_, _ = q.x.Write(c.refusal(lines, func(string) string { return lines[0] }))
	return true
}

// wait waits for a free process.
func (q *request) wait(ctx context.Context) bool {
	select {
	case q.turns <- struct{}{}:
		return true
	default:
	}
	begun := time.Now()
	patience := time.NewTimer(q.o.MaxWait)
	defer patience.Stop()
	defer func() { q.event.Waited = time.Since(begun) }()
	select {
	case q.turns <- struct{}{}:
		return true
	case <-ctx.Done():
		q.event.Err = context.Cause(ctx)
	case <-patience.C:
		q.event.Err = errBusy
		q.answer(http.StatusServiceUnavailable, http.Header{"Retry-After": {"30"}}, "The server is busy with other Git requests.", "Try again in half a minute.")
	}
	return false
}

var errBusy = errors.New("githttp: no free process in time")

func (q *request) options() gitstore.ServeOptions {
	return gitstore.ServeOptions{
		Protocol: q.x.r.Header.Get("Git-Protocol"), StatelessRPC: true,
		AdvertiseRefs: q.route.Advertise, MaxPushBytes: q.repo.MaxPushBytes,
	}
}

// advertise answers info/refs.
func (q *request) advertise() {
	ctx, end := q.x.begin(false)
	defer end()
	q.x.contentType = "application/x-" + q.route.Service + "-advertisement"
	o := q.options()
	run := q.store.UploadPack
	if q.route.Write() {
		run = q.store.ReceivePack
		o.Protocol = "" // pushes have no version 2, and without version 1 the answer is the plainest
	}
	if !strings.Contains(o.Protocol, "version=2") {
		q.x.prefix = append(appendPacket(nil, "# service="+q.route.Service+"\n"), flushPacket...)
	}
	q.finish(run(ctx, q.repo.ID, o, nil, q.x))
}

// upload answers a request to clone or fetch.
func (q *request) upload() {
	ctx, end := q.x.begin(false)
	defer end()
	q.x.contentType = "application/x-git-upload-pack-result"
	body, err := q.x.body()
	if err != nil {
		q.badBody(err)
		return
	}
	q.finish(q.store.UploadPack(ctx, q.repo.ID, q.options(), &limited{body, q.o.MaxFetchRequest}, q.x))
}

// badBody answers a body that cannot be read.
func (q *request) badBody(err error) {
	q.event.Err = err
	switch {
	case errors.Is(err, errEncoding):
		q.answer(http.StatusUnsupportedMediaType, http.Header{"Accept-Encoding": {"gzip"}}, "The Content-Encoding must be gzip or none.")
	case errors.Is(err, errTooMany):
		q.answer(http.StatusRequestEntityTooLarge, nil, "A push can change at most "+strconv.Itoa(q.o.MaxRefs)+" references.", "Push them in parts.")
	default:
		q.answer(http.StatusBadRequest, nil, "The request body is not what a Git client sends.")
	}
}

// finish ends a request that git has dealt with.
func (q *request) finish(err error) {
	if err == nil {
		err = q.x.open() // git may have nothing to say
	}
	q.event.Err = err
	if err == nil || q.x.started || q.x.r.Context().Err() != nil || errors.Is(err, ErrStalled) {
		return
	}
	switch {
	case errors.Is(err, gitstore.ErrNotFound):
		q.answer(http.StatusNotFound, nil, "The repository is not there.")
	case errors.Is(err, errTooLong):
		q.answer(http.StatusRequestEntityTooLarge, nil, "The request to fetch is too long.")
	case gitstore.InputFailed(err):
		q.badBody(err)
	default:
		q.answer(http.StatusInternalServerError, nil, "Git failed on the server. Its log says why.")
	}
}
