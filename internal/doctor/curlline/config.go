package curlline

import (
	"fmt"
	"strings"
)

// configFile reads the options in a file of -K, in curl's own syntax: an option and its value on each line, with or
// without dashes, separated by a blank, = or :.
func (p *parser) configFile(v operand) {
	if p.depth >= maxDepth {
		return
	}
	text, ok := p.input(v.text)
	if !ok {
		p.unread(v, v.text)
		return
	}
	p.depth++
	defer func() { p.depth-- }()
	shown, _ := p.resolve(v.text)
	n := 0
	for line := range strings.Lines(text) {
		n++
		p.configLine(strings.TrimSpace(line), fmt.Sprintf("line %d of %s", n, shownFile(shown)))
	}
}

func (p *parser) configLine(line, place string) {
	if line == "" || line[0] == '#' {
		return
	}
	dashed := line[0] == '-'
	separates := func(c byte) bool { return isBlank(c) || !dashed && (c == '=' || c == ':') }
	i := 0
	for i < len(line) && !separates(line[i]) {
		i++
	}
	name, rest := line[:i], line[i:]
	for rest != "" && separates(rest[0]) {
		rest = rest[1:]
	}
	value, given := configValue(rest)
	a := arg{text: name, file: place}
	var next *arg
	if given {
		next = &arg{text: value, file: place}
	}
	switch {
	case strings.HasPrefix(name, "--"):
		p.long(a, name[2:], next)
	case dashed:
		p.short(a, next)
	default:
		p.long(a, name, next)
	}
}

// configValue reads a value in quotes, in which \ escapes, or up to a blank.
func configValue(rest string) (value string, given bool) {
	if rest == "" {
		return "", false
	}
	if rest[0] != '"' {
		end := strings.IndexFunc(rest, func(r rune) bool { return r < 0x80 && isBlank(byte(r)) })
		if end < 0 {
			end = len(rest)
		}
		return rest[:end], true
	}
	var b strings.Builder
	for i := 1; i < len(rest) && rest[i] != '"'; i++ {
		c := rest[i]
		if c == '\\' && i+1 < len(rest) {
			i++
			switch c = rest[i]; c {
			case 't':
				c = '\t'
			case 'n':
				c = '\n'
			case 'r':
				c = '\r'
			case 'v':
				c = '\v'
			}
		}
		b.WriteByte(c)
	}
	return b.String(), true
}

func isBlank(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }
