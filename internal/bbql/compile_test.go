package bbql

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

var testFields = Fields{
	"name":   {Column: "r.name"},
	"id":     {Column: "r.id", Kind: Number},
	"flag":   {Column: "r.flag", Kind: Bool},
	"at":     {Column: "r.at", Kind: Time},
	"uid":    {Column: "r.uid", Kind: UUID},
	"state":  {Column: "r.state", Kind: Enum, Values: []string{"OPEN", "MERGED", "DECLINED"}},
	"tags.v": {Column: "v.v", Within: "EXISTS (SELECT 1 FROM val v WHERE v.r = r.pk AND {})"},
}

func TestCompile(t *testing.T) {
	const day = int64(1769817600000000) // 2026-01-31
	for _, c := range []struct {
		q, sql string
		args   []any
	}{
		{``, `(1 = 1)`, nil},
		{`name = "a'b"`, `(r.name = $3)`, []any{"a'b"}},
		{`name != "a"`, `(r.name IS NULL OR r.name <> $3)`, []any{"a"}},
		{`name = null`, `(r.name IS NULL)`, nil},
		{`name != null`, `(r.name IS NOT NULL)`, nil},
		{`name ~ "50%_\\"`, `(LOWER(r.name) LIKE LOWER($3) ESCAPE '\')`, []any{`%50\%\_\\%`}},
		{`name !~ "X"`, `(r.name IS NULL OR LOWER(r.name) NOT LIKE LOWER($3) ESCAPE '\')`, []any{`%X%`}},
		{`name IN ("a", "b", "a")`, `(r.name IN ($3, $4))`, []any{"a", "b"}},
		{`name NOT IN ("a")`, `(r.name IS NULL OR r.name NOT IN ($3))`, []any{"a"}},
		{`name IN (null, "a", "b")`, `(r.name IS NULL OR r.name IN ($3, $4))`, []any{"a", "b"}},
		{`name NOT IN (null, "a", "b")`, `(r.name IS NOT NULL AND r.name NOT IN ($3, $4))`, []any{"a", "b"}},
		{`id > 5 AND id <= 7`, `((r.id > CAST($3 AS BIGINT)) AND (r.id <= CAST($4 AS BIGINT)))`, []any{int64(5), int64(7)}},
		{`id > -1.5`, `(r.id > CAST($3 AS BIGINT))`, []any{int64(-2)}},
		{`id >= 1.5`, `(r.id > CAST($3 AS BIGINT))`, []any{int64(1)}},
		{`id < 1.5`, `(r.id <= CAST($3 AS BIGINT))`, []any{int64(1)}},
		{`id = 1.5`, `(1 = 0)`, nil},
		{`id != 1.5`, `(1 = 1)`, nil},
		{`id = 1.0`, `(r.id = CAST($3 AS BIGINT))`, []any{int64(1)}},
		{`id < 9223372036854775808`, `(r.id IS NOT NULL)`, nil},
		{`id > 9223372036854775808`, `(1 = 0)`, nil},
		{`id >= -9223372036854775809`, `(r.id IS NOT NULL)`, nil},
		{`flag = true OR flag != false`, `((r.flag = $3) OR (r.flag IS NULL OR r.flag <> $4))`, []any{true, false}},
		{`at >= 2026-01-31`, `(r.at >= CAST($3 AS BIGINT))`, []any{day}},
		{`at >= "2026-01-31"`, `(r.at >= CAST($3 AS BIGINT))`, []any{day}},
		{`at < 2026-01-31T02:00:00.000001+02:00`, `(r.at < CAST($3 AS BIGINT))`, []any{day + 1}},
		{`at < 2026-01-31T00:00:00.0000015`, `(r.at <= CAST($3 AS BIGINT))`, []any{day + 1}},
		{`at = 2026-01-31T00:00Z`, `(r.at = CAST($3 AS BIGINT))`, []any{day}},
		{`at = 2026-01-30T21:00:00-0300`, `(r.at = CAST($3 AS BIGINT))`, []any{day}},
		{`at < 1969-12-31T23:59:59.9999999Z`, `(r.at <= CAST($3 AS BIGINT))`, []any{int64(-1)}},
		{`uid = "{0A0B0C0D-0000-4000-8000-00000000000F}"`, `(r.uid = $3)`, []any{"0a0b0c0d-0000-4000-8000-00000000000f"}},
		{`state = "open"`, `(r.state = $3)`, []any{"OPEN"}},
		{`tags.v = "x"`, `((EXISTS (SELECT 1 FROM val v WHERE v.r = r.pk AND v.v = $3)))`, []any{"x"}},
		{`tags.v != "x"`, `(NOT ((EXISTS (SELECT 1 FROM val v WHERE v.r = r.pk AND v.v = $3))))`, []any{"x"}},
		{`tags.v = null`, `(NOT (EXISTS (SELECT 1 FROM val v WHERE v.r = r.pk AND v.v IS NOT NULL)))`, nil},
	} {
		got, err := Compile(c.q, testFields, 3)
		if err != nil {
			t.Errorf("%s: %v", c.q, err)
		} else if got.SQL != c.sql || !reflect.DeepEqual(got.Args, c.args) {
			t.Errorf("%s:\n got %s %v\nwant %s %v", c.q, got.SQL, got.Args, c.sql, c.args)
		}
	}
}

