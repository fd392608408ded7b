package doctor

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"

	"github.com/pailforge/pail/internal/reason"
)

// address is a URL taken apart by hand: the library refuses the damaged ones, and those are the ones that matter here.
type address struct {
	scheme string // small letters; "" when there is none
	host   string // small letters, without the port and a dot at the end
	port   string
	path   string // escaped, as it was given; "" or begins with "/"
	query  string

	login        bool // something stands before the host
	user, secret string

	// fault says why the address cannot be taken apart for certain; "" when it can.
	fault  reason.Code
	detail string
}

var schemeForm = regexp.MustCompile(`^([a-zA-Z][a-zA-Z0-9+.-]*):(//)?`)

// takeApart reads a URL, a path, or git's short form for SSH.
func takeApart(text string) address {
	text = strings.TrimSpace(text)
	if text == "" {
		return address{}
	}
	if text[0] == '/' && !strings.HasPrefix(text, "//") {
		var a address
		a.setPath(text)
		return a
	}
	var a address
	rest := text
	if m := schemeForm.FindStringSubmatch(text); m != nil && m[2] != "" {
		a.scheme, rest = strings.ToLower(m[1]), text[len(m[0]):]
	} else if isShortSSH(text) {
		login, path, _ := strings.Cut(text, ":")
		a.scheme = "ssh"
		a.user, a.host, _ = strings.Cut(login, "@")
		a.host = strings.ToLower(a.host)
		a.setPath("/" + strings.TrimPrefix(path, "/"))
		return a
	}
	end := strings.IndexAny(rest, "/?#")
	authority, tail := rest, ""
	if end >= 0 {
		authority, tail = rest[:end], rest[end:]
	}
	a.setPath(tail)
	a.setAuthority(authority, tail)
	return a
}

// isShortSSH tells git@host:path from host:port and from https:path.
func isShortSSH(text string) bool {
	before, _, found := strings.Cut(text, ":")
	return found && strings.Contains(before, "@") && !strings.ContainsAny(before, "/?#") && strings.Count(text, "@") == 1
}

func (a *address) setPath(tail string) {
	tail, _, _ = strings.Cut(tail, "#")
	a.path, a.query, _ = strings.Cut(tail, "?")
}

// setAuthority reads what stands between the scheme and the path, and looks for the marks of a login that was not
// encoded: then the authority ends too early, or the host begins too early.
func (a *address) setAuthority(authority, tail string) {
	at := strings.LastIndexByte(authority, '@')
	if at >= 0 {
		a.login = true
		a.user, a.secret, _ = strings.Cut(authority[:at], ":")
	}
	host := authority[at+1:]
	a.host = strings.ToLower(host)
	if h, p, err := net.SplitHostPort(host); err == nil {
		a.host, a.port = strings.ToLower(h), p
	} else if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasPrefix(host, "[") {
		a.host, a.port = strings.ToLower(host[:i]), host[i+1:]
	}
	a.host = strings.TrimSuffix(a.host, ".")
	rest := strings.Contains(tail, "@")
	switch {
	case a.scheme == "ssh": // no secret, and what follows the colon is told where the repository is looked at
	case a.host == "http" || a.host == "https":
		a.blame(reason.HostMalformed, "Two schemes stand one after the other: the address begins with http twice.")
	case strings.Count(authority, "@") > 1:
		a.blame(reason.URLUserNotEncoded, fmt.Sprintf("There are %d @ before the path; only the last one may end the login.", strings.Count(authority, "@")))
		if i := strings.IndexByte(authority, ':'); i >= 0 && i < at {
			a.user, a.secret = authority[:i], authority[i+1:at]
		}
	case !decimal(a.port) && a.login && a.secret == "":
		a.blame(reason.URLUserNotEncoded, "What follows the first @ is taken for the host and its port, and the port is no number.")
		a.secret = a.port + tail[:max(strings.LastIndexByte(tail, '@'), 0)]
	case !decimal(a.port) && rest:
		a.blame(reason.URLSecretNotEncoded, fmt.Sprintf("The login ends at a %q that belongs to the secret, and the rest of it is taken for the path.", tail[0]))
		a.login, a.user, a.secret = true, a.host, a.port+tail[:strings.LastIndexByte(tail, '@')]
	case !decimal(a.port):
		a.blame(reason.HostMalformed, "What follows the colon after the host is no port number.")
	case strings.ContainsAny(a.host, "\"'`\\ \t\r\n,;|"):
		a.blame(reason.HostMalformed, "In the host stands a character that no host has, such as a quotation mark, a space or a backslash.")
	case a.host == "" && a.scheme != "" && a.scheme != "file":
		a.blame(reason.HostMalformed, "No host follows the scheme.")
	}
	if a.fault != "" && strings.Count(authority, "@") <= 1 {
		// Whatever was read as path or host may be a part of the secret.
		a.path, a.query, a.host, a.port = "", "", "", ""
	}
	// curl and git send a percent sign that begins no escape as it is.
	if plain, err := url.PathUnescape(a.user); err == nil {
		a.user = plain
	}
	if plain, err := url.PathUnescape(a.secret); err == nil {
		a.secret = plain
	}
}

func (a *address) blame(code reason.Code, detail string) { a.fault, a.detail = code, detail }

func decimal(port string) bool { return strings.Trim(port, "0123456789") == "" }

// hostClass is whose host it is.
type hostClass uint8

const (
	noHost      hostClass = iota
	cloudAPI              // api.bitbucket.org
	cloudSite             // bitbucket.org and www.bitbucket.org
	cloudSSH              // ssh.bitbucket.org, altssh.bitbucket.org
	atlassian             // another product of Atlassian's
	registry              // the container registry, which takes Bitbucket's tokens
	stranger              // another service that is known
	misspelt              // nearly one of Bitbucket's
	loopback              // this machine: a Pail, a proxy, a recorder
	unknownHost           // a Pail, a Data Center, anything
)

var strangers = []string{"github.com", "githubusercontent.com", "gitlab.com", "dev.azure.com", "visualstudio.com", "codeberg.org", "gitea.com"}

func classOf(host string) hostClass {
	within := func(domain string) bool { return host == domain || strings.HasSuffix(host, "."+domain) }
	switch {
	case host == "":
		return noHost
	case host == "api.bitbucket.org":
		return cloudAPI
	case host == "bitbucket.org" || host == "www.bitbucket.org":
		return cloudSite
	case host == "ssh.bitbucket.org" || host == "altssh.bitbucket.org":
		return cloudSSH
	case within("apkg.io"):
		return registry
	case within("atlassian.net") || within("atlassian.com") || within("jira.com"):
		return atlassian
	case host == "localhost" || within("localhost") || net.ParseIP(strings.Trim(host, "[]")).IsLoopback():
		return loopback
	}
	for _, domain := range strangers {
		if within(domain) {
			return stranger
		}
	}
	for _, right := range []string{"api.bitbucket.org", "bitbucket.org"} {
		if d := distance(host, right); d > 0 && d <= 2 {
			return misspelt
		}
	}
	if host == "bitbucket.com" || host == "api.bitbucket.com" || within("bitbucket.org") {
		return misspelt
	}
	return unknownHost
}

// distance is the number of letters to insert, remove or replace between two short words.
func distance(a, b string) int {
	if len(a) > 64 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			above, step := row[j], diagonal
			if a[i-1] != b[j-1] {
				step = 1 + min(diagonal, row[j], row[j-1])
			}
			row[j], diagonal = step, above
		}
	}
	return row[len(b)]
}
