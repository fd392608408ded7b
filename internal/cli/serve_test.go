package cli

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// background is a command that runs until it is told to stop.
type background struct {
	lines *bufio.Reader // standard output
	code  chan int
	stop  context.CancelFunc
	err   *bytes.Buffer // to be read when it has ended
}

func start(t *testing.T, args ...string) *background {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	b := &background{lines: bufio.NewReader(r), code: make(chan int, 1), stop: cancel, err: new(bytes.Buffer)}
	go func() {
		code := run(ctx, args, strings.NewReader(""), w, b.err, []string{"PATH=" + os.Getenv("PATH")})
		_ = w.Close()
		b.code <- code
	}()
	t.Cleanup(cancel)
	return b
}

var link = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// find reads standard output until a line holds what the pattern asks for; the rest is thrown away as it comes.
func (b *background) find(t *testing.T, pattern *regexp.Regexp) string {
	t.Helper()
	for {
		line, err := b.lines.ReadString('\n')
		if found := pattern.FindString(line); found != "" {
			go func() { _, _ = io.Copy(io.Discard, b.lines) }()
			return found
		}
		if err != nil {
			t.Fatalf("ended with %d before %s was there: %v\n%s", <-b.code, pattern, err, b.err)
		}
	}
}

// TestServe: the link for the first account, a real request, and the graceful end by a signal.
func TestServe(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	b := start(t, "serve", "--data", data, "--addr", "127.0.0.1:0")
	base := link.FindString(b.find(t, regexp.MustCompile(`http://127\.0\.0\.1:\d+/setup\?token=\w+`)))
	res, err := http.Get(base + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("/healthz answers %d", res.StatusCode)
	}
	// A command works on the store of a server that runs.
	if r := command(t, "", "admin", "user", "create", "--email", "ada@example.com", "--username", "ada", "--data", data); r.code != 0 {
		t.Errorf("beside the server: %+v", r)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := <-b.code; code != 0 {
		t.Errorf("exit code %d\n%s", code, b.err)
	}
	if log := b.err.String(); !strings.Contains(log, "msg=serving") || !strings.Contains(log, "msg=stopped") {
		t.Errorf("the log is not on standard error:\n%s", log)
	}
}

// TestServeAgain: once there is an account there is no link.
func TestServeAgain(t *testing.T) {
	s := store(t)
	s.do("admin", "user", "create", "--email", "ada@example.com", "--username", "ada")
	ctx, cancel := context.WithCancel(t.Context())
	var out bytes.Buffer
	stop := writerFunc(func(p []byte) {
		if bytes.Contains(p, []byte("msg=serving")) {
			cancel()
		}
	})
	if code := run(ctx, []string{"serve", "--data", s.data, "--addr", "127.0.0.1:0"}, strings.NewReader(""), &out, stop, nil); code != 0 || out.Len() > 0 {
		t.Errorf("exit code %d, standard output %q", code, out.String())
	}
}

type writerFunc func([]byte)

func (f writerFunc) Write(p []byte) (int, error) { f(p); return len(p), nil }

func TestPrintConfig(t *testing.T) {
	r := command(t, "", "serve", "--print-config", "--addr", ":9000", "--answers=bare", "--database", "postgres://pail:hunter2hunter2@db/pail")
	if !strings.Contains(r.out, "answers: bare # flag --answers") {
		t.Errorf("the answers are not there:\n%s", r.out)
	}
	if r.code != 0 || !strings.Contains(r.out, "addr: :9000") && !strings.Contains(r.out, `addr: ":9000"`) || strings.Contains(r.out, "hunter2") {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.err)
	}
}

// TestDemo: the command tells the story and ends by a signal.
func TestDemo(t *testing.T) {
	b := start(t, "demo", "--addr", "127.0.0.1:0", "--answers=bare")
	base := b.find(t, link)
	res, err := http.Get(base + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if refused, err := http.Get(base + "/2.0/user"); err != nil || refused.Body.Close() != nil || refused.StatusCode != http.StatusUnauthorized || refused.Header.Get("X-Pail-Reason") != "" {
		t.Errorf("the answers are not bare: %v %v", refused, err)
	}
	b.stop()
	if code := <-b.code; code != 0 || res.StatusCode != http.StatusOK {
		t.Errorf("exit code %d, /readyz %d\n%s", code, res.StatusCode, b.err)
	}
}
