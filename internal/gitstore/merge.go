package gitstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Strategy is how a merge makes history, by the names that Bitbucket has for it (schema pullrequest_merge_parameters).
type Strategy string

// The strategies. Whichever is asked for, the source must have commits that the destination has not.
const (
	// MergeCommit makes a commit with both as parents, also where the destination could move forward to the source.
	MergeCommit Strategy = "merge_commit"
	// Squash makes one commit of the whole change on top of the destination.
	Squash Strategy = "squash"
	// FastForward makes no commit: it gives the source, which must have the destination in its history.
	FastForward Strategy = "fast_forward"
	// SquashFastForward is Squash of a source that has the destination in its history.
	SquashFastForward Strategy = "squash_fast_forward"
	// RebaseFastForward makes the commits of the source anew on top of the destination, as `git rebase` does: the oldest first,
	// each with its author and message; merges, commits whose change the destination has, and those of which nothing is left
	// are left out; those that have their place already stay as they are.
	RebaseFastForward Strategy = "rebase_fast_forward"
	// RebaseMerge does as RebaseFastForward, and joins the new commits to the destination with a merge commit.
	RebaseMerge Strategy = "rebase_merge"
)

// Strategies are all of them, in Bitbucket's order.
var Strategies = []Strategy{MergeCommit, Squash, FastForward, SquashFastForward, RebaseFastForward, RebaseMerge}

// MaxRebase is how many commits a merge makes anew at most.
const MaxRebase = 1000

// MergeQuery says what to merge and how.
type MergeQuery struct {
	Into, From Hash // tips of the destination and of the source
	Strategy   Strategy
	Message    string    // of the merge or squash commit; a final line break is added
	Author     Signature // of the merge or squash commit: Name, Mail and When
	Committer  Signature // of all commits that are made: Name, Mail and When
}

// Conflict is why two commits cannot be merged: git finds no way to join their changes. Its kind is ErrConflict.
type Conflict struct {
	Files  []string // paths as git keeps them, any bytes, in order, at least one, at most maxConflicts
	Commit Hash     // that cannot be made anew, when it is a rebase
}

// maxConflicts bounds Files.
const maxConflicts = 10_000

func (c *Conflict) Error() string {
	text := "merge: " + ErrConflict.Error() + " in " + strconv.Quote(c.Files[0])
	if n := len(c.Files) - 1; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}

// Unwrap gives the kind.
func (c *Conflict) Unwrap() error { return ErrConflict }

// Merge stores the commits of a merge, and gives what the destination is to become: no reference names it yet. When it fails
// nothing is stored. The changes are joined as git joins them in a work tree with the destination in it, with renames, and with
// the attributes that files get from .gitattributes of the destination; the only merge drivers are those within git.
//
// Errors: *Conflict; ErrNotFound for a commit that is not there; ErrInvalid when the source brings nothing, has no history in
// common with the destination, or is not such as the strategy needs it; ErrTooLarge above MaxRebase.
func (s *Store) Merge(ctx context.Context, id string, q MergeQuery) (Hash, error) {
	if !slices.Contains(Strategies, q.Strategy) {
		return "", fail(ErrInvalid, "strategy", string(q.Strategy), "")
	}
	if err := checkMessage(q.Message); err != nil {
		return "", err
	}
	m, err := s.merger(ctx, id, q.Into, q.From)
	if err != nil {
		return "", err
	}
	defer m.close()
	m.base, err = s.MergeBase(ctx, id, q.Into, q.From)
	switch {
	case errors.Is(err, ErrNotFound):
		return "", unrelated(q.From)
	case err != nil:
		return "", err
	case m.base == q.From:
		return "", nothingToMerge(q)
	}
	if forward := q.Strategy == FastForward || q.Strategy == SquashFastForward; forward && m.base != q.Into {
		return "", fail(ErrInvalid, "strategy", string(q.Strategy), "the destination has commits that the source has not")
	}
	if q.Strategy == FastForward {
		return q.From, nil
	}
	made, err := m.make(q)
	if err == nil {
		err = m.keep(m.helpers)
	}
	if err != nil {
		return "", err
	}
	return made, nil
}

func nothingToMerge(q MergeQuery) error {
	return fail(ErrInvalid, "merge", q.From.Short(), "there is nothing to merge: the destination has all of it")
}

func unrelated(from Hash) error {
	return fail(ErrInvalid, "merge", from.Short(), "the two histories have nothing in common")
}

