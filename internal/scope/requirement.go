package scope

import "strings"

// Requirement is what a call takes: alternatives, of which one is enough, and
// each of which is wanted whole. The empty requirement asks for nothing.
type Requirement []Set

// Need returns the requirement with one alternative: all of the given scopes.
func Need(scopes ...Scope) Requirement { return Requirement{NewSet(scopes...)} }

// Or returns the requirement with one more alternative, in a slice of its own.
func (r Requirement) Or(scopes ...Scope) Requirement {
	out := make(Requirement, len(r), len(r)+1)
	copy(out, r)
	return append(out, NewSet(scopes...))
}

// Missing compares the requirement with what a credential was granted; the
// grant is expanded here. When the grant suffices, ok is true and missing is
// empty. Otherwise missing is what the nearest alternative still lacks: the
// one that lacks fewest scopes, the earlier one when two lack as many.
func (r Requirement) Missing(granted Set) (missing Set, ok bool) {
	_, missing, ok = r.nearest(granted)
	return missing, ok
}

// Nearest returns the alternative that Missing speaks of, whole: the one that
// is met or, when none is, the one that lacks fewest scopes.
func (r Requirement) Nearest(granted Set) Set {
	required, _, _ := r.nearest(granted)
	return required
}

func (r Requirement) nearest(granted Set) (required, missing Set, ok bool) {
	if len(r) == 0 {
		return Set{}, Set{}, true
	}
	granted = granted.Expand()
	fewest := -1
	for _, alternative := range r {
		lacks := alternative.Without(granted)
		n := lacks.Len()
		if n == 0 {
			return alternative, Set{}, true
		}
		if fewest < 0 || n < fewest {
			required, missing, fewest = alternative, lacks, n
		}
	}
	return required, missing, false
}

// Names returns the names of each alternative, in order. It is never nil.
func (r Requirement) Names() [][]string {
	out := make([][]string, len(r))
	for i, alternative := range r {
		out[i] = alternative.Names()
	}
	return out
}

// String reads like "read:issue:bitbucket or read:issue:bitbucket +
// write:issue:bitbucket"; it is "nothing" for the empty requirement.
func (r Requirement) String() string {
	if len(r) == 0 {
		return "nothing"
	}
	parts := make([]string, len(r))
	for i, alternative := range r {
		parts[i] = strings.Join(alternative.Names(), " + ")
	}
	return strings.Join(parts, " or ")
}
