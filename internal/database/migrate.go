package database

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// Each file is one statement to goose (StatementBegin), however many it holds: both databases take them together, and
// goose is slow at finding out where one ends.
//
//go:embed migrations/*.sql
var migrations embed.FS

// migrate applies the migrations that the store has not seen. Two processes that start at once on PostgreSQL are
// kept apart by an advisory lock; SQLite's single writer does the same for its file.
func (db *DB) migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	dialect := goose.DialectSQLite3
	if db.dialect == PostgreSQL {
		dialect = goose.DialectPostgres
		conn, err := db.write.Conn(ctx)
		if err != nil {
			return fmt.Errorf("connect to PostgreSQL: %w", err)
		}
		defer func() { _ = conn.Close() }()
		const key = 7990_2026 // any number, the same in every Pail
		if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", key); err != nil {
			return fmt.Errorf("lock for migration: %w", err)
		}
		defer func() { _, _ = conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", key) }()
	}
	provider, err := goose.NewProvider(dialect, db.write, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}
