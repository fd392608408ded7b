package rest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pailforge/pail/internal/reason"
)

// TestBareGivesNothingAway renders every reason there is, with all that an error can carry, both ways. A new reason is
// in this test by being in the table.
func TestBareGivesNothingAway(t *testing.T) {
	const own = "https://pail.example"
	explained, bare := &API{URLs: URLs{Base: own}}, &API{URLs: URLs{Base: own}, Bare: true}
	unauthorized := map[string]reason.Code{}
	for _, r := range reason.All() {
		if r.Status == 0 {
			continue // no server answers with it
		}
		t.Run(string(r.Code), func(t *testing.T) {
			e := Refuse(r.Code, "Our own detail, which names ada@example.org.").With("missing", "ada").With("also", []any{r.Code}).
				WithHeader("X-Pail-Hint", "ada").WithHeader("WWW-Authenticate", "Ours").WithHeader("Retry-After", "7")
			if status, header, body := explained.Render(e, "id"); status != r.Status || header.Get("X-Pail-Reason") != string(r.Code) || !bytes.Contains(body, []byte(r.Code)) {
				t.Errorf("explained: %d %v %s", status, header, body)
			}
			status, header, body := bare.Render(e, "id")
			var all strings.Builder
			_ = header.Write(&all)
			all.Write(body)
			for _, hint := range []string{string(r.Code), "ail.example", "X-Pail", "x-pail", "Our own", "ada", "request_id", "reason", "fix", "Ours"} {
				if strings.Contains(all.String(), hint) {
					t.Errorf("bare: %q in %s", hint, all.String())
				}
			}
			if status != r.Status || header.Get("Retry-After") != "7" {
				t.Errorf("bare: %d %v", status, header)
			}
			if empty := r.Code == reason.HeaderLineBreak || r.Code == reason.HeaderControlCharacter || r.Code == reason.HeaderMalformed; empty != (len(body) == 0) {
				t.Errorf("bare: the body is %q", body)
			} else if !empty && !json.Valid(body) {
				t.Errorf("bare: the body is no JSON: %q", body)
			}
			if (header.Get("WWW-Authenticate") == bareChallenge) != (status == http.StatusUnauthorized) {
				t.Errorf("bare: %d with the challenge %q", status, header.Get("WWW-Authenticate"))
			}
			if status == http.StatusUnauthorized {
				unauthorized[all.String()] = r.Code
			}
		})
	}
	if len(unauthorized) != 1 {
		t.Errorf("bare: causes of a 401 can be told apart: %v", unauthorized)
	}
}

// TestBareBodies compares with what was recorded of Bitbucket Cloud, byte for byte.
func TestBareBodies(t *testing.T) {
	const announced = `{"announcement_url":"https://developer.atlassian.com/cloud/bitbucket/changelog#CHANGE-2770"}`
	missing := Refuse(reason.ScopeMissing, "").With("missing", []string{"read:webhook:bitbucket"})
	missing.Detail = map[string]any{"required": []string{"read:webhook:bitbucket"}, "granted": []string{"read:repository:bitbucket"}}
	ended := Refuse(reason.AppPasswordDisabled, "")
	ended.Plain = &Plain{401, "App passwords are deprecated and must be replaced with API tokens."}
	stray := Refuse(reason.PathUnknown, "ours")
	stray.Plain = &Plain{403, "Forbidden"}
	for _, c := range []struct {
		e      *Error
		status int
		body   string
	}{
		{Refuse(reason.TokenExpired, "ours"), 401, `{"type":"error","error":{"message":"Token is invalid, expired, or not supported for this endpoint."}}`},
		{missing, 403, `{"type":"error","error":{"message":"Your credentials lack one or more required privilege scopes.","detail":{"granted":["read:repository:bitbucket"],"required":["read:webhook:bitbucket"]}}}`},
		{Refuse(reason.PathDataCenter, "ours"), 404, `{"type":"error","error":{"message":"Resource not found","detail":"There is no API hosted at this URL.\n\nFor information about our API's, please refer to the documentation at: https://developer.atlassian.com/bitbucket/api/2/reference/"}}`},
		{Refuse(reason.PathRemoved, "ours").With("announcement_url", "https://developer.atlassian.com/cloud/bitbucket/changelog#CHANGE-2770").With("replacement", "ours"), 410,
			`{"type":"error","error":{"message":"CHANGE-2770 - Functionality has been deprecated","detail":"Please read the changelog entry for more details.","data":` + announced + `},"data":` + announced + `}`},
		{ended, 401, `{"type":"error","error":{"message":"App passwords are deprecated and must be replaced with API tokens."}}`},
		{stray, 403, `{"type":"error","error":{"message":"Forbidden"}}`},
		{Refuse(reason.OperationNotServed, "ours").With("operation", "ours"), 501, `{"type":"error","error":{"message":"Not Implemented"}}`},
		{Refuse(reason.RateLimited, "ours"), 429, `{"type":"error","error":{"message":"Rate limit for this resource has been exceeded"}}`},
		{InvalidField("key", "taken"), 400, `{"type":"error","error":{"message":"key: taken","fields":{"key":["taken"]}}}`},
		{Fault(http.ErrBodyNotAllowed), 500, `{"type":"error","error":{"message":"Something went wrong"}}`},
		{Refuse(reason.HeaderLineBreak, "ours"), 400, ""},
	} {
		status, header, body := (&API{Bare: true}).Render(c.e, "id")
		if diff := cmp.Diff(c.body, strings.TrimSuffix(string(body), "\n")); diff != "" || status != c.status {
			t.Errorf("%s: %d, want %d: %s", c.e.Reason, status, c.status, diff)
		}
		if (header.Get("Content-Type") == "") != (c.body == "") {
			t.Errorf("%s: %v", c.e.Reason, header)
		}
	}
}
