package code_test

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/web/webtest"
	"github.com/pailforge/pail/internal/workspace"
)

func of[T any](v T) *T { return &v }

// says fails the test unless the page says all of these, as text.
func says(t *testing.T, r webtest.Reply, want ...string) {
	t.Helper()
	text := webtest.Text(t, r)
	for _, one := range want {
		if !strings.Contains(text, one) {
			t.Errorf("%s does not say %q:\n%s", r.Path, one, text)
		}
	}
}

// silent fails the test when the page says any of these.
func silent(t *testing.T, r webtest.Reply, never ...string) {
	t.Helper()
	for _, one := range never {
		if strings.Contains(r.Body, one) {
			t.Errorf("%s says %q:\n%s", r.Path, one, r.Body)
		}
	}
}

func wants(t *testing.T, r webtest.Reply, status int, reason string) {
	t.Helper()
	if r.Status != status || r.Header.Get("X-Pail-Reason") != reason {
		t.Errorf("%s: %d %q, want %d %q", r.Path, r.Status, r.Header.Get("X-Pail-Reason"), status, reason)
	}
}

// commit writes files into a clone, and pushes them.
func commit(w *pailtest.World, dir, message string, files map[string]string) {
	w.T.Helper()
	for name, content := range files {
		full := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			w.T.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(content), 0o600); err != nil {
			w.T.Fatal(err)
		}
	}
	w.Git(dir, "add", ".")
	w.Git(dir, "commit", "--quiet", "--allow-empty", "-m", message)
	w.Git(dir, "push", "--quiet", w.Remote("x-bitbucket-api-token-auth", w.Secret(w.Admin, "read:repository", "write:repository"), "acme/widgets"), "main")
}

// publish makes widgets, and with it its project, public.
func publish(w *pailtest.World) {
	w.Exec(`UPDATE project SET is_private = FALSE`)
	w.Exec(`UPDATE repository SET is_private = FALSE WHERE slug = 'widgets'`)
}

// TestWho: who sees which page of a private and of a public repository.
func TestWho(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		w.Push(1)
		admin, member, outsider, anonymous := webtest.As(s, w.Admin), webtest.As(s, w.Member), webtest.As(s, w.Outsider), webtest.Open(s)
		read := []string{"", "/commits", "/commits/main", "/commits/feature/one", "/commits/v1.0", "/commit/main", "/branches", "/tags", "/src/main", "/src/main/file.txt", "/src/feature%2Fone/file.txt", "/src/v1.0", "/commits/main?path=file.txt"}
		for _, path := range read {
			path = "/acme/widgets" + path
			admin.See(path)
			member.See(path)
			wants(t, outsider.Get(path), 404, "repository.not_found")
			wants(t, anonymous.Get(path), 404, "repository.not_found")
		}
		for _, path := range []string{"/acme/nope", "/nope/widgets", "/acme/wid%00gets", "/acme/" + strings.Repeat("x", 3000), "/acme/widgets/commits/nope", "/acme/widgets/commit/" + strings.Repeat("0", 40),
			"/acme/widgets/commit/--all", "/acme/widgets/commits/main..x", "/acme/widgets/commits?ctx=nope", "/acme/widgets/raw/main/nope.png", "/acme/widgets/src/main/nope", "/acme/widgets/src/nope/file.txt", "/acme/widgets/raw/main/../../x"} {
			if r := admin.Get(path); r.Status != 404 && r.Status != 400 {
				t.Errorf("%.60s: %d", path, r.Status)
			}
		}
		// Settings are for administrators; the others are not led there.
		for path, who := range map[string]*webtest.Browser{"/acme/widgets/settings": member, "/acme/widgets": member} {
			r := who.Get(path)
			silent(t, r, ">Settings</a>")
			if strings.HasSuffix(path, "settings") {
				wants(t, r, 403, "privilege.missing")
			}
		}
		says(t, admin.See("/acme/widgets"), "Settings")
		if r := anonymous.Get("/acme/widgets/settings"); r.Status != http.StatusSeeOther || !strings.HasPrefix(r.Location(), "/signin?next=") {
			t.Errorf("anonymous at the settings: %d %s", r.Status, r.Location())
		}
		before := s.Store()
		for _, path := range []string{"/acme/widgets/settings", "/acme/widgets/settings/delete", "/acme/repositories/new"} {
			form := url.Values{"confirm": {"acme/widgets"}, "name": {"x"}, "project": {"FTO"}}
			wants(t, member.Post(path, form), 403, "csrf.missing")
			if r := anonymous.Post(path, form); r.Status < 400 {
				t.Errorf("anonymous at %s: %d", path, r.Status)
			}
		}
		token := webtest.Forms(t, member.See("/acme/widgets"))
		for _, path := range []string{"/acme/widgets/settings", "/acme/widgets/settings/delete"} {
			for _, f := range token {
				if csrf := f.Values.Get("csrf"); csrf != "" {
					wants(t, member.Post(path, url.Values{"csrf": {csrf}, "confirm": {"acme/widgets"}, "name": {"x"}}), 403, "privilege.missing")
				}
			}
		}
		if s.Store() != before {
			t.Error("a refused change left something in the store")
		}

		publish(w)
		for _, path := range read {
			outsider.See("/acme/widgets" + path)
			silent(t, anonymous.See("/acme/widgets"+path), ">Settings</a>")
		}
	})
}

