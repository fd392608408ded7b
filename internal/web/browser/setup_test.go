package browser

import (
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
)

// The first person on a new server follows the link that it prints, makes mistakes, and makes the first account.
func TestSetUp(t *testing.T) {
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
		u.submitFor("Make the account", 201)
		u.see("The server is set up", "ada@example.com")
		u.visitFor(link, 410)
		u.see("restart the server")
	})
}
