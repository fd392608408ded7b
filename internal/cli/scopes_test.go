package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/scope"
	"github.com/pailforge/pail/internal/token"
)

// TestScopesBothWays: every operation is found again by each scope that it takes, with the others beside it.
func TestScopesBothWays(t *testing.T) {
	for _, op := range slices.Concat(catalog.All(), catalog.Own(), catalog.Git()) {
		for _, r := range []scope.Requirement{op.Scopes, op.OAuthScopes} {
			for _, alternative := range r {
				for _, s := range alternative.Scopes() {
					found := false
					for _, use := range usesOf(s) {
						_, enough := r.Missing(use.Besides.Add(s))
						found = found || use.Key == op.Key && enough
					}
					if !found {
						t.Errorf("%s takes %s, but pail scopes of %s does not know it", op.Key, s, s)
					}
				}
			}
		}
	}
}

// FuzzPlan: any text is planned or answered, and a secret in it is not repeated.
func FuzzPlan(f *testing.F) {
	secret := token.Mint(token.APIToken)
	for _, s := range []string{"GET /2.0/user", "git-push # x", "\ufeffGET\t/user\r\n", "/user", "GET https://h/2.0/user?x#y", "PATCH /user", "GET /rest/api/1.0/projects/A", "GET /%zz", "git"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		plan, err := planOf(strings.NewReader(text + "\n" + text + secret))
		if err != nil {
			return
		}
		if len(plan.Lines)+len(plan.Problems) > strings.Count(text, "\n")*2+2 {
			t.Errorf("%q gives %d lines and %d problems", text, len(plan.Lines), len(plan.Problems))
		}
		if e := problemsOf(plan.Problems, ""); e != nil && strings.Contains(e.Error(), secret[:13]) {
			t.Errorf("%q: the secret is repeated", text)
		}
	})
}
