package server

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/token"
	"pgregory.net/rapid"
)

func TestRequestID(t *testing.T) {
	made := regexp.MustCompile(`^[0-9a-f]{32}$`)
	for _, tc := range []struct {
		sent []string
		kept bool
	}{
		{nil, false}, {[]string{""}, false}, {[]string{"abc-1.2_X"}, true}, {[]string{strings.Repeat("a", 64)}, true},
		{[]string{strings.Repeat("a", 65)}, false}, {[]string{"a b"}, false}, {[]string{"a\tb"}, false}, {[]string{"é"}, false}, {[]string{"a", "b"}, false},
	} {
		got := requestID(http.Header{"X-Request-Id": tc.sent})
		if tc.kept && got != tc.sent[0] || !tc.kept && !made.MatchString(got) {
			t.Errorf("%q: %q", tc.sent, got)
		}
	}
	if first := requestID(nil); first == requestID(nil) {
		t.Error("the same id twice")
	}
}

func TestRequestIDOnEveryAnswer(t *testing.T) {
	s := start(t, load(t), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, rest.TraceOf(r.Context()).RequestID)
	}), Options{})
	for _, path := range []string{"/", "/healthz", "/readyz"} {
		resp, body := get(t, s.url+path)
		if id := resp.Header.Get("X-Request-Id"); len(id) != 32 || path == "/" && id != body {
			t.Errorf("%s: id %q, body %q", path, id, body)
		}
	}
}

func TestPanics(t *testing.T) {
	s := start(t, load(t), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest.TraceOf(r.Context()).Operation = "GET /user"
		w.Header().Set("Content-Length", "5")
		w.Header().Set("ETag", "x")
		switch r.URL.Path {
		case "/early":
			panic("at the disco")
		case "/late":
			w.WriteHeader(200)
			w.(http.Flusher).Flush()
			panic(fmt.Errorf("too late"))
		case "/abort":
			panic(http.ErrAbortHandler)
		}
	}), Options{})
	resp, body := get(t, s.url+"/early")
	wantRefusal(t, resp, body, 500, reason.ServerFault)
	if resp.Header.Get("ETag") != "" || strings.Contains(body, "disco") {
		t.Errorf("%v %s", resp.Header, body)
	}
	for _, path := range []string{"/late", "/abort"} {
		resp, err := http.Get(s.url + path)
		if err == nil {
			_, err = io.ReadAll(resp.Body)
		}
		if err == nil {
			t.Errorf("%s: the answer looks whole", path)
		}
	}
	s.stop()
	s.wait(t)
	log := s.log.String()
	for _, want := range []string{
		`msg=panic request_id=` + resp.Header.Get("X-Request-Id") + ` operation="GET /user" panic="at the disco" stack=`,
		"middleware_test.go", `panic="too late"`, "path=/early status=500", "reason=server.fault", "path=/late status=200", "path=/abort status=0", "aborted=true",
	} {
		if !strings.Contains(log, want) {
			t.Errorf("no %q in\n%s", want, log)
		}
	}
	if n := strings.Count(log, "msg=panic"); n != 2 {
		t.Errorf("%d panics logged", n)
	}
}

