package githttp

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/gitserve"
	"github.com/pailforge/pail/internal/gitstore"
)

// Gate decides about access and knows which repository is meant.
type Gate interface {
	// Admit decides whether the request may read the repository, or write to it. workspace and
	// repository are as in the URL: slugs or UUIDs in braces; of a snippet as gitserve.Address gives them. A refusal is an error, best one that
	// implements Refusal; any other is answered with 500 and no detail.
	Admit(r *http.Request, workspace, repository string, write bool) (Repository, error)
}

// What a Gate gives; see package gitserve.
type (
	Repository = gitserve.Repository
	Verdict    = gitserve.Verdict
	Refusal    = gitserve.Refusal
	RefUpdate  = gitserve.RefUpdate
)

// Options tune a Handler. The zero value is fine.
type Options struct {
	// Turns bound the requests that git works on at the same time; who does not get one is answered 503. nil: 64 of its own.
	Turns *gitserve.Turns
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
}

// New makes a handler for the repositories of a store.
func New(store *gitstore.Store, gate Gate, o Options) *Handler {
	if o.Turns == nil {
		o.Turns = gitserve.NewTurns(0, 0)
	}
	if o.Stall <= 0 {
		o.Stall = 10 * time.Minute
	}
	if o.MaxRefs <= 0 {
		o.MaxRefs = gitserve.DefaultMaxRefs
	}
	if o.MaxFetchRequest <= 0 {
		o.MaxFetchRequest = gitserve.DefaultMaxFetchRequest
	}
	return &Handler{store: store, gate: gate, o: o}
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
	done, waited, err := q.o.Turns.Take(r.Context())
	q.event.Waited = waited
	if err != nil {
		if q.event.Err = err; errors.Is(err, gitserve.ErrBusy) {
			q.answer(http.StatusServiceUnavailable, http.Header{"Retry-After": {"30"}}, "The server is busy with other Git requests.", "Try again in half a minute.")
		}
		return
	}
	defer done()
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
		gitserve.Drop(body, maxDroppedRefused)
		text := "ERR"
		for i, line := range lines[:min(len(lines), 20)] {
			text += " \n"[min(i, 1):][:1] + gitserve.OneLine(line)
		}
		_, _ = q.x.Write(gitserve.AppendPacket(nil, text))
		return true
	}
	in := bufio.NewReader(body)
	c, err := gitserve.ReadCommands(in, gitserve.CommandLimits{Count: q.o.MaxRefs, Bytes: maxDroppedRefused})
	if err != nil || len(c.Updates) == 0 {
		return false
	}
	gitserve.Drop(in, maxDroppedRefused)
	_, _ = q.x.Write(c.Refusal(lines, func(string) string { return lines[0] }))
	return true
}

func (q *request) options() gitstore.ServeOptions {
	return gitstore.ServeOptions{
		Protocol: q.x.r.Header.Get("Git-Protocol"), StatelessRPC: true,
		AdvertiseRefs: q.route.Advertise,
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
		q.x.prefix = append(gitserve.AppendPacket(nil, "# service="+q.route.Service+"\n"), gitserve.FlushPacket...)
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
	q.finish(q.store.UploadPack(ctx, q.repo.ID, q.options(), gitserve.Limit(body, q.o.MaxFetchRequest), q.x))
}

// receive answers a push.
func (q *request) receive() {
	ctx, end := q.x.begin(true)
	defer end()
	q.x.contentType = "application/x-git-receive-pack-result"
	body, err := q.x.body()
	if err != nil {
		q.badBody(err)
		return
	}
	in := bufio.NewReaderSize(body, 32<<10)
	c, err := gitserve.ReadCommands(in, gitserve.CommandLimits{Count: q.o.MaxRefs, Bytes: gitserve.MaxCommandBytes})
	if err != nil {
		gitserve.Drop(in, gitserve.MaxDropped)
		q.badBody(err)
		return
	}
	if len(c.Updates) == 0 { // git asks whether it may before it sends much
		q.event.Err = q.x.open()
		return
	}
	q.event.Updates, err = gitserve.Push(ctx, q.store, q.repo, c, in, q.x, q.options())
	q.finish(err)
}

// badBody answers a body that cannot be read.
func (q *request) badBody(err error) {
	q.event.Err = err
	switch {
	case errors.Is(err, errEncoding):
		q.answer(http.StatusUnsupportedMediaType, http.Header{"Accept-Encoding": {"gzip"}}, "The Content-Encoding must be gzip or none.")
	case errors.Is(err, gitserve.ErrTooMany):
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
	if err == nil || q.x.started || q.x.r.Context().Err() != nil || errors.Is(err, gitserve.ErrStalled) {
		return
	}
	switch {
	case errors.Is(err, gitstore.ErrNotFound):
		q.answer(http.StatusNotFound, nil, "The repository is not there.")
	case errors.Is(err, gitserve.ErrTooLong):
		q.answer(http.StatusRequestEntityTooLarge, nil, "The request to fetch is too long.")
	case gitstore.InputFailed(err):
		q.badBody(err)
	default:
		q.answer(http.StatusInternalServerError, nil, "Git failed on the server. Its log says why.")
	}
}
