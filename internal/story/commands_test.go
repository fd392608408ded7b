package story

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/oauth"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/reason"
	"golang.org/x/oauth2"
)

// TestCommandsOfReasons runs the commands of the pages of reasons, with curl and git: those that bring a refusal about do,
// and those that mend go right. What needs another service or changes this machine is left out.
func TestCommandsOfReasons(t *testing.T) {
	t.Parallel()
	w := pailtest.Start(t, pailtest.Options{}).World()
	clone := w.Push(3)
	secret := w.Secret(w.Admin, "read:repository", "write:repository", "admin:repository", "read:project", "admin:project", "read:workspace", "read:user", "read:webhook", "write:webhook", "read:issue", "write:issue", "read:wiki", "write:wiki", "read:pipeline", "write:pipeline", "read:runner")
	wikiPage(w)
	_, bound, err := w.Accounts.CreateAccessToken(t.Context(), access.RepositoryTok, access.Bounds{WorkspaceID: w.Workspace.ID, ProjectID: w.Project.ID, RepositoryID: w.Repository.ID}, "test", []string{"repository"}, 30)
	if err != nil {
		t.Fatal(err)
	}
	key, consumerSecret, code, refresh := consumer(t, w)
	hook := w.Want(w.Do(pailtest.Basic(w.Admin.Email, secret), "POST", "/2.0/repositories/acme/widgets/hooks", hookBody), 201).String("uuid")
	names := strings.NewReplacer("UUID", url.PathEscape(hook), "WORKSPACE", "acme", "PROJECT", "FTO", "REPOSITORY", "widgets", "FILE", "file.txt")
	run := func(t *testing.T, line string) (string, error) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "bash", "-c", line)
		cmd.Dir = clone
		cmd.Env = append(os.Environ(), "EMAIL="+w.Admin.Email, "USERNAME="+w.Admin.Username, "TOKEN="+secret, "ACCESS_TOKEN="+bound, "LC_ALL=C",
			"KEY="+key, "SECRET="+consumerSecret, "CODE="+code, "REFRESH_TOKEN="+refresh,
			"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=true", "NO_PROXY=*")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	provoked := 0
	for _, r := range reason.All() {
		for _, c := range r.Show {
			if !c.Provokes {
				continue
			}
			provoked++
			t.Run("see/"+string(r.Code)+"/"+string(c.Tool), func(t *testing.T) {
				line := names.Replace(c.Line(w.URL))
				out, _ := run(t, line)
				said := strings.ToLower(out)
				if !strings.Contains(said, "x-pail-reason: "+string(r.Code)) && !strings.Contains(said, "remote: reason: "+string(r.Code)) {
					t.Errorf("%s\n%s", line, out)
				}
				for _, own := range []string{secret, consumerSecret, code, refresh} {
					if strings.Contains(out, own) {
						t.Error("a secret stands in the output")
					}
				}
			})
		}
	}
	if provoked < 60 {
		t.Errorf("only %d commands bring a refusal about", provoked)
	}
	pulls := pullRequests{w: w, dir: clone, author: w.Secret(w.Admin, "read:repository", "read:pullrequest", "write:pullrequest"), reviewer: w.Secret(w.Member, "read:pullrequest", "write:pullrequest"),
		remote: w.Remote("x-bitbucket-api-token-auth", secret, "acme/widgets")}
	seen := map[string]bool{} // many reasons are mended alike
	for _, r := range reason.All() {
		for _, c := range r.Mend {
			line := names.Replace(c.Line(w.URL))
			if !strings.Contains(c.Text, "{base}") || c.Tool == reason.Shell || leftOut(line) || seen[line] {
				continue
			}
			seen[line] = true
			if strings.Contains(line, "/pullrequests") {
				line = pulls.fill(line)
			}
			t.Run("mend/"+string(r.Code)+"/"+string(c.Tool), func(t *testing.T) {
				out, err := run(t, strings.Replace(line, "curl ", "curl -sS --fail ", 1))
				if err != nil {
					t.Errorf("%s: %v\n%s", line, err, out)
				}
			})
		}
	}
}

