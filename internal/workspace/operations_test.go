package workspace_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/workspace"
)

// makePublic opens a workspace to everybody.
func (a *acme) makePublic() {
	a.t.Helper()
	must(a.t, a.db.Update(a.t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(a.t.Context(), `UPDATE workspace SET is_private = FALSE WHERE id = $1`, a.w.ID)
		return err
	}))
}

func q(query string) string { return "?q=" + url.QueryEscape(query) }

func TestOwnWorkspaces(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a := s.acme()
		bob := s.token("bob")
		_, err := s.room.CreateWorkspace(t.Context(), "bobs", "Bob's", s.person("bob").ID)
		must(t, err)
		own := s.want(200, "", bob, "GET", "/user/workspaces", "")
		if got := own.column("workspace.slug") + own.column("administrator") + own.text("size"); got != "acme bobsfalse true2" {
			t.Errorf("bob has %s", got)
		}
		if own.text("values.0.type") != "workspace_access" || own.text("values.0.workspace.uuid") != "{"+a.w.ID+"}" {
			t.Errorf("%s", own.Body)
		}
		for query, want := range map[string]string{
			"?sort=-workspace.slug": "bobs acme", "?administrator=true": "bobs", "?administrator=false": "acme",
			q(`administrator = true`): "bobs", q(`workspace.slug ~ "CM"`): "acme", "?pagelen=1&page=2": "bobs",
		} {
			if got := s.want(200, "", bob, "GET", "/user/workspaces"+query, "").column("workspace.slug"); got != want {
				t.Errorf("%s: %q, want %q", query, got, want)
			}
		}
		if none := s.want(200, "", s.token("mal"), "GET", "/user/workspaces", ""); !strings.Contains(none.Body.String(), `"values":[]`) {
			t.Errorf("%s", none.Body)
		}
		s.want(400, "value.invalid", bob, "GET", "/user/workspaces?administrator=maybe", "")
		s.want(400, "query.invalid", bob, "GET", "/user/workspaces?sort=nothing", "")
		s.want(401, "", anonymous, "GET", "/user/workspaces", "")
	})
}

func TestOwnPermission(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a := s.acme()
		for who, want := range map[string]string{"ada": "owner", "bob": "member", "eve": "collaborator"} {
			for _, name := range []string{"acme", "%7B" + a.w.ID + "%7D"} {
				got := s.want(200, "", s.token(who), "GET", "/user/workspaces/"+name+"/permission", "")
				if got.text("permission") != want || got.text("user.nickname") != who || got.text("workspace.slug") != "acme" {
					t.Errorf("%s: %s", who, got.Body)
				}
			}
		}
		mal := s.token("mal")
		s.want(404, "workspace.not_found", mal, "GET", "/user/workspaces/acme/permission", "")
		s.want(404, "workspace.not_found", mal, "GET", "/user/workspaces/nothing/permission", "")
		s.want(401, "", anonymous, "GET", "/user/workspaces/acme/permission", "")
		a.makePublic()
		s.want(403, "workspace.forbidden", mal, "GET", "/user/workspaces/acme/permission", "")
	})
}

func TestWorkspace(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a := s.acme()
		for _, who := range []string{"ada", "bob", "eve"} {
			for _, name := range []string{"acme", "ACME", "%7B" + a.w.ID + "%7D", a.w.ID} {
				got := s.want(200, "", s.token(who), "GET", "/workspaces/"+name, "")
				if got.text("uuid") != "{"+a.w.ID+"}" || got.text("name") != "Acme Inc." || got.text("is_private") != "true" ||
					got.text("links.self.href") != "https://pail.example/2.0/workspaces/acme" {
					t.Errorf("%s", got.Body)
				}
			}
		}
		mal := s.token("mal")
		for _, who := range []credential{mal, anonymous} {
			hidden := s.want(404, "workspace.not_found", who, "GET", "/workspaces/acme", "")
			nothing := s.want(404, "workspace.not_found", who, "GET", "/workspaces/nope", "")
			if strings.ReplaceAll(hidden.Body.String(), "acme", "nope") != nothing.Body.String() {
				t.Errorf("what is hidden and what is not there differ:\n%s\n%s", hidden.Body, nothing.Body)
			}
			if got := hidden.text("error.message"); got != "No workspace with identifier 'acme'." {
				t.Error(got)
			}
		}
		a.makePublic()
		s.want(200, "", mal, "GET", "/workspaces/acme", "")
		s.want(200, "", anonymous, "GET", "/workspaces/acme", "")
		s.want(403, "privilege.missing", mal, "GET", "/workspaces/acme/members", "")
		s.want(401, "", anonymous, "GET", "/workspaces/acme/members", "")
		if got := s.want(200, "", anonymous, "GET", "/workspaces/acme/projects", "").column("key"); got != "OPEN" {
			t.Errorf("anonymous sees %q", got)
		}
	})
}

