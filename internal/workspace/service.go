package workspace

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/event"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// Room serves workspaces. Its fields are what it stands on.
type Room struct {
	DB       *database.DB
	Accounts *account.Room
	URLs     rest.URLs
	Log      *slog.Logger
	Now      func() time.Time
	Rules    Rules
	Events   *event.Hub
}

// Rules are what the server's operator decides about workspaces.
type Rules struct {
	AnybodyCreates bool // everybody with an account makes workspaces; else only who administers the server
	NewAccounts    bool // whoever is invited and has no account may make one
}

func (r *Room) now() time.Time { return r.Now().UTC().Truncate(time.Microsecond) }

// newID is the uuid of a new row; those made later sort later.
func newID() (string, error) {
	id, err := uuid.NewV7()
	return id.String(), err
}

// CreateWorkspace makes a private workspace and its first owner. An empty name is the slug. A *rest.Error names the
// field that is wrong or taken; ErrNotFound: there is no such account.
func (r *Room) CreateWorkspace(ctx context.Context, slug, title, ownerID string) (Workspace, error) {
	slug, err := checkSlug("slug", slug)
	if err != nil {
		return Workspace{}, err
	}
	if Reserved(slug) {
		return Workspace{}, rest.InvalidField("slug", "this name begins other addresses of the server; choose another one")
	}
	if title == "" {
		title = slug
	}
	if title, err = checkName(title); err != nil {
		return Workspace{}, err
	}
	id, err := newID()
	if err != nil {
		return Workspace{}, err
	}
	now := r.now()
	w := Workspace{ID: id, Slug: slug, Name: title, Private: true, ForkingMode: AllowForks, Created: now, Updated: now}
	err = r.DB.Update(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO workspace (id, slug, name, is_private, is_privacy_enforced, forking_mode, created_on, updated_on)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, w.ID, w.Slug, w.Name, w.Private, w.PrivacyEnforced, w.ForkingMode,
			database.Micros(w.Created), database.Micros(w.Updated))
		if database.IsUnique(err) {
			return taken("slug", "a workspace with this slug exists")
		}
		if err != nil {
			return err
		}
		return putMember(ctx, tx, w.ID, ownerID, Owner, now)
	})
	return w, err
}

// Change is what changes about a workspace; nil leaves a field as it is. Its slug stays.
type Change struct {
	Name            *string
	Private         *bool
	PrivacyEnforced *bool
}

// UpdateWorkspace changes a workspace and returns it as it is then. A *rest.Error names the field that is wrong;
// ErrNotFound: there is no such workspace.
func (r *Room) UpdateWorkspace(ctx context.Context, workspaceID string, c Change) (Workspace, error) {
	if c.Name != nil {
		title, err := checkName(*c.Name)
		if err != nil {
			return Workspace{}, err
		}
		c.Name = &title
	}
	var w Workspace
	err := r.DB.Update(ctx, func(tx *database.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE workspace SET name = COALESCE($2, name), is_private = COALESCE($3, is_private),
			is_privacy_enforced = COALESCE($4, is_privacy_enforced), updated_on = $5 WHERE id = $1`,
			workspaceID, c.Name, c.Private, c.PrivacyEnforced, database.Micros(r.now()))
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNotFound
		}
		if c.PrivacyEnforced != nil && *c.PrivacyEnforced {
			if err := nothingPublic(ctx, tx, workspaceID); err != nil {
				return err
			}
		}
		w, err = scanWorkspace(tx.Row(ctx, selectWorkspace+`w.id = $1`, workspaceID).Scan)
		return err
	})
	return w, err
}

// nothingPublic refuses to keep everything private while a project, a repository or a snippet is public. The projects' rows are
// locked first: whoever makes something in one of them public waits, and then sees the rule.
func nothingPublic(ctx context.Context, tx *database.Tx, workspaceID string) error {
	if _, err := tx.Exec(ctx, `UPDATE project SET name = name WHERE workspace_id = $1`, workspaceID); err != nil {
		return err
	}
	public, err := database.Collect(ctx, tx, func(row func(...any) error) (s string, err error) { return s, row(&s) },
		`SELECT p.key AS name FROM project p WHERE p.workspace_id = $1 AND NOT p.is_private
			UNION ALL SELECT r.slug FROM repository r WHERE r.workspace_id = $1 AND NOT r.is_private
			UNION ALL SELECT 'snippets/' || s.encoded_id FROM snippet s WHERE s.workspace_id = $1 AND NOT s.is_private ORDER BY name LIMIT 5`, workspaceID)
	if err == nil && len(public) > 0 {
		return rest.InvalidField("is_privacy_enforced", "some of it is public; make that private first: "+strings.Join(public, ", "))
	}
	return err
}

// DeleteWorkspace deletes a workspace that holds neither repositories nor snippets, with its projects, groups and memberships and the
// access tokens made for it. ErrNotFound: there is no such workspace. A *rest.Error says that some are left.
func (r *Room) DeleteWorkspace(ctx context.Context, workspaceID string) error {
	err := r.changeOne(ctx, `DELETE FROM workspace WHERE id = $1`, workspaceID)
	if !database.IsReference(err) {
		return err
	}
	return rest.Refuse(reason.ConflictInUse, "The workspace still holds repositories or snippets. Delete them first.").WithMessage("The workspace is not empty.")
}

// taken refuses a request for a value that something else has.
func taken(field, problem string) error {
	return rest.Refuse(reason.ConflictExists, problem).WithMessage("%s: %s", field, problem).Field(field, problem)
}

// AddMember gives an account a role in a workspace, or changes the one that it has. ErrNotFound: there is no such
// workspace or account. A *rest.Error says that the workspace would lose its last owner.
func (r *Room) AddMember(ctx context.Context, workspaceID, accountID string, as Role) error {
	if as < Collaborator || as > Owner {
		return rest.InvalidField("permission", "use collaborator, member or owner")
	}
	return r.DB.Update(ctx, func(tx *database.Tx) error {
		if err := lock(ctx, tx, workspaceID); err != nil {
			return err
		}
		if err := putMember(ctx, tx, workspaceID, accountID, as, r.now()); err != nil {
			return err
		}
		return keepsOwner(ctx, tx, workspaceID)
	})
}

func putMember(ctx context.Context, tx *database.Tx, workspaceID, accountID string, as Role, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO workspace_member (workspace_id, account_id, role, added_on) VALUES ($1, $2, $3, $4)
		ON CONFLICT (workspace_id, account_id) DO UPDATE SET role = excluded.role`, workspaceID, accountID, int(as), database.Micros(now))
	if database.IsReference(err) {
		return ErrNotFound
	}
	return err
}

// ChangeRole gives a member another role. ErrNotFound: the account is no member. A *rest.Error says that there is no such
// role, or that the workspace would lose its last owner.
func (r *Room) ChangeRole(ctx context.Context, workspaceID, accountID string, as Role) error {
	if as < Collaborator || as > Owner {
		return rest.InvalidField("role", "use collaborator, member or owner")
	}
	return r.DB.Update(ctx, func(tx *database.Tx) error {
		if err := lock(ctx, tx, workspaceID); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `UPDATE workspace_member SET role = $3 WHERE workspace_id = $1 AND account_id = $2`, workspaceID, accountID, int(as))
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNotFound
		}
		return keepsOwner(ctx, tx, workspaceID)
	})
}

