package migrate

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	_ "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif" // its source holds the schema
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// sarifSchema is the published schema of SARIF 2.1.0. A module for Go holds it as a constant that it does not export.
func sarifSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/owenrumney/go-sarif/v3").Output()
	if err != nil {
		pailtest.Skip(t, "schemas", "the schema of SARIF cannot be found: "+err.Error())
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(dir)), "pkg", "report", "v210", "sarif", "schema.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	ast.Inspect(file, func(n ast.Node) bool {
		if one, ok := n.(*ast.BasicLit); ok && len(one.Value) > len(text) {
			text = one.Value
		}
		return true
	})
	text, err = strconv.Unquote(text)
	if err != nil {
		t.Fatal(err)
	}
	schema, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("sarif.json", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// TestSARIF: the log is valid against the schema, which allows nothing that it does not know.
func TestSARIF(t *testing.T) {
	schema := sarifSchema(t)
	dir := t.TempDir()
	plant(t, "testdata/tree.txtar", dir)
	put(t, filepath.Join(dir, "a b%ü.env"), filled(envLine))
	r, err := Scan(t.Context(), []string{dir, filepath.Join(dir, "nowhere")}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range []Result{r, {Findings: []Finding{}}} {
		var b bytes.Buffer
		if err := result.WriteSARIF(&b, "1.2.3"); err != nil {
			t.Fatal(err)
		}
		for _, secret := range secretsOfTests {
			if strings.Contains(b.String(), secret) {
				t.Errorf("%s… is shown", secret[:6])
			}
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(b.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Error(err)
		}
		if broken := bytes.Replace(b.Bytes(), []byte(`"columnKind"`), []byte(`"columnKinds"`), 1); true {
			value, _ := jsonschema.UnmarshalJSON(bytes.NewReader(broken))
			if schema.Validate(value) == nil {
				t.Error("the schema lets an unknown name through")
			}
		}
		var log sarifLog
		if err := json.Unmarshal(b.Bytes(), &log); err != nil {
			t.Fatal(err)
		}
		run := log.Runs[0]
		if got := len(run.Results); got != len(result.Findings) {
			t.Errorf("%d results, want %d", got, len(result.Findings))
		}
		seen := map[string]bool{}
		for _, one := range run.Results {
			print := one.Fingerprints["pailUse/v1"]
			if seen[print] {
				t.Errorf("%s: two results with one fingerprint", one.Message.Text)
			}
			seen[print] = true
			if rule := run.Tool.Driver.Rules[one.RuleIndex]; rule.ID != one.RuleID {
				t.Errorf("rule %s at the index of %s", one.RuleID, rule.ID)
			}
		}
	}
	for path, want := range map[string]string{"a b/c%.sh": "a%20b/c%25.sh", "/x/y": "file:///x/y", "C:/x/y": "file:///C:/x/y", "a:b": "./a:b"} {
		if got := uri(path); got != want {
			t.Errorf("uri(%q) = %q, want %q", path, got, want)
		}
	}
}
