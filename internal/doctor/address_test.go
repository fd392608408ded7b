package doctor

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pailforge/pail/internal/reason"
)

func TestTakeApart(t *testing.T) {
	for text, want := range map[string]address{
		"":          {},
		"/2.0/user": {path: "/2.0/user"},
		"https://api.bitbucket.org/2.0/user?a=b#c":                       {scheme: "https", host: "api.bitbucket.org", path: "/2.0/user", query: "a=b"},
		"HTTPS://API.Bitbucket.ORG.:443/2.0":                             {scheme: "https", host: "api.bitbucket.org", port: "443", path: "/2.0"},
		"api.bitbucket.org/2.0/user":                                     {host: "api.bitbucket.org", path: "/2.0/user"},
		"http://[::1]:8080/x":                                            {scheme: "http", host: "::1", port: "8080", path: "/x"},
		"git@bitbucket.org:acme/widgets.git":                             {scheme: "ssh", host: "bitbucket.org", user: "git", path: "/acme/widgets.git"},
		"ssh://git@bitbucket.org/acme/widgets.git":                       {scheme: "ssh", host: "bitbucket.org", login: true, user: "git", path: "/acme/widgets.git"},
		"https://jane%40example.com:a%2Fb@bitbucket.org/acme/w.git":      {scheme: "https", host: "bitbucket.org", login: true, user: "jane@example.com", secret: "a/b", path: "/acme/w.git"},
		"https://jane:50%@bitbucket.org/acme/w.git":                      {scheme: "https", host: "bitbucket.org", login: true, user: "jane", secret: "50%", path: "/acme/w.git"},
		"https://bitbucket.org/acme/w/src/main/@x":                       {scheme: "https", host: "bitbucket.org", path: "/acme/w/src/main/@x"},
		"https://jane@example.com:secret@bitbucket.org/acme/w.git":       {scheme: "https", host: "bitbucket.org", login: true, user: "jane@example.com", secret: "secret", path: "/acme/w.git", fault: reason.URLUserNotEncoded},
		"https://jane@example.com:sec/ret@bitbucket.org/acme/w.git":      {scheme: "https", login: true, user: "jane", secret: "sec/ret", fault: reason.URLUserNotEncoded},
		"https://jane:sec/ret@bitbucket.org/acme/w.git":                  {scheme: "https", login: true, user: "jane", secret: "sec/ret", fault: reason.URLSecretNotEncoded},
		"https://jane:sec?ret@bitbucket.org/acme/w.git":                  {scheme: "https", login: true, user: "jane", secret: "sec?ret", fault: reason.URLSecretNotEncoded},
		"https://https://bitbucket.org/acme":                             {scheme: "https", fault: reason.HostMalformed},
		"https:///2.0/user":                                              {scheme: "https", fault: reason.HostMalformed},
		"https://host:port/2.0/user":                                     {scheme: "https", fault: reason.HostMalformed},
		`"https://api.bitbucket.org/2.0/user"`:                           {fault: reason.HostMalformed},
		" https://api.bitbucket.org/2.0/user\n":                          {scheme: "https", host: "api.bitbucket.org", path: "/2.0/user"},
		"https://x-bitbucket-api-token-auth:T@bitbucket.org/acme/w.git/": {scheme: "https", host: "bitbucket.org", login: true, user: "x-bitbucket-api-token-auth", secret: "T", path: "/acme/w.git/"},
	} {
		got := takeApart(text)
		got.detail = ""
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(address{})); diff != "" {
			t.Errorf("%s\n%s", text, diff)
		}
	}
}

func FuzzTakeApart(f *testing.F) {
	for _, text := range []string{"https://a:b@c:1/d?e#f", "git@h:p", "https://a@b:c@d/e", "http://http://x", "//x", "https://a:b/c@d", "%", "https://%zz@x", "a@b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a := takeApart(text)
		if a.path != "" && a.path[0] != '/' || strings.ContainsAny(a.host, "/?#") || (a.fault == "") != (a.detail == "") {
			t.Errorf("%q: %+v", text, a)
		}
	})
}
