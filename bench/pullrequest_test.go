package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/pailtest"
)

const (
	pullRequests     = 10_000 // of one repository, half of them open
	limitPullRequest = 15 * time.Millisecond
	limitFirstByte   = 300 * time.Millisecond // of a diff of 5,000 files
)

// BenchmarkPullRequests measures the first page of the list of a repository's pull requests, and one of them: the median in
// milliseconds, and against a repository that has few.
func BenchmarkPullRequests(b *testing.B) {
	lists(b, manyPullRequests(b, fewOf), manyPullRequests(b, pullRequests), limitPullRequest,
		question{"list", ""}, question{"merged", "?state=MERGED"}, filtered("reviewer", `reviewers.nickname="acme-member"`, ""), question{"recent", "?sort=-updated_on"}, question{"one", "/98"})
}

// manyPullRequests is a server with a repository that has n pull requests.
func manyPullRequests(b *testing.B, n int) *shelf {
	w := pailtest.Start(b, pailtest.Options{}).World()
	w.Push(3)
	ctx := context.Background()
	tip, err := w.Repositories.Git.Resolve(ctx, w.Repository.ID, "main")
	if err != nil {
		b.Fatal(err)
	}
	var refs []gitstore.RefUpdate
	for i := 2; i <= n; i += 2 { // of those that are open, as they are looked at
		refs = append(refs, gitstore.RefUpdate{Name: fmt.Sprintf("refs/heads/topic/%d", i), New: tip}, gitstore.RefUpdate{Name: fmt.Sprintf("refs/pull-requests/%d/from", i), New: tip})
	}
	if err := w.Repositories.Git.UpdateRefs(ctx, w.Repository.ID, refs); err != nil {
		b.Fatal(err)
	}
	err = w.DB.Update(ctx, func(tx *database.Tx) error {
		for i := 1; i <= n; i++ {
			state := []string{"OPEN", "MERGED"}[i%2]
			if _, err := tx.Exec(ctx, `INSERT INTO pull_request (repository_id, number, title, description, state, draft, close_source, source_id, source_branch, source_hash,
					destination_branch, destination_hash, author_id, author_credential, author_name, created_on, updated_on)
				VALUES ($1, $2, $3, 'What it is *for*.', $4, FALSE, FALSE, $1, $5, $6, 'main', $6, $7, '', '', $2, $2)`,
				w.Repository.ID, i, fmt.Sprintf("Number %d", i), state, fmt.Sprintf("topic/%d", i), string(tip), w.Admin.ID); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `INSERT INTO pull_request_participant (repository_id, number, account_id, role, state, participated_on, added_on) VALUES ($1, $2, $3, 'REVIEWER', 'approved', $2, $2)`,
				w.Repository.ID, i, w.Member.ID); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `UPDATE repository SET last_pull_request = $2 WHERE id = $1`, w.Repository.ID, n)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return &shelf{w, w.Token(w.Admin, "read:pullrequest"), "/2.0/repositories/acme/widgets/pullrequests"}
}

// BenchmarkPullRequestDiff measures when the first byte of the diff of a pull request with 5,000 files comes: the median in milliseconds.
func BenchmarkPullRequestDiff(b *testing.B) {
	w, dir := sourceScene(b)
	token := w.Token(w.Admin, "read:repository", "write:repository", "read:pullrequest", "write:pullrequest")
	run(b, nil, "git", "--git-dir="+dir, "branch", "base", "main~5000")
	w.Want(w.Do(token, "POST", "/2.0/repositories/acme/widgets/pullrequests", `{"title":"All of it","source":{"branch":{"name":"main"}},"destination":{"branch":{"name":"base"}}}`), http.StatusCreated)
	client := &http.Client{Transport: w.Client.Transport} // it follows to the diff of the two commits
	var took []time.Duration
	for b.Loop() {
		r, err := http.NewRequest(http.MethodGet, w.URL+"/2.0/repositories/acme/widgets/pullrequests/1/diff", nil)
		if err != nil {
			b.Fatal(err)
		}
		token(r)
		began := time.Now()
		a, err := client.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(a.Body, make([]byte, 1)); err != nil || a.StatusCode != http.StatusOK {
			b.Fatal(a.Status, err)
		}
		took = append(took, time.Since(began))
		if err := a.Body.Close(); err != nil {
			b.Fatal(err)
		}
	}
	median := middle(took)
	b.ReportMetric(float64(median.Microseconds())/1000, "p50-ms")
	against(b, median, limitFirstByte)
}