func TestCompileExpressionColumn(t *testing.T) {
	got, err := Compile(`key = "a"`, Fields{"key": {Column: "a || b"}}, 1)
	if err != nil || got.SQL != "((a || b) = $1)" {
		t.Errorf("%v %v", got, err)
	}
}

func TestCompileErrors(t *testing.T) {
	for _, c := range []struct{ q, field, says string }{
		{`nme = "a"`, "nme", `there is no field "nme" to filter by; there are: at, flag, id, name, state, tags.v, uid`},
		{`name = 5`, "name", `takes a string in double quotes, not the number 5`},
		{`name = true`, "name", "takes a string in double quotes, not true"},
		{`id = "5"`, "id", `takes a number, not the string "5"`},
		{`id = 2026-01-31`, "id", "takes a number, not the date 2026-01-31"},
		{`id ~ "5"`, "id", "does not take ~: it holds a number"},
		{`name ~ null`, "name", "takes a string in double quotes with ~, not null"},
		{`flag = "true"`, "flag", "takes true or false"},
		{`flag > true`, "flag", "does not take >: it holds true or false"},
		{`at > 5`, "at", "takes a date such as"},
		{`at > "yesterday"`, "at", `not the string "yesterday"`},
		{`at > "2026-01-31T00:00:00 02:00"`, "at", "%2B"},
		{`at > null`, "at", "can be compared with null by = and != only"},
		{`uid = "bob"`, "uid", "takes a uuid in double quotes"},
		{`state = "CLOSED"`, "state", `takes one of "OPEN", "MERGED", "DECLINED", not the string "CLOSED"`},
		{`name = "a" OR (id = 1 AND id IN (1, "2"))`, "id", "takes a number"},
	} {
		_, err := Compile(c.q, testFields, 1)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s: no *Error but %v", c.q, err)
			continue
		}
		if e.Field != c.field || e.Pos == 0 || !strings.Contains(e.Error(), c.says) {
			t.Errorf("%s: field %q, %v; want %q", c.q, e.Field, e, c.says)
		}
		if known := e.Field == "nme"; known != slices.Equal(e.Known, []string{"at", "flag", "id", "name", "state", "tags.v", "uid"}) {
			t.Errorf("%s: known fields %v", c.q, e.Known)
		}
	}
}

func TestMatchTakesOnlyItsTypes(t *testing.T) {
	q, err := Parse(`id = 5`)
	if err != nil {
		t.Fatal(err)
	}
	f, err := q.Bind(testFields)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{5, int32(5), int64(5)} {
		if ok, err := f.Match(func(string) any { return v }); !ok || err != nil {
			t.Errorf("%T: %v %v", v, ok, err)
		}
	}
	if _, err := f.Match(func(string) any { return "5" }); err == nil {
		t.Error("a string passes for a number")
	}
}

func TestCompileSort(t *testing.T) {
	for _, c := range []struct{ sort, want, says string }{
		{"", "", ""},
		{"name", "r.name ASC NULLS FIRST", ""},
		{"-at, +name,at", "r.at DESC NULLS LAST, r.name ASC NULLS FIRST", ""},
		{"-", "", "position 1: expected a field name"},
		{"name,,id", "", "position 6: expected a field name"},
		{"nme", "", `there is no field "nme" to sort by; there are: at,`},
		{"tags.v", "", "has many values"},
		{strings.Repeat("a", MaxSortLength+1), "", "longer than 1024 bytes"},
	} {
		got, err := CompileSort(c.sort, testFields)
		if got != c.want || (err != nil) != (c.says != "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.40q: %q, %v", c.sort, got, err)
		}
	}
}

func TestSortKeepsItemsOnError(t *testing.T) {
	order, err := ParseSort("-at", testFields)
	if err != nil {
		t.Fatal(err)
	}
	items := []any{time.Unix(1, 0), nil, time.Unix(3, 0), time.Unix(2, 0)}
	get := func(item any, _ string) any { return item }
	if err := Sort(order, items, get); err != nil {
		t.Fatal(err)
	}
	if want := []any{time.Unix(3, 0), time.Unix(2, 0), time.Unix(1, 0), nil}; !reflect.DeepEqual(items, want) {
		t.Errorf("sorted: %v", items)
	}
	bad := []any{int64(1), "x", int64(3)}
	if err := Sort(order, bad, get); err == nil || !reflect.DeepEqual(bad, []any{int64(1), "x", int64(3)}) {
		t.Errorf("%v, %v", bad, err)
	}
}

func BenchmarkCompile(b *testing.B) {
	const q = `state = "OPEN" AND (name ~ "fix" OR uid = "{0a0b0c0d-0000-4000-8000-00000000000f}") AND at > 2026-01-31T00:00:00Z`
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile(q, testFields, 1); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	q, err := Parse(`name ~ "feature/" AND at > 2026-01-31`)
	if err != nil {
		b.Fatal(err)
	}
	f, err := q.Bind(testFields)
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	get := func(field string) any {
		if field == "at" {
			return now
		}
		return "Feature/some-branch-name"
	}
	b.ReportAllocs()
	for b.Loop() {
		if ok, err := f.Match(get); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}
