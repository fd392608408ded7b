package search

import (
	"context"
	"errors"

	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/repository"
)

// This file brings the index of one repository to where its main branch is.

// follower indexes repositories.
type follower struct {
	ix  *index
	git *gitstore.Store
}

// follow brings the index to the commit that the main branch leads to. When it is interrupted, it goes on where it was the
// next time.
func (f follower) follow(ctx context.Context, head repository.Head) error {
	now, _, err := f.ix.state(head.ID)
	if err != nil {
		return err
	}
	if now.Partial {
		// What was begun is ended first: only then is it known what is in the index.
		if now, err = f.move(ctx, head.ID, now, now.Since, now.Commit); err != nil {
			return err
		}
	}
	var to gitstore.Hash
	if head.MainBranch != "" {
		full := gitstore.BranchPrefix + head.MainBranch
		values, err := f.git.RefValues(ctx, head.ID, []string{full})
		if err != nil {
			return err
		}
		to = values[full]
	}
	from := now.Commit
	now.Branch, now.Updated = head.MainBranch, micros(head.Updated)
	if from == to {
		b := f.ix.batch()
		if err := b.setState(head.ID, now); err != nil {
			return err
		}
		return b.apply()
	}
	if now.Cut {
		from = ""
	}
	_, err = f.move(ctx, head.ID, now, from, to)
	return err
}

// move puts the files of one commit into the place of those of another, "" being none. A commit that is not there any more
// counts as none, and what is in the index goes first.
func (f follower) move(ctx context.Context, id string, now state, from, to gitstore.Hash) (state, error) {
	fromTree, err := f.tree(ctx, id, from)
	if err != nil {
		return now, err
	}
	toTree, err := f.tree(ctx, id, to)
	if err != nil {
		return now, err
	}
	if toTree == "" {
		to = ""
	}
	now.Since, now.Commit, now.Partial, now.Cut = from, to, true, false
	m := mover{follower: f, ctx: ctx, id: id, state: now, batch: f.ix.batch()}
	if fromTree == "" {
		m.state.Since = ""
		if err := m.apply(); err != nil { // or an end in the middle would leave what is not cleared
			return now, err
		}
		if err := f.ix.clear(ctx, id); err != nil {
			return now, err
		}
	}
	err = f.git.CompareTrees(ctx, id, fromTree, toTree, m.visit)
	if errors.Is(err, errEnough) || errors.Is(err, gitstore.ErrTooLarge) {
		m.state.Cut, err = true, nil
	}
	if err == nil {
		err = m.read()
	}
	if err != nil {
		return now, err
	}
	m.state.Since, m.state.Partial = "", false
	if err := m.apply(); err != nil {
		return now, err
	}
	if fromTree != "" && m.changed > 0 {
		n, err := f.ix.count(ctx, id)
		if err == nil && n > maxFiles {
			// The next change begins from nothing, and ends at the limit.
			m.state.Cut = true
			err = m.apply()
		}
		if err != nil {
			return now, err
		}
	}
	return m.state, nil
}

// tree is that of a commit, "" when there is none.
func (f follower) tree(ctx context.Context, id string, commit gitstore.Hash) (gitstore.Hash, error) {
	if commit == "" {
		return "", nil
	}
	c, err := f.git.Commit(ctx, id, commit)
	if errors.Is(err, gitstore.ErrNotFound) && f.git.Exists(id) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return c.Tree, nil
}

// errEnough ends a walk at maxFiles.
var errEnough = errors.New("more files than are indexed")

// mover is one move under way.
type mover struct {
	follower
	ctx     context.Context
	id      string
	state   state
	batch   *batch
	changed int
	paths   []string // to be read
	hashes  []gitstore.Hash
}

// readAhead is how many files are asked of git at once.
const readAhead = 100

func (m *mover) visit(path string, before, after gitstore.Entry) error {
	if err := m.ctx.Err(); err != nil {
		return err
	}
	if m.changed++; m.changed > maxFiles {
		return errEnough
	}
	if !after.File() {
		if before.File() {
			m.batch.Delete(fileID(m.id, path))
			m.batch.files++
		}
		return m.flush()
	}
	m.paths, m.hashes = append(m.paths, path), append(m.hashes, after.Hash)
	if len(m.paths) < readAhead {
		return nil
	}
	return m.read()
}

// read takes in the files that were visited.
func (m *mover) read() error {
	var failed error
	err := m.git.Texts(m.ctx, m.id, m.hashes, maxFile, func(i int, text []byte) {
		switch {
		case failed != nil:
		case text == nil:
			m.batch.Delete(fileID(m.id, m.paths[i]))
		default:
			if failed = m.batch.add(m.id, m.paths[i], m.hashes[i], text); failed == nil {
				failed = m.flush()
			}
		}
	})
	m.paths, m.hashes = m.paths[:0], m.hashes[:0]
	return errors.Join(err, failed)
}

// flush writes a batch that is full.
func (m *mover) flush() error {
	if !m.batch.full() {
		return nil
	}
	return m.apply()
}

func (m *mover) apply() error {
	if err := m.batch.setState(m.id, m.state); err != nil {
		return err
	}
	return m.batch.apply()
}
