package catalog

import (
	"iter"
	"net/url"
	"slices"
	"strings"
)

// Outcome is what [Find] found.
type Outcome uint8

// The outcomes.
const (
	Unknown          Outcome = iota // no operation has this path
	Found                           // the match holds the operation
	MethodNotAllowed                // operations have this path, none the method
)

// String returns "unknown", "found" or "method not allowed".
func (o Outcome) String() string {
	switch o {
	case Found:
		return "found"
	case MethodNotAllowed:
		return "method not allowed"
	}
	return "unknown"
}

// maxParams is the number of parameters of the longest template.
const maxParams = 5

// Match is the answer of [Find]: an operation and the parameters of the path.
type Match struct {
	// Operation is nil unless the outcome is Found.
	Operation *Operation

	leaf   *leaf
	path   string // without the leading slash and one trailing slash
	values [maxParams]span
	n      int
}

// span is a value's place in the path.
type span struct{ start, end int }

// Find finds the operation for a request. The method is in upper case, and
// HEAD finds what GET finds. The path is the escaped path after "/2.0", such
// as "/repositories/acme/widgets/refs/branches/feature%2Fx", without a query.
//
// One trailing slash is ignored. A literal segment is preferred to a
// parameter. A parameter takes one segment that is not empty; the parameters
// that greedy names take all segments up to the next literal or the end, and
// the path in "src/{commit}/{path}" may be empty. A path with an invalid
// escape, or with a NUL character, is Unknown.
//
// The search does not allocate.
func Find(method, path string) (m Match, outcome Outcome) { return root.find(method, path) }

// FindHere is Find for requests to a Pail server, which also finds Pail's own operations.
func FindHere(method, path string) (m Match, outcome Outcome) {
	if m, outcome = root.find(method, path); outcome == Unknown {
		m, outcome = ownRoot.find(method, path)
	}
	return m, outcome
}

func (n *node) find(method, path string) (m Match, outcome Outcome) {
	if len(path) == 0 || path[0] != '/' || !validPath(path) {
		return Match{}, Unknown
	}
	path = path[1:]
	if len(path) > 0 && path[len(path)-1] == '/' {
		path = path[:len(path)-1]
	}
	m.path = path
	m.leaf = n.walk(&m, 0)
	if m.leaf == nil {
		return Match{}, Unknown
	}
	if i := methodIndex(method); i >= 0 {
		m.Operation = m.leaf.ops[i]
	}
	if m.Operation == nil {
		return m, MethodNotAllowed
	}
	return m, Found
}

// Param returns the decoded value of a parameter of the operation's template,
// or "" when it has none of this name. It allocates only for a value that is
// escaped in the path.
func (m *Match) Param(name string) string {
	if m.Operation != nil {
		for i, p := range m.Operation.params {
			if p == name {
				return m.value(i)
			}
		}
	}
	return ""
}

// Params returns the names and the decoded values of the parameters, in the
// template's order.
func (m *Match) Params() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		if m.Operation == nil {
			return
		}
		for i, p := range m.Operation.params {
			if !yield(p, m.value(i)) {
				return
			}
		}
	}
}

// Allowed returns the methods that the matched path has operations for, HEAD
// included, in the order GET, HEAD, POST, PUT, DELETE. It is empty when the
// path is unknown.
func (m *Match) Allowed() []string {
	if m.leaf == nil {
		return nil
	}
	return slices.Clone(m.leaf.allowed)
}

func (m *Match) value(i int) string {
	if i >= m.n {
		return "" // the empty path of src/{commit}/
	}
	raw := m.path[m.values[i].start:m.values[i].end]
	if strings.IndexByte(raw, '%') < 0 {
		return raw
	}
	value, _ := url.PathUnescape(raw) // Find has checked the escapes
	return value
}

// greedy names the parameters that take slashes, by the part of the template
// that ends with them.
var greedy = []string{
	"/refs/branches/{name}",
	"/refs/tags/{name}",
	"/{path}",
	"/commits/{revision}",
	"/{encoded_id}/{revision}", // before diff and patch
	"/{spec}",
	"/{revspec}",
	"/downloads/{filename}",
	"/{page}",
}

// emptyTail is the one template whose last parameter may be missing.
const emptyTail = "/src/{commit}/{path}"

// node is a place in the tree of templates, one level to a segment.
type node struct {
	literals   map[string]*node
	composites []composite
	param      *node // one segment
	rest       *node // one segment or more
	leaf       *leaf
}

// composite is a segment with two parameters, such as
// "{repo_name}-issues-{task_id}.zip".
type composite struct {
	separator, suffix string
	next              *node
}

// leaf is a path that operations exist for.
type leaf struct {
	ops      [len(methods)]*Operation
	allowed  []string
	template string // of the first operation; names of parameters may differ in others
}

