package pipefile

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Limits of the YAML. The library recurses, also from one key of a mapping to the next, and its time grows with the square of the keys
// of one mapping.
const (
	MaxSize    = 512 << 10 // bytes
	maxTokens  = 200_000
	maxKeys    = 10_000
	maxAnchors = 1000 // anchors and tags
	maxColumn  = 2000 // of what may nest outside of [ ] and { }
	maxDepth   = 50
)

type kind int

const (
	null kind = iota
	scalar
	list
	mapping
)

// node is a value of the file.
type node struct {
	at    Pos
	kind  kind
	text  string // of a scalar
	plain bool   // of a scalar: it has no quotes, so that it may be a number or a boolean
	items []*node
	pairs []pair
	alias *node // the value is this one's, which stands somewhere else
}

// pair is a key of a mapping with its value, or what is merged into the mapping.
type pair struct {
	key   string
	at    Pos
	value *node
	merge bool
}

// builder makes nodes of what the library has read.
type builder struct {
	*reader
	anchors map[string]*node // nil while the anchor's own value is read
}

// tree reads YAML. It is nil where there is nothing, or where there are faults that leave nothing to look at.
func (r *reader) tree(data []byte) (root *node) {
	if len(data) > MaxSize {
		r.fail(Pos{}, "", fmt.Sprintf("%d bytes", len(data)), fmt.Sprintf("a file of at most %d KiB", MaxSize>>10))
		return nil
	}
	text := strings.TrimPrefix(string(data), "\ufeff")
	if !r.characters(text) {
		return nil
	}
	at := Pos{1, 1}
	defer func() {
		if p := recover(); p != nil { // a parser that stumbles over a file must not take the process down
			r.fail(at, "", "what cannot be read", "YAML")
			root = nil
		}
	}()
	tokens := lexer.Tokenize(text)
	if !r.bounded(tokens) {
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey()) // duplicates are told with all other faults
	if err != nil {
		r.syntax(err)
		return nil
	}
	b := &builder{r, map[string]*node{}}
	for _, doc := range file.Docs {
		if _, directive := doc.Body.(*ast.DirectiveNode); directive || doc.Body == nil {
			continue
		}
		n := b.node(doc.Body, 0)
		switch {
		case root == nil || root.kind == null:
			root = n
		case n.kind != null:
			r.fail(n.at, "", "a second document", "one document")
			return root
		}
	}
	return root
}

// characters tells whether the text has only characters that YAML may have.
func (r *reader) characters(text string) bool {
	if utf8.ValidString(text) && strings.IndexFunc(text, forbidden) < 0 {
		return true
	}
	line := 0
	for s := range strings.Lines(text) {
		line++
		column := 0
		for i, c := range s {
			column++
			if c == utf8.RuneError && !strings.HasPrefix(s[i:], string(utf8.RuneError)) {
				r.fail(Pos{line, column}, "", "a byte that is not UTF-8", "text in UTF-8")
				return false
			}
			if forbidden(c) {
				r.fail(Pos{line, column}, "", fmt.Sprintf("the control character %U", c), "text")
				return false
			}
		}
	}
	return false
}

func forbidden(c rune) bool {
	return c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0x7f
}

// bounded tells whether tokens can be parsed without harm.
func (r *reader) bounded(tokens token.Tokens) bool {
	keys, anchors, depth := 0, 0, 0
	if len(tokens) > maxTokens {
		r.fail(Pos{}, "", "a file with too much in it", fmt.Sprintf("at most %d words and signs of YAML", maxTokens))
		return false
	}
	for _, t := range tokens {
		nests := true
		switch t.Type {
		case token.MappingValueType, token.MappingKeyType:
			keys++
		case token.SequenceEntryType:
		case token.AnchorType, token.TagType:
			anchors++
		case token.MappingStartType, token.SequenceStartType:
			depth++
			nests = false
		case token.MappingEndType, token.SequenceEndType:
			depth--
			nests = false
		default:
			nests = false
		}
		switch {
		case keys > maxKeys:
			r.fail(position(t), "", fmt.Sprintf("more than %d keys", maxKeys), "a smaller file")
		case anchors > maxAnchors:
			r.fail(position(t), "", fmt.Sprintf("more than %d anchors and tags", maxAnchors), "a smaller file")
		case depth > maxDepth || depth <= 0 && nests && t.Position.Column > maxColumn:
			r.fail(position(t), "", "a value that is nested too deep", fmt.Sprintf("at most %d levels", maxDepth))
		default:
			continue
		}
		return false
	}
	return true
}

func position(t *token.Token) Pos {
	if t == nil || t.Position == nil {
		return Pos{1, 1}
	}
	return Pos{max(1, t.Position.Line), max(1, t.Position.Column)}
}

// remedies are what was expected where the library says one of these things.
var remedies = []struct{ says, found, expected string }{
	{"'\t'", "a tab", "spaces to indent with"},
	{"mapping value is not allowed", "a second key and value in one line", `quotes around text that has ": " in it`},
	{"could not find end character", "text in quotes that does not end", "the closing quote"},
	{"end token ']'", "a list that does not end", "a ] that closes it"},
	{"end token '}'", "a mapping that does not end", "a } that closes it"},
	{"reserved character", "text that begins with a sign of YAML", "quotes around it"},
	{"unknown escape character", "a backslash that YAML does not know in double quotes", "single quotes, or two backslashes"},
	{"not allowed in this context", "a value that belongs nowhere", `"key: value" or "- item", indented as what is around it`},
	{"unexpected key name", "text that is no key", `"key: value" or "- item", indented as what is around it`},
	{"non-map value", "text that is no key", `"key: value", indented as what is around it`},
	{"directive", "text that begins with %", "quotes around it"},
	{"undefined anchor value", "an anchor without a value", "a value behind it"},
}

