package wire

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
)

// phase is where a connection stands between two requests.
type phase uint8

const (
	readingHead phase = iota // net/http reads, no handler has the request yet
	handling                 // a handler has the request, or the whole connection
	stopped                  // answered here or closed: nothing is watched
)

// conn watches one connection of HTTP/1. Reads may come from net/http's
// background reader while a handler writes, hence the lock.
type conn struct {
	net.Conn          // what net/http reads from and writes to
	raw      net.Conn // below TLS, for the time after the answer
	shared   *shared

	mu    sync.Mutex
	phase phase

	// head is what has been read since the head began, up to Config.MaxHead;
	// total counts all of it, body included.
	head     *[]byte
	total    int64
	lineDone bool // the request line was looked at

	// sure tells that head begins where a request begins. It is lost when a
	// client sends requests without waiting for the answers, and stays lost.
	sure bool

	// What is needed to know whether the body was read to its end and no further.
	bodyLength int64 // of the request being handled; -1 when chunked
	bodyRead   int64
	tail       [5]byte // the last bytes read

	// While a handler runs, net/http's background reader reads a single byte to
	// notice when the client goes away. That byte begins the next request.
	early    byte
	hasEarly bool
}

// plainConn is a connection without TLS. It must not have a ConnectionState
// method, since net/http takes that as a sign of TLS.
type plainConn struct{ conn }

// secureConn is a connection of HTTP/1 over TLS.
type secureConn struct {
	conn
	tls *tls.Conn
}

func (c *plainConn) wire() *conn  { return &c.conn }
func (c *secureConn) wire() *conn { return &c.conn }

// ConnectionState is where net/http gets Request.TLS from.
func (c *secureConn) ConnectionState() tls.ConnectionState { return c.tls.ConnectionState() }

// NetConn is the connection below TLS.
func (c *secureConn) NetConn() net.Conn { return c.raw }

// ReadFrom lets net/http send files by the kernel, as it does on a bare
// connection. It is called by handlers only, so there is nothing to watch.
func (c *plainConn) ReadFrom(src io.Reader) (int64, error) {
	if rf, ok := c.Conn.(io.ReaderFrom); ok {
		return rf.ReadFrom(src)
	}
	return io.Copy(struct{ io.Writer }{c.Conn}, src)
}

// CloseWrite ends the sending direction; net/http does so after a 431.
func (c *conn) CloseWrite() error {
	if cw, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return cw.CloseWrite()
	}
	return errors.ErrUnsupported
}

// Close closes the connection and gives the buffer back.
func (c *conn) Close() error {
	c.stop()
	return c.Conn.Close()
}

// heads keeps buffers for the heads of requests. Those that grew large are left
// to the garbage collector.
var heads = sync.Pool{New: func() any { b := make([]byte, 0, 2<<10); return &b }}

const keepHead = 16 << 10

func takeHead() *[]byte { return heads.Get().(*[]byte) }

func giveHead(b *[]byte) {
	if b == nil || cap(*b) > keepHead {
		return
	}
	*b = (*b)[:0]
	heads.Put(b)
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.saw(p[:n], len(p))
	}
	if err != nil && len(p) > 1 && errors.Is(err, os.ErrDeadlineExceeded) {
		c.late()
	}
	return n, err
}

// saw takes note of bytes that were read into a buffer of the given size.
func (c *conn) saw(b []byte, size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase == stopped {
		return
	}
	// Only the background reader has a buffer of one byte. It can start before
	// the handler is entered, so the phase does not tell.
	if size == 1 {
		c.early, c.hasEarly = b[0], true
		return
	}
	if c.phase == handling {
		c.bodyRead += int64(len(b))
		c.keepTail(b)
		return
	}
	if c.head == nil {
		c.head = takeHead()
	}
	c.remember(b)
}

