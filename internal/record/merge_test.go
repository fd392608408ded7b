package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/githttp"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/scope"
	"pgregory.net/rapid"
)

// drawRecording is any recording, also one whose numbers nobody would reach.
var drawRecording = rapid.Custom(func(t *rapid.T) *Recording {
	count := rapid.OneOf(rapid.Int64Range(0, 5), rapid.Int64Range(math.MaxInt64-3, math.MaxInt64))
	op := rapid.SampledFrom(append(catalog.All(), catalog.Own()...))
	statusOf := rapid.SampledFrom([]int{0, 200, 201, 401, 403, 404, 410, 500})
	r := &Recording{}
	start := time.Unix(rapid.Int64Range(0, 1e9).Draw(t, "start"), 0).UTC()
	if rapid.Bool().Draw(t, "any") {
		r.Window = Window{start, start.Add(time.Duration(rapid.IntRange(0, 1000).Draw(t, "for")) * time.Second)}
	}
	statuses := rapid.MapOfN(statusOf, count, 1, 3)
	for range rapid.IntRange(0, 4).Draw(t, "operations") {
		o := op.Draw(t, "operation")
		r.Operations = append(r.Operations, Operation{Method: o.Method, Path: prefix + o.Template, Count: count.Draw(t, "count"), Statuses: statuses.Draw(t, "statuses"), Anonymous: rapid.Int64Range(0, 2).Draw(t, "anonymous")})
	}
	for range rapid.IntRange(0, 2).Draw(t, "git") {
		r.Git = append(r.Git, Git{Repository: rapid.SampledFrom([]string{"acme/widgets", "acme/widgets/wiki", "acme/gadgets", "x/{…}"}).Draw(t, "repository"), Fetches: count.Draw(t, "fetches"), Pushes: count.Draw(t, "pushes")})
	}
	for range rapid.IntRange(0, 2).Draw(t, "refused") {
		o := op.Draw(t, "operation")
		r.Refused = append(r.Refused, Refused{Method: o.Method, Path: prefix + o.Template, Status: rapid.SampledFrom([]int{401, 403, 404}).Draw(t, "status"),
			Reason: rapid.SampledFrom([]reason.Code{"", reason.ScopeMissing}).Draw(t, "reason"), Missing: o.Scopes.Nearest(scope.Set{}), Count: count.Draw(t, "count")})
	}
	for range rapid.IntRange(0, 2).Draw(t, "unmatched") {
		u := stray("GET", rapid.SampledFrom([]string{"/2.0/nonsense", "/user", "/2.0/workspaces/acme/projects/FTO/permissions/groups"}).Draw(t, "path"))
		u.Count, u.Statuses = count.Draw(t, "count"), statuses.Draw(t, "statuses")
		r.Unmatched = append(r.Unmatched, u)
	}
	for range rapid.IntRange(0, 2).Draw(t, "credentials") {
		r.Credentials = append(r.Credentials, Credential{Type: "api_token", Granted: scope.NewSet(scope.Scope(rapid.IntRange(1, 5).Draw(t, "scope"))), Count: count.Draw(t, "count")})
	}
	r.Lost.Others = count.Draw(t, "others")
	return Merge(r)
})

