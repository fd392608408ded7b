package bench

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/pailtest"
)

const (
	issues     = 100_000 // of one repository, a third of them new
	limitIssue = 20 * time.Millisecond
)

// BenchmarkIssues measures the first page of the list of a repository's issues, as it is, ordered, and filtered by what is indexed,
// and one issue: the median in milliseconds. The first one of each is the slowest, and counts as one.
func BenchmarkIssues(b *testing.B) {
	w := pailtest.Start(b, pailtest.Options{}).World()
	ctx := context.Background()
	err := w.DB.Update(ctx, func(tx *database.Tx) error {
		for i := 1; i <= issues; i++ {
			assignee := w.Member.ID
			if i%10 > 0 {
				assignee = w.Admin.ID
			}
			if _, err := tx.Exec(ctx, `INSERT INTO issue (repository_id, number, title, content, state, kind, priority, reporter_id, reporter_credential, reporter_name, assignee_id, created_on, updated_on)
				VALUES ($1, $2, $3, 'What *happens*.', $4, $5, 'major', $6, '', '', $7, $2, $8)`,
				w.Repository.ID, i, fmt.Sprintf("Number %d", i), []string{"new", "open", "closed"}[i%3], []string{"bug", "task"}[i%2], w.Admin.ID, assignee, 1+i*7919%issues); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `INSERT INTO issue_tracker (repository_id, last_issue, issues) VALUES ($1, $2, $2)`, w.Repository.ID, issues); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE repository SET has_issues = TRUE WHERE id = $1`, w.Repository.ID)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	token := w.Token(w.Admin, "read:issue")
	q := func(filter, sort string) string { return "?" + url.Values{"q": {filter}, "sort": {sort}}.Encode() }
	for _, m := range []struct{ name, path string }{
		{"list", ""}, {"sorted", "?sort=-updated_on"}, {"page 100", "?page=100"}, {"one", "/99998"},
		{"state", q(`state="new"`, "")}, {"state sorted", q(`state="new"`, "-updated_on")}, {"kind", q(`kind="task" AND state="open"`, "")},
		{"nickname", q(`assignee.nickname="acme-member"`, "")}, {"nobody", q(`assignee=null`, "")}, {"title", q(`title="Number 50000"`, "")}, {"id", q(`id=50000`, "")},
		{"recent", q(`updated_on>=1970-01-01T00:00:00.099+00:00`, "-updated_on")},
	} {
		b.Run(m.name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				w.Want(w.Do(token, "GET", "/2.0/repositories/acme/widgets/issues"+m.path, nil), 200)
				took = append(took, time.Since(began))
			}
			b.ReportMetric(float64(took[0].Microseconds())/1000, "first-ms")
			slices.Sort(took)
			median := took[len(took)/2]
			b.ReportMetric(float64(median.Microseconds())/1000, "p50-ms")
			against(b, median, limitIssue)
		})
	}
}
