package bbql

import (
	"regexp"
	"strconv"
	"strings"
)

// Condition is a condition for a WHERE clause.
type Condition struct {
	SQL  string // one expression in parentheses, to be joined with others by AND; never empty
	Args []any  // string, int64 or bool, for the placeholders in their order
}

// Compile turns a q= parameter into a condition whose placeholders are $firstArg and following, so that firstArg-1
// parameters may stand before it in the statement. The text runs on SQLite and PostgreSQL alike. A blank query gives
// a condition that is always true. Errors are those of [Parse] and [Query.Bind].
func Compile(q string, fields Fields, firstArg int) (Condition, error) {
	query, err := Parse(q)
	if err != nil {
		return Condition{}, err
	}
	filter, err := query.Bind(fields)
	if err != nil {
		return Condition{}, err
	}
	return filter.SQL(firstArg), nil
}

// SQL returns the filter as a condition, with placeholders from $firstArg on.
func (f *Filter) SQL(firstArg int) Condition {
	w := &writer{next: firstArg}
	if f.root == nil {
		w.text("(1 = 1)")
	} else {
		f.root.sql(w)
	}
	return Condition{SQL: w.b.String(), Args: w.args}
}

type writer struct {
	b    strings.Builder
	args []any
	next int
}

func (w *writer) text(parts ...string) {
	for _, p := range parts {
		w.b.WriteString(p)
	}
}

// arg binds a value and writes its placeholder. Integers are cast, for PostgreSQL would otherwise take the type of a
// SMALLINT column for the parameter and refuse a larger number.
func (w *writer) arg(v any) {
	p := "$" + strconv.Itoa(w.next)
	if _, integer := v.(int64); integer {
		p = "CAST(" + p + " AS BIGINT)"
	}
	w.text(p)
	w.args = append(w.args, v)
	w.next++
}

func (w *writer) joined(nodes []filterNode, by string) {
	w.text("(")
	for i, n := range nodes {
		if i > 0 {
			w.text(by)
		}
		n.sql(w)
	}
	w.text(")")
}

func (n allOf) sql(w *writer) { w.joined(n, " AND ") }
func (n anyOf) sql(w *writer) { w.joined(n, " OR ") }

func (t *test) sql(w *writer) {
	w.text("(")
	defer w.text(")")
	if t.field.Within != "" {
		t.within(w)
		return
	}
	col := operand(t.field.Column)
	switch {
	case t.action == absent && t.not:
		w.text(col, " IS NOT NULL")
	case t.action == absent:
		w.text(col, " IS NULL")
	case t.action == never && t.not:
		w.text("1 = 1")
	case t.not && t.orAbsent: // NOT IN (null, …)
		w.text(col, " IS NOT NULL AND ")
		t.compare(w, col)
	case t.not || t.orAbsent:
		w.text(col, " IS NULL OR ")
		t.compare(w, col)
	default:
		t.compare(w, col)
	}
}

// within asks whether any, or when negated none, of a field's values passes.
func (t *test) within(w *writer) {
	before, after, _ := strings.Cut(t.field.Within, "{}")
	col := operand(t.field.Column)
	some := func(not bool, condition func()) {
		if not {
			w.text("NOT ")
		}
		w.text("(", before)
		condition()
		w.text(after, ")")
	}
	if t.action == absent {
		some(!t.not, func() { w.text(col, " IS NOT NULL") })
		return
	}
	one := *t
	one.not = false
	if t.not {
		w.text("NOT (")
		defer w.text(")")
	}
	some(false, func() { one.compare(w, col) })
	if t.orAbsent {
		w.text(" OR ")
		some(true, func() { w.text(col, " IS NOT NULL") })
	}
}

// compare writes the comparison of a value that is there.
func (t *test) compare(w *writer, col string) {
	choose := func(plain, negated string) string {
		if t.not {
			return negated
		}
		return plain
	}
	switch t.action {
	case never:
		w.text("1 = 0")
	case present:
		w.text(col, " IS NOT NULL")
	case equal:
		w.text(col, choose(" = ", " <> "))
		w.arg(t.args[0])
	case less, lessOrEqual, greater, greaterOrEqual:
		w.text(col, map[action]string{less: " < ", lessOrEqual: " <= ", greater: " > ", greaterOrEqual: " >= "}[t.action])
		w.arg(t.args[0])
	case contains:
		w.text("LOWER(", col, ")", choose(" LIKE ", " NOT LIKE "), "LOWER(")
		w.arg("%" + likeEscaper.Replace(t.args[0].(string)) + "%")
		w.text(`) ESCAPE '\'`)
	case oneOf:
		w.text(col, choose(" IN (", " NOT IN ("))
		for i, a := range t.args {
			if i > 0 {
				w.text(", ")
			}
			w.arg(a)
		}
		w.text(")")
	}
}

var (
	likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
	plainColumn = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$`)
)

// operand is the column as it can stand next to an operator.
func operand(column string) string {
	if plainColumn.MatchString(column) {
		return column
	}
	return "(" + column + ")"
}
