package gitserve

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/pailforge/pail/internal/gitstore"
)

// However git's answer is cut into writes, the client gets all of it in order, the report is
// understood, and nothing of the report leaves before finish.
func TestReportWriter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		report := packets("unpack ok\n", "ok refs/heads/a\n", "option refname refs/heads/a\n", "ng refs/heads/b no way\n") + "0000"
		progress := string(appendLines(nil, rapid.SliceOfN(rapid.StringN(0, 20, -1), 0, 3).Draw(t, "progress")))
		progress += "0005\x01" // a sign of life
		sideband := rapid.Bool().Draw(t, "sideband")
		in := report
		if sideband {
			cut := rapid.IntRange(1, len(report)-1).Draw(t, "cut")
			in = progress + string(appendSideband(appendSideband(nil, 1, []byte(report[:cut])), 1, []byte(report[cut:]))) + "0000"
		}
		var to bytes.Buffer
		w := &reportWriter{to: &to, sideband: sideband}
		for rest := in; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "write")
			if k, err := io.WriteString(w, rest[:n]); k != n || err != nil {
				t.Fatal(k, err)
			}
			rest = rest[n:]
		}
		if want := map[bool]string{true: progress, false: ""}[sideband]; to.String() != want {
			t.Errorf("before finish the client has\n%q\nwant\n%q", to.String(), want)
		}
		if done := w.outcome(); len(done) != 2 || done["refs/heads/a"] != "" || done["refs/heads/b"] == "" {
			t.Errorf("outcome %v", done)
		}
		if err := w.finish(nil); err != nil || to.String() != in {
			t.Errorf("the client gets\n%q\nof\n%q", to.String(), in)
		}
	})
}

func FuzzReportWriter(f *testing.F) {
	f.Add([]byte(packets("unpack ok\n", "ok refs/heads/a\n")+"0000"), false, 3)
	f.Add([]byte("0005\x010009\x02hihi0000"), true, 1)
	f.Add([]byte("zzzz"), true, 2)
	f.Fuzz(func(t *testing.T, data []byte, sideband bool, cut int) {
		var to bytes.Buffer
		w := &reportWriter{to: &to, sideband: sideband}
		cut = min(max(cut, 0), len(data))
		_, _ = w.Write(data[:cut])
		_, _ = w.Write(data[cut:])
		w.outcome()
		if err := w.finish(nil); err != nil || !bytes.Equal(to.Bytes(), data) {
			t.Errorf("%q became %q", data, to.Bytes())
		}
	})
}

func TestChanged(t *testing.T) {
	a, b := gitstore.Hash(ones), gitstore.Hash(strings.Repeat("2", 40))
	u := RefUpdate{Name: "r", Old: a, New: b}
	gone := RefUpdate{Name: "r", Old: a, New: gitstore.ZeroHash}
	values := func(h gitstore.Hash) map[string]gitstore.Hash { return map[string]gitstore.Hash{"r": h} }
	none := map[string]gitstore.Hash{}
	for _, c := range []struct {
		name          string
		update        RefUpdate
		done          map[string]string
		before, after map[string]gitstore.Hash
		want          bool
	}{
		{"reported", u, map[string]string{"r": ""}, values(a), nil, true},
		{"refused", u, map[string]string{"r": "no way"}, values(a), nil, false},
		{"reported, but so before", u, map[string]string{"r": ""}, values(b), nil, false},
		{"no report, came about", u, nil, values(a), values(b), true},
		{"no report, did not", u, nil, values(a), values(a), false},
		{"no report, nothing known", u, nil, values(a), nil, false},
		{"deleted", gone, map[string]string{"r": ""}, values(a), nil, true},
		{"deleted what was not there", gone, map[string]string{"r": ""}, none, nil, false},
		{"no report, deleted", gone, nil, values(a), none, true},
	} {
		if got := changed([]RefUpdate{c.update}, c.done, c.before, c.after); (len(got) == 1) != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
