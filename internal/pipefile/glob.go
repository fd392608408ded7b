package pipefile

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits of a pattern: its bytes, the patterns that its braces stand for, and the bytes of those together.
const (
	maxGlob     = 1000
	maxForms    = 100
	maxExpanded = 10_000
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
	marks []mark
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
		if f := &g.forms[i]; f.matches(name) && (best == nil || f.over(best)) {
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
			size := 0
			for k, from := 0, begin; k <= len(commas); k++ {
				to := i
				if k < len(commas) {
					to = commas[k]
				}
				inner, err := expand(text[:begin] + text[from+1:to] + text[i+1:])
				if err != nil {
					return nil, err
				}
				for _, one := range inner {
					all = append(all, one)
					size += len(one)
				}
				if len(all) > maxForms || size > maxExpanded {
					return nil, fmt.Errorf("braces that stand for at most %d patterns of together %d bytes", maxForms, maxExpanded)
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

// mark is a part of a form: a character, or what stands for some.
type mark struct {
	what what
	char rune
	set  *set
}

type what uint8

const (
	char     what = iota
	one           // ?
	inSet         // [ ]
	some          // *
	anything      // **
	dirs          // **/ before the first directory: the way leads into inDirs, or past it
	inDirs        // **/ in directories, up to a slash
)

// set is a set of characters. A slash is in none.
type set struct {
	not    bool
	ranges [][2]rune
}

func (s *set) has(r rune) bool {
	for _, in := range s.ranges {
		if r >= in[0] && r <= in[1] {
			return r != '/' && !s.not
		}
	}
	return r != '/' && s.not
}

// compile reads a pattern without braces.
func compile(text string) (form, error) {
	f := form{exact: true}
	wild := func(m mark) {
		f.exact = false
		f.marks = append(f.marks, m)
	}
	for i := 0; i < len(text); {
		switch rest := text[i:]; {
		case strings.HasPrefix(rest, "**/") && (i == 0 || text[i-1] == '/'):
			wild(mark{what: dirs})
			wild(mark{what: inDirs})
			f.deep++
			i += 3
		case strings.HasPrefix(rest, "**"):
			wild(mark{what: anything})
			f.deep++
			i += 2
		case rest[0] == '*':
			wild(mark{what: some})
			f.stars++
			i++
		case rest[0] == '?':
			wild(mark{what: one})
			f.stars++
			i++
		case rest[0] == '[':
			end := setEnd(rest)
			if end == 0 {
				return form{}, errors.New("a ] that closes the [, or \\[")
			}
			of, err := setOf(rest[1 : end-1])
			if err != nil {
				return form{}, err
			}
			wild(mark{what: inSet, set: of})
			f.said++
			i += end
		default:
			if rest[0] == '\\' {
				if i++; i == len(text) {
					return form{}, errors.New("a character behind the \\")
				}
			}
			r, size := utf8.DecodeRuneInString(text[i:])
			f.marks = append(f.marks, mark{what: char, char: r})
			f.said++
			i += size
		}
	}
	return f, nil
}

// setOf reads what stands in [ ].
func setOf(inner string) (*set, error) {
	s := &set{}
	if s.not = inner[0] == '!' || inner[0] == '^'; s.not {
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
	slash := true
	for i := 0; i < len(runes); i++ {
		from, to := runes[i], runes[i]
		if i+2 < len(runes) && runes[i+1] == '-' && !escaped[i+1] {
			to = runes[i+2]
			i += 2
		}
		if from > to {
			return nil, errors.New("a range in [ ] that begins with the lower character")
		}
		slash = slash && from == '/' && to == '/'
		s.ranges = append(s.ranges, [2]rune{from, to})
	}
	if slash && !s.not {
		return nil, errors.New("characters other than / in [ ]")
	}
	return s, nil
}

// matches follows all ways through the pattern at once, so that it takes at most the product of the two lengths.
func (f *form) matches(name string) bool {
	n := len(f.marks)
	here, next := make([]bool, n+1), make([]bool, n+1)
	f.reach(here, 0)
	for _, r := range name {
		clear(next)
		alive := false
		for i, at := range here[:n] {
			if !at {
				continue
			}
			m := &f.marks[i]
			to := -1
			switch m.what {
			case char:
				if r == m.char {
					to = i + 1
				}
			case one:
				if r != '/' {
					to = i + 1
				}
			case inSet:
				if m.set.has(r) {
					to = i + 1
				}
			case some:
				if r != '/' {
					to = i
				}
			case anything:
				to = i
			case inDirs:
				if to = i; r == '/' {
					f.reach(next, i+1)
				}
			}
			if to >= 0 {
				f.reach(next, to)
				alive = true
			}
		}
		if !alive {
			return false
		}
		here, next = next, here
	}
	return here[n]
}

// reach notes a place in the pattern, and those that it leads to without a character.
func (f *form) reach(places []bool, i int) {
	for ; !places[i]; i++ {
		places[i] = true
		if i == len(f.marks) {
			return
		}
		switch f.marks[i].what {
		case some, anything:
		case dirs:
			f.reach(places, i+2)
		default:
			return
		}
	}
}

// parts is how many parts a path has.
func parts(path string) int { return strings.Count(path, "/") + 1 }
