package seal_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/seal"
	"pgregory.net/rapid"
)

const (
	old   = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	newer = "//////////////////////////////////////////8="
)

func parse(t interface{ Fatal(...any) }, text string) *seal.Keys {
	k, err := seal.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// What one key has sealed opens for what it belongs to, with that key alone, and nothing of it shows.
func TestSealed(t *testing.T) {
	first, both, second := parse(t, old), parse(t, newer+"\n"+old), parse(t, newer)
	rapid.Check(t, func(t *rapid.T) {
		text, about := rapid.String().Draw(t, "text"), rapid.String().Draw(t, "about")
		sealed := first.Seal(text, about)
		if got, err := both.Open(sealed, about); err != nil || got != text {
			t.Fatalf("%q: %v", got, err)
		}
		if _, err := second.Open(sealed, about); err != seal.ErrSealed {
			t.Fatalf("another key: %v", err)
		}
		if _, err := first.Open(sealed, about+"x"); err != seal.ErrSealed {
			t.Fatalf("about something else: %v", err)
		}
		if len(text) > 3 && strings.Contains(sealed, text) {
			t.Fatalf("%q shows %q", sealed, text)
		}
		if again := first.Seal(text, about); again == sealed {
			t.Fatalf("the same twice: %q", again)
		}
		if strings.HasPrefix(sealed, both.Newest()) || !strings.HasPrefix(both.Seal(text, about), both.Newest()) {
			t.Fatalf("%q is not known by its beginning", sealed)
		}
		at := rapid.IntRange(0, len(sealed)-1).Draw(t, "at")
		damaged := []byte(sealed)
		damaged[at] ^= 1 << rapid.IntRange(0, 6).Draw(t, "bit")
		if got, err := first.Open(string(damaged), about); err == nil && got != text {
			t.Fatalf("%q opens as %q", damaged, got)
		}
	})
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ name, text, wrong string }{
		{"one", old + "\n", ""},
		{"comments", "# this\n\n" + newer + "\r\n" + old, ""},
		{"none", "# this\n", "no key"},
		{"empty", "", "no key"},
		{"short", old + "\nAAAA\n", "line 2"},
		{"a password", "correct horse battery staple", "line 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := seal.Parse([]byte(c.text))
			if c.wrong == "" && err != nil || c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)) {
				t.Errorf("%v, want %q", err, c.wrong)
			}
			if err != nil && strings.Contains(err.Error(), "horse") {
				t.Errorf("it tells what stands there: %v", err)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(old), "00000000:AAAA")
	f.Fuzz(func(t *testing.T, text []byte, sealed string) {
		k, err := seal.Parse(text)
		if err != nil {
			return
		}
		_, _ = k.Open(sealed, "")
		if got, err := k.Open(k.Seal(sealed, "x"), "x"); err != nil || got != sealed {
			t.Errorf("%q: %v", got, err)
		}
	})
}

// The first who asks makes the file, and everybody after gets the same keys, unless others may read it.
func TestLoad(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secrets.key")
	first, err := seal.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	second, err := seal.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := second.Open(first.Seal("x", ""), ""); err != nil || got != "x" {
		t.Errorf("%q: %v", got, err)
	}
	if text, err := os.ReadFile(file); err != nil || bytes.Count(text, []byte("\n")) != 2 {
		t.Errorf("%q: %v", text, err)
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Load(file); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("%v", err)
	}
}
