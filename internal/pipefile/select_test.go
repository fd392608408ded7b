package pipefile

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// parsed is a file that is in order.
func parsed(t interface {
	Helper()
	Fatalf(string, ...any)
}, text string) *File {
	t.Helper()
	f, faults := Parse([]byte(text), nil)
	if len(faults) > 0 {
		t.Fatalf("%v\n%s", faults, text)
	}
	return f
}

const starts = `
pipelines:
  default: [step: {script: [a]}]
  branches:
    '**': [step: {script: [a]}]
    feature/bb-*: [step: {script: [a]}]
    feature/bb-123-*: [step: {script: [a]}]
    feature/bb-123-fix-links: [step: {script: [a]}]
    '{feature/*,fix/*,dev/*}': [step: {script: [a]}]
    dev/pagespeed: [step: {script: [a]}]
    '{main,develop}': [step: {script: [a]}]
    ma*: [step: {script: [a]}]
    m*n: [step: {script: [a]}]
    release/**: [step: {script: [a]}]
    release/*: [step: {script: [a]}]
    m?in2: [step: {script: [a]}]
    m*in2: [step: {script: [a]}]
  tags:
    v*: [step: {script: [a]}]
    v1.*: [step: {script: [a]}]
  pull-requests:
    feature/*: [step: {script: [a]}]
    ab*: [step: {script: [a]}]
    a*c:
      destinations:
        main: [step: {script: [a]}]
    '**':
      destinations:
        main: [step: {script: [a]}]
        '*': [step: {script: [a]}]
  custom:
    nightly: [step: {script: [a]}]
`

func TestWhichPipelineRuns(t *testing.T) {
	f := parsed(t, starts)
	branch := func(name string) (*Pipeline, Selector) { return f.ForBranch(name) }
	request := func(pair string) (*Pipeline, Selector) {
		source, destination, _ := strings.Cut(pair, " → ")
		return f.ForPullRequest(source, destination)
	}
	for _, tc := range []struct {
		of          func(string) (*Pipeline, Selector)
		name        string
		want        SelectorType
		pattern     string
		destination string
	}{
		{branch, "main", SelectBranches, "{main,develop}", ""}, // a name in braces is one
		{branch, "mason", SelectBranches, "ma*", ""},           // as many characters as m*n, and it is first
		{branch, "moon", SelectBranches, "m*n", ""},
		{branch, "main2", SelectBranches, "m?in2", ""}, // as m*in2, but it is first
		{branch, "release/1", SelectBranches, "release/*", ""},
		{branch, "release/1/2", SelectBranches, "release/**", ""},
		{branch, "feature/bb-123-fix-links", SelectBranches, "feature/bb-123-fix-links", ""},
		{branch, "feature/bb-123-fix", SelectBranches, "feature/bb-123-*", ""},
		{branch, "feature/bb-1", SelectBranches, "feature/bb-*", ""},
		{branch, "feature/x", SelectBranches, "{feature/*,fix/*,dev/*}", ""},
		{branch, "feature/x/y", SelectBranches, "**", ""},
		{branch, "dev/pagespeed", SelectBranches, "dev/pagespeed", ""},
		{f.ForTag, "v1.2", SelectTags, "v1.*", ""},
		{f.ForTag, "v2", SelectTags, "v*", ""},
		{f.ForTag, "main", "", "", ""}, // no default
		{request, "feature/a → main", SelectPullRequests, "feature/*", ""},
		{request, "abc → main", SelectPullRequests, "a*c", "main"}, // as special as ab*, and the destination says more
		{request, "abc → dev", SelectPullRequests, "ab*", ""},
		{request, "fix → main", SelectPullRequests, "**", "main"},
		{request, "fix → dev", SelectPullRequests, "**", "*"},
		{request, "fix → a/b", "", "", ""},
	} {
		p, s := tc.of(tc.name)
		if s.Type != tc.want || s.Pattern != tc.pattern || (p == nil) != (tc.want == "") {
			t.Errorf("%s: %v, want %s %s", tc.name, s, tc.want, tc.pattern)
		}
		if p != nil && (p.Name != tc.pattern || p.Destination == nil != (tc.destination == "") || p.Destination != nil && p.Destination.String() != tc.destination) {
			t.Errorf("%s: %+v", tc.name, p)
		}
	}
	f.Pipelines.Branches = nil
	if p, s := f.ForBranch("main"); p != f.Pipelines.Default || s != (Selector{Type: SelectDefault}) {
		t.Errorf("the default: %v", s)
	}
	f.Pipelines.Default = nil
	if p, s := f.ForBranch("main"); p != nil || s.Type != "" {
		t.Errorf("no default: %v", s)
	}
	if p := f.Selected(Selector{SelectCustom, "nightly"}); p == nil || p.Name != "nightly" {
		t.Errorf("custom: %v", p)
	}
	for _, s := range []Selector{{SelectCustom, "night*"}, {SelectTags, "nightly"}, {SelectDefault, ""}, {"bookmarks", "v*"}} {
		if p := f.Selected(s); p != nil {
			t.Errorf("%v: %v", s, p)
		}
	}
	var all []string
	for s := range parsed(t, starts).All() {
		if all = append(all, fmt.Sprint(s.Type, " ", s.Pattern)); s.Type == SelectCustom {
			break
		}
	}
	all = slices.DeleteFunc(all, func(s string) bool {
		return s != "branches **" && (strings.HasPrefix(s, "branches") || strings.HasPrefix(s, "pull-"))
	})
	if diff := cmp.Diff([]string{"default ", "branches **", "tags v*", "tags v1.*", "custom nightly"}, all); diff != "" {
		t.Error(diff)
	}
}

