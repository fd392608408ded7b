package catalog

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestFind(t *testing.T) {
	const repo = "/repositories/{workspace}/{repo_slug}"
	tests := []struct {
		method, path string
		key          string
		params       string
	}{
		{"GET", "/user", "GET /user", ""},
		{"GET", "/user/", "GET /user", ""},
		{"HEAD", "/user", "GET /user", ""},
		{"GET", "/%75ser", "GET /user", ""},
		{"GET", "/user/emails/jane%40example.com", "GET /user/emails/{email}", "email=jane@example.com"},
		{"GET", "/users/%7B1f3c%7D", "GET /users/{selected_user}", "selected_user={1f3c}"},
		{"GET", "/users/{1f3c}", "GET /users/{selected_user}", "selected_user={1f3c}"},
		{"GET", "/users/712020:1f3c", "GET /users/{selected_user}", "selected_user=712020:1f3c"},
		{"GET", "/repositories/acme/widgets", "GET " + repo, "workspace=acme repo_slug=widgets"},
		{"GET", "/repositories/acme/a+b%20c", "GET " + repo, "workspace=acme repo_slug=a+b c"},
		{"GET", "/repositories/acme/widgets/refs/branches/main", "GET " + repo + "/refs/branches/{name}", "workspace=acme repo_slug=widgets name=main"},
		{"GET", "/repositories/acme/widgets/refs/branches/feature/x", "GET " + repo + "/refs/branches/{name}", "workspace=acme repo_slug=widgets name=feature/x"},
		{"DELETE", "/repositories/acme/widgets/refs/branches/feature%2Fx", "DELETE " + repo + "/refs/branches/{name}", "workspace=acme repo_slug=widgets name=feature/x"},
		{"GET", "/repositories/acme/widgets/refs/branches/", "GET " + repo + "/refs/branches", "workspace=acme repo_slug=widgets"},
		{"GET", "/repositories/acme/widgets/refs/tags/v1/rc/2/", "GET " + repo + "/refs/tags/{name}", "workspace=acme repo_slug=widgets name=v1/rc/2"},
		{"GET", "/repositories/acme/widgets/src", "GET " + repo + "/src", "workspace=acme repo_slug=widgets"},
		{"POST", "/repositories/acme/widgets/src/", "POST " + repo + "/src", "workspace=acme repo_slug=widgets"},
		{"GET", "/repositories/acme/widgets/src/main/", "GET " + repo + "/src/{commit}/{path}", "workspace=acme repo_slug=widgets commit=main path="},
		{"GET", "/repositories/acme/widgets/src/main", "GET " + repo + "/src/{commit}/{path}", "workspace=acme repo_slug=widgets commit=main path="},
		{"GET", "/repositories/acme/widgets/src/feature%2Fx/docs/a%20b.md", "GET " + repo + "/src/{commit}/{path}", "workspace=acme repo_slug=widgets commit=feature/x path=docs/a b.md"},
		{"GET", "/repositories/acme/widgets/src/main/a//b", "GET " + repo + "/src/{commit}/{path}", "workspace=acme repo_slug=widgets commit=main path=a//b"},
		{"GET", "/repositories/acme/widgets/filehistory/main/a/b.go", "GET " + repo + "/filehistory/{commit}/{path}", "workspace=acme repo_slug=widgets commit=main path=a/b.go"},
		{"GET", "/repositories/acme/widgets/commits/feature/x", "GET " + repo + "/commits/{revision}", "workspace=acme repo_slug=widgets revision=feature/x"},
		{"GET", "/repositories/acme/widgets/diff/feature/x..main", "GET " + repo + "/diff/{spec}", "workspace=acme repo_slug=widgets spec=feature/x..main"},
		{"GET", "/repositories/acme/widgets/patch/a%2Fb..c", "GET " + repo + "/patch/{spec}", "workspace=acme repo_slug=widgets spec=a/b..c"},
		{"GET", "/repositories/acme/widgets/merge-base/a/b..c/d", "GET " + repo + "/merge-base/{revspec}", "workspace=acme repo_slug=widgets revspec=a/b..c/d"},
		{"GET", "/repositories/acme/widgets/downloads/dist/app.zip", "GET " + repo + "/downloads/{filename}", "workspace=acme repo_slug=widgets filename=dist/app.zip"},
		{"GET", "/repositories/acme/widgets/commit/abc/statuses/build/K%2F1", "GET " + repo + "/commit/{commit}/statuses/build/{key}", "workspace=acme repo_slug=widgets commit=abc key=K/1"},
		{"GET", "/repositories/acme/widgets/pullrequests/activity", "GET " + repo + "/pullrequests/activity", "workspace=acme repo_slug=widgets"},
		{"GET", "/repositories/acme/widgets/pullrequests/7", "GET " + repo + "/pullrequests/{pull_request_id}", "workspace=acme repo_slug=widgets pull_request_id=7"},
		{"GET", "/repositories/acme/widgets/pullrequests/7/properties/app/p", "GET " + repo + "/pullrequests/{pullrequest_id}/properties/{app_key}/{property_name}", "workspace=acme repo_slug=widgets pullrequest_id=7 app_key=app property_name=p"},
		{"GET", "/repositories/acme/widgets/issues/export/my-issues-list-issues-42.zip", "GET " + repo + "/issues/export/{repo_name}-issues-{task_id}.zip", "workspace=acme repo_slug=widgets repo_name=my-issues-list task_id=42"},
		{"GET", "/repositories/acme/widgets/issues/export/a%20b-issues-%7B42%7D.zip", "GET " + repo + "/issues/export/{repo_name}-issues-{task_id}.zip", "workspace=acme repo_slug=widgets repo_name=a b task_id={42}"},
		{"GET", "/snippets/acme/xK/0f3a", "GET /snippets/{workspace}/{encoded_id}/{node_id}", "workspace=acme encoded_id=xK node_id=0f3a"},
		{"GET", "/snippets/acme/xK/0f3a/diff", "GET /snippets/{workspace}/{encoded_id}/{revision}/diff", "workspace=acme encoded_id=xK revision=0f3a"},
		{"GET", "/snippets/acme/xK/refs/heads/main/diff", "GET /snippets/{workspace}/{encoded_id}/{revision}/diff", "workspace=acme encoded_id=xK revision=refs/heads/main"},
		{"GET", "/snippets/acme/xK/0f3a/files/a/diff", "GET /snippets/{workspace}/{encoded_id}/{node_id}/files/{path}", "workspace=acme encoded_id=xK node_id=0f3a path=a/diff"},
		{"GET", "/snippets/acme/xK/files/a/b", "GET /snippets/{workspace}/{encoded_id}/files/{path}", "workspace=acme encoded_id=xK path=a/b"},
		{"GET", "/workspaces/acme/projects/FTO/permissions-config/groups", "GET /workspaces/{workspace}/projects/{project_key}/permissions-config/groups", "workspace=acme project_key=FTO"},
	}
	for _, test := range tests {
		m, outcome := Find(test.method, test.path)
		if outcome != Found {
			t.Errorf("%s %s: %v", test.method, test.path, outcome)
			continue
		}
		if m.Operation.Key != test.key {
			t.Errorf("%s %s is %s, want %s", test.method, test.path, m.Operation.Key, test.key)
			continue
		}
		var params []string
		for name, value := range m.Params() {
			params = append(params, name+"="+value)
			if m.Param(name) != value {
				t.Errorf("%s: Param(%q) = %q, Params says %q", test.path, name, m.Param(name), value)
			}
		}
		if got := strings.Join(params, " "); got != test.params {
			t.Errorf("%s %s has %q, want %q", test.method, test.path, got, test.params)
		}
	}
}

