package story

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
)

// TestPaths: what is wrong with a path is told, whoever asks.
func TestPaths(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		w.Push(1)
		for _, c := range []struct {
			method, path string
			status       int
			reason       string
			message      string
		}{
			{"GET", "/user", 403, "path.version_missing", "Forbidden"},
			{"GET", "/repositories/acme/widgets", 403, "path.version_missing", "Forbidden"},
			{"GET", "/api/2.0/user", 404, "path.unknown", "Resource not found"},
			{"GET", "/2.0/api/2.0/user", 404, "path.unknown", "Resource not found"},
			{"GET", "/2.0", 404, "path.unknown", "Resource not found"},
			{"GET", "/2.0/", 404, "path.unknown", "Resource not found"},
			{"GET", "/1.0/user", 404, "path.unknown", "Resource not found"},
			{"GET", "/2.0//user", 404, "path.unknown", "Resource not found"},
			{"GET", "/2.0/user//", 404, "path.unknown", "Resource not found"},
			{"GET", "/2.0/User", 404, "path.unknown", "Resource not found"},
			{"GET", "/rest/api/1.0/projects/FTO/repos/widgets", 404, "path.data_center", "Resource not found"},
			{"GET", "/2.0/workspaces", 410, "path.removed", deprecated},
			{"GET", "/2.0/workspaces/", 410, "path.removed", deprecated},
			{"GET", "/2.0/repositories", 410, "path.removed", deprecated},
			{"GET", "/2.0/repositories?role=member", 410, "path.removed", deprecated},
			{"GET", "/2.0/user/permissions/workspaces", 410, "path.removed", deprecated},
			{"GET", "/2.0/user/permissions/repositories", 410, "path.removed", deprecated},
			{"GET", "/2.0/snippets", 410, "path.removed", deprecated},
			{"DELETE", "/2.0/user", 405, "method.not_allowed", "Method not allowed"},
			{"PATCH", "/2.0/repositories/acme/widgets", 405, "method.not_allowed", "Method not allowed"},
			{"BREW", "/2.0/user", 405, "method.not_allowed", "Method not allowed"},
			{"GET", "/2.0/repositories/acme/widgets/properties/app/name", 501, "operation.not_served", "Not Implemented"},
		} {
			t.Run(c.method+" "+c.path, func(t *testing.T) {
				s.T = t
				defer func() { s.T = t }()
				id, secret := w.APIToken(w.Admin, "read:user", "read:repository", "read:workspace")
				for _, credential := range []pailtest.Credential{pailtest.None, pailtest.Basic(w.Admin.Email, secret)} {
					a := w.Want(w.Do(credential, c.method, c.path, nil), c.status, c.reason)
					if got := a.String("error.message"); got != c.message {
						t.Errorf("says %q, want %q", got, c.message)
					}
					switch c.status {
					case 405:
						allow := a.Header.Get("Allow")
						if allow == "" || strings.Contains(allow, c.method) || !strings.Contains(allow, "GET, HEAD") {
							t.Errorf("Allow is %q", allow)
						}
					case 410:
						if a.String("error.data.announcement_url") != announcement || a.String("data.announcement_url") != announcement ||
							a.String("error.detail") == "" || !strings.HasPrefix(a.String("error.data.replacement.0"), "GET ") {
							t.Errorf("where Bitbucket has the announcement, and the replacement: %s", a.Body)
						}
					}
				}
				// The credential was good, so it was accessed, and its activity names what was wrong.
				if u := w.Used(id.ID); u.Accessed.IsZero() || len(u.Events) != 1 || string(u.Events[0].Reason) != c.reason {
					t.Errorf("the token says %+v", u)
				}
			})
		}
	})
}

