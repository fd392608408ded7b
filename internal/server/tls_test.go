package server

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/config"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// keyPair makes a self-signed certificate for name and its key, in PEM.
func keyPair(t testing.TB, name string) (cert, key []byte) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER})
}

func write(t testing.TB, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// handshake is the common name of the certificate that the server shows for a name.
func handshake(addr, name string) (string, error) {
	c, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, ServerName: name})
	if err != nil {
		return "", err
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0].Subject.CommonName, nil
}

func TestTLSFiles(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	cert, key := keyPair(t, "first.example")
	write(t, certFile, cert)
	write(t, keyFile, key)
	for name, w := range map[string]func(*http.Server, net.Listener, *tls.Config) net.Listener{"wired": wired, "bare": bare, "net/http": nil} {
		t.Run(name, func(t *testing.T) { serveTLS(t, certFile, keyFile, w) })
	}
}

func serveTLS(t *testing.T, certFile, keyFile string, w func(*http.Server, net.Listener, *tls.Config) net.Listener) {
	cfg := load(t, "PAIL_TLS_CERT="+certFile, "PAIL_TLS_KEY="+keyFile)
	s := startWith(t, cfg, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %v", r.Proto, body, err)
	}), Options{Wire: w})
	if !strings.HasPrefix(s.url, "https://127.0.0.1:") {
		t.Errorf("url %s", s.url)
	}
	for _, want := range []string{"HTTP/1.1 sent <nil>", "HTTP/2.0 sent <nil>"} {
		tr := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: want[5] == '2'}
		for range 2 {
			resp, err := (&http.Client{Transport: tr}).Post(s.url, "text/plain", strings.NewReader("sent"))
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || string(body) != want || resp.Header.Get("X-Request-Id") == "" {
				t.Errorf("got %q, %v", body, err)
			}
		}
		tr.CloseIdleConnections()
	}
}

