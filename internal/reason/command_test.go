package reason

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"mvdan.cc/sh/v3/syntax"
)

var update = flag.Bool("update", false, "write docs/errors.md anew")

// TestDocs: the document is what the table says, so that pages and document cannot drift apart.
func TestDocs(t *testing.T) {
	const file = "../../docs/errors.md"
	want := Markdown("https://pail.example.com")
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ReplaceAll(string(raw), "\r\n", "\n") != want {
		t.Errorf("%s is not what the table says: go test ./internal/reason -run TestDocs -update", file)
	}
	for _, r := range All() {
		if !strings.Contains(want, "\n`"+string(r.Code)+"`") {
			t.Errorf("%s is not in the document", r.Code)
		}
	}
}

// Where a refusal can be met over REST and over git, both are mended.
var metInBoth = []string{"credential", "token", "app_password", "account", "scope", "privilege", "repository", "revision", "rate"}

// Where only people can help, there is no command.
var noCommandMends = []Code{WorkspaceForbidden, PolicyPlan, PolicyAddress, PolicyTwoStep, PolicyInactive, ConflictState, ServerFault, OperationNotServed}

func TestEveryCodeHasItsCommands(t *testing.T) {
	for _, r := range All() {
		t.Run(string(r.Code), func(t *testing.T) {
			if len(r.Show) == 0 {
				t.Error("nothing shows it")
			}
			if (len(r.Mend) == 0) != slices.Contains(noCommandMends, r.Code) {
				t.Errorf("%d commands mend it", len(r.Mend))
			}
			tools := map[Tool]bool{}
			for _, c := range r.Mend {
				tools[c.Tool] = true
				if c.Provokes {
					t.Errorf("%s provokes and does not mend", c.Text)
				}
			}
			if !r.Local() && slices.Contains(metInBoth, r.Code.Family()) && !(tools[Curl] && tools[Git]) && !slices.Contains(noCommandMends, r.Code) {
				t.Errorf("it is mended for %v only", tools)
			}
			for _, c := range slices.Concat(r.Show, r.Mend) {
				line := c.Line("https://pail.example.com")
				file, err := syntax.NewParser().Parse(strings.NewReader(line), "")
				if err != nil {
					t.Errorf("%s: %v", line, err)
					continue
				}
				if c.Tool != Shell && !runs(file, string(c.Tool)) {
					t.Errorf("%s does not run %s", line, c.Tool)
				}
				if c.Says == "" || strings.Contains(line, "{base}") || strings.Count(c.Says, "`")%2 != 0 || !strings.HasSuffix(strings.TrimRight(c.Says, "`"), ".") {
					t.Errorf("%s says %q", line, c.Says)
				}
				if strings.Contains(line, "--user") && !strings.Contains(line, "$") {
					t.Errorf("%s has a secret written out", line)
				}
				if c.Provokes && (r.Local() || c.Tool == Shell) {
					t.Errorf("%s cannot provoke what no server answers with", line)
				}
			}
		})
	}
}

// runs tells whether a script calls a program.
func runs(file *syntax.File, program string) bool {
	found := false
	syntax.Walk(file, func(n syntax.Node) bool {
		if call, ok := n.(*syntax.CallExpr); ok && len(call.Args) > 0 && call.Args[0].Lit() == program {
			found = true
		}
		return true
	})
	return found
}

func TestEveryFamilyStandsInOneSection(t *testing.T) {
	count, ids := map[Code]int{}, map[string]bool{}
	for _, s := range Sections() {
		if len(s.Reasons) == 0 || ids[s.ID] {
			t.Errorf("section %s is empty or there twice", s.ID)
		}
		ids[s.ID] = true
		for _, r := range s.Reasons {
			count[r.Code]++
			if SectionOf(r.Code).ID != s.ID {
				t.Errorf("%s stands in %s and in %s", r.Code, s.ID, SectionOf(r.Code).ID)
			}
		}
		for _, f := range s.Families {
			if !slices.ContainsFunc(s.Reasons, func(r Reason) bool { return r.Code.Family() == f }) {
				t.Errorf("there is no family %s", f)
			}
		}
	}
	for _, r := range All() {
		if count[r.Code] != 1 {
			t.Errorf("%s stands in %d sections", r.Code, count[r.Code])
		}
	}
	if SectionOf("no.such").ID != "" {
		t.Error("a code that does not exist has a section")
	}
}
