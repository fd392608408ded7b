package snippet

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
)

// createOwn makes a snippet in the caller's own workspace (POST /snippets): the one that an API token is limited to, or else
// the one with the highest role, the oldest of several. Nobody has a workspace of their own by nature here.
func (room *Room) createOwn(c *access.Call, a *access.Account) (any, error) {
	name := ""
	if c.Principal.Bounds.WorkspaceID != "" {
		name = c.Principal.Bounds.WorkspaceID
	} else {
		err := room.DB.Row(c.Context(), `SELECT m.workspace_id FROM workspace_member m JOIN workspace w ON w.id = m.workspace_id
			WHERE m.account_id = $1 AND m.role >= 2 ORDER BY m.role DESC, w.created_on, w.id LIMIT 1`, a.ID).Scan(&name)
		if errors.Is(err, database.ErrNoRows) {
			return nil, rest.Refuse(reason.WorkspaceForbidden, "You are a member of no workspace, and a snippet is in one.")
		}
		if err != nil {
			return nil, err
		}
	}
	w, err := access.Check(c, room.Workspaces.Workspaces().Needs(access.Write), rest.Braced(name), "")
	if err != nil {
		return nil, err
	}
	return room.createIn(c, w)
}

// createIn makes a snippet in a workspace (POST /snippets/{workspace}). It is private unless the request says that it is not.
func (room *Room) createIn(c *access.Call, w workspace.Workspace) (any, error) {
	dir, remove, err := room.Git.Spool()
	if err != nil {
		return nil, err
	}
	defer remove()
	ch, err := readChange(c, dir, true)
	if err != nil {
		return nil, err
	}
	s, err := room.create(c.Context(), c.Principal, w, ch)
	if err != nil {
		return nil, err
	}
	revision, err := room.newest(c.Context(), s)
	if err != nil {
		return nil, err
	}
	made, err := room.answer(c, s, revision, http.StatusCreated)
	if answer, ok := made.(rest.Answer); ok {
		answer.Header = http.Header{"Location": {room.link(s).Href}}
		made = answer
	}
	return made, err
}

func (room *Room) now() time.Time { return room.Now().UTC().Truncate(time.Microsecond) }

func (ch change) apply(s *Snippet) {
	if ch.title != nil {
		s.Title = *ch.title
	}
	if ch.private != nil {
		s.Private = *ch.private
	}
}

// create makes a snippet in a workspace. The directory comes first and the row last: a crash in between leaves a directory that nobody knows,
// which the next start sweeps away. A snippet without files has a first revision too, which is empty.
func (room *Room) create(ctx context.Context, p *access.Principal, w workspace.Workspace, ch change) (*Snippet, error) {
	s := &Snippet{CreatorID: p.AccountID(), Private: true, Workspace: w, Created: room.now()}
	s.Updated = s.Created
	ch.apply(s)
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	s.ID = id.String()
	if s.Encoded, err = newEncoded(); err != nil {
		return nil, err
	}
	if err := room.Git.Create(ctx, s.ID, Branch); err != nil {
		return nil, fmt.Errorf("create git directory: %w", err)
	}
	err = func() error {
		first, err := room.commit(ctx, p, s, "", ch)
		if err != nil {
			return err
		}
		if err := room.Git.UpdateRef(ctx, s.ID, branchRef, gitstore.ZeroHash, first); err != nil {
			return err
		}
		return room.DB.Update(ctx, func(tx *database.Tx) error {
			if err := lockWorkspace(ctx, tx, s.Workspace.ID, s.Private); err != nil {
				return err
			}
			var here int
			if err := tx.Row(ctx, `SELECT COUNT(*) FROM snippet WHERE workspace_id = $1`, s.Workspace.ID).Scan(&here); err != nil {
				return err
			}
			if here >= maxSnippets {
				return rest.Refusef(reason.ValueInvalid, "A workspace has at most %d snippets.", maxSnippets).WithMessage("Too many snippets")
			}
			return insert(ctx, tx, s)
		})
	}()
	if err != nil {
		if gone := room.Git.Remove(s.ID); gone != nil {
			room.Log.Warn("a git directory is left over until the next start", "snippet", s.ID, "error", gone)
		}
	}
	return s, err
}

