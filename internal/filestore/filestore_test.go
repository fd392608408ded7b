package filestore

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"
)

// names are what people send as the name of a file, and what becomes of it; "!" for none.
var names = map[string]string{
	"notes.txt": "notes.txt", "/home/ada/notes.txt": "notes.txt", `C:\Users\ada\notes.txt`: "notes.txt", "a/b\\c": "c", "": "", "dir/": "", " notes .txt ": " notes .txt ", "ü 🎉.png": "ü 🎉.png",
	"...": "...", "-rf": "-rf", ".htaccess": ".htaccess", "a:b": "a:b", "NUL": "NUL", strings.Repeat("x", 255): strings.Repeat("x", 255), strings.Repeat("d", 500) + "/x": "x",
	".": "!", "..": "!", "../..": "!", `..\..`: "!", "a\x00b": "!", "a\nb": "!", "a\x7fb": "!", "a\u0085b": "!", "gpj.\u202egnp": "!", "a\u2066b": "!", "\xff": "!", strings.Repeat("x", 256): "!", strings.Repeat("ü", 128): "!",
}

// TestName: a name is the last part of what was sent, and what could be no file's, or look like another's, is none.
func TestName(t *testing.T) {
	t.Parallel()
	for sent, want := range names {
		got, ok := Name(sent)
		if !ok {
			got = "!"
		}
		if got != want {
			t.Errorf("%q becomes %q, want %q", sent, got, want)
		}
	}
}

// FuzzName: whatever is sent, a name that is taken stays in the directory that it is put into, and is taken as it is.
func FuzzName(f *testing.F) {
	for sent := range names {
		f.Add(sent)
	}
	f.Fuzz(func(t *testing.T, sent string) {
		name, ok := Name(sent)
		if !ok || name == "" {
			return
		}
		if again, ok := Name(name); !ok || again != name {
			t.Errorf("%q becomes %q, and that %q", sent, name, again)
		}
		if !strings.HasSuffix(sent, name) || len(name) > maxName || !utf8.ValidString(name) || filepath.Base(name) != name || filepath.Join("dir", name) != "dir/"+name {
			t.Errorf("%q becomes %q", sent, name)
		}
	})
}

// TestStore: a file is kept whole or not at all, and Sweep takes what nobody knows of and what is not coming any more.
func TestStore(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := &Store{Dir: t.TempDir(), Now: func() time.Time { return now }}
	for _, at := range [][2]string{{"a", "1"}, {"a", "2"}, {"b", "3"}} {
		if size, hash, err := s.Keep(at[0], at[1], strings.NewReader("whole")); err != nil || size != 5 || hash != "5d5766cf2d78701614200418ee1450690d9af12c84d52545e4802f001ad53099" {
			t.Fatal(size, hash, err)
		}
	}
	if _, _, err := s.Keep("a", "1", strings.NewReader("another")); err == nil {
		if file, err := s.Open("a", "1"); err != nil || file.Close() != nil {
			t.Error("a second file of one id leaves none")
		}
	}
	cut := errors.New("cut")
	if _, _, err := s.Keep("a", "4", iotest.ErrReader(cut)); !errors.Is(err, cut) || errors.As(err, new(*ReadError)) != true {
		t.Errorf("%v", err)
	}
	var left []string
	list := func() string {
		left = nil
		found, err := filepath.Glob(filepath.Join(s.Dir, "*", "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			left = append(left, strings.TrimPrefix(path, s.Dir+"/"))
		}
		return strings.Join(left, " ")
	}
	if got := list(); got != "a/1 a/2 b/3" {
		t.Errorf("there are %s", got)
	}
	if err := os.WriteFile(filepath.Join(s.Dir, "a", "5"+coming), bytes.Repeat([]byte("x"), 9), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		later time.Duration
		known map[string]bool
		want  string
	}{{0, nil, "a/1 a/2 a/5.part b/3"}, {2 * time.Hour, map[string]bool{"1": true, "b": true}, "a/1 b/3"}, {0, nil, ""}} {
		now = now.Add(c.later)
		if err := s.Sweep(c.known, time.Hour); err != nil || list() != c.want {
			t.Errorf("after %v: %v, %v", c.later, left, err)
		}
	}
	if err := (&Store{Dir: filepath.Join(s.Dir, "nothing"), Now: s.Now}).Sweep(nil, 0); err != nil {
		t.Error(err)
	}
}
