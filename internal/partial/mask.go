package partial

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// What a fields= parameter may be at most.
const (
	MaxLength = 4096 // bytes
	MaxPaths  = 128
	MaxDepth  = 16 // names in one path
)

// Code is the reason code of every [Error].
const Code = "fields.invalid"

// Error is a fields= parameter that cannot be taken as it is.
type Error struct {
	Message string // complete, for the client
	Path    string // the path it is about, "" when it is about the whole
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Code returns the reason code, which is always [Code].
func (e *Error) Code() string { return Code }

// Mask is a parsed fields= parameter. It is immutable and safe for concurrent use. A nil Mask keeps everything.
type Mask struct {
	root node
	keep bool // what becomes of a member that no path meets
}

// node is a place that paths lead to.
type node struct {
	names    map[string]*node
	patterns []pattern // "*" and "pre*"
	verdict  *verdict  // of the last path that ends here
}

type pattern struct {
	prefix string
	node   *node
}

// verdict is what a path says of the member where it ends.
type verdict struct {
	keep     bool
	literals int // names in the path that are no wildcard
	at       int // place among the paths
}

// Parse reads a fields= parameter, already decoded from the URL. Blank text gives a mask that keeps everything. The
// error is always an [*Error].
func Parse(fields string) (*Mask, error) {
	if len(fields) > MaxLength {
		return nil, &Error{Message: fmt.Sprintf("fields is longer than %d bytes", MaxLength)}
	}
	m := &Mask{keep: true}
	if strings.TrimSpace(fields) == "" {
		return m, nil
	}
	parts := strings.Split(fields, ",")
	if len(parts) > MaxPaths {
		return nil, &Error{Message: fmt.Sprintf("fields has more than %d paths", MaxPaths)}
	}
	for i, part := range parts {
		path := strings.TrimSpace(part)
		sign := byte(0)
		if part != "" && part[0] == ' ' {
			sign = '+'
		}
		if path != "" && (path[0] == '+' || path[0] == '-') {
			sign, path = path[0], path[1:]
		}
		if sign == 0 {
			m.keep = false
		}
		if err := m.add(path, verdict{keep: sign != '-', at: i}); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *Mask) add(path string, v verdict) error {
	wrong := func(format string, args ...any) error {
		return &Error{Message: fmt.Sprintf(format, args...), Path: path}
	}
	if path == "" {
		return wrong("fields has an empty path; paths such as values.name are separated by single commas")
	}
	names := strings.Split(path, ".")
	if len(names) > MaxDepth {
		return wrong("a path of fields has more than %d names", MaxDepth)
	}
	n := &m.root
	for _, name := range names {
		switch prefix, wild := strings.CutSuffix(name, "*"); {
		case name == "":
			return wrong("fields has a path with an empty name: %q", shorten(path))
		case strings.Contains(prefix, "*"):
			return wrong("in fields a * ends a name: %q", shorten(path))
		case !legible(prefix):
			return wrong("fields has a name with a blank, a quote or a control character: %q", shorten(path))
		case wild:
			n = n.pattern(prefix)
		default:
			v.literals++
			n = n.name(name)
		}
	}
	if n.verdict == nil || v.over(n.verdict) {
		n.verdict = &v
	}
	return nil
}

// over tells whether v decides against another verdict on the same member.
func (v verdict) over(w *verdict) bool {
	if v.literals != w.literals {
		return v.literals > w.literals
	}
	return v.at > w.at
}

func (n *node) name(name string) *node {
	if n.names == nil {
		n.names = map[string]*node{}
	}
	if n.names[name] == nil {
		n.names[name] = &node{}
	}
	return n.names[name]
}

func (n *node) pattern(prefix string) *node {
	for _, p := range n.patterns {
		if p.prefix == prefix {
			return p.node
		}
	}
	p := pattern{prefix, &node{}}
	n.patterns = append(n.patterns, p)
	return p.node
}

func legible(name string) bool {
	return utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == '"' || r == '\\' || r == 0x7f })
}

func shorten(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// place is where the walk through an answer stands: all nodes that paths have reached, and what becomes of a value
// that nothing further is said about.
type place struct {
	nodes []*node
	keep  bool
}

// member returns the place of a member of an object at p.
func (p place) member(name string) place {
	next := place{keep: p.keep}
	var best *verdict
	meet := func(n *node) {
		if n.verdict != nil && (best == nil || n.verdict.over(best)) {
			best = n.verdict
		}
		if len(n.names) > 0 || len(n.patterns) > 0 {
			next.nodes = append(next.nodes, n)
		}
	}
	for _, n := range p.nodes {
		if c := n.names[name]; c != nil {
			meet(c)
		}
		for _, pattern := range n.patterns {
			if strings.HasPrefix(name, pattern.prefix) {
				meet(pattern.node)
			}
		}
	}
	if best != nil {
		next.keep = best.keep
	}
	return next
}

// whole tells that nothing below p needs a look.
func (p place) whole() bool { return len(p.nodes) == 0 }
