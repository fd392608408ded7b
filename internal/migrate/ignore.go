package migrate

import (
	"os"
	"path/filepath"
	"strings"
)

// ignores is one file of patterns as git reads them, in a chain: what it does not decide, the next one does.
type ignores struct {
	base     string // the folder that the patterns are about, relative to the top of the chain, "" or with a slash at its end
	patterns []pattern
	next     *ignores // with less weight
}

// pattern is a line of a .gitignore file.
type pattern struct {
	glob     string
	negated  bool // brings back what an earlier line took out
	folder   bool // for folders only
	anywhere bool // compared with the name alone, in any folder below
	literal  bool // has no wildcards
	suffix   bool // is "*" and a literal
}

// with is the chain with the patterns of a text in front. It is the chain itself where there are none.
func (g *ignores) with(base, text string) *ignores {
	patterns := parseIgnores(text)
	if len(patterns) == 0 {
		return g
	}
	return &ignores{base: base, patterns: patterns, next: g}
}

// withFile is with for the content of a file; one that cannot be read has no patterns.
func (g *ignores) withFile(base, path string) *ignores {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxFile {
		return g
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return g
	}
	return g.with(base, string(text))
}

// match tells whether git leaves the path out. The path is relative to the top of the chain, with slashes. Whether a
// folder above it is left out is not looked at.
func (g *ignores) match(path string, folder bool) bool {
	for ; g != nil; g = g.next {
		rest, below := strings.CutPrefix(path, g.base)
		if !below {
			continue
		}
		name := rest[strings.LastIndexByte(rest, '/')+1:]
		for i := len(g.patterns) - 1; i >= 0; i-- {
			if p := &g.patterns[i]; (folder || !p.folder) && p.match(rest, name) {
				return !p.negated
			}
		}
	}
	return false
}

func (p *pattern) match(path, name string) bool {
	if p.anywhere {
		switch {
		case p.literal:
			return name == p.glob
		case p.suffix:
			return strings.HasSuffix(name, p.glob[1:])
		}
		return wildmatch(p.glob, name)
	}
	if p.literal {
		return path == p.glob
	}
	// Git compares what stands before the first wildcard by itself, so that "**" in "a**/b" counts as the beginning.
	at := strings.IndexAny(p.glob, special)
	return strings.HasPrefix(path, p.glob[:at]) && wildmatch(p.glob[at:], path[at:])
}

