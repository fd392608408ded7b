package oauth

import (
	"net/url"
	"path"
	"strings"
)

// redirectFits reports whether a browser may be sent to sent, for a consumer whose callback URL is registered. The
// address is the same, or a path below it ("it must be appended to the same URL configured in the consumer"): same
// scheme, host and port. On the machine of the browser itself any port will do, because a program takes the one that is
// free (RFC 8252, 7.3).
func redirectFits(registered, sent string) bool {
	if sent == registered {
		return callback(sent) == ""
	}
	if callback(sent) != "" || callback(registered) != "" {
		return false
	}
	r, err1 := url.Parse(registered)
	s, err2 := url.Parse(sent)
	if err1 != nil || err2 != nil || r.Scheme != s.Scheme || r.Opaque != s.Opaque {
		return false
	}
	if host := strings.EqualFold(r.Host, s.Host); !host && !(loopback(r) && loopback(s) && r.Hostname() == s.Hostname()) {
		return false
	}
	return below(r, s)
}

// below reports whether the path of s is that of r or one below it, however a server or a browser reads it.
func below(r, s *url.URL) bool {
	if r.RawQuery != "" || r.ForceQuery {
		return r.EscapedPath() == s.EscapedPath() && r.RawQuery == s.RawQuery && r.ForceQuery == s.ForceQuery
	}
	base, sent := r.EscapedPath(), s.EscapedPath()
	if base == "" {
		base = "/"
	}
	if sent == "" {
		sent = "/"
	}
	if sent == base {
		return true
	}
	// What is decoded twice on the way, or cleaned, must not lead out again.
	lower := strings.ToLower(sent)
	for _, out := range []string{"%2e", "%2f", "%5c", "%25", ";"} {
		if strings.Contains(lower, out) {
			return false
		}
	}
	if clean := path.Clean(sent); clean != strings.TrimSuffix(sent, "/") {
		return false
	}
	return strings.HasPrefix(sent, strings.TrimSuffix(base, "/")+"/")
}
