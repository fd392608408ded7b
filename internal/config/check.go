package config

import (
	"fmt"
	"strings"
)

// check is what must hold between settings whose values are fine each by itself.
func (c *Config) check() []*Problem {
	var problems []*Problem
	bad := func(key, format string, args ...any) {
		problems = append(problems, &Problem{Where: c.origins[key].where, What: key + ": " + fmt.Sprintf(format, args...)})
	}
	acme := len(c.TLS.ACME.Domains) > 0
	switch {
	case c.TLS.Cert != "" && c.TLS.Key == "":
		bad("tls.cert", "a certificate without a key; set tls.key too")
	case c.TLS.Key != "" && c.TLS.Cert == "":
		bad("tls.key", "a key without a certificate; set tls.cert too")
	}
	if acme && (c.TLS.Cert != "" || c.TLS.Key != "") {
		bad("tls.acme.domains", "certificates come from ACME or from tls.cert and tls.key, not from both")
	}
	for _, key := range []string{"tls.acme.email", "tls.acme.directory", "tls.acme.http_addr"} {
		if !acme && byKey[key].value(c).text() != "" {
			bad(key, "has no use without tls.acme.domains")
		}
	}
	if c.TLS.Enabled() && strings.HasPrefix(c.ExternalURL, "http://") {
		bad("external_url", "begins with http:// but the server speaks TLS; write https://")
	}
	for _, key := range []string{"oidc.client_id", "oidc.client_secret", "oidc.client_secret_file", "oidc.allowed_domains"} {
		if c.OIDC.Issuer == "" && byKey[key].value(c).text() != "" {
			bad(key, "has no use without oidc.issuer")
		}
	}
	for _, key := range []string{"runner.uuid", "runner.client_id", "runner.client_secret_file"} {
		switch set := byKey[key].value(c).text() != ""; {
		case set && len(c.Runner.Executors) == 0:
			bad(key, "has no use without runner.executors")
		case !set && len(c.Runner.Executors) > 0:
			bad("runner.executors", "a runner without %s", key)
		}
	}
	switch {
	case c.OIDC.Issuer == "" && c.OIDC.CreateAccounts:
		bad("oidc.create_accounts", "has no use without oidc.issuer")
	case c.OIDC.Issuer != "" && c.OIDC.ClientID == "":
		bad("oidc.issuer", "a provider without oidc.client_id")
	case c.OIDC.ClientSecret != "" && c.OIDC.ClientSecretFile != "":
		bad("oidc.client_secret", "the secret comes from here or from oidc.client_secret_file, not from both")
	}
	return problems
}