// TestPathsThatAreFine: spellings that clients use.
func TestPathsThatAreFine(t *testing.T) {
	w := pailtest.Start(t, pailtest.Options{}).World()
	w.Push(1)
	token := w.Token(w.Admin, "read:user", "read:repository", "read:workspace", "read:project")
	ws, repo, project := w.Workspace.ID, w.Repository.ID, w.Project.ID
	for _, path := range []string{
		"/2.0/user/", "/2.0/user/workspaces/", "/2.0/workspaces/acme/projects/", "/2.0/repositories/acme/", "/2.0/repositories/acme/widgets/",
		"/2.0/repositories/acme/widgets/refs/branches/", "/2.0/repositories/acme/widgets/refs/branches/feature/one/",
		"/2.0/repositories/ACME/Widgets", "/2.0/workspaces/Acme/projects/fto",
		"/2.0/repositories/acme/widgets/refs/branches/feature%2Fone", "/2.0/repositories/acme/widgets/commits/feature%2fone",
		"/2.0/repositories/%61cme/widgets", "/2.0/%72epositories/acme/widgets",
		"/2.0/workspaces/%7B" + ws + "%7D", "/2.0/workspaces/%7b" + strings.ToUpper(ws) + "%7d", "/2.0/workspaces/" + ws,
		"/2.0/repositories/%7B" + ws + "%7D/%7B" + repo + "%7D", "/2.0/repositories/acme/" + repo, "/2.0/repositories/%7B" + ws + "%7D/widgets/commits",
		"/2.0/workspaces/acme/projects/%7B" + project + "%7D", "/2.0/users/%7B" + w.Member.ID + "%7D", "/2.0/users/" + w.Member.AccountID,
		"/2.0/user?unknown=1&also", "/2.0/user?",
	} {
		w.Want(w.Do(token, "GET", path, nil), 200)
	}
	// Braces as they are, which most clients encode and some do not.
	secret := w.Secret(w.Admin, "read:repository")
	a := w.Want(w.Raw("GET /2.0/repositories/{"+ws+"}/{"+repo+"}/refs HTTP/1.1\r\nHost: HOST\r\nAuthorization: Basic "+encode(w.Admin.Email+":"+secret)+"\r\n\r\n"), 200)
	if a.String("size") != "4" {
		t.Errorf("%s", a.Body)
	}
	w.Git("", "ls-remote", w.Remote("acme-admin", secret, "%7B"+ws+"%7D/%7B"+repo+"%7D"))
	w.Git("", "ls-remote", strings.TrimSuffix(w.Remote("acme-admin", secret, "acme/widgets"), ".git"))
}

// TestTargets: what stands in the first line of the request and cannot stand there.
func TestTargets(t *testing.T) {
	w := pailtest.Start(t, pailtest.Options{}).World()
	id, secret := w.APIToken(w.Admin, "read:repository", "read:workspace")
	authorization := "Authorization: Basic " + encode(w.Admin.Email+":"+secret) + "\r\n"
	get := func(target string) *pailtest.Answer {
		t.Helper()
		return w.Raw("GET " + target + " HTTP/1.1\r\nHost: HOST\r\n" + authorization + "\r\n")
	}
	// Spaces and quotes in the query are what scripts forget to encode. It is clear what they mean.
	for target, size := range map[string]string{
		`/2.0/repositories/acme?q=name = "widgets"`:             "1",
		`/2.0/repositories/acme?q=name = "widgets"&pagelen=5`:   "1",
		`/2.0/repositories/acme?q=name="nothing" OR name="wi"`:  "0",
		`/2.0/repositories/acme?q=name ~ "WIDG" AND size >= 0`:  "1",
		`/2.0/repositories/acme?sort=-created_on&q=name!="x y"`: "1",
	} {
		if a := w.Want(get(target), 200); a.String("size") != size {
			t.Errorf("%s: %s", target, a.Body)
		}
	}
	accessed := w.Used(id.ID).Accessed
	for target, reason := range map[string]string{
		"/2.0/repositories/ac me":    "request.space_in_target",
		"/2.0/repositories/acme%":    "path.malformed",
		"/2.0/repositories/acme%zz":  "path.malformed",
		"/2.0/repositories/\x01acme": "path.malformed",
		"2.0/user":                   "request.malformed",
	} {
		w.Want(get(target), 400, reason)
	}
	if now := w.Used(id.ID).Accessed; !now.Equal(accessed) {
		t.Errorf("a request that could not be read moved last accessed from %v to %v", accessed, now)
	}
	for _, target := range []string{"/2.0/repositories/%00", "/2.0/repositories/acme/widgets%00", "/2.0/repositories/%ff", "/2.0/repositories/acme/%C3%28"} {
		if a := get(target); a.Status != 400 && a.Status != 404 {
			t.Errorf("%s answers %d %s", target, a.Status, a.Body)
		}
	}
}

