package story

import (
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/scope"
	"github.com/pailforge/pail/internal/workspace"
)

// TestLimitedToken: an API token that is limited to a workspace works there as any other, and anywhere else it may do
// what everybody may. What is private there answers as if it were not there, whether it is or not, and the holder learns
// why.
func TestLimitedToken(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		dir := w.Push(1)
		ctx := t.Context()
		other := check1[workspace.Workspace](w)(w.Workspaces.CreateWorkspace(ctx, "globex", "Globex", w.Admin.ID))
		project := check1[workspace.Project](w)(w.Workspaces.CreateProject(ctx, &other, workspace.NewProject{Key: "OUT", Name: "Outside", Public: true}))
		hidden := check1[workspace.Project](w)(w.Workspaces.CreateProject(ctx, &other, workspace.NewProject{Key: "HID", Name: "Hidden"}))
		for slug, in := range map[string]workspace.Project{"open": project, "closed": hidden} {
			check1[*repository.Repository](w)(w.Repositories.Create(ctx, other, in, slug, repository.Change{}, w.Admin.ID))
		}
		w.Exec(`UPDATE repository SET is_private = FALSE WHERE slug = 'open'`)

		owner := pailtest.Basic(w.Admin.Email, pailtest.Password)
		scopes := []string{"read:user:bitbucket", "read:workspace:bitbucket", "read:project:bitbucket", "admin:project:bitbucket", "read:repository:bitbucket",
			"write:repository:bitbucket", "admin:repository:bitbucket", "delete:repository:bitbucket"}
		body := map[string]any{"name": "ci", "scopes": scopes, "expires_in_days": 30, "workspace": "ACME"}
		answer := w.Want(w.Do(owner, "POST", "/pail/v1/user/api-tokens", body), 201)
		if answer.String("workspace") != "acme" {
			t.Errorf("made %s", answer.Body)
		}
		secret, id := answer.String("token"), answer.String("id")
		limited := pailtest.Basic(w.Admin.Email, secret)
		free := w.Token(w.Admin, scopes...)
		if got := w.Want(w.Do(owner, "GET", "/pail/v1/user/api-tokens/"+id, nil), 200); got.String("workspace") != "acme" || got.String("token") != "" {
			t.Errorf("the token: %s", got.Body)
		}

		// Inside it is like any other.
		for _, path := range []string{"/2.0/user", "/2.0/workspaces/acme", "/2.0/workspaces/%7B" + w.Workspace.ID + "%7D", "/2.0/workspaces/acme/members", "/2.0/workspaces/acme/projects/FTO",
			"/2.0/workspaces/acme/projects/FTO/permissions-config/groups", "/2.0/repositories/acme", "/2.0/repositories/acme/widgets", "/2.0/user/workspaces/acme/permission"} {
			if a, b := w.Do(limited, "GET", path, nil), w.Do(free, "GET", path, nil); a.Status != 200 || string(a.Body) != string(b.Body) {
				t.Errorf("%s: %d %s", path, a.Status, a.Body)
			}
		}
		w.Git(dir, "push", "--quiet", w.Remote("x-bitbucket-api-token-auth", secret, "acme/widgets"), "HEAD:refs/heads/limited")
		w.Want(w.Do(limited, "POST", "/2.0/repositories/acme/fresh", map[string]any{"project": map[string]any{"key": "FTO"}}), 200)
		// A name that is not there is not there, and the limit has no part in it.
		w.Want(w.Do(limited, "GET", "/2.0/repositories/acme/no-such", nil), 404, string(reason.RepositoryNotFound))

		// Outside, what is private answers as what is not there.
		for path, absent := range map[string]string{
			"/2.0/workspaces/globex":                 "/2.0/workspaces/no-such",
			"/2.0/workspaces/%7B" + other.ID + "%7D": "/2.0/workspaces/%7B" + strings.Repeat("0", 8) + other.ID[8:] + "%7D",
			"/2.0/workspaces/globex/members":         "/2.0/workspaces/no-such/members",
			"/2.0/workspaces/globex/projects/HID":    "/2.0/workspaces/no-such/projects/HID",
			"/2.0/repositories/globex/closed":        "/2.0/repositories/globex/no-such",
			"/2.0/repositories/globex/closed/refs":   "/2.0/repositories/no-such/closed/refs",
			"/2.0/user/workspaces/globex/permission": "/2.0/user/workspaces/no-such/permission",
		} {
			w.Want(w.Do(free, "GET", path, nil), 200)
			a := w.Want(w.Do(limited, "GET", path, nil), 404, string(reason.TokenOutOfBounds))
			b := w.Want(w.Do(limited, "GET", absent, nil), 404, string(reason.TokenOutOfBounds))
			if got := a.String("error.detail"); got != b.String("error.detail") || !strings.Contains(got, "limited to the workspace acme") {
				t.Errorf("%s: %s\n%s", path, got, b.String("error.detail"))
			}
			if bare := w.Do(w.Token(w.Outsider, scopes...), "GET", path, nil); bare.Status != 404 || bare.String("error.message") != a.String("error.message") {
				t.Errorf("%s: an outsider is told %s, and this token %s", path, bare.Body, a.Body)
			}
		}
		// What is public is there, to read.
		w.Want(w.Do(limited, "GET", "/2.0/repositories/globex/open", nil), 200)
		w.Want(w.Do(limited, "GET", "/2.0/workspaces/globex/projects/OUT", nil), 200)
		if a := w.Want(w.Do(limited, "GET", "/2.0/repositories/globex", nil), 200); a.String("size") != "1" || a.String("values.0.slug") != "open" {
			t.Errorf("the list outside: %s", a.Body)
		}
		if a := w.Want(w.Do(limited, "GET", "/2.0/repositories/globex?role=admin", nil), 200); a.String("size") != "0" {
			t.Errorf("what it administers outside: %s", a.Body)
		}
		for _, r := range [][2]string{{"DELETE", "/2.0/repositories/globex/open"}, {"DELETE", "/2.0/workspaces/globex/projects/OUT"}} {
			a := w.Want(w.Do(limited, r[0], r[1], nil), 403, string(reason.TokenOutOfBounds))
			if b := w.Do(w.Token(w.Outsider, scopes...), r[0], r[1], nil); a.String("error.message") != b.String("error.message") {
				t.Errorf("%s %s: %s, and to an outsider %s", r[0], r[1], a.Body, b.Body)
			}
		}
		w.Want(w.Do(limited, "POST", "/2.0/repositories/globex/mine", map[string]any{"project": map[string]any{"key": "OUT"}}), 404, string(reason.TokenOutOfBounds))
		if a := w.Want(w.Do(limited, "GET", "/2.0/user/workspaces", nil), 200); a.String("size") != "1" || a.String("values.0.workspace.slug") != "acme" {
			t.Errorf("its workspaces: %s", a.Body)
		}

		// git says the same.
		for repo, verb := range map[string]string{"globex/closed": "ls-remote", "globex/no-such": "ls-remote", "globex/open": "push"} {
			args := []string{verb, w.Remote("x-bitbucket-api-token-auth", secret, repo)}
			if verb == "push" {
				args = append(args, "HEAD:refs/heads/x")
				w.Git(dir, "ls-remote", args[1])
			}
			out, err := w.TryGit(dir, args...)
			if err == nil || !strings.Contains(out, "limited to the workspace acme") || !strings.Contains(out, string(reason.TokenOutOfBounds)) {
				t.Errorf("git %s %s: %v\n%s", verb, repo, err, out)
			}
		}

		u := w.Used(id)
		if u.Reason != reason.TokenOutOfBounds {
			t.Errorf("last refused for %s", u.Reason)
		}

		// Only a workspace that one belongs to: whether others exist is not told.
		for _, name := range []string{"no-such", "", "acme/x", "\x00"} {
			body["workspace"] = name
			a := w.Want(w.Do(owner, "POST", "/pail/v1/user/api-tokens", body), 400, string(reason.ValueInvalid))
			if a.Get("error.fields.workspace") == nil {
				t.Errorf("%q: %s", name, a.Body)
			}
		}
		body["workspace"] = "globex"
		w.Want(w.Do(pailtest.Basic(w.Member.Email, pailtest.Password), "POST", "/pail/v1/user/api-tokens", body), 400, string(reason.ValueInvalid))
		body["workspace"] = nil
		if a := w.Want(w.Do(owner, "POST", "/pail/v1/user/api-tokens", body), 201); a.Get("workspace") != nil {
			t.Errorf("without a limit: %s", a.Body)
		}
	})
}