func TestList(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		admin, outsider, anonymous := webtest.As(s, w.Admin), webtest.As(s, w.Outsider), webtest.Open(s)
		for i := range 55 { // rows alone: the list asks no git
			slug := fmt.Sprintf("part-%02d", i)
			w.Exec(`INSERT INTO repository (id, workspace_id, project_id, slug, name, description, created_on, updated_on)
				SELECT $1, workspace_id, project_id, $1, $1, 'A part.', created_on, updated_on + 1 FROM repository WHERE slug = 'widgets'`, slug)
		}
		first := admin.See("/acme/repositories")
		says(t, first, "part-00", "part-49", "For the Others", "New repository")
		silent(t, first, "part-50", "widgets")
		rest := admin.See("/acme/repositories?page=2")
		says(t, rest, "part-50", "widgets", "Previous")
		silent(t, rest, "part-49", ">Next<")
		if found := admin.See("/acme/repositories?q=PART-1&page=x&sort=nope"); strings.Count(found.Body, `scope="row"`) != 10 || !strings.Contains(found.Body, `value="PART-1"`) {
			t.Errorf("%s", found.Body)
		}
		says(t, admin.See("/acme/repositories?q=nope"), "No repository here fits.")
		says(t, admin.See("/acme/repositories?q=%00%ff"), "No repository here fits.")
		says(t, admin.See("/acme/repositories?project=fto&sort=updated"), "part-49", "Those in the project fto")
		says(t, admin.See("/acme/repositories?page=99"), "No repository here fits.")

		wants(t, outsider.Get("/acme/repositories"), 404, "workspace.not_found")
		wants(t, anonymous.Get("/acme/repositories"), 404, "workspace.not_found")
		publish(w)
		for _, who := range []*webtest.Browser{outsider, anonymous} {
			r := who.See("/acme/repositories")
			says(t, r, "widgets", "public")
			silent(t, r, "part-", "New repository")
		}
	})
}

