package bbql

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"
	"pgregory.net/rapid"
)

// Small pools make equal values, hits and misses frequent.
var (
	strs   = []string{"", "a", "A", "ab", "aB", "b", "50%", "50_", "500", `x\y`, `"`, "'", "日本", "a\nb", "1"}
	nums   = []string{"-2", "-1.5", "0", "1", "1.0", "1.5", "2", "70000", "9223372036854775807", "99999999999999999999", "-99999999999999999999"}
	times  = []string{"1969-12-31", "1970-01-01", "1970-01-01T00:00:00.000001", "1970-01-01T00:00:00.0000015Z", "1970-01-01T02:00:00+02:00"}
	uuids  = []string{"00000000-0000-4000-8000-00000000000a", "{00000000-0000-4000-8000-00000000000A}", "00000000-0000-4000-8000-00000000000b"}
	states = []string{"OPEN", "open", "MERGED", "DECLINED"}
	bools  = []string{"true", "false"}
)

// row is one row as both sides see it: nil, string, int64 or bool by field, and a slice for tags.v.
type row map[string]any

func genRow(t *rapid.T) row {
	maybe := func(g *rapid.Generator[any]) any {
		if rapid.IntRange(0, 3).Draw(t, "null") == 0 {
			return nil
		}
		return g.Draw(t, "value")
	}
	r := row{
		"name":  maybe(rapid.SampledFrom(strs).AsAny()),
		"id":    maybe(rapid.SampledFrom([]int64{-2, -1, 0, 1, 2, 300}).AsAny()),
		"flag":  maybe(rapid.Bool().AsAny()),
		"at":    maybe(rapid.SampledFrom([]int64{-86400000000, -1, 0, 1, 2}).AsAny()),
		"uid":   maybe(rapid.SampledFrom([]string{uuids[0], uuids[2]}).AsAny()),
		"state": maybe(rapid.SampledFrom([]string{"OPEN", "MERGED", "DECLINED"}).AsAny()),
	}
	var tags []any
	for range rapid.IntRange(0, 2).Draw(t, "tags") {
		tags = append(tags, maybe(rapid.SampledFrom(strs).AsAny()))
	}
	r["tags.v"] = tags
	return r
}

// genQuery draws the text of a query that testFields accepts.
func genQuery(t *rapid.T, depth int) string {
	if depth > 0 && rapid.IntRange(0, 2).Draw(t, "join") > 0 {
		var parts []string
		for range rapid.IntRange(1, 3).Draw(t, "parts") {
			parts = append(parts, genQuery(t, depth-1))
		}
		return "(" + strings.Join(parts, rapid.SampledFrom([]string{" AND ", " OR "}).Draw(t, "by")) + ")"
	}
	quoted := func(pool []string) []string {
		out := make([]string, len(pool))
		for i, s := range pool {
			out[i] = Value{Text: s}.String()
		}
		return out
	}
	orderings := []Op{Less, LessOrEqual, Greater, GreaterOrEqual}
	likes := []Op{Contains, NotContains}
	var pool []string
	var ops []Op
	name := rapid.SampledFrom([]string{"name", "id", "flag", "at", "uid", "state", "tags.v"}).Draw(t, "field")
	switch name {
	case "name", "tags.v":
		pool, ops = quoted(strs), append(orderings, likes...)
	case "id":
		pool, ops = nums, orderings
	case "flag":
		pool = bools
	case "at":
		pool, ops = append(quoted(times), times...), orderings
	case "uid":
		pool = quoted(uuids)
	case "state":
		pool, ops = quoted(states), likes
	}
	value := func(orNull bool) string {
		if orNull && rapid.IntRange(0, 4).Draw(t, "null") == 0 {
			return "null"
		}
		return rapid.SampledFrom(pool).Draw(t, "literal")
	}
	op := rapid.SampledFrom(append(ops, Equal, NotEqual, In, NotIn)).Draw(t, "op")
	switch op {
	case Equal, NotEqual:
		return name + string(op) + value(true)
	case In, NotIn:
		var list []string
		for range rapid.IntRange(1, 3).Draw(t, "list") {
			list = append(list, value(true))
		}
		return name + " " + string(op) + "(" + strings.Join(list, ",") + ")"
	}
	return name + " " + string(op) + " " + value(false)
}

