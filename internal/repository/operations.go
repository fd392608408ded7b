package repository

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
)

// Operations lists what this room serves.
func (room *Room) Operations() []access.Operation {
	repository, place := room.Repositories(), room.places()
	revisions := []access.Parameter{
		{Name: "include", Does: "A branch, a tag or a hash whose history is listed.", Many: true},
		{Name: "exclude", Does: "A branch, a tag or a hash whose history is left out.", Many: true},
		{Name: "path", Does: "Only commits that change this file or directory."},
		{Name: "ctx", Does: "The cursor in a next link. Follow the link as it is."},
	}
	compared := []access.Parameter{
		{Name: "path", Does: "Only this file or directory.", Many: true},
		{Name: "ignore_whitespace", Does: "Whether changes of white space alone are left out; false without it.", Values: booleans},
		{Name: "renames", Does: "Whether a file that moved is told from one that went and one that came; true without it.", Values: booleans},
		{Name: "topic", Does: "Whether the changes are seen from where the two histories part, and not from the second commit itself; true without it.", Values: booleans},
		{Name: "merge", Does: "The older name of topic.", Values: booleans},
	}
	role := access.Parameter{Name: "role", Does: "Only repositories on which the caller has this role.", Values: []string{"owner", "admin", "contributor", "member"}}
	format := access.Parameter{Name: "format", Does: "What the path is, in place of its content.", Values: []string{"meta"}}
	return append(room.permissions(repository).Operations(),
		access.On("GET /repositories/{workspace}", room.Shelves().Reads(), room.list).Lists(JSON{}).Filters(fields).Asks(role),
		access.On("GET /user/workspaces/{workspace}/permissions/repositories", access.Self, room.ownPermissions).Lists(permissionJSON{}).Filters(ownFields),
		access.On("GET /workspaces/{workspace}/permissions/repositories", room.Workspaces.Workspaces().ByScopes("permissions in a workspace", workspace.Within).Needs(access.Admin), room.heldInWorkspace).Lists(permissionJSON{}).Filters(heldFields),
		access.On("GET /workspaces/{workspace}/permissions/repositories/{repo_slug}", repository.ByScopes("permissions on a repository", Within).Needs(access.Admin), room.heldOnRepository).Lists(permissionJSON{}).Filters(heldFields),
		access.On("POST /repositories/{workspace}/{repo_slug}", place.Needs(access.Read), room.create).Takes(body{}).Answers(JSON{}),
		access.On("GET /repositories/{workspace}/{repo_slug}", repository.Reads(), room.get).Answers(JSON{}),
		access.On("PUT /repositories/{workspace}/{repo_slug}", place.Needs(access.Read), room.put).Takes(body{}).Answers(JSON{}, http.StatusOK, http.StatusCreated),
		access.On("DELETE /repositories/{workspace}/{repo_slug}", repository.Needs(access.Admin), room.delete).Answers(nil),

		access.On("GET /repositories/{workspace}/{repo_slug}/forks", repository.Reads(), room.forks).Lists(JSON{}).Filters(fields).Asks(role),
		access.On("POST /repositories/{workspace}/{repo_slug}/forks", repository.Reads(), room.fork).Takes(forkBody{}).Answers(JSON{}, http.StatusCreated),
		access.On("GET /repositories/{workspace}/{repo_slug}/watchers", repository.Reads(), room.watchers).Lists(account.JSON{}),

		access.On("GET /repositories/{workspace}/{repo_slug}/commits", repository.Reads(), room.commits).Lists(commitJSON{}).Asks(revisions...),
		access.On("POST /repositories/{workspace}/{repo_slug}/commits", repository.Reads(), room.commits).Lists(commitJSON{}).Asks(revisions...).TakesForm(),
		access.On("GET /repositories/{workspace}/{repo_slug}/commits/{revision}", repository.Reads(), room.commits).Lists(commitJSON{}).Asks(revisions...),
		access.On("POST /repositories/{workspace}/{repo_slug}/commits/{revision}", repository.Reads(), room.commits).Lists(commitJSON{}).Asks(revisions...).TakesForm(),
		access.On("GET /repositories/{workspace}/{repo_slug}/commit/{commit}", repository.Reads(), room.commit).Answers(fullCommitJSON{}),
		access.On("POST /repositories/{workspace}/{repo_slug}/commit/{commit}/approve", repository.Needs(access.Read), room.approve).Answers(participantJSON{}),
		access.On("DELETE /repositories/{workspace}/{repo_slug}/commit/{commit}/approve", repository.Needs(access.Read), room.unapprove).Answers(nil),
		access.On("GET /repositories/{workspace}/{repo_slug}/merge-base/{revspec}", repository.Reads(), room.mergeBase).Answers(fullCommitJSON{}),

		access.On("GET /repositories/{workspace}/{repo_slug}/diff/{spec}", repository.Reads(), room.diff).Answers(nil, http.StatusOK).Delivers().
			Asks(append(compared, access.Parameter{Name: "context", Does: "How many lines around each change are shown; 3 without it."},
				access.Parameter{Name: "binary", Does: "Whether binary files are named; true without it.", Values: booleans})...),
		access.On("GET /repositories/{workspace}/{repo_slug}/diffstat/{spec}", repository.Reads(), room.diffstat).Lists(diffstatJSON{}).Asks(compared...),
		access.On("GET /repositories/{workspace}/{repo_slug}/patch/{spec}", repository.Reads(), room.patch).Answers(nil, http.StatusOK).Delivers(),

		access.On("GET /repositories/{workspace}/{repo_slug}/src", repository.Reads(), room.mainSource).Answers(nil, http.StatusFound).Asks(format),
		access.On("GET /repositories/{workspace}/{repo_slug}/src/{commit}/{path}", repository.Reads(), room.source).Lists(entryJSON{}).Delivers().Filters(entryFields).
			Asks(format, access.Parameter{Name: "max_depth", Does: "How many levels of a directory are listed, from 1 to 100; 1 without it."}),
		access.On("POST /repositories/{workspace}/{repo_slug}/src", repository.Needs(access.Write), room.upload).Answers(fullCommitJSON{}, http.StatusCreated).TakesForm().Asks(
			access.Parameter{Name: "message", Does: "What the commit says."},
			access.Parameter{Name: "author", Does: "Who wrote it, as Name <name@example.com>; the caller without it."},
			access.Parameter{Name: "parents", Does: "Hashes of the parents, with commas between; the branch must hold the first one.", Many: true},
			access.Parameter{Name: "branch", Does: "The branch that the commit goes on, or that begins with it; the main branch without it."},
			access.Parameter{Name: "files", Does: "The path of a file that the commit changes. Without a field of this name the file is deleted.", Many: true}),
		access.On("GET /repositories/{workspace}/{repo_slug}/filehistory/{commit}/{path}", repository.Reads(), room.fileHistory).Lists(versionJSON{}).Filters(versionFields).
			Asks(access.Parameter{Name: "renames", Does: "Whether the list goes on with the names that the file had before; true without it.", Values: booleans}),

		access.On("GET /repositories/{workspace}/{repo_slug}/refs", repository.Reads(), room.refs).Lists(Ref{}).Filters(refFields),
		access.On("GET /repositories/{workspace}/{repo_slug}/refs/branches", repository.Reads(), room.branches).Lists(Ref{}).Filters(refFields),
		access.On("GET /repositories/{workspace}/{repo_slug}/refs/branches/{name}", repository.Reads(), room.branch).Answers(Ref{}),
		access.On("POST /repositories/{workspace}/{repo_slug}/refs/branches", repository.Needs(access.Write), room.createBranch).Takes(refBody{}).Answers(Ref{}, http.StatusCreated),
		access.On("DELETE /repositories/{workspace}/{repo_slug}/refs/branches/{name}", repository.Needs(access.Write), room.deleteBranch).Answers(nil),
		access.On("GET /repositories/{workspace}/{repo_slug}/refs/tags", repository.Reads(), room.tags).Lists(Ref{}).Filters(refFields),
		access.On("GET /repositories/{workspace}/{repo_slug}/refs/tags/{name}", repository.Reads(), room.tag).Answers(Ref{}),
		access.On("POST /repositories/{workspace}/{repo_slug}/refs/tags", repository.Needs(access.Write), room.createTag).Takes(tagBody{}).Answers(Ref{}, http.StatusCreated),
		access.On("DELETE /repositories/{workspace}/{repo_slug}/refs/tags/{name}", repository.Needs(access.Write), room.deleteTag).Answers(nil),
	)
}