func TestCreate(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		admin, member, anonymous := webtest.As(s, w.Admin), webtest.As(s, w.Member), webtest.Open(s)
		if r := anonymous.Get("/acme/repositories/new"); r.Status != http.StatusSeeOther {
			t.Errorf("anonymous: %d", r.Status)
		}
		// Write access to a project is not enough to make a repository in it.
		r := member.Get("/acme/repositories/new")
		wants(t, r, 403, "privilege.missing")
		says(t, r, "create-repo")
		if err := w.Workspaces.GrantGroup(context.Background(), w.Project, w.Group.ID, access.CreateRepo); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Workspaces.CreateProject(context.Background(), w.Workspace, workspace.NewProject{Key: "OWN", Name: "Owners only"}); err != nil {
			t.Fatal(err)
		}
		form := member.See("/acme/repositories/new")
		silent(t, form, "Owners only")
		says(t, admin.See("/acme/repositories/new?project=OWN"), "Owners only (OWN)")

		done := member.Submit(form, "/acme/repositories/new", url.Values{"name": {"My Tools"}, "description": {"one\r\ntwo"}, "mainbranch.name": {"trunk"}})
		if done.Location() != "/acme/my-tools" {
			t.Fatalf("%d to %s\n%s", done.Status, done.Location(), done.Body)
		}
		page := member.Follow(done)
		says(t, page, "The repository My Tools is there.", "private", "The first push", "git switch -c trunk", "git push -u origin trunk")
		a := w.Want(w.Do(w.Token(w.Member, "read:repository"), "GET", "/2.0/repositories/acme/my-tools", nil), 200)
		if a.String("description") != "one\ntwo" || a.String("is_private") != "true" || a.String("project.key") != "FTO" {
			t.Errorf("%s", a.Body)
		}

		for name, tc := range map[string]struct {
			values url.Values
			status int
			says   string
		}{
			"no name":         {url.Values{"name": {" "}}, 400, "A repository has a name."},
			"a bad slug":      {url.Values{"name": {"x"}, "slug": {"../x"}}, 400, "Use 1 to 62 lower-case letters"},
			"taken":           {url.Values{"name": {"Widgets"}}, 400, "Taken."},
			"another project": {url.Values{"name": {"x"}, "project": {"OWN"}}, 400, "Choose a project in which you may make repositories."},
			"no project":      {url.Values{"name": {"x"}, "project": {"\x00"}}, 400, "Choose a project"},
			"public":          {url.Values{"name": {"x"}, "is_private": {""}}, 400, "The project is private, and a private project holds no public repositories."},
			"a bad branch":    {url.Values{"name": {"x"}, "mainbranch.name": {"a..b"}}, 400, "This cannot be the name of a branch."},
			"turned letters":  {url.Values{"name": {"a\u202eb"}}, 400, "Control characters are not allowed."},
			"long":            {url.Values{"name": {strings.Repeat("x", 256)}}, 400, "Too long"},
		} {
			before := s.Store()
			r := member.Submit(form, "/acme/repositories/new", tc.values)
			if r.Status != tc.status {
				t.Errorf("%s: %d\n%s", name, r.Status, r.Body)
				continue
			}
			says(t, r, tc.says)
			if !strings.Contains(r.Body, `aria-invalid="true"`) {
				t.Errorf("%s: no field is marked", name)
			}
			if s.Store() != before {
				t.Errorf("%s: something was made", name)
			}
		}
	})
}

// TestCloneLines runs every line of the clone box with a credential of its kind, with real git.
func TestCloneLines(t *testing.T) {
	t.Parallel()
	s := pailtest.Start(t, pailtest.Options{})
	w := s.World()
	w.Push(1)
	publish(w)
	_, access := w.AccessToken(access.RepositoryTok, access.Bounds{WorkspaceID: w.Workspace.ID, ProjectID: w.Project.ID, RepositoryID: w.Repository.ID}, "repository")
	secrets := map[string]string{
		"API token": w.Secret(w.Member, "read:repository"), "Access token or OAuth": access, "App password": w.AppPassword(w.Member, "repository"), "Without a credential": "", "SSH key": "",
	}
	page := webtest.As(s, w.Member).See("/acme/widgets")
	boxes := regexp.MustCompile(`(?s)<details name="clone"( open)?><summary>([^<]*)</summary>(.*?)</details>`).FindAllStringSubmatch(page.Body, -1)
	if len(boxes) != len(secrets) {
		t.Fatalf("%d ways to clone\n%s", len(boxes), page.Body)
	}
	for i, box := range boxes {
		if (box[1] != "") != (i == 0) {
			t.Errorf("%s is open: %q", box[2], box[1])
		}
		if box[2] == "SSH key" { // the stories clone with it
			if line := "git clone ssh://git@" + s.Config.SSHAddress() + "/acme/widgets.git"; !strings.Contains(box[3], line) || !strings.Contains(html.UnescapeString(box[3]), s.SSHHost().Fingerprint) {
				t.Errorf("no %s in %s", line, box[3])
			}
			continue
		}
		secret, known := secrets[box[2]]
		lines := regexp.MustCompile(`<code>git clone (http://[^<]*)</code>`).FindAllStringSubmatch(box[3], -1)
		if !known || len(lines) == 0 {
			t.Errorf("%s: %s", box[2], box[3])
		}
		for _, line := range lines {
			u, err := url.Parse(line[1])
			if err != nil {
				t.Fatal(err)
			}
			if _, has := u.User.Password(); has {
				t.Errorf("%s: a secret in %s", box[2], line[1])
			}
			if secret != "" {
				u.User = url.UserPassword(u.User.Username(), secret)
			}
			if out, err := w.TryGit(t.TempDir(), "clone", "--quiet", u.String(), "clone"); err != nil {
				t.Errorf("%s: %s: %v\n%s", box[2], line[1], err, out)
			}
		}
	}
	says(t, page, "git clone "+strings.Replace(s.URL, "://", "://acme-member@", 1)+"/acme/widgets.git")
	says(t, webtest.Open(s).See("/acme/widgets"), "://USERNAME@")
}

