package webtest

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/pailtest"
)

// Scene is a world in which every page has something to show: tokens that were used, refused, and are about to end; a
// repository with a README, branches and commits.
type Scene struct {
	*pailtest.World
	Token       access.Credential // of the administrator's: used, refused, and at its end in a week
	AppPassword access.Credential // of the administrator's: used

	Commit      string // the last one on main
	Invitation  string // the secret of one
	Consumer    string // the id of an OAuth consumer
	ConsumerKey string
	Operation   string // the name of one in the reference

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
	scene.credentials()
	scene.pages()
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

// history fills widgets with 40 commits on main and one on a branch.
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
		fmt.Fprintf(&stream, "commit refs/heads/%s\n", ref)
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
		file("src/"+n.file, fmt.Sprintf("package main // %d\n", i))
	}
	fmt.Fprintf(&stream, "reset refs/heads/%s\nfrom refs/heads/main\n\n", n.branch)
	commit(n.branch, commits, n.message)
	file("more.txt", "more\n")
	cmd := exec.Command("git", "-C", dir, "fast-import", "--quiet")
	cmd.Stdin = strings.NewReader(stream.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		s.T.Fatalf("git fast-import: %v\n%s", err, out)
	}
	s.Commit = s.Git(dir, "rev-parse", "main")
	ctx := context.Background()
	if err := s.Server.Server.Git.Import(ctx, s.Repository.ID, dir); err != nil {
		s.T.Fatal(err)
	}
	if err := s.Repositories.Pushed(ctx, s.Repository.ID); err != nil {
		s.T.Fatal(err)
	}
}
