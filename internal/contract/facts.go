package contract

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// FactsVariable is the environment variable that names the folder of published facts.
const FactsVariable = "PAIL_API_FACTS"

// Checker holds the published facts, compiled. It is safe for concurrent use.
type Checker struct {
	operations map[string]operation
	schemas    map[string]*jsonschema.Schema // by component name, as an answer refers to it
}

// operation is one line of operations.json, as far as it is about answers.
type operation struct {
	Method    string              `json:"method"`
	Path      string              `json:"path"`
	Responses map[string]response `json:"responses"` // by status or "default"
}

// response is what an answer holds, by media type; nil when nothing is known of it.
type response map[string]content

// content names a component schema; list when the answer is a bare list of them.
type content struct {
	schema string
	list   bool
}

// UnmarshalJSON reads "name" or ["name"].
func (c *content) UnmarshalJSON(b []byte) error {
	var names []string
	if json.Unmarshal(b, &names) == nil && len(names) == 1 {
		c.schema, c.list = names[0], true
		return nil
	}
	return json.Unmarshal(b, &c.schema)
}

// Find tells where the folder of published facts is: where the environment variable PAIL_API_FACTS says, or in a
// folder shared/bitbucket-api next to the working directory or next to any folder above it.
func Find() (dir string, ok bool) {
	if dir := os.Getenv(FactsVariable); dir != "" {
		return dir, true // a wrong one is Load's error, not a reason to skip
	}
	at, err := os.Getwd()
	if err != nil {
		return "", false
	}
	for {
		dir := filepath.Join(at, "shared", "bitbucket-api")
		if _, err := os.Stat(filepath.Join(dir, "operations.json")); err == nil {
			return dir, true
		}
		above := filepath.Dir(at)
		if above == at {
			return "", false
		}
		at = above
	}
}

// Published returns the checker of the folder that Find found when it was first called, or nil where there is none.
var Published = sync.OnceValues(func() (*Checker, error) {
	dir, ok := Find()
	if !ok {
		return nil, nil
	}
	return Load(dir)
})

// Load reads and compiles the facts in dir. A file that is missing or malformed, a schema that does not compile, an
// operation that names an unknown schema and an exception that applies to nothing are errors.
func Load(dir string) (*Checker, error) {
	var operations []operation
	var schemas map[string]any
	var exceptions []exception
	for name, into := range map[string]any{"operations.json": &operations, "schemas.json": &schemas, "schema_exceptions.json": &exceptions} {
		if err := decode(filepath.Join(dir, name), into); err != nil {
			return nil, err
		}
	}
	for i, e := range exceptions {
		if err := e.apply(schemas); err != nil {
			return nil, fmt.Errorf("schema_exceptions.json: exception %d: %w", i+1, err)
		}
	}
	for _, e := range documented {
		if _, there := schemas[e.Schemas[0]]; !there {
			continue
		}
		if err := e.apply(schemas); err != nil {
			return nil, fmt.Errorf("the exception for %s: %w", e.Schemas[0], err)
		}
	}
	compiled, err := compile(schemas)
	if err != nil {
		return nil, err
	}
	c := &Checker{operations: map[string]operation{}, schemas: compiled}
	for _, o := range operations {
		key := o.Method + " " + o.Path
		if _, twice := c.operations[key]; twice {
			return nil, fmt.Errorf("operations.json: %s is there twice", key)
		}
		for status, r := range o.Responses {
			for _, content := range r {
				if compiled[content.schema] == nil {
					return nil, fmt.Errorf("operations.json: %s: %s: no schema %q", key, status, content.schema)
				}
			}
		}
		c.operations[key] = o
	}
	if compiled[errorSchema] == nil {
		return nil, fmt.Errorf("schemas.json: no schema %q", errorSchema)
	}
	return c, nil
}

// decode reads one file of facts; a key that into does not know is an error only for exceptions.
func decode(path string, into any) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("published facts: %w", err)
	}
	defer func() { _ = f.Close() }()
	d := json.NewDecoder(f)
	d.UseNumber()
	if _, strict := into.(*[]exception); strict {
		d.DisallowUnknownFields()
	}
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("published facts: %s: %w", filepath.Base(path), err)
	}
	return nil
}

// TB is the part of testing.TB that [Facts] needs.
type TB interface {
	Helper()
	Skip(args ...any)
	Fatal(args ...any)
}

const missing = "published API facts not found: set " + FactsVariable + " to their folder"

// Facts returns the checker, loaded once for all tests of a package. When the facts are nowhere the test is skipped,
// or fails if PAIL_TEST_REQUIRE contains "schemas".
func Facts(t TB) *Checker {
	t.Helper()
	c, err := Published()
	switch {
	case err != nil:
		t.Fatal(err)
	case c != nil:
	case strings.Contains(os.Getenv("PAIL_TEST_REQUIRE"), "schemas"):
		t.Fatal(missing)
	default:
		t.Skip(missing)
	}
	return c
}
