package catalog

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestDataCenter(t *testing.T) {
	tests := []struct{ method, path, key, cloud string }{
		// The core API.
		{"GET", "/rest/api/1.0/projects", "GET /workspaces/{workspace}/projects", "/2.0/workspaces/{workspace}/projects"},
		{"POST", "/rest/api/latest/projects/", "POST /workspaces/{workspace}/projects", "/2.0/workspaces/{workspace}/projects"},
		{"GET", "/rest/api/1.0/projects/FTO", "GET /workspaces/{workspace}/projects/{project_key}", "/2.0/workspaces/{workspace}/projects/FTO"},
		{"GET", "/rest/api/1.0/projects/FTO/permissions/groups", "GET /workspaces/{workspace}/projects/{project_key}/permissions-config/groups", "/2.0/workspaces/{workspace}/projects/FTO/permissions-config/groups"},
		{"PUT", "/rest/api/1.0/projects/FTO/permissions/groups", "PUT /workspaces/{workspace}/projects/{project_key}/permissions-config/groups/{group_slug}", "/2.0/workspaces/{workspace}/projects/FTO/permissions-config/groups/{group_slug}"},
		{"DELETE", "/rest/api/1.0/projects/FTO/permissions/users", "DELETE /workspaces/{workspace}/projects/{project_key}/permissions-config/users/{selected_user_id}", "/2.0/workspaces/{workspace}/projects/FTO/permissions-config/users/{selected_user_id}"},
		{"GET", "/rest/api/1.0/projects/FTO/repos", "GET /repositories/{workspace}", "/2.0/repositories/{workspace}"},
		{"POST", "/rest/api/1.0/projects/FTO/repos", "POST /repositories/{workspace}/{repo_slug}", "/2.0/repositories/{workspace}/{repo_slug}"},
		{"GET", "/rest/api/1.0/projects/FTO/repos/widgets", "GET /repositories/{workspace}/{repo_slug}", "/2.0/repositories/{workspace}/widgets"},
		{"POST", "/rest/api/1.0/projects/FTO/repos/widgets", "POST /repositories/{workspace}/{repo_slug}/forks", "/2.0/repositories/{workspace}/widgets/forks"},
		{"DELETE", "/rest/api/1.0/projects/FTO/repos/widgets", "DELETE /repositories/{workspace}/{repo_slug}", "/2.0/repositories/{workspace}/widgets"},
		{"GET", "/bitbucket/rest/api/1.0/projects/FTO/repos/widgets/branches", "GET /repositories/{workspace}/{repo_slug}/refs/branches", "/2.0/repositories/{workspace}/widgets/refs/branches"},
		{"GET", "/rest/api/1.0/projects/FTO/repos/widgets/tags/v1%2F0", "GET /repositories/{workspace}/{repo_slug}/refs/tags/{name}", "/2.0/repositories/{workspace}/widgets/refs/tags/v1%2F0"},
		{"GET", "/rest/api/1.0/projects/FTO/repos/widgets/commits/abc", "GET /repositories/{workspace}/{repo_slug}/commit/{commit}", "/2.0/repositories/{workspace}/widgets/commit/abc"},
		{"GET", "/rest/api/1.0/projects/FTO/repos/widgets/commits/abc/changes", "GET /repositories/{workspace}/{repo_slug}/diffstat/{spec}", "/2.0/repositories/{workspace}/widgets/diffstat/abc"},
		{"GET", "/rest/api/1.0/projects/FTO/repos/widgets/browse/a/b.go", "GET /repositories/{workspace}/{repo_slug}/src/{commit}/{path}", "/2.0/repositories/{workspace}/widgets/src/{commit}/a/b.go"},
		{"PUT", "/rest/api/1.0/projects/FTO/repos/widgets/browse/a/b.go", "POST /repositories/{workspace}/{repo_slug}/src", "/2.0/repositories/{workspace}/widgets/src"},
		{"GET", "/rest/api/1.0/projects/FTO/repos/widgets/pull-requests/7/activities", "GET /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/activity", "/2.0/repositories/{workspace}/widgets/pullrequests/7/activity"},
		{"POST", "/rest/api/1.0/projects/FTO/repos/widgets/pull-requests/7/merge", "POST /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/merge", "/2.0/repositories/{workspace}/widgets/pullrequests/7/merge"},
		{"GET", "/rest/api/1.0/projects/FTO/repos/widgets/pull-requests/7/merge", "POST /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/merge", "/2.0/repositories/{workspace}/widgets/pullrequests/7/merge"},
		{"PUT", "/rest/api/1.0/projects/FTO/repos/widgets/pull-requests/7/participants/jane", "POST /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/approve", "/2.0/repositories/{workspace}/widgets/pullrequests/7/approve"},
		{"POST", "/rest/api/1.0/projects/FTO/repos/widgets/webhooks", "POST /repositories/{workspace}/{repo_slug}/hooks", "/2.0/repositories/{workspace}/widgets/hooks"},
		{"GET", "/rest/api/1.0/users/jane/repos/widgets/tags", "GET /repositories/{workspace}/{repo_slug}/refs/tags", "/2.0/repositories/{workspace}/widgets/refs/tags"},
		{"GET", "/rest/api/1.0/users/jane", "GET /users/{selected_user}", "/2.0/users/jane"},
		{"GET", "/rest/api/1.0/inbox/pull-requests", "GET /workspaces/{workspace}/pullrequests/{selected_user}", "/2.0/workspaces/{workspace}/pullrequests/{selected_user}"},
		{"GET", "/rest/api/1.0/profile/recent/repos", "GET /repositories/{workspace}", "/2.0/repositories/{workspace}"},
		{"POST", "/rest/api/1.0/admin/license", "", ""},
		{"GET", "/rest/api/1.0/something/else", "", ""},
		{"GET", "/rest/api/1.0", "", ""},
		{"GET", "/rest/api/2.0/repositories/acme/widgets", "GET /repositories/{workspace}/{repo_slug}", "/2.0/repositories/acme/widgets"},
		{"GET", "/2.0/rest/api/1.0/projects/FTO", "GET /workspaces/{workspace}/projects/{project_key}", "/2.0/workspaces/{workspace}/projects/FTO"},
		// The APIs beside it.
		{"POST", "/rest/build-status/1.0/commits/abc", "POST /repositories/{workspace}/{repo_slug}/commit/{commit}/statuses/build", "/2.0/repositories/{workspace}/{repo_slug}/commit/abc/statuses/build"},
		{"GET", "/rest/default-reviewers/1.0/projects/FTO/repos/widgets/conditions", "GET /repositories/{workspace}/{repo_slug}/default-reviewers", "/2.0/repositories/{workspace}/widgets/default-reviewers"},
		{"GET", "/rest/branch-permissions/2.0/projects/FTO/repos/widgets/restrictions", "GET /repositories/{workspace}/{repo_slug}/branch-restrictions", "/2.0/repositories/{workspace}/widgets/branch-restrictions"},
		{"DELETE", "/rest/branch-utils/1.0/projects/FTO/repos/widgets/branches", "DELETE /repositories/{workspace}/{repo_slug}/refs/branches/{name}", "/2.0/repositories/{workspace}/widgets/refs/branches/{name}"},
		{"GET", "/rest/keys/1.0/projects/FTO/repos/widgets/ssh/3", "GET /repositories/{workspace}/{repo_slug}/deploy-keys/{key_id}", "/2.0/repositories/{workspace}/widgets/deploy-keys/3"},
		{"POST", "/rest/ssh/1.0/keys", "POST /users/{selected_user}/ssh-keys", "/2.0/users/{selected_user}/ssh-keys"},
		{"PUT", "/rest/access-tokens/1.0/users/jane", "", ""},
		// Pieces of such paths below /2.0.
		{"GET", "/2.0/workspaces/acme/projects/FTO/permissions/groups", "GET /workspaces/{workspace}/projects/{project_key}/permissions-config/groups", "/2.0/workspaces/acme/projects/FTO/permissions-config/groups"},
		{"GET", "/2.0/workspaces/acme/projects/FTO/permissions/groups/", "GET /workspaces/{workspace}/projects/{project_key}/permissions-config/groups", "/2.0/workspaces/acme/projects/FTO/permissions-config/groups"},
		{"PUT", "/2.0/workspaces/acme/projects/FTO/permissions/groups/dev", "PUT /workspaces/{workspace}/projects/{project_key}/permissions-config/groups/{group_slug}", "/2.0/workspaces/acme/projects/FTO/permissions-config/groups/dev"},
		{"GET", "/2.0/projects/FTO/permissions/users", "GET /workspaces/{workspace}/projects/{project_key}/permissions-config/users", "/2.0/workspaces/{workspace}/projects/FTO/permissions-config/users"},
		{"GET", "/2.0/projects/FTO/repos/x", "GET /repositories/{workspace}/{repo_slug}", "/2.0/repositories/{workspace}/x"},
		{"GET", "/2.0/projects/FTO/repos/x/pull-requests/1/diff", "GET /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/diff", "/2.0/repositories/{workspace}/x/pullrequests/1/diff"},
		{"GET", "/2.0/repositories/acme/widgets/permissions/groups", "GET /repositories/{workspace}/{repo_slug}/permissions-config/groups", "/2.0/repositories/acme/widgets/permissions-config/groups"},
		{"GET", "/2.0/repositories/acme/widgets/pull-requests", "GET /repositories/{workspace}/{repo_slug}/pullrequests", "/2.0/repositories/acme/widgets/pullrequests"},
		{"GET", "/2.0/repositories/acme/widgets/branches", "GET /repositories/{workspace}/{repo_slug}/refs/branches", "/2.0/repositories/acme/widgets/refs/branches"},
		{"GET", "/2.0/workspaces/acme/projects/FTO/repos", "GET /repositories/{workspace}", "/2.0/repositories/acme"},
		{"GET", "/2.0/workspaces/acme/projects/FTO/repos/x/browse", "GET /repositories/{workspace}/{repo_slug}/src", "/2.0/repositories/acme/x/src"},
		{"GET", "/2.0/projects", "GET /workspaces/{workspace}/projects", "/2.0/workspaces/{workspace}/projects"},
		// Git.
		{"GET", "/scm/fto/widgets.git", "", "/{workspace}/widgets.git"},
		{"GET", "/scm/~jane/widgets.git/info/refs", "", "/{workspace}/widgets.git/info/refs"},
		{"POST", "/stash/scm/fto/widgets/git-upload-pack", "", "/{workspace}/widgets.git/git-upload-pack"},
	}
	for _, test := range tests {
		hit, ok := DataCenter(test.method, test.path)
		if !ok {
			t.Errorf("%s %s is no hit", test.method, test.path)
			continue
		}
		key := ""
		if hit.Operation != nil {
			key = hit.Operation.Key
		}
		if key != test.key || hit.Path != test.cloud {
			t.Errorf("%s %s is %q at %q, want %q at %q", test.method, test.path, key, hit.Path, test.key, test.cloud)
		}
		if hit.From == "" || hit.Note == "" {
			t.Errorf("%s %s: %+v explains nothing", test.method, test.path, hit)
		}
	}
}