func asJSON(t interface{ Fatal(...any) }, r *Recording) string {
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestMergeProperties: the order of recordings, and of merging, makes no difference; nothing is the neutral one; what
// is written and read again is the same; and the scopes grow only.
func TestMergeProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := drawRecording.Draw(t, "a"), drawRecording.Draw(t, "b"), drawRecording.Draw(t, "c")
		before := asJSON(t, a)
		ab := Merge(a, b)
		for name, pair := range map[string][2]*Recording{
			"commutative": {ab, Merge(b, a)}, "associative": {Merge(ab, c), Merge(a, Merge(b, c))}, "at once": {Merge(ab, c), Merge(c, a, b)}, "neutral": {a, Merge(Merge(), a)},
		} {
			if diff := cmp.Diff(asJSON(t, pair[0]), asJSON(t, pair[1])); diff != "" {
				t.Fatalf("not %s:\n%s", name, diff)
			}
		}
		if asJSON(t, a) != before {
			t.Fatal("merging changed what was merged")
		}
		again, err := Read(strings.NewReader(asJSON(t, ab)))
		if err != nil {
			t.Fatalf("not read again: %v\n%s", err, asJSON(t, ab))
		}
		if diff := cmp.Diff(asJSON(t, ab), asJSON(t, again)); diff != "" {
			t.Fatalf("read again:\n%s", diff)
		}
		for _, part := range []*Recording{a, b} {
			for i := range part.Operations {
				if o := &part.Operations[i]; o.needed() && o.operation().Accepts.Has(catalog.APIToken) {
					if missing, ok := o.operation().Scopes.Missing(ab.Scopes.Least); !ok {
						t.Fatalf("together they lack %v for %s", missing, o.Path)
					}
				}
			}
		}
		for _, write := range []func() error{func() error { return ab.Text(&bytes.Buffer{}) }, func() error { return ab.HTML(&bytes.Buffer{}) }} {
			if err := write(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

const small = `{"window":{"start":"2026-05-01T12:00:00Z","end":"2026-05-01T12:00:05Z"},
 "operations":[{"method":"GET","path":"/2.0/user","count":2,"statuses":{"200":1,"401":1},"scopes":["read:user:bitbucket"]}],
 "git":[{"repository":"acme/widgets","fetches":1,"pushes":0,"scopes":["read:repository:bitbucket"]}],
 "scopes":{"least":["read:user:bitbucket"],"granted":null,"unused":null},
 "refused":[{"method":"GET","path":"/2.0/user","status":401,"count":1,"missing":[]},{"method":"git push","path":"acme/widgets","status":403,"reason":"scope.missing","missing":["write:repository:bitbucket"],"count":1}],
 "unmatched":[{"method":"GET","path":"/2.0/nonsense/{…}","reason":"path.unknown","nearest":["GET /2.0/user"],"count":1,"statuses":{"404":1}}],
 "deprecated":[],"credentials":[{"type":"api_token","granted":["read:user:bitbucket"],"count":2}],"lost":{"handshakes":1,"unreadable":0,"others":3}}`

func TestRead(t *testing.T) {
	r, err := Read(strings.NewReader(strings.ReplaceAll(small, "nonsense", "workspaces")))
	if err != nil {
		t.Fatal(err)
	}
	if r.Scopes.Least != scope.NewSet(scope.ReadUser, scope.ReadRepository) || r.Scopes.Refused != scope.NewSet(scope.WriteRepository) || !r.Scopes.Unused.Empty() || r.calls() != 5 {
		t.Errorf("%+v, %d calls", r.Scopes, r.calls())
	}
	for _, c := range []struct{ old, new, want string }{
		{small, "", "no JSON"}, {small, "{", "no JSON"}, {small, "null", "no recording"}, {small, "[]", "no recording"}, {small, "{}", "no recording"},
		{small, small + "x", "more behind"}, {"/2.0/user\",\"count\":2", "/2.0/secret\",\"count\":2", "operations[0]: the catalogue has no such"},
		{`"count":2,"statuses"`, `"count":-2,"statuses"`, "operations[0]: the counts"}, {`"200":1`, `"999":1`, "operations[0]: the counts"},
		{"acme/widgets\",\"fetches", "acme/<b>secret\",\"fetches", "git[0]"}, {`"pushes":0`, `"pushes":-1`, "git[0]: the counts"},
		{`"status":401`, `"status":200`, "refused[0]"}, {`"git push"`, `"git secret"`, "refused[1]"}, {`"scope.missing"`, `"secret.missing"`, "refused[1]"},
		{"nonsense", "secret", "unmatched[0]"}, {`"nearest":["GET /2.0/user"]`, `"nearest":["GET /2.0/secret"]`, "unmatched[0]"}, {`"type":"api_token"`, `"type":"secret"`, "credentials[0]"},
		{`"others":3`, `"others":-3`, "lost"}, {"12:00:05Z", "11:00:05Z", "window"}, {`"granted":["read:user:bitbucket"]`, `"granted":["read:secret"]`, "no recording"},
	} {
		text := strings.Replace(strings.ReplaceAll(small, "nonsense", "workspaces"), strings.ReplaceAll(c.old, "nonsense", "workspaces"), c.new, 1)
		r, err := Read(strings.NewReader(text))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %+v, %v; want %q", c.new, r, err, c.want)
		}
	}
}

// FuzzRead: whatever a file says, nothing of it that is no word of the API comes out again.
func FuzzRead(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(`{"operations":[],"git":[]}`))
	f.Add([]byte(`{"operations":[{"method":"GET","path":"/2.0/user","count":9223372036854775807,"statuses":{"0":9223372036854775807}}],"git":[{"repository":"{…}/{…}"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		text := asJSON(t, r)
		again, err := Read(strings.NewReader(text))
		if err != nil {
			t.Fatalf("%v of what was read:\n%s", err, text)
		}
		if got := asJSON(t, again); got != text {
			t.Fatalf("read again:\n%s", cmp.Diff(text, got))
		}
		var b bytes.Buffer
		if err := r.Text(&b); err != nil {
			t.Fatal(err)
		}
		if err := r.HTML(&b); err != nil {
			t.Fatal(err)
		}
	})
}

// TestMasked: masking keeps the words of the API, and masking twice changes nothing.
func TestMasked(t *testing.T) {
	for path, want := range map[string]string{
		"/2.0/workspaces/acme/projects/FTO/permissions/groups": "/2.0/workspaces/{…}/projects/{…}/permissions/groups",
		"/2.0/user/": "/2.0/user/", "": "", "/": "/", "/a/b": "/{…}/{…}", "/acme/widgets.git/info/lfs/objects/batch": "/{…}/{…}/info/lfs/objects/batch",
		strings.Repeat("/user", 40): strings.Repeat("/user", 14) + "/{…}",
	} {
		if got := masked(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		path := "/" + strings.Join(rapid.SliceOfN(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"2.0", "user", "{x}", "{…}", ""})), 0, 20).Draw(t, "segments"), "/")
		if once := masked(path); masked(once) != once {
			t.Fatalf("%q, then %q", once, masked(once))
		}
	})
}

// TestGitRequest: the recorder takes for git's what the server takes for git's.
func TestGitRequest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.SampledFrom([]string{"acme", "snippets", "wiki", "widgets.git", "widgets", "{0198a4c2-5d1e-7b3a-9c64-2f0e8d7a1b55}", "info", "refs", "git-upload-pack", "git-receive-pack", "..", "", "a b", "HEAD"})
		path := "/" + strings.Join(rapid.SliceOfN(part, 2, 6).Draw(t, "path"), "/")
		if rapid.Bool().Draw(t, "likely") {
			path = rapid.SampledFrom([]string{"", "/snippets"}).Draw(t, "place") + "/acme/widgets.git" + rapid.SampledFrom([]string{"/", "/wiki/"}).Draw(t, "of") + rapid.SampledFrom([]string{"info/refs", "git-upload-pack", "git-receive-pack"}).Draw(t, "what")
		}
		u := &url.URL{Path: path, RawQuery: rapid.SampledFrom([]string{"", "service=git-upload-pack", "service=git-receive-pack", "service=x"}).Draw(t, "query")}
		q := &http.Request{Method: rapid.SampledFrom([]string{"GET", "POST", "PUT"}).Draw(t, "method"), URL: u}
		route, is := githttp.Match(q)
		got, ok := gitRequest(q.Method, u)
		if ok != (is && route.Service != "") {
			t.Fatalf("%s %s: %v here, %v there", q.Method, u, ok, is)
		}
		if ok && (got.write != route.Write() || got.advertise != route.Advertise || got.repository != route.Workspace+"/"+route.Repository) {
			t.Fatalf("%s %s: %+v here, %+v there", q.Method, u, got, route)
		}
	})
}

// TestStray: calls that are no operation, and what was probably meant.
func TestStray(t *testing.T) {
	for _, c := range []struct {
		verb, path, masked string
		reason             reason.Code
		nearest            string
	}{
		{"GET", "/2.0/workspaces/acme/projects/FTO/permissions/groups", "/2.0/workspaces/{…}/projects/{…}/permissions/groups", reason.PathDataCenter, "GET /2.0/workspaces/{workspace}/projects/{project_key}/permissions-config/groups"},
		{"GET", "/rest/api/1.0/projects/FTO/repos/widgets", "/rest/api/1.0/projects/{…}/repos/{…}", reason.PathDataCenter, "GET /2.0/repositories/{workspace}/{repo_slug}"},
		{"GET", "/user", "/user", reason.PathVersionMissing, "GET /2.0/user"},
		{"GET", "/api/2.0/user", "/api/2.0/user", reason.PathUnknown, "GET /2.0/user"},
		{"PATCH", "/2.0/user", "/2.0/user", reason.MethodNotAllowed, "GET /2.0/user"},
		{"GET", "/2.0/repos/acme/widgets", "/2.0/repos/{…}/{…}", reason.PathDataCenter, ""},
		{"GET", "/acme/widgets/src/main/secret", "/{…}/{…}/src/{…}/{…}", reason.PathUnknown, ""},
		{"NONSENSE", "/", "/", reason.PathUnknown, ""},
	} {
		u := stray(c.verb, c.path)
		nearest := ""
		if len(u.Nearest) > 0 {
			nearest = u.Nearest[0]
		}
		if u.Path != c.masked || u.Reason != c.reason && c.nearest != "" || c.nearest != "" && nearest != c.nearest {
			t.Errorf("%s %s: %s", c.verb, c.path, fmt.Sprintf("%+v", u))
		}
	}
}
