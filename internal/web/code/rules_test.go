package code_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/web/webtest"
	"github.com/pailforge/pail/internal/workspace"
)

func TestRules(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		w.Push(1)
		admin, member := webtest.As(s, w.Admin), webtest.As(s, w.Member)
		const at, model = "/acme/widgets/settings/branches", "/acme/widgets/settings/branching-model"
		wants(t, member.Get(at), 403, "privilege.missing")
		page := admin.See(at)
		says(t, page, "No branch is restricted", "The model of its project holds.")
		if r := admin.Submit(page, at, url.Values{"kind": {"push"}, "pattern": {""}}); r.Status != 400 {
			t.Errorf("without a pattern: %d", r.Status)
		}
		if r := admin.Submit(page, at, url.Values{"kind": {"push"}, "pattern": {"main"}, "users": {"nobody"}}); r.Status != 400 {
			t.Errorf("an unknown user: %d", r.Status)
		}
		done := admin.Submit(page, at, url.Values{"kind": {"push"}, "pattern": {"release/*"}, "users": {w.Member.Username}, "groups": {w.Group.Slug}})
		page = admin.Follow(done)
		says(t, page, "The restriction holds", "Only some may push", "release/*", w.Member.DisplayName)
		write := w.Token(w.Admin, "read:repository", "write:repository")
		made := `{"name":"release/1","target":{"hash":"main"}}`
		w.Want(w.Do(write, "POST", "/2.0/repositories/acme/widgets/refs/branches", made), 403, "branch.restricted")

		done = admin.Submit(page, model, url.Values{"own": {"true"}, "release": {"ship-"}, "hotfix": {""}, "production.enabled": {"true"}})
		page = admin.Follow(done)
		says(t, page, "This repository has a model of its own.")
		a := w.Do(write, "GET", "/2.0/repositories/acme/widgets/branching-model", nil)
		if got := a.String("production.name") + " " + a.String("branch_types"); a.Status != 200 || got != `main [{"kind":"bugfix","prefix":"bugfix/"},{"kind":"feature","prefix":"feature/"},{"kind":"release","prefix":"ship-"}]` {
			t.Errorf("the model is %s", a.Body)
		}
		page = admin.Follow(admin.Submit(page, model, url.Values{"own": {""}}))
		says(t, page, "The model of its project holds.")

		for _, f := range webtest.Forms(t, page) {
			if strings.HasPrefix(f.Action, at+"/") {
				page = admin.Follow(admin.Submit(page, f.Action, nil))
				break
			}
		}
		says(t, page, "The restriction is gone.", "No branch is restricted")
		w.Want(w.Do(write, "POST", "/2.0/repositories/acme/widgets/refs/branches", made), 201)
	})
}

func TestDeployKeys(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		admin := webtest.As(s, w.Admin)
		const at = "/acme/widgets/settings/deploy-keys"
		page := admin.See(at)
		if r := admin.Submit(page, at, url.Values{"key": {"-----BEGIN OPENSSH PRIVATE KEY-----"}}); r.Status != 400 {
			t.Errorf("a private key: %d", r.Status)
		}
		page = admin.Follow(admin.Submit(page, at, url.Values{"label": {"Builder"}, "key": {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDBTONfT/zbobRbmR1QtGQBK/0D6Y/OhKxhU6kC9Jz41"}}))
		says(t, page, "The key is added.", "Builder", "SHA256:")
		for _, f := range webtest.Forms(t, page) {
			if strings.HasPrefix(f.Action, at+"/") {
				page = admin.Follow(admin.Submit(page, f.Action, nil))
				break
			}
		}
		says(t, page, "The key is gone.")
	})
}

func TestForksAndTransfers(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		w.Push(1)
		admin, outsider := webtest.As(s, w.Admin), webtest.As(s, w.Outsider)
		wants(t, outsider.Get("/acme/widgets/fork"), 404, "repository.not_found")
		elsewhere, err := s.Workspaces.CreateWorkspace(t.Context(), "elsewhere", "Elsewhere", w.Admin.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Workspaces.CreateProject(t.Context(), &elsewhere, workspace.NewProject{Key: "THERE", Name: "There"}); err != nil {
			t.Fatal(err)
		}

		page := admin.See("/acme/widgets/fork")
		page = admin.Follow(admin.Submit(page, "/acme/widgets/fork", url.Values{"place": {"elsewhere/THERE"}, "name": {"Mine"}}))
		says(t, page, "The fork elsewhere/mine is there.", "Forked from acme/widgets", "1 watcher", "Stop watching")
		page = admin.Follow(admin.Submit(page, "/elsewhere/mine/watch", nil))
		says(t, page, "You no longer watch this repository.", "0 watchers")

		s.Exec(`UPDATE workspace SET forking_mode = 'internal_only' WHERE slug = 'acme'`)
		if r := admin.Submit(admin.See("/acme/widgets/fork"), "/acme/widgets/fork", url.Values{"place": {"elsewhere/THERE"}, "name": {"Another"}}); r.Status != 400 {
			t.Errorf("out of a workspace that keeps forks: %d", r.Status)
		}

		page = admin.See("/acme/widgets/settings")
		const away = "/acme/widgets/settings/transfer"
		if r := admin.Submit(page, away, url.Values{"place": {"elsewhere/THERE"}, "moved": {"widgets"}}); r.Status != 400 {
			t.Errorf("without its name: %d", r.Status)
		}
		page = admin.Follow(admin.Submit(page, away, url.Values{"place": {"elsewhere/THERE"}, "moved": {"acme/widgets"}}))
		says(t, page, "The repository is elsewhere/widgets now.")
		if r := admin.Get("/acme/widgets/commits"); r.Status/100 != 3 || r.Header.Get("Location") != s.URL+"/elsewhere/widgets/commits" {
			t.Errorf("the old address: %d %s", r.Status, r.Header.Get("Location"))
		}
		w.Want(w.Do(w.Token(w.Member, "read:repository"), "GET", "/2.0/repositories/acme/widgets", nil), 404, "repository.not_found")
		a := w.Do(w.Token(w.Admin, "read:repository"), "GET", "/2.0/repositories/elsewhere/mine", nil)
		if a.String("parent.full_name") != "elsewhere/widgets" {
			t.Errorf("the fork's parent: %s", a.Body)
		}
	})
}
