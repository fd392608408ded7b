package tokens_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/scope"
	"github.com/pailforge/pail/internal/web/webtest"
)

// TestAccessTokenPages: whoever administers a workspace, a project or a repository makes, rotates and revokes its access
// tokens, on both databases; nobody else sees them, and none is found on another's page.
func TestAccessTokenPages(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		admin, member, outsider := webtest.As(s, w.Admin), webtest.As(s, w.Member), webtest.As(s, w.Outsider)
		pages := []string{"/acme/settings/access-tokens", "/acme/projects/FTO/access-tokens", "/acme/widgets/settings/access-tokens"}
		ids := map[string]string{}
		for _, at := range pages {
			contains(t, admin.See(at), "here.", at+"/new")
			form := admin.See(at + "/new?preset=clone")
			lacks(t, form, "read:repository:bitbucket", `name="workspace"`, "Terraform")
			made := admin.Submit(form, at, url.Values{"name": {"deploy"}, "expires_in_days": {"0"}})
			secret := secretOn(t, made)
			w.Want(w.Do(pailtest.Bearer(secret), "GET", "/2.0/repositories/acme/widgets", nil), 200)
			list := admin.See(at)
			contains(t, list, ">deploy<", "does not expire")
			_, rest, _ := strings.Cut(list.Body, `<th scope="row"><a href="`+at+"/")
			id, _, _ := strings.Cut(rest, `"`)
			ids[at] = id
			one := at + "/" + id
			contains(t, admin.See(one), "GET /2.0/repositories/{workspace}/{repo_slug}", "127.0.0.1", `class="mark good">used`)
			contains(t, admin.See(one+"/narrow"), "belongs to no account")
			rotated := admin.Submit(admin.See(one+"/rotate"), one+"/rotate", url.Values{"overlap_hours": {"0"}})
			second := secretOn(t, rotated)
			contains(t, rotated, "does not expire", "which has ended")
			w.Want(w.Do(pailtest.Bearer(secret), "GET", "/2.0/repositories/acme/widgets", nil), 401, string(reason.TokenExpired))
			w.Want(w.Do(pailtest.Bearer(second), "GET", "/2.0/repositories/acme/widgets", nil), 200)

			for _, path := range []string{at, at + "/new", one, one + "/activity", one + "/rotate", one + "/narrow"} {
				if r := member.Get(path); r.Status != http.StatusForbidden || r.Header.Get("X-Pail-Reason") != string(reason.PrivilegeMissing) {
					t.Errorf("a member at %s: %d %s", path, r.Status, r.Header.Get("X-Pail-Reason"))
				}
				if r := outsider.Get(path); r.Status != http.StatusNotFound {
					t.Errorf("an outsider at %s: %d", path, r.Status)
				}
				if r := webtest.Open(s).Get(path); r.Status != http.StatusSeeOther {
					t.Errorf("nobody at %s: %d", path, r.Status)
				}
			}
			csrf := webtest.Forms(t, member.See("/account/tokens/new"))[0].Values["csrf"]
			for _, path := range []string{at, one + "/revoke", one + "/rotate"} {
				if r := member.Post(path, url.Values{"csrf": csrf, "name": {"x"}, "scopes": {"repository"}, "expires_in_days": {"1"}, "overlap_hours": {"0"}}); r.Status != http.StatusForbidden {
					t.Errorf("a member changes %s: %d", path, r.Status)
				}
				if r := admin.Post(path, url.Values{"name": {"x"}, "scopes": {"repository"}, "expires_in_days": {"1"}}); r.Status != http.StatusForbidden || r.Header.Get("X-Pail-Reason") != string(reason.CSRFMissing) {
					t.Errorf("without the form's token %s: %d", path, r.Status)
				}
			}
		}
		for _, at := range pages {
			for from, id := range ids {
				if r := admin.Get(at + "/" + id); (r.Status == http.StatusOK) != (at == from) {
					t.Errorf("the token of %s at %s: %d", from, at, r.Status)
				}
			}
		}
		after := admin.Follow(admin.Submit(admin.See(pages[0]+"/"+ids[pages[0]]), pages[0]+"/"+ids[pages[0]]+"/revoke", nil))
		contains(t, after, "The workspace access token “deploy” is revoked")
	})
}

