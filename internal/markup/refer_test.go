package markup

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"pgregory.net/rapid"
)

// everything finds everything that a document speaks of.
func everything(refs []Reference) map[Reference]Target {
	found := map[Reference]Target{}
	for _, ref := range refs {
		found[ref] = Target{Href: "/to/" + strings.ReplaceAll(string(ref.Kind), " ", "-") + "/" + strings.Trim(ref.Name, "<>\"'"), Title: `<"of" ` + ref.Name}
	}
	return found
}

func linked(t testing.TB, source string, find func([]Reference) map[Reference]Target) string {
	t.Helper()
	d, err := Parse([]byte(source))
	if err != nil {
		t.Fatal(err)
	}
	out, err := d.HTML(pictures, find(d.References()))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func TestReferences(t *testing.T) {
	const nobody = ""
	account := func(names ...string) (all []Reference) {
		for _, name := range names {
			all = append(all, Reference{Account, name})
		}
		return all
	}
	for _, tc := range []struct {
		source string
		want   []Reference
	}{
		{"Hi @{557058:0a1b-2c}, @{5f6e} and @ada-l_2.", account("557058:0a1b-2c", "5f6e", "ada-l_2")},
		{"(@ada) “@ada” @ada's **@bob**", account("ada", "bob")},
		{"@ada: look, @bob; @eve? @mallory!", account("ada", "bob", "eve", "mallory")},
		{"mail ada@example.org, a@b, @ada@example.org, @scope/package, @a.b, @@ada, /@ada, @", nil},
		{"@{} @{a b} @{{x}}", nil},
		{"pull request #12, Pull Request #7 and pull-request #3", []Reference{{PullRequest, "12"}, {PullRequest, "7"}, {PullRequest, "3"}}},
		{"#12 and issue #4; #0, #007", []Reference{{Issue, "12"}, {Issue, "4"}, {Issue, "7"}}},
		{"a#12 #12a #1234567890 &#35;9 ##3 x/#4 page#5", []Reference{{Issue, "9"}}},
		{"fixed in 0a1b2c3, see DEADBEEF.", []Reference{{Commit, "0a1b2c3"}, {Commit, "deadbeef"}}},
		{strings.Repeat("0123456789", 4) + " and " + strings.Repeat("a", 41) + " and abcdef", []Reference{{Commit, strings.Repeat("0123456789", 4)}}},
		{"0191b2c3-0a1b-7c3d-8e4f-0123456789ab v1.2-5-g0a1b2c3 /0a1b2c3 0a1b2c3.tar 0a1b2c3:", []Reference{{Commit, "0a1b2c3"}}},
		{"`@ada` and ``#12``\n\n    0a1b2c3\n\n```\n@bob\n```\n", nil},
		{"[@ada](https://example.org) <a href=\"https://example.org\">0a1b2c3</a> <code>#12</code> <kbd>@x</kbd> https://example.org/@ada#12", nil},
		{"# About @ada\n\n| @bob |\n|--|\n| #3 |\n\n- [ ] @eve\n\n> 0a1b2c3", []Reference{{Account, "ada"}, {Account, "bob"}, {Issue, "3"}, {Account, "eve"}, {Commit, "0a1b2c3"}}},
		{"<b>@ada</b><script>@bob</script><style>@media</style><!-- @eve -->", account("ada")},
		{nobody, nil},
	} {
		d, err := Parse([]byte(tc.source))
		if err != nil {
			t.Fatal(err)
		}
		if got := d.References(); !slices.Equal(got, tc.want) {
			t.Errorf("%q\ngot  %v\nwant %v", tc.source, got, tc.want)
		}
	}
}

func TestLinks(t *testing.T) {
	ada := func(refs []Reference) map[Reference]Target {
		return map[Reference]Target{{Account, "ada"}: {Href: "https://pail.example/%7B1%7D", Text: "@Ada <Lovelace>"}, {PullRequest, "3"}: {Href: "/acme/widgets/pull-requests/3", Title: `It's "done"`}}
	}
	for source, want := range map[string]string{
		"hi @ada and @bob":      `<p>hi <a href="https://pail.example/%7B1%7D">@Ada &lt;Lovelace&gt;</a> and @bob</p>`,
		"see Pull request #003": `<p>see <a href="/acme/widgets/pull-requests/3" title="It&#39;s &#34;done&#34;">Pull request #003</a></p>`,
		"# To @ada\n[x](#to-ada)": `<h2 id="doc-to-ada">To <a href="https://pail.example/%7B1%7D">@Ada &lt;Lovelace&gt;</a></h2>` + "\n" +
			`<p><a href="#doc-to-ada">x</a></p>`,
		"`@ada` [@ada](x.md)": `<p><code>@ada</code> @ada</p>`,
	} {
		if got := linked(t, source, ada); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", source, got, want)
		}
	}
}