// commit stores what ch makes of the files of a revision, "" for none; no reference names it yet. A *rest.Error says what cannot be.
func (room *Room) commit(ctx context.Context, p *access.Principal, s *Snippet, head gitstore.Hash, ch change) (gitstore.Hash, error) {
	if err := room.bound(ctx, s, head, ch); err != nil {
		return "", err
	}
	who := room.Repositories.Signature(p)
	commit := gitstore.NewCommit{Edits: ch.edits, Author: who, Committer: who, Message: message(head, ch.edits)}
	if head != "" {
		commit.Parents = []gitstore.Hash{head}
	}
	hash, err := room.Git.WriteCommit(ctx, s.ID, commit)
	if named, ok := errors.AsType[*gitstore.Error](err); ok && named.What != "repository" && (errors.Is(err, gitstore.ErrNotFound) || errors.Is(err, gitstore.ErrInvalid)) {
		return "", rest.InvalidField("files", named.Error())
	}
	return hash, err
}

// message says what a revision did.
func message(head gitstore.Hash, edits []gitstore.Edit) string {
	switch {
	case head == "":
		return "Create the snippet"
	case len(edits) == 1 && edits[0].Content == "":
		return "Delete " + strings.ToValidUTF8(edits[0].Path, "�")
	case len(edits) == 1:
		return "Edit " + strings.ToValidUTF8(edits[0].Path, "�")
	}
	return fmt.Sprintf("Edit %d files", len(edits))
}

// bound refuses a revision with too many files, or too much in them.
func (room *Room) bound(ctx context.Context, s *Snippet, head gitstore.Hash, ch change) error {
	sizes := map[string]int64{}
	if head != "" {
		commit, err := room.Git.Commit(ctx, s.ID, head)
		if err != nil {
			return err
		}
		if err := room.Git.FileSizes(ctx, s.ID, commit.Tree, func(path string, size int64) bool {
			sizes[path] = size
			return len(sizes) <= maxEntries
		}); err != nil {
			return err
		}
	}
	for _, e := range ch.edits {
		if size, came := ch.sent[e.Path]; came {
			sizes[e.Path] = size
		} else {
			delete(sizes, e.Path)
		}
	}
	var all int64
	for _, size := range sizes {
		all += size
	}
	switch {
	case len(ch.sent) == 0: // what only deletes may always be done
	case len(sizes) > maxFiles:
		return tooMany()
	case all > maxBytes:
		return rest.Refusef(reason.ValueInvalid, "The files of a snippet have at most %d MiB together.", maxBytes>>20).WithMessage("Too large")
	}
	return nil
}

// put changes a snippet (PUT /snippets/{workspace}/{encoded_id}).
func (room *Room) put(c *access.Call, s *Snippet) (any, error) { return room.change(c, s, "") }

// change makes of a snippet what the request says. at is the revision that the caller knows as the newest one; "": whichever it is.
func (room *Room) change(c *access.Call, s *Snippet, at gitstore.Hash) (any, error) {
	dir, remove, err := room.Git.Spool()
	if err != nil {
		return nil, err
	}
	defer remove()
	ch, err := readChange(c, dir, false)
	if err != nil {
		return nil, err
	}
	changed, head, err := room.save(c.Context(), c.Principal, s, ch, at)
	if err != nil {
		return nil, err
	}
	revision, err := room.Git.Commit(c.Context(), s.ID, head)
	if err != nil {
		return nil, room.gone(s, err)
	}
	return room.answer(c, changed, revision, http.StatusOK)
}

// errMoved says that a snippet has another newest revision by now.
var errMoved = errors.New("snippet: moved")

// maxAttempts is how often a revision is put on top of what others change meanwhile.
const maxAttempts = 25