var booleans = []string{"true", "false"}

// Shelves are the workspaces as the list of their repositories sees them: one that holds a public repository lets
// everybody in, as on Bitbucket Cloud, though it is private itself. The list shows what the caller may read.
func (room *Room) Shelves() *access.Resource[workspace.Workspace] {
	workspaces := room.Workspaces.Workspaces()
	return &access.Resource[workspace.Workspace]{Name: "list of repositories", Params: workspaces.Params, NotFound: workspaces.NotFound,
		Find: func(ctx context.Context, p *access.Principal, name, _ string) (access.Found[workspace.Workspace], error) {
			found, err := workspaces.Find(ctx, p, name, "")
			if err == nil && found.Level < access.Read && !found.Public {
				found.Public, err = holdsPublic(ctx, room.DB, found.Value.ID)
			}
			return found, err
		}}
}

// place is where a path to a repository points, whether or not there is one yet.
type place struct {
	workspace workspace.Workspace
	existing  bool
}

// places are what the operations that can make a repository begin with: the workspace must be visible. Whether the
// caller may make a repository there, or change the one that is there, depends on the project that the body names,
// and is decided with it.
func (room *Room) places() *access.Resource[place] {
	workspaces := room.Workspaces.Workspaces()
	return &access.Resource[place]{Name: "workspace of a repository", Params: [2]string{"workspace", "repo_slug"},
		NotFound: func(w, _ string) *rest.Error { return workspaces.NotFound(w, "") },
		Find: func(ctx context.Context, p *access.Principal, workspaceName, name string) (access.Found[place], error) {
			found, err := workspaces.Find(ctx, p, workspaceName, "")
			if err != nil {
				return access.Found[place]{}, err
			}
			at := access.Found[place]{Value: place{workspace: found.Value}, Level: found.Level, Public: found.Public, WorkspaceID: found.WorkspaceID}
			if p.OfResource() && p.Bounds.WorkspaceID == found.Value.ID {
				at.Level = max(at.Level, access.Read)
			}
			if nameable(name) {
				_, _, err = find(ctx, room.DB, p.AccountID(), found.Value.Slug, strings.ToLower(name))
				at.Value.existing = err == nil
			}
			if errors.Is(err, access.ErrAbsent) {
				err = nil
			}
			return at, err
		}}
}

