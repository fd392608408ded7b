package migrate

import (
	"encoding/base64"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write findings.golden anew")

// Secrets that look like real ones. They are put together here so that none stands in the repository.
var (
	appPassword = "ATBB" + "9fKq2WvXe7RbTn4YpL8sZc3M" + "1D0E9A7C"
	oldPassword = "q7Wv9" + "ZkTn3xRbE5mYs2L"
	apiToken    = "ATATT3" + "xFfGF0" + strings.Repeat("kQ7-vR2_zN9mW4s", 12)[:171] + "=" + "4F0A91BC"
	accessToken = "ATCTT3" + "xFfGN0" + strings.Repeat("pL3-wK8_yB6tX1c", 12)[:171] + "=" + "4F0A91BC"
	githubToken = "ghp" + "_" + "R7kQ2vWx9ZbN4mTs8YpL3cE6aJ1dH5fG0uKo"
)

var secretsOfTests = []string{appPassword, oldPassword, apiToken, accessToken, githubToken}

func filled(text string) string {
	encode := base64.StdEncoding.EncodeToString
	return strings.NewReplacer("@APP@", appPassword, "@OLD@", oldPassword, "@API@", apiToken, "@ACCESS@", accessToken, "@GITHUB@", githubToken,
		"@B64API@", encode([]byte(apiToken)), "@B64(ada@acme.io)@", encode([]byte("ada@acme.io")),
		"@B64URL@", encode([]byte("https://ada:"+appPassword+"@bitbucket.org\n"))).Replace(text)
}

// plant writes an archive of testdata into a folder, and returns how many files it has.
func plant(t testing.TB, archive, dir string) int {
	t.Helper()
	a, err := txtar.ParseFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range a.Files {
		put(t, filepath.Join(dir, filepath.FromSlash(f.Name)), filled(string(f.Data)))
	}
	return len(a.Files)
}

func put(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// lines is one line for each finding.
func lines(found []Finding, below string) string {
	var b strings.Builder
	for _, f := range found {
		mark := ""
		if f.Fixable {
			mark = " fixable"
		}
		file := strings.TrimPrefix(f.File, filepath.ToSlash(below)+"/")
		fmt.Fprintf(&b, "%s:%d:%d %s%s\n\t%s\n", file, f.Line, f.Column, f.Rule, mark, f.Evidence)
		if len(f.Scopes) > 0 {
			fmt.Fprintf(&b, "\t%s (%s)\n", strings.Join(f.Scopes, " "), f.ScopesFrom)
		}
	}
	return b.String()
}

// TestPlanted: the scan finds all and only the planted cases of a tree of many kinds of files.
func TestPlanted(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	dir := t.TempDir()
	if n := plant(t, "testdata/tree.txtar", dir); n < 60 {
		t.Errorf("the tree has %d files, want 60 at least", n)
	}
	result, err := Scan(t.Context(), []string{dir}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := lines(result.Findings, dir)
	if *update {
		if err := os.WriteFile("testdata/findings.golden", []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, _ := os.ReadFile("testdata/findings.golden")
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); d != "" {
		t.Errorf("findings (-want +got):\n%s", d)
	}
	if len(result.Findings) < 45 {
		t.Errorf("%d findings, want 45 at least", len(result.Findings))
	}
	for _, secret := range secretsOfTests {
		if strings.Contains(fmt.Sprintf("%+v", result), secret) {
			t.Errorf("%s… is shown", secret[:6])
		}
	}
}

// TestOwnTree: this project writes much about app passwords, and holds none.
func TestOwnTree(t *testing.T) {
	r, err := Scan(t.Context(), []string{filepath.Join("..", "..")}, Options{})
	if err != nil || r.Coverage.Files < 100 {
		t.Fatalf("%d files, %v", r.Coverage.Files, err)
	}
	// The doctor's table of the variables that tools read names them, and reads none itself; a document shows a scan;
	// what shows that the website is no API calls it as one.
	r.Findings = slices.DeleteFunc(r.Findings, func(f Finding) bool {
		return f.Rule == RuleVariable && strings.HasSuffix(f.File, "internal/doctor/variables/table.go") || strings.HasSuffix(f.File, "docs/toolkit.md") ||
			f.Rule == "host.website" && strings.HasSuffix(f.File, "internal/reason/command_client.go")
	})
	if got := lines(r.Findings, "../.."); got != "" {
		t.Error(got)
	}
}
