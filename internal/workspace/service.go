package workspace

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
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
	w := Workspace{ID: id, Slug: slug, Name: title, Private: true, ForkingMode: "allow_forks", Created: now, Updated: now}
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

func keepsOwner(ctx context.Context, tx *database.Tx, workspaceID string) error {
	var owners int
	if err := tx.Row(ctx, `SELECT COUNT(*) FROM workspace_member WHERE workspace_id = $1 AND role = 3`, workspaceID).Scan(&owners); err != nil {
		return err
	}
	if owners == 0 {
		return rest.Refuse(reason.ConflictState, "This is the last owner of the workspace. Make somebody else an owner first.")
	}
	return nil
}

// CreateGroup makes a group without members. Of slug and title one may be empty: it comes from the other. A
// *rest.Error names the field that is wrong or taken; ErrNotFound: there is no such workspace.
func (r *Room) CreateGroup(ctx context.Context, workspaceID, slug, title string) (Group, error) {
	if title == "" {
		title = slug
	}
	if slug == "" {
		slug = slugOf(title)
	}
	slug, err := checkSlug("slug", slug)
	if err != nil {
		return Group{}, err
	}
	if title, err = checkName(title); err != nil {
		return Group{}, err
	}
	id, err := newID()
	if err != nil {
		return Group{}, err
	}
	g := Group{ID: id, Slug: slug, Name: title, WorkspaceID: workspaceID, Created: r.now()}
	err = r.DB.Update(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO user_group (id, workspace_id, slug, name, created_on) VALUES ($1, $2, $3, $4, $5)`,
			g.ID, g.WorkspaceID, g.Slug, g.Name, database.Micros(g.Created))
		switch {
		case database.IsUnique(err):
			return taken("slug", "a group with this slug exists in the workspace")
		case database.IsReference(err):
			return ErrNotFound
		}
		return err
	})
	return g, err
}

// AddToGroup puts a member of the group's workspace into the group; one who is in it stays. ErrNotFound: the account
// is no member of the workspace, or there is no such group.
func (r *Room) AddToGroup(ctx context.Context, g Group, accountID string) error {
	return r.DB.Update(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO group_member (group_id, workspace_id, account_id) VALUES ($1, $2, $3)
			ON CONFLICT (group_id, account_id) DO NOTHING`, g.ID, g.WorkspaceID, accountID)
		if database.IsReference(err) {
			return ErrNotFound
		}
		return err
	})
}

// RemoveFromGroup takes an account out of a group. ErrNotFound: it is not in it.
func (r *Room) RemoveFromGroup(ctx context.Context, g Group, accountID string) error {
	return r.deleteOne(ctx, `DELETE FROM group_member WHERE group_id = $1 AND account_id = $2`, g.ID, accountID)
}

// deleteOne runs a statement that deletes a row. ErrNotFound when there was none.
func (r *Room) deleteOne(ctx context.Context, query string, args ...any) error {
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
