package wire

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/reason"
)

// server is a real http.Server behind a listener of this package.
type server struct {
	addr string
	url  string
	srv  *http.Server

	mu   sync.Mutex
	seen []Rejection
	conn map[string]bool // remote addresses that a handler has seen
}

func (s *server) rejections() []Rejection {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Rejection(nil), s.seen...)
}

func (s *server) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conn)
}

const external = "https://pail.example.com"

// serve starts a server that echoes what it got. change may alter the server
// and the configuration before.
func serve(t testing.TB, secure bool, change func(*http.Server, *Config)) *server {
	t.Helper()
	s := &server{conn: map[string]bool{}}
	s.srv = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.conn[r.RemoteAddr] = true
		s.mu.Unlock()
		n, _ := io.Copy(io.Discard, r.Body)
		w.Header().Set("X-Proto", r.Proto)
		w.Header().Set("X-TLS", fmt.Sprint(r.TLS != nil))
		fmt.Fprintf(w, "%s %s %d", r.Method, r.URL.RequestURI(), n)
	})}
	cfg := Config{Answer: JSON(external), Observe: func(r Rejection, _ net.Addr) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.seen = append(s.seen, r)
	}}
	s.url = "http://"
	if secure {
		cfg.TLS = &tls.Config{Certificates: []tls.Certificate{certificate(t)}}
		s.url = "https://"
	}
	if change != nil {
		change(s.srv, &cfg)
	}
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = inner.Addr().String()
	s.url += s.addr
	l := Listen(s.srv, inner, cfg)
	served := make(chan error, 1)
	go func() { served <- s.srv.Serve(l) }()
	t.Cleanup(func() {
		s.srv.Close()
		if err := <-served; err != http.ErrServerClosed {
			t.Errorf("Serve: %v", err)
		}
	})
	return s
}

var certificate = func() func(testing.TB) tls.Certificate {
	var once sync.Once
	var cert tls.Certificate
	return func(t testing.TB) tls.Certificate {
		once.Do(func() {
			key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			template := &x509.Certificate{
				SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "127.0.0.1"},
				NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
				IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
			}
			der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
			if err != nil {
				t.Fatal(err)
			}
			cert = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
		})
		return cert
	}
}()

func clientTLS(protos ...string) *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, NextProtos: protos}
}

// dial opens a connection, with TLS where the server has it.
func (s *server) dial(t testing.TB) net.Conn {
	t.Helper()
	var c net.Conn
	var err error
	if strings.HasPrefix(s.url, "https") {
		c, err = tls.Dial("tcp", s.addr, clientTLS("http/1.1"))
	} else {
		c, err = net.Dial("tcp", s.addr)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return c
}

// answer is the error that a client sees.
type answer struct {
	status int
	header http.Header
	body   []byte
	Type   string
	Error  struct {
		Message, Detail string
		Data            struct {
			Reason    reason.Code
			Doc       string
			RequestID string `json:"request_id"`
			Lines     int
			Fix       []string
		}
	}
}

// send writes raw bytes and reads one answer to its end.
func send(t testing.TB, c net.Conn, raw string) answer {
	t.Helper()
	if _, err := io.WriteString(c, raw); err != nil {
		t.Fatal(err)
	}
	return receive(t, bufio.NewReader(c))
}

func receive(t testing.TB, r *bufio.Reader) answer {
	t.Helper()
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: res.StatusCode, header: res.Header, body: body}
	if res.Header.Get("Content-Type") == "application/json" {
		if err := json.Unmarshal(body, &a); err != nil {
			t.Fatalf("%v in %q", err, body)
		}
	}
	return a
}

// both runs a test with and without TLS.
func both(t *testing.T, f func(t *testing.T, secure bool)) {
	t.Run("plain", func(t *testing.T) { f(t, false) })
	t.Run("TLS", func(t *testing.T) { f(t, true) })
}

const good = "GET /2.0/user HTTP/1.1\r\nHost: x\r\n\r\n"

