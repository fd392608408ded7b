package story

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/token"
)

// unsaid are the causes that only the server knows. Where it says nothing, nobody can tell them apart, and the doctor
// must not pretend to.
var unsaid = map[reason.Code]bool{
	reason.TokenRevoked: true, reason.TokenExpired: true, reason.CredentialUnknown: true, reason.CredentialUserMismatch: true,
}

// TestDoctorKnowsThePitfalls hands every pitfall to the doctor: what was sent, and what came back. The first finding is
// the server's own reason where the server explains, and the same where it does not, as far as it can be known.
func TestDoctorKnowsThePitfalls(t *testing.T) {
	for name, bare := range map[string]bool{"explained": false, "bare": true} {
		t.Run(name, func(t *testing.T) {
			walk(t, pailtest.Start(t, pailtest.Options{Bare: bare}).World(), func(t *testing.T, p pitfall, x subject, a *pailtest.Answer) {
				want := p.reason
				if bare && unsaid[want] {
					want = reason.TokenRefused
				}
				report := doctor.Examine(p.attempt(x, a))
				if len(report.Findings) == 0 || report.Findings[0].Reason != want {
					t.Errorf("first finding: want %s, got %s", want, written(report))
				}
				if p.also != "" && strings.HasPrefix(p.also, "path.") && !strings.Contains(written(report), p.also) {
					t.Errorf("%s is not named: %s", p.also, written(report))
				}
				if told := written(report); strings.Contains(told, x.secret[:13]) {
					t.Errorf("the report holds the secret: %s", told)
				}
				if want == reason.TokenRefused && report.Verdict != doctor.Unknown {
					t.Errorf("what nobody can know is told as certain: %s", written(report))
				}
			})
		})
	}
}

// attempt is the pitfall as a reader of command lines would tell it.
func (p pitfall) attempt(x subject, a *pailtest.Answer) doctor.Case {
	request := p.request
	if request == "" {
		request = "GET /2.0/user"
	}
	method, target, _ := strings.Cut(request, " ")
	c := doctor.Case{Surface: doctor.SurfaceREST, Client: "curl", Method: method, API: x.w.URL,
		URL:    doctor.Value{Text: x.w.URL + strings.Replace(target, "SECRET", x.secret, 1), Place: "the URL"},
		Answer: &doctor.Answer{Status: a.Status, Header: a.Header, Body: a.Body, Place: "the answer"}}
	for _, h := range p.header(x) {
		c.Header = append(c.Header, doctor.Field{Name: "Authorization", Value: doctor.Value{Text: h, Place: "-H"}})
	}
	return c
}

func written(r doctor.Report) string {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(b)
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
					a := w.Want(w.Do(pailtest.Authorization(good.header), "GET", good.path, nil), http.StatusOK)
					p := pitfall{request: "GET " + good.path, header: func(subject) []string { return one(good.header) }}
					if r := doctor.Examine(p.attempt(x, a)); r.Verdict != doctor.Clean || len(r.Findings) > 0 {
						t.Errorf("with the answer: %s", written(r))
					}
					c := p.attempt(x, a)
					c.Answer = nil
					if r := doctor.Examine(c); r.Verdict != doctor.Clean || len(r.Findings) > 0 {
						t.Errorf("without the answer: %s", written(r))
					}
				})
			}
			if token.Inspect(x.secret).Kind != token.APIToken {
				t.Error("the scene has no API token")
			}
		})
	}
}
