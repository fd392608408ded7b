package database_test

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/database/databasetest"
)

const packedName = `SELECT w.name || ` + "'" + database.Separator + "'" + ` || w.slug FROM workspace w WHERE w.slug = $1`

func rename(ctx context.Context, write func(context.Context, func(*database.Tx) error) error, name string) error {
	return write(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE workspace SET name = $1 WHERE slug = 'acme'`, name)
		return err
	})
}

// A packed read sees each write of its own process from the moment it is acknowledged, by whichever way it was made,
// and one that was taken back not at all.
func TestReadPackedSeesWrites(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		name := func() string {
			t.Helper()
			row, err := db.ReadPacked(t.Context(), packedName, "acme")
			if err != nil {
				t.Fatal(err)
			}
			name := row.Text()
			if slug := row.Text(); slug != "acme" {
				t.Fatalf("the second column is %q", slug)
			}
			return name
		}
		if _, err := db.ReadPacked(t.Context(), packedName, "acme"); !errors.Is(err, database.ErrNoRows) {
			t.Fatalf("before there is a row: %v", err)
		}
		mustUpdate(t, db, func(tx *database.Tx) error { return addWorkspace(tx, acme, "acme") })
		for i := range 20 {
			for kind, write := range map[string]func(context.Context, func(*database.Tx) error) error{"update": db.Update, "record": db.Record} {
				want := kind + strconv.Itoa(i)
				if err := rename(t.Context(), write, want); err != nil {
					t.Fatal(err)
				}
				if got := name(); got != want {
					t.Fatalf("after writing %q it is %q", want, got)
				}
			}
		}
		before, back := name(), errors.New("taken back")
		err := db.Update(t.Context(), func(tx *database.Tx) error {
			if _, err := tx.Exec(t.Context(), `UPDATE workspace SET name = 'nobody knows' WHERE slug = 'acme'`); err != nil {
				return err
			}
			if got := name(); got != before {
				t.Errorf("during a transaction it is %q", got)
			}
			return back
		})
		if !errors.Is(err, back) || name() != before {
			t.Errorf("%v, and then it is %q", err, name())
		}
		if _, err := db.ReadPacked(t.Context(), `SELECT nothing FROM nowhere WHERE x = $1`, ""); err == nil || errors.Is(err, database.ErrNoRows) {
			t.Errorf("a query that is wrong: %v", err)
		}
		if got := name(); got != before {
			t.Errorf("after a query that is wrong it is %q", got)
		}
	})
}

// Another process, here another opening of the same store, is seen within the five seconds that are promised.
func TestReadPackedSeesOtherProcesses(t *testing.T) {
	databasetest.EachDSN(t, func(t *testing.T, dsn string) {
		db, other := databasetest.Open(t, dsn), databasetest.Open(t, dsn)
		mustUpdate(t, other, func(tx *database.Tx) error { return addWorkspace(tx, acme, "acme") })
		read := func() string {
			row, err := db.ReadPacked(t.Context(), packedName, "acme")
			if err != nil {
				t.Fatal(err)
			}
			return row.Text()
		}
		for i := range 3 {
			read() // a snapshot is open now
			want := strconv.Itoa(i)
			if err := rename(t.Context(), other.Update, want); err != nil {
				t.Fatal(err)
			}
			for end := time.Now().Add(5 * time.Second); read() != want; {
				if time.Now().After(end) {
					t.Fatalf("another process's write %s is not seen", want)
				}
			}
		}
	})
}

// Many readers and a writer at once: no reader sees less than was acknowledged before it asked.
func TestReadPackedAtOnce(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		mustUpdate(t, db, func(tx *database.Tx) error { return addWorkspace(tx, acme, "acme") })
		if err := rename(t.Context(), db.Update, "0"); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		acknowledged, done := 0, make(chan struct{})
		var readers sync.WaitGroup
		for range 4 {
			readers.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
					}
					mu.Lock()
					least := acknowledged
					mu.Unlock()
					row, err := db.ReadPacked(t.Context(), packedName, "acme")
					if err != nil {
						t.Error(err)
						return
					}
					if n, _ := strconv.Atoi(row.Text()); n < least {
						t.Errorf("read %d after %d was acknowledged", n, least)
						return
					}
				}
			})
		}
		for i := 1; i <= 60; i++ {
			if err := rename(t.Context(), db.Update, strconv.Itoa(i)); err != nil {
				t.Error(err)
				break
			}
			mu.Lock()
			acknowledged = i
			mu.Unlock()
		}
		close(done)
		readers.Wait()
	})
}

// Reading all the time does not keep SQLite from emptying its log of writes.
func TestReadPackedLeavesTheLogAlone(t *testing.T) {
	dsn := databasetest.SQLite(t)
	db := databasetest.Open(t, dsn)
	mustUpdate(t, db, func(tx *database.Tx) error { return addWorkspace(tx, acme, "acme") })
	const written, each = 40 << 20, 1 << 20
	for i := range written / each {
		if err := rename(t.Context(), db.Update, strings.Repeat(strconv.Itoa(i%10), each)); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ReadPacked(t.Context(), packedName, "acme"); err != nil {
			t.Fatal(err)
		}
	}
	log, err := os.Stat(strings.TrimPrefix(dsn, "sqlite:") + "-wal")
	if err != nil || log.Size() > written/3 {
		t.Errorf("the log has %d bytes, %v", log.Size(), err)
	}
}
