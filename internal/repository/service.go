package repository

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
)

// Room serves repositories. Its fields are what it stands on.
type Room struct {
	DB         *database.DB
	Git        *gitstore.Store
	Accounts   *account.Room
	Workspaces *workspace.Room
	URLs       rest.URLs
	Log        *slog.Logger
	Now        func() time.Time
}

// Change is what a request says about a repository; nil fields stay as they are.
type Change struct {
	Name        *string
	Description *string
	Private     *bool
	Language    *string
	ForkPolicy  *string
	HasIssues   *bool
	HasWiki     *bool
	MainBranch  *string
}

// apply checks c and writes it into r. Errors are *rest.Error and name the field.
func (c Change) apply(r *Repository) error {
	if c.Name != nil {
		name := strings.TrimSpace(*c.Name)
		if name == "" {
			return rest.InvalidField("name", noName)
		}
		if err := checkText("name", name, maxName, false); err != nil {
			return err
		}
		r.Name = name
	}
	if c.Description != nil {
		if err := checkText("description", *c.Description, maxDescription, true); err != nil {
			return err
		}
		r.Description = *c.Description
	}
	if c.Language != nil {
		if err := checkText("language", *c.Language, maxLanguage, false); err != nil {
			return err
		}
		r.Language = strings.ToLower(*c.Language)
	}
	if c.ForkPolicy != nil {
		switch *c.ForkPolicy {
		case AllowForks, NoPublicForks, NoForks:
			r.ForkPolicy = *c.ForkPolicy
		default:
			return rest.InvalidField("fork_policy", "use allow_forks, no_public_forks or no_forks")
		}
	}
	set(&r.Private, c.Private)
	set(&r.HasIssues, c.HasIssues)
	set(&r.HasWiki, c.HasWiki)
	return nil
}

