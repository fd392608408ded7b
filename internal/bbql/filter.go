package bbql

import (
	"slices"
	"strings"
)

// Filter is a query checked against the fields of a list, ready to be run as SQL or in memory. It is immutable and
// safe for concurrent use.
type Filter struct {
	root filterNode // nil lets everything pass
}

type filterNode interface {
	sql(w *writer)
	match(get func(field string) any) (bool, error)
}

type (
	allOf []filterNode
	anyOf []filterNode
)

// action is what a test asks of a value. All but absent are false for a missing value.
type action int

const (
	never   action = iota // no value passes
	present               // any value passes
	absent                // only a missing one passes
	equal
	less
	lessOrEqual
	greater
	greaterOrEqual
	contains
	oneOf
)

// test is one comparison, brought down to few actions and to values of the store: string, int64 or bool.
type test struct {
	name     string
	field    Field
	action   action
	args     []any
	orAbsent bool // a missing value passes as well, for IN lists with null
	not      bool // what passes is what does not pass otherwise
}

// Bind checks the query against fields. The error is an [*Error] when the query names a field that is not there, or
// asks of a field what its kind does not take; otherwise fields itself is wrong.
func (q *Query) Bind(fields Fields) (*Filter, error) {
	if q.Root == nil {
		return &Filter{}, nil
	}
	root, err := bind(q.Root, fields)
	if err != nil {
		return nil, err
	}
	return &Filter{root: root}, nil
}

func bind(n Node, fields Fields) (filterNode, error) {
	each := func(nodes []Node) ([]filterNode, error) {
		bound := make([]filterNode, len(nodes))
		for i := range nodes {
			b, err := bind(nodes[i], fields)
			if err != nil {
				return nil, err
			}
			bound[i] = b
		}
		return bound, nil
	}
	switch n := n.(type) {
	case And:
		all, err := each(n)
		return allOf(all), err
	case Or:
		some, err := each(n)
		return anyOf(some), err
	case *Comparison:
		return bindComparison(n, fields)
	}
	return nil, &Error{Message: "the query holds a node of no known type"}
}

func bindComparison(c *Comparison, fields Fields) (filterNode, error) {
	f, err := fields.find(c.Field, c.Pos, "filter")
	if err != nil {
		return nil, err
	}
	if f.Within != "" && !strings.Contains(f.Within, "{}") {
		return nil, errWithin
	}
	t := &test{name: c.Field, field: f, not: c.Op == NotEqual || c.Op == NotContains || c.Op == NotIn}
	if len(c.Values) == 0 {
		return nil, t.errorf(c.Pos, "has nothing to compare with")
	}
	switch c.Op {
	case Contains, NotContains:
		err = t.substring(c)
	case In, NotIn:
		err = t.list(c.Values)
	case Equal, NotEqual:
		err = t.list(c.Values)
		if t.action == oneOf && len(t.args) == 1 && !t.orAbsent {
			t.action = equal
		}
	default:
		err = t.order(c)
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}

func (t *test) errorf(pos int, format string, args ...any) *Error {
	e := errorAt(pos, "the field %q "+format, append([]any{t.name}, args...)...)
	e.Field = t.name
	return e
}

func (t *test) wrongValue(v Value) *Error {
	want := t.field.Kind.String()
	if t.field.Kind == Enum {
		want = `one of "` + strings.Join(t.field.Values, `", "`) + `"`
	}
	if v.Kind == StringValue && lostPlus.MatchString(v.Text) {
		want += " (a + in a URL is written %2B)"
	}
	return t.errorf(v.Pos, "takes %s, not %s", want, v.describe())
}

// substring is ~ and !~.
func (t *test) substring(c *Comparison) error {
	if k := t.field.Kind; k != String && k != Enum {
		return t.errorf(c.Pos, "does not take %s: it holds %v", c.Op, k)
	}
	v := c.Values[0]
	if v.Kind != StringValue {
		return t.errorf(v.Pos, "takes a string in double quotes with %s, not %s", c.Op, v.describe())
	}
	t.action, t.args = contains, []any{v.Text}
	return nil
}

// list is =, !=, IN and NOT IN. A number that no column can hold drops out of the list.
func (t *test) list(values []Value) error {
	for _, v := range values {
		if v.Kind == NullValue {
			t.orAbsent = true
			continue
		}
		arg, w, err := t.arg(v)
		if err != nil {
			return err
		}
		if w.fraction || w.beyond != 0 || slices.Contains(t.args, arg) {
			continue
		}
		t.args = append(t.args, arg)
	}
	switch {
	case len(t.args) > 0:
		t.action = oneOf
	case t.orAbsent:
		t.action, t.orAbsent = absent, false
	default:
		t.action = never
	}
	return nil
}

// order is <, <=, > and >=.
func (t *test) order(c *Comparison) error {
	if k := t.field.Kind; k == Bool || k == UUID || k == Enum {
		return t.errorf(c.Pos, "does not take %s: it holds %v", c.Op, k)
	}
	v := c.Values[0]
	if v.Kind == NullValue {
		return t.errorf(v.Pos, "can be compared with null by = and != only")
	}
	arg, w, err := t.arg(v)
	if err != nil {
		return err
	}
	t.args = []any{arg}
	up := c.Op == Greater || c.Op == GreaterOrEqual
	switch {
	case w.beyond != 0 && up == (w.beyond < 0):
		t.action, t.args = present, nil
	case w.beyond != 0:
		t.action, t.args = never, nil
	case up && (c.Op == Greater || w.fraction):
		t.action = greater
	case up:
		t.action = greaterOrEqual
	case c.Op == Less && !w.fraction:
		t.action = less
	default:
		t.action = lessOrEqual
	}
	return nil
}

// arg turns a literal into a value of the store. The whole tells how a number or time lies to it.
func (t *test) arg(v Value) (any, whole, error) {
	switch k := t.field.Kind; {
	case k == String && v.Kind == StringValue:
		return v.Text, whole{}, nil
	case k == Number && v.Kind == NumberValue:
		w := parseNumber(v.Text)
		return w.at, w, nil
	case k == Bool && v.Kind == BoolValue:
		return v.Text == "true", whole{}, nil
	case k == Time && (v.Kind == TimeValue || v.Kind == StringValue):
		if w, ok := parseTime(v.Text); ok {
			return w.at, w, nil
		}
	case k == UUID && v.Kind == StringValue:
		if u, ok := parseUUID(v.Text); ok {
			return u, whole{}, nil
		}
	case k == Enum && v.Kind == StringValue:
		for _, known := range t.field.Values {
			if strings.EqualFold(known, v.Text) {
				return known, whole{}, nil
			}
		}
	}
	return nil, whole{}, t.wrongValue(v)
}
