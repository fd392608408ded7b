package server

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/pailforge/pail/internal/config"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// certEvery is how often, at most, a handshake looks whether the certificate's files have changed.
const certEvery = 2 * time.Second

// newTLS is the main listener's TLS, nil when it speaks none. manager is set when certificates come from ACME.
func newTLS(cfg config.TLS, log *slog.Logger) (conf *tls.Config, manager *autocert.Manager, err error) {
	switch {
	case len(cfg.ACME.Domains) > 0:
		manager = newACME(cfg.ACME)
		conf = manager.TLSConfig()
	case cfg.Cert != "":
		files := &certFiles{cert: cfg.Cert, key: cfg.Key, log: log, every: certEvery}
		if err := files.load(); err != nil {
			return nil, nil, err
		}
		conf = &tls.Config{GetCertificate: files.get, NextProtos: []string{"h2", "http/1.1"}}
	default:
		return nil, nil, nil
	}
	conf.MinVersion = tls.VersionTLS12
	return conf, manager, nil
}

// newACME gets certificates for the configured names alone: any other name in a handshake is refused before the
// authority is asked.
func newACME(cfg config.ACME) *autocert.Manager {
	m := &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		Cache:      autocert.DirCache(cfg.Cache),
		HostPolicy: autocert.HostWhitelist(cfg.Domains...),
		Email:      cfg.Email,
	}
	if cfg.Directory != "" {
		m.Client = &acme.Client{DirectoryURL: cfg.Directory}
	}
	return m
}

// plainHTTP serves the port for unencrypted HTTP beside an ACME one: the authority's challenges, a redirect for
// browsers, and a refusal for everything that may carry a body or a credential.
func plainHTTP(manager *autocert.Manager, api *rest.API, base string) http.Handler {
	return manager.HTTPHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.Header.Get("Authorization") == "" {
			http.Redirect(w, r, base+r.URL.RequestURI(), http.StatusMovedPermanently)
			return
		}
		r = r.WithContext(rest.WithTrace(r.Context(), &rest.Trace{RequestID: requestID(r.Header)}))
		w.Header().Set("X-Request-Id", rest.TraceOf(r.Context()).RequestID)
		api.WriteError(w, r, rest.Refuse(reason.TLSExpected, ""))
	}))
}

// certFiles is a certificate in two files that may be replaced while the server runs, as certbot and Kubernetes do.
type certFiles struct {
	cert, key string
	log       *slog.Logger
	every     time.Duration

	mu      sync.Mutex
	looked  time.Time
	stamps  [2]os.FileInfo // of the files that were last tried
	current *tls.Certificate
}

// get is for tls.Config.GetCertificate. When the new files are no good, the old certificate stays.
func (c *certFiles) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) >= c.every {
		c.looked = now
		stamps, err := c.stat()
		if err == nil && unchanged(stamps, c.stamps) {
			return c.current, nil
		}
		if err == nil {
			c.stamps = stamps
			err = c.read()
		}
		if err != nil {
			c.log.Error("the changed certificate cannot be used; the one before stays", "error", err)
		} else {
			c.log.Info("certificate read again", "file", c.cert, "expires", c.current.Leaf.NotAfter)
		}
	}
	return c.current, nil
}

// load reads the files for the first time.
func (c *certFiles) load() (err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stamps, err = c.stat(); err != nil {
		return fmt.Errorf("tls: %w", err)
	}
	c.looked = time.Now()
	return c.read()
}

func (c *certFiles) read() error {
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return fmt.Errorf("tls: %s and %s: %w", c.cert, c.key, err)
	}
	c.current = &pair
	return nil
}

func (c *certFiles) stat() (stamps [2]os.FileInfo, err error) {
	for i, name := range []string{c.cert, c.key} {
		if stamps[i], err = os.Stat(name); err != nil {
			return stamps, err
		}
	}
	return stamps, nil
}

func unchanged(a, b [2]os.FileInfo) bool {
	for i := range a {
		if b[i] == nil || !os.SameFile(a[i], b[i]) || !a[i].ModTime().Equal(b[i].ModTime()) || a[i].Size() != b[i].Size() {
			return false
		}
	}
	return true
}
