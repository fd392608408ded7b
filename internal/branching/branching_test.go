package branching

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A pattern matches what the regular expression matches in which each star is any characters.
func TestGlob(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		letters := rapid.SampledFrom([]rune("ab/.*"))
		pattern := rapid.StringOfN(letters, 0, 8, -1).Draw(t, "pattern")
		name := rapid.StringOfN(rapid.SampledFrom([]rune("ab/.")), 0, 12, -1).Draw(t, "name")
		like := regexp.MustCompile(`\A` + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `.*`) + `\z`)
		if got, want := glob(pattern, name), like.MatchString(name); got != want {
			t.Errorf("glob(%q, %q) = %t, want %t", pattern, name, got, want)
		}
	})
}

func TestIs(t *testing.T) {
	s := initial()
	s.Production = Trunk{Name: "live", Enabled: true}
	for i := range s.Types {
		if s.Types[i].Kind == "hotfix" {
			s.Types[i].Enabled = false
		}
	}
	for _, c := range []struct {
		branch, kind string
		want         bool
	}{
		{"main", development, true}, {"live", development, false}, {"live", production, true}, {"main", production, false},
		{"feature/x", "feature", true}, {"feature", "feature", false}, {"bugfix/x", "feature", false}, {"hotfix/x", "hotfix", false}, {"x", "no such", false},
	} {
		if got := s.Is(c.branch, c.kind, "main"); got != c.want {
			t.Errorf("%s is %s: %t, want %t", c.branch, c.kind, got, c.want)
		}
	}
	s.Production.Enabled = false
	if s.Is("live", production, "main") || s.Is("", production, "main") || s.Is("", development, "") {
		t.Error("what is disabled or not there has branches")
	}
}

func TestChange(t *testing.T) {
	yes, no, word := true, false, func(s string) *string { return &s }
	there := func(name string) (bool, error) { return name == "develop", nil }
	prefix := func(kind, prefix string, enabled *bool) ModelDraft {
		return ModelDraft{BranchTypes: &[]PrefixDraft{{Kind: &kind, Prefix: &prefix, Enabled: enabled}}}
	}
	for _, c := range []struct {
		name string
		body ModelDraft
		ok   bool
	}{
		{"nothing", ModelDraft{}, true},
		{"a branch that is there", ModelDraft{Development: &TrunkDraft{Name: word("develop")}}, true},
		{"one that is not", ModelDraft{Development: &TrunkDraft{Name: word("nowhere")}}, false},
		{"no branch at all", ModelDraft{Development: &TrunkDraft{UseMain: &no}}, false},
		{"the main branch, named beside", ModelDraft{Development: &TrunkDraft{Name: word("nowhere"), UseMain: &yes}}, true},
		{"production without a branch", ModelDraft{Production: &TrunkDraft{Enabled: &yes}}, false},
		{"production that is off names any", ModelDraft{Production: &TrunkDraft{Name: word("nowhere")}}, true},
		{"production on", ModelDraft{Production: &TrunkDraft{Name: word("develop"), Enabled: &yes}}, true},
		{"no name for a branch", ModelDraft{Development: &TrunkDraft{Name: word("a..b")}}, false},
		{"a prefix", prefix("feature", "f-", nil), true},
		{"a star", prefix("feature", "f*", nil), false},
		{"a star that is off", prefix("feature", "f*", &no), true},
		{"none", prefix("feature", "", nil), false},
		{"the beginning of another", prefix("feature", "bug", nil), false},
		{"another is its beginning", prefix("feature", "bugfix/x", nil), false},
		{"the same as another that is off", prefix("feature", "bugfix/", &no), true},
		{"too long", prefix("feature", strings.Repeat("x", maxPrefix+1), nil), false},
		{"an unknown kind", prefix("chore", "chore/", nil), false},
	} {
		s := initial()
		if err := s.change(c.body, there); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
