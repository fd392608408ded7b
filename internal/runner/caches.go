package runner

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"slices"

	"github.com/pailforge/pail/internal/pipefile"
	"github.com/pailforge/pail/internal/runnerapi"
)

// cacheKey is what a cache is kept under.
func (j *job) cacheKey(c runnerapi.Cache) (string, error) {
	if len(c.Files) == 0 {
		return c.Key, nil
	}
	var globs []pipefile.Glob
	for _, text := range c.Files {
		g, err := pipefile.ParseGlob(text)
		if err != nil {
			return "", err
		}
		globs = append(globs, g)
	}
	sum := sha256.New()
	err := j.walk(func(p string, d fs.DirEntry) error {
		if !d.Type().IsRegular() || !slices.ContainsFunc(globs, func(g pipefile.Glob) bool { return g.Matches(p) }) {
			return nil
		}
		f, err := j.build.Open(p)
		if err != nil {
			return err
		}
		defer f.Close()
		of := sha256.New()
		if _, err := io.Copy(of, f); err != nil {
			return err
		}
		fmt.Fprintf(sum, "%x %q\n", of.Sum(nil), p)
		return nil
	})
	return c.Key + "-" + hex.EncodeToString(sum.Sum(nil))[:32], err
}

func (j *job) cachePath(c runnerapi.Cache, key string) (string, url.Values) {
	return j.stepPath("/caches/" + url.PathEscape(c.Name)), url.Values{"key": {key}}
}

// restore lays a cache into its place, where there is one. A cache that cannot be had is no reason for the step to fail.
func (j *job) restore(ctx context.Context, c runnerapi.Cache, lay func(io.Reader) error) error {
	key, err := j.cacheKey(c)
	if err != nil {
		return faultf(runnerapi.RunnerFault, "%w", err)
	}
	at, query := j.cachePath(c, key)
	r, err := j.runner.client.get(ctx, at, query)
	var refused *refusal
	switch {
	case errors.As(err, &refused) && refused.status == http.StatusNotFound:
		j.missed[c.Name] = key
		fmt.Fprintf(j.out, "Cache %s: not there yet\n", c.Name)
		return nil
	case errors.Is(err, errLost) || ctx.Err() != nil:
		return err
	case err == nil:
		defer r.Close()
		if err = lay(r); err == nil {
			fmt.Fprintf(j.out, "Cache %s: found\n", c.Name)
			return nil
		}
	}
	fmt.Fprintf(j.out, "Cache %s is not used: %v\n", c.Name, err)
	if j.diskFull() {
		return faultf(runnerapi.DiskFull, "The runner's disk is full.")
	}
	return nil
}

func (j *job) saveCache(ctx context.Context, c runnerapi.Cache, key string) error {
	at, query := j.cachePath(c, key)
	// It goes through a file: nothing is sent where there is nothing, and the server is told no half of one.
	f, err := os.CreateTemp(j.path("agent"), "cache-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if inClone(c.Path) {
		err = packDir(j.build, path.Clean(c.Path), f)
	} else {
		err = j.box.save(ctx, c.Path, f)
	}
	if errors.Is(err, errNothing) {
		fmt.Fprintf(j.out, "Cache %s: there is nothing at %s\n", c.Name, c.Path)
		return nil
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(j.out, "Cache %s is kept\n", c.Name)
	return j.upload(ctx, at, query, func(w io.Writer) error {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
		_, err := io.Copy(w, f)
		return err
	})
}
