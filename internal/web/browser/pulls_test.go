package browser

import (
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
)

// A member opens a pull request of a branch, an owner asks for changes, takes that back, approves and merges it.
func TestPullRequest(t *testing.T) {
	start := func(t *testing.T) *pailtest.World {
		w := startWorld(t)
		dir := w.Push(1)
		w.Git(dir, "switch", "--quiet", "--create", "greet")
		w.Git(dir, "commit", "--quiet", "--allow-empty", "-m", "Greet everybody")
		w.Git(dir, "push", "--quiet", w.Remote("x-bitbucket-api-token-auth", w.Secret(w.Admin, "read:repository", "write:repository"), "acme/widgets"), "greet")
		return w
	}
	withAndWithoutScripts(t, start, func(u *user, w *pailtest.World) {
		u.signIn(w.Member.Email)
		u.visit("/acme/widgets")
		u.follow("Pull requests")
		u.follow("Open the first pull request")
		u.fill("Merge the branch", "greet")
		u.submit("Show what it brings")
		u.see("Greet everybody")
		u.fill("Reviewers (optional)", w.Admin.Username)
		u.submit("Open the pull request")
		u.see("The pull request is open.", "asks to merge")
		u.at("/acme/widgets/pull-requests/1")

		owner := u.another()
		owner.signIn(w.Admin.Email)
		owner.visit("/acme/widgets/pull-requests")
		owner.follow("Greet everybody")
		owner.submit("Request changes")
		owner.see("You have requested changes.")
		owner.submit("Take back the request for changes")
		owner.submit("Approve")
		owner.see("You have approved it.")
		owner.choose("How", "Squash: one commit of all changes")
		owner.submitFor("Merge", 400) // the commit is empty: nothing is left to squash
		owner.choose("How", "Merge commit: keep all commits, and join them with one more")
		owner.submit("Merge")
		owner.see("The pull request is merged.")
		u.visit("/acme/widgets/pull-requests/1")
		u.see("merged it")
	})
}
