package cli

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/config"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/server"
)

// TestServeRunner: a server runs a runner of its own when its configuration says with what, and not without.
func TestServeRunner(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	cfg, err := config.Load(config.Source{Env: []string{"PAIL_DATA=" + data}})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	s, err := server.Open(ctx, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(ctx)
	who, err := s.Accounts.Create(ctx, account.New{Email: "ada@example.com", Username: "ada", DisplayName: "Ada", Password: pailtest.Password})
	if err != nil {
		t.Fatal(err)
	}
	acme, err := s.Workspaces.CreateWorkspace(ctx, "acme", "Acme", who.ID)
	if err != nil {
		t.Fatal(err)
	}
	runner, secret, err := s.Pipelines.AddRunner(ctx, acme.ID, "", "inside", nil)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := command(t, "", "serve", "--data", data, "--runner-executors", "shell", "--runner-client-id", "x"); r.code != 2 || !strings.Contains(r.err, "runner.executors: a runner without runner.uuid") {
		t.Errorf("a runner without a name: %+v", r)
	}
	b := start(t, "serve", "--data", data, "--addr", "127.0.0.1:0", "--log-level", "info", "--runner-executors", "shell", "--runner-uuid", runner.ID,
		"--runner-client-id", runner.ClientID, "--runner-client-secret-file", file)
	pailtest.Until(t, func() bool {
		var seen int64
		return s.DB.Row(ctx, `SELECT seen_on FROM pipeline_runner WHERE id = $1`, runner.ID).Scan(&seen) == nil && seen > 0
	})
	b.stop()
	if code := <-b.code; code != 0 || strings.Contains(b.err.String(), secret) {
		t.Errorf("exit code %d\n%s", code, b.err)
	}
}
