// Package story tells, as scripts with real curl and git against a real server, what Pail promises to its users. Each
// script in testdata is one promise; it runs on plain HTTP, and those in which the connection matters on TLS too. Those in
// testdata/bare run on a server that answers as Bitbucket Cloud does.
package story

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/rogpeppe/go-internal/testscript"
)

func TestStories(t *testing.T) {
	for _, tool := range []string{"curl", "git", "ssh"} {
		if _, err := exec.LookPath(tool); err != nil {
			pailtest.Skip(t, tool, "no "+tool+" on this machine")
		}
	}
	for _, mode := range []struct {
		name string
		dir  string
		only []string // these scripts; nil: all
		o    pailtest.Options
	}{
		{"http", "testdata", nil, pailtest.Options{}},
		{"tls", "testdata", []string{"story", "oauth", "source", "upload", "downloads", "forks"}, pailtest.Options{TLS: true}},
		{"bare http", "testdata/bare", nil, pailtest.Options{Bare: true}}, {"bare tls", "testdata/bare", nil, pailtest.Options{Bare: true, TLS: true}},
	} {
		t.Run(mode.name, func(t *testing.T) {
			var files []string
			for _, name := range mode.only {
				files = append(files, filepath.Join(mode.dir, name+".txtar"))
			}
			if files != nil {
				mode.dir = ""
			}
			testscript.Run(t, testscript.Params{
				Dir:   mode.dir,
				Files: files,
				Setup: func(env *testscript.Env) error { return setup(env, mode.o) },
				Cmds: map[string]func(*testscript.TestScript, bool, []string){
					"call": call, "json": jsonCommand, "secret": secret, "expire": expire, "take": take, "indexed": indexed, "runner": runnerCommand, "ended": awaitPipeline,
				},
			})
		})
	}
}

type worldKey struct{}

// setup starts a server with the usual scene for one script, and names what is in it by variables.
func setup(env *testscript.Env, o pailtest.Options) error {
	t := env.T().(testing.TB)
	w := pailtest.Start(t, o).World()
	w.Push(3)
	env.Values[worldKey{}] = w
	id, adminToken := w.APIToken(w.Admin, "read:workspace", "read:repository", "write:repository", "read:project", "read:user")
	_, memberToken := w.APIToken(w.Member, "read:workspace", "read:repository", "write:repository", "read:project", "read:user")
	env.Setenv("URL", w.URL)
	env.Setenv("API", w.URL+"/2.0")
	env.Setenv("HOSTPORT", strings.SplitN(w.URL, "://", 2)[1])
	env.Setenv("SCHEME", strings.SplitN(w.URL, "://", 2)[0])
	env.Setenv("EMAIL", w.Admin.Email)
	env.Setenv("USERNAME", w.Admin.Username)
	env.Setenv("PASSWORD", pailtest.Password)
	env.Setenv("TOKEN", adminToken)
	env.Setenv("TOKEN_ID", id.ID)
	env.Setenv("MEMBER_EMAIL", w.Member.Email)
	env.Setenv("MEMBER_TOKEN", memberToken)
	env.Setenv("OUTSIDER_EMAIL", w.Outsider.Email)
	env.Setenv("OUTSIDER_TOKEN", w.Secret(w.Outsider, "read:workspace", "read:repository", "write:repository", "read:project", "read:user"))
	env.Setenv("APP_PASSWORD", w.AppPassword(w.Admin, "account", "project:admin", "repository:write"))
	env.Setenv("ADMIN_TOKEN", w.Secret(w.Admin, "read:workspace", "read:repository", "write:repository", "admin:repository", "delete:repository", "read:project", "admin:project"))
	env.Setenv("KEYS_TOKEN", w.Secret(w.Admin, "admin:repository", "admin:project", "read:ssh-key", "write:ssh-key", "delete:ssh-key"))
	env.Setenv("MEMBER_KEYS_TOKEN", w.Secret(w.Member, "admin:repository", "read:ssh-key", "write:ssh-key", "delete:ssh-key"))
	env.Setenv("REVIEW_TOKEN", w.Secret(w.Member, "read:pullrequest", "write:pullrequest", "read:repository", "write:repository"))
	env.Setenv("MEMBER_ISSUES", w.Secret(w.Member, "read:issue", "write:issue", "delete:issue", "read:user", "write:user"))
	env.Setenv("OUTSIDER_ISSUES", w.Secret(w.Outsider, "read:issue", "write:issue", "delete:issue"))
	for name, a := range map[string]account.Account{"": w.Admin, "MEMBER_": w.Member, "OUTSIDER_": w.Outsider} {
		env.Setenv(name+"SNIPPET_TOKEN", w.Secret(a, "read:snippet", "write:snippet", "delete:snippet"))
	}
	env.Setenv("RUN_TOKEN", w.Secret(w.Admin, "read:pipeline", "write:pipeline"))
	env.Setenv("STEPS_TOKEN", w.Secret(w.Admin, "read:pipeline", "admin:pipeline"))
	env.Setenv("MEMBER_STEPS", w.Secret(w.Member, "read:pipeline"))
	env.Setenv("OUTSIDER_STEPS", w.Secret(w.Outsider, "read:pipeline"))
	env.Setenv("NARROW_TOKEN", w.Secret(w.Admin, "read:workspace", "read:repository"))
	_, accessToken, err := w.Accounts.CreateAccessToken(t.Context(), access.RepositoryTok, access.Bounds{WorkspaceID: w.Workspace.ID, RepositoryID: w.Repository.ID}, "ci", []string{"repository:write"}, 30)
	if err != nil {
		return err
	}
	env.Setenv("ACCESS_TOKEN", accessToken)
	consumer, consumerSecret := w.Consumer("repository:write", "account")
	env.Setenv("KEY", consumer.Key)
	env.Setenv("SECRET", consumerSecret)
	if err := os.WriteFile(filepath.Join(env.WorkDir, "known_hosts"), []byte(w.SSHHost().Line+"\n"), 0o600); err != nil {
		return err
	}
	_, port, _ := strings.Cut(w.Config.SSH.Listen, ":")
	env.Setenv("SSH_PORT", port)
	env.Setenv("SSH", "ssh -F none -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityAgent=none -o UserKnownHostsFile="+filepath.Join(env.WorkDir, "known_hosts"))
	env.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	env.Setenv("GIT_TERMINAL_PROMPT", "0")
	env.Setenv("GIT_ASKPASS", "true")
	env.Setenv("GIT_AUTHOR_NAME", "Ada")
	env.Setenv("GIT_AUTHOR_EMAIL", w.Admin.Email)
	env.Setenv("GIT_COMMITTER_NAME", "Ada")
	env.Setenv("GIT_COMMITTER_EMAIL", w.Admin.Email)
	env.Setenv("HOME", env.WorkDir)
	if w.CA != "" {
		env.Setenv("CURL_CA_BUNDLE", w.CA)
		env.Setenv("GIT_SSL_CAINFO", w.CA)
	}
	return nil
}

