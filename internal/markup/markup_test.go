package markup

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"
	"pgregory.net/rapid"
)

var pictures = Options{Picture: func(path string) string {
	if strings.HasSuffix(path, ".png") {
		return "/acme/widgets/picture/" + (&url.URL{Path: path}).EscapedPath()
	}
	return ""
}}

func markdown(t testing.TB, source string) string {
	t.Helper()
	out, err := Markdown([]byte(source), pictures)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func TestMarkdown(t *testing.T) {
	for _, tc := range []struct{ name, source, want string }{
		{"headings are one lower", "# Title\n## Part", `<h2 id="doc-title">Title</h2>` + "\n" + `<h3 id="doc-part">Part</h3>`},
		{"a heading twice", "# A\n# A\n# A", `<h2 id="doc-a">A</h2>` + "\n" + `<h2 id="doc-a-1">A</h2>` + "\n" + `<h2 id="doc-a-2">A</h2>`},
		{"a heading in another script", "# Überblick & 日本", `<h2 id="doc-überblick--日本">Überblick &amp; 日本</h2>`},
		{"a heading without letters", "# !!!", `<h2 id="doc-section">!!!</h2>`},
		{"the lowest heading", "###### six", `<h6 id="doc-six">six</h6>`},
		{"within the document", "[there](#part)", `<p><a href="#doc-part">there</a></p>`},
		{"an old anchor", `<a name="top"></a>`, `<p><a id="doc-top"></a></p>`},
		{"to another site", "[x](https://example.org/a?b=1&c=2)", `<p><a href="https://example.org/a?b=1&amp;c=2" rel="nofollow noopener">x</a></p>`},
		{"bare address", "see https://example.org/.", `<p>see <a href="https://example.org/" rel="nofollow noopener">https://example.org/</a>.</p>`},
		{"scheme left out", "[x](//example.org/a)", `<p><a href="https://example.org/a" rel="nofollow noopener">x</a></p>`},
		{"e-mail", "<ada@example.org>", `<p><a href="mailto:ada@example.org">ada@example.org</a></p>`},
		{"a file", "see [the *guide*](docs/guide.md) now", `<p>see the <em>guide</em> now</p>`},
		{"a place on this server", "[out](/signout)", `<p>out</p>`},
		{"script as a link", "[x](javascript:alert(1))", `<p>x</p>`},
		{"script as raw link", `<a href="java&#10;script:alert(1)" onclick="alert(1)">x</a>`, `<p>x</p>`},
		{"script", "a<script>alert(1)</script>b", `<p>ab</p>`},
		{"style", `<p style="position:fixed" class="flash" onmouseover="x()">a</p><style>*{display:none}</style>`, `<p>a</p>`},
		{"forms", `<form action="/signout" method="post"><input name="x"><button>Go</button></form>`, `Go`},
		{"frames", `<iframe src="https://example.org"></iframe><object data="x"></object><embed src="x"><base href="//evil.example"><meta http-equiv="refresh" content="0">`, ``},
		{"svg", `<svg onload="alert(1)"><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>`, `<p>x</p>`},
		{"own classes", `<div class="scroll nav" tabindex="5">a</div>`, `<div>a</div>`},
		{"a box that says what only suggestions are in", `<div class="suggestion">a</div>`, `<div>a</div>`},
		{"a suggestion", "```suggestion\na < b\n```", `<div class="suggestion"><p><strong>Suggested change</strong></p><pre><code>a &lt; b` + "\n" + `</code></pre></div>`},
		{"a suggestion of nothing", "```suggestion\n```", `<div class="suggestion"><p><strong>Suggested: take these lines away</strong></p></div>`},
		{"an id of the page", `<h2 id="main">x</h2>`, `<h3 id="doc-main">x</h3>`},
		{"a name that hides a property", `<img name="getElementById" src="a.png" alt="a">`, `<img alt="a" src="/acme/widgets/picture/a.png" loading="lazy"/>`},
		{"own picture", "![a b](docs/a%20b.png)", `<p><img alt="a b" src="/acme/widgets/picture/docs/a%20b.png" loading="lazy"/></p>`},
		{"own picture from the root", `<img src="/./logo.png" width="40%">`, `<img width="40%" src="/acme/widgets/picture/logo.png" loading="lazy"/>`},
		{"picture outside", "![a](../../../etc/a.png)", `<p><img alt="a" src="/acme/widgets/picture/etc/a.png" loading="lazy"/></p>`},
		{"no picture", "![the program](run.exe)", `<p>the program</p>`},
		{"no words", "![](run.exe)", `<p>run.exe</p>`},
		{"picture from elsewhere", "![a](https://example.org/a.png)", `<p><a href="https://example.org/a.png" rel="nofollow noopener">a</a></p>`},
		{"badge", "[![Build](https://ci.example/b.svg)](https://ci.example/)", `<p><a href="https://ci.example/" rel="nofollow noopener">Build</a></p>`},
		{"picture as data", `<img alt="dot" src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">`, `<img alt="dot" src="data:image/gif;base64,R0lGODlhAQABAAAAACw="/>`},
		{"page as data", `<img alt="dot" src="data:text/html;base64,PHNjcmlwdD4=">`, `<img alt="dot"/>`},
		{"tasks", "- [x] done\n- [ ] open", "<ul>\n<li>☑ done</li>\n<li>☐ open</li>\n</ul>"},
		{"code", "```go\na < b\n```", `<pre><code>a &lt; b` + "\n" + `</code></pre>`},
		{"struck", "~~a~~", `<p><del>a</del></p>`},
		{"details", "<details><summary>More</summary>\n\n*a*\n\n</details>", "<details><summary>More</summary>\n<p><em>a</em></p>\n</details>"},
		{"a comment", "a <!-- b --> c", `<p>a  c</p>`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := markdown(t, tc.source); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestTable(t *testing.T) {
	got := markdown(t, "|a|b|\n|:-:|--|\n|1|2|")
	if !strings.HasPrefix(got, `<div class="scroll" tabindex="0"><table>`) || !strings.Contains(got, `<th align="center">a</th>`) || strings.Contains(got, "style=") {
		t.Error(got)
	}
}

func TestFiles(t *testing.T) {
	o := Options{Dir: "docs", File: func(path string) string {
		if path == "secret" {
			return ""
		}
		return "/acme/widgets/src/main/" + (&url.URL{Path: path}).EscapedPath()
	}, Picture: pictures.Picture}
	for source, want := range map[string]string{
		"[a](guide.md)":                `<p><a href="/acme/widgets/src/main/docs/guide.md">a</a></p>`,
		"[a](../x/a%20b.go#L3)":        `<p><a href="/acme/widgets/src/main/x/a%20b.go#L3">a</a></p>`,
		"[a](../guide.md#part-1)":      `<p><a href="/acme/widgets/src/main/guide.md#doc-part-1">a</a></p>`,
		"[a](/signout)":                `<p><a href="/acme/widgets/src/main/signout">a</a></p>`,
		"[a](../../../../etc/passwd)":  `<p><a href="/acme/widgets/src/main/etc/passwd">a</a></p>`,
		"[a](../secret)":               `<p>a</p>`,
		"[a](#part)":                   `<p><a href="#doc-part">a</a></p>`,
		"[a](?q=1)":                    `<p>a</p>`,
		"[a](JaVascript:alert(1))":     `<p>a</p>`,
		"[a](//evil.example/guide.md)": `<p><a href="https://evil.example/guide.md" rel="nofollow noopener">a</a></p>`,
		"![a](logo.png)":               `<p><img alt="a" src="/acme/widgets/picture/docs/logo.png" loading="lazy"/></p>`,
	} {
		out, err := Markdown([]byte(source), o)
		if got := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("%s: %v\ngot  %s\nwant %s", source, err, got, want)
		}
	}
}

func TestNoFilesAtAll(t *testing.T) {
	out, err := Markdown([]byte("![logo](logo.png)"), Options{})
	if err != nil || !strings.Contains(string(out), "<p>logo</p>") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestText(t *testing.T) {
	out, err := Text([]byte("a <b>\n\xff\x00"))
	if want := "<pre>a &lt;b&gt;\n��</pre>"; err != nil || string(out) != want {
		t.Errorf("%q, %v, want %q", out, err, want)
	}
}

func TestSize(t *testing.T) {
	big := []byte(strings.Repeat("a", MaxSource+1))
	if _, err := Markdown(big, Options{}); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	if _, err := Text(big); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
}

// TestDemanding: what would take a minute, or fill the memory, comes as its text.
func TestDemanding(t *testing.T) {
	for name, source := range map[string]string{
		"quotations": strings.Repeat("> ", 50_000) + "a", "lists": strings.Repeat("- ", 10_000) + "a", "brackets": strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000),
		"addresses": strings.Repeat("[a](", 50_000), "pictures": strings.Repeat("![a](<", 40_000), "a wide table": strings.Repeat("|a", 1500) + "\n" + strings.Repeat("|-", 1500) + "\n" + strings.Repeat("|\n", 15_000),
		"elements": strings.Repeat("<div>", 20_000),
	} {
		if got := markdown(t, source); !strings.HasPrefix(got, `<pre>`) {
			t.Errorf("%s: %.100s", name, got)
		}
	}
	for name, source := range map[string]string{
		"an outline": strings.Repeat("- a\n  - b\n    - c\n      - d\n        - e\n", 1000), "a list of links": strings.Repeat("- [a](https://example.org/some/path) - what it is\n", 3000),
		"a table": "|a|b|c|\n|-|-|-|\n" + strings.Repeat("|1|2|3|\n", 3000), "a program": strings.Repeat("    if [[ $a[0] ]]; then\n", 3000), "a rule": strings.Repeat("-", 500),
	} {
		if demanding(source) {
			t.Errorf("%s is taken for too demanding", name)
		}
	}
}

// harmless fails when a page that holds the document could be harmed by it.
func harmless(t interface{ Errorf(string, ...any) }, out string) {
	allowed := regexp.MustCompile(`^(id|dir|lang|title|href|rel|src|alt|loading|width|height|align|colspan|rowspan|start|open|tabindex|class)$`)
	z := html.NewTokenizer(strings.NewReader(out))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return
		}
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		tag := z.Token()
		switch tag.Data {
		case "script", "style", "form", "input", "button", "iframe", "object", "embed", "base", "meta", "link", "svg", "math", "template", "h1":
			t.Errorf("<%s> came through: %s", tag.Data, out)
		}
		for _, a := range tag.Attr {
			switch {
			case !allowed.MatchString(a.Key):
				t.Errorf("%s came through: %s", a.Key, out)
			case a.Key == "id" && !strings.HasPrefix(a.Val, Prefix):
				t.Errorf("an id of the page: %s", out)
			case a.Key == "class" && a.Val != "scroll" && a.Val != "suggestion":
				t.Errorf("a class of the page: %s", out)
			case a.Key == "src" && !strings.HasPrefix(a.Val, "data:image/") && !strings.HasPrefix(a.Val, "/acme/widgets/picture/"):
				t.Errorf("src %q: %s", a.Val, out)
			case a.Key == "href" && !strings.HasPrefix(a.Val, "#") && !regexp.MustCompile(`^(https?|mailto):`).MatchString(a.Val):
				t.Errorf("href %q: %s", a.Val, out)
			}
		}
	}
}

func TestHarmless(t *testing.T) {
	pieces := []string{"<", ">", "\"", "'", "&", "javascript:", "script", "img", " src=", " href=", " onerror=", "svg", "math", "style", "<!--", "-->", "]]>", "a", "`", "*", "[x](", ")", "\n", "# ", "https://example.org", "//", "data:", "title", "textarea", "noscript", "</", "&#x3c;", "\x00", "é", "id=", "class=", "=", "-", "|"}
	rapid.Check(t, func(t *rapid.T) {
		source := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 40).Draw(t, "source"), "")
		out, err := Markdown([]byte(source), pictures)
		if err != nil {
			t.Fatal(err)
		}
		harmless(t, string(out))
	})
}

func FuzzMarkdown(f *testing.F) {
	for _, s := range []string{"# a\n[b](#c)", "![a](b.png)", "<a href=x>y<p></a>", "<table><tr><td>|</table>", "- [x] a", "|a|\n|-|\n", "<svg><style><img src=x onerror=y>"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		out, err := Markdown(source, pictures)
		if err != nil {
			if len(source) <= MaxSource {
				t.Fatal(err)
			}
			return
		}
		if !utf8.ValidString(string(out)) && utf8.Valid(source) {
			t.Errorf("not UTF-8: %q", out)
		}
		harmless(t, string(out))
	})
}

func BenchmarkMarkdown(b *testing.B) {
	source := []byte(strings.Repeat("# Title\n\nSome *text* with `code` and [a link](https://example.org).\n\n- one\n- two\n\n```go\nfunc main() {}\n```\n\n", 100))
	b.SetBytes(int64(len(source)))
	for b.Loop() {
		if _, err := Markdown(source, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
