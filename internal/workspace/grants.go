package workspace

import (
	"context"
	"errors"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/rest"
)

// GroupGrant is the permission of a group on a project.
type GroupGrant struct {
	Group Group
	Level access.Level
}

// UserGrant is the permission of a user's own on a project.
type UserGrant struct {
	User  account.Account
	Level access.Level
}

// GrantGroup gives a group of the project's workspace a permission on the project, or changes the one it has. level is
// Read, Write, CreateRepo or Admin; anything else is refused with a *rest.Error. ErrNotFound: there is no such group,
// or the project is gone.
func (r *Room) GrantGroup(ctx context.Context, p *Project, groupID string, level access.Level) error {
	return r.grant(ctx, `INSERT INTO project_group_grant (project_id, workspace_id, group_id, permission) VALUES ($1, $2, $3, $4)
		ON CONFLICT (project_id, group_id) DO UPDATE SET permission = excluded.permission`, p, groupID, level)
}

// GrantUser gives a member of the project's workspace a permission on the project, or changes the one it has. level
// is Read, Write, CreateRepo or Admin; anything else is refused with a *rest.Error. ErrNotFound: the account is no
// member, or the project is gone.
func (r *Room) GrantUser(ctx context.Context, p *Project, accountID string, level access.Level) error {
	return r.grant(ctx, `INSERT INTO project_user_grant (project_id, workspace_id, account_id, permission) VALUES ($1, $2, $3, $4)
		ON CONFLICT (project_id, account_id) DO UPDATE SET permission = excluded.permission`, p, accountID, level)
}

func (r *Room) grant(ctx context.Context, query string, p *Project, granteeID string, level access.Level) error {
	if level < access.Read || level > access.Admin {
		return rest.InvalidField("permission", permissions)
	}
	return r.DB.Update(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, query, p.ID, p.Workspace.ID, granteeID, int(level))
		if database.IsReference(err) {
			return ErrNotFound
		}
		return err
	})
}

const permissions = "use read, write, create-repo or admin"

// RevokeGroup takes a group's permission on a project away. ErrNotFound: it has none.
func (r *Room) RevokeGroup(ctx context.Context, p *Project, groupID string) error {
	return r.deleteOne(ctx, `DELETE FROM project_group_grant WHERE project_id = $1 AND group_id = $2`, p.ID, groupID)
}

// RevokeUser takes a user's own permission on a project away. ErrNotFound: it has none.
func (r *Room) RevokeUser(ctx context.Context, p *Project, accountID string) error {
	return r.deleteOne(ctx, `DELETE FROM project_user_grant WHERE project_id = $1 AND account_id = $2`, p.ID, accountID)
}

// groupGrants is one page of the groups with a permission on a project, by slug, and the size of the whole list.
func groupGrants(ctx context.Context, q database.Queryer, projectID string, p rest.Paging) (page []GroupGrant, size int, err error) {
	const from = ` FROM project_group_grant gg JOIN user_group g ON g.id = gg.group_id WHERE gg.project_id = $1`
	if err := q.Row(ctx, `SELECT COUNT(*)`+from, projectID).Scan(&size); err != nil {
		return nil, 0, err
	}
	page, err = database.Collect(ctx, q, func(row func(...any) error) (g GroupGrant, err error) {
		g.Group, err = scanGroup(row, &g.Level)
		return g, err
	}, `SELECT `+groupColumns+`, gg.permission`+from+` ORDER BY g.slug LIMIT $2 OFFSET $3`, projectID, p.Pagelen, p.Offset())
	return page, size, err
}

// userGrants is one page of the users with a permission of their own on a project, by username, and the size of the
// whole list.
func userGrants(ctx context.Context, q database.Queryer, projectID string, p rest.Paging) (page []UserGrant, size int, err error) {
	const from = ` FROM project_user_grant ug JOIN account a ON a.id = ug.account_id WHERE ug.project_id = $1`
	if err := q.Row(ctx, `SELECT COUNT(*)`+from, projectID).Scan(&size); err != nil {
		return nil, 0, err
	}
	page, err = database.Collect(ctx, q, func(row func(...any) error) (g UserGrant, err error) {
		g.User, err = account.Scan(row, &g.Level)
		return g, err
	}, `SELECT ug.permission, `+account.Columns+from+` ORDER BY LOWER(a.username) LIMIT $2 OFFSET $3`, projectID, p.Pagelen, p.Offset())
	return page, size, err
}

// groupLevel is what is granted to a group on a project, None when nothing is.
func groupLevel(ctx context.Context, q database.Queryer, projectID, groupID string) (access.Level, error) {
	return granted(q.Row(ctx, `SELECT permission FROM project_group_grant WHERE project_id = $1 AND group_id = $2`, projectID, groupID).Scan)
}

// userLevel is what is granted to a user on a project, None when nothing is.
func userLevel(ctx context.Context, q database.Queryer, projectID, accountID string) (access.Level, error) {
	return granted(q.Row(ctx, `SELECT permission FROM project_user_grant WHERE project_id = $1 AND account_id = $2`, projectID, accountID).Scan)
}

func granted(scan func(...any) error) (access.Level, error) {
	var l access.Level
	err := scan(&l)
	if errors.Is(err, database.ErrNoRows) {
		return access.None, nil
	}
	return l, err
}