// JSON is a repository as the API writes it (schema repository).
type JSON struct {
	Type        string                `json:"type"`
	UUID        string                `json:"uuid"`
	FullName    string                `json:"full_name"`
	Name        string                `json:"name"`
	Slug        string                `json:"slug"`
	Description string                `json:"description"`
	SCM         string                `json:"scm"`
	Website     *string               `json:"website"`
	IsPrivate   bool                  `json:"is_private"`
	ForkPolicy  string                `json:"fork_policy"`
	HasIssues   bool                  `json:"has_issues"`
	HasWiki     bool                  `json:"has_wiki"`
	Language    string                `json:"language"`
	Size        int64                 `json:"size"`
	CreatedOn   rest.Time             `json:"created_on"`
	UpdatedOn   rest.Time             `json:"updated_on"`
	MainBranch  *branchName           `json:"mainbranch,omitempty"`
	Parent      *Summary              `json:"parent"` // null when the caller may not see it
	Owner       OwnerJSON             `json:"owner"`
	Workspace   workspace.JSON        `json:"workspace"`
	Project     workspace.ProjectJSON `json:"project"`
	Links       linksJSON             `json:"links"`
}

type branchName struct {
	Type string `json:"type"`
	Name string `json:"name"`
}

type linksJSON struct {
	Self         rest.Link   `json:"self"`
	HTML         rest.Link   `json:"html"`
	Avatar       rest.Link   `json:"avatar"`
	PullRequests rest.Link   `json:"pullrequests"`
	Commits      rest.Link   `json:"commits"`
	Forks        rest.Link   `json:"forks"`
	Watchers     rest.Link   `json:"watchers"`
	Branches     rest.Link   `json:"branches"`
	Tags         rest.Link   `json:"tags"`
	Downloads    rest.Link   `json:"downloads"`
	Source       rest.Link   `json:"source"`
	Hooks        rest.Link   `json:"hooks"`
	Clone        []rest.Link `json:"clone"`
}

// Summary is a repository inside other objects.
type Summary struct {
	Type     string       `json:"type"`
	UUID     string       `json:"uuid"`
	FullName string       `json:"full_name"`
	Name     string       `json:"name"`
	Links    summaryLinks `json:"links"`
}

type summaryLinks struct {
	Self   rest.Link `json:"self"`
	HTML   rest.Link `json:"html"`
	Avatar rest.Link `json:"avatar"`
}

// Summarize is r inside other objects.
func (room *Room) Summarize(r *Repository) Summary {
	return Summary{Type: "repository", UUID: rest.Braced(r.ID), FullName: r.FullName(), Name: r.Name, Links: summaryLinks{
		Self: room.link(r), HTML: room.URLs.Web(r.Workspace.Slug, r.Slug), Avatar: room.avatar(r)}}
}

func (room *Room) link(r *Repository, more ...string) rest.Link {
	return room.URLs.API(append([]string{"repositories", r.Workspace.Slug, r.Slug}, more...)...)
}

