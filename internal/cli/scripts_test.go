package cli

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/zalando/go-keyring"
)

// TestMain lets this test binary be the command pail, for scripts and for git, which runs its credential helper. It has
// no keyring: the one of whoever runs the tests stays as it is.
func TestMain(m *testing.M) {
	keyring.MockInitWithError(errors.New("no keyring in tests"))
	testscript.Main(m, map[string]func(){
		"pail": func() { os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ())) },
	})
}

// TestOffline runs the scripts that need no server. Each is one promise.
func TestOffline(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/offline", Setup: own})
}

// shipped builds pail and gives the folder it is in. git starts its helper many times over, and this test binary takes
// longer to start.
func shipped(t *testing.T) string {
	t.Helper()
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", bin, "../../cmd/pail")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
}

// own keeps what a script runs away from the files of whoever runs the tests.
func own(env *testscript.Env) error {
	env.Setenv("GORACE", os.Getenv("GORACE"))
	env.Setenv("PAIL_CONFIG_DIR", filepath.Join(env.WorkDir, "config"))
	env.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	env.Setenv("GIT_CONFIG_GLOBAL", filepath.Join(env.WorkDir, "gitconfig"))
	env.Setenv("GIT_TERMINAL_PROMPT", "0")
	env.Setenv("GIT_ASKPASS", "true")
	for _, who := range []string{"AUTHOR", "COMMITTER"} {
		env.Setenv("GIT_"+who+"_NAME", "Ada")
		env.Setenv("GIT_"+who+"_EMAIL", "ada@example.com")
	}
	return nil
}

// servers are the ways in which a service answers that every script must hold for. bare is one that explains nothing.
var servers = []struct {
	name    string
	bare    bool
	options pailtest.Options
}{
	{"http", false, pailtest.Options{}},
	{"tls", false, pailtest.Options{TLS: true}},
	{"bare", true, pailtest.Options{Bare: true}},
}

type worldKey struct{}

// TestServices runs the scripts that log in to a real server, and let real git ask pail.
func TestServices(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		pailtest.Skip(t, "git", "no git on this machine")
	}
	bin := shipped(t)
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			testscript.Run(t, testscript.Params{
				Dir:   "testdata/server",
				Setup: func(env *testscript.Env) error { return service(env, bin, s.options) },
				Condition: func(name string) (bool, error) {
					switch name {
					case "bare":
						return s.bare, nil
					case "tls":
						return s.options.TLS, nil
					}
					return false, fmt.Errorf("no condition %q", name)
				},
				Cmds: map[string]func(*testscript.TestScript, bool, []string){
					"revoke": revoked(func() int64 { return time.Now().UnixMicro() }), "mend": revoked(func() int64 { return 0 }), "secretless": secretless,
				},
			})
		})
	}
}

// service starts a server with the usual scene. Secrets are in files, for standard input.
func service(env *testscript.Env, bin string, options pailtest.Options) error {
	w := pailtest.Start(env.T().(testing.TB), options).World()
	w.Push(3)
	env.Values[worldKey{}] = w
	id, token := w.APIToken(w.Admin, "read:repository", "write:repository", "read:project", "read:user", "read:workspace", "admin:repository", "delete:repository")
	_, accessToken, err := w.Accounts.CreateAccessToken(env.T().(testing.TB).Context(), access.RepositoryTok,
		access.Bounds{WorkspaceID: w.Workspace.ID, RepositoryID: w.Repository.ID}, "ci", []string{"repository:write"}, 30)
	if err != nil {
		return err
	}
	secrets := map[string]string{
		"token": token, "access": accessToken, "app": w.AppPassword(w.Admin, "account", "repository:write"),
		"narrow": w.Secret(w.Admin, "read:repository"), "damaged": token[:40], "quoted": `"` + token + `"`,
		"variable": "$TOKEN", "word": "correct horse", "github": "ghp_0123456789abcdefghijABCDEFGHIJ012345",
		"unknown": "ATATT3xFfGF0" + strings.Repeat("aB3_", 42) + "xyz=0A1B2C3D",
	}
	for name, secret := range secrets {
		if err := os.WriteFile(filepath.Join(env.WorkDir, name), []byte(secret+"\n"), 0o600); err != nil {
			return err
		}
	}
	env.Setenv("PATH", bin+string(os.PathListSeparator)+env.Getenv("PATH"))
	host := strings.SplitN(w.URL, "://", 2)
	for name, value := range map[string]string{
		"URL": w.URL, "SCHEME": host[0], "HOSTPORT": host[1], "EMAIL": w.Admin.Email, "USERNAME": w.Admin.Username, "TOKEN_ID": id.ID, "TOKEN": token,
		"CACERT": "--cacert=" + w.CA,
	} {
		env.Setenv(name, value)
	}
	return own(env)
}

// TestNoKeyring: where there is no keyring the secret goes to a file, and that is said.
func TestNoKeyring(t *testing.T) {
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "AppData"} {
		t.Setenv(name, t.TempDir())
	}
	w := pailtest.Start(t, pailtest.Options{}).World()
	r := command(t, w.Secret(w.Admin, "read:user"), "login", "--api", w.URL, "--email", w.Admin.Email, "--token-stdin")
	if r.code != 0 || !strings.Contains(r.err, "warning: no keyring can be used here (no keyring in tests). The secret is in ") {
		t.Errorf("%+v", r)
	}
}

// revoked makes the command that ends a credential now, or gives it its life back.
func revoked(at func() int64) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, _ bool, args []string) {
		w := ts.Value(worldKey{}).(*pailtest.World)
		w.Exec(`UPDATE credential SET revoked_on = $1 WHERE id = $2`, at(), args[0])
	}
}

// secretless fails when a secret stands in what the last command printed.
func secretless(ts *testscript.TestScript, _ bool, _ []string) {
	out := ts.ReadFile("stdout") + ts.ReadFile("stderr")
	for _, name := range []string{"token", "access", "app", "narrow", "damaged", "unknown", "github"} {
		if secret := strings.TrimSpace(ts.ReadFile(name)); strings.Contains(out, secret[:13]) {
			ts.Fatalf("the secret %q was printed", name)
		}
	}
}
