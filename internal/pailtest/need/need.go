// Package need says what tests need of the machine that they run on. It stands apart from package pailtest, which has the
// whole server in it, for the tests of what the server stands on. It is for tests only.
package need

import (
	"os"
	"strings"
	"testing"
)

// Skip skips a test that needs something this machine does not have, with one line that says what. Where
// PAIL_TEST_REQUIRE names it, as it does in CI, the lack is a failure.
func Skip(t testing.TB, need, why string) {
	t.Helper()
	for _, required := range strings.Split(os.Getenv("PAIL_TEST_REQUIRE"), ",") {
		if strings.TrimSpace(required) == need {
			t.Fatalf("%s is required here: %s", need, why)
		}
	}
	t.Skipf("skipped: %s", why)
}
