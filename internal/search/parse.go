package search

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/language"
)

// Bounds of a query.
const (
	maxQuery = 1000 // characters
	maxTerms = 50   // words, phrases and modifiers together; and words of a phrase
	maxDepth = 20   // brackets in brackets
)

// expr is a part of a query. String prints it so that it is read as the same again.
type expr interface{ String() string }

type (
	all    []expr                   // each of them; at least two
	either []expr                   // one of them; at least two
	not    struct{ of expr }        // what does not fit
	phrase struct{ words []string } // folded, one after another in the content or in the path; at least one
	// modifier narrows by where a file is and what it is called.
	modifier struct{ name, value string }
)

// modifiers are the names that may stand in front of a colon. Any other word with a colon is what is searched for.
var modifiers = []string{"repo", "project", "path", "ext", "lang"}

// String prints the parts side by side.
func (e all) String() string { return joined(e, " ") }

// String prints the parts with OR between them.
func (e either) String() string { return joined(e, " OR ") }

// joined puts the parts that are lists themselves into brackets.
func joined(list []expr, between string) string {
	texts := make([]string, len(list))
	for i, e := range list {
		texts[i] = e.String()
		switch e.(type) {
		case all, either:
			texts[i] = "(" + texts[i] + ")"
		}
	}
	return strings.Join(texts, between)
}

// String prints NOT in front.
func (e not) String() string { return "NOT " + joined([]expr{e.of}, "") }

// String prints the words in quotes.
func (e phrase) String() string { return `"` + strings.Join(e.words, " ") + `"` }

// String prints the value in quotes.
func (e modifier) String() string {
	return e.name + `:"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(e.value) + `"`
}

// badQuery is what is wrong with a query.
type badQuery struct {
	at   int // characters from 1; 0 for the whole
	text string
}

// Error is the text, with the place.
func (e *badQuery) Error() string {
	if e.at == 0 {
		return e.text
	}
	return fmt.Sprintf("At character %d: %s", e.at, e.text)
}

// parse reads a query: words that must all be there, "phrases" in quotes, AND, OR and NOT in capitals (AND binds stronger
// than OR), - in front of a word for NOT, brackets, and modifiers. A word of code such as a.b(c) is read as the phrase of
// its words. The error is a *badQuery.
func parse(text string) (expr, error) {
	switch {
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return nil, &badQuery{text: "The query is not text in UTF-8."}
	case utf8.RuneCountInString(text) > maxQuery:
		return nil, &badQuery{text: fmt.Sprintf("A query has at most %d characters.", maxQuery)}
	}
	p := &parser{text: text}
	p.next()
	e := p.either()
	if p.err == nil && p.token.kind == closing {
		p.fail(p.token.at, "This bracket closes none.")
	}
	if p.err == nil && e == nil {
		p.err = &badQuery{text: "The query has no word to search for. Words are made of letters, digits and underscores."}
	}
	if p.err != nil {
		return nil, p.err
	}
	return e, nil
}

type kind int

const (
	end kind = iota
	opening
	closing
	minus
	word   // as it stands
	quoted // what is between the quotes
)

// token is a piece of a query. A modifier's name is taken off its value.
type token struct {
	kind     kind
	modifier string
	text     string
	at       int // byte
}

type parser struct {
	text  string
	pos   int // byte behind token
	token token
	terms int
	depth int
	err   error
}

func (p *parser) fail(at int, format string, args ...any) {
	if p.err == nil {
		p.err = &badQuery{utf8.RuneCountInString(p.text[:at]) + 1, fmt.Sprintf(format, args...)}
	}
	p.pos, p.token = len(p.text), token{kind: end, at: len(p.text)}
}

// next reads a token.
func (p *parser) next() {
	rest := strings.TrimLeftFunc(p.text[p.pos:], unicode.IsSpace)
	p.pos = len(p.text) - len(rest)
	p.token = token{at: p.pos}
	switch {
	case rest == "":
		p.token.kind = end
	case rest[0] == '(':
		p.token.kind, p.pos = opening, p.pos+1
	case rest[0] == ')':
		p.token.kind, p.pos = closing, p.pos+1
	case rest[0] == '"':
		p.quoted()
	case rest[0] == '-' && len(rest) > 1 && negates(rest[1:]):
		p.token.kind, p.pos = minus, p.pos+1
	default:
		p.word(rest)
	}
}

// negates tells whether a - in front of rest is NOT, and no arrow or line of hyphens.
func negates(rest string) bool {
	r, _ := utf8.DecodeRuneInString(rest)
	return r == '"' || r == '(' || inWord(r)
}

