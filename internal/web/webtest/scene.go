package webtest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/webhook"
	"github.com/pailforge/pail/internal/wiki"
)

// Scene is a world in which every page has something to show: tokens that were used, refused, and are about to end; a
// repository with a README, branches and commits.
type Scene struct {
	*pailtest.World
	Token       access.Credential // of the administrator's: used, refused, and at its end in a week
	AppPassword access.Credential // of the administrator's: used

	Commit      string // the last one on main
	File        string // the path of a file there, as it stands in addresses
	Branch      string // another one, in the same way
	Invitation  string // the secret of one
	Consumer    string // the id of an OAuth consumer
	ConsumerKey string
	Operation   string // the name of one in the reference
	Restriction string // the id of a restriction of branches
	DeployKey   string // the id of one

	WikiFirst, WikiRevision string // revisions of the wiki: the first one, and one that has its start page
	Snippet, EmptySnippet   string // the ids in addresses of two snippets, the second without files

	Step, Schedule, Runner string // ids of a step of the first pipeline, with a log and an artifact, of a schedule, and of a runner of the repository

	RepositoryHook, WorkspaceHook string // ids of webhooks, the first with deliveries of each kind

	RepositoryToken, ProjectToken, WorkspaceToken access.Credential
}

// NewScene makes the scene.
func NewScene(s *pailtest.Server) *Scene {
	s.T.Helper()
	return newScene(s, names{branch: "feature/one", message: "Say hello", author: "Ada Lovelace", readme: readme, file: "hello.go"})
}

func newScene(s *pailtest.Server, n names) *Scene {
	s.T.Helper()
	scene := &Scene{World: s.World()}
	scene.history(n)
	scene.pullRequests(n)
	scene.issues()
	scene.snippets(n)
	scene.credentials()
	scene.pages()
	scene.webhooks()
	scene.wiki(n)
	scene.pipelines()
	return scene
}

// readme has one of each thing that a README is made of.
const readme = "# Widgets\n\nSmall parts for **larger** machines. See [the docs](https://example.com/) or `make help`.\n\n" +
	"```go\nfunc main() { fmt.Println(\"a line of code that is much longer than a telephone is wide, so that it has to scroll by itself\") }\n```\n\n" +
	"| part | weight |\n| --- | ---: |\n| cog | 12 g |\n| spring | 3 g |\n\n1. one\n2. two\n\n- [x] done\n- [ ] not yet\n\n> Measure twice.\n"

// credentials makes credentials of each kind, and uses them.
func (s *Scene) credentials() {
	s.T.Helper()
	token, secret := s.APIToken(s.Admin, "read:repository", "read:workspace")
	s.Token = token
	get := func(c pailtest.Credential, path string) {
		s.Do(pailtest.Header(c, "User-Agent", "curl/8.5.0"), http.MethodGet, path, nil)
	}
	for range 3 {
		get(pailtest.Basic(s.Admin.Email, secret), "/2.0/repositories/acme/widgets")
	}
	get(pailtest.Basic(s.Admin.Email, secret), "/2.0/workspaces/acme/projects/FTO") // a scope is missing
	get(pailtest.Bearer(secret), "/2.0/repositories/acme/widgets")                  // not as Bearer
	get(pailtest.Basic(s.Admin.Email, secret), "/2.0/workspaces/acme/projects/FTO/permissions/groups")
	if err := s.SetExpiry(token.ID, time.Now().AddDate(0, 0, 7)); err != nil {
		s.T.Fatal(err)
	}
	s.APIToken(s.Admin, "read:repository") // never used
	old, err := "", error(nil)
	if s.AppPassword, old, err = s.Accounts.CreateAppPassword(context.Background(), s.Admin.ID, "old script", []string{"repository"}); err != nil {
		s.T.Fatal(err)
	}
	get(pailtest.Basic(s.Admin.Username, old), "/2.0/repositories/acme/widgets")
	s.RepositoryToken, _ = s.AccessToken(access.RepositoryTok, access.Bounds{WorkspaceID: s.Workspace.ID, ProjectID: s.Project.ID, RepositoryID: s.Repository.ID}, "repository")
	s.ProjectToken, _ = s.AccessToken(access.ProjectToken, access.Bounds{WorkspaceID: s.Workspace.ID, ProjectID: s.Project.ID}, "repository")
	s.WorkspaceToken, _ = s.AccessToken(access.WorkspaceToken, access.Bounds{WorkspaceID: s.Workspace.ID}, "repository")
	if err := s.Gate.Recorder.Flush(context.Background()); err != nil {
		s.T.Fatal(err)
	}
}

// names are what whoever pushes to a repository can name.
type names struct{ branch, message, author, readme, file string }

