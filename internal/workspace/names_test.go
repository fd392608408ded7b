package workspace

import (
	"strings"
	"testing"
)

const someID = "0190b0a0-0000-7000-8000-00000000000a"

func TestSlugName(t *testing.T) {
	for in, want := range map[string]string{
		"acme": "acme", "ACME": "acme", "a": "a", "_x-1": "_x-1", "7": "7", strings.Repeat("a", 62): strings.Repeat("a", 62),
		someID: someID, "{" + someID + "}": someID, "{" + strings.ToUpper(someID) + "}": someID,
		"": "", "-a": "", "a b": "", "a/b": "", "a.b": "", "é": "", "\u212a": "", "a\x00": "", "{acme}": "", "..": "", strings.Repeat("a", 63): "",
		"{" + someID: "", "{not-a-uuid-but-thirty-six-bytes-long-}": "",
	} {
		n, ok := slugName(in)
		if ok != (want != "") || ok && n.value != want {
			t.Errorf("slugName(%q) = %+v, %v; want %q", in, n, ok, want)
		}
	}
}

func TestKeyName(t *testing.T) {
	for in, want := range map[string]string{
		"FTO": "FTO", "fto": "FTO", "A": "A", "A_1": "A_1", strings.Repeat("A", 128): strings.Repeat("A", 128), "{" + someID + "}": someID, someID: someID,
		"": "", "1A": "", "_A": "", "A-B": "", "A B": "", "A\n": "", "É": "", "ſ": "", strings.Repeat("A", 129): "", "{FTO}": "",
	} {
		n, ok := keyName(in)
		if ok != (want != "") || ok && n.value != want {
			t.Errorf("keyName(%q) = %+v, %v; want %q", in, n, ok, want)
		}
	}
}

func TestSlugOf(t *testing.T) {
	for in, want := range map[string]string{
		"Developers": "developers", "  Build & Release!  ": "build-release", "a.b": "a-b", "Über Team": "ber-team", "日本": "", "---": "",
		strings.Repeat("ab ", 40): strings.TrimSuffix(strings.Repeat("ab-", 21)[:62], "-"),
	} {
		if got := slugOf(in); got != want || got != "" && !validSlug(got) {
			t.Errorf("slugOf(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCheckText(t *testing.T) {
	for in, ok := range map[string]bool{
		"fine": true, "日本 🚀": true, "": true, strings.Repeat("é", 10): true, strings.Repeat("é", 11): false,
		"a\nb": false, "a\tb": false, "a\x00b": false, "a\x7f": false, "a\u0085b": false, "\xff": false,
	} {
		if err := checkText("name", in, 10, false); (err == nil) != ok {
			t.Errorf("one line of %q: %v", in, err)
		}
	}
	if err := checkText("description", "a\r\n\tb", 10, true); err != nil {
		t.Error(err)
	}
	if checkText("description", "a\x00", 10, true) == nil {
		t.Error("a zero byte was taken")
	}
}

func FuzzNames(f *testing.F) {
	for _, s := range []string{"acme", "{" + someID + "}", someID, "FTO", "", "..", "a/b", "\xff", "ſ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, ok := slugName(s); ok {
			if again, ok := slugName(n.value); !ok || again != n {
				t.Errorf("slugName(%q) = %+v, and of that %+v, %v", s, n, again, ok)
			}
			if !n.uuid && !validSlug(n.value) || strings.ContainsAny(n.value, "/\\ .{}\x00") {
				t.Errorf("slugName(%q) = %+v", s, n)
			}
		}
		if n, ok := keyName(s); ok {
			if again, ok := keyName(n.value); !ok || again != n {
				t.Errorf("keyName(%q) = %+v, and of that %+v, %v", s, n, again, ok)
			}
			if !n.uuid && !validKey(n.value) {
				t.Errorf("keyName(%q) = %+v", s, n)
			}
		}
		if slug := slugOf(s); slug != "" && !validSlug(slug) {
			t.Errorf("slugOf(%q) = %q", s, slug)
		}
	})
}
