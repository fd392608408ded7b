package browser

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
)

// A member looks around in a repository; its owner deletes it, by its full name only.
func TestRepository(t *testing.T) {
	start := func(t *testing.T) *pailtest.World {
		w := startWorld(t)
		w.Push(3)
		return w
	}
	withAndWithoutScripts(t, start, func(u *user, w *pailtest.World) {
		u.signIn(w.Member.Email)
		u.visit("/acme/widgets")
		u.see("widgets", "Commit 2", "This repository has no README.")
		u.follow("Commits")
		u.see("Commit 0", "Commit 1", "Commit 2")
		u.follow("Commit 1")
		u.see("Commit 1")
		u.follow("Branches")
		u.see("main", "feature/one")
		u.visitFor("/acme/widgets/settings", 403)

		owner := u.another()
		owner.signIn(w.Admin.Email)
		owner.visit("/acme/widgets")
		owner.follow("Settings")
		owner.click("Delete this repository")
		owner.fill("The repository's full name, acme/widgets", "widgets")
		owner.submitFor("Delete the repository for good", 400)
		owner.fill("The repository's full name, acme/widgets", "acme/widgets")
		owner.submit("Delete the repository for good")
		u.visitFor("/acme/widgets", 404)
	})
}

// Somebody finds out how a line came to be what it is: from the repository to the file, the line, whoever made it, the commit, what
// it changed, and what lies between two branches.
func TestBrowse(t *testing.T) {
	start := func(t *testing.T) *pailtest.World {
		w := startWorld(t)
		dir := w.Push(1)
		file := filepath.Join(dir, "cmd", "main.go")
		for i, text := range []string{"package main\n\nfunc main() {\n}\n", "package main\n\nfunc main() {\n\tprintln(\"hello\")\n}\n", "package main\n\nfunc main() {\n\tprintln(\"goodbye\")\n}\n"} {
			if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			w.Git(dir, "add", ".")
			w.Git(dir, "commit", "--quiet", "-m", []string{"Begin", "Greet", "Part"}[i])
		}
		w.Git(dir, "push", "--quiet", w.Remote("x-bitbucket-api-token-auth", w.Secret(w.Admin, "read:repository", "write:repository"), "acme/widgets"), "main")
		return w
	}
	withAndWithoutScripts(t, start, func(u *user, w *pailtest.World) {
		u.signIn(w.Member.Email)
		u.visit("/acme/widgets")
		u.follow("Source")
		u.at("/acme/widgets/src/main")
		u.follow("cmd/")
		u.follow("main.go")
		u.see("package main", "goodbye", "5 lines")
		u.click("4")
		if marked := eval[string](u, `location.hash + " " + document.querySelector("tr:target")?.id`); marked != "#L4 L4" {
			u.t.Errorf("the line is not marked: %s", marked)
		}
		if u.scripts {
			u.visit("/acme/widgets")
			u.visit("/acme/widgets/src/main/cmd/main.go#L2-L4")
			if marked := eval[int](u, `document.querySelectorAll(".src .in").length`); marked != 3 {
				u.t.Errorf("%d lines are marked", marked)
			}
			eval[bool](u, `document.querySelector("a[href='#L5']").dispatchEvent(new MouseEvent("click", {shiftKey: true, bubbles: true, cancelable: true}))`)
			u.wait("mark more lines", func() bool {
				return eval[string](u, `location.hash + document.querySelectorAll(".src .in").length`) == "#L2-L54"
			})
		}
		u.follow("Blame")
		u.see("goodbye", "2 commits")
		u.follow("History")
		u.see("Begin", "Greet", "Part")
		u.seeNot("Commit 0")
		u.follow("Greet")
		u.see("Greet", "println(\"hello\")", "+1")
		u.follow("Side by side")
		u.see("println(\"hello\")")
		if eval[bool](u, `document.querySelector(".split") === null`) {
			u.t.Error("it is not side by side")
		}
		u.follow("View the file")
		u.see("hello")
		u.follow("Branches")
		u.follow("Compare")
		u.fill("From", "feature/one")
		u.fill("to", "main")
		u.submit("Compare")
		u.see("Begin", "Greet", "Part", "goodbye", "1 file")
		u.follow("The other way round")
		u.see("No commit of feature/one", "Nothing differs.")
	})
}
