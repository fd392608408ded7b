package tokens_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/token"
	"github.com/pailforge/pail/internal/web/webtest"
)

// contains fails the test for each text that the page lacks.
func contains(t *testing.T, r webtest.Reply, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(r.Body, text) {
			_, main, _ := strings.Cut(r.Body, "<main")
			t.Errorf("%s lacks %q\n%s", r.Path, text, main)
		}
	}
}

// lacks fails the test for each text that the page holds.
func lacks(t *testing.T, r webtest.Reply, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(r.Body, text) {
			t.Errorf("%s holds %q", r.Path, text)
		}
	}
}

var secretPattern = regexp.MustCompile(`AT[A-Z]{2}P1[A-Za-z0-9_=-]{30,}`)

// secretOn is the secret that a page shows.
func secretOn(t *testing.T, r webtest.Reply) string {
	t.Helper()
	if r.Status != http.StatusCreated || r.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%s: %d, Cache-Control %s\n%s", r.Path, r.Status, r.Header.Get("Cache-Control"), r.Body)
	}
	secret := secretPattern.FindString(r.Body)
	if !token.Inspect(secret).Good() {
		t.Fatalf("%s shows no secret\n%s", r.Path, r.Body)
	}
	return secret
}

// TestLife: an owner makes a token, uses it, narrows it, rotates it and revokes it, all without scripts; and each page
// tells what pail token show tells.
func TestLife(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		w.Push(1)
		owner := w.Member
		b := webtest.As(s, owner)
		contains(t, b.See("/account/tokens"), "There is no API token here", `href="/account/tokens/new"`)

		form := b.See("/account/tokens/new?preset=clone")
		contains(t, form, `value="read:repository:bitbucket" id="scope-read:repository:bitbucket" checked`, "git clone, git fetch", "only acme", `value="Clone only"`)
		lacks(t, form, `value="read:user:bitbucket" id="scope-read:user:bitbucket" checked`, "git push</code>", `value="repository"`)

		// What a choice opens is shown by a button, and nothing is made.
		chosen := url.Values{"name": {"ci"}, "scopes": {"read:user:bitbucket", "write:repository:bitbucket", "read:repository:bitbucket", "delete:repository:bitbucket"}, "expires_in_days": {"30"}, "workspace": {"acme"}}
		for k, v := range webtest.Forms(t, form)[formIndex(t, form, "/account/tokens")].Values {
			if _, ok := chosen[k]; !ok {
				chosen[k] = v
			}
		}
		preview := b.Post("/account/tokens/new", chosen)
		contains(t, preview, "git push", "GET /2.0/user", "DELETE /2.0/repositories/{workspace}/{repo_slug}", `value="ci"`, `<option value="acme" selected>`)
		contains(t, b.See("/account/tokens"), "There is no API token here")

		made := b.Post("/account/tokens", chosen)
		secret := secretOn(t, made)
		contains(t, made, "x-bitbucket-api-token-auth", owner.Email, "RENOVATE_PASSWORD", "git credential approve", "machine 127.0.0.1 login")
		all, err := w.Credentials.OfAccount(t.Context(), owner.ID, access.APIToken)
		if err != nil || len(all) != 1 || all[0].Name != "ci" || all[0].Bounds.WorkspaceID != w.Workspace.ID {
			t.Fatalf("%+v, %v", all, err)
		}
		c := all[0]
		list := b.See("/account/tokens")
		contains(t, list, ">ci<", "Never accessed", "Never refused", "4 scopes", "acme")
		lacks(t, list, secret, token.Mask(secret))
		at := "/account/tokens/" + c.ID

		token := pailtest.Basic(owner.Email, secret)
		for range 3 {
			w.Want(w.Do(pailtest.Header(token, "User-Agent", "robot/7 <script>"), "GET", "/2.0/user", nil), 200)
		}
		w.Git("", "ls-remote", w.Remote("x-bitbucket-api-token-auth", secret, "acme/widgets"))
		w.Want(w.Do(token, "GET", "/2.0/workspaces/acme", nil), 403)
		w.Want(w.Do(pailtest.Bearer(secret), "GET", "/2.0/user", nil), 401)
		contains(t, b.See("/account/tokens"), "127.0.0.1", "by <bdi dir=\"ltr\">Go-http-client/", `href="/docs/errors/credential.bearer_not_accepted"`)

		used, err := w.Gate.Recorder.Usage(t.Context(), c.ID)
		if err != nil || len(used) != 2 {
			t.Fatalf("%+v, %v", used, err)
		}
		total := used[0].Count + used[1].Count
		show := b.See(at)
		contains(t, show, fmt.Sprintf("Counted: %d requests, from 20", total), "2 scopes of 4 were never used", "/docs/errors/scope.missing", "/docs/errors/credential.bearer_not_accepted",
			"<th scope=\"row\"><code>GET /2.0/user</code></th><td class=\"number\">3</td>", fmt.Sprintf("<th scope=\"row\"><code>git fetch</code></th><td class=\"number\">%d</td>", used[1].Count),
			fmt.Sprintf("%d requests let in and 2 refused", total), "<title>"+time.Now().UTC().Format("2 January")+": GET /2.0/user, 3</title>", "robot/7 &lt;script&gt;")
		contains(t, b.See(at+"/activity"), "accepted", "scope.missing")
		refused := b.See(at + "/activity?only=refused")
		contains(t, refused, "scope.missing", "credential.bearer_not_accepted")
		lacks(t, refused, "accepted</span>")

		narrow := b.See(at + "/narrow")
		contains(t, narrow, "It rests on "+fmt.Sprint(total)+" requests, from", "read:user:bitbucket", "Left out", "delete:repository:bitbucket")
		narrowed := b.Submit(narrow, at+"/narrow", url.Values{"name": {"ci, narrow"}})
		second := secretOn(t, narrowed)
		contains(t, narrowed, "stays as it is until you revoke it")
		w.Want(w.Do(pailtest.Basic(owner.Email, second), "GET", "/2.0/user", nil), 200)
		w.Want(w.Do(pailtest.Basic(owner.Email, second), "DELETE", "/2.0/repositories/acme/widgets", nil), 403, string(reason.ScopeMissing))
		w.Want(w.Do(token, "GET", "/2.0/user", nil), 200)
		all, err = w.Credentials.OfAccount(t.Context(), owner.ID, access.APIToken)
		if err != nil || all[0].Name != "ci, narrow" || all[0].Scopes.String() != "read:repository:bitbucket, read:user:bitbucket" || all[0].Bounds.WorkspaceID != w.Workspace.ID {
			t.Fatalf("%+v, %v", all, err)
		}
		contains(t, b.See("/account/tokens/"+all[0].ID+"/narrow"), "It rests on 1 request", "limited to <code>acme</code>")
		rotated := b.Submit(b.See(at+"/rotate"), at+"/rotate", url.Values{"overlap_hours": {"1"}, "expires_in_days": {"7"}})
		third := secretOn(t, rotated)
		contains(t, rotated, "goes on working, and ends")
		for _, works := range []string{secret, third} {
			w.Want(w.Do(pailtest.Basic(owner.Email, works), "GET", "/2.0/user", nil), 200)
		}
		contains(t, b.See(at), "Rotated to another one", "expires soon")
		contains(t, b.See("/account/tokens"), "rotated", `class="mark soon"`)

		done := b.Submit(b.See(at), at+"/revoke", nil)
		after := b.Follow(done)
		contains(t, after, "is revoked: the next request with it is refused", "Ended lately", "revoked")
		w.Want(w.Do(token, "GET", "/2.0/user", nil), 401, string(reason.TokenRevoked))
		contains(t, b.See(at), "revoked", "/docs/errors/token.revoked")
		lacks(t, b.See(at), "/revoke", at+"/narrow", at+"/rotate")
		if r := b.Get(at + "/rotate"); r.Status != http.StatusConflict {
			t.Errorf("rotating a revoked one: %d", r.Status)
		}
		for _, one := range []string{secret, second, third} {
			for _, path := range []string{"/account/tokens", at, at + "/activity"} {
				lacks(t, b.See(path), one)
			}
		}
	})
}

func formIndex(t *testing.T, r webtest.Reply, action string) int {
	t.Helper()
	for i, f := range webtest.Forms(t, r) {
		if f.Action == action {
			return i
		}
	}
	t.Fatalf("%s has no form for %s", r.Path, action)
	return -1
}
