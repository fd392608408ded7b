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
	"github.com/pailforge/pail/internal/event"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/markup"
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
	Events     *event.Hub

	// Judge says which changes of references the rules of a repository forbid to a caller. The room of those rules gives it.
	Judge func(ctx context.Context, p *access.Principal, r *Repository, changes []RefChange) (Judgement, error)
	// Leaves is called in the transaction that moves a repository to another workspace: what the rooms above keep about it may
	// name members and groups of the one that it leaves no more.
	Leaves func(ctx context.Context, tx *database.Tx, repositoryID string) error
	// Moved is called when branches or tags of a repository have moved, after that was noted. What it cannot do, the room that it
	// belongs to makes up for. nil: nobody is.
	Moved func(ctx context.Context, id string, updates []gitstore.RefUpdate) error
	// Refers are what finds what texts speak of, beside accounts and commits, by its kind. The rooms above give them.
	Refers map[markup.Kind]Refer
	// Changed is told the id of each repository that was pushed to, changed or deleted; it must not wait. nil: nobody is.
	Changed func(id string)
	// Deleted is told the id of each repository that is gone, for what is kept beside its directory. nil: nobody is.
	Deleted func(id string)
}

func (room *Room) changed(id string) {
	if room.Changed != nil {
		room.Changed(id)
	}
}

// Grown notes that something came into a repository without a push: when enough has piled up, it is packed.
func (room *Room) Grown(id string) { room.changed(id) }

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
		// Without a name it is again what most of the code is written in, which Upkeep finds out.
		r.Language, r.LanguageSaid = strings.ToLower(*c.Language), *c.Language != ""
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
	branch := DefaultBranch
	if c.MainBranch != nil && *c.MainBranch != "" {
		branch = *c.MainBranch
	}
	if !gitstore.ValidBranchName(branch) {
		return nil, rest.InvalidField("mainbranch.name", "this cannot be the name of a branch")
	}
	r, err := room.prepare(w, p, slug, c)
	if err != nil {
		return nil, err
	}
	if err := room.Git.Create(ctx, r.ID, branch); err != nil {
		return nil, fmt.Errorf("create git directory: %w", err)
	}
	return r, room.keep(ctx, r, creatorID, nil)
}

// prepare is a repository that nobody has seen yet. A *rest.Error says which field is wrong.
func (room *Room) prepare(w workspace.Workspace, p workspace.Project, slug string, c Change) (*Repository, error) {
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
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	now := room.Now().UTC().Truncate(time.Microsecond)
	r := &Repository{ID: id.String(), Slug: slug, Name: slug, Private: true, ForkPolicy: AllowForks, Created: now, Updated: now, Workspace: w, Project: p}
	return r, c.apply(r)
}

// keep makes a repository whose directory is there known. The directory comes first and the row last: a crash in between
// leaves a directory that nobody knows, which the next start sweeps away, and never a repository without its directory.
// parent is what it was forked from; nil: nothing.
func (room *Room) keep(ctx context.Context, r *Repository, creatorID string, parent *Repository) error {
	err := room.DB.Update(ctx, func(tx *database.Tx) error {
		if err := insert(ctx, tx, r, creatorID); err != nil {
			return err
		}
		if err := checkPrivacy(ctx, tx, r); err != nil {
			return err
		}
		return room.emitMade(ctx, tx, r, parent)
	})
	if err == nil {
		return nil
	}
	if gone := room.Git.Remove(r.ID); gone != nil {
		room.Log.Warn("a git directory is left over until the next start", "repository", r.ID, "error", gone)
	}
	return unplaceable(err, r.Slug, "slug")
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
	return room.revise(ctx, old, checked.Slug, func(tx *database.Tx, r *Repository) (err error) {
		if err := c.rename(r); err != nil {
			return err
		}
		if project != nil {
			r.Project = *project
		}
		if c.MainBranch != nil {
			r.MainBranch, err = room.Git.DefaultBranch(ctx, r.ID)
		}
		return err
	}, room.emitUpdated)
}

// revise makes a repository what change makes of its row, keeps its former name, and tells of it with emit. slug is the one that
// it will have. A *rest.Error says that another repository has that, that its project holds no public ones, or that it is gone.
func (room *Room) revise(ctx context.Context, old *Repository, slug string, change func(*database.Tx, *Repository) error,
	emit func(ctx context.Context, tx *database.Tx, before, after *Repository) error) (*Repository, error) {
	var r *Repository
	err := room.DB.Update(ctx, func(tx *database.Tx) (err error) {
		if r, err = lock(ctx, tx, old.ID, room.Now()); errors.Is(err, access.ErrAbsent) {
			return notFound(old.Workspace.Slug, old.Slug)
		} else if err != nil {
			return err
		}
		before := *r
		if err := change(tx, r); err != nil {
			return err
		}
		if err := update(ctx, tx, r); err != nil {
			return err
		}
		if r.Slug != before.Slug || r.Workspace.ID != before.Workspace.ID {
			if err := leaveName(ctx, tx, r, before.Workspace.ID, before.Slug); err != nil {
				return err
			}
		}
		if err := takeName(ctx, tx, r); err != nil {
			return err
		}
		if err := checkPrivacy(ctx, tx, r); err != nil {
			return err
		}
		return emit(ctx, tx, &before, r)
	})
	if err != nil {
		return nil, unplaceable(err, slug, "name")
	}
	room.changed(old.ID)
	return r, nil
}

