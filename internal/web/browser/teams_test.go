package browser

import (
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
)

// An owner invites somebody by a link, who makes an account with it, joins, and sees what the group may see; the page of
// permissions tells through which grant. Then the owner takes it back.
func TestInvitation(t *testing.T) {
	withAndWithoutScripts(t, startWorld, func(u *user, w *pailtest.World) {
		u.signIn(w.Admin.Email)
		u.visit("/acme/settings/invitations")
		u.fill("Note (optional)", "for Grace")
		u.check("Developers")
		u.submit("Make the link")
		u.see("It is shown this once")
		link := eval[string](u, `document.querySelector("main .lines code").textContent`)

		grace := u.another()
		grace.visit(link)
		grace.see("invites you to the workspace Acme", "Developers")
		grace.fill("E-mail", "grace@acme.example")
		grace.fill("Username", "grace")
		grace.fill("Password", pailtest.Password)
		grace.submit("Make the account and join")
		grace.visit("/acme")
		grace.see("widgets")
		grace.visitFor("/acme/settings/groups", 403)

		outsider := u.another()
		outsider.visitFor(link, 410)

		u.visit("/acme/projects/FTO/permissions")
		u.see("grace", "write: granted on the project to the group Developers")
		u.visit("/acme/settings/members")
		u.click("Remove grace")
		u.submit("Remove grace, yes")
		u.seeNot("grace@acme.example")
		grace.visitFor("/acme", 404)
	})
}

// An owner makes a group and a project, grants the one on the other, and sees who may do what.
func TestPermissions(t *testing.T) {
	withAndWithoutScripts(t, startWorld, func(u *user, w *pailtest.World) {
		u.signIn(w.Admin.Email)
		u.follow("Workspaces")
		u.follow("Acme")
		u.follow("Settings")
		u.follow("Groups")
		u.fill("Name", "Release managers")
		u.submit("Make the group")
		u.visit("/acme/settings/groups")
		u.follow("Release managers")
		u.fill("Username", w.Member.Username)
		u.submit("Add to the group")
		u.see("Member")

		u.visit("/acme/projects/new")
		u.fill("Name", "Releases")
		u.fill("Key", "REL")
		u.submit("Make the project")
		u.see("The project is made.")
		u.visit("/acme/projects/REL/permissions")
		u.choose("Group", "Release managers")
		u.chooseIn("Grant to the group", "Permission", "admin")
		u.submit("Grant to the group")
		u.see("admin: granted on the project to the group Release managers")
		u.submit("Revoke the permission of the group Release managers")
		u.seeNot("admin: granted on the project to the group Release managers")
	})
}