// Conflicts lists the files that are in the way of a merge commit, as in Conflict; nil: none are, or there is nothing to merge.
// It stores nothing. Errors: as Merge.
func (s *Store) Conflicts(ctx context.Context, id string, into, from Hash) ([]string, error) {
	m, err := s.merger(ctx, id, into, from)
	if err != nil {
		return nil, err
	}
	defer m.close()
	var conflict *Conflict
	if _, err = m.tree(); errors.As(err, &conflict) {
		return conflict.Files, nil
	}
	return nil, err
}

// merger merges two commits.
type merger struct {
	*scratch
	into, from *Commit
	base       Hash          // the best ancestor that both have; "": not looked for
	helpers    map[Hash]bool // commits that are not part of the result
}

// merger prepares a merge. close it.
func (s *Store) merger(ctx context.Context, id string, into, from Hash) (*merger, error) {
	commits, err := s.Commits(ctx, id, []Hash{into, from})
	if err != nil {
		return nil, err
	}
	work, err := s.scratch(ctx, id)
	return &merger{scratch: work, into: commits[0], from: commits[1], helpers: map[Hash]bool{}}, err
}

// make makes the commits, and gives the last one.
func (m *merger) make(q MergeQuery) (tip Hash, err error) {
	var tree Hash
	parents := []Hash{q.Into}
	switch q.Strategy {
	case RebaseFastForward, RebaseMerge:
		if tip, tree, err = m.rebase(signed(q.Committer)); err == nil && tip == q.Into {
			err = nothingToMerge(q)
		}
		if err != nil || q.Strategy == RebaseFastForward {
			return tip, err
		}
		parents = append(parents, tip)
	case MergeCommit:
		tree, err = m.tree()
		parents = append(parents, q.From)
	default:
		if tree, err = m.tree(); err == nil && tree == m.into.Tree {
			err = nothingToMerge(q)
		}
	}
	if err != nil {
		return "", err
	}
	return m.write(commitText(tree, parents, signed(q.Author), signed(q.Committer), strings.TrimRight(q.Message, "\n")+"\n"))
}

// tree is what the two become together.
func (m *merger) tree() (Hash, error) {
	if m.base == m.into.Hash {
		return m.from.Tree, nil
	}
	return m.merge(m.into.Tree, m.into.Hash, m.from.Hash)
}

// merge gives the tree that two commits become together. intoTree is the one of into.
func (w *scratch) merge(intoTree, into, from Hash) (Hash, error) {
	if err := w.checkOut(intoTree); err != nil {
		return "", err
	}
	out, err := w.inFiles("merge-tree", "--write-tree", "-z", "--name-only", string(into), string(from)).output(w.ctx, nil, maxMergeOutput)
	tree, files := readMerge(out, into, from)
	var exit *GitError
	if errors.As(err, &exit) {
		switch {
		case exit.Exit == 1 && len(files) > 0:
			return "", &Conflict{Files: files}
		case strings.Contains(exit.Stderr, "unrelated histories"):
			return "", unrelated(from)
		}
	}
	return tree, err
}

// maxMergeOutput bounds what is read of the names of files that conflict, in bytes.
const maxMergeOutput = 16 << 20

// readMerge reads what merge-tree prints with -z and --name-only: the tree, the files that conflict, an empty record, and
// messages. Each message is the number of paths that it is about, these, and two texts. Where no file is in conflict, but
// whole directories are, only messages tell.
func readMerge(out []byte, into, from Hash) (tree Hash, files []string) {
	next := func() (record string, ok bool) {
		var text []byte
		text, out, ok = bytes.Cut(out, []byte{0})
		return string(text), ok // what does not end is cut off
	}
	name, _ := next()
	tree = Hash(name)
	for len(files) < maxConflicts {
		if name, _ = next(); name == "" {
			break
		}
		files = append(files, unlabelled(name, into, from))
	}
	for len(files) == 0 {
		number, ok := next()
		n, err := strconv.Atoi(number)
		if !ok || err != nil {
			break
		}
		var about []string
		for range min(n, maxConflicts) {
			if name, _ = next(); name != "" {
				about = append(about, unlabelled(name, into, from))
			}
		}
		if kind, _ := next(); strings.HasPrefix(kind, "CONFLICT") {
			files = about
		}
		next()
	}
	slices.Sort(files)
	return tree, slices.Compact(files)
}

// labelled is the end of the name that git gives to a file whose own name is taken by a directory of the other side.
var labelled = regexp.MustCompile(`[^/](~([0-9a-f]{40,64})(_[0-9]+)?)$`)

