package workspace

import (
	"context"
	"errors"
	"slices"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// levels are the privileges on the workspace itself that the roles give: a collaborator sees the workspace, a member
// sees who else belongs to it as well (write), an owner administers it. Any grant on a project or repository takes a
// role, so whoever has a grant inside sees the workspace.
var levels = [...]access.Level{0: access.None, Collaborator: access.Read, Member: access.Write, Owner: access.Admin}

// role is the role of the account $1 in workspace w, 0 for none.
const role = `COALESCE((SELECT m.role FROM workspace_member m WHERE m.workspace_id = w.id AND m.account_id = $1), 0)`

// The levels that grants on project p give the account $1: as a user, and as a member of groups; 0 for none.
const (
	userGrant = `COALESCE((SELECT g.permission FROM project_user_grant g WHERE g.project_id = p.id AND g.account_id = $1), 0)`

	groupGrant = `COALESCE((SELECT MAX(g.permission) FROM project_group_grant g
		JOIN group_member gm ON gm.group_id = g.group_id AND gm.account_id = $1 WHERE g.project_id = p.id), 0)`
)

// visible is the condition on project p that the account $1 may read it: the same rule for lists.
const visible = `(NOT p.is_private
	OR EXISTS (SELECT 1 FROM workspace_member m WHERE m.workspace_id = p.workspace_id AND m.account_id = $1 AND m.role = 3)
	OR EXISTS (SELECT 1 FROM project_user_grant g WHERE g.project_id = p.id AND g.account_id = $1)
	OR EXISTS (SELECT 1 FROM project_group_grant g JOIN group_member gm ON gm.group_id = g.group_id
		WHERE g.project_id = p.id AND gm.account_id = $1))`

// The queries that find a workspace with the account's role, and a project with the levels, by how the path names
// them: by slug or key at index 0, by uuid at index 1.
var (
	workspaceWithRole = [2]string{
		selectWorkspaceRole + `w.slug = $2`,
		selectWorkspaceRole + `w.id = $2`,
	}
	projectWithLevel = [2][2]string{
		{selectProjectLevel + `w.slug = $2 AND p.key = $3`, selectProjectLevel + `w.slug = $2 AND p.id = $3`},
		{selectProjectLevel + `w.id = $2 AND p.key = $3`, selectProjectLevel + `w.id = $2 AND p.id = $3`},
	}
)

var (
	selectWorkspaceRole = `SELECT ` + database.Packed(append([]string{role}, workspaceColumns...)...) + ` FROM workspace w WHERE `
	selectProjectLevel  = `SELECT ` + database.Packed(slices.Concat([]string{role, userGrant, groupGrant}, projectColumns, workspaceColumns)...) +
		` FROM project p JOIN workspace w ON w.id = p.workspace_id WHERE `
)

func (n name) index() int {
	if n.uuid {
		return 1
	}
	return 0
}

// Workspaces is the workspace that the parameter {workspace} names, by slug or uuid.
func (r *Room) Workspaces() *access.Resource[Workspace] {
	return &access.Resource[Workspace]{Name: "workspace", Params: [2]string{"workspace"}, Find: r.findWorkspace, NotFound: NotFound}
}

// NotFound is the answer (404) to whoever may not see the workspace, the same whether it exists or not.
func NotFound(identifier, _ string) *rest.Error {
	return rest.Refuse(reason.WorkspaceNotFound, "").WithMessage("No workspace with identifier '%s'.", identifier)
}

func (r *Room) findWorkspace(ctx context.Context, p *access.Principal, identifier, _ string) (access.Found[Workspace], error) {
	n, ok := slugName(identifier)
	if !ok {
		return access.Found[Workspace]{}, access.ErrAbsent
	}
	row, err := r.DB.ReadPacked(ctx, workspaceWithRole[n.index()], p.AccountID(), n.value)
	if err != nil {
		return access.Found[Workspace]{}, absence(absent(err))
	}
	held := Role(row.Int())
	w := WorkspaceOf(row)
	return access.Found[Workspace]{Value: w, Level: workspaceLevel(p, w.ID, held), Public: !w.Private, WorkspaceID: w.ID}, nil
}

// workspaceLevel is how far p reaches on the workspace itself. An access token of the workspace counts as a member,
// or more if its scopes say so; one of a project or repository inside sees the workspace.
func workspaceLevel(p *access.Principal, workspaceID string, held Role) access.Level {
	switch {
	case !p.OfResource():
		return levels[held]
	case p.Bounds.WorkspaceID != workspaceID:
		return access.None
	}
	if l := p.Within(workspaceID, "", ""); l != access.None {
		return max(l, access.Write)
	}
	return access.Read
}

// Projects is the project that the parameters {workspace} and {project_key} name: slug or uuid, key or uuid.
func (r *Room) Projects() *access.Resource[Project] {
	return &access.Resource[Project]{Name: "project", Params: [2]string{"workspace", "project_key"}, Find: r.findProject, NotFound: ProjectNotFound}
}

// ProjectNotFound is the answer (404) to whoever may not see the project, the same whether it exists or not.
func ProjectNotFound(workspace, key string) *rest.Error {
	return rest.Refusef(reason.ProjectNotFound, "The workspace '%s' has no project '%s', or this caller may not see one of them.", workspace, key).
		WithMessage("Project %s not found", key)
}

// findProject: the level on a project is the highest of what the role in the workspace gives (an owner administers
// every project, the other roles give nothing by themselves), of the user's own grant, and of the grants of the
// user's groups.
func (r *Room) findProject(ctx context.Context, p *access.Principal, workspace, key string) (access.Found[Project], error) {
	wn, ok1 := slugName(workspace)
	pn, ok2 := keyName(key)
	if !ok1 || !ok2 {
		return access.Found[Project]{}, access.ErrAbsent
	}
	row, err := r.DB.ReadPacked(ctx, projectWithLevel[wn.index()][pn.index()], p.AccountID(), wn.value, pn.value)
	if err != nil {
		return access.Found[Project]{}, absence(absent(err))
	}
	held, user, group := Role(row.Int()), access.Level(row.Int()), access.Level(row.Int())
	found := ProjectOf(row)
	w := WorkspaceOf(row)
	found.Workspace = &w
	level := max(user, group, p.Within(w.ID, found.ID, ""))
	if held == Owner {
		level = access.Admin
	}
	return access.Found[Project]{Value: found, Level: level, Public: !found.Private, WorkspaceID: w.ID}, nil
}

// place is a project, or the place in a workspace where it could be.
type place struct {
	Workspace Workspace
	Project   *Project // nil: no such project, or none that the caller may see
	Key       string   // as the path has it
}

// places is the resource of the operation that changes a project or makes it. Where there is no project the privilege
// on the workspace counts; where there is one that the caller may not see it counts as well, so that nothing tells
// the two apart: who administers the workspace sees all projects.
func (r *Room) places() *access.Resource[place] {
	return &access.Resource[place]{Name: "project or its workspace", Params: [2]string{"workspace", "project_key"}, Find: r.findPlace, NotFound: ProjectNotFound}
}

func (r *Room) findPlace(ctx context.Context, p *access.Principal, workspace, key string) (access.Found[place], error) {
	project, err := r.findProject(ctx, p, workspace, key)
	if err != nil && !errors.Is(err, access.ErrAbsent) {
		return access.Found[place]{}, err
	}
	if err == nil && (project.Level >= access.Read || project.Public) {
		v := project.Value
		return access.Found[place]{Value: place{*v.Workspace, &v, key}, Level: project.Level, Public: project.Public, WorkspaceID: v.Workspace.ID}, nil
	}
	w, err := r.findWorkspace(ctx, p, workspace, "")
	return access.Found[place]{Value: place{w.Value, nil, key}, Level: w.Level, Public: w.Public, WorkspaceID: w.WorkspaceID}, err
}

// absence is err in the words of package access.
func absence(err error) error {
	if errors.Is(err, ErrNotFound) {
		return access.ErrAbsent
	}
	return err
}
