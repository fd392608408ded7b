package rest

import (
	"net"
	"net/url"
	"strings"
	"time"
)

// URLs builds the absolute addresses that answers carry. Base is the configured external URL, without a slash at
// the end. SSH is the host:port that Git over SSH is reached at; empty for port 22 of the same host.
type URLs struct{ Base, SSH string }

// Link is one entry of an object's links.
type Link struct {
	Href string `json:"href"`
	Name string `json:"name,omitempty"`
}

// API is the link to the operation at the path made of segments, each escaped, under /2.0.
func (u URLs) API(segments ...string) Link { return Link{Href: u.join("/2.0", segments)} }

// Web is the link to a page.
func (u URLs) Web(segments ...string) Link { return Link{Href: u.join("", segments)} }

func (u URLs) join(prefix string, segments []string) string {
	n := len(u.Base) + len(prefix)
	for _, s := range segments {
		n += 1 + len(s)
	}
	var b strings.Builder
	b.Grow(n + 8)
	b.WriteString(u.Base)
	b.WriteString(prefix)
	for _, s := range segments {
		b.WriteByte('/')
		b.WriteString(escape(s))
	}
	return b.String()
}

// escape is url.PathEscape that leaves slugs and uuids in braces to the caller's eye: plain names go out as they are.
func escape(s string) string {
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' || c == '~' {
			continue
		}
		return url.PathEscape(s)
	}
	return s
}

// Host is the authority of the external URL, for clone links.
func (u URLs) Host() string {
	_, rest, _ := strings.Cut(u.Base, "://")
	host, _, _ := strings.Cut(rest, "/")
	return host
}

// SSHRemote is the address of a repository for Git over SSH: in the short form of scp, as Bitbucket Cloud has it, unless the
// port is another one than SSH's own.
func (u URLs) SSHRemote(fullName string) string {
	host, port, err := net.SplitHostPort(u.SSH)
	if err != nil {
		base, _ := url.Parse(u.Base)
		host, port = base.Hostname(), "22"
	}
	if port == "22" {
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		return "git@" + host + ":" + fullName + ".git"
	}
	return "ssh://git@" + net.JoinHostPort(host, port) + "/" + fullName + ".git"
}

// Time is a time as the API writes it: RFC 3339 with microseconds and +00:00.
type Time time.Time

const timeLayout = "2006-01-02T15:04:05.000000+00:00"

// MarshalJSON writes null for the zero time.
func (t Time) MarshalJSON() ([]byte, error) {
	if time.Time(t).IsZero() {
		return []byte("null"), nil
	}
	b := make([]byte, 0, len(timeLayout)+2)
	b = append(b, '"')
	b = time.Time(t).UTC().AppendFormat(b, timeLayout)
	return append(b, '"'), nil
}

// Braced is a uuid as the API writes it.
func Braced(id string) string { return "{" + id + "}" }

// Unbraced takes the braces off an identifier that may be a uuid. ok says whether it is one; the uuid comes back in
// lower case.
func Unbraced(s string) (id string, ok bool) {
	if len(s) == 38 && s[0] == '{' && s[37] == '}' {
		s = s[1:37]
	}
	if len(s) != 36 {
		return "", false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return "", false
			}
		case c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F':
		default:
			return "", false
		}
	}
	return strings.ToLower(s), true
}
