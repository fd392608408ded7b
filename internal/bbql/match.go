package bbql

import (
	"cmp"
	"slices"
	"strings"
)

// Match reports whether an element passes the filter. get gives the element's value of a field: nil when there is
// none; a string for String, Enum and UUID; an int, int32 or int64 for Number; a bool; a time.Time or int64
// microseconds for Time; a []any or []string of these for a field with Within. The error is a value of another type.
func (f *Filter) Match(get func(field string) any) (bool, error) {
	if f.root == nil {
		return true, nil
	}
	return f.root.match(get)
}

func (n allOf) match(get func(string) any) (bool, error) {
	for _, t := range n {
		if ok, err := t.match(get); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (n anyOf) match(get func(string) any) (bool, error) {
	for _, t := range n {
		if ok, err := t.match(get); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

func (t *test) match(get func(string) any) (bool, error) {
	values, err := t.field.normals(t.name, get(t.name))
	if err != nil {
		return false, err
	}
	missing := !slices.ContainsFunc(values, func(v any) bool { return v != nothing{} })
	pass := t.orAbsent && missing
	if t.action == absent {
		pass = missing
	} else {
		pass = pass || slices.ContainsFunc(values, t.passes)
	}
	return pass != t.not, nil
}

// passes tells it for one value, present or not; absent is decided above.
func (t *test) passes(v any) bool {
	if (v == nothing{}) {
		return false
	}
	switch t.action {
	case present:
		return true
	case equal, oneOf:
		return slices.Contains(t.args, v)
	case less:
		return compare(v, t.args[0]) < 0
	case lessOrEqual:
		return compare(v, t.args[0]) <= 0
	case greater:
		return compare(v, t.args[0]) > 0
	case greaterOrEqual:
		return compare(v, t.args[0]) >= 0
	case contains:
		return strings.Contains(lower(v.(string)), lower(t.args[0].(string)))
	}
	return false
}

// compare orders two values of one field: nothing first, false before true, strings by their bytes.
func compare(a, b any) int {
	if (a == nothing{}) || (b == nothing{}) {
		return cmp.Compare(rank(a), rank(b))
	}
	switch a := a.(type) {
	case string:
		return strings.Compare(a, b.(string))
	case int64:
		return cmp.Compare(a, b.(int64))
	default:
		return cmp.Compare(rank(a), rank(b))
	}
}

func rank(v any) int {
	switch v {
	case nothing{}:
		return 0
	case true:
		return 2
	}
	return 1
}

// lower folds ASCII letters only, as SQLite's LOWER does.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
