package gitserve

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/pailforge/pail/internal/gitstore"
)

// Git frames what it says in pkt-lines: four hexadecimal digits of length, themselves counted,
// then the payload. "0000" is a flush; 0001 and 0002 are other marks without payload.
// See gitprotocol-common(5).
const (
	FlushPacket = "0000"

	maxPayload  = 65516 // largest payload of a pkt-line
	maxSideband = 65515 // of which the side band takes one byte
)

// Errors of ReadCommands.
var (
	ErrPacket    = errors.New("this is not a pkt-line")
	ErrNoCommand = errors.New("this is not a list of references to change")
	ErrTooMany   = errors.New("too many references in one push")
)

// readPacket reads one pkt-line. raw is all of it and stays good until the next call; flush tells
// that it is a mark without payload. io.EOF comes only at the boundary between packets.
func readPacket(in *bufio.Reader, buf []byte) (raw []byte, flush bool, err error) {
	raw = append(buf[:0], 0, 0, 0, 0)
	if _, err := io.ReadFull(in, raw); err != nil {
		return nil, false, err
	}
	n, ok := packetLength(raw)
	if !ok || n == 3 {
		return nil, false, ErrPacket
	}
	if n < 3 {
		return raw, true, nil
	}
	raw = append(raw, make([]byte, n-4)...)
	if _, err := io.ReadFull(in, raw[4:]); err != nil {
		return nil, false, noEOF(err)
	}
	return raw, false, nil
}

// packetLength reads the four digits.
func packetLength(digits []byte) (n int, ok bool) {
	for _, c := range digits[:4] {
		switch {
		case c >= '0' && c <= '9':
			n = n<<4 | int(c-'0')
		case c >= 'a' && c <= 'f':
			n = n<<4 | int(c-'a'+10)
		case c >= 'A' && c <= 'F':
			n = n<<4 | int(c-'A'+10)
		default:
			return 0, false
		}
	}
	return n, n <= maxPayload+4
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// AppendPacket adds a pkt-line with a payload of at most maxPayload bytes.
func AppendPacket(b []byte, payload string) []byte {
	return append(fmt.Appendf(b, "%04x", len(payload)+4), payload...)
}

// appendSideband adds data on a side band (1 data, 2 progress, 3 error), in as many packets as it takes.
func appendSideband(b []byte, band byte, data []byte) []byte {
	for len(data) > 0 {
		n := min(len(data), maxSideband)
		b = append(append(fmt.Appendf(b, "%04x", n+5), band), data[:n]...)
		data = data[n:]
	}
	return b
}

// Commands is the first part of a push: what the client wants to change, and how it wants the answer.
type Commands struct {
	Updates      []gitstore.RefUpdate
	capabilities map[string]bool // by name, without values
	raw          []byte          // as it came, to be passed on
}

// CommandLimits bound the list of references that a push changes.
type CommandLimits struct {
	Count int // references
	Bytes int
}

// ReadCommands reads up to and including the flush behind the commands of receive-pack's input and
// leaves the pack, if any, unread. No update comes back for a section that is empty: git probes with one.
// Errors: ErrTooMany, ErrNoCommand, ErrPacket, io.ErrUnexpectedEOF, and those of in.
func ReadCommands(in *bufio.Reader, limit CommandLimits) (*Commands, error) {
	c := &Commands{capabilities: map[string]bool{}}
	var buf []byte
	for {
		packet, flush, err := readPacket(in, buf)
		if err != nil {
			return nil, noEOF(err)
		}
		buf = packet
		if len(c.raw)+len(packet) > limit.Bytes {
			return nil, ErrTooMany
		}
		c.raw = append(c.raw, packet...)
		if flush {
			if string(packet) != FlushPacket {
				return nil, ErrNoCommand
			}
			return c, nil
		}
		line := packet[4:]
		if len(c.Updates) == 0 {
			var list []byte
			line, list, _ = bytes.Cut(line, []byte{0})
			for word := range strings.FieldsSeq(string(list)) {
				name, _, _ := strings.Cut(word, "=")
				c.capabilities[name] = true
			}
		}
		line = bytes.TrimSuffix(line, []byte{'\n'})
		if hash, ok := bytes.CutPrefix(line, []byte("shallow ")); ok && gitstore.Hash(hash).Valid() {
			continue
		}
		update, err := parseCommand(string(line))
		if err != nil {
			return nil, err
		}
		if len(c.Updates) == limit.Count {
			return nil, ErrTooMany
		}
		c.Updates = append(c.Updates, update)
	}
}

// parseCommand reads "<old> <new> <reference>". The name is not judged here.
func parseCommand(line string) (gitstore.RefUpdate, error) {
	parts := strings.SplitN(line, " ", 3)
	if len(parts) != 3 || parts[2] == "" || strings.ContainsRune(parts[2], 0) {
		return gitstore.RefUpdate{}, ErrNoCommand
	}
	u := gitstore.RefUpdate{Old: gitstore.Hash(parts[0]), New: gitstore.Hash(parts[1]), Name: parts[2]}
	if !u.Old.Valid() || !u.New.Valid() {
		return gitstore.RefUpdate{}, ErrNoCommand
	}
	return u, nil
}
