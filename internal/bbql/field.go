package bbql

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Kind is what a field holds.
type Kind int

// The kinds of fields, with how they are stored and the operators they take besides =, !=, IN and NOT IN.
const (
	String Kind = iota // TEXT; ~ !~ and the orderings
	Number             // SMALLINT, INTEGER or BIGINT; the orderings
	Bool               // BOOLEAN
	Time               // BIGINT, microseconds since the epoch in UTC; the orderings
	UUID               // TEXT, lower case without braces; taken in any case, with or without braces
	Enum               // TEXT, one of Field.Values; ~ and !~; taken in any case
)

// String names the kind in a message.
func (k Kind) String() string {
	switch k {
	case String:
		return "a string in double quotes"
	case Number:
		return "a number"
	case Bool:
		return "true or false"
	case Time:
		return "a date such as 2026-01-31 or 2026-01-31T12:00:00+00:00"
	case UUID:
		return "a uuid in double quotes"
	case Enum:
		return "one of its values in double quotes"
	}
	return "an unknown kind"
}

// Field is something that a list can be filtered and sorted by.
type Field struct {
	// Column is the SQL expression that gives the value: a column or an expression without parameters. It is trusted:
	// it comes from the room's code, never from a request. A field only for Match has none.
	Column string
	Kind   Kind
	// Values are the values of an Enum, as they are stored.
	Values []string
	// Within makes this a field of many values, such as reviewers.uuid: SQL in which {} stands for the condition on
	// one of them, as in "EXISTS (SELECT 1 FROM reviewer r WHERE r.pullrequest_id = p.id AND {})". Trusted like
	// Column. A comparison asks whether any of the values has it; !=, !~ and NOT IN whether none has it; = null
	// whether there is none. Such a field cannot be sorted by. In Match its value is a slice.
	Within string
}

// Fields are the fields of one list, by their names in the API ("project.key").
type Fields map[string]Field

func (f Fields) find(name string, pos int, use string) (Field, error) {
	if field, ok := f[name]; ok {
		return field, nil
	}
	known := slices.Sorted(maps.Keys(f))
	e := errorAt(pos, "there is no field %q to %s by; there are: %s", shorten(name), use, strings.Join(known, ", "))
	e.Field, e.Known = name, known
	return Field{}, e
}

// nothing stands for the absence of a value in memory.
type nothing struct{}

// normal brings a value from a room into the one form in which values are compared: string, int64, bool or nothing.
func (f Field) normal(name string, v any) (any, error) {
	if v == nil {
		return nothing{}, nil
	}
	switch f.Kind {
	case String, Enum:
		if s, ok := v.(string); ok {
			return s, nil
		}
	case UUID:
		if s, ok := v.(string); ok {
			if u, ok := parseUUID(s); ok {
				return u, nil
			}
			return s, nil
		}
	case Number:
		switch n := v.(type) {
		case int:
			return int64(n), nil
		case int32:
			return int64(n), nil
		case int64:
			return n, nil
		}
	case Bool:
		if b, ok := v.(bool); ok {
			return b, nil
		}
	case Time:
		switch t := v.(type) {
		case time.Time:
			return t.UnixMicro(), nil
		case int64:
			return t, nil
		}
	}
	return nil, fmt.Errorf("bbql: field %q: a %T is not %v", name, v, f.Kind)
}

// normals is normal for all values of a field: none, one or many.
func (f Field) normals(name string, v any) ([]any, error) {
	if f.Within == "" {
		one, err := f.normal(name, v)
		return []any{one}, err
	}
	var many []any
	switch s := v.(type) {
	case nil:
		return nil, nil
	case []any:
		many = slices.Clone(s)
	case []string:
		for _, e := range s {
			many = append(many, e)
		}
	default:
		return nil, fmt.Errorf("bbql: field %q: a %T is not a slice of values", name, v)
	}
	for i := range many {
		one, err := f.normal(name, many[i])
		if err != nil {
			return nil, err
		}
		many[i] = one
	}
	return many, nil
}

var errWithin = errors.New("bbql: Within has no {}")
