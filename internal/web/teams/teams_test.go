package teams_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/web/webtest"
	"github.com/pailforge/pail/internal/workspace"
)

// scene is a world with people of each kind, each in a browser of their own.
type scene struct {
	*pailtest.World
	t            *testing.T
	collaborator account.Account
	browsers     map[string]*webtest.Browser
}

func newScene(t *testing.T, s *pailtest.Server) *scene {
	t.Helper()
	sc := &scene{World: s.World(), t: t, collaborator: s.Account("guest"), browsers: map[string]*webtest.Browser{}}
	must(t, s.Workspaces.AddMember(t.Context(), sc.Workspace.ID, sc.collaborator.ID, workspace.Collaborator))
	return sc
}

// as is the browser of an account. It is signed in at first use: checking a password is slow by design.
func (s *scene) as(a account.Account) *webtest.Browser {
	s.t.Helper()
	if s.browsers[a.ID] == nil {
		s.browsers[a.ID] = webtest.As(s.Server, a)
	}
	return s.browsers[a.ID]
}

func (s *scene) owner() *webtest.Browser     { s.t.Helper(); return s.as(s.Admin) }
func (s *scene) member() *webtest.Browser    { s.t.Helper(); return s.as(s.Member) }
func (s *scene) guest() *webtest.Browser     { s.t.Helper(); return s.as(s.collaborator) }
func (s *scene) outsider() *webtest.Browser  { s.t.Helper(); return s.as(s.Outsider) }
func (s *scene) anonymous() *webtest.Browser { return webtest.Open(s.Server) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// each runs f on both databases.
func each(t *testing.T, f func(t *testing.T, s *scene)) {
	t.Helper()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) { f(t, newScene(t, s)) })
}

// says fails unless the page holds each of the texts.
func says(t *testing.T, r webtest.Reply, texts ...string) {
	t.Helper()
	page := webtest.Text(t, r)
	for _, text := range texts {
		if !strings.Contains(page, text) {
			t.Errorf("%s does not say %q: %s", r.Path, text, page)
		}
	}
}

// silent fails if the page holds one of the texts.
func silent(t *testing.T, r webtest.Reply, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(r.Body, text) {
			t.Errorf("%s holds %q", r.Path, text)
		}
	}
}

// brief is a status with the reason of a refusal.
func brief(r webtest.Reply) string {
	return strings.TrimSpace(fmt.Sprint(r.Status, " ", r.Header.Get("X-Pail-Reason")))
}

// Each page, for each kind of visitor.
func TestWhoSeesWhat(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		const signIn, hidden, forbidden = "303", "404", "403 privilege.missing"
		// owner, member, collaborator, outsider, nobody
		everybody := [5]string{"200", "200", "200", "200", signIn}
		sees := [5]string{"200", "200", "200", hidden, hidden}
		belongs := [5]string{"200", "200", forbidden, hidden, signIn}
		administers := [5]string{"200", forbidden, forbidden, hidden, signIn}
		inFTO := [5]string{"200", "200", hidden, hidden, hidden}
		runsFTO := [5]string{"200", forbidden, hidden, hidden, signIn}
		for path, want := range map[string][5]string{
			"/workspaces": everybody, "/acme": sees, "/ACME": sees, "/acme/projects": sees, "/acme/settings/members": belongs,
			"/workspaces/new": {forbidden, forbidden, forbidden, forbidden, signIn},
			"/acme/settings":  administers, "/acme/settings/delete": administers, "/acme/settings/invitations": administers, "/acme/settings/groups": administers,
			"/acme/settings/groups/developers": administers, "/acme/settings/groups/developers/delete": administers, "/acme/projects/new": administers,
			"/acme/projects/FTO": inFTO, "/acme/projects/fto": inFTO, "/acme/projects/FTO/settings": runsFTO, "/acme/projects/FTO/settings/delete": runsFTO,
			"/acme/projects/FTO/permissions": runsFTO, "/acme/widgets/settings/permissions": runsFTO,
			"/acme/settings/groups/none": {hidden + " group.not_found", forbidden, forbidden, hidden, signIn},
			"/acme/projects/NONE":        {hidden, hidden, hidden, hidden, hidden}, "/nowhere": {hidden, hidden, hidden, hidden, hidden},
			"/nowhere/settings": {hidden, hidden, hidden, hidden, signIn},
		} {
			for i, b := range []*webtest.Browser{s.owner(), s.member(), s.guest(), s.outsider(), s.anonymous()} {
				r := b.Get(path)
				if got := brief(r); !strings.HasPrefix(got, want[i]) {
					t.Errorf("%s for visitor %d: %s, want %s", path, i, got, want[i])
				}
				if r.Status == 303 && r.Location() != "/signin?next="+url.QueryEscape(path) {
					t.Errorf("%s leads to %s", path, r.Location())
				}
				if r.Header.Get("Cache-Control") != "no-store" {
					t.Errorf("%s is kept: %s", path, r.Header.Get("Cache-Control"))
				}
			}
		}
	})
}