// TestOrderDoesNotMatter: which pattern counts depends on the order of the file only where several are alike.
func TestOrderDoesNotMatter(t *testing.T) {
	piece := rapid.SampledFrom([]string{"a", "b", "/", "*", "**", "?", "{a,b/}"})
	pattern := rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(piece, 1, 4).Draw(t, "pieces"), "") })
	rapid.Check(t, func(t *rapid.T) {
		f := &File{}
		for _, p := range rapid.SliceOfNDistinct(pattern, 1, 6, rapid.ID[string]).Draw(t, "patterns") {
			g, err := ParseGlob(p)
			if err != nil {
				t.Fatal(err)
			}
			f.Pipelines.Branches = append(f.Pipelines.Branches, Pipeline{Name: p, Pattern: g})
		}
		name := rapid.StringOfN(rapid.RuneFrom([]rune("ab/")), 1, 4, -1).Draw(t, "name")
		first, _ := f.ForBranch(name)
		other := &File{Pipelines: Pipelines{Branches: rapid.Permutation(f.Pipelines.Branches).Draw(t, "order")}}
		second, _ := other.ForBranch(name)
		matching := slices.ContainsFunc(f.Pipelines.Branches, func(p Pipeline) bool { return p.Pattern.Matches(name) })
		if (first == nil) == matching || (second == nil) == matching {
			t.Fatalf("%v, %v", first, second)
		}
		if first == nil {
			return
		}
		x, y := first.Pattern.best(name), second.Pattern.best(name)
		if x == nil || y == nil || x.over(y) || y.over(x) {
			t.Fatalf("%s: %s, %s", name, first.Name, second.Name)
		}
		if i := slices.IndexFunc(f.Pipelines.Branches, func(p Pipeline) bool { return p.Name == name }); i >= 0 && !x.exact {
			t.Fatalf("%s: %s goes before its name", name, first.Name)
		}
	})
}