func TestFindUnknown(t *testing.T) {
	for _, path := range []string{
		"", "/", "//", "user", "/userx", "/User", "/user//", "//user", "/user/emails/a/b",
		"/repositories//widgets", "/repositories/acme//src", "/repositories/acme/widgets/refs/branches//x",
		"/repositories/acme/widgets/nothing", "/repositories/acme/widgets/filehistory/main/",
		"/repositories/acme/widgets%", "/repositories/acme/widgets%4", "/repositories/acme/%zz", "/repositories/acme/a%00b",
		"/repositories/acme/a\x00b", "/repositories/acme/widgets%2Fforks%2",
		"/repositories/acme/widgets/issues/export/-issues-1.zip", "/repositories/acme/widgets/issues/export/a-issues-.zip",
		"/repositories/acme/widgets/issues/export/issues.zip",
		"/workspaces/acme/projects/FTO/permissions/groups",
	} {
		if m, outcome := Find("GET", path); outcome != Unknown || m.Operation != nil || m.Allowed() != nil {
			t.Errorf("%q: %v, %v", path, outcome, m.Operation)
		}
	}
}

func TestFindMethodNotAllowed(t *testing.T) {
	for _, test := range []struct{ method, path, allowed string }{
		{"PATCH", "/user", "GET HEAD"},
		{"get", "/user", "GET HEAD"},
		{"POST", "/user/", "GET HEAD"},
		{"PUT", "/repositories/acme/widgets/pullrequests/activity", "GET HEAD"},
		{"PATCH", "/repositories/acme/widgets", "GET HEAD POST PUT DELETE"},
		{"HEAD", "/repositories/acme/widgets/pullrequests/7/approve", "POST DELETE"},
		{"POST", "/repositories/acme/widgets/src/main/", "GET HEAD"},
	} {
		m, outcome := Find(test.method, test.path)
		if outcome != MethodNotAllowed || m.Operation != nil {
			t.Errorf("%s %s: %v, %v", test.method, test.path, outcome, m.Operation)
		}
		if got := strings.Join(m.Allowed(), " "); got != test.allowed {
			t.Errorf("%s %s allows %s, want %s", test.method, test.path, got, test.allowed)
		}
		for range m.Params() {
			t.Errorf("%s %s has parameters", test.method, test.path)
		}
		if m.Param("workspace") != "" {
			t.Errorf("%s %s has a workspace", test.method, test.path)
		}
	}
}

