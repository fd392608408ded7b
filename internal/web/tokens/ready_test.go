package tokens_test

import (
	"bytes"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/cli"
	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/doctor/variables"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/web/webtest"
	"golang.org/x/net/html"
)

// lines are the texts that a page offers to be copied, by the id of their section.
func lines(t *testing.T, r webtest.Reply) map[string]string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(r.Body))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for n := range root.Descendants() {
		if n.Data != "section" {
			continue
		}
		id := ""
		for _, a := range n.Attr {
			if a.Key == "id" {
				id = a.Val
			}
		}
		for code := range n.Descendants() {
			if code.Data == "code" && code.Parent.Data == "pre" && code.FirstChild != nil {
				all[id] = code.FirstChild.Data
			}
		}
	}
	return all
}

// shell runs a text as a person would paste it, in an empty home; out is everything that it printed.
func shell(t *testing.T, home, text string) (out string, err error) {
	t.Helper()
	cmd := exec.Command("sh", "-c", text)
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=true", "LC_ALL=C"}
	b, err := cmd.CombinedOutput()
	return string(b), err
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestReady: what the page of a new credential offers to be copied works as it stands, for each kind of credential: in a
// real shell with real curl, git, pail login, Python and Node, and the variables of tools by the doctor's word.
func TestReady(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the lines are for a POSIX shell")
	}
	w := pailtest.Start(t, pailtest.Options{}).World()
	w.Push(1)
	b := webtest.As(w.Server, w.Admin)
	for _, c := range []struct {
		name, at string
		scopes   []string
		call     string // what curl's answer holds
		gitUser  string
		short    bool // the rest is as in the case before
	}{
		{"API token", "/account/tokens", []string{"read:user:bitbucket", "read:repository:bitbucket", "write:repository:bitbucket"}, `"acme-admin"`, "x-bitbucket-api-token-auth", false},
		{"API token without read:user", "/account/tokens", []string{"read:workspace:bitbucket", "read:repository:bitbucket"}, `"administrator":true`, "x-bitbucket-api-token-auth", true},
		{"API token for repositories", "/account/tokens", []string{"read:repository:bitbucket"}, `"widgets"`, "x-bitbucket-api-token-auth", true},
		{"app password", "/account/app-passwords", []string{"account", "repository:write"}, `"acme-admin"`, "acme-admin", false},
		{"repository", "/acme/widgets/settings/access-tokens", []string{"repository:write"}, `"widgets"`, "x-token-auth", false},
		{"workspace", "/acme/settings/access-tokens", []string{"repository"}, `"widgets"`, "x-token-auth", true},
		{"project", "/acme/projects/FTO/access-tokens", []string{"project"}, `"FTO"`, "x-token-auth", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			form := b.See(c.at + "/new")
			shown := b.Submit(form, c.at, url.Values{"name": {"ready's \"name\""}, "scopes": c.scopes})
			secret := secretOn(t, shown)
			all := lines(t, shown)
			for id, text := range all {
				all[id] = strings.NewReplacer("WORKSPACE/REPOSITORY", "acme/widgets", "acme/REPOSITORY", "acme/widgets", "/2.0/repositories/WORKSPACE", "/2.0/repositories/acme").Replace(text)
				if id != "opens" && !strings.Contains(text, secret) && !strings.Contains(text, url.QueryEscape(secret)) {
					t.Errorf("%s has no secret in it", id)
				}
			}
			home := t.TempDir()
			run := func(id, text, want string) {
				t.Helper()
				if text == "" {
					t.Errorf("no line for %s", id)
					return
				}
				out, err := shell(t, home, text)
				if err != nil || !strings.Contains(out, want) {
					t.Errorf("%s: %v\n%s", id, err, strings.ReplaceAll(out, secret, "THE SECRET"))
				}
			}
			run("curl", strings.Replace(all["curl"], "curl ", "curl -sS --fail-with-body ", 1), c.call)
			if c.short {
				return
			}
			run("git", all["git"]+" && cat widgets/file.txt", "line 0")
			if !strings.Contains(all["git"], c.gitUser+":") {
				t.Errorf("git has another user than %s", c.gitUser)
			}

			// The helper keeps the secret, and the address has none.
			home = t.TempDir()
			write(t, filepath.Join(home, ".gitconfig"), "[credential]\n\thelper = store\n")
			run("helper", all["helper"]+" && cat widgets/file.txt && ! grep -rqF '"+secret+"' widgets/.git/config", "line 0")

			// .netrc, for curl and for git.
			home = t.TempDir()
			netrc := filepath.Join(home, ".netrc")
			if line := all["netrc"]; line != "" {
				write(t, netrc, line+"\n")
				address := all["curl"][strings.LastIndex(all["curl"], " '"):]
				run("netrc", "curl -sS --fail-with-body --netrc"+address, c.call)
			} else if strings.Contains(c.at, "account") {
				t.Error("no .netrc for the REST API")
			}
			line := all["netrc-git"]
			if line == "" {
				line = all["netrc"]
			}
			write(t, netrc, line+"\n")
			run("netrc for git", "git clone --quiet "+w.URL+"/acme/widgets.git && cat widgets/file.txt", "line 0")

			login(t, all["login"], secret, home)
			tools(t, w, c.gitUser, all)
			home = t.TempDir()
			write(t, filepath.Join(home, "x.py"), all["python"])
			write(t, filepath.Join(home, "x.mjs"), all["node"])
			if exec.Command("python3", "-c", "import requests").Run() == nil {
				run("python", "python3 "+filepath.Join(home, "x.py"), "200")
			}
			if _, err := exec.LookPath("node"); err == nil {
				run("node", "node "+filepath.Join(home, "x.mjs"), "200")
			}
			if !strings.Contains(all["python"], "requests.get(") || !strings.Contains(all["node"], "fetch(") {
				t.Errorf("Python %q, Node %q", all["python"], all["node"])
			}
		})
	}
}

