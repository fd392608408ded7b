package story

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/token"
)

const deprecatedGit = "remote: CHANGE-3222 - Functionality has been deprecated\n" +
	"remote: App passwords are deprecated and must be replaced with API tokens.\n" +
	"remote: https://developer.atlassian.com/cloud/bitbucket/changelog#CHANGE-3222\n"

// commitFile makes a commit in a clone.
func commitFile(w *pailtest.World, dir, name, text string) {
	w.T.Helper()
	check(w, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	w.Git(dir, "add", name)
	w.Git(dir, "commit", "--quiet", "-m", "Change "+name)
}

// gitCase is one way to ask for a repository.
type gitCase struct {
	name    string
	user    string
	subject func(*pailtest.World) subject
	push    bool
	repo    string // "" is acme/widgets

	says     []string // what git prints; nothing when it works
	code     string   // of HTTP, as git prints it; "" for 401, where git asks for a password instead
	reason   string   // in the token's activity
	accessed bool
}

func memberToken(w *pailtest.World) subject {
	c, secret := w.APIToken(w.Member, "read:repository", "write:repository")
	return subject{w, c.ID, secret}
}

// bystander sees the repository, and may not push.
func bystander(w *pailtest.World) subject {
	a, err := w.Accounts.Find(w.T.Context(), w.DB, "acme-bystander")
	check(w, err)
	c, secret := w.APIToken(a, "read:repository", "write:repository")
	return subject{w, c.ID, secret}
}

func outsider(w *pailtest.World) subject {
	c, secret := w.APIToken(w.Outsider, "read:repository", "write:repository")
	return subject{w, c.ID, secret}
}

func unknown(w *pailtest.World) subject { return subject{w, "", token.Mint(token.APIToken)} }

func projectToken(scopes ...string) func(*pailtest.World) subject {
	return func(w *pailtest.World) subject {
		c, secret := w.AccessToken(access.ProjectToken, access.Bounds{WorkspaceID: w.Workspace.ID, ProjectID: w.Project.ID}, scopes...)
		return subject{w, c.ID, secret}
	}
}

func appPasswordWith(scopes ...string) func(*pailtest.World) subject {
	return func(w *pailtest.World) subject {
		c, secret, err := w.Accounts.CreateAppPassword(w.T.Context(), w.Admin.ID, "test", scopes)
		check(w, err)
		return subject{w, c.ID, secret}
	}
}

var both = tokenWith("read:repository", "write:repository")

var gitCases = []gitCase{
	{name: "API token, static user", user: "x-bitbucket-api-token-auth", subject: both, accessed: true},
	{name: "API token, username", user: "acme-admin", subject: both, accessed: true},
	{name: "API token, push, static user", user: "x-bitbucket-api-token-auth", subject: both, push: true, accessed: true},
	{name: "API token, push, username", user: "acme-admin", subject: both, push: true, accessed: true},
	{name: "member's token, push", user: "acme-member", subject: memberToken, push: true, accessed: true},
	{name: "app password", user: "acme-admin", subject: appPasswordWith("repository"), accessed: true},
	{name: "app password, push", user: "acme-admin", subject: appPasswordWith("repository:write"), push: true, accessed: true},
	{name: "access token", user: "x-token-auth", subject: accessToken, push: true, accessed: true},
	{name: "project's access token", user: "x-token-auth", subject: projectToken("repository"), accessed: true},

	{name: "e-mail", user: "admin%40acme.example", subject: both, reason: "credential.username_required",
		says: []string{"remote: " + noAccess, "not the e-mail", "x-bitbucket-api-token-auth", "Authentication failed"}},
	{name: "e-mail, push", user: "admin%40acme.example", subject: both, push: true, reason: "credential.username_required", says: []string{"not the e-mail"}},
	{name: "access token's user", user: "x-token-auth", subject: both, reason: "credential.git_user", says: []string{"remote: " + noAccess, "x-bitbucket-api-token-auth"}},
	{name: "another's username", user: "acme-member", subject: both, reason: "credential.user_mismatch", says: []string{"belongs to another user"}},
	{name: "no user", user: "", subject: both, reason: "credential.user_empty", says: []string{"credential.user_empty"}},
	{name: "access token as an API token", user: "x-bitbucket-api-token-auth", subject: accessToken, reason: "credential.git_user", says: []string{"x-token-auth"}},
	{name: "access token with a bot's address", user: "1234%40bots.bitbucket.org", subject: accessToken, reason: "credential.git_user", says: []string{"x-token-auth"}},
	{name: "app password with the e-mail", user: "admin%40acme.example", subject: appPasswordWith("repository"), reason: "credential.username_required", says: []string{"acme-admin"}},
	{name: "unknown", user: "acme-admin", subject: unknown, says: []string{"remote: " + noAccess, "credential.unknown"}},
	{name: "account password", user: "acme-admin", subject: func(w *pailtest.World) subject {
		return subject{w, "", strings.ReplaceAll(pailtest.Password, " ", "%20")}
	},
		says: []string{"credential.password_not_accepted", "stopped supporting account passwords"}},
	{name: "expired", user: "acme-admin", subject: ended(both, `UPDATE credential SET expires_on = 1 WHERE id = $1`), reason: "token.expired", says: []string{"expired on 1970-01-01", "token.expired"}},
	{name: "revoked, push", user: "acme-admin", subject: ended(both, `UPDATE credential SET revoked_on = 1 WHERE id = $1`), push: true, reason: "token.revoked", says: []string{"was revoked"}},

	{name: "no scope to read", user: "acme-admin", subject: tokenWith("read:user"), code: "403", reason: "scope.missing", accessed: true,
		says: []string{"remote: " + lacksScopes, "remote: Missing: read:repository:bitbucket."}},
	{name: "write does not read", user: "acme-admin", subject: tokenWith("write:repository"), code: "403", reason: "scope.missing", accessed: true, says: []string{"Missing: read:repository:bitbucket."}},
	{name: "no scope to write", user: "acme-admin", subject: tokenWith("read:repository"), push: true, code: "403", reason: "scope.missing", accessed: true,
		says: []string{"remote: " + lacksScopes, "remote: Missing: write:repository:bitbucket."}},
	{name: "access token without the scope", user: "x-token-auth", subject: projectToken("repository"), push: true, code: "403", reason: "scope.missing", accessed: true, says: []string{"Missing: repository:write."}},
	{name: "no right to write", user: "acme-bystander", subject: bystander, push: true, code: "403", reason: "privilege.missing", accessed: true, says: []string{"privilege.missing", "read permission", "write permission"}},
	{name: "outsider", user: "acme-outsider", subject: outsider, reason: "repository.not_found", accessed: true, code: "not found", says: []string{"remote: " + noAccess}},
	{name: "outsider, push", user: "acme-outsider", subject: outsider, push: true, reason: "repository.not_found", accessed: true, code: "not found", says: []string{"remote: " + noAccess}},
	{name: "nothing there", user: "acme-admin", subject: both, repo: "acme/nothing", reason: "repository.not_found", accessed: true, code: "not found", says: []string{"remote: " + noAccess}},
	{name: "access token elsewhere", user: "x-token-auth", subject: accessToken, repo: "acme/other", reason: "repository.not_found", accessed: true, code: "not found", says: []string{"remote: " + noAccess}},
}

// TestGitCredentials: clone and push with each kind of credential, and what git prints when it is refused.
func TestGitCredentials(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		walkGit(t, w, func(t *testing.T, c gitCase, x subject, out string) {
			diagnoseGit(t, w, c, x, out, false)
			for _, want := range append(c.says, c.code) {
				if !strings.Contains(out, want) {
					t.Errorf("git does not print %q:\n%s", want, out)
				}
			}
		})
	})
}

