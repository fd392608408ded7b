package wire

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/reason"
)

// Rejection is a request that was refused before any handler, with its cause.
type Rejection struct {
	// Status is the HTTP status that net/http chose: 400, 408, 417, 431, 501 or
	// 505.
	Status int

	Code   reason.Code
	Detail string // about this request; no value of a header is in it
	Header string // the header to blame, when it is a common one
	Lines  int    // for reason.HeaderLineBreak, over how many lines it is broken

	// Method and Path are from the request line as far as it can be read, or
	// empty. The path is without the query, at most 256 bytes of printable
	// ASCII, and nobody has checked that it exists.
	Method string
	Path   string

	// RequestID is set by the listener, empty from Diagnose.
	RequestID string
}

const (
	// errorHeaders stand in every refusal of net/http and, with the status line
	// right before them, in no answer of a handler: that has a Date.
	errorHeaders = "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"

	statusExpectation = "417 Expectation Failed"
	statusTimeout     = "408 Request Timeout"
	statusPlainOnTLS  = "400 Client sent an HTTP request to an HTTPS server"
)

// refusal returns the status text of a refusal written by net/http itself, for
// example "400 Bad Request: invalid header value".
func refusal(b []byte) (status string, ok bool) {
	if len(b) < 12 || string(b[:7]) != "HTTP/1." || b[8] != ' ' || b[9] != '4' && b[9] != '5' {
		return "", false
	}
	end := bytes.IndexByte(b, '\r')
	if end < 0 {
		return "", false
	}
	line := b[len("HTTP/1.1 "):end]
	if bytes.HasPrefix(b[end:], []byte(errorHeaders)) || string(line) == statusExpectation {
		return string(line), true
	}
	return "", false
}

// Write passes everything on, except a refusal by net/http while no handler has
// the request: in its place goes the answer with the reason.
func (c *conn) Write(b []byte) (int, error) {
	c.mu.Lock()
	head := c.phase == readingHead
	c.mu.Unlock()
	if head {
		if status, ok := refusal(b); ok {
			c.reject(status)
			return len(b), nil
		}
	}
	return c.Conn.Write(b)
}

// late is called when the time for a read has run out. With a part of a head
// there is somebody to tell; net/http closes the connection without a word.
func (c *conn) late() {
	c.mu.Lock()
	partial := c.phase == readingHead && c.head != nil && c.sure &&
		len(bytes.Trim(*c.head, "\r\n")) > 0 && headEnd(*c.head) < 0
	c.mu.Unlock()
	if partial {
		c.reject(statusTimeout)
	}
}

// reject finds the cause, writes the answer and waits a little for the client
// to read it.
func (c *conn) reject(status string) {
	c.mu.Lock()
	if c.phase == stopped {
		c.mu.Unlock()
		return
	}
	c.phase = stopped
	head := c.head
	c.head = nil
	c.mu.Unlock()
	if head != nil && statusCode(status) == http.StatusBadRequest {
		c.readHead(head)
	}

	var r Rejection
	if head != nil && c.sure {
		r = Diagnose(*head, status)
	} else {
		r = Diagnose(nil, status)
	}
	giveHead(head)
	r.RequestID = c.shared.RequestID()
	if c.shared.Observe != nil {
		c.shared.Observe(r, c.raw.RemoteAddr())
	}
	_ = c.Conn.SetWriteDeadline(time.Now().Add(answerTimeout))
	if _, err := c.Conn.Write(render(c.shared.Answer, r)); err != nil {
		return
	}
	c.linger()
}

const (
	answerTimeout = 5 * time.Second
	lingerTimeout = 500 * time.Millisecond
	lingerBytes   = 1 << 20
	headTimeout   = 200 * time.Millisecond
)

// render makes the bytes of the answer.
func render(answer func(Rejection) (int, http.Header, []byte), r Rejection) []byte {
	status, header, body := answer(r)
	if status < 400 || status > 599 {
		status = r.Status
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	_ = header.WriteSubset(&b, map[string]bool{"Connection": true, "Content-Length": true, "Date": true, "Transfer-Encoding": true})
	b.WriteString("Date: " + time.Now().UTC().Format(http.TimeFormat) + "\r\n")
	b.WriteString("Content-Length: " + strconv.Itoa(len(body)) + "\r\nConnection: close\r\n\r\n")
	if r.Method != http.MethodHead {
		b.Write(body)
	}
	return b.Bytes()
}

// linger ends the sending direction and reads what the client still sends, for
// a bounded time. To close at once, with bytes unread, would make the kernel
// reset the connection, and the client could lose the answer.
func (c *conn) linger() {
	_ = c.CloseWrite()
	if c.raw != c.Conn {
		if tcp, ok := c.raw.(*net.TCPConn); ok {
			_ = tcp.CloseWrite()
		}
	}
	_ = c.raw.SetReadDeadline(time.Now().Add(lingerTimeout))
	_, _ = io.CopyN(io.Discard, c.raw, lingerBytes)
}

// readHead reads on until the head is complete, so that the whole of a broken
// header is seen: net/http stops at the first line that it cannot take.
func (c *conn) readHead(head *[]byte) {
	_ = c.Conn.SetReadDeadline(time.Now().Add(headTimeout))
	for headEnd(*head) < 0 && len(*head) < c.shared.MaxHead {
		var buf [1 << 10]byte
		n, err := c.Conn.Read(buf[:min(len(buf), c.shared.MaxHead-len(*head))])
		*head = append(*head, buf[:n]...)
		if err != nil {
			return
		}
	}
}

// statusCode is the number at the beginning of a status text; 400 when there is
// none.
func statusCode(status string) int {
	number, _, _ := strings.Cut(status, " ")
	if n, err := strconv.Atoi(number); err == nil && n >= 400 && n <= 599 {
		return n
	}
	return http.StatusBadRequest
}
