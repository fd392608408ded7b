package oauth

import (
	"net/url"
	"strings"
	"testing"
)

func TestRedirectFits(t *testing.T) {
	for _, c := range []struct {
		registered, sent string
		want             bool
	}{
		{"https://app.example/cb", "https://app.example/cb", true},
		{"https://app.example/cb", "https://app.example/cb/function", true},
		{"https://app.example/cb", "https://app.example/cb/", true},
		{"https://app.example/cb/", "https://app.example/cb/function", true},
		{"https://app.example", "https://app.example/add-on", true},
		{"https://app.example", "https://app.example/", true},
		{"https://app.example/cb", "https://app.example/cb?tenant=1", true},
		{"https://app.example/cb", "https://APP.example/cb/x", true},
		{"https://app.example/cb?tenant=1", "https://app.example/cb?tenant=1", true},
		{"com.example.app:/cb", "com.example.app:/cb", true},

		{"https://app.example/cb", "https://app.example/cbx", false},
		{"https://app.example/cb", "https://app.example/", false},
		{"https://app.example/cb", "http://app.example/cb", false},
		{"https://app.example/cb", "https://app.example:8443/cb", false},
		{"https://app.example/cb", "https://evil.example/cb", false},
		{"https://app.example/cb", "https://app.example.evil.example/cb", false},
		{"https://app.example", "https://app.example.evil.example", false},
		{"https://app.example", "https://app.example@evil.example/", false},
		{"https://app.example/cb", "https://app.example/cb/../admin", false},
		{"https://app.example/cb", "https://app.example/cb/%2e%2e/admin", false},
		{"https://app.example/cb", "https://app.example/cb/..%2fadmin", false},
		{"https://app.example/cb", "https://app.example/cb/%252e%252e/admin", false},
		{"https://app.example/cb", "https://app.example/cb/..;/admin", false},
		{"https://app.example/cb", `https://app.example/cb\..\admin`, false},
		{"https://app.example/cb", "https://app.example/cb//evil", false},
		{"https://app.example/cb", "https://app.example/cb#fragment", false},
		{"https://app.example/cb", "//app.example/cb", false},
		{"https://app.example/cb", "javascript:alert(1)", false},
		{"https://app.example/cb", "", false},
		{"https://app.example/cb?tenant=1", "https://app.example/cb?tenant=2", false},
		{"https://app.example/cb?tenant=1", "https://app.example/cb/x?tenant=1", false},
		{"com.example.app:/cb", "com.example.other:/cb", false},

		{"http://127.0.0.1/cb", "http://127.0.0.1:51234/cb", true},
		{"http://localhost:8080/cb", "http://localhost:51234/cb", true},
		{"http://[::1]/cb", "http://[::1]:51234/cb", true},
		{"http://127.0.0.1/cb", "http://localhost/cb", false},
		{"http://127.0.0.1/cb", "http://127.0.0.1.evil.example/cb", false},
		{"https://127.0.0.1/cb", "https://127.0.0.1:51234/cb", false},
		{"http://10.0.0.1/cb", "http://10.0.0.1:51234/cb", false},
	} {
		if got := redirectFits(c.registered, c.sent); got != c.want {
			t.Errorf("registered %s, sent %s: %v", c.registered, c.sent, got)
		}
	}
}

// Whatever is accepted stays with the host that was registered, below its path.
func FuzzRedirectFits(f *testing.F) {
	for _, s := range []string{"https://app.example/cb", "https://app.example/cb/x", "https://app.example/cb/../x", "https://a@app.example/cb", "http://127.0.0.1:1/cb", "app.example.x:/cb"} {
		f.Add("https://app.example/cb", s)
		f.Add("http://127.0.0.1/cb", s)
	}
	f.Fuzz(func(t *testing.T, registered, sent string) {
		if !redirectFits(registered, sent) || registered == sent {
			return
		}
		r, err1 := url.Parse(registered)
		s, err2 := url.Parse(sent)
		if err1 != nil || err2 != nil {
			t.Fatalf("accepted what cannot be parsed: %q, %q", registered, sent)
		}
		base := &url.URL{Scheme: s.Scheme, Host: s.Host, Path: "/"}
		resolved := base.ResolveReference(&url.URL{Path: s.Path}).Path // as a browser cleans it
		if r.Scheme != s.Scheme || !strings.EqualFold(r.Hostname(), s.Hostname()) || s.User != nil || strings.Contains(sent, "#") ||
			!strings.HasPrefix(resolved, strings.TrimSuffix(r.Path, "/")) {
			t.Errorf("registered %q, sent %q", registered, sent)
		}
	})
}