func TestAppPasswordsEnd(t *testing.T) {
	t.Parallel()
	s := pailtest.Start(t, pailtest.Options{Env: []string{"PAIL_APP_PASSWORDS_UNTIL=2099-12-31"}})
	w := s.World()
	says(t, webtest.As(s, w.Admin).See("/acme/widgets"), "App passwords work here until 31 December 2099.")
	s = pailtest.Start(t, pailtest.Options{Env: []string{"PAIL_APP_PASSWORDS_UNTIL=off"}})
	w = s.World()
	silent(t, webtest.As(s, w.Admin).See("/acme/widgets"), "App password</summary>", "app password")
}

// TestFirstPush runs the lines of an empty repository's page in a shell.
func TestFirstPush(t *testing.T) {
	t.Parallel()
	s := pailtest.Start(t, pailtest.Options{})
	w := s.World()
	b := webtest.As(s, w.Admin)
	if _, err := w.Repositories.Create(context.Background(), *w.Workspace, *w.Project, "odd", repository.Change{MainBranch: of("it's;$(x)&")}, w.Admin.ID); err != nil {
		t.Fatal(err)
	}
	page := b.See("/acme/odd")
	says(t, page, `git push -u origin 'it'\''s;$(x)&'`, "git push -u origin --all")
	says(t, b.See("/acme/odd/commits"), "There are no commits yet.")
	says(t, b.See("/acme/odd/branches"), "There are no branches yet")
	says(t, b.See("/acme/odd/tags"), "There are no tags.")
	wants(t, b.Get("/acme/odd/commits/main"), 404, "revision.not_found")
	silent(t, b.See("/acme/odd/settings"), "mainbranch.name")
}

func TestReadme(t *testing.T) {
	t.Parallel()
	s := pailtest.Start(t, pailtest.Options{})
	w := s.World()
	dir := w.Push(1)
	b := webtest.As(s, w.Admin)
	says(t, b.See("/acme/widgets"), "This repository has no README.", "Commit 0")
	png := "\x89PNG\r\n\x1a\n"
	commit(w, dir, "Say what it is", map[string]string{
		"README.md":      "# Widgets\n\nSee [usage](#usage), [the guide](docs/guide.md) and [home](https://example.org).\n\n![logo](docs/lo%20go.png) ![remote](https://example.org/x.png)\n\n<script>alert(1)</script>\n\n## Usage\n",
		"docs/lo go.png": png, "x.svg": `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`, "page.html": "<script>alert(1)</script>"})
	page := b.See("/acme/widgets")
	for _, part := range []string{`<h2 id="doc-widgets">Widgets</h2>`, `<a href="#doc-usage">usage</a>`, `<a href="/acme/widgets/src/main/docs/guide.md">the guide</a> and`, `<a href="https://example.org" rel="nofollow noopener">home</a>`, `<a href="https://example.org/x.png" rel="nofollow noopener">remote</a>`} {
		if !strings.Contains(page.Body, part) {
			t.Errorf("the page lacks %s:\n%s", part, page.Body)
		}
	}
	silent(t, page, "alert(1)")
	if again := b.See("/acme/widgets"); strings.Count(again.Body, "doc-usage") != strings.Count(page.Body, "doc-usage") {
		t.Error("the second look shows another README")
	}
	picture := regexp.MustCompile(`<img alt="logo" src="([^"]*)"`).FindStringSubmatch(page.Body)
	if picture == nil {
		t.Fatalf("no picture in\n%s", page.Body)
	}
	r := b.Get(picture[1])
	if r.Status != 200 || r.Body != png || r.Header.Get("Content-Type") != "image/png" || r.Header.Get("Cache-Control") != "private, max-age=3600" || r.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %v %q", r.Status, r.Header, r.Body)
	}
	wants(t, webtest.Open(s).Get(picture[1]), 404, "repository.not_found")
	if r := b.Get("/acme/widgets/raw/main/x.svg"); !strings.Contains(r.Header.Get("Content-Security-Policy"), "sandbox") || strings.Contains(r.Header.Get("Content-Security-Policy"), "script") ||
		r.Header.Get("Cache-Control") != "private, no-cache" {
		t.Errorf("%v", r.Header)
	}
	for _, path := range []string{"docs", "nope.png", "%2e%2e/x.svg", ".git/config", ""} {
		if r := b.Get("/acme/widgets/raw/main/" + path); r.Status == 200 {
			t.Errorf("%s is served", path)
		}
	}
	commit(w, dir, "Much", map[string]string{"README.md": strings.Repeat("a ", 200_000)})
	says(t, b.See("/acme/widgets"), "README.md", "It is too large to be shown here.")
	w.Git(dir, "rm", "--quiet", "README.md")
	commit(w, dir, "Plain", map[string]string{"README": "a <b>\n  indented\xff"})
	if page := b.See("/acme/widgets"); !strings.Contains(page.Body, "<pre>a &lt;b&gt;\n  indented\ufffd</pre>") {
		t.Errorf("%s", page.Body)
	}
}