func TestMembers(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		s.acme()
		ada, bob, eve := s.token("ada"), s.token("bob"), s.token("eve")
		if got := s.want(200, "", bob, "GET", "/workspaces/acme/members", ""); got.column("user.nickname") != "ada bob" || got.get("values.0.permission") != nil {
			t.Errorf("%s", got.Body)
		}
		permissions := s.want(200, "", bob, "GET", "/workspaces/acme/permissions", "")
		if got := permissions.column("user.nickname") + permissions.column("permission"); got != "ada bob eveowner member collaborator" {
			t.Errorf("%s", permissions.Body)
		}
		for query, want := range map[string]string{
			q(`permission = "owner"`): "ada", q(`permission != "owner"`): "bob eve", "?sort=-user.nickname": "eve bob ada",
			"?sort=permission": "eve bob ada", q(`user.display_name ~ "A"`): "ada", q(`user.uuid = "{` + s.person("eve").ID + `}"`): "eve",
			"?pagelen=2": "ada bob", "?pagelen=2&page=2": "eve", "?page=9": "",
		} {
			if got := s.want(200, "", bob, "GET", "/workspaces/acme/permissions"+query, "").column("user.nickname"); got != want {
				t.Errorf("%s: %q, want %q", query, got, want)
			}
		}
		// Only who administers the workspace may look for e-mails.
		byEmail := "/workspaces/acme/members" + q(`user.email IN ("bob@acme.example", "eve@acme.example")`)
		if got := s.want(200, "", ada, "GET", byEmail, "").column("user.nickname"); got != "bob" {
			t.Errorf("by e-mail: %q", got)
		}
		refused := s.want(400, "query.invalid", bob, "GET", byEmail, "")
		if fields := refused.text("error.data.fields"); !strings.Contains(fields, "user.nickname") || strings.Contains(fields, "email") {
			t.Errorf("%s", refused.Body)
		}
		s.want(400, "query.invalid", bob, "GET", "/workspaces/acme/members?sort=user.email", "")
		s.want(403, "privilege.missing", eve, "GET", "/workspaces/acme/members", "")
		s.want(403, "privilege.missing", eve, "GET", "/workspaces/acme/permissions", "")

		person := s.person("ada")
		for _, name := range []string{"%7B" + person.ID + "%7D", person.AccountID, "ada", "ADA"} {
			if got := s.want(200, "", bob, "GET", "/workspaces/acme/members/"+name, ""); got.text("user.account_id") != person.AccountID {
				t.Errorf("%s: %s", name, got.Body)
			}
		}
		s.want(404, "user.not_found", bob, "GET", "/workspaces/acme/members/nobody", "")
		s.want(404, "user.not_found", bob, "GET", "/workspaces/acme/members/mal", "")
		s.want(403, "privilege.missing", eve, "GET", "/workspaces/acme/members/ada", "")
	})
}

