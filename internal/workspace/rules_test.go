package workspace_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/database/databasetest"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
	"pgregory.net/rapid"
)

// model is the rule of privileges in plain Go, beside a workspace in the store.
type model struct {
	roles      map[string]workspace.Role
	groups     []map[string]bool
	groupGrant []map[int]access.Level
	userGrant  []map[string]access.Level
}

func (m *model) level(project int, person string) access.Level {
	level := m.userGrant[project][person]
	for g, granted := range m.groupGrant[project] {
		if m.groups[g][person] {
			level = max(level, granted)
		}
	}
	if m.roles[person] == workspace.Owner {
		level = access.Admin
	}
	return level
}

func (m *model) owners() (n int) {
	for _, r := range m.roles {
		if r == workspace.Owner {
			n++
		}
	}
	return n
}

// leave takes a person out, with all that was granted.
func (m *model) leave(person string) {
	delete(m.roles, person)
	for _, g := range m.groups {
		delete(g, person)
	}
	for _, p := range m.userGrant {
		delete(p, person)
	}
}

// Whatever happens to memberships, groups and grants: the level from the store is the level of the rule, the list of
// projects holds what may be read, and who left keeps nothing.
func TestPrivilegesFollowTheRule(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		people := []string{"ada", "bob", "eve"}
		tokens := map[string]credential{"": anonymous}
		for _, p := range people {
			tokens[p] = s.token(p)
		}
		var rounds atomic.Int64
		rapid.Check(t, func(rt *rapid.T) { checkRule(t, rt, s, people, tokens, fmt.Sprintf("w%d", rounds.Add(1))) })
	})
}

