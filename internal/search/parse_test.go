package search

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"foo":                 `"foo"`,
		"Foo BAR":             `"foo" "bar"`,
		"foo AND bar":         `"foo" "bar"`,
		"foo OR bar baz":      `"foo" OR ("bar" "baz")`,
		"foo bar OR baz":      `("foo" "bar") OR "baz"`,
		"(foo OR bar) baz":    `("foo" OR "bar") "baz"`,
		"foo NOT bar":         `"foo" NOT "bar"`,
		"foo -bar":            `"foo" NOT "bar"`,
		"-foo":                `NOT "foo"`,
		"NOT (foo OR bar)":    `NOT ("foo" OR "bar")`,
		"NOT NOT foo":         `NOT NOT "foo"`,
		`"end of file"`:       `"end of file"`,
		`"say \"hi\" \\ now"`: `"say hi now"`,
		"os.Open":             `"os open"`,
		"std::vector":         `"std vector"`,
		"http://x.y/z":        `"http x y z"`,
		"foo(bar)":            `"foo" "bar"`,
		"if (a == b)":         `"if" ("a" "b")`,
		"and or not":          `"and" "or" "not"`,
		"a && b":              `"a" "b"`,
		"a -> b":              `"a" "b"`,
		"a -- b":              `"a" "b"`,
		"a-b":                 `"a b"`,
		"repo:widgets x":      `repo:"widgets" "x"`,
		"REPO:widgets":        `repo:"widgets"`,
		`path:"src/a b" x`:    `path:"src/a b" "x"`,
		"ext:go OR ext:py":    `ext:"go" OR ext:"py"`,
		"-path:vendor x":      `NOT path:"vendor" "x"`,
		"other:value":         `"other value"`,
		"() foo":              `"foo"`,
		"検索":                  `"検 索"`,
		"getUserName":         `"getusername"`,
		"  foo\t\n ":          `"foo"`,
		`lang:c++ x`:          `lang:"c++" "x"`,
	} {
		e, err := parse(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		} else if e.String() != want {
			t.Errorf("%q: %s, want %s", text, e, want)
		}
	}
	for text, want := range map[string]string{
		"":                                    "no word",
		"   ":                                 "no word",
		"&& || !":                             "no word",
		"x lang:klingon":                      "At character 3: No language",
		"lang:*.go":                           "No language",
		"()":                                  "no word",
		`"open`:                               "At character 1: This quote",
		`foo "open`:                           "At character 5: This quote",
		`path:"open`:                          "At character 6: This quote",
		"(foo":                                "At character 1: This bracket is not closed",
		"foo)":                                "At character 4: This bracket closes none",
		"foo AND":                             "At character 5: AND",
		"AND foo":                             "At character 1: AND",
		"foo AND AND bar":                     "At character 9: AND",
		"foo AND OR bar":                      "AND",
		"OR foo":                              "At character 1: OR",
		"foo OR":                              "At character 5: OR",
		"foo OR OR bar":                       "OR",
		"NOT":                                 "At character 1: NOT",
		"foo NOT":                             "At character 5: NOT",
		"foo NOT AND bar":                     "NOT",
		"NOT ++":                              "NOT",
		"repo:":                               "At character 1: A value stands behind repo:",
		"repo: widgets":                       "A value stands behind repo:",
		`ext:""`:                              "A value stands behind ext:",
		`foo "++"`:                            "At character 5: Nothing in these quotes",
		"größe (":                             "At character 7: This bracket",
		"\xff":                                "not text",
		"a\x00b":                              "not text",
		strings.Repeat("a", maxQuery+1):       "at most 1000 characters",
		strings.Repeat("a", maxWord+1):        "at most 256 bytes",
		strings.Repeat("a ", maxTerms+1):      "at most 50 words",
		strings.Repeat("a.", maxTerms+1):      "at most 50 words",
		strings.Repeat("(", maxDepth+1) + "a": "more than 20 brackets",
		strings.Repeat("NOT ", maxDepth+1):    "more than 20 brackets",
	} {
		e, err := parse(text)
		if err == nil {
			t.Errorf("%q is read as %s", text, e)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// FuzzParse: whatever is sent is read or refused, what is read prints as the same, and can be compiled and shown.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`foo -"a b" (repo:x OR path:"y z") NOT ext:go`, "a AND (b", "((((", `path:"\""`, "lang:go ÄÖ検", "- - -a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := parse(text)
		if err != nil {
			if err.Error() == "" || !utf8.ValidString(err.Error()) {
				t.Fatalf("%q: the error says %q", text, err)
			}
			return
		}
		compile(e, nil)
		shown(e)
		printed := e.String()
		if utf8.RuneCountInString(printed) > maxQuery {
			return
		}
		again, err := parse(printed)
		if err != nil {
			t.Fatalf("%q prints as %s, which is refused: %v", text, printed, err)
		}
		if again.String() != printed {
			t.Fatalf("%q prints as %s and then as %s", text, printed, again)
		}
	})
}