func (room *Room) avatar(r *Repository) rest.Link {
	return room.URLs.Web("workspaces", r.Workspace.Slug, "avatar")
}

// Render is r as the operations on repositories write it.
func (room *Room) Render(r *Repository) JSON {
	w := r.Workspace.Slug
	j := JSON{
		Type: "repository", UUID: rest.Braced(r.ID), FullName: r.FullName(), Name: r.Name, Slug: r.Slug, Description: r.Description,
		SCM: "git", IsPrivate: r.Private, ForkPolicy: r.ForkPolicy, HasIssues: r.HasIssues, HasWiki: r.HasWiki,
		Language: r.Language, Size: r.Size, CreatedOn: rest.Time(r.Created), UpdatedOn: rest.Time(r.Updated),
		Owner:     Owner(room.URLs, &r.Workspace),
		Workspace: room.Workspaces.RenderWorkspace(&r.Workspace), Project: room.Workspaces.RenderProject(&r.Project),
		Links: linksJSON{
			Self: room.link(r), HTML: room.URLs.Web(w, r.Slug), Avatar: room.avatar(r), PullRequests: room.link(r, "pullrequests"),
			Commits: room.link(r, "commits"), Forks: room.link(r, "forks"), Watchers: room.link(r, "watchers"),
			Branches: room.link(r, "refs", "branches"), Tags: room.link(r, "refs", "tags"), Downloads: room.link(r, "downloads"),
			Source: room.link(r, "src"), Hooks: room.link(r, "hooks"),
			Clone: []rest.Link{
				{Name: "https", Href: room.URLs.Web(w, r.Slug).Href + ".git"},
				{Name: "ssh", Href: room.URLs.SSHRemote(r.FullName())}, // also where SSH is off: clients expect both
			},
		},
	}
	if r.MainBranch != "" {
		j.MainBranch = &branchName{"branch", r.MainBranch}
	}
	return j
}

// renderFor is r as the caller sees it.
func (room *Room) renderFor(c *access.Call, r *Repository) (JSON, error) {
	all, err := room.renderAll(c, []*Repository{r})
	if err != nil {
		return JSON{}, err
	}
	return all[0], nil
}

// renderAll are repositories as the caller sees them: what one was forked from is named to whoever may read that.
func (room *Room) renderAll(c *access.Call, rows []*Repository) ([]JSON, error) {
	values := make([]JSON, len(rows))
	parents := map[string]*Summary{}
	for i, r := range rows {
		values[i] = room.Render(r)
		if r.ParentID == "" {
			continue
		}
		parent, known := parents[r.ParentID]
		if !known {
			var err error
			if parent, err = room.visible(c, r.ParentID); err != nil {
				return nil, err
			}
			parents[r.ParentID] = parent
		}
		values[i].Parent = parent
	}
	return values, nil
}

