package catalog

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// published is an operation of the published API description.
type published struct {
	Method      string   `json:"method"`
	Path        string   `json:"path"`
	Tag         string   `json:"tag"`
	Scopes      []string `json:"api_token_scopes"`
	OAuth       []string `json:"oauth_scopes"`
	Credentials []string `json:"credentials"`
	Deprecated  bool     `json:"deprecated"`
	Params      []struct {
		Name string `json:"name"`
		In   string `json:"in"`
	} `json:"params"`
}

// facts reads the published operations, or skips the test where they are not
// at hand.
func facts(t *testing.T) []published {
	t.Helper()
	dir := os.Getenv("PAIL_API_FACTS")
	if dir == "" {
		dir = "../../../shared/bitbucket-api"
	}
	data, err := os.ReadFile(filepath.Join(dir, "operations.json"))
	if err != nil {
		if strings.Contains(os.Getenv("PAIL_TEST_REQUIRE"), "schemas") {
			t.Fatal(err)
		}
		t.Skip("the published API description is not here (PAIL_API_FACTS)")
	}
	var list []published
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	return list
}
