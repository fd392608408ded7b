package rest

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/pailforge/pail/internal/reason"
)

// This file is the other way to answer a refusal: bare, as Bitbucket Cloud does, for trying out what has to cope with
// bitbucket.org. The decision is made and recorded before anything here runs, on the same way and in the same time;
// only what is told differs.
//
// Observed on bitbucket.org: one sentence and one challenge for every credential that is refused; 400 without a body
// for a header that is broken by line breaks; "Invalid Authorization header" for one that can be read and makes no
// sense; 403 with required and granted for a missing scope; the sentences for what is not there, for unknown paths,
// and for those that were removed. Inferred: that an anonymous caller of what takes a credential gets the sentence of
// a refused one, and the shape of an answer of which only the sentence is known. Whatever else is refused keeps the
// message that an explained answer has, and loses the rest.

// Plain is a refusal in a status and a sentence.
type Plain struct {
	Status  int
	Message string // "": the answer has no body
}

// bareChallenge is what api.bitbucket.org sends with 401, as it was seen, without quotes around the realm.
const bareChallenge = "BitbucketCustom realm=Bitbucket.org HTTP"

// BadToken is what Bitbucket Cloud says to every credential that it does not take, and to none.
var BadToken = Plain{http.StatusUnauthorized, reason.Of(reason.CredentialUnknown).Message}

// Bare is what a bare server says to e. A 401 is BadToken unless e.Plain says otherwise: a new cause of one cannot
// give itself away.
func (e *Error) Bare() Plain {
	switch {
	case e.Reason == reason.HeaderLineBreak, e.Reason == reason.HeaderControlCharacter, e.Reason == reason.HeaderMalformed:
		return Plain{Status: e.Status}
	case e.Plain != nil:
		return *e.Plain
	case e.Status == http.StatusUnauthorized:
		return BadToken
	}
	return Plain{e.Status, cmp.Or(e.Message, http.StatusText(e.Status))} // no body only where it was meant
}

// renderBare is Render for a bare server.
func renderBare(e *Error) (status int, header http.Header, body []byte) {
	plain := e.Bare()
	header = http.Header{"X-Content-Type-Options": {"nosniff"}}
	for k, v := range e.Header {
		if !strings.HasPrefix(k, "X-Pail-") && k != challengeHeader {
			header[k] = v
		}
	}
	if plain.Status == http.StatusUnauthorized {
		header.Set(challengeHeader, bareChallenge)
	}
	if plain.Message == "" {
		header.Set("Content-Length", "0")
		return plain.Status, header, nil
	}
	answer := errorBody{Type: "error", Error: errorInfo{Message: plain.Message}}
	if e.Plain == nil {
		answer.Error.Fields = e.Fields
		if d := reason.Of(e.Reason).Detail; d != "" {
			answer.Error.Detail = d
		} else if scopes, ok := e.Detail.(map[string]any); ok && e.Reason == reason.ScopeMissing {
			answer.Error.Detail = scopes // required and granted
		}
		answer.Data = e.announced()
		answer.Error.Data = answer.Data
	}
	return finish(plain.Status, header, answer)
}

const challengeHeader = "Www-Authenticate"
