package workspace

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/event"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// NewProject is what it takes to create a project.
type NewProject struct {
	Key         string
	Name        string
	Description string
	Public      bool // anyone may see it
}

// CreateProject makes a project in a workspace. A *rest.Error names the field that is wrong or taken; ErrNotFound:
// there is no such workspace.
func (r *Room) CreateProject(ctx context.Context, w *Workspace, n NewProject) (Project, error) {
	key, err := checkKey(n.Key)
	if err != nil {
		return Project{}, err
	}
	title, err := checkName(n.Name)
	if err != nil {
		return Project{}, err
	}
	if err := checkText("description", n.Description, maxDescription, true); err != nil {
		return Project{}, err
	}
	id, err := newID()
	if err != nil {
		return Project{}, err
	}
	now := r.now()
	p := Project{ID: id, Key: key, Name: title, Description: n.Description, Private: !n.Public, Created: now, Updated: now, Workspace: w}
	err = r.DB.Update(ctx, func(tx *database.Tx) error {
		if n.Public { // what the workspace allows does not change before the end
			if err := lock(ctx, tx, w.ID); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `INSERT INTO project (id, workspace_id, key, name, description, is_private, created_on, updated_on)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, p.ID, w.ID, p.Key, p.Name, p.Description, p.Private,
			database.Micros(p.Created), database.Micros(p.Updated))
		switch {
		case database.IsUnique(err):
			return keyTaken(key)
		case database.IsReference(err):
			return ErrNotFound
		case err != nil:
			return err
		}
		return checkPrivacy(ctx, tx, p.ID)
	})
	return p, err
}

func keyTaken(key string) error { return taken("key", "a project with the key "+key+" exists") }

// checkPrivacy refuses a project that is more public than its workspace allows, or more private than a repository in
// it (schema project: a private project holds no public repositories).
func checkPrivacy(ctx context.Context, tx *database.Tx, projectID string) error {
	var private, enforced, public bool
	err := tx.Row(ctx, `SELECT p.is_private, w.is_privacy_enforced,
			EXISTS (SELECT 1 FROM repository r WHERE r.project_id = p.id AND NOT r.is_private)
		FROM project p JOIN workspace w ON w.id = p.workspace_id WHERE p.id = $1`, projectID).Scan(&private, &enforced, &public)
	switch {
	case err != nil:
		return err
	case enforced && !private:
		return rest.InvalidField("is_private", "the workspace keeps everything in it private")
	case private && public:
		return rest.InvalidField("is_private", "the project holds public repositories, and a private project cannot")
	}
	return nil
}

// ProjectChange is what changes about a project; nil leaves a field as it is.
type ProjectChange struct {
	Key         *string
	Name        *string
	Description *string
	Private     *bool
}

func (c ProjectChange) normalize() (ProjectChange, error) {
	if c.Key != nil {
		key, err := checkKey(*c.Key)
		if err != nil {
			return c, err
		}
		c.Key = &key
	}
	if c.Name != nil {
		title, err := checkName(*c.Name)
		if err != nil {
			return c, err
		}
		c.Name = &title
	}
	if c.Description != nil {
		return c, checkText("description", *c.Description, maxDescription, true)
	}
	return c, nil
}

// UpdateProject changes a project and returns it as it is then. A *rest.Error names the field that is wrong or taken;
// ErrNotFound: there is no such project.
func (r *Room) UpdateProject(ctx context.Context, projectID string, c ProjectChange) (Project, error) {
	c, err := c.normalize()
	if err != nil {
		return Project{}, err
	}
	var p Project
	err = r.DB.Update(ctx, func(tx *database.Tx) error {
		if c.Private != nil && !*c.Private {
			// What the workspace allows does not change before the end.
			if _, err := tx.Exec(ctx, `UPDATE workspace SET name = name WHERE id = (SELECT workspace_id FROM project WHERE id = $1)`, projectID); err != nil {
				return err
			}
		}
		// Written before it is read: what is told of the change is what it really changed.
		if _, err := tx.Exec(ctx, `UPDATE project SET name = name WHERE id = $1`, projectID); err != nil {
			return err
		}
		before, err := scanProject(tx.Row(ctx, selectProject+`p.id = $1`, projectID).Scan)
		if err != nil {
			return absent(err)
		}
		// Fields that are left alone come from the row itself, not from what was read before: nobody's change is undone.
		n, err := tx.Exec(ctx, `UPDATE project SET key = COALESCE($2, key), name = COALESCE($3, name),
				description = COALESCE($4, description), is_private = COALESCE($5, is_private), updated_on = $6 WHERE id = $1`,
			projectID, c.Key, c.Name, c.Description, c.Private, database.Micros(r.now()))
		switch {
		case database.IsUnique(err):
			return keyTaken(*c.Key)
		case err != nil:
			return err
		case n == 0:
			return ErrNotFound
		}
		if c.Private != nil {
			if err := checkPrivacy(ctx, tx, projectID); err != nil {
				return err
			}
		}
		if p, err = scanProject(tx.Row(ctx, selectProject+`p.id = $1`, projectID).Scan); err != nil {
			return err
		}
		return r.emitProjectUpdated(ctx, tx, &before, &p)
	})
	return p, err
}

// emitProjectUpdated tells what was changed about a project.
func (r *Room) emitProjectUpdated(ctx context.Context, tx *database.Tx, before, now *Project) error {
	changes := event.Changes{}
	changes.Note("name", before.Name, now.Name)
	changes.Note("description", before.Description, now.Description)
	changes.Note("key", before.Key, now.Key)
	changes.Note("is_private", before.Private, now.Private)
	if len(changes) == 0 {
		return nil
	}
	return r.Events.Emit(ctx, tx, event.ProjectUpdated, event.Place{WorkspaceID: now.Workspace.ID}, func() (event.Payload, error) {
		return event.Payload{"actor": r.Accounts.Actor(ctx), "project": r.RenderProject(now), "changes": changes}, nil
	})
}

// DeleteProject deletes a project that holds no repositories. ErrNotFound: there is no such project. A *rest.Error
// says that repositories are left in it; the status is 403, as documented for DELETE
// /workspaces/{workspace}/projects/{project_key}.
func (r *Room) DeleteProject(ctx context.Context, projectID string) error {
	err := r.changeOne(ctx, `DELETE FROM project WHERE id = $1`, projectID)
	if !database.IsReference(err) {
		return err
	}
	left, err := database.Collect(ctx, r.DB, func(row func(...any) error) (s string, err error) { return s, row(&s) },
		`SELECT slug FROM repository WHERE project_id = $1 ORDER BY slug LIMIT 10`, projectID)
	if err != nil {
		return err
	}
	e := rest.Refusef(reason.ConflictInUse, "The project still holds repositories, among them: %s. Delete them or move them to another project first.",
		strings.Join(left, ", ")).WithMessage("The project is not empty.").With("repositories", left)
	e.Status = http.StatusForbidden
	return e
}

// hasPublicRepositories reports for each project whether anyone may read a repository in it.
func hasPublicRepositories(ctx context.Context, q database.Queryer, projectID string) (public bool, err error) {
	err = q.Row(ctx, `SELECT EXISTS (SELECT 1 FROM repository r WHERE r.project_id = $1 AND NOT r.is_private)`, projectID).Scan(&public)
	return public, err
}

const fromReviewers = ` FROM project_default_reviewer d JOIN account a ON a.id = d.account_id WHERE d.project_id = $1`

// DefaultReviewers are the accounts that review every pull request in the project's repositories, by username; offset
// and limit choose a page, and size is that of the whole list.
func DefaultReviewers(ctx context.Context, q database.Queryer, projectID string, offset, limit int) (page []account.Account, size int, err error) {
	if err := q.Row(ctx, `SELECT COUNT(*)`+fromReviewers, projectID).Scan(&size); err != nil {
		return nil, 0, err
	}
	page, err = database.Collect(ctx, q, func(row func(...any) error) (account.Account, error) { return account.Scan(row) },
		`SELECT `+account.Columns+fromReviewers+` ORDER BY LOWER(a.username), a.id LIMIT $2 OFFSET $3`, projectID, limit, offset)
	return page, size, err
}

func isDefaultReviewer(ctx context.Context, q database.Queryer, projectID, accountID string) (bool, error) {
	var one int
	err := q.Row(ctx, `SELECT 1 FROM project_default_reviewer WHERE project_id = $1 AND account_id = $2`, projectID, accountID).Scan(&one)
	if errors.Is(err, database.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// AddDefaultReviewer makes a member of the workspace a default reviewer of the project; one who is stays. ErrNotFound:
// the account is no member, or the project is gone.
func (r *Room) AddDefaultReviewer(ctx context.Context, p *Project, accountID string) error {
	return r.DB.Update(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO project_default_reviewer (project_id, workspace_id, account_id, added_on) VALUES ($1, $2, $3, $4)
			ON CONFLICT (project_id, account_id) DO NOTHING`, p.ID, p.Workspace.ID, accountID, database.Micros(r.now()))
		if database.IsReference(err) {
			return ErrNotFound
		}
		return err
	})
}

// RemoveDefaultReviewer ends that an account is a default reviewer of the project. ErrNotFound: it is none.
func (r *Room) RemoveDefaultReviewer(ctx context.Context, p *Project, accountID string) error {
	return r.changeOne(ctx, `DELETE FROM project_default_reviewer WHERE project_id = $1 AND account_id = $2`, p.ID, accountID)
}

// String names the project as people write it.
func (p *Project) String() string { return fmt.Sprintf("%s/%s", p.Workspace.Slug, p.Key) }
