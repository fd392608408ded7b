package database

import (
	"strconv"
	"strings"
	"time"
)

// Separator stands between packed columns. No text that Pail stores holds it: control characters are refused on the
// way in, except line breaks and tabs.
const Separator = "\x1f"

// Packed is the SQL expression that gives several columns as one text, for Unpack. Reading a column costs database/sql
// and the driver more than it costs the database, so the few queries that run for every request read one column. None
// of the columns may be NULL.
func Packed(columns ...string) string {
	return strings.Join(columns, ` || '`+Separator+`' || `)
}

// Unpacked reads packed columns one after the other.
type Unpacked struct{ rest string }

// Unpack begins to read a packed text.
func Unpack(s string) *Unpacked { return &Unpacked{s} }

// Text is the next column, a text.
func (u *Unpacked) Text() string {
	var s string
	s, u.rest, _ = strings.Cut(u.rest, Separator)
	return s
}

// Int is the next column, a number.
func (u *Unpacked) Int() int64 {
	n, _ := strconv.ParseInt(u.Text(), 10, 64) // the database wrote it
	return n
}

// Time is the next column, a time as Micros gives it.
func (u *Unpacked) Time() time.Time { return Time(u.Int()) }

// Bool is the next column, a boolean.
func (u *Unpacked) Bool() bool {
	s := u.Text()
	return s == "1" || s == "true" || s == "t"
}
