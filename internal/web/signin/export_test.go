package signin

import (
	"time"

	"github.com/pailforge/pail/internal/config"
	"golang.org/x/oauth2"
)

// For the tests outside of the package.
const FirstScopes = firstScopes

var (
	Shell  = shell
	Inside = inside
)

// Attempt is the text of a sign-in's cookie and the state that goes with it.
func Attempt(began time.Time, next string) (cookie, state string) {
	a := newAttempt(began, next)
	return string(a), a.state()
}

// StateOf is the state that goes with a cookie.
func StateOf(cookie string) string { return attempt(cookie).state() }

// Style tells whether a provider with these methods gets the client's secret in a header.
func Style(secret string, methods ...string) bool {
	return (&Provider{settings: config.OIDC{ClientSecret: secret}}).style(methods) == oauth2.AuthStyleInHeader
}
