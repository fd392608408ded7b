package story

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
)

// TestNodeClient calls, with the npm package bitbucket that .ci/run installs, what testdata/clients/bitbucket.mjs lists.
func TestNodeClient(t *testing.T) {
	t.Parallel()
	modules, err := filepath.Abs(filepath.Join("..", "..", ".ci"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("node"); err != nil {
		pailtest.Skip(t, "node", "no node on this machine")
	}
	if _, err := os.Stat(filepath.Join(modules, "node_modules", "bitbucket")); err != nil {
		pailtest.Skip(t, "node", "the npm package bitbucket is not here (npm install --prefix .ci --no-save bitbucket)")
	}
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		w.Push(3)
		secret := w.Secret(w.Admin, "read:repository", "write:repository", "admin:repository", "delete:repository", "read:project", "admin:project", "read:workspace",
			"read:webhook", "write:webhook", "delete:webhook", "write:ssh-key", "delete:ssh-key", "write:permission", "delete:permission")
		cmd := exec.CommandContext(t.Context(), "node", filepath.Join("testdata", "clients", "bitbucket.mjs"))
		cmd.Env = append(os.Environ(), "MODULES="+modules, "API="+w.URL+"/2.0", "EMAIL="+w.Admin.Email, "TOKEN="+secret, "USER_ID={"+w.Member.ID+"}",
			"KEY="+strings.Split(deployKeyBody, `"`)[3], "NO_PROXY=*")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
}