// TestListParameters: a parameter that is wrong is refused by name, with what there is.
func TestListParameters(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		w.Push(2)
		token := w.Token(w.Admin, "read:repository", "read:workspace")
		for _, c := range []struct {
			query  string
			reason string // "" is a good one
			names  string
		}{
			{"pagelen=1", "", ""}, {"pagelen=100", "", ""}, {"page=7", "", ""}, {"pagelen=&page=", "", ""},
			{"pagelen=0", "page.invalid", "pagelen"}, {"pagelen=101", "page.invalid", "100"}, {"pagelen=-1", "page.invalid", ""}, {"pagelen=ten", "page.invalid", ""},
			{"pagelen=99999999999999999999", "page.invalid", ""}, {"page=0", "page.invalid", "page"}, {"page=-1", "page.invalid", ""}, {"page=x", "page.invalid", ""},
			{"page=9999999999", "page.invalid", ""},
			{"q=name%3D%22widgets%22", "", ""}, {"q=nmae%3D%22widgets%22", "query.invalid", "nmae"}, {"q=name%3D", "query.invalid", "q:"}, {"q=name+%3D+%22open", "query.invalid", "q:"},
			{"q=size+%3D+%22big%22", "query.invalid", "size"}, {"q=name+%3D+%22%00%22", "query.invalid", "NUL"}, {"q=((((((((((", "query.invalid", ""},
			{"sort=-name", "", ""}, {"sort=name,-size", "", ""}, {"sort=nmae", "query.invalid", "nmae"}, {"sort=--name", "query.invalid", "sort"}, {"sort=name%3Bdrop", "query.invalid", ""},
			{"fields=values.slug", "", ""}, {"fields=%2Bvalues.slug,-size", "", ""}, {"fields=values..slug", "fields.invalid", ""},
			{"role=admin", "", ""}, {"role=king", "query.invalid", "role"},
		} {
			t.Run(c.query, func(t *testing.T) {
				s.T = t
				defer func() { s.T = t }()
				a := w.Do(token, "GET", "/2.0/repositories/acme?"+c.query, nil)
				if c.reason == "" {
					w.Want(a, 200)
					return
				}
				w.Want(a, 400, c.reason)
				if !strings.Contains(a.String("error.detail"), c.names) {
					t.Errorf("does not name %q: %s", c.names, a.Body)
				}
			})
		}
		for _, path := range []string{"/2.0/repositories/acme/widgets/refs/branches", "/2.0/repositories/acme/widgets/refs"} {
			w.Want(w.Do(token, "GET", path+"?q=name~%22feat%22&sort=-target.date", nil), 200)
			if a := w.Want(w.Do(token, "GET", path+"?q=nmae=1", nil), 400, "query.invalid"); !strings.Contains(a.String("error.detail"), "nmae") || !strings.Contains(a.String("error.detail"), "target.hash") {
				t.Errorf("%s", a.Body)
			}
			w.Want(w.Do(token, "GET", path+"?pagelen=101", nil), 400, "page.invalid")
		}
		w.Want(w.Do(token, "GET", "/2.0/repositories/acme/widgets/commits?ctx=nonsense", nil), 400, "page.invalid")
	})
}

