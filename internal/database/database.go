// Package database is Pail's store: SQLite in one file, or PostgreSQL by a DSN, behind the same SQL text.
//
// Queries are written once, with $1, $2 … as placeholders, in the part of SQL that both databases share: times are
// BIGINT microseconds since the epoch in UTC, uuids are lower-case TEXT without braces, booleans are BOOLEAN. The
// SQL itself lives in the rooms; here are only the connection, the transaction, the migrations and the few places
// where the two databases differ.
package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrNoRows is sql.ErrNoRows, so that rooms need not import database/sql for it.
var ErrNoRows = sql.ErrNoRows

// Dialect names the database behind a DB.
type Dialect string

// The two databases that Pail runs on.
const (
	SQLite     Dialect = "sqlite"
	PostgreSQL Dialect = "postgres"
)

// DB is an open store. It is safe for concurrent use.
type DB struct {
	dialect Dialect
	read    *sql.DB // SQLite: many read-only connections; PostgreSQL: the same pool as write
	write   *sql.DB // SQLite: the single writer
	// snapshot is what the queries of every request read from; nil with PostgreSQL.
	snapshot *snapshot
	stmts    sync.Map
	nstmts   atomic.Int32
	version  atomic.Uint64
}

// Queryer reads. Both *DB and *Tx are one, so that a store's function serves inside and outside a transaction.
type Queryer interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	Row(ctx context.Context, query string, args ...any) *sql.Row
}

// Open opens the store that dsn names ("sqlite:PATH", or "postgres://…") and brings its schema up to date.
// A PostgreSQL server that cannot be reached, a file that cannot be written or a migration that fails is an error.
func Open(ctx context.Context, dsn string) (*DB, error) {
	// Two processes that start at once on one new SQLite file get in each other's way: turning to WAL does not wait for
	// a lock, and goose reads a version in one transaction and applies the next in another. Everything that fails so is
	// rolled back; looking again, the one that lost finds the other's work done. PostgreSQL has an advisory lock.
	attempts := 1
	if strings.HasPrefix(dsn, "sqlite:") {
		attempts = 5
	}
	var db *DB
	var err error
	for range attempts {
		if db, err = open(ctx, dsn); err == nil {
			return db, nil
		}
	}
	return nil, err
}

func open(ctx context.Context, dsn string) (*DB, error) {
	db, err := connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	if err := db.migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func connect(ctx context.Context, dsn string) (*DB, error) {
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		return connectSQLite(ctx, path)
	}
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		pool, err := sql.Open("pgx", dsn)
		if err != nil {
			return nil, fmt.Errorf("open PostgreSQL: %w", err)
		}
		pool.SetMaxOpenConns(4 * max(4, runtime.GOMAXPROCS(0)))
		pool.SetMaxIdleConns(2 * max(4, runtime.GOMAXPROCS(0)))
		pool.SetConnMaxIdleTime(5 * time.Minute)
		return &DB{dialect: PostgreSQL, read: pool, write: pool}, nil
	}
	return nil, errors.New(`database: want "sqlite:PATH" or "postgres://USER:PASSWORD@HOST/NAME"`)
}

// connectSQLite opens one writer and several readers on the same file. WAL lets the readers go on while the writer
// writes; synchronous=FULL makes an acknowledged write survive a loss of power, not only of the process.
func connectSQLite(ctx context.Context, path string) (*DB, error) {
	if path == "" {
		return nil, errors.New("database: sqlite: no path to the file")
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	open := func(txlock string, pragmas ...string) (*sql.DB, error) {
		q := url.Values{"_txlock": {txlock}}
		for _, p := range append([]string{"busy_timeout(10000)", "foreign_keys(1)", "synchronous(FULL)", "temp_store(MEMORY)"}, pragmas...) {
			q.Add("_pragma", p)
		}
		u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: abs}).EscapedPath(), RawQuery: q.Encode()}
		return sql.Open("sqlite", u.String())
	}
	write, err := open("immediate", "journal_mode(WAL)")
	if err != nil {
		return nil, fmt.Errorf("open SQLite: %w", err)
	}
	write.SetMaxOpenConns(1)
	if err := write.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open SQLite file %s: %w", path, err), write.Close())
	}
	readers := []string{"query_only(1)", "cache_size(-1024)", "mmap_size(1073741824)"}
	read, err := open("deferred", readers...)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open SQLite: %w", err), write.Close())
	}
	kept, err := open("deferred", readers...)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open SQLite: %w", err), write.Close(), read.Close())
	}
	kept.SetMaxOpenConns(1)
	n := max(4, 2*runtime.GOMAXPROCS(0))
	read.SetMaxOpenConns(n)
	read.SetMaxIdleConns(n)
	return &DB{dialect: SQLite, read: read, write: write, snapshot: &snapshot{pool: kept}}, nil
}

// Dialect tells which database this is. Rooms do not ask: their SQL runs on both.
func (db *DB) Dialect() Dialect { return db.dialect }

// Version changes with every committed Update of this process. What was read at one version is still true while
// the version stands, as far as this process's own writes go.
func (db *DB) Version() uint64 { return db.version.Load() }

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	var one int
	return db.read.QueryRowContext(ctx, "SELECT 1").Scan(&one)
}

