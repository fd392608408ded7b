package repository_test

import (
	"fmt"
	"log/slog"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/repository"
)

// What has piled up is packed without anybody asking, and once only.
func TestUpkeep(t *testing.T) {
	git, err := gitstore.New(t.TempDir(), gitstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = git.Close() })
	id := uuid.NewString()
	if err := git.Create(t.Context(), id, "main"); err != nil {
		t.Fatal(err)
	}
	var in strings.Builder
	in.WriteString("commit refs/heads/main\ncommitter A <a@example.com> 0 +0000\ndata 0\n")
	for i := range 2000 {
		fmt.Fprintf(&in, "M 644 inline f%d\ndata <<E\n%d\nE\n", i, i)
	}
	cmd := exec.Command("git", "--git-dir", filepath.Join(git.Root, id[:2], id+".git"), "-c", "fastimport.unpackLimit=100000", "fast-import", "--quiet")
	cmd.Stdin = strings.NewReader(in.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	upkeep := repository.NewUpkeep(git, slog.New(slog.DiscardHandler))
	upkeep.Changed(id)
	upkeep.Changed(id)
	upkeep.Changed(uuid.NewString()) // gone meanwhile
	go upkeep.Run(t.Context())
	for git.Unkempt(id) {
		runtime.Gosched()
	}
}
