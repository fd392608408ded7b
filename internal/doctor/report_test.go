package doctor_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/doctor/doctortest"
	"github.com/pailforge/pail/internal/reason"
)

// TestExamineAll: the findings of several cases stand in the order of the cases, and a fault that they share stands once.
func TestExamineAll(t *testing.T) {
	kit := doctortest.Bitbucket()
	username := kit.Basic(kit.Username, kit.APIToken, "/2.0/user")
	website := kit.Basic(kit.Email, kit.APIToken, "/2.0/user")
	website.URL.Text = "https://bitbucket.org/2.0/user"
	right := kit.Basic(kit.Email, kit.APIToken, "/2.0/user")
	open := kit.Basic(kit.Email, kit.APIToken, "/2.0/user")
	open.Login.Secret.Open = true
	for name, test := range map[string]struct {
		cases   []doctor.Case
		verdict doctor.Verdict
		want    []reason.Code
	}{
		"none":           {nil, doctor.Unknown, []reason.Code{}},
		"in order":       {[]doctor.Case{website, username}, doctor.Faults, []reason.Code{reason.HostWebsite, reason.CredentialEmailRequired}},
		"shared":         {[]doctor.Case{username, right, username}, doctor.Faults, []reason.Code{reason.CredentialEmailRequired}},
		"clean":          {[]doctor.Case{right, right}, doctor.Clean, []reason.Code{}},
		"one is unknown": {[]doctor.Case{right, open}, doctor.Unknown, []reason.Code{}},
	} {
		r := doctor.ExamineAll(test.cases)
		if got := reasons(r); !slices.Equal(got, test.want) || r.Verdict != test.verdict {
			t.Errorf("%s: %s, %v", name, r.Verdict, got)
		}
		checkAny(t, r)
	}
}

// TestNotes: what a reader found joins what the judge finds, in the order of mending. A command that was not run is no
// fault.
func TestNotes(t *testing.T) {
	kit := doctortest.Bitbucket()
	note := func(code reason.Code, how doctor.Certainty) doctor.Finding {
		return doctor.Finding{Reason: code, Certainty: how, Title: reason.Of(code).Title, Because: "It was seen.", Evidence: "A note.", Place: "line 1", Doc: code.DocPath()}
	}
	c := kit.Basic(kit.Username, kit.APIToken, "/2.0/user")
	c.Notes = []doctor.Finding{note(reason.ValueNotEvaluated, doctor.Certain), note(reason.CredentialHelper, doctor.Certain)}
	if got, want := reasons(doctor.Examine(c)), []reason.Code{reason.CredentialHelper, reason.CredentialEmailRequired, reason.ValueNotEvaluated}; !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	c = kit.Basic(kit.Email, kit.APIToken, "/2.0/user")
	c.Notes = []doctor.Finding{note(reason.ValueNotEvaluated, doctor.Certain)}
	if r := doctor.Examine(c); r.Verdict != doctor.Unknown {
		t.Errorf("a command that was not run gives %s", r.Verdict)
	}
	// A reader's text is guarded like the judge's.
	c.Notes[0].Evidence = "The value is " + kit.APIToken
	if run := leak(shown(t, doctor.Examine(c)), kit.APIToken); run != "" {
		t.Errorf("%q is told by a note", run)
	}
}

func TestWriteText(t *testing.T) {
	kit := doctortest.Bitbucket()
	r := doctor.Examine(kit.Basic(kit.Username, kit.APIToken, "/2.0/user"))
	var plain, coloured strings.Builder
	if err := r.WriteText(&plain, false); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteText(&coloured, true); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(plain.String(), "\x1b") || !strings.Contains(coloured.String(), "\x1b[") {
		t.Errorf("colours:\n%q\n%q", plain.String(), coloured.String())
	}
	for _, want := range []string{"One fault.", "1. The user must be the account's e-mail  credential.email_required, certain\n", `curl --user "$EMAIL:$TOKEN"`, "at    -u\n", "/docs/errors/credential.email_required"} {
		if !strings.Contains(plain.String(), want) {
			t.Errorf("%q is not in\n%s", want, plain.String())
		}
	}
}
