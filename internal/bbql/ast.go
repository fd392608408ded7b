package bbql

import "strings"

// Op is an operator between a field and its value or values.
type Op string

// The operators of the language.
const (
	Equal          Op = "="
	NotEqual       Op = "!="
	Contains       Op = "~"
	NotContains    Op = "!~"
	Greater        Op = ">"
	GreaterOrEqual Op = ">="
	Less           Op = "<"
	LessOrEqual    Op = "<="
	In             Op = "IN"
	NotIn          Op = "NOT IN"
)

// Node is a part of a query: [And], [Or] or [Comparison]. Its String is query text that parses to the same node.
type Node interface {
	String() string
}

// And holds two or more nodes, all of which must be true.
type And []Node

// Or holds two or more nodes, one of which must be true.
type Or []Node

// Comparison is one field, an operator and one value (one to [MaxList] for IN and NOT IN).
type Comparison struct {
	Field  string
	Op     Op
	Values []Value
	Pos    int // of the field, in characters from 1
}

// ValueKind is how a value is written.
type ValueKind int

// The ways to write a value.
const (
	StringValue ValueKind = iota // "text"
	NumberValue                  // 42, -1.5
	TimeValue                    // 2026-01-31T12:00:00Z, bare
	BoolValue                    // true, false
	NullValue                    // null
)

// Value is a literal.
type Value struct {
	Kind ValueKind
	Text string // StringValue: the text without quotes and escapes; the others: as written, keywords in lower case
	Pos  int    // in characters from 1
}

func (n And) String() string {
	parts := make([]string, len(n))
	for i, t := range n {
		parts[i] = t.String()
		if _, single := t.(*Comparison); !single {
			parts[i] = "(" + parts[i] + ")"
		}
	}
	return strings.Join(parts, " AND ")
}

func (n Or) String() string {
	parts := make([]string, len(n))
	for i, t := range n {
		parts[i] = t.String()
		if _, or := t.(Or); or {
			parts[i] = "(" + parts[i] + ")"
		}
	}
	return strings.Join(parts, " OR ")
}

func (n *Comparison) String() string {
	values := make([]string, len(n.Values))
	for i, v := range n.Values {
		values[i] = v.String()
	}
	list := strings.Join(values, ", ")
	if n.Op == In || n.Op == NotIn {
		list = "(" + list + ")"
	}
	return n.Field + " " + string(n.Op) + " " + list
}

var quoter = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`)

// String returns the value as it is written in a query.
func (v Value) String() string {
	if v.Kind == StringValue {
		return `"` + quoter.Replace(v.Text) + `"`
	}
	return v.Text
}

// describe names the value in a message.
func (v Value) describe() string {
	switch v.Kind {
	case StringValue:
		return "the string " + Value{Text: shorten(v.Text)}.String()
	case NumberValue:
		return "the number " + shorten(v.Text)
	case TimeValue:
		return "the date " + v.Text
	default:
		return v.Text
	}
}
