package wire

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"net"
	"net/http"
	"slices"
	"time"
)

// Config says how a listener answers. The zero value is a plain listener that
// answers JSON without links.
type Config struct {
	// TLS turns the listener into one for HTTPS. It needs certificates, or a way
	// to get them; the application protocols are added. Nil means plain HTTP.
	TLS *tls.Config

	// HandshakeTimeout bounds a TLS handshake; 0 means 10 seconds.
	HandshakeTimeout time.Duration

	// MaxHandshakes bounds the TLS handshakes under way; 0 means 1024. When
	// there is one more, the oldest is given up, so that a crowd of silent
	// connections keeps nobody out.
	MaxHandshakes int

	// MaxHead bounds the bytes of a request's head that are remembered for the
	// diagnosis; 0 means 64 KiB. What lies behind is not diagnosed; the limit of
	// what is served is http.Server.MaxHeaderBytes.
	MaxHead int

	// SpacesInQuery takes requests whose query holds spaces that are not
	// encoded, as some clients of Bitbucket Cloud send them in q=, by reading
	// each as a plus sign. Otherwise they are refused with
	// request.space_in_target.
	SpacesInQuery bool

	// Answer renders a refusal; nil means JSON(""). The header must not be kept.
	// Connection, Content-Length and Date are set by the connection.
	Answer func(Rejection) (status int, header http.Header, body []byte)

	// Observe is told of each refusal, before the answer is written; nil means
	// nobody is. It runs on the connection's goroutine.
	Observe func(Rejection, net.Addr)

	// HandshakeFailed is told of each TLS handshake that fails, except when
	// plain HTTP was spoken, which Observe is told of. Nil means nobody is.
	HandshakeFailed func(error, net.Addr)

	// RequestID makes the id of a refusal; nil means 26 random characters.
	RequestID func() string
}

func (c Config) withDefaults() Config {
	if c.HandshakeTimeout <= 0 {
		c.HandshakeTimeout = 10 * time.Second
	}
	if c.MaxHandshakes <= 0 {
		c.MaxHandshakes = 1024
	}
	if c.MaxHead <= 0 {
		c.MaxHead = 64 << 10
	}
	if c.Answer == nil {
		c.Answer = JSON("")
	}
	if c.RequestID == nil {
		c.RequestID = rand.Text
	}
	return c
}

// Listen wraps inner for srv; serve the result with srv.Serve, for plain HTTP
// and for HTTPS alike, never with ServeTLS.
//
// It puts itself around srv.Handler, srv.ConnContext and srv.ConnState, keeping
// what is there, so these must be set before. With Config.TLS it also sets
// srv.TLSConfig, so that net/http sets up HTTP/2 (unless srv.Protocols or
// srv.TLSNextProto rule it out). One server may have several listeners; all must
// be made before the first is served.
//
// Closing the listener, which srv.Shutdown and srv.Close do, also closes the
// connections whose handshake is not done.
func Listen(srv *http.Server, inner net.Listener, cfg Config) net.Listener {
	cfg = cfg.withDefaults()
	s := &shared{Config: cfg, h2c: srv.Protocols != nil && srv.Protocols.UnencryptedHTTP2()}
	attach(srv)
	if cfg.TLS == nil {
		return &plainListener{Listener: inner, shared: s}
	}
	conf := cfg.TLS.Clone()
	conf.NextProtos = protocols(srv, conf.NextProtos)
	// net/http changes the one that it has while it sets up HTTP/2.
	srv.TLSConfig = conf.Clone()
	return newTLSListener(inner, s, conf)
}

// shared is what the connections of one listener have in common.
type shared struct {
	Config
	h2c bool // HTTP/2 without TLS is served on plain connections
}

// protocols is the list for ALPN: what the server speaks, the best first.
func protocols(srv *http.Server, also []string) []string {
	http2 := srv.TLSNextProto == nil || srv.TLSNextProto["h2"] != nil
	http1 := true
	if srv.Protocols != nil {
		http1, http2 = srv.Protocols.HTTP1(), srv.Protocols.HTTP2()
	}
	var list []string
	if http2 {
		list = append(list, "h2")
	}
	if http1 {
		list = append(list, "http/1.1")
	}
	for _, p := range also {
		if p != "h2" && p != "http/1.1" {
			list = append(list, p)
		}
	}
	return slices.Clip(list)
}

// connKey finds the connection in the context of a request.
type connKey struct{}

// attach puts the hooks into the server, once for all its listeners.
func attach(srv *http.Server) {
	if _, done := srv.Handler.(*handler); done {
		return
	}
	next := srv.Handler
	if next == nil {
		next = http.DefaultServeMux
	}
	srv.Handler = &handler{next}

	connContext := srv.ConnContext
	srv.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		if connContext != nil {
			ctx = connContext(ctx, c)
		}
		if w, ok := c.(wrapped); ok {
			ctx = context.WithValue(ctx, connKey{}, w.wire())
		}
		return ctx
	}

	connState := srv.ConnState
	srv.ConnState = func(c net.Conn, state http.ConnState) {
		if w, ok := c.(wrapped); ok && state == http.StateIdle {
			w.wire().idle()
		}
		if connState != nil {
			connState(c, state)
		}
	}
}

// handler tells the connection that its request has been accepted.
type handler struct{ next http.Handler }

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c, ok := r.Context().Value(connKey{}).(*conn); ok {
		c.accepted(r.ContentLength)
	}
	h.next.ServeHTTP(w, r)
}

// wrapped is a connection of this package, plain or with TLS.
type wrapped interface{ wire() *conn }

type plainListener struct {
	net.Listener
	shared *shared
}

func (l *plainListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &plainConn{conn{Conn: c, raw: c, shared: l.shared, sure: true}}, nil
}
