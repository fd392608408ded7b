package bench

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/web/webtest"
)

// How much is in the store that the pages are measured on.
const (
	pageTokens       = 10_000 // all of one account's
	pageRepositories = 1_000  // all in one workspace
	pageActivity     = 1_000_000
)

// BenchmarkPages measures the HTML of every page, from the request to its last byte, for the owner of everything: the
// median in milliseconds.
func BenchmarkPages(b *testing.B) {
	scene := webtest.NewScene(pailtest.Start(b, pailtest.Options{}))
	fillStore(b, scene)
	client := signedIn(b, scene)
	for _, page := range scene.Pages() {
		b.Run(strings.TrimPrefix(page.Pattern, "GET "), func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				took = append(took, load(b, client, scene.URL+page.Path))
			}
			slices.Sort(took)
			median := took[len(took)/2]
			b.ReportMetric(float64(median.Microseconds())/1000, "p50-ms")
			against(b, median, limitPage)
		})
	}
}

// BenchmarkBrowse measures the pages of files, of their history and of what differs, in a repository of 20,000 commits and 5,000
// files: the median in milliseconds. The first one of each is the slowest, and counts as one.
func BenchmarkBrowse(b *testing.B) {
	w, dir := sourceScene(b)
	client := signedIn(b, &webtest.Scene{World: w})
	old, err := exec.Command("git", "--git-dir="+dir, "rev-parse", "main~50").Output()
	if err != nil {
		b.Fatal(err)
	}
	const file = "/main/dir3/sub5/file103.txt"
	for name, path := range map[string]string{
		"root": "/src/main", "directory": "/src/main/dir3/sub5", "file": "/src" + file, "blame": "/blame" + file, "history of a file": "/commits/main?path=dir3/sub5/file103.txt",
		"history of a directory": "/commits/main?path=dir3", "commits": "/commits", "commit": "/commit/main", "commit side by side": "/commit/main?view=split", "compare": "/compare/" + string(bytes.TrimSpace(old)) + "...main", "downloads": "/downloads",
	} {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				took = append(took, load(b, client, w.URL+"/acme/widgets"+path))
			}
			b.ReportMetric(float64(took[0].Microseconds())/1000, "first-ms")
			slices.Sort(took)
			median := took[len(took)/2]
			b.ReportMetric(float64(median.Microseconds())/1000, "p50-ms")
			against(b, median, limitBrowse)
		})
	}
}

// load asks for a page as a browser does, and returns how long that took.
func load(b *testing.B, client *http.Client, address string) time.Duration {
	request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, address, nil)
	if err != nil {
		b.Fatal(err)
	}
	request.Header.Set("Accept", "text/html")
	request.Header.Set("Accept-Encoding", "gzip")
	start := time.Now()
	answer, err := client.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		b.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK {
		b.Fatalf("%s answered %d", address, answer.StatusCode)
	}
	return time.Since(start)
}

// signedIn is a client in which the administrator is signed in.
func signedIn(b *testing.B, scene *webtest.Scene) *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	client := &http.Client{Jar: jar}
	answer, err := client.Get(scene.URL + "/signin")
	if err != nil {
		b.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		b.Fatal(err)
	}
	_ = answer.Body.Close()
	form := url.Values{}
	for _, f := range webtest.Forms(b, webtest.Reply{Body: string(text)}) {
		if f.Action == "/signin" {
			form = f.Values
		}
	}
	form.Set("email", scene.Admin.Email)
	form.Set("password", pailtest.Password)
	if answer, err = client.PostForm(scene.URL+"/signin", form); err != nil {
		b.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		b.Fatalf("the sign-in answered %d", answer.StatusCode)
	}
	return client
}

// fillStore fills the store. What the rooms would do one by one is done in SQLite's own SQL.
func fillStore(b *testing.B, scene *webtest.Scene) {
	b.Helper()
	ctx := context.Background()
	now := database.Micros(time.Now())
	const minute = int64(60_000_000)
	err := scene.DB.Update(ctx, func(tx *database.Tx) error {
		for _, one := range []struct {
			query string
			args  []any
		}{
			{`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
				INSERT INTO credential (id, kind, hash, account_id, name, scopes, created_on, expires_on, last_accessed_on, last_accessed_address,
					last_accessed_agent, last_refused_on, last_refused_address, last_refused_reason)
				SELECT 'filler-' || i, 'api_token', printf('%064d', i), $2, 'Filler ' || i, 'read:project:bitbucket read:repository:bitbucket',
					$3 - i * $4, $3 + i * $4, $3 - i, '192.0.2.1', 'curl/8.5.0', $3 - i, '192.0.2.1', 'scope.missing' FROM n`,
				[]any{pageTokens, scene.Admin.ID, now, minute}},
			{`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
				INSERT INTO repository (id, workspace_id, project_id, slug, name, description, mainbranch, creator_id, created_on, updated_on)
				SELECT printf('00000000-0000-4000-8000-%012d', i), $2, $3, 'filler-' || i, 'Filler ' || i, 'One of many', 'main', $4, $5 - i, $5 - i FROM n`,
				[]any{pageRepositories, scene.Workspace.ID, scene.Project.ID, scene.Admin.ID, now}},
			{`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < $1 - 1)
				INSERT INTO activity (id, credential_id, at, reason, method, path, operation, address, agent)
				SELECT $3 - i, 'filler-' || (i % $2 + 1), $3 - i * 1000, CASE WHEN i % 7 = 0 THEN 'scope.missing' ELSE '' END, 'GET',
					'/2.0/repositories/acme/filler-' || (i % 1000), 'GET /repositories/{workspace}/{repo_slug}', '192.0.2.1', 'curl/8.5.0' FROM n`,
				[]any{pageActivity, pageTokens, now}},
			{`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 199)
				INSERT INTO activity (id, credential_id, at, reason, method, path, operation, address, agent)
				SELECT $2 + i, $1, $2 - i * 1000000, CASE WHEN i % 7 = 0 THEN 'scope.missing' ELSE '' END, 'GET',
					'/2.0/repositories/acme/filler-' || i, 'GET /repositories/{workspace}/{repo_slug}', '192.0.2.1', 'curl/8.5.0' FROM n`,
				[]any{scene.Token.ID, now + minute}},
		} {
			if _, err := tx.Exec(ctx, one.query, one.args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}
