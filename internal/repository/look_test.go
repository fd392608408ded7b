package repository_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

func of[T any](v T) *T { return &v }

func principal(a account.Account) *access.Principal {
	return &access.Principal{Account: &a.Account, Kind: access.Session}
}

func refused(err error) reason.Code {
	if e, ok := errors.AsType[*rest.Error](err); ok {
		return e.Reason
	}
	return ""
}

func TestSearch(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		ctx := context.Background()
		make := func(slug, name, description string, private bool) {
			t.Helper()
			if _, err := w.Repositories.Create(ctx, *w.Workspace, *w.Project, slug, repository.Change{Name: &name, Description: &description, Private: &private}, w.Admin.ID); err != nil {
				t.Fatal(err)
			}
		}
		s.Exec(`UPDATE project SET is_private = FALSE`)
		make("anvil", "Anvil", "heavy 100%", false)
		make("rocket", "a Rocket_1", "", true)
		slugs := func(p *access.Principal, q repository.Search) string {
			t.Helper()
			if q.Limit == 0 {
				q.Limit = 10
			}
			found, more, err := w.Repositories.Search(ctx, p, *w.Workspace, q)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, r := range found {
				names = append(names, r.Slug)
			}
			if more {
				names = append(names, "…")
			}
			return strings.Join(names, " ")
		}
		admin, nobody := principal(w.Admin), &access.Principal{}
		for _, tc := range []struct {
			name string
			who  *access.Principal
			q    repository.Search
			want string
		}{
			{"by name", admin, repository.Search{}, "rocket anvil widgets"},
			{"last changed first", admin, repository.Search{Sort: repository.ByUpdated}, "rocket anvil widgets"},
			{"an order that is none", admin, repository.Search{Sort: "; DROP TABLE repository"}, "rocket anvil widgets"},
			{"first page", admin, repository.Search{Limit: 2}, "rocket anvil …"},
			{"second page", admin, repository.Search{Limit: 2, Offset: 2}, "widgets"},
			{"behind the end", admin, repository.Search{Offset: 9}, ""},
			{"member", principal(w.Member), repository.Search{}, "rocket anvil widgets"},
			{"outsider", principal(w.Outsider), repository.Search{}, "anvil"},
			{"anonymous", nobody, repository.Search{}, "anvil"},
			{"by slug", admin, repository.Search{Text: "WIDG"}, "widgets"},
			{"by name in another case", admin, repository.Search{Text: "rOCK"}, "rocket"},
			{"by description", admin, repository.Search{Text: "heavy"}, "anvil"},
			{"a percent sign is one", admin, repository.Search{Text: "0%"}, "anvil"},
			{"an underscore is one", admin, repository.Search{Text: "t_1"}, "rocket"},
			{"a pattern finds nothing", admin, repository.Search{Text: "%"}, "anvil"},
			{"a backslash", admin, repository.Search{Text: `\`}, ""},
			{"not text", admin, repository.Search{Text: "\x00\xff"}, ""},
			{"project", admin, repository.Search{Project: "fto"}, "rocket anvil widgets"},
			{"no such project", admin, repository.Search{Project: "NOPE\x00"}, ""},
			{"what is private is not found", nobody, repository.Search{Text: "rocket"}, ""},
		} {
			if got := slugs(tc.who, tc.q); got != tc.want {
				t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
			}
		}
	})
}

func TestCreateWithName(t *testing.T) {
	t.Parallel()
	w := pailtest.Start(t, pailtest.Options{}).World()
	ctx := context.Background()
	create := func(slug string, c repository.Change) (*repository.Repository, error) {
		return w.Repositories.Create(ctx, *w.Workspace, *w.Project, slug, c, w.Admin.ID)
	}
	r, err := create("", repository.Change{Name: of("My Réposi tory"), MainBranch: of("develop")})
	if err != nil || r.Slug != "my-r-posi-tory" {
		t.Fatalf("%+v, %v", r, err)
	}
	if branch, err := w.Server.Server.Git.DefaultBranch(ctx, r.ID); err != nil || branch != "develop" {
		t.Errorf("HEAD names %q, %v", branch, err)
	}
	for name, c := range map[string]repository.Change{
		"name": {Name: of("日本")}, "mainbranch.name": {Name: of("x"), MainBranch: of("-x")}, "slug": {},
	} {
		_, err := create("", c)
		if e, ok := errors.AsType[*rest.Error](err); !ok || e.Fields[name] == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, b := range []string{"a..b", "refs/heads/x y", "HEAD", "a\x00"} {
		if _, err := create("y", repository.Change{MainBranch: &b}); refused(err) != reason.ValueInvalid {
			t.Errorf("%q: %v", b, err)
		}
	}
}

func TestPath(t *testing.T) {
	t.Parallel()
	w := pailtest.Start(t, pailtest.Options{}).World()
	if diff := cmp.Diff([]string{"acme", "widgets"}, w.Repository.Path()); diff != "" {
		t.Error(diff)
	}
	for _, slug := range []string{"settings", "projects", "repositories"} {
		r := w.NewRepository(slug)
		if diff := cmp.Diff([]string{"acme", "{" + r.ID + "}"}, r.Path()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	w := pailtest.Start(t, pailtest.Options{}).World()
	ctx := context.Background()
	find := func() *repository.Repository {
		found, _, err := w.Repositories.Search(ctx, principal(w.Admin), *w.Workspace, repository.Search{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		return found[0]
	}
	if h, err := w.Repositories.History(ctx, find(), "", "", "", 0, 10); err != nil || len(h.Commits) != 0 || h.More {
		t.Errorf("a repository without commits: %+v, %v", h, err)
	}
	dir := w.Push(5)
	r := find()
	h, err := w.Repositories.History(ctx, r, "", "", "", 0, 2)
	if err != nil || len(h.Commits) != 2 || !h.More || h.Commits[0].Summary() != "Commit 4" {
		t.Fatalf("%+v, %v", h, err)
	}
	if who, ok := h.Authors.Of(h.Commits[0].Author); !ok || who.ID != w.Admin.ID {
		t.Errorf("the author is %+v", who)
	}
	if _, ok := h.Authors.Of(gitstore.Signature{Mail: "nobody@acme.example"}); ok {
		t.Error("a stranger has an account")
	}
	// A push between two pages shifts nothing.
	w.Git(dir, "commit", "--quiet", "--allow-empty", "-m", "Later")
	w.Git(dir, "push", "--quiet", w.Remote("x-bitbucket-api-token-auth", w.Secret(w.Admin, "read:repository", "write:repository"), "acme/widgets"), "main")
	next, err := w.Repositories.History(ctx, r, "", h.Cursor, "", 2, 2)
	if err != nil || len(next.Commits) != 2 || next.Commits[0].Summary() != "Commit 2" || next.Cursor != h.Cursor {
		t.Errorf("%+v, %v", next, err)
	}
	if h, err := w.Repositories.History(ctx, r, "feature/one", "", "", 4, 2); err != nil || len(h.Commits) != 1 || h.More {
		t.Errorf("%+v, %v", h, err)
	}
	for _, revision := range []string{"nope", "main~1", "--all", "main..x", "\x00"} {
		if _, err := w.Repositories.History(ctx, r, revision, "", "", 0, 2); refused(err) != reason.RevisionNotFound {
			t.Errorf("%q: %v", revision, err)
		}
	}
	for _, cursor := range []string{"x", "!!", "AQ", strings.Repeat("A", 100_000)} {
		if _, err := w.Repositories.History(ctx, r, "", cursor, "", 0, 2); refused(err) != reason.PageInvalid {
			t.Errorf("%q: %v", cursor, err)
		}
	}
	c, authors, err := w.Repositories.CommitAt(ctx, r, "v1.0")
	if err != nil || c.Summary() != "Commit 4" || len(authors) != 1 {
		t.Errorf("%+v, %v, %v", c, authors, err)
	}
	if _, _, err := w.Repositories.CommitAt(ctx, r, strings.Repeat("0", 40)); refused(err) != reason.RevisionNotFound {
		t.Error(err)
	}
}

func TestReferences(t *testing.T) {
	t.Parallel()
	w := pailtest.Start(t, pailtest.Options{}).World()
	ctx := context.Background()
	dir := w.Push(2)
	secret := w.Secret(w.Admin, "read:repository", "write:repository")
	w.Git(dir, "branch", "old", "HEAD~1")
	w.Git(dir, "push", "--quiet", w.Remote("x-bitbucket-api-token-auth", secret, "acme/widgets"), "old")
	r := w.Repository
	r.MainBranch = "main"
	names := func(refs repository.References, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		var list []string
		for i := range refs.List {
			list = append(list, refs.List[i].Short())
		}
		return fmt.Sprint(strings.Join(list, " "), " ", refs.More)
	}
	for _, tc := range []struct {
		text          string
		offset, limit int
		want          string
	}{
		{"", 0, 10, "main feature/one old false"}, {"", 0, 1, "main true"}, {"", 1, 1, "feature/one true"}, {"", 9, 10, " false"},
		{"FEAT", 0, 10, "feature/one false"}, {"nope", 0, 10, " false"},
	} {
		if got := names(w.Repositories.Branches(ctx, r, tc.text, tc.offset, tc.limit)); got != tc.want {
			t.Errorf("%+v: %q", tc, got)
		}
	}
	if got := names(w.Repositories.Tags(ctx, r, "", 0, 10)); got != "light v1.0 false" {
		t.Error(got)
	}
}

func TestReadme(t *testing.T) {
	t.Parallel()
	w := pailtest.Start(t, pailtest.Options{}).World()
	ctx := context.Background()
	dir := w.Push(1)
	remote := w.Remote("x-bitbucket-api-token-auth", w.Secret(w.Admin, "read:repository", "write:repository"), "acme/widgets")
	readme := func() *repository.Readme {
		t.Helper()
		c, _, err := w.Repositories.CommitAt(ctx, w.Repository, "main")
		if err != nil {
			t.Fatal(err)
		}
		found, err := w.Repositories.Readme(ctx, w.Repository, c.Tree, 100)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	push := func(name, content string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		w.Git(dir, "add", ".")
		w.Git(dir, "commit", "--quiet", "-m", name)
		w.Git(dir, "push", "--quiet", remote, "main")
	}
	if got := readme(); got != nil {
		t.Errorf("a repository without one has %+v", got)
	}
	push("docs/README.md", "not this one")
	if got := readme(); got != nil {
		t.Errorf("a README further down: %+v", got)
	}
	for _, step := range []struct{ name, content, want string }{
		{"README", "plain", "README plain"}, {"readme.TXT", "text", "readme.TXT text"}, {"ReadMe.md", "# md", "ReadMe.md # md"}, {"README.markdown", "later", "ReadMe.md # md"},
	} {
		push(step.name, step.content)
		if got := readme(); got == nil || got.Name+" "+string(got.Data) != step.want {
			t.Errorf("with %s: %+v", step.name, got)
		}
	}
	push("ReadMe.md", strings.Repeat("x", 101))
	if got := readme(); got == nil || got.Data != nil || got.Name != "ReadMe.md" {
		t.Errorf("a large one: %+v", got)
	}
	c, _, err := w.Repositories.CommitAt(ctx, w.Repository, "main")
	if err != nil {
		t.Fatal(err)
	}
	if data, err := w.Repositories.File(ctx, w.Repository, c, "docs/README.md", 100); err != nil || string(data) != "not this one" {
		t.Errorf("%q, %v", data, err)
	}
	for _, path := range []string{"nope", "docs", "../README", "ReadMe.md", "", "\x00"} {
		if _, err := w.Repositories.File(ctx, w.Repository, c, path, 100); refused(err) != reason.ResourceNotFound {
			t.Errorf("%q: %v", path, err)
		}
	}
}
