package doctor

import (
	"regexp"
	"strings"

	"github.com/pailforge/pail/internal/token"
)

// Shown is a form that may be printed of a text that should be no secret: a user, an address, a name. What looks like a
// secret in it all the same is masked, and so are the part of a URL between the user and the @, and whatever is longer
// than any name. Characters that would steer a terminal become dots.
func Shown(text string) string {
	if text == "" {
		return "(empty)"
	}
	text = inURL.ReplaceAllStringFunc(text, func(login string) string {
		m := inURL.FindStringSubmatch(login)
		return m[1] + ":" + token.Mask(m[2]) + "@"
	})
	text = piece.ReplaceAllStringFunc(token.Redact(text), token.Mask)
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7F && r < 0xA0 {
			return '·'
		}
		return r
	}, text)
}

var (
	// inURL is the login of a URL that has a secret. The secret ends at the last @ that stands before a space or the end:
	// an @ or a slash inside of it that was not encoded must not let the rest of it through.
	inURL = regexp.MustCompile(`(://[^\s:/@]*(?:@[^\s:/@]+)?):([^\s]*)@`)
	// piece is longer than any name.
	piece = regexp.MustCompile(`[A-Za-z0-9_=+-]{81,}`)
)
