package commit

import (
	"net/url"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/rest"
)

// oneOf is a field with a fixed set of values; without is what it is when it was not sent.
func oneOf(field string, s *string, without string, values ...string) (string, error) {
	if s == nil {
		return without, nil
	}
	if !slices.Contains(values, *s) {
		return "", rest.InvalidField(field, "use "+strings.Join(values[:len(values)-1], ", ")+" or "+values[len(values)-1])
	}
	return *s, nil
}

// maxURL is how long an address may be, in characters.
const maxURL = 2000

// address is a field with an absolute http or https URL: somebody will click on it.
func address(field string, s *string) (string, error) {
	value, err := rest.Text(field, s, maxURL)
	if err != nil || value == "" {
		return value, err
	}
	if u, err := url.Parse(value); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", rest.InvalidField(field, "an absolute http or https URL is needed")
	}
	return value, nil
}
