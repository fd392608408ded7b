package pipelines

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/pipefile"
)

// Limits of what a page shows of a log: of its end, in bytes; of a line, in characters; and of the lines that a search finds.
const (
	maxShown = 256 << 10
	maxLine  = 4000
	maxFound = 500
)

// section is a part of a log: what one command has printed.
type section struct {
	ID   string
	Name string // the command
	Text string
	Open bool
}

// fold takes a log apart by the commands that a step runs: whoever runs it prints each behind a + before it begins. What comes before the
// first one is the set-up. The last part is open, since it is the one that goes on, or that failed.
func fold(text string, commands []string) []section {
	all := []section{{ID: "setup", Name: "Set-up"}}
	var b strings.Builder
	end := func() {
		all[len(all)-1].Text = b.String()
		b.Reset()
	}
	next, skip := 0, []string(nil)
	for line := range strings.Lines(text) {
		bare := strings.TrimSuffix(line, "\n")
		if len(skip) > 0 { // the rest of a command of several lines
			if bare == skip[0] {
				skip = skip[1:]
				continue
			}
			skip = nil
		}
		if said, ok := strings.CutPrefix(bare, "+ "); ok {
			if found, rest := command(said, commands[next:]); found >= 0 {
				end()
				next += found + 1
				all, skip = append(all, section{ID: "command-" + decimal(next), Name: commands[next-1]}), rest
				continue
			}
		}
		b.WriteString(line)
	}
	end()
	if all[0].Text == "" && len(all) > 1 {
		all = all[1:]
	}
	all[len(all)-1].Open = true
	return all
}

// command finds the one of commands that a line begins, and what of it follows in lines of their own; -1: none does.
func command(said string, commands []string) (found int, rest []string) {
	for i, c := range commands {
		lines := strings.Split(strings.TrimSuffix(c, "\n"), "\n")
		if lines[0] == said {
			return i, lines[1:]
		}
	}
	return -1, nil
}

// commandsOf are what a step runs, as its log names them.
func commandsOf(s *pipefile.Step) (all []string) {
	for _, c := range append(append([]pipefile.Command{}, s.Script...), s.AfterScript...) {
		if c.Pipe != nil {
			all = append(all, "pipe: "+c.Pipe.Pipe)
		} else {
			all = append(all, c.Text)
		}
	}
	return all
}

// plain is what a terminal would show of a text in the end: no escape sequences, of a line that was written over what was written last, and
// no other control characters.
func plain(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	for line := range strings.Lines(strings.ToValidUTF8(text, "�")) {
		line, ended := strings.CutSuffix(line, "\n")
		line = strings.TrimRight(line, "\r")
		if i := strings.LastIndexByte(line, '\r'); i >= 0 {
			line = line[i+1:]
		}
		line = unescape(line)
		if n := utf8.RuneCountInString(line); n > maxLine {
			line = string([]rune(line)[:maxLine]) + "…"
		}
		b.WriteString(line)
		if ended {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// unescape takes the sequences out of a line that terminals take for orders (ECMA-48), and characters that cannot be seen or turn the
// direction of what follows.
func unescape(line string) string {
	if !strings.ContainsFunc(line, hidden) {
		return line
	}
	var b strings.Builder
	for i := 0; i < len(line); {
		if line[i] == 0x1b {
			i++
			if i < len(line) && line[i] == '[' { // CSI: parameters, intermediates, one final byte
				for i++; i < len(line) && line[i] >= 0x20 && line[i] < 0x40; i++ {
				}
				i = min(i+1, len(line))
				continue
			}
			if i < len(line) && line[i] == ']' { // OSC: up to BEL or ST
				end := strings.IndexAny(line[i:], "\a\x1b")
				if end < 0 {
					break
				}
				if i += end; line[i] == '\a' {
					i++
				}
				continue
			}
			if i < len(line) && line[i] < utf8.RuneSelf {
				i++
			}
			continue
		}
		c, size := utf8.DecodeRuneInString(line[i:])
		if !hidden(c) {
			b.WriteRune(c)
		}
		i += size
	}
	return b.String()
}

func hidden(c rune) bool {
	return c != '\t' && (unicode.IsControl(c) || c >= 0x202A && c <= 0x202E || c >= 0x2066 && c <= 0x2069 || c == 0xFEFF)
}

// end reads the end of a log of this size, from the beginning of a line on, and how many bytes come before that.
func end(from io.ReadSeeker, size int64) (text string, before int64, err error) {
	if before = max(0, size-maxShown); before > 0 {
		if _, err := from.Seek(before, io.SeekStart); err != nil {
			return "", 0, err
		}
	}
	data, err := io.ReadAll(io.LimitReader(from, maxShown))
	if err != nil {
		return "", 0, err
	}
	if before > 0 {
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			before += int64(i) + 1
			data = data[i+1:]
		}
	}
	return string(data), before, nil
}

// hit is a line of a log in which something was found.
type hit struct {
	Number             int // from 1
	Before, Found, Now string
}

// search finds the lines of a log that hold a text, in any case; more: there are more than maxFound.
func search(from io.Reader, text string) (hits []hit, more bool, err error) {
	text = strings.ToLower(text)
	reader := bufio.NewReaderSize(from, 64<<10)
	for number := 1; ; number++ {
		line, cut, err := line(reader)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, false, err
		}
		if err != nil && line == "" && !cut {
			return hits, false, nil
		}
		shown := plain(line)
		lower := strings.ToLower(shown)
		if i := strings.Index(lower, text); i >= 0 {
			if len(hits) == maxFound {
				return hits, true, nil
			}
			h := hit{Number: number, Before: shown}
			if len(lower) == len(shown) && utf8.ValidString(shown[:i]) && utf8.ValidString(shown[i:i+len(text)]) {
				h.Before, h.Found, h.Now = shown[:i], shown[i:i+len(text)], shown[i+len(text):]
			}
			hits = append(hits, h)
		}
		if err != nil {
			return hits, false, nil
		}
	}
}

// line reads a line without its end. Of one that is longer than the buffer the rest is passed over.
func line(r *bufio.Reader) (text string, cut bool, err error) {
	data, err := r.ReadSlice('\n')
	text = strings.TrimSuffix(string(data), "\n")
	for errors.Is(err, bufio.ErrBufferFull) {
		cut = true
		_, err = r.ReadSlice('\n')
	}
	return text, cut, err
}
