package teams

import (
	"context"
	"errors"
	"strconv"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/workspace"
)

// subject is a project or a repository, as the page of its permissions sees it.
type subject struct {
	on        workspace.Target
	Kind      string // project or repository
	Name      string
	Public    bool
	Base      string // path of the page
	Workspace *workspace.Workspace
	Project   *workspace.Project
	Levels    []access.Level // that can be granted

	trail, tabs  []page.Link
	repositoryID string
	effective    func(context.Context, string, rest.Paging) ([]workspace.Effective, bool, error)
}

func (p *Pages) ofProject(r *page.Request, pr workspace.Project) *subject {
	return &subject{on: &pr, Kind: "project", Name: pr.Name, Public: !pr.Private, Base: path(&pr, "permissions"), Workspace: pr.Workspace, Project: &pr,
		Levels: []access.Level{access.Read, access.Write, access.CreateRepo, access.Admin}, trail: projectTrail(r, &pr), tabs: p.projectTabs(r, &pr),
		effective: func(ctx context.Context, search string, paging rest.Paging) ([]workspace.Effective, bool, error) {
			return p.Workspaces.Effective(ctx, &pr, search, paging)
		}}
}

func (p *Pages) ofRepository(r *page.Request, repo *repository.Repository) *subject {
	home := at(repo.Path()...)
	w, pr := repo.Workspace, repo.Project
	return &subject{on: repo, Kind: "repository", Name: repo.Name, Public: !repo.Private, Base: home + "/settings/permissions", Workspace: &w, Project: &pr,
		Levels: []access.Level{access.Read, access.Write, access.Admin}, trail: trail(r, &w, page.Link{Name: repo.Name, Href: home}),
		tabs: page.Marked(r.URL.Path, page.Link{Name: "General", Href: home + "/settings"}, page.Link{Name: "Permissions", Href: home + "/settings/permissions"},
			page.Link{Name: "Access tokens", Href: home + "/settings/access-tokens"}),
		repositoryID: repo.ID,
		effective: func(ctx context.Context, search string, paging rest.Paging) ([]workspace.Effective, bool, error) {
			return p.Repositories.Effective(ctx, repo, search, paging)
		}}
}

// on adds the pages of the permissions on a kind of thing, at base.
func on[T any](p *Pages, s *page.Site, base string, need access.Need[T], of func(*page.Request, T) *subject) {
	page.On(s, "GET "+base, need, func(r *page.Request, v T) (page.Answer, error) { return p.permissions(r, of(r, v)) })
	page.On(s, "POST "+base+"/groups", need, func(r *page.Request, v T) (page.Answer, error) { return p.grantGroup(r, of(r, v)) })
	page.On(s, "POST "+base+"/groups/revoke", need, func(r *page.Request, v T) (page.Answer, error) { return p.revokeGroup(r, of(r, v)) })
	page.On(s, "POST "+base+"/users", need, func(r *page.Request, v T) (page.Answer, error) { return p.grantUser(r, of(r, v)) })
	page.On(s, "POST "+base+"/users/revoke", need, func(r *page.Request, v T) (page.Answer, error) { return p.revokeUser(r, of(r, v)) })
}

// What the page shows at most: of the access tokens, and of the grants of each kind at a time.
const (
	maxTokens = 100
	maxGrants = 25
)

// permissionPage is what the page of permissions shows.
type permissionPage struct {
	*subject
	People     []workspace.Effective
	Search     page.Search
	Pager      page.Pager
	Tokens     []workspace.ReachingToken
	MoreTokens int
	Groups     []grantRow
	Users      []grantRow
	MoreGroups page.Pager
	MoreUsers  page.Pager
	Group      *page.Form
	User       *page.Form
}

// grantRow is one grant that can be changed.
type grantRow struct {
	workspace.GroupGrant
	User    workspace.UserGrant
	Key     string // that names the grantee in a form
	Options []page.Option
}

// levelOptions are the choices of a permission.
func (s *subject) levelOptions(chosen access.Level) []page.Option {
	all := make([]page.Option, len(s.Levels))
	for i, l := range s.Levels {
		all[i] = page.Option{Value: l.String(), Name: l.String(), Selected: l == chosen}
	}
	return all
}

// Shown is a level as it is said of this subject: a repository knows no create-repo, which is write there and more on its
// project.
func (s *subject) Shown(l access.Level) string {
	if l == access.CreateRepo && s.Kind == "repository" {
		return access.Write.String()
	}
	return l.String()
}

