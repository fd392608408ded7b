package catalog

import (
	"slices"
	"testing"

	"github.com/pailforge/pail/internal/scope"
)

// Whatever a legacy grant let an app password call, the API-token scopes that
// take over let an API token call, but for the operations that scope.Migrate
// leaves out on purpose.
func TestMigrationCoversWhatWasPermitted(t *testing.T) {
	const (
		repo    = "/repositories/{workspace}/{repo_slug}"
		project = "/workspaces/{workspace}/projects/{project_key}"
	)
	left := []string{
		"GET /workspaces/{workspace}/permissions/repositories",
		"GET " + repo + "/permissions-config/groups",
		"GET " + repo + "/permissions-config/groups/{group_slug}",
		"GET " + repo + "/permissions-config/users",
		"GET " + repo + "/permissions-config/users/{selected_user_id}",
		"GET " + project + "/branching-model",
		"GET " + project + "/default-reviewers",
		"GET " + project + "/default-reviewers/{selected_user}",
		"POST " + repo + "/environments",
		"DELETE " + repo + "/environments/{environment_uuid}",
		"POST " + repo + "/environments/{environment_uuid}/changes",
	}
	for _, op := range All() {
		if !op.Accepts.Has(APIToken|AppPassword) || len(op.OAuthScopes) == 0 {
			continue
		}
		for _, legacy := range op.OAuthScopes {
			missing, ok := op.Scopes.Missing(scope.Migrate(legacy))
			if expected := !slices.Contains(left, op.Key); ok != expected {
				t.Errorf("%s: %v was enough, now %v is missing (covered: %v, want %v)", op.Key, legacy, missing, ok, expected)
			}
		}
	}
	for _, key := range left {
		if _, ok := Lookup(key); !ok {
			t.Errorf("%s is not in the catalogue", key)
		}
	}
}
