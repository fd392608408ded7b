package doctor

import (
	"bytes"
	"encoding/json"
	"mime"
	"strings"

	"github.com/pailforge/pail/internal/reason"
)

// answered is what an answer tells.
type answered struct {
	*Answer
	seenHeaders bool
	authentic   bool // X-OAuth-Scopes is there: the credential was accepted
	anonymous   bool // headers were seen, and it is not there
	pail        bool
	html        bool

	message  string // error.message, or the whole text
	detail   string // error.detail when it is a text
	required []string
	granted  []string
	code     reason.Code   // what an explained answer says itself
	beside   []reason.Code // what else it names: the state of the credential, further faults
	change   string        // "CHANGE-2770"
}

func readAnswered(a *Answer) *answered {
	if a == nil {
		return nil
	}
	r := &answered{Answer: a, seenHeaders: len(a.Header) > 0}
	_, r.authentic = a.Header["X-Oauth-Scopes"]
	r.anonymous = r.seenHeaders && !r.authentic
	for name := range a.Header {
		r.pail = r.pail || strings.HasPrefix(name, "X-Pail-")
	}
	if code := reason.Code(a.Header.Get("X-Pail-Reason")); code != "" {
		if _, ok := reason.Lookup(code); ok {
			r.code = code
		}
	}
	kind, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type"))
	body := bytes.TrimSpace(a.Body)
	r.html = kind == "text/html" || bytes.HasPrefix(bytes.ToLower(body[:min(len(body), 15)]), []byte("<!doctype html")) || bytes.HasPrefix(bytes.ToLower(body[:min(len(body), 5)]), []byte("<html"))
	r.readBody(body)
	if r.authentic && r.granted == nil {
		r.granted = scopeNames(a.Header.Get("X-Oauth-Scopes"))
	}
	return r
}

func scopeNames(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// readBody reads Bitbucket's and Pail's form of an error, OAuth's, and plain text.
func (r *answered) readBody(body []byte) {
	var whole struct {
		Error            json.RawMessage `json:"error"`
		ErrorDescription string          `json:"error_description"`
		Detail           string          `json:"detail"` // Pail's, like the reason
		Reason           reason.Code     `json:"reason"`
	}
	if json.Unmarshal(body, &whole) != nil {
		if !r.html {
			r.message = string(body[:min(len(body), 2048)])
		}
		r.change = changeOf(r.message)
		return
	}
	var inner struct {
		Message string          `json:"message"`
		Detail  json.RawMessage `json:"detail"`
		Data    struct {
			Reason     reason.Code `json:"reason"`
			Credential reason.Code `json:"credential"` // a kind of credential in some answers, a reason in others
			Also       []struct {
				Reason reason.Code `json:"reason"`
			} `json:"also"`
		} `json:"data"`
	}
	if json.Unmarshal(whole.Error, &inner) != nil {
		var word string
		if json.Unmarshal(whole.Error, &word) == nil {
			r.message = strings.TrimSpace(word + " " + whole.ErrorDescription)
		}
		if _, ok := reason.Lookup(whole.Reason); ok {
			r.code, r.pail, r.detail = whole.Reason, true, whole.Detail
		}
		return
	}
	r.message = inner.Message
	var scopes struct{ Required, Granted []string }
	if json.Unmarshal(inner.Detail, &r.detail) != nil && json.Unmarshal(inner.Detail, &scopes) == nil {
		r.required, r.granted = scopes.Required, scopes.Granted
		r.authentic = r.authentic || len(scopes.Required) > 0 // scopes are compared once the caller is known
		r.anonymous = r.anonymous && !r.authentic
	}
	if _, ok := reason.Lookup(inner.Data.Reason); ok {
		r.code, r.pail = inner.Data.Reason, true
		r.name(inner.Data.Credential)
		for _, other := range inner.Data.Also {
			r.name(other.Reason)
		}
	}
	r.change = changeOf(r.message)
}

// name notes a reason that the answer names beside its own.
func (r *answered) name(code reason.Code) {
	if _, ok := reason.Lookup(code); ok {
		r.beside = append(r.beside, code)
	}
}

// changeOf finds the entry of Bitbucket's changelog that a text names.
func changeOf(text string) string {
	_, after, ok := strings.Cut(text, "CHANGE-")
	if !ok {
		return ""
	}
	n := 0
	for n < len(after) && n < 5 && '0' <= after[n] && after[n] <= '9' {
		n++
	}
	if n == 0 {
		return ""
	}
	return "CHANGE-" + after[:n]
}