// TestOwnOnly: nobody sees or changes another's tokens, and a secret in the place of an id is not repeated.
func TestOwnOnly(t *testing.T) {
	w := pailtest.Start(t, pailtest.Options{}).World()
	c, secret := w.APIToken(w.Admin, "read:user")
	b := webtest.As(w.Server, w.Member)
	csrf := webtest.Forms(t, b.See("/account/tokens/new"))[0].Values["csrf"]
	for _, path := range []string{"/account/tokens/" + c.ID, "/account/tokens/" + c.ID + "/activity", "/account/tokens/" + c.ID + "/narrow", "/account/app-passwords/" + c.ID, "/account/tokens/no-id", "/account/tokens/" + secret} {
		r := b.Get(path)
		if r.Status != http.StatusNotFound || strings.Contains(r.Body, secret) {
			t.Errorf("%s: %d", path, r.Status)
		}
		if r := b.Post(strings.TrimSuffix(strings.TrimSuffix(path, "/activity"), "/narrow")+"/revoke", url.Values{"csrf": csrf}); r.Status != http.StatusNotFound {
			t.Errorf("revoking at %s: %d", path, r.Status)
		}
	}
	w.Want(w.Do(pailtest.Basic(w.Admin.Email, secret), "GET", "/2.0/user", nil), 200)
}

// TestFormProblems: what is wrong is said at its field, what was chosen stays, and nothing is made.
func TestFormProblems(t *testing.T) {
	w := pailtest.Start(t, pailtest.Options{}).World()
	b := webtest.As(w.Server, w.Member)
	good := url.Values{"name": {"ci"}, "scopes": {"read:user:bitbucket"}, "expires_in_days": {"30"}, "workspace": {""}, "csrf": webtest.Forms(t, b.See("/account/tokens/new"))[0].Values["csrf"]}
	for name, c := range map[string]struct {
		change url.Values
		status int
		says   []string
	}{
		"no name":           {url.Values{"name": {" "}}, 400, []string{`id="name-problem"`, "checked"}},
		"a hidden name":     {url.Values{"name": {"a\u202eb"}}, 400, []string{`id="name-problem"`}},
		"no scope":          {url.Values{"scopes": nil}, 400, []string{`id="scopes-problem"`, `value="ci"`}},
		"no such scope":     {url.Values{"scopes": {"read:user:bitbucket", "read:everything"}}, 400, []string{`id="scopes-problem"`, `id="scope-read:user:bitbucket" checked`}},
		"a legacy scope":    {url.Values{"scopes": {"repository"}}, 400, []string{`id="scopes-problem"`}},
		"for ever":          {url.Values{"expires_in_days": {"0"}}, 400, []string{`id="expires_in_days-problem"`}},
		"no number of days": {url.Values{"expires_in_days": {"soon"}}, 400, []string{`id="expires_in_days-problem"`}},
		"yesterday":         {url.Values{"expires_on": {time.Now().AddDate(0, 0, -1).Format(time.DateOnly)}}, 400, []string{`id="expires_on-problem"`}},
		"no date":           {url.Values{"expires_on": {"31.12."}}, 400, []string{`id="expires_on-problem"`}},
		"too late":          {url.Values{"expires_on": {time.Now().AddDate(2, 0, 0).Format(time.DateOnly)}}, 400, []string{`id="expires_on-problem"`}},
		"no such workspace": {url.Values{"workspace": {"globex"}}, 400, []string{`id="workspace-problem"`, "belongs to no such workspace"}},
		"many":              {url.Values{"scopes": make([]string, 5000)}, 400, []string{`id="scopes-problem"`}},
	} {
		t.Run(name, func(t *testing.T) {
			sent := url.Values{}
			for k, v := range good {
				sent[k] = v
			}
			for k, v := range c.change {
				sent[k] = v
			}
			r := b.Post("/account/tokens", sent)
			if r.Status != c.status || r.Header.Get("X-Pail-Reason") != string(reason.ValueInvalid) {
				t.Errorf("%d %s", r.Status, r.Header.Get("X-Pail-Reason"))
			}
			contains(t, r, c.says...)
		})
	}
	if all, err := w.Credentials.OfAccount(t.Context(), w.Member.ID, access.APIToken); err != nil || len(all) != 0 {
		t.Errorf("%d tokens were made, %v", len(all), err)
	}
	good.Set("expires_on", time.Now().UTC().AddDate(0, 0, 10).Format(time.DateOnly))
	secretOn(t, b.Post("/account/tokens", good))
	all, err := w.Credentials.OfAccount(t.Context(), w.Member.ID, access.APIToken)
	if err != nil || len(all) != 1 || all[0].Expires.Format(time.DateOnly) != good.Get("expires_on") {
		t.Errorf("%+v, %v", all, err)
	}
	contains(t, b.See("/account/tokens"), `class="mark soon"`)
}