// RemoveMember takes an account out of a workspace, and with it its groups and all that was granted to it there.
// ErrNotFound: it is no member. A *rest.Error says that it is the last owner.
func (r *Room) RemoveMember(ctx context.Context, workspaceID, accountID string) error {
	return r.DB.Update(ctx, func(tx *database.Tx) error {
		if err := lock(ctx, tx, workspaceID); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `DELETE FROM workspace_member WHERE workspace_id = $1 AND account_id = $2`, workspaceID, accountID)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNotFound
		}
		return keepsOwner(ctx, tx, workspaceID)
	})
}

// lock holds the workspace's row until the transaction ends, so that two owners who leave at the same moment are seen
// one after the other.
func lock(ctx context.Context, tx *database.Tx, workspaceID string) error {
	n, err := tx.Exec(ctx, `UPDATE workspace SET updated_on = updated_on WHERE id = $1`, workspaceID)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// keepsOwner refuses a change that leaves a workspace without an owner, and takes the invitations of those who are no
// owners any more: nobody can leave a way back in.
func keepsOwner(ctx context.Context, tx *database.Tx, workspaceID string) error {
	if _, err := tx.Exec(ctx, `DELETE FROM invitation WHERE workspace_id = $1 AND created_by NOT IN
		(SELECT account_id FROM workspace_member WHERE workspace_id = $1 AND role = 3)`, workspaceID); err != nil {
		return err
	}
	var owners int
	if err := tx.Row(ctx, `SELECT COUNT(*) FROM workspace_member WHERE workspace_id = $1 AND role = 3`, workspaceID).Scan(&owners); err != nil {
		return err
	}
	if owners == 0 {
		return rest.Refuse(reason.ConflictState, "This is the last owner of the workspace. Make somebody else an owner first.")
	}
	return nil
}

// changeOne runs a statement that changes or deletes a row. ErrNotFound when there was none.
func (r *Room) changeOne(ctx context.Context, query string, args ...any) error {
	return r.DB.Update(ctx, func(tx *database.Tx) error {
		n, err := tx.Exec(ctx, query, args...)
		if err == nil && n == 0 {
			return ErrNotFound
		}
		return err
	})
}

// findUser is the member of a workspace that a path names, as an account id, a uuid or a username. A *rest.Error (404)
// says that there is no such account or that it is no member.
func (r *Room) findUser(ctx context.Context, workspaceID, identifier string) (Membership, error) {
	a, err := r.Accounts.Find(ctx, r.DB, identifier)
	if errors.Is(err, account.ErrNotFound) {
		return Membership{}, rest.Refuse(reason.UserNotFound, "No account has this id, uuid or username.").
			WithMessage("%s is not a valid user", identifier)
	}
	if err != nil {
		return Membership{}, err
	}
	m, err := MemberOf(ctx, r.DB, workspaceID, a.ID)
	if errors.Is(err, ErrNotFound) {
		return m, rest.Refuse(reason.UserNotFound, "The account exists, but is no member of this workspace.").
			WithMessage("%s is not a valid user", identifier)
	}
	return m, err
}

// FindMember is the member of a workspace with an account id, a uuid or a username. ErrNotFound: there is none.
func (r *Room) FindMember(ctx context.Context, workspaceID, identifier string) (Membership, error) {
	a, err := r.Accounts.Find(ctx, r.DB, identifier)
	if errors.Is(err, account.ErrNotFound) {
		return Membership{}, ErrNotFound
	}
	if err != nil {
		return Membership{}, err
	}
	return MemberOf(ctx, r.DB, workspaceID, a.ID)
}
