package repository

import (
	"context"
	"errors"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
)

// forks lists the repositories that were forked from r, as far as the caller may see them.
func (room *Room) forks(c *access.Call, r *Repository) (any, error) {
	return room.listed(c, func(l *query) { l.parent = r.ID })
}

// forkBody is what forking reads: where to, and what is to be different.
type forkBody struct {
	body
	Workspace *struct {
		Slug *string `json:"slug"`
		UUID *string `json:"uuid"`
	} `json:"workspace"`
}

// fork makes a repository of the branches and tags of another one. Without a workspace it stays in the same one, where it
// needs another name (POST /repositories/{workspace}/{repo_slug}/forks).
func (room *Room) fork(c *access.Call, parent *Repository) (any, error) {
	var b forkBody
	if c.HTTP.ContentLength != 0 {
		if err := c.Decode(&b); err != nil {
			return nil, err
		}
	}
	change, err := b.change()
	if err != nil {
		return nil, err
	}
	name := rest.Braced(parent.Workspace.ID)
	switch w := b.Workspace; {
	case w == nil:
	case w.UUID != nil:
		name = *w.UUID
	case w.Slug != nil:
		name = *w.Slug
	default:
		return nil, rest.InvalidField("workspace", "name it by slug or uuid")
	}
	to, err := access.Check(c, room.Workspaces.Workspaces().Reads(), name, "")
	if refused, ok := errors.AsType[*rest.Error](err); ok && refused.Status == 404 {
		return nil, rest.InvalidField("workspace", "there is no such workspace")
	}
	if err != nil {
		return nil, err
	}
	level := access.CreateRepo
	if c.Principal.OfResource() { // nobody's account: what it may is its scopes, and the one that is documented is to write
		level = access.Write
	}
	project, err := room.project(c, b.body, to, level)
	if err != nil {
		return nil, err
	}
	r, err := room.Fork(c.Context(), parent, to, project, change, c.Principal.AccountID())
	if err != nil {
		return nil, err
	}
	made, err := room.renderFor(c, r)
	if err != nil {
		return nil, err
	}
	return rest.Created(made, made.Links.Self), nil
}

// Fork makes a fork of a repository in a project. What c leaves out is as the parent has it. The caller has decided that the
// parent may be read, and that the fork may be made there. A *rest.Error says which field is wrong, that the slug is taken, or
// that the parent's fork policy forbids it.
func (room *Room) Fork(ctx context.Context, parent *Repository, w workspace.Workspace, p workspace.Project, c Change, creatorID string) (*Repository, error) {
	if parent.ForkPolicy == NoForks {
		return nil, rest.Refuse(reason.ConflictState, "The fork policy of the repository is no_forks. Whoever administers it can change that.").WithMessage("This repository does not allow forks.")
	}
	if parent.Private && parent.Workspace.ForkingMode == workspace.InternalForks && w.ID != parent.Workspace.ID {
		return nil, rest.InvalidField("workspace", "private repositories of the workspace "+parent.Workspace.Slug+" are forked within it only")
	}
	inherited := Change{Name: &parent.Name, Description: &parent.Description, Private: &parent.Private, Language: &parent.Language, ForkPolicy: &parent.ForkPolicy}
	for _, field := range []struct{ to, from **string }{{&inherited.Name, &c.Name}, {&inherited.Description, &c.Description}, {&inherited.Language, &c.Language}, {&inherited.ForkPolicy, &c.ForkPolicy}} {
		if *field.from != nil {
			*field.to = *field.from
		}
	}
	if c.Private != nil {
		inherited.Private = c.Private
	}
	inherited.HasIssues, inherited.HasWiki = c.HasIssues, c.HasWiki
	if parent.ForkPolicy == NoPublicForks && !*inherited.Private {
		return nil, rest.InvalidField("is_private", "the fork policy of the repository is no_public_forks: its forks are private")
	}
	r, err := room.prepare(w, p, "", inherited)
	if err != nil {
		return nil, err
	}
	if c.Language == nil {
		r.LanguageSaid = parent.LanguageSaid
	}
	r.ParentID, r.MainBranch, r.Size = parent.ID, parent.MainBranch, parent.Size
	err = room.Git.Fork(ctx, parent.ID, r.ID)
	if errors.Is(err, gitstore.ErrNotFound) { // deleted in this moment
		return nil, notFound(parent.Workspace.Slug, parent.Slug)
	}
	if err != nil {
		return nil, err
	}
	return r, room.keep(ctx, r, creatorID, parent)
}

// workspaceOf is the id of the workspace that a repository is in, "" when there is none of this id.
func workspaceOf(ctx context.Context, q database.Queryer, id string) (workspaceID string, err error) {
	err = q.Row(ctx, `SELECT workspace_id FROM repository WHERE id = $1`, id).Scan(&workspaceID)
	if errors.Is(err, database.ErrNoRows) {
		return "", nil
	}
	return workspaceID, err
}

// Parent is the repository that r was forked from; nil when there is none any more. Whether somebody may see it, the caller
// decides.
func (room *Room) Parent(ctx context.Context, r *Repository) (*Repository, error) {
	if r.ParentID == "" {
		return nil, nil
	}
	parent, err := scan(room.DB.Row(ctx, `SELECT `+columns+from+` WHERE r.id = $1`, r.ParentID).Scan)
	if errors.Is(err, database.ErrNoRows) {
		return nil, nil
	}
	return parent, err
}
