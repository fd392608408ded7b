package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/pailforge/pail/internal/outbound"
	"github.com/pailforge/pail/internal/reason"
)

// Limits of one attempt: how long it takes from the beginning to the end of the answer, and how much of the answer is read and
// kept, in bytes.
const (
	attemptTime   = 10 * time.Second
	maxAnswerHead = 2 << 10
	maxAnswerBody = 4 << 10
)

// userAgent is how Pail introduces itself to receivers.
const userAgent = "Pail-Webhooks/2.0"

// Headers are what a delivery is sent with, in order, but for the signature (Bitbucket Cloud, "Event payloads").
func (d *Delivery) Headers(attempt int) [][2]string {
	return [][2]string{{"Content-Type", "application/json"}, {"User-Agent", userAgent}, {"X-Event-Key", d.Event}, {"X-Hook-UUID", d.HookID},
		{"X-Request-UUID", d.ID}, {"X-Attempt-Number", strconv.Itoa(attempt)}}
}

// sign is the value of X-Hub-Signature: the body's HMAC (RFC 2104) with SHA-256, in hexadecimal digits.
func (s secret) sign(body string) string {
	mac := hmac.New(sha256.New, []byte(s))
	_, _ = io.WriteString(mac, body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// attempt sends d to h once, and writes into d what came of it. Where it is to be sent again, d waits.
func (room *Room) attempt(ctx context.Context, client *http.Client, d *Delivery, h *Hook) {
	begun := room.Now()
	d.URL, d.Attempted, d.Status, d.Reason, d.Problem, d.AnswerHead, d.AnswerBody = h.URL, begun, 0, "", "", "", ""
	clock := time.Now()
	again := room.call(ctx, client, d, h)
	d.Duration = time.Since(clock)
	d.Attempts++
	switch {
	case d.Reason == "":
		d.State = Delivered
	case again && d.Attempts <= len(retries):
		d.State, d.Due = Waiting, room.Now().Add(retries[d.Attempts-1])
	default:
		d.State = Failed
	}
}

// call makes the request. again tells whether a failure may pass by itself.
func (room *Room) call(ctx context.Context, client *http.Client, d *Delivery, h *Hook) (again bool) {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, strings.NewReader(d.Body))
	if err != nil {
		d.Reason, d.Problem = reason.WebhookUnreachable, "The URL cannot be read."
		return false
	}
	for _, header := range d.Headers(d.Attempts + 1) {
		r.Header[http.CanonicalHeaderKey(header[0])] = []string{header[1]}
	}
	if h.secret != nil {
		r.Header.Set("X-Hub-Signature", h.secret.sign(d.Body))
	}
	answer, err := client.Do(r)
	if err != nil {
		return d.unanswered(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswerBody))
	d.Status, d.AnswerHead, d.AnswerBody = answer.StatusCode, head(answer.Header), storable(string(body), maxAnswerBody)
	switch {
	case d.Status/100 == 2: // how the answer ends does not matter
		return false
	case err != nil:
		return d.unanswered(err)
	case d.Status/100 == 3:
		d.Reason, d.Problem = reason.WebhookAnswer, fmt.Sprintf("The receiver answered %d, and redirects are not followed.", d.Status)
		return false
	}
	d.Reason, d.Problem = reason.WebhookAnswer, fmt.Sprintf("The receiver answered %d.", d.Status)
	return d.Status >= 500 || d.Status == http.StatusRequestTimeout || d.Status == http.StatusTooManyRequests
}

// unanswered says why there is no answer. The errors themselves are not told: they quote the URL, and name the server's own
// resolver and the addresses that it found.
func (d *Delivery) unanswered(err error) (again bool) {
	if refusal, ok := errors.AsType[*outbound.Refusal](err); ok {
		d.Reason, d.Problem = reason.WebhookAddressForbidden, fmt.Sprintf("The address that the host leads to is not called: %s (rule %s).", refusal.Rule, string(refusal.Rule))
		return false
	}
	d.Reason = reason.WebhookUnreachable
	var timeout net.Error
	lookup, noName := errors.AsType[*net.DNSError](err)
	certificate, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case noName && lookup.IsNotFound:
		d.Problem = "There is no such host name."
	case noName:
		d.Problem = "The host name could not be looked up."
	case untrusted:
		d.Problem = "The receiver's certificate is not valid: " + storable(certificate.Err.Error(), 300) + "."
	case errors.Is(err, http.ErrSchemeMismatch):
		d.Problem = "The receiver does not speak TLS there. Is it http, and not https?"
	case errors.Is(err, syscall.ECONNREFUSED):
		d.Problem = "Nothing listens there: the connection was refused."
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		d.Reason, d.Problem = reason.WebhookTimeout, fmt.Sprintf("The receiver did not answer within %d seconds.", int(attemptTime/time.Second))
	default:
		d.Problem = "The connection broke off before an answer came."
	}
	return true
}

// head is what is kept of the headers of an answer, one a line. Cookies are left out: they are nobody's business.
func head(h http.Header) string {
	var b strings.Builder
	names := make([]string, 0, len(h))
	for name := range h {
		if name != "Set-Cookie" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range h[name] {
			if b.Len() < maxAnswerHead {
				b.WriteString(name + ": " + value + "\n")
			}
		}
	}
	return storable(b.String(), maxAnswerHead)
}

// storable is text as far as it is kept, and as both databases take it: UTF-8 without zero bytes.
func storable(text string, limit int) string {
	if len(text) > limit {
		text = text[:limit]
	}
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", "�"), "�")
}
