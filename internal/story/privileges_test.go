package story

import (
	"context"
	"fmt"
	"testing"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/workspace"
	"pgregory.net/rapid"
)

// TestRepositoryPrivileges: what somebody may do with a repository is the highest of what the role in the workspace
// gives, and of the grants to the person and to the person's group, on the project and on the repository; and the list
// and git follow the same rule as the repository itself.
func TestRepositoryPrivileges(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		dir := w.Push(1)
		who := s.Account("carol")
		check(w, w.Workspaces.AddMember(t.Context(), w.Workspace.ID, who.ID, workspace.Member))
		check(w, w.Workspaces.AddToGroup(t.Context(), *w.Group, who.ID))
		secret := w.Secret(who, "read:repository", "write:repository")
		token := pailtest.Basic(who.Email, secret)
		sources := []struct {
			table, on, to string
			id, grantee   string
			levels        []access.Level
		}{
			{"project_user_grant", "project_id", "account_id", w.Project.ID, who.ID, []access.Level{access.Read, access.Write, access.CreateRepo, access.Admin}},
			{"project_group_grant", "project_id", "group_id", w.Project.ID, w.Group.ID, []access.Level{access.Read, access.Write, access.CreateRepo, access.Admin}},
			{"repository_user_grant", "repository_id", "account_id", w.Repository.ID, who.ID, []access.Level{access.Read, access.Write, access.Admin}},
			{"repository_group_grant", "repository_id", "group_id", w.Repository.ID, w.Group.ID, []access.Level{access.Read, access.Write, access.Admin}},
		}
		type fataler interface{ Fatalf(string, ...any) }
		verify := func(t fataler, role workspace.Role, granted []access.Level) {
			ctx := context.Background()
			check(w, w.Workspaces.AddMember(ctx, w.Workspace.ID, who.ID, role))
			want := access.None
			if role == workspace.Owner {
				want = access.Admin
			}
			for i, g := range sources {
				l := granted[i]
				want = max(want, l)
				check(w, w.DB.Update(ctx, func(tx *database.Tx) error {
					_, err := tx.Exec(ctx, fmt.Sprintf(`DELETE FROM %s WHERE %s = $1 AND %s = $2`, g.table, g.on, g.to), g.id, g.grantee)
					if err != nil || l == access.None {
						return err
					}
					_, err = tx.Exec(ctx, fmt.Sprintf(`INSERT INTO %s (%s, workspace_id, %s, permission) VALUES ($1, $2, $3, $4)`, g.table, g.on, g.to),
						g.id, w.Workspace.ID, g.grantee, int(l))
					return err
				}))
			}
			found, err := w.Repositories.Repositories().Find(ctx, &access.Principal{Kind: access.APIToken, Account: &who.Account}, "acme", "widgets")
			if err != nil || found.Level != want || found.Public {
				t.Fatalf("role %v and %v: %v %v %v, want %v", role, granted, found.Level, found.Public, err, want)
			}
			status, listed := 404, 0
			if want >= access.Read {
				status, listed = 200, 1
			}
			if got := w.Do(token, "GET", "/2.0/repositories/acme/widgets", nil).Status; got != status {
				t.Fatalf("with %v the repository answers %d", want, got)
			}
			if a := w.Do(token, "GET", "/2.0/repositories/acme", nil); a.Status != 200 || a.String("size") != fmt.Sprint(listed) {
				t.Fatalf("with %v the list answers %d with %s", want, a.Status, a.String("size"))
			}
			if out, err := w.TryGit(dir, "push", "--dry-run", w.Remote("acme-carol", secret, "acme/widgets"), "HEAD:refs/heads/new"); (err == nil) != (want >= access.Write) {
				t.Fatalf("with %v a push: %v %s", want, err, out)
			}
		}
		// Each alone, and then any of them together.
		verify(t, workspace.Owner, make([]access.Level, len(sources)))
		for i := range sources {
			for _, l := range sources[i].levels {
				granted := make([]access.Level, len(sources))
				granted[i] = l
				verify(t, workspace.Collaborator, granted)
			}
		}
		rapid.Check(t, func(rt *rapid.T) {
			granted := make([]access.Level, len(sources))
			for i, g := range sources {
				granted[i] = rapid.SampledFrom(append(g.levels, access.None, access.None)).Draw(rt, g.table)
			}
			verify(rt, rapid.SampledFrom([]workspace.Role{workspace.Collaborator, workspace.Member, workspace.Owner}).Draw(rt, "role"), granted)
		})
	})
}

// TestPublicRepositories: the list of a private workspace shows its public repositories to everybody, and hides the
// workspace again when there is none.
func TestPublicRepositories(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		admin := w.Token(w.Admin, "read:repository", "admin:repository", "admin:project", "delete:repository", "read:project")
		outsider := w.Token(w.Outsider, "read:repository")
		hidden := func(when string) {
			t.Helper()
			for _, c := range []pailtest.Credential{pailtest.None, outsider} {
				if a := w.Do(c, "GET", "/2.0/repositories/acme", nil); a.Status != 404 || a.Header.Get("X-Pail-Reason") != "workspace.not_found" {
					t.Errorf("%s: %d %s", when, a.Status, a.Body)
				}
			}
		}
		hidden("nothing is public")
		w.Want(w.Do(admin, "POST", "/2.0/workspaces/acme/projects", `{"key":"PUB","name":"Open","is_private":false}`), 201)
		hidden("a project is public, and empty")
		w.Want(w.Do(admin, "POST", "/2.0/repositories/acme/open", `{"is_private":false,"project":{"key":"PUB"}}`), 200)
		for _, c := range []pailtest.Credential{pailtest.None, outsider} {
			a := w.Want(w.Do(c, "GET", "/2.0/repositories/acme", nil), 200)
			if a.String("size") != "1" || a.String("values.0.slug") != "open" {
				t.Errorf("the list is %s", a.Body)
			}
			w.Want(w.Do(c, "GET", "/2.0/repositories/acme/widgets", nil), 404)
			w.Want(w.Do(c, "GET", "/2.0/repositories/nowhere", nil), 404, "workspace.not_found")
		}
		w.Want(w.Do(admin, "DELETE", "/2.0/repositories/acme/open", nil), 204)
		hidden("it is gone")
	})
}
