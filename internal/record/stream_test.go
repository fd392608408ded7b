package record

import (
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/pailtest/heap"
)

// memoryLimit is how much a recorded push or clone may add to the heap, whatever its size. The server that is recorded
// is in the same process, and its share is in it.
const memoryLimit = 16 << 20

// large pushes and clones size bytes that do not compress while they are recorded, and checks the memory.
func large(t *testing.T, size int64) {
	tools(t, "bash", "git")
	w := pailtest.Start(t, pailtest.Options{TLS: true}).World()
	dir := filepath.Join(t.TempDir(), "work")
	w.Git("", "init", "--quiet", "--initial-branch=main", dir)
	file, err := os.Create(filepath.Join(dir, "noise"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(file, rand.NewChaCha8([32]byte{9}), size); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"config", "core.bigFileThreshold", "1m"}, {"config", "core.compression", "0"}, {"add", "noise"}, {"commit", "--quiet", "-m", "noise"}} {
		w.Git(dir, args...)
	}
	secret := w.Secret(w.Admin, "read:repository", "write:repository")
	remote := w.Remote("x-bitbucket-api-token-auth", secret, "acme/widgets")
	clone := filepath.Join(t.TempDir(), "clone.git")
	for _, c := range []struct{ name, script string }{
		{"push", `git -C "$DIR" -c http.postBuffer=65536 push -q "$REMOTE" main`},
		{"clone", `git clone -q --bare "$REMOTE" "$CLONE"`},
	} {
		var r ran
		grown := heap.Grown(func() { r = recorded(t, w.Server, c.script, "DIR="+dir, "REMOTE="+remote, "CLONE="+clone) })
		if r.code != 0 || len(r.Git) != 1 || r.Git[0].Fetches+r.Git[0].Pushes != 1 {
			t.Fatalf("%s: exit code %d, %+v\n%s", c.name, r.code, r.Git, r.errors)
		}
		if grown > memoryLimit {
			t.Errorf("a %s of %d MiB took %d MiB of memory", c.name, size>>20, grown>>20)
		} else {
			t.Logf("%s of %d MiB: %d KiB", c.name, size>>20, grown>>10)
		}
	}
	if packed := w.Git(clone, "cat-file", "-s", "main:noise"); packed != strconv.FormatInt(size, 10) {
		t.Errorf("cloned %s bytes; the test shows nothing", packed)
	}
}

func TestBigClone(t *testing.T) { large(t, 64<<20) }

func TestHugeClone(t *testing.T) {
	if os.Getenv("PAIL_TEST_HUGE") == "" {
		t.Skip("set PAIL_TEST_HUGE=1 to push and clone 1 GiB")
	}
	large(t, 1<<30)
}
