// Package bench measures what Pail promises about speed and memory. README.md says how to run it and how to read it.
package bench

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/rest"
)

// The limits that the measurements are compared with.
const (
	limitUncached   = 30 * time.Microsecond
	limitCached     = 2 * time.Microsecond
	limitThroughput = 0.40 // of a bare net/http handler
	limitCommits    = 2.0  // times git log
	limitIdle       = 40 << 20
	limitStart      = 300 * time.Millisecond
)

// against reports a figure as a share of its limit: up to 1 holds.
func against(b *testing.B, got, limit time.Duration) {
	b.ReportMetric(float64(got)/float64(limit), "of-limit")
}

// BenchmarkDecide measures the whole decision about one request, from the header to the privilege, at 10 tokens and at
// a million.
func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{10, many()} {
		w := pailtest.Start(b, pailtest.Options{}).World()
		secret := w.Secret(w.Admin, "read:project")
		fillTokens(b, w, n)
		for _, mode := range []struct {
			name  string
			step  time.Duration // how much time passes between two requests
			limit time.Duration
		}{{"cached", 0, limitCached}, {"uncached", time.Hour, limitUncached}} {
			b.Run(fmt.Sprintf("%s/tokens=%d", mode.name, n), func(b *testing.B) {
				at := time.Now()
				gate := access.NewGate(w.DB, w.Gate.Recorder, slog.New(slog.NewTextHandler(io.Discard, nil)), func() time.Time {
					at = at.Add(mode.step / 1e6) // uncached: beyond the life of every entry, and long before the token's end
					return at
				}, time.Time{})
				if mode.step > 0 {
					gate.Now = func() time.Time { at = at.Add(time.Second / 4); return at }
				}
				op, _ := catalog.Lookup("GET /workspaces/{workspace}/projects/{project_key}/permissions-config/groups")
				need := w.Workspaces.Projects().Needs(access.Admin)
				hr := httptest.NewRequest(http.MethodGet, "/2.0/workspaces/acme/projects/FTO/permissions-config/groups", nil)
				hr.SetBasicAuth(w.Admin.Email, secret)
				r := rest.Outside(hr, rest.URLs{}, op.Key, map[string]string{"workspace": "acme", "project_key": "FTO"})
				limitAt := at.Add(20 * 24 * time.Hour)
				b.ReportAllocs()
				for b.Loop() {
					if at.After(limitAt) {
						at = at.Add(-19 * 24 * time.Hour)
					}
					if _, _, err := access.Decide(gate, r, access.SurfaceREST, op, need); err != nil {
						b.Fatal(err)
					}
				}
				against(b, b.Elapsed()/time.Duration(b.N), mode.limit)
			})
		}
	}
}

// many is how many tokens "many" are: PAIL_BENCH_TOKENS, or a million.
func many() int {
	if n, err := strconv.Atoi(os.Getenv("PAIL_BENCH_TOKENS")); err == nil {
		return n
	}
	return 1_000_000
}

// fillTokens adds rows until there are n tokens, spread over a thousand accounts' worth of ids.
func fillTokens(b *testing.B, w *pailtest.World, n int) {
	b.Helper()
	ctx := context.Background()
	const batch = 50_000
	for from := 0; from < n; from += batch {
		err := w.DB.Update(ctx, func(tx *database.Tx) error {
			for i := from; i < min(n, from+batch); i++ {
				if _, err := tx.Exec(ctx, `INSERT INTO credential (id, kind, hash, account_id, name, scopes, created_on, expires_on) VALUES ($1, 'api_token', $2, $3, 'filler', 'read:user:bitbucket', 1, 2)`,
					fmt.Sprintf("filler-%d", i), fmt.Sprintf("%064x", uint64(i)*0x9e3779b97f4a7c15), w.Member.ID); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
