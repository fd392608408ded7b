package bbql

import (
	"fmt"
	"strings"
)

// Code is the reason code of every [Error].
const Code = "query.invalid"

// Error is a query or sort order that cannot be taken as it is. The message says what to write instead.
type Error struct {
	Message string   // complete, for the client
	Field   string   // the field it is about, "" when it is about none
	Pos     int      // where in the parameter, in characters from 1; 0 when nowhere in particular
	Known   []string // the fields that exist, sorted; only when Field is not one of them
}

// Error returns the message with the position in front.
func (e *Error) Error() string {
	if e.Pos > 0 {
		return fmt.Sprintf("position %d: %s", e.Pos, e.Message)
	}
	return e.Message
}

// Code returns the reason code, which is always [Code].
func (e *Error) Code() string { return Code }

func errorAt(pos int, format string, args ...any) *Error {
	return &Error{Pos: pos, Message: fmt.Sprintf(format, args...)}
}

// shorten keeps what a message quotes from a query to a readable length.
func shorten(s string) string {
	const most = 40
	n := 0
	for i := range s {
		if n == most {
			return s[:i] + "…"
		}
		n++
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
