// Package cron reads the patterns that schedules come due by, as Bitbucket Cloud has them from Quartz, and says when that is. All times
// are in UTC.
//
//	second minute hour day-of-month month day-of-week [year]
//	0      30     12   *            *     ?           *          every day at 12:30
//
// A field is a list of numbers, ranges (9-17, which may go over the end: 22-4), and steps (*/15, 5/15, 9-17/2), or * for all. Months are
// 1 to 12 or JAN to DEC; days of the week are 1 to 7 or SUN to SAT, Sunday first. A day of the month may be L (the last), L-3 (three
// before it), 15W (the working day that is nearest, in the month) or LW (the last working day); a day of the week may be 6L (the last
// Friday of the month) or 6#3 (the third). One of the two says ? where the other says which days.
package cron

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// Pattern is when something comes due. The zero value never does.
type Pattern struct {
	second, minute, hour, month set
	year                        [3]set // from firstYear on
	day, weekday                set    // what numbers say; weekday 1 is Sunday
	last                        set    // n: n days before the end of the month
	near                        set    // n: the working day nearest to n
	lastWorking                 bool
	lastWeekday                 set    // n: the last one of the month
	nth                         [6]set // of nth[3] n: the third one of the month
}

// MaxLength is the longest pattern that is read, in bytes.
const MaxLength = 255

// The years that a pattern may name.
const (
	firstYear = 1970
	lastYear  = 2099
)

// set has the numbers 0 to 63.
type set uint64

func (s set) has(n int) bool { return s>>n&1 == 1 }

// from is the first of the set that is at least n; -1: none is.
func (s set) from(n int) int {
	if rest := s >> n << n; n < 64 && rest != 0 {
		return bits.TrailingZeros64(uint64(rest))
	}
	return -1
}

// Error says what is wrong with a pattern.
type Error struct {
	Field string // "" where it is the pattern as a whole
	Text  string // the part that is wrong
	Want  string // what could stand there
}

func (e *Error) Error() string {
	if e.Field == "" {
		return e.Want
	}
	return fmt.Sprintf("%s: %q is not %s", e.Field, e.Text, e.Want)
}

// field is one of a pattern, with what its numbers may be.
type field struct {
	name     string
	low, top int
	names    []string // of low, low+1 and so on
}

var (
	fields = [7]field{
		{"second", 0, 59, nil}, {"minute", 0, 59, nil}, {"hour", 0, 23, nil}, {"day of the month", 1, 31, nil},
		{"month", 1, 12, []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}},
		{"day of the week", 1, 7, []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}}, {"year", firstYear, lastYear, nil},
	}
	dayOfMonth, dayOfWeek = &fields[3], &fields[5]
)

// Parse reads a pattern. The error is an *Error.
func Parse(text string) (p Pattern, err error) {
	if len(text) > MaxLength {
		return p, &Error{Want: fmt.Sprintf("a pattern has up to %d characters", MaxLength)}
	}
	words := strings.Fields(strings.ToUpper(text))
	switch len(words) {
	case 7:
	case 6:
		words = append(words, "*")
	case 5:
		return p, &Error{Want: "a pattern begins with the second, and has ? for the days of the month or of the week: 0 30 12 * * ? * is every day at 12:30"}
	default:
		return p, &Error{Want: fmt.Sprintf("a pattern has seven fields (second, minute, hour, day of the month, month, day of the week, year), and this has %d", len(words))}
	}
	any := func(word string) bool { return word == "*" || word == "?" }
	switch {
	case words[3] == "?" && words[5] == "?":
		return p, &Error{Want: "one of the day of the month and the day of the week says which days, and only the other is ?"}
	case !any(words[3]) && !any(words[5]):
		return p, &Error{Want: "where the day of the month or the day of the week says which days, the other is ?"}
	}
	var year []int
	for i, into := range []func(int){into(&p.second), into(&p.minute), into(&p.hour), into(&p.day), into(&p.month), into(&p.weekday), func(n int) { year = append(year, n) }} {
		f := &fields[i]
		for part := range strings.SplitSeq(words[i], ",") {
			if f == dayOfMonth && p.specialDay(part) || f == dayOfWeek && p.specialWeekday(part) {
				continue
			}
			if part == "?" && (f == dayOfMonth || f == dayOfWeek) && words[i] == "?" {
				part = "*"
			}
			if !f.read(part, into) {
				return Pattern{}, &Error{f.name, part, f.want()}
			}
		}
	}
	for _, n := range year {
		p.year[(n-firstYear)/64] |= 1 << ((n - firstYear) % 64)
	}
	if any(words[3]) && !any(words[5]) {
		p.day = 0
	} else if any(words[5]) {
		p.weekday = 0
	}
	return p, nil
}

func into(s *set) func(int) { return func(n int) { *s |= 1 << n } }

// want is what a part of the field may be, in words.
func (f *field) want() string {
	text := fmt.Sprintf("a number from %d to %d", f.low, f.top)
	if f.names != nil {
		text += fmt.Sprintf(", a name from %s to %s", f.names[0], f.names[len(f.names)-1])
	}
	text += ", a range such as 2-5, a step such as */2, or *"
	switch f {
	case dayOfMonth:
		text += "; or L, L-3, 15W, LW"
	case dayOfWeek:
		text += "; or 6L, 6#3"
	}
	return text
}