// TestAppPasswordPages: what still uses an app password and what takes its place is told; where they have ended, none is
// made any more.
func TestAppPasswordPages(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		w.Push(1)
		b := webtest.As(s, w.Admin)
		contains(t, b.See("/account/app-passwords"), "There is no app password here", "API tokens take their place")
		made := b.Submit(b.See("/account/app-passwords/new"), "/account/app-passwords", url.Values{"name": {"nightly"}, "scopes": {"account", "repository:write"}})
		secret := secretOn(t, made)
		w.Want(w.Do(pailtest.Header(pailtest.Basic(w.Admin.Username, secret), "User-Agent", "nightly.sh/1"), "GET", "/2.0/user", nil), 200)
		w.Git("", "ls-remote", w.Remote(w.Admin.Username, secret, "acme/widgets"))
		w.Want(w.Do(pailtest.Header(pailtest.Basic(w.Admin.Username, secret), "User-Agent", "nightly.sh/1"), "GET", "/2.0/user", nil), 200)
		list := b.See("/account/app-passwords")
		contains(t, list, "What to do", "nightly.sh/1", "127.0.0.1", "<code>read:repository:bitbucket</code>", "<code>read:user:bitbucket</code>", ">Replace</a>")
		all, err := w.Credentials.OfAccount(t.Context(), w.Admin.ID, access.AppPassword)
		if err != nil || len(all) != 1 {
			t.Fatal(err)
		}
		at := "/account/app-passwords/" + all[0].ID
		contains(t, b.See(at), "git fetch", "GET /2.0/user", "Replace")
		page := b.See(at + "/narrow")
		contains(t, page, "Replace <bdi>nightly</bdi>", "read:repository:bitbucket", "What runs once a month may not have run yet")
		token := secretOn(t, b.Submit(page, at+"/narrow", url.Values{"name": {"nightly, as a token"}}))
		w.Want(w.Do(pailtest.Basic(w.Admin.Email, token), "GET", "/2.0/user", nil), 200)
		contains(t, b.See("/account/tokens"), "nightly, as a token")
		b.Follow(b.Submit(b.See(at), at+"/revoke", nil))
		w.Want(w.Do(pailtest.Basic(w.Admin.Username, secret), "GET", "/2.0/user", nil), 401, string(reason.TokenRevoked))
	})

	w := pailtest.Start(t, pailtest.Options{Env: []string{"PAIL_APP_PASSWORDS_UNTIL=2026-01-01"}}).World()
	w.AppPassword(w.Member, "repository")
	b := webtest.As(w.Server, w.Member)
	list := b.See("/account/app-passwords")
	contains(t, list, "App passwords ended on this server on 2 January 2026")
	lacks(t, list, "/new")
	csrf := webtest.Forms(t, b.See("/account/tokens/new"))[0].Values["csrf"]
	for _, r := range []webtest.Reply{b.Get("/account/app-passwords/new"), b.Post("/account/app-passwords", url.Values{"csrf": csrf, "name": {"x"}, "scopes": {"repository"}})} {
		if r.Status != http.StatusConflict || !strings.Contains(r.Body, "/account/tokens/new") {
			t.Errorf("%s: %d", r.Path, r.Status)
		}
	}
}

// hostile are names that somebody may choose, or send, to do harm.
var hostile = []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, "{{.}}", "شيفرة", strings.Repeat("W", access.MaxNameLength), "a'b\"c`d$(e)"}

// TestHostileNames: names and what clients send are text, wherever they stand.
func TestHostileNames(t *testing.T) {
	w := pailtest.Start(t, pailtest.Options{}).World()
	b := webtest.As(w.Server, w.Member)
	for _, name := range hostile {
		made := b.Submit(b.See("/account/tokens/new"), "/account/tokens", url.Values{"name": {name}, "scopes": {"read:user:bitbucket"}})
		secret := secretOn(t, made)
		w.Do(pailtest.Header(pailtest.Basic(w.Member.Email, secret), "User-Agent", name+strings.Repeat("x", 2000)), "GET", "/2.0/"+url.PathEscape(name)+strings.Repeat("y", 2000), nil)
		w.Do(pailtest.Header(pailtest.Basic(w.Member.Email, secret), "User-Agent", name), "GET", "/2.0/user", nil)
	}
	all, err := w.Credentials.OfAccount(t.Context(), w.Member.ID, access.APIToken)
	if err != nil || len(all) != len(hostile) {
		t.Fatal(len(all), err)
	}
	paths := []string{"/account/tokens"}
	for _, c := range all {
		at := "/account/tokens/" + c.ID
		paths = append(paths, at, at+"/activity", at+"/rotate", at+"/narrow")
	}
	for _, path := range paths {
		lacks(t, b.See(path), "<script>alert", "<img src=x") // and the page is checked for more by webtest.Check
	}
}