// login runs the line for pail login in this process.
func login(t *testing.T, line, secret, home string) {
	t.Helper()
	printed, command, ok := strings.Cut(line, " | pail ")
	if !ok || printed != "printf %s '"+secret+"'" {
		t.Errorf("the line for pail login begins otherwise")
		return
	}
	out, err := shell(t, home, "printf '%s\\n' "+command)
	if err != nil {
		t.Fatal(err)
	}
	env := []string{"HOME=" + home, "PAIL_CONFIG_DIR=" + filepath.Join(home, "pail")}
	var stdout, stderr bytes.Buffer
	if code := cli.Main(strings.Split(strings.TrimSpace(out), "\n"), strings.NewReader(secret), &stdout, &stderr, env); code != 0 {
		t.Errorf("pail login: exit code %d\n%s", code, strings.ReplaceAll(stderr.String(), secret, "THE SECRET"))
	}
}

// tools asks the doctor about the variables that the page has for tools.
func tools(t *testing.T, w *pailtest.World, gitUser string, all map[string]string) {
	t.Helper()
	for id, name := range map[string]string{"renovate": "Renovate", "terraform": "Terraform and others", "bkt": "bkt"} {
		out, err := shell(t, t.TempDir(), all[id]+"\nenv | grep -E '^(RENOVATE|BITBUCKET|BKT)_'")
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		env := strings.Split(strings.TrimSpace(out), "\n")
		found := variables.Read(env)
		i := slices.IndexFunc(found, func(one variables.Tool) bool { return one.Name == name })
		if i < 0 {
			t.Errorf("%s: the doctor sees %+v", id, found)
			continue
		}
		for j := range found[i].Cases {
			found[i].Cases[j].API = w.URL + "/2.0"
		}
		report := doctor.ExamineAll(found[i].Cases)
		for _, f := range report.Findings {
			// The doctor takes it that every tool asks for the account, which an access token is not let in to.
			if f.Reason != reason.CredentialKindNotAccepted || gitUser != "x-token-auth" {
				t.Errorf("%s: %s %+v", id, report.Summary, f)
			}
		}
	}
	if !strings.Contains(all["jenkins"], "Password: ") || gitUser == "x-token-auth" && !strings.Contains(all["jenkins"], "Username: x-token-auth") {
		t.Errorf("Jenkins: %s", strings.Split(all["jenkins"], "Password")[0])
	}
}
