package access

import (
	"net/http"
	"strings"

	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/token"
)

// plainly adds to the refusal of a credential what Bitbucket Cloud says to it, for a server that answers bare. It looks
// at what was sent and at the settings, never at e or at the store: so what it says cannot tell a secret that is known
// from one that is not, nor one cause from another. It runs whichever way the server answers, and so do the steps
// before it: the time does not tell either.
func (g *Gate) plainly(e *rest.Error, r *rest.Request, surface Surface) *rest.Error {
	plain := g.plain(r.HTTP, surface)
	e.Plain = &plain
	return e
}

func (g *Gate) plain(r *http.Request, surface Surface) rest.Plain {
	values := r.Header["Authorization"]
	presented, fault := token.ParseAuthorization(values)
	if fault != nil {
		// Observed is "Invalid Authorization header" for a header that HTTP can read; that it is the answer to every one
		// from which no user and secret can be read is inferred.
		unreadable := reason.Of(reason.HeaderNotBase64)
		if fault.Code.Family() == "header" || isBasic(values[0]) && !hasPair(r) {
			return rest.Plain{Status: unreadable.Status, Message: unreadable.Message}
		}
		return rest.BadToken
	}
	shape := token.Inspect(presented.Secret)
	appPassword := shape.Kind == token.AppPassword && shape.Problem == token.None
	switch {
	case appPassword && g.appPasswordsEnded(g.Now()):
		ended := rest.Plain{Status: http.StatusUnauthorized, Message: reason.Of(reason.AppPasswordDisabled).Message}
		if surface == SurfaceGit {
			ended.Status = http.StatusGone
		}
		return ended
	case appPassword && presented.Scheme == token.Bearer:
		return rest.Plain{Status: http.StatusUnauthorized, Message: reason.Of(reason.AppPasswordAsBearer).Message}
	case shape.Problem == token.Unrecognised:
		// Observed for account passwords. Whether it is the account's own, Bitbucket Cloud may know; here it is not asked,
		// or the answer would tell who guesses passwords when to stop.
		message := reason.Of(reason.CredentialPasswordNotAccepted).Message
		if surface == SurfaceGit {
			message = strings.Replace(message, "for API", "for Git", 1)
		}
		return rest.Plain{Status: http.StatusUnauthorized, Message: message}
	}
	return rest.BadToken
}

// isBasic reports whether the scheme of a header's value is Basic.
func isBasic(value string) bool {
	scheme, _, _ := strings.Cut(strings.TrimSpace(value), " ")
	return strings.EqualFold(scheme, "basic")
}

// hasPair reports whether a user and a secret, empty or not, can be read out of Basic.
func hasPair(r *http.Request) bool {
	_, _, ok := r.BasicAuth()
	return ok
}
