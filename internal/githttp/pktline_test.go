package githttp

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/pailforge/pail/internal/gitstore"
)

func TestReadPacket(t *testing.T) {
	for _, c := range []struct {
		in, raw string
		flush   bool
		err     error
	}{
		{"0009hello and more", "0009hello", false, nil},
		{"0004", "0004", false, nil},
		{"000Ahello!", "000Ahello!", false, nil},
		{"0000", "0000", true, nil},
		{"0001x", "0001", true, nil},
		{"0002", "0002", true, nil},
		{"0003", "", false, errPacket},
		{"fff1" + strings.Repeat("x", 70000), "", false, errPacket},
		{"zzzz", "", false, errPacket},
		{"+123", "", false, errPacket},
		{"", "", false, io.EOF},
		{"00", "", false, io.ErrUnexpectedEOF},
		{"0009hell", "", false, io.ErrUnexpectedEOF},
		{"0009", "", false, io.ErrUnexpectedEOF},
	} {
		raw, flush, err := readPacket(bufio.NewReader(strings.NewReader(c.in)), nil)
		if string(raw) != c.raw || flush != c.flush || !errors.Is(err, c.err) || c.err == nil && err != nil {
			t.Errorf("readPacket(%.20q) = %q, %v, %v", c.in, raw, flush, err)
		}
	}
	largest := appendPacket(nil, strings.Repeat("x", maxPayload))
	if raw, _, err := readPacket(bufio.NewReader(bytes.NewReader(largest)), nil); err != nil || len(raw) != 65520 {
		t.Errorf("the largest packet: %d bytes, %v", len(raw), err)
	}
}

const (
	zeros = "0000000000000000000000000000000000000000"
	ones  = "1111111111111111111111111111111111111111"
)

func packets(lines ...string) string {
	var b []byte
	for _, line := range lines {
		b = appendPacket(b, line)
	}
	return string(b)
}

func TestReadCommands(t *testing.T) {
	limit := commandLimits{count: 3, bytes: 1000}
	for _, c := range []struct {
		name, in string
		updates  string
		caps     string
		err      error
	}{
		{name: "one", in: packets(zeros+" "+ones+" refs/heads/a\x00 report-status side-band-64k agent=git/2") + "0000PACK", updates: "refs/heads/a", caps: "agent report-status side-band-64k"},
		{name: "two", in: packets(zeros+" "+ones+" refs/heads/a\x00\n", ones+" "+zeros+" refs/heads/b\n") + "0000", updates: "refs/heads/a refs/heads/b"},
		{name: "shallow", in: packets("shallow "+ones+"\n", zeros+" "+ones+" refs/heads/a\x00report-status") + "0000", updates: "refs/heads/a", caps: "report-status"},
		{name: "empty", in: "0000"},
		{name: "sha-256", in: packets(strings.Repeat("a", 64)+" "+strings.Repeat("b", 64)+" refs/heads/a") + "0000", updates: "refs/heads/a"},
		{name: "name with spaces", in: packets(zeros+" "+ones+" refs/heads/a b") + "0000", updates: "refs/heads/a_b"},
		{name: "no name", in: packets(zeros+" "+ones+" ") + "0000", err: errNoCommand},
		{name: "short hash", in: packets("00 "+ones+" refs/heads/a") + "0000", err: errNoCommand},
		{name: "capital hash", in: packets(zeros+" "+strings.Repeat("A", 40)+" refs/heads/a") + "0000", err: errNoCommand},
		{name: "signed push", in: packets("push-cert\x00x") + "0000", err: errNoCommand},
		{name: "NUL in a later name", in: packets(zeros+" "+ones+" refs/heads/a", zeros+" "+ones+" refs/heads/b\x00c") + "0000", err: errNoCommand},
		{name: "delimiter", in: packets(zeros+" "+ones+" refs/heads/a") + "0001", err: errNoCommand},
		{name: "no end", in: packets(zeros + " " + ones + " refs/heads/a"), err: io.ErrUnexpectedEOF},
		{name: "nothing", in: "", err: io.ErrUnexpectedEOF},
		{name: "garbage", in: "PACK....", err: errPacket},
		{name: "too many", in: packets(zeros+" "+ones+" a", zeros+" "+ones+" b", zeros+" "+ones+" c", zeros+" "+ones+" d") + "0000", err: errTooMany},
		{name: "too long", in: packets(zeros+" "+ones+" "+strings.Repeat("a", 1000)) + "0000", err: errTooMany},
	} {
		in := bufio.NewReader(strings.NewReader(c.in))
		got, err := readCommands(in, limit)
		if !errors.Is(err, c.err) || c.err == nil && err != nil {
			t.Errorf("%s: %v, want %v", c.name, err, c.err)
			continue
		}
		if err != nil {
			continue
		}
		var names []string
		for _, u := range got.updates {
			names = append(names, strings.ReplaceAll(u.Name, " ", "_"))
		}
		if strings.Join(names, " ") != c.updates {
			t.Errorf("%s: %v, want %s", c.name, names, c.updates)
		}
		for name := range strings.FieldsSeq(c.caps) {
			if !got.capabilities[name] {
				t.Errorf("%s: capability %s is missing", c.name, name)
			}
		}
		rest, _ := io.ReadAll(in)
		if string(got.raw)+string(rest) != c.in {
			t.Errorf("%s: what goes on to git differs from what came", c.name)
		}
	}
}