func checkRule(t *testing.T, rt *rapid.T, s *scene, people []string, tokens map[string]credential, slug string) {
	ctx := t.Context()
	w, err := s.room.CreateWorkspace(ctx, slug, "", s.person("ada").ID)
	must(t, err)
	m := &model{roles: map[string]workspace.Role{"ada": workspace.Owner}}
	var groups []workspace.Group
	var projects []workspace.Project
	for i := range 2 {
		g, err := s.room.CreateGroup(ctx, w.ID, fmt.Sprintf("g%d", i), "")
		must(t, err)
		p, err := s.room.CreateProject(ctx, &w, workspace.NewProject{Key: fmt.Sprintf("P%d", i), Name: "p", Public: rapid.Bool().Draw(rt, "public")})
		must(t, err)
		groups, projects = append(groups, g), append(projects, p)
		m.groups = append(m.groups, map[string]bool{})
		m.groupGrant = append(m.groupGrant, map[int]access.Level{})
		m.userGrant = append(m.userGrant, map[string]access.Level{})
	}
	drawPerson := func() string { return rapid.SampledFrom(people).Draw(rt, "person") }
	one := func() int { return rapid.IntRange(0, 1).Draw(rt, "which") }
	drawLevel := func() access.Level {
		return rapid.SampledFrom([]access.Level{access.Read, access.Write, access.CreateRepo, access.Admin}).Draw(rt, "level")
	}
	for range rapid.IntRange(1, 8).Draw(rt, "steps") {
		who := drawPerson()
		id := s.person(who).ID
		var want error // nil, ErrNotFound or any refusal
		refused := errors.New("refused")
		switch step := rapid.SampledFrom([]string{"role", "role", "leave", "join", "join", "quit", "group", "group", "user", "user", "ungroup", "unuser"}).Draw(rt, "step"); step {
		case "role":
			as := rapid.SampledFrom([]workspace.Role{workspace.Collaborator, workspace.Member, workspace.Owner}).Draw(rt, "role")
			if m.roles[who] == workspace.Owner && as != workspace.Owner && m.owners() == 1 {
				want = refused
			} else {
				m.roles[who] = as
			}
			err = s.room.AddMember(ctx, w.ID, id, as)
		case "leave":
			switch {
			case m.roles[who] == 0:
				want = workspace.ErrNotFound
			case m.roles[who] == workspace.Owner && m.owners() == 1:
				want = refused
			default:
				m.leave(who)
			}
			err = s.room.RemoveMember(ctx, w.ID, id)
		case "join":
			g := one()
			if m.roles[who] == 0 {
				want = workspace.ErrNotFound
			} else {
				m.groups[g][who] = true
			}
			err = s.room.AddToGroup(ctx, groups[g], id)
		case "quit":
			g := one()
			if !m.groups[g][who] {
				want = workspace.ErrNotFound
			}
			delete(m.groups[g], who)
			err = s.room.RemoveFromGroup(ctx, groups[g], id)
		case "group":
			p, g, l := one(), one(), drawLevel()
			m.groupGrant[p][g] = l
			err = s.room.GrantGroup(ctx, &projects[p], groups[g].ID, l)
		case "user":
			p, l := one(), drawLevel()
			if m.roles[who] == 0 {
				want = workspace.ErrNotFound
			} else {
				m.userGrant[p][who] = l
			}
			err = s.room.GrantUser(ctx, &projects[p], id, l)
		case "ungroup":
			p, g := one(), one()
			if m.groupGrant[p][g] == access.None {
				want = workspace.ErrNotFound
			}
			delete(m.groupGrant[p], g)
			err = s.room.RevokeGroup(ctx, &projects[p], groups[g].ID)
		case "unuser":
			p := one()
			if m.userGrant[p][who] == access.None {
				want = workspace.ErrNotFound
			}
			delete(m.userGrant[p], who)
			err = s.room.RevokeUser(ctx, &projects[p], id)
		}
		if refusal, ok := errors.AsType[*rest.Error](err); want == refused && (!ok || refusal.Reason != reason.ConflictState) || want != refused && !errors.Is(err, want) {
			rt.Fatalf("%v, want %v", err, want)
		}
	}
	for _, who := range people {
		account := s.person(who).Account
		principal := &access.Principal{Kind: access.APIToken, Account: &account}
		var readable []string
		for i, p := range projects {
			key := rapid.SampledFrom([]string{p.Key, strings.ToLower(p.Key), p.ID, rest.Braced(p.ID)}).Draw(rt, "key")
			in := rapid.SampledFrom([]string{w.Slug, w.ID, rest.Braced(w.ID)}).Draw(rt, "workspace")
			found, err := s.room.Projects().Find(ctx, principal, in, key)
			if err != nil || found.Level != m.level(i, who) || found.Public == found.Value.Private || found.Value.ID != p.ID || found.Value.Workspace.ID != w.ID {
				rt.Fatalf("%s on %s: %v %+v, want %v", who, p.Key, err, found, m.level(i, who))
			}
			if found.Level >= access.Read || found.Public {
				readable = append(readable, p.Key)
			}
		}
		found, err := s.room.Workspaces().Find(ctx, principal, w.Slug, "")
		if want := [...]access.Level{access.None, access.Read, access.Write, access.Admin}[m.roles[who]]; err != nil || found.Level != want {
			rt.Fatalf("%s on the workspace: %v %v, want %v", who, err, found.Level, want)
		}
		if m.roles[who] == 0 {
			continue // the workspace is private: its list is not to be seen
		}
		a := s.do(tokens[who], "GET", "/workspaces/"+w.Slug+"/projects", "")
		if a.column("key") != strings.Join(readable, " ") || a.text("size") != fmt.Sprint(len(readable)) {
			rt.Fatalf("%s sees %q of %s, want %q", who, a.column("key"), a.text("size"), readable)
		}
	}
}

// Of the last owners of a workspace one stays, even when they leave at the same moment.
func TestLastOwnersLeaveAtOnce(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		ids := []string{s.person("ada").ID, s.person("bob").ID, s.person("eve").ID}
		for round := range 20 {
			w, err := s.room.CreateWorkspace(t.Context(), fmt.Sprintf("w%d", round), "", ids[0])
			must(t, err)
			for _, id := range ids[1:] {
				must(t, s.room.AddMember(t.Context(), w.ID, id, workspace.Owner))
			}
			var refused atomic.Int64
			var wg sync.WaitGroup
			start := make(chan struct{})
			for i, id := range ids {
				wg.Go(func() {
					<-start
					var err error
					if i == 0 {
						err = s.room.AddMember(t.Context(), w.ID, id, workspace.Member)
					} else {
						err = s.room.RemoveMember(t.Context(), w.ID, id)
					}
					if e, ok := errors.AsType[*rest.Error](err); ok && e.Reason == reason.ConflictState {
						refused.Add(1)
					} else if err != nil {
						t.Error(err)
					}
				})
			}
			close(start)
			wg.Wait()
			var owners int
			must(t, s.db.Row(t.Context(), `SELECT COUNT(*) FROM workspace_member WHERE workspace_id = $1 AND role = 3`, w.ID).Scan(&owners))
			if owners != 1 || refused.Load() != 1 {
				t.Errorf("%d owners are left, %d were refused", owners, refused.Load())
			}
		}
	})
}

