package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/outbound"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"pgregory.net/rapid"
)

// TestSecretStaysHidden: whatever prints, logs or encodes a webhook does not tell its secret.
func TestSecretStaysHidden(t *testing.T) {
	h := Hook{URL: "https://ci.example/", secret: newSecret("hush-hush")}
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, nil))
	log.Info("hook", "secret", h.secret, "hook", h)
	slog.New(slog.NewTextHandler(&out, nil)).Info("hook", "secret", h.secret, "hook", h)
	encoded, err := json.Marshal(map[string]any{"secret": h.secret, "hook": h})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&out, "%v %+v %#v %s %q %v %s", h, h, h, h.secret, h.secret, &h, encoded)
	if strings.Contains(out.String(), "hush") || strings.Contains(out.String(), "68757368") {
		t.Errorf("%s", &out)
	}
	// RFC 4231, test case 2.
	if got := secret("Jefe").sign("what do ya want for nothing?"); got != "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" {
		t.Errorf("the signature is %s", got)
	}
}

// TestAttempt: what of one attempt counts, what is tried again, and what is kept of it.
func TestAttempt(t *testing.T) {
	guard, err := outbound.New([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	room := &Room{Out: guard, Now: time.Now}
	led := 0
	answers := map[string]http.HandlerFunc{
		"/redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/led", http.StatusTemporaryRedirect)
		},
		"/led": func(http.ResponseWriter, *http.Request) { led++ },
		"/large": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Large", strings.Repeat("h", 3000))
			w.WriteHeader(404)
			_, _ = io.Copy(w, io.LimitReader(zeros{}, 64<<20)) // nobody reads it all
		},
		"/bytes": func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("a\x00b\xff")) },
		"/break": func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) },
		"/hang":  func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	}
	for _, status := range []int{200, 202, 204, 299, 300, 304, 400, 401, 404, 408, 410, 429, 500, 502, 503, 599} {
		answers[fmt.Sprintf("/%d", status)] = func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(status) }
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		answers[r.URL.Path](w, r)
	})
	plain, secure := httptest.NewServer(handler), httptest.NewTLSServer(handler)
	secure.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	defer plain.Close()
	defer secure.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + closed.Addr().String() + "/"
	_ = closed.Close()

	for _, c := range []struct {
		url    string
		state  State
		status int
		reason reason.Code
		says   string
	}{
		{plain.URL + "/200", Delivered, 200, "", ""}, {plain.URL + "/202", Delivered, 202, "", ""}, {plain.URL + "/204", Delivered, 204, "", ""}, {plain.URL + "/299", Delivered, 299, "", ""},
		{plain.URL + "/redirect", Failed, 307, reason.WebhookAnswer, "redirects are not followed"}, {plain.URL + "/300", Failed, 300, reason.WebhookAnswer, "300"}, {plain.URL + "/304", Failed, 304, reason.WebhookAnswer, "304"},
		{plain.URL + "/400", Failed, 400, reason.WebhookAnswer, "400"}, {plain.URL + "/401", Failed, 401, reason.WebhookAnswer, "401"}, {plain.URL + "/404", Failed, 404, reason.WebhookAnswer, "404"}, {plain.URL + "/410", Failed, 410, reason.WebhookAnswer, "410"},
		{plain.URL + "/408", Waiting, 408, reason.WebhookAnswer, "408"}, {plain.URL + "/429", Waiting, 429, reason.WebhookAnswer, "429"},
		{plain.URL + "/500", Waiting, 500, reason.WebhookAnswer, "500"}, {plain.URL + "/502", Waiting, 502, reason.WebhookAnswer, "502"}, {plain.URL + "/503", Waiting, 503, reason.WebhookAnswer, "503"}, {plain.URL + "/599", Waiting, 599, reason.WebhookAnswer, "599"},
		{plain.URL + "/large", Failed, 404, reason.WebhookAnswer, "404"}, {plain.URL + "/bytes", Delivered, 200, "", ""},
		{plain.URL + "/break", Waiting, 0, reason.WebhookUnreachable, "broke off"}, {plain.URL + "/hang?token=hush", Waiting, 0, reason.WebhookTimeout, "10 seconds"},
		{nobody, Waiting, 0, reason.WebhookUnreachable, "refused"}, {secure.URL + "/200", Waiting, 0, reason.WebhookUnreachable, "certificate is not valid"}, {strings.Replace(plain.URL, "http", "https", 1), Waiting, 0, reason.WebhookUnreachable, "does not speak TLS"},
		{"http://10.0.0.1/?token=hush", Failed, 0, reason.WebhookAddressForbidden, "rule private"}, {"ftp://x/", Failed, 0, reason.WebhookAddressForbidden, "rule scheme"}, {"http://127.0.0.1:22/", Failed, 0, reason.WebhookAddressForbidden, "rule port"},
	} {
		for attempts := range 3 {
			limit := time.Minute
			if strings.Contains(c.url, "hang") {
				limit = 10 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(context.Background(), limit)
			d := Delivery{HookID: "hook", ID: "id", Event: "repo:push", Body: "{}", Attempts: attempts, AnswerBody: "old", Problem: "old"}
			before := time.Now()
			room.attempt(ctx, guard.Client(), &d, &Hook{URL: c.url})
			cancel()
			want := c.state
			if want == Waiting && attempts == 2 {
				want = Failed
			}
			if d.State != want || d.Status != c.status || d.Reason != c.reason || !strings.Contains(d.Problem, c.says) || (c.says == "") != (d.Problem == "") || d.Attempts != attempts+1 || d.URL != c.url {
				t.Errorf("%s, attempt %d: %+v", c.url, attempts+1, d)
			}
			if d.State == Waiting && d.Due.Before(before.Add(retries[attempts])) {
				t.Errorf("%s is due %s after attempt %d", c.url, d.Due.Sub(before), attempts+1)
			}
			if strings.Contains(d.Problem, "hush") || len(d.AnswerHead) > maxAnswerHead || len(d.AnswerBody) > 3*maxAnswerBody || strings.Contains(d.AnswerBody, "old") {
				t.Errorf("%s: %s %s", c.url, d.Problem, d.AnswerBody)
			}
			if strings.HasSuffix(c.url, "/bytes") && d.AnswerBody != "a�b�" {
				t.Errorf("%q", d.AnswerBody)
			}
		}
	}
	if led > 0 {
		t.Error("a redirect was followed")
	}
}

