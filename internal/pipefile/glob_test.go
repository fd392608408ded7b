package pipefile

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestGlob(t *testing.T) {
	for pattern, names := range map[string]struct{ yes, no string }{
		"main":                    {"main", "mai main2 Main x/main"},
		"*":                       {"main a", "feature/a"},
		"**":                      {"main feature/a a/b/c", ""},
		"feature/*":               {"feature/a feature/.a", "feature feature/a/b xfeature/a"},
		"feature/**":              {"feature/a feature/a/b", "feature"},
		"feature**":               {"feature feature2 feature/a/b", "xfeature"},
		"*/feature":               {"a/feature", "feature a/b/feature"},
		"**/x.js":                 {"x.js a/x.js a/b/x.js", "ax.js a/x.jsx"},
		"a/**/b":                  {"a/b a/x/b a/x/y/b", "ab a/xb"},
		"a**/b":                   {"a/b ax/b a/x/b", "ab"},
		"v?.*":                    {"v1.2 v1.", "v.1 v12.1 v/.1"},
		"{main,release/*}":        {"main release/1", "release release/1/2 {main,release/1}"},
		"{a,b{c,d}}{1,}":          {"a a1 bc bc1 bd1", "b b1 bcd a11"},
		"{a}":                     {"a", "{a}"},
		"x{}":                     {"x", "x{}"},
		"[a-c]x":                  {"ax bx cx", "dx x"},
		"[!a-c]x":                 {"dx -x", "ax /x x"},
		"[^a]":                    {"b ^", "a /"},
		"[]a]":                    {"] a", "b"},
		"[a\\]]":                  {"] a", "\\"},
		"[a-]":                    {"a -", "b"},
		"[+-9]":                   {"+ 0 9 .", "/"},
		`\*`:                      {"*", "a"},
		`\{a,b\}`:                 {"{a,b}", "a b"},
		`[{]a`:                    {"{a", "a"},
		"a.b+(c)":                 {"a.b+(c)", "aXb+(c)"},
		"é?":                      {"éa éé", "é éaa"},
		"src/**/{test,spec}_*.go": {"src/test_a.go src/a/b/spec_.go", "src/atest_a.go test_a.go"},
		",":                       {",", ""},
	} {
		g, err := ParseGlob(pattern)
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
			continue
		}
		for _, name := range strings.Fields(names.yes) {
			if !g.Matches(name) {
				t.Errorf("%s does not match %s", pattern, name)
			}
		}
		for _, name := range strings.Fields(names.no) {
			if g.Matches(name) {
				t.Errorf("%s matches %s", pattern, name)
			}
		}
		if g.Matches("a\nb") != (pattern == "*" || pattern == "**") {
			t.Errorf("%s and a line break", pattern)
		}
	}
}

func TestNoGlob(t *testing.T) {
	for pattern, want := range map[string]string{
		"":                         "a pattern",
		"{a,b":                     "a } that closes the {, or \\{",
		"a}":                       "a { in front of the }, or \\}",
		"[ab":                      "a ] that closes the [, or \\[",
		"[]":                       "a ] that closes the [, or \\[",
		"[/]":                      "characters other than / in [ ]",
		"[b-a]":                    "a range in [ ] that begins with the lower character",
		`a\`:                       "a character behind the \\",
		"a\xff":                    "a pattern in UTF-8",
		strings.Repeat("a", 1001):  "a pattern of at most 1000 bytes",
		strings.Repeat("{a,b}", 7): "braces that stand for at most 100 patterns of together 10000 bytes",
		strings.Repeat("a", 900) + strings.Repeat("{a,b}", 4): "braces that stand for at most 100 patterns of together 10000 bytes",
		strings.Repeat("{a,b}", 190):                          "braces that stand for at most 100 patterns of together 10000 bytes",
	} {
		if g, err := ParseGlob(pattern); err == nil || err.Error() != want {
			t.Errorf("%.20s: %v, %v", pattern, g, err)
		}
	}
}

// oracle matches by trying everything.
func oracle(pattern, before, name string) bool {
	next := func(n int, name string) bool { return oracle(pattern[n:], pattern[n-1:n], name) }
	switch {
	case pattern == "":
		return name == ""
	case strings.HasPrefix(pattern, "**/") && (before == "" || before == "/"):
		if next(3, name) {
			return true
		}
		for i := range name {
			if name[i] == '/' && next(3, name[i+1:]) {
				return true
			}
		}
		return false
	case strings.HasPrefix(pattern, "**"):
		for i := 0; i <= len(name); i++ {
			if next(2, name[i:]) {
				return true
			}
		}
		return false
	case pattern[0] == '*':
		for i := 0; i <= len(name); i++ {
			if next(1, name[i:]) {
				return true
			}
			if i < len(name) && name[i] == '/' {
				return false
			}
		}
		return false
	case pattern[0] == '{':
		end := strings.IndexByte(pattern, '}')
		for word := range strings.SplitSeq(pattern[1:end], ",") {
			if oracle(word+pattern[end+1:], before, name) {
				return true
			}
		}
		return false
	case name == "":
		return false
	case pattern[0] == '?':
		return name[0] != '/' && next(1, name[1:])
	case pattern[0] == '[':
		end := strings.IndexByte(pattern, ']')
		set, not := strings.CutPrefix(pattern[1:end], "!")
		return name[0] != '/' && strings.Contains(set, name[:1]) != not && next(end+1, name[1:])
	case pattern[0] == '\\':
		return name[0] == pattern[1] && next(2, name[1:])
	}
	return name[0] == pattern[0] && next(1, name[1:])
}

// names are all names of up to n characters.
func names(alphabet string, n int) []string {
	all := []string{""}
	for i := 0; i < len(all); i++ {
		if len(all[i]) < n {
			for _, c := range alphabet {
				all = append(all, all[i]+string(c))
			}
		}
	}
	return all
}

func TestGlobAgainstOracle(t *testing.T) {
	all := names("ab/", 5)
	piece := rapid.SampledFrom([]string{"a", "b", "/", "/", "*", "**", "**/", "?", "{a,b}", "{a/b,}", "{b,a?}", "[ab]", "[!a]", `\a`})
	rapid.Check(t, func(t *rapid.T) {
		pattern := strings.Join(rapid.SliceOfN(piece, 1, 6).Draw(t, "pieces"), "")
		if strings.Contains(pattern, `\*`) || strings.Contains(pattern, "*{") {
			return // the oracle takes stars before braces
		}
		g, err := ParseGlob(pattern)
		if err != nil {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, name := range all {
			if got, want := g.Matches(name), oracle(pattern, "", name); got != want {
				t.Fatalf("%s and %q: %v, want %v", pattern, name, got, want)
			}
		}
	})
}

func FuzzGlob(f *testing.F) {
	for _, s := range []string{"a", "**/{a,b}*[!c-d]", "{,{a,b}}", `[\]]\`, "[[]{[}]}", "é**"} {
		f.Add(s, "a/b")
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		g, err := ParseGlob(pattern)
		if err != nil {
			if err.Error() == "" {
				t.Error("no words")
			}
			return
		}
		if g.String() != pattern || len(g.forms) == 0 || len(g.forms) > maxForms {
			t.Errorf("%q: %q, %d forms", pattern, g, len(g.forms))
		}
		if !strings.ContainsAny(pattern, `*?[]{}\,`) && g.Matches(name) != (name == pattern) {
			t.Errorf("%q and %q", pattern, name)
		}
	})
}
