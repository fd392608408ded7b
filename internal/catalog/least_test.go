package catalog

import (
	"testing"

	"github.com/pailforge/pail/internal/scope"
	"pgregory.net/rapid"
)

func TestLeast(t *testing.T) {
	one := func(r scope.Requirement) *Operation { return &Operation{Scopes: r} }
	for _, c := range []struct {
		name string
		ops  []*Operation
		want scope.Set
	}{
		{"none", nil, scope.Set{}},
		{"nil and no scopes", []*Operation{nil, one(nil)}, scope.Set{}},
		{"a union", []*Operation{one(need(scope.ReadUser)), one(need(scope.ReadProject, scope.ReadUser))}, scope.NewSet(scope.ReadUser, scope.ReadProject)},
		{"the earlier alternative", []*Operation{byKey["DELETE /repositories/{workspace}/{repo_slug}/issues/{issue_id}"]}, scope.NewSet(scope.DeleteIssue)},
		{"the alternative that is there anyway", []*Operation{byKey["DELETE /repositories/{workspace}/{repo_slug}/issues/{issue_id}"], one(need(scope.WriteIssue))}, scope.NewSet(scope.WriteIssue)},
		{"one inside of another", []*Operation{byKey["POST /repositories/{workspace}/{repo_slug}/issues/{issue_id}/comments"]}, scope.NewSet(scope.ReadIssue)},
		{"two choices with one answer", []*Operation{
			one(need(scope.ReadUser).Or(scope.ReadWiki)), one(need(scope.ReadProject).Or(scope.ReadWiki)),
		}, scope.NewSet(scope.ReadWiki)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Least(c.ops); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// TestLeastIsEnoughAndLeast: with the answer every operation is allowed; with a scope less, one is not, except that a
// smaller answer through another alternative would have been taken.
func TestLeastIsEnoughAndLeast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ops := rapid.SliceOfN(rapid.SampledFrom(operations), 0, 12).Draw(t, "operations")
		least := Least(ops)
		allowed := func(granted scope.Set) bool {
			for _, op := range ops {
				if _, ok := op.Scopes.Missing(granted); !ok {
					return false
				}
			}
			return true
		}
		if !allowed(least) {
			t.Fatalf("%s is not enough", least)
		}
		for _, s := range least.Scopes() {
			if allowed(least.Without(scope.NewSet(s))) {
				t.Fatalf("%s is more than it takes: %s can go", least, s)
			}
		}
	})
}
