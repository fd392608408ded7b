package contract

import (
	"net/http"
	"strings"
	"testing"
)

// TestBare: what a bare server may say, and each thing that it may not.
func TestBare(t *testing.T) {
	const badToken = `{"type":"error","error":{"message":"Token is invalid, expired, or not supported for this endpoint."}}`
	for _, a := range []struct {
		name      string
		status    int
		header    string // beside Content-Type
		body      string
		malformed bool
		says      string // "" when all is well
	}{
		{"refused", 401, "", badToken, false, ""},
		{"malformed header", 400, "", "", true, ""},
		{"removed", 410, "", `{"type":"error","error":{"message":"m","data":{"announcement_url":"u"}},"data":{"announcement_url":"u"}}`, false, ""},
		{"scopes", 403, "", `{"type":"error","error":{"message":"m","detail":{"required":[]}}}`, false, ""},

		{"a body for a malformed header", 400, "", badToken, true, "with a body"},
		{"no body without cause", 400, "", "", false, "without a body"},
		{"no body with another status", 401, "", "", true, "without a body"},
		{"our header", 401, "X-Pail-Reason: nothing", badToken, false, "the header X-Pail-Reason"},
		{"a reason in a header", 401, "X-Why: token.expired", badToken, false, `"token.expired"`},
		{"a reason in the body", 401, "", strings.Replace(badToken, "expired", "token.expired", 1), false, `"token.expired"`},
		{"our name", 401, "", strings.Replace(badToken, "Token", "Pail", 1), false, `"Pail"`},
		{"data", 401, "", `{"type":"error","error":{"message":"m","data":{"x":1}}}`, false, "with data"},
		{"data outside", 404, "", `{"type":"error","error":{"message":"m"},"data":{"x":1}}`, false, "with data"},
		{"a detail", 401, "", `{"type":"error","error":{"message":"m","detail":"d"}}`, false, "with a detail"},
		{"no JSON", 401, "", "<p>", false, "not JSON"},
	} {
		h := http.Header{"Content-Type": {jsonType}}
		if name, value, ok := strings.Cut(a.header, ": "); ok {
			h.Set(name, value)
		}
		if err := Bare(a.status, h, []byte(a.body), a.malformed); (err == nil) != (a.says == "") || err != nil && !strings.Contains(err.Error(), a.says) {
			t.Errorf("%s: %v, want %q", a.name, err, a.says)
		}
	}
}
