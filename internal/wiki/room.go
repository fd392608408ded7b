package wiki

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// Room serves wikis. Its fields are what it stands on.
type Room struct {
	Git          *gitstore.Store
	Repositories *repository.Room
	URLs         rest.URLs
	Log          *slog.Logger
	Now          func() time.Time
	// Changed is told the id of each wiki that was changed; it must not wait. nil: nobody is.
	Changed func(id string)
}

func (room *Room) changed(id string) {
	if room.Changed != nil {
		room.Changed(id)
	}
}

// Operations lists what this room serves.
func (room *Room) Operations() []access.Operation {
	const of = "/repositories/{workspace}/{repo_slug}"
	wikis := room.Wikis()
	at := access.Parameter{Name: "at", Does: "A revision of the wiki, as a hash or its first digits. Without it: the newest one."}
	return []access.Operation{
		access.On("GET "+of+"/wiki", wikis.Reads(), room.list).Lists(listedJSON{}).Asks(at),
		access.On("GET "+of+"/wiki/{page}", wikis.Reads(), room.get).Answers(JSON{}).Delivers().Asks(at,
			access.Parameter{Name: "format", Does: "`raw` delivers the bytes of the page.", Values: []string{"raw"}}),
		access.On("PUT "+of+"/wiki/{page}", wikis.Needs(access.Write), room.put).Takes(body{}).Answers(JSON{}, http.StatusOK, http.StatusCreated),
		access.On("DELETE "+of+"/wiki/{page}", wikis.Needs(access.Write), room.delete).Answers(nil).
			Asks(access.Parameter{Name: "revision", Does: "The revision in which the page was seen: it is deleted only while it says the same. Without it: whatever it says."}),
		access.On("GET "+of+"/wiki-history/{page}", wikis.Reads(), room.history).Lists(versionJSON{}).Asks(at),
		access.On("GET "+of+"/wiki-diff/{page}", wikis.Reads(), room.diff).Answers(nil, http.StatusOK).Delivers().
			Asks(access.Parameter{Name: "from", Does: "The revision to begin with. Without it: the one before the other."},
				access.Parameter{Name: "to", Does: "The revision that it led to. Without it: the last one that changed the page."}),
	}
}

// Wikis is the wiki of the repository that a path names. Who may read the repository reads its wiki, and everybody that of a public
// one; who may write to it writes to both. What a credential may that belongs to no account is its scopes, and the one for wikis
// is none to write to the repository. Whether there is a wiki, Open tells: those who get there may know.
func (room *Room) Wikis() *access.Resource[*repository.Repository] {
	all := *room.Repositories.Repositories()
	find := all.Find
	all.Name = "wiki"
	all.Find = func(ctx context.Context, p *access.Principal, first, second string) (access.Found[*repository.Repository], error) {
		found, err := find(ctx, p, first, second)
		if err == nil && found.Level >= access.Read && p.OfResource() && p.Kind != access.DeployKey {
			found.Level = max(found.Level, access.Write)
		}
		return found, err
	}
	return &all
}

// Branch is the branch that a wiki begins with, unless another one is pushed first.
const Branch = "main"

// Wiki is the wiki of a repository at a moment.
type Wiki struct {
	Repository *repository.Repository
	ID         string        // in the git store
	There      bool          // git has it: nobody has written or cloned an empty one yet where it is false
	Branch     string        // its only one
	Head       gitstore.Hash // the newest revision, "" while there is none
}

// space is where the ids of wikis are made of those of repositories (RFC 9562, 5.5).
var space = uuid.MustParse("6f1d5f0e-8a51-4d0c-9c57-2f0d3a6b9e41")

// ID is where the wiki of the repository with this id is in the git store.
func ID(repositoryID string) string { return uuid.NewSHA1(space, []byte(repositoryID)).String() }

// Open is the wiki of a repository. A *rest.Error says that it is switched off.
func (room *Room) Open(ctx context.Context, r *repository.Repository) (*Wiki, error) {
	if !r.HasWiki {
		return nil, rest.Refusef(reason.WikiOff, "The repository %s has no wiki: has_wiki is false.", r.FullName())
	}
	w := &Wiki{Repository: r, ID: ID(r.ID), Branch: Branch}
	return w, room.look(ctx, w)
}

// look finds out where a wiki is now.
func (room *Room) look(ctx context.Context, w *Wiki) error {
	if w.There = room.Git.Exists(w.ID); !w.There {
		w.Head = ""
		return nil
	}
	branch, err := room.Git.DefaultBranch(ctx, w.ID)
	if err != nil {
		return room.gone(w, err)
	}
	held, err := room.Git.RefValues(ctx, w.ID, []string{gitstore.BranchPrefix + branch})
	w.Branch, w.Head = branch, held[gitstore.BranchPrefix+branch]
	return room.gone(w, err)
}

// Ensure makes an empty wiki where there is none yet, for who is about to write to it, or clones it.
func (room *Room) Ensure(ctx context.Context, w *Wiki) error {
	if w.There {
		return nil
	}
	err := room.Git.Create(ctx, w.ID, Branch)
	if err != nil && !errors.Is(err, gitstore.ErrExists) {
		return err
	}
	// The repository may have been deleted in this moment, and its wiki with it.
	left, err := room.Repositories.ByIDs(ctx, room.Repositories.DB, w.Repository.ID)
	if err != nil {
		return err
	}
	if left[w.Repository.ID] == nil {
		room.Delete(w.Repository.ID)
		return rest.Refuse(reason.RepositoryNotFound, "")
	}
	return room.look(ctx, w)
}

// gone is err, or the answer (404) where it comes of that the repository was deleted in this moment.
func (room *Room) gone(w *Wiki, err error) error {
	if _, refused := errors.AsType[*rest.Error](err); err == nil || refused || !w.There || room.Git.Exists(w.ID) {
		return err
	}
	return rest.Refuse(reason.RepositoryNotFound, "")
}

// Delete removes the wiki of a repository that was deleted. What remains after a failure goes with the next start.
func (room *Room) Delete(repositoryID string) {
	if err := room.Git.Delete(ID(repositoryID)); err != nil && !errors.Is(err, gitstore.ErrNotFound) {
		room.Log.Warn("a git directory is left over until the next start", "wiki of", repositoryID, "error", err)
	}
}