func TestRefusalsAreExplained(t *testing.T) {
	const host = "Host: x\r\n"
	wrapped := "Authorization: Basic " + wrapAt(76, "\n", "someone@example.com:"+longSecret[:192]) + "\r\n"
	cases := map[string]struct {
		raw    string
		status int
		code   reason.Code
		lines  int
	}{
		"line break":        {"GET /2.0/user HTTP/1.1\r\n" + host + wrapped + "Accept: */*\r\n\r\n", 400, reason.HeaderLineBreak, 4},
		"carriage return":   {"GET / HTTP/1.1\r\n" + host + "Authorization: Bearer x\r\r\n\r\n", 400, reason.HeaderControlCharacter, 0},
		"name with a space": {"GET / HTTP/1.1\r\n" + host + "Authorization : x\r\n\r\n", 400, reason.HeaderMalformed, 0},
		"space in the URL":  {"GET /2.0/a?q=name = 1 HTTP/1.1\r\n" + host + "\r\n", 400, reason.RequestSpaceInTarget, 0},
		"request line":      {"nonsense\r\n\r\n", 400, reason.RequestMalformed, 0},
		"escape":            {"GET /%zz HTTP/1.1\r\n" + host + "\r\n", 400, reason.PathMalformed, 0},
		"host":              {"GET / HTTP/1.1\r\n\r\n", 400, reason.RequestHost, 0},
		"hosts":             {"GET / HTTP/1.1\r\n" + host + host + "\r\n", 400, reason.RequestHost, 0},
		"version":           {"GET / HTTP/3.0\r\n" + host + "\r\n", 505, reason.RequestVersion, 0},
		"transfer encoding": {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n", 501, reason.RequestTransferEncoding, 0},
		"expectation":       {"POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\nExpect: nonsense\r\n\r\nabc", 417, reason.RequestExpectation, 0},
		"expectation 1.0":   {"POST / HTTP/1.0\r\n" + host + "Expect: nonsense\r\n\r\n", 417, reason.RequestExpectation, 0},
		"large header":      {"GET / HTTP/1.1\r\n" + host + "Cookie: " + strings.Repeat("x", 20<<10) + "\r\n\r\n", 431, reason.HeaderTooLarge, 0},
		"large URL":         {"GET /" + strings.Repeat("x", 20<<10) + " HTTP/1.1\r\n" + host + "\r\n", 431, reason.RequestTooLarge, 0},
	}
	both(t, func(t *testing.T, secure bool) {
		s := serve(t, secure, func(srv *http.Server, _ *Config) { srv.MaxHeaderBytes = 8 << 10 })
		for name, c := range cases {
			// First as the first request of a connection, then after two good ones.
			for _, before := range []int{0, 2} {
				t.Run(fmt.Sprintf("%s after %d", name, before), func(t *testing.T) {
					conn := s.dial(t)
					r := bufio.NewReader(conn)
					for range before {
						io.WriteString(conn, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
						if a := receive(t, r); a.status != 200 {
							t.Fatalf("a good request: %d", a.status)
						}
					}
					a := send(t, conn, c.raw)
					if a.status != c.status || a.Error.Data.Reason != c.code || a.Error.Data.Lines != c.lines {
						t.Errorf("%d %s %d lines: %s", a.status, a.Error.Data.Reason, a.Error.Data.Lines, a.body)
					}
					data := a.Error.Data
					if a.Type != "error" || a.Error.Message != reason.Of(c.code).Message || a.Error.Detail == "" || len(data.Fix) == 0 ||
						data.Doc != external+"/docs/errors/"+string(c.code) || data.RequestID == "" {
						t.Errorf("body: %s", a.body)
					}
					if a.header.Get("X-Request-Id") != data.RequestID || a.header.Get("X-Pail-Reason") != string(c.code) || a.header.Get("Date") == "" {
						t.Errorf("headers: %v", a.header)
					}
					if strings.Contains(string(a.body), longSecret[:12]) {
						t.Errorf("the answer tells the secret: %s", a.body)
					}
					if _, err := conn.Read(make([]byte, 1)); err == nil {
						t.Error("the connection stays open")
					}
				})
			}
		}
		for _, r := range s.rejections() {
			if r.RequestID == "" {
				t.Errorf("observed without an id: %+v", r)
			}
		}
		if got := len(s.rejections()); got != 2*len(cases) {
			t.Errorf("observed %d refusals, want %d", got, 2*len(cases))
		}
	})
}

func TestGoodRequestsPass(t *testing.T) {
	both(t, func(t *testing.T, secure bool) {
		s := serve(t, secure, nil)
		conn := s.dial(t)
		r := bufio.NewReader(conn)
		for i, raw := range []string{
			good, "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", good,
			"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
			"POST /b HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
			"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		} {
			io.WriteString(conn, raw)
			if strings.Contains(raw, "100-continue") {
				if a, err := http.ReadResponse(r, nil); err != nil || a.StatusCode != 100 {
					t.Fatalf("%v %v", a, err)
				}
			}
			method, _, _ := strings.Cut(raw, " ")
			res, err := http.ReadResponse(r, &http.Request{Method: method})
			if err != nil {
				t.Fatalf("request %d: %v", i, err)
			}
			io.Copy(io.Discard, res.Body)
			if res.StatusCode != 200 || method != "OPTIONS" && res.Header.Get("X-TLS") != fmt.Sprint(secure) {
				t.Errorf("request %d: %d %v", i, res.StatusCode, res.Header)
			}
		}
		if s.connections() != 1 || len(s.rejections()) != 0 {
			t.Errorf("%d connections, %v", s.connections(), s.rejections())
		}
	})
}

// Requests sent without waiting must never be explained by the wrong head.
func TestPipelining(t *testing.T) {
	const broken = "GET /broken HTTP/1.1\r\nHost: x\r\nAuthorization: Basic a\nb\r\n\r\n"
	s := serve(t, false, nil)
	for name, c := range map[string]struct {
		writes []string
		answer int // how many good answers come first
		code   reason.Code
	}{
		"together":         {[]string{good + broken}, 1, reason.RequestMalformed},
		"three together":   {[]string{good + good + broken}, 2, reason.RequestMalformed},
		"split in head":    {[]string{good + broken[:30], broken[30:]}, 1, reason.RequestMalformed},
		"after chunked":    {[]string{"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n" + broken[:40], broken[40:]}, 1, reason.RequestMalformed},
		"after a body":     {[]string{"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na" + broken[:40], broken[40:]}, 1, reason.RequestMalformed},
		"like a request":   {[]string{good + "GET /a HTTP/1.1\r\nHost: x\r\nX: ", "GET /wrong HTTP/1.1\r\nAuthorization: Basic a\nb\r\n\r\n"}, 1, reason.RequestMalformed},
		"blank line early": {[]string{"GET / HTTP/1.1\r\nHost: x\n\r\nX: y\r\n\r\n"}, 1, reason.RequestMalformed},
		"one by one":       {[]string{good, broken}, 1, reason.HeaderLineBreak},
	} {
		t.Run(name, func(t *testing.T) {
			conn := s.dial(t)
			r := bufio.NewReader(conn)
			io.WriteString(conn, c.writes[0])
			for range c.answer {
				if a := receive(t, r); a.status != 200 {
					t.Fatalf("a good request: %d", a.status)
				}
			}
			for _, w := range c.writes[1:] {
				io.WriteString(conn, w)
			}
			if a := receive(t, r); a.status != 400 || a.Error.Data.Reason != c.code {
				t.Errorf("%d %s", a.status, a.body)
			}
			seen := s.rejections()
			if last := seen[len(seen)-1]; c.code == reason.RequestMalformed && (last.Path != "" || last.Detail != "") {
				t.Errorf("explained by the wrong head: %+v", last)
			}
		})
	}
}

func TestHandlersAnswersAreLeftAlone(t *testing.T) {
	const raw = "HTTP/1.1 400 Bad Request" + errorHeaders + "400 Bad Request"
	s := serve(t, false, func(srv *http.Server, _ *Config) {
		srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			io.WriteString(c, raw)
		})
	})
	conn := s.dial(t)
	io.WriteString(conn, good)
	if got, err := io.ReadAll(conn); err != nil || string(got) != raw {
		t.Errorf("%q %v", got, err)
	}
	if r := s.rejections(); len(r) != 0 {
		t.Errorf("%v", r)
	}
}

