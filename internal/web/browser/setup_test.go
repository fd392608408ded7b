package browser

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
)

// The first person on a new server follows the link that it prints, makes the first account, a workspace, a project, a
// repository and a token, and pushes with the lines that the pages show.
func TestFirstHour(t *testing.T) {
	start := func(t *testing.T) *pailtest.World {
		return &pailtest.World{Server: pailtest.Start(t, pailtest.Options{})}
	}
	withAndWithoutScripts(t, start, func(u *user, w *pailtest.World) {
		link, err := w.Accounts.SetupLink(u.t.Context())
		u.try("make a set-up link", err)
		u.visit(link)
		u.see("Set up this server")
		u.fill("E-mail", "ada@example.com")
		u.fill("Username", "ada lovelace")
		u.fill("Password", pailtest.Password)
		u.submitFor("Make the account", 400)
		u.see("Nothing was changed")
		u.fill("Username", "ada")
		u.fill("Password", pailtest.Password)
		u.submit("Make the account")
		u.see("The server is set up", "ada@example.com")
		u.visitFor(link, 410)
		u.see("restart the server")

		u.follow("Workspaces")
		u.follow("New workspace")
		u.fill("Slug", "acme")
		u.submit("Make the workspace")
		u.see("The workspace is made.")
		u.follow("Make the first project")
		u.fill("Name", "Website")
		u.fill("Key", "WEB")
		u.submit("Make the project")
		u.visit("/acme/repositories/new")
		u.fill("Name", "Home page")
		u.submit("Make the repository")
		u.see("There are no commits yet.")
		repository := u.path()
		lines := u.linesWith("git switch -c")

		u.follow("API token")
		u.visit("/account/tokens/new")
		u.check(scopeLabel("read:repository"))
		u.check(scopeLabel("write:repository"))
		u.fill("Name", "laptop")
		u.submit("Create API token")
		runShown(u, lines, u.shown())

		u.visit(repository)
		u.see("README.md", "First commit")
	})
}

// linesWith is the block of lines to copy that has this text.
func (u *user) linesWith(text string) string {
	u.t.Helper()
	for _, lines := range eval[[]string](u, `[...document.querySelectorAll("main .lines code")].map(e => e.textContent)`) {
		if strings.Contains(lines, text) {
			return lines
		}
	}
	u.t.Fatalf("no lines with %q at %s", text, u.path())
	return ""
}

// runShown runs lines that a page shows in a shell, as they are. Git gets the secret when it asks for a password.
func runShown(u *user, lines, secret string) {
	u.t.Helper()
	dir := u.t.TempDir()
	ask := filepath.Join(dir, "ask")
	u.try("write what git asks", os.WriteFile(ask, []byte("#!/bin/sh\necho '"+secret+"'\n"), 0o700))
	cmd := exec.Command("sh", "-ec", lines)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_ASKPASS="+ask, "GIT_TERMINAL_PROMPT=0", "LC_ALL=C",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com")
	if out, err := cmd.CombinedOutput(); err != nil {
		u.t.Fatalf("%s\n%v\n%s", lines, err, out)
	}
}