func TestListProjects(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a := s.acme()
		s.repository(a.open, "lib", false)
		for who, want := range map[string]string{"ada": "FTO OPEN", "bob": "FTO OPEN", "eve": "OPEN"} {
			if got := s.want(200, "", s.token(who), "GET", "/workspaces/acme/projects", ""); got.column("key") != want || got.text("size") != fmt.Sprint(len(strings.Fields(want))) {
				t.Errorf("%s sees %s", who, got.Body)
			}
		}
		bob := s.token("bob")
		if got := s.want(200, "", bob, "GET", "/workspaces/acme/projects", "").column("has_publicly_visible_repos"); got != "false true" {
			t.Errorf("public repositories: %s", got)
		}
		for query, want := range map[string]string{
			"?sort=-key": "OPEN FTO", q(`name ~ "OTHERS"`): "FTO", q(`is_private = false`): "OPEN", q(`key IN ("FTO", "X") AND created_on > 2020-01-01`): "FTO",
			q(`uuid = "{` + a.fto.ID + `}"`): "FTO", q(`name = "x"`): "",
		} {
			if got := s.want(200, "", bob, "GET", "/workspaces/acme/projects"+query, "").column("key"); got != want {
				t.Errorf("%s: %q, want %q", query, got, want)
			}
		}
		first := s.want(200, "", bob, "GET", "/workspaces/acme/projects?pagelen=1", "")
		if first.column("key") != "FTO" || first.text("size") != "2" || first.text("next") == "" {
			t.Errorf("%s", first.Body)
		}
		next := strings.TrimPrefix(first.text("next"), "https://pail.example/2.0")
		if second := s.want(200, "", bob, "GET", next, ""); second.column("key") != "OPEN" || second.get("next") != nil {
			t.Errorf("%s", second.Body)
		}
		bad := s.want(400, "query.invalid", bob, "GET", "/workspaces/acme/projects"+q(`secret = 1`), "")
		if !strings.Contains(bad.text("error.data.fields"), "is_private") {
			t.Errorf("%s", bad.Body)
		}
		s.want(400, "query.invalid", bob, "GET", "/workspaces/acme/projects"+q(`name = `), "")
		s.want(404, "workspace.not_found", s.token("mal"), "GET", "/workspaces/acme/projects", "")
		s.want(404, "workspace.not_found", anonymous, "GET", "/workspaces/acme/projects", "")
	})
}

func TestCreateProject(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		s.acme()
		ada := s.token("ada")
		made := s.want(201, "", ada, "POST", "/workspaces/acme/projects", `{"key":"mars","name":" Mars ","description":"Red\nplanet","is_private":false}`)
		if made.text("key") != "MARS" || made.text("name") != "Mars" || made.text("description") != "Red\nplanet" || made.text("is_private") != "false" ||
			made.Header().Get("Location") != "https://pail.example/2.0/workspaces/acme/projects/MARS" || made.text("links.self.href") != made.Header().Get("Location") {
			t.Errorf("%v %s", made.Header(), made.Body)
		}
		if got := s.want(201, "", ada, "POST", "/workspaces/acme/projects", `{"key":"P","name":"p"}`); got.text("is_private") != "true" {
			t.Errorf("a project is not private by itself: %s", got.Body)
		}
		for body, code := range map[string]string{
			`{"name":"x"}`: "body.missing_field", `{"key":"X"}`: "body.missing_field", `{}`: "body.missing_field", ``: "body.malformed", `[]`: "body.wrong_type",
			`{"key":1,"name":"x"}`: "body.wrong_type", `{"key":"X","name":"x","is_private":"no"}`: "body.wrong_type",
			`{"key":"FTO","name":"x"}`: "conflict.exists", `{"key":"fto","name":"x"}`: "conflict.exists",
			`{"key":"X-Y","name":"x"}`: "value.invalid", `{"key":"X","name":"a\u0007b"}`: "value.invalid", `{"key":"X","name":""}`: "value.invalid",
			`{"key":"X","name":"x","description":"\u0000"}`: "value.invalid", `{"key":"` + strings.Repeat("A", 129) + `","name":"x"}`: "value.invalid",
		} {
			s.want(400, code, ada, "POST", "/workspaces/acme/projects", body)
		}
		if got := s.want(400, "", ada, "POST", "/workspaces/acme/projects", `{"key":"1","name":"x"}`); got.get("error.fields.key") == nil {
			t.Errorf("the field is not named: %s", got.Body)
		}
		const body = `{"key":"X","name":"x"}`
		s.want(403, "privilege.missing", s.token("bob"), "POST", "/workspaces/acme/projects", body)
		s.want(404, "workspace.not_found", s.token("mal"), "POST", "/workspaces/acme/projects", body)
		s.want(401, "", anonymous, "POST", "/workspaces/acme/projects", body)
	})
}

