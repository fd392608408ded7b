package repository

import (
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// RefChange is what somebody is about to do to a reference: make it, move it or delete it.
type RefChange struct {
	Ref     string // the full name
	Deleted bool
}

// Branch is the name of the branch that is changed; false for other references.
func (c RefChange) Branch() (name string, ok bool) {
	return strings.CutPrefix(c.Ref, gitstore.BranchPrefix)
}

// Judgement is what the rules of a repository say of changes. The keys are full names of references.
type Judgement struct {
	Refused map[string]Objection // may not happen
	Kept    map[string]Objection // may happen when the branch only moves forward
}

// Objection is a rule that a change breaks.
type Objection struct {
	Restriction int64 // its id
	Why         string
}

// judge refuses a change that the repository's rules forbid. What the API does to branches moves them forward only.
func (room *Room) judge(c *access.Call, r *Repository, change RefChange) error {
	said, err := room.Judge(c.Context(), c.Principal, r, []RefChange{change})
	if err != nil {
		return err
	}
	if o, refused := said.Refused[change.Ref]; refused {
		return rest.Refuse(reason.BranchRestricted, o.Why).With("branch_restriction", o.Restriction)
	}
	return nil
}
