package record

import (
	"crypto/rand"
	"crypto/x509"
	_ "embed" // for node.cjs
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"software.sslmate.com/src/go-pkcs12"
)

//go:embed node.cjs
var nodePreload []byte

// files are what the child needs to find on disk: certificates to trust. Only the user can read them, and Remove takes
// them away again. The key of the CA is not among them.
type files struct {
	dir    string
	extra  string // PEM: the CA, and what NODE_EXTRA_CA_CERTS named before
	bundle string // PEM: the system's roots, what the environment trusted before, and the CA
	trust  string // the same for Java
	node   string // what Node before 24 needs to use a proxy
}

// trustPassword protects nothing: Java does not read a store without one, and certificates are no secret.
const trustPassword = "changeit"

func writeFiles(ca *authority, out *outside, env []string) (*files, error) {
	dir, err := os.MkdirTemp("", "pail-record-")
	if err != nil {
		return nil, fmt.Errorf("make a temporary directory: %w", err)
	}
	f := &files{dir: dir, extra: filepath.Join(dir, "ca.pem"), bundle: filepath.Join(dir, "bundle.pem"), trust: filepath.Join(dir, "trust.p12"), node: filepath.Join(dir, "node.cjs")}
	extra := ca.pem()
	if file := variable(env, "NODE_EXTRA_CA_CERTS"); file != "" {
		if before, err := os.ReadFile(file); err == nil {
			extra = append(append(extra, '\n'), before...)
		}
	}
	bundle := append(append(systemRoots(), '\n'), out.extra...)
	bundle = append(bundle, ca.pem()...)
	trust, err := trustStore(bundle)
	if err == nil {
		err = errors.Join(os.WriteFile(f.extra, extra, 0o600), os.WriteFile(f.bundle, bundle, 0o600), os.WriteFile(f.trust, trust, 0o600),
			os.WriteFile(f.node, nodePreload, 0o600))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("write the certificates to trust: %w", err), f.Remove())
	}
	return f, nil
}

// Remove takes the files away.
func (f *files) Remove() error { return os.RemoveAll(f.dir) }

// trustStore is a PEM bundle as Java reads it.
func trustStore(bundle []byte) ([]byte, error) {
	var certs []*x509.Certificate
	for {
		var block *pem.Block
		if block, bundle = pem.Decode(bundle); block == nil {
			break
		}
		if c, err := x509.ParseCertificate(block.Bytes); err == nil { // a root that Go cannot read is left out
			certs = append(certs, c)
		}
	}
	return pkcs12.Modern.WithRand(rand.Reader).EncodeTrustStore(certs, trustPassword)
}

// environment is env for the child: the proxy and the certificates in the variables that curl, git, Go, Node, Python
// and Java read.
func environment(env []string, addr string, f *files) []string {
	proxy := "http://" + addr
	host, port, _ := net.SplitHostPort(addr)
	java := []string{"-Dhttp.proxyHost=" + host, "-Dhttp.proxyPort=" + port, "-Dhttps.proxyHost=" + host, "-Dhttps.proxyPort=" + port, "-Dhttp.nonProxyHosts=",
		"-Djavax.net.ssl.trustStore=" + f.trust, "-Djavax.net.ssl.trustStorePassword=" + trustPassword, "-Djavax.net.ssl.trustStoreType=PKCS12"}
	set := [][2]string{
		{"HTTPS_PROXY", proxy}, {"https_proxy", proxy}, {"HTTP_PROXY", proxy}, {"http_proxy", proxy}, {"ALL_PROXY", proxy}, {"all_proxy", proxy},
		{"NO_PROXY", ""}, {"no_proxy", ""},
		{"SSL_CERT_FILE", f.bundle}, {"CURL_CA_BUNDLE", f.bundle}, {"GIT_SSL_CAINFO", f.bundle}, {"REQUESTS_CA_BUNDLE", f.bundle},
		{"NODE_EXTRA_CA_CERTS", f.extra}, {"NODE_USE_ENV_PROXY", "1"},
		{"NODE_OPTIONS", after(variable(env, "NODE_OPTIONS"), "--require="+quoted(f.node))},
		{"JAVA_TOOL_OPTIONS", after(variable(env, "JAVA_TOOL_OPTIONS"), strings.Join(java, " "))},
	}
	names := map[string]bool{}
	for _, s := range set {
		names[s[0]] = true
	}
	var child []string
	for _, e := range env {
		if n, _, _ := strings.Cut(e, "="); !names[n] {
			child = append(child, e)
		}
	}
	for _, s := range set {
		child = append(child, s[0]+"="+s[1])
	}
	return child
}

func after(before, more string) string { return strings.TrimSpace(before + " " + more) }

// quoted is a path as NODE_OPTIONS takes it.
func quoted(path string) string {
	if !strings.ContainsAny(path, ` "\`) {
		return path
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(path) + `"`
}
