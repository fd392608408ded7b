package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/analysis"
)

// maxWord is how long a word may be to be found, in bytes. What is longer is data, not a name.
const maxWord = 256

// words finds the words of a text, in their order: runs of letters, marks, digits and underscores, which is what names are
// made of in most languages. Scripts that write no spaces give a word for each sign. yield gets where each one is in bytes,
// and ends the search by returning false.
func words(text string, yield func(start, end int) bool) {
	start := -1
	for i, r := range text {
		switch {
		case inWord(r) && !unspaced(r):
			if start < 0 {
				start = i
			}
			continue
		case start >= 0:
			if !yield(start, i) {
				return
			}
			start = -1
		}
		if unspaced(r) && !yield(i, i+utf8.RuneLen(r)) {
			return
		}
	}
	if start >= 0 {
		yield(start, len(text))
	}
}

func inWord(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_'
	}
	return unicode.In(r, unicode.L, unicode.M, unicode.N)
}

func unspaced(r rune) bool {
	return r >= 0x2e80 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
}

// parts finds what a word is put together of, where it is of several: get, User and Name of getUserName or get_user_name,
// HTTP and Server of HTTPServer. yield gets where each part is within the word.
func parts(word string, yield func(start, end int)) {
	start := 0
	var before, last rune // the two in front of r
	lastAt := 0
	give := func(end int) {
		if start < end && end-start < len(word) {
			yield(start, end)
		}
		start = end
	}
	for i, r := range word {
		switch {
		case r == '_':
			give(i)
			start = i + 1
		case i == start:
		case unicode.IsUpper(r) && !unicode.IsUpper(last):
			give(i)
		case unicode.IsLower(r) && unicode.IsUpper(last) && unicode.IsUpper(before) && lastAt > start:
			give(lastAt)
		}
		before, last, lastAt = last, r, i
	}
	give(len(word))
}

// fold brings a word into the form in which words are compared.
func fold(word string) string { return strings.ToLower(word) }

// splitter makes an index's words of a text.
type splitter struct{}

// Analyze gives each word with its parts, which share its place: a phrase may be made of either.
func (splitter) Analyze(data []byte) analysis.TokenStream {
	text := string(data)
	tokens := make(analysis.TokenStream, 0, len(text)/6)
	position := 0
	words(text, func(start, end int) bool {
		position++
		if end-start > maxWord {
			return true
		}
		give := func(from, to int) {
			tokens = append(tokens, &analysis.Token{Term: []byte(fold(text[from:to])), Start: from, End: to, Position: position, Type: analysis.AlphaNumeric})
		}
		give(start, end)
		parts(text[start:end], func(from, to int) { give(start+from, start+to) })
		return true
	})
	return tokens
}
