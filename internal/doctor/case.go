package doctor

import (
	"net/http"
	"time"
)

// Surface is what a request is for: credentials go with different users and schemes on each.
type Surface string

// The surfaces. An unknown one is decided from the URL.
const (
	SurfaceUnknown Surface = ""
	SurfaceREST    Surface = "rest"
	SurfaceGit     Surface = "git"
	SurfaceWebsite Surface = "website" // pages of bitbucket.org
	SurfaceOther   Surface = "other"   // another product or service
)

// Value is a text and where it stands, so that a finding can point at it.
type Value struct {
	Text  string
	Place string // for a person: "-H, column 23", "line 3 of .netrc", "BITBUCKET_TOKEN"
	// Source is how the value is written where it stands, before a shell or template filled it in: `"$EMAIL:$TOKEN"`.
	// Empty when it is the same as Text. It holds no secret unless Text itself was written there.
	Source string
	// Open tells that a part of the value is not known: a variable that is not set here, a command that was not run.
	// Nothing is concluded from the shape of an open value.
	Open bool
}

// Field is a header as a client was told to send it, with line breaks if it has any.
type Field struct {
	Name  string
	Value Value
}

// Login is a user and a secret that a client sends as Basic by itself: curl's -u, .netrc, the part of a URL before the
// @, what a credential helper answers, a tool's two fields.
type Login struct {
	User   Value
	Secret Value
	From   string // "-u", ".netrc", "URL", "credential helper osxkeychain", "variables"
	// Bearer tells that the tool sends Secret as Bearer, without a user.
	Bearer bool
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header // nil when headers were not seen
	Body   []byte      // at most the first 64 KiB
	Place  string      // "answer.txt", "standard input", "probe GET /2.0/user"
	Before []Answer    // what came on the way to it: redirects, a proxy's refusal; without bodies, the first in front
}

// Case is one attempt, made or planned.
type Case struct {
	Surface Surface
	Client  string // "curl", "git", "renovate", …; "" when not known
	Method  string // "" when not known
	// URL as the client gets it. It may lack a scheme or be damaged. Its Place says where it stands. Without a URL, API
	// and Path may still be known.
	URL Value
	// API is the base address that the user says the API has (--api), "" when not said: then a URL that is none of
	// bitbucket.org's may be a Pail server.
	API    string
	Header []Field
	Login  *Login
	// NoHelper tells that no credential was found where the client looks for one: git without a helper, a terminal and a
	// login in its URL.
	NoHelper bool
	// Globs tells that the client takes braces and brackets in a URL for patterns (curl without --globoff).
	Globs bool
	// Redirects tells that the client follows redirects, and Trusts that it sends the login to other hosts too.
	Redirects, Trusts bool
	// HTTP2 tells that the client may speak HTTP/2 to an https address, where a broken header behaves differently.
	HTTP2 bool

	Answer *Answer
	Output string    // what git or a tool printed
	Sent   time.Time // when the answer was seen, for the clock; zero when not known
	Now    time.Time // the day that dates are judged by; zero for the machine's
	Notes  []Finding // what the reader itself found
}
