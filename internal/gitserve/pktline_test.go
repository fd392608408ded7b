package gitserve

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
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
		{"0003", "", false, ErrPacket},
		{"fff1" + strings.Repeat("x", 70000), "", false, ErrPacket},
		{"zzzz", "", false, ErrPacket},
		{"+123", "", false, ErrPacket},
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
	largest := AppendPacket(nil, strings.Repeat("x", maxPayload))
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
		b = AppendPacket(b, line)
	}
	return string(b)
}

func TestReadCommands(t *testing.T) {
	limit := CommandLimits{Count: 3, Bytes: 1000}
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
		{name: "no name", in: packets(zeros+" "+ones+" ") + "0000", err: ErrNoCommand},
		{name: "short hash", in: packets("00 "+ones+" refs/heads/a") + "0000", err: ErrNoCommand},
		{name: "capital hash", in: packets(zeros+" "+strings.Repeat("A", 40)+" refs/heads/a") + "0000", err: ErrNoCommand},
		{name: "signed push", in: packets("push-cert\x00x") + "0000", err: ErrNoCommand},
		{name: "NUL in a later name", in: packets(zeros+" "+ones+" refs/heads/a", zeros+" "+ones+" refs/heads/b\x00c") + "0000", err: ErrNoCommand},
		{name: "delimiter", in: packets(zeros+" "+ones+" refs/heads/a") + "0001", err: ErrNoCommand},
		{name: "no end", in: packets(zeros + " " + ones + " refs/heads/a"), err: io.ErrUnexpectedEOF},
		{name: "nothing", in: "", err: io.ErrUnexpectedEOF},
		{name: "garbage", in: "PACK....", err: ErrPacket},
		{name: "too many", in: packets(zeros+" "+ones+" a", zeros+" "+ones+" b", zeros+" "+ones+" c", zeros+" "+ones+" d") + "0000", err: ErrTooMany},
		{name: "too long", in: packets(zeros+" "+ones+" "+strings.Repeat("a", 1000)) + "0000", err: ErrTooMany},
	} {
		in := bufio.NewReader(strings.NewReader(c.in))
		got, err := ReadCommands(in, limit)
		if !errors.Is(err, c.err) || c.err == nil && err != nil {
			t.Errorf("%s: %v, want %v", c.name, err, c.err)
			continue
		}
		if err != nil {
			continue
		}
		var names []string
		for _, u := range got.Updates {
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
		c, err := ReadCommands(in, CommandLimits{Count: 5, Bytes: 500})
		if err != nil {
			return
		}
		rest, _ := io.ReadAll(in)
		if !bytes.Equal(append(c.raw, rest...), data) {
			t.Error("bytes were lost or made up")
		}
		if len(c.Updates) > 5 || len(c.raw) > 500 {
			t.Error("the limits do not hold")
		}
		for _, u := range c.Updates {
			if !u.Old.Valid() || !u.New.Valid() || u.Name == "" {
				t.Errorf("%+v", u)
			}
		}
	})
}
