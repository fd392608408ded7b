package cli

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets this test binary be the command pail, for scripts and for git, which runs its credential helper.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"pail": func() { os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ())) },
	})
}

// TestOffline runs the scripts that need no server. Each is one promise.
func TestOffline(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/offline", Setup: func(env *testscript.Env) error {
		env.Setenv("PAIL_CONFIG_DIR", env.WorkDir+"/config")
		return nil
	}})
}
