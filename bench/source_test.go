package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/pailtest"
)

// Limits of reading files over the API, in a repository of 20,000 commits and 5,000 files.
const (
	limitSource      = 2000 // requests a second, at least
	limitDiff        = 1.3  // times git diff
	limitFileHistory = 1.2  // times git log --follow
	limitDeep        = 3.0  // times git log, for page 300 of commits
)

// sourceScene is a server with such a repository, and where that lies on disk.
func sourceScene(b *testing.B) (w *pailtest.World, dir string) {
	b.Helper()
	w = pailtest.Start(b, pailtest.Options{}).World()
	source := filepath.Join(b.TempDir(), "source.git")
	run(b, nil, "git", "init", "--quiet", "--bare", "--initial-branch=main", source)
	var stream bytes.Buffer
	for i := range 20_000 {
		fmt.Fprintf(&stream, "commit refs/heads/main\ncommitter Ada <admin@acme.example> %d +0000\ndata 7\nChange\n\n", 1_600_000_000+i*60)
		n := i % 5000
		var content bytes.Buffer
		for j := range 40 {
			fmt.Fprintf(&content, "line %d of file %d as change %d left it\n", j, n, i/(5000*(1+j%3)))
		}
		fmt.Fprintf(&stream, "M 100644 inline dir%d/sub%d/file%d.txt\ndata %d\n%s\n", n%50, n%7, n, content.Len(), content.String())
	}
	run(b, &stream, "git", "--git-dir="+source, "fast-import", "--quiet")
	git := w.Server.Server.Git
	if err := git.Import(context.Background(), w.Repository.ID, source); err != nil {
		b.Fatal(err)
	}
	if err := git.Maintain(context.Background(), w.Repository.ID); err != nil {
		b.Fatal(err)
	}
	if err := w.Repositories.Pushed(context.Background(), w.Repository.ID); err != nil {
		b.Fatal(err)
	}
	w.Indexed() // what goes on in the background after a push is measured by itself
	found, _ := filepath.Glob(filepath.Join(w.Config.Data, "repositories", "*", w.Repository.ID+".git"))
	if len(found) != 1 {
		b.Fatal(found)
	}
	return w, found[0]
}

// BenchmarkSource reads a directory and a file by two clients at a time.
func BenchmarkSource(b *testing.B) {
	w, _ := sourceScene(b)
	token := w.Token(w.Admin, "read:repository")
	for name, path := range map[string]string{"directory": "src/main/dir3/", "file": "src/main/dir3/sub5/file103.txt"} {
		b.Run(name, func(b *testing.B) {
			var failed atomic.Value
			start := time.Now()
			b.SetParallelism(1)
			b.RunParallel(func(p *testing.PB) {
				client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
				for p.Next() {
					if _, err := get(client, w.URL+"/2.0/repositories/acme/widgets/"+path, token); err != nil {
						failed.Store(err.Error())
						return
					}
				}
			})
			if why := failed.Load(); why != nil {
				b.Fatal(why)
			}
			rate := float64(b.N) / time.Since(start).Seconds()
			b.ReportMetric(rate, "requests/s")
			b.ReportMetric(limitSource/rate, "of-limit")
		})
	}
}

// get reads an answer to its end, and gives how long it took.
func get(client *http.Client, address string, c pailtest.Credential) (time.Duration, error) {
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	c(r)
	start := time.Now()
	a, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer a.Body.Close()
	n, err := io.Copy(io.Discard, a.Body)
	if err == nil && (a.StatusCode != http.StatusOK || n == 0) {
		err = fmt.Errorf("%s answered %d with %d bytes", address, a.StatusCode, n)
	}
	return time.Since(start), err
}

// BenchmarkAgainstGit compares what git does for the API with the same as a process of its own.
func BenchmarkAgainstGit(b *testing.B) {
	w, dir := sourceScene(b)
	token := w.Token(w.Admin, "read:repository")
	for _, c := range []struct {
		name, path string
		git        []string
		limit      float64
	}{
		{"diff", "diff/main..main~9000", []string{"diff", "main~9000", "main"}, limitDiff},
		{"filehistory", "filehistory/main/dir3/sub5/file103.txt?pagelen=100", []string{"log", "--follow", "-M", "--raw", "main", "--", "dir3/sub5/file103.txt"}, limitFileHistory},
		{"commits page 300", "commits/main?page=300", []string{"log", "-n", "30", "--skip", "8970", "--format=raw", "main"}, limitDeep},
	} {
		b.Run(c.name, func(b *testing.B) {
			old, err := exec.Command("git", "--git-dir="+dir, "rev-parse", "main~9000").Output()
			if err != nil {
				b.Fatal(err)
			}
			path := string(bytes.ReplaceAll([]byte(c.path), []byte("main~9000"), bytes.TrimSpace(old)))
			var onPail, onGit time.Duration
			for b.Loop() {
				start := time.Now()
				if out, err := exec.Command("git", append([]string{"--git-dir=" + dir}, c.git...)...).Output(); err != nil || len(out) == 0 {
					b.Fatal(err)
				}
				onGit += time.Since(start)
				took, err := get(w.Client, w.URL+"/2.0/repositories/acme/widgets/"+path, token)
				if err != nil {
					b.Fatal(err)
				}
				onPail += took
			}
			ratio := float64(onPail) / float64(onGit)
			b.ReportMetric(onPail.Seconds()*1e3/float64(b.N), "pail-ms")
			b.ReportMetric(onGit.Seconds()*1e3/float64(b.N), "git-ms")
			b.ReportMetric(ratio, "times-git")
			b.ReportMetric(ratio/c.limit, "of-limit")
		})
	}
}
