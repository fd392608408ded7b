package workspace

import (
	"context"
	"errors"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
)

var (
	workspaceColumns = []string{"w.id", "w.slug", "w.name", "w.is_private", "w.is_privacy_enforced", "w.forking_mode", "w.created_on", "w.updated_on"}
	projectColumns   = []string{"p.id", "p.key", "p.name", "p.description", "p.is_private", "p.created_on", "p.updated_on"}

	// WorkspaceColumn is the table workspace, named w, and ProjectColumn the table project, named p, each packed into
	// one column for WorkspaceOf and ProjectOf: for rooms whose queries join them.
	WorkspaceColumn = database.Packed(workspaceColumns...)
	ProjectColumn   = database.Packed(projectColumns...)
)

// WorkspaceOf reads the columns of a workspace.
func WorkspaceOf(row *database.Unpacked) Workspace {
	return Workspace{ID: row.Text(), Slug: row.Text(), Name: row.Text(), Private: row.Bool(), PrivacyEnforced: row.Bool(),
		ForkingMode: row.Text(), Created: row.Time(), Updated: row.Time()}
}

// ProjectOf reads the columns of a project. Its Workspace is the caller's to set.
func ProjectOf(row *database.Unpacked) Project {
	return Project{ID: row.Text(), Key: row.Text(), Name: row.Text(), Description: row.Text(), Private: row.Bool(),
		Created: row.Time(), Updated: row.Time()}
}

// scanWorkspace reads WorkspaceColumn and, behind it, extra.
func scanWorkspace(row func(...any) error, extra ...any) (Workspace, error) {
	var packed string
	if err := row(append([]any{&packed}, extra...)...); err != nil {
		return Workspace{}, absent(err)
	}
	return WorkspaceOf(database.Unpack(packed)), nil
}

// scanProject reads ProjectColumn, WorkspaceColumn and, behind them, extra.
func scanProject(row func(...any) error, extra ...any) (Project, error) {
	var project, workspace string
	if err := row(append([]any{&project, &workspace}, extra...)...); err != nil {
		return Project{}, absent(err)
	}
	p, w := ProjectOf(database.Unpack(project)), WorkspaceOf(database.Unpack(workspace))
	p.Workspace = &w
	return p, nil
}

func absent(err error) error {
	if errors.Is(err, database.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

var (
	selectWorkspace = `SELECT ` + WorkspaceColumn + ` FROM workspace w WHERE `
	selectProject   = `SELECT ` + ProjectColumn + `, ` + WorkspaceColumn + ` FROM project p JOIN workspace w ON w.id = p.workspace_id WHERE `
)

// BySlug looks a workspace up by its slug or uuid. ErrNotFound when there is none.
func BySlug(ctx context.Context, q database.Queryer, identifier string) (Workspace, error) {
	n, ok := slugName(identifier)
	switch {
	case !ok:
		return Workspace{}, ErrNotFound
	case n.uuid:
		return scanWorkspace(q.Row(ctx, selectWorkspace+`w.id = $1`, n.value).Scan)
	}
	return scanWorkspace(q.Row(ctx, selectWorkspace+`w.slug = $1`, n.value).Scan)
}

// ProjectByKey looks a project of a workspace up by its key or uuid. ErrNotFound when there is none.
func ProjectByKey(ctx context.Context, q database.Queryer, workspaceID, identifier string) (Project, error) {
	n, ok := keyName(identifier)
	switch {
	case !ok:
		return Project{}, ErrNotFound
	case n.uuid:
		return scanProject(q.Row(ctx, selectProject+`p.workspace_id = $1 AND p.id = $2`, workspaceID, n.value).Scan)
	}
	return scanProject(q.Row(ctx, selectProject+`p.workspace_id = $1 AND p.key = $2`, workspaceID, n.value).Scan)
}

// GroupColumns are the columns of the table user_group, named g, as ScanGroup reads them.
const GroupColumns = `g.id, g.slug, g.name, g.workspace_id, g.created_on`

func ScanGroup(row func(...any) error, extra ...any) (Group, error) {
	var g Group
	var created int64
	if err := row(append([]any{&g.ID, &g.Slug, &g.Name, &g.WorkspaceID, &created}, extra...)...); err != nil {
		return g, absent(err)
	}
	g.Created = database.Time(created)
	return g, nil
}

// GroupBySlug looks a group of a workspace up by its slug or uuid. ErrNotFound when there is none.
func GroupBySlug(ctx context.Context, q database.Queryer, workspaceID, identifier string) (Group, error) {
	const groups = `SELECT ` + GroupColumns + ` FROM user_group g WHERE g.workspace_id = $1 AND `
	n, ok := slugName(identifier)
	switch {
	case !ok:
		return Group{}, ErrNotFound
	case n.uuid:
		return ScanGroup(q.Row(ctx, groups+`g.id = $2`, workspaceID, n.value).Scan)
	}
	return ScanGroup(q.Row(ctx, groups+`g.slug = $2`, workspaceID, n.value).Scan)
}

const (
	membershipColumns = `m.role, m.added_on, ` + account.Columns
	fromMembers       = ` FROM workspace_member m JOIN account a ON a.id = m.account_id WHERE `
)

func scanMembership(row func(...any) error) (Membership, error) {
	var m Membership
	var added int64
	user, err := account.Scan(row, &m.Role, &added)
	m.User, m.Added = user, database.Time(added)
	return m, absent(err)
}

// MemberOf looks an account's membership of a workspace up. ErrNotFound when there is none.
func MemberOf(ctx context.Context, q database.Queryer, workspaceID, accountID string) (Membership, error) {
	return scanMembership(q.Row(ctx, `SELECT `+membershipColumns+fromMembers+`m.workspace_id = $1 AND m.account_id = $2`,
		workspaceID, accountID).Scan)
}