// walkGit runs every case, has told look at what git printed, and checks what does not depend on how the server tells it.
func walkGit(t *testing.T, w *pailtest.World, told func(t *testing.T, c gitCase, x subject, out string)) {
	s := w.Server
	dir := w.Push(2)
	w.NewRepository("other")
	a := w.Account("bystander")
	check(w, w.Workspaces.AddMember(t.Context(), w.Workspace.ID, a.ID, 2))
	check(w, w.Workspaces.GrantUser(t.Context(), w.Project, a.ID, access.Read))
	for i, c := range gitCases {
		t.Run(c.name, func(t *testing.T) {
			outer := s.T
			s.T = t
			defer func() { s.T = outer }()
			x := c.subject(w)
			repo := c.repo
			if repo == "" {
				repo = "acme/widgets"
			}
			remote := w.Remote(c.user, x.secret, repo)
			before := time.Now().Truncate(time.Microsecond)
			args := []string{"clone", "--quiet", remote, filepath.Join(t.TempDir(), "clone")}
			if c.push {
				args = []string{"push", "--quiet", remote, "HEAD:refs/heads/pushed-" + string(rune('a'+i))}
			}
			out, err := w.TryGit(dir, args...)
			if (err == nil) != (c.says == nil) {
				t.Fatalf("%v\n%s", err, out)
			}
			if len(x.secret) < 3 || err != nil && strings.Contains(strings.ReplaceAll(out, remote, ""), x.secret) {
				t.Errorf("the secret is printed by the server:\n%s", out)
			}
			if x.id != "" {
				u := w.Used(x.id)
				if string(u.Reason) != c.reason || c.accessed != !u.Accessed.IsZero() {
					t.Errorf("the credential says %+v", u)
				}
				if c.reason != "" && (u.Refused.Before(before) || u.Refused.After(time.Now())) {
					t.Errorf("last refused %v", u.Refused)
				}
				if len(u.Events) == 0 || u.Events[0].Operation != map[bool]string{false: "git-upload-pack", true: "git-receive-pack"}[c.push] || u.Events[0].Agent == "" {
					t.Errorf("the activity is %+v", u.Events)
				}
			}
			told(t, c, x, out)
		})
	}
}

