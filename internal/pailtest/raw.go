package pailtest

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/server/wire"
	"github.com/pailforge/pail/internal/token"
)

// wireTimeout bounds how long a test waits for an answer on a bare connection. It only ends what hangs.
const wireTimeout = 30 * time.Second

// Authorization sends these values of the Authorization header as they are, each as a header of its own.
func Authorization(values ...string) Credential {
	return func(r *http.Request) { r.Header["Authorization"] = values }
}

// Dial opens a bare connection to a server that speaks plain HTTP. It is closed with the test.
func (s *Server) Dial() net.Conn {
	s.T.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	must(s.T, err)
	s.T.Cleanup(func() { _ = c.Close() })
	must(s.T, c.SetDeadline(time.Now().Add(wireTimeout)))
	return c
}

// Raw writes request to a bare connection, byte for byte, and reads one answer. HOST in it stands for the server's
// address. The answer's shape is checked as far as it does not depend on the operation.
func (s *Server) Raw(request string) *Answer {
	s.T.Helper()
	c := s.Dial()
	request = strings.ReplaceAll(request, "HOST", strings.TrimPrefix(s.URL, "http://"))
	go func() { _, _ = io.WriteString(c, request) }() // the server may answer, and close, before all is read
	return s.ReadRaw(c, request)
}

// ReadRaw reads the answer to what was written to a bare connection.
func (s *Server) ReadRaw(c net.Conn, request string) *Answer {
	s.T.Helper()
	method, _, _ := strings.Cut(request, " ")
	r := &http.Request{Method: method, URL: &url.URL{Path: "/"}}
	res, err := http.ReadResponse(bufio.NewReader(c), r)
	if err != nil {
		s.T.Fatalf("no answer to %.80q: %v", request, err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.T.Fatalf("the answer to %.80q ends early: %v", request, err)
	}
	a := &Answer{Status: res.StatusCode, Header: res.Header, Body: b}
	if err := s.check(r, a, malformed(request)); err != nil {
		s.T.Errorf("%.80q → %d: %v\n%s", request, a.Status, err, a.Body)
	}
	return a
}

// malformed reports whether a header of the request is broken, over several lines or by a character: in a way that
// HTTP does not allow, or no longer allows.
func malformed(request string) bool {
	if r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(request))); err == nil {
		return brokenLines(r)
	}
	code := wire.Diagnose([]byte(request), "400 Bad Request").Code
	return code == reason.HeaderLineBreak || code == reason.HeaderControlCharacter || code == reason.HeaderMalformed
}

// brokenLines reports whether the Authorization header of a request that can be read was broken over several lines.
func brokenLines(r *http.Request) bool {
	_, fault := token.ParseAuthorization(r.Header["Authorization"])
	return fault != nil && fault.Code == reason.HeaderLineBreak
}
