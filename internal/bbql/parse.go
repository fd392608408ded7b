package bbql

import (
	"regexp"
	"strings"
)

// What a query may be at most.
const (
	MaxLength = 4096 // bytes of the whole query
	MaxDepth  = 32   // parentheses within parentheses
	MaxTerms  = 64   // comparisons
	MaxList   = 100  // values of one IN
)

// Query is a parsed query. The zero Query has no condition.
type Query struct {
	Root Node // nil when the query is empty
}

// String returns query text that parses to the same query.
func (q *Query) String() string {
	if q.Root == nil {
		return ""
	}
	return q.Root.String()
}

// Parse reads a q= parameter, already decoded from the URL. Blank text is the query that lets everything pass.
// The error is always an [*Error], with the position of what is wrong and what was expected there.
func Parse(q string) (*Query, error) {
	if len(q) > MaxLength {
		return nil, &Error{Message: "the query is longer than 4096 bytes"}
	}
	return parse(q)
}

// parse is Parse without the limit on length: a query prints a little longer than it may have been written.
func parse(q string) (*Query, error) {
	p := &parser{lexer: lexer{src: q, pos: 1}}
	if err := p.step(); err != nil {
		return nil, err
	}
	if p.token.kind == tokenEnd {
		return &Query{}, nil
	}
	root, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if p.token.kind != tokenEnd {
		return nil, p.expected("AND, OR or the end")
	}
	return &Query{Root: root}, nil
}

type parser struct {
	lexer lexer
	token token
	terms int
}

func (p *parser) step() error {
	t, err := p.lexer.next()
	if err != nil {
		return err
	}
	p.token = t
	return nil
}

// lostPlus recognises what is left of "…T12:00:00+02:00" when the + was not encoded in the URL.
var lostPlus = regexp.MustCompile(`T[0-9:.]+ +[0-9]{2}:?[0-9]{2}`)

func (p *parser) expected(what string) error {
	err := errorAt(p.token.pos, "expected %s, found %s", what, p.token)
	if lostPlus.MatchString(p.lexer.src) {
		err.Message += "; a + in a URL is written %2B"
	}
	return err
}

// or reads terms joined by OR, which binds less than AND.
func (p *parser) or(depth int) (Node, error) {
	nodes, err := p.joined("OR", func() (Node, error) {
		nodes, err := p.joined("AND", func() (Node, error) { return p.term(depth) })
		if err != nil || len(nodes) == 1 {
			return first(nodes), err
		}
		return And(nodes), nil
	})
	if err != nil || len(nodes) == 1 {
		return first(nodes), err
	}
	return Or(nodes), nil
}

func first(nodes []Node) Node {
	if len(nodes) == 0 {
		return nil
	}
	return nodes[0]
}

func (p *parser) joined(keyword string, read func() (Node, error)) ([]Node, error) {
	var nodes []Node
	for {
		n, err := read()
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
		if !p.token.is(keyword) {
			return nodes, nil
		}
		if err := p.step(); err != nil {
			return nil, err
		}
	}
}

func (p *parser) term(depth int) (Node, error) {
	if !p.token.is("(") {
		return p.comparison()
	}
	if depth == MaxDepth {
		return nil, errorAt(p.token.pos, "more than %d parentheses within each other", MaxDepth)
	}
	if err := p.step(); err != nil {
		return nil, err
	}
	n, err := p.or(depth + 1)
	if err != nil {
		return nil, err
	}
	if !p.token.is(")") {
		return nil, p.expected(`AND, OR or ")"`)
	}
	return n, p.step()
}

// reserved are the words that no field can be called.
var reserved = []string{"AND", "OR", "IN", "NOT", "NULL", "TRUE", "FALSE"}

func (p *parser) comparison() (Node, error) {
	if p.token.kind != tokenWord {
		return nil, p.expected(`a field name or "("`)
	}
	for _, w := range reserved {
		if p.token.is(w) {
			return nil, p.expected(`a field name or "("`)
		}
	}
	c := &Comparison{Field: p.token.text, Pos: p.token.pos}
	if p.terms++; p.terms > MaxTerms {
		return nil, errorAt(c.Pos, "more than %d comparisons", MaxTerms)
	}
	if err := p.step(); err != nil {
		return nil, err
	}
	if err := p.operator(c); err != nil {
		return nil, err
	}
	if c.Op == In || c.Op == NotIn {
		return c, p.list(c)
	}
	return c, p.value(c)
}

func (p *parser) operator(c *Comparison) error {
	const what = "one of = != ~ !~ > >= < <= IN, NOT IN"
	switch {
	case p.token.is("NOT"):
		if err := p.step(); err != nil {
			return err
		}
		if !p.token.is("IN") {
			return p.expected("IN after NOT")
		}
		c.Op = NotIn
	case p.token.is("IN"):
		c.Op = In
	case p.token.kind == tokenSymbol && !strings.Contains("(),", p.token.text):
		c.Op = Op(p.token.text)
	default:
		return p.expected(what)
	}
	return p.step()
}

func (p *parser) value(c *Comparison) error {
	v := p.token.value
	switch {
	case p.token.kind == tokenValue:
	case p.token.is("NULL"):
		v = Value{Kind: NullValue, Text: "null", Pos: p.token.pos}
	case p.token.is("TRUE"), p.token.is("FALSE"):
		v = Value{Kind: BoolValue, Text: strings.ToLower(p.token.text), Pos: p.token.pos}
	default:
		return p.expected(`a value: "text", a number, a date, true, false or null`)
	}
	c.Values = append(c.Values, v)
	return p.step()
}

func (p *parser) list(c *Comparison) error {
	if !p.token.is("(") {
		return p.expected(`"(" after IN`)
	}
	for {
		if err := p.step(); err != nil {
			return err
		}
		if len(c.Values) == MaxList {
			return errorAt(p.token.pos, "more than %d values for one IN", MaxList)
		}
		if err := p.value(c); err != nil {
			return err
		}
		if p.token.is(")") {
			return p.step()
		}
		if !p.token.is(",") {
			return p.expected(`"," or ")"`)
		}
	}
}