func TestCommits(t *testing.T) {
	t.Parallel()
	s := pailtest.Start(t, pailtest.Options{})
	w := s.World()
	dir := w.Push(52)
	b := webtest.As(s, w.Admin)
	first := b.See("/acme/widgets/commits")
	says(t, first, "Commits of main", "Commit 51", "Commit 2", "Admin")
	silent(t, first, "Commit 1<", ">Previous<")
	next := regexp.MustCompile(`<a rel="next" href="([^"]*)"`).FindStringSubmatch(first.Body)
	if next == nil {
		t.Fatalf("no way on\n%s", first.Body)
	}
	commit(w, dir, "Pushed meanwhile\n\nWith a body.", nil)
	second := b.See(strings.ReplaceAll(next[1], "&amp;", "&"))
	says(t, second, "Commit 1", "Commit 0", "Previous")
	silent(t, second, "Commit 2<", ">Next<", "Pushed meanwhile")

	hash := w.Git(dir, "rev-parse", "HEAD")
	page := b.See("/acme/widgets/commit/" + hash)
	says(t, page, hash, "Pushed meanwhile", "With a body.", "admin@acme.example", "git show "+hash)
	if parent := w.Git(dir, "rev-parse", "HEAD~1"); !strings.Contains(page.Body, `href="/acme/widgets/commit/`+parent+`"`) {
		t.Errorf("the parent is not there\n%s", page.Body)
	}
	says(t, b.See("/acme/widgets/commit/"+w.Git(dir, "rev-list", "--max-parents=0", "HEAD")), "the history begins here")
	b.See("/acme/widgets/commit/" + hash[:10])

	// The addresses of pages that the API gives lead somewhere.
	token := w.Token(w.Admin, "read:repository")
	for path, link := range map[string]string{"/2.0/repositories/acme/widgets": "links.html.href", "/2.0/repositories/acme/widgets/commit/" + hash: "links.html.href",
		"/2.0/repositories/acme/widgets/refs/branches/feature/one": "links.html.href", "/2.0/repositories/acme/widgets/refs/tags/v1.0": "links.html.href"} {
		href := strings.TrimPrefix(w.Want(w.Do(token, "GET", path, nil), 200).String(link), s.URL)
		r := b.Get(href)
		for n := 0; r.Status == http.StatusSeeOther && n < 3; n++ {
			r = b.Get(r.Location())
		}
		if r.Status != 200 {
			t.Errorf("%s → %s: %d", path, href, r.Status)
		}
	}
}

