package highlight

import (
	"html/template"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html"
	"pgregory.net/rapid"
)

func joined(lines []template.HTML) string {
	all := make([]string, len(lines))
	for i, line := range lines {
		all[i] = string(line)
	}
	return strings.Join(all, "\n")
}

func TestFile(t *testing.T) {
	for _, tc := range []struct{ name, file, source, want, language string }{
		{"go", "dir/a.go", "package a\n\nvar s = \"<b>\" // c\n",
			`<span class="k">package</span> a` + "\n\n" + `<span class="k">var</span> s = <span class="s">&#34;&lt;b&gt;&#34;</span> <span class="c">// c</span>`, "Go"},
		{"over lines", "a.c", "/* a\nb */\nint x;", `<span class="c">/* a</span>` + "\n" + `<span class="c">b */</span>` + "\n" + `<span class="t">int</span> x;`, "C"},
		{"no language", "LICENSE", "if <a>\n", "if &lt;a&gt;", ""},
		{"empty", "a.go", "", "", ""},
		{"line ends", "a.txt", "a\r\nb\rc\n", `a` + "\n" + `b<span class="odd" title="U+000D">␍</span>c`, ""},
		{"turned", "a.txt", "a\u202eb\u2066", `a<span class="odd">U+202E</span>b<span class="odd">U+2066</span>`, ""},
		{"turned in a comment", "a.go", "// \u202e x\n", `<span class="c">// <span class="odd">U+202E</span> x</span>`, "Go"},
		{"no UTF-8", "a.txt", "caf\xe9\n", "caf\ufffd", ""},
		{"a mark of the order of bytes", "a.txt", "\ufeffa\ufeff", `a<span class="odd">U+FEFF</span>`, ""},
		{"a joiner", "a.txt", "\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := File(tc.file, []byte(tc.source))
			if joined(got.Lines) != tc.want || got.Language != tc.language && tc.language != "" {
				t.Errorf("%s\n got %s\nwant %s", got.Language, joined(got.Lines), tc.want)
			}
		})
	}
	if got := File("a.go", []byte("a\u202e\u2069")); got.Odd != 2 {
		t.Errorf("%d odd characters", got.Odd)
	}
}

// TestDemanding: what would take long is shown without colours, or in part.
func TestDemanding(t *testing.T) {
	for name, source := range map[string]string{
		"a long line": "var a = \"" + strings.Repeat("x", maxLine) + "\"\n", "a long file": strings.Repeat("var a = 1 + 1\n", MaxSource/14+1),
	} {
		if got := File("a.go", []byte(source)); strings.Contains(joined(got.Lines), "<span") || len(got.Lines) != strings.Count(source, "\n") {
			t.Errorf("%s: %d lines", name, len(got.Lines))
		}
	}
	slow := strings.Repeat("a = \"\"\"'''` ${ {{ (((\n", 8000)
	for _, name := range []string{"a.py", "a.js", "a.pl", "a.rb", "a.sh", "a.php", "a.scala", "a.md"} {
		begin := time.Now()
		if got := File(name, []byte(slow)); len(got.Lines) != 8000 {
			t.Errorf("%s: %d lines", name, len(got.Lines))
		}
		t.Logf("%s: %v", name, time.Since(begin))
	}
}

// shown is what a reader sees of lines. It fails for anything but spans with a class.
func shown(t interface {
	Errorf(string, ...any)
}, lines []template.HTML) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(joined(lines)))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			b.WriteString(z.Token().Data)
		case html.StartTagToken:
			tag := z.Token()
			if tag.Data != "span" || len(tag.Attr) == 0 || tag.Attr[0].Key != "class" || len(tag.Attr) > 1 && tag.Attr[1].Key != "title" || len(tag.Attr) > 2 {
				t.Errorf("%v", tag)
			}
		case html.EndTagToken:
		default:
			t.Errorf("%v", z.Token())
		}
	}
}

var number4 = regexp.MustCompile(`U\+[0-9A-F]{4,}`)

func holds(t interface {
	Errorf(string, ...any)
}, name string, source []byte) {
	coloured, plain := File(name, source), Plain(source)
	if got, want := shown(t, coloured.Lines), shown(t, plain.Lines); got != want || coloured.Odd != plain.Odd {
		t.Errorf("%s shows %q, not %q", name, got, want)
	}
	text := strings.TrimPrefix(strings.ReplaceAll(strings.ToValidUTF8(string(source), "\ufffd"), "\r\n", "\n"), "\ufeff")
	lines := strings.Count(text, "\n")
	if text != "" && !strings.HasSuffix(text, "\n") {
		lines++
	}
	out := shown(t, plain.Lines)
	if len(plain.Lines) != lines || !utf8.ValidString(out) {
		t.Errorf("%d lines of %d", len(plain.Lines), lines)
	}
	for _, r := range out {
		if misleads(r) || r < ' ' && r != '\n' && r != '\t' {
			t.Errorf("%U came through", r)
		}
	}
	if plain.Odd == 0 && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' }) && out != strings.TrimSuffix(text, "\n") {
		t.Errorf("%q is shown as %q", text, out)
	}
	if plain.Odd > len(number4.FindAllString(out, -1)) {
		t.Errorf("%d odd characters are not all shown in %q", plain.Odd, out)
	}
}

var files = []string{"a.go", "a.py", "a.js", "a.html", "a.md", "a.sh", "a.c", "Dockerfile", "a.yaml", "a.json", "a.diff", "a.php", "a.txt", "a.tex", "a.rb"}

func TestShowsAll(t *testing.T) {
	pieces := []string{"<", ">", "\"", "'", "`", "/*", "*/", "//", "#", "<script>", "</", "{{", "}}", "\n", "\r\n", "\r", "\t", " ", "func", "class", "0x1f", "\u202e", "\u2066", "\u200b", "é", "日", "\xff", "\x00", "\\", "$", "<?php", "+", "-", "@@", "<<EOF", "---"}
	rapid.Check(t, func(t *rapid.T) {
		source := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 40).Draw(t, "source"), "")
		holds(t, rapid.SampledFrom(files).Draw(t, "name"), []byte(source))
	})
}

func FuzzFile(f *testing.F) {
	for _, name := range files {
		f.Add(name, []byte("package a // \u202e\n\"<b>\""))
	}
	f.Fuzz(func(t *testing.T, name string, source []byte) {
		if len(source) < 10_000 {
			holds(t, name, source)
		}
	})
}