func TestHooksOfTheServerAreKept(t *testing.T) {
	type key struct{}
	var states sync.Map
	got := make(chan any, 1)
	s := serve(t, false, func(srv *http.Server, _ *Config) {
		srv.ConnContext = func(ctx context.Context, _ net.Conn) context.Context { return context.WithValue(ctx, key{}, "kept") }
		srv.ConnState = func(_ net.Conn, s http.ConnState) { states.Store(s, true) }
		srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { got <- r.Context().Value(key{}) })
	})
	if a := send(t, s.dial(t), good); a.status != 200 {
		t.Fatal(a.status)
	}
	if v := <-got; v != "kept" {
		t.Errorf("the context holds %v", v)
	}
	if _, ok := states.Load(http.StateActive); !ok {
		t.Error("ConnState was not called")
	}
}

func TestPlainOnTLS(t *testing.T) {
	s := serve(t, true, nil)
	for _, raw := range []string{good, "GET /2.0/user HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("y", 9000) + "\r\n\r\n"} {
		conn, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		a := send(t, conn, raw)
		if a.status != 400 || a.Error.Data.Reason != reason.TLSExpected {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	for _, r := range s.rejections() {
		if r.Method != "GET" || r.Path != "/2.0/user" {
			t.Errorf("%+v", r)
		}
	}
}

func TestLateHeadIsAnswered(t *testing.T) {
	both(t, func(t *testing.T, secure bool) {
		s := serve(t, secure, func(srv *http.Server, _ *Config) { srv.ReadHeaderTimeout = 50 * time.Millisecond })
		a := send(t, s.dial(t), "GET /2.0/user HTTP/1.1\r\nHost: x\r\n")
		if a.status != 408 || a.Error.Data.Reason != reason.RequestTimeout {
			t.Errorf("%d %s", a.status, a.body)
		}
		// Nothing was asked: nothing is answered.
		conn := s.dial(t)
		r := bufio.NewReader(conn)
		io.WriteString(conn, good)
		receive(t, r)
		if n := len(s.rejections()); n != 1 {
			t.Errorf("%d refusals", n)
		}
	})
}

func TestHEADGetsNoBody(t *testing.T) {
	s := serve(t, false, nil)
	conn := s.dial(t)
	io.WriteString(conn, "HEAD / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic a\nb\r\n\r\n")
	got, err := io.ReadAll(conn)
	if err != nil || !strings.HasSuffix(string(got), "\r\n\r\n") || !strings.Contains(string(got), "X-Pail-Reason: header.line_break") {
		t.Errorf("%q %v", got, err)
	}
}

func TestBare(t *testing.T) {
	s := serve(t, false, func(_ *http.Server, c *Config) { c.Answer = Bare })
	a := send(t, s.dial(t), "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic a\nb\r\n\r\n")
	if a.status != 400 || len(a.body) != 0 || a.header.Get("Content-Length") != "0" {
		t.Errorf("%d %v %q", a.status, a.header, a.body)
	}
	if r := s.rejections(); len(r) != 1 || r[0].Code != reason.HeaderLineBreak {
		t.Errorf("%v", r)
	}
}

func TestSpacesInQuery(t *testing.T) {
	s := serve(t, false, func(_ *http.Server, c *Config) { c.SpacesInQuery = true })
	for line, want := range map[string]string{
		`GET /a?q=name = "x y" HTTP/1.1`:   `GET /a?q=name+=+"x+y" 0`,
		`GET /a?q=a b&sort=c HTTP/1.1`:     `GET /a?q=a+b&sort=c 0`,
		`GET /a?q=a HTTP/1.1 HTTP/1.1`:     `GET /a?q=a+HTTP/1.1 0`,
		`GET /a?q=a HTTP/1.1`:              `GET /a?q=a 0`,
		`GET /a b?q=a b HTTP/1.1`:          "",
		`GET /a?q=a b`:                     "",
		`GET /a?q=a b HTTP/9.9`:            "",
		`GET ?q=a b HTTP/1.1`:              "",
		`GET /a?` + long("q=", " x", 900):  "GET /a?" + long("q=", "+x", 900) + " 0",
		`GET /a?` + long("q=", " x", 3000): "",
	} {
		if strings.Contains(line, " x x") && !strings.HasSuffix(line, "HTTP/1.1") {
			line += " HTTP/1.1"
		}
		conn := s.dial(t)
		r := bufio.NewReader(conn)
		io.WriteString(conn, good) // the repair must also work on later requests
		receive(t, r)
		io.WriteString(conn, line+"\r\nHost: x\r\n\r\n")
		a := receive(t, r)
		if want == "" {
			if a.status != 400 {
				t.Errorf("%.60s: %d %s", line, a.status, a.body)
			}
			continue
		}
		if a.status != 200 || string(a.body) != want {
			t.Errorf("%.60s: %d %s", line, a.status, a.body)
		}
	}
}

func long(begin, part string, n int) string { return begin + strings.Repeat(part, n) }

func TestManyConnections(t *testing.T) {
	both(t, func(t *testing.T, secure bool) {
		s := serve(t, secure, nil)
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				conn := s.dial(t)
				r := bufio.NewReader(conn)
				for range 5 {
					fmt.Fprintf(conn, "POST /%d HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", i)
					if a := receive(t, r); string(a.body) != fmt.Sprintf("POST /%d 3", i) {
						t.Errorf("%s", a.body)
					}
				}
				fmt.Fprintf(conn, "GET /%d HTTP/1.1\r\nHost: x\r\nAuthorization: Basic %s\r\n\r\n", i, wrapAt(76, "\n", strings.Repeat("a", 58+57*(i%5))))
				if a := receive(t, r); a.Error.Data.Lines != 2+i%5 {
					t.Errorf("%d lines: %s", 2+i%5, a.body)
				}
			})
		}
		wg.Wait()
		seen := map[string]bool{}
		for _, r := range s.rejections() {
			seen[r.Path] = true
		}
		if len(seen) != 100 {
			t.Errorf("%d different paths observed", len(seen))
		}
	})
}

