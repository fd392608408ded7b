package bbql

import (
	"math/big"
	"strings"
	"time"
)

// whole is a number or time of a query as seen from a column of 64-bit integers: at, or between at and at+1 when
// fraction is set, or beyond all of them.
type whole struct {
	at       int64
	fraction bool
	beyond   int // -1 below every integer of 64 bits, 1 above, 0 within
}

func isNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	before, after, dot := strings.Cut(s, ".")
	return digits(before) && (!dot || digits(after))
}

func digits(s string) bool {
	for i := range len(s) {
		if !digit(s[i]) {
			return false
		}
	}
	return s != ""
}

// parseNumber takes what isNumber accepts.
func parseNumber(s string) whole {
	integer, fraction, _ := strings.Cut(s, ".")
	n, _ := new(big.Int).SetString(integer, 10)
	w := whole{fraction: strings.Trim(fraction, "0") != ""}
	if w.fraction && strings.HasPrefix(s, "-") {
		n.Sub(n, big.NewInt(1)) // the integer below
	}
	if !n.IsInt64() {
		return whole{beyond: n.Sign()}
	}
	w.at = n.Int64()
	return w
}

var timeLayouts = []string{
	"2006-01-02",
	"2006-01-02T15:04:05.999999999Z07:00",
	"2006-01-02T15:04:05.999999999Z0700",
	"2006-01-02T15:04:05.999999999Z07",
	"2006-01-02T15:04:05.999999999",
	"2006-01-02T15:04Z07:00",
	"2006-01-02T15:04",
}

// parseTime reads an ISO 8601 date or time; without an offset it is UTC.
func parseTime(s string) (whole, bool) {
	if len(s) > 40 {
		return whole{}, false
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return whole{at: t.UnixMicro(), fraction: t.Nanosecond()%1000 != 0}, true
		}
	}
	return whole{}, false
}

// parseUUID returns the uuid as the store writes it: lower case, no braces.
func parseUUID(s string) (string, bool) {
	if strings.HasPrefix(s, "{") && strings.HasSuffix(s, "}") {
		s = s[1 : len(s)-1]
	}
	if len(s) != 36 {
		return "", false
	}
	s = strings.ToLower(s)
	for i := range len(s) {
		c := s[i]
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (c == '-') || !dash && !digit(c) && (c < 'a' || c > 'f') {
			return "", false
		}
	}
	return s, true
}
