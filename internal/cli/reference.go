package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/api"
	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/token"
)

// maxSuggested is how many operations are named for one that is not there.
const maxSuggested = 3

// referenceProblem says why a text names no operation that an API token can call.
type referenceProblem struct {
	Line    int             `json:"line,omitempty"` // of the file that the text stands in, from 1
	Asked   string          `json:"asked"`
	Reason  reason.Code     `json:"reason"`
	Message string          `json:"message"`
	Path    string          `json:"path,omitempty"` // of Cloud, for a path of Data Center
	Nearest []operationJSON `json:"nearest"`
}

// gitNames are the ways to name what git does.
var gitNames = map[string]*catalog.Operation{
	"git-fetch": access.GitRead, "git fetch": access.GitRead, "git-clone": access.GitRead, "git clone": access.GitRead, "git-upload-pack": access.GitRead,
	"git-push": access.GitWrite, "git push": access.GitWrite, "git-receive-pack": access.GitWrite,
	"git-fetch-wiki": catalog.GitWikiRead, "git-clone-wiki": catalog.GitWikiRead, "git-push-wiki": catalog.GitWikiWrite,
	"git-fetch-snippet": catalog.GitSnippetRead, "git-clone-snippet": catalog.GitSnippetRead, "git-push-snippet": catalog.GitSnippetWrite,
}

// operationsNamed finds the operations that a text names: "GET /2.0/user", a path alone for all of its methods, with
// concrete values or as a template, with or without /2.0, also as a URL; or git-fetch and git-push.
func operationsNamed(text string) ([]*catalog.Operation, *referenceProblem) {
	text = strings.TrimSpace(text)
	if op := gitNames[strings.ToLower(text)]; op != nil {
		return []*catalog.Operation{op}, nil
	}
	method, target := splitMethod(text)
	path := apiPath(target)
	asked := method
	if asked == "" {
		asked = "GET"
	}
	m, outcome := catalog.FindHere(asked, path)
	switch {
	case outcome == catalog.Unknown:
		return nil, noOperation(method, asked, target, path)
	case method != "" && outcome == catalog.MethodNotAllowed:
		return nil, &referenceProblem{Asked: token.Redact(text), Reason: reason.MethodNotAllowed, Nearest: describeOperations(atPath(path, m.Allowed())),
			Message: fmt.Sprintf("%s is no method of this path; it takes %s", method, strings.Join(m.Allowed(), ", "))}
	case method != "":
		return []*catalog.Operation{m.Operation}, nil
	}
	return atPath(path, m.Allowed()), nil
}

// atPath are the operations that a path has for some methods.
func atPath(path string, methods []string) (ops []*catalog.Operation) {
	for _, method := range methods {
		if m, outcome := catalog.FindHere(method, path); outcome == catalog.Found && !slices.Contains(ops, m.Operation) { // HEAD is GET
			ops = append(ops, m.Operation)
		}
	}
	return ops
}

// splitMethod cuts the method off the front of a text, in capitals. It is empty where there is none.
func splitMethod(text string) (method, target string) {
	first, rest, both := strings.Cut(text, " ")
	if both && isMethod(first) {
		return strings.ToUpper(first), strings.TrimSpace(rest)
	}
	return "", text
}

func isMethod(word string) bool {
	switch strings.ToUpper(word) {
	case "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS":
		return true
	}
	return false
}

// apiPath is what follows /2.0 in a path or a URL, as the catalogue takes it. Of a path that is not below /2.0 it is
// the whole.
func apiPath(target string) string {
	if _, rest, ok := strings.Cut(target, "://"); ok {
		_, path, _ := strings.Cut(rest, "/")
		target = "/" + path
	}
	if i := strings.IndexAny(target, "?#"); i >= 0 {
		target = target[:i]
	}
	target = "/" + strings.TrimLeft(target, "/")
	for _, prefix := range []string{api.Prefix, "/api" + api.Prefix, "/!api" + api.Prefix} {
		if below, ok := strings.CutPrefix(target, prefix); ok && (below == "" || below[0] == '/') {
			return below
		}
	}
	return target
}

// noOperation explains a path that names nothing: what it is in Data Center, or what comes nearest.
func noOperation(method, asked, target, path string) *referenceProblem {
	p := &referenceProblem{Asked: token.Redact(strings.TrimSpace(method + " " + target)), Reason: reason.PathUnknown, Nearest: []operationJSON{},
		Message: "the API has no operation at this path"}
	hit, ok := catalog.DataCenter(asked, path)
	if !ok {
		hit, ok = catalog.DataCenter(asked, api.Prefix+path)
	}
	switch {
	case ok && hit.Operation != nil:
		p.Reason, p.Message, p.Path = reason.PathDataCenter, token.Redact(hit.Note), token.Redact(hit.Path)
		p.Nearest = describeOperations([]*catalog.Operation{hit.Operation})
	case ok:
		p.Reason, p.Message, p.Path = reason.PathDataCenter, token.Redact(hit.Note), token.Redact(hit.Path)
	default:
		p.Nearest = describeOperations(catalog.Nearest(asked, path, maxSuggested))
	}
	return p
}

// closed says why no API token can call an operation of the catalogue; nil when one can.
func closed(asked string, op *catalog.Operation) *referenceProblem {
	p := &referenceProblem{Asked: token.Redact(asked), Nearest: []operationJSON{}}
	switch {
	case op.Removed != nil:
		p.Reason, p.Message = reason.PathRemoved, "bitbucket.org has removed this operation ("+op.Removed.Change+")"
		var instead []*catalog.Operation
		for _, key := range op.Removed.Replacement {
			if r, ok := catalog.Lookup(key); ok {
				instead = append(instead, r)
			}
		}
		p.Nearest = describeOperations(instead)
	case op.AppOnly():
		p.Reason, p.Message = reason.CredentialKindNotAccepted, "only an installed app can call it"
	case !op.Accepts.Has(catalog.APIToken) && op.Accepts != catalog.Anonymous:
		p.Reason, p.Message = reason.CredentialKindNotAccepted, "no API token is accepted; it takes "+op.Accepts.String()
	default:
		return nil
	}
	return p
}

// lines is the problem for a person: what was asked, why not, and what to ask instead.
func (p *referenceProblem) lines(file string) []string {
	first := p.Asked + ": " + p.Message
	if p.Line > 0 {
		first = fmt.Sprintf("%s:%d: %s", file, p.Line, first)
	}
	all := []string{fmt.Sprintf("%s (%s)", first, p.Reason)}
	for _, op := range p.Nearest {
		path := op.Path
		if p.Path != "" {
			path = p.Path
		}
		all = append(all, fmt.Sprintf("  %s %s takes %s", op.Method, path, op.scopes()))
	}
	if len(p.Nearest) == 0 && p.Path != "" {
		all = append(all, "  in the Cloud: "+p.Path)
	}
	return all
}

// told is the error of problems that stand on the output already, or in it.
type problemsError struct{ lines []string }

func (e *problemsError) Error() string { return strings.Join(e.lines, "\n") }

func problemsOf(problems []*referenceProblem, file string) error {
	if len(problems) == 0 {
		return nil
	}
	e := &problemsError{}
	for _, p := range problems {
		e.lines = append(e.lines, p.lines(file)...)
	}
	return e
}
