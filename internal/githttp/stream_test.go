package githttp

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/gitserve"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/pailtest/heap"
)

// noise gives n bytes that do not compress.
func noise(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{7})
	_, _ = r.Read(b)
	return b
}

// memoryLimit is how much a push or clone may add to the server's heap, whatever its size.
const memoryLimit = 16 << 20

// big pushes and clones size bytes that do not compress, in chunks, and checks the memory.
func big(t *testing.T, size int) {
	f := newForge(t, Options{})
	dir := f.work()
	file, err := os.Create(filepath.Join(dir, "noise"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(file, rand.NewChaCha8([32]byte{9}), int64(size)); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	f.git(dir, "config", "core.bigFileThreshold", "1m")
	f.git(dir, "config", "core.compression", "0")
	f.git(dir, "add", "noise")
	f.git(dir, "commit", "-q", "-m", "noise")
	head := f.git(dir, "rev-parse", "HEAD")
	if grown := heap.Grown(func() { f.git(dir, "-c", "http.postBuffer=65536", "push", "-q", "origin", "main") }); grown > memoryLimit {
		t.Errorf("a push of %d MiB took %d MiB of memory", size>>20, grown>>20)
	} else {
		t.Logf("push: %d KiB", grown>>10)
	}
	f.holds("refs/heads/main", head)
	if grown := heap.Grown(func() { f.git("", "clone", "-q", "--bare", f.url, filepath.Join(t.TempDir(), "x")) }); grown > memoryLimit {
		t.Errorf("a clone of %d MiB took %d MiB of memory", size>>20, grown>>20)
	} else {
		t.Logf("clone: %d KiB", grown>>10)
	}
	f.set(func(f *forge) {
		for _, e := range f.events {
			if e.Service == gitserve.ReceivePack && !e.Advertise && e.In > int64(size) || e.Service == gitserve.UploadPack && e.Out > int64(size) {
				size = 0
			}
		}
	})
	if size != 0 {
		t.Error("no request was as large as the pack; the test shows nothing")
	}
}

func TestBigPush(t *testing.T) { big(t, 64<<20) }

func TestHugePush(t *testing.T) {
	if os.Getenv("PAIL_TEST_HUGE") == "" {
		t.Skip("set PAIL_TEST_HUGE=1 to push and clone 1 GiB")
	}
	big(t, 1<<30)
}

// post sends a request to a service as a client would.
func (f *forge) post(service string, body io.Reader, header ...string) (*http.Response, string) {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), http.MethodPost, f.url+"/"+service, body)
	if err != nil {
		f.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-"+service+"-request")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		f.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return resp, string(text)
}

func TestHeaders(t *testing.T) {
	f := newForge(t, Options{})
	for _, c := range []struct {
		path, protocol string
		status         int
		kind, begins   string
	}{
		{"/info/refs?service=git-upload-pack", "", 200, "application/x-git-upload-pack-advertisement", "001e# service=git-upload-pack\n0000"},
		{"/info/refs?service=git-upload-pack", "version=2", 200, "application/x-git-upload-pack-advertisement", "000eversion 2\n"},
		{"/info/refs?service=git-upload-pack", "version=1", 200, "application/x-git-upload-pack-advertisement", "001e# service=git-upload-pack\n0000000eversion 1\n"},
		{"/info/refs?service=git-upload-pack", "version=2\x01;rm -rf", 0, "", ""},
		{"/info/refs?service=git-upload-pack", "version=9:evil=$(id)", 200, "application/x-git-upload-pack-advertisement", "001e# service=git-upload-pack\n0000"},
		{"/info/refs?service=git-receive-pack", "version=2", 200, "application/x-git-receive-pack-advertisement", "001f# service=git-receive-pack\n0000"},
		{"/info/refs", "", 403, "text/plain; charset=utf-8", "The dumb HTTP protocol"},
		{"/info/refs?service=git-upload-archive", "", 403, "text/plain; charset=utf-8", "The dumb HTTP protocol"},
		{"/HEAD", "", 404, "text/plain; charset=utf-8", "This is not"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.url+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Git-Protocol", c.protocol)
		resp, err := http.DefaultClient.Do(r)
		if c.status == 0 { // not even the client lets such a header pass
			if err == nil {
				resp.Body.Close()
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != c.status || resp.Header.Get("Content-Type") != c.kind || !strings.HasPrefix(string(text), c.begins) {
			t.Errorf("%s (%s): %d %s %.60q", c.path, c.protocol, resp.StatusCode, resp.Header.Get("Content-Type"), text)
		}
		if c.status != 404 && resp.Header.Get("Cache-Control") != "no-cache, max-age=0, must-revalidate" {
			t.Errorf("%s: Cache-Control %q", c.path, resp.Header.Get("Cache-Control"))
		}
	}
}

func TestBodiesThatCannotBe(t *testing.T) {
	f := newForge(t, Options{MaxRefs: 2, MaxFetchRequest: 1000})
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	line := "0032want " + strings.Repeat("1", 40) + "\n"
	for range 100 {
		_, _ = io.WriteString(z, line)
	}
	z.Close()
	none, some := string(gitstore.ZeroHash), strings.Repeat("1", 40)
	command := func(ref string) string { return string(gitserve.AppendPacket(nil, none+" "+some+" "+ref)) }
	for _, c := range []struct {
		name, service, body string
		header              []string
		status              int
	}{
		{"wrong type", gitserve.ReceivePack, "0000", []string{"Content-Type", "text/plain"}, 415},
		{"unknown encoding", gitserve.ReceivePack, "0000", []string{"Content-Encoding", "br"}, 415},
		{"no gzip", gitserve.ReceivePack, "0000", []string{"Content-Encoding", "gzip"}, 400},
		{"no gzip", gitserve.UploadPack, "0000", []string{"Content-Encoding", "gzip"}, 400},
		{"probe", gitserve.ReceivePack, "0000", nil, 200},
		{"garbage", gitserve.ReceivePack, "garbage", nil, 400},
		{"cut", gitserve.ReceivePack, command("refs/heads/x"), nil, 400},
		{"not a command", gitserve.ReceivePack, "000bhello!\n0000", nil, 400},
		{"too many", gitserve.ReceivePack, command("refs/heads/a") + command("refs/heads/b") + command("refs/heads/c") + "0000", nil, 413},
		{"too long", gitserve.UploadPack, bomb.String(), []string{"Content-Encoding", "gzip"}, 413},
	} {
		resp, text := f.post(c.service, strings.NewReader(c.body), c.header...)
		if resp.StatusCode != c.status {
			t.Errorf("%s: %d %q, want %d", c.name, resp.StatusCode, text, c.status)
		}
	}
}

// A body that is compressed and comes in chunks reaches git as it was.
func TestGzipChunkedPush(t *testing.T) {
	f := newForge(t, Options{})
	dir := f.work()
	head := f.commit(dir, "a", "1")
	cmd := f.command(dir, "pack-objects", "--stdout", "--revs", "-q")
	cmd.Stdin = strings.NewReader(head + "\n")
	pack, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var body bytes.Buffer
	z := gzip.NewWriter(&body)
	_, _ = z.Write(gitserve.AppendPacket(nil, string(gitstore.ZeroHash)+" "+head+" refs/heads/main\x00report-status"))
	_, _ = io.WriteString(z, gitserve.FlushPacket)
	_, _ = z.Write(pack)
	z.Close()
	resp, text := f.post(gitserve.ReceivePack, struct{ io.Reader }{&body}, "Content-Encoding", "gzip")
	if resp.StatusCode != 200 || text != "000eunpack ok\n0017ok refs/heads/main\n0000" {
		t.Errorf("%d %q", resp.StatusCode, text)
	}
	f.holds("refs/heads/main", head)
	if pushed := f.takePushed(); len(pushed) != 1 {
		t.Errorf("told of %v", pushed)
	}
}

// Without a report git's word is missing, so the references tell.
func TestPushWithoutReport(t *testing.T) {
	f := newForge(t, Options{})
	dir := f.work()
	head := f.commit(dir, "a", "1")
	f.git(dir, "push", "-q", "origin", "main")
	f.takePushed()
	none := string(gitstore.ZeroHash)
	body := gitserve.AppendPacket(nil, head+" "+none+" refs/heads/gone\x00")
	body = gitserve.AppendPacket(body, none+" "+head+" refs/heads/new")
	body = append(body, gitserve.FlushPacket...)
	body = append(body, "PACK\x00\x00\x00\x02\x00\x00\x00\x00\x02\x9d\x08\x82\x3b\xd8\xa8\xea\xb5\x10\xad\x6a\xc7\x5c\x82\x3c\xfd\x3e\xd3\x1e"...)
	if resp, text := f.post(gitserve.ReceivePack, bytes.NewReader(body)); resp.StatusCode != 200 {
		t.Errorf("%d %q", resp.StatusCode, text)
	}
	f.holds("refs/heads/new", head)
	if pushed := f.takePushed(); len(pushed) != 1 || len(pushed[0]) != 1 || pushed[0][0].Name != "refs/heads/new" {
		t.Errorf("told of %v", pushed)
	}
}

// dialPush begins a push by hand and gives the connection after the commands and half of the pack.
func dialPush(t *testing.T, f *forge, dir, head string) (net.Conn, []byte) {
	t.Helper()
	cmd := f.command(dir, "pack-objects", "--stdout", "--revs", "-q")
	cmd.Stdin = strings.NewReader(head + "\n")
	pack, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	body := gitserve.AppendPacket(nil, string(gitstore.ZeroHash)+" "+head+" refs/heads/main\x00report-status side-band-64k")
	body = append(append(body, gitserve.FlushPacket...), pack...)
	c, err := net.Dial("tcp", f.srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(c, "POST /ws/repo/git-receive-pack HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-git-receive-pack-request\r\nContent-Length: %d\r\n\r\n", len(body))
	half := len(body) / 2
	if _, err := c.Write(body[:half]); err != nil {
		t.Fatal(err)
	}
	return c, body[half:]
}

// A client that dies in the middle of a push leaves nothing behind.
func TestKilledClient(t *testing.T) {
	done := make(chan struct{}, 9)
	f := newForge(t, Options{})
	observe := f.h.o.Observe
	f.h.o.Observe = func(e Event) { observe(e); done <- struct{}{} }
	dir := f.work()
	head := f.commit(dir, "noise", string(noise(4<<20)))
	for range 3 {
		c, _ := dialPush(t, f, dir, head)
		waitFor(t, func() bool { // git has begun
			found, _ := filepath.Glob(filepath.Join(f.dir, "objects", "tmp_objdir-*"))
			return len(found) > 0
		})
		c.Close()
		<-done
		f.holds("refs/heads/main", "")
		f.sound()
	}
	if pushed := f.takePushed(); len(pushed) != 0 {
		t.Errorf("told of %v", pushed)
	}
	f.git(dir, "push", "-q", "origin", "main")
	f.sound()
}

// waitFor polls for something that another process does.
func waitFor(t *testing.T, ready func() bool) {
	t.Helper()
	for !ready() {
		select {
		case <-t.Context().Done():
			t.Fatal("it never came about")
		default:
			runtime.Gosched()
		}
	}
}

// A client that leaves when its whole push has arrived has pushed.
func TestClientLeavesAfterTheBody(t *testing.T) {
	done := make(chan Event, 9)
	f := newForge(t, Options{})
	f.h.o.Observe = func(e Event) { done <- e }
	dir := f.work()
	head := f.commit(dir, "noise", string(noise(4<<20)))
	c, rest := dialPush(t, f, dir, head)
	if _, err := c.Write(rest); err != nil {
		t.Fatal(err)
	}
	c.(*net.TCPConn).CloseWrite()
	// Wait for the body to be read whole: an early end of the connection could otherwise be seen first.
	answer := make([]byte, 1)
	_, _ = c.Read(answer)
	c.Close()
	<-done
	f.holds("refs/heads/main", head)
	if pushed := f.takePushed(); len(pushed) != 1 {
		t.Errorf("told of %v", pushed)
	}
	f.sound()
}

func TestStalledConnection(t *testing.T) {
	done := make(chan Event, 9)
	f := newForge(t, Options{Stall: 200 * time.Millisecond})
	f.h.o.Observe = func(e Event) { done <- e }
	dir := f.work()
	head := f.commit(dir, "noise", string(noise(1<<20)))
	c, _ := dialPush(t, f, dir, head)
	defer c.Close()
	if e := <-done; !errors.Is(e.Err, gitserve.ErrStalled) {
		t.Errorf("ended with %v, want gitserve.ErrStalled", e.Err)
	}
	f.holds("refs/heads/main", "")
	f.sound()
}

func TestBusy(t *testing.T) {
	turns := gitserve.NewTurns(1, time.Millisecond)
	f := newForge(t, Options{Turns: turns})
	done, _, err := turns.Take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out, err := f.try("", "ls-remote", f.url)
	if err == nil || !strings.Contains(out, "remote: The server is busy") {
		t.Errorf("%v\n%s", err, out)
	}
	done()
	f.git("", "ls-remote", f.url)
}

// A stopping server lets a push end.
func TestGracefulStop(t *testing.T) {
	f := newForge(t, Options{})
	dir := f.work()
	head := f.commit(dir, "noise", string(noise(4<<20)))
	c, rest := dialPush(t, f, dir, head)
	defer c.Close()
	waitFor(t, func() bool {
		found, _ := filepath.Glob(filepath.Join(f.dir, "objects", "tmp_objdir-*"))
		return len(found) > 0
	})
	stopped := make(chan error)
	go func() { stopped <- f.srv.Config.Shutdown(context.Background()) }()
	if _, err := c.Write(rest); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if err != nil || !strings.Contains(string(answer), "ok refs/heads/main") {
		t.Errorf("%v\n%q", err, answer)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	f.holds("refs/heads/main", head)
}
