package reason

import (
	"slices"
	"strings"
)

// Code names one cause of a refusal, for example "header.line_break". The part
// before the dot says where to look, the part after it says what is wrong there.
type Code string

// DocPath is the path of the code's documentation page on every Pail server,
// for example "/docs/errors/header.line_break".
func (c Code) DocPath() string { return "/docs/errors/" + string(c) }

// Family is the part of the code before the dot: "header", "token", "scope".
func (c Code) Family() string {
	family, _, _ := strings.Cut(string(c), ".")
	return family
}

// Reason is everything there is to say about a [Code] without looking at a
// particular case.
type Reason struct {
	// Code is the name, unique in the table.
	Code Code

	// Title is a short line without a full stop, for headings and lists.
	Title string

	// Status is the usual HTTP status, 400 to 599. A server may have cause to
	// answer with another one: an invisible private repository is 404. It is 0
	// for what no server answers with; see [Reason.Local].
	Status int

	// Message is what Bitbucket Cloud itself puts into error.message, so that
	// clients that match on the text keep working. It may hold placeholders in
	// braces; see [Reason.MessageWith].
	Message string

	// Detail is what Bitbucket Cloud itself puts into error.detail. It is empty
	// for most codes, because Bitbucket Cloud mostly leaves the detail out.
	Detail string

	// Why tells the cause in one to three sentences.
	Why string

	// Fix lists the ways out, the best one first. A part in backquotes is to be
	// copied. "{base}" stands for the server's external base URL; see
	// [Reason.Steps].
	Fix []string

	// Show lists commands with which to see the fault, where it is looked for first in front.
	Show []Command

	// Mend lists commands that go right, for the tools for which there are any. It may be empty where no command helps,
	// such as with a rule that an administrator has to change.
	Mend []Command

	// See lists codes that are easily taken for this one.
	See []Code
}

// MessageWith is the message with placeholders filled in. The arguments are
// pairs of a name without braces and its value:
//
//	r.MessageWith("workspace", "acme") // No workspace with identifier 'acme'.
//
// A placeholder that is not named stays as it is; an odd last argument is
// ignored.
func (r Reason) MessageWith(pairs ...string) string {
	return fill(r.Message, pairs...)
}

// Local tells that no server answers with this reason: it is found on the
// caller's side, from what was typed, configured or seen.
func (r Reason) Local() bool { return r.Status == 0 }

// Steps is Fix with "{base}" replaced by base, the external base URL of the
// server without a slash at its end, for example "https://pail.example.com".
func (r Reason) Steps(base string) []string {
	steps := make([]string, len(r.Fix))
	for i, s := range r.Fix {
		steps[i] = fill(s, "base", base)
	}
	return steps
}

func fill(text string, pairs ...string) string {
	if !strings.Contains(text, "{") {
		return text
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		text = strings.ReplaceAll(text, "{"+pairs[i]+"}", pairs[i+1])
	}
	return text
}

// table is built once from the groups; the order is the order of the docs.
var table = withCommands(slices.Concat(
	headerReasons, requestReasons, credentialReasons, oidcReasons, tokenReasons, oauthReasons,
	grantReasons, resourceReasons, pullRequestReasons, webhookReasons, pipelinesReasons, pathReasons, inputReasons, serverReasons, clientReasons,
), requestCommands, credentialCommands, oauthCommands, signInCommands, grantCommands, pullRequestCommands, webhookCommands, pipelinesCommands, inputCommands, clientCommands)

var byCode = func() map[Code]int {
	m := make(map[Code]int, len(table))
	for i, r := range table {
		m[r.Code] = i
	}
	return m
}()

// All returns every reason, in the order of the documentation: what is met
// first on the way of a request comes first. The slice is the caller's; the
// slices in it are shared and must not be changed.
func All() []Reason { return slices.Clone(table) }

// Lookup returns the reason of a code; ok is false when the table has none.
func Lookup(c Code) (r Reason, ok bool) {
	i, ok := byCode[c]
	if !ok {
		return Reason{}, false
	}
	return table[i], true
}

// Of returns the reason of a code that is known to exist, which holds for the
// constants of this package. For any other code it returns the reason of
// [ServerFault], since using a code that does not exist is a fault of the
// server.
func Of(c Code) Reason {
	if r, ok := Lookup(c); ok {
		return r
	}
	r, _ := Lookup(ServerFault)
	return r
}
