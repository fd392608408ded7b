package catalog

import (
	"slices"
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	const repo = "/repositories/{workspace}/{repo_slug}"
	tests := []struct{ method, path, first string }{
		{"GET", "/repository/acme/widgets", "GET " + repo},
		{"GET", "/repos/acme/widgets", "GET " + repo},
		{"DELETE", "/Repositories/acme/widgets", "DELETE " + repo},
		{"GET", "/workspaces/acme/project/FTO", "GET /workspaces/{workspace}/projects/{project_key}"},
		{"GET", "/workspace/acme", "GET /workspaces/{workspace}"},
		{"GET", "/workspaces/acme/projects/FTO/permissions/groups", "GET /workspaces/{workspace}/projects/{project_key}/permissions-config/groups"},
		{"PUT", "/workspaces/acme/projects/FTO/permission-config/groups/dev", "PUT /workspaces/{workspace}/projects/{project_key}/permissions-config/groups/{group_slug}"},
		{"GET", "/workspaces/acme/permission", "GET /workspaces/{workspace}/permissions"},
		{"GET", "/workspaces/acme/runners", "GET /workspaces/{workspace}/pipelines-config/runners"},
		{"GET", "/workspaces/acme/members/x/y", "GET /workspaces/{workspace}/members/{member}"},
		{"GET", "/user/workspace", "GET /user/workspaces"},
		{"GET", "/me", "GET /user"},
		{"GET", "/workspace", "GET /user/workspaces"},
		{"GET", "/repository", "GET /repositories/{workspace}"},
		{"GET", "/ussr", "GET /user"},
		{"GET", "/repositories/acme/widgets/branches", "GET " + repo + "/refs/branches"},
		{"POST", "/repositories/acme/widgets/tags", "POST " + repo + "/refs/tags"},
		{"GET", "/repositories/acme/widgets/pull-requests/7", "GET " + repo + "/pullrequests/{pull_request_id}"},
		{"GET", "/repositories/acme/widgets/pulls", "GET " + repo + "/pullrequests"},
		{"POST", "/repositories/acme/widgets/pullrequest", "POST " + repo + "/pullrequests"},
		{"PUT", "/repositories/acme/widgets/pullrequests/7/merge", "POST " + repo + "/pullrequests/{pull_request_id}/merge"},
		{"GET", "/repositories/acme/widgets/pull-requests/7/comments", "GET " + repo + "/pullrequests/{pull_request_id}/comments"},
		{"POST", "/repositories/acme/widgets/commit/abc/build", "POST " + repo + "/commit/{commit}/statuses/build"},
		{"POST", "/repositories/acme/widgets/pullrequests/7/reject", "POST " + repo + "/pullrequests/{pull_request_id}/decline"},
		{"POST", "/repositories/acme/widgets/pullrequests/7/zzz", "PUT " + repo + "/pullrequests/{pull_request_id}"},
		{"POST", "/repositories/acme/widgets/branch", "POST " + repo + "/branch-restrictions"},
		{"GET", "/repositories/acme/widgets/webhooks", "GET " + repo + "/hooks"},
		{"POST", "/repositories/acme/widgets/deploykeys", "POST " + repo + "/deploy-keys"},
		{"GET", "/repositories/acme/widgets/raw/main/README.md", "GET " + repo + "/src/{commit}/{path}"},
		{"GET", "/repositories/acme/widgets/pipelines-config/variables", "GET " + repo + "/pipelines_config/variables"},
	}
	for _, test := range tests {
		got := Nearest(test.method, test.path, 3)
		if len(got) == 0 || got[0].Key != test.first {
			t.Errorf("%s %s: %s, want %s first", test.method, test.path, keys(got), test.first)
		}
		if again := Nearest(test.method, test.path, 3); !slices.Equal(got, again) {
			t.Errorf("%s %s: %s, then %s", test.method, test.path, keys(got), keys(again))
		}
	}
	for _, path := range []string{"", "/", "///", "/foo/bar/baz", "/\x00", "/%%%"} {
		if got := Nearest("GET", path, 3); len(got) != 0 {
			t.Errorf("%q: %s, want none", path, keys(got))
		}
	}
	for _, n := range []int{0, -1} {
		if got := Nearest("GET", "/users", n); got != nil {
			t.Errorf("%d answers wanted: %s", n, keys(got))
		}
	}
}

// A path that an operation has is nearest to that operation, unless nobody can
// call it.
func TestEveryTemplateIsNearestToItself(t *testing.T) {
	for _, op := range All() {
		path := strings.NewReplacer("{", "x1-", "}", "").Replace(op.Template)
		got := Nearest(op.Method, path, 1)
		if op.Removed != nil {
			got = Nearest(op.Method, path, 3)
			if !slices.ContainsFunc(got, func(near *Operation) bool { return slices.Contains(op.Removed.Replacement, near.Key) }) {
				t.Errorf("%s is gone: %s", op.Key, keys(got))
			}
			continue
		}
		if op.AppOnly() {
			continue
		}
		if len(got) == 0 || got[0].Template != op.Template && !sameShape(got[0].Template, op.Template) {
			t.Errorf("%s: %s", op.Key, keys(got))
		}
	}
}

// sameShape reports whether two templates differ in the names of parameters
// only.
func sameShape(a, b string) bool {
	blank := func(s string) string {
		segments := strings.Split(s, "/")
		for i, segment := range segments {
			if strings.Contains(segment, "{") {
				segments[i] = "{}"
			}
		}
		return strings.Join(segments, "/")
	}
	return blank(a) == blank(b)
}

func TestNearestLimitsHold(t *testing.T) {
	for _, l := range nearLiterals {
		if len(l.lower) > nearBytes {
			t.Errorf("%q is longer than Nearest looks", l.name)
		}
	}
	names := map[string]bool{}
	for _, l := range nearLiterals {
		names[l.name] = true
	}
	for word, name := range synonyms {
		if !names[name] || word != plainWord(strings.ToLower(word)) {
			t.Errorf("synonym %q for %q leads nowhere", word, name)
		}
	}
	for _, tmpl := range nearTemplates {
		if len(tmpl) > nearSegments {
			t.Errorf("a template has %d segments", len(tmpl))
		}
	}
}

func keys(ops []*Operation) string {
	var list []string
	for _, op := range ops {
		list = append(list, op.Key)
	}
	return strings.Join(list, ", ")
}

func FuzzNearest(f *testing.F) {
	for _, op := range All() {
		f.Add(op.Method, op.Template, 3)
	}
	f.Add("GET", strings.Repeat("/", 1000), 1)
	f.Add("GET", strings.Repeat("/repositoriez", 100), 400)
	f.Add("GET", "/\xff\xfe/"+strings.Repeat("\u0130", 26), 2)
	f.Fuzz(func(t *testing.T, method, path string, n int) {
		got := Nearest(method, path, n)
		if len(got) > max(n, 0) {
			t.Fatalf("%d answers, %d wanted", len(got), n)
		}
		seen := map[string]bool{}
		for _, op := range got {
			if seen[op.Template] {
				t.Fatalf("%s twice", op.Template)
			}
			seen[op.Template] = true
		}
	})
}

func BenchmarkNearest(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Nearest("GET", "/workspaces/acme/project/FTO/permission/groups", 3)
	}
}

func BenchmarkNearestHostile(b *testing.B) {
	path := strings.Repeat("/"+strings.Repeat("repositor", 100), 1000)
	b.ReportAllocs()
	for b.Loop() {
		Nearest("GET", path, 3)
	}
}
