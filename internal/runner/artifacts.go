package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/pailforge/pail/internal/pipefile"
	"github.com/pailforge/pail/internal/runnerapi"
)

// inClone tells whether a path is relative to the clone.
func inClone(p string) bool { return filepath.IsLocal(p) && !strings.HasPrefix(p, "~") }

// walk calls do for all that is no directory in the clone.
func (j *job) walk(do func(p string, d fs.DirEntry) error) error {
	n := 0
	return fs.WalkDir(j.build.FS(), ".", func(p string, d fs.DirEntry, err error) error {
		switch n++; {
		case err != nil:
			return err
		case p == ".git":
			return fs.SkipDir
		case n > mostFiles:
			return fmt.Errorf("there are more than %d files", mostFiles)
		case d.IsDir():
			return nil
		}
		return do(p, d)
	})
}

// upload sends what write writes, again from the beginning where that fails.
func (j *job) upload(ctx context.Context, path string, query url.Values, write func(io.Writer) error) error {
	return retry(ctx, func() error {
		r, w := io.Pipe()
		wrote := make(chan error, 1)
		go func() {
			err := write(w)
			wrote <- err
			_ = w.CloseWithError(err)
		}()
		err := j.runner.client.put(ctx, path, query, runnerapi.Archive, r)
		_ = r.CloseWithError(err)
		if local := <-wrote; local != nil && !errors.Is(local, err) && !errors.Is(local, io.ErrClosedPipe) {
			return &refusal{status: http.StatusUnprocessableEntity, message: local.Error()}
		}
		return err
	})
}

func (j *job) sendArtifact(ctx context.Context, a runnerapi.Artifact) error {
	set := pipefile.Artifact{Depth: a.Depth}
	for _, list := range []struct {
		from []string
		to   *[]pipefile.Glob
	}{{a.Paths, &set.Paths}, {a.Not, &set.Not}} {
		for _, text := range list.from {
			g, err := pipefile.ParseGlob(text)
			if err != nil {
				return err
			}
			*list.to = append(*list.to, g)
		}
	}
	var paths []string
	err := j.walk(func(p string, d fs.DirEntry) error {
		if set.Takes(p) && (d.Type().IsRegular() || d.Type()&fs.ModeSymlink != 0) {
			paths = append(paths, p)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		fmt.Fprintf(j.out, "Artifacts %s: no file fits %s\n", a.Name, strings.Join(a.Paths, ", "))
		return nil
	}
	fmt.Fprintf(j.out, "Artifacts %s: %d files\n", a.Name, len(paths))
	return j.upload(ctx, j.stepPath("/artifacts"), url.Values{"name": {a.Name}}, func(w io.Writer) error {
		return pack(j.build, w, func(p string) string { return p }, func(add func(string) error) error {
			for _, p := range paths {
				if err := add(p); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// fetch lays artifacts of an earlier step into the clone.
func (j *job) fetch(ctx context.Context, f runnerapi.Fetch) error {
	err := retry(ctx, func() error {
		r, err := j.runner.client.get(ctx, j.stepPath("/artifacts/"+f.UUID), nil)
		if err != nil {
			return err
		}
		defer r.Close()
		return unpack(j.build, r)
	})
	if err != nil && ctx.Err() == nil {
		return faultf(runnerapi.RunnerFault, "The artifacts %s of an earlier step cannot be had: %w", f.Name, err)
	}
	fmt.Fprintf(j.out, "Artifacts %s of an earlier step are there\n", f.Name)
	return err
}
