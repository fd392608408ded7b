package pipefile

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Limits of an expression: its bytes, and how deep it is nested.
const (
	maxExpression = 2000
	maxNested     = 50
)

// Expression is a condition on variables, in Bitbucket Cloud's expression language: variables by their names, texts in double quotes,
// numbers, true and false, the operators == != < <= > >= && || !, parentheses, and the functions glob(value, "pattern") and
// changesetInclude("pattern", …). A number compares as one, anything else as text.
type Expression struct {
	text string
	root term
}

// Context is what an expression is about.
type Context struct {
	Variables map[string]string // one that is missing is empty
	Changed   []string          // paths of changed files, relative to the root of the repository
}

// String is the expression as it was written.
func (e *Expression) String() string { return e.text }

// Holds tells whether the expression holds.
func (e *Expression) Holds(c Context) bool { return e.root(&c) == "true" }

// term is a part of an expression: what it comes to, as text.
type term func(*Context) string

// ParseExpression reads an expression. The error says what was expected, and where.
func ParseExpression(text string) (*Expression, error) {
	if len(text) > maxExpression {
		return nil, fmt.Errorf("an expression of at most %d bytes", maxExpression)
	}
	p := &expressionParser{text: text}
	p.next()
	root, boolean := p.or(0)
	switch {
	case p.err != nil:
		return nil, p.err
	case p.token != "":
		p.want("an operator, such as == or &&")
		return nil, p.err
	case !boolean:
		return nil, errors.New(`a condition, such as NAME == "value"`)
	}
	return &Expression{text: text, root: root}, nil
}

// expressionParser goes through an expression token by token. After the first error it only stops.
type expressionParser struct {
	text  string
	at    int    // behind token
	token string // as written; empty: the end
	err   error
}

func (p *expressionParser) want(what string) {
	if p.err == nil {
		p.err = fmt.Errorf("%s at character %d", what, len([]rune(p.text[:p.at-len(p.token)]))+1)
	}
	p.token, p.at = "", len(p.text)
}

