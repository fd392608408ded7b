package bench

import (
	"context"
	"fmt"
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
	lists(b, nil, &shelf{w, token, "/2.0/repositories/acme/widgets/issues"}, limitIssue,
		question{"list", ""}, question{"sorted", "?sort=-updated_on"}, question{"page 100", "?page=100"}, question{"one", "/99998"},
		filtered("state", `state="new"`, ""), filtered("state sorted", `state="new"`, "-updated_on"), filtered("kind", `kind="task" AND state="open"`, ""),
		filtered("mine", `assignee.uuid="{`+w.Member.ID+`}" AND state="open"`, "-updated_on"), filtered("priority", `priority="major" AND state="new"`, ""),
		filtered("nickname", `assignee.nickname="acme-member"`, ""), filtered("nobody", `assignee=null`, ""), filtered("title", `title="Number 50000"`, ""),
		filtered("id", `id=50000`, ""), filtered("recent", `updated_on>=1970-01-01T00:00:00.099+00:00`, "-updated_on"))
}
