package tokens

import (
	"testing"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/catalog"
	"pgregory.net/rapid"
)

// TestChart: the drawing and the table have every request of the calls, no bar leaves the drawing, and none lies on another.
func TestChart(t *testing.T) {
	now := time.Date(2026, 3, 31, 13, 0, 0, 0, time.UTC)
	operations := append([]*catalog.Operation{nil, access.GitRead, access.GitWrite}, catalog.All()[:8]...)
	rapid.Check(t, func(t *rapid.T) {
		var calls []access.Calls
		var count, refused int64
		for ago := range chartDays {
			for _, op := range operations {
				if !rapid.Bool().Draw(t, "there") {
					continue
				}
				c := access.Calls{Day: now.Truncate(24*time.Hour).AddDate(0, 0, -ago), Operation: op, Refused: rapid.Int64Range(0, 5).Draw(t, "refused")}
				if op != nil {
					c.Count = rapid.Int64Range(0, 1e9).Draw(t, "count")
				}
				calls = append(calls, c)
				count, refused = count+c.Count, refused+c.Refused
			}
		}
		c := drawn(calls, now, chartDays)
		var inSeries, inTable int64
		for _, s := range c.Series {
			inSeries += s.Count
		}
		for _, d := range c.Days {
			if len(d.Counts) != len(c.Series) {
				t.Fatalf("%d columns for %d series", len(d.Counts), len(c.Series))
			}
			inTable += sum(d.Counts)
		}
		if inSeries != count+refused || inTable != count+refused || int64(c.Total) != count || c.Refused != refused {
			t.Fatalf("%d and %d of %d and %d", inSeries, inTable, count, refused)
		}
		top := map[int]int{}
		for _, b := range c.Bars {
			above, ok := top[b.X]
			if !ok {
				above = c.Height
			}
			if b.Y+b.H != above || b.Y < 0 || b.H < 2 || b.X < 0 || b.X+b.W > c.Width {
				t.Fatalf("bar %+v under %d in %d×%d", b, above, c.Width, c.Height)
			}
			top[b.X] = b.Y
		}
	})
	if c := drawn(nil, now, chartDays); c.Bars != nil || c.Total != 0 {
		t.Errorf("nothing draws %+v", c)
	}
}
