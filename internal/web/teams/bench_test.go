package teams_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/database/databasetest"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/web/webtest"
)

// limit is how long a page may take at the median, in the store that crowd makes.
const limit = 20 * time.Millisecond

// crowd fills acme: 1,000 members, 100 groups with all of them, 500 projects, 1,000 repositories, grants on FTO and on
// widgets for every group and for half of the members, and 10,000 API tokens.
func crowd(b *testing.B, w *pailtest.World) {
	b.Helper()
	insert := func(n int, query string, args ...any) {
		b.Helper()
		// Many rows with one statement.
		query = strings.ReplaceAll(query, "NUMBERS", fmt.Sprintf(`(WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < %d) SELECT n FROM t) numbers`, n))
		if err := w.DB.Update(b.Context(), func(tx *database.Tx) error { _, err := tx.Exec(b.Context(), query, args...); return err }); err != nil {
			b.Fatal(query, err)
		}
	}
	const people, groups = 1000, 100
	insert(people, `INSERT INTO account (id, account_id, email, username, display_name, created_on)
		SELECT 'a' || n, 'i' || n, 'a' || n || '@crowd.example', 'person-' || n, 'Person ' || n, 1 FROM NUMBERS`)
	insert(people, `INSERT INTO workspace_member (workspace_id, account_id, role, added_on) SELECT $1, 'a' || n, 2, 1 FROM NUMBERS`, w.Workspace.ID)
	insert(groups, `INSERT INTO user_group (id, workspace_id, slug, name, created_on) SELECT 'g' || n, $1, 'group-' || n, 'Group ' || n, 1 FROM NUMBERS`, w.Workspace.ID)
	insert(people, `INSERT INTO group_member (group_id, workspace_id, account_id) SELECT 'g' || (n % 100 + 1), $1, 'a' || n FROM NUMBERS`, w.Workspace.ID)
	insert(people, `INSERT INTO group_member (group_id, workspace_id, account_id) SELECT 'g' || (n / 10 % 100 + 1), $1, 'a' || n FROM NUMBERS WHERE n / 10 % 100 <> n % 100`, w.Workspace.ID)
	insert(500, `INSERT INTO project (id, workspace_id, key, name, created_on, updated_on) SELECT 'p' || n, $1, 'P' || n, 'Project ' || n, 1, 1 FROM NUMBERS`, w.Workspace.ID)
	insert(1000, `INSERT INTO repository (id, workspace_id, project_id, slug, name, created_on, updated_on)
		SELECT 'r' || n, $1, CASE WHEN n % 2 = 0 THEN $2 ELSE 'p' || (n % 500 + 1) END, 'repo-' || n, 'Repository ' || n, n, n FROM NUMBERS`, w.Workspace.ID, w.Project.ID)
	insert(groups, `INSERT INTO project_group_grant (project_id, workspace_id, group_id, permission) SELECT $2, $1, 'g' || n, 1 + n % 4 FROM NUMBERS`, w.Workspace.ID, w.Project.ID)
	insert(people/2, `INSERT INTO project_user_grant (project_id, workspace_id, account_id, permission) SELECT $2, $1, 'a' || n, 1 + n % 4 FROM NUMBERS`, w.Workspace.ID, w.Project.ID)
	insert(people/2, `INSERT INTO repository_user_grant (repository_id, workspace_id, account_id, permission) SELECT $2, $1, 'a' || (n * 2), 1 FROM NUMBERS`, w.Workspace.ID, w.Repository.ID)
	insert(10000, `INSERT INTO credential (id, kind, hash, account_id, name, scopes, created_on) SELECT 'c' || n, 'api_token', 'h' || n, 'a' || (n % 1000 + 1), 'token', 'read:repository:bitbucket', 1 FROM NUMBERS`)
	insert(100, `INSERT INTO credential (id, kind, hash, workspace_id, name, scopes, created_on) SELECT 'w' || n, $2, 'w' || n, $1, 'token', 'repository', 1 FROM NUMBERS`, w.Workspace.ID, string(access.WorkspaceToken))
	insert(100, `INSERT INTO invitation (id, workspace_id, created_by, hash, role, note, created_on, expires_on, max_uses) SELECT 'i' || n, $1, $2, 'i' || n, 2, 'note', 1, $3, 1 FROM NUMBERS`,
		w.Workspace.ID, w.Admin.ID, database.Micros(time.Now().Add(24*time.Hour)))
}

// BenchmarkPages measures each list in a large workspace, over HTTP, for an owner and for a member.
func BenchmarkPages(b *testing.B) {
	for name, dsn := range map[string]func(testing.TB) string{"sqlite": databasetest.SQLite, "postgres": databasetest.Postgres} {
		b.Run(name, func(b *testing.B) {
			w := pailtest.Start(b, pailtest.Options{DSN: dsn(b)}).World()
			crowd(b, w)
			owner, member := webtest.As(w.Server, w.Admin), webtest.As(w.Server, w.Member)
			for path, who := range map[string]*webtest.Browser{
				"/workspaces": owner, "/acme": member, "/acme/projects": member, "/acme/projects/FTO": member, "/acme/settings/members": owner,
				"/acme/settings/members?q=son-999": owner, "/acme/settings/groups": owner, "/acme/settings/groups/group-7": owner, "/acme/settings/invitations": owner,
				"/acme/projects/FTO/permissions": owner, "/acme/projects/FTO/permissions?q=son-999": owner, "/acme/widgets/settings/permissions": owner,
				"/acme/widgets/settings/permissions?page=12": owner,
			} {
				b.Run(strings.ReplaceAll(path, "/", "|"), func(b *testing.B) {
					var took []time.Duration
					for b.Loop() {
						start := time.Now()
						if r := who.Get(path); r.Status != 200 {
							b.Fatal(path, r.Status)
						}
						took = append(took, time.Since(start))
					}
					slices.Sort(took)
					median := took[len(took)/2]
					b.ReportMetric(float64(median)/float64(time.Millisecond), "median-ms")
					b.ReportMetric(float64(median)/float64(limit), "of-limit")
				})
			}
		})
	}
}
