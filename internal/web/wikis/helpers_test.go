package wikis_test

import (
	"html"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// matches are the first groups of all that a pattern finds in HTML.
func matches(pattern, body string) (all []string) {
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(body, -1) {
		all = append(all, html.UnescapeString(m[1]))
	}
	return all
}

func files(t *testing.T, dir string, contents map[string]string) {
	t.Helper()
	for name, text := range contents {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
