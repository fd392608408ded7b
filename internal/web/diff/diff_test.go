package diff

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

const example = `diff --git a/a b.txt b/a b.txt
index 1..2 100644
--- a/a b.txt	
+++ b/a b.txt	
@@ -1,3 +1,4 @@ func a()
 one
-two
+2
+two and a half
 three
\ No newline at end of file
diff --git a/old b/new
similarity index 100%
rename from old
rename to new
diff --git a/x b/x
old mode 100644
new mode 100755
diff --git "a/t\tab" "b/t\tab"
new file mode 100644
index 0000000..e69de29
diff --git a/pic.png b/pic.png
index 1..2 100644
Binary files a/pic.png and b/pic.png differ
diff --git a/gone b/gone
deleted file mode 100644
index 1..0
--- a/gone
+++ /dev/null
@@ -1,2 +0,0 @@
--- a/trap
-diff --git a/trap b/trap
`

func all(t interface{ Fatalf(string, ...any) }, from io.Reader, limit int) (sections []Section) {
	s := Read(from, limit)
	for {
		one, err := s.Next()
		if errors.Is(err, io.EOF) {
			return sections
		}
		if err != nil {
			t.Fatalf("%v", err)
		}
		sections = append(sections, one)
	}
}

func TestParse(t *testing.T) {
	var got []string
	for _, section := range all(t, strings.NewReader("before\n"+example), 1<<20) {
		f, err := Parse(section.Text)
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf("%q %q %t", f.Old, f.New, f.Binary)
		for _, h := range f.Hunks {
			text += fmt.Sprintf(" @%d,%d %q", h.Old, h.New, h.Within)
			for _, line := range h.Lines {
				text += fmt.Sprintf(" %c%d/%d%q", line.Sign, line.Old, line.New, line.Text)
				if line.Open {
					text += "!"
				}
			}
		}
		got = append(got, text)
	}
	want := []string{
		`"a b.txt" "a b.txt" false @1,1 "func a()"  1/1"one" -2/0"two" +0/2"2" +0/3"two and a half"  3/4"three"!`,
		`"old" "new" false`, `"x" "x" false`, `"" "t\tab" false`, `"pic.png" "pic.png" true`,
		`"gone" "" false @1,0 "" -1/0"-- a/trap" -2/0"diff --git a/trap b/trap"`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, wrong := range []string{"", "x", "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n", example} {
		if f, err := Parse([]byte(wrong)); err == nil {
			t.Errorf("%.40q: %+v", wrong, f)
		}
	}
}

// TestSections: what is cut is the same however it comes, and nothing above the limit is held.
func TestSections(t *testing.T) {
	long := "diff --git a/l b/l\n+" + strings.Repeat("x", 200<<10) + "diff --git a/no b/no\n"
	text := example + long + example
	for name, from := range map[string]io.Reader{"whole": strings.NewReader(text), "bytes": iotest.OneByteReader(strings.NewReader(text)), "end with data": iotest.DataErrReader(strings.NewReader(text))} {
		sections := all(t, from, 1000)
		if len(sections) != 13 {
			t.Fatalf("%s: %d sections", name, len(sections))
		}
		size := 0
		for i, s := range sections {
			size += s.Size
			if (s.Text == nil) != (i == 6) || s.Text != nil && len(s.Text) != s.Size {
				t.Errorf("%s: section %d has %d of %d bytes", name, i, len(s.Text), s.Size)
			}
		}
		if size != len(text) {
			t.Errorf("%s: %d bytes of %d", name, size, len(text))
		}
	}
	broken := errors.New("broken")
	s := Read(io.MultiReader(strings.NewReader("diff --git a/x b/x\n"), iotest.ErrReader(broken)), 1000)
	if one, err := s.Next(); !errors.Is(err, broken) {
		t.Errorf("half of a file passes for the whole: %q, %v", one.Text, err)
	}
}

// pairsHold fails unless a hunk side by side shows every line once, in order.
func pairsHold(t interface{ Errorf(string, ...any) }, h *Hunk) {
	var old, now []*Line
	for _, p := range h.Pairs() {
		if p.Old == nil && p.New == nil {
			t.Errorf("an empty row")
		}
		if p.Old != nil {
			old = append(old, p.Old)
		}
		if p.New != nil {
			now = append(now, p.New)
		}
	}
	var wantOld, wantNow []*Line
	for i := range h.Lines {
		line := &h.Lines[i]
		if line.Sign != '+' {
			wantOld = append(wantOld, line)
		}
		if line.Sign != '-' {
			wantNow = append(wantNow, line)
		}
	}
	if !slices.Equal(old, wantOld) || !slices.Equal(now, wantNow) {
		t.Errorf("side by side %d and %d lines, not %d and %d", len(old), len(now), len(wantOld), len(wantNow))
	}
}

// TestAgreesWithGit: of random changes to random files, what is shown below each other and side by side has as many lines as
// git counts, and leads from the old file to the new one.
func TestAgreesWithGit(t *testing.T) {
	dir := t.TempDir()
	line := rapid.SampledFrom([]string{"a", "b", "", "-- a/x", "++ b/x", "diff --git a/x b/x", "@@ -1 +1 @@", "\\ No newline at end of file", "\xff", "tab\t", "cr\r", "\u202e", "long " + strings.Repeat("x", 300)})
	file := rapid.Custom(func(t *rapid.T) string {
		text := strings.Join(rapid.SliceOfN(line, 0, 25).Draw(t, "lines"), "\n")
		if rapid.Bool().Draw(t, "ends") {
			text += "\n"
		}
		return text
	})
	rapid.Check(t, func(t *rapid.T) {
		old, now := file.Draw(t, "old"), file.Draw(t, "new")
		for name, text := range map[string]string{"old": old, "new": now} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		git := func(form string) string {
			cmd := exec.Command("git", "diff", "--no-index", "--no-color", form, "--text", "old", "new")
			cmd.Dir = dir
			out, _ := cmd.Output() // 1: they differ
			return string(out)
		}
		added, removed := 0, 0
		_, _ = fmt.Sscanf(git("--numstat"), "%d\t%d", &added, &removed)
		var gotAdded, gotRemoved int
		for _, section := range all(t, strings.NewReader(git("-U2")), 1<<20) {
			f, err := Parse(section.Text)
			if err != nil {
				t.Fatalf("%v\n%s", err, section.Text)
			}
			a, r := f.Count()
			gotAdded, gotRemoved = gotAdded+a, gotRemoved+r
			for i := range f.Hunks {
				pairsHold(t, &f.Hunks[i])
			}
			if got := applied(old, f); got != now {
				t.Errorf("it leads to %q, not %q", got, now)
			}
		}
		if gotAdded != added || gotRemoved != removed {
			t.Errorf("+%d -%d, git counts +%d -%d", gotAdded, gotRemoved, added, removed)
		}
	})
}

// applied is a file after its change.
func applied(old string, f *File) string {
	lines := slices.Collect(strings.Lines(old))
	var out strings.Builder
	at := 0 // lines of old that are done
	for _, h := range f.Hunks {
		for _, line := range h.Lines {
			if line.Sign != '+' {
				for ; at < line.Old-1; at++ {
					out.WriteString(lines[at])
				}
				at++
			}
			if line.Sign != '-' {
				out.WriteString(line.Text)
				if !line.Open {
					out.WriteByte('\n')
				}
			}
		}
	}
	for ; at < len(lines); at++ {
		out.WriteString(lines[at])
	}
	return out.String()
}

func FuzzParse(f *testing.F) {
	for _, section := range bytes.SplitAfter([]byte(example), []byte("\ndiff")) {
		f.Add(section)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, section := range all(t, bytes.NewReader(text), 1<<16) {
			file, err := Parse(section.Text)
			if err != nil {
				continue
			}
			for i := range file.Hunks {
				pairsHold(t, &file.Hunks[i])
			}
		}
	})
}
