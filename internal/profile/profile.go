package profile

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/token"
)

// Kind is what a credential is, in the words of the file.
type Kind string

// The kinds.
const (
	APIToken    Kind = "api-token"
	AccessToken Kind = "access-token" // of a repository, a project or a workspace
	AppPassword Kind = "app-password"
	OAuth       Kind = "oauth" // an OAuth access token
)

// Kinds lists the kinds.
func Kinds() []Kind { return []Kind{APIToken, AccessToken, AppPassword, OAuth} }

// KindOf tells the kind that a secret has by its form; "" when the form says nothing.
func KindOf(k token.Kind) Kind {
	switch k {
	case token.APIToken:
		return APIToken
	case token.AccessToken:
		return AccessToken
	case token.AppPassword:
		return AppPassword
	case token.OAuthAccess:
		return OAuth
	}
	return ""
}

// Title is the kind for a person, "API token".
func (k Kind) Title() string {
	switch k {
	case APIToken:
		return "API token"
	case AccessToken:
		return "access token"
	case AppPassword:
		return "app password"
	case OAuth:
		return "OAuth access token"
	}
	return "credential"
}

// Personal tells whether the credential is a person's, and goes with an e-mail or a username.
func (k Kind) Personal() bool { return k == APIToken || k == AppPassword }

// The user names for git that stand for no account (Bitbucket's documents "Using API tokens" and "Using access tokens").
const (
	gitUserAPIToken = "x-bitbucket-api-token-auth"
	gitUserToken    = "x-token-auth"
)

// Profile is a credential for a service.
type Profile struct {
	Name     string    `yaml:"name"`
	API      string    `yaml:"api"` // base of the REST API with /2.0, no slash at the end
	Git      string    `yaml:"git"` // scheme://host[:port] of repositories
	Kind     Kind      `yaml:"kind"`
	Email    string    `yaml:"email,omitempty"`
	Username string    `yaml:"username,omitempty"` // as the service told it; may be unknown for an API token
	Expires  time.Time `yaml:"expires,omitempty"`  // as the user said; zero: not known
	Refused  time.Time `yaml:"refused,omitempty"`  // when git was last refused, and not accepted since
	CA       string    `yaml:"ca,omitempty"`       // file of certificates to trust beside the system's
	Stored   Place     `yaml:"stored"`
}

// Authorize puts the credential into a request for the REST API.
func (p *Profile) Authorize(r *http.Request, secret string) {
	switch {
	case p.Kind == APIToken:
		r.SetBasicAuth(p.Email, secret)
	case p.Kind == AppPassword:
		r.SetBasicAuth(p.Username, secret)
	default:
		r.Header.Set("Authorization", "Bearer "+secret)
	}
}

// GitUser is the user name that the credential goes with to git.
func (p *Profile) GitUser() string {
	switch p.Kind {
	case APIToken:
		return gitUserAPIToken
	case AppPassword:
		return p.Username
	}
	return gitUserToken
}

// speaksFor tells whether the credential may answer when git asks for a certain user's: its own, by any of its names.
// Where no username is known, and for the credentials that belong to nobody, every name will do.
func (p *Profile) speaksFor(user string) (exact, ok bool) {
	for _, own := range []string{p.Username, p.Email, p.GitUser()} {
		if own != "" && strings.EqualFold(own, user) {
			return true, true
		}
	}
	return false, user == "" || !p.Kind.Personal() || p.Username == ""
}

// Service is where a profile's requests go.
type Service struct{ API, Git string }

// Cloud is bitbucket.org.
var Cloud = Service{API: "https://api.bitbucket.org/2.0", Git: "https://bitbucket.org"}

// Services reads the address of a service: a host, or the URL of its website or of its API. Without a scheme it is
// https, except on this machine. The error never repeats a secret.
func Services(text string) (Service, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Cloud, nil
	}
	if !strings.Contains(text, "://") {
		host, _, _ := strings.Cut(text, "/")
		scheme := "https://"
		if loopback(host) {
			scheme = "http://"
		}
		text = scheme + text
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return Service{}, errors.New("this is no URL")
	case u.User != nil:
		return Service{}, errors.New("there is a user in front of the host; leave it out")
	case u.Scheme != "https" && u.Scheme != "http":
		return Service{}, fmt.Errorf("the scheme is %q; use https", u.Scheme)
	case u.Host == "" || strings.ContainsAny(u.Host, " \t"):
		return Service{}, errors.New("there is no host")
	}
	switch strings.ToLower(u.Hostname()) {
	case "bitbucket.org", "www.bitbucket.org", "api.bitbucket.org":
		return Cloud, nil
	}
	if path := strings.Trim(u.Path, "/"); path != "" && path != "2.0" {
		return Service{}, fmt.Errorf("the path is %q; the API is at /2.0, so leave it out", "/"+token.Redact(path))
	}
	base := origin(u)
	return Service{API: base + "/2.0", Git: base}, nil
}

// origin is scheme://host[:port] in small letters, without the port that the scheme stands for.
func origin(u *url.URL) string {
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	if h, port, err := net.SplitHostPort(host); err == nil && (scheme == "https" && port == "443" || scheme == "http" && port == "80") {
		host = h
		if strings.Contains(h, ":") {
			host = "[" + h + "]"
		}
	}
	return scheme + "://" + host
}

// sameOrigin tells whether two URLs are of one service.
func sameOrigin(a, b *url.URL) bool { return origin(a) == origin(b) }

// Host is the host of repositories, with its port, as profiles are named.
func (s Service) Host() string {
	_, host, _ := strings.Cut(s.Git, "://")
	return host
}

// Plain tells whether secrets would travel unencrypted to another machine.
func (s Service) Plain() bool {
	host, plain := strings.CutPrefix(s.Git, "http://")
	return plain && !loopback(host)
}

func loopback(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback()
}
