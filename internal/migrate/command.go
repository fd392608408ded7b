package migrate

import "strings"

// word is a word of a command line.
type word struct {
	text   string // without quotation marks
	at     int    // where the text begins, behind a quotation mark
	start  int    // where the word begins, with its quotation marks
	end    int
	single bool // begins with a single quotation mark: nothing is replaced in it
	double bool // the whole word stands in double quotation marks
}

// maxCommand is the longest command that is looked at.
const maxCommand = 8 << 10

// words splits the command that begins at an offset as a shell does, as far as that can be told from the middle of any
// file: a command may stand in a script, in a pipeline's list, in a string of a program. It ends where the line ends
// that no backslash continues, at an operator, and at a quotation mark that nothing closes, since that is the end of
// the string around it.
func (d *document) words(at int) []word {
	text := d.text[:min(len(d.text), at+maxCommand)]
	var out []word
	for i := at; ; {
		i = skipBlank(text, i)
		if i >= len(text) || strings.IndexByte("\n\r|;&)`", text[i]) >= 0 || len(out) > 200 {
			return out
		}
		w, next := oneWord(text, i)
		if next == i {
			return out
		}
		out = append(out, w)
		i = next
	}
}

// skipBlank skips white space and continued line ends.
func skipBlank(text string, i int) int {
	for i < len(text) {
		switch c := text[i]; {
		case c == ' ' || c == '\t':
			i++
		case (c == '\\' || c == '`' || c == '^') && lineEnd(text[i+1:]) > 0:
			i += 1 + lineEnd(text[i+1:])
		default:
			return i
		}
	}
	return i
}

// lineEnd is the length of a line end, with blanks before it, at the beginning of s; 0 when there is none.
func lineEnd(s string) int {
	rest := strings.TrimLeft(s, " \t\r")
	if strings.HasPrefix(rest, "\n") {
		return len(s) - len(rest) + 1
	}
	return 0
}

func oneWord(text string, i int) (word, int) {
	w := word{at: i, start: i}
	var b strings.Builder
	begun := func(at int) {
		if b.Len() == 0 {
			w.at = at
		}
	}
loop:
	for i < len(text) {
		c := text[i]
		switch {
		case strings.IndexByte(" \t\n\r|;&)`", c) >= 0:
			break loop
		case c == '\'' || c == '"':
			end := closing(text, i)
			if end < 0 {
				break loop
			}
			begun(i + 1)
			b.WriteString(text[i+1 : end])
			if i == w.start {
				w.single = c == '\''
				w.double = c == '"' && (end+1 == len(text) || strings.IndexByte(" \t\n\r|;&)`\\", text[end+1]) >= 0)
			}
			i = end + 1
		case c == '\\' && i+1 < len(text):
			if lineEnd(text[i+1:]) > 0 {
				break loop
			}
			if text[i+1] == '"' || text[i+1] == '\'' {
				quote := text[i : i+2]
				if n := strings.Index(text[i+2:], quote); n >= 0 && !strings.Contains(text[i+2:i+2+n], "\n") {
					begun(i + 2)
					b.WriteString(text[i+2 : i+2+n])
					i += n + 4
					continue
				}
				break loop
			}
			begun(i)
			b.WriteByte(text[i+1])
			i += 2
		case c == '$' || c == '{' || c == '<':
			n := nested(text[i:])
			begun(i)
			b.WriteString(text[i : i+n])
			i += n
		default:
			begun(i)
			b.WriteByte(c)
			i++
		}
	}
	w.text, w.end = b.String(), i
	return w, i
}

// closing finds the quotation mark that closes the one at i, or -1.
func closing(text string, i int) int {
	quote := text[i]
	for j := i + 1; j < len(text); j++ {
		switch {
		case text[j] == '\\' && quote == '"':
			j++
		case text[j] == '$' && quote == '"':
			j += nested(text[j:]) - 1
		case text[j] == quote:
			return j
		}
	}
	return -1
}

// nested is the length of a reference at the beginning of s: "${…}", "$(…)", "${{ … }}", "{{ … }}"; 1 for anything else.
func nested(s string) int {
	if len(s) < 2 {
		return len(s)
	}
	i := 0
	if s[0] == '$' {
		i = 1
	}
	var open, shut byte
	switch {
	case s[i] == '{' && (i == 1 || s[1] == '{'):
		open, shut = '{', '}'
	case s[i] == '(' && i == 1:
		open, shut = '(', ')'
	case s[0] == '<' && s[1] == '%':
		if n := strings.Index(s, "%>"); n > 0 && n < 200 {
			return n + 2
		}
		return 1
	default:
		return 1
	}
	depth := 0
	for ; i < len(s) && i < 200; i++ {
		switch s[i] {
		case open:
			depth++
		case shut:
			if depth--; depth == 0 {
				return i + 1
			}
		case '\n':
			if open == '{' {
				return 1
			}
		}
	}
	return 1
}
