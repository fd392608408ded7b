package gitstore

import (
	"context"
	"path/filepath"
	"strings"
)

// PullRequestPrefix begins the references that keep what pull requests are about. Clients neither see them nor push to them.
const PullRequestPrefix = "refs/pull-requests/"

// Bring makes a reference below PullRequestPrefix of the repository id hold a commit of another repository, whatever it held
// before, with all that the commit needs. Both repositories may be the same. Errors: ErrInvalid for the reference, ErrNotFound.
func (s *Store) Bring(ctx context.Context, from, id string, tip Hash, ref string) error {
	if !strings.HasPrefix(ref, PullRequestPrefix) || !ValidRefName(ref) {
		return fail(ErrInvalid, "reference", ref, "it begins with "+PullRequestPrefix)
	}
	if _, err := s.Commit(ctx, from, tip); err != nil {
		return err
	}
	if from != id {
		if err := s.copy(ctx, from, id, tip); err != nil {
			return err
		}
	}
	return s.UpdateRef(ctx, id, ref, "", tip)
}

// copy stores a commit of one repository in another, with all that it needs and the other has no reference to.
func (s *Store) copy(ctx context.Context, from, id string, tip Hash) error {
	src, err := s.dir(from)
	if err != nil {
		return err
	}
	dir, err := s.dir(id)
	if err != nil {
		return err
	}
	// What is found to be there already must not be pruned meanwhile.
	defer s.shifts.push(id)()
	known, err := s.output(ctx, dir, nil, maxRefList, "--git-dir="+dir, "for-each-ref", "--format=^%(objectname)")
	if err != nil {
		return err
	}
	return s.take(ctx, dir, filepath.Join(src, "objects"), string(tip)+"\n"+string(known), "--revs")
}
