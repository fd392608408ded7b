package scope

import (
	"math/rand"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestLeast(t *testing.T) {
	either := Need(DeleteIssue).Or(WriteIssue)
	for _, c := range []struct {
		name  string
		needs []Requirement
		want  Set
	}{
		{"nothing", nil, Set{}},
		{"no scope", []Requirement{nil, {}}, Set{}},
		{"all of one", []Requirement{Need(ReadRepository, WriteRepository)}, NewSet(ReadRepository, WriteRepository)},
		{"twice", []Requirement{Need(ReadUser), Need(ReadUser), Need(ReadProject)}, NewSet(ReadUser, ReadProject)},
		{"the first of equals", []Requirement{either}, NewSet(DeleteIssue)},
		{"what is there anyway", []Requirement{either, Need(WriteIssue)}, NewSet(WriteIssue)},
		{"in any order", []Requirement{Need(WriteIssue), either}, NewSet(WriteIssue)},
		{"the smaller", []Requirement{Need(ReadIssue, WriteIssue).Or(ReadWiki)}, NewSet(ReadWiki)},
		{"what serves two", []Requirement{Need(ReadWiki).Or(ReadUser), Need(ReadTest).Or(ReadUser)}, NewSet(ReadUser)},
		{"legacy, implied", []Requirement{Need(LegacyRepository), Need(LegacyPullRequestWrite)}, NewSet(LegacyPullRequestWrite)},
	} {
		if got := Least(c.needs...); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestServing(t *testing.T) {
	for _, c := range []struct{ granted, needed, want Set }{
		{NewSet(ReadUser, WriteUser), NewSet(ReadUser), NewSet(ReadUser)},
		{NewSet(WriteUser), NewSet(ReadUser), Set{}},
		{NewSet(LegacyRepository, LegacyRepositoryWrite), NewSet(LegacyRepository), NewSet(LegacyRepository)},
		{NewSet(LegacyPullRequestWrite, LegacyRepositoryWrite), NewSet(LegacyRepository), NewSet(LegacyRepositoryWrite)},
		{NewSet(AllWiki), NewSet(ReadWiki), NewSet(AllWiki)},
		{NewSet(ReadWiki, WriteWiki, DeleteWiki), NewSet(AllWiki), NewSet(ReadWiki, WriteWiki, DeleteWiki)},
	} {
		if got := c.granted.Serving(c.needed); got != c.want {
			t.Errorf("of %v for %v: %v, want %v", c.granted, c.needed, got, c.want)
		}
	}
}

// The least set meets every requirement, does without nothing in it, and does not depend on the order.
func TestLeastProperties(t *testing.T) {
	set := rapid.Custom(func(t *rapid.T) Set {
		return NewSet(rapid.SliceOfN(rapid.Map(rapid.IntRange(int(ReadRepository), int(DeleteIssue)), func(i int) Scope { return Scope(i) }), 1, 3).Draw(t, "scopes")...)
	})
	rapid.Check(t, func(t *rapid.T) {
		needs := rapid.SliceOfN(rapid.Map(rapid.SliceOfN(set, 1, 3), func(s []Set) Requirement { return s }), 0, 6).Draw(t, "needs")
		least := Least(needs...)
		meets := func(s Set) bool {
			return !slices.ContainsFunc(needs, func(r Requirement) bool { _, ok := r.Missing(s); return !ok })
		}
		if !meets(least) {
			t.Fatalf("%v does not meet %v", least, needs)
		}
		for _, s := range least.Scopes() {
			if meets(least.Without(NewSet(s))) {
				t.Fatalf("%v would do without %v", least, s)
			}
		}
		shuffled := slices.Clone(needs)
		rand.New(rand.NewSource(1)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if again := Least(shuffled...); again != least {
			t.Fatalf("%v in one order, %v in another", least, again)
		}
	})
}