func TestGetProject(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a := s.acme()
		for _, name := range []string{"FTO", "fto", "%7B" + a.fto.ID + "%7D"} {
			got := s.want(200, "", s.token("bob"), "GET", "/workspaces/acme/projects/"+name, "")
			if got.text("uuid") != "{"+a.fto.ID+"}" || got.text("owner.type") != "team" || got.text("workspace.slug") != "acme" {
				t.Errorf("%s: %s", name, got.Body)
			}
		}
		for _, who := range []credential{s.token("eve"), s.token("mal"), anonymous} {
			hidden := s.want(404, "project.not_found", who, "GET", "/workspaces/acme/projects/FTO", "")
			nothing := s.want(404, "project.not_found", who, "GET", "/workspaces/acme/projects/NIL", "")
			if strings.ReplaceAll(hidden.Body.String(), "FTO", "NIL") != nothing.Body.String() {
				t.Errorf("what is hidden and what is not there differ:\n%s\n%s", hidden.Body, nothing.Body)
			}
			s.want(200, "", who, "GET", "/workspaces/acme/projects/OPEN", "")
		}
		s.want(404, "project.not_found", s.token("ada"), "GET", "/workspaces/nope/projects/FTO", "")
	})
}

func TestPutProject(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a := s.acme()
		ada, bob := s.token("ada"), s.token("bob")
		const fto = "/workspaces/acme/projects/FTO"
		changed := s.want(200, "", ada, "PUT", fto, `{"name":"New","description":"d"}`)
		if changed.text("name") != "New" || changed.text("description") != "d" || changed.text("key") != "FTO" || changed.Header().Get("Location") != "" {
			t.Errorf("%v %s", changed.Header(), changed.Body)
		}
		if got := s.want(200, "", ada, "PUT", fto, `{"is_private":false}`); got.text("is_private") != "false" || got.text("name") != "New" {
			t.Errorf("other fields changed: %s", got.Body)
		}
		s.want(200, "", ada, "PUT", fto, `{"is_private":true}`)
		moved := s.want(200, "", ada, "PUT", fto, `{"key":"moved"}`)
		if moved.text("key") != "MOVED" || moved.text("uuid") != "{"+a.fto.ID+"}" || !strings.HasSuffix(moved.Header().Get("Location"), "/projects/MOVED") {
			t.Errorf("%v %s", moved.Header(), moved.Body)
		}
		s.want(404, "project.not_found", ada, "GET", fto, "")
		s.want(200, "", bob, "GET", "/workspaces/acme/projects/MOVED", "") // grants move with it
		s.want(400, "conflict.exists", ada, "PUT", "/workspaces/acme/projects/MOVED", `{"key":"OPEN"}`)
		s.want(400, "value.invalid", ada, "PUT", "/workspaces/acme/projects/MOVED", `{"key":"O-P"}`)
		s.want(400, "value.invalid", ada, "PUT", "/workspaces/acme/projects/MOVED", `{"name":" "}`)
		s.want(400, "body.malformed", ada, "PUT", "/workspaces/acme/projects/MOVED", `{`)
		s.want(403, "privilege.missing", bob, "PUT", "/workspaces/acme/projects/MOVED", `{"name":"x"}`)

		// Where there is no project, PUT makes one.
		made := s.want(201, "", ada, "PUT", "/workspaces/acme/projects/fresh", `{"name":"Fresh"}`)
		if made.text("key") != "FRESH" || !strings.HasSuffix(made.Header().Get("Location"), "/projects/FRESH") {
			t.Errorf("%v %s", made.Header(), made.Body)
		}
		s.want(400, "body.missing_field", ada, "PUT", "/workspaces/acme/projects/X", `{"description":"x"}`)
		s.want(400, "value.invalid", ada, "PUT", "/workspaces/acme/projects/X", `{"name":"x","key":"Y"}`)
		s.want(201, "", ada, "PUT", "/workspaces/acme/projects/X", `{"name":"x","key":"x"}`)
		s.want(404, "project.not_found", ada, "PUT", "/workspaces/acme/projects/%7B"+a.w.ID+"%7D", `{"name":"x"}`)
		s.want(400, "value.invalid", ada, "PUT", "/workspaces/acme/projects/A-B", `{"name":"x"}`)
		s.want(401, "", anonymous, "PUT", "/workspaces/acme/projects/NEW", `{"name":"x"}`)
		s.want(404, "project.not_found", s.token("mal"), "PUT", "/workspaces/acme/projects/NEW", `{"name":"x"}`)
		// A private project that one may not see is not told from one that is not there.
		eve := s.token("eve")
		hidden := s.want(403, "privilege.missing", eve, "PUT", "/workspaces/acme/projects/MOVED", `{"name":"x"}`)
		nothing := s.want(403, "privilege.missing", eve, "PUT", "/workspaces/acme/projects/NOTHING", `{"name":"x"}`)
		if hidden.Body.String() != nothing.Body.String() {
			t.Errorf("they differ:\n%s\n%s", hidden.Body, nothing.Body)
		}
	})
}

