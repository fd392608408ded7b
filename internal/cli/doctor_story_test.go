package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
	"github.com/rogpeppe/go-internal/testscript"
)

// TestDoctorServiceStories runs the scripts of testdata/doctor with the real command, real git and a real server, once one that
// explains its refusals and once one that does not.
func TestDoctorServiceStories(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		pailtest.Skip(t, "git", "no git on this machine")
	}
	bin := shipped(t)
	for name, bare := range map[string]bool{"explained": false, "bare": true} {
		t.Run(name, func(t *testing.T) {
			testscript.Run(t, testscript.Params{Dir: "testdata/doctor", Setup: func(env *testscript.Env) error { return doctorScene(env, bin, bare) },
				Cmds: map[string]func(*testscript.TestScript, bool, []string){"code": code, "hidden": hidden}})
		})
	}
}

// doctorScene starts a server with the usual scene, and gives a script an empty home. Secrets are in files and variables.
func doctorScene(env *testscript.Env, bin string, bare bool) error {
	w := pailtest.Start(env.T().(testing.TB), pailtest.Options{Bare: bare}).World()
	w.Push(1)
	for name, value := range map[string]string{
		"PATH": bin + string(filepath.ListSeparator) + env.Getenv("PATH"), "HOME": env.WorkDir, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
		"URL": w.URL, "HOST": strings.TrimPrefix(w.URL, "http://"), "EMAIL": w.Member.Email, "USERNAME": w.Member.Username,
	} {
		env.Setenv(name, value)
	}
	for name, secret := range map[string]string{"TOKEN": w.Secret(w.Member, "read:repository", "read:user"), "OUTSIDER": w.Secret(w.Outsider, "read:repository", "read:user")} {
		env.Setenv(name, secret)
		if err := os.WriteFile(filepath.Join(env.WorkDir, strings.ToLower(name)), []byte(secret), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// code runs pail doctor and fails unless it ends with the exit code: "code N args…".
func code(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec("pail", append([]string{"doctor"}, args[1:]...)...)
	got := "0"
	if exit, ok := err.(*exec.ExitError); ok {
		got = string(rune('0' + exit.ExitCode()))
	} else if err != nil {
		got = err.Error()
	}
	if got != args[0] {
		ts.Fatalf("exit code %s, want %s", got, args[0])
	}
}

// hidden fails when a secret stands in what the last command printed.
func hidden(ts *testscript.TestScript, _ bool, _ []string) {
	for _, name := range []string{"TOKEN", "OUTSIDER"} {
		if strings.Contains(ts.ReadFile("stdout")+ts.ReadFile("stderr"), ts.Getenv(name)[:13]) {
			ts.Fatalf("%s was printed", name)
		}
	}
}