const special = `*?[\`

func parseIgnores(text string) []pattern {
	var out []pattern
	text = strings.TrimPrefix(text, "\uFEFF")
	for line := range strings.SplitSeq(text, "\n") {
		line = trimBlanks(strings.TrimSuffix(line, "\r"))
		if line == "" || line[0] == '#' {
			continue
		}
		var p pattern
		if line, p.negated = strings.CutPrefix(line, "!"); p.negated && line == "" {
			continue
		}
		line, p.folder = strings.CutSuffix(line, "/")
		p.anywhere = !strings.Contains(line, "/")
		p.glob = strings.TrimPrefix(line, "/")
		if p.glob == "" {
			continue
		}
		p.literal = !strings.ContainsAny(p.glob, special)
		p.suffix = p.glob[0] == '*' && !strings.ContainsAny(p.glob[1:], special)
		out = append(out, p)
	}
	return out
}

// trimBlanks removes the spaces at the end that no backslash keeps.
func trimBlanks(line string) string {
	for strings.HasSuffix(line, " ") {
		head := line[:len(line)-1]
		if slashes := len(head) - len(strings.TrimRight(head, `\`)); slashes%2 == 1 {
			break
		}
		line = head
	}
	return line
}

// wildmatch compares as git does where slashes count: "*" and "?" do not match a slash, "**" between slashes or at an
// end matches any number of folders. A pattern that is no pattern matches nothing.
func wildmatch(glob, text string) bool {
	budget := 100_000 // patterns such as *a*a*a*a* are tried in very many ways
	return (&matcher{&budget}).match(glob, text, true)
}

type matcher struct{ budget *int }

// match compares; start tells that the pattern is at its beginning or behind a slash.
func (m *matcher) match(glob, text string, start bool) bool {
	if *m.budget--; *m.budget < 0 {
		return false
	}
	for len(glob) > 0 {
		switch glob[0] {
		case '*':
			return m.star(glob, text, start)
		case '?':
			if text == "" || text[0] == '/' {
				return false
			}
			glob, text = glob[1:], text[1:]
		case '[':
			if text == "" || text[0] == '/' {
				return false
			}
			in, rest, ok := class(glob[1:], text[0])
			if !ok || !in {
				return false
			}
			glob, text = rest, text[1:]
		case '\\':
			if len(glob) == 1 {
				return false
			}
			glob = glob[1:]
			fallthrough
		default:
			if text == "" || text[0] != glob[0] {
				return false
			}
			start = glob[0] == '/'
			glob, text = glob[1:], text[1:]
			continue
		}
		start = false
	}
	return text == ""
}

// star compares from a "*" on.
func (m *matcher) star(glob, text string, start bool) bool {
	rest := strings.TrimLeft(glob, "*")
	folders := len(glob)-len(rest) >= 2 && start && (rest == "" || rest[0] == '/' || strings.HasPrefix(rest, `\/`))
	if folders {
		if rest == "" {
			return true
		}
		if rest[0] == '/' && m.match(rest[1:], text, true) {
			return true
		}
	} else if rest == "" {
		return !strings.Contains(text, "/")
	}
	for i := 0; ; i++ {
		if m.match(rest, text[i:], false) {
			return true
		}
		if i == len(text) || !folders && text[i] == '/' || *m.budget < 0 {
			return false
		}
	}
}

// class tells whether c is in the bracket expression that glob goes on with, and what follows it; ok is false when the
// bracket is not closed.
func class(glob string, c byte) (in bool, rest string, ok bool) {
	negated := false
	if glob != "" && (glob[0] == '!' || glob[0] == '^') {
		negated, glob = true, glob[1:]
	}
	last, ranged := byte(0), false // what a range may begin with
	for first := true; ; first = false {
		if glob == "" {
			return false, "", false
		}
		b := glob[0]
		if b == ']' && !first {
			return in != negated, glob[1:], true
		}
		switch {
		case b == '-' && ranged && len(glob) > 1 && glob[1] != ']':
			glob = glob[1:]
			high := glob[0]
			if high == '\\' {
				if glob = glob[1:]; glob == "" {
					return false, "", false
				}
				high = glob[0]
			}
			in = in || last <= c && c <= high
			glob, ranged = glob[1:], false
			continue
		case b == '[' && strings.HasPrefix(glob, "[:"):
			name, after, closed := strings.Cut(glob[2:], ":]")
			if closed {
				known := false
				if known, in = posix(name, c, in); !known {
					return false, "", false
				}
				glob, ranged = after, false
				continue
			}
		case b == '\\':
			if glob = glob[1:]; glob == "" {
				return false, "", false
			}
			b = glob[0]
		}
		in = in || b == c
		last, ranged = b, true
		glob = glob[1:]
	}
}

func posix(name string, c byte, in bool) (known, now bool) {
	digit, upper, lower := '0' <= c && c <= '9', 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z'
	graph := '!' <= c && c <= '~'
	var is bool
	switch name {
	case "alnum":
		is = digit || upper || lower
	case "alpha":
		is = upper || lower
	case "blank":
		is = c == ' ' || c == '\t'
	case "cntrl":
		is = c < ' ' || c == 0x7F
	case "digit":
		is = digit
	case "graph":
		is = graph
	case "lower":
		is = lower
	case "print":
		is = graph || c == ' '
	case "punct":
		is = graph && !digit && !upper && !lower
	case "space":
		is = c == ' ' || '\t' <= c && c <= '\r'
	case "upper":
		is = upper
	case "xdigit":
		is = digit || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
	default:
		return false, in
	}
	return true, in || is
}

// repository finds the working tree that a folder is in: the folder that holds .git, or "".
func repository(folder string) string {
	for {
		if _, err := os.Lstat(filepath.Join(folder, ".git")); err == nil {
			return folder
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return ""
		}
		folder = parent
	}
}