// visible is the repository with an id, nil when the caller may not read it.
func (room *Room) visible(c *access.Call, id string) (*Summary, error) {
	w, err := workspaceOf(c.Context(), room.DB, id)
	if err != nil || w == "" {
		return nil, err
	}
	r, err := access.Check(c, room.Repositories().Reads(), rest.Braced(w), rest.Braced(id))
	if _, refused := errors.AsType[*rest.Error](err); refused {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	shown := room.Summarize(r)
	return &shown, nil
}

func (room *Room) get(c *access.Call, r *Repository) (any, error) { return room.renderFor(c, r) }

// roles are the values of the parameter role (GET /repositories/{workspace}).
var roles = map[string]query{
	"":            {minimum: access.None},
	"member":      {minimum: access.Read},
	"contributor": {minimum: access.Write},
	"admin":       {minimum: access.Admin},
	"owner":       {minimum: access.Admin, owned: true},
}

func (room *Room) list(c *access.Call, w workspace.Workspace) (any, error) {
	return room.listed(c, func(l *query) { l.workspaceID = w.ID })
}

// listed is the list that the request asks for, narrowed.
func (room *Room) listed(c *access.Call, narrow func(*query)) (any, error) {
	l, ok := roles[c.Query().Get("role")]
	if !ok {
		return nil, rest.Refuse(reason.QueryInvalid, "role is one of owner, admin, contributor and member.").WithMessage("Invalid role")
	}
	p, err := c.Paging(rest.DefaultPagelen)
	if err != nil {
		return nil, err
	}
	l.principal, l.paging = c.Principal, p
	l.filter, l.sort = c.Query().Get("q"), c.Query().Get("sort")
	narrow(&l)
	rows, size, err := list(c.Context(), room.DB, l)
	if err != nil {
		return nil, err
	}
	values, err := room.renderAll(c, rows)
	if err != nil {
		return nil, err
	}
	return pageOf(c, p, values, size), nil
}

// body is what create and update read of a repository.
type body struct {
	SCM         *string `json:"scm"`
	Name        *string `json:"name"`
	Description *string `json:"description"`
	IsPrivate   *bool   `json:"is_private"`
	Language    *string `json:"language"`
	ForkPolicy  *string `json:"fork_policy"`
	HasIssues   *bool   `json:"has_issues"`
	HasWiki     *bool   `json:"has_wiki"`
	MainBranch  *struct {
		Name *string `json:"name"`
	} `json:"mainbranch"`
	Project *struct {
		Key  *string `json:"key"`
		UUID *string `json:"uuid"`
	} `json:"project"`
}

// read decodes the body; an empty one is a repository with all defaults.
func (room *Room) read(c *access.Call) (body, Change, error) {
	var b body
	if c.HTTP.ContentLength != 0 {
		if err := c.Decode(&b); err != nil {
			return b, Change{}, err
		}
	}
	change, err := b.change()
	return b, change, err
}

// change is what the body says of the repository itself.
func (b body) change() (Change, error) {
	if b.SCM != nil && *b.SCM != "git" {
		return Change{}, rest.InvalidField("scm", "only git is served")
	}
	change := Change{Name: b.Name, Description: b.Description, Private: b.IsPrivate, Language: b.Language, ForkPolicy: b.ForkPolicy, HasIssues: b.HasIssues, HasWiki: b.HasWiki}
	if b.MainBranch != nil {
		change.MainBranch = b.MainBranch.Name
	}
	return change, nil
}

// project is the project that the body names, where the caller needs the level that lets it create repositories; without one,
// the oldest of the workspace's (POST /repositories/{workspace}/{repo_slug}).
func (room *Room) project(c *access.Call, b body, w workspace.Workspace, level access.Level) (workspace.Project, error) {
	name := ""
	switch {
	case b.Project == nil:
		oldest, err := oldestProject(c.Context(), room.DB, w.ID)
		if err != nil {
			return workspace.Project{}, err
		}
		if oldest == "" {
			return workspace.Project{}, rest.MissingField("project")
		}
		name = oldest
	case b.Project.Key != nil:
		name = *b.Project.Key
	case b.Project.UUID != nil:
		name = *b.Project.UUID
	default:
		return workspace.Project{}, rest.InvalidField("project", "name it by key or uuid")
	}
	p, err := access.Check(c, room.Workspaces.Projects().Needs(level), w.Slug, name)
	if refusal, ok := errors.AsType[*rest.Error](err); ok && refusal.Status == http.StatusNotFound {
		return p, rest.InvalidField("project", "the workspace has no such project")
	}
	return p, err
}

func (room *Room) create(c *access.Call, at place) (any, error) {
	b, change, err := room.read(c)
	if err != nil {
		return nil, err
	}
	p, err := room.project(c, b, at.workspace, access.CreateRepo)
	if err != nil {
		return nil, err
	}
	r, err := room.Create(c.Context(), at.workspace, p, c.Param("repo_slug"), change, c.Principal.AccountID())
	if err != nil {
		return nil, err
	}
	// 200, not 201: POST /repositories/{workspace}/{repo_slug} answers so.
	return room.Render(r), nil
}

// put changes the repository, or makes it when there is none (PUT /repositories/{workspace}/{repo_slug}).
func (room *Room) put(c *access.Call, at place) (any, error) {
	if !at.existing {
		created, err := room.create(c, at)
		if err != nil {
			return nil, err
		}
		return rest.Created(created, created.(JSON).Links.Self), nil
	}
	r, err := access.Check(c, room.Repositories().Needs(access.Admin), c.Param("workspace"), c.Param("repo_slug"))
	if err != nil {
		return nil, err
	}
	b, change, err := room.read(c)
	if err != nil {
		return nil, err
	}
	var moved *workspace.Project
	if b.Project != nil {
		p, err := room.project(c, b, r.Workspace, access.CreateRepo)
		if err != nil {
			return nil, err
		}
		moved = &p
	}
	changed, err := room.Update(c.Context(), r, change, moved)
	if err != nil {
		return nil, err
	}
	shown, err := room.renderFor(c, changed)
	if err != nil {
		return nil, err
	}
	return rest.Answer{Status: http.StatusOK, Body: shown, Header: http.Header{"Location": {room.link(changed).Href}}}, nil
}

func (room *Room) delete(c *access.Call, r *Repository) (any, error) {
	return nil, room.Delete(c.Context(), r)
}
