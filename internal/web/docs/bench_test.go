package docs_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
)

// Pages of the documentation over a real connection. The limit for a page is 20 ms.
func BenchmarkPages(b *testing.B) {
	s := pailtest.Start(b, pailtest.Options{})
	for _, path := range []string{"/docs/operations", "/docs/operations?q=project", "/docs/errors", "/docs/errors/header.line_break", "/docs/try", "/2.0/swagger.json"} {
		b.Run(path, func(b *testing.B) {
			for b.Loop() {
				res, err := s.Client.Get(s.URL + path)
				if err != nil || res.StatusCode != http.StatusOK {
					b.Fatal(res, err)
				}
				_, _ = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
			}
		})
	}
}
