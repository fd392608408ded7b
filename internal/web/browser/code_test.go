package browser

import (
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
