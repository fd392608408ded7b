package web

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"strings"
	"unicode"

	"github.com/pailforge/pail/internal/web/page"
)

// maxAvatarName is how much of a name makes the picture, in bytes: more than a name can have.
const maxAvatarName = 128

// avatarPolicy: a picture loads nothing. It may stand on any website, since clients get its address from the API.
const avatarPolicy = "default-src 'none'; frame-ancestors 'none'"

// The corner radius tells people from workspaces.
const (
	round  = 48
	square = 18
)

// avatarColours are dark enough for white letters on them (contrast 4.5 and more) and muted enough to stand in a list.
var avatarColours = [...]string{
	"#3b5b8c", "#2f6f73", "#46713c", "#7a5c1e", "#9a4a2f", "#943f5c", "#74488f", "#4f55a3", "#5a6472", "#2b6a94", "#7d5242", "#5d6b1f",
}

// avatar serves a picture made of the name in the path's parameter. It looks nothing up, so it is the same whether
// anybody has the name or not.
func avatar(parameter string, radius int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		page.Answer{ContentType: "image/svg+xml", Cache: page.Day, Body: drawAvatar(r.PathValue(parameter), radius), Header: http.Header{
			"Content-Security-Policy": {avatarPolicy}, "Cross-Origin-Resource-Policy": {"cross-origin"}}}.Write(w, r)
	}
}

// drawAvatar is an SVG of 96 by 96 with the initials of name. Nothing but letters and digits of the name gets into it.
func drawAvatar(name string, radius int) []byte {
	if len(name) > maxAvatarName {
		name = name[:maxAvatarName]
	}
	name = strings.ToLower(strings.ToValidUTF8(name, ""))
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96" viewBox="0 0 96 96">`+
		`<rect width="96" height="96" rx="%d" fill="%s"/>`+
		`<text x="48" y="49" fill="#fff" font-family="system-ui, sans-serif" font-size="38" font-weight="600" text-anchor="middle" dominant-baseline="central">%s</text>`+
		"</svg>\n", radius, avatarColour(name), initials(name))
}

func avatarColour(name string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	return avatarColours[h.Sum32()%uint32(len(avatarColours))]
}

// initials are the first letters or digits of the first two words of name, in upper case; "?" when it has none.
func initials(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	var b strings.Builder
	for _, word := range words[:min(2, len(words))] {
		for _, first := range word {
			b.WriteRune(unicode.ToUpper(first))
			break
		}
	}
	if b.Len() == 0 {
		return "?"
	}
	return b.String()
}
