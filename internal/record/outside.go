package record

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/url"
	"os"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// outside is the way out: through the proxy that the environment names, if any, with the certificates that it trusts.
type outside struct {
	transport *http.Transport
	proxyFor  func(*url.URL) (*url.URL, error)
	extra     []byte // PEM: what the environment trusts beside the system's roots
}

// caVariables name files of certificates that tools trust: in place of the system's roots, or beside them.
var caVariables = []string{"SSL_CERT_FILE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"}

// newOutside reads the environment, "NAME=value" as os.Environ gives it. A file of certificates that cannot be read is
// left out, as the tools themselves do.
func newOutside(env []string) *outside {
	config := httpproxy.Config{HTTPProxy: either(env, "http_proxy", "HTTP_PROXY"), HTTPSProxy: either(env, "https_proxy", "HTTPS_PROXY"),
		NoProxy: either(env, "no_proxy", "NO_PROXY")}
	if all := either(env, "all_proxy", "ALL_PROXY"); all != "" {
		if config.HTTPProxy == "" {
			config.HTTPProxy = all
		}
		if config.HTTPSProxy == "" {
			config.HTTPSProxy = all
		}
	}
	o := &outside{proxyFor: config.ProxyFunc()}
	read := map[string]bool{"": true}
	for _, name := range caVariables {
		if file := variable(env, name); !read[file] {
			read[file] = true
			if pem, err := os.ReadFile(file); err == nil {
				o.extra = append(append(o.extra, pem...), '\n')
			}
		}
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	roots.AppendCertsFromPEM(o.extra)
	o.transport = &http.Transport{
		Proxy:               func(r *http.Request) (*url.URL, error) { return o.proxyFor(r.URL) },
		TLSClientConfig:     &tls.Config{RootCAs: roots},
		DisableCompression:  true, // what the client did not ask for, it shall not get
		ForceAttemptHTTP2:   false,
		MaxIdleConnsPerHost: 32,
		IdleConnTimeout:     idleTimeout,
		TLSHandshakeTimeout: handshakeTimeout,
		ReadBufferSize:      32 << 10,
		WriteBufferSize:     32 << 10,
	}
	return o
}

// variable is the value of a variable of the environment; the last one counts.
func variable(env []string, name string) (value string) {
	for _, e := range env {
		if n, v, ok := strings.Cut(e, "="); ok && n == name {
			value = v
		}
	}
	return value
}

func either(env []string, first, second string) string {
	if v := variable(env, first); v != "" {
		return v
	}
	return variable(env, second)
}
