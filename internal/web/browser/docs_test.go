package browser

import (
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
)

// Somebody whose request is refused pastes it, hears which header, scheme, scope or path is to blame, and reads on.
func TestTryIt(t *testing.T) {
	withAndWithoutScripts(t, startWorld, func(u *user, w *pailtest.World) {
		u.visit("/docs")
		u.follow("Try it")
		token, secret := w.APIToken(w.Admin, "read:repository")
		paste := func(text string) {
			u.fill("A curl command, a git command with its address, or a request", text)
			u.submit("Look at it")
		}
		paste("curl -H 'Authorization: Bearer " + secret + "' " + w.URL + "/2.0/repositories/acme/widgets")
		u.see("not good", "credential.bearer_not_accepted")
		paste("curl -u '" + w.Admin.Email + ":" + secret + "' " + w.URL + "/2.0/workspaces/acme/projects/FTO/permissions/groups")
		u.see("path.data_center")
		paste("curl -u '" + w.Admin.Email + ":" + secret + "' " + w.URL + "/2.0/workspaces/acme/projects/FTO")
		u.see("scope.missing", "read:project:bitbucket")
		if strings.Contains(eval[string](u, "document.documentElement.outerHTML"), secret) {
			u.t.Error("the page gives the secret back")
		}
		paste("curl -u '" + w.Admin.Email + ":" + secret + "' " + w.URL + "/2.0/repositories/acme/widgets")
		u.see("good", "passed")
		u.seeNot("not good")
		if used := w.Used(token.ID); !used.Accessed.IsZero() {
			u.t.Error("trying counts as an access")
		}
	})
}

// The reference finds an operation by a word, and leads to its scopes.
func TestReference(t *testing.T) {
	withAndWithoutScripts(t, startWorld, func(u *user, w *pailtest.World) {
		u.visit("/docs/operations")
		u.fill("Search", "permissions-config groups")
		if !u.scripts {
			u.submit("Search")
		}
		u.seeNot("/repositories/{workspace}/{repo_slug}/commits")
		u.follow("GET /2.0/workspaces/{workspace}/projects/{project_key}/permissions-config/groups")
		u.see("read:project:bitbucket")
		u.visit("/docs/errors")
		u.see("header.line_break")
		u.visit("/docs/errors/header.line_break")
		u.see("base64")
	})
}
