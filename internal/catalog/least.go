package catalog

import (
	"slices"

	"github.com/pailforge/pail/internal/scope"
)

// Least returns the smallest set of scopes with which an API token may call all
// of the operations. nil operations are skipped, and so is the question whether
// API tokens are accepted at all: see [Operation.Accepts].
//
// Where an operation has alternatives, the one is taken that adds fewest scopes
// to what the others need anyway; between equals the earlier one, of the
// operation that comes first.
func Least(ops []*Operation) scope.Set {
	var need scope.Set
	var open []scope.Requirement // with a real choice, each once
	for _, op := range ops {
		if op == nil {
			continue
		}
		switch choice := choices(op.Scopes); {
		case len(choice) == 1:
			need = need.Union(choice[0])
		case len(choice) > 1 && !slices.ContainsFunc(open, func(r scope.Requirement) bool { return slices.Equal(r, choice) }):
			open = append(open, choice)
		}
	}
	return cheapest(need, open)
}

// choices are the alternatives worth a look: those that do not hold another one
// whole.
func choices(r scope.Requirement) scope.Requirement {
	var out scope.Requirement
	for i, a := range r {
		if !slices.ContainsFunc(r, func(b scope.Set) bool { return b != a && a.Contains(b) }) && !slices.Contains(r[:i], a) {
			out = append(out, a)
		}
	}
	return out
}

// cheapest tries every way to meet the open requirements. There are few: the
// catalogue has one real choice, and equal ones are asked once.
func cheapest(need scope.Set, open []scope.Requirement) scope.Set {
	if len(open) == 0 {
		return need
	}
	if _, ok := open[0].Missing(need); ok {
		return cheapest(need, open[1:])
	}
	var best scope.Set
	for i, alternative := range open[0] {
		if whole := cheapest(need.Union(alternative), open[1:]); i == 0 || whole.Len() < best.Len() {
			best = whole
		}
	}
	return best
}
