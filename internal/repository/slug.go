package repository

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/rest"
)

// Bounds of what may be chosen (Bitbucket Cloud: a slug has at most 62 characters).
const (
	maxSlug        = 62
	maxName        = 255
	maxDescription = 10000
	maxLanguage    = 50
)

// slugPattern: a slug is a directory name in URLs. It begins with a letter, a digit or _, so it is never an option, a
// hidden file or "..".
var slugPattern = regexp.MustCompile(`^[a-z0-9_][a-z0-9_.-]{0,61}$`)

// validSlug reports whether s can be a slug. A name ending in .git is none, because URLs may add or leave that out.
func validSlug(s string) bool {
	return slugPattern.MatchString(s) && !strings.HasSuffix(s, ".git") && !strings.Contains(s, "..")
}

// checkSlug refuses (400) what cannot be the slug of a new repository.
func checkSlug(field, s string) error {
	if !validSlug(s) {
		return rest.InvalidField(field, "use 1 to 62 lower-case letters, digits, _, - and ., not beginning with - or . and not ending in .git")
	}
	return nil
}

// slugOf makes a slug of a name, the way Bitbucket does: lower case, everything else a dash. It is "" when nothing
// of the name is left.
func slugOf(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_', r == '.':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	s := strings.Trim(b.String(), "-.")
	for strings.Contains(s, "..") {
		s = strings.ReplaceAll(s, "..", ".")
	}
	if len(s) > maxSlug {
		s = strings.Trim(s[:maxSlug], "-.")
	}
	return strings.TrimSuffix(s, ".git")
}

// checkText refuses (400) text that is too long or holds what no line of text has. Descriptions may have line breaks.
func checkText(field, s string, limit int, lines bool) error {
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > limit {
		return rest.InvalidField(field, "too long, or not valid text")
	}
	for _, r := range s {
		if lines && (r == '\n' || r == '\r' || r == '\t') {
			continue
		}
		// What turns the direction of writing makes a name look like another one.
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || unicode.In(r, unicode.Zl, unicode.Zp) {
			return rest.InvalidField(field, "control characters are not allowed")
		}
	}
	return nil
}
