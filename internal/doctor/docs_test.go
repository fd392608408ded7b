package doctor_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/doctor/doctortest"
	"github.com/pailforge/pail/internal/reason"
)

var update = flag.Bool("update", false, "write the table in docs/doctor.md anew")

const (
	docs  = "../../docs/doctor.md"
	begin = "<!-- begin of the table -->\n"
	end   = "<!-- end of the table -->\n"
)

// TestDocs: the table of the documentation is the table of the tests.
func TestDocs(t *testing.T) {
	raw, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(raw), "\r\n", "\n")
	before, rest, ok := strings.Cut(text, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", docs)
	}
	want := before + begin + symptoms() + end + after
	if *update {
		if err := os.WriteFile(docs, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if text != want {
		t.Errorf("the table of %s is not that of the tests: go test ./internal/doctor -run TestDocs -update", docs)
	}
}

// symptoms is the table, group by group.
func symptoms() string {
	var b strings.Builder
	for _, g := range doctortest.Groups() {
		fmt.Fprintf(&b, "\n### %s\n\n| Symptom | First finding | |\n| --- | --- | --- |\n", g.Title)
		for _, p := range g.Pitfalls {
			note := string(p.How)
			if p.Fine {
				note += "; the credential is fine"
			}
			if p.Where == doctortest.Pail {
				note += "; Pail servers"
			}
			fmt.Fprintf(&b, "| %s | `%s`: %s | %s |\n", strings.ReplaceAll(p.Symptom, "|", `\|`), p.First, reason.Of(p.First).Title, note)
		}
	}
	b.WriteString("\n")
	return b.String()
}
