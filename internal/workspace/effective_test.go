package workspace_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
	"pgregory.net/rapid"
)

// effectivePages reads a view of who may do what, a few rows at a time.
func effectivePages(t fataler, pagelen int, page func(rest.Paging) ([]workspace.Effective, bool, error)) (all []workspace.Effective) {
	for n := 1; ; n++ {
		rows, more, err := page(rest.Paging{Page: n, Pagelen: pagelen})
		if err != nil || len(rows) > pagelen || more && len(rows) < pagelen {
			t.Fatalf("page %d: %d rows, more %v, %v", n, len(rows), more, err)
		}
		all = append(all, rows...)
		if !more {
			return all
		}
	}
}

type fataler interface{ Fatalf(string, ...any) }

// told is what a view says about one account, in short.
func told(e workspace.Effective) string {
	var grants []string
	for _, g := range e.Grants {
		grants = append(grants, fmt.Sprintf("%s %s %s", g.Place, g.Level, g.Group.Slug))
	}
	return e.Level.String() + ": " + strings.Join(grants, ", ")
}

// For random roles, groups and grants: who is in the view of a project or of a repository has the level there that the
// decision gives, everybody else has none, and the strongest of the grants that are told is that level.
func TestEffectiveIsTheDecision(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		names := []string{"ada", "bob", "eve", "kim", "mal"}
		repositories := &repository.Room{DB: s.db, Accounts: s.accounts, Workspaces: s.room}
		var rounds atomic.Int64
		rapid.Check(t, func(rt *rapid.T) {
			ctx := t.Context()
			w, err := s.room.CreateWorkspace(ctx, fmt.Sprintf("w%d", rounds.Add(1)), "", s.person("ada").ID)
			must(t, err)
			for _, name := range names[1:] {
				if role := workspace.Role(rapid.IntRange(0, 3).Draw(rt, "role of "+name)); role > 0 {
					must(t, s.room.AddMember(ctx, w.ID, s.person(name).ID, role))
				}
			}
			project, err := s.room.CreateProject(ctx, &w, workspace.NewProject{Key: "P", Name: "p"})
			must(t, err)
			repo := &repository.Repository{ID: "r-" + w.Slug, Workspace: w, Project: project}
			s.repository(project, w.Slug, rapid.Bool().Draw(rt, "private"))
			targets := []workspace.Target{&project, repo}
			level := func() access.Level {
				return rapid.SampledFrom([]access.Level{access.None, access.Read, access.Write, access.Admin}).Draw(rt, "level")
			}
			for i := range 3 {
				g, err := s.room.CreateGroup(ctx, w.ID, fmt.Sprintf("g%d", i), "")
				must(t, err)
				for _, name := range names {
					if rapid.Bool().Draw(rt, "in the group") {
						if err := s.room.AddToGroup(ctx, g, s.person(name).ID); err != nil && err != workspace.ErrNotFound {
							t.Fatal(err)
						}
					}
				}
				for _, target := range targets {
					if l := level(); l != access.None {
						must(t, s.room.GrantGroup(ctx, target, g.ID, l))
					}
				}
			}
			for _, name := range names {
				for _, target := range targets {
					if l := level(); l != access.None {
						if err := s.room.GrantUser(ctx, target, s.person(name).ID, l); err != nil && err != workspace.ErrNotFound {
							t.Fatal(err)
						}
					}
				}
			}
			pagelen := rapid.IntRange(1, 6).Draw(rt, "pagelen")
			views := [][]workspace.Effective{
				effectivePages(rt, pagelen, func(p rest.Paging) ([]workspace.Effective, bool, error) {
					return s.room.Effective(ctx, &project, "", p)
				}),
				effectivePages(rt, pagelen, func(p rest.Paging) ([]workspace.Effective, bool, error) {
					return repositories.Effective(ctx, repo, "", p)
				}),
			}
			for i, decide := range []func(*access.Principal) (access.Level, error){
				func(p *access.Principal) (access.Level, error) {
					found, err := s.room.Projects().Find(ctx, p, w.Slug, "P")
					return found.Level, err
				},
				func(p *access.Principal) (access.Level, error) {
					found, err := repositories.Repositories().Find(ctx, p, w.Slug, w.Slug)
					return found.Level, err
				},
			} {
				levels := map[string]access.Level{}
				before := access.Admin
				for _, e := range views[i] {
					levels[e.User.Username] = e.Level
					if len(e.Grants) == 0 || e.Grants[0].Level != e.Level || e.Level > before || e.More != 0 {
						rt.Fatalf("%s: %s, after %s", e.User.Username, told(e), before)
					}
					before = e.Level
				}
				for _, name := range names {
					account := s.person(name).Account
					decided, err := decide(&access.Principal{Kind: access.Session, Account: &account})
					if err != nil || decided != levels[name] {
						rt.Fatalf("view %d tells %s of %s, decided is %s, %v", i, levels[name], name, decided, err)
					}
				}
				if len(levels) != len(views[i]) {
					rt.Fatalf("somebody is told twice: %v", views[i])
				}
			}
		})
	})
}

