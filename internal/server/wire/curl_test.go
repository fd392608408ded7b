package wire

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/token"
)

// shell runs a script with the variables of the story; the test is skipped where
// curl or GNU base64 is missing.
func shell(t *testing.T, s *server, script string) string {
	t.Helper()
	for _, tool := range []string{"sh", "curl", "base64"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	if out, _ := exec.Command("base64", "--version").Output(); !bytes.Contains(out, []byte("GNU")) {
		t.Skip("base64 is not GNU's")
	}
	// Silent, but with errors; without the user's configuration; any certificate.
	script = "curl() { command curl --disable --silent --show-error --insecure --max-time 20 \"$@\"; }\n" + script
	cmd := exec.Command("sh", "-c", script)
	cmd.Env = append(os.Environ(), "url="+s.url, "plain=http://"+s.addr, "email=someone@example.com",
		"token="+token.Mint(token.APIToken), "long="+strings.Repeat("x", 192))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
	return string(out)
}

func TestCurlWithWrappedBase64(t *testing.T) {
	both(t, func(t *testing.T, secure bool) {
		s := serve(t, secure, nil)
		for name, lines := range map[string]int{"token": 2, "long": 4} {
			out := shell(t, s, `curl --http1.1 --write-out '\n%{http_code}' -H "Authorization: Basic $(echo -n "$email:$`+name+`" | base64)" "$url/2.0/user"`)
			body, status, _ := strings.Cut(out, "\n")
			var a answer
			if err := json.Unmarshal([]byte(body), &a); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if status != "400" || a.Error.Data.Reason != reason.HeaderLineBreak || a.Error.Data.Lines != lines {
				t.Errorf("%s", out)
			}
		}
		if r := s.rejections(); len(r) != 2 || r[0].Method != http.MethodGet || r[0].Path != "/2.0/user" || r[0].Header != "Authorization" {
			t.Errorf("%+v", r)
		}
	})
}

func TestCurlWithGoodHeader(t *testing.T) {
	both(t, func(t *testing.T, secure bool) {
		s := serve(t, secure, nil)
		for _, how := range []string{`--user "$email:$long"`, `-H "Authorization: Basic $(echo -n "$email:$long" | base64 -w0)"`} {
			if out := shell(t, s, `curl --http1.1 `+how+` "$url/2.0/user"`); out != "GET /2.0/user 0" {
				t.Errorf("%s", out)
			}
		}
	})
}

func TestCurlKeepsTheConnection(t *testing.T) {
	both(t, func(t *testing.T, secure bool) {
		s := serve(t, secure, nil)
		out := shell(t, s, `curl --http1.1 --write-out ' %{num_connects}\n' "$url/1" "$url/2" -d abc "$url/3"`)
		if out != "POST /1 3 1\nPOST /2 3 0\nPOST /3 3 0\n" || s.connections() != 1 {
			t.Errorf("%d connections: %s", s.connections(), out)
		}
	})
}

func TestCurlSpeaksHTTP2(t *testing.T) {
	s := serve(t, true, nil)
	if out := shell(t, s, `curl --http2 --write-out ' %{http_version}' "$url/2.0/user"`); out != "GET /2.0/user 0 2" {
		t.Errorf("%s", out)
	}
}

func TestCurlPlainOnTLS(t *testing.T) {
	s := serve(t, true, nil)
	out := shell(t, s, `curl --write-out '%{http_code}' "$plain/2.0/user"`)
	if !strings.Contains(out, string(reason.TLSExpected)) || !strings.HasSuffix(out, "400") {
		t.Errorf("%s", out)
	}
}

func TestCurlWithALargeHeader(t *testing.T) {
	both(t, func(t *testing.T, secure bool) {
		s := serve(t, secure, func(srv *http.Server, _ *Config) { srv.MaxHeaderBytes = 4 << 10 })
		out := shell(t, s, `curl --http1.1 --write-out '%{http_code}' -H "Cookie: $(head -c 60000 /dev/zero | tr '\0' x)" "$url/2.0/user"`)
		if !strings.Contains(out, string(reason.HeaderTooLarge)) || !strings.HasSuffix(out, "431") {
			t.Errorf("%s", out)
		}
	})
}
