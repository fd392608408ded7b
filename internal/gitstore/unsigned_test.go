package gitstore

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestUnsigned: a signature that is put between the headers of a commit comes out again, and what it was made of with it.
func TestUnsigned(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		lines := rapid.SliceOfN(rapid.StringMatching(`(tree|parent|author|gpgsig-sha256|mergetag) [ a-z]{0,9}(\n [a-z]{0,5}){0,2}`), 1, 5).Draw(rt, "headers")
		message := rapid.StringMatching(`(gpgsig )?[a-z \n]{0,20}`).Draw(rt, "message")
		armored := rapid.SliceOfN(rapid.StringMatching(`[A-Za-z=-]{0,9}`), 1, 4).Draw(rt, "signature")
		plain := strings.Join(lines, "\n") + "\n\n" + message
		if got, signature := (&Object{Data: []byte(plain)}).Unsigned(); string(got) != plain || signature != "" {
			rt.Fatalf("unsigned: %q, %q", got, signature)
		}
		at := rapid.IntRange(1, len(lines)).Draw(rt, "at")
		with := strings.Join(lines[:at], "\n") + "\ngpgsig " + strings.Join(armored, "\n ")
		if at < len(lines) {
			with += "\n" + strings.Join(lines[at:], "\n")
		}
		got, signature := (&Object{Data: []byte(with + "\n\n" + message)}).Unsigned()
		if string(got) != plain || signature != strings.Join(armored, "\n")+"\n" {
			rt.Fatalf("%q, %q", got, signature)
		}
	})
}