// unplaceable is the answer to a repository that cannot be where it was to be: its slug is taken, in field of the request, or what it
// refers to is gone. Other errors pass.
func unplaceable(err error, slug, field string) error {
	switch {
	case database.IsUnique(err):
		return rest.Refusef(reason.ConflictExists, "The workspace has a repository %s already.", slug).
			WithMessage("Repository with this Slug and Owner already exists.").Field(field, "taken")
	case database.IsReference(err):
		return rest.Refusef(reason.ConflictState, "The project, or what was forked, was deleted meanwhile.")
	}
	return err
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
		if err != nil {
			return err
		}
		return room.Emit(ctx, tx, event.RepositoryDeleted, r, nil)
	})
	if err != nil {
		return err
	}
	room.changed(r.ID)
	if err := room.Git.Delete(r.ID); err != nil {
		room.Log.Warn("a git directory is left over until the next start", "repository", r.ID, "error", err)
	}
	if room.Deleted != nil {
		room.Deleted(r.ID)
	}
	return nil
}

// Pushed notes that a push changed something: the size, the time, and the main branch of a repository that had none. updates are
// the references that it changed, with what they really held before and after; they are told as an event.
func (room *Room) Pushed(ctx context.Context, id string, updates ...gitstore.RefUpdate) error {
	return room.pushed(ctx, id, updates, func() ([]Push, error) { return room.Foretell(ctx, id, updates...) })
}

// Told is Pushed for a push that was told of already; see Foretell.
func (room *Room) Told(ctx context.Context, id string, updates ...gitstore.RefUpdate) error {
	return room.pushed(ctx, id, updates, func() ([]Push, error) { return nil, nil })
}

// pushed is Pushed; foretold is what is to be told.
func (room *Room) pushed(ctx context.Context, id string, updates []gitstore.RefUpdate, foretold func() ([]Push, error)) error {
	defer room.changed(id)
	size, err := room.Git.Size(ctx, id)
	if err != nil {
		return err
	}
	branch, err := room.settleMainBranch(ctx, id)
	if err != nil {
		return err
	}
	pushes, err := foretold()
	if err != nil { // what was pushed is there all the same
		room.Log.Error("a push could not be told as an event", "repository", id, "error", err)
	}
	if err := room.DB.Update(ctx, func(tx *database.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE repository SET size = $2, mainbranch = $3, updated_on = $4 WHERE id = $1`,
			id, size, branch, database.Micros(room.Now()))
		if err != nil || n == 0 {
			return err
		}
		if branch != "" {
			// Somebody may have chosen another main branch meanwhile. With the row locked, HEAD is what it will say.
			if branch, err = room.Git.DefaultBranch(ctx, id); err != nil {
				return err
			}
			if _, err = tx.Exec(ctx, `UPDATE repository SET mainbranch = $2 WHERE id = $1 AND mainbranch <> $2`, id, branch); err != nil {
				return err
			}
		}
		return room.TellPushes(ctx, tx, id, pushes)
	}); err != nil || room.Moved == nil || len(updates) == 0 {
		return err
	}
	return room.Moved(ctx, id, updates)
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
			workspaceName, name = strings.ToLower(workspaceName), strings.ToLower(name)
			r, l, err := find(ctx, room.DB, p.AccountID(), workspaceName, name)
			if errors.Is(err, access.ErrAbsent) {
				if r, l, err = findMoved(ctx, room.DB, p.AccountID(), workspaceName, name); err == nil {
					found.Moved = &[2]string{r.Workspace.Slug, r.Slug}
				}
			}
			if err != nil {
				return found, err
			}
			found.Value, found.Public, found.WorkspaceID = r, !r.Private, r.Workspace.ID
			found.Level = max(l, p.Within(r.Workspace.ID, r.Project.ID, r.ID))
			return found, nil
		}}
}

// Within is the level that p has in a repository as a credential of it, or of what it is in (access.Principal.Within).
func Within(p *access.Principal, r *Repository) access.Level {
	return p.Within(r.Workspace.ID, r.Project.ID, r.ID)
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
