package webtest

import (
	"net/url"
	"regexp"
	"slices"

	"github.com/pailforge/pail/internal/pailtest"
)

// has reports whether the site has a page.
func (s *Scene) has(pattern string) bool { return slices.Contains(s.Site.Patterns(), pattern) }

// pages makes, on the pages themselves, what else there is to see: a second e-mail, an open invitation and an OAuth consumer.
func (s *Scene) pages() {
	s.T.Helper()
	s.Exec(`UPDATE account SET is_admin = TRUE WHERE id = $1`, s.Admin.ID)
	b := As(s.Server, s.Admin)
	if at := "/account/emails"; s.has("POST " + at) {
		b.Submit(b.See(at), at, url.Values{"email": {"ada@home.example"}, "password": {pailtest.Password}})
	}
	if at := "/account/ssh-keys"; s.has("POST " + at) {
		b.Submit(b.See(at), at, url.Values{"label": {"Laptop"}, "key": {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti ada@laptop"}})
	}
	if at := "/account/gpg-keys"; s.has("POST " + at) {
		b.Submit(b.See(at), at, url.Values{"key": {GPGKey}})
	}
	if at := "/acme/settings/invitations"; s.has("POST /{workspace}/settings/invitations") {
		made := b.Submit(b.See(at), at, url.Values{"note": {"for the newcomers"}, "uses": {"3"}})
		s.Invitation = found(s, made, `/invitations/([A-Za-z0-9_-]+)`)
	}
	if at := "/acme/settings/consumers/new"; s.has("POST /{workspace}/settings/consumers/new") {
		made := b.Submit(b.See(at), at, url.Values{"name": {"Dashboard"}, "callback_url": {"https://app.example.com/callback"}, "scopes": {"repository"}})
		s.Consumer = found(s, made, `/acme/settings/consumers/([0-9a-f-]{36})`)
		s.ConsumerKey = found(s, made, `<dt>Key</dt><dd><code>([^<]+)</code>`)
	}
	if at := "/acme/widgets/settings/branches"; s.has("GET /{workspace}/{repo_slug}/settings/branches") {
		s.Restriction = found(s, b.See(at), `action="`+at+`/([^"/]+)"`)
	}
	if at := "/acme/widgets/settings/deploy-keys"; s.has("GET /{workspace}/{repo_slug}/settings/deploy-keys") {
		s.DeployKey = found(s, b.See(at), `action="`+at+`/([^"/]+)"`)
	}
	if at := "/docs/operations"; s.has("GET " + at) {
		s.Operation = found(s, b.See(at), `"/docs/operations/([^"]+)"`)
	}
}

// found is what a pattern finds on a page.
func found(s *Scene, r Reply, pattern string) string {
	s.T.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(r.Body)
	if m == nil {
		s.T.Fatalf("%s: %d, and no %s\n%s", r.Path, r.Status, pattern, r.Body)
	}
	return m[1]
}

// GPGKey is a public key of Ada's.
const GPGKey = `-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEawzAFxYJKwYBBAHaRw8BAQdATMa1yOYv3M1zXrG8yfKuxQEPQOi9NsaijJml
Zo09R460HkFkYSBBZG1pbiA8YWRtaW5AYWNtZS5leGFtcGxlPoiQBBMWCAA4FiEE
PYF0LKbaXD55VY0z/YrBFm5fD9AFAmsMwBcCGwMFCwkIBwIGFQoJCAsCBBYCAwEC
HgECF4AACgkQ/YrBFm5fD9C6YgEA+6xKg9ZAR81Gf1ENW14AAiyD9+GUFKjlOdoB
cLdEmO8A/ifRwHpUTemStb+EqlruWNgXuvNN+0woHlt3gNdc4vcA
=1goL
-----END PGP PUBLIC KEY BLOCK-----`