// posts are all changes, with what they would need; none of them may go through for who may not, and none without the
// token of the session.
var posts = map[string]url.Values{
	"/workspaces/new":                                  {"slug": {"mine"}},
	"/acme/settings":                                   {"name": {"Mine"}},
	"/acme/settings/delete":                            {"name": {"acme"}},
	"/acme/settings/members":                           {"account": {"acme-member"}, "role": {"owner"}},
	"/acme/settings/members/remove":                    {"account": {"acme-guest"}},
	"/acme/settings/invitations":                       {"role": {"owner"}, "days": {"1"}, "uses": {"1"}},
	"/acme/settings/invitations/revoke":                {"id": {"x"}},
	"/acme/settings/groups":                            {"name": {"mine"}},
	"/acme/settings/groups/developers":                 {"name": {"mine"}},
	"/acme/settings/groups/developers/members":         {"account": {"acme-guest"}},
	"/acme/settings/groups/developers/members/remove":  {"account": {"acme-member"}},
	"/acme/settings/groups/developers/delete":          {"name": {"developers"}},
	"/acme/projects/new":                               {"name": {"mine"}, "key": {"MINE"}},
	"/acme/projects/FTO/settings":                      {"name": {"mine"}, "key": {"MINE"}},
	"/acme/projects/FTO/settings/delete":               {"name": {"FTO"}},
	"/acme/projects/FTO/permissions/groups":            {"group": {"developers"}, "group_permission": {"admin"}},
	"/acme/projects/FTO/permissions/groups/revoke":     {"group": {"developers"}},
	"/acme/projects/FTO/permissions/users":             {"user": {"acme-member"}, "user_permission": {"admin"}},
	"/acme/projects/FTO/permissions/users/revoke":      {"user": {"acme-member"}},
	"/acme/widgets/settings/permissions/groups":        {"group": {"developers"}, "group_permission": {"admin"}},
	"/acme/widgets/settings/permissions/groups/revoke": {"group": {"developers"}},
	"/acme/widgets/settings/permissions/users":         {"user": {"acme-member"}, "user_permission": {"admin"}},
	"/acme/widgets/settings/permissions/users/revoke":  {"user": {"acme-member"}},
}

func TestWhoChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		csrf := func(b *webtest.Browser) string {
			for _, f := range webtest.Forms(t, b.See("/workspaces")) {
				if v := f.Values.Get("csrf"); v != "" {
					return v
				}
			}
			t.Fatal("no form with a token")
			return ""
		}
		tokens := map[*webtest.Browser]string{s.member(): csrf(s.member()), s.guest(): csrf(s.guest()), s.outsider(): csrf(s.outsider())}
		s.owner().See("/workspaces")
		before := s.Store()
		for path, form := range posts {
			if r := s.owner().Post(path, form); brief(r) != "403 csrf.missing" {
				t.Errorf("POST %s without a token: %s", path, brief(r))
			}
			if r := s.anonymous().Post(path, form); r.Status != 401 {
				t.Errorf("POST %s by nobody: %s", path, brief(r))
			}
			for b, token := range tokens {
				sent := url.Values{"csrf": {token}}
				for k, v := range form {
					sent[k] = v
				}
				if r := b.Post(path, sent); r.Status != 403 && r.Status != 404 || r.Header.Get("X-Pail-Reason") == "csrf.missing" {
					t.Errorf("POST %s: %s", path, brief(r))
				}
			}
		}
		if diff := cmp.Diff(before, s.Store()); diff != "" {
			t.Errorf("something was changed:\n%s", diff)
		}
		// And no form of these pages is missing in the list.
		for _, pattern := range s.Site.Patterns() {
			path, post := strings.CutPrefix(pattern, "POST ")
			if post && (strings.HasPrefix(path, "/{workspace}") || strings.HasPrefix(path, "/workspaces")) && !strings.HasSuffix(path, "/leave") {
				path = strings.NewReplacer("{workspace}", "acme", "{project_key}", "FTO", "{group_slug}", "developers", "{repo_slug}", "widgets").Replace(path)
				if posts[path] == nil && ofTeams(path) {
					t.Errorf("POST %s is not tried", path)
				}
			}
		}
	})
}

