package pullrequest

import (
	"context"
	"errors"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// reviewerJSON is somebody who reviews every pull request, and where that was said (schema default_reviewer_and_type).
type reviewerJSON struct {
	Type         string       `json:"type"`
	ReviewerType string       `json:"reviewer_type"` // repository or project
	User         account.JSON `json:"user"`
}

const fromReviewers = ` FROM repository_default_reviewer d JOIN account a ON a.id = d.account_id WHERE d.repository_id = $1`

func scanAccount(row func(...any) error) (account.Account, error) { return account.Scan(row) }

func (room *Room) listReviewers(c *access.Call, r *repository.Repository) (any, error) {
	l := rest.Listing[account.Account]{Columns: account.Columns, From: fromReviewers, Args: []any{r.ID}, Order: `LOWER(a.username), a.id`, Scan: scanAccount}
	return l.Answer(c.Context(), room.DB, c.Request, func(a *account.Account) any { return room.Repositories.Accounts.Render(&a.Account) })
}

// target is the account that the path names. A *rest.Error (404) says that there is none.
func (room *Room) target(c *access.Call) (account.Account, error) {
	name := c.Param("target_username")
	a, err := room.Repositories.Accounts.Find(c.Context(), room.DB, name)
	if errors.Is(err, account.ErrNotFound) {
		return a, account.NotFound(name, "")
	}
	return a, err
}

func noReviewer() error {
	return rest.Refuse(reason.ResourceNotFound, "The account is no default reviewer of this repository.")
}

func (room *Room) getReviewer(c *access.Call, r *repository.Repository) (any, error) {
	a, err := room.target(c)
	if err != nil {
		return nil, err
	}
	a, err = account.Scan(room.DB.Row(c.Context(), `SELECT `+account.Columns+fromReviewers+` AND a.id = $2`, r.ID, a.ID).Scan)
	if errors.Is(err, database.ErrNoRows) {
		return nil, noReviewer()
	}
	return room.Repositories.Accounts.Render(&a.Account), err
}

// putReviewer makes a member of the workspace a default reviewer; one who is stays (PUT .../default-reviewers/{target_username}).
func (room *Room) putReviewer(c *access.Call, r *repository.Repository) (any, error) {
	a, err := room.target(c)
	if err != nil {
		return nil, err
	}
	if err := room.AddDefault(c.Context(), r, &a); err != nil {
		return nil, err
	}
	return room.Repositories.Accounts.Render(&a.Account), nil
}

// AddDefault makes a member of the workspace a default reviewer of r; one who is stays. A *rest.Error, of the field target_username,
// says that the account is no member, or that there are too many.
func (room *Room) AddDefault(ctx context.Context, r *repository.Repository, a *account.Account) error {
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		if err := lockRepository(ctx, tx, r.ID); err != nil {
			return err
		}
		var all, is int
		if err := tx.Row(ctx, `SELECT COUNT(*), COALESCE(SUM(CASE WHEN account_id = $2 THEN 1 ELSE 0 END), 0) FROM repository_default_reviewer WHERE repository_id = $1`, r.ID, a.ID).Scan(&all, &is); err != nil {
			return err
		}
		if all >= maxReviewers && is == 0 {
			return rest.Refusef(reason.ValueInvalid, "A repository has at most %d default reviewers.", maxReviewers).WithMessage("Too many default reviewers")
		}
		_, err := tx.Exec(ctx, `INSERT INTO repository_default_reviewer (repository_id, workspace_id, account_id, added_on) VALUES ($1, $2, $3, $4)
			ON CONFLICT (repository_id, account_id) DO NOTHING`, r.ID, r.Workspace.ID, a.ID, database.Micros(room.Now()))
		if database.IsReference(err) {
			return rest.InvalidField("target_username", "the account is no member of the repository's workspace")
		}
		return err
	})
}

func (room *Room) deleteReviewer(c *access.Call, r *repository.Repository) (any, error) {
	a, err := room.target(c)
	if err != nil {
		return nil, err
	}
	return nil, room.RemoveDefault(c.Context(), r, &a)
}

// RemoveDefault makes an account no default reviewer of r any more. A *rest.Error says that it is none.
func (room *Room) RemoveDefault(ctx context.Context, r *repository.Repository, a *account.Account) error {
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM repository_default_reviewer WHERE repository_id = $1 AND account_id = $2`, r.ID, a.ID)
		if err == nil && n == 0 {
			err = noReviewer()
		}
		return err
	})
}

// Leaves lets a repository that moves to another workspace keep none of its default reviewers: they are members of the one that it
// leaves.
func (room *Room) Leaves(ctx context.Context, tx *database.Tx, repositoryID string) error {
	_, err := tx.Exec(ctx, `DELETE FROM repository_default_reviewer WHERE repository_id = $1`, repositoryID)
	return err
}

// defaultReviewer is one who is in force. own: the repository says so itself, and not only its project.
type defaultReviewer struct {
	who account.Account
	own bool
}

const (
	effectiveColumns = `e.own, ` + account.Columns
	fromEffective    = ` FROM (SELECT x.account_id, MAX(x.own) AS own FROM (
			SELECT account_id, 1 AS own FROM repository_default_reviewer WHERE repository_id = $1
			UNION ALL SELECT d.account_id, 0 FROM project_default_reviewer d WHERE d.project_id = $2) x GROUP BY x.account_id) e
		JOIN account a ON a.id = e.account_id WHERE 1 = 1`
)

func scanEffective(row func(...any) error) (d defaultReviewer, err error) {
	var own int
	d.who, err = account.Scan(row, &own)
	d.own = own == 1
	return d, err
}

// effective are at most limit default reviewers in force.
func (room *Room) effective(ctx context.Context, q database.Queryer, r *repository.Repository, limit int) ([]defaultReviewer, error) {
	return database.Collect(ctx, q, scanEffective, `SELECT `+effectiveColumns+fromEffective+` ORDER BY e.own DESC, LOWER(a.username), a.id LIMIT $3`, r.ID, r.Project.ID, limit)
}

func (room *Room) listEffective(c *access.Call, r *repository.Repository) (any, error) {
	l := rest.Listing[defaultReviewer]{Columns: effectiveColumns, From: fromEffective, Args: []any{r.ID, r.Project.ID}, Order: `LOWER(a.username), a.id`, Scan: scanEffective}
	return l.Answer(c.Context(), room.DB, c.Request, func(d *defaultReviewer) any {
		j := reviewerJSON{"default_reviewer", "project", room.Repositories.Accounts.Render(&d.who.Account)}
		if d.own {
			j.ReviewerType = "repository"
		}
		return j
	})
}
