package githttp

import (
	"fmt"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/gitserve"
	"github.com/pailforge/pail/internal/gitstore"
)

// baseline serves the same repository by `git http-backend` behind net/http/cgi, the way Git's own
// documentation sets up a server. It gives the repository's URL.
func baseline(b *testing.B, f *forge) string {
	b.Helper()
	out, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		b.Fatal(err)
	}
	srv := httptest.NewServer(&cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(out)), "git-http-backend"),
		Env: []string{"GIT_PROJECT_ROOT=" + filepath.Dir(f.dir), "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
			"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"},
		InheritEnv: []string{"PATH"},
	})
	b.Cleanup(srv.Close)
	return srv.URL + "/" + filepath.Base(f.dir)
}

// fill gives the forge's repository n commits, each with a file of its own of 2 KiB of noise, and packs it.
func (f *forge) fill(n int) {
	f.t.Helper()
	var in strings.Builder
	for i := range n {
		message := fmt.Sprintf("commit %d\n", i)
		data := fmt.Sprintf("%x", noise(1<<10 + i)[i:])
		fmt.Fprintf(&in, "commit refs/heads/main\ncommitter G <g@x> %d +0000\ndata %d\n%s", 1600000000+i, len(message), message)
		fmt.Fprintf(&in, "M 100644 inline d%d/f%d\ndata %d\n%s\n", i%50, i, len(data), data)
	}
	cmd := f.command(f.dir, "fast-import", "--quiet", "--force")
	cmd.Stdin = strings.NewReader(in.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		f.t.Fatalf("%v\n%s", err, out)
	}
	f.git(f.dir, "-c", "pack.threads=1", "repack", "-a", "-d", "-q", "--write-bitmap-index")
}

// compare runs the same client work against both servers, by turns, and reports the ratio of the
// times: below 1 this package is faster.
func compare(b *testing.B, ours, theirs string, work func(url string)) {
	work(ours)
	work(theirs)
	var mine, base time.Duration
	for i := 0; b.Loop(); i++ {
		for k := range 2 { // the order changes, so that neither always runs on the warmer machine
			begun := time.Now()
			if (i+k)%2 == 0 {
				work(ours)
				mine += time.Since(begun)
			} else {
				work(theirs)
				base += time.Since(begun)
			}
		}
	}
	b.ReportMetric(mine.Seconds()*1000/float64(b.N), "ours-ms/op")
	b.ReportMetric(base.Seconds()*1000/float64(b.N), "http-backend-ms/op")
	b.ReportMetric(mine.Seconds()/base.Seconds(), "ratio")
}

func BenchmarkClone(b *testing.B) {
	f := newForge(b, Options{})
	f.fill(5000)
	scratch := b.TempDir()
	compare(b, f.url, baseline(b, f), func(url string) {
		dir := filepath.Join(scratch, "x")
		f.git("", "clone", "-q", "--bare", url, dir)
		os.RemoveAll(dir)
	})
}

// BenchmarkCloneLarge moves 128 MiB that do not compress: the copying counts here, not git's work.
func BenchmarkCloneLarge(b *testing.B) {
	f := newForge(b, Options{})
	dir := f.work()
	f.git(dir, "config", "core.compression", "0")
	f.commit(dir, "noise", string(noise(128<<20)))
	f.git(dir, "push", "-q", "origin", "main")
	cloneBody := "0011command=fetch0001000fno-progress" + string(gitserve.AppendPacket(nil, "want "+f.git(dir, "rev-parse", "HEAD")+"\n")) + "0009done\n0000"
	compare(b, f.url, baseline(b, f), func(url string) {
		req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url+"/git-upload-pack", strings.NewReader(cloneBody))
		if err != nil {
			b.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-git-upload-pack-request")
		req.Header.Set("Git-Protocol", "version=2")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		defer resp.Body.Close()
		buf := make([]byte, 256<<10)
		total := 0
		for {
			n, err := resp.Body.Read(buf)
			total += n
			if err != nil {
				break
			}
		}
		if total < 128<<20 {
			b.Fatalf("only %d bytes came", total)
		}
	})
}

func BenchmarkFetch(b *testing.B) {
	f := newForge(b, Options{})
	f.fill(5000)
	dir := filepath.Join(b.TempDir(), "x")
	f.git("", "clone", "-q", "--bare", f.url, dir)
	old := f.git(dir, "rev-parse", "main~20")
	f.git(dir, "update-ref", "refs/heads/main", old)
	f.git(dir, "repack", "-a", "-d", "-q")
	f.git(dir, "prune", "--expire=now")
	scratch := b.TempDir()
	compare(b, f.url, baseline(b, f), func(url string) {
		// A fresh copy each time, linked so that it costs nothing.
		copied := filepath.Join(scratch, "y")
		f.git("", "clone", "-q", "--bare", "--shared", dir, copied)
		f.git(copied, "fetch", "-q", url, "refs/heads/main:refs/heads/new")
		os.RemoveAll(copied)
	})
}

func BenchmarkPush(b *testing.B) {
	f := newForge(b, Options{})
	f.fill(2000)
	dir := filepath.Join(b.TempDir(), "x")
	f.git("", "clone", "-q", f.url, dir)
	n := 0
	for b.Loop() {
		b.StopTimer()
		f.commit(dir, "a", fmt.Sprint(n))
		n++
		b.StartTimer()
		f.git(dir, "push", "-q", f.url, "HEAD:refs/heads/topic")
	}
	if values, err := f.store.RefValues(b.Context(), f.id, []string{"refs/heads/topic"}); err != nil || values["refs/heads/topic"] == "" || values["refs/heads/topic"] == gitstore.ZeroHash {
		b.Fatal(values, err)
	}
}
