package bench

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/pailtest"
)

// Limits of the search for code, in a repository of 20,000 files, and what another 1,000 repositories may cost it.
const (
	limitSearch   = 0.25             // times git grep
	limitIndexing = 60 * time.Second // from the push of all of them to the last one being found
	limitFollow   = 1 * time.Second  // from the push of one more
	searchFiles   = 20_000
)

// BenchmarkSearch compares a search over HTTP with git grep as a process of its own, for words that are in one file, in many
// and in all, and for a phrase.
func BenchmarkSearch(b *testing.B) {
	w := pailtest.Start(b, pailtest.Options{}).World()
	source := filepath.Join(b.TempDir(), "source.git")
	run(b, nil, "git", "init", "--quiet", "--bare", "--initial-branch=main", source)
	var stream bytes.Buffer
	stream.WriteString("commit refs/heads/main\ncommitter Ada <admin@acme.example> 1600000000 +0000\ndata 7\nChange\n\n")
	for i := range searchFiles {
		var content bytes.Buffer
		for j := range 30 {
			fmt.Fprintf(&content, "func handle%dRequest(ctx context.Context, name%d string) error { return parse_%d(name) }\n", i*30+j, j, (i*31+j)%5000)
		}
		fmt.Fprintf(&stream, "M 100644 inline dir%d/sub%d/file%d.go\ndata %d\n%s\n", i%50, i%7, i, content.Len(), content.String())
	}
	run(b, &stream, "git", "--git-dir="+source, "fast-import", "--quiet")
	ctx := context.Background()
	git := w.Server.Server.Git
	pushed := func() (took time.Duration) {
		start := time.Now()
		if err := w.Repositories.Pushed(ctx, w.Repository.ID); err != nil {
			b.Fatal(err)
		}
		if err := w.Search.Settled(ctx); err != nil {
			b.Fatal(err)
		}
		return time.Since(start)
	}
	if err := git.Import(ctx, w.Repository.ID, source); err != nil {
		b.Fatal(err)
	}
	took := pushed()
	b.Run("indexing", func(b *testing.B) {
		for b.Loop() {
		}
		b.ReportMetric(took.Seconds(), "s")
		b.ReportMetric(took.Seconds()/limitIndexing.Seconds(), "of-limit")
	})
	found, _ := filepath.Glob(filepath.Join(w.Config.Data, "repositories", "*", w.Repository.ID+".git"))
	if len(found) != 1 {
		b.Fatal(found)
	}
	b.Run("one more file", func(b *testing.B) {
		n := 0
		var all time.Duration
		for b.Loop() {
			n++
			change := fmt.Sprintf("commit refs/heads/main\ncommitter Ada <admin@acme.example> %d +0000\ndata 7\nChange\n\nfrom refs/heads/main^0\nM 100644 inline more/file%d.go\ndata 5\nmore\n\n", 1_600_000_000+n, n)
			run(b, bytes.NewBufferString(change), "git", "--git-dir="+found[0], "fast-import", "--quiet")
			all += pushed()
		}
		b.ReportMetric(float64(all)/float64(b.N)/float64(limitFollow), "of-limit")
	})
	token := w.Token(w.Admin, "read:repository")
	for range 1000 { // others, that the query must name and that hold nothing
		w.Exec(`INSERT INTO repository (id, workspace_id, project_id, slug, name, description, is_private, language, fork_policy, has_issues, has_wiki, mainbranch, size, created_on, updated_on)
			SELECT $1, workspace_id, project_id, $2, name, description, is_private, language, fork_policy, has_issues, has_wiki, '', 0, created_on, updated_on FROM repository WHERE id = $3`,
			uuid.NewString(), "r"+uuid.NewString(), w.Repository.ID)
	}
	for _, c := range []struct {
		name, query string
		git         []string
	}{
		{"one", "handle123456Request", []string{"-w", "handle123456Request"}},
		{"many", "parse_77", []string{"-w", "parse_77"}},
		{"all", "context", []string{"-w", "context"}},
		{"phrase", "%22return+parse_78%22", []string{"-w", "return parse_78"}},
		{"without", "parse_77+NOT+parse_78", []string{"-w", "--all-match", "-e", "parse_77", "--and", "--not", "-e", "parse_78"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			var onPail, onGit time.Duration
			for b.Loop() {
				start := time.Now()
				if out, err := exec.Command("git", append(append([]string{"--git-dir=" + found[0], "grep", "--ignore-case"}, c.git...), "main")...).Output(); err != nil || len(out) == 0 {
					b.Fatal(err)
				}
				onGit += time.Since(start)
				took, err := get(w.Client, w.URL+"/2.0/workspaces/acme/search/code?search_query="+c.query, token)
				if err != nil {
					b.Fatal(err)
				}
				onPail += took
			}
			ratio := float64(onPail) / float64(onGit)
			b.ReportMetric(float64(onPail.Microseconds())/float64(b.N)/1000, "ms")
			b.ReportMetric(ratio, "times-git-grep")
			b.ReportMetric(ratio/limitSearch, "of-limit")
		})
	}
}
