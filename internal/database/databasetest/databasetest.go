// Package databasetest opens fresh stores for tests: a new SQLite file, and a new schema on a PostgreSQL server. It is
// for tests only.
//
// The server is the one that PAIL_TEST_POSTGRES names, a DSN whose user may create schemas. Where it is not set, the
// tests on PostgreSQL are skipped, unless PAIL_TEST_REQUIRE contains "postgres": then they fail.
package databasetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/pailforge/pail/internal/database"
)

// Each runs f as a subtest on every database that Pail runs on, each time with a fresh store.
func Each(t *testing.T, f func(t *testing.T, db *database.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, Open(t, SQLite(t))) })
	t.Run("postgres", func(t *testing.T) { f(t, Open(t, Postgres(t))) })
}

// EachDSN is Each for tests that open the store themselves. The DSN is that of an empty one.
func EachDSN(t *testing.T, f func(t *testing.T, dsn string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { f(t, Postgres(t)) })
}

// Open opens the store and closes it when the test ends.
func Open(t testing.TB, dsn string) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	return db
}

// SQLite is the DSN of a file that does not exist yet; the file goes when the test ends.
func SQLite(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "pail.db")
}

// migrated is a new SQLite file after all migrations.
var migrated = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "pail-migrated-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "pail.db")
	db, err := database.Open(context.Background(), "sqlite:"+path)
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil { // and nothing is left in the log beside it
		return nil, err
	}
	return os.ReadFile(path)
})

// Migrated puts a SQLite file with all migrations, and nothing else, where there is none yet: to migrate is most of the work of a
// server that starts, and the same each time.
func Migrated(t testing.TB, path string) {
	t.Helper()
	file, err := migrated()
	if err != nil {
		t.Fatal(err)
	}
	to, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := to.Write(file); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
}

// Postgres is the DSN of an empty schema, which goes when the test ends. Without a server it skips the test, or fails
// it where PostgreSQL is required.
func Postgres(t testing.TB) string {
	t.Helper()
	server := os.Getenv("PAIL_TEST_POSTGRES")
	if server == "" {
		const missing = "PAIL_TEST_POSTGRES is not set: no PostgreSQL to test on"
		if strings.Contains(os.Getenv("PAIL_TEST_REQUIRE"), "postgres") {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal("PAIL_TEST_POSTGRES is no URL")
	}
	random := make([]byte, 8)
	_, _ = rand.Read(random) // never fails
	schema := "pail_test_" + hex.EncodeToString(random)
	admin, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.ExecContext(t.Context(), `CREATE SCHEMA `+schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.ExecContext(context.Background(), `DROP SCHEMA `+schema+` CASCADE`); err != nil {
			t.Errorf("drop the schema: %v", err)
		}
		if err := admin.Close(); err != nil {
			t.Errorf("close the connection: %v", err)
		}
	})
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}