// TestAccessLog looks at one line of the log with everything in it, and that no secret is.
func TestAccessLog(t *testing.T) {
	secret := token.Mint(token.APIToken)
	s := start(t, load(t), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		trace := rest.TraceOf(r.Context())
		trace.Operation, trace.CredentialKind, trace.CredentialID, trace.AccountID, trace.Reason = "GET /user", "api_token", "tok-1", "acc-1", reason.ScopeMissing
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(403)
		fmt.Fprint(w, "refused")
	}), Options{})
	req, err := http.NewRequest("POST", s.url+"/2.0/user/"+secret+"/x?access_token="+secret+"&page=2&"+secret+"=1&flag", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Request-Id", "my-id")
	req.SetBasicAuth("a@b.example", secret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	s.stop()
	s.wait(t)
	log := s.log.String()
	if strings.Contains(log, secret[:20]) {
		t.Errorf("a secret in\n%s", log)
	}
	want := regexp.MustCompile(`level=WARN msg=request method=POST path="/2.0/user/ATATP1......… \(57 characters\)/x" status=403 bytes=7 us=\d+ request_id=my-id ` +
		`remote=127.0.0.1:\d+ query=access_token,page,…,… operation="GET /user" credential=api_token credential_id=tok-1 account=acc-1 reason=scope.missing body_bytes=4`)
	if !want.MatchString(log) {
		t.Errorf("got\n%s", log)
	}
}

func TestLogLevels(t *testing.T) {
	for _, tc := range []struct {
		status    int
		operation string
		cause     error
		want      string
	}{
		{200, "", nil, "INFO"}, {404, "", nil, "INFO"}, {401, "", nil, "WARN"}, {403, "", nil, "WARN"}, {500, "", nil, "ERROR"}, {503, "readyz", nil, "ERROR"},
		{200, "healthz", nil, "DEBUG"}, {200, "metrics", nil, "DEBUG"}, {500, "", context.Canceled, "INFO"}, {503, "", ErrTimeout, "ERROR"},
	} {
		var log logBuffer
		f := &front{log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
		e := &exchange{status: tc.status, trace: rest.Trace{Operation: tc.operation}}
		f.access(e, httptest.NewRequest("GET", "/", nil), time.Millisecond, false, tc.cause)
		if !strings.Contains(log.String(), "level="+tc.want+" ") {
			t.Errorf("%+v: %s", tc, &log)
		}
	}
}

func TestQueryKeys(t *testing.T) {
	for query, want := range map[string]string{
		"":                           "",
		"page=2&pagelen=50":          "page,pagelen",
		"q=name = \"x\"&sort=-x":     "q,sort",
		"secret":                     "…",
		"=x&a=":                      "…,a",
		"a%20b=1":                    "…",
		"ATATP1234567890123456789=1": "…",
		strings.Repeat("a=1&", 40):   strings.Repeat("a,", 16) + "…",
	} {
		if got := queryKeys(query); got != want {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	}
}

// TestNoSecretInThePath hides a minted secret anywhere in a path.
func TestNoSecretInThePath(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := token.Mint(rapid.SampledFrom(token.Kinds()).Draw(t, "kind"))
		around := rapid.StringMatching(`[/a-zA-Z:@=-]{0,30}`)
		path := "/" + around.Draw(t, "before") + secret + around.Draw(t, "after")
		got := safePath(path)
		if strings.Contains(got, secret[12:]) || strings.Contains(got, secret[:24]) {
			t.Fatalf("%s: %s", path, got)
		}
	})
	if got := safePath("/2.0/repositories/acme/ATAT/src/PAIL-7"); got != "/2.0/repositories/acme/ATAT/src/PAIL-7" {
		t.Error(got)
	}
	if got := safePath("/" + strings.Repeat("é", 1000)); len(got) > 260 {
		t.Error(len(got))
	}
}

func FuzzLogText(f *testing.F) {
	f.Add("/a/b", "a=b&c")
	f.Add("/ATATATCTATBBPAILPAILPAILPAIL/\xff", "&&=&\xff=1")
	f.Fuzz(func(t *testing.T, path, query string) {
		if got := safePath(path); len(got) > 256+len("…") {
			t.Errorf("%d bytes", len(got))
		}
		if got := queryKeys(query); len(got) > 17*25 {
			t.Errorf("%d bytes", len(got))
		}
	})
}

func TestBodyLimit(t *testing.T) {
	s := start(t, load(t, "PAIL_LIMITS_BODY=1KiB"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n, " ", err)
	}), Options{})
	post := func(path string, size int, known bool) (*http.Response, string) {
		var body io.Reader = bytes.NewReader(make([]byte, size))
		if !known {
			body = io.MultiReader(body)
		}
		resp, err := http.Post(s.url+path, "text/plain", body)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, string(text)
	}
	if _, body := post("/2.0/x", 1024, true); body != "1024 <nil>" {
		t.Error(body)
	}
	if _, body := post("/2.0/x", 1025, false); body != "1024 http: request body too large" {
		t.Error(body)
	}
	if _, body := post("/a/b.git/git-receive-pack", 4096, true); body != "4096 <nil>" {
		t.Error(body)
	}
	resp, body := post("/2.0/x", 1025, true)
	wantRefusal(t, resp, body, 413, reason.BodyTooLarge)
	if !strings.Contains(body, `"limit":1024`) {
		t.Error(body)
	}
}