// number is one of the field; -1: it is none.
func (f *field) number(text string) int {
	for i, name := range f.names {
		if text == name {
			return f.low + i
		}
	}
	return within(text, f.low, f.top)
}

// within is the number from low to top that a text is; -1: it is none.
func within(text string, low, top int) int {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || int(n) < low || int(n) > top {
		return -1
	}
	return int(n)
}

// read gives what a part of the field stands for: *, a number, a range, each with a step or without one.
func (f *field) read(part string, give func(int)) bool {
	what, by, steps := strings.Cut(part, "/")
	step := 1
	if steps {
		if step = within(by, 1, f.top); step < 1 {
			return false
		}
	}
	from, to := f.low, f.top
	if what != "*" {
		first, end, ranges := strings.Cut(what, "-")
		if from = f.number(first); from < 0 {
			return false
		}
		switch {
		case ranges:
			if to = f.number(end); to < 0 {
				return false
			}
		case !steps:
			to = from
		}
	}
	size := f.top - f.low + 1
	if to < from {
		if f.low == firstYear {
			return false
		}
		to += size
	}
	for n := from; n <= to; n += step {
		give((n-f.low)%size + f.low)
	}
	return true
}

// specialDay takes L, L-3, 15W and LW, and tells whether it did.
func (p *Pattern) specialDay(part string) bool {
	if before, ok := strings.CutPrefix(part, "L-"); ok {
		n := within(before, 1, 30)
		if n < 0 {
			return false
		}
		p.last |= 1 << n
		return true
	}
	if day, ok := strings.CutSuffix(part, "W"); ok && day != "L" {
		n := within(day, 1, 31)
		if n < 0 {
			return false
		}
		p.near |= 1 << n
		return true
	}
	switch part {
	case "L":
		p.last |= 1
	case "LW":
		p.lastWorking = true
	default:
		return false
	}
	return true
}

// specialWeekday takes 6L, 6#3 and, for Saturday, L, and tells whether it did.
func (p *Pattern) specialWeekday(part string) bool {
	if part == "L" {
		p.weekday |= 1 << 7
		return true
	}
	if day, ok := strings.CutSuffix(part, "L"); ok {
		n := dayOfWeek.number(day)
		if n < 0 {
			return false
		}
		p.lastWeekday |= 1 << n
		return true
	}
	day, nth, ok := strings.Cut(part, "#")
	n, k := dayOfWeek.number(day), within(nth, 1, 5)
	if !ok || n < 0 || k < 0 {
		return false
	}
	p.nth[k] |= 1 << n
	return true
}

// Often tells whether a pattern may come due more than once in a minute.
func (p *Pattern) Often() bool { return bits.OnesCount64(uint64(p.second)) > 1 }

// Next is the first time after another one that the pattern comes due, in UTC and whole seconds. false: it never does again.
func (p *Pattern) Next(after time.Time) (time.Time, bool) {
	t := after.UTC().Truncate(time.Second).Add(time.Second)
	for year := max(t.Year(), firstYear); year <= lastYear; year++ {
		if n := year - firstYear; !p.year[n/64].has(n % 64) {
			continue
		}
		for month := p.month.from(1); month > 0; month = p.month.from(month + 1) {
			days := p.days(year, time.Month(month))
			for day := days.from(1); day > 0; day = days.from(day + 1) {
				date := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
				if !date.AddDate(0, 0, 1).After(t) {
					continue
				}
				if at, ok := p.clock(max(t.Sub(date), 0)); ok {
					return date.Add(at), true
				}
			}
		}
	}
	return time.Time{}, false
}

// clock is the first time of a day that is at least from, both as what has passed of the day.
func (p *Pattern) clock(from time.Duration) (time.Duration, bool) {
	h, m, s := int(from/time.Hour), int(from/time.Minute)%60, int(from/time.Second)%60
	for hour := p.hour.from(h); hour >= 0; hour = p.hour.from(hour + 1) {
		if hour > h {
			h, m, s = hour, 0, 0
		}
		for minute := p.minute.from(m); minute >= 0; minute = p.minute.from(minute + 1) {
			if minute > m {
				m, s = minute, 0
			}
			if second := p.second.from(s); second >= 0 {
				return time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second, true
			}
		}
	}
	return 0, false
}

// days are the days of a month on which the pattern comes due.
func (p *Pattern) days(year int, month time.Month) (days set) {
	end := time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC)
	last := end.Day()
	weekday := func(day int) int { return (int(end.Weekday())+35-(last-day))%7 + 1 } // 1: Sunday
	for day := 1; day <= last; day++ {
		w := weekday(day)
		if p.day.has(day) || p.last.has(last-day) || p.weekday.has(w) || p.nth[(day+6)/7].has(w) || day+7 > last && p.lastWeekday.has(w) {
			days |= 1 << day
		}
		if p.near.has(day) || p.lastWorking && day == last {
			days |= 1 << working(day, w, last)
		}
	}
	return days
}

// working is the day from Monday to Friday that is nearest to a day of a month, in that month. weekday 1 is Sunday.
func working(day, weekday, last int) int {
	switch {
	case weekday == 1 && day == last:
		return day - 2
	case weekday == 1:
		return day + 1
	case weekday == 7 && day == 1:
		return day + 2
	case weekday == 7:
		return day - 1
	}
	return day
}