func TestDeleteProject(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a := s.acme()
		ada := s.token("ada")
		s.repository(a.fto, "widgets", true)
		inUse := s.want(403, "conflict.in_use", ada, "DELETE", "/workspaces/acme/projects/FTO", "")
		if got := inUse.text("error.data.repositories.0"); got != "widgets" {
			t.Errorf("%s", inUse.Body)
		}
		must(t, s.db.Update(t.Context(), func(tx *database.Tx) error {
			_, err := tx.Exec(t.Context(), `DELETE FROM repository`)
			return err
		}))
		s.want(403, "privilege.missing", s.token("bob"), "DELETE", "/workspaces/acme/projects/FTO", "")
		s.want(404, "project.not_found", s.token("eve"), "DELETE", "/workspaces/acme/projects/FTO", "")
		s.want(403, "privilege.missing", s.token("mal"), "DELETE", "/workspaces/acme/projects/OPEN", "")
		if done := s.want(204, "", ada, "DELETE", "/workspaces/acme/projects/FTO", ""); done.Body.Len() != 0 {
			t.Errorf("%s", done.Body)
		}
		s.want(404, "project.not_found", ada, "DELETE", "/workspaces/acme/projects/FTO", "")
		s.want(201, "", ada, "PUT", "/workspaces/acme/projects/FTO", `{"name":"again"}`)
		s.want(404, "project.not_found", s.token("bob"), "GET", "/workspaces/acme/projects/FTO", "") // the grants went with it
	})
}

