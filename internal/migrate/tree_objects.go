package migrate

import "strings"

// objects reads the logins in JSON, in JSON with comments, and in objects of JavaScript and TypeScript. It follows
// braces and "name: value" pairs and lets everything else pass, so a file need not be whole or correct.
func (r *reader) objects() {
	if len(r.text) > maxTree {
		return
	}
	root := &node{}
	at, depth := root, 0
	key := "" // the name before a colon or an equals sign
	word := ""
	text := r.text
	set := func(v value) {
		if key != "" {
			at.fields = append(at.fields, field{key, v})
		}
		key = ""
	}
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == '/' && strings.HasPrefix(text[i:], "//"):
			i += until(text[i:], "\n")
		case c == '/' && strings.HasPrefix(text[i:], "/*"):
			i += until(text[i:], "*/")
		case c == '"' || c == '\'' || c == '`':
			end := stringEnd(text, i)
			if key == "" {
				word = text[i+1 : end]
			} else {
				set(valueOf(text[i+1:end], i+1))
			}
			i = min(end+1, len(text))
		case c == '{' || c == '[' || c == '(':
			if depth++; depth > 2000 {
				return
			}
			at = at.child(key)
			key, word = "", ""
			i++
		case c == '}' || c == ']' || c == ')':
			if at.parent != nil {
				at = at.parent
				depth--
			}
			key, word = "", ""
			i++
		case c == ':' || c == '=' && !strings.HasPrefix(text[i:], "=="):
			key, word = word, ""
			i++
		case c == ',' || c == ';':
			key, word = "", ""
			i++
		case isNameByte(c) || c == '$':
			end := i
			for end < len(text) && (isNameByte(text[end]) || strings.IndexByte("$.?!", text[end]) >= 0) {
				end++
			}
			if key != "" {
				set(value{text[i:end], i, reference})
			} else {
				word = text[i:end]
			}
			i = end
		default:
			i++
		}
	}
	r.logins(root)
}

// until is how far it is behind the next mark, or to the end.
func until(s, mark string) int {
	if n := strings.Index(s, mark); n >= 0 {
		return n + len(mark)
	}
	return len(s)
}

// stringEnd finds the mark that closes a string, or the end of its line.
func stringEnd(text string, i int) int {
	quote := text[i]
	for j := i + 1; j < len(text); j++ {
		switch {
		case text[j] == '\\':
			j++
		case text[j] == quote:
			return j
		case text[j] == '\n' && quote != '`':
			return j
		}
	}
	return len(text)
}
