package story

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/reason"
)

// asked is a pitfall as the doctor gets it: what was sent, and what came back.
func (p pitfall) asked(w *pailtest.World, x subject, a *pailtest.Answer) doctor.Case {
	request := p.request
	if request == "" {
		request = "GET /2.0/user"
	}
	method, target, _ := strings.Cut(request, " ")
	c := doctor.Case{
		Client: "curl", Surface: doctor.SurfaceREST, Method: method, API: w.URL + "/2.0",
		URL:    doctor.Value{Text: w.URL + strings.Replace(target, "SECRET", x.secret, 1), Place: "URL"},
		Answer: &doctor.Answer{Status: a.Status, Header: a.Header, Body: a.Body, Place: "answer"},
	}
	for _, value := range p.header(x) {
		c.Header = append(c.Header, doctor.Field{Name: "Authorization", Value: doctor.Value{Text: value, Place: "-H"}})
	}
	return c
}

// inferred are the causes that a bare answer leaves open, or for which the doctor has a word of the caller's side.
var inferred = map[reason.Code]reason.Code{
	reason.CredentialUnknown:      reason.TokenRefused,
	reason.CredentialUserMismatch: reason.TokenRefused,
	reason.TokenRevoked:           reason.TokenRefused,
	reason.TokenExpired:           reason.TokenRefused,
}

// mended are the pitfalls of which the doctor names another fault first: what was sent is wrong as well, or says more
// than the answer.
var mended = map[string]reason.Code{
	"without a scheme, private repository":   reason.HeaderSchemeMissing,
	"no header, private repository":          reason.CredentialMissing,
	"backslash before the end":               reason.TokenEscaped,
	"$EMAIL":                                 reason.ValueNotExpanded,
	"another person's username":              reason.CredentialEmailRequired,
	"the name of the token":                  reason.CredentialEmailRequired,
	"revoked, and as Bearer":                 reason.CredentialBearerNotAccepted,
	"access token outside of its repository": reason.TokenOutOfBounds,
}

// unsaid are the pitfalls of which a bare answer leaves another fault to see than the server knows: these tokens are
// of a kind that /user does not take anyway.
var unsaid = map[string]reason.Code{
	"unknown, as Bearer":                     reason.CredentialKindNotAccepted,
	"expired access token":                   reason.CredentialKindNotAccepted,
	"access token outside of its repository": reason.RepositoryNotFound,
}

// words are what the doctor says to a person.
func words(t *testing.T, r doctor.Report) string {
	t.Helper()
	var b strings.Builder
	if err := r.WriteText(&b, false); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// diagnose hands a pitfall to the doctor, which finds what the server knows of it. An explained answer names the cause for
// certain; from a bare one the doctor infers it, and where it cannot it accuses nothing.
func diagnose(t *testing.T, w *pailtest.World, p pitfall, x subject, a *pailtest.Answer, bare bool) {
	t.Helper()
	r := doctor.Examine(p.asked(w, x, a))
	told := words(t, r)
	var got []reason.Code
	for _, f := range r.Findings {
		got = append(got, f.Reason)
	}
	if !bare && !slices.Contains(got, p.reason) {
		t.Errorf("the server says %s:\n%s", p.reason, told)
	}
	want := p.reason
	if code, ok := unsaid[p.name]; ok && bare {
		want = code
	} else if code, ok := mended[p.name]; ok {
		want = code
	} else if code, ok := inferred[want]; ok && bare {
		want = code
	}
	if len(got) == 0 || got[0] != want {
		t.Errorf("want %s first:\n%s", want, told)
	}
	if strings.Contains(told, x.secret[:13]) {
		t.Errorf("the secret is told:\n%s", told)
	}
}

// diagnoseGit is the same of git, from the address, the credential and what git printed.
func diagnoseGit(t *testing.T, w *pailtest.World, c gitCase, x subject, out string, bare bool) {
	t.Helper()
	user, err := url.PathUnescape(c.user)
	check(w, err)
	r := doctor.Examine(doctor.Case{
		Client: "git", Surface: doctor.SurfaceGit, API: w.URL + "/2.0", Output: out,
		URL:   doctor.Value{Text: w.URL + "/acme/widgets.git", Place: "remote origin"},
		Login: &doctor.Login{From: "URL", User: doctor.Value{Text: user, Place: "URL"}, Secret: doctor.Value{Text: x.secret, Place: "URL"}},
	})
	told := words(t, r)
	if c.says == nil {
		if r.Verdict != doctor.Clean {
			t.Errorf("it works:\n%s", told)
		}
		return
	}
	want := reason.Code(c.reason)
	switch {
	case c.name == "unknown":
		want = reason.CredentialUnknown
	case c.name == "account password":
		want = reason.CredentialPasswordNotAccepted
	}
	if code, ok := inferred[want]; ok && bare {
		want = code
	}
	if want == reason.PrivilegeMissing && bare {
		want = reason.RepositoryNotFound // git is told that there is no access, and no more
	}
	if len(r.Findings) == 0 || r.Findings[0].Reason != want {
		t.Errorf("want %s first:\n%s\n%s", want, out, told)
	}
	if strings.Contains(told, x.secret[:13]) {
		t.Errorf("the secret is told:\n%s", told)
	}
}

// TestDoctorAccusesNobody: what works is clean, whoever answers.
func TestDoctorAccusesNobody(t *testing.T) {
	for name, bare := range map[string]bool{"explained": false, "bare": true} {
		t.Run(name, func(t *testing.T) {
			w := pailtest.Start(t, pailtest.Options{Bare: bare}).World()
			w.Push(1)
			x, access, app := apiToken(w), accessToken(w), appPassword(w)
			for _, good := range []struct {
				name, header, path string
			}{
				{"API token", "Basic " + x.pair(x.email()), "/2.0/user"},
				{"API token, e-mail in capitals", "Basic " + x.pair(strings.ToUpper(x.email())), "/2.0/user/"},
				{"access token", "Bearer " + access.secret, "/2.0/repositories/acme/widgets"},
				{"app password", "Basic " + app.pair("acme-admin"), "/2.0/user"},
			} {
				t.Run(good.name, func(t *testing.T) {
					a := w.Want(w.Do(pailtest.Authorization(good.header), "GET", good.path, nil), 200)
					p := pitfall{request: "GET " + good.path, header: func(subject) []string { return one(good.header) }}
					if r := doctor.Examine(p.asked(w, x, a)); r.Verdict != doctor.Clean || len(r.Findings) > 0 {
						t.Errorf("with the answer: %s", words(t, r))
					}
					c := p.asked(w, x, a)
					c.Answer = nil
					if r := doctor.Examine(c); r.Verdict != doctor.Clean || len(r.Findings) > 0 {
						t.Errorf("without the answer: %s", words(t, r))
					}
				})
			}
		})
	}
}
