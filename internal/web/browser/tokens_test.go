package browser

import (
	"net/http"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/scope"
)

// Somebody makes a token from a preset, uses it, finds on its page what was refused and why, makes a narrower one and
// another in its place, and revokes one.
func TestToken(t *testing.T) {
	withAndWithoutScripts(t, startWorld, func(u *user, w *pailtest.World) {
		u.signIn(w.Admin.Email)
		u.visit("/account/tokens")
		u.see("There is no API token here.")
		u.visit("/account/tokens/new")
		u.follow("Clone only Clone and fetch repositories.")
		u.check(scopeLabel("read:workspace"))
		if u.scripts {
			u.opens("GET /2.0/workspaces/{workspace}") // at once
			u.fill("Find a scope", "webhook")
			u.hides(scopeLabel("read:workspace"))
			u.fill("Find a scope", "")
		} else {
			u.submit("Show what this opens")
			u.opens("GET /2.0/workspaces/{workspace}")
		}
		u.fill("Name", "laptop")
		u.choose("Expires", "in 30 days")
		u.submit("Create API token")
		u.see("This is the only time that it is shown", "laptop")
		secret := u.shown()
		page := u.path()

		// The lines on the page are those that work.
		as := pailtest.Basic(w.Admin.Email, secret)
		w.Want(w.Do(as, "GET", "/2.0/repositories/acme/widgets", nil), http.StatusOK)
		w.Want(w.Do(as, "GET", "/2.0/workspaces/acme/projects/FTO", nil), http.StatusForbidden, "scope.missing")
		u.try("write down what was asked", w.Gate.Recorder.Flush(u.t.Context()))

		u.visit("/account/tokens")
		u.see("laptop", "just now")
		u.seeNot(secret)
		u.follow("laptop")
		if u.path() == page {
			u.t.Fatal("the page that shows the secret is there again")
		}
		u.see("active", "from 127.0.0.1", "1 scope of 2 was never used", "accepted", "scope.missing")
		u.seeNot(secret)

		u.follow("Narrow")
		u.see("read:repository:bitbucket")
		u.submit("Create the API token")
		narrow := u.shown()
		asNarrow := pailtest.Basic(w.Admin.Email, narrow)
		w.Want(w.Do(asNarrow, "GET", "/2.0/repositories/acme/widgets", nil), http.StatusOK)
		w.Want(w.Do(asNarrow, "GET", "/2.0/workspaces/acme", nil), http.StatusForbidden, "scope.missing")

		u.visit("/account/tokens")
		u.follow("laptop")
		u.follow("Rotate")
		u.choose("The old one goes on working", "for an hour")
		u.submit("Rotate")
		rotated := u.shown()
		for _, one := range []string{secret, rotated} {
			w.Want(w.Do(pailtest.Basic(w.Admin.Email, one), "GET", "/2.0/repositories/acme/widgets", nil), http.StatusOK)
		}

		u.visit("/account/tokens")
		u.follow("laptop, narrowed")
		u.click("Revoke this API token")
		u.submit("Revoke")
		u.see("revoked")
		w.Want(w.Do(asNarrow, "GET", "/2.0/repositories/acme/widgets", nil), http.StatusUnauthorized, "token.revoked")
	})
}

// scopeLabel is the label of the checkbox of an API token's scope, named without ":bitbucket".
func scopeLabel(name string) string {
	for _, info := range scope.All() {
		if info.Name == name+":bitbucket" {
			return info.Permits + " " + name
		}
	}
	return name
}

// shown is the secret that the page shows this once.
func (u *user) shown() string {
	u.t.Helper()
	secret := eval[string](u, `document.querySelector("main .lines code").textContent`)
	if !strings.HasPrefix(secret, "PAIL") && !strings.HasPrefix(secret, "AT") {
		u.t.Fatalf("no secret is shown, but %.20q", secret)
	}
	return secret
}

// opens waits until the page lists an operation among those that the chosen scopes open. The lists are folded.
func (u *user) opens(operation string) {
	u.t.Helper()
	u.wait("list "+operation, func() bool {
		return strings.Contains(eval[string](u, `document.querySelector("#opens").textContent`), operation)
	})
}

// hides fails while what has this name can be seen.
func (u *user) hides(name string) {
	u.t.Helper()
	u.wait("hide "+name, func() bool { return len(u.named(name, clickable)) == 0 })
}