func TestEffective(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a, ctx := s.acme(), t.Context()
		must(t, s.room.GrantUser(ctx, &a.fto, s.person("eve").ID, access.Read))
		must(t, s.room.GrantUser(ctx, &a.fto, s.person("bob").ID, access.Read))
		s.repository(a.fto, "widgets", true)
		repo := &repository.Repository{ID: "r-widgets", Workspace: a.w, Project: a.fto}
		must(t, s.room.GrantGroup(ctx, repo, a.developers.ID, access.Admin))
		must(t, s.room.GrantUser(ctx, repo, s.person("bob").ID, access.Read))
		if err := s.room.GrantUser(ctx, repo, s.person("bob").ID, access.CreateRepo); err == nil {
			t.Error("create-repo was granted on a repository")
		}
		all := rest.Paging{Page: 1, Pagelen: 100}
		read := func(rows []workspace.Effective, more bool, err error) map[string]string {
			t.Helper()
			if err != nil || more {
				t.Fatal(more, err)
			}
			got := map[string]string{}
			for _, e := range rows {
				got[e.User.Username] = told(e)
			}
			return got
		}
		if diff := cmp.Diff(map[string]string{"ada": "admin: workspace admin ", "bob": "write: project write developers, project read ", "eve": "read: project read "},
			read(s.room.Effective(ctx, &a.fto, "", all))); diff != "" {
			t.Error(diff)
		}
		repositories := &repository.Room{DB: s.db}
		if diff := cmp.Diff(map[string]string{
			"ada": "admin: workspace admin ", "eve": "read: project read ",
			"bob": "admin: repository admin developers, project write developers, project read , repository read "},
			read(repositories.Effective(ctx, repo, "", all))); diff != "" {
			t.Error(diff)
		}
		for search, want := range map[string]int{"O": 1, "bob": 1, "%": 0, "_": 0, `\`: 0, "é": 0, "\x00b\xffob": 1, strings.Repeat("x", 20000): 0, " ": 3} {
			if got := read(s.room.Effective(ctx, &a.fto, search, all)); len(got) != want {
				t.Errorf("a search for %.20q finds %v", search, got)
			}
		}
	})
}

// Who is in hundreds of groups has the strongest grant told first, and the others counted.
func TestEffectiveOfManyGroups(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a, ctx := s.acme(), t.Context()
		must(t, s.db.Update(ctx, func(tx *database.Tx) error {
			for i := range 200 {
				id := fmt.Sprintf("many-%d", i)
				for _, query := range []string{
					`INSERT INTO user_group (id, workspace_id, slug, name, created_on) VALUES ($2, $1, $2, $2, 1)`,
					`INSERT INTO group_member (workspace_id, group_id, account_id) SELECT $1, $2, id FROM account WHERE username = 'eve'`,
					`INSERT INTO project_group_grant (workspace_id, group_id, project_id, permission) SELECT $1, $2, id, 1 FROM project WHERE key = 'FTO'`,
				} {
					if _, err := tx.Exec(ctx, query, a.w.ID, id); err != nil {
						return err
					}
				}
			}
			_, err := tx.Exec(ctx, `UPDATE project_group_grant SET permission = 4 WHERE group_id = 'many-77'`)
			return err
		}))
		rows, _, err := s.room.Effective(ctx, &a.fto, "eve", rest.Paging{Page: 1, Pagelen: 10})
		if err != nil || len(rows) != 1 || rows[0].Level != access.Admin || rows[0].Grants[0].Group.Slug != "many-77" || len(rows[0].Grants)+rows[0].More != 200 || len(rows[0].Grants) != 20 {
			t.Errorf("%v, %v", rows, err)
		}
	})
}

func TestReaching(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a, ctx := s.acme(), t.Context()
		s.repository(a.fto, "widgets", true)
		other, err := s.room.CreateWorkspace(ctx, "other", "", s.person("mal").ID)
		must(t, err)
		within := access.Bounds{WorkspaceID: a.w.ID}
		project, open, repo := within, within, within
		project.ProjectID, open.ProjectID = a.fto.ID, a.open.ID
		repo.RepositoryID = "r-widgets"
		for name, c := range map[string]struct {
			kind   access.Kind
			bounds access.Bounds
			scope  string
		}{
			"workspace": {access.WorkspaceToken, within, "repository:write"}, "project": {access.ProjectToken, project, "project:admin"},
			"repository": {access.RepositoryTok, repo, "repository:admin"}, "another project": {access.ProjectToken, open, "project"},
			"another workspace": {access.WorkspaceToken, access.Bounds{WorkspaceID: other.ID}, "repository"},
			"revoked":           {access.WorkspaceToken, within, "repository"}, "expired": {access.WorkspaceToken, within, "repository"},
		} {
			_, _, err := s.accounts.CreateAccessToken(ctx, c.kind, c.bounds, name, []string{c.scope}, 30)
			must(t, err)
		}
		_, _, err = s.accounts.CreateToken(ctx, s.person("ada").ID, "personal", []string{"read:repository:bitbucket"}, 30)
		must(t, err)
		must(t, s.db.Update(ctx, func(tx *database.Tx) error {
			if _, err := tx.Exec(ctx, `UPDATE credential SET revoked_on = 1 WHERE name = 'revoked'`); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, `UPDATE credential SET expires_on = 1 WHERE name = 'expired'`)
			return err
		}))
		list := func(repositoryID string) (all []string) {
			tokens, err := s.room.Reaching(ctx, &a.fto, repositoryID)
			must(t, err)
			for _, c := range tokens {
				all = append(all, c.Name+" "+c.Level.String())
			}
			return all
		}
		if diff := cmp.Diff([]string{"project admin", "workspace write"}, list("")); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"repository admin", "workspace write", "project read"}, list("r-widgets")); diff != "" {
			t.Error(diff)
		}
	})
}
