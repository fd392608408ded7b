package bbql

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

type tokenKind int

const (
	tokenEnd    tokenKind = iota
	tokenWord             // field name or keyword
	tokenValue            // literal that is not a keyword
	tokenSymbol           // operator, parenthesis or comma
)

type token struct {
	kind  tokenKind
	text  string // word or symbol as written; for a value its source
	value Value
	pos   int
}

// is reports whether the token is the keyword (in upper case) or symbol. Keywords are taken in any case, as clients
// write them.
func (t token) is(s string) bool {
	switch t.kind {
	case tokenWord:
		return strings.EqualFold(t.text, s)
	case tokenSymbol:
		return t.text == s
	}
	return false
}

func (t token) String() string {
	switch t.kind {
	case tokenEnd:
		return "the end"
	case tokenValue:
		return t.value.describe()
	}
	return strconv.Quote(shorten(t.text))
}

type lexer struct {
	src string
	at  int // byte offset of the next character
	pos int // its position in characters, from 1
}

func (l *lexer) peek() (rune, int) { return utf8.DecodeRuneInString(l.src[l.at:]) }

func (l *lexer) advance(bytes int) {
	l.pos += utf8.RuneCountInString(l.src[l.at : l.at+bytes])
	l.at += bytes
}

func letter(c byte) bool { return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
func digit(c byte) bool  { return '0' <= c && c <= '9' }

// next returns the next token; at the end, tokenEnd again and again.
func (l *lexer) next() (token, error) {
	for l.at < len(l.src) && strings.IndexByte(" \t\r\n", l.src[l.at]) >= 0 {
		l.advance(1)
	}
	start, pos := l.at, l.pos
	if start == len(l.src) {
		return token{kind: tokenEnd, pos: pos}, nil
	}
	run := func(in func(c byte) bool) string {
		end := start
		for end < len(l.src) && in(l.src[end]) {
			end++
		}
		l.advance(end - start)
		return l.src[start:end]
	}
	switch c := l.src[start]; {
	case c == '"':
		return l.quoted()
	case letter(c):
		word := run(func(c byte) bool { return letter(c) || digit(c) || c == '.' })
		if strings.HasSuffix(word, ".") || strings.Contains(word, "..") {
			return token{}, errorAt(pos, "%q is not a field name: a dot stands between two names", shorten(word))
		}
		return token{kind: tokenWord, text: word, pos: pos}, nil
	case digit(c) || c == '-':
		text := run(func(c byte) bool { return letter(c) || digit(c) || strings.IndexByte(".:+-", c) >= 0 })
		value := Value{Text: text, Pos: pos}
		if isNumber(text) {
			value.Kind = NumberValue
		} else if _, ok := parseTime(text); ok {
			value.Kind = TimeValue
		} else {
			return token{}, errorAt(pos, "%q is neither a number nor a date such as 2026-01-31 or 2026-01-31T12:00:00+00:00", shorten(text))
		}
		return token{kind: tokenValue, text: text, value: value, pos: pos}, nil
	}
	for _, symbol := range []string{"!=", "!~", ">=", "<=", "=", "~", ">", "<", "(", ")", ","} {
		if strings.HasPrefix(l.src[start:], symbol) {
			l.advance(len(symbol))
			return token{kind: tokenSymbol, text: symbol, pos: pos}, nil
		}
	}
	r, _ := l.peek()
	if r == '\'' {
		return token{}, errorAt(pos, "strings stand in double quotes")
	}
	return token{}, errorAt(pos, "unexpected character %q", r)
}

// quoted reads a string. The escapes are those of JSON; everything else stands for itself. NUL is refused: neither
// database holds it in text.
func (l *lexer) quoted() (token, error) {
	start, pos := l.at, l.pos
	var b strings.Builder
	l.advance(1)
	for {
		r, n := l.peek()
		switch {
		case n == 0:
			return token{}, errorAt(pos, `the string has no closing "`)
		case r == utf8.RuneError && n == 1:
			return token{}, errorAt(l.pos, "the string is not valid UTF-8")
		case r == '"':
			l.advance(1)
			text := b.String()
			return token{kind: tokenValue, text: l.src[start:l.at], value: Value{Kind: StringValue, Text: text, Pos: pos}, pos: pos}, nil
		case r == '\\':
			at := l.pos
			e, err := l.escape()
			if err != nil {
				return token{}, err
			}
			if r = e; r == 0 {
				return token{}, errorAt(at, "the character NUL cannot be searched for")
			}
		case r == 0:
			return token{}, errorAt(l.pos, "the character NUL cannot be searched for")
		default:
			l.advance(n)
		}
		b.WriteRune(r)
	}
}

// escape reads one escape, the backslash included; a surrogate pair counts as one.
func (l *lexer) escape() (rune, error) {
	rest, pos := l.src[l.at:], l.pos
	if len(rest) < 2 {
		return 0, errorAt(pos, `the string has no closing "`)
	}
	if i := strings.IndexByte(`"\/bfnrt`, rest[1]); i >= 0 {
		l.advance(2)
		return rune("\"\\/\b\f\n\r\t"[i]), nil
	}
	if r, ok := unicodeEscape(rest); ok {
		if !utf16.IsSurrogate(r) {
			l.advance(6)
			return r, nil
		}
		if low, ok := unicodeEscape(rest[6:]); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				l.advance(12)
				return pair, nil
			}
		}
	}
	_, n := utf8.DecodeRuneInString(rest[1:])
	return 0, errorAt(pos, `unknown escape %s; a backslash is written \\`, fmt.Sprintf("%q", rest[:1+n]))
}

func unicodeEscape(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	v, err := strconv.ParseUint(s[2:6], 16, 16)
	return rune(v), err == nil
}
