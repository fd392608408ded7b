package server

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/config"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/server/wire"
)

// load is the default configuration on a free port, changed by settings such as "PAIL_LOG_LEVEL=debug".
func load(t testing.TB, settings ...string) config.Config {
	t.Helper()
	cfg, err := config.Load(config.Source{Env: append([]string{"PAIL_ADDR=127.0.0.1:0"}, settings...)})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// logBuffer is a log that a test can read while it is written.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// running is a server under test.
type running struct {
	addr, url string
	log       *logBuffer
	stop      context.CancelFunc
	done      chan error
}

// wired is the listener that answers in the place of net/http, bare is net/http by itself.
func wired(srv *http.Server, ln net.Listener, conf *tls.Config) net.Listener {
	return wire.Listen(srv, ln, wire.Config{TLS: conf})
}

func bare(_ *http.Server, ln net.Listener, conf *tls.Config) net.Listener {
	if conf != nil {
		return tls.NewListener(ln, conf)
	}
	return ln
}

// start runs handler on a real listener. When the test ends the server is stopped and must have ended well.
func start(t testing.TB, cfg config.Config, handler http.Handler, opts Options) *running {
	t.Helper()
	opts.Wire = wired
	return startWith(t, cfg, handler, opts)
}

// startWith is start with the caller's Options.Wire.
func startWith(t testing.TB, cfg config.Config, handler http.Handler, opts Options) *running {
	t.Helper()
	r := &running{log: new(logBuffer), done: make(chan error, 1)}
	opts.Log = slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	listening := make(chan net.Addr, 1)
	opts.OnListen = func(a net.Addr) { listening <- a }
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	go func() { r.done <- Run(ctx, cfg, handler, opts) }()
	select {
	case a := <-listening:
		r.addr = a.String()
		r.url = cfg.WithListener(a).ExternalURL
	case err := <-r.done:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		r.wait(t)
	})
	return r
}

// wait returns when Run has returned.
func (r *running) wait(t testing.TB) {
	t.Helper()
	err, open := <-r.done
	if open {
		close(r.done)
	}
	if err != nil {
		t.Errorf("Run: %v", err)
	}
}

// get fetches a URL on a connection of its own.
func get(t testing.TB, url string) (*http.Response, string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

// wantRefusal checks an answer's status, shape and reason.
func wantRefusal(t testing.TB, resp *http.Response, body string, status int, code reason.Code) {
	t.Helper()
	var e struct {
		Type  string
		Error struct {
			Message string
			Data    struct {
				Reason    reason.Code
				Doc       string
				RequestID string `json:"request_id"`
			}
		}
	}
	err := json.Unmarshal([]byte(body), &e)
	d := e.Error.Data
	if err != nil || resp.StatusCode != status || e.Type != "error" || e.Error.Message == "" || d.Reason != code ||
		!strings.HasSuffix(d.Doc, code.DocPath()) || d.RequestID == "" || d.RequestID != resp.Header.Get("X-Request-Id") {
		t.Errorf("got %s %v\n%s\nwant %d %s", resp.Status, err, body, status, code)
	}
}

func TestSlowRequestFinishesDuringStop(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	s := start(t, load(t), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-release
		fmt.Fprintf(w, "done %v", r.Context().Err())
	}), Options{})
	answer := make(chan string, 1)
	go func() {
		_, body := get(t, s.url)
		answer <- body
	}()
	<-entered
	s.stop()
	for { // the listener closes first
		c, err := net.Dial("tcp", s.addr)
		if err != nil {
			break
		}
		c.Close()
	}
	select {
	case <-s.done:
		t.Fatal("the server did not wait")
	default:
	}
	close(release)
	if got := <-answer; got != "done <nil>" {
		t.Errorf("got %q", got)
	}
	s.wait(t)
	if log := s.log.String(); !strings.Contains(log, "msg=stopping in_flight=1") || !strings.Contains(log, "msg=stopped cut=0 left=0") {
		t.Error(log)
	}
}

func TestRequestPastTheDeadlineIsCut(t *testing.T) {
	for name, end := range map[string]func(again chan struct{}) string{
		"deadline":      func(chan struct{}) string { return "PAIL_TIMEOUTS_SHUTDOWN=20ms" },
		"second signal": func(again chan struct{}) string { close(again); return "PAIL_TIMEOUTS_SHUTDOWN=24h" },
	} {
		t.Run(name, func(t *testing.T) {
			entered, cause := make(chan struct{}), make(chan error, 1)
			again := make(chan struct{})
			s := start(t, load(t, end(again)), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprint(w, "half")
				w.(http.Flusher).Flush()
				close(entered)
				<-r.Context().Done()
				cause <- context.Cause(r.Context())
			}), Options{Again: again})
			failed := make(chan error, 1)
			go func() {
				resp, err := http.Get(s.url)
				if err == nil {
					_, err = io.ReadAll(resp.Body)
				}
				failed <- err
			}()
			<-entered
			s.stop()
			if err := <-failed; err == nil {
				t.Error("half an answer was taken for a whole one")
			}
			if err := <-cause; !errors.Is(err, ErrStopped) {
				t.Errorf("cause: %v", err)
			}
			s.wait(t)
			if log := s.log.String(); !strings.Contains(log, "level=WARN msg=stopped cut=1 left=0") {
				t.Error(log)
			}
		})
	}
}