func TestNoDataCenter(t *testing.T) {
	for _, path := range []string{
		"", "/", "/2.0", "/2.0/", "/2.0/user", "/2.0/nothing", "/user", "/projects/FTO", "/rest", "/rest/api/3/issue/X-1", "/rest/api/3/users",
		"/rest/api/latest/issue/X-1", "/rest/agile/1.0/board", "/a/b/rest/api/1.0/projects", "/scm", "/scm/widgets.git", "/scm/fto/widgets",
		"/scm/widgets.git/info/refs", "/acme/widgets.git", "/acme/scm/src/x.git", "/2.0/repos/acme/widgets", "/2.0/projects/FTO%", "/rest/api/1.0/projects/%zz",
		"/2.0/users/jane/repos", "/rest/api/1.0/" + strings.Repeat("x", maxDataCenterPath),
	} {
		if hit, ok := DataCenter("GET", path); ok {
			t.Errorf("%q is %+v", path, hit)
		}
	}
}

// Every route leads to a template of the catalogue, and none is shadowed by
// one before it.
func TestDataCenterRoutesLeadSomewhere(t *testing.T) {
	for name, table := range map[string]dcTable{"core": dcTables().core, "plugins": dcTables().plugins, "fragments": dcTables().fragments} {
		for _, e := range table {
			if e.to != "" && operationAt("GET", e.to) == nil {
				t.Errorf("%s: %s leads to %s, which is no template", name, e.from, e.to)
			}
			if e.to == "" && e.note == "" {
				t.Errorf("%s: %s leads nowhere and does not say why", name, e.from)
			}
			method := e.method
			if method == "" {
				method = "PATCH"
			}
			path := strings.NewReplacer("...}", "}", "{version}", "1.0").Replace(e.from)
			path = strings.NewReplacer("{", "a-", "}", "").Replace(path)
			hit, ok := table.match(method, path)
			if !ok || hit.From != e.shown {
				t.Errorf("%s: %s %s gets %q, want %q", name, method, path, hit.From, e.shown)
			}
		}
	}
}

