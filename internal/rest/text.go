package rest

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Text is a field of a body: "" when it was not sent. A *Error names one that is longer than limit characters, or that the store
// cannot keep.
func Text(field string, s *string, limit int) (string, error) {
	switch {
	case s == nil:
		return "", nil
	case !utf8.ValidString(*s) || strings.ContainsRune(*s, 0):
		return "", InvalidField(field, "this is not valid text")
	case utf8.RuneCountInString(*s) > limit:
		return "", InvalidField(field, fmt.Sprintf("it may have %d characters", limit))
	}
	return *s, nil
}

// RequiredText is Text that must not be missing or empty.
func RequiredText(field string, s *string, limit int) (string, error) {
	if s == nil || strings.TrimSpace(*s) == "" {
		return "", MissingField(field)
	}
	return Text(field, s, limit)
}