// While a handler runs, net/http reads one byte ahead. That byte belongs to the
// head of the next request.
func TestRequestSentWhileAnotherIsHandled(t *testing.T) {
	started := make(chan bool, 2)
	s := serve(t, false, func(srv *http.Server, _ *Config) {
		srv.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			c := r.Context().Value(connKey{}).(*conn)
			started <- true
			for early := false; !early && r.Context().Err() == nil; runtime.Gosched() {
				c.mu.Lock()
				early = c.hasEarly
				c.mu.Unlock()
			}
		})
	})
	conn := s.dial(t)
	r := bufio.NewReader(conn)
	io.WriteString(conn, good)
	<-started
	io.WriteString(conn, "GET /broken HTTP/1.1\r\nHost: x\r\nAuthorization: Basic a\nb\r\n\r\n")
	if a := receive(t, r); a.status != 200 {
		t.Fatalf("%d", a.status)
	}
	a := receive(t, r)
	seen := s.rejections()
	if a.Error.Data.Reason != reason.HeaderLineBreak || seen[0].Method != "GET" || seen[0].Path != "/broken" {
		t.Errorf("%s %+v", a.body, seen)
	}
}

// A client that is still sending must get the answer, not a reset connection.
func TestAnswerArrivesThoughTheClientStillSends(t *testing.T) {
	both(t, func(t *testing.T, secure bool) {
		s := serve(t, secure, nil)
		conn := s.dial(t)
		io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic a\nb\r\n\r\n")
		// In small pieces, so that a reset comes while there are still some to write.
		for i := range 200 {
			if _, err := io.WriteString(conn, strings.Repeat("x", 4000)); err != nil {
				t.Fatalf("after %d pieces: %v", i, err)
			}
		}
		if a := receive(t, bufio.NewReader(conn)); a.Error.Data.Reason != reason.HeaderLineBreak {
			t.Errorf("%s", a.body)
		}
	})
}

// net/http reads 4096 bytes at a time and stops at the first bad line; the rest
// of the broken header is read for the diagnosis.
func TestBrokenHeaderAcrossReads(t *testing.T) {
	both(t, func(t *testing.T, secure bool) {
		s := serve(t, secure, nil)
		raw := "GET / HTTP/1.1\r\nHost: x\r\nX-Pad: " + strings.Repeat("x", 3900) +
			"\r\nAuthorization: Basic " + wrapAt(76, "\n", longSecret[:170]+longSecret[:170]) + "\r\n\r\n"
		if a := send(t, s.dial(t), raw); a.Error.Data.Lines != 6 {
			t.Errorf("%d lines: %s", a.Error.Data.Lines, a.body)
		}
	})
}
