package gitstore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
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

// Maintain keeps the repository fast: it packs what has piled up, when there is enough of it, and
// writes the commit graph with the paths that each commit changes. Objects that nothing reaches
// are kept for two weeks.
func (s *Store) Maintain(ctx context.Context, id string) error {
	dir, err := s.dir(id)
	if err != nil {
		return err
	}
	if _, err := s.output(ctx, dir, nil, maxStderr, "--git-dir="+dir,
		"-c", "gc.auto=2000", "-c", "gc.autoPackLimit=30", "-c", "gc.writeCommitGraph=false",
		"gc", "--auto", "--quiet"); err != nil {
		return err
	}
	_, err = s.output(ctx, dir, nil, maxStderr, "--git-dir="+dir, "commit-graph", "write", "--reachable", "--changed-paths", "--no-progress")
	return err
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
		p.Env = append(p.Env[:len(p.Env):len(p.Env)], "GIT_CONFIG_GLOBAL="+config.Name())
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
	return s.Maintain(ctx, id)
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