// history fills widgets with 40 commits on main and one on each of some branches.
func (s *Scene) history(n names) {
	s.T.Helper()
	dir := filepath.Join(s.T.TempDir(), "history.git")
	s.Git("", "init", "--quiet", "--bare", "--initial-branch=main", dir)
	var stream strings.Builder
	data := func(text string) { fmt.Fprintf(&stream, "data %d\n%s\n", len(text), text) }
	file := func(path, text string) {
		fmt.Fprintf(&stream, "M 100644 inline %q\n", path)
		data(text)
	}
	commit := func(ref string, i int, message string) {
		fmt.Fprintf(&stream, "commit refs/heads/%s\nmark :%d\n", ref, i+1)
		when := 1760000000 + 3600*i
		fmt.Fprintf(&stream, "author %s <%s> %d +0000\ncommitter %s <%s> %d +0000\n", n.author, s.Admin.Email, when, n.author, s.Admin.Email, when)
		data(message)
	}
	const commits = 40
	for i := range commits {
		commit("main", i, fmt.Sprintf("%s, %d\n\nBecause of what was said before.\n", n.message, i))
		if i == 0 {
			file("README.md", n.readme)
		}
		file("src/"+n.file, program(i))
	}
	fmt.Fprintf(&stream, "reset refs/heads/%s\nfrom refs/heads/main\n\n", n.branch)
	commit(n.branch, commits, n.message)
	file("more.txt", "more\n")
	for i, name := range proposed {
		fmt.Fprintf(&stream, "reset refs/heads/%s\nfrom :%d\n\n", name, commits-i)
		commit(name, commits+1+i, n.message+" for "+name)
		file(name+".txt", name+"\n")
		file("src/"+n.file, program(commits+9+i))
	}
	cmd := exec.Command("git", "-C", dir, "fast-import", "--quiet")
	cmd.Stdin = strings.NewReader(stream.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		s.T.Fatalf("git fast-import: %v\n%s", err, out)
	}
	s.Commit, s.File = s.Git(dir, "rev-parse", "main"), "src/"+url.PathEscape(n.file)
	s.Branch = strings.ReplaceAll(url.PathEscape(n.branch), "%2F", "/")
	ctx := context.Background()
	if err := s.Server.Server.Git.Import(ctx, s.Repository.ID, dir); err != nil {
		s.T.Fatal(err)
	}
	if err := s.Repositories.Pushed(ctx, s.Repository.ID); err != nil {
		s.T.Fatal(err)
	}
	s.machines()
	s.Indexed()
}

// program is a file of which every commit changes a line, and some two. One line is wider than any window, and one holds a character
// that turns the direction of text.
func program(version int) string {
	var b strings.Builder
	b.WriteString("// Package main greets.\npackage main\n\nimport \"fmt\"\n\n")
	for i := range 8 {
		fmt.Fprintf(&b, "// greet%d says hello in its own way.\nfunc greet%d(name string) string {\n\treturn fmt.Sprint(\"hello \", name, %d) // version\n}\n\n", i, i, (version-i+8)/8)
	}
	fmt.Fprintf(&b, "const turned = \"\u202e%d\"\n\nconst wide = %q\n", version/10, strings.Repeat("wider and wider, ", 20))
	return b.String()
}

// machines lets builds and an analysis say something of the last commit on main.
func (s *Scene) machines() {
	s.T.Helper()
	credential, at := s.World.Token(s.Admin, "read:repository"), "/2.0/repositories/acme/widgets/commit/main"
	for i, state := range []string{"SUCCESSFUL", "FAILED", "INPROGRESS", "STOPPED"} {
		s.Want(s.Do(credential, http.MethodPost, at+"/statuses/build", fmt.Sprintf(`{"key":"build-%d","state":%q,"name":"Build %d","description":"On four processors","url":"https://ci.example/%d","refname":"main"}`, i, state, i, i)), http.StatusCreated)
	}
	s.Want(s.Do(credential, http.MethodPut, at+"/reports/scan", `{"title":"Dependencies","details":"Two are old.","result":"FAILED","report_type":"SECURITY","reporter":"scanner","link":"https://scan.example/",
		"data":[{"title":"All","type":"LINK","value":{"text":"the list","href":"https://scan.example/1"}}]}`), http.StatusOK)
	s.Want(s.Do(credential, http.MethodPost, at+"/reports/scan/annotations", `[{"external_id":"1","annotation_type":"VULNERABILITY","summary":"Old","severity":"CRITICAL","path":"src/main.go","line":1},
		{"external_id":"2","annotation_type":"BUG","summary":"Older","link":"https://scan.example/2"}]`), http.StatusOK)
	s.Want(s.Do(credential, http.MethodPost, at+"/comments", `{"content":{"raw":"Is it **enough**?"},"inline":{"path":"src/main.go","to":1}}`), http.StatusCreated)
	s.Want(s.Do(credential, http.MethodPost, at+"/comments", `{"content":{"raw":"It is."},"parent":{"id":1}}`), http.StatusCreated)
	writes := s.World.Token(s.Admin, "read:repository", "write:repository")
	s.Want(s.Do(writes, http.MethodPost, at+"/approve", nil), http.StatusOK)
	s.Want(s.Do(writes, http.MethodPost, "/2.0/repositories/acme/widgets/downloads", pailtest.Multipart("--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"widgets-1.0.tar.gz\"\r\n\r\nbuilt\r\n--b--\r\n")), http.StatusCreated)
	rules := s.World.Token(s.Admin, "admin:repository", "write:ssh-key")
	s.Want(s.Do(rules, http.MethodPost, "/2.0/repositories/acme/widgets/branch-restrictions",
		fmt.Sprintf(`{"kind":"push","branch_match_kind":"glob","pattern":"release/*","users":[{"username":%q}],"groups":[{"slug":%q}]}`, s.Admin.Username, s.Group.Slug)), http.StatusCreated)
	s.Want(s.Do(rules, http.MethodPost, "/2.0/repositories/acme/widgets/branch-restrictions",
		`{"kind":"require_approvals_to_merge","branch_match_kind":"branching_model","branch_type":"production","pattern":"","value":2}`), http.StatusCreated)
	s.Want(s.Do(rules, http.MethodPost, "/2.0/repositories/acme/widgets/deploy-keys",
		`{"key":"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDBTONfT/zbobRbmR1QtGQBK/0D6Y/OhKxhU6kC9Jz41 builder@ci","label":"Build machine"}`), http.StatusOK)
}

