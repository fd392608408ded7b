package page

import (
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestEvents: a stream shows that it lives, and ends when the visitor may hear no more, when it has lasted long enough, and with the
// server, each time once.
func TestEvents(t *testing.T) {
	for name, test := range map[string]struct {
		asked  int // how often the visitor is allowed
		ends   bool
		sent   string
		lasted time.Duration
	}{
		"nothing happens":     {1000, false, again + strings.Repeat(":\n\n", 4), time.Minute + time.Second},
		"the session is over": {3, false, again + ":\n\n:\n\n", 45 * time.Second},
		"the server stops":    {1000, true, again, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ended, stops, start := make(chan struct{}), 0, time.Now()
				if test.ends {
					close(ended)
				}
				w := httptest.NewRecorder()
				(&Events{Longest: time.Minute + time.Second, Ended: ended, Stop: func() { stops++ }, Allowed: func() bool { test.asked--; return test.asked >= 0 }}).write(w, httptest.NewRequest("GET", "/", nil))
				if lasted := time.Since(start); w.Body.String() != test.sent || lasted != test.lasted || stops != 1 {
					t.Errorf("after %v and %d stops: %q", lasted, stops, w.Body.String())
				}
			})
		})
	}
}
