package wiki

import (
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/gitstore"
)

func TestValidName(t *testing.T) {
	for name, want := range map[string]bool{
		"Home.md": true, "home.MD": true, "docs/Setup.md": true, "a.markdown": true, "a.creole": true, "a.rst": true, "a.txt": true,
		"Über uns.md": true, "日本語/ページ.md": true, "a & b, (c) #1?.md": true, "-x.md": true, "%2e.md": true, "a..b.md": true, "<script>.md": true, "👩‍👩‍👧.md": true,
		"1/2/3/4/5/6/7/8.md": true, strings.Repeat("x", 252) + ".md": true, "a.md/b.md": true,

		"": false, "Home": false, "Home.": false, ".md": false, "md": false, "a.html": false, "a.md.": false, "a.md ": false, "a.png": false,
		"/a.md": false, "a/": false, "a.md/": false, "a//b.md": false, "./a.md": false, "../a.md": false, "a/../b.md": false, "a/./b.md": false,
		".git/a.md": false, ".GIT/a.md": false, "a/.git/b.md": false, ".hidden.md": false, "a/.b/c.md": false,
		" a.md": false, "a /b.md": false, "a/ b.md": false, "a./b.md": false, "\u00a0a.md": false,
		"a\\b.md": false, "a\x00.md": false, "a\n.md": false, "a\x7f.md": false, "a\u0085.md": false, "a\u202eb.md": false, "a\u2066.md": false, "a\u200f.md": false, "a\u2028b.md": false,
		"a\xff.md": false, "1/2/3/4/5/6/7/8/9.md": false, strings.Repeat("x", 253) + ".md": false,
	} {
		if got := ValidName(name); got != want {
			t.Errorf("ValidName(%q) = %v", name, got)
		}
	}
}

// What can be the name of a page is a path that git takes, that stays where it is however it is read, and that goes through an address
// of the API and of the pages unchanged.
func FuzzValidName(f *testing.F) {
	for _, name := range []string{"Home.md", "docs/Setup.md", "a b/ü?#%.txt", "../x.md", "a/.git/b.md", "a\u202e.md", "%2e%2e/a.md"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if !ValidName(name) {
			return
		}
		if !gitstore.ValidPath(name) || !utf8.ValidString(name) || path.Clean("/"+name) != "/"+name || len(name) > maxName || Markup(name) == "" || Title(name) == "" {
			t.Errorf("%q is no path", name)
		}
		segments := strings.Split(name, "/")
		for i := range segments {
			segments[i] = url.PathEscape(segments[i])
		}
		m, outcome := catalog.FindHere("PUT", "/repositories/acme/widgets/wiki/"+strings.Join(segments, "/"))
		if outcome != catalog.Found || m.Param("page") != name {
			t.Errorf("%q comes as %q", name, m.Param("page"))
		}
	})
}

func TestTitle(t *testing.T) {
	for name, want := range map[string]string{"Home.md": "Home", "docs/set-up_here.md": "set up here", "-.md": "-.md", "a.b.txt": "a.b"} {
		if got := Title(name); got != want {
			t.Errorf("Title(%q) = %q", name, got)
		}
	}
}

func TestOrder(t *testing.T) {
	want := []string{"a.md", "B.md", "z.md", "docs/a.md", "docs/z/b.md", "Docs2/x.md", "m/n.md"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, compare)
	if !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

func TestRefused(t *testing.T) {
	hash := gitstore.Hash(strings.Repeat("1", 40))
	update := func(ref string) gitstore.RefUpdate {
		return gitstore.RefUpdate{Name: ref, Old: gitstore.ZeroHash, New: hash}
	}
	gone := gitstore.RefUpdate{Name: "refs/heads/main", Old: hash, New: gitstore.ZeroHash}
	for name, c := range map[string]struct {
		head    gitstore.Hash
		updates []gitstore.RefUpdate
		refused []string
	}{
		"the first":                   {"", []gitstore.RefUpdate{update("refs/heads/main")}, nil},
		"the first, of another name":  {"", []gitstore.RefUpdate{update("refs/heads/master")}, nil},
		"the first is a tag":          {"", []gitstore.RefUpdate{update("refs/tags/v1")}, []string{"refs/tags/v1"}},
		"the first are two":           {"", []gitstore.RefUpdate{update("refs/heads/main"), update("refs/heads/other")}, []string{"refs/heads/other"}},
		"the first are two others":    {"", []gitstore.RefUpdate{update("refs/heads/a"), update("refs/heads/b")}, []string{"refs/heads/a", "refs/heads/b"}},
		"another":                     {hash, []gitstore.RefUpdate{update("refs/heads/main")}, nil},
		"another branch":              {hash, []gitstore.RefUpdate{update("refs/heads/master")}, []string{"refs/heads/master"}},
		"notes":                       {hash, []gitstore.RefUpdate{update("refs/notes/commits")}, []string{"refs/notes/commits"}},
		"away with it":                {hash, []gitstore.RefUpdate{gone}, []string{"refs/heads/main"}},
		"away with what is not there": {"", []gitstore.RefUpdate{gone}, []string{"refs/heads/main"}},
	} {
		w := &Wiki{Branch: Branch, Head: c.head}
		refused := w.Refused(c.updates)
		var got []string
		for ref, why := range refused {
			if got = append(got, ref); !strings.Contains(why, "a wiki") {
				t.Errorf("%s: %s", name, why)
			}
		}
		if slices.Sort(got); !slices.Equal(got, c.refused) {
			t.Errorf("%s: refused %v", name, got)
		}
	}
}