// next goes to the next token.
func (p *expressionParser) next() {
	for p.at < len(p.text) && strings.IndexByte(" \t\n\r", p.text[p.at]) >= 0 {
		p.at++
	}
	p.token = ""
	rest := p.text[p.at:]
	n := 0
	switch {
	case rest == "":
	case rest[0] == '"':
		for n = 1; n < len(rest) && rest[n] != '"'; n++ {
			if rest[n] == '\\' {
				n++
			}
		}
		if n++; n > len(rest) {
			p.want(`a " that ends the text`)
			return
		}
	case isName(rest[0]) || rest[0] == '-':
		for n = 1; n < len(rest) && (isName(rest[n]) || rest[n] == '.' && isDigit(rest[0])); n++ {
		}
	default:
		for _, operator := range []string{"==", "!=", "<=", ">=", "&&", "||", "<", ">", "!", "(", ")", ","} {
			if strings.HasPrefix(rest, operator) {
				n = len(operator)
				break
			}
		}
		if n == 0 {
			p.want("a name, a value or an operator")
			return
		}
	}
	p.token = rest[:n]
	p.at += n
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }
func isName(b byte) bool {
	return b == '_' || isDigit(b) || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

// take goes past a token, when it is the next.
func (p *expressionParser) take(token string) bool {
	if p.token != token {
		return false
	}
	p.next()
	return true
}

// or, and, comparison and primary read what binds stronger and stronger. boolean: it can come to true or false.
func (p *expressionParser) or(depth int) (t term, boolean bool) {
	return p.chain("||", depth, func() (term, bool) { return p.chain("&&", depth, func() (term, bool) { return p.comparison(depth) }) })
}

// chain reads conditions with the operator && or || between them.
func (p *expressionParser) chain(operator string, depth int, part func() (term, bool)) (term, bool) {
	left, boolean := part()
	if p.token != operator {
		return left, boolean
	}
	all := []term{left}
	for boolean && p.take(operator) {
		next, is := part()
		all, boolean = append(all, next), is
	}
	if !boolean {
		p.want("conditions on both sides of " + operator)
		return nil, true
	}
	stop := strconv.FormatBool(operator == "||")
	return func(c *Context) string {
		for _, t := range all {
			if t(c) == stop {
				return stop
			}
		}
		return strconv.FormatBool(operator == "&&")
	}, true
}

func (p *expressionParser) comparison(depth int) (term, bool) {
	if p.token == "!" {
		if depth++; depth > maxNested {
			p.want("less nesting")
			return nil, true
		}
		p.next()
		of, boolean := p.comparison(depth)
		if !boolean {
			p.want("a condition behind !")
		}
		return func(c *Context) string { return strconv.FormatBool(of(c) != "true") }, true
	}
	left, boolean := p.primary(depth)
	operator := p.token
	switch operator {
	case "==", "!=", "<", "<=", ">", ">=":
	default:
		return left, boolean
	}
	p.next()
	right, _ := p.primary(depth)
	return func(c *Context) string { return strconv.FormatBool(compare(left(c), operator, right(c))) }, true
}

// compare compares two numbers as such, and anything else as text. Only numbers have an order.
func compare(left, operator, right string) bool {
	x, err := strconv.ParseFloat(left, 64)
	y, err2 := strconv.ParseFloat(right, 64)
	numbers := err == nil && err2 == nil
	equal := left == right || numbers && x == y
	switch operator {
	case "==":
		return equal
	case "!=":
		return !equal
	case "<":
		return numbers && x < y
	case "<=":
		return numbers && x <= y
	case ">":
		return numbers && x > y
	}
	return numbers && x >= y
}

func (p *expressionParser) primary(depth int) (term, bool) {
	token := p.token
	constant := func(text string) term { return func(*Context) string { return text } }
	switch {
	case token == "(":
		if depth++; depth > maxNested {
			p.want("less nesting")
			return nil, true
		}
		p.next()
		t, boolean := p.or(depth)
		if !p.take(")") {
			p.want("a )")
		}
		return t, boolean
	case token == "true" || token == "false":
		p.next()
		return constant(token), true
	case strings.HasPrefix(token, `"`):
		text, err := strconv.Unquote(token)
		if err != nil {
			p.want(`a text in double quotes, with \" for a quote in it`)
		}
		p.next()
		return constant(text), false
	case token != "" && (token[0] == '-' || isDigit(token[0])):
		if _, err := strconv.ParseFloat(token, 64); err != nil {
			p.want("a number or a name")
		}
		p.next()
		return constant(token), false
	case token != "" && isName(token[0]):
		p.next()
		if p.token == "(" {
			return p.call(token, depth), true
		}
		return func(c *Context) string { return c.Variables[token] }, true
	}
	p.want("a name, a value or a condition")
	return constant(""), true
}

// call reads the arguments of a function.
func (p *expressionParser) call(name string, depth int) term {
	p.next()
	pattern := func() (g Glob) {
		text, err := strconv.Unquote(p.token)
		if !strings.HasPrefix(p.token, `"`) || err != nil {
			p.want("a pattern in double quotes")
			return g
		}
		if g, err = ParseGlob(text); err != nil {
			p.want(err.Error())
		}
		p.next()
		return g
	}
	var t term
	switch name {
	case "glob":
		of, _ := p.primary(depth)
		if !p.take(",") {
			p.want("a comma and a pattern")
		}
		g := pattern()
		t = func(c *Context) string { return strconv.FormatBool(g.Matches(of(c))) }
	case "changesetInclude":
		globs := []Glob{pattern()}
		for p.take(",") {
			globs = append(globs, pattern())
		}
		t = func(c *Context) string { return strconv.FormatBool((&Changesets{Include: globs}).Holds(c.Changed)) }
	default:
		p.err = fmt.Errorf("the function glob or changesetInclude, and none called %s", shown(name))
		p.want("")
		return func(*Context) string { return "" }
	}
	if !p.take(")") {
		p.want("a )")
	}
	return t
}
