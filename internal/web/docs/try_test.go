package docs_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/token"
	"github.com/pailforge/pail/internal/web/webtest"
	"pgregory.net/rapid"
)

// try sends a text as the form of the page does.
func try(b *webtest.Browser, text string) webtest.Reply {
	b.T.Helper()
	return b.Submit(b.See("/docs/try"), "/docs/try", url.Values{"request": {text}})
}

// wrapped is what GNU base64 makes of a text.
func wrapped(text string) string {
	whole := base64.StdEncoding.EncodeToString([]byte(text))
	var lines []string
	for len(whole) > 76 {
		lines, whole = append(lines, whole[:76]), whole[76:]
	}
	return strings.Join(append(lines, whole), "\n")
}

func TestTry(t *testing.T) {
	w := pailtest.Start(t, pailtest.Options{}).World()
	b := webtest.Open(w.Server)
	_, secret := w.APIToken(w.Admin, "read:user", "read:repository")
	gone, goneSecret := w.APIToken(w.Admin, "read:user")
	if err := w.SetExpiry(gone.ID, time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	outsider := w.Secret(w.Outsider, "read:repository", "read:user")
	email, name := w.Admin.Email, w.Admin.Username
	host := strings.TrimPrefix(w.URL, "http://")
	for what, c := range map[string]struct {
		text string
		want []string // in this order
		not  []string
	}{
		"all is well": {"curl -u " + email + ":" + secret + " " + w.URL + "/2.0/user",
			[]string{"would let it in", "passed Header", "passed Credential", "The API token “test” of Admin", "passed Scheme", "passed Operation", "GET /user", "passed Scopes", "read:user:bitbucket", "passed Privilege"}, []string{"failed"}},
		"sent as Bearer": {"curl -H 'Authorization: Bearer " + secret + "' " + w.URL + "/2.0/user",
			[]string{"refuse it with 401", "passed Header", "passed Credential", "failed Scheme and user", "credential.bearer_not_accepted", "not reached Operation", "What to mend", "An API token was sent as Bearer", "curl --user"}, nil},
		"the username": {"curl -u " + name + ":" + secret + " " + w.URL + "/2.0/user", []string{"failed Scheme and user", "credential.email_required", "The secret is right", email}, nil},
		"a missing scope": {"curl -u " + email + ":" + secret + " " + w.URL + "/2.0/workspaces/acme",
			[]string{"refuse it with 403", "passed Operation", "failed Scopes", "scope.missing", "read:workspace:bitbucket", "not reached Privilege"}, nil},
		"expired": {"curl -u " + email + ":" + goneSecret + " " + w.URL + "/2.0/user", []string{"passed Header", "failed Credential", "token.expired", "expired on"}, nil},
		"no privilege": {"curl -u " + w.Outsider.Email + ":" + outsider + " " + w.URL + "/2.0/repositories/acme/widgets",
			[]string{"refuse it with 404", "passed Scopes", "failed Privilege", "repository.not_found"}, nil},
		"the way of the first story": {"EMAIL=" + email + "\nTOKEN=" + secret + "\ncurl -H \"Authorization: Basic $(echo -n \"$EMAIL:$TOKEN\" | base64)\" " + w.URL + "/2.0/workspaces/acme/projects/FTO/permissions/groups",
			[]string{"refuse it with 400", "failed Header", "header.line_break", "not reached Credential", "header.line_break", "path.data_center", "permissions-config/groups"}, nil},
		"a head with a broken header": {"GET /2.0/user HTTP/1.1\nHost: " + host + "\nAuthorization: Basic " + wrapped(email+":"+secret) + "\n", []string{"failed Header", "header.line_break"}, nil},
		"a head":                      {"GET /2.0/user HTTP/1.1\r\nHost: " + host + "\r\nAuthorization: Basic " + base64.StdEncoding.EncodeToString([]byte(email+":"+secret)) + "\r\n\r\n", []string{"would let it in"}, nil},
		"a path":                      {"get /2.0/user\nAuthorization: Bearer " + secret, []string{"credential.bearer_not_accepted"}, nil},
		"an unknown path":             {"GET /2.0/repos/acme/widgets\nAuthorization: Basic " + base64.StdEncoding.EncodeToString([]byte(email+":"+secret)), []string{"passed Scheme", "failed Operation", "path.unknown"}, nil},
		"nobody":                      {"curl " + w.URL + "/2.0/user", []string{"failed Privilege", "credential.missing"}, nil},
		"a fetch":                     {"git clone http://x-bitbucket-api-token-auth:" + secret + "@" + host + "/acme/widgets.git", []string{"would let it in", "Clones or fetches", "read:repository:bitbucket"}, nil},
		"a fetch with the e-mail":     {"git clone http://" + url.QueryEscape(email) + ":" + secret + "@" + host + "/acme/widgets.git", []string{"failed Scheme and user", "credential.username_required"}, nil},
		"a push":                      {"git push http://x-bitbucket-api-token-auth:" + secret + "@" + host + "/acme/widgets.git main", []string{"failed Scopes", "write:repository:bitbucket"}, nil},
		"unknown": {"curl -u " + email + ":" + token.Mint(token.APIToken) + " " + w.URL + "/2.0/user",
			[]string{"failed Credential", "credential.unknown", "not reached Scheme", "not reached Privilege"}, []string{"Admin", "test”", "expired", "revoked"}},
		"another server": {"curl -u me@example.com:x https://api.bitbucket.org/2.0/user", []string{"goes to another server"}, []string{"The decision"}},
		"a variable":     {`curl -u "$EMAIL:$TOKEN" ` + w.URL + "/2.0/user", []string{"not written out"}, []string{"The decision"}},
		"two":            {"curl -u " + email + ":" + secret + " " + w.URL + "/2.0/user " + w.URL + "/2.0/nothing", []string{"would let it in", "would refuse it with 404"}, nil},
		"too many":       {"curl " + strings.Repeat(w.URL+"/2.0/user ", 9), []string{"Only the first"}, nil},
	} {
		t.Run(what, func(t *testing.T) {
			b.T = t
			r := try(b, c.text)
			if r.Status != 200 || r.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%d, %s", r.Status, r.Header.Get("Cache-Control"))
			}
			text := webtest.Text(t, r)
			rest := text
			for _, want := range c.want {
				_, after, ok := strings.Cut(rest, want)
				if !ok {
					t.Errorf("%q is not there, or not in its place: %s", want, text)
					break
				}
				rest = after
			}
			for _, not := range c.not {
				if strings.Contains(text, not) {
					t.Errorf("%q is there: %s", not, text)
				}
			}
			for _, s := range []string{secret, goneSecret, outsider} {
				if told(r.Body, s) {
					t.Error("the secret is shown")
				}
			}
		})
	}
	b.T = t
	if err := w.Gate.Recorder.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	if after, err := w.Credentials.Lookup(context.Background(), gone.ID); err != nil || !after.LastRefused.IsZero() || !after.LastAccessed.IsZero() {
		t.Errorf("trying was noted with the token: %+v, %v", after, err)
	}
}