// ofTeams reports whether a page is one of this area.
func ofTeams(path string) bool {
	for _, other := range []string{"/consumers", "/access-tokens", "/webhooks", "/runners", "/variables"} {
		if strings.Contains(path, other) {
			return false
		}
	}
	return strings.HasPrefix(path, "/acme/settings") || strings.HasPrefix(path, "/acme/projects") || strings.HasPrefix(path, "/workspaces") || strings.Contains(path, "/permissions")
}

func TestWorkspaces(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		says(t, s.outsider().See("/workspaces"), "You belong to no workspace yet.", "invitation")
		says(t, s.member().See("/workspaces"), "Acme", "member")
		says(t, s.member().See("/workspaces?q=zzz"), "no workspace that has this")
		silent(t, s.member().See("/workspaces"), "/workspaces/new")
		// The server's administrator makes workspaces.
		s.Exec(`UPDATE account SET is_admin = TRUE WHERE id = $1`, s.Outsider.ID)
		r := s.outsider().Submit(s.outsider().See("/workspaces/new"), "/workspaces/new", url.Values{"slug": {"Account"}})
		if r.Status != 400 || !strings.Contains(r.Body, "slug-problem") {
			t.Errorf("a slug that is taken by pages: %s", brief(r))
		}
		r = s.outsider().Submit(r, "/workspaces/new", url.Values{"slug": {"Second"}, "name": {"The second"}})
		made := s.outsider().Follow(r)
		says(t, made, "The workspace is made.", "The second", "Make the first project")
		if made.Path != "/second" {
			t.Errorf("led to %s", made.Path)
		}
		if r := s.owner().Get("/second"); r.Status != 404 {
			t.Errorf("a stranger sees it: %d", r.Status)
		}
		r = s.outsider().Submit(s.outsider().See("/workspaces/new"), "/workspaces/new", url.Values{"slug": {"acme"}})
		if r.Status != 400 {
			t.Errorf("a slug that is taken: %s", brief(r))
		}
	})
}

func TestEverybodyMakesWorkspaces(t *testing.T) {
	s := newScene(t, pailtest.Start(t, pailtest.Options{Env: []string{"PAIL_WORKSPACES_CREATE=everybody"}}))
	s.outsider().Follow(s.outsider().Submit(s.outsider().See("/workspaces/new"), "/workspaces/new", url.Values{"slug": {"mine"}}))
	if r := s.anonymous().Get("/workspaces/new"); r.Status != 303 {
		t.Errorf("nobody: %s", brief(r))
	}
}

func TestOverview(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		says(t, s.owner().See("/acme"), "widgets", "For the Others", "Settings", "New project")
		member := s.member().See("/acme")
		says(t, member, "widgets", "For the Others", "Members")
		silent(t, member, ">Settings<", "/projects/new")
		says(t, s.guest().See("/acme"), "no repository here that you may see", "no project here that you may see")
		// A public repository opens a private workspace to everybody, and shows nothing else of it.
		open, err := s.Workspaces.CreateProject(t.Context(), s.Workspace, workspace.NewProject{Key: "OPEN", Name: "Open to all", Public: true})
		must(t, err)
		public := false
		_, err = s.Repositories.Create(t.Context(), *s.Workspace, open, "lib", repositoryChange(&public), s.Admin.ID)
		must(t, err)
		r := s.anonymous().See("/acme")
		says(t, r, "lib", "Open to all")
		silent(t, r, "widgets", "For the Others", "settings/members")
		says(t, s.anonymous().See("/acme/projects/OPEN"), "lib")
	})
}

