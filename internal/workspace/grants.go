package workspace

import (
	"context"
	"errors"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/rest"
)

// Target is what permissions are granted on: a *Project, or a repository.
type Target interface {
	// Target is the kind of it, its id, and the id of its workspace.
	Target() (p Place, id, workspaceID string)
}

// Target makes a project one.
func (p *Project) Target() (Place, string, string) { return OnProject, p.ID, p.Workspace.ID }

// GroupGrant is the permission of a group on a target.
type GroupGrant struct {
	Group Group
	Level access.Level
}

// UserGrant is the permission of a user's own on a target.
type UserGrant struct {
	User  account.Account
	Level access.Level
}

// GrantGroup gives a group of the target's workspace a permission on it, or changes the one it has. level is Read, Write,
// CreateRepo (on projects only) or Admin; anything else is refused with a *rest.Error. ErrNotFound: there is no such
// group, or the target is gone.
func (r *Room) GrantGroup(ctx context.Context, t Target, groupID string, level access.Level) error {
	return r.grant(ctx, t, "group", groupID, level)
}

// GrantUser gives a member of the target's workspace a permission on it, or changes the one it has. level is as for
// GrantGroup. ErrNotFound: the account is no member, or the target is gone.
func (r *Room) GrantUser(ctx context.Context, t Target, accountID string, level access.Level) error {
	return r.grant(ctx, t, "user", accountID, level)
}

// granteeColumn is the column of who has a grant, in the tables for groups and for users.
var granteeColumn = map[string]string{"group": "group_id", "user": "account_id"}

func (r *Room) grant(ctx context.Context, t Target, kind, granteeID string, level access.Level) error {
	place, id, workspaceID := t.Target()
	if level < access.Read || level > access.Admin || level == access.CreateRepo && place != OnProject {
		return rest.InvalidField("permission", permissions(place))
	}
	on, grantee := place.String(), granteeColumn[kind]
	return r.DB.Update(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO `+on+`_`+kind+`_grant (`+on+`_id, workspace_id, `+grantee+`, permission) VALUES ($1, $2, $3, $4)
			ON CONFLICT (`+on+`_id, `+grantee+`) DO UPDATE SET permission = excluded.permission`, id, workspaceID, granteeID, int(level))
		if database.IsReference(err) {
			return ErrNotFound
		}
		return err
	})
}

// permissions says which permissions can be granted on a place.
func permissions(p Place) string {
	if p == OnProject {
		return "use read, write, create-repo or admin"
	}
	return "use read, write or admin"
}

// RevokeGroup takes a group's permission on a target away. ErrNotFound: it has none.
func (r *Room) RevokeGroup(ctx context.Context, t Target, groupID string) error {
	return r.revoke(ctx, t, "group", groupID)
}

// RevokeUser takes a user's own permission on a target away. ErrNotFound: it has none.
func (r *Room) RevokeUser(ctx context.Context, t Target, accountID string) error {
	return r.revoke(ctx, t, "user", accountID)
}

func (r *Room) revoke(ctx context.Context, t Target, kind, granteeID string) error {
	place, id, _ := t.Target()
	on := place.String()
	return r.changeOne(ctx, `DELETE FROM `+on+`_`+kind+`_grant WHERE `+on+`_id = $1 AND `+granteeColumn[kind]+` = $2`, id, granteeID)
}

// GroupGrants is one page of the groups with a permission on a target, by slug, and the size of the whole list.
func GroupGrants(ctx context.Context, q database.Queryer, t Target, p rest.Paging) (page []GroupGrant, size int, err error) {
	place, id, _ := t.Target()
	on := place.String()
	from := ` FROM ` + on + `_group_grant gg JOIN user_group g ON g.id = gg.group_id WHERE gg.` + on + `_id = $1`
	if err := q.Row(ctx, `SELECT COUNT(*)`+from, id).Scan(&size); err != nil {
		return nil, 0, err
	}
	page, err = database.Collect(ctx, q, func(row func(...any) error) (g GroupGrant, err error) {
		g.Group, err = ScanGroup(row, &g.Level)
		return g, err
	}, `SELECT `+GroupColumns+`, gg.permission`+from+` ORDER BY g.slug LIMIT $2 OFFSET $3`, id, p.Pagelen, p.Offset())
	return page, size, err
}

// UserGrants is one page of the users with a permission of their own on a target, by username, and the size of the whole
// list.
func UserGrants(ctx context.Context, q database.Queryer, t Target, p rest.Paging) (page []UserGrant, size int, err error) {
	place, id, _ := t.Target()
	on := place.String()
	from := ` FROM ` + on + `_user_grant ug JOIN account a ON a.id = ug.account_id WHERE ug.` + on + `_id = $1`
	if err := q.Row(ctx, `SELECT COUNT(*)`+from, id).Scan(&size); err != nil {
		return nil, 0, err
	}
	page, err = database.Collect(ctx, q, func(row func(...any) error) (g UserGrant, err error) {
		g.User, err = account.Scan(row, &g.Level)
		return g, err
	}, `SELECT ug.permission, `+account.Columns+from+` ORDER BY LOWER(a.username) LIMIT $2 OFFSET $3`, id, p.Pagelen, p.Offset())
	return page, size, err
}

// levelOf is what is granted on a target to a "group" or a "user", None when nothing is.
func levelOf(ctx context.Context, q database.Queryer, t Target, kind, granteeID string) (access.Level, error) {
	place, id, _ := t.Target()
	on := place.String()
	return granted(q.Row(ctx, `SELECT permission FROM `+on+`_`+kind+`_grant WHERE `+on+`_id = $1 AND `+granteeColumn[kind]+` = $2`, id, granteeID).Scan)
}

func granted(scan func(...any) error) (access.Level, error) {
	var l access.Level
	err := scan(&l)
	if errors.Is(err, database.ErrNoRows) {
		return access.None, nil
	}
	return l, err
}