func (p *Pages) permissionPage(r *page.Request, s *subject) (*permissionPage, error) {
	ctx := r.Context()
	box := r.Search("Find somebody")
	box.Action = s.Base
	c := &permissionPage{subject: s, Search: box,
		Group: r.NewForm(s.Base+"/groups", "Grant to the group", page.Field{Name: "group", Label: "Group", Required: true, Max: 62, Direction: "ltr"},
			page.Field{Name: "group_permission", Label: "Permission", Type: "select", Options: s.levelOptions(access.Read)}),
		User: r.NewForm(s.Base+"/users", "Grant to the member", page.Field{Name: "user", Label: "Username", Required: true, Max: 254, Direction: "ltr", Help: "Of a member of the workspace."},
			page.Field{Name: "user_permission", Label: "Permission", Type: "select", Options: s.levelOptions(access.Read)})}
	people, more, err := s.effective(ctx, box.Value, paging(r))
	if err != nil {
		return nil, err
	}
	c.People, c.Pager = people, pager(r, s.Base, more)
	tokens, err := p.Workspaces.Reaching(ctx, s.Project, s.repositoryID)
	if err != nil {
		return nil, err
	}
	c.Tokens, c.MoreTokens = tokens[:min(len(tokens), maxTokens)], max(0, len(tokens)-maxTokens)
	part := grantPaging(r, "groups")
	groups, size, err := workspace.GroupGrants(ctx, p.Workspaces.DB, s.on, part)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		c.Groups = append(c.Groups, grantRow{GroupGrant: g, Key: g.Group.Slug, Options: s.levelOptions(g.Level)})
	}
	c.MoreGroups = s.grantPager("groups", part, size)
	part = grantPaging(r, "users")
	users, size, err := workspace.UserGrants(ctx, p.Workspaces.DB, s.on, part)
	if err != nil {
		return nil, err
	}
	for _, u := range users {
		c.Users = append(c.Users, grantRow{User: u, Key: rest.Braced(u.User.ID), Options: s.levelOptions(u.Level)})
	}
	c.MoreUsers = s.grantPager("users", part, size)
	return c, p.offerGroups(r, c)
}

// grantPaging is the part of a list of grants that a parameter of the query asks for.
func grantPaging(r *page.Request, name string) rest.Paging {
	n, err := strconv.Atoi(r.URL.Query().Get(name))
	if err != nil || n < 1 || n > 10000 {
		n = 1
	}
	return rest.Paging{Page: n, Pagelen: maxGrants}
}

// grantPager leads through a list of grants, by a parameter of its own.
func (s *subject) grantPager(name string, p rest.Paging, size int) (pager page.Pager) {
	to := func(n int) string { return s.Base + "?" + name + "=" + strconv.Itoa(n) + "#" + name }
	if p.Page > 1 {
		pager.Previous = to(p.Page - 1)
	}
	if p.Offset()+p.Pagelen < size {
		pager.Next = to(p.Page + 1)
	}
	return pager
}

// offerGroups makes the field of the group a choice, where there are not too many.
func (p *Pages) offerGroups(r *page.Request, c *permissionPage) error {
	all, more, err := p.Workspaces.ListGroups(r.Context(), c.Workspace.ID, "", rest.Paging{Page: 1, Pagelen: rest.MaxPagelen})
	if err != nil || more || len(all) == 0 {
		return err
	}
	field := &c.Group.Fields[0]
	field.Type = "select"
	for _, g := range all {
		field.Options = append(field.Options, page.Option{Value: g.Slug, Name: g.Name})
	}
	return nil
}

func (p *Pages) renderPermissions(r *page.Request, c *permissionPage) (page.Answer, error) {
	return r.Render(templates, page.View{Template: "permissions", Title: "Permissions on " + c.Name, Section: "workspaces", Trail: c.trail, Tabs: c.tabs, Content: c})
}

func (p *Pages) permissions(r *page.Request, s *subject) (page.Answer, error) {
	c, err := p.permissionPage(r, s)
	if err != nil {
		return page.Answer{}, err
	}
	return p.renderPermissions(r, c)
}

// permissionsAgain shows the page after a refusal; which is the form that it stands in.
func (p *Pages) permissionsAgain(r *page.Request, s *subject, cause error, which func(*permissionPage) *page.Form) (page.Answer, error) {
	c, err := p.permissionPage(r, s)
	if err != nil {
		return page.Answer{}, err
	}
	return r.Again(which(c), cause, func() (page.Answer, error) { return p.renderPermissions(r, c) })
}

