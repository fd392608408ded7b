package cli

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/token"
	"github.com/spf13/pflag"
)

// TestSecretsInEveryPlace: a secret that is pasted as an argument, as any flag's value or on standard input of any
// command is not printed again.
func TestSecretsInEveryPlace(t *testing.T) {
	secrets := []string{token.Mint(token.APIToken), token.Mint(token.AppPassword), "ATATT3xFfGF0" + strings.Repeat("aB3_", 42) + "xyz=0A1B2C3D", "ghp_0123456789abcdefghijABCDEFGHIJ012345"}
	for i, c := range commandTree(t) {
		path := strings.Fields(c.CommandPath())[1:]
		switch strings.Join(path, " ") {
		case "serve", "demo": // they run until they are told to stop
			continue
		}
		secret := secrets[i%len(secrets)]
		tries := [][]string{{}, {secret}, {"x", secret}, {"--" + secret}, {"--" + secret + "=x"}}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Name != "help" {
				tries = append(tries, []string{"--" + f.Name + "=" + secret}, []string{"--" + f.Name + "=https://user:" + secret + "@127.0.0.1:1/2.0", "x"})
			}
		})
		for _, args := range tries {
			dir := t.TempDir()
			var out, errs bytes.Buffer
			args := append(path[:len(path):len(path)], args...)
			if len(path) > 0 && (path[0] == "admin" || path[0] == "token") && !strings.Contains(strings.Join(args, " "), "--data") {
				args = append(args, "--data="+filepath.Join(dir, "data"))
			}
			if len(path) == 1 && path[0] == "man" {
				t.Chdir(dir) // pages go to a directory of any name
			}
			run(t.Context(), args, strings.NewReader("protocol=https\nhost="+secret+"\npassword="+secret+"\n\n"), &out, &errs, []string{"PAIL_CONFIG_DIR=" + dir})
			if printed := out.String() + errs.String(); strings.Contains(printed, secret[:13]) {
				t.Errorf("pail %s\nprints the secret:\n%s", strings.Join(args, " "), printed)
			}
		}
	}
}