// TestReferencesHaveLimits: a document leads to so much, and so often, whatever it speaks of.
func TestReferencesHaveLimits(t *testing.T) {
	source := strings.Repeat("@ada ", 5000)
	if n := strings.Count(linked(t, source, everything), "<a "); n != maxMentions {
		t.Errorf("%d links", n)
	}
	var many strings.Builder
	for i := range 2 * MaxReferences {
		many.WriteString("@" + strings.Repeat("a", i/10+1) + string(rune('0'+i%10)) + " ")
	}
	d, err := Parse([]byte(many.String()))
	if err != nil || len(d.References()) != MaxReferences {
		t.Errorf("%d references, %v", len(d.References()), err)
	}
}

// TestLinksAreHarmless: whatever a document speaks of, and wherever, what comes out is as harmless as without links, no link is within
// another one or within code, and nothing but the links is new.
func TestLinksAreHarmless(t *testing.T) {
	pieces := []string{"@ada", "@{5f6e}", "@{\"><b>}", "@{x:y}", "#12", "pull request #7", "0a1b2c3", "deadbeefdeadbeef", "<", ">", "\"", "'", "&", "&#64;", "`", "```", "\n", "\n\n", "# ", "*", "_", "[", "](", ")", "<a href=", "</a>", "<code>",
		"</code>", "<pre>", "<script>", "</script>", "<svg>", "<title>", "<table><tr><td>", "|", "https://example.org/", "javascript:", " ", " ", "é", "\x00", "- ", "> ", "suggestion", "\\"}
	rapid.Check(t, func(t *rapid.T) {
		source := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 40).Draw(t, "source"), "")
		linkedHarmless(t, source)
	})
}

func FuzzReferences(f *testing.F) {
	for _, s := range []string{"@ada #1", "@{5f6e} `@x`", "<a>@ada</a> 0a1b2c3", "pull request #3\n# @x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		if len(source) <= MaxSource {
			linkedHarmless(t, source)
		}
	})
}

func linkedHarmless(t interface{ Errorf(string, ...any) }, source string) {
	d, err := Parse([]byte(source))
	if err != nil {
		t.Errorf("%v", err)
		return
	}
	found := everything(d.References())
	with, err := d.HTML(pictures, found)
	if err != nil {
		t.Errorf("%v", err)
		return
	}
	without, err := Markdown([]byte(source), pictures)
	if err != nil {
		t.Errorf("%v", err)
		return
	}
	body := &html.Node{Type: html.ElementNode, DataAtom: atom.Body, Data: "body"}
	nodes, err := html.ParseFragment(strings.NewReader(string(with)), body)
	if err != nil {
		t.Errorf("%v", err)
		return
	}
	var ours func(n *html.Node, within bool)
	ours = func(n *html.Node, within bool) {
		here := n.DataAtom == atom.A && strings.HasPrefix(get(n, "href"), "/to/")
		if here && within {
			t.Errorf("a link within a link or code: %q\n%s", source, with)
		}
		within = within || n.DataAtom == atom.A || n.DataAtom == atom.Code || n.DataAtom == atom.Pre
		for _, child := range slices.Collect(n.ChildNodes()) {
			ours(child, within)
		}
		if here {
			unwrap(n)
		}
	}
	for _, n := range nodes {
		body.AppendChild(n)
	}
	ours(body, false)
	var again strings.Builder
	for n := range body.ChildNodes() {
		if err := html.Render(&again, n); err != nil {
			t.Errorf("%v", err)
		}
	}
	if got, want := readable(again.String()), readable(string(without)); got != want {
		t.Errorf("%q\nwith links, without them: %s\nwithout links: %s", source, got, want)
	}
	harmless(t, strings.ReplaceAll(again.String(), "/to/", "https://to/"))
}