func TestSettings(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		r := s.owner().Submit(s.owner().See("/acme/settings"), "/acme/settings", url.Values{"name": {" "}})
		if r.Status != 400 || !strings.Contains(r.Body, "name-problem") {
			t.Errorf("without a name: %s", brief(r))
		}
		form := url.Values{"name": {"Another name"}}
		page := s.owner().See("/acme/settings")
		says(t, s.owner().Follow(s.owner().Submit(page, "/acme/settings", form)), "The settings are saved.", "Another name")
		// A box that is not ticked is not sent.
		values := webtest.Forms(t, page)
		i := slices.IndexFunc(values, func(f webtest.Form) bool { return f.Action == "/acme/settings" })
		sent := values[i].Values
		sent.Del("is_private")
		s.owner().Follow(s.owner().Post("/acme/settings", sent))
		if r := s.outsider().Get("/acme"); r.Status != 200 {
			t.Errorf("an open workspace: %s", brief(r))
		}

		page = s.owner().See("/acme/settings/delete")
		if r := s.owner().Submit(page, "/acme/settings/delete", url.Values{"name": {"acm"}}); r.Status != 400 {
			t.Errorf("another name typed: %s", brief(r))
		}
		r = s.owner().Submit(page, "/acme/settings/delete", url.Values{"name": {"acme"}})
		if brief(r) != "409 conflict.in_use" {
			t.Errorf("with a repository: %s", brief(r))
		}
		says(t, r, "Delete them first")
		must(t, s.Repositories.Delete(t.Context(), s.Repository))
		says(t, s.owner().Follow(s.owner().Submit(page, "/acme/settings/delete", url.Values{"name": {"ACME"}})), "The workspace acme is deleted.")
		if r := s.owner().Get("/acme"); r.Status != 404 {
			t.Errorf("after its end: %s", brief(r))
		}
	})
}

func TestMembers(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		const members = "/acme/settings/members"
		says(t, s.owner().See(members), "Admin", "you", "Member", "Guest", "member@acme.example")
		seen := s.member().See(members)
		says(t, seen, "Member", "Guest")
		silent(t, seen, "guest@acme.example", members+"/remove")
		says(t, s.member().See(members+"?q=guest%40acme"), "No member has this")
		says(t, s.owner().See(members+"?q=guest%40acme"), "acme-guest")

		braced := func(a account.Account) string { return "{" + a.ID + "}" }
		change := func(b *webtest.Browser, a account.Account, role string) webtest.Reply {
			return b.Submit(b.See(members), members, url.Values{"account": {braced(a)}, "role": {role}})
		}
		r := change(s.owner(), s.Admin, "member")
		if brief(r) != "409 conflict.state" {
			t.Errorf("the last owner: %s", brief(r))
		}
		says(t, r, "This is the last owner of the workspace.", "acme-guest")
		if r := change(s.owner(), s.Admin, "king"); r.Status != 400 {
			t.Errorf("no role: %s", brief(r))
		}
		says(t, s.owner().Follow(change(s.owner(), s.Member, "owner")), "Member has another role.")
		if r := change(s.owner(), s.Outsider, "owner"); brief(r) != "404 user.not_found" {
			t.Errorf("a stranger: %s", brief(r))
		}
		remove := func(b *webtest.Browser, a account.Account) webtest.Reply {
			return b.Submit(b.See(members), members+"/remove", url.Values{"account": {braced(a)}})
		}
		says(t, s.owner().Follow(remove(s.owner(), s.collaborator)), "Guest is no member any more.")
		if r := s.guest().Get("/acme"); r.Status != 404 {
			t.Errorf("who was removed still gets in: %s", brief(r))
		}
		says(t, s.member().Follow(s.member().Submit(s.member().See(members), members+"/leave", nil)), "You have left the workspace acme.", "You belong to no workspace")
		if r := s.owner().Submit(s.owner().See(members), members+"/leave", nil); brief(r) != "409 conflict.state" {
			t.Errorf("the last owner leaves: %s", brief(r))
		}
	})
}

