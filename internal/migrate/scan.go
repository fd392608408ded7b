package migrate

import (
	"cmp"
	"context"
	"slices"
)

// Options is how a tree is read.
type Options struct {
	// NoIgnore reads what .gitignore leaves out, and folders of other people's code.
	NoIgnore bool
	// Progress is called now and then with the number of files that were read since the last call, from any goroutine.
	Progress func(files int)
}

// Result is what a scan found.
type Result struct {
	Findings []Finding `json:"findings"`
	Coverage Coverage  `json:"coverage"`
}

// Scan reads the files below the paths and finds what has to change for API tokens. Findings come in the order of file
// and line. What cannot be read is in the result and does not end the scan; the error is the context's.
func Scan(ctx context.Context, paths []string, o Options) (Result, error) {
	result := Result{Findings: []Finding{}}
	docs, coverage, err := read(ctx, paths, o)
	if err != nil {
		return result, err
	}
	for _, one := range docs {
		result.Findings = append(result.Findings, findings(one.document, one.uses)...)
	}
	result.Coverage = coverage
	slices.SortStableFunc(result.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Rule, b.Rule))
	})
	return result, nil
}
