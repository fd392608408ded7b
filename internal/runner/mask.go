package runner

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"io"
	"slices"
	"strings"
)

// Secret is a value that may stand in no log.
type Secret struct {
	Name  string // what stands there instead, behind a $
	Value string
}

// ShortestSecret is the least number of octets of a value, or of a line of one, that is masked. What is shorter occurs by chance in every
// other line, and whoever sees what is missing there knows it.
const ShortestSecret = 4

// Masker writes what is written to it, with the name of each secret in its place: whether it stands there as it is, in base64
// (also that of addresses, and wherever in the text that was encoded), or with line breaks anywhere in it. Of a value of several lines,
// each is a secret, too. How the text is cut into calls of Write makes no difference. It holds back no more than what may be the beginning
// of a secret.
//
// Of base64, the first and the last character may hold bits of what stands beside a secret; those two are not masked.
type Masker struct {
	to     io.Writer
	begins [1 << 16 / 64]uint64 // the first two octets of all patterns, a bit each
	by     map[uint32][]*piece  // all patterns, by their first octets
	starts map[string]bool      // what is shorter than that, and begins one

	raw     []byte // what is not written yet
	flat    []byte // the same without line breaks
	covered int    // as many octets of flat, from its beginning, belong to a secret that was named already; -1: none, and none before it
	named   string // that secret
	out     []byte
}

// piece is a pattern: a secret in one of its forms, or a part of a long one.
type piece struct {
	text []byte
	name string
}

const (
	first    = ShortestSecret // octets by which a pattern is found
	longest  = 128            // octets of a pattern: longer ones are cut into several
	mostHeld = 64 << 10       // octets that are held back: line breaks within a secret
)

// NewMasker makes one that writes to w. Of two secrets with the same value the first gives its name.
func NewMasker(w io.Writer, secrets []Secret) *Masker {
	m := &Masker{to: w, by: map[uint32][]*piece{}, starts: map[string]bool{}, covered: -1}
	for _, s := range secrets {
		m.learn(s.Name, []byte(s.Value))
		if lines := strings.FieldsFunc(s.Value, isBreak); len(lines) > 1 {
			for _, line := range lines {
				m.learn(s.Name, []byte(line))
				m.learn(s.Name, []byte(strings.TrimSpace(line)))
			}
		}
		m.learn(s.Name, []byte(strings.TrimSpace(s.Value)))
	}
	for _, list := range m.by {
		slices.SortStableFunc(list, func(a, b *piece) int { return cmp.Compare(len(b.text), len(a.text)) })
	}
	return m
}

func isBreak(r rune) bool { return r == '\n' || r == '\r' }

// learn adds a value in all its forms.
func (m *Masker) learn(name string, value []byte) {
	if len(flatten(nil, value)) < ShortestSecret {
		return
	}
	m.add(name, flatten(nil, value))
	for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			text := e.AppendEncode(nil, append(make([]byte, before), value...))
			// A character holds six bits. Those that hold bits of what stands before and behind the value are nobody's business.
			from, to := (before*8+5)/6, (before+len(value))*8/6
			m.add(name, text[from:to])
		}
	}
}

// add adds a pattern, in pieces where it is long.
func (m *Masker) add(name string, text []byte) {
	for len(text) > longest {
		m.addPiece(name, text[:longest/2])
		text = text[longest/2:]
	}
	m.addPiece(name, text)
}

func (m *Masker) addPiece(name string, text []byte) {
	key := binary.LittleEndian.Uint32(text)
	for _, p := range m.by[key] {
		if bytes.Equal(p.text, text) {
			return
		}
	}
	m.by[key] = append(m.by[key], &piece{text: text, name: name})
	two := binary.LittleEndian.Uint16(text)
	m.begins[two/64] |= 1 << (two % 64)
	for n := 1; n < first; n++ {
		m.starts[string(text[:n])] = true
	}
}

// flatten appends text without its line breaks to dst.
func flatten(dst, text []byte) []byte {
	for len(text) > 0 {
		n := breakIn(text)
		if n < 0 {
			return append(dst, text...)
		}
		dst, text = append(dst, text[:n]...), text[n+1:]
	}
	return dst
}

