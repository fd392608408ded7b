package diff

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// Section is what git prints of one file.
type Section struct {
	Text []byte // "" when it is longer than the limit
	Size int    // bytes, also of what is not in Text
}

// Sections are the files in the output of git diff, one after the other.
type Sections struct {
	in    *bufio.Reader
	limit int
	next  []byte // the first line of the next section, or a part of it; nil before the first
	part  bool   // next goes on in the line that is read now
	err   error
}

// Read cuts a stream into files, and holds at most limit bytes of each.
func Read(from io.Reader, limit int) *Sections {
	return &Sections{in: bufio.NewReaderSize(from, 64<<10), limit: limit}
}

// begins tells whether a line is the first of a file. Lines of a file's contents begin with a space or a sign.
func begins(line []byte) bool { return bytes.HasPrefix(line, []byte("diff --git ")) }

// Next is the next file, io.EOF behind the last one. What stands before the first file is left out.
func (s *Sections) Next() (Section, error) {
	var section Section
	add := func(line []byte) {
		section.Size += len(line)
		if section.Size > s.limit {
			section.Text = nil
			return
		}
		section.Text = append(section.Text, line...)
	}
	inside := s.next != nil
	if inside {
		add(s.next)
		s.next = nil
	}
	for s.err == nil {
		line, err := s.in.ReadSlice('\n')
		fresh := !s.part
		if s.part = errors.Is(err, bufio.ErrBufferFull); err != nil && !s.part {
			s.err = err
		}
		if len(line) == 0 {
			break
		}
		if fresh && begins(line) {
			if inside {
				s.next = bytes.Clone(line)
				return section, nil
			}
			inside = true
		}
		if inside {
			add(line)
		}
	}
	if inside && errors.Is(s.err, io.EOF) {
		return section, nil
	}
	return Section{}, s.err
}
