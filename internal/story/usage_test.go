package story

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pailforge/pail/internal/pailtest"
)

// TestTokenUsage: a token's owner learns which scopes it used, and which never, from its own requests.
func TestTokenUsage(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		w.Push(1)
		c, secret := w.APIToken(w.Admin, "read:user", "read:repository", "write:repository", "delete:repository")
		token := pailtest.Basic(w.Admin.Email, secret)
		owner := pailtest.Basic(w.Admin.Email, pailtest.Password)
		path := "/pail/v1/user/api-tokens/" + c.ID

		if got := w.Want(w.Do(owner, "GET", path+"/usage", nil), 200); got.Get("window.start") != nil || got.String("scopes.unused") != `["read:repository:bitbucket","write:repository:bitbucket","delete:repository:bitbucket","read:user:bitbucket"]` {
			t.Errorf("of a new token: %s", got.Body)
		}
		for range 2 {
			w.Want(w.Do(token, "GET", "/2.0/user", nil), 200)
		}
		w.Want(w.Do(token, "GET", "/2.0/repositories/acme/no-such", nil), 404)
		w.Want(w.Do(token, "GET", "/2.0/workspaces/acme", nil), 403)
		w.Want(w.Do(token, "GET", "/2.0/workspaces/acme/permissions/groups", nil), 404) // no operation
		w.Git("", "clone", "--quiet", w.Remote("x-bitbucket-api-token-auth", secret, "acme/widgets"), filepath.Join(t.TempDir(), "x"))

		type operation struct {
			Method, Path string
			Count        int64
			Scopes       []string
		}
		var got struct {
			Operations, Git []operation
			Scopes          struct{ Least, Granted, Unused []string }
			Window          struct{ Start, End string }
		}
		answer := w.Want(w.Do(owner, "GET", path+"/usage", nil), 200)
		if err := json.Unmarshal(answer.Body, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]operation{
			{"GET", "/2.0/repositories/{workspace}/{repo_slug}", 1, []string{"read:repository:bitbucket"}},
			{"GET", "/2.0/user", 2, []string{"read:user:bitbucket"}},
		}, got.Operations); diff != "" {
			t.Errorf("operations (-want +got):\n%s", diff)
		}
		if len(got.Git) != 1 || got.Git[0].Method != "git fetch" || got.Git[0].Count < 2 {
			t.Errorf("git: %+v", got.Git)
		}
		if diff := cmp.Diff([]string{"read:repository:bitbucket", "read:user:bitbucket"}, got.Scopes.Least); diff != "" {
			t.Errorf("least (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"write:repository:bitbucket", "delete:repository:bitbucket"}, got.Scopes.Unused); diff != "" {
			t.Errorf("unused (-want +got):\n%s", diff)
		}
		if got.Window.Start == "" || got.Window.End < got.Window.Start {
			t.Errorf("window %+v", got.Window)
		}
		if link := w.Do(owner, "GET", path, nil).String("links.usage.href"); link != w.URL+path+"/usage" {
			t.Errorf("the token links to %q", link)
		}

		// Nobody else's business, and no token's.
		w.Want(w.Do(pailtest.Basic(w.Member.Email, pailtest.Password), "GET", path+"/usage", nil), 404, "resource.not_found")
		w.Want(w.Do(token, "GET", path+"/usage", nil), 403, "credential.kind_not_accepted")
		w.Want(w.Do(pailtest.None, "GET", path+"/usage", nil), 401, "credential.missing")
	})
}