// agreement checks that the database and the evaluator in memory pick the same rows and put them into the same order.
func agreement(t *testing.T, db *sql.DB, text string) {
	for _, s := range []string{
		`CREATE TEMPORARY TABLE r (pk INTEGER PRIMARY KEY, name ` + text + `, id SMALLINT, flag BOOLEAN, at BIGINT, uid ` + text + `, state ` + text + `)`,
		`CREATE TEMPORARY TABLE val (r INTEGER, v ` + text + `)`,
	} {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback() }()
		rows := rapid.SliceOfN(rapid.Custom(genRow), 1, 6).Draw(t, "rows")
		for i, r := range rows {
			if _, err := tx.ExecContext(t.Context(), `INSERT INTO r VALUES ($1, $2, $3, $4, $5, $6, $7)`, i, r["name"], r["id"], r["flag"], r["at"], r["uid"], r["state"]); err != nil {
				t.Fatal(err)
			}
			for _, v := range r["tags.v"].([]any) {
				if _, err := tx.ExecContext(t.Context(), `INSERT INTO val VALUES ($1, $2)`, i, v); err != nil {
					t.Fatal(err)
				}
			}
		}
		for range 10 {
			agree(t, tx, rows)
		}
	})
}

// agree draws a query and a sort order and compares what both sides make of them.
func agree(t *rapid.T, tx *sql.Tx, rows []row) {
	text := genQuery(t, 3)
	q, err := Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	f, err := q.Bind(testFields)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	sort := rapid.SampledFrom([]string{"name", "-name", "id,-at", "-flag,state", "uid,-id,name", "at"}).Draw(t, "sort")
	order, err := ParseSort(sort, testFields)
	if err != nil {
		t.Fatal(err)
	}
	var want []int
	for i, r := range rows {
		ok, err := f.Match(func(field string) any { return r[field] })
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			want = append(want, i)
		}
	}
	if err := Sort(order, want, func(i int, field string) any { return rows[i][field] }); err != nil {
		t.Fatal(err)
	}
	c := f.SQL(2)
	statement := fmt.Sprintf(`SELECT r.pk FROM r WHERE r.pk >= $1 AND %s ORDER BY %s, r.pk`, c.SQL, order.SQL())
	got, err := keys(t.Context(), tx, statement, append([]any{0}, c.Args...))
	if err != nil {
		t.Fatalf("%s\n%s %v: %v", text, statement, c.Args, err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s sort %s\n%s %v\ndatabase %v, memory %v", text, sort, statement, c.Args, got, want)
	}
}

func keys(ctx context.Context, tx *sql.Tx, statement string, args []any) ([]int, error) {
	rows, err := tx.QueryContext(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []int
	for rows.Next() {
		var pk int
		if err := rows.Scan(&pk); err != nil {
			return nil, err
		}
		out = append(out, pk)
	}
	return out, rows.Err()
}

func open(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1) // temporary tables belong to one connection
	t.Cleanup(func() { _ = db.Close() })
	if err := db.PingContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

func TestSQLiteAgreesWithMemory(t *testing.T) {
	agreement(t, open(t, "sqlite", ":memory:"), "TEXT")
}

func TestPostgreSQLAgreesWithMemory(t *testing.T) {
	dsn := os.Getenv("PAIL_TEST_POSTGRES")
	if dsn == "" {
		if strings.Contains(os.Getenv("PAIL_TEST_REQUIRE"), "postgres") {
			t.Fatal("PAIL_TEST_POSTGRES is not set")
		}
		t.Skip("PAIL_TEST_POSTGRES is not set: PostgreSQL is not tested")
	}
	agreement(t, open(t, "pgx", dsn), `TEXT COLLATE "C"`)
}

// Letters outside ASCII fold neither in SQLite nor in memory.
func TestSQLiteFoldsASCIIOnly(t *testing.T) {
	db := open(t, "sqlite", ":memory:")
	for _, c := range []struct {
		have, sought string
		want         bool
	}{{"Éa", "éA", false}, {"éA", "éa", true}, {"\u212a", "k", false}, {"ſ", "s", false}} {
		q := &Query{Root: &Comparison{Field: "name", Op: Contains, Values: []Value{{Text: c.sought}}}}
		f, err := q.Bind(testFields)
		if err != nil {
			t.Fatal(err)
		}
		cond := f.SQL(2)
		var there bool
		statement := `SELECT EXISTS (SELECT 1 FROM (SELECT $1 AS name) r WHERE ` + cond.SQL + `)`
		if err := db.QueryRowContext(t.Context(), statement, append([]any{c.have}, cond.Args...)...).Scan(&there); err != nil {
			t.Fatal(err)
		}
		memory, err := f.Match(func(string) any { return c.have })
		if err != nil || there != c.want || memory != c.want {
			t.Errorf("%q ~ %q: SQLite %v, memory %v (%v), want %v", c.have, c.sought, there, memory, err, c.want)
		}
	}
}
