package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestCompletionScripts: each shell's script is one, by the shell itself where it is there.
func TestCompletionScripts(t *testing.T) {
	for shell, c := range map[string]struct {
		check []string
		has   string
	}{
		"bash":       {[]string{"bash", "-n"}, "complete -o default -F __start_pail pail"},
		"zsh":        {[]string{"zsh", "-n"}, "#compdef pail"},
		"fish":       {[]string{"fish", "--no-execute"}, "complete -c pail"},
		"powershell": {nil, "Register-ArgumentCompleter -CommandName 'pail'"},
	} {
		t.Run(shell, func(t *testing.T) {
			r := command(t, "", "completion", shell)
			if r.code != 0 || r.err != "" || !strings.Contains(r.out, c.has) {
				t.Fatalf("exit code %d\n%s%.2000s", r.code, r.err, r.out)
			}
			if c.check == nil {
				return
			}
			if _, err := exec.LookPath(c.check[0]); err != nil {
				t.Skipf("skipped: no %s on this machine", shell)
			}
			script := filepath.Join(t.TempDir(), "script")
			if err := os.WriteFile(script, []byte(r.out), 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command(c.check[0], append(c.check[1:], script)...).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	if r := command(t, "", "completion", "csh"); r.code != 2 {
		t.Errorf("%+v", r)
	}
}

// TestBashCompletes: a real bash gets proposals from the script.
func TestBashCompletes(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("skipped: no bash on this machine")
	}
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// As testscript does: the test binary, called by the command's name, is the command.
	if err := os.Symlink(self, filepath.Join(dir, "pail")); err != nil {
		t.Skipf("skipped: no symbolic links here: %v", err)
	}
	script := `source <(pail completion bash)
COMP_WORDS=(pail scopes for /2.0/repositories/acme/widgets/pullr) COMP_CWORD=3 COMP_LINE="${COMP_WORDS[*]}" COMP_POINT=${#COMP_LINE}
cur=${COMP_WORDS[3]} prev=for words=("${COMP_WORDS[@]}") cword=3
__pail_get_completion_results
printf '%s\n' "$out"`
	cmd := exec.Command("bash", "--norc", "-c", script)
	cmd.Env = append(os.Environ(), "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "/2.0/repositories/acme/widgets/pullrequests") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestManual: there is a page for each command, with its text and its examples, and man can show it.
func TestManual(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man", "man1")
	if r := command(t, "", "man", dir); r.code != 0 || r.out != "" {
		t.Fatalf("%+v", r)
	}
	var pages []string
	for _, c := range commandTree(t) {
		if c.Name() == "help" {
			continue // as man has it
		}
		page := filepath.Join(dir, strings.ReplaceAll(c.CommandPath(), " ", "-")+".1")
		text, err := os.ReadFile(page)
		if err != nil {
			t.Error(err)
			continue
		}
		pages = append(pages, page)
		for _, want := range []string{".TH ", ".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION", ".SH EXAMPLE"} {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s lacks %s", filepath.Base(page), want)
			}
		}
		if strings.Contains(string(text), "Auto generated") {
			t.Errorf("%s speaks of how it was made", filepath.Base(page))
		}
	}
	for _, viewer := range [][]string{{"mandoc", "-T", "lint", "-W", "error"}, {"groff", "-man", "-Tutf8", "-ww"}, {"man", "--warnings", "-l"}} {
		if _, err := exec.LookPath(viewer[0]); err != nil {
			continue
		}
		cmd := exec.Command(viewer[0], append(viewer[1:], pages...)...)
		cmd.Env = append(os.Environ(), "MANPAGER=cat", "MANWIDTH=100", "LC_ALL=C.UTF-8")
		out, err := cmd.CombinedOutput()
		if err != nil || strings.Contains(string(out), "warning:") {
			t.Errorf("%s: %v\n%.2000s", viewer[0], err, out)
		}
		return
	}
}
