package hooks_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/web/webtest"
)

const secret = "do not tell anybody"

// TestWebhook: an owner makes a webhook, sees what was sent to it and what it answered, has it sent again, and deletes it; the
// same for a repository and for a workspace.
func TestWebhook(t *testing.T) {
	for _, list := range []string{"/acme/widgets/settings/webhooks", "/acme/settings/webhooks"} {
		t.Run(list, func(t *testing.T) {
			t.Parallel()
			w := pailtest.Start(t, pailtest.Options{Env: []string{"PAIL_OUTBOUND_ALLOW=127.0.0.1"}}).World()
			calls := make(chan string, 10)
			status := http.StatusForbidden
			receiver := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				rw.Header().Set("Set-Cookie", "session=theirs")
				rw.WriteHeader(status)
				_, _ = fmt.Fprint(rw, "<script>alert(1)</script>"+strings.Repeat("x", 10_000))
				calls <- r.Header.Get("X-Hub-Signature") + string(body)
			}))
			defer receiver.Close()
			b := webtest.As(w.Server, w.Admin)
			if text := webtest.Text(t, b.See(list)); !strings.Contains(text, "There are no webhooks yet") {
				t.Errorf("%s", text)
			}
			if settings := b.See(strings.TrimSuffix(list, "/webhooks")); !strings.Contains(settings.Body, `href="`+list+`"`) {
				t.Error("the settings lead nowhere")
			}
			form := b.See(list + "/new")
			for _, c := range []struct {
				field, value, says string
			}{{"url", "ftp://x/", "Only http and https are called."}, {"url", "http://10.0.0.1/", "It lies in a private network."}, {"url", "", "It is empty."}, {"events", "", "is no event"}, {"description", strings.Repeat("d", 256), "at most 255 characters"}} {
				sent := url.Values{"url": {receiver.URL}, "secret": {secret}, "events": {"repo:push"}}
				sent.Set(c.field, c.value)
				again := b.Submit(form, list+"/new", sent)
				if again.Status != http.StatusBadRequest || !strings.Contains(webtest.Text(t, again), c.says) || strings.Contains(again.Body, secret) {
					t.Errorf("%s of %q: %d %s", c.field, c.value, again.Status, webtest.Text(t, again))
				}
			}
			shown := b.Follow(b.Submit(form, list+"/new", url.Values{"url": {receiver.URL + "/?t=1"}, "description": {"<b>CI"}, "secret": {secret}, "active": {"yes"}, "events": {"repo:push", "repo:fork"}}))
			hook := shown.Path
			if !strings.Contains(shown.Body, "&lt;b&gt;CI") || strings.Contains(shown.Body, secret) || !strings.Contains(webtest.Text(t, shown), "It has not been called yet.") {
				t.Errorf("%s", shown.Body)
			}
			b.Follow(b.Submit(shown, hook, url.Values{"description": {"CI"}})) // the secret stays
			w.Push(1)
			first := <-calls
			if !strings.HasPrefix(first, "sha256=") {
				t.Errorf("it is not signed: %s", first)
			}
			seen := func(number, want string) webtest.Reply {
				t.Helper()
				for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
					if reply := b.Get(hook + "/deliveries/" + number); strings.Contains(webtest.Text(t, reply), want) {
						return reply
					} else if time.Now().After(deadline) {
						t.Fatalf("%s does not say %s", webtest.Text(t, reply), want)
					}
				}
			}
			failed := seen("1", "failed The receiver answered 403.")
			for _, part := range []string{"&lt;script&gt;alert(1)", "X-Request-UUID", `&#34;push&#34;: {`, "/docs/errors/webhook.answer", "Content-Type: "} {
				if !strings.Contains(failed.Body, part) {
					t.Errorf("the delivery does not show %s", part)
				}
			}
			for _, part := range []string{secret, "theirs", "sha256=", strings.Repeat("x", 5000)} {
				if strings.Contains(failed.Body, part) {
					t.Errorf("the delivery shows %.40s", part)
				}
			}
			status = http.StatusNoContent
			overview := b.Follow(b.Submit(failed, hook+"/deliveries/1/again", nil))
			if second := <-calls; second != first {
				t.Errorf("%s was sent again as %s", first, second)
			}
			if !strings.Contains(webtest.Text(t, overview), "403 Forbidden webhook.answer") {
				t.Errorf("%s", webtest.Text(t, overview))
			}
			seen("2", "State delivered")
			b.Follow(b.Submit(b.See(hook), hook, url.Values{"unsigned": {"yes"}}))
			if text := webtest.Text(t, b.See(list)); !strings.Contains(text, "2 events no") {
				t.Errorf("%s", text)
			}

			for who, want := range map[string]int{"member": http.StatusForbidden, "outsider": http.StatusNotFound} {
				account := map[string]*webtest.Browser{"member": webtest.As(w.Server, w.Member), "outsider": webtest.As(w.Server, w.Outsider)}[who]
				for _, path := range []string{list, list + "/new", hook, hook + "/deliveries/1"} {
					if got := account.Get(path).Status; got != want {
						t.Errorf("%s at %s: %d, not %d", who, path, got, want)
					}
				}
				sent := url.Values{"csrf": {webtest.Forms(t, account.See("/account/profile"))[0].Values.Get("csrf")}, "url": {receiver.URL}, "events": {"repo:push"}}
				for _, path := range []string{list + "/new", hook, hook + "/delete", hook + "/deliveries/1/again"} {
					if r := account.Post(path, sent); r.Status != want || r.Header.Get("X-Pail-Reason") == "csrf.missing" {
						t.Errorf("%s posts to %s: %d %s, not %d", who, path, r.Status, r.Header.Get("X-Pail-Reason"), want)
					}
				}
			}
			if nobody := webtest.Open(w.Server).Get(hook); nobody.Status != http.StatusSeeOther {
				t.Errorf("nobody: %d", nobody.Status)
			}
			for _, path := range []string{list + "/1", hook + "/deliveries/9", hook + "/deliveries/x"} {
				if got := b.Get(path).Status; got != http.StatusNotFound {
					t.Errorf("%s: %d", path, got)
				}
			}
			b.Follow(b.Submit(b.See(hook), hook+"/delete", nil))
			if got := b.Get(hook).Status; got != http.StatusNotFound {
				t.Errorf("a deleted webhook: %d", got)
			}
		})
	}
}