// save carries a change out, whole or not at all, and gives the snippet with its newest revision. With at, nobody has changed the
// files since that revision, or else nothing is done. Who lets others see it, or no longer, needs more than who changes files.
func (room *Room) save(ctx context.Context, p *access.Principal, s *Snippet, ch change, at gitstore.Hash) (*Snippet, gitstore.Hash, error) {
	if ch.private != nil && *ch.private != s.Private {
		if err := room.administers(ctx, p, s); err != nil {
			return nil, "", err
		}
	}
	for attempt := 1; ; attempt++ {
		held, err := room.Git.RefValues(ctx, s.ID, []string{branchRef})
		if err != nil {
			return nil, "", room.gone(s, err)
		}
		head := held[branchRef]
		if at != "" && head != at {
			return nil, "", outdated()
		}
		next := head
		if len(ch.edits) > 0 {
			if next, err = room.commit(ctx, p, s, head, ch); err != nil {
				return nil, "", room.gone(s, err)
			}
		}
		changed, err := room.land(ctx, s, ch, head, next)
		switch {
		case err == nil:
			if next != head {
				room.changed(s.ID)
			}
			return changed, next, nil
		case errors.Is(err, errMoved) && at == "" && attempt < maxAttempts:
			continue
		case errors.Is(err, errMoved):
			return nil, "", outdated()
		}
		return nil, "", room.gone(s, err)
	}
}

// gone is err, or the answer (404) where it comes of that somebody deleted the snippet in this moment.
func (room *Room) gone(s *Snippet, err error) error {
	if _, refused := errors.AsType[*rest.Error](err); err == nil || refused || room.Git.Exists(s.ID) {
		return err
	}
	return notFound("", "")
}

// land writes the row and moves the branch from head to next. The branch is moved last: what fails before changes nothing.
func (room *Room) land(ctx context.Context, old *Snippet, ch change, head, next gitstore.Hash) (s *Snippet, err error) {
	ctx = context.WithoutCancel(ctx) // once the branch is moved, the row must follow
	moved := false
	err = room.DB.Update(ctx, func(tx *database.Tx) error {
		if ch.private != nil {
			if err := lockWorkspace(ctx, tx, old.Workspace.ID, *ch.private); err != nil {
				return err
			}
		}
		if s, err = lock(ctx, tx, old.ID); err != nil {
			return err
		}
		ch.apply(s)
		s.Updated = room.now()
		if err := update(ctx, tx, s); err != nil {
			return err
		}
		if moved {
			return nil
		}
		if next == head {
			held, err := room.Git.RefValues(ctx, s.ID, []string{branchRef})
			if err == nil && held[branchRef] != head {
				err = errMoved
			}
			return err
		}
		err := room.Git.UpdateRef(ctx, s.ID, branchRef, head, next)
		if errors.Is(err, gitstore.ErrConflict) || errors.Is(err, gitstore.ErrExists) {
			return errMoved
		}
		moved = err == nil
		return err
	})
	return s, err
}

// outdated is the answer (405) to whoever would change or delete a revision that is not the newest one
// (PUT and DELETE /snippets/{workspace}/{encoded_id}/{node_id}).
func outdated() error {
	e := rest.Refuse(reason.ConflictState, "The snippet has a newer revision, and only the newest one can be changed or deleted. Look at what changed, and send the request once more with that revision, or without one.").
		WithMessage("This is not the newest revision of the snippet.").WithHeader("Allow", "GET, HEAD")
	e.Status = http.StatusMethodNotAllowed
	return e
}

// delete removes a snippet and everything in it (DELETE /snippets/{workspace}/{encoded_id}).
func (room *Room) delete(c *access.Call, s *Snippet) (any, error) {
	return nil, room.remove(c.Context(), s, "")
}

// remove removes a snippet, with at only while that is its newest revision. When it returns nil, the row is gone for good; the
// directory follows, at the latest with the next start.
func (room *Room) remove(ctx context.Context, s *Snippet, at gitstore.Hash) error {
	err := room.DB.Update(ctx, func(tx *database.Tx) error {
		if _, err := lock(ctx, tx, s.ID); err != nil {
			return err
		}
		if at != "" {
			held, err := room.Git.RefValues(ctx, s.ID, []string{branchRef})
			if err != nil {
				return err
			}
			if held[branchRef] != at {
				return outdated()
			}
		}
		_, err := tx.Exec(ctx, `DELETE FROM snippet WHERE id = $1`, s.ID)
		return err
	})
	if err != nil {
		return err
	}
	if err := room.Git.Delete(s.ID); err != nil {
		room.Log.Warn("a git directory is left over until the next start", "snippet", s.ID, "error", err)
	}
	return nil
}