func TestRemoveMemberRemovesEverything(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a, ctx := s.acme(), t.Context()
		bob := s.person("bob").ID
		must(t, s.room.GrantUser(ctx, &a.fto, bob, access.Admin))
		must(t, s.room.AddDefaultReviewer(ctx, &a.fto, bob))
		s.repository(a.fto, "widgets", true)
		must(t, s.db.Update(ctx, func(tx *database.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO repository_user_grant (repository_id, workspace_id, account_id, permission) VALUES ('r-widgets', $1, $2, 4)`, a.w.ID, bob)
			return err
		}))
		must(t, s.room.RemoveMember(ctx, a.w.ID, bob))
		for _, table := range []string{"workspace_member", "group_member", "project_user_grant", "repository_user_grant", "project_default_reviewer"} {
			var n int
			must(t, s.db.Row(ctx, `SELECT COUNT(*) FROM `+table+` WHERE account_id = $1`, bob).Scan(&n))
			if n != 0 {
				t.Errorf("%d rows of %s are left", n, table)
			}
		}
		// Coming back gives nothing back.
		must(t, s.room.AddMember(ctx, a.w.ID, bob, workspace.Member))
		account := s.person("bob").Account
		found, err := s.room.Projects().Find(ctx, &access.Principal{Kind: access.APIToken, Account: &account}, "acme", "FTO")
		if err != nil || found.Level != access.None {
			t.Errorf("back with %v, %v", found.Level, err)
		}
	})
}

func TestServicesRefuse(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a, ctx := s.acme(), t.Context()
		ada, mal := s.person("ada").ID, s.person("mal").ID
		const nobody = "00000000-0000-7000-8000-000000000000"
		other, err := s.room.CreateWorkspace(ctx, "other", "", mal)
		must(t, err)
		foreign, err := s.room.CreateGroup(ctx, other.ID, "developers", "")
		must(t, err)
		workspaceOf := func(_ workspace.Workspace, err error) error { return err }
		groupOf := func(_ workspace.Group, err error) error { return err }
		projectOf := func(_ workspace.Project, err error) error { return err }
		project := func(key, title, description string) error {
			return projectOf(s.room.CreateProject(ctx, &a.w, workspace.NewProject{Key: key, Name: title, Description: description}))
		}
		for name, c := range map[string]struct {
			err   error
			field string // of the refusal; "": ErrNotFound
		}{
			"slug with a slash":            {workspaceOf(s.room.CreateWorkspace(ctx, "a/b", "", ada)), "slug"},
			"slug like a uuid":             {workspaceOf(s.room.CreateWorkspace(ctx, nobody, "", ada)), "slug"},
			"slug taken":                   {workspaceOf(s.room.CreateWorkspace(ctx, "ACME", "", ada)), "slug"},
			"name with a line break":       {workspaceOf(s.room.CreateWorkspace(ctx, "x", "a\nb", ada)), "name"},
			"owner unknown":                {workspaceOf(s.room.CreateWorkspace(ctx, "x", "", nobody)), ""},
			"member unknown":               {s.room.AddMember(ctx, a.w.ID, nobody, workspace.Member), ""},
			"member of no workspace":       {s.room.AddMember(ctx, nobody, ada, workspace.Member), ""},
			"no role":                      {s.room.AddMember(ctx, a.w.ID, mal, 0), "permission"},
			"leaves without being there":   {s.room.RemoveMember(ctx, a.w.ID, mal), ""},
			"group taken":                  {groupOf(s.room.CreateGroup(ctx, a.w.ID, "", "Developers")), "slug"},
			"group without a letter":       {groupOf(s.room.CreateGroup(ctx, a.w.ID, "", "日本")), "slug"},
			"group of no workspace":        {groupOf(s.room.CreateGroup(ctx, nobody, "x", "")), ""},
			"group of another workspace":   {s.room.GrantGroup(ctx, &a.fto, foreign.ID, access.Read), ""},
			"stranger into a group":        {s.room.AddToGroup(ctx, a.developers, mal), ""},
			"stranger gets a grant":        {s.room.GrantUser(ctx, &a.fto, mal, access.Read), ""},
			"grant of nothing":             {s.room.GrantUser(ctx, &a.fto, ada, access.None), "permission"},
			"stranger reviews":             {s.room.AddDefaultReviewer(ctx, &a.fto, mal), ""},
			"key with a hyphen":            {project("A-B", "n", ""), "key"},
			"key empty":                    {project("", "n", ""), "key"},
			"key too long":                 {project(strings.Repeat("A", 129), "n", ""), "key"},
			"key taken in lower case":      {project("fto", "n", ""), "key"},
			"project without a name":       {project("A", "  ", ""), "name"},
			"project name too long":        {project("A", strings.Repeat("é", 256), ""), "name"},
			"description with a zero byte": {project("A", "n", "a\x00b"), "description"},
			"description too long":         {project("A", "n", strings.Repeat("a", 10001)), "description"},
			"update of no project":         {projectOf(s.room.UpdateProject(ctx, nobody, workspace.ProjectChange{})), ""},
			"delete of no project":         {s.room.DeleteProject(ctx, nobody), ""},
		} {
			refusal, ok := errors.AsType[*rest.Error](c.err)
			switch {
			case c.field == "" && !errors.Is(c.err, workspace.ErrNotFound):
				t.Errorf("%s: %v, want ErrNotFound", name, c.err)
			case c.field != "" && (!ok || refusal.Status != 400 || refusal.Fields[c.field] == nil):
				t.Errorf("%s: %v, want 400 for %s", name, c.err, c.field)
			}
		}
	})
}

func TestLookups(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a, ctx := s.acme(), t.Context()
		for _, name := range []string{"acme", "ACME", a.w.ID, rest.Braced(a.w.ID), strings.ToUpper(rest.Braced(a.w.ID))} {
			if w, err := workspace.BySlug(ctx, s.db, name); err != nil || w != a.w {
				t.Errorf("%s: %+v, %v; want %+v", name, w, err, a.w)
			}
		}
		for _, name := range []string{"FTO", "fto", a.fto.ID, rest.Braced(a.fto.ID)} {
			p, err := workspace.ProjectByKey(ctx, s.db, a.w.ID, name)
			if err != nil || *p.Workspace != a.w {
				t.Errorf("%s: %+v, %v", name, p, err)
			}
			if p.Workspace = a.fto.Workspace; p != a.fto {
				t.Errorf("%s: %+v, want %+v", name, p, a.fto)
			}
		}
		for _, name := range []string{"developers", "Developers", a.developers.ID, rest.Braced(a.developers.ID)} {
			if g, err := workspace.GroupBySlug(ctx, s.db, a.w.ID, name); err != nil || g != a.developers {
				t.Errorf("%s: %+v, %v; want %+v", name, g, err, a.developers)
			}
		}
		for _, name := range []string{"", "x", "a/b", "..", a.fto.ID, "FTO", "\xff"} {
			_, err1 := workspace.BySlug(ctx, s.db, name)
			_, err2 := workspace.GroupBySlug(ctx, s.db, a.w.ID, name)
			if !errors.Is(err1, workspace.ErrNotFound) || !errors.Is(err2, workspace.ErrNotFound) {
				t.Errorf("%q: %v, %v", name, err1, err2)
			}
		}
		for _, name := range []string{"", "X", "A-B", a.w.ID} {
			if _, err := workspace.ProjectByKey(ctx, s.db, a.w.ID, name); !errors.Is(err, workspace.ErrNotFound) {
				t.Errorf("%q: %v", name, err)
			}
		}
		if _, err := workspace.ProjectByKey(ctx, s.db, a.developers.ID, a.fto.ID); !errors.Is(err, workspace.ErrNotFound) {
			t.Errorf("a project of another workspace: %v", err)
		}
	})
}

// What cannot be the name of anything is answered without the store: here there is none.
func TestImpossibleNamesDoNotReachTheStore(t *testing.T) {
	room := &workspace.Room{}
	ada := &access.Principal{Kind: access.APIToken, Account: &access.Account{ID: "x"}}
	for _, bad := range []string{"", "-a", "a b", "..", "a\x00b", strings.Repeat("a", 200), "{x}", "é"} {
		if _, err := room.Workspaces().Find(t.Context(), ada, bad, ""); !errors.Is(err, access.ErrAbsent) {
			t.Errorf("workspace %q: %v", bad, err)
		}
		for _, names := range [][2]string{{bad, "FTO"}, {"acme", bad}} {
			if _, err := room.Projects().Find(t.Context(), ada, names[0], names[1]); !errors.Is(err, access.ErrAbsent) {
				t.Errorf("project %q: %v", names, err)
			}
		}
	}
}

func TestPrivacy(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a, ctx := s.acme(), t.Context()
		yes, no := true, false
		s.repository(a.open, "lib", false)
		refused := func(err error) bool {
			e, ok := errors.AsType[*rest.Error](err)
			return ok && e.Fields["is_private"] != nil
		}
		if _, err := s.room.UpdateProject(ctx, a.open.ID, workspace.ProjectChange{Private: &yes}); !refused(err) {
			t.Errorf("private with a public repository: %v", err)
		}
		if p, err := workspace.ProjectByKey(ctx, s.db, a.w.ID, "OPEN"); err != nil || p.Private {
			t.Errorf("the refused change stayed: %+v, %v", p, err)
		}
		must(t, s.db.Update(ctx, func(tx *database.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE workspace SET is_privacy_enforced = TRUE`)
			return err
		}))
		if _, err := s.room.UpdateProject(ctx, a.fto.ID, workspace.ProjectChange{Private: &no}); !refused(err) {
			t.Errorf("public where privacy is enforced: %v", err)
		}
		if _, err := s.room.CreateProject(ctx, &a.w, workspace.NewProject{Key: "P", Name: "P", Public: true}); !refused(err) {
			t.Errorf("created public where privacy is enforced: %v", err)
		}
	})
}