// TestConditionalAndHead: HEAD answers like GET without a body, and an ETag spares the body.
func TestConditionalAndHead(t *testing.T) {
	w := pailtest.Start(t, pailtest.Options{}).World()
	w.Push(2)
	token := w.Token(w.Admin, "read:repository")
	for _, path := range []string{"/2.0/repositories/acme/widgets", "/2.0/repositories/acme/widgets/commits", "/2.0/repositories/acme?pagelen=1&fields=values.slug"} {
		a := w.Want(w.Do(token, "GET", path, nil), 200)
		tag := a.Header.Get("ETag")
		head := w.Want(w.Do(token, "HEAD", path, nil), 200)
		if len(head.Body) > 0 || head.Header.Get("ETag") != tag || tag == "" || head.Header.Get("Content-Length") != fmt.Sprint(len(a.Body)) ||
			head.Header.Get("Content-Type") != a.Header.Get("Content-Type") || head.Header.Get("X-Credential-Type") != "api_token" {
			t.Errorf("HEAD %s: %v, and GET %v", path, head.Header, a.Header)
		}
		for _, value := range []string{tag, strings.TrimPrefix(tag, "W/"), `"other", ` + tag, "*"} {
			again := w.Want(w.Do(pailtest.Header(token, "If-None-Match", value), "GET", path, nil), 304)
			if len(again.Body) > 0 || again.Header.Get("ETag") != tag || again.Header.Get("X-Oauth-Scopes") == "" {
				t.Errorf("304 has %v %s", again.Header, again.Body)
			}
		}
		w.Want(w.Do(pailtest.Header(token, "If-None-Match", `W/"other"`), "GET", path, nil), 200)
		// A credential that is refused gets no 304.
		w.Want(w.Do(pailtest.Header(pailtest.None, "If-None-Match", "*"), "HEAD", "/2.0/user", nil), 401)
	}
	w.Want(w.Do(w.Token(w.Admin, "admin:repository"), "PUT", "/2.0/repositories/acme/widgets", `{"description":"changed"}`), 200)
	a := w.Do(token, "GET", "/2.0/repositories/acme/widgets", nil)
	if w.Want(w.Do(pailtest.Header(token, "If-None-Match", a.Header.Get("ETag")), "GET", "/2.0/repositories/acme/widgets", nil), 304); a.String("description") != "changed" {
		t.Errorf("%s", a.Body)
	}
	missing := w.Want(w.Do(token, "HEAD", "/2.0/repositories/acme/nothing", nil), 404)
	if missing.Header.Get("X-Pail-Reason") != "repository.not_found" {
		t.Errorf("%v", missing.Header)
	}
}

// follow reads a list page by page, as next says, and returns what field of each item says. between runs after each page.
func follow(w *pailtest.World, c pailtest.Credential, path, field string, between func()) (items []string) {
	w.T.Helper()
	address := w.URL + path
	for page := 1; address != ""; page++ {
		if page > 50 {
			w.T.Fatalf("%s does not end", path)
		}
		below, ok := strings.CutPrefix(address, w.URL)
		if u, err := url.Parse(address); !ok || err != nil || !u.IsAbs() {
			w.T.Fatalf("next is %q, not below %s", address, w.URL)
		}
		a := w.Want(w.Do(c, "GET", below, nil), 200)
		for i := range a.Get("values").([]any) {
			items = append(items, a.String(fmt.Sprintf("values.%d.%s", i, field)))
		}
		if (a.String("previous") != "") != (page > 1) {
			w.T.Errorf("page %d of %s has previous %q", page, path, a.String("previous"))
		}
		address = a.String("next")
		between()
	}
	return items
}

