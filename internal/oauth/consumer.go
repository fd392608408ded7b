package oauth

import (
	"net"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/scope"
)

// Consumer is an application that a workspace has registered.
type Consumer struct {
	ID            string
	WorkspaceID   string
	WorkspaceSlug string
	WorkspaceName string
	Key           string // client_id; no secret
	Name          string
	Description   string
	URL           string // where people learn more; may be empty
	CallbackURL   string
	Private       bool // its secret is kept by one program: it may use client credentials
	Scopes        scope.Set
	Created       time.Time
	Updated       time.Time
	SecretMade    time.Time

	secretHash string
}

// Form is what people choose about a consumer.
type Form struct {
	Name        string
	Description string
	URL         string
	CallbackURL string
	Private     bool
	Scopes      []string // legacy names
}

// Bounds of what people may choose.
const (
	MaxConsumers   = 100 // of one workspace
	maxName        = 100
	maxDescription = 1000
	maxURL         = 2000
)

// apply checks f and writes it into c. A *rest.Error names the fields that are wrong.
func (f Form) apply(c *Consumer) error {
	var wrong *rest.Error
	check := func(field, problem string) {
		if problem == "" {
			return
		}
		if wrong == nil {
			wrong = rest.InvalidField(field, problem)
			return
		}
		_ = wrong.Field(field, problem)
	}
	c.Name, c.Description = strings.TrimSpace(f.Name), strings.TrimSpace(f.Description)
	c.URL, c.CallbackURL, c.Private = strings.TrimSpace(f.URL), strings.TrimSpace(f.CallbackURL), f.Private
	if n := utf8.RuneCountInString(c.Name); n == 0 || n > maxName || !text(c.Name, false) {
		check("name", "use 1 to 100 printable characters")
	}
	if utf8.RuneCountInString(c.Description) > maxDescription || !text(c.Description, true) {
		check("description", "use at most 1000 characters, without control characters")
	}
	if c.URL != "" {
		check("url", webAddress(c.URL))
	}
	check("callback_url", callback(c.CallbackURL))
	scopes, problem := chosen(f.Scopes)
	c.Scopes = scopes
	check("scopes", problem)
	if wrong != nil {
		return wrong
	}
	return nil
}

// chosen reads the scopes that a consumer is to have.
func chosen(names []string) (scope.Set, string) {
	if len(names) == 0 {
		return scope.Set{}, "choose at least one scope: without one a token opens nothing"
	}
	set, err := scope.ParseSet(names)
	if err != nil {
		return set, err.Error()
	}
	for _, s := range set.Scopes() {
		if !s.Legacy() {
			return set, s.String() + " is a scope of API tokens; consumers have the legacy ones"
		}
	}
	return set, ""
}

func text(s string, lines bool) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, c := range s {
		if unicode.IsControl(c) && !(lines && (c == '\n' || c == '\r' || c == '\t')) {
			return false
		}
	}
	return true
}

var hostPattern = regexp.MustCompile(`^[A-Za-z0-9._\-:\[\]]*$`)

// address parses what may be an address of an application; problem says why it may not.
func address(s string) (u *url.URL, problem string) {
	if len(s) > maxURL {
		return nil, "the address is longer than 2000 characters"
	}
	for _, c := range s {
		if c <= ' ' || c == '\\' || c >= 0x7f {
			return nil, "write the address without spaces and backslashes, other characters than ASCII percent-encoded"
		}
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" {
		return nil, "write the whole address, beginning with https://"
	}
	if u.User != nil {
		return nil, "leave user and password out of the address"
	}
	if !hostPattern.MatchString(u.Host) {
		return nil, "write the host in ASCII: one with other letters as xn--…"
	}
	return u, ""
}

// webAddress says what keeps s from being the address of a web page.
func webAddress(s string) string {
	u, problem := address(s)
	switch {
	case problem != "":
		return problem
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return "write the whole address, beginning with https://"
	}
	return ""
}

// callback says what keeps s from being a callback URL: an address of the web, or the private scheme of an app on a
// device, which has a dot in it (RFC 8252, 7.1).
func callback(s string) string {
	if s == "" {
		return "name the address that the browser comes back to; for client credentials alone http://localhost will do"
	}
	u, problem := address(s)
	switch {
	case problem != "":
		return problem
	case strings.Contains(s, "#"):
		return "leave the part from # out: no answer can be given behind it"
	case u.Scheme == "http" || u.Scheme == "https":
		if u.Hostname() == "" {
			return "write the whole address, beginning with https://"
		}
	case !strings.Contains(u.Scheme, "."):
		return "use https, http, or an own scheme with a dot in it such as com.example.app:/callback"
	}
	return ""
}

// loopback reports whether u leads to the machine that the browser runs on (RFC 8252, 7.3).
func loopback(u *url.URL) bool {
	host := u.Hostname()
	return u.Scheme == "http" && (host == "localhost" || net.ParseIP(host).IsLoopback())
}