func TestRefs(t *testing.T) {
	t.Parallel()
	s := pailtest.Start(t, pailtest.Options{})
	w := s.World()
	dir := w.Push(2)
	remote := w.Remote("x-bitbucket-api-token-auth", w.Secret(w.Admin, "read:repository", "write:repository"), "acme/widgets")
	blob := w.Git(dir, "hash-object", "-w", "file.txt")
	w.Git(dir, "tag", "thing", blob)
	odd := `<script>alert(1)</script>&"'#%25?`
	odd = strings.NewReplacer("?", "", "[", "").Replace(odd)
	w.Git(dir, "branch", odd)
	w.Git(dir, "branch", "tag/v9")
	w.Git(dir, "push", "--quiet", remote, "thing", odd, "tag/v9")
	b := webtest.As(s, w.Admin)
	page := b.See("/acme/widgets/branches")
	has(t, page, `href="/acme/widgets/pull-requests/new?from=feature%2Fone&amp;to=main">Pull request</a>`)
	if n := strings.Count(page.Body, ">Pull request</a>"); n != 3 { // all but main
		t.Errorf("%d branches lead to a pull request", n)
	}
	silent(t, b.See("/acme/widgets/tags"), "Pull request ")
	says(t, page, "main branch", "feature/one", odd)
	silent(t, page, "<script>alert")
	for _, href := range regexp.MustCompile(`href="(/acme/widgets/commits/[^"]*)"`).FindAllStringSubmatch(page.Body, -1) {
		says(t, b.See(strings.NewReplacer("&amp;", "&", "&#39;", "'", "&#34;", `"`).Replace(href[1])), "Commits of")
	}
	says(t, b.See("/acme/widgets/branches?q=FEAT"), "feature/one")
	says(t, b.See("/acme/widgets/branches?q=nope"), "No branch here fits.")
	tags := b.See("/acme/widgets/tags")
	says(t, tags, "v1.0", "The first one", "light", "thing", "no commit")
	if r := b.Get("/acme/widgets/branch/feature/one"); r.Location() != "/acme/widgets/commits/feature/one" {
		t.Errorf("%d %s", r.Status, r.Location())
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		w.Push(1)
		b := webtest.As(s, w.Admin)
		page := b.See("/acme/widgets/settings")
		const at = "/acme/widgets/settings"
		for name, tc := range map[string]struct {
			values url.Values
			says   string
		}{
			"no name":      {url.Values{"name": {""}}, "A repository has a name."},
			"public":       {url.Values{"is_private": {""}}, "The project is private"},
			"another head": {url.Values{"mainbranch.name": {"nope"}}, "The repository has no such branch."},
		} {
			r := b.Submit(page, at, tc.values)
			if r.Status != 400 {
				t.Errorf("%s: %d", name, r.Status)
			}
			says(t, r, tc.says)
		}
		w.NewRepository("taken")
		if r := b.Submit(page, at, url.Values{"name": {"Taken"}}); r.Status != 400 || !strings.Contains(r.Body, "Taken.") {
			t.Errorf("taken: %d", r.Status)
		}
		done := b.Submit(page, at, url.Values{"name": {"New Widgets"}, "description": {"What they are."}, "mainbranch.name": {"feature/one"}})
		if done.Location() != "/acme/new-widgets/settings" {
			t.Fatalf("%d to %s\n%s", done.Status, done.Location(), done.Body)
		}
		page = b.Follow(done)
		says(t, page, "The repository's address is now acme/new-widgets.")
		says(t, b.See("/acme/new-widgets"), "What they are.")
		says(t, b.See("/acme/new-widgets/commits"), "Commits of feature/one")

		// Deleting takes the whole name.
		const away = "/acme/new-widgets/settings/delete"
		r := b.Submit(page, away, url.Values{"confirm": {"new-widgets"}})
		if r.Status != 400 || !strings.Contains(r.Body, `<details class="confirm" open>`) {
			t.Errorf("%d\n%s", r.Status, r.Body)
		}
		r = b.Submit(page, away, url.Values{"confirm": {" acme/new-widgets "}})
		if r.Location() != "/acme/repositories" {
			t.Fatalf("%d to %s", r.Status, r.Location())
		}
		says(t, b.Follow(r), "The repository acme/new-widgets is deleted.")
		wants(t, b.Get("/acme/new-widgets"), 404, "repository.not_found")
		wants(t, b.Submit(page, away, url.Values{"confirm": {"acme/new-widgets"}}), 404, "repository.not_found")
	})
}

