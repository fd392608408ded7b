package server

import (
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/pailforge/pail/internal/rest"
)

// exchange is one request and its answer on their way through the middleware. It is the http.ResponseWriter that
// handlers get: it counts, and it moves the connection's deadlines along with the data, so that a clone may take
// hours but a peer that neither sends nor takes a byte for the stall timeout is cut.
//
// An exchange is not reused: a handler that keeps its writer for too long must not write into somebody else's answer.
type exchange struct {
	http.ResponseWriter
	trace  rest.Trace
	header [1]string // the request id, as http.Header wants it

	status int   // 0 until the answer begins
	out    int64 // bytes of the answer's body
	body   body

	limit *time.Timer // ends the request's context unless the answer begins before; nil without a limit

	stall    time.Duration
	multi    bool // HTTP/2: deadlines belong to the stream, and strike even while nobody reads or writes
	mu       sync.Mutex
	deadline deadliner // nil when the connection has none, or when the request is over
	readAt   time.Time // when the read deadline was last moved
	writeAt  time.Time // the same for the write deadline
}

// deadliner is what both HTTP/1 and HTTP/2 response writers of net/http are.
type deadliner interface {
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// Unwrap is for http.ResponseController: full duplex, hijacking and deadlines pass through.
func (e *exchange) Unwrap() http.ResponseWriter { return e.ResponseWriter }

func (e *exchange) begin(status int) {
	if e.status == 0 {
		e.status = status
		if e.limit != nil {
			e.limit.Stop()
		}
	}
}

// WriteHeader begins the answer; informational ones (1xx) do not count as its beginning.
func (e *exchange) WriteHeader(status int) {
	if status >= 200 || status == http.StatusSwitchingProtocols {
		e.begin(status)
	}
	e.ResponseWriter.WriteHeader(status)
}

func (e *exchange) Write(p []byte) (int, error) {
	e.begin(http.StatusOK)
	e.beforeWrite()
	n, err := e.ResponseWriter.Write(p)
	e.out += int64(n)
	e.afterWrite()
	return n, err
}

func (e *exchange) WriteString(s string) (int, error) {
	e.begin(http.StatusOK)
	e.beforeWrite()
	n, err := io.WriteString(e.ResponseWriter, s)
	e.out += int64(n)
	e.afterWrite()
	return n, err
}

// FlushError sends what is buffered.
func (e *exchange) FlushError() error {
	e.begin(http.StatusOK)
	e.beforeWrite()
	err := http.NewResponseController(e.ResponseWriter).Flush()
	e.afterWrite()
	return err
}

// Flush is FlushError for those who ask for an http.Flusher.
func (e *exchange) Flush() { _ = e.FlushError() }

// copyPiece is how much of a file goes out under one deadline: small enough for a slow line.
const copyPiece = 256 << 10

var copyBuffers = sync.Pool{New: func() any { return new([32 << 10]byte) }}

// ReadFrom copies src into the answer. Of a file the kernel does the work (sendfile); anything else is copied here,
// because it may pause longer than one deadline.
func (e *exchange) ReadFrom(src io.Reader) (int64, error) {
	rf, ok := e.ResponseWriter.(io.ReaderFrom)
	if !ok || !isFile(src) {
		buf := copyBuffers.Get().(*[32 << 10]byte)
		defer copyBuffers.Put(buf)
		return io.CopyBuffer(writerOnly{e}, src, buf[:])
	}
	// The kernel only sees a file through one LimitedReader, so the caller's is taken apart.
	rest := int64(-1)
	limited, _ := src.(*io.LimitedReader)
	if limited != nil {
		src, rest = limited.R, limited.N
	}
	var total int64
	for rest != 0 {
		piece := io.LimitedReader{R: src, N: copyPiece}
		if rest > 0 {
			piece.N = min(rest, copyPiece)
		}
		want := piece.N
		e.begin(http.StatusOK)
		e.beforeWrite()
		n, err := rf.ReadFrom(&piece)
		e.afterWrite()
		total += n
		e.out += n
		if limited != nil {
			limited.N -= n
			rest -= n
		}
		if err != nil || n < want {
			return total, err
		}
	}
	return total, nil
}

// writerOnly hides ReadFrom from io.CopyBuffer.
type writerOnly struct{ io.Writer }

// isFile says whether src is a regular file, or a part of one: what never pauses.
func isFile(src io.Reader) bool {
	if l, ok := src.(*io.LimitedReader); ok {
		src = l.R
	}
	f, ok := src.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode().IsRegular()
}

// beforeWrite moves the write deadline, unless it was moved a moment ago.
func (e *exchange) beforeWrite() {
	now := time.Now()
	if now.Sub(e.writeAt) < e.stall/4 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.deadline != nil {
		_ = e.deadline.SetWriteDeadline(now.Add(e.stall)) // a connection that is gone says so at the write
		e.writeAt = now
	}
}

// afterWrite takes the deadline away where it would strike between two writes.
func (e *exchange) afterWrite() {
	if !e.multi {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.deadline != nil {
		_ = e.deadline.SetWriteDeadline(time.Time{})
		e.writeAt = time.Time{}
	}
}

func (e *exchange) beforeRead() {
	now := time.Now()
	if now.Sub(e.readAt) < e.stall/4 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.deadline != nil {
		_ = e.deadline.SetReadDeadline(now.Add(e.stall))
		e.readAt = now
	}
}

// afterRead takes the deadline away where it would strike between two reads.
func (e *exchange) afterRead() {
	if !e.multi {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.deadline != nil {
		_ = e.deadline.SetReadDeadline(time.Time{})
		e.readAt = time.Time{}
	}
}

// over gives what is still buffered one more stall timeout, and ends this exchange's hold on the connection: it
// belongs to the next request now, whatever goroutine may still hold the body.
func (e *exchange) over() {
	if e.out > 0 {
		e.beforeWrite()
	}
	e.mu.Lock()
	e.deadline = nil
	e.mu.Unlock()
}

// body is the request's body, counted and under the stall timeout.
type body struct {
	e     *exchange
	from  io.ReadCloser
	in    int64
	ended bool
}

func (b *body) Read(p []byte) (int, error) {
	if b.ended {
		// From here on net/http reads ahead, to notice that the client is gone, and would take a deadline for that.
		return b.from.Read(p)
	}
	b.e.beforeRead()
	n, err := b.from.Read(p)
	b.in += int64(n)
	b.ended = err != nil
	b.e.afterRead()
	return n, err
}

func (b *body) Close() error { return b.from.Close() }