// syntax tells why the library cannot read the file.
func (r *reader) syntax(err error) {
	at, says := Pos{1, 1}, err.Error()
	if e, ok := errors.AsType[yaml.Error](err); ok {
		at, says = position(e.GetToken()), e.GetMessage()
	}
	for _, m := range remedies {
		if strings.Contains(says, m.says) {
			r.fail(at, "", m.found, m.expected)
			return
		}
	}
	r.fail(at, "", "what is no YAML ("+says+")", "YAML")
}

// node makes a node with all that is below it.
func (b *builder) node(n ast.Node, depth int) *node {
	if n == nil {
		return &node{at: Pos{1, 1}}
	}
	at := position(n.GetToken())
	if depth > maxDepth {
		b.fail(at, "", "a value that is nested too deep", fmt.Sprintf("at most %d levels", maxDepth))
		return &node{at: at}
	}
	switch n := n.(type) {
	case *ast.NullNode:
		return &node{at: at, text: n.GetToken().Value}
	case *ast.StringNode:
		quoted := n.Token.Type == token.SingleQuoteType || n.Token.Type == token.DoubleQuoteType
		return &node{at: at, kind: scalar, text: b.clean(at, n.Value), plain: !quoted}
	case *ast.LiteralNode:
		return &node{at: at, kind: scalar, text: n.Value.Value}
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return &node{at: at, kind: scalar, text: n.GetToken().Value, plain: true}
	case *ast.SequenceNode:
		s := &node{at: at, kind: list}
		for _, item := range n.Values {
			s.items = append(s.items, b.node(item, depth+1))
		}
		return s
	case *ast.MappingNode:
		return b.mapping(at, n.Values, depth)
	case *ast.MappingValueNode:
		return b.mapping(at, []*ast.MappingValueNode{n}, depth)
	case *ast.AnchorNode:
		return b.anchor(n, depth)
	case *ast.AliasNode:
		return b.aliased(at, n)
	case *ast.TagNode:
		return b.tagged(at, n, depth)
	}
	b.fail(at, "", "a sign of YAML that means nothing here", "a value")
	return &node{at: at}
}

// clean is a text without what no command and no name can have.
func (b *builder) clean(at Pos, text string) string {
	if strings.ContainsRune(text, 0) {
		b.fail(at, "", "the control character U+0000", "text")
	}
	return text
}

func (b *builder) anchor(n *ast.AnchorNode, depth int) *node {
	name := n.Name.GetToken().Value
	b.anchors[name] = nil
	v := b.node(n.Value, depth+1)
	b.anchors[name] = v
	return v
}

func (b *builder) aliased(at Pos, n *ast.AliasNode) *node {
	name := n.Value.GetToken().Value
	of, there := b.anchors[name]
	switch {
	case !there:
		expected := fmt.Sprintf("an anchor &%s above it", cut(name))
		var names []string
		for known := range b.anchors {
			names = append(names, known)
		}
		if near := nearest(name, names); near != "" {
			expected = "*" + cut(near)
		}
		b.fail(at, "", "the alias *"+cut(name), expected)
	case of == nil:
		b.fail(at, "", fmt.Sprintf("the alias *%s in the value of its own anchor", cut(name)), "another value")
	}
	return &node{at: at, alias: of}
}

// tagged is a value with a tag, of which only those of YAML itself count.
func (b *builder) tagged(at Pos, n *ast.TagNode, depth int) *node {
	v := b.node(n.Value, depth+1)
	switch name := n.Start.Value; name {
	case "!!str":
		if v.kind == null && v.alias == nil {
			v.kind = scalar
		}
		v.plain = false
	case "!!int", "!!bool", "!!float", "!!null", "!!seq", "!!map":
	default:
		b.fail(at, "", "the tag "+shown(name), "a value without a tag")
	}
	return v
}

func (b *builder) mapping(at Pos, values []*ast.MappingValueNode, depth int) *node {
	m := &node{at: at, kind: mapping}
	seen := map[string]Pos{}
	for i, v := range values {
		key, merge, ok := b.key(v.Key, depth)
		keyAt := key.at
		if i == 0 {
			m.at = keyAt
		}
		value := b.node(v.Value, depth+1)
		if !ok {
			b.fail(keyAt, "", "a key of an unusual form", "text")
			continue
		}
		if first, twice := seen[key.text]; twice {
			expected := "every key once"
			if merge {
				expected = "<<: [*a, *b] to merge several"
			}
			b.fail(keyAt, "", fmt.Sprintf("the key %s, which stands in line %d already", shown(key.text), first.Line), expected)
			continue
		}
		seen[key.text] = keyAt
		m.pairs = append(m.pairs, pair{key.text, keyAt, value, merge})
	}
	return m
}

// key reads a key of a mapping. Numbers, booleans and null are the text that they are written as.
func (b *builder) key(n ast.MapKeyNode, depth int) (key *node, merge, ok bool) {
	var of ast.Node = n
	if explicit, is := n.(*ast.MappingKeyNode); is {
		of = explicit.Value
	}
	if _, is := of.(*ast.MergeKeyNode); is {
		return &node{at: position(of.GetToken()), kind: scalar, text: "<<"}, true, true
	}
	key = b.node(of, depth+1)
	at := key.at
	if key.alias != nil {
		key = key.alias
	}
	return &node{at: at, kind: scalar, text: key.text}, false, key.kind == scalar || key.kind == null
}
