package record

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/scope"
)

// sets compares sets of scopes as they are.
var sets = cmpopts.EquateComparable(scope.Set{})

// TestBitbucketCloud: bitbucket.org's hosts are recorded unasked, through the proxy and with the certificates that the
// environment had before; another host passes through.
func TestBitbucketCloud(t *testing.T) {
	tools(t, "bash", "curl", "git")
	c := newCloud(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if _, _, ok := r.BasicAuth(); ok {
			w.Header().Set("X-OAuth-Scopes", "read:user:bitbucket, read:repository:bitbucket")
			w.Header().Set("X-Credential-Type", "api_token")
		}
		switch {
		case r.Host == "example.com":
			fmt.Fprint(w, "an example")
		case r.URL.Path == "/2.0/workspaces/acme":
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"type": "error", "error": {"message": "Your credentials lack one or more required privilege scopes.", "detail": {"required": ["read:workspace:bitbucket"], "granted": ["read:user:bitbucket"]}}}`)
		case r.URL.Path == "/2.0/workspaces":
			w.WriteHeader(http.StatusGone)
		case r.Host == "bitbucket.org":
			w.Header().Set("WWW-Authenticate", `Basic realm="Bitbucket.org HTTP"`)
			w.WriteHeader(http.StatusUnauthorized)
		default:
			fmt.Fprintf(w, "%s %s %s|%s", r.Host, r.Header.Get("Accept-Encoding"), r.Header.Get("X-Forwarded-For"), r.URL.RawQuery)
		}
	}))
	r := run(t, DefaultHosts, `
curl -sS -u ada@example.com:secret --compressed 'https://api.bitbucket.org/2.0/user?a;b=%zz&c'; echo
curl -sS -u ada@example.com:secret -o /dev/null -w '%{http_code}\n' https://api.bitbucket.org/2.0/workspaces/acme
curl -sS -u ada@example.com:secret -o /dev/null -w '%{http_code}\n' https://api.bitbucket.org/2.0/workspaces
curl -sS https://example.com/; echo
git ls-remote https://x-bitbucket-api-token-auth:secret@bitbucket.org/acme/widgets.git 2>&1 || true
`, c.env)
	if r.code != 0 || !strings.HasPrefix(r.out, "api.bitbucket.org deflate, gzip") || !strings.Contains(r.out, " |a;b=%zz&c\n403\n410\nan example\n") {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.errors)
	}
	if got := r.Scopes; got.Least != scope.NewSet(scope.ReadUser) || got.Refused != scope.NewSet(scope.ReadWorkspace) || *got.Unused != scope.NewSet(scope.ReadRepository) {
		t.Errorf("scopes %+v", got)
	}
	if diff := cmp.Diff([]Refused{
		{Method: "GET", Path: "/2.0/workspaces", Status: 410, Reason: reason.PathRemoved, Count: 1},
		{Method: "GET", Path: "/2.0/workspaces/{workspace}", Status: 403, Reason: reason.ScopeMissing, Missing: scope.NewSet(scope.ReadWorkspace), Count: 1},
		{Method: "git fetch", Path: "acme/widgets", Status: 401, Count: 1},
	}, r.Refused, sets); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
	if len(r.Credentials) != 1 || r.Credentials[0].Type != "api_token" || r.Credentials[0].Count != 4 {
		t.Errorf("credentials %+v", r.Credentials)
	}
	if len(r.Deprecated) != 1 || !r.Deprecated[0].Removed || !slices.Equal(r.Deprecated[0].Replacement, []string{"GET /2.0/user/workspaces"}) {
		t.Errorf("deprecated %+v", r.Deprecated)
	}
	if r.Lost != (Lost{Others: 1}) {
		t.Errorf("lost %+v", r.Lost)
	}
	asked := c.seen()
	for _, host := range []string{"CONNECT api.bitbucket.org:443", "CONNECT example.com:443", "CONNECT bitbucket.org:443"} {
		if !slices.Contains(asked, host) {
			t.Errorf("the proxy of the environment was not asked to %s: %q", host, asked)
		}
	}
}

// TestOthersAreUntouched: a host that is not recorded shows its own certificate to the program, over TLS and HTTP.
func TestOthersAreUntouched(t *testing.T) {
	tools(t, "bash", "curl")
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, "2.0")
	})
	secure, plain := httptest.NewTLSServer(handler), httptest.NewServer(handler)
	defer secure.Close()
	defer plain.Close()
	r := run(t, DefaultHosts, `
curl -sS -v "$SECURE/2.0/user" 2>&1 | grep -o 'issuer: .*'
curl -sS -u ada@example.com:secret "$PLAIN/2.0/user"
`, append(os.Environ(), "SECURE="+secure.URL, "PLAIN="+plain.URL, "SSL_CERT_FILE="+certificateOf(t, secure)))
	if r.code != 0 || !strings.Contains(r.out, "issuer: O=Acme Co") || !strings.HasSuffix(r.out, "2.0") {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.errors)
	}
	if r.calls() != 0 || r.Lost != (Lost{Others: 2}) {
		t.Errorf("recorded %+v", r.Recording)
	}
}

// certificateOf is a file with the certificate of a server.
func certificateOf(t *testing.T, s *httptest.Server) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "server.pem")
	if err := os.WriteFile(file, (&authority{cert: s.Certificate()}).pem(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestUpstreamIsVerified: the recorder does not speak with a server that the program would not have trusted.
func TestUpstreamIsVerified(t *testing.T) {
	tools(t, "bash", "curl")
	w := pailtest.Start(t, pailtest.Options{TLS: true})
	ca := w.CA
	w.CA = "" // nobody trusts it
	r := recorded(t, w, `curl -sS -w '%{http_code}' "$API/user"`)
	if !strings.Contains(r.out, "pail record: no answer from 127.0.0.1") || !strings.Contains(r.out, "certificate") || !strings.HasSuffix(r.out, "502") {
		t.Errorf("the program got %s", r.out)
	}
	if len(r.Operations) != 1 || r.Operations[0].Statuses[0] != 1 || !r.Scopes.Least.Empty() {
		t.Errorf("operations %+v, least %v", r.Operations, r.Scopes.Least)
	}

	// A program that trusts others than the recorder's authority is counted.
	r = recorded(t, w, `! curl -sS --cacert "$CERT" "$API/user"`, "CERT="+ca)
	if r.code != 0 || r.Lost.Handshakes != 1 || r.calls() != 0 || len(r.Notes()) != 1 {
		t.Errorf("exit code %d, lost %+v, %q", r.code, r.Lost, r.Notes())
	}
}

// TestDamagedHeader: what cannot be read as HTTP is counted and refused, and the connection goes on with the next.
func TestDamagedHeader(t *testing.T) {
	tools(t, "bash", "curl", "base64")
	for _, tls := range []bool{false, true} {
		w := pailtest.Start(t, pailtest.Options{TLS: tls})
		r := recorded(t, w, `
curl -sS --http1.1 -o /dev/null -w '%{http_code} ' -H "Authorization: Basic $(printf %0150d 1 | base64 -w 76)" "$API/user"
curl -sS -o /dev/null -w '%{http_code}' "$API/user"`)
		if r.out != "400 401" || r.Lost != (Lost{Unreadable: 1}) || r.calls() != 1 {
			t.Errorf("TLS %v: answered %s, lost %+v, %d calls\n%s", tls, r.out, r.Lost, r.calls(), r.errors)
		}
	}
}

// TestExpectContinue: a body that waits for leave to be sent arrives.
func TestExpectContinue(t *testing.T) {
	tools(t, "bash", "curl", "head")
	for _, tls := range []bool{false, true} {
		w := pailtest.Start(t, pailtest.Options{TLS: tls}).World()
		r := recorded(t, w.Server, `
body=$(mktemp); trap 'rm "$body"' EXIT
head -c 200000 /dev/zero | tr '\0' x > "$body"
curl -sS -o /dev/null -w '%{http_code}' -H 'Expect: 100-continue' -H 'Content-Type: application/json' -u "$EMAIL:$TOKEN" -X PUT --data-binary @"$body" "$API/repositories/acme/widgets"`,
			"EMAIL="+w.Admin.Email, "TOKEN="+w.Secret(w.Admin, "admin:repository"))
		if r.out != "400" || !r.Scopes.Least.Has(scope.AdminRepository) {
			t.Errorf("TLS %v: answered %s, %+v\n%s", tls, r.out, r.Operations, r.errors)
		}
	}
}

func TestParseHost(t *testing.T) {
	for text, want := range map[string]Host{
		"git.example.com": {"git.example.com", ""}, "GIT.example.com:8443": {"git.example.com", "8443"}, "127.0.0.1:7990": {"127.0.0.1", "7990"},
		"http://127.0.0.1:7990/2.0": {"127.0.0.1", "7990"}, "https://git.example.com": {"git.example.com", "443"}, "[::1]:7990": {"::1", "7990"}, "::1": {"::1", ""}, "[::1]": {"::1", ""},
	} {
		if got, err := ParseHost(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "a/b", "http://", "https://user:secret@git.example.com", "user@host", "a:b:c", ":80", "127.0.0.1:7990/2.0", "host:https", "host:99999", "a/b:80"} {
		if got, err := ParseHost(text); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, c := range []struct {
		host, asked, port string
		want              bool
	}{
		{"git.example.com", "git.example.com:443", "443", true}, {"git.example.com", "GIT.EXAMPLE.COM", "80", true}, {"git.example.com:443", "git.example.com", "443", true},
		{"git.example.com:443", "git.example.com", "80", false}, {"git.example.com", "x.git.example.com", "443", false}, {"[::1]:7990", "[::1]:7990", "443", true},
	} {
		h, _ := ParseHost(c.host)
		if h.matches(c.asked, c.port) != c.want {
			t.Errorf("%s and %s: want %v", c.host, c.asked, c.want)
		}
	}
}