// readable is HTML as a browser would write it again.
func readable(source string) string {
	body := &html.Node{Type: html.ElementNode, DataAtom: atom.Body, Data: "body"}
	nodes, err := html.ParseFragment(strings.NewReader(source), body)
	if err != nil {
		return err.Error()
	}
	var out strings.Builder
	for _, n := range nodes {
		_ = html.Render(&out, n)
	}
	return out.String()
}

func TestSuggestions(t *testing.T) {
	for source, want := range map[string][]string{
		"Better:\n```suggestion\na := 1\n\tb\n```\n":              {"a := 1\n\tb\n"},
		"```suggestion\n```":                                      {""},
		"```suggestion\n\n```":                                    {"\n"},
		"```suggestion\r\na\r\nb\r\n```\r\n":                      {"a\nb\n"},
		"```suggestion\na\n```\nor\n~~~suggestion\nb":             {"a\n", "b\n"},
		"> ```suggestion\n> a\n> ```":                             {"a\n"},
		"- ```suggestion\n  a\n  ```":                             {"a\n"},
		"````suggestion\n```go\nx\n```\n````":                     {"```go\nx\n```\n"},
		"```go\na\n```\n    suggestion\n":                         nil,
		"<pre><code class=\"language-suggestion\">a</code></pre>": nil,
		"suggestion": nil,
	} {
		if got := Suggestions([]byte(source)); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", source, got, want)
		}
	}
}

// TestPlain: a text that is no Markdown is shown as it was written, but for the links to what it speaks of.
func TestPlain(t *testing.T) {
	for source, want := range map[string]string{
		"Fix #3 & *x* `#4`\n\n  <b>x</b>": "Fix <a href=\"/to/issue/3\" title=\"&lt;&#34;of&#34; 3\">#3</a> &amp; *x* `<a href=\"/to/issue/4\" title=\"&lt;&#34;of&#34; 4\">#4</a>`\n\n  &lt;b&gt;x&lt;/b&gt;",
		"<script>alert(1)</script>":       "&lt;script&gt;alert(1)&lt;/script&gt;",
	} {
		d, err := Plain([]byte(source))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := d.HTML(Options{}, everything(d.References())); err != nil || string(got) != want {
			t.Errorf("%q (%v)\ngot  %s\nwant %s", source, err, got, want)
		}
	}
	if _, err := Plain(make([]byte, MaxSource+1)); err != ErrTooLarge {
		t.Errorf("too large: %v", err)
	}
	rapid.Check(t, func(t *rapid.T) {
		source := rapid.StringMatching(`([a-c#@0-9<>&"'`+"`"+` \n]|script|\x00|é)*`).Draw(t, "source")
		d, err := Plain([]byte(source))
		if err != nil {
			t.Fatal(err)
		}
		got, err := d.HTML(Options{}, nil)
		if err != nil || html.UnescapeString(string(got)) != printable([]byte(source)) || strings.Contains(string(got), "<") {
			t.Fatalf("%q is shown as %q (%v)", source, got, err)
		}
	})
}
