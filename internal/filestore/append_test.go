package filestore

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"
)

// TestAppend: whatever parts come again, or are cut off on the way, the file holds each byte once and in its place.
func TestAppend(t *testing.T) {
	t.Parallel()
	s := &Store{Dir: t.TempDir(), Now: time.Now}
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		id := "log" + strings.Repeat("x", n)
		whole := rapid.SliceOfN(rapid.Byte(), 0, 5000).Draw(t, "whole")
		most := int64(rapid.IntRange(1, 6000).Draw(t, "most"))
		var have int64
		for have < min(int64(len(whole)), most) {
			from := rapid.Int64Range(0, have).Draw(t, "from")
			to := rapid.Int64Range(from, int64(len(whole))).Draw(t, "to")
			part := io.Reader(bytes.NewReader(whole[from:to]))
			broken := rapid.Bool().Draw(t, "broken")
			if broken {
				part = io.MultiReader(part, iotest.ErrReader(errors.New("cut")))
			}
			size, full, err := s.Append("r", id, from, most, part)
			if read, ok := errors.AsType[*ReadError](err); err != nil && !(ok && broken && read != nil) {
				t.Fatal(err)
			}
			want := min(max(have, to), most)
			if size != want || full != (size >= most) && err == nil {
				t.Fatalf("%d..%d of %d, at most %d: size %d, full %v, want %d", from, to, len(whole), most, size, full, want)
			}
			have = size
		}
		if len(whole) == 0 {
			return
		}
		if size, _, err := s.Append("r", id, have+1, most, strings.NewReader("x")); !errors.Is(err, ErrGap) || size != have {
			t.Fatalf("a gap: %d, %v", size, err)
		}
		got, err := os.ReadFile(s.path("r", id))
		if err != nil || !bytes.Equal(got, whole[:have]) {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
	})
}

// BenchmarkAppend writes a log in parts of 256 KiB.
func BenchmarkAppend(b *testing.B) {
	s := &Store{Dir: b.TempDir(), Now: time.Now}
	part := bytes.Repeat([]byte("What a step prints, a line at a time, and much of it.\n"), 256<<10/54)
	b.SetBytes(int64(len(part)))
	b.ReportAllocs()
	var at int64
	for b.Loop() {
		if at > 512<<20 {
			at = 0
			if err := s.Remove("r", "log"); err != nil {
				b.Fatal(err)
			}
		}
		size, _, err := s.Append("r", "log", at, 1<<40, bytes.NewReader(part))
		if err != nil {
			b.Fatal(err)
		}
		at = size
	}
}
