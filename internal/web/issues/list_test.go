package issues

import (
	"maps"
	"net/url"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// FuzzQueryIn: whatever a form calls a filter, nothing of it is kept but what the list knows, and keeping that again changes nothing.
func FuzzQueryIn(f *testing.F) {
	for _, text := range []string{"", "state=any&q=x", "state=lost&kind=%zz", "q=%00&q=b&page=3", "sort=-votes&watcher=@me", "sort=number;x=y", "assignee=%40nobody"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { stays(t, queryIn(text)) })
}

// TestKept is FuzzQueryIn for queries that mean something.
func TestKept(t *testing.T) {
	values := rapid.SampledFrom([]string{"", " ", "any", "open", "on hold", "bug", "blocker", "@me", "-votes", "number", "\x00", "x y"})
	rapid.Check(t, func(t *rapid.T) {
		q := url.Values{}
		for _, name := range append(slices.Clone(parameters), "page", "x") {
			q.Set(name, values.Draw(t, name))
		}
		k := kept(q)
		stays(t, k)
		for name := range k {
			if k.Get(name) == "" || name == "page" || name == "x" {
				t.Fatalf("%v is kept of %v", k, q)
			}
		}
	})
}

func stays(t rapid.TB, k url.Values) {
	for name := range k {
		if !slices.Contains(parameters, name) {
			t.Fatalf("%q is kept", name)
		}
	}
	again, err := url.ParseQuery(k.Encode())
	if err != nil || !maps.EqualFunc(kept(again), k, slices.Equal) {
		t.Fatalf("%v becomes %v (%v)", k, kept(again), err)
	}
}
