package scope

import "slices"

// Least returns the fewest scopes that meet every one of the requirements. Where a requirement has alternatives, the
// one is taken that adds least to what the others need anyway; between choices of the same size the one listed first
// wins. Legacy scopes that another one of the answer implies are left out. The order of the requirements does not
// matter.
func Least(requirements ...Requirement) Set {
	var sure Set
	choices := map[string]Requirement{}
	for _, r := range requirements {
		switch len(r) {
		case 0:
		case 1:
			sure = sure.Union(r[0])
		default:
			choices[r.String()] = r
		}
	}
	var open []Requirement
	for _, r := range choices {
		if _, met := r.Missing(sure); !met {
			open = append(open, r)
		}
	}
	slices.SortFunc(open, func(a, b Requirement) int { return slices.Compare(flat(a), flat(b)) })
	return choose(sure, open).withoutImplied()
}

// choose tries every combination of alternatives. There are few: two operations of the whole API offer any.
func choose(sure Set, open []Requirement) Set {
	if len(open) == 0 {
		return sure
	}
	var best Set
	for i, alternative := range open[0] {
		if s := choose(sure.Union(alternative), open[1:]); i == 0 || s.Len() < best.Len() {
			best = s
		}
	}
	return best
}

// flat is a requirement in a form that can be ordered.
func flat(r Requirement) []Scope {
	var all []Scope
	for _, alternative := range r {
		all = append(append(all, alternative.Scopes()...), 0)
	}
	return all
}

// withoutImplied leaves out the legacy scopes that others of the set grant.
func (s Set) withoutImplied() Set {
	out := s
	for _, sc := range s.Scopes() {
		if sc.Legacy() {
			out = out.Without(table[sc].Implies)
		}
	}
	return out
}

// Serving returns the scopes of s that meet what is needed: those needed themselves and, for what is granted only by
// implication, the one that implies least. What is not granted at all has no part in it.
func (s Set) Serving(needed Set) Set {
	var out Set
	for _, n := range needed.Scopes() {
		if s.Has(n) {
			out = out.Add(n)
			continue
		}
		var best Scope
		for _, sc := range s.Scopes() {
			if implies := table[sc].Implies; implies.Has(n) && (best == 0 || implies.Len() < table[best].Implies.Len()) {
				best = sc
			}
		}
		out = out.Add(best)
	}
	if needed.Has(AllWiki) && !s.Has(AllWiki) && s.Contains(wikis) {
		out = out.Union(wikis)
	}
	return out
}
