package search

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Segment is a piece of text (schema search_segment).
type Segment struct {
	Text  string `json:"text"`
	Match bool   `json:"match,omitempty"`
}

// Line is a line of a file (schema search_line).
type Line struct {
	Number   int       `json:"line"` // from 1
	Segments []Segment `json:"segments"`
}

// Match is lines that stand together in a file, at least one of them with what was searched for (schema
// search_content_match).
type Match struct {
	Lines []Line `json:"lines"`
}

// Bounds of what is shown of one file.
const (
	around   = 1   // lines in front of a match, and behind it
	maxLines = 50  // with matches
	maxLine  = 400 // bytes of a line; longer ones are cut
	lead     = 80  // bytes of a long line in front of its first match
)

// span is a piece of a text, in bytes.
type span struct{ start, end int }

// spans finds phrases in a text, in their order; those that touch each other come as one, and how many they were in count.
func spans(text string, phrases [][]string) (found []span, count int) {
	longest := 0
	reached := make([][]bool, len(phrases)) // [i][j]: the words up to here are the first j of phrase i
	for i, p := range phrases {
		reached[i] = make([]bool, len(p)+1)
		reached[i][0] = true
		longest = max(longest, len(p))
	}
	last := make([]span, 0, longest) // words, the last one at the end
	words(text, func(start, end int) bool {
		if len(last) == longest && longest > 0 {
			last = append(last[:0], last[1:]...)
		}
		last = append(last, span{start, end})
		for i, p := range phrases {
			for j := len(p); j > 0; j-- {
				reached[i][j] = reached[i][j-1] && fits(text[start:end], p[j-1])
			}
			if !reached[i][len(p)] {
				continue
			}
			first := last[len(last)-len(p)]
			from := pieces(text[first.start:first.end], p[0])
			to := pieces(text[start:end], p[len(p)-1])
			if len(p) == 1 {
				for _, piece := range from {
					found = append(found, span{start + piece.start, start + piece.end})
				}
				continue
			}
			found = append(found, span{first.start + from[0].start, start + to[len(to)-1].end})
		}
		return true
	})
	slices.SortFunc(found, func(a, b span) int { return a.start - b.start })
	found = slices.Compact(found)
	count = len(found)
	merged := found[:0]
	for _, s := range found {
		if n := len(merged); n > 0 && s.start < merged[n-1].end {
			merged[n-1].end = max(merged[n-1].end, s.end)
			continue
		}
		merged = append(merged, s)
	}
	return merged, count
}

// fits tells whether a word, or a part of it, is the one that is searched for.
func fits(word, wanted string) bool { return len(pieces(word, wanted)) > 0 }

// pieces are where the wanted word is in a word: the whole of it, or parts.
func pieces(word, wanted string) (all []span) {
	if len(word) > maxWord {
		return nil
	}
	folded := fold(word)
	if folded == wanted {
		return []span{{0, len(word)}}
	}
	if len(folded) == len(word) && !strings.Contains(folded, wanted) {
		return nil
	}
	parts(word, func(start, end int) {
		if fold(word[start:end]) == wanted {
			all = append(all, span{start, end})
		}
	})
	return all
}

// segments cuts text where spans begin and end. offset is where the text begins for the spans, which may lie around it.
func segments(text string, offset int, found []span) []Segment {
	all := []Segment{}
	at := 0
	give := func(to int, match bool) {
		if at < to {
			all = append(all, Segment{text[at:to], match})
		}
		at = max(at, to)
	}
	for _, s := range found {
		if s.start-offset >= len(text) {
			break
		}
		give(s.start-offset, false)
		give(min(s.end-offset, len(text)), true)
	}
	give(len(text), false)
	return all
}

// excerpts are the lines of a text where spans lie, with those around them.
func excerpts(text string, found []span) (all []Match) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	offsets := make([]int, len(lines)+1)
	for n, line := range lines {
		offsets[n+1] = offsets[n] + len(line) + 1
	}
	next := 0 // line to be shown, at the earliest
	show := func(to int) {
		for ; next <= min(to, len(lines)-1); next++ {
			from, _ := slices.BinarySearchFunc(found, offsets[next], func(s span, at int) int { return s.end - at - 1 })
			line := Line{next + 1, cut(strings.TrimSuffix(lines[next], "\r"), offsets[next], found[from:])}
			last := &all[len(all)-1]
			last.Lines = append(last.Lines, line)
		}
	}
	matched, n := 0, 0
	for _, s := range found {
		for offsets[n+1] <= s.start {
			n++
		}
		if n < next-around {
			continue // it stands in a line that had a match already
		}
		if matched++; matched > maxLines {
			break
		}
		if len(all) == 0 || n-around > next {
			all = append(all, Match{})
			next = max(next, n-around)
		}
		show(n + around)
	}
	return all
}

// cut is a line in segments; of a long one what lies around its first match.
func cut(line string, offset int, found []span) []Segment {
	if len(line) > maxLine {
		from := 0
		if len(found) > 0 {
			from = max(0, min(found[0].start-offset-lead, len(line)-maxLine))
		}
		to := min(from+maxLine, len(line))
		for from > 0 && !utf8.RuneStart(line[from]) {
			from--
		}
		for to < len(line) && !utf8.RuneStart(line[to]) {
			to++
		}
		line, offset = line[from:to], offset+from
	}
	return segments(line, offset, found)
}
