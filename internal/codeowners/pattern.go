package codeowners

import "strings"

// pattern is one as in .gitignore, without what Bitbucket Cloud leaves out: negation, classes of characters, and a pattern that begins
// with #. What it says of a directory goes for all that is in it. (Our own, because the libraries for it bring a git along, or are
// left alone; it is held against git itself.)
type pattern struct {
	segments  []string // what stands between slashes
	anchored  bool     // it says from the root on where things are; else how they are called
	directory bool     // it matches directories alone
}

// maxPattern is the length of the longest pattern, in bytes.
const maxPattern = 1000

// compile reads a pattern. why is a sentence when it is none.
func compile(text string) (p pattern, why string) {
	switch {
	case len(text) > maxPattern:
		return p, "The pattern is too long."
	case text[0] == '!':
		return p, "A pattern cannot be negated with !."
	case strings.HasPrefix(text, `\#`):
		return p, "A pattern cannot begin with #."
	}
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			if i++; i == len(text) || text[i] == '/' {
				return p, `The pattern has a \ with nothing behind it.`
			}
		case '[', ']':
			return p, "A pattern has no classes of characters in [ ]."
		}
	}
	text, p.directory = strings.CutSuffix(text, "/")
	p.anchored = strings.Contains(text, "/")
	text = strings.TrimPrefix(text, "/")
	p.segments = strings.Split(text, "/")
	for _, s := range p.segments {
		if s == "" {
			return p, "The pattern has nothing between two slashes."
		}
	}
	return p, ""
}

// file tells whether the pattern matches a file, or a directory that it is in.
func (p *pattern) file(parts []string) bool {
	for n := 1; n <= len(parts); n++ {
		if p.directory && n == len(parts) {
			return false
		}
		if p.anchored && p.path(parts[:n]) || !p.anchored && glob(p.segments[0], parts[n-1]) {
			return true
		}
	}
	return false
}

// path matches a whole path. ** between slashes stands for any number of directories, and at the end for one thing or more.
func (p *pattern) path(parts []string) bool {
	// at[j]: the segments so far match the first j parts.
	at := make([]bool, len(parts)+1)
	at[0] = true
	for i, segment := range p.segments {
		next := make([]bool, len(parts)+1)
		reached := false
		for j := range next {
			switch {
			case segment != "**":
				next[j] = j > 0 && at[j-1] && glob(segment, parts[j-1])
			case i == len(p.segments)-1:
				next[j] = reached
				reached = reached || at[j]
			default:
				reached = reached || at[j]
				next[j] = reached
			}
		}
		at = next
	}
	return at[len(parts)]
}

// glob matches a name: * is any number of bytes, ? one, and a backslash takes what is behind it as it is. It takes at most the product
// of the two lengths.
func glob(pattern, name string) bool {
	i, j, star, mark := 0, 0, -1, 0
	for j < len(name) {
		switch {
		case i < len(pattern) && pattern[i] == '*':
			star, mark = i, j
			i++
			continue
		case i < len(pattern) && pattern[i] == '?':
			i, j = i+1, j+1
			continue
		case i < len(pattern):
			at := i
			if pattern[at] == '\\' {
				at++
			}
			if pattern[at] == name[j] {
				i, j = at+1, j+1
				continue
			}
		}
		if star < 0 {
			return false
		}
		mark++
		i, j = star+1, mark
	}
	return strings.Trim(pattern[i:], "*") == ""
}
