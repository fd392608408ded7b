package doctor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/scope"
)

// What a credential may do, and what the operation takes.

// scopes compares what the answer asks for with what the credential has, as sets: old names may stand beside new ones.
func scopes(f *facts) []Finding {
	a := f.answer
	if a == nil || a.Status != 403 && a.Status != 0 && a.code != reason.ScopeMissing {
		return nil
	}
	s := say(served, a.message)
	asked := a.required != nil || a.code == reason.ScopeMissing || s != nil && s.code == reason.ScopeMissing
	granted, strangers := knownScopes(a.granted)
	missing, certain := f.missing(granted)
	switch {
	case !asked && (!a.authentic || !certain || missing.Empty() || s != nil || a.code != ""):
		return nil
	case !asked:
		return []Finding{f.find(reason.ScopeMissing, Likely, "The answer does not say why it refuses, but the catalogue knows what the operation takes.", f.scopeEvidence(granted, missing, strangers)).at(a.Place).mend(f.newToken(granted.Union(missing)))}
	}
	return []Finding{f.find(reason.ScopeMissing, Certain, "The service says so itself. The token is valid, and scopes cannot be added to it.", f.scopeEvidence(granted, missing, strangers)).at(a.Place).mend(f.newToken(granted.Union(missing)))}
}

// missing is what the credential lacks; certain is false when that is not known for sure.
func (f *facts) missing(granted scope.Set) (missing scope.Set, certain bool) {
	required, _ := knownScopes(f.answer.required)
	legacy := isLegacy(granted)
	if f.op != nil {
		needs := f.op.Scopes
		if legacy {
			needs = f.op.OAuthScopes
		}
		missing, _ = needs.Missing(granted)
		certain = true
	}
	if isLegacy(required) && !legacy {
		if f.op == nil {
			// The names are the old ones, and the token has new ones: what takes over is close, not certain.
			missing = missing.Union(scope.Migrate(required).Without(granted.Expand()))
		}
		return missing, certain
	}
	return missing.Union(required.Without(granted.Expand())), certain
}

// isLegacy tells whether the set is of the names that app passwords, access tokens and OAuth have.
func isLegacy(s scope.Set) bool {
	return slices.ContainsFunc(s.Scopes(), scope.Scope.Legacy) && !slices.ContainsFunc(s.Scopes(), func(c scope.Scope) bool { return !c.Legacy() })
}

// knownScopes sorts out the names that are no scopes.
func knownScopes(names []string) (set scope.Set, unknown []string) {
	for _, name := range names {
		if s, err := scope.Parse(name); err == nil {
			set = set.Add(s)
		} else {
			unknown = append(unknown, clip(name))
		}
	}
	return set, unknown
}

func (f *facts) scopeEvidence(granted, missing scope.Set, unknown []string) string {
	var parts []string
	if !missing.Empty() {
		parts = append(parts, "Missing: "+missing.String()+".")
	}
	if required, _ := knownScopes(f.answer.required); !required.Empty() {
		parts = append(parts, "The answer requires "+required.String()+".")
	}
	if f.op != nil && len(f.op.Scopes) > 0 {
		parts = append(parts, f.op.Key+" takes "+f.op.Scopes.String()+".")
	}
	if !granted.Empty() {
		parts = append(parts, "Granted: "+granted.String()+".")
	}
	if len(unknown) > 0 {
		parts = append(parts, fmt.Sprintf("%d granted names are not known here.", len(unknown)))
	}
	if len(parts) == 0 {
		return "The answer does not name the scopes."
	}
	return strings.Join(parts, " ")
}

// needsScopes is for a case without an answer: nothing is accused, but what the operation takes is worth a word.
func (f *facts) needsScopes() string {
	if f.op == nil || len(f.op.Scopes) == 0 || !f.op.Accepts.Has(catalog.APIToken) {
		return ""
	}
	return fmt.Sprintf("%s takes %s.", f.op.Key, f.op.Scopes)
}