// wiki switches the wiki on, and makes pages, one of which has a past under another name.
func (s *Scene) wiki(n names) {
	s.T.Helper()
	ctx, on := context.Background(), true
	r, err := s.Repositories.Update(ctx, s.Repository, repository.Change{HasWiki: &on}, nil)
	if err != nil {
		s.T.Fatal(err)
	}
	s.Repository = r
	w, err := s.Wikis.Open(ctx, r)
	if err != nil {
		s.T.Fatal(err)
	}
	by := &access.Principal{Account: &access.Account{DisplayName: n.author, Email: s.Admin.Email}}
	save := func(path, to, text, message string) (revision string) {
		s.T.Helper()
		e := wiki.Edit{Path: path, To: to, Text: &text, Message: string([]rune(message)[:min(len([]rune(message)), 3000)])}
		if p, err := s.Wikis.Page(ctx, w, path, ""); err == nil {
			e.Base = string(p.Commit.Hash)
		}
		p, _, err := s.Wikis.Save(ctx, by, w, e)
		if err != nil {
			s.T.Fatal(err)
		}
		return string(p.Commit.Hash)
	}
	s.WikiFirst = save("Begin.md", "", n.readme, n.message)
	s.WikiRevision = save("Begin.md", wiki.Start, n.readme+"\n## And more\n\nSee [the set-up](docs/Setup) and [what is not there](Nothing.md).\n", n.message)
	for _, name := range []string{"docs/Setup.md", "docs/" + strings.TrimSuffix(n.file, ".go") + ".md", "docs/deep/er/Notes.txt", "Glossary.rst"} {
		save(name, "", n.readme, n.message)
	}
}

// webhooks makes one for each kind of subject, with deliveries that were taken, failed, and wait.
func (s *Scene) webhooks() {
	s.T.Helper()
	ctx := context.Background()
	// Nothing can be reached under this name (RFC 6761), and nothing is sent to one that is switched off.
	url, description, secret, off := "https://ci.invalid/hook", "The build server", "hush", false
	c := webhook.Change{URL: &url, Description: &description, Secret: &secret, Active: &off, Events: &[]string{"repo:push", "repo:fork"}}
	for _, at := range []struct {
		subject webhook.Subject
		id      *string
	}{{s.Webhooks.OfRepository(s.Repository), &s.RepositoryHook}, {s.Webhooks.OfWorkspace(s.Workspace), &s.WorkspaceHook}} {
		h, err := s.Webhooks.Create(ctx, at.subject, c)
		if err != nil {
			s.T.Fatal(err)
		}
		*at.id = h.ID
		for i, d := range []struct {
			state, reason, problem, head, body string
			status, attempts                   int
		}{
			{"failed", "webhook.answer", "The receiver answered 500.", "Content-Type: text/html\nServer: nginx\n", "<h1>Internal server error</h1>", 500, 3},
			{"delivered", "", "", "Content-Type: application/json\n", `{"ok":true}`, 200, 1},
			{"failed", "webhook.address_forbidden", "The address that the host leads to is not called: it lies in a private network (rule private).", "", "", 0, 1},
			{"waiting", "webhook.timeout", "The receiver did not answer within 10 seconds.", "", "", 0, 1},
		} {
			s.Exec(`INSERT INTO webhook_delivery (webhook_id, number, id, event, body, created_on, state, attempts, due_on, claimed_by, claimed_until,
				url, attempted_on, duration, status, reason, problem, answer_head, answer_body)
				VALUES ($1, $2, $3, 'repo:push', $4, $5, $6, $7, $8, '', 0, $9, $5, 123456, $10, $11, $12, $13, $14)`,
				h.ID, i+1, fmt.Sprintf("%s-%d", h.ID, i), `{"actor":{"type":"user"},"push":{"changes":[]}}`, time.Now().Add(-time.Minute).UnixMicro(), d.state, d.attempts,
				time.Now().Add(time.Hour).UnixMicro(), url, d.status, d.reason, d.problem, d.head, d.body)
		}
	}
}