// walk follows m.path from the segment that starts at pos, and notes the
// values of parameters in m from m.n on. It returns nil, with m.n as it was,
// when nothing fits.
func (n *node) walk(m *Match, pos int) *leaf {
	if pos > len(m.path) {
		return n.leaf
	}
	end := len(m.path)
	if i := strings.IndexByte(m.path[pos:], '/'); i >= 0 {
		end = pos + i
	}
	if end == pos {
		return nil
	}
	segment := m.path[pos:end]
	if next := n.literal(segment); next != nil {
		if found := next.walk(m, end+1); found != nil {
			return found
		}
	}
	for i := range n.composites {
		c := &n.composites[i]
		body, ok := strings.CutSuffix(segment, c.suffix)
		at := strings.LastIndex(body, c.separator)
		if !ok || at <= 0 || at+len(c.separator) == len(body) {
			continue
		}
		m.push(pos, pos+at)
		m.push(pos+at+len(c.separator), pos+len(body))
		if found := c.next.walk(m, end+1); found != nil {
			return found
		}
		m.n -= 2
	}
	if n.param != nil {
		m.push(pos, end)
		if found := n.param.walk(m, end+1); found != nil {
			return found
		}
		m.n--
	}
	if n.rest != nil {
		if found := n.rest.walkRest(m, pos, end); found != nil {
			return found
		}
	}
	return nil
}

// walkRest gives a greedy parameter that starts at pos one segment after
// another, the first of which ends at end. All of the path is tried first: a
// leaf right here takes everything.
func (n *node) walkRest(m *Match, pos, end int) *leaf {
	if n.leaf != nil {
		m.push(pos, len(m.path))
		return n.leaf
	}
	for end < len(m.path) {
		m.push(pos, end)
		if found := n.walk(m, end+1); found != nil {
			return found
		}
		m.n--
		i := strings.IndexByte(m.path[end+1:], '/')
		if i < 0 {
			break
		}
		end += 1 + i
	}
	return nil
}

func (m *Match) push(start, end int) {
	m.values[m.n] = span{start, end}
	m.n++
}

// literal finds the child for a literal segment, which may be escaped.
func (n *node) literal(segment string) *node {
	if strings.IndexByte(segment, '%') < 0 {
		return n.literals[segment]
	}
	var decoded [64]byte // longer than every literal
	k := 0
	for i := 0; i < len(segment); i++ {
		if k == len(decoded) {
			return nil
		}
		c := segment[i]
		if c == '%' {
			c = unhex(segment[i+1])<<4 | unhex(segment[i+2])
			i += 2
		}
		decoded[k] = c
		k++
	}
	return n.literals[string(decoded[:k])]
}

// validPath reports whether every escape is complete and no character is NUL,
// which no name, path or database can hold.
func validPath(path string) bool {
	if strings.IndexByte(path, 0) >= 0 {
		return false
	}
	for {
		i := strings.IndexByte(path, '%')
		if i < 0 {
			return true
		}
		if len(path)-i < 3 || !isHex(path[i+1]) || !isHex(path[i+2]) || path[i+1] == '0' && path[i+2] == '0' {
			return false
		}
		path = path[i+3:]
	}
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}

// root is the tree of all templates, and leaves is its leaves in the order of
// the operations.
var root, leaves = plant(operations)

// ownRoot is the same of Pail's own operations.
var ownRoot, _ = plant(own)

func plant(ops []*Operation) (*node, []*leaf) {
	root := &node{}
	var leaves []*leaf
	for _, op := range ops {
		n, before := root, root
		done := ""
		for segment := range strings.SplitSeq(op.Template[1:], "/") {
			done += "/" + segment
			n, before = n.child(segment, done), n
		}
		if n.leaf == nil {
			n.leaf = &leaf{template: op.Template}
			leaves = append(leaves, n.leaf)
		}
		n.leaf.ops[methodIndex(op.Method)] = op
		if strings.HasSuffix(op.Template, emptyTail) {
			before.leaf = n.leaf
		}
	}
	for _, l := range leaves {
		for i, op := range l.ops {
			if op == nil {
				continue
			}
			l.allowed = append(l.allowed, methods[i])
			if methods[i] == "GET" {
				l.allowed = append(l.allowed, "HEAD")
			}
		}
	}
	return root, leaves
}

// child returns the node below n for a segment of a template; done is the
// template up to and with this segment.
func (n *node) child(segment, done string) *node {
	switch strings.Count(segment, "{") {
	case 0:
		if n.literals == nil {
			n.literals = map[string]*node{}
		}
		if n.literals[segment] == nil {
			n.literals[segment] = &node{}
		}
		return n.literals[segment]
	case 1:
		at := &n.param
		if slices.ContainsFunc(greedy, func(g string) bool { return strings.HasSuffix(done, g) }) {
			at = &n.rest
		}
		if *at == nil {
			*at = &node{}
		}
		return *at
	default:
		_, after, _ := strings.Cut(segment, "}")
		separator, last, _ := strings.Cut(after, "{")
		_, suffix, _ := strings.Cut(last, "}")
		c := composite{separator: separator, suffix: suffix, next: &node{}}
		for _, have := range n.composites {
			if have.separator == c.separator && have.suffix == c.suffix {
				return have.next
			}
		}
		n.composites = append(n.composites, c)
		return c.next
	}
}
