package pailtest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/config"
	"github.com/pailforge/pail/internal/contract"
	"github.com/pailforge/pail/internal/database/databasetest"
	"github.com/pailforge/pail/internal/server"
)

// Server is a whole Pail on a real listener.
type Server struct {
	*server.Server
	T      testing.TB
	URL    string // base, without a slash at the end
	CA     string // file with the certificate to trust, when it speaks TLS
	Client *http.Client

	checker *contract.Checker
}

// Options change what Start starts.
type Options struct {
	DSN  string   // empty: SQLite in a temporary file
	TLS  bool     // with a certificate of its own for 127.0.0.1
	Bare bool     // refusals are told as Bitbucket Cloud tells them, and every answer is checked for that
	Env  []string // settings, as PAIL_… variables
	Data string   // empty: a temporary directory
}

// Each runs f on a server on SQLite and on one on PostgreSQL.
func Each(t *testing.T, f func(t *testing.T, s *Server)) {
	t.Helper()
	databasetest.EachDSN(t, func(t *testing.T, dsn string) { f(t, Start(t, Options{DSN: dsn})) })
}

// Start starts a server that stops with the test.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	if o.Data == "" {
		o.Data = t.TempDir()
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ssh, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	env := append([]string{"PAIL_ADDR=" + ln.Addr().String(), "PAIL_SSH_LISTEN=" + ssh.Addr().String(), "PAIL_DATA=" + o.Data}, o.Env...)
	if o.DSN != "" {
		env = append(env, "PAIL_DATABASE="+o.DSN)
	}
	if o.Bare {
		env = append(env, "PAIL_ANSWERS=bare")
	}
	s := &Server{T: t, Client: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	if o.TLS {
		cert, key := certificate(t)
		env = append(env, "PAIL_TLS_CERT="+cert, "PAIL_TLS_KEY="+key)
		s.CA = cert
		pool := x509.NewCertPool()
		pem, _ := os.ReadFile(cert)
		pool.AppendCertsFromPEM(pem)
		s.Client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	}
	cfg, err := config.Load(config.Source{Env: env})
	if err != nil {
		t.Fatal(err)
	}
	if path, ok := strings.CutPrefix(cfg.Database, "sqlite:"); ok {
		databasetest.Migrated(t, path)
	}
	log := slog.New(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{Level: slog.LevelError}))
	ctx, stop := context.WithCancel(context.Background())
	if s.Server, err = server.Open(ctx, cfg, log); err != nil {
		stop()
		t.Fatal(err)
	}
	s.Accounts.Hash = hash
	s.URL = cfg.ExternalURL
	ended, ready := make(chan error, 1), make(chan struct{})
	go func() {
		ended <- s.Server.Run(ctx, server.RunOptions{Listener: ln, SSH: ssh, OnListen: func(net.Addr) { close(ready) }})
	}()
	select {
	case <-ready:
	case err := <-ended:
		stop()
		t.Fatalf("the server did not start: %v", err)
	}
	t.Cleanup(func() {
		s.Client.CloseIdleConnections()
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the server stopped with: %v", err)
		}
		if err := s.Server.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if s.checker, err = contract.Published(); err != nil {
		t.Fatal(err)
	}
	return s
}

// Schemas skips the test where the published schemas are not there: answers are then checked for their shape only.
func Schemas(t testing.TB) {
	if _, ok := contract.Find(); !ok {
		Skip(t, "schemas", "the published schemas are not here (PAIL_API_FACTS names their folder)")
	}
}

type testLog struct{ t testing.TB }

func (l testLog) Write(b []byte) (int, error) {
	l.t.Logf("%s", b)
	return len(b), nil
}

// certificate makes a certificate for 127.0.0.1 that signs itself.
func certificate(t testing.TB) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Pail test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", pkcs8)
}