func FuzzReadCommands(f *testing.F) {
	f.Add([]byte(packets(zeros+" "+ones+" refs/heads/a\x00report-status") + "0000PACK"))
	f.Add([]byte("0000"))
	f.Add([]byte("fff0"))
	f.Fuzz(func(t *testing.T, data []byte) {
		in := bufio.NewReader(bytes.NewReader(data))
		c, err := readCommands(in, commandLimits{count: 5, bytes: 500})
		if err != nil {
			return
		}
		rest, _ := io.ReadAll(in)
		if !bytes.Equal(append(c.raw, rest...), data) {
			t.Error("bytes were lost or made up")
		}
		if len(c.updates) > 5 || len(c.raw) > 500 {
			t.Error("the limits do not hold")
		}
		for _, u := range c.updates {
			if !u.Old.Valid() || !u.New.Valid() || u.Name == "" {
				t.Errorf("%+v", u)
			}
		}
	})
}

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
		if done := w.outcome(); len(done) != 2 || !done["refs/heads/a"] || done["refs/heads/b"] {
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
		done          map[string]bool
		before, after map[string]gitstore.Hash
		want          bool
	}{
		{"reported", u, map[string]bool{"r": true}, values(a), nil, true},
		{"refused", u, map[string]bool{"r": false}, values(a), nil, false},
		{"reported, but so before", u, map[string]bool{"r": true}, values(b), nil, false},
		{"no report, came about", u, nil, values(a), values(b), true},
		{"no report, did not", u, nil, values(a), values(a), false},
		{"no report, nothing known", u, nil, values(a), nil, false},
		{"deleted", gone, map[string]bool{"r": true}, values(a), nil, true},
		{"deleted what was not there", gone, map[string]bool{"r": true}, none, nil, false},
		{"no report, deleted", gone, nil, values(a), none, true},
	} {
		if got := changed([]RefUpdate{c.update}, c.done, c.before, c.after); (len(got) == 1) != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		method, target string
		want           Route
		ok             bool
	}{
		{"GET", "/ws/repo/info/refs?service=git-upload-pack", Route{"ws", "repo", UploadPack, true}, true},
		{"GET", "/ws/repo.git/info/refs?service=git-receive-pack", Route{"ws", "repo", ReceivePack, true}, true},
		{"GET", "/ws/repo.git/info/refs", Route{"ws", "repo", "", true}, true},
		{"GET", "/ws/repo/info/refs?service=evil", Route{"ws", "repo", "", true}, true},
		{"POST", "/ws/repo.git/git-upload-pack", Route{"ws", "repo", UploadPack, false}, true},
		{"POST", "/Ws_1/a.b-c/git-receive-pack", Route{"Ws_1", "a.b-c", ReceivePack, false}, true},
		{"GET", "/%7B0189c3a0-7b1e-4a52-9d3c-0123456789ab%7D/%7b0189c3a0-7b1e-4a52-9d3c-0123456789ac%7d.git/info/refs", Route{"{0189c3a0-7b1e-4a52-9d3c-0123456789ab}", "{0189c3a0-7b1e-4a52-9d3c-0123456789ac}", "", true}, true},
		{"GET", "/ws/repo.git/git-upload-pack", Route{}, false},
		{"POST", "/ws/repo.git/info/refs", Route{}, false},
		{"HEAD", "/ws/repo.git/info/refs", Route{}, false},
		{"GET", "/ws/repo.git/HEAD", Route{}, false},
		{"GET", "/ws/repo.git/objects/info/packs", Route{}, false},
		{"GET", "/ws/repo/src/info/refs", Route{}, false},
		{"GET", "/repo/info/refs", Route{}, false},
		{"GET", "//repo/info/refs", Route{}, false},
		{"GET", "/../repo/info/refs", Route{}, false},
		{"GET", "/ws/../info/refs", Route{}, false},
		{"GET", "/ws/.git/info/refs", Route{}, false},
		{"GET", "/ws/a%2Fb/info/refs", Route{}, false},
		{"GET", "/ws/a%00b/info/refs", Route{}, false},
		{"GET", "/ws/a%20b/info/refs", Route{}, false},
		{"GET", "/ws/%7Babc%7D/info/refs", Route{}, false},
		{"GET", "/ws/" + strings.Repeat("a", 129) + "/info/refs", Route{}, false},
		{"GET", "/", Route{}, false},
	} {
		got, ok := Match(httptest.NewRequest(c.method, c.target, nil))
		if got != c.want || ok != c.ok {
			t.Errorf("Match(%s %s) = %+v, %v", c.method, c.target, got, ok)
		}
	}
}
