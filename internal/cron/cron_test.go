package cron_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/cron"
	"pgregory.net/rapid"
)

// 2026-03-01 is a Sunday.
func TestNext(t *testing.T) {
	for _, c := range []struct{ pattern, after, want string }{
		{"0 30 * * * ? *", "2026-03-01 10:30:00", "2026-03-01 11:30:00, 2026-03-01 12:30:00"},
		{"0 0 12 * * ? *", "2026-03-01 11:59:59", "2026-03-01 12:00:00, 2026-03-02 12:00:00"},
		{"0 0 12 * * ?", "2026-12-31 12:00:00", "2027-01-01 12:00:00"},
		{"0 0 0 * * * *", "2026-02-28 23:00:00", "2026-03-01 00:00:00"},
		{"0 0 23 ? * MON", "2026-03-01 00:00:00", "2026-03-02 23:00:00, 2026-03-09 23:00:00"},
		{"0 0 * ? * 2 *", "2026-03-02 22:30:00", "2026-03-02 23:00:00, 2026-03-09 00:00:00"},
		{"0 15 10 ? * MON-FRI", "2026-03-06 10:15:00", "2026-03-09 10:15:00"},
		{"0 15 10 ? * fri-mon", "2026-03-02 10:15:00", "2026-03-06 10:15:00, 2026-03-07 10:15:00, 2026-03-08 10:15:00, 2026-03-09 10:15:00, 2026-03-13 10:15:00"},
		{"0 0/20 14,18 * * ?", "2026-03-01 14:25:00", "2026-03-01 14:40:00, 2026-03-01 18:00:00"},
		{"0 0 22-2/2 * * ?", "2026-03-01 20:00:00", "2026-03-01 22:00:00, 2026-03-02 00:00:00, 2026-03-02 02:00:00, 2026-03-02 22:00:00"},
		{"0 0 0 L * ?", "2028-02-01 00:00:00", "2028-02-29 00:00:00, 2028-03-31 00:00:00"},
		{"0 0 0 L-3 2 ?", "2026-01-01 00:00:00", "2026-02-25 00:00:00"},
		{"0 0 0 L-30 * ?", "2026-02-01 00:00:00", "2026-03-01 00:00:00, 2026-05-01 00:00:00"},
		{"0 0 0 1W * ?", "2026-07-31 00:00:00", "2026-08-03 00:00:00, 2026-09-01 00:00:00"}, // Saturday the 1st
		{"0 0 0 31W 5 ?", "2026-01-01 00:00:00", "2026-05-29 00:00:00"},                     // Sunday the 31st
		{"0 0 0 15W * ?", "2026-03-01 00:00:00", "2026-03-16 00:00:00"},                     // Sunday the 15th
		{"0 0 0 LW * ?", "2026-02-01 00:00:00", "2026-02-27 00:00:00, 2026-03-31 00:00:00"}, // Saturday the 28th
		{"0 0 0 1,15,L * ?", "2026-03-02 00:00:00", "2026-03-15 00:00:00, 2026-03-31 00:00:00, 2026-04-01 00:00:00"},
		{"0 0 0 ? * 6L", "2026-03-01 00:00:00", "2026-03-27 00:00:00, 2026-04-24 00:00:00"},
		{"0 0 0 ? * THU#5", "2026-03-01 00:00:00", "2026-04-30 00:00:00"},
		{"0 0 0 ? * 2#1,6#3", "2026-03-01 00:00:00", "2026-03-02 00:00:00, 2026-03-20 00:00:00"},
		{"0 0 0 ? * L", "2026-03-01 00:00:00", "2026-03-07 00:00:00"},
		{"0 0 0 29 2 ?", "2026-01-01 00:00:00", "2028-02-29 00:00:00, 2032-02-29 00:00:00"},
		{"30 59 23 31 DEC ? 2026-2027", "2026-03-01 00:00:00", "2026-12-31 23:59:30, 2027-12-31 23:59:30, never"},
		{"0 0 0 1 1 ? 2025", "2026-03-01 00:00:00", "never"},
		{"0 0 0 31 2 ?", "2026-03-01 00:00:00", "never"},
		{"0 0 0 1 1 ? 2099", "1969-03-01 00:00:00", "2099-01-01 00:00:00, never"},
		{"*/30 * * * * ?", "2026-03-01 00:00:15", "2026-03-01 00:00:30, 2026-03-01 00:01:00"},
	} {
		t.Run(c.pattern, func(t *testing.T) {
			p, err := cron.Parse(c.pattern)
			if err != nil {
				t.Fatal(err)
			}
			at, err := time.Parse(time.DateTime, c.after)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for range strings.Split(c.want, ", ") {
				next, ok := p.Next(at)
				if !ok {
					got = append(got, "never")
					break
				}
				got, at = append(got, next.Format(time.DateTime)), next
			}
			if s := strings.Join(got, ", "); s != c.want {
				t.Errorf("%s\nwant %s", s, c.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ pattern, field, says string }{
		{"", "", "has 0"},
		{"30 12 * * *", "", "begins with the second"},
		{"0 0 0 * * ? * *", "", "has 8"},
		{"0 0 12 ? * ? *", "", "only the other is ?"},
		{"0 0 12 1 * MON *", "", "the other is ?"},
		{"60 0 0 * * ?", "second", "0 to 59"},
		{"? 0 0 * * ?", "second", "0 to 59"},
		{"0 -1 0 * * ?", "minute", "0 to 59"},
		{"0 0 24 * * ?", "hour", "0 to 23"},
		{"0 0 99,1 * * ?", "hour", `"99"`},
		{"0 0 1, * * ?", "hour", `""`},
		{"0 0 0 0 * ?", "day of the month", "LW"},
		{"0 0 0 32W * ?", "day of the month", "LW"},
		{"0 0 0 L-31 * ?", "day of the month", "L-3"},
		{"0 0 0 1,? * ?", "day of the month", `"?"`},
		{"0 0 0 1 13 ?", "month", "JAN to DEC"},
		{"0 0 0 1 JANUARY ?", "month", "JAN to DEC"},
		{"0 0 0 ? * 8", "day of the week", "SUN to SAT"},
		{"0 0 0 ? * 0", "day of the week", "1 to 7"},
		{"0 0 0 ? * 6#6", "day of the week", "6#3"},
		{"0 0 0 * * ? 1969", "year", "1970 to 2099"},
		{"0 0 0 * * ? 2030-2029", "year", "1970 to 2099"},
		{"0 */0 0 * * ?", "minute", "step"},
		{"0 1/2/3 0 * * ?", "minute", "step"},
		{"0 1-2-3 0 * * ?", "minute", "range"},
		{"0 0 0 * * ? 99999999999999999999", "year", "1970"},
		{strings.Repeat("0", 300), "", "255"},
	} {
		t.Run(c.pattern, func(t *testing.T) {
			_, err := cron.Parse(c.pattern)
			bad, ok := errors.AsType[*cron.Error](err)
			if !ok || bad.Field != c.field || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q: %q", err, c.field, c.says)
			}
		})
	}
}

// TestNextIsFirst: what comes due next fits the pattern, and nothing before it does. What fits is said anew here, second by second.
func TestNextIsFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := func(name string, low, top int) (string, map[int]bool) {
			of, all := map[int]bool{}, []string{}
			for range rapid.IntRange(1, 2).Draw(t, name+" parts") {
				from := rapid.IntRange(low, top).Draw(t, name)
				to := rapid.IntRange(from, top).Draw(t, name+" to")
				step := rapid.IntRange(1, max(top, 1)).Draw(t, name+" step")
				for n := from; n <= to; n += step {
					of[n] = true
				}
				all = append(all, fmt.Sprintf("%d-%d/%d", from, to, step))
			}
			return strings.Join(all, ","), of
		}
		seconds, isSecond := list("second", 0, 59)
		minutes, isMinute := list("minute", 0, 59)
		hours, isHour := list("hour", 0, 23)
		months, isMonth := list("month", 1, 12)
		days, isDay := list("day", 1, 31)
		weekdays, isWeekday := list("weekday", 1, 7)
		byWeek := rapid.Bool().Draw(t, "by week")
		fits := func(at time.Time) bool {
			day := isDay[at.Day()]
			if byWeek {
				day = isWeekday[int(at.Weekday())+1]
			}
			return day && isMonth[int(at.Month())] && isHour[at.Hour()] && isMinute[at.Minute()] && isSecond[at.Second()]
		}
		text := fmt.Sprintf("%s %s %s %s %s ? *", seconds, minutes, hours, days, months)
		if byWeek {
			text = fmt.Sprintf("%s %s %s ? %s %s", seconds, minutes, hours, months, weekdays)
		}
		p, err := cron.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		after := time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(t, "after"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns"))
		next, ok := p.Next(after)
		if !ok {
			return // such as the 31st of February
		}
		if !fits(next) || !next.After(after) || next.Nanosecond() != 0 {
			t.Fatalf("%s: %s after %s does not fit", text, next, after.UTC())
		}
		// A few thousand seconds on each side of the gap, where mistakes show.
		for i, at := 0, after.UTC().Truncate(time.Second).Add(time.Second); i < 2000 && at.Before(next); i, at = i+1, at.Add(time.Second) {
			if fits(at) {
				t.Fatalf("%s: %s comes before %s", text, at, next)
			}
		}
		for i, at := 0, next.Add(-time.Second); i < 2000 && at.After(after); i, at = i+1, at.Add(-time.Second) {
			if fits(at) {
				t.Fatalf("%s: %s comes before %s", text, at, next)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"0 30 * * * ? *", "0 0 0 L-3,1W * ?", "0 0 0 ? * 6#3,2L 2030/2", "* * * * * *", "0 22-4/3 0 LW JAN-MAR ?"} {
		f.Add(text, int64(1_790_000_000))
	}
	f.Fuzz(func(t *testing.T, text string, after int64) {
		p, err := cron.Parse(text)
		if err != nil {
			if _, ok := errors.AsType[*cron.Error](err); !ok {
				t.Errorf("%T", err)
			}
			return
		}
		from := time.Unix(after%(1<<40), 0)
		if next, ok := p.Next(from); ok && (!next.After(from) || next.Year() > 2099) {
			t.Errorf("%q: %s after %s", text, next, from)
		}
	})
}