// TestFollowingNext: following next to the end gives every item once, also when the list grows meanwhile.
func TestFollowingNext(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		dir := w.Push(7)
		var slugs, branches []string
		for i := range 7 {
			slugs = append(slugs, w.NewRepository(fmt.Sprintf("repo-%d", i)).Slug)
			w.Git(dir, "branch", fmt.Sprintf("b/%d", i))
			branches = append(branches, fmt.Sprintf("b/%d", i))
		}
		secret := w.Secret(w.Admin, "read:repository", "write:repository", "read:workspace")
		w.Git(dir, "push", "--quiet", "--all", w.Remote("acme-admin", secret, "acme/widgets"))
		token := pailtest.Basic(w.Admin.Email, secret)
		once := func(path, field string, want []string) {
			t.Helper()
			if got := follow(w, token, path, field, func() {}); !slices.Equal(got, want) {
				t.Errorf("%s gives %q, want %q", path, got, want)
			}
		}
		once("/2.0/repositories/acme?pagelen=2&sort=slug", "slug", append(slugs, "widgets"))
		once("/2.0/repositories/acme?pagelen=3&sort=-is_private,slug&q="+url.QueryEscape(`slug ~ "repo-"`), "slug", slugs)
		once("/2.0/repositories/acme?pagelen=3&sort=has_wiki", "slug", append([]string{}, byID(w)...))
		once("/2.0/repositories/acme/widgets/refs/branches?pagelen=2", "name", append(branches, "feature/one", "main"))
		once("/2.0/repositories/acme/widgets/refs?pagelen=4", "name", append(slices.Clone(branches), "feature/one", "main", "light", "v1.0"))
		once("/2.0/workspaces/acme/members?pagelen=1", "user.nickname", members(w))

		// Commits, while somebody pushes between the pages: each of those that were there, once, and none of the new.
		want := strings.Fields(w.Git(dir, "rev-list", "main"))
		for _, path := range []string{"/2.0/repositories/acme/widgets/commits?pagelen=2", "/2.0/repositories/acme/widgets/commits/main?pagelen=2", "/2.0/repositories/acme/widgets/commits/?include=main&exclude=" + want[5] + "&pagelen=2"} {
			want := want
			if strings.Contains(path, "exclude") {
				want = want[:5]
			}
			n := 0
			got := follow(w, token, path, "hash", func() {
				n++
				if err := os.WriteFile(filepath.Join(dir, "file.txt"), fmt.Append(nil, path, n), 0o600); err != nil {
					t.Fatal(err)
				}
				w.Git(dir, "commit", "--quiet", "-am", "Between the pages")
				w.Git(dir, "push", "--quiet", w.Remote("acme-admin", secret, "acme/widgets"), "main")
			})
			if !slices.Equal(got, want) {
				t.Errorf("%s with pushes in between gives %v, want %v", path, got, want)
			}
			w.Git(dir, "reset", "--quiet", "--hard", want[0])
			w.Git(dir, "push", "--quiet", "--force", w.Remote("acme-admin", secret, "acme/widgets"), "main")
		}
	})
}

