package gitstore

import (
	"context"
	"strconv"
	"strings"
)

// Within lists the references below prefix whose commits are in the history of commit; without leaves out those that are in its
// own history, "" none. One git process, however many there are. Errors: ErrInvalid.
func (s *Store) Within(ctx context.Context, id, prefix string, commit, without Hash) ([]string, error) {
	args := []string{"--merged=" + string(commit)}
	if without != "" {
		args = append(args, "--no-merged="+string(without))
	}
	return s.refNames(ctx, id, args, []Hash{commit, without}, prefix)
}

// Containing lists the references below the prefixes that have a commit in their histories. Errors: ErrInvalid.
func (s *Store) Containing(ctx context.Context, id string, commit Hash, prefixes ...string) ([]string, error) {
	return s.refNames(ctx, id, []string{"--contains=" + string(commit)}, []Hash{commit}, prefixes...)
}

func (s *Store) refNames(ctx context.Context, id string, conditions []string, commits []Hash, prefixes ...string) ([]string, error) {
	dir, err := s.dir(id)
	if err != nil {
		return nil, err
	}
	for _, commit := range commits {
		if commit != "" && !commit.Valid() {
			return nil, fail(ErrInvalid, "object name", string(commit), "a full object name is needed")
		}
	}
	args := append([]string{"--git-dir=" + dir, "for-each-ref", "--format=%(refname)"}, conditions...)
	out, err := s.output(ctx, dir, nil, maxRefList, append(append(args, "--"), prefixes...)...)
	if err != nil {
		return nil, err
	}
	return strings.Fields(string(out)), nil
}

// Count is how many commits lead to commit and not to without, at most limit. Errors: ErrInvalid.
func (s *Store) Count(ctx context.Context, id string, commit, without Hash, limit int) (int, error) {
	dir, err := s.dir(id)
	if err != nil {
		return 0, err
	}
	if !commit.Valid() || !without.Valid() {
		return 0, fail(ErrInvalid, "object name", "", "a full object name is needed")
	}
	out, err := s.output(ctx, dir, nil, maxStderr, "--git-dir="+dir, "rev-list", "--count", "--max-count="+strconv.Itoa(limit), "--end-of-options", string(commit), "^"+string(without))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(out)))
}