// TestHostileNames: whatever people call things does no harm to the pages that show it.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	s := pailtest.Start(t, pailtest.Options{})
	w := s.World()
	dir := w.Push(1)
	hostile := `"><script>alert(1)</script><img/src=x/onerror=alert(1)>{{.}}` + strings.Repeat("x", 10_000)
	w.Git(dir, "commit", "--quiet", "--allow-empty", "-m", hostile+"\n\n"+hostile, "--author", `"/onload=alert(1) / ../.. `+hostile[100:4000]+` <"evil"@example.org>`)
	commit(w, dir, "\u202etxet", map[string]string{"README.md": "# " + hostile})
	w.Exec(`UPDATE repository SET name = $1, description = $1`, hostile)
	w.Exec(`UPDATE workspace SET name = $1`, hostile)
	w.Exec(`UPDATE project SET name = $1`, hostile)
	w.Exec(`UPDATE account SET display_name = $1`, hostile)
	b := webtest.As(s, w.Admin)
	for _, path := range []string{"/acme/repositories", "/acme/repositories/new", "/acme/repositories?q=" + url.QueryEscape(hostile[:200]), "/acme/widgets", "/acme/widgets/commits", "/acme/widgets/commit/main", "/acme/widgets/branches", "/acme/widgets/tags", "/acme/widgets/settings", "/acme/widgets/src/main", "/acme/widgets/src/main/README.md", "/acme/widgets/blame/main/README.md", "/acme/widgets/commits/main?path=README.md", "/acme/widgets/compare/v1.0...main"} {
		silent(t, b.See(path), "<script>alert", "<img/src=x")
	}
}

// TestPathsOfTheirOwn: a repository that is called like a page of its workspace can be looked at.
func TestPathsOfTheirOwn(t *testing.T) {
	t.Parallel()
	s := pailtest.Start(t, pailtest.Options{})
	w := s.World()
	r := w.NewRepository("repositories")
	b := webtest.As(s, w.Admin)
	list := b.See("/acme/repositories")
	href := "/acme/%7B" + r.ID + "%7D"
	if !strings.Contains(list.Body, `href="`+href+`"`) {
		t.Fatalf("%s", list.Body)
	}
	says(t, b.See(href), "The first push")
	b.See(href + "/settings")
	b.See(href + "/commits")
}

func BenchmarkOverview(b *testing.B) {
	s := pailtest.Start(b, pailtest.Options{})
	w := s.World()
	dir := w.Push(10)
	commit(w, dir, "README", map[string]string{"README.md": strings.Repeat("# Title\n\nText with *stress* and [a link](#title).\n\n", 200)})
	browser := webtest.As(s, w.Admin)
	for _, path := range []string{"/acme/widgets", "/acme/widgets/commits", "/acme/widgets/branches", "/acme/repositories"} {
		b.Run(path, func(b *testing.B) {
			for b.Loop() {
				browser.See(path)
			}
		})
	}
}

// TestSearch: what is found stands on the page as it was pushed, with ways to the files and their lines.
func TestSearch(t *testing.T) {
	t.Parallel()
	s := pailtest.Start(t, pailtest.Options{})
	w := s.World()
	dir := w.Push(1)
	commit(w, dir, "Code", map[string]string{
		"src/a.go": "package a\n\nfunc needle() {}\n\n\n" + strings.Repeat("// needle\n\n\n\n", 9),
		"<b>.txt":  "<script>needle</script>\u202Eneedle & more\n",
	})
	w.Indexed()
	head := w.Git(dir, "rev-parse", "HEAD")
	admin := webtest.As(s, w.Admin)
	list := admin.See("/acme/repositories")
	if !strings.Contains(list.Body, `href="/acme/search"`) {
		t.Error("the list of repositories does not lead to the search")
	}
	empty := admin.See("/acme/search")
	says(t, empty, "Search the code", "in this repository or project")
	silent(t, empty, "No file")
	found := admin.See("/acme/search?q=needle")
	says(t, found, "2 files", "func needle () {}", "10 places in this file", "<script> needle </script>")
	for _, want := range []string{`href="/acme/widgets/src/` + head + `/src/a.go"`, `href="/acme/widgets/src/` + head + `/src/a.go#L3"`, `href="/acme/widgets/src/` + head + `/%3Cb%3E.txt#L1"`, "<mark>needle</mark>"} {
		if !strings.Contains(found.Body, want) {
			t.Errorf("the page does not hold %s", want)
		}
	}
	silent(t, found, "<script>needle", "in this repository or project", "being indexed")
	says(t, admin.See("/acme/search?q=needle+nowhere"), "No file on a main branch here fits")
	says(t, admin.See("/acme/search?q="+url.QueryEscape(`"open`)), "At character 1: This quote is not closed.", "in this repository or project")
	says(t, admin.See("/acme/search?q="+strings.Repeat("x", 2000)), "at most 1000 characters")
	says(t, admin.See("/acme/search?q=needle&page=2"), "No file on a main branch here fits")
	wants(t, webtest.As(s, w.Outsider).Get("/acme/search?q=needle"), 404, "workspace.not_found")
}
