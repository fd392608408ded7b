package doctor

import (
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/token"
	"pgregory.net/rapid"
)

func TestShown(t *testing.T) {
	secret := token.Mint(token.APIToken)
	for _, c := range []struct{ text, want string }{
		{"", "(empty)"},
		{"jane@example.com", "jane@example.com"},
		{"https://bitbucket.org/acme/widgets.git", "https://bitbucket.org/acme/widgets.git"},
		{"https://jane@bitbucket.org/acme/widgets.git", "https://jane@bitbucket.org/acme/widgets.git"},
		{"https://jane:hunter2@bitbucket.org/acme", "https://jane:hu… (7 characters)@bitbucket.org/acme"},
		{"https://jane@example.com:hunter2@bitbucket.org/acme", "https://jane@example.com:hu… (7 characters)@bitbucket.org/acme"},
		{"https://jane:hun/ter@2@bitbucket.org/acme", "https://jane:hun… (9 characters)@bitbucket.org/acme"},
		{secret, token.Mask(secret)},
		{"jane:" + secret, "jane:" + token.Mask(secret)},
		{"a\x1b[31mb\n", "a·[31mb·"},
		{strings.Repeat("x", 81), token.Mask(strings.Repeat("x", 81))},
	} {
		if got := Shown(c.text); got != c.want {
			t.Errorf("Shown(%q) = %q, want %q", c.text, got, c.want)
		}
	}
}

// Whatever stands around a secret, no more of it is shown than its beginning.
func TestShownHidesSecrets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := token.Mint(rapid.SampledFrom(token.Kinds()).Draw(t, "kind"))
		before := rapid.SampledFrom([]string{"", "https://", "https://jane:", "https://jane@example.com:", "jane:", "Bearer ", "$", "\""}).Draw(t, "before")
		after := rapid.SampledFrom([]string{"", "@bitbucket.org/acme/widgets.git", "\n", "/x", ":x", "\""}).Draw(t, "after")
		if got := Shown(before + secret + after); strings.Contains(got, secret[:13]) {
			t.Fatalf("%q", got)
		}
	})
}
