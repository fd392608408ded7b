package record

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/elazarl/goproxy"
)

// Bounds of waiting.
const (
	handshakeTimeout = 30 * time.Second
	closeTimeout     = 2 * time.Second // for answers still under way when the recording ends
	idleTimeout      = 2 * time.Minute
)

// Proxy is a forward proxy on loopback. Requests to the recorded hosts are read, on their way in and out; everything
// else passes through it unread.
type Proxy struct {
	// Addr is where it listens.
	Addr string

	hosts    []Host
	recorder *Recorder // nil: nothing is recorded
	ca       *authority
	server   *http.Server
	opened   intercepted  // the connections to recorded hosts
	forward  http.Handler // requests to recorded hosts
	others   http.Handler // everything else
	requests requests
	stop     context.CancelFunc // ends handshakes that hang
}

// newProxy starts a proxy for the hosts. out is the way out.
func newProxy(hosts []Host, ca *authority, out *outside, recorder *Recorder) (*Proxy, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open a port on loopback: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	p := &Proxy{Addr: ln.Addr().String(), hosts: hosts, recorder: recorder, ca: ca, stop: stop,
		opened: intercepted{conns: make(chan net.Conn), closed: ctx.Done(), addr: ln.Addr()},
		others: tunnels(out)}
	var transport http.RoundTripper = out.transport
	if recorder != nil {
		transport = recorder.Watch(transport)
	}
	p.forward = forwarder(transport, func(r *httputil.ProxyRequest) {
		r.Out.URL.RawQuery = r.In.URL.RawQuery // as it came, also where it is no good
		r.Out.Host = r.In.Host
	})
	p.server = &http.Server{Handler: p, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: handshakeTimeout, IdleTimeout: idleTimeout,
		ConnContext: target, ConnState: p.requests.state}
	go func() { _ = p.server.Serve(ln) }()
	go func() { _ = p.server.Serve(&p.opened) }()
	return p, nil
}

// Close ends the proxy. Answers under way get a moment to end.
func (p *Proxy) Close() {
	p.stop()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if p.server.Shutdown(ctx) != nil {
		_ = p.server.Close()
	}
	p.recorder.note(p.requests.lost)
}

// requests counts those of which a first byte came, and those that could be read.
type requests struct{ begun, read atomic.Int64 }

func (n *requests) state(_ net.Conn, s http.ConnState) {
	if s == http.StateActive {
		n.begun.Add(1)
	}
}

func (n *requests) lost(l *Lost) { l.Unreadable = max(0, n.begun.Load()-n.read.Load()) }

// ServeHTTP sends a request where it belongs.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.requests.read.Add(1)
	if to, ok := r.Context().Value(targetKey{}).(*toHost); ok { // within a connection to a recorded host
		r.URL.Scheme, r.URL.Host = to.scheme, to.host
		p.forward.ServeHTTP(w, r)
		return
	}
	switch {
	case r.Method == http.MethodConnect && p.records(r.Host, "443"):
		p.intercept(w, r)
	case r.Method != http.MethodConnect && r.URL.IsAbs() && p.records(r.URL.Host, "80"):
		p.forward.ServeHTTP(w, r)
	default:
		p.recorder.note(func(l *Lost) { l.Others++ })
		p.others.ServeHTTP(w, r)
	}
}

// records tells whether requests to a host are recorded. port is what stands for none.
func (p *Proxy) records(hostport, port string) bool {
	return slices.ContainsFunc(p.hosts, func(h Host) bool { return h.matches(hostport, port) })
}

// intercept takes the place of the host that a client asks to be connected with.
func (p *Proxy) intercept(w http.ResponseWriter, r *http.Request) {
	raw, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if _, err := io.WriteString(raw, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		_ = raw.Close()
		return
	}
	plain := &toHost{Conn: raw, reader: buffered.Reader, scheme: "http", host: r.Host}
	_ = plain.SetDeadline(time.Now().Add(handshakeTimeout))
	first, err := plain.reader.Peek(1)
	const handshakeRecord = 22
	switch {
	case err != nil:
		_ = plain.Close() // a client that only looks whether there is a proxy
	case first[0] == handshakeRecord:
		p.secure(plain)
	default: // plain HTTP through a tunnel
		_ = plain.SetDeadline(time.Time{})
		p.opened.push(plain)
	}
}

// secure answers the TLS handshake in the host's place.
func (p *Proxy) secure(c *toHost) {
	conn := tls.Server(c, &tls.Config{NextProtos: []string{"http/1.1"}, GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if h.ServerName != "" {
			return p.ca.certificateFor(h.ServerName)
		}
		return p.ca.certificateFor(hostOf(c.host))
	}})
	opened := &toHost{Conn: conn, reader: bufio.NewReader(conn), scheme: "https", host: c.host}
	// In TLS 1.3 the handshake is over for the server before the client has looked at the certificate. One that does not
	// trust it says so in place of a request.
	if _, err := opened.reader.Peek(1); err != nil {
		if !errors.Is(err, io.EOF) {
			p.recorder.note(func(l *Lost) { l.Handshakes++ })
		}
		_ = conn.Close()
		return
	}
	_ = conn.SetDeadline(time.Time{})
	p.opened.push(opened)
}

