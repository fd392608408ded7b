package access

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// Moved says that a resource has other names than those that it was asked for by. Only callers get it who may have the
// resource.
type Moved struct {
	resource string
	from, to [2]string
}

// Error is the text for the log.
func (m *Moved) Error() string { return m.resource + " moved to " + strings.Join(m.to[:], "/") }

// Location is the path and the query of a request with the names that the resource has now.
func (m *Moved) Location(r *http.Request) string {
	parts := strings.Split(r.URL.EscapedPath(), "/")
	for i := range len(parts) - 1 {
		first, err := url.PathUnescape(parts[i])
		if err != nil || first != m.from[0] {
			continue
		}
		second, err := url.PathUnescape(parts[i+1])
		if name, git := strings.CutSuffix(second, ".git"); err == nil && (second == m.from[1] || git && name == m.from[1]) {
			parts[i], parts[i+1] = url.PathEscape(m.to[0]), url.PathEscape(m.to[1])
			if git {
				parts[i+1] += ".git"
			}
			break
		}
	}
	to := strings.Join(parts, "/")
	if r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	return to
}

// answer leads a program to where the resource is. The statuses are the permanent ones: after 301 a client asks with GET,
// after 308 with the method and the body that it sent.
func (m *Moved) answer(r *rest.Request) *rest.Error {
	e := rest.Refusef(reason.RepositoryMoved, "The %s %s is %s now. The answer's Location leads there.", m.resource, strings.Join(m.from[:], "/"), strings.Join(m.to[:], "/")).
		With("moved_to", strings.Join(m.to[:], "/")).WithHeader("Location", r.URLs.Base+m.Location(r.HTTP))
	if r.HTTP.Method != http.MethodGet && r.HTTP.Method != http.MethodHead {
		e.Status = http.StatusPermanentRedirect
	}
	return e
}
