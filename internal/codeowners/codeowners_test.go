package codeowners

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want File
	}{
		"nothing":  {"", File{}},
		"comments": {"# all\n\n  # indented\r\n", File{}},
		"people": {"* ada@Example.com @bob @{557058:0a-1b} # and nobody else @eve\n", File{Rules: []Rule{{Line: 1, Pattern: "*", Owners: []Owner{
			{Kind: Email, Name: "ada@example.com"}, {Kind: Account, Name: "bob"}, {Kind: Account, Name: "557058:0a-1b"}}}}}},
		"groups": {"\ufeff*.js\t@acme/front-end @acme/all:all\n*.py @acme/py:random(3) @acme/py:least_busy\n/tf @teams/sre:random @teams/on\\ call:least_busy(2)", File{Rules: []Rule{
			{Line: 1, Pattern: "*.js", Owners: []Owner{{Kind: Group, Workspace: "acme", Name: "front-end"}, {Kind: Group, Workspace: "acme", Name: "all"}}},
			{Line: 2, Pattern: "*.py", Owners: []Owner{{Kind: Group, Workspace: "acme", Name: "py", Pick: Random, Count: 3}, {Kind: Group, Workspace: "acme", Name: "py", Pick: LeastBusy, Count: 1}}},
			{Line: 3, Pattern: "/tf", Owners: []Owner{{Kind: Team, Name: "sre", Pick: Random, Count: 1}, {Kind: Team, Name: "on call", Pick: LeastBusy, Count: 2}}}}}},
		"a space": {`design\ assets/ @ada`, File{Rules: []Rule{{Line: 1, Pattern: `design\ assets/`, Owners: []Owner{{Kind: Account, Name: "ada"}}}}}},
		"a broken line between": {"*.a @ada\n!*.b @bob\n*.c @eve\n", File{Rules: []Rule{{Line: 1, Pattern: "*.a", Owners: []Owner{{Kind: Account, Name: "ada"}}}, {Line: 3, Pattern: "*.c", Owners: []Owner{{Kind: Account, Name: "eve"}}}},
			Faults: []Fault{{2, "A pattern cannot be negated with !."}}}},
		"a broken owner": {"*.a ada @bob @acme/x:some", File{Rules: []Rule{{Line: 1, Pattern: "*.a", Owners: []Owner{{Kind: Account, Name: "bob"}}}},
			Faults: []Fault{{1, `"ada" is no owner: write an e-mail address, @name, @workspace/group or @teams/team.`}, {1, `"@acme/x:some" is no owner: write an e-mail address, @name, @workspace/group or @teams/team.`}}}},
		"numbers": {"* @acme/x:random(0) @acme/x:all(2)", File{Faults: []Fault{{1, `"@acme/x:random(0)": a number stands behind random or least_busy, and is 1 or more.`}, {1, `"@acme/x:all(2)": a number stands behind random or least_busy, and is 1 or more.`}}}},
		"nobody":  {"*.a\n*.b # later\n", File{Faults: []Fault{{1, "The pattern has no owners behind it."}, {2, "The pattern has no owners behind it."}}}},
		"patterns": {"[ab] @a\n\\#x @a\na//b @a\na\\ @a\n/ @a\nx\xff @a\n", File{Faults: []Fault{{1, "A pattern has no classes of characters in [ ]."}, {2, "A pattern cannot begin with #."},
			{3, "The pattern has nothing between two slashes."}, {4, "The pattern has no owners behind it."}, {5, "The pattern has nothing between two slashes."}, {6, "The line is not UTF-8."}}}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(&tc.want, Parse([]byte(tc.text)), cmpopts.IgnoreUnexported(Rule{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	if f := Parse(bytes.Repeat([]byte("# "), MaxSize)); len(f.Faults) != 1 || f.Faults[0].Line != 0 {
		t.Errorf("a large file: %v", f.Faults)
	}
	if f := Parse([]byte(strings.Repeat("* @ada\n", 2*maxRules))); len(f.Rules) != maxRules || len(f.Faults) != 1 || f.Faults[0].Line != maxRules+1 {
		t.Errorf("many rules: %d, %v", len(f.Rules), f.Faults)
	}
	if f := Parse([]byte("*" + strings.Repeat(" @ada", 2*maxOwners))); len(f.Rules[0].Owners) != maxOwners || len(f.Faults) != 1 {
		t.Errorf("many owners: %v", f.Faults)
	}
	if f := Parse([]byte(strings.Repeat("!x @ada\n", 1000))); len(f.Faults) != maxFaults {
		t.Errorf("%d faults", len(f.Faults))
	}
	if f := Parse([]byte(strings.Repeat("x", maxPattern+1) + " @ada")); len(f.Rules) != 0 {
		t.Error("a long pattern")
	}
}

func TestLastCounts(t *testing.T) {
	f := Parse([]byte("* @all\n*.go @go\n/internal/ @internal\n/internal/*/testdata/** @data\n"))
	for path, line := range map[string]int{"README": 1, "main.go": 2, "cmd/x/main.go": 2, "internal/a.go": 3, "internal/a/testdata/b/c.go": 4, "x/internal/a": 1} {
		if r := f.Of(path); r == nil || r.Line != line {
			t.Errorf("%s: %v, want line %d", path, r, line)
		}
	}
	if r := Parse([]byte("*.go @go")).Of("README"); r != nil {
		t.Errorf("nobody's: %v", r)
	}
}

// matches are those of the paths that git would ignore with a pattern.
func matches(t interface{ Fatalf(string, ...any) }, dir, pattern string, paths []string) []string {
	if err := os.WriteFile(filepath.Join(dir, ".gitignore"), []byte(pattern+"\n"), 0o600); err != nil {
		t.Fatalf("%v", err)
	}
	cmd := exec.Command("git", "-C", dir, "-c", "core.ignoreCase=false", "check-ignore", "--no-index", "--stdin", "-z")
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null")
	cmd.Stdin = strings.NewReader(strings.Join(paths, "\x00") + "\x00")
	out, err := cmd.Output()
	if err != nil && cmd.ProcessState.ExitCode() != 1 { // 1: nothing
		t.Fatalf("%v", err)
	}
	return strings.FieldsFunc(string(out), func(r rune) bool { return r == 0 })
}

// quirk matches what git does otherwise than it says: of ** behind a letter it takes the letter away first, and then the ** for one that
// stands by itself.
var quirk = regexp.MustCompile(`[^/]\*\*/|\*\*\*`)

// TestPatternsAsGitDoes holds patterns against what git makes of them.
func TestPatternsAsGitDoes(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("git", "init", "--quiet", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	holds := func(t interface {
		Errorf(string, ...any)
		Fatalf(string, ...any)
	}, pattern string, paths []string) {
		f := Parse([]byte(pattern + " @ada"))
		if len(f.Rules) == 0 || quirk.MatchString(pattern) {
			return // git may make something of it, or nothing
		}
		want := matches(t, dir, pattern, paths)
		for _, path := range paths {
			if got := f.Of(path) != nil; got != slices.Contains(want, path) {
				t.Errorf("%q and %q: %v, git says %v", pattern, path, got, !got)
			}
		}
	}
	for _, pattern := range []string{"a", "/a", "a/", "/a/", "*", "**", "/**", "**/", "a/*", "a/**", "**/a", "a/**/b", "a/**/", "/a/b", "a/b", "*.b", "a*", "?", "??", `\a`, `\*`, `a\ b`, "**/a/**", "a**", "/*/b", "*/", "a/**/**/b", "**/**", `\!a`, "/?/", "b/a/", "é", "?.b"} {
		holds(t, pattern, []string{"a", "b", "a/b", "b/a", "a/a/b", "a/b/a", "x/a/b", "a/x/y/b", "a.b", "x/a.b", "ab", "a b", "*", "!a", "é", "a/b/c/d"})
	}
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue { // each is a process
		if err := flag.Set("rapid.checks", "60"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = flag.Set("rapid.checks", f.DefValue) })
	}
	piece := rapid.SampledFrom([]string{"a", "b", "*", "**", "?", "/", "/", ".", `\*`, `\a`, " "})
	part := rapid.StringOfN(rapid.RuneFrom([]rune("aab.*")), 1, 3, -1).Filter(func(s string) bool { return s != "." && s != ".." && s != ".a" })
	rapid.Check(t, func(t *rapid.T) {
		pattern := strings.ReplaceAll(strings.Join(rapid.SliceOfN(piece, 1, 7).Draw(t, "pattern"), ""), " ", `\ `)
		paths := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(part, 1, 4).Draw(t, "parts"), "/") }), 1, 40, rapid.ID[string]).Draw(t, "paths")
		holds(t, pattern, paths)
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"* @ada", "a/**/b* ada@example.org @acme/x:random(2) # x\n", "\\ \\# [a] !b @x", "a//b\n/ @\n"} {
		f.Add(s, "a/b.c")
	}
	f.Fuzz(func(t *testing.T, text, path string) {
		file := Parse([]byte(text))
		if r := file.Of(path); r != nil && (len(r.Owners) == 0 || r.Line < 1) {
			t.Errorf("%+v", r)
		}
		if len(file.Rules) > maxRules || len(file.Faults) > maxFaults {
			t.Errorf("%d rules, %d faults", len(file.Rules), len(file.Faults))
		}
		for _, r := range file.Rules {
			for _, o := range r.Owners {
				if o.Name == "" || o.Pick != All && o.Count < 1 {
					t.Errorf("%+v", o)
				}
			}
		}
	})
}

func TestTeams(t *testing.T) {
	teams, faults, err := ParseTeams([]byte("backend:\n  contributors:\n    - Ada@example.org\n    - \"@bob\"\n    - \"@acme/x\"\n  reviews:\n    strategy: least_busy\n    select: 2\nfront end:\n  contributors: [eve@example.org]\nempty: {}\nodd:\n  reviews: {strategy: best}\n"))
	want := map[string]Members{"backend": {Owners: []Owner{{Kind: Email, Name: "ada@example.org"}, {Kind: Account, Name: "bob"}}, Pick: LeastBusy, Count: 2},
		"front end": {Owners: []Owner{{Kind: Email, Name: "eve@example.org"}}}, "empty": {}, "odd": {}}
	if diff := cmp.Diff(want, teams); diff != "" || err != nil || len(faults) != 2 {
		t.Errorf("%v %v %s", err, faults, diff)
	}
	for _, bad := range []string{"backend: [", "- a\n- b", "a: &x [1]\nb: *x", "a:\n  contributors: {b: c}\n", strings.Repeat("[", 600), strings.Repeat("#", MaxTeams+1), "a:\n  contributors: 3"} {
		if teams, _, err := ParseTeams([]byte(bad)); err == nil {
			t.Errorf("%.40q: %v", bad, teams)
		}
	}
	if teams, _, err := ParseTeams(nil); err != nil || len(teams) != 0 {
		t.Errorf("nothing: %v %v", teams, err)
	}
}

func FuzzTeams(f *testing.F) {
	for _, s := range []string{"a:\n  contributors: [b@c.d]", "- - - - a", "a: |\n  x", "{a: {b: [c]}}", "? a\n: b"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		teams, faults, err := ParseTeams(data)
		if err != nil && (teams != nil || err.Error() == "") || len(faults) > maxFaults {
			t.Errorf("%v %v %v", teams, faults, err)
		}
	})
}
