package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"sync"
	"time"
)

// snapshotAge is how long a snapshot of SQLite is read from: what another process writes is seen after that at the
// latest.
const snapshotAge = 100 * time.Millisecond

// snapshot is a reading transaction of SQLite that stays open for a moment, on a connection of its own. Most of what a short
// query costs is to find a connection, and to take the lock of a reader and give it back, with system calls; in here
// only the first of many pays for that.
//
// It never hides a write of this process: each ends it before it commits. That also keeps it from holding back
// SQLite's checkpoints, which can only copy what every reader has left behind.
type snapshot struct {
	pool *sql.DB // of one connection, so that nobody waits in here for another reader

	mu    sync.Mutex
	conn  *sql.Conn
	stmts map[string]driver.StmtQueryContext // of conn
	begun bool
	at    time.Time
	end   *time.Timer // ends it when nobody reads any more
}

// ReadPacked runs a reading query for one row of one packed column (see Packed); ErrNoRows when there is none. It sees
// every write of this process that was acknowledged, and those of others after snapshotAge at the latest. It is for the
// few queries that run for every request. Those that arrive while another reads run as Row does.
func (db *DB) ReadPacked(ctx context.Context, query string, args ...string) (*Unpacked, error) {
	var packed string
	if s := db.snapshot; s != nil && s.mu.TryLock() {
		err := s.row(ctx, &packed, query, args)
		s.mu.Unlock()
		if err == nil || errors.Is(err, ErrNoRows) {
			return Unpack(packed), err
		}
	}
	values := make([]any, len(args))
	for i, arg := range args {
		values[i] = arg
	}
	if err := db.Row(ctx, query, values...).Scan(&packed); err != nil {
		return nil, err
	}
	return Unpack(packed), nil
}

func (s *snapshot) row(ctx context.Context, into *string, query string, args []string) error {
	if s.begun && time.Since(s.at) > snapshotAge {
		s.finish()
	}
	if err := s.begin(ctx); err != nil {
		return err
	}
	err := s.conn.Raw(func(c any) error {
		stmt := s.stmts[query]
		if stmt == nil {
			prepared, err := c.(driver.ConnPrepareContext).PrepareContext(ctx, query)
			if err != nil {
				return err
			}
			stmt = prepared.(driver.StmtQueryContext)
			s.stmts[query] = stmt
		}
		return first(ctx, stmt, into, args)
	})
	if err != nil && !errors.Is(err, ErrNoRows) {
		s.finish()
	}
	return err
}

// first reads the one column of the first row.
func first(ctx context.Context, stmt driver.StmtQueryContext, into *string, args []string) error {
	values := make([]driver.NamedValue, len(args))
	for i, arg := range args {
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: arg}
	}
	rows, err := stmt.QueryContext(ctx, values)
	if err != nil {
		return err
	}
	column := make([]driver.Value, 1)
	err = rows.Next(column)
	if closing := rows.Close(); err == nil {
		err = closing
	}
	if errors.Is(err, io.EOF) {
		return ErrNoRows
	}
	if err != nil {
		return err
	}
	text, ok := column[0].(string)
	if !ok {
		return errors.New("database: a packed column that is no text")
	}
	*into = text
	return nil
}

func (s *snapshot) begin(ctx context.Context) (err error) {
	if s.begun {
		return nil
	}
	if s.conn == nil {
		if s.conn, err = s.pool.Conn(ctx); err != nil {
			return err
		}
		s.stmts = map[string]driver.StmtQueryContext{}
	}
	if _, err := s.conn.ExecContext(ctx, "BEGIN"); err != nil {
		return errors.Join(err, s.drop())
	}
	s.begun, s.at = true, time.Now()
	if s.end == nil {
		s.end = time.AfterFunc(snapshotAge, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.finish()
		})
	} else {
		s.end.Reset(snapshotAge)
	}
	return nil
}

// finish ends the transaction; the connection and its statements stay for the next.
func (s *snapshot) finish() {
	if !s.begun {
		return
	}
	s.begun = false
	s.end.Stop()
	if _, err := s.conn.ExecContext(context.Background(), "ROLLBACK"); err != nil {
		_ = s.drop() // the next one begins on another connection
	}
}

// drop gives up the connection, and with it its statements.
func (s *snapshot) drop() error {
	if s.conn == nil {
		return nil
	}
	conn, stmts := s.conn, s.stmts
	s.conn, s.stmts = nil, nil
	err := conn.Raw(func(any) (err error) {
		for _, stmt := range stmts {
			err = errors.Join(err, stmt.(driver.Stmt).Close())
		}
		return err
	})
	return errors.Join(err, conn.Close())
}

// close ends everything.
func (s *snapshot) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finish()
	return errors.Join(s.drop(), s.pool.Close())
}