// remember appends to the head. With Config.SpacesInQuery it changes b, which
// net/http has not seen yet.
func (c *conn) remember(b []byte) {
	c.total += int64(len(b))
	c.keepTail(b)
	start := len(*c.head)
	if room := c.shared.MaxHead - start; room < len(b) {
		*c.head = append(*c.head, b[:max(room, 0)]...)
	} else {
		*c.head = append(*c.head, b...)
	}
	if c.lineDone {
		return
	}
	end := bytes.IndexByte((*c.head)[start:], '\n')
	if end < 0 {
		return
	}
	c.lineDone = true
	if c.shared.SpacesInQuery && c.sure {
		joinQuery((*c.head)[:start+end], b, start)
	}
	if c.shared.h2c && bytes.HasPrefix(*c.head, []byte("PRI * HTTP/2.0")) {
		c.phase = stopped
	}
}

// joinQuery replaces the spaces inside the query of a request line by plus
// signs, in line and in chunk, whose first byte stands at start of the line's
// text. It changes nothing when one of them was handed out before, when the line
// does not end in a version of HTTP, or when a space stands before the query:
// then there is more than one way to read it.
func joinQuery(line, chunk []byte, start int) {
	line = bytes.TrimSuffix(line, []byte("\r"))
	last := len(line) - len(" HTTP/1.1")
	if last < 0 || !(bytes.HasSuffix(line, []byte(" HTTP/1.1")) || bytes.HasSuffix(line, []byte(" HTTP/1.0"))) {
		return
	}
	method := bytes.IndexByte(line, ' ')
	if method == last {
		return
	}
	query := bytes.IndexByte(line[:last], '?')
	space := method + 1 + bytes.IndexByte(line[method+1:], ' ')
	if query < 0 || space < query || space < start {
		return
	}
	for i := space; i < last; i++ {
		if line[i] == ' ' {
			line[i] = '+'
			chunk[i-start] = '+'
		}
	}
}

func (c *conn) keepTail(b []byte) {
	if n := len(b); n >= len(c.tail) {
		copy(c.tail[:], b[n-len(c.tail):])
	} else {
		copy(c.tail[:], c.tail[n:])
		copy(c.tail[len(c.tail)-n:], b)
	}
}

// headEnd is the length of the head with the empty line that ends it; -1 when
// there is none. Lines end as net/http takes them: in LF, with or without CR.
func headEnd(b []byte) int {
	end := bytes.Index(b, []byte("\n\r\n"))
	if end >= 0 {
		b = b[:end+1]
		end += 3
	}
	if bare := bytes.Index(b, []byte("\n\n")); bare >= 0 {
		end = bare + 2
	}
	return end
}

// accepted is called when a handler gets the request: its head was good.
// length is that of the body in bytes, -1 when it is chunked.
func (c *conn) accepted(length int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase != readingHead {
		return
	}
	c.phase = handling
	c.bodyLength, c.bodyRead = length, 0
	if c.head == nil {
		// The whole request came together with the one before it.
		c.sure = false
		return
	}
	end := headEnd(*c.head)
	if end < 0 {
		c.sure = false
	} else {
		c.bodyRead = c.total - int64(end)
	}
	giveHead(c.head)
	c.head = nil
}

// idle is called when the answer has been written and the body has been read:
// the next byte that net/http reads begins a request.
func (c *conn) idle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.phase == stopped:
		return
	case c.phase == readingHead:
		// net/http answers "OPTIONS *" without a handler. It has no body.
		if c.head == nil || int64(headEnd(*c.head)) != c.total {
			c.sure = false
		}
	case c.bodyLength < 0:
		// A chunked body ends like this, unless there is more in the buffer of
		// net/http or there are trailers.
		if string(c.tail[:]) != "0\r\n\r\n" {
			c.sure = false
		}
	case c.bodyRead != c.bodyLength:
		c.sure = false
	}
	c.phase, c.total, c.lineDone = readingHead, 0, false
	if c.head != nil {
		giveHead(c.head)
		c.head = nil
	}
	if c.hasEarly {
		c.hasEarly = false
		c.head = takeHead()
		c.remember([]byte{c.early})
	}
}

// stop ends the watching.
func (c *conn) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.phase = stopped
	giveHead(c.head)
	c.head = nil
}