// unlabelled gives a file that git moved out of the way its name back.
func unlabelled(name string, into, from Hash) string {
	if m := labelled.FindStringSubmatchIndex(name); m != nil {
		if side := Hash(name[m[4]:m[5]]); side == into || side == from {
			return name[:m[2]]
		}
	}
	return name
}

// rebase makes the commits of the source anew on top of the destination. It gives the last one and its tree, which are those of
// the destination when there is nothing to be made.
func (m *merger) rebase(committer string) (head, tree Hash, err error) {
	picks, err := m.picks()
	if err != nil {
		return "", "", err
	}
	head, tree = m.into.Hash, m.into.Tree
	for _, pick := range picks {
		c, err := m.original(pick.hash)
		if err != nil {
			return "", "", err
		}
		before := Hash(emptyTree)
		if c.parent != "" {
			parent, err := m.store.Commit(m.ctx, m.id, c.parent)
			if err != nil {
				return "", "", err
			}
			before = parent.Tree
		}
		if pick.same && c.tree != before {
			continue
		}
		if c.parent == head {
			head, tree = pick.hash, c.tree // it has its place
			continue
		}
		after, err := m.apply(pick.hash, c, before, tree)
		var conflict *Conflict
		if errors.As(err, &conflict) {
			conflict.Commit = pick.hash
		}
		if err != nil {
			return "", "", err
		}
		if after == tree && c.tree != before {
			continue // nothing is left of it
		}
		if head, err = m.write(commitText(after, []Hash{head}, c.author, committer+c.encoding, c.message)); err != nil {
			return "", "", err
		}
		tree = after
	}
	return head, tree, nil
}

// pick is a commit that the source has and the destination has not.
type pick struct {
	hash Hash
	same bool // the destination has its change
}

// picks lists the commits to be made anew, in order.
func (m *merger) picks() ([]pick, error) {
	if err := m.checkOut(m.into.Tree); err != nil { // attributes say which changes are the same, too
		return nil, err
	}
	out, err := m.inFiles("rev-list", "--cherry-mark", "--right-only", "--no-merges", "--topo-order", "--reverse",
		"--max-count="+strconv.Itoa(MaxRebase+1), string(m.into.Hash)+"..."+string(m.from.Hash)).output(m.ctx, nil, (MaxRebase+2)*66)
	if err != nil {
		return nil, err
	}
	var picks []pick
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSuffix(line, "\n")
		picks = append(picks, pick{Hash(line[1:]), line[0] == '='})
	}
	if len(picks) > MaxRebase {
		return nil, fail(ErrTooLarge, "rebase", m.from.Hash.Short(), "more than "+strconv.Itoa(MaxRebase)+" commits")
	}
	return picks, nil
}

// original is what a commit made anew takes over from the one that it stands for, byte by byte.
type original struct {
	tree, parent Hash // parent is "" of a first commit
	author       string
	encoding     string // the header, with the line break before it, of texts that are not UTF-8
	message      string
}

func (m *merger) original(hash Hash) (original, error) {
	o, err := m.store.Object(m.ctx, m.id, hash)
	if err != nil {
		return original{}, err
	}
	var c original
	message := eachHeader(o.Data, func(key, value string) {
		switch key {
		case "tree":
			c.tree = Hash(value)
		case "parent":
			c.parent = Hash(value)
		case "author":
			c.author = value
		case "encoding":
			c.encoding = "\nencoding " + value
		}
	})
	// As git rebase does: what stands before the first line goes, and so does what comes after a NUL.
	message, _, _ = bytes.Cut(message, []byte{0})
	c.message = strings.TrimLeft(string(message), "\n")
	return c, nil
}

// apply does to the tree onto what a commit did to the tree before it.
func (m *merger) apply(hash Hash, c original, before, onto Hash) (Hash, error) {
	switch onto {
	case before, c.tree:
		return c.tree, nil
	}
	if c.tree == before {
		return onto, nil
	}
	// merge-tree finds the tree to compare with in the history of commits, so onto gets a commit beside the one to be applied.
	helper := func(tree Hash, parents ...Hash) (Hash, error) {
		hash, err := m.write(commitText(tree, parents, nobody, nobody, ""))
		m.helpers[hash] = true
		return hash, err
	}
	base := c.parent
	var err error
	if base == "" {
		if base, err = helper(emptyTree); err != nil {
			return "", err
		}
		if hash, err = helper(c.tree, base); err != nil {
			return "", err
		}
	}
	into, err := helper(onto, base)
	if err != nil {
		return "", err
	}
	return m.merge(onto, into, hash)
}

// nobody signs helpers. Git looks at the latest commits first, and so has their parents in no time.
const nobody = "- <> 4000000000 +0000"
