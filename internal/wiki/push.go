package wiki

import (
	"context"
	"errors"

	"github.com/pailforge/pail/internal/gitstore"
)

// Refused says, by the full name of a reference, why a push may not change it so: a wiki has one branch, and keeps it. Which one that
// is, the first push says.
func (w *Wiki) Refused(updates []gitstore.RefUpdate) map[string]string {
	refused, only := map[string]string{}, gitstore.BranchPrefix+w.Branch
	if w.Head == "" && len(updates) == 1 && gitstore.ValidBranchName(w.branchOf(updates[0])) {
		only = updates[0].Name
	}
	for _, u := range updates {
		switch {
		case u.Name != only:
			refused[u.Name] = "a wiki has one branch, here " + only[len(gitstore.BranchPrefix):] + ", and nothing beside it: git push origin HEAD:" + only[len(gitstore.BranchPrefix):]
		case u.New.IsZero():
			refused[u.Name] = "the branch of a wiki stays; delete the pages, or switch the wiki off"
		}
	}
	return refused
}

// branchOf is the short name of the branch that is changed, "" where it is none.
func (*Wiki) branchOf(u gitstore.RefUpdate) string {
	if len(u.Name) > len(gitstore.BranchPrefix) && u.Name[:len(gitstore.BranchPrefix)] == gitstore.BranchPrefix {
		return u.Name[len(gitstore.BranchPrefix):]
	}
	return ""
}

// Pushed notes that a push changed a wiki. The first one says what its branch is.
func (room *Room) Pushed(ctx context.Context, w *Wiki, updates []gitstore.RefUpdate) error {
	defer room.changed(w.ID)
	now := *w
	if err := room.look(ctx, &now); err != nil || now.Head != "" || len(updates) == 0 {
		return err
	}
	branch := w.branchOf(updates[0])
	if branch == "" {
		return errors.New("wiki: a push changed no branch")
	}
	return room.Git.SetDefaultBranch(ctx, w.ID, branch)
}