// reserved holds the literals that may stand where some template has a
// parameter; a value must not be one of them, since literals are preferred.
var reserved = func() map[string]bool {
	m := map[string]bool{}
	for _, op := range All() {
		for segment := range strings.SplitSeq(op.Template, "/") {
			if !strings.Contains(segment, "{") {
				m[segment] = true
			}
		}
	}
	return m
}()

// value draws a parameter's value: any text that a path can carry.
func value(t *rapid.T, name string) string {
	return rapid.OneOf(
		rapid.StringMatching(`[a-zA-Z0-9_.~{}:@+-]{1,20}`),
		rapid.StringN(1, 12, 48),
	).Filter(func(s string) bool {
		return s != "" && !reserved[s] && !strings.ContainsRune(s, 0) && !strings.Contains(s, "-issues-") && utf8.ValidString(s)
	}).Draw(t, name)
}

func fill(t *rapid.T, op *Operation) (string, map[string]string) {
	values := map[string]string{}
	path := op.Template
	for _, name := range op.Params() {
		v := value(t, name)
		values[name] = v
		escaped := url.PathEscape(v)
		if rapid.Bool().Draw(t, "braces unescaped") {
			escaped = strings.NewReplacer("%7B", "{", "%7D", "}").Replace(escaped)
		}
		// From the left; names stand in order and occur once in a template.
		path = strings.Replace(path, "{"+name+"}", escaped, 1)
	}
	return path, values
}

// Every template, filled with any values, finds its own operation and gives
// the values back.
func TestEveryTemplateRoundTrips(t *testing.T) {
	for _, op := range All() {
		rapid.Check(t, func(t *rapid.T) {
			path, values := fill(t, op)
			if rapid.Bool().Draw(t, "trailing slash") {
				path += "/"
			}
			m, outcome := Find(op.Method, path)
			if outcome != Found || m.Operation != op {
				t.Fatalf("%s %s: %v, %+v", op.Method, path, outcome, m.Operation)
			}
			for name, want := range values {
				if got := m.Param(name); got != want {
					t.Fatalf("%s %s: %s is %q, want %q", op.Method, path, name, got, want)
				}
			}
		})
	}
}