// TestLimitedTokenBare: a server that answers bare tells a limited token what it tells an outsider.
func TestLimitedTokenBare(t *testing.T) {
	w := pailtest.Start(t, pailtest.Options{Bare: true}).World()
	other := check1[workspace.Workspace](w)(w.Workspaces.CreateWorkspace(t.Context(), "globex", "Globex", w.Admin.ID))
	_, secret, err := w.Credentials.Issue(t.Context(), access.Credential{Kind: access.APIToken, AccountID: w.Admin.ID, Bounds: access.Bounds{WorkspaceID: other.ID},
		Name: "x", Scopes: scope.NewSet(scope.ReadRepository)})
	check(w, err)
	a := w.Do(pailtest.Basic(w.Admin.Email, secret), "GET", "/2.0/repositories/acme/widgets", nil)
	b := w.Do(w.Token(w.Outsider, "read:repository"), "GET", "/2.0/repositories/acme/widgets", nil)
	if a.Status != 404 || string(a.Body) != string(b.Body) {
		t.Errorf("%d %s, and to an outsider %s", a.Status, a.Body, b.Body)
	}
	limited, _ := w.TryGit("", "ls-remote", w.Remote("x-bitbucket-api-token-auth", secret, "acme/widgets"))
	outside, _ := w.TryGit("", "ls-remote", w.Remote("x-bitbucket-api-token-auth", w.Secret(w.Outsider, "read:repository"), "acme/widgets"))
	clean := func(out string) string { return strings.Split(out, "fatal:")[0] }
	if clean(limited) != clean(outside) {
		t.Errorf("git is told\n%sand for an outsider\n%s", limited, outside)
	}
}

// check1 is the value of a call that must not fail.
func check1[T any](w *pailtest.World) func(T, error) T {
	return func(v T, err error) T {
		w.T.Helper()
		check(w, err)
		return v
	}
}
