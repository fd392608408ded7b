package diff

// Pair is a row that shows what was beside what is. One of the two is nil where nothing stands against the other.
type Pair struct{ Old, New *Line }

// Pairs puts the lines of a hunk side by side: what stayed with itself, and of what was replaced each line that went with
// the one that came in its place, as far as there are as many.
func (h *Hunk) Pairs() []Pair {
	var pairs []Pair
	var went, came []*Line
	flush := func() {
		for i := range max(len(went), len(came)) {
			var p Pair
			if i < len(went) {
				p.Old = went[i]
			}
			if i < len(came) {
				p.New = came[i]
			}
			pairs = append(pairs, p)
		}
		went, came = nil, nil
	}
	for i := range h.Lines {
		switch line := &h.Lines[i]; line.Sign {
		case '-':
			if len(came) > 0 {
				flush()
			}
			went = append(went, line)
		case '+':
			came = append(came, line)
		default:
			flush()
			pairs = append(pairs, Pair{line, line})
		}
	}
	flush()
	return pairs
}
