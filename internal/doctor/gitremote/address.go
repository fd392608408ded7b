package gitremote

import (
	"net/url"
	"strings"
)

// address is an http or https URL in its parts. An address that git itself could not take apart is not one.
type address struct {
	scheme, host, port string // host in small letters; port "" when it is the scheme's own
	path               string // decoded, without the slash in front
	user, secret       string
	hasUser, hasSecret bool
}

// parseAddress takes a URL apart the way git does: the login ends at the first @ before the path. It is not ok for
// other schemes, and for a URL whose host is none, as when the @ of an e-mail was not encoded.
func parseAddress(text string) (a address, ok bool) {
	scheme, rest, found := strings.Cut(text, "://")
	a.scheme = strings.ToLower(scheme)
	if !found || a.scheme != "http" && a.scheme != "https" {
		return a, false
	}
	authority := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority, rest = rest[:end], rest[end:]
	} else {
		rest = ""
	}
	if login, host, found := strings.Cut(authority, "@"); found {
		authority, a.hasUser = host, true
		a.user, a.secret, a.hasSecret = strings.Cut(login, ":")
		if a.user, ok = decoded(a.user); !ok {
			return a, false
		}
		if a.secret, ok = decoded(a.secret); !ok {
			return a, false
		}
	}
	u, err := url.Parse(a.scheme + "://" + authority)
	if err != nil || u.Hostname() == "" || u.User != nil {
		return a, false
	}
	a.host, a.port = strings.ToLower(u.Hostname()), u.Port()
	if a.scheme == "https" && a.port == "443" || a.scheme == "http" && a.port == "80" {
		a.port = ""
	}
	path, ok := decoded(strings.TrimPrefix(rest, "/"))
	a.path = path
	return a, ok
}

func decoded(s string) (string, bool) {
	plain, err := url.PathUnescape(s)
	return plain, err == nil && !strings.ContainsAny(plain, "\x00\n\r")
}

// hostport is the host as git's credential protocol names it.
func (a address) hostport() string {
	if a.port != "" {
		return a.host + ":" + a.port
	}
	return a.host
}

// cloud tells whether the host is that of Bitbucket Cloud.
func (a address) cloud() bool { return a.host == "bitbucket.org" || a.host == "www.bitbucket.org" }

// isURL tells whether an argument is an address rather than the name of a remote.
func isURL(arg string) bool {
	if strings.Contains(arg, "://") {
		return true
	}
	before, _, colon := strings.Cut(arg, ":")
	return colon && !strings.Contains(before, "/") || strings.Contains(arg, "bitbucket.org")
}

// Shown addresses hold no query: git sends none, and it might hold a token.
func withoutQuery(url string) string {
	before, _, _ := strings.Cut(url, "?")
	return before
}