// TestGitChallenge: the first request comes without a credential and is challenged, whatever the path names.
func TestGitChallenge(t *testing.T) {
	w := pailtest.Start(t, pailtest.Options{}).World()
	w.Push(1)
	first := ""
	for _, path := range []string{"/acme/widgets.git", "/acme/widgets", "/acme/nothing.git", "/nobody/nothing.git"} {
		for _, service := range []string{"git-upload-pack", "git-receive-pack"} {
			res, err := w.Client.Get(w.URL + path + "/info/refs?service=" + service)
			if err != nil {
				t.Fatal(err)
			}
			body := readAll(t, res)
			if first == "" {
				first = body
			}
			if res.StatusCode != 401 || res.Header.Get("WWW-Authenticate") != `Basic realm="Bitbucket.org HTTP"` || res.Header.Get("X-Pail-Reason") != "credential.missing" || body != first || !strings.HasPrefix(body, noAccess) {
				t.Errorf("%s %s: %d %v %s", path, service, res.StatusCode, res.Header, body)
			}
		}
	}
	out, err := w.TryGit("", "ls-remote", w.URL+"/acme/widgets.git")
	if err == nil || !strings.Contains(out, "remote: "+noAccess) {
		t.Errorf("without a credential git says %v %s", err, out)
	}
	// A broken header is refused before anything else.
	r, err := http.NewRequest("GET", w.URL+"/acme/widgets.git/info/refs?service=git-upload-pack", nil)
	check(w, err)
	r.Header["Authorization"] = []string{"Basic nonsense!"}
	res, err := w.Client.Do(r)
	check(w, err)
	if body := readAll(t, res); res.StatusCode != 400 || !strings.Contains(body, "header.not_base64") {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	// What is public is cloned without one, and not pushed to.
	w.Want(w.Do(everything(w), "PUT", "/2.0/workspaces/acme/projects/FTO", `{"is_private":false}`), 200)
	w.Want(w.Do(everything(w), "PUT", "/2.0/repositories/acme/widgets", `{"is_private":false}`), 200)
	clone := filepath.Join(t.TempDir(), "clone")
	w.Git("", "clone", "--quiet", w.URL+"/acme/widgets.git", clone)
	if out, err := w.TryGit(clone, "push", "origin", "HEAD:refs/heads/x"); err == nil {
		t.Errorf("an anonymous push worked: %s", out)
	}
}

// TestGitAppPasswordsEnded: the three lines that Bitbucket Cloud prints, with 410, and only for an app password.
func TestGitAppPasswordsEnded(t *testing.T) {
	data := t.TempDir()
	var secret, apiSecret string
	t.Run("before", func(t *testing.T) {
		w := pailtest.Start(t, pailtest.Options{Data: data}).World()
		w.Push(1)
		secret, apiSecret = w.AppPassword(w.Admin, "repository:write"), w.Secret(w.Admin, "read:repository")
		w.Git("", "clone", "--quiet", w.Remote("acme-admin", secret, "acme/widgets"), filepath.Join(t.TempDir(), "clone"))
	})
	t.Run("after", func(t *testing.T) {
		s := pailtest.Start(t, pailtest.Options{Data: data, Env: []string{"PAIL_APP_PASSWORDS_UNTIL=2026-07-27"}})
		for _, args := range [][]string{{"clone", s.Remote("acme-admin", secret, "acme/widgets"), filepath.Join(t.TempDir(), "clone")},
			{"ls-remote", s.Remote("admin%40acme.example", secret, "acme/widgets")}} {
			out, err := s.TryGit("", args...)
			if err == nil || !strings.Contains(out, deprecatedGit) || !strings.Contains(out, "The requested URL returned error: 410") {
				t.Errorf("git %s: %v\n%s", args[0], err, out)
			}
		}
		s.Git("", "ls-remote", s.Remote("acme-admin", apiSecret, "acme/widgets"))
	})
}

// TestGitTransports: the ways in which git clones, in each version of its protocol, over HTTP and over TLS.
func TestGitTransports(t *testing.T) {
	for _, tls := range []bool{false, true} {
		t.Run(map[bool]string{false: "http", true: "tls"}[tls], func(t *testing.T) {
			w := pailtest.Start(t, pailtest.Options{TLS: tls}).World()
			dir := w.Push(4)
			remote := w.Remote("x-bitbucket-api-token-auth", w.Secret(w.Admin, "read:repository", "write:repository"), "acme/widgets")
			clone := func(args ...string) string {
				t.Helper()
				to := filepath.Join(t.TempDir(), "clone")
				w.Git("", append(append([]string{"-c", "protocol.version=2"}, args...), to)...)
				w.Git(to, "fsck", "--strict")
				return to
			}
			for _, version := range []string{"0", "1", "2"} {
				to := filepath.Join(t.TempDir(), "clone")
				w.Git("", "-c", "protocol.version="+version, "clone", "--quiet", remote, to)
				if got, want := w.Git(to, "rev-parse", "HEAD"), w.Git(dir, "rev-parse", "main"); got != want {
					t.Errorf("protocol %s gives %s, want %s", version, got, want)
				}
				commitFile(w, to, "version"+version, version)
				w.Git(to, "-c", "protocol.version="+version, "push", "--quiet", "origin", "HEAD:refs/heads/version/"+version)
				w.Git(to, "-c", "protocol.version="+version, "fetch", "--quiet", "--tags", "origin")
			}
			shallow := clone("clone", "--quiet", "--depth=1", remote)
			if n := w.Git(shallow, "rev-list", "--count", "HEAD"); n != "1" {
				t.Errorf("a clone of depth 1 has %s commits", n)
			}
			w.Git(shallow, "fetch", "--quiet", "--deepen=1")
			if n := w.Git(shallow, "rev-list", "--count", "HEAD"); n != "2" {
				t.Errorf("deepened by 1 it has %s", n)
			}
			w.Git(shallow, "fetch", "--quiet", "--unshallow")
			partial := clone("clone", "--quiet", "--filter=blob:none", "--no-checkout", remote)
			if missing := w.Git(partial, "rev-list", "--objects", "--missing=print", "HEAD"); !strings.Contains(missing, "?") {
				t.Errorf("a clone without blobs has them all:\n%s", missing)
			}
			if text := w.Git(partial, "cat-file", "-p", "HEAD:file.txt"); text != "line 3" { // fetched when it is asked for
				t.Errorf("the blob is %q", text)
			}
			clone("clone", "--quiet", "--single-branch", "--branch=v1.0", remote)
			mirror := clone("clone", "--quiet", "--mirror", remote)
			if refs := w.Git(mirror, "for-each-ref", "--format=%(refname)"); !strings.Contains(refs, "refs/heads/feature/one") || !strings.Contains(refs, "refs/heads/version/2") || !strings.Contains(refs, "refs/tags/v1.0") {
				t.Errorf("a mirror has\n%s", refs)
			}

			// Branches with slashes, tags, forced pushes, deletions.
			w.Git(dir, "push", "--quiet", remote, "main:refs/heads/release/2026/01", "main:refs/tags/rel/2026.1", "main~1:refs/heads/moving")
			w.Git(dir, "push", "--quiet", "--force", remote, "main~2:refs/heads/moving")
			w.Git(dir, "push", "--quiet", remote, ":refs/heads/version/0", ":version/1")
			token := w.Token(w.Admin, "read:repository")
			if a := w.Want(w.Do(token, "GET", "/2.0/repositories/acme/widgets/refs/branches/release/2026/01", nil), 200); a.String("target.hash") != w.Git(dir, "rev-parse", "main") {
				t.Errorf("%s", a.Body)
			}
			if a := w.Want(w.Do(token, "GET", "/2.0/repositories/acme/widgets/refs/branches/moving", nil), 200); a.String("target.hash") != w.Git(dir, "rev-parse", "main~2") {
				t.Errorf("%s", a.Body)
			}
			w.Want(w.Do(token, "GET", "/2.0/repositories/acme/widgets/refs/tags/rel/2026.1", nil), 200)
			w.Want(w.Do(token, "GET", "/2.0/repositories/acme/widgets/refs/branches/version/0", nil), 404, "revision.not_found")
			// A push that is no fast forward is git's to refuse.
			if out, err := w.TryGit(dir, "push", remote, "main~3:refs/heads/moving"); err == nil || !strings.Contains(out, "rejected") {
				t.Errorf("%v %s", err, out)
			}
			if out, err := w.TryGit(dir, "push", remote, "main:refs/pull/1"); err == nil || !strings.Contains(out, "Only branches, tags and notes") {
				t.Errorf("%v %s", err, out)
			}
		})
	}
}

// TestRepositoryLifeInGit: made over REST, filled by a push, gone after a delete.
func TestRepositoryLifeInGit(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		dir := w.Push(1)
		rest := w.Token(w.Admin, "read:repository", "admin:repository", "delete:repository")
		secret := w.Secret(w.Admin, "read:repository", "write:repository")
		a := w.Want(w.Do(rest, "POST", "/2.0/repositories/acme/gadgets", `{"scm":"git","project":{"key":"FTO"}}`), 200)
		if a.Get("mainbranch") != nil {
			t.Errorf("an empty repository has mainbranch %s", a.String("mainbranch"))
		}
		if a.String("links.clone.0.name") != "https" || a.String("links.clone.1.name") != "ssh" || a.Get("links.clone.2") != nil ||
			a.String("links.clone.0.href") != w.URL+"/acme/gadgets.git" || a.String("links.clone.1.href") != "ssh://git@"+w.Config.SSHAddress()+"/acme/gadgets.git" {
			t.Errorf("the clone links are %s", a.String("links.clone"))
		}
		empty := filepath.Join(t.TempDir(), "empty")
		remote := w.Remote("acme-admin", secret, "acme/gadgets")
		w.Git("", "clone", "--quiet", remote, empty)
		if list := w.Want(w.Do(rest, "GET", "/2.0/repositories/acme/gadgets/commits", nil), 200); list.String("values") != "[]" {
			t.Errorf("%s", list.Body)
		}

		// The first push decides on the main branch, whatever it is called.
		w.Git(dir, "push", "--quiet", remote, "main:refs/heads/trunk")
		a = w.Want(w.Do(rest, "GET", "/2.0/repositories/acme/gadgets", nil), 200)
		if a.String("mainbranch.name") != "trunk" || a.String("size") == "0" || a.String("updated_on") == a.String("created_on") {
			t.Errorf("after the first push: mainbranch %s, size %s, updated %s", a.String("mainbranch"), a.String("size"), a.String("updated_on"))
		}
		w.Git(dir, "push", "--quiet", remote, "main:refs/heads/other")
		if a = w.Want(w.Do(rest, "GET", "/2.0/repositories/acme/gadgets", nil), 200); a.String("mainbranch.name") != "trunk" {
			t.Errorf("a second branch changed it to %s", a.String("mainbranch.name"))
		}
		clone := filepath.Join(t.TempDir(), "clone")
		w.Git("", "clone", "--quiet", remote, clone)
		if head := w.Git(clone, "symbolic-ref", "--short", "HEAD"); head != "trunk" {
			t.Errorf("a clone stands on %s", head)
		}
		w.Want(w.Do(rest, "PUT", "/2.0/repositories/acme/gadgets", `{"mainbranch":{"name":"other"}}`), 200)
		if out := w.Git("", "ls-remote", "--symref", remote, "HEAD"); !strings.Contains(out, "ref: refs/heads/other\tHEAD") {
			t.Errorf("git sees %s", out)
		}

		// Renamed, it is at its new address, and the old one leads there.
		w.Want(w.Do(rest, "PUT", "/2.0/repositories/acme/gadgets", `{"name":"Big Gadgets"}`), 200)
		if out, err := w.TryGit("", "ls-remote", remote); err != nil || !strings.Contains(out, "redirecting to "+w.URL+"/acme/big-gadgets.git/") {
			t.Errorf("the old address: %v %s", err, out)
		}
		remote = w.Remote("acme-admin", secret, "acme/big-gadgets")
		w.Git("", "ls-remote", remote)

		files := w.Files()
		w.Want(w.Do(rest, "DELETE", "/2.0/repositories/acme/big-gadgets", nil), 204)
		w.Want(w.Do(rest, "GET", "/2.0/repositories/acme/big-gadgets", nil), 404, "repository.not_found")
		w.Want(w.Do(rest, "DELETE", "/2.0/repositories/acme/big-gadgets", nil), 404, "repository.not_found")
		for _, args := range [][]string{{"clone", remote, filepath.Join(t.TempDir(), "gone")}, {"-C", dir, "push", remote, "main"}} {
			if out, err := w.TryGit("", args...); err == nil || !strings.Contains(out, "remote: "+noAccess) || !strings.Contains(out, "not found") {
				t.Errorf("git %v after the delete: %v %s", args, err, out)
			}
		}
		if now := w.Files(); now == files || !strings.Contains(now, "trash/") { // for a while
			t.Errorf("on disk there is\n%s", now)
		}
	})
}