func TestFindDoesNotAllocate(t *testing.T) {
	for _, path := range []string{
		"/user", "/repositories/acme/widgets/refs/branches/feature%2Fx", "/snippets/acme/x/a/b/c/diff",
		"/repositories/acme/widgets/issues/export/a-issues-1.zip", "/re%70ositories/acme/widgets", "/nothing/here", "/%zz",
	} {
		if n := testing.AllocsPerRun(100, func() { Find("GET", path) }); n != 0 {
			t.Errorf("%s: %v allocations", path, n)
		}
	}
	m, _ := Find("GET", "/repositories/acme/wid%20gets")
	if n := testing.AllocsPerRun(100, func() { m.Param("workspace") }); n != 0 {
		t.Errorf("a plain value takes %v allocations", n)
	}
}

func FuzzFind(f *testing.F) {
	for _, op := range All() {
		f.Add(op.Method, op.Template)
	}
	f.Add("GET", "/repositories/a/b/src/%E2%9C%93/..//%2e%2E/")
	f.Add("HEAD", "/snippets/a/b/c/d/e/files/diff/patch")
	f.Add("GET", "/%")
	f.Fuzz(func(t *testing.T, method, path string) {
		m, outcome := Find(method, path)
		switch outcome {
		case Found:
			if m.Operation == nil || (m.Operation.Method != method && !(method == "HEAD" && m.Operation.Method == "GET")) {
				t.Fatalf("%q %q found %+v", method, path, m.Operation)
			}
			for name, value := range m.Params() {
				if value == "" && !(name == "path" && strings.HasSuffix(m.Operation.Template, emptyTail)) {
					t.Fatalf("%q: %s is empty", path, name)
				}
				if strings.ContainsRune(value, 0) {
					t.Fatalf("%q: NUL in %s", path, name)
				}
			}
		case MethodNotAllowed:
			if m.Operation != nil || len(m.Allowed()) == 0 || slices.Contains(m.Allowed(), method) {
				t.Fatalf("%q %q: %v", method, path, m.Allowed())
			}
		default:
			if m.Operation != nil || m.Allowed() != nil {
				t.Fatalf("%q %q: unknown, but %+v", method, path, m)
			}
		}
	})
}

func BenchmarkFindAll(b *testing.B) {
	type request struct{ method, path string }
	var requests []request
	for _, op := range All() {
		requests = append(requests, request{op.Method, strings.NewReplacer("{", "", "}", "").Replace(op.Template)})
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		r := requests[i%len(requests)]
		if _, outcome := Find(r.method, r.path); outcome != Found {
			b.Fatal(r)
		}
		i++
	}
}

func BenchmarkFindEscaped(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		m, _ := Find("GET", "/repositories/%7Bacme%7D/widgets/refs/branches/feature%2Fx")
		if m.Param("name") != "feature/x" {
			b.Fatal(m)
		}
	}
}

func BenchmarkFindUnknown(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, outcome := Find("GET", "/workspaces/acme/projects/FTO/permissions/groups"); outcome != Unknown {
			b.Fatal(outcome)
		}
	}
}

// The search takes a wrong turn back without a trace, in trees that the
// catalogue does not grow today.
func TestWalkGoesBack(t *testing.T) {
	var ops []*Operation
	for _, template := range []string{
		"/a/{x}-issues-{y}.zip/end", "/a/{whole}/other",
		"/b/fixed/{x}/end", "/b/{whole}/{y}/other",
		"/c/commits/{revision}/end", "/c/{whole}/{y}/{z}",
	} {
		ops = append(ops, &Operation{Method: "GET", Template: template, params: paramNames(template)})
	}
	tree, _ := plant(ops)
	for path, want := range map[string]string{
		"a/p-issues-q.zip/end":   "/a/{x}-issues-{y}.zip/end p q",
		"a/p-issues-q.zip/other": "/a/{whole}/other p-issues-q.zip",
		"b/fixed/1/end":          "/b/fixed/{x}/end 1",
		"b/fixed/1/other":        "/b/{whole}/{y}/other fixed 1",
		"c/commits/1/2/3/end":    "/c/commits/{revision}/end 1/2/3",
		"c/commits/1/2":          "/c/{whole}/{y}/{z} commits 1 2",
	} {
		m := Match{path: path}
		m.leaf = tree.walk(&m, 0)
		if m.leaf == nil {
			t.Errorf("%s is unknown", path)
			continue
		}
		got := m.leaf.template
		for i := range m.n {
			got += " " + m.value(i)
		}
		if got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}