// A path that Cloud documents is never taken for Data Center's.
func TestDocumentedPathsAreNeverDataCenter(t *testing.T) {
	for _, op := range All() {
		rapid.Check(t, func(t *rapid.T) {
			path, _ := fill(t, op)
			method := rapid.SampledFrom([]string{"GET", "POST", "PUT", "DELETE", "PATCH"}).Draw(t, "method")
			if hit, ok := DataCenter(method, "/2.0"+path); ok {
				t.Fatalf("%s is %+v", path, hit)
			}
		})
	}
}

// A hit explains itself, and its path is one of Cloud's.
func FuzzDataCenter(f *testing.F) {
	for _, e := range dcTables().fragments {
		f.Add("GET", "/2.0"+e.from)
	}
	for _, e := range dcTables().core {
		f.Add("PUT", "/rest/api/1.0"+e.from)
	}
	for _, e := range dcTables().plugins {
		f.Add("POST", "/rest"+strings.ReplaceAll(e.from, "{version}", "1.0"))
	}
	f.Add("GET", "/scm/a/b.git/info/refs")
	f.Fuzz(func(t *testing.T, method, path string) {
		hit, ok := DataCenter(method, path)
		if !ok {
			if hit != (DataCenterHit{}) {
				t.Fatalf("%q: no hit, but %+v", path, hit)
			}
			return
		}
		if hit.From == "" || hit.Note == "" {
			t.Fatalf("%q: %+v explains nothing", path, hit)
		}
		if hit.Operation == nil {
			return
		}
		below, ok := strings.CutPrefix(hit.Path, "/2.0")
		_, outcome := Find(hit.Operation.Method, below)
		if !ok || outcome == Unknown {
			t.Fatalf("%q leads to %q, which is unknown", path, hit.Path)
		}
	})
}

func BenchmarkDataCenter(b *testing.B) {
	for b.Loop() {
		DataCenter("GET", "/2.0/workspaces/acme/projects/FTO/permissions/groups")
	}
}
