package bbql

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestParsePrintsCanonically(t *testing.T) {
	for _, c := range []struct{ q, want string }{
		{"", ""},
		{"  \n", ""},
		{`name="a"`, `name = "a"`},
		{`  name  =  "a b"  `, `name = "a b"`},
		{`source.branch.name!="x" and id>=3`, `source.branch.name != "x" AND id >= 3`},
		{`a = 1 OR b = 2 AND c = 3`, `a = 1 OR b = 2 AND c = 3`},
		{`(a = 1 OR b = 2) AND c = 3`, `(a = 1 OR b = 2) AND c = 3`},
		{`((a = 1)) OR ((b = 2 AND c = 3))`, `a = 1 OR b = 2 AND c = 3`},
		{`a = 1 AND (b = 2 AND c = 3)`, `a = 1 AND (b = 2 AND c = 3)`},
		{`a ~ "x" AND b !~ "y"`, `a ~ "x" AND b !~ "y"`},
		{`state in ("OPEN","MERGED")`, `state IN ("OPEN", "MERGED")`},
		{`state not  IN (null, 1, TRUE)`, `state NOT IN (null, 1, true)`},
		{`a = Null`, `a = null`},
		{`a > 2015-03-04`, `a > 2015-03-04`},
		{`a <= 2015-03-04T14:08:59.123+02:00`, `a <= 2015-03-04T14:08:59.123+02:00`},
		{`a = -12.50`, `a = -12.50`},
		{`a = "q\"b\\s\/\u00e9\ud83d\ude00\n"`, `a = "q\"b\\s/é😀\n"`},
		{`android = 1 AND organ = 2`, `android = 1 AND organ = 2`},
	} {
		q, err := Parse(c.q)
		if err != nil {
			t.Errorf("%s: %v", c.q, err)
		} else if got := q.String(); got != c.want {
			t.Errorf("%s: printed %s, want %s", c.q, got, c.want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	terms := func(n int) string { return strings.TrimSuffix(strings.Repeat("a = 1 OR ", n), " OR ") }
	list := func(n int) string { return "a IN (" + strings.TrimSuffix(strings.Repeat("1,", n), ",") + ")" }
	nested := func(n int) string { return strings.Repeat("(", n) + "a = 1" + strings.Repeat(")", n) }
	for _, ok := range []string{terms(MaxTerms), list(MaxList), nested(MaxDepth)} {
		if _, err := Parse(ok); err != nil {
			t.Errorf("at the limit: %v", err)
		}
	}
	for _, c := range []struct {
		q    string
		pos  int
		says string
	}{
		{`name`, 5, "expected one of ="},
		{`name =`, 7, "expected a value"},
		{`name = foo`, 8, `found "foo"`},
		{`name = 'foo'`, 8, "double quotes"},
		{`é = 1`, 1, "unexpected character 'é'"},
		{`name = "é" x`, 12, "expected AND, OR or the end"},
		{`name = "é`, 8, "no closing"},
		{`name = "a\`, 10, "no closing"},
		{`name = "a\x"`, 10, "unknown escape"},
		{`name = "\ud800"`, 9, "unknown escape"},
		{`name = "\u0000"`, 9, "NUL"},
		{"name = \"a\x00\"", 10, "NUL"},
		{"name = \"a\xff\"", 10, "UTF-8"},
		{`= 1`, 1, "expected a field name"},
		{`(a = 1`, 7, `expected AND, OR or ")"`},
		{`a = 1)`, 6, "expected AND, OR or the end"},
		{`a NOT = 1`, 7, "expected IN after NOT"},
		{`a IN 1`, 6, `expected "(" after IN`},
		{`a IN ()`, 7, "expected a value"},
		{`a IN (1 2)`, 9, `expected "," or ")"`},
		{`a = 1 AND`, 10, "expected a field name"},
		{`NOT a = 1`, 1, "expected a field name"},
		{`a. = 1`, 1, "not a field name"},
		{`a..b = 1`, 1, "not a field name"},
		{`a == 1`, 4, "expected a value"},
		{`a = 1.2.3`, 5, "neither a number nor a date"},
		{`a = 2015-13-04`, 5, "neither a number nor a date"},
		{`a = 1e9`, 5, "neither a number nor a date"},
		{`a > 2015-03-04T14:08:59 02:00`, 25, "neither a number nor a date"},
		{`a > 2015-03-04T14:08:59 0200`, 25, "%2B"},
		{terms(MaxTerms + 1), 9*MaxTerms + 1, "more than 64 comparisons"},
		{list(MaxList + 1), 7 + 2*MaxList, "more than 100 values"},
		{nested(MaxDepth + 1), MaxDepth + 1, "more than 32 parentheses"},
		{`a = "` + strings.Repeat("x", MaxLength) + `"`, 0, "longer than 4096 bytes"},
	} {
		_, err := Parse(c.q)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%.60s: no *Error but %v", c.q, err)
		} else if e.Pos != c.pos || !strings.Contains(e.Message, c.says) || e.Code() != "query.invalid" {
			t.Errorf("%.60s: %v (position %d), want %q at %d", c.q, e, e.Pos, c.says, c.pos)
		}
	}
}

// unplaced returns the node without positions, for comparing.
func unplaced(n Node) Node {
	switch n := n.(type) {
	case And:
		out := And{}
		for _, t := range n {
			out = append(out, unplaced(t))
		}
		return out
	case Or:
		out := Or{}
		for _, t := range n {
			out = append(out, unplaced(t))
		}
		return out
	case *Comparison:
		c := &Comparison{Field: n.Field, Op: n.Op}
		for _, v := range n.Values {
			v.Pos = 0
			c.Values = append(c.Values, v)
		}
		return c
	}
	return nil
}

// generated tells whether SQL is made only of what this package and the test's fields write.
func generated(sql string, first, args int) error {
	rest := sql
	for i := range args {
		p := fmt.Sprintf("$%d", first+i)
		before, after, ok := strings.Cut(rest, p)
		if !ok {
			return fmt.Errorf("no placeholder %s in order", p)
		}
		if err := vocabulary(before); err != nil {
			return err
		}
		rest = after
	}
	return vocabulary(rest)
}

var words = strings.Fields(`r.name r.id r.flag r.at r.uid r.state v.v AND OR NOT IN IS NULL LIKE LOWER CAST AS BIGINT ESCAPE
	'\' = <> < <= > >= 1 0 EXISTS SELECT FROM val v WHERE v.r r.pk`)

func vocabulary(sql string) error {
	for _, w := range strings.FieldsFunc(sql, func(r rune) bool { return strings.ContainsRune(" (),", r) }) {
		known := false
		for _, k := range words {
			known = known || w == k
		}
		if !known {
			return fmt.Errorf("%q is no word of the generated SQL", w)
		}
	}
	return nil
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`name = "a" AND (id > 5 OR flag = true) AND at >= 2026-01-31`,
		`name ~ "50%_\\" OR name !~ "é"`,
		`state NOT IN ("OPEN", null) AND uid = "{0A0B0C0D-0000-4000-8000-00000000000F}"`,
		`tags.v = "x" AND tags.v != null OR tags.v IN (null,"y")`,
		`at < "2026-01-31T10:00:00.1234567+02:00"`,
		`id = 99999999999999999999 OR id > -1.5`,
		`name = "'; DROP TABLE r; --"`,
		`((a = 1) AND b = 2)`, `name = "\ud83d\ude00`, "name = \"\xff", `a IN (`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q, err := Parse(s)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Message == "" {
				t.Fatalf("not an *Error: %v", err)
			}
			return
		}
		printed := q.String()
		again, err := parse(printed)
		if err != nil {
			t.Fatalf("%q prints as %q: %v", s, printed, err)
		}
		if !reflect.DeepEqual(unplaced(q.Root), unplaced(again.Root)) {
			t.Fatalf("%q prints as %q, which is another query", s, printed)
		}
		filter, err := q.Bind(testFields)
		if err != nil {
			return
		}
		c := filter.SQL(3)
		if err := generated(c.SQL, 3, len(c.Args)); err != nil {
			t.Fatalf("%q: %v in %s", s, err, c.SQL)
		}
	})
}

func FuzzParseSort(f *testing.F) {
	for _, s := range []string{"-at,name", "name,,id", "-", "+id", "name; DROP TABLE r", "name,name,-name"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		orderBy, err := CompileSort(s, testFields)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("not an *Error: %v", err)
			}
			return
		}
		words := strings.NewReplacer(" ASC NULLS FIRST", "", " DESC NULLS LAST", "").Replace(orderBy)
		if err := vocabulary(words); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
	})
}
