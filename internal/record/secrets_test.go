package record

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/token"
)

// TestNoSecrets: whatever a program sends where, and a server answers, no report repeats it.
func TestNoSecrets(t *testing.T) {
	tools(t, "bash", "curl", "git")
	secret := token.Mint(token.APIToken)
	app := token.Mint(token.AppPassword)
	// The server repeats everything where a report might look.
	status := 403
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("X-OAuth-Scopes", secret+", read:user:bitbucket, "+app)
		w.Header().Set("X-Accepted-OAuth-Scopes", secret)
		w.Header().Set("X-Credential-Type", secret)
		w.Header().Set("X-Pail-Reason", secret)
		w.Header().Set("X-Secret", secret)
		w.Header().Set("Content-Type", "application/json")
		if _, service, ok := strings.Cut(r.URL.RawQuery, "service="); ok {
			w.Header().Set("Content-Type", "application/x-"+service+"-advertisement")
			w.WriteHeader(200)
			return
		}
		status = map[int]int{403: 401, 401: 404, 404: 410, 410: 200, 200: 403}[status]
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"type":"error","error":{"message":%q,"detail":{"required":[%q,"read:project:bitbucket"],"granted":[%q]},"data":{"reason":%q,"missing":[%q]}}}`, secret, secret, secret, secret, app)
	}))
	defer server.Close()
	u, _ := url.Parse(server.URL)
	host, _ := ParseHost(u.Host)
	r := run(t, []Host{host}, `
for round in 1 2 3 4 5; do
curl -s -u "ada@example.com:$SECRET" "$URL/2.0/user"
curl -s -H "Authorization: Bearer $SECRET" -H "X-Token: $SECRET" -H "Cookie: $SECRET" "$URL/2.0/repositories/$SECRET/$APP?q=$SECRET"
curl -s "http://ada:$SECRET@${URL#http://}/2.0/workspaces?access_token=$SECRET&$APP"
curl -s -H "Content-Type: application/json" -d "{\"password\":\"$SECRET\"}" "$URL/2.0/workspaces/$SECRET/projects"
curl -s -X PUT -d "$SECRET" "$URL/2.0/workspaces/$SECRET/projects/$APP/permissions/$SECRET"
curl -s "$URL/$SECRET/$APP/$SECRET" "$URL/rest/api/1.0/projects/$SECRET/repos/$APP" "$URL/2.0/$SECRET" "$URL/2.0/%7B$SECRET%7D/%7Bx%7D" "$URL/api/2.0/user/$SECRET"
curl -s -X "$SECRET" "$URL/2.0/user"
curl -s "$URL/$SECRET/$APP.git/info/refs?service=git-upload-pack" "$URL/$SECRET/$APP.git/info/refs?service=git-receive-pack" "$URL/$SECRET/$APP.git/info/refs?service=$SECRET"
git -c credential.helper= ls-remote "http://x-token-auth:$SECRET@${URL#http://}/$SECRET/$APP.git" || true
git -c credential.helper= ls-remote "http://x-token-auth:$SECRET@${URL#http://}/acme/widgets.git" || true
done`, append(os.Environ(), "URL="+server.URL, "SECRET="+secret, "APP="+app, "GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_GLOBAL=/dev/null"))
	if r.calls() < 60 {
		t.Fatalf("%d calls were seen; the test shows nothing\n%s", r.calls(), r.errors)
	}
	var merged bytes.Buffer
	if err := json.NewEncoder(&merged).Encode(Merge(r.Recording, r.Recording)); err != nil {
		t.Fatal(err)
	}
	reports := map[string]string{"JSON, merged": merged.String()}
	for name, write := range map[string]func(io.Writer) error{"text": r.Text, "HTML": r.HTML, "JSON": func(w io.Writer) error { return json.NewEncoder(w).Encode(r.Recording) }} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		reports[name] = b.String()
	}
	for name, text := range reports {
		for _, s := range []string{secret, app} {
			for _, form := range []string{s, s[12:], strings.ToLower(s), url.QueryEscape(s), base64.StdEncoding.EncodeToString([]byte(s))[:40], base64.StdEncoding.EncodeToString([]byte("ada@example.com:" + s))[20:60]} {
				if strings.Contains(text, form) {
					t.Errorf("%s: a secret in\n%s", name, text)
				}
			}
		}
		for _, word := range []string{"ada@example.com", "access_token=", "password", "Cookie"} {
			if strings.Contains(text, word) {
				t.Errorf("%s: %q in\n%s", name, word, text)
			}
		}
		if !strings.Contains(text, "acme/widgets") || !strings.Contains(text, "/2.0/user") {
			t.Errorf("%s: what it should tell is missing in\n%s", name, text)
		}
	}
	// What the report tells passes its own reader.
	if _, err := Read(strings.NewReader(reports["JSON"])); err != nil {
		t.Error(err)
	}
}