func hostOf(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return hostport
}

// toHost is a connection on which a client believes to speak with host.
type toHost struct {
	net.Conn
	reader       *bufio.Reader // may hold what the client sent early
	scheme, host string
}

func (c *toHost) Read(b []byte) (int, error) { return c.reader.Read(b) }

type targetKey struct{}

// target tells the requests of such a connection where they go.
func target(ctx context.Context, c net.Conn) context.Context {
	if to, ok := c.(*toHost); ok {
		return context.WithValue(ctx, targetKey{}, to)
	}
	return ctx
}

// intercepted hands connections to the HTTP server.
type intercepted struct {
	conns  chan net.Conn
	closed <-chan struct{}
	addr   net.Addr
}

func (l *intercepted) push(c net.Conn) {
	select {
	case l.conns <- c:
	case <-l.closed:
		_ = c.Close()
	}
}

// Accept waits for the next connection.
func (l *intercepted) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close does nothing: the proxy ends all at once.
func (l *intercepted) Close() error { return nil }

// Addr is that of the proxy.
func (l *intercepted) Addr() net.Addr { return l.addr }

// forwarder passes requests on and streams the answers. rewrite says where to.
func forwarder(transport http.RoundTripper, rewrite func(*httputil.ProxyRequest)) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			for _, h := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
				if v, ok := r.In.Header[h]; ok {
					r.Out.Header[h] = v // as it came
				}
			}
			rewrite(r)
		},
		FlushInterval: -1, // what the server sends piece by piece arrives so
		ErrorLog:      log.New(io.Discard, "", 0),
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			http.Error(w, fmt.Sprintf("pail record: no answer from %s: %v", r.URL.Host, err), http.StatusBadGateway)
		},
	}
}

// tunnels is the proxy for what is not recorded: it connects, and copies bytes.
func tunnels(out *outside) http.Handler {
	p := goproxy.NewProxyHttpServer()
	p.Logger = log.New(io.Discard, "", 0)
	p.Tr, p.KeepAcceptEncoding = out.transport, true
	p.ConnectDial = nil
	p.ConnectDialWithReq = func(r *http.Request, network, addr string) (net.Conn, error) {
		via, err := out.proxyFor(&url.URL{Scheme: "https", Host: addr})
		if err != nil {
			return nil, err
		}
		if via == nil {
			return (&net.Dialer{}).DialContext(r.Context(), network, addr)
		}
		return p.NewConnectDialToProxyWithHandler(via.String(), func(connect *http.Request) {
			if via.User != nil {
				password, _ := via.User.Password()
				basic := &http.Request{Header: http.Header{}}
				basic.SetBasicAuth(via.User.Username(), password)
				connect.Header.Set("Proxy-Authorization", basic.Header.Get("Authorization"))
			}
		})(network, addr)
	}
	return p
}

// Host is a host to record.
type Host struct {
	name string
	port string // empty: any
}

// DefaultHosts are those of Bitbucket Cloud.
var DefaultHosts = []Host{{name: "api.bitbucket.org"}, {name: "bitbucket.org"}}

// ParseHost reads a host with or without a port, or the URL of one.
func ParseHost(text string) (Host, error) {
	if strings.Contains(text, "://") {
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || u.User != nil {
			return Host{}, errors.New("a host is HOST or HOST:PORT, or a URL without a user")
		}
		port := u.Port()
		if port == "" {
			port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
		}
		return ParseHost(net.JoinHostPort(u.Hostname(), port))
	}
	bare := strings.Trim(text, "[]")
	if h, port, err := net.SplitHostPort(text); err == nil && port != "" {
		if _, err := strconv.ParseUint(port, 10, 16); err == nil && h != "" && !strings.ContainsAny(h, "/@ ") {
			return Host{strings.ToLower(h), port}, nil
		}
		bare = "" // such as HOST:PORT/2.0, which no request would ever match
	}
	if bare == "" || strings.ContainsAny(bare, "/@ ") || strings.Contains(bare, ":") && net.ParseIP(bare) == nil {
		return Host{}, errors.New("a host is HOST or HOST:PORT, or a URL without a user")
	}
	return Host{name: strings.ToLower(bare)}, nil
}

// matches tells whether hostport is this host. port is what stands for none in it.
func (h Host) matches(hostport, port string) bool {
	name := strings.Trim(hostport, "[]")
	if n, p, err := net.SplitHostPort(hostport); err == nil {
		name, port = n, p
	}
	return strings.EqualFold(name, h.name) && (h.port == "" || h.port == port)
}
