package story

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database/databasetest"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/search"
	"github.com/pailforge/pail/internal/workspace"
)

// pushFile pushes a file to main of a repository of acme.
func pushFile(w *pailtest.World, slug, name, text string) {
	w.T.Helper()
	dir := filepath.Join(w.T.TempDir(), slug)
	w.Git("", "init", "--quiet", "--initial-branch=main", dir)
	check(w, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	w.Git(dir, "add", ".")
	w.Git(dir, "commit", "--quiet", "-m", "Begin")
	secret := w.Secret(w.Admin, "read:repository", "write:repository")
	w.Git(dir, "push", "--quiet", "--force", w.Remote("x-bitbucket-api-token-auth", secret, "acme/"+slug), "main")
}

// names are those at a path of each value of a list.
func namesAt(a *pailtest.Answer, path string) (all []string) {
	for i := 0; ; i++ {
		name := a.String(fmt.Sprintf("values.%d.%s", i, path))
		if name == "" {
			slices.Sort(all)
			return all
		}
		all = append(all, name)
	}
}

// A search finds something in exactly the repositories that the same credential lists: what is hidden is in no result and in
// no number, and what is taken away or given counts at once, with nothing indexed since.
func TestSearchSeesWhatItsCallerSees(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w, ctx := s.World(), context.Background()
		hidden := check1[workspace.Project](w)(w.Workspaces.CreateProject(ctx, w.Workspace, workspace.NewProject{Key: "HID", Name: "Hidden"}))
		shown := check1[workspace.Project](w)(w.Workspaces.CreateProject(ctx, w.Workspace, workspace.NewProject{Key: "OPN", Name: "Open", Public: true}))
		open, private := false, true
		make := func(in workspace.Project, slug string, c repository.Change) *repository.Repository {
			return check1[*repository.Repository](w)(w.Repositories.Create(ctx, *w.Workspace, in, slug, c, w.Admin.ID))
		}
		secret, single, public := make(hidden, "secret", repository.Change{}), make(hidden, "single", repository.Change{}), make(shown, "public", repository.Change{Private: &open})
		check(w, w.Workspaces.AddMember(ctx, w.Workspace.ID, w.Outsider.ID, workspace.Collaborator))
		check(w, w.Workspaces.GrantUser(ctx, single, w.Outsider.ID, access.Read))
		other := check1[workspace.Workspace](w)(w.Workspaces.CreateWorkspace(ctx, "other", "Other", w.Member.ID))
		for _, slug := range []string{"widgets", "secret", "single", "public"} {
			pushFile(w, slug, "needle.txt", "needle in "+slug+"\n")
		}
		w.Indexed()

		token := func(kind access.Kind, b access.Bounds) pailtest.Credential {
			_, secret := w.AccessToken(kind, b, "repository")
			return pailtest.Bearer(secret)
		}
		limited := func(workspaceID string) pailtest.Credential {
			_, secret, err := w.Accounts.MakeToken(ctx, w.Member.ID, account.NewToken{Name: "limited", Scopes: []string{"read:repository:bitbucket"}, Days: 30, Workspace: workspaceID})
			check(w, err)
			return pailtest.Basic(w.Member.Email, secret)
		}
		who := map[string]pailtest.Credential{
			"owner": w.Token(w.Admin, "read:repository"), "member": w.Token(w.Member, "read:repository"), "outsider": w.Token(w.Outsider, "read:repository"), "nobody": pailtest.None,
			"token of the workspace":    token(access.WorkspaceToken, access.Bounds{WorkspaceID: w.Workspace.ID}),
			"token of a project":        token(access.ProjectToken, access.Bounds{WorkspaceID: w.Workspace.ID, ProjectID: hidden.ID}),
			"token of a repository":     token(access.RepositoryTok, access.Bounds{WorkspaceID: w.Workspace.ID, RepositoryID: secret.ID}),
			"token of elsewhere":        token(access.WorkspaceToken, access.Bounds{WorkspaceID: other.ID}),
			"member's, limited to acme": limited(w.Workspace.ID), "member's, limited to other": limited(other.ID),
		}
		// Tokens of less than a workspace are not taken (catalogue).
		refused := []string{"token of a project", "token of a repository"}
		agree := func(when string, want map[string]string) {
			t.Helper()
			for name, c := range who {
				list := w.Do(c, "GET", "/2.0/repositories/acme?pagelen=100", nil)
				for _, path := range []string{"workspaces/acme", "teams/acme", "users/acme", "users/%7B" + w.Workspace.ID + "%7D"} {
					found := w.Do(c, "GET", "/2.0/"+path+"/search/code?search_query=needle&pagelen=100", nil)
					if slices.Contains(refused, name) {
						w.Want(found, http.StatusForbidden, "credential.kind_not_accepted")
						continue
					}
					if found.Status != list.Status {
						if list.Status == http.StatusNotFound && found.Status == http.StatusNotFound {
							continue
						}
						t.Errorf("%s, %s: %s answers %d, and the list %d", when, name, path, found.Status, list.Status)
						continue
					}
					var listed []string
					if list.Status == http.StatusOK {
						listed = namesAt(list, "full_name")
					}
					got := namesAt(found, "file.commit.repository.full_name")
					if !slices.Equal(got, listed) {
						t.Errorf("%s, %s: %s finds it in %q, and sees %q", when, name, path, got, listed)
					}
					if found.Status == http.StatusOK && found.String("size") != fmt.Sprint(len(listed)) {
						t.Errorf("%s, %s: %s counts %s of %q", when, name, path, found.String("size"), listed)
					}
					for _, slug := range []string{"widgets", "secret", "single", "public"} {
						if !slices.Contains(listed, "acme/"+slug) && strings.Contains(string(found.Body), "in "+slug) {
							t.Errorf("%s, %s: %s tells what is in %s: %s", when, name, path, slug, found.Body)
						}
					}
					if expected, ok := want[name]; ok && strings.ReplaceAll(strings.Join(got, " "), "acme/", "") != expected {
						t.Errorf("%s, %s: found %q, want %q", when, name, got, expected)
					}
				}
				// What is hidden is not asked for by name, nor by what it lacks.
				for query, slug := range map[string]string{"repo%3Asecret": "secret", "project%3AHID": "secret", "NOT+nothing": "secret", "path%3Aneedle": "secret"} {
					found := w.Do(c, "GET", "/2.0/workspaces/acme/search/code?pagelen=100&search_query="+query, nil)
					sees := !slices.Contains(refused, name) && slices.Contains(namesAt(list, "full_name"), "acme/"+slug)
					if names := namesAt(found, "file.commit.repository.full_name"); slices.Contains(names, "acme/"+slug) != sees {
						t.Errorf("%s, %s: %s finds %q", when, name, query, names)
					}
				}
			}
		}
		agree("first", map[string]string{"owner": "public secret single widgets", "member": "public widgets", "outsider": "public single", "nobody": "public", "member's, limited to other": "public"})

		check(w, w.Workspaces.RemoveFromGroup(ctx, *w.Group, w.Member.ID))
		check(w, w.Workspaces.GrantUser(ctx, secret, w.Outsider.ID, access.Read))
		_, err := w.Repositories.Update(ctx, public, repository.Change{Private: &private}, nil)
		check(w, err)
		agree("later", map[string]string{"owner": "public secret single widgets", "member": "", "outsider": "secret single", "nobody": ""})

		check(w, w.Repositories.Delete(ctx, secret))
		delete(who, "token of a repository") // it went with it
		agree("deleted", map[string]string{"owner": "public single widgets", "outsider": "single"})
		w.Indexed()
		agree("forgotten", nil)
	})
}

