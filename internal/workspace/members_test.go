package workspace_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
)

func TestChangeRole(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a, ctx := s.acme(), t.Context()
		if err := s.room.ChangeRole(ctx, a.w.ID, s.person("mal").ID, workspace.Member); !errors.Is(err, workspace.ErrNotFound) || a.role("mal") != 0 {
			t.Errorf("a stranger: %v, %v", err, a.role("mal"))
		}
		if err := s.room.ChangeRole(ctx, a.w.ID, s.person("ada").ID, workspace.Member); refusedAs(t, err) != reason.ConflictState || a.role("ada") != workspace.Owner {
			t.Errorf("the last owner: %v, %v", err, a.role("ada"))
		}
		if err := s.room.ChangeRole(ctx, a.w.ID, s.person("bob").ID, 0); refusedAs(t, err) != reason.ValueInvalid {
			t.Errorf("no role: %v", err)
		}
		must(t, s.room.ChangeRole(ctx, a.w.ID, s.person("bob").ID, workspace.Owner))
		must(t, s.room.ChangeRole(ctx, a.w.ID, s.person("ada").ID, workspace.Collaborator))
		if a.role("bob") != workspace.Owner || a.role("ada") != workspace.Collaborator {
			t.Errorf("%v and %v", a.role("bob"), a.role("ada"))
		}
	})
}

func TestLists(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a, ctx := s.acme(), t.Context()
		first := rest.Paging{Page: 1, Pagelen: 2}
		members := func(search string, emails bool, p rest.Paging) string {
			rows, more, err := s.room.ListMembers(ctx, a.w.ID, search, emails, p)
			must(t, err)
			names := []string{}
			for _, m := range rows {
				names = append(names, m.User.Username)
			}
			if more {
				names = append(names, "…")
			}
			return strings.Join(names, " ")
		}
		for _, c := range []struct {
			search string
			emails bool
			page   rest.Paging
			want   string
		}{
			{"", false, first, "ada bob …"}, {"", false, rest.Paging{Page: 2, Pagelen: 2}, "eve"}, {"B", false, first, "bob"},
			{"acme.example", false, first, ""}, {"acme.example", true, first, "ada bob …"}, {"%", true, first, ""},
		} {
			if got := members(c.search, c.emails, c.page); got != c.want {
				t.Errorf("members with %q: %q, want %q", c.search, got, c.want)
			}
		}
		_, err := s.room.CreateGroup(ctx, a.w.ID, "admins", "Éveryone else")
		must(t, err)
		groups, more, err := s.room.ListGroups(ctx, a.w.ID, "", first)
		if err != nil || more || len(groups) != 2 || groups[0].Slug != "admins" || groups[0].Members != 0 || groups[1].Members != 1 {
			t.Errorf("groups %+v, %v, %v", groups, more, err)
		}
		if groups, _, err := s.room.ListGroups(ctx, a.w.ID, "VELOP", first); err != nil || len(groups) != 1 {
			t.Errorf("groups %+v, %v", groups, err)
		}
		for who, want := range map[string][]string{"": {"OPEN"}, "mal": {"OPEN"}, "eve": {"OPEN"}, "bob": {"FTO", "OPEN"}, "ada": {"FTO", "OPEN"}} {
			id := ""
			if who != "" {
				id = s.person(who).ID
			}
			projects, more, err := s.room.ListProjects(ctx, &a.w, id, "", first)
			keys := []string{}
			for _, p := range projects {
				keys = append(keys, p.Key)
			}
			if err != nil || more || !slices.Equal(keys, want) {
				t.Errorf("%s sees %v, %v, %v; want %v", who, keys, more, err, want)
			}
		}
		own, more, err := s.room.ListOwn(ctx, s.person("bob").ID, "ACME", first)
		if err != nil || more || len(own) != 1 || own[0].Role != workspace.Member {
			t.Errorf("own %+v, %v, %v", own, more, err)
		}
		if own, _, err := s.room.ListOwn(ctx, s.person("mal").ID, "", first); err != nil || len(own) != 0 {
			t.Errorf("own %+v, %v", own, err)
		}
	})
}

