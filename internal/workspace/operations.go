package workspace

import (
	"errors"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// Operations lists what this room serves.
func (r *Room) Operations() []access.Operation {
	const (
		project   = "/workspaces/{workspace}/projects/{project_key}"
		reviewers = project + "/default-reviewers"
	)
	workspaces, projects, places := r.Workspaces(), r.Projects(), r.places()
	return append(r.projectPermissions().Operations(),
		access.On("GET /user/workspaces", access.Self, r.listOwn).Lists(accessJSON{}).Filters(ownFields).
			Asks(access.Parameter{Name: "administrator", Does: "Only the workspaces that the caller administers, or only the others.", Values: []string{"true", "false"}}),
		access.On("GET /user/workspaces/{workspace}/permission", access.Self, r.getOwnPermission).Answers(membershipJSON{}),
		access.On("GET /workspaces/{workspace}", workspaces.Reads(), r.getWorkspace).Answers(Full{}),
		access.On("GET /workspaces/{workspace}/members", workspaces.Needs(access.Write), r.listMembers).Lists(membershipJSON{}).Filters(memberFieldsWithEmail),
		access.On("GET /workspaces/{workspace}/members/{member}", workspaces.Needs(access.Write), r.getMember).Answers(membershipJSON{}),
		access.On("GET /workspaces/{workspace}/permissions", workspaces.Needs(access.Write), r.listPermissions).Lists(membershipJSON{}).Filters(memberFieldsWithEmail),
		access.On("GET /workspaces/{workspace}/projects", workspaces.Reads(), r.listProjects).Lists(FullProject{}).Filters(projectFields),
		access.On("POST /workspaces/{workspace}/projects", workspaces.Needs(access.Admin), r.postProject).Takes(projectBody{}).Answers(FullProject{}, 201),
		access.On("GET "+project, projects.Reads(), r.getProject).Answers(FullProject{}),
		access.On("PUT "+project, places.Needs(access.Admin), r.putProject).Takes(projectBody{}).Answers(FullProject{}, 200, 201),
		access.On("DELETE "+project, projects.Needs(access.Admin), r.deleteProject).Answers(nil),
		access.On("GET "+reviewers, projects.Needs(access.Read), r.listDefaultReviewers).Lists(reviewerJSON{}),
		access.On("GET "+reviewers+"/{selected_user}", projects.Needs(access.Read), r.getDefaultReviewer).Answers(account.JSON{}),
		access.On("PUT "+reviewers+"/{selected_user}", projects.Needs(access.Admin), r.putDefaultReviewer).Answers(account.JSON{}),
		access.On("DELETE "+reviewers+"/{selected_user}", projects.Needs(access.Admin), r.deleteDefaultReviewer).Answers(nil),
	)
}

// The workspaces of an account.

type accessJSON struct {
	Type          string            `json:"type"`
	Administrator bool              `json:"administrator"`
	Workspace     workspaceBaseJSON `json:"workspace"`
}

// workspaceBaseJSON is a workspace in the list of one's own (schema workspace_base).
type workspaceBaseJSON struct {
	Type  string               `json:"type"`
	UUID  string               `json:"uuid"`
	Slug  string               `json:"slug"`
	Links map[string]rest.Link `json:"links"`
}

type ownWorkspace struct {
	Workspace
	role Role
}

var ownFields = bbql.Fields{
	"administrator":  {Column: `m.role = 3`, Kind: bbql.Bool},
	"workspace.slug": {Column: `w.slug`, Kind: bbql.String},
	"workspace.uuid": {Column: `w.id`, Kind: bbql.UUID},
	"workspace.name": {Column: `w.name`, Kind: bbql.String},
}

func (r *Room) listOwn(c *access.Call, self *access.Account) (any, error) {
	l := rest.Listing[ownWorkspace]{
		Columns: WorkspaceColumn + `, m.role`,
		From:    ` FROM workspace_member m JOIN workspace w ON w.id = m.workspace_id WHERE m.account_id = $1`,
		Args:    []any{self.ID}, Order: `w.slug`, Fields: ownFields,
		Scan: func(row func(...any) error) (o ownWorkspace, err error) {
			o.Workspace, err = scanWorkspace(row, &o.role)
			return o, err
		},
	}
	if id := c.Principal.Bounds.WorkspaceID; id != "" { // a token that is limited to it sees no other
		l.From += ` AND w.id = $2`
		l.Args = append(l.Args, id)
	}
	if s := c.Query().Get("administrator"); s != "" {
		administrator, err := strconv.ParseBool(s)
		if err != nil {
			return nil, rest.InvalidField("administrator", "use true or false")
		}
		l.From += map[bool]string{true: ` AND m.role = 3`, false: ` AND m.role < 3`}[administrator]
	}
	p, own, size, err := l.Page(c.Context(), r.DB, c.Request)
	if err != nil {
		return nil, err
	}
	values := make([]accessJSON, len(own))
	for i, o := range own {
		w := r.RenderWorkspace(&o.Workspace)
		values[i] = accessJSON{"workspace_access", o.role == Owner, workspaceBaseJSON{"workspace_base", w.UUID, w.Slug,
			map[string]rest.Link{"self": w.Links.Self, "avatar": w.Links.Avatar}}}
	}
	return rest.Counted(c.Request, p, values, size), nil
}

// getOwnPermission refuses with 403 where the caller sees the workspace without belonging to it, as documented, and
// with 404 where it is not to be seen.
func (r *Room) getOwnPermission(c *access.Call, self *access.Account) (any, error) {
	w, err := access.Check(c, r.Workspaces().Reads(), c.Param("workspace"), "")
	if err != nil {
		return nil, err
	}
	m, err := MemberOf(c.Context(), r.DB, w.ID, self.ID)
	if errors.Is(err, ErrNotFound) || !c.Principal.Reaches(w.ID) {
		return nil, rest.Refuse(reason.WorkspaceForbidden, "")
	}
	return r.permission(&w, &m), err
}

func (r *Room) getWorkspace(_ *access.Call, w Workspace) (any, error) { return r.full(&w), nil }

// Members.

const permissionColumn = `CASE m.role WHEN 3 THEN 'owner' WHEN 2 THEN 'member' ELSE 'collaborator' END`

var memberFields = bbql.Fields{
	"user.uuid":         {Column: `a.id`, Kind: bbql.UUID},
	"user.account_id":   {Column: `a.account_id`, Kind: bbql.String},
	"user.nickname":     {Column: `a.username`, Kind: bbql.String},
	"user.display_name": {Column: `a.display_name`, Kind: bbql.String},
	"permission":        {Column: permissionColumn, Kind: bbql.Enum, Values: roleNames[Collaborator:]},
	"added_on":          {Column: `m.added_on`, Kind: bbql.Time},
}

// memberFieldsWithEmail are for those who administer the workspace: to everybody else, filtering would tell the
// members' e-mails.
var memberFieldsWithEmail = func() bbql.Fields {
	all := bbql.Fields{"user.email": {Column: `a.email`, Kind: bbql.String}}
	for k, f := range memberFields {
		all[k] = f
	}
	return all
}()

// members is the list of those whose role in the workspace is least or above.
func (r *Room) members(c *access.Call, w *Workspace, least Role) (rest.Paging, []Membership, int, error) {
	l := rest.Listing[Membership]{
		Columns: membershipColumns, From: fromMembers + `m.workspace_id = $1 AND m.role >= $2`, Args: []any{w.ID, int(least)},
		Order: `LOWER(a.username)`, Fields: memberFields, Scan: scanMembership,
	}
	if strings.Contains(c.Query().Get("q")+c.Query().Get("sort"), "user.email") {
		found, err := r.findWorkspace(c.Context(), c.Principal, rest.Braced(w.ID), "")
		if err != nil {
			return rest.Paging{}, nil, 0, err
		}
		if found.Level == access.Admin || c.Principal.Kind == access.WorkspaceToken {
			l.Fields = memberFieldsWithEmail
		}
	}
	return l.Page(c.Context(), r.DB, c.Request)
}

func (r *Room) listMembers(c *access.Call, w Workspace) (any, error) {
	p, members, size, err := r.members(c, &w, Member)
	if err != nil {
		return nil, err
	}
	values := make([]membershipJSON, len(members))
	for i := range members {
		values[i] = r.membership(&w, &members[i])
	}
	return rest.Counted(c.Request, p, values, size), nil
}

func (r *Room) getMember(c *access.Call, w Workspace) (any, error) {
	m, err := r.findUser(c.Context(), w.ID, c.Param("member"))
	if err != nil {
		return nil, err
	}
	return r.membership(&w, &m), nil
}

func (r *Room) listPermissions(c *access.Call, w Workspace) (any, error) {
	p, members, size, err := r.members(c, &w, Collaborator)
	if err != nil {
		return nil, err
	}
	values := make([]membershipJSON, len(members))
	for i := range members {
		values[i] = r.permission(&w, &members[i])
	}
	return rest.Counted(c.Request, p, values, size), nil
}

// Projects.

var projectFields = bbql.Fields{
	"uuid":        {Column: `p.id`, Kind: bbql.UUID},
	"key":         {Column: `p.key`, Kind: bbql.String},
	"name":        {Column: `p.name`, Kind: bbql.String},
	"description": {Column: `p.description`, Kind: bbql.String},
	"is_private":  {Column: `p.is_private`, Kind: bbql.Bool},
	"created_on":  {Column: `p.created_on`, Kind: bbql.Time},
	"updated_on":  {Column: `p.updated_on`, Kind: bbql.Time},
}

type listedProject struct {
	Project
	public bool
}

func (r *Room) listProjects(c *access.Call, w Workspace) (any, error) {
	who, seen := c.Principal.AccountID(), visible
	if c.Principal.OfResource() {
		if c.Principal.Within(w.ID, c.Principal.Bounds.ProjectID, "") != access.None {
			// $1 is the one project that the token is for, or "" when it is for the whole workspace.
			who, seen = c.Principal.Bounds.ProjectID, `($1 = '' OR p.id = $1 OR NOT p.is_private)`
		}
	}
	l := rest.Listing[listedProject]{
		Columns: ProjectColumn + `, EXISTS (SELECT 1 FROM repository r WHERE r.project_id = p.id AND NOT r.is_private)`,
		From:    ` FROM project p WHERE ` + seen + ` AND p.workspace_id = $2`, Args: []any{who, w.ID}, Order: `p.key`, Fields: projectFields,
		Scan: func(row func(...any) error) (p listedProject, err error) {
			var packed string
			if err := row(&packed, &p.public); err != nil {
				return p, err
			}
			p.Project = ProjectOf(database.Unpack(packed))
			p.Workspace = &w
			return p, nil
		},
	}
	p, projects, size, err := l.Page(c.Context(), r.DB, c.Request)
	if err != nil {
		return nil, err
	}
	values := make([]FullProject, len(projects))
	for i := range projects {
		values[i] = r.fullProject(&projects[i].Project, projects[i].public)
	}
	return rest.Counted(c.Request, p, values, size), nil
}

func (r *Room) getProject(c *access.Call, p Project) (any, error) {
	public, err := hasPublicRepositories(c.Context(), r.DB, p.ID)
	return r.fullProject(&p, public), err
}

type projectBody struct {
	Key         *string `json:"key"`
	Name        *string `json:"name"`
	Description *string `json:"description"`
	IsPrivate   *bool   `json:"is_private"`
}

// create makes the project that a body asks for.
func (r *Room) create(c *access.Call, w *Workspace, in projectBody) (any, error) {
	switch {
	case in.Key == nil:
		return nil, rest.MissingField("key")
	case in.Name == nil:
		return nil, rest.MissingField("name")
	}
	n := NewProject{Key: *in.Key, Name: *in.Name, Public: in.IsPrivate != nil && !*in.IsPrivate}
	if in.Description != nil {
		n.Description = *in.Description
	}
	p, err := r.CreateProject(c.Context(), w, n)
	if err != nil {
		return nil, gone(err)
	}
	j := r.fullProject(&p, false)
	return rest.Created(j, j.Links.Self), nil
}

func (r *Room) postProject(c *access.Call, w Workspace) (any, error) {
	var in projectBody
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	return r.create(c, &w, in)
}

// putProject changes a project, or makes it where there is none. A key in the body is a new key for the project.
func (r *Room) putProject(c *access.Call, at place) (any, error) {
	if _, uuid := rest.Unbraced(at.Key); uuid && at.Project == nil {
		return nil, ProjectNotFound(c.Param("workspace"), at.Key)
	}
	var in projectBody
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	if at.Project == nil {
		if in.Key != nil && !strings.EqualFold(*in.Key, at.Key) {
			return nil, rest.InvalidField("key", "there is no such project yet, and it gets the key in the path")
		}
		in.Key = &at.Key
		return r.create(c, &at.Workspace, in)
	}
	p, err := r.UpdateProject(c.Context(), at.Project.ID, ProjectChange{in.Key, in.Name, in.Description, in.IsPrivate})
	if err != nil {
		return nil, gone(err)
	}
	public, err := hasPublicRepositories(c.Context(), r.DB, p.ID)
	if err != nil {
		return nil, err
	}
	j := r.fullProject(&p, public)
	answer := rest.Answer{Status: 200, Body: j}
	if p.Key != at.Project.Key {
		answer.Header = map[string][]string{"Location": {j.Links.Self.Href}}
	}
	return answer, nil
}

func (r *Room) deleteProject(c *access.Call, p Project) (any, error) {
	return nil, gone(r.DeleteProject(c.Context(), p.ID))
}
