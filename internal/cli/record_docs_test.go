package cli

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pailforge/pail/internal/pailtest"
)

var update = flag.Bool("update", false, "write the output that the commands of docs/record.md have now into it")

// changing is what differs from run to run.
var changing = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(in )(\d+(\.\d+)?m?s)`)

// TestRecordDocs runs the commands of docs/record.md, which print what stands below them.
func TestRecordDocs(t *testing.T) {
	for _, tool := range []string{"bash", "curl", "git", "node"} {
		if _, err := exec.LookPath(tool); err != nil {
			pailtest.Skip(t, tool, "no "+tool+" on this machine")
		}
	}
	bin, dir, data := t.TempDir(), t.TempDir(), t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(bin, "pail"), "../../cmd/pail").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	w := pailtest.Start(t, pailtest.Options{Data: data}).World()
	w.Push(2)
	c, secret := w.APIToken(w.Admin, "read:user", "read:workspace", "read:project", "admin:project", "read:repository", "write:repository")
	env := append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "URL="+w.URL, "EMAIL="+w.Admin.Email, "TOKEN="+secret, "TOKEN_ID="+c.ID,
		"PAIL_DATA="+data, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C.UTF-8")

	const page = "../../docs/record.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var made strings.Builder
	var name string
	rest, commands := string(text), 0
	for {
		before, block, ok := strings.Cut(rest, "```")
		made.WriteString(before)
		if !ok {
			break
		}
		if m := regexp.MustCompile("`([^`\n]+)`:\\s*$").FindStringSubmatch(before); m != nil {
			name = m[1]
		}
		kind, block, _ := strings.Cut(block, "\n")
		block, rest, _ = strings.Cut(block, "```")
		switch kind {
		case "sh": // a file
			if err := os.WriteFile(filepath.Join(dir, name), []byte(block), 0o600); err != nil {
				t.Fatal(err)
			}
		case "console":
			var b strings.Builder
			for line := range strings.Lines(block) {
				if line, ok := strings.CutPrefix(line, "$ "); ok {
					commands++
					if err := w.Gate.Recorder.Flush(t.Context()); err != nil {
						t.Fatal(err)
					}
					cmd := exec.Command("bash", "-c", line)
					cmd.Dir, cmd.Env = dir, env
					out, err := cmd.CombinedOutput()
					if err != nil || strings.Contains(string(out), secret) {
						t.Errorf("%s%v\n%s", line, err, out)
					}
					b.WriteString("$ " + line + string(out))
				}
			}
			block = b.String()
		}
		made.WriteString("```" + kind + "\n" + block + "```")
	}
	if commands < 5 {
		t.Errorf("%d commands were found; the test shows nothing", commands)
	}
	if *update {
		if err := os.WriteFile(page, []byte(made.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	same := func(s string) string { return changing.ReplaceAllString(s, "$1~") }
	if diff := cmp.Diff(same(string(text)), same(made.String())); diff != "" {
		t.Errorf("docs/record.md tells something else than the commands (-docs +now); go test ./internal/cli -run RecordDocs -update writes it:\n%s", diff)
	}
}
