package bench

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/pailtest"
)

const (
	pullRequests     = 10_000 // of one repository, half of them open
	limitPullRequest = 15 * time.Millisecond
)

// BenchmarkPullRequests measures the first page of the list of a repository's pull requests, and one of them: the median in
// milliseconds. The first one of each is the slowest, and counts as one.
func BenchmarkPullRequests(b *testing.B) {
	w := pailtest.Start(b, pailtest.Options{}).World()
	w.Push(3)
	ctx := context.Background()
	tip, err := w.Repositories.Git.Resolve(ctx, w.Repository.ID, "main")
	if err != nil {
		b.Fatal(err)
	}
	var refs []gitstore.RefUpdate
	for i := 2; i <= pullRequests; i += 2 { // of those that are open, as they are looked at
		refs = append(refs, gitstore.RefUpdate{Name: fmt.Sprintf("refs/heads/topic/%d", i), New: tip}, gitstore.RefUpdate{Name: fmt.Sprintf("refs/pull-requests/%d/from", i), New: tip})
	}
	if err := w.Repositories.Git.UpdateRefs(ctx, w.Repository.ID, refs); err != nil {
		b.Fatal(err)
	}
	err = w.DB.Update(ctx, func(tx *database.Tx) error {
		for i := 1; i <= pullRequests; i++ {
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
		_, err := tx.Exec(ctx, `UPDATE repository SET last_pull_request = $2 WHERE id = $1`, w.Repository.ID, pullRequests)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	token := w.Token(w.Admin, "read:pullrequest")
	for name, path := range map[string]string{"list": "", "merged": "?state=MERGED", "found": "?q=reviewers.nickname=%22acme-member%22", "one": "/9998"} {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				w.Want(w.Do(token, "GET", "/2.0/repositories/acme/widgets/pullrequests"+path, nil), 200)
				took = append(took, time.Since(began))
			}
			b.ReportMetric(float64(took[0].Microseconds())/1000, "first-ms")
			slices.Sort(took)
			median := took[len(took)/2]
			b.ReportMetric(float64(median.Microseconds())/1000, "p50-ms")
			against(b, median, limitPullRequest)
		})
	}
}