// breakIn is where the first line break stands, or -1.
func breakIn(text []byte) int {
	n := bytes.IndexByte(text, '\n')
	if n >= 0 {
		text = text[:n]
	}
	if r := bytes.IndexByte(text, '\r'); r >= 0 {
		return r
	}
	return n
}

// Write takes all of p, or what goes wrong in writing it further.
func (m *Masker) Write(p []byte) (int, error) {
	if len(m.by) == 0 {
		return m.to.Write(p)
	}
	for n := 0; n < len(p); {
		part := p[n:min(len(p), n+mostHeld)]
		n += len(part)
		m.raw = append(m.raw, part...)
		if err := m.pass(false); err != nil {
			return n, err
		}
	}
	return len(p), nil
}

// Close writes what was held back. It does not close what is written to.
func (m *Masker) Close() error {
	if len(m.by) == 0 {
		return nil
	}
	return m.pass(true)
}

// span is octets of flat that belong to a secret.
type span struct {
	from, to int
	name     string
}

// pass writes all of raw that is decided: all, at the end.
func (m *Masker) pass(end bool) error {
	m.flat = flatten(m.flat[:0], m.raw)
	spans, held := m.find(end)
	if len(m.raw) > 2*mostHeld && held < len(m.flat) {
		// More line breaks than anybody would hold back stand in what may be a secret: it counts as one.
		spans, held = append(spans, span{from: held, to: len(m.flat), name: "…"}), len(m.flat)
	}
	if len(spans) == 0 && m.covered < 0 && held == len(m.flat) {
		_, err := m.to.Write(m.raw)
		m.raw = m.raw[:0]
		return err
	}
	m.emit(spans, held, end)
	_, err := m.to.Write(m.out)
	return err
}

// find finds the secrets in flat, and from where on it may go on with one.
func (m *Masker) find(end bool) (spans []span, held int) {
	flat := m.flat
	at := 0
	for ; at+first <= len(flat); at++ {
		two := binary.LittleEndian.Uint16(flat[at:])
		if m.begins[two/64]&(1<<(two%64)) == 0 {
			continue
		}
		for _, p := range m.by[binary.LittleEndian.Uint32(flat[at:])] {
			rest := flat[at:]
			if len(rest) < len(p.text) {
				if !end && bytes.HasPrefix(p.text, rest) {
					return spans, at
				}
			} else if bytes.HasPrefix(rest, p.text) {
				spans = append(spans, span{from: at, to: at + len(p.text), name: p.name})
				break
			}
		}
	}
	for ; at < len(flat) && !end; at++ {
		if m.starts[string(flat[at:])] {
			return spans, at
		}
	}
	return spans, len(flat)
}

// emit makes out of raw, up to the octet of flat that is held back, and keeps the rest.
func (m *Masker) emit(spans []span, held int, end bool) {
	m.out = m.out[:0]
	at, covered := 0, m.covered // octets of flat: written, and named
	raw := m.raw
	// copyTo takes over what stands in raw up to an octet of flat, and the line breaks before that one; only line breaks where that is hidden.
	copyTo := func(to int, hidden bool) {
		to = max(to, at)
		for at < to || len(raw) > 0 && (raw[0] == '\n' || raw[0] == '\r') {
			n := breakIn(raw[:min(len(raw), to-at+1)])
			switch {
			case n == 0:
				m.out, raw = append(m.out, raw[0]), raw[1:]
				continue
			case n < 0:
				n = to - at
			}
			if !hidden {
				m.out = append(m.out, raw[:n]...)
			}
			raw, at = raw[n:], at+n
		}
	}
	copyTo(min(covered, held), true)
	for _, s := range spans {
		if s.from > covered || s.from == covered && s.name != m.named {
			copyTo(min(s.from, held), false)
			m.out = append(append(m.out, '$'), s.name...)
			m.named = s.name
		}
		covered = max(covered, s.to)
		copyTo(min(covered, held), true)
	}
	copyTo(held, false)
	m.raw = append(m.raw[:0], raw...)
	if m.covered = covered - held; m.covered < 0 || end {
		m.covered = -1
	}
}
