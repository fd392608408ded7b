package record

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/scope"
	"github.com/pailforge/pail/internal/token"
)

// maxPeek is how much of the body of a 403 is looked at, packed and unpacked.
const maxPeek = 64 << 10

// refuses tells whether an answer of this status turns the caller away.
func refuses(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone, http.StatusTooManyRequests, http.StatusNotImplemented:
		return true
	}
	return false
}

// presented is what a request said about who sends it, as far as it may be kept: no part of it is secret.
type presented struct {
	nothing bool        // no credential at all
	fault   reason.Code // the header cannot be right, whoever sends it
}

// present looks at a request's credential.
func present(q *http.Request) presented {
	values := q.Header["Authorization"]
	if len(values) == 0 {
		inURL := strings.Contains(q.URL.RawQuery, "access_token=")
		return presented{nothing: !inURL && len(q.Header["Cookie"]) == 0}
	}
	c, fault := token.ParseAuthorization(values)
	if fault != nil {
		return presented{fault: fault.Code}
	}
	if c.Scheme == token.Bearer && token.Inspect(c.Secret).Kind == token.APIToken {
		return presented{fault: reason.CredentialBearerNotAccepted}
	}
	return presented{}
}

// refusal is why a call was turned away.
type refusal struct {
	reason  reason.Code // empty: the answer does not tell
	missing scope.Set
}

// why reads it from the answer where the server explains itself, as Pail does; otherwise it infers what an answer of
// Bitbucket Cloud lets one infer, and no more.
func why(c *call, res *http.Response) refusal {
	var f refusal
	if code := reason.Code(res.Header.Get("X-Pail-Reason")); code != "" {
		if _, known := reason.Lookup(code); known {
			f.reason = code
		}
	}
	if c.status == http.StatusForbidden {
		f.forbidden(c, res)
	}
	if f.reason == "" {
		f.reason = inferred(c)
	}
	return f
}

// forbidden tells a missing scope from a credential of the wrong kind and from a missing privilege.
func (f *refusal) forbidden(c *call, res *http.Response) {
	var body struct {
		Error struct {
			Message string
			Detail  json.RawMessage
			Data    struct{ Missing []string }
		}
	}
	_ = json.Unmarshal(peek(res), &body) // what is no such JSON tells nothing
	var detail struct{ Required, Granted []string }
	_ = json.Unmarshal(body.Error.Detail, &detail) // a text in other refusals
	switch required := names(detail.Required); {
	case !required.Empty():
		f.missing = required.Without(names(detail.Granted).Expand())
		if c.granted == "" {
			c.granted = strings.Join(detail.Granted, ",")
		}
		if f.reason == "" {
			f.reason = reason.ScopeMissing
		}
	case f.reason == reason.ScopeMissing || strings.Contains(body.Error.Message, "required privilege scopes"):
		f.reason, f.missing = reason.ScopeMissing, scopesTaken(c).Without(scopesOf(c.granted).Expand())
	case f.reason == "" && (strings.Contains(body.Error.Message, "authentication types") || strings.Contains(body.Error.Message, "authentication mechanism") ||
		strings.Contains(body.Error.Message, "authentication using the provided token")):
		f.reason = reason.CredentialKindNotAccepted
	}
}

// scopesTaken is what the catalogue says that the call takes.
func scopesTaken(c *call) scope.Set {
	switch {
	case c.operation != nil:
		return c.operation.Scopes.Nearest(scopesOf(c.granted))
	case c.isGit:
		read, write := gitOperations(c.git.repository)
		if c.git.write {
			read = write
		}
		return read.Scopes.Nearest(scope.Set{})
	}
	return scope.Set{}
}

// inferred is the reason that an answer without one points to.
func inferred(c *call) reason.Code {
	switch {
	case c.status == http.StatusTooManyRequests:
		return reason.RateLimited
	case c.status == http.StatusGone && c.isGit:
		return reason.AppPasswordDisabled
	case c.status == http.StatusGone:
		return reason.PathRemoved
	case c.status == http.StatusNotImplemented:
		return reason.OperationNotServed
	case c.presented.fault != "":
		return c.presented.fault
	case c.presented.nothing && c.granted == "":
		return reason.CredentialMissing // what is private answers 404 to anonymous callers
	case c.status == http.StatusForbidden:
		return reason.PrivilegeMissing
	case c.status == http.StatusNotFound:
		return reason.ResourceNotFound
	}
	return "" // 401: one sentence for every cause
}

func names(list []string) scope.Set { return scopesOf(strings.Join(list, ",")) }

// peek reads a JSON body of at most maxPeek and puts it back; for any other body it returns nil.
func peek(res *http.Response) []byte {
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if kind != "application/json" || res.ContentLength > maxPeek || res.Body == nil {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxPeek+1))
	res.Body = &putBack{io.MultiReader(bytes.NewReader(body), failing{err}, res.Body), res.Body}
	if err != nil || len(body) > maxPeek {
		return nil
	}
	switch res.Header.Get("Content-Encoding") {
	case "":
		return body
	case "gzip":
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil
		}
		plain, err := io.ReadAll(io.LimitReader(z, maxPeek+1))
		if err != nil || len(plain) > maxPeek {
			return nil
		}
		return plain
	}
	return nil
}

// putBack is a body of which the beginning was read.
type putBack struct {
	io.Reader
	io.Closer
}

// failing reads nothing, and fails as the first reading did.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return 0, io.EOF
}
