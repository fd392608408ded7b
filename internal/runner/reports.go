package runner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/pipefile"
)

// Limits of test reports: files of a step, octets of one, and how deep they may lie.
const (
	mostReports     = 1000
	mostReport      = 20 << 20
	mostReportDepth = 6
)

// sendReports sends what looks like a report of tests: XML files in directories of these names, and those that an artifact of that type names.
func (j *job) sendReports(ctx context.Context) error {
	var named []pipefile.Glob
	for _, a := range j.step.Artifacts {
		if a.Type == pipefile.TestReports {
			for _, text := range a.Paths {
				if g, err := pipefile.ParseGlob(text); err == nil {
					named = append(named, g)
				}
			}
		}
	}
	var paths []string
	err := j.walk(func(p string, d fs.DirEntry) error {
		parts := strings.Split(p, "/")
		if path.Ext(p) != ".xml" || !d.Type().IsRegular() || len(paths) >= mostReports {
			return nil
		}
		usual := len(parts) <= mostReportDepth && slices.ContainsFunc(parts[:len(parts)-1], func(dir string) bool { return slices.Contains(reportPlaces, dir) })
		if usual || slices.ContainsFunc(named, func(g pipefile.Glob) bool { return g.Matches(p) }) {
			paths = append(paths, p)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, p := range paths {
		text, err := readUpTo(j.build, p, mostReport)
		if err == nil {
			err = retry(ctx, func() error {
				return j.runner.client.put(ctx, j.stepPath("/reports"), url.Values{"name": {p}}, "application/xml", strings.NewReader(string(text)))
			})
		}
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, errLost) {
				return err
			}
			fmt.Fprintf(j.out, "%s is not kept as a report of tests: %v\n", p, err)
		}
	}
	if len(paths) > 0 {
		fmt.Fprintf(j.out, "Test reports: %d files\n", len(paths))
	}
	return nil
}