// level is the permission that a field names.
func (s *subject) level(r *page.Request, field string) (access.Level, error) {
	for _, l := range s.Levels {
		if l.String() == r.Form.Get(field) {
			return l, nil
		}
	}
	return access.None, rest.InvalidField(field, "choose one of the permissions")
}

// groupNamed is the group of the workspace that the form names.
func (p *Pages) groupNamed(r *page.Request, s *subject) (workspace.Group, error) {
	g, err := workspace.GroupBySlug(r.Context(), p.Workspaces.DB, s.Workspace.ID, r.Form.Get("group"))
	if errors.Is(err, workspace.ErrNotFound) {
		return g, rest.InvalidField("group", "the workspace has no such group")
	}
	return g, err
}

// userNamed is the member of the workspace that the form names.
func (p *Pages) userNamed(r *page.Request, s *subject) (workspace.Membership, error) {
	m, err := p.Workspaces.FindMember(r.Context(), s.Workspace.ID, r.Form.Get("user"))
	if errors.Is(err, workspace.ErrNotFound) {
		return m, rest.InvalidField("user", notMember)
	}
	return m, err
}

func (p *Pages) grantGroup(r *page.Request, s *subject) (page.Answer, error) {
	g, err := p.groupNamed(r, s)
	var l access.Level
	if err == nil {
		l, err = s.level(r, "group_permission")
	}
	if err == nil {
		err = gone(p.Workspaces.GrantGroup(r.Context(), s.on, g.ID, l), reason.GroupNotFound)
	}
	if err != nil {
		return p.permissionsAgain(r, s, err, func(c *permissionPage) *page.Form { return c.Group })
	}
	return r.Done(s.Base, "The group "+g.Slug+" has the permission "+l.String()+".")
}

func (p *Pages) grantUser(r *page.Request, s *subject) (page.Answer, error) {
	m, err := p.userNamed(r, s)
	var l access.Level
	if err == nil {
		l, err = s.level(r, "user_permission")
	}
	if err == nil {
		err = gone(p.Workspaces.GrantUser(r.Context(), s.on, m.User.ID, l), reason.UserNotFound)
	}
	if err != nil {
		return p.permissionsAgain(r, s, err, func(c *permissionPage) *page.Form { return c.User })
	}
	return r.Done(s.Base, m.User.DisplayName+" has the permission "+l.String()+".")
}

// revokeGroup takes a group's permission away. One that is not there is what was asked for.
func (p *Pages) revokeGroup(r *page.Request, s *subject) (page.Answer, error) {
	g, err := p.groupNamed(r, s)
	if err == nil {
		if err = p.Workspaces.RevokeGroup(r.Context(), s.on, g.ID); errors.Is(err, workspace.ErrNotFound) {
			err = nil
		}
	}
	if err != nil {
		return p.permissionsAgain(r, s, err, func(c *permissionPage) *page.Form { return c.Group })
	}
	return r.Done(s.Base, "The group "+g.Slug+" has no permission of its own here any more.")
}

// revokeUser takes a user's own permission away. One that is not there is what was asked for.
func (p *Pages) revokeUser(r *page.Request, s *subject) (page.Answer, error) {
	m, err := p.userNamed(r, s)
	if err == nil {
		if err = p.Workspaces.RevokeUser(r.Context(), s.on, m.User.ID); errors.Is(err, workspace.ErrNotFound) {
			err = nil
		}
	}
	if err != nil {
		return p.permissionsAgain(r, s, err, func(c *permissionPage) *page.Form { return c.User })
	}
	return r.Done(s.Base, m.User.DisplayName+" has no permission of their own here any more.")
}

// Through says where a grant comes from. The name of a group follows.
func (s *subject) Through(g workspace.Grant) string {
	switch {
	case g.Place == workspace.OnWorkspace:
		return "owns the workspace"
	case g.Group.ID != "":
		return "granted on the " + g.Place.String() + " to the group"
	}
	return "granted on the " + g.Place.String()
}

// Of says what an access token belongs to.
func (s *subject) Of(t workspace.ReachingToken) string {
	switch t.Kind {
	case access.RepositoryTok:
		return "repository"
	case access.ProjectToken:
		return "project"
	}
	return "workspace"
}
