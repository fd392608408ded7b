package profile

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/token"
)

// Client sends requests with a profile's credential.
type Client struct {
	Profile Profile
	Agent   string // the User-Agent header

	secret string
	http   *http.Client
}

// answerWait bounds how long a service may take to begin its answer.
const answerWait = 60 * time.Second

// maxRedirects is how often a request is sent on.
const maxRedirects = 10

// NewClient makes a client. It fails when the profile's file of certificates cannot be read.
func NewClient(p Profile, secret, agent string) (*Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = answerWait
	if p.CA != "" {
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		pem, err := os.ReadFile(p.CA)
		if err != nil {
			return nil, err
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate in PEM", p.CA)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return &Client{Profile: p, Agent: agent, secret: secret, http: &http.Client{Transport: transport, CheckRedirect: redirect}}, nil
}

// redirect follows within the service with the credential, and elsewhere without: a step's log, for one, is handed out
// by a storage service. What changes something goes nowhere else.
func redirect(r *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	if sameOrigin(r.URL, via[0].URL) {
		return nil
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead || r.URL.Scheme != "https" && via[0].URL.Scheme == "https" {
		return http.ErrUseLastResponse
	}
	for name := range r.Header {
		switch strings.ToLower(name) {
		case "accept", "accept-encoding", "user-agent", "range":
		default:
			r.Header.Del(name)
		}
	}
	return nil
}

// Do sends a request, which must be for the profile's service, with the credential. A header Authorization that is there
// already is left alone.
func (c *Client) Do(r *http.Request) (*http.Response, error) {
	base, err := r.URL.Parse(c.Profile.API)
	if err != nil {
		return nil, err
	}
	if !sameOrigin(r.URL, base) {
		return nil, fmt.Errorf("%s is not a host of the profile %s: the credential does not go there", r.URL.Host, c.Profile.Name)
	}
	if r.Header.Get("Authorization") == "" {
		c.Profile.Authorize(r, c.secret)
	}
	if r.Header.Get("User-Agent") == "" {
		r.Header.Set("User-Agent", c.Agent)
	}
	return c.http.Do(r)
}

// Check is what one read-only request said about a credential.
type Check struct {
	Accepted    bool // the service knows the credential, whatever it may do
	Status      int
	Header      http.Header
	Body        []byte   // at most MaxExplained bytes
	Username    string   // "" when the credential may not read it, or belongs to nobody
	DisplayName string   //
	Scopes      []string // nil when the service does not tell
}

// MaxExplained is how much of an answer is read to explain it, in bytes.
const MaxExplained = 64 << 10

// CheckPath is the operation that Check asks.
const CheckPath = "/user"

// Check asks GET /2.0/user. A credential that lacks read:user is answered 403, as is one that belongs to no person: the
// service knows it all the same, and says so by naming its scopes. The error is one of the network.
func (c *Client) Check(ctx context.Context) (*Check, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWait)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Profile.API+CheckPath, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	res, err := c.Do(r)
	if err != nil {
		return nil, errors.New(token.Redact(err.Error()))
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, MaxExplained))
	if err != nil {
		return nil, err
	}
	check := &Check{Status: res.StatusCode, Header: res.Header, Body: body}
	var answer struct {
		Username    string `json:"username"`
		DisplayName string `json:"display_name"`
		Error       struct {
			Detail json.RawMessage `json:"detail"`
		} `json:"error"`
	}
	readable := json.Unmarshal(body, &answer) == nil
	scopes, named := res.Header["X-Oauth-Scopes"]
	for _, s := range strings.Split(strings.Join(scopes, ","), ",") {
		if s = strings.TrimSpace(s); s != "" {
			check.Scopes = append(check.Scopes, s)
		}
	}
	switch res.StatusCode {
	case http.StatusOK:
		check.Accepted = readable
		check.Username, check.DisplayName = answer.Username, answer.DisplayName
	case http.StatusForbidden:
		var detail struct {
			Required []string `json:"required"`
			Granted  []string `json:"granted"`
		}
		if json.Unmarshal(answer.Error.Detail, &detail) == nil && len(detail.Required) > 0 {
			named = true
			if check.Scopes == nil {
				check.Scopes = detail.Granted
			}
		}
		check.Accepted = named || res.Header.Get("X-Credential-Type") != ""
	}
	return check, nil
}
