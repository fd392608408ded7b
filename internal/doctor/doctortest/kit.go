// Package doctortest holds the known ways in which a credential does not work, as cases for the doctor with what it must
// find first, and healthy cases in which it must find nothing. The doctor's own tests, its documentation and the tests
// against running servers go through the same list.
//
//	kit.go       what cases are made of: a service with one account and a secret of each kind
//	pitfall.go   what a case is, and All
//	header.go    the header, and secrets that were damaged
//	pairing.go   secret, user, scheme and surface
//	place.go     host and path
//	answer.go    answers over REST
//	printed.go   what git and tools print
//	healthy.go   what is right
package doctortest

import (
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/doctor"
)

// Kit is a service with one account and a secret of each kind, for which cases are made. The secrets of [Bitbucket] open
// nothing; a test against a running server puts in those that it minted.
type Kit struct {
	Pail bool   // the service is a Pail server
	API  string // base address of the API without /2.0
	Git  string // base address of git

	Email, Username                    string
	APIToken, AccessToken, AppPassword string
	OAuth                              string // an OAuth access token
}

// day is the day of all cases: everything that bitbucket.org took away in 2026 is gone.
var day = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// body is 171 characters as they stand in a token of Atlassian's.
const body = "Zq7dRk2LmW9xVb4NcT8sPy3HjG6fXeQa0UuIoKvBzDnMrSt5AwElYhCgJi1OpFZq7dRk2LmW9xVb4NcT8sPy3HjG6fXeQa0UuIoKvBzDnMrSt5AwElYhCgJi1OpFZq7dRk2LmW9xVb4NcT8sPy3HjG6fXeQa0UuIoKvBzDnMrSt"

// Bitbucket is bitbucket.org as it is after 2026-08-20, with secrets of the right form that nobody issued.
func Bitbucket() Kit {
	return Kit{
		API: "https://api.bitbucket.org", Git: "https://bitbucket.org", Email: "jane.doe@example.com", Username: "janedoe",
		APIToken: "ATATT3xFfGF0" + body + "=16C106A9", AccessToken: "ATCTT3xFfGN0" + body + "=584F6F31", AppPassword: "ATBBq7dRk2LmW9xVb4NcT8sPy3Hj0A1B2C3D",
		OAuth: "eyJhbGciOiJSUzI1NiJ9." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"bitbucket","exp":4102444800}`)) + "." + body[:86],
	}
}

// PailToken is an API token of a Pail server, of the right form, that nobody issued.
const PailToken = "ATATP1Zq7dRk2LmW9xVb4NcT8sPy3HjG6fXeQa0UuIoKvBzDn4062555C"

// PailServer is a Pail server at an address, with secrets of the right form that nobody issued.
func PailServer(base string) Kit {
	return Kit{
		Pail: true, API: base, Git: base, Email: "jane.doe@example.com", Username: "janedoe",
		APIToken: PailToken, AccessToken: "ATCTP1Zq7dRk2LmW9xVb4NcT8sPy3HjG6fXeQa0UuIoKvBzDn92904396", AppPassword: "ATBBP1Zq7dRk2LmW9xVb4NcT8sPy3HjG6E3B70A2A", OAuth: "PAILA1Zq7dRk2LmW9xVb4NcT8sPy3HjG6fXeQa0UuIoKvBzDn4F8C945A",
	}
}

// request is one request of a client that is known, without a credential.
func (k Kit) request(method, path string) doctor.Case {
	c := doctor.Case{Client: "curl", Surface: doctor.SurfaceREST, Method: method, URL: doctor.Value{Text: k.API + path, Place: "URL"}, Globs: true, Now: day}
	if k.Pail {
		c.API = k.API + "/2.0"
	}
	return c
}

// Basic is a request with a login, as curl's -u makes it.
func (k Kit) Basic(user, secret, path string) doctor.Case {
	c := k.request("GET", path)
	c.Login = &doctor.Login{From: "-u", User: doctor.Value{Text: user, Place: "-u"}, Secret: doctor.Value{Text: secret, Place: "-u"}}
	return c
}

// Header is a request with an Authorization header.
func (k Kit) Header(value, path string) doctor.Case {
	c := k.request("GET", path)
	c.Header = []doctor.Field{{Name: "Authorization", Value: doctor.Value{Text: value, Place: "-H"}}}
	return c
}

// Clone is git with a user and a secret.
func (k Kit) Clone(user, secret string) doctor.Case {
	c := doctor.Case{Client: "git", Surface: doctor.SurfaceGit, Method: "GET", URL: doctor.Value{Text: k.Git + "/acme/widgets.git", Place: "remote origin"}, Now: day}
	if k.Pail {
		c.API = k.API + "/2.0"
	}
	if user != "" || secret != "" {
		c.Login = &doctor.Login{From: "credential helper store", User: doctor.Value{Text: user, Place: "credential helper store"}, Secret: doctor.Value{Text: secret, Place: "credential helper store"}}
	}
	return c
}

// pair is what Basic holds.
func pair(user, secret string) string {
	return base64.StdEncoding.EncodeToString([]byte(user + ":" + secret))
}

// wrap breaks lines as base64 does.
func wrap(text string, width int, end string) string {
	var lines []string
	for len(text) > width {
		lines, text = append(lines, text[:width]), text[width:]
	}
	return strings.Join(append(lines, text), end)
}

// seen adds an answer to a case. Lines of head are "Name: value".
func seen(c doctor.Case, status int, content string, head ...string) doctor.Case {
	a := &doctor.Answer{Status: status, Body: []byte(content), Place: "answer.txt", Header: http.Header{}}
	for _, line := range head {
		name, value, _ := strings.Cut(line, ": ")
		a.Header.Add(name, value)
	}
	if len(head) == 0 {
		a.Header = nil
	}
	c.Answer = a
	return c
}

// The headers of answers.
var (
	anonymous     = []string{"Server: AtlassianEdge", "Content-Type: application/json", "X-Request-Id: 1"}
	refused       = []string{"Server: AtlassianEdge", "Content-Type: application/json", "Www-Authenticate: BitbucketCustom realm=Bitbucket.org HTTP"}
	authenticated = []string{"Server: AtlassianEdge", "Content-Type: application/json", "X-Oauth-Scopes: read:repository:bitbucket, read:user:bitbucket", "X-Credential-Type: api_token"}
)

// message is the form of an error.
func message(text string) string {
	return `{"type": "error", "error": {"message": "` + text + `"}}`
}