func TestIdleConnectionsAreClosed(t *testing.T) {
	s := start(t, load(t, "PAIL_TIMEOUTS_SHUTDOWN=24h"), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), Options{})
	c := dial(t, s.addr)
	c.request(t, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	s.stop()
	if _, err := c.r.ReadByte(); err != io.EOF {
		t.Errorf("an idle connection: %v", err)
	}
	s.wait(t)
}

// rawConn is a connection that sends what a test writes.
type rawConn struct {
	net.Conn
	r *bufio.Reader
}

func dial(t testing.TB, addr string) *rawConn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &rawConn{c, bufio.NewReader(c)}
}

// request sends text and reads one answer with its body.
func (c *rawConn) request(t testing.TB, text string) (*http.Response, string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func TestSignals(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("skipped: Windows has no SIGTERM to send")
	}
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	ctx, again, release := Signals(context.Background())
	defer release()
	kill := func() {
		if err := self.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	kill()
	<-ctx.Done()
	select {
	case <-again:
		t.Fatal("one signal counted as two")
	default:
	}
	kill()
	<-again
}

func TestProbesWhileStopping(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	metricsAddr := free.Addr().String()
	free.Close()
	s := start(t, load(t, "PAIL_METRICS_ADDR="+metricsAddr), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(entered)
		<-release
	}), Options{Version: "1.2.3", State: func() map[string]any { return map[string]any{"scopes": "enforced"} }})
	if resp, body := get(t, "http://"+metricsAddr+"/readyz"); resp.StatusCode != 200 || body != `{"status":"ready"}`+"\n" {
		t.Errorf("%s %s", resp.Status, body)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		get(t, s.url)
	}()
	<-entered
	s.stop()
	for !strings.Contains(s.log.String(), "msg=stopping") {
		select {
		case <-s.done:
			t.Fatal("stopped already")
		default:
		}
	}
	resp, body := get(t, "http://"+metricsAddr+"/readyz")
	wantRefusal(t, resp, body, 503, reason.ServerStopping)
	resp, body = get(t, "http://"+metricsAddr+"/healthz")
	if want := `{"state":{"scopes":"enforced"},"status":"ok","version":"1.2.3"}` + "\n"; resp.StatusCode != 200 || body != want {
		t.Errorf("%s %s", resp.Status, body)
	}
	resp, body = get(t, "http://"+metricsAddr+"/metrics")
	if resp.StatusCode != 200 || !strings.Contains(body, "pail_http_requests_in_flight 1\n") || !strings.Contains(body, "go_goroutines") {
		t.Errorf("%s %s", resp.Status, body)
	}
	resp, body = get(t, "http://"+metricsAddr+"/2.0/user")
	wantRefusal(t, resp, body, 404, reason.ResourceNotFound)
	close(release)
	<-done
}

func TestMetricsOnTheMainListenerAreForThisMachine(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "application") })
	s := start(t, load(t), h, Options{})
	get(t, s.url+"/x")
	if _, body := get(t, s.url+"/metrics"); !strings.Contains(body, `pail_http_requests_total{class="2xx",method="GET",operation="none"} 1`) {
		t.Errorf("got %.200q", body)
	}
	if _, body := dial(t, s.addr).request(t, "GET /metrics HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n"); body != "application" {
		t.Errorf("through a proxy: got %.200q", body)
	}
	s = start(t, load(t, "PAIL_METRICS_ADDR=127.0.0.1:0"), h, Options{})
	get(t, s.url+"/x")
	if _, body := get(t, s.url+"/metrics"); !strings.Contains(body, `pail_http_requests_total{class="2xx",method="GET",operation="none"} 1`) {
		t.Errorf("got %.200q", body)
	}
}

func TestHeaderLimit(t *testing.T) {
	s := start(t, load(t, "PAIL_LIMITS_HEADER=16KiB"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "fine") }), Options{})
	frame := "GET / HTTP/1.1\r\nHost: x\r\nX-Long: \r\n\r\n"
	for total, want := range map[int]int{16 << 10: 200, 16<<10 + 1: 431} {
		text := strings.Replace(frame, "X-Long: ", "X-Long: "+strings.Repeat("a", total-len(frame)), 1)
		if resp, body := dial(t, s.addr).request(t, text); resp.StatusCode != want {
			t.Errorf("%d bytes: %s %q", total, resp.Status, body)
		}
	}
}

