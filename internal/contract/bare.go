package contract

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/pailforge/pail/internal/reason"
)

// Bare tells what an answer of status 400 or above from a bare server gives away, or nil. It may hold what Bitbucket
// Cloud itself sends and nothing of Pail's: no header of ours, no reason, no data but the announcement of a removed
// operation, no detail but Bitbucket's own. A body is missing only with 400, and only when the request's header was
// malformed.
func Bare(status int, header http.Header, body []byte, malformedHeader bool) error {
	for name, values := range header {
		for _, v := range values {
			if hint := foreign(name + ": " + v); hint != "" {
				return fmt.Errorf("the header %s holds %q", name, hint)
			}
		}
	}
	if len(body) == 0 {
		if status != http.StatusBadRequest || !malformedHeader {
			return fmt.Errorf("%d without a body: only 400 for a malformed header has none", status)
		}
		return nil
	}
	if malformedHeader {
		return fmt.Errorf("%d with a body for a malformed header", status)
	}
	if hint := foreign(string(body)); hint != "" {
		return fmt.Errorf("the body holds %q", hint)
	}
	if oauth, err := bareOAuth(body); oauth {
		return err
	}
	var answer struct {
		Error map[string]json.RawMessage `json:"error"`
		Data  map[string]any             `json:"data"`
	}
	if !strings.HasPrefix(header.Get("Content-Type"), jsonType) {
		return nil // git's lines
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("the body is not JSON: %w", err)
	}
	var data map[string]any
	_ = json.Unmarshal(answer.Error["data"], &data) // nil without one
	if removed := status == http.StatusGone; len(data) > 0 != removed || len(answer.Data) > 0 != removed {
		return fmt.Errorf("%d with data: %s", status, body)
	}
	if _, there := answer.Error["detail"]; there && status != http.StatusForbidden && status != http.StatusNotFound && status != http.StatusGone {
		return fmt.Errorf("%d with a detail: %s", status, body)
	}
	return nil
}

// bareOAuth reports whether body is a refusal in OAuth's form, and what it gives away: anything but its two fields
// (RFC 6749, 5.2).
func bareOAuth(body []byte) (bool, error) {
	var answer map[string]json.RawMessage
	if json.Unmarshal(body, &answer) != nil || !strings.HasPrefix(string(answer["error"]), `"`) {
		return false, nil
	}
	for field := range answer {
		if field != "error" && field != "error_description" {
			return true, fmt.Errorf("a refusal of OAuth with %s", field)
		}
	}
	return true, nil
}

// foreign finds what Bitbucket Cloud would not say in a text.
func foreign(text string) string {
	for _, r := range reason.All() {
		if strings.Contains(text, string(r.Code)) {
			return string(r.Code)
		}
	}
	if i := strings.Index(strings.ToLower(text), "pail"); i >= 0 {
		return text[i : i+len("pail")]
	}
	return ""
}
