package workspace

import (
	"context"
	"errors"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
)

// WorkspaceColumns are the columns of the table workspace, named w, in the order of WorkspaceDest: for rooms whose
// queries join it.
const WorkspaceColumns = `w.id, w.slug, w.name, w.is_private, w.is_privacy_enforced, w.forking_mode, w.created_on, w.updated_on`

// WorkspaceDest are the destinations for WorkspaceColumns. Call done when they are scanned.
func WorkspaceDest(w *Workspace) (dest []any, done func()) {
	times := new([2]int64)
	return workspaceDest(make([]any, 0, 8), w, times), func() { w.Created, w.Updated = database.Time(times[0]), database.Time(times[1]) }
}

func workspaceDest(dest []any, w *Workspace, times *[2]int64) []any {
	return append(dest, &w.ID, &w.Slug, &w.Name, &w.Private, &w.PrivacyEnforced, &w.ForkingMode, &times[0], &times[1])
}

// ProjectColumns are the columns of the table project, named p, in the order of ProjectDest.
const ProjectColumns = `p.id, p.key, p.name, p.description, p.is_private, p.created_on, p.updated_on`

// ProjectDest are the destinations for ProjectColumns. Call done when they are scanned. The project's Workspace is
// the caller's to set.
func ProjectDest(p *Project) (dest []any, done func()) {
	times := new([2]int64)
	return projectDest(make([]any, 0, 8), p, times), func() { p.Created, p.Updated = database.Time(times[0]), database.Time(times[1]) }
}

func projectDest(dest []any, p *Project, times *[2]int64) []any {
	return append(dest, &p.ID, &p.Key, &p.Name, &p.Description, &p.Private, &times[0], &times[1])
}

// scanWorkspace reads WorkspaceColumns and, behind them, extra.
func scanWorkspace(row func(...any) error, extra ...any) (Workspace, error) {
	var (
		w     Workspace
		times [2]int64
	)
	dest := workspaceDest(make([]any, 0, 12), &w, &times)
	if err := row(append(dest, extra...)...); err != nil {
		return w, absent(err)
	}
	w.Created, w.Updated = database.Time(times[0]), database.Time(times[1])
	return w, nil
}

// scanProject reads ProjectColumns, WorkspaceColumns and, behind them, extra.
func scanProject(row func(...any) error, extra ...any) (Project, error) {
	var (
		p     = Project{Workspace: new(Workspace)}
		times [2][2]int64
	)
	dest := workspaceDest(projectDest(make([]any, 0, 20), &p, &times[0]), p.Workspace, &times[1])
	if err := row(append(dest, extra...)...); err != nil {
		return p, absent(err)
	}
	p.Created, p.Updated = database.Time(times[0][0]), database.Time(times[0][1])
	p.Workspace.Created, p.Workspace.Updated = database.Time(times[1][0]), database.Time(times[1][1])
	return p, nil
}

func absent(err error) error {
	if errors.Is(err, database.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

const (
	selectWorkspace = `SELECT ` + WorkspaceColumns + ` FROM workspace w WHERE `
	selectProject   = `SELECT ` + ProjectColumns + `, ` + WorkspaceColumns + ` FROM project p JOIN workspace w ON w.id = p.workspace_id WHERE `
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

// groupColumns are the columns of the table user_group, named g, as scanGroup reads them.
const groupColumns = `g.id, g.slug, g.name, g.workspace_id, g.created_on`

func scanGroup(row func(...any) error, extra ...any) (Group, error) {
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
	const groups = `SELECT ` + groupColumns + ` FROM user_group g WHERE g.workspace_id = $1 AND `
	n, ok := slugName(identifier)
	switch {
	case !ok:
		return Group{}, ErrNotFound
	case n.uuid:
		return scanGroup(q.Row(ctx, groups+`g.id = $2`, workspaceID, n.value).Scan)
	}
	return scanGroup(q.Row(ctx, groups+`g.slug = $2`, workspaceID, n.value).Scan)
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