// call runs a shell line in which curl prints the answer's status line and headers too. The standard output is the
// whole answer; "call STATUS REASON line" fails unless both fit. REASON is - for an answer without one.
func call(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: call STATUS REASON|- shell-line")
	}
	status, reason, line := args[0], args[1], strings.Join(args[2:], " ")
	ts.Check(ts.Exec("bash", "-c", strings.Replace(line, "curl ", "curl -sS -i ", 1)))
	out := ts.ReadFile("stdout")

	head, body, _ := strings.Cut(strings.ReplaceAll(out, "\r\n", "\n"), "\n\n")
	if strings.HasPrefix(head, "HTTP/1.1 100 ") { // before the answer to a large body
		head, body, _ = strings.Cut(body, "\n\n")
	}
	first, _, _ := strings.Cut(head, "\n")
	if fields := strings.Fields(first); len(fields) < 2 || fields[1] != status {
		ts.Fatalf("answered %q, want %s:\n%s", first, status, out)
	}
	if len(body) > 0 && !json.Valid([]byte(body)) {
		ts.Fatalf("the body is not JSON:\n%s", out)
	}
	if got := (&pailtest.Answer{Body: []byte(body)}).Reason(); got != strings.TrimPrefix(reason, "-") {
		ts.Fatalf("reason %q, want %q:\n%s", got, reason, out)
	}
	ts.Check(os.WriteFile(ts.MkAbs("body.json"), []byte(body), 0o600))
}

// jsonCommand looks into the body of the last call: "json path value" fails unless the value at the path, as text, is
// the one given; "! json path" unless there is nothing there; "json path" unless there is something.
func jsonCommand(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: [!] json path [value]")
	}
	a := pailtest.Answer{Body: []byte(ts.ReadFile("body.json"))}
	got := a.String(args[0])
	switch {
	case len(args) == 1 && (got == "") != neg, len(args) == 2 && (got == args[1]) == neg:
		ts.Fatalf("%s is %q in %s", args[0], got, a.Body)
	}
}

// indexed waits until the search for code has found what was pushed.
func indexed(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Value(worldKey{}).(*pailtest.World).Indexed()
}

// secret makes an API token of the owner's and names it: "secret NAME scope…".
func secret(ts *testscript.TestScript, _ bool, args []string) {
	w := ts.Value(worldKey{}).(*pailtest.World)
	c, s := w.APIToken(w.Admin, args[1:]...)
	ts.Setenv(args[0], s)
	ts.Setenv(args[0]+"_ID", c.ID)
}

// take names what stands at a path in the body of the last call: "take NAME path".
func take(ts *testscript.TestScript, _ bool, args []string) {
	a := pailtest.Answer{Body: []byte(ts.ReadFile("body.json"))}
	ts.Setenv(args[0], a.String(args[1]))
}

// expire lets the token with this id expire now.
func expire(ts *testscript.TestScript, _ bool, args []string) {
	w := ts.Value(worldKey{}).(*pailtest.World)
	ts.Check(w.SetExpiry(args[0], time.Now().Add(-time.Minute)))
}
