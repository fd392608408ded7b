package partial

import (
	"bytes"
	"encoding/json"
	"errors"
)

var errNotJSON = errors.New("partial: the answer is not valid JSON")

// Apply returns what the mask leaves of v, which is one JSON text. Kept values are copied byte for byte; the space
// between the members of an object or list that is cut goes. An answer that is no object or list is returned as it
// is. The error is a v that is not valid JSON. The result may share memory with v.
func (m *Mask) Apply(v []byte) ([]byte, error) {
	if !json.Valid(v) { // also bounds the depth of the walk
		return nil, errNotJSON
	}
	if m == nil {
		return v, nil
	}
	top := place{nodes: []*node{&m.root}, keep: m.keep}
	c := cutter{in: v}
	c.space()
	if len(m.root.names) == 0 && len(m.root.patterns) == 0 || c.in[c.at] != '{' && c.in[c.at] != '[' {
		return v, nil
	}
	c.out = make([]byte, 0, len(v))
	c.value(top)
	return c.out, nil
}

// cutter walks through valid JSON; so it looks for nothing that the grammar promises.
type cutter struct {
	in  []byte
	at  int
	out []byte
}

func (c *cutter) space() {
	for c.at < len(c.in) && (c.in[c.at] == ' ' || c.in[c.at] == '\n' || c.in[c.at] == '\t' || c.in[c.at] == '\r') {
		c.at++
	}
}

// value copies from the value at c.at, which p does not drop, what p leaves.
func (c *cutter) value(p place) {
	if p.whole() {
		start := c.at
		c.skip()
		c.out = append(c.out, c.in[start:c.at]...)
		return
	}
	switch c.in[c.at] {
	case '{':
		c.object(p)
	case '[':
		c.list(p)
	default:
		c.value(place{keep: true})
	}
}

// drops tells whether p leaves nothing of the value at c.at, so that the value goes with its key.
func (c *cutter) drops(p place) bool {
	if p.keep {
		return false
	}
	if p.whole() {
		return true
	}
	first := c.in[c.at]
	return first != '{' && first != '[' && first != 'n'
}

func (c *cutter) object(p place) {
	c.out = append(c.out, '{')
	empty := true
	for c.at++; ; c.at++ { // past the brace, then past each comma
		c.space()
		if c.in[c.at] == '}' {
			break
		}
		start := c.at
		c.skip()
		key := c.in[start:c.at]
		c.space()
		c.at++ // the colon
		c.space()
		if inner := p.member(name(key)); c.drops(inner) {
			c.skip()
		} else {
			if !empty {
				c.out = append(c.out, ',')
			}
			empty = false
			c.out = append(append(c.out, key...), ':')
			c.value(inner)
		}
		c.space()
		if c.in[c.at] == '}' {
			break
		}
	}
	c.at++
	c.out = append(c.out, '}')
}

// list applies p to each element: lists are transparent.
func (c *cutter) list(p place) {
	c.out = append(c.out, '[')
	empty := true
	for c.at++; ; c.at++ {
		c.space()
		if c.in[c.at] == ']' {
			break
		}
		if c.drops(p) {
			c.skip()
		} else {
			if !empty {
				c.out = append(c.out, ',')
			}
			empty = false
			c.value(p)
		}
		c.space()
		if c.in[c.at] == ']' {
			break
		}
	}
	c.at++
	c.out = append(c.out, ']')
}

// skip goes to the end of the value at c.at.
func (c *cutter) skip() {
	depth := 0
	for {
		switch c.in[c.at] {
		case '"':
			c.string()
		case '{', '[':
			depth++
			c.at++
		case '}', ']':
			depth--
			c.at++
		case ',', ':', ' ', '\t', '\n', '\r':
			c.at++
		default:
			for c.at < len(c.in) && bytes.IndexByte([]byte(",:]} \t\n\r"), c.in[c.at]) < 0 {
				c.at++
			}
		}
		if depth == 0 {
			return
		}
	}
}

func (c *cutter) string() {
	for c.at++; c.in[c.at] != '"'; c.at++ {
		if c.in[c.at] == '\\' {
			c.at++
		}
	}
	c.at++
}

// name is the text of a key.
func name(key []byte) string {
	if bytes.IndexByte(key, '\\') >= 0 {
		var s string
		if json.Unmarshal(key, &s) == nil {
			return s
		}
	}
	return string(key[1 : len(key)-1])
}