// TestPresets: a preset opens what its name promises, and says so.
func TestPresets(t *testing.T) {
	w := pailtest.Start(t, pailtest.Options{}).World()
	b := webtest.As(w.Server, w.Admin)
	const repo = "/2.0/repositories/{workspace}/{repo_slug}"
	for id, opens := range map[string][]string{
		"clone":     {"git clone, git fetch"},
		"build":     {"git clone, git fetch", "POST " + repo + "/commit/{commit}/statuses/build", "PUT " + repo + "/commit/{commit}/reports/{reportId}"},
		"bot":       {"git clone, git fetch", "GET " + repo + "/pullrequests/{pull_request_id}/diff", "POST " + repo + "/pullrequests/{pull_request_id}/comments", "POST " + repo + "/pullrequests/{pull_request_id}/approve", "POST " + repo + "/commit/{commit}/statuses/build", "GET /2.0/user"},
		"renovate":  {"git push", "POST " + repo + "/pullrequests", "GET /2.0/user", "GET /2.0/user/workspaces"},
		"terraform": {"PUT /2.0/workspaces/{workspace}/projects/{project_key}/permissions-config/groups/{group_slug}", "POST " + repo, "POST " + repo + "/hooks", "POST " + repo + "/branch-restrictions", "POST " + repo + "/deploy-keys", "POST " + repo + "/pipelines_config/variables"},
		"backup":    {"git clone, git fetch", "GET /2.0/workspaces/{workspace}/projects", "GET /2.0/repositories/{workspace}", "GET " + repo + "/pullrequests", "GET /2.0/snippets/{workspace}"},
	} {
		r := b.See("/account/tokens/new?preset=" + id)
		for _, operation := range opens {
			contains(t, r, "<code>"+operation+"</code>")
		}
		if id == "backup" || id == "clone" {
			for _, verb := range []string{"<code>POST /2.0/repositories/{workspace}/{repo_slug}</code>", "<code>DELETE /2.0/repositories/{workspace}/{repo_slug}</code>", "<code>git push"} {
				lacks(t, r, verb)
			}
		}
	}
	for _, at := range []string{"/account/tokens", "/account/app-passwords", "/acme/settings/access-tokens"} {
		r := b.See(at + "/new?preset=nonsense&scopes=x")
		contains(t, r, "no scope is chosen", "preset=clone", "preset=renovate")
	}
	// Every scope that there is can be chosen, each in its place.
	r, old := b.See("/account/tokens/new"), b.See("/account/app-passwords/new")
	for _, info := range scope.All() {
		box := `value="` + info.Name + `" id="scope-`
		if got := strings.Contains(r.Body, box); got == info.Legacy {
			t.Errorf("%s among those of an API token: %v", info.Name, got)
		}
		if got := strings.Contains(old.Body, box); got != (info.Legacy && !info.Deprecated) {
			t.Errorf("%s among those of an app password: %v", info.Name, got)
		}
	}
}

// TestUnused: the page and pail token show tell the same.
func TestUnused(t *testing.T) {
	w := pailtest.Start(t, pailtest.Options{}).World()
	c, secret := w.APIToken(w.Member, "read:user", "read:workspace", "read:repository")
	for range 5 {
		w.Want(w.Do(pailtest.Basic(w.Member.Email, secret), "GET", "/2.0/user", nil), 200)
	}
	if err := w.Gate.Recorder.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	used, err := w.Gate.Recorder.Usage(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	u := account.Usage(c, used)
	r := webtest.As(w.Server, w.Member).See("/account/tokens/" + c.ID)
	contains(t, r, "Counted: "+u.Counted()+".", "2 scopes of 3 were never used")
	for _, name := range u.Scopes.Unused.Names() {
		_, after, _ := strings.Cut(r.Body, `<th scope="row"><code>`+name+`</code></th>`)
		if line, _, _ := strings.Cut(after, "</tr>"); !strings.Contains(line, ">never<") {
			t.Errorf("%s: %s", name, line)
		}
	}
}
