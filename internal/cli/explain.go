package cli

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/api"
	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/profile"
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
	Secret  string // "" when it is not at hand
}

// explainCall says in a few lines why a call was refused, and the way out: the first thing that the doctor finds in what
// was asked and answered. It never holds a secret.
func explainCall(c refusedCall) []string {
	report := doctor.Examine(doctor.Case{
		Surface: doctor.SurfaceREST, Method: c.Method, API: c.Profile.API,
		URL:    doctor.Value{Text: strings.TrimSuffix(c.Profile.API, api.Prefix) + c.Path, Place: "PATH"},
		Login:  c.login(),
		Answer: &doctor.Answer{Status: c.Status, Header: c.Header, Body: c.Body, Place: "answer"},
		Sent:   time.Now(),
	})
	if len(report.Findings) == 0 {
		return []string{fmt.Sprintf("%d %s", c.Status, http.StatusText(c.Status))}
	}
	first := report.Findings[0]
	lines := []string{fmt.Sprintf("%s (%s, %s)", first.Title, first.Reason, first.Certainty)}
	for _, text := range []string{first.Evidence, first.Fix.Text, first.Fix.Command} {
		if text = clean(text); text != "" {
			lines = append(lines, text)
		}
	}
	return lines
}

// login is the credential as far as a profile tells it: the secret stays where it is kept.
func (c *refusedCall) login() *doctor.Login {
	user := c.Profile.Email
	if c.Profile.Kind == profile.AppPassword {
		user = c.Profile.Username
	}
	return &doctor.Login{From: "login", Bearer: c.Profile.Kind == profile.AccessToken || c.Profile.Kind == profile.OAuth,
		User: doctor.Value{Text: user, Place: "the login"}, Secret: doctor.Value{Text: c.Secret, Place: "the login", Open: c.Secret == ""}}
}

// clean is a text from a service, for the terminal: one line, and no secret in it.
func clean(text string) string {
	return token.Redact(strings.Join(strings.Fields(printable(strings.ReplaceAll(text, "\n", " "))), " "))
}
