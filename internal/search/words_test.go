package search

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// found are the words of a text, each with its parts behind it.
func found(text string) (all []string) {
	words(text, func(start, end int) bool {
		all = append(all, text[start:end])
		parts(text[start:end], func(from, to int) { all = append(all, "+"+text[start+from:start+to]) })
		return true
	})
	return all
}

func TestWords(t *testing.T) {
	for text, want := range map[string]string{
		"":                "",
		" \t\n":           "",
		"func main() {}":  "func main",
		"getUserName(x)":  "getUserName +get +User +Name x",
		"get_user_name":   "get_user_name +get +user +name",
		"GET_USER":        "GET_USER +GET +USER",
		"HTTPServer":      "HTTPServer +HTTP +Server",
		"parseHTTP2Frame": "parseHTTP2Frame +parse +HTTP2 +Frame",
		"sha256Sum utf8":  "sha256Sum +sha256 +Sum utf8",
		"__init__":        "__init__ +init",
		"_":               "_",
		"a.b->c::d":       "a b c d",
		"x=1;y=0xFF":      "x 1 y 0xFF +0x +FF",
		"foo_foo":         "foo_foo +foo +foo",
		"größeÄndern":     "größeÄndern +größe +Ändern",
		"имяФайла":        "имяФайла +имя +Файла",
		"検索する code":       "検 索 す る code",
		"x検y":             "x 検 y",
		"e\u0301tat":      "e\u0301tat",
		"a\u202Eb":        "a b",
		"\uFFFDa":         "a",
		"if(a&&!b)return": "if a b return",
		"kebab-case-name": "kebab case name",
		"naïve café":      "naïve café",
		"A":               "A",
		"ABc":             "ABc +A +Bc",
		"aB":              "aB +a +B",
	} {
		if got := strings.Join(found(text), " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// FuzzWords: words lie in the text one behind the other, parts in their words, and whatever is indexed is found by itself.
func FuzzWords(f *testing.F) {
	for _, s := range []string{"getUserName", "a_b", "検索 x", "\xff\xfeabc", "İstanbul ǅ ß K"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = asText(text)
		at := 0
		words(text, func(start, end int) bool {
			if start < at || start >= end || !utf8.ValidString(text[start:end]) {
				t.Fatalf("%q: a word from %d to %d, behind %d", text, start, end, at)
			}
			at = end
			within := 0
			parts(text[start:end], func(from, to int) {
				if from < within || from >= to || to > end-start || !utf8.ValidString(text[start+from:start+to]) {
					t.Fatalf("%q: a part from %d to %d of %q", text, from, to, text[start:end])
				}
				within = to
			})
			return true
		})
		for _, token := range (splitter{}).Analyze([]byte(text)) {
			word := string(token.Term)
			marked, n := spans(text, [][]string{{word}})
			if n == 0 || !slices.ContainsFunc(marked, func(s span) bool { return s.start <= token.Start && token.End <= s.end }) {
				t.Fatalf("%q in %q: indexed, and not shown: %v", word, text, marked)
			}
		}
	})
}
