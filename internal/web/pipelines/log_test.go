package pipelines

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestFold(t *testing.T) {
	commands := []string{"make", "make test\nmake vet\n", "pipe: acme/deploy:1", "exit 1"}
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "Set-up: !"},
		{"a set-up", "Cloning\n", "Set-up: Cloning|!"},
		{"commands", "Cloning\n+ make\nbuilt\n+ make test\nmake vet\nok\n+ pipe: acme/deploy:1\n+ exit 1\n", "Set-up: Cloning| / make: built| / make test|make vet|: ok| / pipe: acme/deploy:1:  / exit 1: !"},
		{"without a set-up", "+ make\nbuilt", "make: built!"},
		{"a line like a command", "+ make\n+ make\n+ no command\n", "make: + make|+ no command|!"},
		{"one that was left out", "+ exit 1\nbye\n+ make\n", "exit 1: bye|+ make|!"},
		{"a command that is cut", "+ make test\nother\n", "make test|make vet|: other|!"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var all []string
			for _, s := range fold(c.text, commands) {
				all = append(all, s.Name+": "+s.Text+map[bool]string{true: "!"}[s.Open])
			}
			if got := strings.ReplaceAll(strings.Join(all, " / "), "\n", "|"); got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
		})
	}
}

// TestFoldKeepsAll: nothing that a step has printed is lost, and its parts are in order.
func TestFoldKeepsAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		commands := rapid.SliceOf(rapid.SampledFrom([]string{"a", "b", "a b", "c\nd"})).Draw(t, "commands")
		lines := rapid.SliceOf(rapid.SampledFrom([]string{"a", "+ a", "+ b", "+ a b", "+ c", "d", "", "+ "})).Draw(t, "lines")
		text := strings.Join(lines, "\n")
		var b strings.Builder
		ids := map[string]bool{}
		for _, s := range fold(text, commands) {
			if s.ID != "setup" {
				b.WriteString("+ " + s.Name + "\n")
			}
			b.WriteString(s.Text)
			if ids[s.ID] {
				t.Fatalf("%s is there twice", s.ID)
			}
			ids[s.ID] = true
		}
		// A command of several lines may be cut in the log, and is shown whole.
		kept := func(text string) []string {
			return slices.DeleteFunc(strings.Split(strings.TrimSuffix(text, "\n"), "\n"), func(line string) bool { return line == "d" })
		}
		if got, want := kept(b.String()), kept(text); !slices.Equal(got, want) {
			t.Fatalf("%q\nwant %q", got, want)
		}
	})
}

func TestPlain(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"ok\n", "ok\n"},
		{"\x1b[1;32mok\x1b[0m  \tx\n", "ok  \tx\n"},
		{"10%\r50%\r100%\r\nnext", "100%\nnext"},
		{"\x1b]0;title\aok\x1b]8;;https://x\x1b\\link", "oklink"},
		{"\x1b]0;never ends", ""},
		{"\x1b", ""},
		{"\x1b[", ""},
		{"\x1b(Bok", "Bok"},
		{"a\x00b\u202Ec\uFEFF", "abc"},
		{"\xff\xfe", "�"},
		{strings.Repeat("x", 5000), strings.Repeat("x", maxLine) + "…"},
	} {
		if got := plain(c.text); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

func TestSearch(t *testing.T) {
	text := "one\nTwo is here\n" + strings.Repeat("y", 200<<10) + "two\nlast \x1b[1mTWO\x1b[0m"
	hits, more, err := search(strings.NewReader(text), "two")
	if err != nil || more {
		t.Fatal(more, err)
	}
	var got []string
	for _, h := range hits {
		got = append(got, fmt.Sprintf("%d:%s[%s]%s", h.Number, h.Before, h.Found, h.Now))
	}
	if want := []string{"2:[Two] is here", "4:last [TWO]"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if hits, more, err := search(strings.NewReader(strings.Repeat("x\n", maxFound+2)), "X"); len(hits) != maxFound || !more || err != nil {
		t.Errorf("%d hits, more: %v, %v", len(hits), more, err)
	}
}

// FuzzLog: whatever a step prints is shown without what a terminal would take for an order, and searched without a mistake.
func FuzzLog(f *testing.F) {
	f.Add(buildOutput, "ok")
	f.Add("\x1b[\x1b]\x1b\\+ make\n\r\r\x1b[31m", "İ")
	f.Add("ȺȺȺ\xff+ a", "ⱥ")
	f.Fuzz(func(t *testing.T, text, query string) {
		shown := plain(text)
		if !utf8.ValidString(shown) || strings.ContainsFunc(strings.ReplaceAll(shown, "\n", ""), hidden) {
			t.Errorf("%q is shown as %q", text, shown)
		}
		fold(shown, []string{"make", query})
		hits, _, err := search(strings.NewReader(text), query)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range hits {
			if !utf8.ValidString(h.Before) || !utf8.ValidString(h.Found) || !utf8.ValidString(h.Now) {
				t.Errorf("%+v is cut within a character", h)
			}
		}
	})
}

const buildOutput = "Cloning\n+ make\n\x1b[32mok\x1b[0m first\rok second\n"
