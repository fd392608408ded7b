package database_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/database/databasetest"
	"pgregory.net/rapid"
)

const (
	ann  = "00000000-0000-7000-8000-00000000000a"
	acme = "00000000-0000-7000-8000-0000000000c1"
)

func addAccount(tx *database.Tx, id, username string) error {
	_, err := tx.Exec(context.Background(), `INSERT INTO account (id, account_id, email, username, display_name, created_on)
		VALUES ($1, $2, $3, $4, $4, $5)`, id, id, strings.ToLower(id+"@example.com"), username, int64(1))
	return err
}

func addWorkspace(tx *database.Tx, id, slug string) error {
	_, err := tx.Exec(context.Background(), `INSERT INTO workspace (id, slug, name, created_on, updated_on) VALUES ($1, $2, $2, $3, $3)`,
		id, slug, int64(1))
	return err
}

func mustUpdate(t testing.TB, db *database.DB, f func(*database.Tx) error) {
	t.Helper()
	if err := db.Update(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// One placeholder may stand in several places, and out of order.
func TestPlaceholders(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		mustUpdate(t, db, func(tx *database.Tx) error { return addAccount(tx, ann, "ann") })
		const query = `SELECT username, is_admin, created_on FROM account WHERE username = $2 AND ($1 = '' OR id = $1) AND (email LIKE $3 OR username = $2)`
		for _, q := range []database.Queryer{db, nil} {
			run := func(q database.Queryer) error {
				for range 2 { // the second time it is prepared
					var username string
					var admin bool
					var created int64
					if err := q.Row(t.Context(), query, ann, "ann", "nobody").Scan(&username, &admin, &created); err != nil {
						return err
					}
					if username != "ann" || admin || created != 1 {
						t.Errorf("got %q, %v, %d", username, admin, created)
					}
				}
				return nil
			}
			if q != nil {
				if err := run(q); err != nil {
					t.Fatal(err)
				}
				continue
			}
			mustUpdate(t, db, func(tx *database.Tx) error { return run(tx) })
		}
	})
}

func TestConstraintErrors(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		mustUpdate(t, db, func(tx *database.Tx) error {
			if err := addAccount(tx, ann, "ann"); err != nil {
				return err
			}
			return addWorkspace(tx, acme, "acme")
		})
		for name, c := range map[string]struct {
			run               func(*database.Tx) error
			unique, reference bool
		}{
			"same primary key":      {func(tx *database.Tx) error { return addWorkspace(tx, acme, "other") }, true, false},
			"same unique column":    {func(tx *database.Tx) error { return addWorkspace(tx, ann, "acme") }, true, false},
			"same unique index":     {func(tx *database.Tx) error { return addAccount(tx, acme, "ANN") }, true, false},
			"referenced is missing": {func(tx *database.Tx) error { return addMember(ctx, tx, acme, acme) }, false, true},
			"still referenced": {func(tx *database.Tx) error {
				if err := addRepository(ctx, tx); err != nil {
					return err
				}
				_, err := tx.Exec(ctx, `DELETE FROM project`)
				return err
			}, false, true},
			"check": {func(tx *database.Tx) error {
				_, err := tx.Exec(ctx, `UPDATE account SET email = 'A@EXAMPLE.COM'`)
				return err
			}, false, false},
			"syntax": {func(tx *database.Tx) error {
				_, err := tx.Exec(ctx, `UPDATE nothing SET x = 1`)
				return err
			}, false, false},
		} {
			t.Run(name, func(t *testing.T) {
				err := db.Update(ctx, c.run)
				if err == nil {
					t.Fatal("no error")
				}
				wrapped := fmt.Errorf("wrapped: %w", err)
				if database.IsUnique(wrapped) != c.unique || database.IsReference(wrapped) != c.reference {
					t.Errorf("IsUnique %v, IsReference %v: %v", database.IsUnique(wrapped), database.IsReference(wrapped), err)
				}
			})
		}
		if database.IsUnique(nil) || database.IsReference(nil) || database.IsUnique(errors.New("x")) {
			t.Error("no constraint is behind these")
		}
	})
}

func addMember(ctx context.Context, tx *database.Tx, workspaceID, accountID string) error {
	_, err := tx.Exec(ctx, `INSERT INTO workspace_member (workspace_id, account_id, role, added_on) VALUES ($1, $2, 1, 1)`, workspaceID, accountID)
	return err
}

func addRepository(ctx context.Context, tx *database.Tx) error {
	for _, q := range []string{
		`INSERT INTO project (id, workspace_id, key, name, created_on, updated_on) VALUES ('p', $1, 'P', 'P', 1, 1)`,
		`INSERT INTO repository (id, workspace_id, project_id, slug, name, created_on, updated_on) VALUES ('r', $1, 'p', 'r', 'r', 1, 1)`,
	} {
		if _, err := tx.Exec(ctx, q, acme); err != nil {
			return err
		}
	}
	return nil
}

