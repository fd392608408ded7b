package gitstore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Fsck checks every object of the repository and all that hangs together. problems are git's
// findings, one a line, at most 64 KiB of them; none means that the repository is sound. Faults that
// a push may have are none.
func (s *Store) Fsck(ctx context.Context, id string) (problems []string, err error) {
	dir, err := s.dir(id)
	if err != nil {
		return nil, err
	}
	args := []string{"--git-dir=" + dir}
	for _, fault := range oldFaults {
		args = append(args, "-c", "fsck."+fault+"=ignore")
	}
	p := s.command(dir, append(args, "fsck", "--full", "--no-dangling", "--no-progress")...)
	found := &limitedBuffer{limit: 64 << 10}
	p.Stdout = found
	p.Cmd.Stderr = found // os/exec serialises the two when they are the same writer
	if err := p.start(ctx); err != nil {
		return nil, err
	}
	err = p.wait(ctx)
	for line := range strings.Lines(p.scrub(found.String())) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "notice: HEAD points to an unborn branch") && line != "notice: No default references" {
			problems = append(problems, line)
		}
	}
	var exit *GitError
	if errors.As(err, &exit) && len(problems) > 0 {
		err = nil
	}
	return problems, err
}

// Maintain keeps the repository fast: it packs references and, when enough of them have piled up, objects, and writes bitmaps and
// the commit graph with the paths that each commit changes. Packs that are much larger than what is new stay as they are, so that
// little is written and forks go on sharing them. Loose objects that nothing reaches are kept for two weeks. ErrConflict: a push
// is under way, or came and goes first.
func (s *Store) Maintain(ctx context.Context, id string) error {
	dir, err := s.dir(id)
	if err != nil {
		return err
	}
	tending, done, ok := s.shifts.tend(ctx, id)
	if !ok {
		return fail(ErrConflict, "repository", id, "a push is under way")
	}
	defer done()
	for _, args := range tasks(dir) {
		if _, err := s.output(tending, dir, nil, maxStderr, append([]string{"--git-dir=" + dir}, args...)...); err != nil {
			if tending.Err() != nil && ctx.Err() == nil {
				return fail(ErrConflict, "repository", id, "a push came")
			}
			return err
		}
	}
	return nil
}

// How many loose objects and packs a repository may have before they are packed.
const (
	maxLoose = 500
	maxPacks = 12
)

// largePack is the size, in bytes, from which on a pack that came since the last maintenance is worth the next one.
const largePack = 1 << 20

// piles is what has piled up in a repository since it was maintained.
type piles struct {
	loose, packs int
	large        bool // a large pack came
}

func (p piles) high() bool { return p.loose > maxLoose || p.packs > maxPacks }

func pilesIn(dir string) (p piles) {
	var last time.Time
	if info, err := os.Stat(filepath.Join(dir, "objects", "info", "commit-graphs", "commit-graph-chain")); err == nil {
		last = info.ModTime()
	}
	// Hashes are even, so one of the 256 directories tells how full all are: git counts so, too.
	p.loose = 256 * len(children(filepath.Join(dir, "objects", "17")))
	for _, file := range children(filepath.Join(dir, "objects", "pack")) {
		if !strings.HasSuffix(file, ".pack") {
			continue
		}
		p.packs++
		if info, err := os.Stat(file); err == nil && info.Size() >= largePack && info.ModTime().After(last) {
			p.large = true
		}
	}
	return p
}

// Unkempt tells whether the repository is worth a Maintain. It looks at a few directories and starts nothing.
func (s *Store) Unkempt(id string) bool {
	dir, err := s.dir(id)
	if err != nil {
		return false
	}
	p := pilesIn(dir)
	return p.high() || p.large
}

// tasks are the commands that keep the repository in dir in shape.
func tasks(dir string) [][]string {
	all := [][]string{{"pack-refs", "--all", "--prune"}}
	if pilesIn(dir).high() {
		all = append(all,
			[]string{"repack", "--quiet", "--geometric=2", "-d", "--write-midx", "--write-bitmap-index"},
			[]string{"prune", "--expire=2.weeks.ago"})
	}
	return append(all, []string{"commit-graph", "write", "--reachable", "--changed-paths", "--split", "--no-progress"})
}

// Import makes the branches and tags of the repository those of src: an absolute path of a
// repository or a bundle on this machine. What src does not have is removed. When HEAD names a
// branch that is not there afterwards, it is moved to the one that src has as HEAD, to "main",
// to "master" or to the first.
func (s *Store) Import(ctx context.Context, id, src string) error {
	dir, err := s.dir(id)
	if err != nil {
		return err
	}
	if src, err = filepath.Abs(src); err != nil {
		return err
	}
	if _, err := os.Stat(src); err != nil {
		return fail(ErrNotFound, "source", src, shorten(err))
	}
	// git upload-pack on the other side does not get our settings, but reads this file.
	config, err := os.CreateTemp(filepath.Join(s.Root, "tmp"), "import-*.config")
	if err != nil {
		return hidePath(err)
	}
	defer os.Remove(config.Name())
	_, err = config.WriteString("[safe]\n\tdirectory = *\n[core]\n\thooksPath = /dev/null\n")
	if err = errors.Join(err, config.Close()); err != nil {
		return hidePath(err)
	}
	run := func(args ...string) ([]byte, error) {
		p := s.command(dir, append([]string{"--git-dir=" + dir, "-c", "protocol.file.allow=always"}, args...)...)
		p.with("GIT_CONFIG_GLOBAL=" + config.Name())
		out := limitedBuffer{limit: maxStderr}
		p.Stdout = &out
		if err := p.start(ctx); err != nil {
			return nil, err
		}
		err := p.wait(ctx)
		return out.Bytes(), err
	}
	if _, err := run("fetch", "--quiet", "--no-auto-gc", "--no-write-fetch-head", "--no-recurse-submodules", "--prune", "--no-tags", "--update-head-ok",
		src, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*", "^refs/heads/refs/*", "^refs/tags/refs/*"); err != nil {
		return err
	}
	head, _ := run("ls-remote", "--symref", src, "HEAD") // a bundle has none
	if err := s.settleDefault(ctx, id, string(head)); err != nil {
		return err
	}
	if err := s.Maintain(ctx, id); err != nil && !errors.Is(err, ErrConflict) {
		return err
	}
	return nil
}

// settleDefault moves HEAD to a branch that exists. symref is what ls-remote says of the source's HEAD.
func (s *Store) settleDefault(ctx context.Context, id, symref string) error {
	branches, err := s.Branches(ctx, id)
	if err != nil || len(branches) == 0 {
		return err
	}
	there := map[string]Hash{}
	names := []string{"main", "master"} // the likeliest first
	for _, b := range branches {
		there[b.Short()] = b.Hash
		names = append(names, b.Short())
	}
	if now, err := s.DefaultBranch(ctx, id); err == nil && there[now] != "" {
		return nil
	}
	var candidates []string
	if rest, ok := strings.CutPrefix(symref, "ref: "+BranchPrefix); ok {
		name, _, _ := strings.Cut(rest, "\t")
		candidates = append(candidates, name)
	} else if head, _, ok := strings.Cut(symref, "\tHEAD"); ok { // a bundle tells the commit, not the branch
		for _, name := range names {
			if string(there[name]) == head {
				candidates = append(candidates, name)
			}
		}
	}
	for _, name := range append(candidates, names...) {
		if there[name] != "" {
			return s.SetDefaultBranch(ctx, id, name)
		}
	}
	return nil
}
