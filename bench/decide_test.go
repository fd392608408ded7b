// Package bench measures what Pail promises about speed and memory. README.md says how to run it and how to read it.
package bench

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/token"
)

// The limits that the measurements are compared with.
const (
	limitUncached   = 30 * time.Microsecond
	limitCached     = 2 * time.Microsecond
	limitThroughput = 0.40 // of a bare net/http handler
	limitCommits    = 2.0  // times git log
	limitIdle       = 40 << 20
	limitStart      = 300 * time.Millisecond
	limitPage       = 20 * time.Millisecond
	limitBrowse     = 50 * time.Millisecond // a page of what is in a repository
)

// against reports a figure as a share of its limit: up to 1 holds.
func against(b *testing.B, got, limit time.Duration) {
	b.ReportMetric(float64(got)/float64(limit), "of-limit")
}

// BenchmarkDecide measures the whole decision about one request, from the header to the privilege, at 10 tokens and at
// a million: when both the token and the privilege are at hand; when the token is new to this process, and its account
// is not; and when nothing is.
func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{10, many()} {
		w := pailtest.Start(b, pailtest.Options{}).World()
		secrets := fillTokens(b, w, n)
		op, _ := catalog.Lookup("GET /workspaces/{workspace}/projects/{project_key}/permissions-config/groups")
		need := w.Workspaces.Projects().Needs(access.Admin)
		r := rest.Outside(httptest.NewRequest(http.MethodGet, "/2.0/workspaces/acme/projects/FTO/permissions-config/groups", nil),
			rest.URLs{}, op.Key, map[string]string{"workspace": "acme", "project_key": "FTO"})
		for _, mode := range []struct {
			name   string
			fresh  bool          // another token each time, in a header that was not seen before
			passes time.Duration // between two requests
			limit  time.Duration
		}{{"cached", false, 0, limitCached}, {"new-token", true, 0, limitUncached}, {"cold", true, time.Second, limitUncached}} {
			b.Run(fmt.Sprintf("%s/tokens=%d", mode.name, n), func(b *testing.B) {
				at := time.Now()
				gate := access.NewGate(w.DB, quiet(b, w), slog.New(slog.DiscardHandler), func() time.Time { return at }, time.Time{})
				headers := headers(w.Admin.Email, secrets)
				b.ReportAllocs()
				i := 0
				for b.Loop() {
					if mode.fresh {
						i++
						at = at.Add(mode.passes)
					}
					r.HTTP.Header["Authorization"] = headers[i%len(headers)]
					if _, _, err := access.Decide(gate, r, access.SurfaceREST, op, need); err != nil {
						b.Fatal(err)
					}
				}
				against(b, b.Elapsed()/time.Duration(b.N), mode.limit)
			})
		}
	}
}

// quiet is a recorder on a store of its own, so that the writing of activity, which is off the request's path, does not
// take the measured core.
func quiet(b *testing.B, w *pailtest.World) *access.Recorder {
	db, err := database.Open(b.Context(), "sqlite:"+filepath.Join(b.TempDir(), "activity.db"))
	if err != nil {
		b.Fatal(err)
	}
	recorder := access.NewRecorder(db, w.Log)
	b.Cleanup(func() { _ = recorder.Close(context.Background()); _ = db.Close() })
	return recorder
}

// manyHeaders is more than a cache holds.
const manyHeaders = 40_000

// headers are Authorization headers that all differ, with tokens from all over the table.
func headers(email string, secrets []string) [][]string {
	all := make([][]string, manyHeaders)
	for i := range all {
		user := []byte(email)
		for bit, at := 0, 0; bit < 16; at++ { // e-mails are taken in any case
			if c := user[at]; c >= 'a' && c <= 'z' {
				if i>>bit&1 == 1 {
					user[at] = c - 32
				}
				bit++
			}
		}
		all[i] = []string{"Basic " + base64.StdEncoding.EncodeToString([]byte(string(user)+":"+secrets[i%len(secrets)]))}
	}
	return all
}

// many is how many tokens "many" are: PAIL_BENCH_TOKENS, or a million.
func many() int {
	if n, err := strconv.Atoi(os.Getenv("PAIL_BENCH_TOKENS")); err == nil {
		return n
	}
	return 1_000_000
}

// fillTokens adds n tokens of the administrator's and returns the secrets of some of them, spread evenly.
func fillTokens(b *testing.B, w *pailtest.World, n int) (secrets []string) {
	b.Helper()
	ctx := context.Background()
	const batch = 50_000
	for from := 0; from < n; from += batch {
		err := w.DB.Update(ctx, func(tx *database.Tx) error {
			insert, err := tx.Prepare(ctx, `INSERT INTO credential (id, kind, hash, account_id, name, scopes, created_on, expires_on)
				VALUES ($1, 'api_token', $2, $3, 'filler', 'read:project:bitbucket', 1, $4)`)
			if err != nil {
				return err
			}
			for i := from; i < min(n, from+batch); i++ {
				secret := token.Mint(token.APIToken)
				hash := token.Hash(secret)
				if i%max(1, n/manyHeaders) == 0 {
					secrets = append(secrets, secret)
				}
				if _, err := insert.ExecContext(ctx, fmt.Sprintf("filler-%d", i), hex.EncodeToString(hash[:]), w.Admin.ID,
					database.Micros(time.Now().AddDate(1, 0, 0))); err != nil {
					return err
				}
			}
			return insert.Close()
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return secrets
}