func TestAccessTokens(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a := s.acme()
		other, err := s.room.CreateWorkspace(t.Context(), "other", "", s.person("mal").ID)
		must(t, err)
		bounds := access.Bounds{WorkspaceID: a.w.ID}
		whole := s.accessToken(access.WorkspaceToken, bounds, "project", "account")
		admin := s.accessToken(access.WorkspaceToken, bounds, "project", "project:admin", "account")
		bounds.ProjectID = a.fto.ID
		project := s.accessToken(access.ProjectToken, bounds, "project", "project:admin")
		foreign := s.accessToken(access.WorkspaceToken, access.Bounds{WorkspaceID: other.ID}, "project", "account")

		for name, c := range map[string]struct {
			who  credential
			want string
		}{"whole": {whole, "FTO OPEN"}, "project": {project, "FTO OPEN"}} {
			if got := s.want(200, "", c.who, "GET", "/workspaces/acme/projects", "").column("key"); got != c.want {
				t.Errorf("%s sees %q", name, got)
			}
		}
		must(t, s.db.Update(t.Context(), func(tx *database.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE project SET is_private = TRUE`)
			return err
		}))
		if got := s.want(200, "", project, "GET", "/workspaces/acme/projects", "").column("key"); got != "FTO" {
			t.Errorf("the project's token sees %q", got)
		}
		s.want(200, "", project, "GET", "/workspaces/acme/projects/FTO", "")
		s.want(404, "project.not_found", project, "GET", "/workspaces/acme/projects/OPEN", "")
		s.want(200, "", project, "PUT", "/workspaces/acme/projects/FTO", `{"name":"by token"}`)
		s.want(403, "privilege.missing", project, "PUT", "/workspaces/acme/projects/OPEN", `{"name":"by token"}`)
		s.want(403, "privilege.missing", project, "PUT", "/workspaces/acme/projects/NEW", `{"name":"by token"}`)
		s.want(200, "", whole, "GET", "/workspaces/acme/members", "")
		s.want(200, "", whole, "GET", "/workspaces/acme/members"+q(`user.email = "ada@acme.example"`), "")
		s.want(201, "", admin, "POST", "/workspaces/acme/projects", `{"key":"NEW","name":"by token"}`)
		s.want(201, "", admin, "PUT", "/workspaces/acme/projects/NEWER", `{"name":"by token"}`)
		s.want(404, "workspace.not_found", foreign, "GET", "/workspaces/acme/projects", "")
		s.want(404, "project.not_found", foreign, "GET", "/workspaces/acme/projects/FTO", "")
		s.want(403, "credential.kind_not_accepted", admin, "GET", "/workspaces/acme/projects/FTO/permissions-config/groups", "")
		s.want(403, "credential.kind_not_accepted", admin, "GET", "/user/workspaces", "")
	})
}

func TestGroupPermissions(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a := s.acme()
		ada, bob := s.token("ada"), s.token("bob")
		const groups = "/workspaces/acme/projects/FTO/permissions-config/groups"
		list := s.want(200, "", ada, "GET", groups, "")
		if list.column("group.slug")+list.column("permission")+list.text("size") != "developerswrite1" || list.text("values.0.project.key") != "FTO" ||
			list.text("values.0.links.self.href") != "https://pail.example/2.0"+groups+"/developers" || list.text("values.0.type") != "project_group_permission" {
			t.Errorf("%s", list.Body)
		}
		for _, c := range []struct {
			who    credential
			status int
			code   string
		}{{bob, 403, "privilege.missing"}, {s.token("eve"), 404, "project.not_found"}, {s.token("mal"), 404, "project.not_found"}, {anonymous, 401, ""}} {
			s.want(c.status, c.code, c.who, "GET", groups, "")
			s.want(c.status, c.code, c.who, "GET", groups+"/developers", "")
			s.want(c.status, c.code, c.who, "PUT", groups+"/developers", `{"permission":"admin"}`)
			s.want(c.status, c.code, c.who, "DELETE", groups+"/developers", "")
		}
		_, err := s.room.CreateGroup(t.Context(), a.w.ID, "testers", "")
		must(t, err)
		permission := func(who credential, group string) string {
			return s.want(200, "", who, "GET", groups+"/"+group, "").text("permission")
		}
		if got := permission(ada, "testers"); got != "none" {
			t.Errorf("a group without a permission has %q", got)
		}
		for _, name := range []string{"developers", "%7B" + a.developers.ID + "%7D"} {
			if got := permission(ada, name); got != "write" {
				t.Errorf("%s has %q", name, got)
			}
		}
		for _, level := range []string{"read", "create-repo", "admin"} {
			if got := s.want(200, "", ada, "PUT", groups+"/developers", `{"permission":"`+level+`"}`).text("permission"); got != level || permission(ada, "developers") != level {
				t.Errorf("set to %s, is %s", level, got)
			}
		}
		s.want(200, "", bob, "GET", groups, "") // an administrator of the project now, through the group
		for body, code := range map[string]string{
			`{}`: "body.missing_field", `{"permission":"none"}`: "value.invalid", `{"permission":"owner"}`: "value.invalid", `{"permission":4}`: "body.wrong_type", ``: "body.malformed",
		} {
			s.want(400, code, ada, "PUT", groups+"/developers", body)
		}
		for range 2 { // the second time there is nothing left to delete
			s.want(204, "", ada, "DELETE", groups+"/developers", "")
		}
		s.want(404, "project.not_found", bob, "GET", groups, "")
		s.want(404, "group.not_found", ada, "GET", groups+"/nothing", "")
		s.want(404, "group.not_found", ada, "PUT", groups+"/nothing", `{"permission":"read"}`)
		s.want(404, "group.not_found", ada, "DELETE", groups+"/a%2Fb", "")
	})
}

func TestUserPermissions(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		s.acme()
		ada, eve := s.token("ada"), s.token("eve")
		const users = "/workspaces/acme/projects/FTO/permissions-config/users"
		s.want(404, "project.not_found", eve, "GET", users, "")
		person := s.person("eve")
		for _, name := range []string{"%7B" + person.ID + "%7D", person.AccountID, "eve"} {
			if got := s.want(200, "", ada, "GET", users+"/"+name, ""); got.text("permission") != "none" || got.text("type") != "project_user_permission" {
				t.Errorf("%s: %s", name, got.Body)
			}
		}
		given := s.want(200, "", ada, "PUT", users+"/"+person.AccountID, `{"permission":"read"}`)
		if given.text("permission") != "read" || given.text("user.account_id") != person.AccountID || !strings.HasSuffix(given.text("links.self.href"), "/users/%7B"+person.ID+"%7D") {
			t.Errorf("%s", given.Body)
		}
		s.want(403, "privilege.missing", eve, "GET", users, "")
		s.want(200, "", ada, "PUT", users+"/eve", `{"permission":"admin"}`)
		if got := s.want(200, "", eve, "GET", users, ""); got.column("user.nickname")+got.column("permission") != "eveadmin" {
			t.Errorf("%s", got.Body)
		}
		s.want(400, "value.invalid", ada, "PUT", users+"/eve", `{"permission":"x"}`)
		s.want(404, "user.not_found", ada, "PUT", users+"/mal", `{"permission":"read"}`)
		s.want(404, "user.not_found", ada, "GET", users+"/nobody", "")
		for range 2 {
			s.want(204, "", ada, "DELETE", users+"/eve", "")
		}
		s.want(404, "project.not_found", eve, "GET", users, "")
		s.want(404, "user.not_found", ada, "DELETE", users+"/mal", "")
	})
}

func TestDefaultReviewers(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		s.acme()
		ada, bob := s.token("ada"), s.token("bob")
		const reviewers = "/workspaces/acme/projects/FTO/default-reviewers"
		s.want(404, "resource.not_found", bob, "GET", reviewers+"/bob", "")
		for range 2 { // as often as one likes
			if got := s.want(200, "", ada, "PUT", reviewers+"/%7B"+s.person("bob").ID+"%7D", `{"uuid":"x"}`); got.text("nickname") != "bob" {
				t.Errorf("%s", got.Body)
			}
		}
		list := s.want(200, "", bob, "GET", reviewers, "")
		if list.column("user.nickname")+list.column("reviewer_type")+list.text("size") != "bobproject1" {
			t.Errorf("%s", list.Body)
		}
		s.want(200, "", bob, "GET", reviewers+"/bob", "")
		s.want(403, "privilege.missing", bob, "PUT", reviewers+"/ada", "")
		s.want(400, "value.invalid", ada, "PUT", reviewers+"/mal", "")
		s.want(404, "user.not_found", ada, "PUT", reviewers+"/nobody", "")
		s.want(404, "user.not_found", ada, "DELETE", reviewers+"/nobody", "")
		s.want(204, "", ada, "DELETE", reviewers+"/bob", "")
		s.want(400, "value.invalid", ada, "DELETE", reviewers+"/bob", "")
		s.want(404, "project.not_found", s.token("mal"), "GET", reviewers, "")
		s.want(401, "", anonymous, "GET", "/workspaces/acme/projects/OPEN/default-reviewers", "")
	})
}

// A collaborator with a grant sees the workspace and the one project, and nothing else.
func TestCollaborator(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		a := s.acme()
		must(t, s.room.GrantUser(t.Context(), &a.fto, s.person("eve").ID, access.Read))
		secret, err := s.room.CreateProject(t.Context(), &a.w, workspace.NewProject{Key: "SECRET", Name: "Secret"})
		must(t, err)
		eve := s.token("eve")
		if got := s.want(200, "", eve, "GET", "/workspaces/acme/projects", "").column("key"); got != "FTO OPEN" {
			t.Errorf("eve sees %q", got)
		}
		s.want(404, "project.not_found", eve, "GET", "/workspaces/acme/projects/"+secret.Key, "")
	})
}
