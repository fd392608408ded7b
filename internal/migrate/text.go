package migrate

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// encoding is how the bytes of a file are a text.
type encoding uint8

const (
	plain   encoding = iota // UTF-8, or any other code that has ASCII inside
	marked                  // UTF-8 behind a byte order mark
	utf16LE                 // UTF-16 behind a byte order mark, as PowerShell writes it
	utf16BE
	bareLE // UTF-16 without a mark
	binaryFile
)

var (
	markUTF8 = []byte{0xEF, 0xBB, 0xBF}
	markLE   = []byte{0xFF, 0xFE}
	markBE   = []byte{0xFE, 0xFF}
)

// sniffed is how much of a file tells text from binary, as git does it.
const sniffed = 8000

// encodingOf tells how to read the bytes.
func encodingOf(raw []byte) encoding {
	switch {
	case bytes.HasPrefix(raw, markUTF8):
		return marked
	case bytes.HasPrefix(raw, markLE) && len(raw)%2 == 0:
		return utf16LE
	case bytes.HasPrefix(raw, markBE) && len(raw)%2 == 0:
		return utf16BE
	}
	head := raw[:min(len(raw), sniffed)]
	if bytes.IndexByte(head, 0) < 0 {
		return plain
	}
	if len(raw)%2 != 0 {
		return binaryFile
	}
	// Western text in UTF-16 has a zero as nearly every second byte.
	for i := range head {
		if (head[i] == 0) != (i%2 == 1) {
			return binaryFile
		}
	}
	return bareLE
}

// decode is the text of the bytes, without a byte order mark. Line ends stay as they are.
func (e encoding) decode(raw []byte) string {
	switch e {
	case marked:
		return string(raw[len(markUTF8):])
	case utf16LE:
		return decode16(raw[len(markLE):], binary.LittleEndian)
	case utf16BE:
		return decode16(raw[len(markBE):], binary.BigEndian)
	case bareLE:
		return decode16(raw, binary.LittleEndian)
	}
	return string(raw)
}

func decode16(raw []byte, order binary.ByteOrder) string {
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = order.Uint16(raw[2*i:])
	}
	return string(utf16.Decode(units))
}

// encode is decode backwards.
func (e encoding) encode(text string) []byte {
	switch e {
	case marked:
		return append(slices.Clone(markUTF8), text...)
	case utf16LE:
		return encode16(slices.Clone(markLE), text, binary.LittleEndian)
	case utf16BE:
		return encode16(slices.Clone(markBE), text, binary.BigEndian)
	case bareLE:
		return encode16(nil, text, binary.LittleEndian)
	}
	return []byte(text)
}

func encode16(out []byte, text string, order binary.AppendByteOrder) []byte {
	for _, unit := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, unit)
	}
	return out
}

// document is a file that was read as text.
type document struct {
	path string // as it is shown, with slashes
	kind kind
	text string

	starts []int  // where the lines begin
	hosts  []host // see near
	hosted bool
	lower  string // the text in small letters, for a quick look
}

func newDocument(path string, text string) *document {
	d := &document{path: path, text: text, kind: kindOf(path), starts: []int{0}, lower: strings.ToLower(text)}
	for i := 0; i < len(text); i++ {
		if text[i] == '\n' {
			d.starts = append(d.starts, i+1)
		}
	}
	return d
}

// lineOf is the number of the line, counted from 0, that an offset is on.
func (d *document) lineOf(at int) int {
	i, exact := slices.BinarySearch(d.starts, at)
	if exact {
		return i
	}
	return i - 1
}

// position is line and column of an offset, counted from 1; the column counts characters.
func (d *document) position(at int) (line, column int) {
	at = max(0, min(at, len(d.text)))
	n := d.lineOf(at)
	return n + 1, utf8.RuneCountInString(d.text[d.starts[n]:at]) + 1
}

// line is the text of a line without its end; n counts from 0.
func (d *document) line(n int) string {
	if n < 0 || n >= len(d.starts) {
		return ""
	}
	end := len(d.text)
	if n+1 < len(d.starts) {
		end = d.starts[n+1]
	}
	return strings.TrimRight(d.text[d.starts[n]:end], "\r\n")
}

// maxLine is how much of a line is looked at before and behind a place: programs write files of a single line.
const maxLine = 2000

// lineAround is the line that an offset is on, and where it begins; of a long one the part around the offset.
func (d *document) lineAround(at int) (line string, start int) {
	n := d.lineOf(at)
	start, end := d.starts[n], len(d.text)
	if n+1 < len(d.starts) {
		end = d.starts[n+1]
	}
	start, end = max(start, at-maxLine), min(end, at+maxLine)
	return strings.TrimRight(d.text[start:end], "\r\n"), start
}

// commented tells whether the whole line of an offset is a comment, where the kind of file has such lines.
func (d *document) commented(at int) bool {
	start := d.starts[d.lineOf(at)]
	line := strings.TrimLeft(d.text[start:min(len(d.text), start+maxLine)], " \t")
	for _, mark := range d.kind.comments() {
		if strings.HasPrefix(line, mark) {
			return true
		}
	}
	return false
}