func TestGroups(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a, ctx := s.acme(), t.Context()
		must(t, s.room.RenameGroup(ctx, a.developers, "  Everybody  "))
		g, err := workspace.GroupBySlug(ctx, s.db, a.w.ID, "developers")
		if err != nil || g.Name != "Everybody" {
			t.Errorf("%+v, %v", g, err)
		}
		if err := s.room.RenameGroup(ctx, g, " "); refusedAs(t, err) != reason.ValueInvalid {
			t.Errorf("no name: %v", err)
		}
		a.invite(workspace.NewInvitation{Role: workspace.Member, Groups: []string{"developers"}, Days: 1, Uses: 1})
		must(t, s.room.DeleteGroup(ctx, g))
		for _, err := range []error{s.room.DeleteGroup(ctx, g), s.room.RenameGroup(ctx, g, "x")} {
			if !errors.Is(err, workspace.ErrNotFound) {
				t.Errorf("after the end: %v", err)
			}
		}
		account := s.person("bob").Account
		found, err := s.room.Projects().Find(ctx, &access.Principal{Kind: access.Session, Account: &account}, "acme", "FTO")
		if err != nil || found.Level != access.None {
			t.Errorf("bob still has %v, %v", found.Level, err)
		}
		if list, err := s.room.ListInvitations(ctx, &a.w); err != nil || len(list) != 1 || len(list[0].Groups) != 0 {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func TestUpdateAndDeleteWorkspace(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a, ctx := s.acme(), t.Context()
		yes, no, title, empty := true, false, " New name ", "\n"
		refused := func(err error, field string) {
			t.Helper()
			if e, ok := errors.AsType[*rest.Error](err); !ok || e.Fields[field] == nil {
				t.Errorf("%v, want a problem with %s", err, field)
			}
		}
		_, err := s.room.UpdateWorkspace(ctx, a.w.ID, workspace.Change{Name: &empty})
		refused(err, "name")
		_, err = s.room.UpdateWorkspace(ctx, a.w.ID, workspace.Change{PrivacyEnforced: &yes})
		refused(err, "is_privacy_enforced")
		_, err = s.room.UpdateProject(ctx, a.open.ID, workspace.ProjectChange{Private: &yes})
		must(t, err)
		w, err := s.room.UpdateWorkspace(ctx, a.w.ID, workspace.Change{Name: &title, Private: &no, PrivacyEnforced: &yes})
		if err != nil || w.Name != "New name" || w.Private || !w.PrivacyEnforced || w.Slug != "acme" {
			t.Errorf("%+v, %v", w, err)
		}
		_, err = s.room.UpdateProject(ctx, a.open.ID, workspace.ProjectChange{Private: &no})
		refused(err, "is_private")
		_, err = s.room.CreateProject(ctx, &w, workspace.NewProject{Key: "NEW", Name: "n", Public: true})
		refused(err, "is_private")

		s.repository(a.fto, "widgets", true)
		if err := s.room.DeleteWorkspace(ctx, a.w.ID); refusedAs(t, err) != reason.ConflictInUse {
			t.Errorf("with a repository: %v", err)
		}
		must(t, s.db.Update(ctx, func(tx *database.Tx) error { _, err := tx.Exec(ctx, `DELETE FROM repository`); return err }))
		a.invite(workspace.NewInvitation{Role: workspace.Member, Groups: []string{"developers"}, Days: 1, Uses: 1})
		must(t, s.room.DeleteWorkspace(ctx, a.w.ID))
		if err := s.room.DeleteWorkspace(ctx, a.w.ID); !errors.Is(err, workspace.ErrNotFound) {
			t.Errorf("deleted twice: %v", err)
		}
		if _, err := s.room.UpdateWorkspace(ctx, a.w.ID, workspace.Change{}); !errors.Is(err, workspace.ErrNotFound) {
			t.Errorf("changed after the end: %v", err)
		}
		for _, table := range []string{"workspace", "workspace_member", "user_group", "project", "invitation", "invitation_group"} {
			var n int
			must(t, s.db.Row(ctx, `SELECT COUNT(*) FROM `+table).Scan(&n))
			if n != 0 {
				t.Errorf("%d rows of %s are left", n, table)
			}
		}
	})
}

// While a workspace begins to keep everything private, nothing in it becomes public.
func TestPrivacyAtOnce(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a, ctx := s.acme(), t.Context()
		yes, no := true, false
		for range 10 {
			for _, p := range []workspace.Project{a.fto, a.open} {
				_, err := s.room.UpdateProject(ctx, p.ID, workspace.ProjectChange{Private: &yes})
				must(t, err)
			}
			_, err := s.room.UpdateWorkspace(ctx, a.w.ID, workspace.Change{PrivacyEnforced: &no})
			must(t, err)
			var wg sync.WaitGroup
			enforce := func() error {
				_, err := s.room.UpdateWorkspace(ctx, a.w.ID, workspace.Change{PrivacyEnforced: &yes})
				return err
			}
			publish := func() error {
				_, err := s.room.UpdateProject(ctx, a.open.ID, workspace.ProjectChange{Private: &no})
				return err
			}
			for _, change := range []func() error{enforce, publish} {
				wg.Go(func() {
					if err := change(); err != nil && refusedAs(t, err) != reason.ValueInvalid {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			var broken bool
			must(t, s.db.Row(ctx, `SELECT EXISTS (SELECT 1 FROM project p JOIN workspace w ON w.id = p.workspace_id
				WHERE w.is_privacy_enforced AND NOT p.is_private)`).Scan(&broken))
			if broken {
				t.Fatal("a project is public where everything is to be private")
			}
		}
	})
}

func TestCreates(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		if got := s.room.Creates().String(); got != "server admin" {
			t.Errorf("the need is %s", got)
		}
	})
}
