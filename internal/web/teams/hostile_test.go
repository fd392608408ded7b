package teams_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/web/webtest"
	"github.com/pailforge/pail/internal/workspace"
)

// hostile are names that somebody may choose, or that are in the store from elsewhere.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='x`, `{{.}}`, `javascript:alert(1)`, "\u202eevil\u202c", "שלום עולם",
	strings.Repeat("w", 10000), strings.Repeat("é ", 5000), `</textarea></title><!--`, `%s%n`, `&amp;`,
}

// Whatever people, workspaces, groups, projects, repositories, invitations and tokens are called: the pages stay whole,
// and say it as text.
func TestHostileNames(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		name := "plain"
		_, err := s.Repositories.Create(t.Context(), *s.Workspace, *s.Project, "named", repository.Change{Name: &name}, s.Admin.ID)
		must(t, err)
		must(t, s.Workspaces.GrantUser(t.Context(), s.Project, s.collaborator.ID, 1))
		_, _, err = s.Workspaces.Invite(t.Context(), s.Workspace, s.Admin.ID, workspace.NewInvitation{Role: workspace.Member, Groups: []string{"developers"}, Days: 1, Uses: 1})
		must(t, err)
		_, used, err := s.Workspaces.Invite(t.Context(), s.Workspace, s.Admin.ID, workspace.NewInvitation{Role: workspace.Member, Groups: []string{"developers"}, Days: 1, Uses: 1})
		must(t, err)
		pages := []string{"/workspaces", "/acme", "/acme/projects", "/acme/projects/FTO", "/acme/projects/FTO/settings", "/acme/projects/FTO/settings/delete", "/acme/projects/FTO/permissions",
			"/acme/settings", "/acme/settings/delete", "/acme/settings/members", "/acme/settings/invitations", "/acme/settings/groups", "/acme/settings/groups/developers",
			"/acme/settings/groups/developers/delete", "/acme/widgets/settings/permissions", "/invitations/" + used}
		for _, name := range hostile {
			must(t, s.DB.Update(t.Context(), func(tx *database.Tx) error {
				for _, query := range []string{`UPDATE account SET display_name = $1`, `UPDATE workspace SET name = $1`, `UPDATE user_group SET name = $1`,
					`UPDATE project SET name = $1, description = $1`, `UPDATE repository SET name = $1, description = $1`, `UPDATE invitation SET note = $1`} {
					if _, err := tx.Exec(t.Context(), query, name); err != nil {
						return err
					}
				}
				return nil
			}))
			for _, path := range pages {
				r := s.owner().See(path) // holds every page to what is true of all
				if !strings.Contains(webtest.Text(t, r), strings.Join(strings.Fields(name), " ")) {
					t.Errorf("%s does not say %.40q", path, name)
				}
				for _, bad := range []string{"<script>alert", "<img src=x", "</textarea></title>"} {
					if strings.Contains(r.Body, bad) {
						t.Errorf("%s holds %s", path, bad)
					}
				}
			}
			for _, path := range []string{"/workspaces", "/acme/projects", "/acme/settings/members", "/acme/settings/groups", "/acme/projects/FTO/permissions"} {
				text := string([]rune(name)[:min(len([]rune(name)), 2000)]) // the line of a request is bounded
				s.owner().See(path + "?" + url.Values{"q": {text}, "page": {text}}.Encode())
			}
		}
		for _, q := range []string{"%00", "%ff%fe", "%25", "page=-1", "q=%5C&page=99999999"} {
			s.owner().See("/acme/settings/members?q=" + q)
		}
		for _, segment := range []string{"%00", "%FF", "..%2f", "%3Cscript%3E", strings.Repeat("x", 5000)} {
			for _, path := range []string{"/" + segment, "/acme/projects/" + segment, "/acme/settings/groups/" + segment, "/invitations/" + segment, "/acme/" + segment + "/settings/permissions"} {
				if r := s.owner().Get(path); r.Status != 404 {
					t.Errorf("%.60s: %s", path, brief(r))
				}
			}
		}
	})
}

// A form that is filled with such names is refused or taken, and never breaks the page that shows it again.
func TestHostileForms(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		s.Exec(`UPDATE account SET is_admin = TRUE WHERE id = $1`, s.Admin.ID)
		for _, name := range append(hostile, "a\x00b", "\xff") {
			for _, f := range []struct{ page, action, field string }{
				{"/workspaces/new", "/workspaces/new", "slug"}, {"/acme/settings", "/acme/settings", "name"}, {"/acme/settings/delete", "/acme/settings/delete", "name"},
				{"/acme/settings/groups", "/acme/settings/groups", "name"}, {"/acme/projects/new", "/acme/projects/new", "key"}, {"/acme/projects/FTO/settings", "/acme/projects/FTO/settings", "description"},
				{"/acme/settings/invitations", "/acme/settings/invitations", "note"}, {"/acme/settings/invitations", "/acme/settings/invitations", "role"},
				{"/acme/projects/FTO/permissions", "/acme/projects/FTO/permissions/users", "user"}, {"/acme/projects/FTO/permissions", "/acme/projects/FTO/permissions/groups", "group_permission"},
				{"/acme/settings/groups/developers", "/acme/settings/groups/developers/members", "account"}, {"/acme/settings/groups/developers", "/acme/settings/groups/developers", "name"},
			} {
				r := s.owner().Submit(s.owner().See(f.page), f.action, url.Values{f.field: {name}})
				if r.Status != 400 && r.Status != 303 && r.Status != 201 {
					t.Errorf("%s with %s = %.40q: %s", f.action, f.field, name, brief(r))
				}
			}
		}
	})
}
