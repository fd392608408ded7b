package markup

import "strings"

// Bounds of what costs far more than its length: marks that stand inside of each other, addresses in words that do not
// end, and tables, whose short rows are filled up. Documents that people write stay well below.
const (
	maxDepth    = 20      // lists and quotations that begin in one line
	maxBrackets = 1000    // open ones in one paragraph
	maxWork     = 4 << 20 // length of a word times the addresses that begin in it
	maxCells    = 1 << 18 // columns of a table times the lines that may be its rows
)

// demanding tells whether making HTML of a document would take far longer than its length lets expect.
func demanding(source string) bool {
	brackets, columns := 0, 0
	for line := range strings.Lines(source) {
		if strings.TrimSpace(line) == "" {
			brackets = 0
		}
		marks := line[:len(line)-len(strings.TrimLeft(line, " \t>-*+.)0123456789"))]
		if strings.Count(marks, " ")+strings.Count(marks, ">") > 4*maxDepth {
			return true
		}
		if strings.Trim(line, " \t\r\n>|:-") == "" {
			columns = max(columns, strings.Count(line, "|"))
		}
		for word := range strings.FieldsSeq(line) {
			if len(word)*strings.Count(word, "](") > maxWork {
				return true
			}
		}
		for _, c := range []byte(line) {
			switch c {
			case '[':
				brackets++
			case ']':
				brackets = max(0, brackets-1)
			}
			if brackets > maxBrackets {
				return true
			}
		}
	}
	return columns*strings.Count(source, "\n") > maxCells
}