func TestGroups(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		const groups, developers = "/acme/settings/groups", "/acme/settings/groups/developers"
		says(t, s.owner().See(groups), "Developers")
		r := s.owner().Submit(s.owner().See(groups), groups, url.Values{"name": {"日本"}})
		if r.Status != 400 || !strings.Contains(r.Body, "slug-problem") {
			t.Errorf("no slug can be made: %s", brief(r))
		}
		made := s.owner().Follow(s.owner().Submit(r, groups, url.Values{"name": {"日本"}, "slug": {"japan"}}))
		says(t, made, "The group is made.", "日本", "Nobody is in this group")
		if made.Path != groups+"/japan" {
			t.Errorf("led to %s", made.Path)
		}
		r = s.owner().Submit(made, groups+"/japan/members", url.Values{"account": {"acme-outsider"}})
		if r.Status != 400 || !strings.Contains(r.Body, "no member of this workspace") && !strings.Contains(r.Body, "No member of this workspace") {
			t.Errorf("a stranger: %s", brief(r))
		}
		page := s.owner().Follow(s.owner().Submit(made, groups+"/japan/members", url.Values{"account": {"ACME-guest"}}))
		says(t, page, "The member is in the group.", "acme-guest")
		page = s.owner().Follow(s.owner().Submit(page, groups+"/japan/members/remove", url.Values{"account": {"{" + s.collaborator.ID + "}"}}))
		says(t, page, "not in the group any more", "Nobody is in this group")
		says(t, s.owner().Follow(s.owner().Submit(page, groups+"/japan", url.Values{"name": {"Nippon"}})), "another name", "Nippon", "japan")

		page = s.owner().See(developers + "/delete")
		if r := s.owner().Submit(page, developers+"/delete", url.Values{"name": {"dev"}}); r.Status != 400 {
			t.Errorf("another name typed: %s", brief(r))
		}
		s.owner().Follow(s.owner().Submit(page, developers+"/delete", url.Values{"name": {"developers"}}))
		if r := s.member().Get("/acme/projects/FTO"); r.Status != 404 {
			t.Errorf("without the group: %s", brief(r))
		}
	})
}

func TestProjects(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		says(t, s.owner().See("/acme/projects"), "For the Others", "FTO")
		if r := s.anonymous().Get("/acme/workspace/projects/%2F%2Fevil.example"); r.Status != 308 || r.Location() != "/acme/projects/%2F%2Fevil.example" {
			t.Errorf("the address of the API: %d to %s", r.Status, r.Location())
		}
		says(t, s.guest().See("/acme/projects"), "no project here that you may see")
		says(t, s.owner().See("/acme/projects?q=zzz"), "No project that you may see has this")
		r := s.owner().Submit(s.owner().See("/acme/projects/new"), "/acme/projects/new", url.Values{"key": {"fto"}, "name": {"Again"}})
		if r.Status != 400 || !strings.Contains(r.Body, "key-problem") || !strings.Contains(r.Body, `value="Again"`) {
			t.Errorf("a key that is taken: %s", brief(r))
		}
		made := s.owner().Follow(s.owner().Submit(r, "/acme/projects/new", url.Values{"key": {"next"}, "name": {"Next"}, "description": {"Line one\r\nLine two"}}))
		says(t, made, "The project is made.", "Next", "NEXT", "private", "Line two", "no repository in this project")
		if made.Path != "/acme/projects/NEXT" {
			t.Errorf("led to %s", made.Path)
		}
		page := s.owner().See("/acme/projects/NEXT/settings")
		page = s.owner().Follow(s.owner().Submit(page, "/acme/projects/NEXT/settings", url.Values{"key": {"LATER"}, "description": {""}}))
		says(t, page, "The settings are saved.")
		if page.Path != "/acme/projects/LATER/settings" {
			t.Errorf("led to %s", page.Path)
		}
		r = s.owner().Submit(s.owner().See("/acme/projects/FTO/settings/delete"), "/acme/projects/FTO/settings/delete", url.Values{"name": {"FTO"}})
		if brief(r) != "403 conflict.in_use" {
			t.Errorf("with a repository: %s", brief(r))
		}
		says(t, r, "widgets")
		says(t, s.owner().Follow(s.owner().Submit(s.owner().See("/acme/projects/LATER/settings/delete"), "/acme/projects/LATER/settings/delete", url.Values{"name": {"later"}})), "The project is deleted.")
	})
}