// TestStalledBody: a client that promises a body and does not send it is cut, also when the handler has answered.
func TestStalledBody(t *testing.T) {
	for _, path := range []string{"/2.0/user", "/acme/app.git/git-receive-pack"} {
		read := make(chan error, 1)
		s := start(t, load(t, "PAIL_TIMEOUTS_STALL=50ms"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, err := io.ReadAll(r.Body)
			read <- err
		}), Options{})
		c := dial(t, s.addr)
		if _, err := fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345", path); err != nil {
			t.Fatal(err)
		}
		if err := <-read; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: %v", path, err)
		}
	}
	s := start(t, load(t, "PAIL_TIMEOUTS_STALL=50ms"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(401) }), Options{})
	c := dial(t, s.addr)
	if resp, _ := c.request(t, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345"); resp.StatusCode != 401 {
		t.Error(resp.Status)
	}
	if _, err := c.r.ReadByte(); err == nil {
		t.Error("the connection stayed open")
	}
}

// TestStalledReader: a client that takes nothing is cut.
func TestStalledReader(t *testing.T) {
	wrote := make(chan error, 1)
	s := start(t, load(t, "PAIL_TIMEOUTS_STALL=50ms"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		block := make([]byte, 1<<20)
		for {
			if _, err := w.Write(block); err != nil {
				wrote <- err
				return
			}
		}
	}), Options{})
	c := dial(t, s.addr)
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := <-wrote; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
}

// TestDeadlinesDoNotOutliveTheirUse: pauses that are the server's or lie between two requests are no stalls.
func TestDeadlinesDoNotOutliveTheirUse(t *testing.T) {
	const stall = 40 * time.Millisecond
	pause := func() { <-time.After(3 * stall) }
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		pause()
		_, _ = r.Body.Read(make([]byte, 1)) // reading on at the end must not set a deadline again
		pause()
		fmt.Fprintf(w, "%d %v %v", n, err, r.Context().Err())
		pause() // nor may the write deadline strike what is still buffered
	})
	cfg := load(t, "PAIL_TIMEOUTS_STALL="+stall.String())
	for _, opts := range []Options{{Wire: wired}, {}} {
		s := startWith(t, cfg, handler, opts)
		c := dial(t, s.addr)
		for range 2 {
			if resp, body := c.request(t, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12345"); resp.StatusCode != 200 || body != "5 <nil> <nil>" {
				t.Errorf("%s %q", resp.Status, body)
			}
			pause()
		}
		resp, body := c.request(t, "not http\r\n\r\n")
		if opts.Wire != nil {
			wantRefusal(t, resp, body, 400, reason.RequestMalformed)
		} else if resp.StatusCode != 400 || body == "" {
			t.Errorf("%s %q", resp.Status, body)
		}
	}
}

func TestRequestTimeout(t *testing.T) {
	const limit = 30 * time.Millisecond
	s := start(t, load(t, "PAIL_TIMEOUTS_REQUEST="+limit.String()), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/slow":
			<-r.Context().Done()
			if !errors.Is(context.Cause(r.Context()), context.DeadlineExceeded) {
				t.Error(context.Cause(r.Context()))
			}
		default: // an answer that has begun, and a git transfer, may take their time
			if r.URL.Path == "/begun" {
				w.WriteHeader(200)
			}
			<-time.After(3 * limit)
			fmt.Fprint(w, r.Context().Err())
		}
	}), Options{})
	resp, body := get(t, s.url+"/slow")
	wantRefusal(t, resp, body, 503, reason.ServerBusy)
	for _, path := range []string{"/begun", "/acme/app.git/git-upload-pack"} {
		if _, body := get(t, s.url+path); body != "<nil>" {
			t.Errorf("%s: %s", path, body)
		}
	}
}

func TestRunReportsWhatStopsItFromStarting(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, settings := range map[string][]string{
		"address":         {"PAIL_ADDR=" + taken.Addr().String()},
		"metrics address": {"PAIL_METRICS_ADDR=" + taken.Addr().String()},
		"certificate":     {"PAIL_TLS_CERT=/nowhere/cert.pem", "PAIL_TLS_KEY=/nowhere/key.pem"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, err := config.Load(config.Source{Env: settings})
			if err != nil {
				t.Fatal(err)
			}
			if name != "address" {
				cfg.Addr = "127.0.0.1:0"
			}
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			if err := Run(ctx, cfg, http.NotFoundHandler(), Options{Log: slog.New(slog.DiscardHandler)}); err == nil {
				t.Error("no error")
			}
		})
	}
	// A listener that the caller opened is closed even so.
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg := load(t, "PAIL_TLS_CERT=/nowhere/cert.pem", "PAIL_TLS_KEY=/nowhere/key.pem")
	if err := Run(context.Background(), cfg, http.NotFoundHandler(), Options{Listener: ln}); err == nil {
		t.Error("no error")
	}
	if _, err := ln.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the listener is open: %v", err)
	}
}