// TestWriterKeepsWhatNetHTTPCan goes through http.ResponseController and io.Copy.
func TestWriterKeepsWhatNetHTTPCan(t *testing.T) {
	file := filepath.Join(t.TempDir(), "large")
	data := bytes.Repeat([]byte("0123456789abcdef"), 64<<10) // 1 MiB: several pieces
	write(t, file, data)
	s := start(t, load(t), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		switch r.URL.Path {
		case "/file":
			http.ServeFile(w, r, file)
		case "/whole":
			f, err := os.Open(file)
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			w.Header().Set("Content-Length", fmt.Sprint(len(data)))
			if n, err := w.(io.ReaderFrom).ReadFrom(f); n != int64(len(data)) || err != nil {
				t.Error(n, err)
			}
		case "/stream":
			if err := rc.EnableFullDuplex(); err != nil {
				t.Error(err)
			}
			if n, err := w.(io.ReaderFrom).ReadFrom(struct{ io.Reader }{bytes.NewReader(data)}); n != int64(len(data)) || err != nil {
				t.Error(n, err)
			}
			if err := rc.Flush(); err != nil {
				t.Error(err)
			}
		case "/hijack":
			c, buf, err := rc.Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = buf.WriteString("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nraw")
			_ = buf.Flush()
			c.Close()
		case "/early":
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, "made")
		}
	}), Options{})
	for _, path := range []string{"/file", "/whole", "/stream"} {
		if resp, body := get(t, s.url+path); resp.StatusCode != 200 || body != string(data) {
			t.Errorf("%s: %s, %d bytes", path, resp.Status, len(body))
		}
	}
	req, _ := http.NewRequest("GET", s.url+"/file", nil)
	req.Header.Set("Range", "bytes=1000-600000")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	part, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || resp.StatusCode != 206 || !bytes.Equal(part, data[1000:600001]) {
		t.Errorf("%s %d %v", resp.Status, len(part), err)
	}
	if _, body := get(t, s.url+"/hijack"); body != "raw" {
		t.Error(body)
	}
	if resp, body := get(t, s.url+"/early"); resp.StatusCode != 201 || body != "made" {
		t.Error(resp.Status, body)
	}
	s.stop()
	http.DefaultClient.CloseIdleConnections()
	s.wait(t)
	for _, want := range []string{"path=/file status=200 bytes=1048576", "path=/file status=206 bytes=599001", "path=/stream status=200 bytes=1048576", "path=/early status=201 bytes=4"} {
		if !strings.Contains(s.log.String(), want) {
			t.Errorf("no %q in\n%s", want, s.log)
		}
	}
}

func TestMetrics(t *testing.T) {
	var flight inFlight
	m, err := newMetrics(nil, &flight)
	if err != nil {
		t.Fatal(err)
	}
	m.observe("GET", &exchange{status: 200, out: 10, trace: rest.Trace{Operation: "GET /user"}}, time.Millisecond)
	m.observe("BREW", &exchange{status: 403, body: body{in: 5}, trace: rest.Trace{Reason: reason.ScopeMissing}}, time.Millisecond)
	m.observe("GET", &exchange{}, 0)
	for i := range 2 * maxOperations {
		m.observe("GET", &exchange{status: 200, trace: rest.Trace{Operation: fmt.Sprint("made up ", i)}}, 0)
	}
	rec := httptest.NewRecorder()
	m.handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	text := rec.Body.String()
	for _, want := range []string{
		`pail_http_requests_total{class="2xx",method="GET",operation="GET /user"} 1`,
		`pail_http_requests_total{class="4xx",method="other",operation="none"} 1`,
		`pail_http_requests_total{class="none",method="GET",operation="none"} 1`,
		`pail_http_requests_total{class="2xx",method="GET",operation="other"} 1001`,
		`pail_http_refusals_total{reason="scope.missing"} 1`,
		"pail_http_received_bytes_total 5", "pail_http_sent_bytes_total 10", `pail_http_request_duration_seconds_count{operation="GET /user"} 1`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("no %s", want)
		}
	}
	if _, err := newMetrics(m.registry, &flight); err == nil {
		t.Error("registered twice without an error")
	}
}