// TestHTTP2Pauses: with HTTP/2 a stream's deadline strikes by itself, so it must be gone while the handler works.
func TestHTTP2Pauses(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	cert, key := keyPair(t, "first.example")
	write(t, certFile, cert)
	write(t, keyFile, key)
	const stall = 40 * time.Millisecond
	s := start(t, load(t, "PAIL_TLS_CERT="+certFile, "PAIL_TLS_KEY="+keyFile, "PAIL_TIMEOUTS_STALL="+stall.String()),
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var one [1]byte
			for {
				n, err := r.Body.Read(one[:])
				if _, werr := w.Write(one[:n]); werr != nil {
					t.Error(werr)
				}
				if err == io.EOF {
					break
				} else if err != nil {
					t.Error(err)
					break
				}
				if one[0] == 'p' {
					<-time.After(3 * stall)
				}
			}
			<-time.After(3 * stall)
		}), Options{})
	tr := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
	defer tr.CloseIdleConnections()
	resp, err := (&http.Client{Transport: tr}).Post(s.url, "text/plain", strings.NewReader("apbpc"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "apbpc" || resp.ProtoMajor != 2 {
		t.Errorf("%s %q, %v", resp.Proto, body, err)
	}
}

func TestCertificateIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	var log logBuffer
	c := &certFiles{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem"), log: slog.New(slog.NewTextHandler(&log, nil))}
	if err := c.load(); err == nil {
		t.Error("no files, no error")
	}
	install := func(name string) {
		cert, key := keyPair(t, name)
		for file, data := range map[string][]byte{c.cert: cert, c.key: key} { // replaced as certbot does it
			write(t, file+".new", data)
			if err := os.Rename(file+".new", file); err != nil {
				t.Fatal(err)
			}
		}
	}
	shows := func(want string) {
		t.Helper()
		got, err := c.get(nil)
		if err != nil || got.Leaf.Subject.CommonName != want {
			t.Errorf("got %v, %v, want %s", got, err, want)
		}
	}
	install("first.example")
	if err := c.load(); err != nil {
		t.Fatal(err)
	}
	shows("first.example")
	install("second.example")
	c.every = time.Hour
	shows("first.example") // looked a moment ago
	c.every = 0
	shows("second.example")
	shows("second.example")
	write(t, c.cert, []byte("half a file"))
	shows("second.example")
	shows("second.example")
	if err := os.Remove(c.key); err != nil {
		t.Fatal(err)
	}
	shows("second.example")
	install("third.example")
	shows("third.example")
	if n := strings.Count(log.String(), "read again"); n != 2 {
		t.Errorf("read again %d times\n%s", n, &log)
	}
	if n := strings.Count(log.String(), "the one before stays"); n != 2 {
		t.Errorf("%d complaints about two faults\n%s", n, &log)
	}
}

// TestACME proves the wiring: certificates are kept in the configured directory, the configured authority is asked
// for the configured names, and for no others.
func TestACME(t *testing.T) {
	var asked atomic.Int64
	authority := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		http.Error(w, "closed today", http.StatusTeapot)
	}))
	defer authority.Close()
	cache := t.TempDir()
	cert, key := keyPair(t, "kept.example")
	write(t, filepath.Join(cache, "kept.example"), append(bytes.Clone(key), cert...))
	cfg := load(t, "PAIL_TLS_ACME_DOMAINS=kept.example,new.example", "PAIL_TLS_ACME_CACHE="+cache, "PAIL_TLS_ACME_DIRECTORY="+authority.URL, "PAIL_TLS_ACME_EMAIL=a@b.example")
	conf, manager, err := newTLS(cfg.TLS, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	manager.Client.HTTPClient = authority.Client()
	if manager.Email != "a@b.example" || !strings.Contains(strings.Join(conf.NextProtos, " "), "acme-tls/1") || conf.MinVersion != tls.VersionTLS12 {
		t.Errorf("%+v %+v", manager, conf)
	}
	ln, err := tls.Listen("tcp", "127.0.0.1:0", conf)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				_ = c.(*tls.Conn).HandshakeContext(context.Background())
				c.Close()
			}()
		}
	}()
	if name, err := handshake(ln.Addr().String(), "kept.example"); err != nil || name != "kept.example" {
		t.Errorf("%q, %v", name, err)
	}
	if _, err := handshake(ln.Addr().String(), "other.example"); err == nil || asked.Load() != 0 {
		t.Errorf("an unknown name: %v; the authority was asked %d times", err, asked.Load())
	}
	if _, err := handshake(ln.Addr().String(), "new.example"); err == nil || asked.Load() == 0 {
		t.Errorf("a configured name: %v; the authority was asked %d times", err, asked.Load())
	}
}

func TestPlainHTTPBesideACME(t *testing.T) {
	h := plainHTTP(newACME(config.ACME{Domains: []string{"a.example"}, Cache: t.TempDir()}), &rest.API{URLs: rest.URLs{Base: "https://a.example"}}, "https://a.example")
	s := httptest.NewServer(h)
	defer s.Close()
	for _, tc := range []struct {
		method, path, auth string
		status             int
	}{
		{"GET", "/acme/app?at=main", "", 301},
		{"GET", "/2.0/user", "Basic eDp5", 400},
		{"POST", "/2.0/user", "", 400},
		{"GET", "/.well-known/acme-challenge/x", "", 403}, // httptest's host is no configured name
	} {
		req, err := http.NewRequest(tc.method, s.URL+tc.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if tc.auth != "" {
			req.Header.Set("Authorization", tc.auth)
		}
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		switch {
		case resp.StatusCode != tc.status:
			t.Errorf("%s %s: %s %s", tc.method, tc.path, resp.Status, body)
		case tc.status == 301 && resp.Header.Get("Location") != "https://a.example"+tc.path:
			t.Error(resp.Header.Get("Location"))
		case tc.status == 400:
			wantRefusal(t, resp, string(body), 400, reason.TLSExpected)
		}
	}
}

func TestPlainRequestToTLS(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	cert, key := keyPair(t, "first.example")
	write(t, certFile, cert)
	write(t, keyFile, key)
	s := start(t, load(t, "PAIL_TLS_CERT="+certFile, "PAIL_TLS_KEY="+keyFile), http.NotFoundHandler(), Options{})
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, resp, string(body), 400, reason.TLSExpected)
}