const noName = "a repository has a name"

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// Create makes a repository with slug in the project; an empty slug is made of the name. The main branch of c is the one
// that the repository starts with, DefaultBranch where it says nothing. The caller has decided that it may be made
// there. A *rest.Error says which field is wrong, or that the slug is taken.
func (room *Room) Create(ctx context.Context, w workspace.Workspace, p workspace.Project, slug string, c Change, creatorID string) (*Repository, error) {
	slug = strings.ToLower(slug)
	if slug == "" && c.Name != nil {
		if strings.TrimSpace(*c.Name) == "" {
			return nil, rest.InvalidField("name", noName)
		}
		if slug = slugOf(*c.Name); slug == "" {
			return nil, rest.InvalidField("name", "no slug can be made of this name")
		}
	}
	if err := checkSlug("slug", slug); err != nil {
		return nil, err
	}
	branch := DefaultBranch
	if c.MainBranch != nil && *c.MainBranch != "" {
		branch = *c.MainBranch
	}
	if !gitstore.ValidBranchName(branch) {
		return nil, rest.InvalidField("mainbranch.name", "this cannot be the name of a branch")
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	now := room.Now().UTC().Truncate(time.Microsecond)
	r := &Repository{ID: id.String(), Slug: slug, Name: slug, Private: true, ForkPolicy: AllowForks, Created: now, Updated: now, Workspace: w, Project: p}
	if err := c.apply(r); err != nil {
		return nil, err
	}
	// The directory comes first and the row last: a crash in between leaves a directory that nobody knows, which the
	// next start sweeps away, and never a repository without its directory.
	if err := room.Git.Create(ctx, r.ID, branch); err != nil {
		return nil, fmt.Errorf("create git directory: %w", err)
	}
	err = room.DB.Update(ctx, func(tx *database.Tx) error {
		if err := insert(ctx, tx, r, creatorID); err != nil {
			return err
		}
		return checkPrivacy(ctx, tx, r)
	})
	if err != nil {
		if gone := room.Git.Delete(context.WithoutCancel(ctx), r.ID); gone != nil {
			room.Log.Warn("a git directory is left over until the next start", "repository", r.ID, "error", gone)
		}
		switch {
		case database.IsUnique(err):
			return nil, rest.Refusef(reason.ConflictExists, "The workspace has a repository %s already.", slug).
				WithMessage("Repository with this Slug and Owner already exists.").Field("slug", "taken")
		case database.IsReference(err):
			return nil, rest.Refusef(reason.ConflictState, "The project was deleted meanwhile.")
		}
		return nil, err
	}
	return r, nil
}

// Update changes a repository. project is where it moves to, nil when it stays. A new name brings a new slug. A
// *rest.Error says which field is wrong, or that the slug is taken.
func (room *Room) Update(ctx context.Context, old *Repository, c Change, project *workspace.Project) (*Repository, error) {
	checked := *old
	if err := c.rename(&checked); err != nil {
		return nil, err
	}
	if c.MainBranch != nil && *c.MainBranch != old.MainBranch {
		if err := room.setMainBranch(ctx, old.ID, *c.MainBranch); err != nil {
			return nil, err
		}
	}
	var r *Repository
	err := room.DB.Update(ctx, func(tx *database.Tx) error {
		var err error
		if r, err = lock(ctx, tx, old.ID, room.Now()); errors.Is(err, access.ErrAbsent) {
			return notFound(old.Workspace.Slug, old.Slug)
		} else if err != nil {
			return err
		}
		if err := c.rename(r); err != nil {
			return err
		}
		if project != nil {
			r.Project = *project
		}
		if c.MainBranch != nil {
			if r.MainBranch, err = room.Git.DefaultBranch(ctx, r.ID); err != nil {
				return err
			}
		}
		if err := update(ctx, tx, r); err != nil {
			return err
		}
		return checkPrivacy(ctx, tx, r)
	})
	if database.IsUnique(err) {
		return nil, rest.Refusef(reason.ConflictExists, "The workspace has a repository %s already.", checked.Slug).
			WithMessage("Repository with this Slug and Owner already exists.").Field("name", "taken")
	}
	if database.IsReference(err) {
		return nil, rest.Refusef(reason.ConflictState, "The project was deleted meanwhile.")
	}
	return r, err
}

// rename is apply for a repository that exists: a new name brings a new slug.
func (c Change) rename(r *Repository) error {
	before := r.Name
	if err := c.apply(r); err != nil || r.Name == before {
		return err
	}
	if r.Slug = slugOf(r.Name); r.Slug == "" {
		return rest.InvalidField("name", "no slug can be made of this name")
	}
	return checkSlug("name", r.Slug)
}

// setMainBranch makes HEAD name a branch that is there.
func (room *Room) setMainBranch(ctx context.Context, id, branch string) error {
	full := gitstore.BranchPrefix + branch
	values, err := room.Git.RefValues(ctx, id, []string{full})
	if err != nil {
		return err
	}
	if values[full] == "" || !gitstore.ValidBranchName(branch) {
		return rest.InvalidField("mainbranch.name", "the repository has no such branch")
	}
	return room.Git.SetDefaultBranch(ctx, id, branch)
}

// Delete removes a repository and everything in it. When it returns nil, the row is gone for good; the directory
// follows, at the latest with the next start.
func (room *Room) Delete(ctx context.Context, r *Repository) error {
	err := room.DB.Update(ctx, func(tx *database.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM repository WHERE id = $1`, r.ID)
		if err == nil && n == 0 {
			return notFound(r.Workspace.Slug, r.Slug)
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := room.Git.Delete(context.WithoutCancel(ctx), r.ID); err != nil {
		room.Log.Warn("a git directory is left over until the next start", "repository", r.ID, "error", err)
	}
	return nil
}

// Pushed notes that a push changed something: the size, the time, and the main branch of a repository that had none.
func (room *Room) Pushed(ctx context.Context, id string) error {
	size, err := room.Git.Size(ctx, id)
	if err != nil {
		return err
	}
	branch, err := room.settleMainBranch(ctx, id)
	if err != nil {
		return err
	}
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE repository SET size = $2, mainbranch = $3, updated_on = $4 WHERE id = $1`,
			id, size, branch, database.Micros(room.Now()))
		if err != nil || n == 0 || branch == "" {
			return err
		}
		// Somebody may have chosen another main branch meanwhile. With the row locked, HEAD is what it will say.
		if branch, err = room.Git.DefaultBranch(ctx, id); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE repository SET mainbranch = $2 WHERE id = $1 AND mainbranch <> $2`, id, branch)
		return err
	})
}

// settleMainBranch returns the main branch. Where HEAD names one that nobody has pushed, it becomes the branch that
// people would expect among those that are there; "" while there is none.
func (room *Room) settleMainBranch(ctx context.Context, id string) (string, error) {
	head, err := room.Git.DefaultBranch(ctx, id)
	if err != nil && !errors.Is(err, gitstore.ErrNotFound) {
		return "", err
	}
	values, err := room.Git.RefValues(ctx, id, []string{gitstore.BranchPrefix + head})
	if err == nil && values[gitstore.BranchPrefix+head] != "" {
		return head, nil
	}
	branches, err := room.Git.Branches(ctx, id)
	if err != nil || len(branches) == 0 {
		return "", err
	}
	main := branches[0].Short()
	for _, usual := range []string{"develop", "trunk", "master", "main"} { // the last one that is there
		for i := range branches {
			if branches[i].Short() == usual {
				main = usual
			}
		}
	}
	return main, room.Git.SetDefaultBranch(ctx, id, main)
}

// IDs lists the ids of all repositories, for sweeping what a crash left behind.
func (room *Room) IDs(ctx context.Context) (map[string]bool, error) {
	ids := map[string]bool{}
	_, err := database.Collect(ctx, room.DB, func(s func(...any) error) (struct{}, error) {
		var id string
		err := s(&id)
		ids[id] = true
		return struct{}{}, err
	}, `SELECT id FROM repository`)
	return ids, err
}

// Repositories is the resource that a path names by workspace and repository.
func (room *Room) Repositories() *access.Resource[*Repository] {
	return &access.Resource[*Repository]{Name: "repository", Params: [2]string{"workspace", "repo_slug"}, NotFound: notFound,
		Find: func(ctx context.Context, p *access.Principal, workspaceName, name string) (access.Found[*Repository], error) {
			var found access.Found[*Repository]
			name = strings.TrimSuffix(name, ".git")
			if !nameable(workspaceName) || !nameable(name) {
				return found, access.ErrAbsent
			}
			r, l, err := find(ctx, room.DB, p.AccountID(), strings.ToLower(workspaceName), strings.ToLower(name))
			if err != nil {
				return found, err
			}
			l = max(l, p.Within(r.Workspace.ID, r.Project.ID, r.ID))
			return access.Found[*Repository]{Value: r, Level: l, Public: !r.Private, WorkspaceID: r.Workspace.ID}, nil
		}}
}

// nameable reports whether s can be a slug or a uuid: what cannot is not there, and the store is not asked.
func nameable(s string) bool {
	if _, ok := rest.Unbraced(s); ok {
		return true
	}
	return validSlug(strings.ToLower(s))
}

func notFound(workspaceName, name string) *rest.Error {
	return rest.Refuse(reason.RepositoryNotFound, "")
}
