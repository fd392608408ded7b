package diff

import (
	"bytes"
	"errors"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
)

// File is what changed in one file.
type File struct {
	Old, New string // paths, bytes as git keeps them; "" where there is none
	Binary   bool
	Hunks    []Hunk
}

// Hunk is some lines of a file that changed, with those around them.
type Hunk struct {
	Old, New int    // the first line, from 1; 0 where there are none
	Within   string // what git says that the lines are in, such as the head of a function
	Lines    []Line
}

// Line is one line of a hunk.
type Line struct {
	Sign     byte // ' ' for what stayed, '+', '-'
	Old, New int  // its number; 0 where it is not
	Text     string
	Open     bool // it ends the file, without a line break
}

// errSection says that there is not one file in a section.
var errSection = errors.New("diff: this is not what git prints of one file")

// Parse reads a section.
func Parse(section []byte) (*File, error) {
	files, before, err := gitdiff.Parse(bytes.NewReader(section))
	if err != nil {
		return nil, err
	}
	if len(files) != 1 || before != "" {
		return nil, errSection
	}
	from := files[0]
	f := &File{Old: from.OldName, New: from.NewName, Binary: from.IsBinary}
	for _, fragment := range from.TextFragments {
		h := Hunk{Old: int(fragment.OldPosition), New: int(fragment.NewPosition), Within: fragment.Comment}
		old, now := h.Old, h.New
		for _, line := range fragment.Lines {
			text, ended := strings.CutSuffix(line.Line, "\n")
			one := Line{Sign: ' ', Text: text, Open: !ended}
			switch line.Op {
			case gitdiff.OpAdd:
				one.Sign = '+'
			case gitdiff.OpDelete:
				one.Sign = '-'
			}
			if one.Sign != '+' {
				one.Old = old
				old++
			}
			if one.Sign != '-' {
				one.New = now
				now++
			}
			h.Lines = append(h.Lines, one)
		}
		f.Hunks = append(f.Hunks, h)
	}
	return f, nil
}

// Count is how many lines came and went.
func (f *File) Count() (added, removed int) {
	for _, h := range f.Hunks {
		for _, line := range h.Lines {
			switch line.Sign {
			case '+':
				added++
			case '-':
				removed++
			}
		}
	}
	return added, removed
}
