package cli

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
)

// Put together here, so that no secret stands in the repository.
var (
	migrateApp = "ATBB" + "9fKq2WvXe7RbTn4YpL8sZc3M" + "1D0E9A7C"
	migrateAPI = "ATATT3" + "xFfGF0" + strings.Repeat("kQ7-vR2_zN9mW4s", 12)[:171] + "=" + "4F0A91BC"
)

// workingTree is a repository with three faults that can be mended, and one that cannot.
func workingTree(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		pailtest.Skip(t, "git", "no git on this machine")
	}
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	dir := t.TempDir()
	for _, args := range [][]string{{"init", "-q"}, {"remote", "add", "origin", "https://ada:" + migrateApp + "@bitbucket.org/acme/widgets.git"}} {
		c := exec.Command("git", args...)
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	for name, text := range map[string]string{
		"deploy.sh":  "EMAIL=ada@acme.io\nBASIC=$(echo -n \"$EMAIL:$API_TOKEN\" | base64)\ncurl -H \"Authorization: Basic $BASIC\" https://api.bitbucket.org/2.0/user\ncurl -H \"Authorization: Bearer $API_TOKEN\" https://api.bitbucket.org/2.0/user\n",
		".env":       "BITBUCKET_USERNAME=ada\nBITBUCKET_APP_PASSWORD=" + migrateApp + "\n",
		".gitignore": ".env\n",
		"README.md":  "bitbucket and app passwords such as ATBB...\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func (r result) shows(t *testing.T, code int, texts ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit code %d, want %d\n%s%s", r.code, code, r.out, r.err)
	}
	for _, text := range texts {
		if !strings.Contains(r.out+r.err, text) {
			t.Errorf("%q is not in\n%s%s", text, r.out, r.err)
		}
	}
	for _, secret := range []string{migrateApp, migrateAPI, migrateApp[:13], migrateAPI[:13]} {
		if strings.Contains(r.out+r.err, secret) {
			t.Errorf("a secret is in\n%s%s", r.out, r.err)
		}
	}
}

// TestMigrate: find, look at the diff, change, find no more.
func TestMigrate(t *testing.T) {
	dir := workingTree(t)
	command(t, "", "migrate", "scan", dir).shows(t, 1,
		".git/config\n  ", "app_password.disabled  An app password [fix]", "ATBB9fKq2WvX… (36 characters)", "read:repository:bitbucket, read off git clone and fetch",
		"header.line_break", "credential.bearer_not_accepted", "read:user:bitbucket, read off GET /user", "3 findings in 2 files", "1 by .gitignore", "pail migrate fix")
	command(t, "", "migrate", "scan", "--no-ignore", dir).shows(t, 1, "4 findings in 3 files")
	command(t, "", "migrate", "scan", filepath.Join(dir, ".env")).shows(t, 1, "1 finding in 1 file")
	command(t, "", "migrate", "scan", filepath.Join(dir, "README.md")).shows(t, 0, "Nothing found.", "1 file read.")
	command(t, "", "migrate", "scan", filepath.Join(dir, "nowhere")).shows(t, 2, "nowhere: ", "nothing could be read")
	command(t, "", "migrate", "scan").shows(t, 2, "usage: pail migrate scan PATH...")
	command(t, "", "migrate", "scan", "--json", "--sarif", dir).shows(t, 2, "none of the others can be")

	r := command(t, "", "migrate", "scan", "--json", dir)
	r.shows(t, 1)
	var found struct {
		Findings []struct {
			Rule, File, Becomes string
			Line                int
			Scopes              []string
		}
		Coverage struct{ Files, Ignored int }
	}
	if err := json.Unmarshal([]byte(r.out), &found); err != nil || len(found.Findings) != 3 || found.Coverage.Ignored != 1 || r.err != "" {
		t.Errorf("%v %+v %s", err, found, r.err)
	}
	command(t, "", "migrate", "scan", "--sarif", dir).shows(t, 1, `"version": "2.1.0"`, `"ruleId": "header.line_break"`)

	before := read(t, filepath.Join(dir, "deploy.sh"))
	command(t, "", "migrate", "fix", dir).shows(t, 0, "-\turl = https://ada:ATBB9fKq2WvX… (36 characters)@bitbucket.org/acme/widgets.git", "+\turl = https://bitbucket.org/acme/widgets.git",
		`+curl --user "$EMAIL:$API_TOKEN" https://api.bitbucket.org/2.0/user`, "2 files would change", "!pail git-credential")
	if after := read(t, filepath.Join(dir, "deploy.sh")); after != before {
		t.Error("changed without --write")
	}
	command(t, "", "migrate", "fix", "--write", dir).shows(t, 0, "2 files changed")
	command(t, "", "migrate", "fix", "--write", dir).shows(t, 0, "Nothing to change safely")
	command(t, "", "migrate", "scan", dir).shows(t, 0, "Nothing found.")
	c := exec.Command("git", "remote", "get-url", "origin")
	c.Dir = dir
	if out, err := c.Output(); err != nil || string(out) != "https://bitbucket.org/acme/widgets.git\n" {
		t.Errorf("git reads %q, %v", out, err)
	}
	// What the shell makes of the changed line: one line, however long.
	run := exec.Command("sh", "-c", strings.Split(read(t, filepath.Join(dir, "deploy.sh")), "\n")[1]+"\nprintf %s \"$BASIC\" | wc -l")
	run.Env = append(os.Environ(), "EMAIL=ada@acme.io", "API_TOKEN="+migrateAPI)
	if out, err := run.Output(); err == nil && strings.TrimSpace(string(out)) != "0" {
		t.Errorf("the header still has line breaks: %s", out)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestFixRefused: what cannot be changed safely is told, with its own exit code.
func TestFixRefused(t *testing.T) {
	dir := workingTree(t)
	if err := os.WriteFile(filepath.Join(dir, ".git", "config.lock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, "", "migrate", "fix", "--write", dir).shows(t, 1, "config was left as it is: somebody else is writing it", "1 file changed, 1 left")
}

// TestDoctorFiles: every fault in a tree, and none where there is none.
func TestDoctorFiles(t *testing.T) {
	dir := workingTree(t)
	more := "curl -u ada:" + migrateAPI + " https://api.bitbucket.org/2.0/user\n" +
		"curl -u 'ada@acme.io:$API_TOKEN' https://api.bitbucket.org/2.0/user\n" +
		"curl -u \"ada@acme.io:$API_TOKEN\" https://api.bitbucket.org/rest/api/1.0/projects/FTO/repos/widgets\n"
	if err := os.WriteFile(filepath.Join(dir, "more.sh"), []byte(more), 0o600); err != nil {
		t.Fatal(err)
	}
	r := command(t, "", "doctor", "files", "--json", dir)
	r.shows(t, 1, `"verdict": "faults"`, "app_password.disabled", "header.line_break", "credential.bearer_not_accepted", "credential.email_required", "token.not_expanded", "path.data_center", "more.sh, line 3")
	command(t, "", "doctor", "files", filepath.Join(dir, "README.md")).shows(t, 0, "nothing in them is sent to Bitbucket Cloud")
	command(t, "", "doctor", "files", filepath.Join(dir, "nowhere")).shows(t, 2, "nothing could be read")
}