func TestHealth(t *testing.T) {
	var fault error
	asked := 0
	s := start(t, load(t), http.NotFoundHandler(), Options{Ready: func(ctx context.Context) error {
		if _, limited := ctx.Deadline(); !limited {
			t.Error("no deadline")
		}
		asked++
		return fault
	}})
	fault = fmt.Errorf("dial tcp 10.0.0.1: refused")
	for range 3 {
		resp, body := get(t, s.url+"/readyz")
		wantRefusal(t, resp, body, 503, reason.ServerBusy)
		if strings.Contains(body, "10.0.0.1") {
			t.Errorf("the cause is told to everyone: %s", body)
		}
	}
	if asked > 2 {
		t.Errorf("asked %d times at once", asked)
	}
	if !strings.Contains(s.log.String(), "10.0.0.1") {
		t.Error("the cause is not in the log")
	}
	if resp, _ := get(t, s.url+"/healthz"); resp.StatusCode != 200 {
		t.Error(resp.Status)
	}
	resp, err := http.Post(s.url+"/healthz", "text/plain", nil)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	wantRefusal(t, resp, string(body), 405, reason.MethodNotAllowed)
}

func TestNewLog(t *testing.T) {
	var out logBuffer
	log, done := NewLog(load(t, "PAIL_LOG_FORMAT=json", "PAIL_LOG_LEVEL=info").Log, &out)
	log.Debug("not seen")
	log.With("a", 1).WithGroup("g").Info("gathered", "b", 2)
	if out.String() != "" {
		t.Errorf("written at once: %s", &out)
	}
	log.With("a", 1).Warn("urgent")
	if got := out.String(); !strings.Contains(got, `"msg":"gathered","a":1,"g":{"b":2}`) || !strings.Contains(got, "urgent") {
		t.Errorf("got %s", got)
	}
	log.Info("by the timer")
	for !strings.Contains(out.String(), "by the timer") { // ends when the timer has fired
		<-time.After(time.Millisecond)
	}
	log.Info("last")
	if err := done(); err != nil || !strings.Contains(out.String(), "last") || strings.Contains(out.String(), "not seen") {
		t.Errorf("%v %s", err, &out)
	}
	log.Info("after the end")
	if !strings.Contains(out.String(), "after the end") {
		t.Error("lost")
	}
	log, done = NewLog(load(t).Log, &out)
	for range 2000 {
		log.Info("many lines of text make a full buffer")
	}
	if !strings.Contains(out.String(), "level=INFO msg=\"many lines") {
		t.Error("a full buffer was not written")
	}
	if err := done(); err != nil || strings.Count(out.String(), "many lines") != 2000 {
		t.Error(err, "lines were lost")
	}
}

// nullWriter is the cheapest http.ResponseWriter that has deadlines.
type nullWriter struct{ h http.Header }

func (w *nullWriter) Header() http.Header              { return w.h }
func (w *nullWriter) WriteHeader(int)                  {}
func (w *nullWriter) Write(p []byte) (int, error)      { return len(p), nil }
func (w *nullWriter) SetReadDeadline(time.Time) error  { return nil }
func (w *nullWriter) SetWriteDeadline(time.Time) error { return nil }

// BenchmarkFront measures what the middleware adds to a request, without and with the access log.
func BenchmarkFront(b *testing.B) {
	for name, make := range map[string]func() (*slog.Logger, func() error){
		"nolog": func() (*slog.Logger, func() error) { return slog.New(slog.DiscardHandler), func() error { return nil } },
		"text":  func() (*slog.Logger, func() error) { return NewLog(load(b).Log, io.Discard) },
		"json":  func() (*slog.Logger, func() error) { return NewLog(load(b, "PAIL_LOG_FORMAT=json").Log, io.Discard) },
	} {
		b.Run(name, func(b *testing.B) {
			log, done := make()
			l, err := newLifecycle(load(b), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				rest.TraceOf(r.Context()).Operation = "GET /user"
				_, _ = w.Write([]byte("{}"))
			}), Options{Log: log})
			if err != nil {
				b.Fatal(err)
			}
			defer l.listeners[0].ln.Close()
			r := httptest.NewRequest("GET", "/2.0/user?fields=uuid", nil)
			ctx, cancel := context.WithCancel(context.Background()) // as net/http has it
			defer cancel()
			r = r.WithContext(ctx)
			w := &nullWriter{http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.h)
				l.front.ServeHTTP(w, r)
			}
			if err := done(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