// word reads up to a blank, a bracket or a quote.
func (p *parser) word(rest string) {
	n := strings.IndexFunc(rest, func(r rune) bool { return unicode.IsSpace(r) || r == '(' || r == ')' || r == '"' })
	if n < 0 {
		n = len(rest)
	}
	p.token.kind, p.token.text, p.pos = word, rest[:n], p.pos+n
	name, value, ok := strings.Cut(rest[:n], ":")
	name = strings.ToLower(name)
	if !ok || !slices.Contains(modifiers, name) {
		return
	}
	if value == "" && n < len(rest) && rest[n] == '"' {
		p.quoted()
		value = p.token.text
	}
	p.token.kind, p.token.modifier, p.token.text = word, name, value
}

// quoted reads from one quote to the next. A backslash takes the meaning of the quote, or of the backslash, behind it.
func (p *parser) quoted() {
	start := p.pos
	var b strings.Builder
	for i := start + 1; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == '"':
			p.token.kind, p.token.text, p.pos = quoted, b.String(), i+1
			return
		case c == '\\' && i+1 < len(p.text) && (p.text[i+1] == '"' || p.text[i+1] == '\\'):
			i++
			b.WriteByte(p.text[i])
		default:
			b.WriteByte(c)
		}
	}
	p.fail(start, "This quote is not closed.")
}

// operator tells whether the token is this word in capitals.
func (p *parser) operator(name string) bool {
	return p.token.kind == word && p.token.modifier == "" && p.token.text == name
}

// either reads parts with OR between them; nil when nothing is there to search for.
func (p *parser) either() expr {
	first := p.all()
	if !p.operator("OR") {
		return first
	}
	list := either{first}
	for p.operator("OR") {
		at := p.token.at
		p.next()
		e := p.all()
		if p.err == nil && (e == nil || list[0] == nil) {
			p.fail(at, "OR stands between two parts of a query.")
		}
		list = append(list, e)
	}
	return list
}

// all reads parts that stand side by side, or with AND between them. Signs between words, as of code that was pasted, are
// passed over.
func (p *parser) all() expr {
	var list all
	for and := -1; ; {
		switch {
		case p.operator("AND"):
			if len(list) == 0 || and >= 0 {
				p.fail(p.token.at, "AND stands between two parts of a query.")
				return nil
			}
			and = p.token.at
			p.next()
			continue
		case p.token.kind == end, p.token.kind == closing, p.operator("OR"):
			if and >= 0 {
				p.fail(and, "AND stands between two parts of a query.")
			}
			switch len(list) {
			case 0:
				return nil
			case 1:
				return list[0]
			}
			return list
		}
		if e := p.one(); e != nil {
			list, and = append(list, e), -1
		}
	}
}

// one reads a part that stands for itself; nil when nothing in it can be searched for.
func (p *parser) one() expr {
	at := p.token
	switch {
	case p.token.kind == minus, p.operator("NOT"):
		if !p.deeper(at.at) {
			return nil
		}
		p.next()
		var e expr
		if p.token.kind != end && p.token.kind != closing && !p.operator("AND") && !p.operator("OR") {
			e = p.one()
		}
		p.depth--
		if e == nil {
			p.fail(at.at, "NOT stands in front of a word, a phrase, a modifier or brackets.")
			return nil
		}
		return not{e}
	case p.token.kind == opening:
		if !p.deeper(at.at) {
			return nil
		}
		p.next()
		e := p.either()
		p.depth--
		if p.err == nil && p.token.kind != closing {
			p.fail(at.at, "This bracket is not closed.")
		}
		p.next()
		return e
	}
	p.next()
	return p.term(at)
}

func (p *parser) deeper(at int) bool {
	if p.depth++; p.depth > maxDepth {
		p.fail(at, "There are more than %d brackets and NOT in each other.", maxDepth)
		return false
	}
	return true
}

// term is a word, a phrase or a modifier.
func (p *parser) term(t token) expr {
	var found []string
	words(t.text, func(start, end int) bool {
		if end-start > maxWord {
			p.fail(t.at, "A word has at most %d bytes.", maxWord)
		}
		found = append(found, fold(t.text[start:end]))
		return true
	})
	if p.terms++; p.terms > maxTerms || len(found) > maxTerms {
		p.fail(t.at, "A query has at most %d words, phrases and modifiers, and a phrase at most as many words.", maxTerms)
	}
	switch {
	case p.err != nil:
		return nil
	case t.modifier != "" && len(found) == 0:
		p.fail(t.at, "A value stands behind %s:, without a blank between.", t.modifier)
		return nil
	case t.modifier == "lang" && language.Names(t.text) == nil:
		p.fail(t.at, "No language of this name is known. ext: narrows by the ends of names.")
		return nil
	case t.modifier != "":
		return modifier{t.modifier, t.text}
	case len(found) > 0:
		return phrase{found}
	case t.kind == quoted:
		p.fail(t.at, "Nothing in these quotes can be searched for. Words are made of letters, digits and underscores.")
	}
	return nil
}
