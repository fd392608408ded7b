package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/pailtest"
)

// BenchmarkGetRepository compares GET /2.0/repositories/{workspace}/{repo_slug} with a token against a bare net/http
// handler that writes the same bytes: blocks of requests to the one and to the other in turn, over the same number of
// keep-alive connections, with a client that does next to nothing itself.
func BenchmarkGetRepository(b *testing.B) {
	w := pailtest.Start(b, pailtest.Options{Env: []string{"PAIL_LOG_LEVEL=info"}}).World()
	secret := w.Secret(w.Admin, "read:repository")
	answer := w.Want(w.Do(pailtest.Basic(w.Admin.Email, secret), http.MethodGet, "/2.0/repositories/acme/widgets", nil), http.StatusOK)
	bare := bareServer(b, answer)

	request := "GET /2.0/repositories/acme/widgets HTTP/1.1\r\nHost: pail\r\nUser-Agent: bench\r\nAuthorization: Basic " +
		base64.StdEncoding.EncodeToString([]byte(w.Admin.Email+":"+secret)) + "\r\n\r\n"
	pail := dial(b, strings.TrimPrefix(w.URL, "http://"), request)
	plain := dial(b, bare, request)
	const block = 2000
	var onPail, onBare time.Duration
	n := 0
	for b.Loop() {
		onBare += plain.block(b, block)
		onPail += pail.block(b, block)
		n += block
	}
	ratio := float64(onBare) / float64(onPail)
	b.ReportMetric(float64(n)/onPail.Seconds(), "pail-req/s")
	b.ReportMetric(float64(n)/onBare.Seconds(), "bare-req/s")
	b.ReportMetric(100*ratio, "%-of-bare")
	b.ReportMetric(limitThroughput/ratio, "of-limit")
}

// bareServer answers every request with the bytes of an answer of Pail's.
func bareServer(b *testing.B, a *pailtest.Answer) (addr string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for k, v := range a.Header {
			if k != "Date" {
				w.Header()[k] = v
			}
		}
		_, _ = w.Write(a.Body)
	})}
	go func() { _ = srv.Serve(ln) }()
	b.Cleanup(func() { _ = srv.Close() })
	return ln.Addr().String()
}

// client is a set of keep-alive connections that send one request over and over.
type client struct {
	request []byte
	conns   []*bufio.ReadWriter
}

func dial(b *testing.B, addr, request string) *client {
	c := &client{request: []byte(request)}
	for range 4 * runtime.GOMAXPROCS(0) {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = conn.Close() })
		c.conns = append(c.conns, bufio.NewReadWriter(bufio.NewReaderSize(conn, 16<<10), bufio.NewWriter(conn)))
	}
	return c
}