// zeros reads as zero bytes without an end.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// TestTurns: however hosts come and go, no more attempts are made at once than there may be, of all and of each host.
func TestTurns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &worker{hosts: map[string]int{}}
		running := map[string]int{}
		all := 0
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			host := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"}).Draw(t, "host")
			if rapid.Bool().Draw(t, "take") {
				ok := w.take(host)
				if ok != (all < maxAtOnce && running[host] < maxPerHost) {
					t.Fatalf("%d run, %d of %s, and one more: %v", all, running[host], host, ok)
				}
				if ok {
					running[host]++
					all++
				}
			} else if running[host] > 0 {
				w.leave(host)
				running[host]--
				all--
			}
			busy, free := w.slots()
			if free != maxAtOnce-all {
				t.Fatalf("%d are free, and %d run", free, all)
			}
			for host, n := range running {
				listed := false
				for _, b := range busy {
					listed = listed || b == host
				}
				if listed != (n == maxPerHost) {
					t.Fatalf("%d of %s run; busy: %v", n, host, busy)
				}
			}
		}
	})
}

// FuzzURL: what may be a webhook's is a URL that the guard lets through, and a refusal does not repeat it.
func FuzzURL(f *testing.F) {
	for _, seed := range []string{"https://ci.example/", "http://127.0.0.1/", "https://u:p@h/", "https://a b/", "https://%zz/", "http://[::1]:80/", "HTTPS://CI.EXAMPLE:8443/x?y#z"} {
		f.Add(seed)
	}
	var guard outbound.Guard
	f.Fuzz(func(t *testing.T, text string) {
		h := Hook{}
		err := Change{URL: &text}.apply(&h, ofRepository, &guard)
		if err == nil {
			if h.URL != text || host(text) == "" || len(text) > maxURL || strings.ContainsAny(text, " \n\x00") {
				t.Errorf("%q is taken", text)
			}
			return
		}
		refusal, ok := errors.AsType[*rest.Error](err)
		if !ok || refusal.Status != 400 || len(refusal.Fields["url"]) != 1 || len(text) > 20 && strings.Contains(fmt.Sprint(refusal.Message, refusal.Detail), text) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
