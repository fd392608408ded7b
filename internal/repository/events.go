package repository

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/event"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/rest"
)

// Emit tells of something that happened in a repository, with who did it and the repository beside what more says. more may be
// nil.
func (room *Room) Emit(ctx context.Context, tx *database.Tx, key event.Key, r *Repository, more func() (event.Payload, error)) error {
	return room.Events.Emit(ctx, tx, key, r.place(), func() (event.Payload, error) {
		p := event.Payload{"actor": room.Accounts.Actor(ctx), "repository": room.Render(r)}
		if more == nil {
			return p, nil
		}
		said, err := more()
		maps.Copy(p, said)
		return p, err
	})
}

func (r *Repository) place() event.Place {
	return event.Place{WorkspaceID: r.Workspace.ID, RepositoryID: r.ID}
}

// emitMade tells of a new repository, and its parent of a fork. A private fork in another workspace is not told of: who listens
// to the parent need not know that it is there.
func (room *Room) emitMade(ctx context.Context, tx *database.Tx, r, parent *Repository) error {
	if err := room.Emit(ctx, tx, event.RepositoryCreated, r, nil); err != nil {
		return err
	}
	if parent == nil || r.Private && r.Workspace.ID != parent.Workspace.ID {
		return nil
	}
	return room.Emit(ctx, tx, event.RepositoryFork, parent, func() (event.Payload, error) {
		fork, of := room.Render(r), room.Summarize(parent)
		fork.Parent = &of
		return event.Payload{"fork": fork}, nil
	})
}

// emitUpdated tells what was changed about a repository.
func (room *Room) emitUpdated(ctx context.Context, tx *database.Tx, before, now *Repository) error {
	changes := event.Changes{}
	changes.Note("name", before.Name, now.Name)
	changes.Note("full_name", before.FullName(), now.FullName())
	changes.Note("description", before.Description, now.Description)
	changes.Note("language", before.Language, now.Language)
	changes.Note("is_private", before.Private, now.Private)
	changes.Note("fork_policy", before.ForkPolicy, now.ForkPolicy)
	changes.Note("has_issues", before.HasIssues, now.HasIssues)
	changes.Note("has_wiki", before.HasWiki, now.HasWiki)
	changes.Note("mainbranch", before.MainBranch, now.MainBranch)
	changes.Note("project", before.Project.Key, now.Project.Key)
	if before.Slug != now.Slug {
		changes["links"] = event.Change{Old: room.Render(before).Links, New: room.Render(now).Links}
	}
	if len(changes) == 0 {
		return nil
	}
	return room.Emit(ctx, tx, event.RepositoryUpdated, now, func() (event.Payload, error) { return event.Payload{"changes": changes}, nil })
}

// emitTransfer tells of a move to another workspace: those who listen to the repository or to its new workspace of where it is
// now, and the workspace that it left of what has left it.
func (room *Room) emitTransfer(ctx context.Context, tx *database.Tx, before, now *Repository) error {
	owner := room.Render(before).Owner
	if err := room.Emit(ctx, tx, event.RepositoryTransfer, now, func() (event.Payload, error) {
		return event.Payload{"previous_owner": owner}, nil
	}); err != nil {
		return err
	}
	return room.Events.Emit(ctx, tx, event.RepositoryTransfer, event.Place{WorkspaceID: before.Workspace.ID}, func() (event.Payload, error) {
		return event.Payload{"actor": room.Accounts.Actor(ctx), "repository": room.Render(before), "previous_owner": owner}, nil
	})
}

// Push is what the event of a push says beside the repository (repo:push).
type Push struct {
	Changes []PushChange `json:"changes"`
}

// PushChange is what a push did to one branch or tag.
type PushChange struct {
	Old       *Ref                 `json:"old"` // null: it was not there
	New       *Ref                 `json:"new"` // null: it is deleted
	Created   bool                 `json:"created"`
	Closed    bool                 `json:"closed"`
	Forced    bool                 `json:"forced"` // what it held before is not in the history of what it holds now
	Commits   []commitJSON         `json:"commits,omitempty"`
	Truncated bool                 `json:"truncated"` // there are more commits
	Links     map[string]rest.Link `json:"links"`
}

// Limits of the event of a push.
const (
	maxPushCommits = 5        // of one change, as documented for repo:push
	maxPushChanges = 20       // of one event; a push that changes more makes several
	maxChangeBytes = 24 << 10 // of one change, as JSON; a larger one has no commits
)