// told tells whether more of a secret is shown than its first characters.
func told(text, secret string) bool {
	for i := 0; i+13 <= len(secret); i++ {
		if strings.Contains(text, secret[i:i+13]) {
			return true
		}
	}
	return false
}

// TestTryTakesNoRequest: what is no request is said at the field, and what was pasted does not come back.
func TestTryTakesNoRequest(t *testing.T) {
	s := pailtest.Start(t, pailtest.Options{})
	b := webtest.Open(s)
	for text, want := range map[string]string{
		"":                             "Paste a request",
		"hello supersecretvalue":       "This is no request",
		"curl -u a:supersecretvalue":   "cannot be read",
		"curl \"https://x -u supersec": "cannot be read",
		strings.Repeat("curl x;supersecretvalue", 2000): "too long",
	} {
		r := try(b, text)
		if r.Status != 400 || !strings.Contains(webtest.Text(t, r), want) || strings.Contains(r.Body, "supersec") {
			t.Errorf("%.40q: %d %s", text, r.Status, webtest.Text(t, r))
		}
	}
	if r := b.Do("POST", "/docs/try", "request=GET+/2.0/user", "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "cross-site"); r.Status != http.StatusForbidden {
		t.Errorf("from another website: %d", r.Status)
	}
	if r := b.Get("/docs/try?request=GET+/2.0/user+supersecretvalue"); strings.Contains(r.Body, "supersec") || strings.Contains(r.Body, "The decision") {
		t.Error("the query is looked at")
	}
	w := s.World()
	signedIn := webtest.As(s, w.Admin)
	if r := signedIn.Post("/docs/try", url.Values{"request": {"GET /2.0/user"}}); r.Status != http.StatusForbidden {
		t.Errorf("without the session's token: %d", r.Status)
	}
	if r := try(signedIn, "GET /2.0/user"); r.Status != 200 || strings.Contains(webtest.Text(t, r), "would let it in") {
		t.Errorf("the visitor's own session counts for what was pasted: %d", r.Status)
	}
}