// A new process goes on with the index that it finds, also where the last one was killed in between, and another one that
// shares the repositories sees what was pushed through the first.
func TestSearchAfterAStart(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	t.Run("first", func(t *testing.T) {
		w := pailtest.Start(t, pailtest.Options{Data: data}).World()
		pushFile(w, "widgets", "needle.txt", "needle\n")
		w.Indexed()
	})
	find := func(t *testing.T, s *pailtest.Server, want string) {
		t.Helper()
		s.Indexed()
		admin, err := s.Accounts.Find(context.Background(), s.DB, "acme-admin")
		if err != nil {
			t.Fatal(err)
		}
		a := s.Do(s.Token(admin, "read:repository"), "GET", "/2.0/workspaces/acme/search/code?search_query=needle", nil)
		if got := a.String("size"); got != want {
			t.Errorf("found %s, want %s: %s", got, want, a.Body)
		}
	}
	t.Run("again", func(t *testing.T) { find(t, pailtest.Start(t, pailtest.Options{Data: data}), "1") })
	if err := os.RemoveAll(filepath.Join(data, "search")); err != nil {
		t.Fatal(err)
	}
	t.Run("without an index", func(t *testing.T) { find(t, pailtest.Start(t, pailtest.Options{Data: data}), "1") })
	if err := os.WriteFile(filepath.Join(data, "search", "index_meta.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("with a broken one", func(t *testing.T) { find(t, pailtest.Start(t, pailtest.Options{Data: data}), "1") })
}

// Nodes that share the repositories and the database have an index each, and find what was pushed through another.
func TestSearchOnManyNodes(t *testing.T) {
	t.Parallel()
	databasetest.EachDSN(t, func(t *testing.T, dsn string) {
		data := t.TempDir()
		w := pailtest.Start(t, pailtest.Options{DSN: dsn, Data: data}).World()
		other := pailtest.Start(t, pailtest.Options{DSN: dsn, Data: data, Env: []string{"PAIL_SEARCH_DIR=" + t.TempDir()}})
		other.Indexed()
		// A third one that has no directory of its own serves everything but the search.
		third := pailtest.Start(t, pailtest.Options{DSN: dsn, Data: data})
		credential := w.Token(w.Admin, "read:repository")
		third.Want(third.Do(credential, "GET", "/2.0/workspaces/acme/search/code?search_query=needle", nil), http.StatusServiceUnavailable, "server.busy")
		third.Want(third.Do(credential, "GET", "/2.0/repositories/acme", nil), http.StatusOK)

		pushFile(w, "widgets", "needle.txt", "needle\n")
		w.Indexed()
		for _, s := range []*pailtest.Server{w.Server, other} {
			pailtest.Until(t, func() bool {
				return s.Do(credential, "GET", "/2.0/workspaces/acme/search/code?search_query=needle", nil).String("size") == "1"
			})
		}
	})
}

// Whoever searches learns how many repositories may have more to find, of those that they may read.
func TestSearchSaysWhenItIsBehind(t *testing.T) {
	w := pailtest.Start(t, pailtest.Options{}).World()
	w.NewRepository("gadgets")
	idle := &search.Room{Repositories: w.Repositories, Accounts: w.Accounts, Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)} // nothing works for it
	check(w, idle.Open())
	defer func() { check(w, idle.Close()) }()
	behind := func(a account.Account) int {
		found, err := idle.Search(t.Context(), &access.Principal{Kind: access.Session, Account: &a.Account}, w.Workspace, "needle", 10, 0)
		check(w, err)
		return found.Behind
	}
	if n := behind(w.Admin); n != 0 {
		t.Errorf("%d at first", n)
	}
	idle.Changed(w.Repository.ID)
	idle.Changed("of another workspace")
	if a, b, c := behind(w.Admin), behind(w.Member), behind(w.Outsider); a != 1 || b != 1 || c != 0 || idle.Behind() != 2 {
		t.Errorf("behind: %d for the owner, %d for a member, %d for an outsider; %d in all", a, b, c, idle.Behind())
	}
}