// Changes to different fields of one project at the same moment both stay.
func TestConcurrentChangesOfOneProject(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a := s.acme()
		title, description := "New name", "New description"
		var wg sync.WaitGroup
		for _, c := range []workspace.ProjectChange{{Name: &title}, {Description: &description}} {
			wg.Go(func() {
				if _, err := s.room.UpdateProject(t.Context(), a.fto.ID, c); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		p, err := workspace.ProjectByKey(t.Context(), s.db, a.w.ID, "FTO")
		if err != nil || p.Name != title || p.Description != description {
			t.Errorf("%+v, %v", p, err)
		}
	})
}

func TestDefaultReviewersPage(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a, ctx := s.acme(), t.Context()
		for _, name := range []string{"eve", "bob", "ada", "ada"} {
			must(t, s.room.AddDefaultReviewer(ctx, &a.fto, s.person(name).ID))
		}
		page, size, err := workspace.DefaultReviewers(ctx, s.db, a.fto.ID, 1, 5)
		names := []string{}
		for _, r := range page {
			names = append(names, r.Username)
		}
		if err != nil || size != 3 || !slices.Equal(names, []string{"bob", "eve"}) {
			t.Errorf("%v of %d, %v", names, size, err)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	for _, dsn := range []struct {
		name string
		open func(testing.TB) string
	}{{"sqlite", databasetest.SQLite}, {"postgres", databasetest.Postgres}} {
		b.Run(dsn.name, func(b *testing.B) {
			s := newScene(b, databasetest.Open(b, dsn.open(b)))
			s.acme()
			bob := s.person("bob").Account
			p := &access.Principal{Kind: access.APIToken, Account: &bob}
			b.Run("workspace", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if f, err := s.room.Workspaces().Find(b.Context(), p, "acme", ""); err != nil || f.Level != access.Write {
						b.Fatal(f, err)
					}
				}
			})
			b.Run("project", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if f, err := s.room.Projects().Find(b.Context(), p, "acme", "FTO"); err != nil || f.Level != access.Write {
						b.Fatal(f, err)
					}
				}
			})
		})
	}
}
