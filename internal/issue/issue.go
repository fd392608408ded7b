package issue

import (
	"context"
	"time"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// Issue is something that is wrong with a repository, or wanted of it.
type Issue struct {
	RepositoryID string
	Number       int64 // from 1, in that repository
	Title        string
	Content      string // in Markdown
	State        string // one of States
	Kind         string // one of Kinds
	Priority     string // one of Priorities
	Reporter     account.Person
	Assignee     *account.Account // nil: nobody's
	Component    Label            // the zero Label: of none
	Milestone    Label
	Version      Label
	Votes        int64
	Watches      int64
	Created      time.Time
	Updated      time.Time
	Edited       time.Time // the title or the content; zero: never
}

// What issues may be (schema issue).
var (
	States     = []string{"submitted", "new", "open", "resolved", "on hold", "invalid", "duplicate", "wontfix", "closed"}
	Kinds      = []string{"bug", "enhancement", "proposal", "task"}
	Priorities = []string{"trivial", "minor", "major", "critical", "blocker"}
)

// Limits of issues: of texts in characters, and of how many a repository has.
const (
	MaxTitle   = 255
	MaxContent = 32 << 10
	maxIssues  = 1_000_000
)

const (
	columns = `i.repository_id, i.number, i.title, i.content, i.state, i.kind, i.priority, COALESCE(i.reporter_id, ''), i.reporter_credential, i.reporter_name,
		COALESCE(i.assignee_id, ''), i.votes, i.watches, i.created_on, i.updated_on, i.edited_on,
		COALESCE(i.component, ''), COALESCE((SELECT l.id FROM issue_component l WHERE l.repository_id = i.repository_id AND l.name = i.component), 0),
		COALESCE(i.milestone, ''), COALESCE((SELECT l.id FROM issue_milestone l WHERE l.repository_id = i.repository_id AND l.name = i.milestone), 0),
		COALESCE(i.version, ''), COALESCE((SELECT l.id FROM issue_version l WHERE l.repository_id = i.repository_id AND l.name = i.version), 0)`
	from = ` FROM issue i WHERE `
)

// scan leaves of accounts just the ids; fill reads the rest.
func scan(row func(...any) error) (i Issue, err error) {
	var created, updated, edited int64
	var reporter, assignee string
	err = row(&i.RepositoryID, &i.Number, &i.Title, &i.Content, &i.State, &i.Kind, &i.Priority, &reporter, &i.Reporter.Credential, &i.Reporter.Name,
		&assignee, &i.Votes, &i.Watches, &created, &updated, &edited,
		&i.Component.Name, &i.Component.ID, &i.Milestone.Name, &i.Milestone.ID, &i.Version.Name, &i.Version.ID)
	i.Created, i.Updated, i.Edited = database.Time(created), database.Time(updated), database.Time(edited)
	i.Reporter.Account, i.Assignee = account.Known(reporter), account.Known(assignee)
	return i, err
}

// fill reads who reported issues and whose they are, however many there are in one query.
func fill(ctx context.Context, q database.Queryer, rows []Issue) error {
	var people []**account.Account
	for i := range rows {
		people = append(people, &rows[i].Reporter.Account, &rows[i].Assignee)
	}
	return account.Meet(ctx, q, people...)
}

// Find is the issue of a repository with a number. A *rest.Error says that there is none.
func (room *Room) Find(ctx context.Context, q database.Queryer, r *repository.Repository, number int64) (*Issue, error) {
	rows, err := database.Collect(ctx, q, scan, `SELECT `+columns+from+`i.repository_id = $1 AND i.number = $2`, r.ID, number)
	if err == nil && len(rows) == 0 {
		err = notFound()
	}
	if err == nil {
		err = fill(ctx, q, rows)
	}
	if err != nil {
		return nil, err
	}
	return &rows[0], nil
}

// lock keeps others from changing anything in the tracker of a repository until the transaction ends. The first one to do so makes
// its row. A *rest.Error says that the repository is gone.
func lock(ctx context.Context, tx *database.Tx, repositoryID string) error {
	_, err := tx.Exec(ctx, `INSERT INTO issue_tracker (repository_id) VALUES ($1) ON CONFLICT (repository_id) DO UPDATE SET last_issue = issue_tracker.last_issue`, repositoryID)
	if database.IsReference(err) {
		return rest.Refuse(reason.RepositoryNotFound, "The repository was removed while the request ran.")
	}
	return err
}

// next gives the next number of a kind, which is a column of issue_tracker. The tracker is locked.
func next(ctx context.Context, tx *database.Tx, repositoryID, column string) (n int64, err error) {
	err = tx.Row(ctx, `UPDATE issue_tracker SET `+column+` = `+column+` + 1 WHERE repository_id = $1 RETURNING `+column, repositoryID).Scan(&n)
	return n, err
}

// orNull is a name as the store keeps it, NULL for none.
func orNull(name string) any {
	if name == "" {
		return nil
	}
	return name
}

func (i *Issue) assignee() any { return account.Person{Account: i.Assignee}.ID() }

// insert writes a new issue. The tracker is locked.
func insert(ctx context.Context, tx *database.Tx, i *Issue) error {
	_, err := tx.Exec(ctx, `INSERT INTO issue (repository_id, number, title, content, state, kind, priority, reporter_id, reporter_credential, reporter_name, assignee_id,
			component, milestone, version, created_on, updated_on, edited_on)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
		i.RepositoryID, i.Number, i.Title, i.Content, i.State, i.Kind, i.Priority, i.Reporter.ID(), i.Reporter.Credential, i.Reporter.Name, i.assignee(),
		orNull(i.Component.Name), orNull(i.Milestone.Name), orNull(i.Version.Name), database.Micros(i.Created), database.Micros(i.Updated), database.Micros(i.Edited))
	return err
}

// save writes what may change of an issue.
func save(ctx context.Context, tx *database.Tx, i *Issue) error {
	_, err := tx.Exec(ctx, `UPDATE issue SET title = $3, content = $4, state = $5, kind = $6, priority = $7, assignee_id = $8, component = $9, milestone = $10, version = $11,
			updated_on = $12, edited_on = $13 WHERE repository_id = $1 AND number = $2`,
		i.RepositoryID, i.Number, i.Title, i.Content, i.State, i.Kind, i.Priority, i.assignee(), orNull(i.Component.Name), orNull(i.Milestone.Name), orNull(i.Version.Name),
		database.Micros(i.Updated), database.Micros(i.Edited))
	return err
}

// gone turns the error of a row that refers to what was removed meanwhile into an answer; others pass.
func gone(err error) error {
	if database.IsReference(err) {
		return rest.Refuse(reason.ConflictState, "The assignee, or the component, milestone or version, was removed while the request ran.")
	}
	return err
}
