package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"
)

// writeJSON writes v for a program, indented so that a person can read it too.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// widest is how far a cell pushes the columns behind it to the right. A longer one only shifts its own row: the few
// very long paths must not make every line long.
const widest = 76

// table writes rows in columns, the head in capitals.
func table(w io.Writer, head []string, rows [][]string) error {
	rows = append([][]string{strings.Split(strings.ToUpper(strings.Join(head, "\t")), "\t")}, rows...)
	widths := make([]int, len(head))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], min(widest, utf8.RuneCountInString(cell)))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		at, begins := 0, 0 // where the line is, and where the column begins
		for i, cell := range row {
			if i > 0 {
				pad := max(2, begins-at)
				b.WriteString(strings.Repeat(" ", pad))
				at += pad
			}
			b.WriteString(cell)
			at += utf8.RuneCountInString(cell)
			begins += widths[i] + 2
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// fields writes pairs of a name and a value, one a line. Empty values are left out.
func fields(w io.Writer, pairs ...string) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			fmt.Fprintf(t, "%s:\t%s\n", pairs[i], pairs[i+1])
		}
	}
	return t.Flush()
}

// when is a time for a person, in UTC; otherwise is what stands for no time.
func when(t time.Time, otherwise string) string {
	if t.IsZero() {
		return otherwise
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

// day is a date for a person, in UTC.
func day(t time.Time, otherwise string) string {
	if t.IsZero() {
		return otherwise
	}
	return t.UTC().Format(time.DateOnly)
}