// block sends n requests over all connections and returns how long that took.
func (c *client) block(b *testing.B, n int) time.Duration {
	start := time.Now()
	var wg sync.WaitGroup
	for _, conn := range c.conns {
		wg.Go(func() {
			for range n / len(c.conns) {
				if err := exchange(conn, c.request); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}

func exchange(conn *bufio.ReadWriter, request []byte) error {
	if _, err := conn.Write(request); err != nil {
		return err
	}
	if err := conn.Flush(); err != nil {
		return err
	}
	length, first := -1, true
	for {
		line, err := conn.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200")) {
			return fmt.Errorf("answered %s", line)
		}
		first = false
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			length, _ = strconv.Atoi(string(bytes.TrimSpace(value)))
		}
		if len(line) <= 2 {
			break
		}
	}
	_, err := conn.Discard(length)
	return err
}

// BenchmarkCommits compares the first page of the commits of a repository of 20,000 with git log for the same number,
// run as a process.
func BenchmarkCommits(b *testing.B) {
	w := pailtest.Start(b, pailtest.Options{}).World()
	source := history(b, 20_000)
	if err := w.Server.Server.Git.Import(context.Background(), w.Repository.ID, source); err != nil {
		b.Fatal(err)
	}
	if err := w.Repositories.Pushed(context.Background(), w.Repository.ID); err != nil {
		b.Fatal(err)
	}
	token := w.Token(w.Admin, "read:repository")
	dir := filepath.Join(w.Config.Data, "repositories", w.Repository.ID[:2], w.Repository.ID+".git")
	if found, _ := filepath.Glob(filepath.Join(w.Config.Data, "repositories", "*", w.Repository.ID+".git")); len(found) == 1 {
		dir = found[0]
	}
	var onPail, onGit time.Duration
	for b.Loop() {
		start := time.Now()
		if out, err := exec.Command("git", "--git-dir="+dir, "log", "-n", "30", "--format=raw", "main").Output(); err != nil || len(out) == 0 {
			b.Fatal(err)
		}
		onGit += time.Since(start)
		start = time.Now()
		r, _ := http.NewRequest(http.MethodGet, w.URL+"/2.0/repositories/acme/widgets/commits", nil)
		token(r)
		res, err := w.Client.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		n, _ := io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK || n == 0 {
			b.Fatal(res.Status)
		}
		onPail += time.Since(start)
	}
	ratio := float64(onPail) / float64(onGit)
	b.ReportMetric(onPail.Seconds()*1e3/float64(b.N), "pail-ms")
	b.ReportMetric(onGit.Seconds()*1e3/float64(b.N), "git-log-ms")
	b.ReportMetric(ratio, "times-git-log")
	b.ReportMetric(ratio/limitCommits, "of-limit")
}

// history makes a bare repository with n commits on main.
func history(b *testing.B, n int) string {
	b.Helper()
	dir := filepath.Join(b.TempDir(), "history.git")
	run(b, nil, "git", "init", "--quiet", "--bare", "--initial-branch=main", dir)
	var stream bytes.Buffer
	for i := range n {
		message := fmt.Sprintf("Change number %d\n\nWith a body of a line or two, as people write them.\n", i)
		fmt.Fprintf(&stream, "commit refs/heads/main\ncommitter Ada <admin@acme.example> %d +0000\ndata %d\n%s\n", 1_600_000_000+i*60, len(message), message)
		content := fmt.Sprintf("content %d\n", i)
		fmt.Fprintf(&stream, "M 100644 inline dir%d/file%d.txt\ndata %d\n%s\n", i%20, i%300, len(content), content)
	}
	run(b, &stream, "git", "--git-dir="+dir, "fast-import", "--quiet")
	return dir
}

func run(b *testing.B, stdin io.Reader, name string, args ...string) {
	b.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stdin = stdin
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// BenchmarkStart starts the real binary on an existing store: how long until the first answer, and how much memory it
// holds when nothing happens.
func BenchmarkStart(b *testing.B) {
	bin := filepath.Join(b.TempDir(), "pail")
	run(b, nil, "go", "build", "-o", bin, "github.com/pailforge/pail/cmd/pail")
	data := b.TempDir()
	start(b, bin, data)() // makes the store
	var took time.Duration
	var idle int64
	for b.Loop() {
		began := time.Now()
		stop := start(b, bin, data)
		took += time.Since(began)
		idle = max(idle, lastRSS)
		stop()
	}
	against(b, took/time.Duration(b.N), limitStart)
	b.ReportMetric(took.Seconds()*1e3/float64(b.N), "ms-to-first-answer")
	b.ReportMetric(float64(idle)/(1<<20), "idle-MiB")
	b.ReportMetric(float64(idle)/limitIdle, "of-idle-limit")
}

var lastRSS int64

func start(b *testing.B, bin, data string) (stop func()) {
	b.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	addr := ln.Addr().String()
	_ = ln.Close()
	cmd := exec.Command(bin, "serve", "--addr", addr, "--data", data)
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		res, err := http.Get("http://" + addr + "/2.0/user")
		if err == nil {
			var body map[string]any
			err = json.NewDecoder(res.Body).Decode(&body)
			_ = res.Body.Close()
			if err == nil {
				break
			}
		}
		if time.Now().After(deadline) {
			_ = cmd.Process.Kill()
			b.Fatal("no answer")
		}
		time.Sleep(time.Millisecond)
	}
	lastRSS = rss(b, cmd.Process.Pid)
	return func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	}
}

// rss is the resident memory of a process in bytes, from /proc.
func rss(b *testing.B, pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Skip("skipped: no /proc on this machine")
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			return kb << 10
		}
	}
	b.Fatal("no VmRSS")
	return 0
}
