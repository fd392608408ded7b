package catalog

import "github.com/pailforge/pail/internal/scope"

// Least returns the smallest set of scopes with which an API token may call all
// of the operations; see [scope.Least]. nil operations are skipped, and so is
// the question whether API tokens are accepted at all: see [Operation.Accepts].
func Least(ops []*Operation) scope.Set {
	var needs []scope.Requirement
	for _, op := range ops {
		if op != nil {
			needs = append(needs, op.Scopes)
		}
	}
	return scope.Least(needs...)
}