func TestPermissions(t *testing.T) {
	each(t, func(t *testing.T, s *scene) {
		for _, base := range []string{"/acme/projects/FTO/permissions", "/acme/widgets/settings/permissions"} {
			onRepository := strings.Contains(base, "widgets")
			page := s.owner().See(base)
			says(t, page, "Admin acme-admin admin admin: owns the workspace", "Member acme-member write write: granted on the project to the group Developers")
			says(t, s.owner().See(base+"?q=zzz"), "Nobody with this in the name")
			silent(t, page, "acme-guest", "acme-outsider")
			for form, problem := range map[string]url.Values{
				"/users":  {"user": {"acme-outsider"}, "user_permission": {"read"}},
				"/groups": {"group": {"none"}, "group_permission": {"read"}},
			} {
				if r := s.owner().Submit(page, base+form, problem); r.Status != 400 || !strings.Contains(r.Body, "aria-invalid") {
					t.Errorf("%s with %v: %s", form, problem, brief(r))
				}
			}
			r := s.owner().Submit(page, base+"/users", url.Values{"user": {"acme-guest"}, "user_permission": {"create-repo"}})
			if onRepository != (r.Status == 400) {
				t.Errorf("create-repo on %s: %s", base, brief(r))
			}
			page = s.owner().Follow(s.owner().Submit(page, base+"/users", url.Values{"user": {"acme-guest"}, "user_permission": {"admin"}}))
			says(t, page, "Guest has the permission admin.", "Guest acme-guest admin admin: granted on the "+map[bool]string{true: "repository", false: "project"}[onRepository])
			// Who administers it by that grant has the page, and takes it away again.
			if got := brief(s.guest().Get(base)); got != "200" {
				t.Errorf("the new admin: %s", got)
			}
			s.owner().Follow(s.owner().Submit(page, base+"/users/revoke", url.Values{"user": {"{" + s.collaborator.ID + "}"}}))
			if got := s.guest().Get(base).Status; got != 404 {
				t.Errorf("after the end: %d", got)
			}
			page = s.owner().Follow(s.owner().Submit(s.owner().See(base), base+"/groups", url.Values{"group": {"developers"}, "group_permission": {"admin"}}))
			says(t, page, "The group developers has the permission admin.")
			if got := brief(s.member().Get(base)); got != "200" {
				t.Errorf("the group: %s", got)
			}
			s.owner().Follow(s.owner().Submit(page, base+"/groups/revoke", url.Values{"group": {"developers"}}))
			if onRepository {
				break
			}
			must(t, s.Workspaces.GrantGroup(t.Context(), s.Project, s.Group.ID, access.Write))
		}
		// What create-repo on a project is on a repository in it.
		must(t, s.Workspaces.GrantUser(t.Context(), s.Project, s.collaborator.ID, access.CreateRepo))
		says(t, s.owner().See("/acme/widgets/settings/permissions"), "Guest acme-guest write write: granted on the project")
		says(t, s.owner().See("/acme/projects/FTO/permissions"), "Guest acme-guest create-repo create-repo: granted on the project")
		_, secret := s.AccessToken(access.ProjectToken, access.Bounds{WorkspaceID: s.Workspace.ID, ProjectID: s.Project.ID}, "repository:write")
		page := s.owner().See("/acme/widgets/settings/permissions")
		says(t, page, "Access tokens", "test project write repository:write")
		silent(t, page, secret, secret[:12])
	})
}

func repositoryChange(private *bool) repository.Change { return repository.Change{Private: private} }
