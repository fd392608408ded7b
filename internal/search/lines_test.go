package search

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawn is matches as text: numbers, and what fits in brackets.
func drawn(all []Match) string {
	var b strings.Builder
	for i, m := range all {
		if i > 0 {
			b.WriteString("--\n")
		}
		for _, l := range m.Lines {
			fmt.Fprintf(&b, "%d:", l.Number)
			for _, s := range l.Segments {
				if s.Match {
					b.WriteString("[" + s.Text + "]")
				} else {
					b.WriteString(s.Text)
				}
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

func TestExcerpts(t *testing.T) {
	for _, c := range []struct {
		text, query, want string
		count             int
	}{
		{"one\ntwo\nthree\n", "two", "1:one\n2:[two]\n3:three\n", 1},
		{"two", "two", "1:[two]\n", 1},
		{"two\r\nx\r\n", "two", "1:[two]\n2:x\n", 1},
		{"getUserName(user)", "user", "1:get[User]Name([user])\n", 2},
		{"user_user", "user", "1:[user]_[user]\n", 2},
		{"a.b(c)\n\n\n\n\nb.c", `"b c"`, "1:a.[b(c])\n2:\n--\n5:\n6:[b.c]\n", 2},
		{"one\ntwo\nx", `"one two"`, "1:[one]\n2:[two]\n", 1},
		{"x\n\nx\n\n\nx", "x", "1:[x]\n2:\n3:[x]\n4:\n5:\n6:[x]\n", 3},
		{"a a a", `"a a"`, "1:[a a a]\n", 2},
		{"a NOT b", "a -b", "1:[a] NOT b\n", 1},
		{"none here", "other", "", 0},
		{"größe\nGRÖSSE Größe", "größe", "1:[größe]\n2:GRÖSSE [Größe]\n", 2},
		{"検索する", "検索", "1:[検索]する\n", 1},
		{"", "x", "", 0},
	} {
		e, err := parse(c.query)
		check(t, err)
		phrases, _ := shown(e)
		marked, count := spans(c.text, phrases)
		got := drawn(excerpts(c.text, marked))
		if got != c.want || count != c.count {
			t.Errorf("%q in %q: %d\n%s, want %d\n%s", c.query, c.text, count, got, c.count, c.want)
		}
	}
}

// What is shown are lines of the text, as they stand there; each place that fits lies in one of them while they are few, and
// no line is longer than it may be.
func TestExcerptsAreOfTheText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		for range rapid.IntRange(0, 30).Draw(t, "pieces") {
			b.WriteString(rapid.SampledFrom([]string{"foo", "fooBar", "bar", "\n", "\n\n", " ", ".", "é検", strings.Repeat("x", 300), strings.Repeat("é ", 200)}).Draw(t, "piece"))
		}
		text := b.String()
		phrases := [][]string{{"foo"}, {"foo", "bar"}}
		marked, count := spans(text, phrases)
		all := excerpts(text, marked)
		lines := strings.Split(text, "\n")
		last, places := 0, 0
		for _, m := range all {
			for _, l := range m.Lines {
				if l.Number <= last {
					t.Fatalf("line %d behind line %d", l.Number, last)
				}
				last = l.Number
				var whole strings.Builder
				for _, s := range l.Segments {
					if s.Text == "" {
						t.Fatal("an empty piece")
					}
					whole.WriteString(s.Text)
				}
				line := lines[l.Number-1]
				if got := whole.String(); got != line && (len(line) <= maxLine || !strings.Contains(line, got)) || len(got) > maxLine+8 {
					t.Fatalf("line %d is shown as %q, and is %q", l.Number, got, line)
				}
				if slices.ContainsFunc(l.Segments, func(s Segment) bool { return s.Match }) {
					places++
				}
			}
		}
		if (count > 0) != (places > 0) {
			t.Fatalf("%d places in %q, shown in %d lines", count, text, places)
		}
	})
}

func TestExcerptsAreBounded(t *testing.T) {
	text := strings.Repeat("foo\n\n\n\n", 10_000) + strings.Repeat("foo ", 100_000)
	marked, count := spans(text, [][]string{{"foo"}})
	all := excerpts(text, marked)
	if count != 110_000 || len(all) != maxLines {
		t.Errorf("%d places, %d matches", count, len(all))
	}
	marked, _ = spans(strings.Repeat("x ", 10_000)+"foo", [][]string{{"foo"}})
	line := excerpts(strings.Repeat("x ", 10_000)+"foo", marked)[0].Lines[0]
	if n := len(line.Segments); n != 2 || line.Segments[1] != (Segment{"foo", true}) || len(line.Segments[0].Text) > maxLine {
		t.Errorf("a long line is shown as %v", line)
	}
}
