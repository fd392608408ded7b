package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"
)

func TestHTTP2(t *testing.T) {
	s := serve(t, true, nil)
	for proto, http2 := range map[string]bool{"HTTP/2.0": true, "HTTP/1.1": false} {
		p := new(http.Protocols)
		p.SetHTTP1(!http2)
		p.SetHTTP2(http2)
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: clientTLS(), Protocols: p}}
		defer client.CloseIdleConnections()
		res, err := client.Get(s.url + "/2.0/user")
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if res.Header.Get("X-Proto") != proto || res.Header.Get("X-TLS") != "true" {
			t.Errorf("%v, want %s", res.Header, proto)
		}
	}
}

func TestHTTP2CanBeLeftOut(t *testing.T) {
	for name, change := range map[string]func(*http.Server, *Config){
		"Protocols": func(srv *http.Server, _ *Config) {
			srv.Protocols = new(http.Protocols)
			srv.Protocols.SetHTTP1(true)
		},
		"TLSNextProto": func(srv *http.Server, _ *Config) {
			srv.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, true, change)
			c, err := tls.Dial("tcp", s.addr, clientTLS("h2", "http/1.1"))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if p := c.ConnectionState().NegotiatedProtocol; p != "http/1.1" {
				t.Errorf("agreed on %q", p)
			}
			if a := send(t, c, good); a.status != 200 {
				t.Errorf("%d", a.status)
			}
		})
	}
}

// Silent connections must not keep others from being served, not even when
// there are as many as handshakes are allowed.
func TestSilentConnectionsKeepNobodyOut(t *testing.T) {
	s := serve(t, true, func(_ *http.Server, c *Config) { c.MaxHandshakes, c.HandshakeTimeout = 3, time.Hour })
	var silent []net.Conn
	for range 10 {
		c, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		silent = append(silent, c)
		if a := send(t, s.dial(t), good); a.status != 200 {
			t.Fatalf("%d", a.status)
		}
	}
	// The oldest were given up.
	silent[0].SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := silent[0].Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestHandshakeTimeout(t *testing.T) {
	failed := make(chan error, 1)
	s := serve(t, true, func(_ *http.Server, c *Config) {
		c.HandshakeTimeout = time.Second
		c.HandshakeFailed = func(err error, _ net.Addr) { failed <- err }
	})
	earlier := s.dial(t)
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var timeout net.Error
	if err := <-failed; !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("%v", err)
	}
	// By now the time of the earlier connection is over as well, but it counts for
	// the handshake only.
	if a := send(t, earlier, good); a.status != 200 {
		t.Errorf("%d", a.status)
	}
}

func TestNonsenseOnTLS(t *testing.T) {
	failed := make(chan error, 1)
	s := serve(t, true, func(_ *http.Server, c *Config) { c.HandshakeFailed = func(err error, _ net.Addr) { failed <- err } })
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "nonsense in small letters\r\n\r\n")
	if err := <-failed; err == nil {
		t.Error("no error")
	}
	if len(s.rejections()) != 0 {
		t.Errorf("%v", s.rejections())
	}
}

func TestPanicInTheConfigurationIsKept(t *testing.T) {
	var calls atomic.Int32
	failed := make(chan error, 1)
	s := serve(t, true, func(_ *http.Server, c *Config) {
		cert := c.TLS.Certificates[0]
		c.TLS = &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			if calls.Add(1) == 1 {
				panic("no certificate today")
			}
			return &cert, nil
		}}
		c.HandshakeFailed = func(err error, _ net.Addr) { failed <- err }
	})
	if _, err := tls.Dial("tcp", s.addr, clientTLS()); err == nil {
		t.Error("connected")
	}
	<-failed
	if a := send(t, s.dial(t), good); a.status != 200 {
		t.Errorf("%d", a.status)
	}
}

func TestCloseEndsHandshakes(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{}
	l := Listen(srv, inner, Config{TLS: &tls.Config{Certificates: []tls.Certificate{certificate(t)}}, HandshakeTimeout: time.Hour})
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	// One connection is served, so the loop runs; the other stays silent.
	c, err := tls.Dial("tcp", inner.Addr().String(), clientTLS("http/1.1"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	silent, err := net.Dial("tcp", inner.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if a := send(t, c, good); a.status != 404 { // the default mux is empty
		t.Errorf("%d", a.status)
	}
	if err := srv.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-served; err != http.ErrServerClosed {
		t.Errorf("Serve: %v", err)
	}
	silent.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := silent.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the silent connection: %v", err)
	}
	if _, err := l.Accept(); err == nil {
		t.Error("accepted after closing")
	}
}

// A server can listen on a plain port and on a TLS port at once.
func TestTwoListeners(t *testing.T) {
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) })}
	var listeners []net.Listener
	for _, conf := range []*tls.Config{nil, {Certificates: []tls.Certificate{certificate(t)}}} {
		inner, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listeners = append(listeners, Listen(srv, inner, Config{TLS: conf}))
	}
	done := make(chan error, 2)
	for _, l := range listeners {
		go func() { done <- srv.Serve(l) }()
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: clientTLS(), ForceAttemptHTTP2: true}}
	for i, want := range []string{"HTTP/1.1", "HTTP/2.0"} {
		res, err := client.Get([]string{"http://", "https://"}[i] + listeners[i].Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if string(body) != want {
			t.Errorf("%s, want %s", body, want)
		}
	}
	client.CloseIdleConnections()
	srv.Close()
	<-done
	<-done
}
