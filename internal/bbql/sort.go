package bbql

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// What a sort= parameter may be at most.
const (
	MaxSortLength = 1024 // bytes
	MaxSortKeys   = 8    // fields
)

// Order is a checked sort order: the first key decides, then the next. The zero Order orders nothing.
type Order []sortKey

type sortKey struct {
	name       string
	field      Field
	descending bool
}

// ParseSort reads a sort= parameter: field names separated by commas, each with a - in front for descending order.
// Blank text is the order that orders nothing. The error is always an [*Error].
func ParseSort(sort string, fields Fields) (Order, error) {
	if len(sort) > MaxSortLength {
		return nil, &Error{Message: "the sort order is longer than 1024 bytes"}
	}
	if strings.TrimSpace(sort) == "" {
		return nil, nil
	}
	var order Order
	pos := 1
	for part := range strings.SplitSeq(sort, ",") {
		at := pos
		pos += utf8.RuneCountInString(part) + 1
		name, descending := strings.CutPrefix(strings.TrimSpace(part), "-")
		if !descending {
			name = strings.TrimPrefix(name, "+")
		}
		if name == "" {
			return nil, errorAt(at, "expected a field name")
		}
		field, err := fields.find(name, at, "sort")
		if err != nil {
			return nil, err
		}
		if field.Within != "" {
			e := errorAt(at, "the field %q has many values and cannot be sorted by", name)
			e.Field = name
			return nil, e
		}
		if slices.ContainsFunc(order, func(k sortKey) bool { return k.name == name }) {
			continue // equal values of the first key stay equal
		}
		if len(order) == MaxSortKeys {
			return nil, errorAt(at, "more than %d fields to sort by", MaxSortKeys)
		}
		order = append(order, sortKey{name: name, field: field, descending: descending})
	}
	return order, nil
}

// CompileSort turns a sort= parameter into the text after ORDER BY, the same for SQLite and PostgreSQL; "" for a blank
// parameter. A room adds a unique last key of its own, so that pages do not overlap. Errors are those of [ParseSort].
func CompileSort(sort string, fields Fields) (orderBy string, err error) {
	order, err := ParseSort(sort, fields)
	if err != nil {
		return "", err
	}
	return order.SQL(), nil
}

// SQL returns the text after ORDER BY, or "" when there is nothing to order by. The place of NULL is written out,
// since the databases differ in it.
func (o Order) SQL() string {
	keys := make([]string, len(o))
	for i, k := range o {
		keys[i] = operand(k.field.Column) + " ASC NULLS FIRST"
		if k.descending {
			keys[i] = operand(k.field.Column) + " DESC NULLS LAST"
		}
	}
	return strings.Join(keys, ", ")
}

// Sort sorts items in place as the database would; equal ones keep their order. get gives an item's value of a field,
// of the types that [Filter.Match] takes. The error is a value of another type; items are then as they were.
func Sort[T any](o Order, items []T, get func(item T, field string) any) error {
	type row struct {
		item T
		keys []any
	}
	rows := make([]row, len(items))
	for i, item := range items {
		rows[i] = row{item, make([]any, len(o))}
		for j, k := range o {
			v, err := k.field.normal(k.name, get(item, k.name))
			if err != nil {
				return err
			}
			rows[i].keys[j] = v
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		for j, k := range o {
			if c := compare(a.keys[j], b.keys[j]); c != 0 {
				if k.descending {
					return -c
				}
				return c
			}
		}
		return 0
	})
	for i := range rows {
		items[i] = rows[i].item
	}
	return nil
}