func TestChangesets(t *testing.T) {
	f := parsed(t, `
pipelines:
  default:
    - step: {script: [a]}
    - step: {script: [a], condition: {changesets: {includePaths: ["src/**", "*.md"]}}}
    - step: {script: [a], condition: {changesets: {excludePaths: ["docs/**", "*.md"]}}}
`)
	include, exclude := f.Pipelines.Default.Items[1].Step.Condition.Changesets, f.Pipelines.Default.Items[2].Step.Condition.Changesets
	for paths, want := range map[string][2]bool{
		"":                      {false, false},
		"src/a/b.go":            {true, true},
		"README.md":             {true, false},
		"docs/a.md docs/b":      {false, false},
		"docs/a README.md":      {true, false},
		"docs/a Makefile":       {false, true},
		"docs/README.md src/.x": {true, true},
	} {
		if got := [2]bool{include.Holds(strings.Fields(paths)), exclude.Holds(strings.Fields(paths))}; got != want {
			t.Errorf("%s: %v, want %v", paths, got, want)
		}
	}
}

func TestArtifacts(t *testing.T) {
	f := parsed(t, `
pipelines:
  default:
    - step:
        script: [a]
        artifacts:
          upload:
            - {name: a, paths: ["target/**", "*.log"], ignore-paths: ["**/*.tmp"], depth: 3}
`)
	a := f.Pipelines.Default.Items[0].Step.Artifacts.Upload[0]
	for path, want := range map[string]bool{"target/a": true, "target/a/b": true, "target/a/b/c": false, "a.log": true, "x/a.log": false, "target/a.tmp": false, "src/a": false} {
		if a.Takes(path) != want {
			t.Errorf("%s: %v", path, !want)
		}
	}
}

func TestEffective(t *testing.T) {
	yes, no := true, false
	bare := parsed(t, "pipelines: {default: [{step: {script: [a]}}]}")
	if diff := diffOf(Step{
		Image: &Image{Name: DefaultImage}, Script: []Command{{Text: "a"}}, MaxTime: 120, Size: 1, Clone: Clone{Enabled: &yes, Depth: 50, LFS: &no, SkipSSLVerify: &no},
		Runtime: Runtime{Arch: "x86", AtlassianIPRanges: &no}, OIDC: OIDC{Enabled: &no},
	}, bare.Effective(bare.Pipelines.Default.Items[0].Step)); diff != "" {
		t.Error(diff)
	}
	f := parsed(t, `
image: go
clone: {depth: full, lfs: true}
options: {max-time: 5, size: 2x, docker: true, oidc: true, runtime: {cloud: {arch: arm, version: 3}}}
definitions: {services: {db: {image: pg}}}
pipelines:
  default:
    - step: {script: [a], services: [db]}
    - step: {script: [a], image: node, max-time: 6, size: 1x, oidc: false, clone: {depth: 1, enabled: false, lfs: false}, runtime: {cloud: {arch: x86}}, services: [docker]}
`)
	first := f.Effective(f.Pipelines.Default.Items[0].Step)
	if diff := diffOf(Step{
		Image: &Image{Name: "go"}, Script: []Command{{Text: "a"}}, MaxTime: 5, Size: 2, Clone: Clone{Enabled: &yes, Depth: Full, LFS: &yes, SkipSSLVerify: &no},
		Runtime: Runtime{Arch: "arm", AtlassianIPRanges: &no, Version: "3"}, OIDC: OIDC{Enabled: &yes}, Services: []string{"db", "docker"},
	}, first); diff != "" {
		t.Error(diff)
	}
	second := f.Effective(f.Pipelines.Default.Items[1].Step)
	if diff := diffOf(Step{
		Image: &Image{Name: "node"}, Script: []Command{{Text: "a"}}, MaxTime: 6, Size: 1, Clone: Clone{Enabled: &no, Depth: 1, LFS: &no, SkipSSLVerify: &no},
		Runtime: Runtime{Arch: "x86", AtlassianIPRanges: &no, Version: "3"}, OIDC: OIDC{Enabled: &no}, Services: []string{"docker"},
	}, second); diff != "" {
		t.Error(diff)
	}
	if s := f.Pipelines.Default.Items[0].Step; len(s.Services) != 1 || s.MaxTime != 0 {
		t.Errorf("the step itself: %+v", s)
	}
}