func TestVersion(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		before := db.Version()
		mustUpdate(t, db, func(tx *database.Tx) error { return addAccount(tx, ann, "ann") })
		after := db.Version()
		if after == before {
			t.Error("Update left the version as it was")
		}
		if err := db.Record(t.Context(), func(tx *database.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE account SET display_name = 'Ann'`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		var title string
		if err := db.Row(t.Context(), `SELECT display_name FROM account`).Scan(&title); err != nil || title != "Ann" {
			t.Errorf("Record wrote %q, %v", title, err)
		}
		if db.Version() != after {
			t.Error("Record moved the version")
		}
	})
}

func TestRollback(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		refused := errors.New("refused")
		err := db.Update(t.Context(), func(tx *database.Tx) error {
			if err := addAccount(tx, ann, "ann"); err != nil {
				return err
			}
			return refused
		})
		if !errors.Is(err, refused) {
			t.Fatalf("got %v", err)
		}
		var n int
		if err := db.Row(t.Context(), `SELECT COUNT(*) FROM account`).Scan(&n); err != nil || n != 0 {
			t.Errorf("%d rows stayed, %v", n, err)
		}
	})
}

// What was written is read by everybody as soon as Update returns, and no write is lost among many.
func TestConcurrentUpdates(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		mustUpdate(t, db, func(tx *database.Tx) error { return addWorkspace(tx, acme, "acme") })
		const writers, writes = 4, 10
		var wg sync.WaitGroup
		for range writers {
			wg.Go(func() {
				for range writes {
					err := db.Update(t.Context(), func(tx *database.Tx) error {
						_, err := tx.Exec(t.Context(), `UPDATE workspace SET created_on = created_on + 1 WHERE id = $1`, acme)
						return err
					})
					var n int64
					if err := errors.Join(err, db.Row(t.Context(), `SELECT created_on FROM workspace`).Scan(&n)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		var n int64
		if err := db.Row(t.Context(), `SELECT created_on FROM workspace`).Scan(&n); err != nil || n != 1+writers*writes {
			t.Errorf("counted %d, want %d, %v", n, 1+writers*writes, err)
		}
	})
}

func TestMigrateTwice(t *testing.T) {
	databasetest.EachDSN(t, func(t *testing.T, dsn string) {
		first := databasetest.Open(t, dsn)
		mustUpdate(t, first, func(tx *database.Tx) error { return addAccount(tx, ann, "ann") })
		before := schemaVersions(t, first)
		second := databasetest.Open(t, dsn)
		if after := schemaVersions(t, second); after != before {
			t.Errorf("%d versions after the first start, %d after the second", before, after)
		}
		var n int
		if err := second.Row(t.Context(), `SELECT COUNT(*) FROM account`).Scan(&n); err != nil || n != 1 {
			t.Errorf("%d accounts, %v", n, err)
		}
	})
}

func schemaVersions(t *testing.T, db *database.DB) (n int) {
	t.Helper()
	if err := db.Row(t.Context(), `SELECT COUNT(*) FROM goose_db_version`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestStartProcess is no test of its own: TestTwoProcesses runs it in processes of their own.
func TestStartProcess(t *testing.T) {
	dsn := os.Getenv("PAIL_TEST_START_DSN")
	if dsn == "" {
		t.Skip("run by TestTwoProcesses")
	}
	db := databasetest.Open(t, dsn)
	if err := db.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Processes that start at once on an empty store both come up, and the schema is made once.
func TestTwoProcesses(t *testing.T) {
	databasetest.EachDSN(t, func(t *testing.T, dsn string) {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		const processes = 3
		out := make([]strings.Builder, processes)
		cmds := make([]*exec.Cmd, processes)
		for i := range cmds {
			cmds[i] = exec.CommandContext(t.Context(), self, "-test.run=^TestStartProcess$", "-test.v")
			cmds[i].Env = append(os.Environ(), "PAIL_TEST_START_DSN="+dsn)
			cmds[i].Stdout, cmds[i].Stderr = &out[i], &out[i]
			if err := cmds[i].Start(); err != nil {
				t.Fatal(err)
			}
		}
		for i, cmd := range cmds {
			if err := cmd.Wait(); err != nil || !strings.Contains(out[i].String(), "--- PASS: TestStartProcess") {
				t.Errorf("process %d: %v\n%s", i, err, &out[i])
			}
		}
		db := databasetest.Open(t, dsn)
		var most int
		if err := db.Row(t.Context(), `SELECT COALESCE(MAX(n), 0) FROM (SELECT COUNT(*) AS n FROM goose_db_version GROUP BY version_id) x`).Scan(&most); err != nil || most != 1 {
			t.Errorf("a migration ran %d times, %v", most, err)
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	for _, dsn := range []string{"", "sqlite:", "sqlite:" + t.TempDir(), "sqlite:/nonexistent/directory/pail.db", "mysql://x", "pail.db",
		"postgres://pail@127.0.0.1:1/pail?connect_timeout=1"} {
		if db, err := database.Open(t.Context(), dsn); err == nil {
			t.Errorf("%q was opened: %v", dsn, db.Close())
		}
	}
}

func TestTimes(t *testing.T) {
	if database.Micros(time.Time{}) != 0 || !database.Time(0).IsZero() {
		t.Error("the zero time is not 0")
	}
	rapid.Check(t, func(t *rapid.T) {
		us := rapid.Int64Range(-1<<55, 1<<55).Filter(func(n int64) bool { return n != 0 }).Draw(t, "us")
		got := database.Time(us)
		if database.Micros(got) != us || got.Location() != time.UTC {
			t.Fatalf("%d comes back as %d", us, database.Micros(got))
		}
	})
}

func BenchmarkRow(b *testing.B) {
	db := databasetest.Open(b, databasetest.SQLite(b))
	mustUpdate(b, db, func(tx *database.Tx) error { return addAccount(tx, ann, "ann") })
	for b.Loop() {
		var s string
		if err := db.Row(b.Context(), `SELECT username FROM account WHERE id = $1`, ann).Scan(&s); err != nil {
			b.Fatal(err)
		}
	}
}
