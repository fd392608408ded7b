package doctor_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/doctor/doctortest"
	"github.com/pailforge/pail/internal/reason"
)

// kits are the services that every case is tried for.
func kits() map[string]doctortest.Kit {
	return map[string]doctortest.Kit{"bitbucket.org": doctortest.Bitbucket(), "Pail": doctortest.PailServer("https://pail.example.com")}
}

func reasons(r doctor.Report) []reason.Code {
	list := make([]reason.Code, len(r.Findings))
	for i, x := range r.Findings {
		list[i] = x.Reason
	}
	return list
}

// TestPitfalls: of every known way in which a credential does not work the doctor finds the cause first, names the other
// faults, and accuses nothing else of it.
func TestPitfalls(t *testing.T) {
	names := map[string]bool{}
	for _, p := range doctortest.All() {
		if names[p.Name] {
			t.Errorf("two pitfalls are called %q", p.Name)
		}
		names[p.Name] = true
		for service, kit := range kits() {
			if !p.On(kit) {
				continue
			}
			t.Run(p.Name+"/"+service, func(t *testing.T) {
				r := doctor.Examine(p.Make(kit))
				checkReport(t, r, kit)
				got := reasons(r)
				if len(got) == 0 || got[0] != p.First || r.Findings[0].Certainty != p.How || r.Findings[0].Fine != p.Fine {
					t.Fatalf("want %s, %s, fine %t first:\n%s", p.First, p.How, p.Fine, text(t, r))
				}
				for _, code := range p.Also {
					if !slices.Contains(got, code) {
						t.Errorf("%s is missing:\n%s", code, text(t, r))
					}
				}
				for _, code := range p.Never {
					if slices.Contains(got, code) {
						t.Errorf("%s is a false accusation:\n%s", code, text(t, r))
					}
				}
				// What the table does not name is a false accusation too.
				for _, x := range r.Findings {
					if x.Certainty != doctor.Possible && x.Reason != p.First && !slices.Contains(p.Also, x.Reason) {
						t.Errorf("%s was not expected:\n%s", x.Reason, text(t, r))
					}
				}
				want := doctor.Faults
				if p.How == doctor.Possible {
					want = doctor.Unknown
				}
				if r.Verdict != want {
					t.Errorf("verdict %s, want %s", r.Verdict, want)
				}
			})
		}
	}
}

// TestHealthy: what is right is not accused.
func TestHealthy(t *testing.T) {
	for _, h := range doctortest.AllHealthy() {
		for service, kit := range kits() {
			if !h.On(kit) {
				continue
			}
			t.Run(h.Name+"/"+service, func(t *testing.T) {
				r := doctor.Examine(h.Make(kit))
				checkReport(t, r, kit)
				if len(r.Findings) > 0 || r.Verdict != h.Verdict {
					t.Errorf("want no finding and %s:\n%s", h.Verdict, text(t, r))
				}
			})
		}
	}
}

func text(t *testing.T, r doctor.Report) string {
	t.Helper()
	var b strings.Builder
	if err := r.WriteText(&b, false); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// checkReport is what holds for every report.
func checkReport(t *testing.T, r doctor.Report, kit doctortest.Kit) {
	t.Helper()
	if r.Findings == nil {
		t.Error("findings is null")
	}
	for _, x := range r.Findings {
		if _, ok := reason.Lookup(x.Reason); !ok || x.Title == "" || x.Because == "" || x.Evidence == "" || x.Fix.Text == "" || x.Doc != x.Reason.DocPath() {
			t.Errorf("an empty part: %+v", x)
		}
		if strings.Contains(x.Fix.Text+x.Fix.Command, "{base}") {
			t.Errorf("the fix holds a placeholder: %+v", x.Fix)
		}
		// Nobody is sent to the other service.
		fix := x.Fix.Text + " " + x.Fix.Command
		if kit.Pail && x.Reason != reason.PolicyTwoStep && (strings.Contains(fix, "atlassian.com") || strings.Contains(fix, "bitbucket.org")) {
			t.Errorf("%s sends a Pail's user to Atlassian: %s", x.Reason, fix)
		}
		if !kit.Pail && (strings.Contains(fix, "/pail/v1") || strings.Contains(fix, "pail token")) && !strings.Contains(x.Evidence, "explains itself") {
			t.Errorf("%s sends a user of bitbucket.org to a Pail: %s", x.Reason, fix)
		}
	}
}
