package workspace

import (
	"context"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/rest"
)

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
	return r.changeOne(ctx, `DELETE FROM group_member WHERE group_id = $1 AND account_id = $2`, g.ID, accountID)
}

// RenameGroup gives a group another name; its slug stays, since scripts and settings hold it. A *rest.Error says what is
// wrong with the name; ErrNotFound: there is no such group.
func (r *Room) RenameGroup(ctx context.Context, g Group, title string) error {
	title, err := checkName(title)
	if err != nil {
		return err
	}
	return r.changeOne(ctx, `UPDATE user_group SET name = $3 WHERE id = $1 AND workspace_id = $2`, g.ID, g.WorkspaceID, title)
}

// DeleteGroup deletes a group, and with it all that was granted to it. Its members stay in the workspace. ErrNotFound:
// there is no such group.
func (r *Room) DeleteGroup(ctx context.Context, g Group) error {
	return r.changeOne(ctx, `DELETE FROM user_group WHERE id = $1 AND workspace_id = $2`, g.ID, g.WorkspaceID)
}

// CountedGroup is a group with the number of its members.
type CountedGroup struct {
	Group
	Members int
}

// ListGroups is one page of the groups of a workspace, by slug. search narrows it to slugs and names that hold the text.
func (r *Room) ListGroups(ctx context.Context, workspaceID, search string, p rest.Paging) ([]CountedGroup, bool, error) {
	rows, err := database.Collect(ctx, r.DB, func(row func(...any) error) (g CountedGroup, err error) {
		g.Group, err = ScanGroup(row, &g.Members)
		return g, err
	}, `SELECT `+GroupColumns+`, (SELECT COUNT(*) FROM group_member gm WHERE gm.group_id = g.id) FROM user_group g
		WHERE g.workspace_id = $1 AND `+holds("$2", "g.slug", "g.name")+` ORDER BY g.slug LIMIT $3 OFFSET $4`,
		workspaceID, pattern(search), p.Pagelen+1, p.Offset())
	page, more := cut(rows, p)
	return page, more, err
}

// ListGroupMembers is one page of the members of a group, by username.
func (r *Room) ListGroupMembers(ctx context.Context, groupID, search string, p rest.Paging) ([]account.Account, bool, error) {
	rows, err := database.Collect(ctx, r.DB, func(row func(...any) error) (account.Account, error) { return account.Scan(row) },
		`SELECT `+account.Columns+` FROM group_member gm JOIN account a ON a.id = gm.account_id
		WHERE gm.group_id = $1 AND `+named("$2")+` ORDER BY LOWER(a.username) LIMIT $3 OFFSET $4`,
		groupID, pattern(search), p.Pagelen+1, p.Offset())
	page, more := cut(rows, p)
	return page, more, err
}