// Foretell is what is to be told of a push, nil when nobody wants to hear of it: for who tells of it in a transaction of their own,
// with TellPushes, and notes it with Told. The objects are there, and the references may still be what they were. References that are
// neither branches nor tags are left out.
func (room *Room) Foretell(ctx context.Context, id string, updates ...gitstore.RefUpdate) ([]Push, error) {
	if len(updates) == 0 {
		return nil, nil
	}
	r, err := scan(room.DB.Row(ctx, `SELECT `+columns+from+` WHERE r.id = $1`, id).Scan)
	if errors.Is(err, database.ErrNoRows) {
		return nil, nil // deleted meanwhile
	}
	if err != nil {
		return nil, err
	}
	if wanted, err := room.Events.Wanted(ctx, room.DB, event.RepositoryPush, r.place()); err != nil || !wanted {
		return nil, err
	}
	var all []Push
	known, err := room.mainValue(ctx, r, updates)
	if err != nil {
		return nil, err
	}
	for batch := range slices.Chunk(slices.DeleteFunc(slices.Clone(updates), func(u gitstore.RefUpdate) bool {
		return !strings.HasPrefix(u.Name, gitstore.BranchPrefix) && !strings.HasPrefix(u.Name, gitstore.TagPrefix)
	}), maxPushChanges) {
		push := Push{Changes: make([]PushChange, len(batch))}
		for i, u := range batch {
			if push.Changes[i], err = room.pushChange(ctx, r, u, known); err != nil {
				return nil, err
			}
		}
		all = append(all, push)
	}
	return all, nil
}

// mainValue is what the main branch held before the push, "" when it was not there: a new branch brings the commits that the
// main one does not have.
func (room *Room) mainValue(ctx context.Context, r *Repository, updates []gitstore.RefUpdate) (gitstore.Hash, error) {
	main, err := room.Git.DefaultBranch(ctx, r.ID)
	if err != nil {
		return "", err
	}
	main = gitstore.BranchPrefix + main
	for _, u := range updates {
		if u.Name == main {
			return u.Old, nil
		}
	}
	values, err := room.Git.RefValues(ctx, r.ID, []string{main})
	return values[main], err
}

func (room *Room) pushChange(ctx context.Context, r *Repository, u gitstore.RefUpdate, main gitstore.Hash) (PushChange, error) {
	c := PushChange{Created: u.Old.IsZero(), Closed: u.New.IsZero(), Links: map[string]rest.Link{}}
	var err error
	if c.Old, err = room.refAt(ctx, r, u.Name, u.Old); err != nil {
		return c, err
	}
	if c.New, err = room.refAt(ctx, r, u.Name, u.New); err != nil || c.New == nil || c.New.Target == nil {
		return c, err
	}
	now := c.New.Target.Hash
	log := gitstore.LogQuery{Include: []string{now}, Limit: maxPushCommits}
	list := url.Values{"include": {now}}
	switch {
	case c.Old != nil && c.Old.Target != nil:
		before := c.Old.Target.Hash
		log.Exclude = []string{before}
		base, err := room.Git.MergeBase(ctx, r.ID, gitstore.Hash(before), gitstore.Hash(now))
		if err != nil && !errors.Is(err, gitstore.ErrNotFound) {
			return c, err
		}
		c.Forced = string(base) != before
		list.Set("exclude", before)
		c.Links["diff"] = room.link(r, "diff", now+".."+before)
		c.Links["html"] = room.URLs.Web(r.Workspace.Slug, r.Slug, "commit", now)
	case !main.IsZero():
		log.Exclude = []string{string(main)}
	}
	c.Links["commits"] = rest.Link{Href: room.link(r, "commits").Href + "?" + list.Encode()}
	commits, more, err := room.Git.Log(ctx, r.ID, log)
	if err != nil {
		return c, err
	}
	c.Truncated = more
	if c.Commits, err = room.renderCommits(ctx, r, commits); err != nil {
		return c, err
	}
	if size, err := json.Marshal(c); err != nil || len(size) > maxChangeBytes {
		c.Commits, c.Truncated = nil, len(commits) > 0
	}
	return c, nil
}

// refAt is a reference as it was while it held hash: nil for none, and without a target where that is no commit, or is gone.
func (room *Room) refAt(ctx context.Context, r *Repository, name string, hash gitstore.Hash) (*Ref, error) {
	if hash.IsZero() {
		return nil, nil
	}
	ref, err := room.Git.RefAt(ctx, r.ID, name, hash)
	if errors.Is(err, gitstore.ErrNotFound) || errors.Is(err, gitstore.ErrTooLarge) {
		ref, err = &gitstore.Reference{Name: name, Hash: hash}, nil
	}
	if err != nil {
		return nil, err
	}
	values, err := room.renderRefs(ctx, r, []gitstore.Reference{*ref})
	if err != nil {
		return nil, err
	}
	return &values[0], nil
}

// TellPushes tells of a push. The repository is what it is behind it.
func (room *Room) TellPushes(ctx context.Context, tx *database.Tx, id string, pushes []Push) error {
	if len(pushes) == 0 {
		return nil
	}
	r, err := scan(tx.Row(ctx, `SELECT `+columns+from+` WHERE r.id = $1`, id).Scan)
	if err != nil {
		return err
	}
	for _, push := range pushes {
		if err := room.Emit(ctx, tx, event.RepositoryPush, r, func() (event.Payload, error) { return event.Payload{"push": push}, nil }); err != nil {
			return err
		}
	}
	return nil
}
