package wire

import (
	"encoding/json"
	"net/http"

	"github.com/pailforge/pail/internal/reason"
)

// JSON answers in the form of every error of the API, with what is known about
// the cause. base is the external base URL of the server without a slash at its
// end; it may be empty, then links are paths.
func JSON(base string) func(Rejection) (int, http.Header, []byte) {
	type data struct {
		Reason    reason.Code `json:"reason"`
		Doc       string      `json:"doc"`
		RequestID string      `json:"request_id"`
		Header    string      `json:"header,omitempty"`
		Lines     int         `json:"lines,omitempty"`
		Why       string      `json:"why"`
		Fix       []string    `json:"fix"`
	}
	type detail struct {
		Message string `json:"message"`
		Detail  string `json:"detail"`
		Data    data   `json:"data"`
	}
	type body struct {
		Type  string `json:"type"`
		Error detail `json:"error"`
	}
	return func(r Rejection) (int, http.Header, []byte) {
		words := reason.Of(r.Code)
		text := r.Detail
		if text == "" {
			text = words.Why
		}
		// Encoding a value of these types cannot fail.
		b, _ := json.Marshal(body{"error", detail{
			Message: words.Message,
			Detail:  text,
			Data: data{
				Reason: r.Code, Doc: base + r.Code.DocPath(), RequestID: r.RequestID,
				Header: r.Header, Lines: r.Lines, Why: words.Why, Fix: words.Steps(base),
			},
		}})
		return r.Status, http.Header{
			"Content-Type":  {"application/json"},
			"X-Request-Id":  {r.RequestID},
			"X-Pail-Reason": {string(r.Code)},
		}, b
	}
}

// Bare answers as Bitbucket Cloud does: the status, and no body.
func Bare(r Rejection) (int, http.Header, []byte) {
	return r.Status, http.Header{"X-Request-Id": {r.RequestID}}, nil
}