// TestCommitsOfEverything: without include the list holds what any branch or tag leads to, however many there are, and
// what exclude leaves out stays out on every page.
func TestCommitsOfEverything(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		dir := w.Push(2)
		secret := w.Secret(w.Admin, "read:repository", "write:repository")
		token := pailtest.Basic(w.Admin.Email, secret)
		remote := w.Remote("acme-admin", secret, "acme/widgets")
		// tips makes references that lead to a commit each, which nothing else leads to.
		tips := func(kind string, from, to int) {
			t.Helper()
			var stream strings.Builder
			for i := from; i < to; i++ {
				fmt.Fprintf(&stream, "commit refs/%s/only/%d\ncommitter A <a@example.com> 1700000000 +0000\ndata 3\nTip\nfrom refs/heads/main\n"+
					"M 100644 inline tip\ndata <<END\n%d\nEND\n\n", kind, i, i)
			}
			file := filepath.Join(t.TempDir(), "stream")
			if err := os.WriteFile(file, []byte(stream.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			w.Git(dir, "-c", "alias.import=!git fast-import --quiet <", "import", file)
			w.Git(dir, "push", "--quiet", remote, "refs/"+kind+"/only/*")
		}
		w.Git(dir, "tag", "-m", "Not a commit", "tree", "main^{tree}")
		w.Git(dir, "push", "--quiet", remote, "tree")
		check := func(when string, n int) {
			t.Helper()
			for path, n := range map[string]int{"commits?pagelen=100": n, "commits?pagelen=100&exclude=main": n - 2, "commits/?pagelen=100&exclude=only/0": n - 3} {
				got := follow(w, token, "/2.0/repositories/acme/widgets/"+path, "hash", func() {})
				slices.Sort(got)
				if len(got) != n || len(slices.Compact(got)) != n {
					t.Errorf("%s: %s gives %d commits, want %d", when, path, len(got), n)
				}
			}
		}
		tips("heads", 0, 1)
		tips("tags", 1, 2)
		check("a branch and a tag", 4)
		tips("heads", 2, 150)
		check("many branches", 152)
		a := w.Want(w.Do(token, "GET", "/2.0/repositories/acme/widgets/commits", nil), 200)
		if next := a.String("next"); len(next) > 6000 {
			t.Errorf("next has %d characters, and many proxies take 8000", len(next))
		}
		tips("heads", 150, 210)
		check("more branches than a link holds", 212)

		// The pages after a POST leave out what its body did.
		seen := map[string]bool{}
		a = w.Want(w.Do(token, "POST", "/2.0/repositories/acme/widgets/commits?pagelen=100", map[string]any{"exclude": []string{"main"}}), 200)
		for {
			for i := range a.Get("values").([]any) {
				seen[a.String(fmt.Sprintf("values.%d.hash", i))] = true
			}
			below, more := strings.CutPrefix(a.String("next"), w.URL)
			if !more {
				break
			}
			a = w.Want(w.Do(token, "GET", below, nil), 200)
		}
		if len(seen) != 210 {
			t.Errorf("by POST there are %d commits, want 210", len(seen))
		}
	})
}

// byID is the slugs of all repositories in the order in which they were made, which is that of equal keys.
func byID(w *pailtest.World) (slugs []string) {
	slugs = []string{"widgets"}
	for i := range 7 {
		slugs = append(slugs, fmt.Sprintf("repo-%d", i))
	}
	return slugs
}

// members is what one page of the members says.
func members(w *pailtest.World) (names []string) {
	a := w.Want(w.Do(w.Token(w.Admin, "read:workspace"), "GET", "/2.0/workspaces/acme/members?pagelen=100", nil), 200)
	for i := range a.Get("values").([]any) {
		names = append(names, a.String(fmt.Sprintf("values.%d.user.nickname", i)))
	}
	slices.Sort(names)
	if len(slices.Compact(slices.Clone(names))) != 2 {
		w.T.Fatalf("the members are %q", names)
	}
	names = nil
	for i := range a.Get("values").([]any) {
		names = append(names, a.String(fmt.Sprintf("values.%d.user.nickname", i)))
	}
	return names
}

// TestMultipartLeavesNothing: a form with a file in it is read and forgotten.
func TestMultipartLeavesNothing(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	w := pailtest.Start(t, pailtest.Options{}).World()
	w.Push(1)
	body := "--b\r\nContent-Disposition: form-data; name=\"include\"\r\n\r\nmain\r\n--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n" +
		strings.Repeat("x", 13<<20) + "\r\n--b--\r\n"
	r, err := http.NewRequest("POST", w.URL+"/2.0/repositories/acme/widgets/commits", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
	w.Token(w.Admin, "read:repository")(r)
	if a := w.Want(w.Send(r), 200); a.String("values.0.message") != "Commit 0\n" {
		t.Errorf("%s", a.Body)
	}
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "multipart-*")); err != nil || len(left) > 0 {
		t.Errorf("%v was left behind, %v", left, err)
	}
}
