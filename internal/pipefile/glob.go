package pipefile

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Limits of a pattern: its bytes, and the patterns that its braces stand for.
const (
	maxGlob  = 1000
	maxForms = 100
)

// Glob is a pattern for names of branches and tags, and for paths, as Bitbucket Cloud documents it: * is any number of characters
// other than a slash, ? one of them, ** any characters, {a,b} one of several patterns, [a-z] and [!a-z] one character that is in a set
// or is not, and a backslash takes what is behind it as it is. In front of a slash and at the beginning or behind another slash, **
// stands for any number of directories, none as well. The case of letters counts.
type Glob struct {
	text  string
	forms []form
}

// form is one of the patterns that the braces of a Glob stand for.
type form struct {
	matches *regexp.Regexp
	// How special it is: without a wildcard, it is a name; then characters that are said count, and the fewer wildcards.
	exact             bool
	said, deep, stars int
}

// ParseGlob reads a pattern. The error says what was expected.
func ParseGlob(text string) (Glob, error) {
	switch {
	case text == "":
		return Glob{}, errors.New("a pattern")
	case len(text) > maxGlob:
		return Glob{}, fmt.Errorf("a pattern of at most %d bytes", maxGlob)
	case !utf8.ValidString(text):
		return Glob{}, errors.New("a pattern in UTF-8")
	}
	forms, err := expand(text)
	if err != nil {
		return Glob{}, err
	}
	g := Glob{text: text}
	for _, f := range forms {
		compiled, err := compile(f)
		if err != nil {
			return Glob{}, err
		}
		g.forms = append(g.forms, compiled)
	}
	return g, nil
}

// String is the pattern as it was written.
func (g Glob) String() string { return g.text }

// Matches tells whether a name or path is one that the pattern means.
func (g Glob) Matches(name string) bool { return g.best(name) != nil }

// best is the most special of the forms that match.
func (g Glob) best(name string) (best *form) {
	for i := range g.forms {
		if f := &g.forms[i]; f.matches.MatchString(name) && (best == nil || f.over(best)) {
			best = f
		}
	}
	return best
}

// over tells whether f is more special than another form.
func (f *form) over(o *form) bool {
	switch {
	case f.exact != o.exact:
		return f.exact
	case f.said != o.said:
		return f.said > o.said
	case f.deep != o.deep:
		return f.deep < o.deep
	}
	return f.stars < o.stars
}

// expand gives the patterns that the braces of a pattern stand for.
func expand(text string) ([]string, error) {
	// The first brace with all that is in it.
	begin, depth := -1, 0
	var commas []int
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '[':
			if end := setEnd(text[i:]); end > 0 {
				i += end - 1
			}
		case '{':
			if depth++; depth == 1 {
				begin, commas = i, nil
			}
		case ',':
			if depth == 1 {
				commas = append(commas, i)
			}
		case '}':
			if depth--; depth < 0 {
				return nil, errors.New("a { in front of the }, or \\}")
			}
			if depth > 0 {
				continue
			}
			var all []string
			for k, from := 0, begin; k <= len(commas); k++ {
				to := i
				if k < len(commas) {
					to = commas[k]
				}
				inner, err := expand(text[:begin] + text[from+1:to] + text[i+1:])
				if err != nil {
					return nil, err
				}
				if all = append(all, inner...); len(all) > maxForms {
					return nil, fmt.Errorf("braces that stand for at most %d patterns", maxForms)
				}
				from = to
			}
			return all, nil
		}
	}
	if depth > 0 {
		return nil, errors.New("a } that closes the {, or \\{")
	}
	return []string{text}, nil
}

// setEnd is where a set that begins with [ ends, past its ]; 0 when it does not.
func setEnd(text string) int {
	i := 1
	if i < len(text) && (text[i] == '!' || text[i] == '^') {
		i++
	}
	for first := i; i < len(text); i++ {
		if text[i] == '\\' {
			i++
		} else if text[i] == ']' && i > first {
			return i + 1
		}
	}
	return 0
}

// compile makes a regular expression, which Go matches in linear time, of a pattern without braces.
func compile(text string) (form, error) {
	f := form{exact: true}
	b := strings.Builder{}
	b.WriteString(`(?s)\A`)
	wild := func(re string) {
		f.exact = false
		b.WriteString(re)
	}
	for i := 0; i < len(text); {
		switch rest := text[i:]; {
		case strings.HasPrefix(rest, "**/") && (i == 0 || text[i-1] == '/'):
			wild(`(?:.*/)?`)
			f.deep++
			i += 3
		case strings.HasPrefix(rest, "**"):
			wild(`.*`)
			f.deep++
			i += 2
		case rest[0] == '*':
			wild(`[^/]*`)
			f.stars++
			i++
		case rest[0] == '?':
			wild(`[^/]`)
			f.stars++
			i++
		case rest[0] == '[':
			end := setEnd(rest)
			if end == 0 {
				return form{}, errors.New("a ] that closes the [, or \\[")
			}
			set, err := setOf(rest[1 : end-1])
			if err != nil {
				return form{}, err
			}
			wild(set)
			f.said++
			i += end
		default:
			if rest[0] == '\\' {
				if i++; i == len(text) {
					return form{}, errors.New("a character behind the \\")
				}
			}
			_, size := utf8.DecodeRuneInString(text[i:])
			b.WriteString(regexp.QuoteMeta(text[i : i+size]))
			f.said++
			i += size
		}
	}
	b.WriteString(`\z`)
	var err error
	f.matches, err = regexp.Compile(b.String())
	if err != nil {
		return form{}, errors.New("a pattern that can be read")
	}
	return f, nil
}

// setOf is a set of characters as a regular expression. It never matches a slash.
func setOf(inner string) (string, error) {
	not := strings.HasPrefix(inner, "!") || strings.HasPrefix(inner, "^")
	if not {
		inner = inner[1:]
	}
	var runes []rune
	var escaped []bool
	literal := false
	for _, r := range inner {
		if r == '\\' && !literal {
			literal = true
			continue
		}
		runes, escaped, literal = append(runes, r), append(escaped, literal), false
	}
	var b strings.Builder
	for i := 0; i < len(runes); i++ {
		from, to := runes[i], runes[i]
		if i+2 < len(runes) && runes[i+1] == '-' && !escaped[i+1] {
			to = runes[i+2]
			i += 2
		}
		if from > to {
			return "", errors.New("a range in [ ] that begins with the lower character")
		}
		// A slash in a range is cut out of it.
		for _, part := range [][2]rune{{from, min(to, '/'-1)}, {max(from, '/'+1), to}} {
			if part[0] <= part[1] {
				fmt.Fprintf(&b, `\x{%x}-\x{%x}`, part[0], part[1])
			}
		}
	}
	switch {
	case not:
		return `[^/` + b.String() + `]`, nil
	case b.Len() == 0:
		return "", errors.New("characters other than / in [ ]")
	}
	return `[` + b.String() + `]`, nil
}

// parts is how many parts a path has.
func parts(path string) int { return strings.Count(path, "/") + 1 }