// pullRequests makes what commands about pull requests are tried on.
type pullRequests struct {
	w                             *pailtest.World
	dir, remote, author, reviewer string
	made                          int
}

// branch pushes a branch with a commit that main does not have.
func (p *pullRequests) branch() string {
	p.w.T.Helper()
	p.made++
	name := fmt.Sprintf("change-%d", p.made)
	p.w.Git(p.dir, "switch", "--quiet", "-c", name, "main")
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte("one line\n"), 0o600); err != nil {
		p.w.T.Fatal(err)
	}
	p.w.Git(p.dir, "add", ".")
	p.w.Git(p.dir, "commit", "--quiet", "-m", name)
	p.w.Git(p.dir, "push", "--quiet", p.remote, name)
	p.w.Git(p.dir, "switch", "--quiet", "main")
	return name
}

// fill puts a pull request of its own, with a comment on a line, into a command.
func (p *pullRequests) fill(line string) string {
	p.w.T.Helper()
	as, branch := pailtest.Basic(p.w.Admin.Email, p.author), p.branch()
	const all = "/2.0/repositories/acme/widgets/pullrequests"
	number, comment := "", ""
	if strings.Contains(line, "NUMBER") {
		number = p.w.Want(p.w.Do(as, "POST", all, fmt.Sprintf(`{"title":"It","source":{"branch":{"name":%q}}}`, branch)), 201).String("id")
		comment = p.w.Want(p.w.Do(as, "POST", all+"/"+number+"/comments", fmt.Sprintf(`{"content":{"raw":"Why?"},"inline":{"path":%q,"to":1}}`, branch)), 201).String("id")
	}
	line = strings.NewReplacer("NUMBER", number, "COMMENT", comment, "SOURCE", branch).Replace(line)
	return fmt.Sprintf("TOKEN=%s REVIEWER_EMAIL=%s REVIEWER_TOKEN=%s; %s", p.author, p.w.Member.Email, p.reviewer, line)
}

// consumer registers an OAuth consumer that the admin lets in twice: for a code that was not used yet, and for a refresh
// token.
func consumer(t *testing.T, w *pailtest.World) (key, secret, code, refresh string) {
	t.Helper()
	c, secret, err := w.OAuth.Register(t.Context(), w.Workspace.ID, w.Admin.ID, oauth.Form{Name: "Builder", CallbackURL: "https://app.example/callback", Private: true, Scopes: []string{"repository"}})
	if err != nil {
		t.Fatal(err)
	}
	config := oauth2.Config{ClientID: c.Key, ClientSecret: secret, Endpoint: oauth2.Endpoint{TokenURL: w.URL + "/site/oauth2/access_token"}}
	allowed := func() string {
		q, err := w.OAuth.Ask(t.Context(), "response_type=code&client_id="+c.Key)
		if err != nil {
			t.Fatal(err)
		}
		to, err := w.OAuth.Yes(t.Context(), q, w.Admin.ID)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		return u.Query().Get("code")
	}
	bought, err := config.Exchange(context.WithValue(t.Context(), oauth2.HTTPClient, w.Client), allowed())
	if err != nil {
		t.Fatal(err)
	}
	return c.Key, secret, allowed(), bought.RefreshToken
}

// leftOut tells what a test cannot do: type a password, change the configuration of the machine, name somebody, move to
// a project that is not there, or make a thing twice.
func leftOut(line string) bool {
	for _, part := range []string{`--user "$EMAIL" `, "remote set-url", "credential reject", "config --unset", "permissions-config/users/USER", "OTHER", "pipelines/NUMBER", "/steps/{", `"key": "NEW"`} {
		if strings.Contains(line, part) {
			return true
		}
	}
	return false
}
