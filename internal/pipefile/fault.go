package pipefile

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/agext/levenshtein"
)

// Pos is a place in the file.
type Pos struct {
	Line   int // from 1
	Column int // in characters, from 1
}

// Fault is what is wrong at one place of a file. No command, no value of a variable and no password stands in it.
type Fault struct {
	Line     int    `json:"line"`           // from 1; 0: the whole file
	Column   int    `json:"column"`         // in characters, from 1; 0: the whole file
	Path     string `json:"path,omitempty"` // of the value, such as pipelines.default[0].step.size; empty for the file and for what is no YAML
	Found    string `json:"found"`          // what stands there
	Expected string `json:"expected"`       // what may stand there
}

// String is the fault in one line, without the name of the file: "3:5: pipelines.default[0].step: found …, expected …".
func (f Fault) String() string {
	var b strings.Builder
	if f.Line > 0 {
		fmt.Fprintf(&b, "%d:%d: ", f.Line, f.Column)
	}
	if f.Path != "" {
		b.WriteString(f.Path + ": ")
	}
	return b.String() + "found " + f.Found + ", expected " + f.Expected
}

// maxShown is how much of a value is shown, in characters.
const maxShown = 40

// shown is text of the file in a sentence.
func shown(text string) string { return strconv.Quote(cut(text)) }

// cut is text that is not too long.
func cut(text string) string {
	n := 0
	for i := range text {
		if n++; n > maxShown {
			return text[:i] + "…"
		}
	}
	return text
}

// oneOf lists what may stand somewhere.
func oneOf(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// nearest is the word that was probably meant; empty when none is near.
func nearest(asked string, words []string) string {
	if len(asked) > 64 {
		return ""
	}
	best, found := max(2, len(asked)/4)+1, ""
	for _, w := range words {
		if d := levenshtein.Distance(strings.ToLower(asked), w, nil); d < best && d < len(w) {
			best, found = d, w
		}
	}
	return found
}
