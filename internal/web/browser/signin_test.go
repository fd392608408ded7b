package browser

import (
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/pailforge/pail/internal/pailtest"
)

func startWorld(t *testing.T) *pailtest.World { return pailtest.Start(t, pailtest.Options{}).World() }

// Somebody comes to a page for members, signs in, changes what is theirs, and signs out.
func TestAccount(t *testing.T) {
	withAndWithoutScripts(t, startWorld, func(u *user, w *pailtest.World) {
		u.visit("/account/profile")
		u.see("Sign in to see that page")
		u.fill("E-mail", w.Admin.Email)
		u.fill("Password", "a wrong one")
		u.submitFor("Sign in", 401)
		u.fill("Password", pailtest.Password)
		u.submit("Sign in")
		u.at("/account/profile")

		u.fill("Display name", "Ada Lovelace")
		u.submit("Save the name")
		u.see("The name is changed", "Ada Lovelace")
		u.follow("E-mails")
		u.fill("New e-mail", "ada@acme.example")
		u.fill("Password", "a wrong one")
		u.submitFor("Add the e-mail", 403)
		u.see("This is not your password")
		u.fill("Password", pailtest.Password)
		u.submit("Add the e-mail")
		u.see("The e-mail is added")
		u.choose("Primary e-mail", "ada@acme.example")
		u.fillIn("Primary e-mail", "Password", pailtest.Password)
		u.submit("Change the primary e-mail")
		u.see("The primary e-mail is changed")
		u.submit("Remove " + w.Admin.Email)
		u.see("The e-mail is removed")
		u.seeNot(w.Admin.Email)

		other := u.another()
		other.signIn("ada@acme.example")
		u.follow("Password")
		u.fill("Current password", pailtest.Password)
		u.fill("New password", "another horse battery staple")
		u.submit("Change the password")
		u.see("The password is changed, and all other sessions have ended.", "this session")
		other.visit("/account/sessions")
		other.at("/signin?next=%2Faccount%2Fsessions")

		other.fill("E-mail", "ada@acme.example")
		other.fill("Password", "another horse battery staple")
		other.submit("Sign in")
		u.visit("/account/sessions")
		u.submit("End all others")
		u.see("All other sessions have ended.")
		other.visit("/account/sessions")
		other.see("Sign in")

		u.click("Your account")
		u.submit("Sign out")
		u.at("/")
		u.find("Sign in", "link")
		u.visit("/account/profile")
		u.see("Sign in to see that page")
	})
}

// All of it can be done without a mouse: the keyboard gets past the navigation, into the form, and through the menu.
func TestKeyboard(t *testing.T) {
	needChromium(t)
	w := startWorld(t)
	u := newUser(t, w.Server)
	u.visit("/signin")
	u.press(kb.Tab)
	if got := u.focused(); got != "Skip to the content" {
		t.Fatalf("the first stop is %q", got)
	}
	u.press(kb.Enter)
	u.tabTo("E-mail")
	u.press(w.Admin.Email)
	u.tabTo("Password")
	u.press(pailtest.Password)
	u.leaveByKeys(kb.Enter)
	u.at("/")
	u.tabTo("Your account")
	u.press(kb.Enter)
	u.tabTo("Profile")
	u.leaveByKeys(kb.Enter)
	u.at("/account/profile")
}
