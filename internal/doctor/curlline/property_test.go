package curlline

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"mvdan.cc/sh/v3/syntax"
	"pgregory.net/rapid"
)

// TestWordsAreTheirQuotedLine: reading words is reading the line that a shell would cut into these words.
func TestWordsAreTheirQuotedLine(t *testing.T) {
	long, short := strings.Fields(valuedNames+" "+toggleNames+" "+plainNames), strings.Fields(shortNames)
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{"-u", "-H", "-X", "-sSu", "--next", "-n", "-K", "--url", "Authorization: Basic abc", "Authorization:", "Basic", "me:secret",
			"https://api.bitbucket.org/2.0/user", "http://a:b@c/{x}", "–u", " ", "", "@", "-", "--", "$TOKEN", "$(id)", "`id`", "a\nb", "~/x", "{a,b}", "*", "curl", "'", `"`, `\`, "%20", "ä“”"}),
		rapid.Map(rapid.SampledFrom(long), func(n string) string { return "--" + n }),
		rapid.Map(rapid.SampledFrom(short), func(n string) string { return "-" + n }),
		rapid.StringMatching(`[ -~]{0,12}`),
		rapid.String(),
	)
	rapid.Check(t, func(t *rapid.T) {
		words := append([]string{"curl", "http://x/"}, rapid.SliceOfN(piece, 0, 8).Draw(t, "words")...)
		var quoted []string
		for i, w := range words {
			words[i] = clean(w)
			q, err := syntax.Quote(words[i], syntax.LangBash)
			if err != nil {
				t.Skip(err)
			}
			quoted = append(quoted, q)
		}
		a, errA := Words(t.Context(), words, Options{})
		line := strings.Join(quoted, " ")
		if p := tidy(line); p.text != line || len(p.notes) > 0 {
			t.Skip("it looks like a prompt or like another shell's line")
		}
		b, errB := Line(t.Context(), line, Options{})
		if (errA == nil) != (errB == nil) {
			t.Fatalf("%q: %v; %q: %v", words, errA, line, errB)
		}
		if d := cmp.Diff(a, b); d != "" {
			t.Fatalf("%q and %q differ:\n%s", words, line, d)
		}
	})
}

// FuzzLine: whatever comes in is read without a panic, in little memory, and twice alike. The files it names hold it
// itself.
func FuzzLine(f *testing.F) {
	for _, line := range realLines {
		f.Add(line, "EMAIL=a TOKEN=b")
	}
	for _, line := range []string{
		"curl {1..9999999}{1..9999999} x", "A=aaaaaaaa; A=$A$A$A$A$A$A$A$A; A=$A$A$A$A$A$A$A$A; A=$A$A$A$A$A$A$A$A; A=$A$A$A$A$A$A$A$A; A=$A$A$A$A$A$A$A$A; A=$A$A$A$A$A$A$A$A; A=$A$A$A$A$A$A$A$A; curl $A",
		"curl $(echo $(echo $(echo $(echo $(curl x)))))", "curl ${A:=${B:-$C}}/${A//a/b}${#A}${A@Q}${!A}$((1<<99))<(x)", "curl -u \"a:$(printf '%9999999999s' x)\"",
		"curl -H \"A: $(base64 -w1 <<<xxxxxxxxxxxxxx | tr -d '\\n')\" x", "curl --expand-url '{{a}}{{a:b64:b64}}' --variable a=b", "curl -K - <<< 'config = -'", "curl \"${A[@]}\" ${A[9999999999]} x",
		"\uFDD00\uFDD1", "curl $'\\ufdd00\\ufdd1' $'\\ufdd09\\ufdd1' x", "a=(curl x); ${a[*]}; ${a[@]:1}", "curl ~root/x ~/x a=~b", "IFS=/; A=a/b; curl $A", "function f { curl x; }; [[ $(curl y) ]]", "curl x &\n-u a:b",
	} {
		f.Add(line, "A=x")
	}
	f.Fuzz(func(t *testing.T, line, env string) {
		o := Options{Env: strings.Fields(env), ReadFile: func(name string) ([]byte, error) {
			if len(name)%3 == 0 {
				return nil, os.ErrNotExist
			}
			return []byte(line), nil
		}}
		cases, err := Line(t.Context(), line, o)
		again, errAgain := Line(t.Context(), line, o)
		if d := cmp.Diff(cases, again); d != "" || (err == nil) != (errAgain == nil) {
			t.Errorf("read twice, and not alike:\n%s", d)
		}
		if len(cases) > maxRequests {
			t.Errorf("%d cases", len(cases))
		}
		size := 0
		for _, c := range cases {
			size += len(c.URL.Text)
			for _, h := range c.Header {
				size += len(h.Value.Text)
			}
			if strings.ContainsRune(c.URL.Text, markOpen) {
				t.Errorf("a mark is left: %q", c.URL.Text)
			}
		}
		if size > maxExpanded*(1+len(cases)) {
			t.Errorf("%d bytes", size)
		}
		if _, err := Words(t.Context(), append([]string{"curl"}, strings.Fields(line)...), o); err != nil && len(err.Error()) > 300 {
			t.Error(err)
		}
	})
}

// TestBounds: what is made to be slow or large is neither.
func TestBounds(t *testing.T) {
	for name, line := range map[string]string{
		"substitutions": strings.Repeat("$(", maxNesting-1) + "curl x" + strings.Repeat(")", maxNesting-1),
		"arithmetic":    "curl x$((" + strings.Repeat("(", maxNesting-10) + "1" + strings.Repeat(")", maxNesting-10) + "))",
		"doubling":      "A=aaaa;" + strings.Repeat("A=$A$A;", 5000) + "curl -u a:$A http://x/",
		"growing":       "A=" + strings.Repeat("a", 100000) + ";curl -u a:" + strings.Repeat("$A", 50000) + " http://x/",
		"braces":        "curl " + strings.Repeat("{a,b}", 60) + " http://x/",
		"sequences":     strings.Repeat("curl {1..250}{1..250} http://x/;", 2000),
		"addresses":     "curl " + strings.Repeat("http://x/ ", 20000),
		"commands":      strings.Repeat("curl http://x/;", 15000),
		"patterns":      "A=" + strings.Repeat("a", 4000) + ";" + strings.Repeat("curl ${A%%*a*a*a*a*a*a*a*a*b};", 3000),
		"replacing":     "A=" + strings.Repeat("a", 1000) + ";" + strings.Repeat("A=${A//a/aaaaaaaa};", 2000) + "curl $A",
		"base64":        "A=" + strings.Repeat("a", 100000) + ";" + strings.Repeat("A=$(echo $A | base64);", 1000) + "curl $A",
		"quotes":        "curl " + strings.Repeat(`"$(echo '`, 400) + strings.Repeat(`')"`, 400),
		"backquotes":    "curl " + strings.Repeat("`", 1001),
		"ifs":           strings.Repeat("if curl x; then ", 900) + strings.Repeat("fi;", 900),
		"files":         "curl -K " + strings.Repeat("x", 10) + " http://x/",
		"nested lines":  `bash -c "bash -c \"bash -c 'curl x; curl y'\""`,
	} {
		t.Run(name, func(t *testing.T) {
			cases, err := Line(t.Context(), line, Options{ReadFile: func(string) ([]byte, error) {
				return []byte(strings.Repeat("config = y\nurl = http://x/\n", 5)), nil
			}})
			if len(cases) > maxRequests {
				t.Errorf("%d cases, %v", len(cases), err)
			}
		})
	}
}