// Close closes all connections.
func (db *DB) Close() error {
	db.stmts.Range(func(_, s any) bool {
		_ = s.(*sql.Stmt).Close()
		return true
	})
	if db.read == db.write {
		return db.read.Close()
	}
	return errors.Join(db.snapshot.close(), db.read.Close(), db.write.Close())
}

// maxStatements bounds the prepared statements kept. Pail's own constant texts are far fewer; what comes on top
// (filters that callers compose) is run unprepared.
const maxStatements = 512

// statement returns the prepared form of query. SQLite parses a text anew on every call unless it is prepared,
// which costs more than running it; pgx keeps its own cache, so PostgreSQL needs none here.
func (db *DB) statement(ctx context.Context, query string) *sql.Stmt {
	if db.dialect != SQLite {
		return nil
	}
	if s, ok := db.stmts.Load(query); ok {
		return s.(*sql.Stmt)
	}
	if db.nstmts.Load() >= maxStatements {
		return nil
	}
	s, err := db.read.PrepareContext(ctx, query)
	if err != nil {
		return nil // the unprepared run reports the same error
	}
	if other, loaded := db.stmts.LoadOrStore(query, s); loaded {
		_ = s.Close()
		return other.(*sql.Stmt)
	}
	db.nstmts.Add(1)
	return s
}

// Query runs a reading query. The caller closes the rows.
func (db *DB) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if s := db.statement(ctx, query); s != nil {
		return s.QueryContext(ctx, args...)
	}
	return db.read.QueryContext(ctx, query, args...)
}

// Row runs a reading query for one row; Scan answers ErrNoRows when there is none.
func (db *DB) Row(ctx context.Context, query string, args ...any) *sql.Row {
	if s := db.statement(ctx, query); s != nil {
		return s.QueryRowContext(ctx, args...)
	}
	return db.read.QueryRowContext(ctx, query, args...)
}

// Tx is a transaction that may write.
type Tx struct {
	tx   *sql.Tx
	then []func()
}

// Then has f called once the transaction is committed, and never when it is not. It must be fast, and cannot fail.
func (t *Tx) Then(f func()) { t.then = append(t.then, f) }

// Query runs a query inside the transaction. The caller closes the rows.
func (t *Tx) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return t.tx.QueryContext(ctx, query, args...)
}

// Row runs a query for one row inside the transaction.
func (t *Tx) Row(ctx context.Context, query string, args ...any) *sql.Row {
	return t.tx.QueryRowContext(ctx, query, args...)
}

// Prepare prepares a statement that the transaction runs many times. The caller closes it.
func (t *Tx) Prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	return t.tx.PrepareContext(ctx, query)
}

// Exec runs a writing statement and returns how many rows it touched.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := t.tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// Update runs f in one writing transaction and commits when f returns nil. PostgreSQL may ask to run it again
// (deadlock, serialization), so f must have no effect outside the transaction. Version moves on before Update
// returns, so nothing cached at an older version outlives the write.
func (db *DB) Update(ctx context.Context, f func(*Tx) error) error {
	err := db.transact(ctx, f)
	db.version.Add(1)
	return err
}

// Record is Update for bookkeeping that nobody caches (activity, counters): it leaves Version as it is.
func (db *DB) Record(ctx context.Context, f func(*Tx) error) error { return db.transact(ctx, f) }

// View runs f on the store as it is at one moment, however long f takes. While it runs SQLite keeps what is overwritten, so f hurries.
func (db *DB) View(ctx context.Context, f func(Queryer) error) error {
	var options *sql.TxOptions // a transaction of SQLite sees one moment in any case
	if db.dialect == PostgreSQL {
		options = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	tx, err := db.read.BeginTx(ctx, options)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	return f(&Tx{tx: tx})
}

func (db *DB) transact(ctx context.Context, f func(*Tx) error) error {
	const attempts = 5
	for i := 1; ; i++ {
		err := db.transactOnce(ctx, f)
		if err == nil || i == attempts || !retryable(err) {
			return err
		}
	}
}

func (db *DB) transactOnce(ctx context.Context, f func(*Tx) error) error {
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // no effect after Commit
	t := &Tx{tx: tx}
	if err := f(t); err != nil {
		return err
	}
	if err := db.commit(tx); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	for _, then := range t.then {
		then()
	}
	return nil
}

func (db *DB) commit(tx *sql.Tx) error {
	if s := db.snapshot; s != nil {
		s.mu.Lock() // while this commits, nobody begins a snapshot that does not have it
		defer s.mu.Unlock()
		s.finish()
	}
	return tx.Commit()
}

func retryable(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// IsUnique reports whether err says that a row with such a key exists already.
func IsUnique(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "23505"
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	return false
}

// IsReference reports whether err says that a referenced row is missing, or that a row is still referenced.
func IsReference(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "23503"
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
	}
	return false
}

// Micros is t as the store keeps it. The zero time is 0.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Time is the store's form back as a time in UTC; 0 is the zero time.
func Time(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// Marks are n placeholders from $first on, with commas between.
func Marks(first, n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = "$" + strconv.Itoa(first+i)
	}
	return strings.Join(all, ", ")
}

// Collect runs a query and scans every row through scan.
func Collect[T any](ctx context.Context, q Queryer, scan func(func(...any) error) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var all []T
	for rows.Next() {
		v, err := scan(rows.Scan)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}
