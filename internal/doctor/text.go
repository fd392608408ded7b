package doctor

import (
	"fmt"
	"io"
	"strings"
)

// The colours of a terminal. Words carry the meaning as well: colour only helps the eye.
const (
	bold   = "\x1b[1m"
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	dim    = "\x1b[2m"
	plain  = "\x1b[0m"
)

// WriteText writes the report for a person, with colours for a terminal if wanted. The first finding is the one to mend
// first.
func (r Report) WriteText(w io.Writer, colour bool) error {
	paint := func(how, text string) string {
		if !colour || text == "" {
			return text
		}
		return how + text + plain
	}
	verdict := map[Verdict]string{Clean: green, Faults: red, Unknown: yellow}
	var b strings.Builder
	fmt.Fprintln(&b, join(paint(bold+verdict[r.Verdict], r.Verdict.words(len(r.Findings))), r.Summary))
	for i, f := range r.Findings {
		how := map[Certainty]string{Certain: red, Likely: yellow, Possible: dim}[f.Certainty]
		if f.Fine {
			how = green
		}
		fmt.Fprintf(&b, "\n%d. %s  %s\n", i+1, paint(bold, f.Title), paint(how, fmt.Sprintf("%s, %s", f.Reason, f.Certainty)))
		line(&b, "", f.Evidence)
		if f.Place != "" && !strings.Contains(f.Evidence, f.Place) {
			line(&b, "at    ", f.Place)
		}
		line(&b, "why   ", f.Because)
		if f.Fine {
			line(&b, "fine  ", "The credential is not to blame.")
		}
		line(&b, "mend  ", f.Fix.Text)
		for command := range strings.Lines(f.Fix.Command) {
			fmt.Fprintf(&b, "         %s\n", paint(bold, strings.TrimRight(command, "\n")))
		}
		line(&b, "more  ", f.Doc)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func line(b *strings.Builder, label, text string) {
	if text != "" {
		fmt.Fprintf(b, "   %s%s\n", label, text)
	}
}

// words is the verdict with the number of findings.
func (v Verdict) words(n int) string {
	switch {
	case v == Clean:
		return "Nothing wrong found."
	case v == Unknown && n == 0:
		return "Cannot tell."
	case v == Unknown:
		return "Cannot tell for certain."
	case n == 1:
		return "One fault."
	}
	return fmt.Sprintf("%d faults, the first to mend in front.", n)
}
