package cli

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestDoctorStories: what pail doctor says of command lines. "doctor CODE STDIN ARGUMENTS" runs it in-process; STDIN is
// <FILE, or - for none. No output may hold the token.
func TestDoctorStories(t *testing.T) {
	token := "ATATT3xFfGF0" + strings.Repeat("Zq3-", 42) + "Zq3=0A1B2C3D"
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("EMAIL", "ada@example.com")
			env.Setenv("TOKEN", token)
			env.Setenv("HOME", env.WorkDir)
			netrc := filepath.Join(env.WorkDir, ".netrc")
			text, err := os.ReadFile(netrc)
			if err != nil {
				return err
			}
			return os.WriteFile(netrc, []byte(strings.ReplaceAll(string(text), "$TOKEN", token)), 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"doctor": func(ts *testscript.TestScript, neg bool, args []string) {
			if neg || len(args) < 3 {
				ts.Fatalf("usage: doctor CODE <FILE|- ARGUMENTS")
			}
			want, err := strconv.Atoi(args[0])
			ts.Check(err)
			stdin := ""
			if file, ok := strings.CutPrefix(args[1], "<"); ok {
				stdin = ts.ReadFile(file)
			}
			var env []string
			for _, name := range []string{"EMAIL", "TOKEN", "HOME", "PATH"} {
				env = append(env, name+"="+ts.Getenv(name))
			}
			var out, errs strings.Builder
			code := run(t.Context(), append([]string{"doctor"}, args[2:]...), strings.NewReader(stdin), &out, &errs, env)
			_, _ = ts.Stdout().Write([]byte(out.String()))
			_, _ = ts.Stderr().Write([]byte(errs.String()))
			if code != want {
				ts.Fatalf("exit code %d, want %d\n%s%s", code, want, out.String(), errs.String())
			}
			if all := out.String() + errs.String(); strings.Contains(all, token[:13]) {
				ts.Fatalf("the token is printed:\n%s", all)
			}
		}},
	})
}