// TestTryLooksAtNothingOfTheServer: no variable and no file of the server's gets into what is looked at, and nothing is
// run, however a text asks for it.
func TestTryLooksAtNothingOfTheServer(t *testing.T) {
	s := pailtest.Start(t, pailtest.Options{})
	b := webtest.Open(s)
	dir := t.TempDir()
	inside := token.Mint(token.APIToken) // of a token the first characters are shown, so that it would be seen
	t.Setenv("PAIL_CANARY", inside)
	t.Setenv("HOME", dir)
	t.Setenv("HTTPS_PROXY", "http://"+inside+":x@127.0.0.1:1")
	t.Chdir(dir)
	for name, text := range map[string]string{
		".netrc": "machine api.bitbucket.org login " + inside + " password " + inside + "\n", ".curlrc": "user = " + inside + ":" + inside + "\n",
		"headers": "Authorization: Bearer " + inside + "\n", "config": "user = " + inside + ":x\n", inside: inside,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ran := filepath.Join(dir, "ran")
	const to = " https://api.bitbucket.org/2.0/user"
	for _, text := range []string{
		`curl -u "a:$PAIL_CANARY"` + to, `curl -u "a:${PAIL_CANARY}"` + to, `curl -u "a:${PAIL_CANARY:-x}"` + to, `curl -H "X: ${!PAIL@}"` + to, `curl -u a:$(printenv PAIL_CANARY)` + to,
		"curl -H @headers" + to, "curl -H @" + dir + "/headers" + to, "curl -K config" + to, "curl -K " + dir + "/config" + to, "curl --config=config" + to, "curl -n" + to, "curl --netrc-file .netrc" + to,
		"curl --variable %PAIL_CANARY --expand-user a:{{PAIL_CANARY}}" + to, "curl --variable x@headers --expand-header {{x}}" + to, "curl -u a:$(cat headers)" + to, "curl -u a:$(<headers)" + to,
		"curl -u a:`cat headers`" + to, "curl -H @<(cat headers)" + to, "curl -H @-" + to + " < headers", "cat headers | curl -H @-" + to, "curl -u a:*" + to, "curl -u a:ATAT*" + to, "curl -u a:~" + to,
		"curl -d @headers" + to, "curl -u a:$(touch " + ran + ")" + to, "curl -u a:$(echo x > " + ran + ")" + to, "curl -u a:$(/bin/touch " + ran + ")" + to, "echo x > " + ran + "; curl -u a:b" + to, "touch " + ran + "; curl -u a:b" + to, "curl -u a:`touch " + ran + "`" + to, "curl" + to + " > " + ran, "curl -o " + ran + to, "curl -D " + ran + to,
		"eval 'touch " + ran + "'; curl -u a:b" + to, "bash -c 'touch " + ran + "; curl -u a:b" + to + "'", "A=$(touch " + ran + ") curl -u a:b" + to, "source headers; curl -u a:b" + to, ". ./config; curl -u a:b" + to,
		"read X < headers; curl -u a:$X" + to, "mapfile X < headers; curl -u a:$X" + to, "X=(*); curl -u a:${X[@]}" + to, "curl -u a:$(( $(touch " + ran + ") ))" + to, "git clone https://$(cat headers)@bitbucket.org/a/b.git", "curl -K - <<< \"$(cat config)\"" + to,
	} {
		r := try(b, text)
		if strings.Contains(r.Body, inside[:10]) {
			t.Errorf("%s shows what is inside of the server: %s", text, webtest.Text(t, r))
		}
		if _, err := os.Stat(ran); err == nil {
			t.Fatalf("%s was run", text)
		}
	}
}

// TestTryTellsNoSecret: whatever is pasted where, no secret is in the answer beyond its first characters.
func TestTryTellsNoSecret(t *testing.T) {
	var w *pailtest.World
	var b *webtest.Browser
	var good string
	fresh := func() {
		w = pailtest.Start(t, pailtest.Options{}).World()
		b = webtest.Open(w.Server)
		_, good = w.APIToken(w.Admin, "read:user")
	}
	fresh()
	rapid.Check(t, func(rt *rapid.T) {
		secret := rapid.OneOf(rapid.Just(good), rapid.Custom(func(rt *rapid.T) string {
			return "ATATT3xFfGF0" + rapid.StringMatching(`[A-Za-z0-9_-]{60,171}`).Draw(rt, "tail") + "=0123ABCD"
		}), rapid.Custom(func(rt *rapid.T) string { return good[:rapid.IntRange(30, len(good)).Draw(rt, "length")] })).Draw(rt, "secret")
		pair := base64.StdEncoding.EncodeToString([]byte(w.Admin.Email + ":" + secret))
		form := rapid.SampledFrom([]string{
			"curl -u %[2]s:%[1]s %[4]s/2.0/user", "curl -u %[1]s: %[4]s/2.0/user", "curl -u %[1]s %[4]s/2.0/user", "curl -H 'Authorization: Bearer %[1]s' %[4]s/2.0/user", "curl -H 'Authorization: %[1]s' %[4]s/2.0/user",
			"curl -H 'Authorization: Basic %[3]s' %[4]s/2.0/user", "curl '%[4]s/2.0/user?access_token=%[1]s'", "curl %[4]s/2.0/workspaces/%[1]s", "curl -u a:b %[4]s/2.0/repositories/%[1]s/%[1]s", "curl %[4]s/%[1]s",
			"curl --%[1]s %[4]s/2.0/user", "TOKEN=%[1]s; curl -u \"$TOKEN\" %[4]s/2.0/$TOKEN", "GET /2.0/user\nAuthorization: Bearer %[1]s", "GET /2.0/%[1]s\nAuthorization: Basic %[3]s", "GET /2.0/user\n%[1]s: x", "GET /2.0/user\nAuthorization: Bearer a\n%[1]s",
			"GET https://%[1]s/2.0/user", "git clone http://x-token-auth:%[1]s@%[5]s/acme/widgets.git", "git clone http://%[1]s@%[5]s/acme/widgets.git", "git clone http://%[2]s:%[1]s@%[5]s/%[1]s/x.git",
			"curl -H '%[1]s' %[4]s/2.0/user", "curl -X %[1]s %[4]s/2.0/user", "curl -H 'Authorization: %[1]s %[1]s' %[4]s/2.0/user", "curl -u '%[2]s:%[1]s' https://%[1]s.example.com/2.0/user", "wget %[1]s", "curl -u '%[2]s:%[1]s",
		}).Draw(rt, "form")
		if r := b.Post("/docs/try", url.Values{"request": {"GET /2.0/user"}}); r.Status == http.StatusTooManyRequests {
			fresh() // it has had enough of secrets that nobody has
		}
		text := fmt.Sprintf(form, secret, w.Admin.Email, pair, w.URL, strings.TrimPrefix(w.URL, "http://"))
		r := b.Post("/docs/try", url.Values{"request": {text}})
		if told(r.Body, secret) || told(r.Body, pair) {
			rt.Fatalf("%s\n%s", text, webtest.Text(t, r))
		}
		if r.Status != 200 && r.Status != 400 {
			rt.Fatalf("%d for %s", r.Status, text)
		}
	})
}

// TestTryIsThrottled: an address that sends secrets which nobody has is slowed down; one that sends its own is not.
func TestTryIsThrottled(t *testing.T) {
	w := pailtest.Start(t, pailtest.Options{}).World()
	b := webtest.Open(w.Server)
	_, secret := w.APIToken(w.Admin, "read:user")
	send := func(secret string) webtest.Reply {
		return b.Post("/docs/try", url.Values{"request": {"GET /2.0/user\nAuthorization: Bearer " + secret}})
	}
	for range 60 {
		if r := send(secret); r.Status != 200 {
			t.Fatalf("one's own: %d", r.Status)
		}
	}
	tries := 0
	for ; tries < 100; tries++ {
		if r := send(token.Mint(token.APIToken)); r.Status == http.StatusTooManyRequests {
			if r.Header.Get("Retry-After") == "" || r.Header.Get("X-Pail-Reason") != "rate.limited" {
				t.Errorf("%v", r.Header)
			}
			break
		}
	}
	if tries != 50 {
		t.Errorf("slowed down after %d", tries)
	}
	if r := send(secret); r.Status != http.StatusTooManyRequests {
		t.Errorf("what is known is answered in between: %d", r.Status)
	}
}
