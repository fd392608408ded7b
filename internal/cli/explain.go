package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/api"
	"github.com/pailforge/pail/internal/profile"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/token"
)

// refusedCall is an answer of status 400 or above to a request of ours, for whoever explains it.
type refusedCall struct {
	Profile profile.Profile
	Method  string
	Path    string // escaped, with /2.0
	Status  int
	Header  http.Header
	Body    []byte // at most profile.MaxExplained bytes of it
}

// explainCall says in a few lines why a call was refused, and the way out: from the reason in the answer where there is
// one, as a Pail gives it, else from what Bitbucket's bare answers and the catalogue tell. It never holds a secret.
func explainCall(c refusedCall) []string {
	var answer struct {
		Error struct {
			Message string          `json:"message"`
			Detail  json.RawMessage `json:"detail"`
			Data    struct {
				Reason      reason.Code `json:"reason"`
				Missing     []string    `json:"missing"`
				Explanation string      `json:"explanation"`
			} `json:"data"`
		} `json:"error"`
	}
	_ = json.Unmarshal(c.Body, &answer) // an answer that is no JSON is explained by its status
	e := answer.Error
	if known, ok := reason.Lookup(e.Data.Reason); ok {
		what := e.Data.Explanation
		var detail string
		if what == "" && json.Unmarshal(e.Detail, &detail) == nil {
			what = detail
		}
		return because(known, what, strings.TrimSuffix(c.Profile.API, api.Prefix))
	}
	if lacks := missingScopes(e.Detail); len(lacks) > 0 {
		return because(reason.Of(reason.ScopeMissing), "Missing: "+strings.Join(lacks, ", ")+".", strings.TrimSuffix(c.Profile.API, api.Prefix))
	}
	if lines := noSuchOperation(c); lines != nil {
		return lines
	}
	if c.Status == http.StatusUnauthorized {
		return []string{fmt.Sprintf("%s refuses the %s and does not say why: it may be expired or revoked, made without scopes for Bitbucket, or not go with %s.",
			c.Profile.Name, c.Profile.Kind.Title(), whoOf(c.Profile)), "See: pail auth status. To log in again: pail login"}
	}
	if e.Message != "" {
		return []string{fmt.Sprintf("%d: %s", c.Status, clean(e.Message))}
	}
	return []string{fmt.Sprintf("%d %s", c.Status, http.StatusText(c.Status))}
}

// because is a reason with what concerns this case, and its first way out.
func because(r reason.Reason, what, base string) []string {
	lines := []string{fmt.Sprintf("%s (%s)", r.Title, r.Code)}
	if what = clean(what); what != "" && what != r.Detail {
		lines = append(lines, what)
	}
	if steps := r.Steps(base); len(steps) > 0 {
		lines = append(lines, "Way out: "+steps[0])
	}
	return lines
}

// clean is a text from a service, for the terminal: one line, and no secret in it.
func clean(text string) string {
	return token.Redact(strings.Join(strings.Fields(printable(strings.ReplaceAll(text, "\n", " "))), " "))
}

// missingScopes reads the detail of Bitbucket's 403: what is required and not granted.
func missingScopes(detail json.RawMessage) (missing []string) {
	var d struct{ Required, Granted []string }
	if json.Unmarshal(detail, &d) != nil {
		return nil
	}
	for _, s := range d.Required {
		if !slices.Contains(d.Granted, s) {
			missing = append(missing, clean(s))
		}
	}
	return missing
}

// noSuchOperation answers a 404, 405 or 410 for a path that the catalogue does not have, or knows to be gone.
func noSuchOperation(c refusedCall) []string {
	switch c.Status {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone:
	default:
		return nil
	}
	asked := c.Method + " " + c.Path
	ops, problem := operationsNamed(asked)
	if problem == nil && ops[0].Removed != nil {
		problem = closed(asked, ops[0])
	}
	if problem == nil {
		return nil
	}
	return problem.lines("")
}

// whoOf is the identity that a credential is sent with to the REST API.
func whoOf(p profile.Profile) string {
	switch p.Kind {
	case profile.APIToken:
		return "the e-mail " + p.Email
	case profile.AppPassword:
		return "the username " + p.Username
	}
	return "this service"
}
