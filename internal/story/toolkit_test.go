package story

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pailforge/pail/internal/pailtest"
)

var update = flag.Bool("update", false, "write what commands print into the documents")

// TestShownOutput runs every command of the documents' console blocks, in order, and compares what it prints with what
// stands there. With -update it writes what was printed.
func TestShownOutput(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"curl", "git", "bash", "node"} {
		if _, err := exec.LookPath(tool); err != nil {
			pailtest.Skip(t, tool, "no "+tool+" on this machine")
		}
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	build(t, root, filepath.Join(bin, "pail"))
	files, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no documents: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := reader(t, bin).read(t, string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(text), got); diff != "" {
				t.Errorf("what is shown is not what is printed (-shown +printed); go test ./internal/story -run ShownOutput -update writes it:\n%s", diff)
			}
		})
	}
}

// console runs the commands of one document, all in one directory, and knows what differs from run to run.
type console struct {
	w   *pailtest.World
	dir string
	env []string
	// The same in every run: addresses and what is random or of the moment.
	same []replacement
}

type replacement struct {
	what *regexp.Regexp
	with string
}

// reader is somebody who follows a document: with a Pail that explains, one that answers as bitbucket.org does, an
// account on both, and its tokens in variables.
func reader(t *testing.T, bin string) *console {
	w, bare := pailtest.Start(t, pailtest.Options{}).World(), pailtest.Start(t, pailtest.Options{Bare: true}).World()
	w.Push(3)
	bare.Push(3)
	scopes := []string{"read:user", "read:workspace", "read:project", "admin:project", "read:repository", "write:repository"}
	own, secret := w.APIToken(w.Admin, slices.Clone(scopes)...)
	consumer, consumerSecret := w.Consumer("repository:write", "account")
	dir := t.TempDir()
	c := &console{w: w, dir: dir, env: []string{
		"PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME=" + dir, "PAIL_CONFIG_DIR=" + filepath.Join(dir, "config"), "NO_COLOR=1", "CI=true", "LC_ALL=C",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "GIT_AUTHOR_NAME=Ada", "GIT_COMMITTER_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_COMMITTER_EMAIL=ada@example.com",
		"PAIL_DATA=" + w.Config.Data,
		"URL=" + w.URL, "API=" + w.URL + "/2.0", "HOST=" + strings.TrimPrefix(w.URL, "http://"), "BARE=" + bare.URL + "/2.0",
		"EMAIL=" + w.Admin.Email, "USERNAME=" + w.Admin.Username,
		"TOKEN=" + secret, "TOKEN_ID=" + own.ID, "BARE_TOKEN=" + bare.Secret(bare.Admin, scopes...), "APP_PASSWORD=" + w.AppPassword(w.Admin, "account", "repository"),
		"KEY=" + consumer.Key, "SECRET=" + consumerSecret,
		// Of the form of an API token of bitbucket.org, and of nobody.
		"CLOUD_TOKEN=ATATT3xFfGF0" + strings.Repeat("Kd8aZ0wQx", 19) + "=0A1B2C3D",
	}, same: []replacement{
		{regexp.MustCompile(regexp.QuoteMeta(strings.TrimPrefix(w.URL, "http://"))), "127.0.0.1:7990"},
		{regexp.MustCompile(regexp.QuoteMeta(strings.TrimPrefix(bare.URL, "http://"))), "127.0.0.1:7991"},
		{regexp.MustCompile(regexp.QuoteMeta(dir)), "/home/ada"},
		{regexp.MustCompile(`(AT[AC]TP1|ATBBP1)[0-9A-Za-z]{6}…`), "${1}sVq3cG…"},
		{regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`), "0198a4c2-5d1e-7b3a-9c64-2f0e8d7a1b55"},
		{regexp.MustCompile(`no keyring can be used here \([^\n]*?\)\.`), "no keyring can be used here (none answers)."},
		{regexp.MustCompile(`\bin \d+(\.\d+)?m?s\b`), "in 1.2s"},
		{regexp.MustCompile(`\b20\d\d-\d\d-\d\d([T ])\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)`), "2026-11-24${1}09:00:00Z"},
	}}
	return c
}

// fileName is the line before a block that shows a file: its name alone, in backquotes, and a colon.
var fileName = regexp.MustCompile("^`([^`]+)`:$")

// read is the document with every command of its console blocks run anew.
func (c *console) read(t *testing.T, text string) string {
	var out, file strings.Builder
	block, name := false, ""
	var commands []string
	for line := range strings.Lines(text) {
		switch {
		case !block:
			out.WriteString(line)
			block = strings.TrimSpace(line) == "```console"
			switch m := fileName.FindStringSubmatch(strings.TrimSpace(line)); {
			case m != nil:
				name = m[1]
			case name != "" && line == "```\n":
				if err := os.WriteFile(filepath.Join(c.dir, name), []byte(file.String()), 0o600); err != nil {
					t.Fatal(err)
				}
				name = ""
				file.Reset()
			case name != "" && !strings.HasPrefix(line, "```") && strings.TrimSpace(line)+file.String() != "":
				file.WriteString(line)
			}
		case strings.HasPrefix(line, "```"):
			for _, command := range commands {
				out.WriteString(command + c.run(t, command))
			}
			out.WriteString(line)
			block, commands = false, nil
		case strings.HasPrefix(line, "$ "):
			commands = append(commands, line)
		case len(commands) > 0 && strings.HasSuffix(strings.TrimSpace(commands[len(commands)-1]), `\`):
			commands[len(commands)-1] += line // the rest of a command of several lines
		}
	}
	if block {
		t.Error("a console block has no end")
	}
	return out.String()
}

// run is what a command prints, both streams as a terminal shows them, with the exit code where it is not 0.
func (c *console) run(t *testing.T, line string) string {
	if err := c.w.Gate.Recorder.Flush(t.Context()); err != nil { // what a token was used for is written a moment later
		t.Fatal(err)
	}
	cmd := exec.Command("bash", "-c", strings.TrimPrefix(line, "$ "))
	cmd.Dir, cmd.Env = c.dir, c.env
	printed, err := cmd.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	for _, secret := range []string{"TOKEN=", "BARE_TOKEN=", "APP_PASSWORD=", "CLOUD_TOKEN=", "SECRET="} {
		for _, v := range c.env {
			if value, ok := strings.CutPrefix(v, secret); ok && bytes.Contains(printed, []byte(value[:13])) {
				t.Errorf("a secret is printed:\n%s%s", line, printed)
			}
		}
	}
	for _, r := range c.same {
		printed = r.what.ReplaceAll(printed, []byte(r.with))
	}
	if !bytes.HasSuffix(printed, []byte("\n")) && len(printed) > 0 {
		printed = append(printed, '\n')
	}
	return string(printed)
}
