package wire

import (
	"container/list"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// tlsListener does the handshakes beside the accept loop, so that a slow one
// holds up nobody.
type tlsListener struct {
	net.Listener
	shared *shared
	tls    *tls.Config

	start sync.Once
	ready chan net.Conn
	errs  chan error
	done  chan struct{}
	close sync.Once

	pending pending
}

func newTLSListener(inner net.Listener, s *shared, conf *tls.Config) *tlsListener {
	return &tlsListener{
		Listener: inner, shared: s, tls: conf,
		ready: make(chan net.Conn), errs: make(chan error), done: make(chan struct{}),
		pending: pending{max: s.MaxHandshakes},
	}
}

// Accept returns the next connection whose handshake is done: a *tls.Conn when
// HTTP/2 was agreed on, a wrapped one otherwise.
func (l *tlsListener) Accept() (net.Conn, error) {
	l.start.Do(func() { go l.loop() })
	select {
	case c := <-l.ready:
		return c, nil
	case err := <-l.errs:
		return nil, err
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close also closes the connections whose handshake is not done.
func (l *tlsListener) Close() error {
	err := l.Listener.Close()
	l.close.Do(func() {
		close(l.done)
		l.pending.closeAll()
	})
	return err
}

// loop hands on every error of the inner listener. Whoever accepts decides
// whether to go on; net/http waits after a temporary error and tries again.
func (l *tlsListener) loop() {
	for {
		c, err := l.Listener.Accept()
		if err == nil {
			go l.handshake(c)
			continue
		}
		select {
		case l.errs <- err:
		case <-l.done:
			return
		}
	}
}

func (l *tlsListener) handshake(raw net.Conn) {
	place, ok := l.pending.add(raw)
	if !ok {
		raw.Close()
		return
	}
	defer func() {
		// A function in the configuration, such as GetCertificate, may panic.
		// net/http keeps that to the one connection, and so does this.
		if p := recover(); p != nil {
			l.pending.remove(place)
			raw.Close()
			if l.shared.HandshakeFailed != nil {
				l.shared.HandshakeFailed(fmt.Errorf("panic during the handshake: %v", p), raw.RemoteAddr())
			}
		}
	}()
	first := &firstBytes{Conn: raw}
	secure := tls.Server(first, l.tls)
	_ = raw.SetDeadline(time.Now().Add(l.shared.HandshakeTimeout))
	if err := secure.Handshake(); err != nil {
		l.failed(err, raw, first)
		l.pending.remove(place)
		raw.Close()
		return
	}
	_ = raw.SetDeadline(time.Time{})
	l.pending.remove(place)

	var c net.Conn = secure
	if secure.ConnectionState().NegotiatedProtocol != "h2" {
		c = &secureConn{conn{Conn: secure, raw: raw, shared: l.shared, sure: true}, secure}
	}
	select {
	case l.ready <- c:
	case <-l.done:
		c.Close()
	}
}

// failed answers a client that spoke plain HTTP and reports any other failure.
func (l *tlsListener) failed(err error, raw net.Conn, first *firstBytes) {
	var record tls.RecordHeaderError
	if errors.As(err, &record) && record.Conn != nil && looksLikeHTTP(first.kept) {
		c := &conn{Conn: raw, raw: raw, shared: l.shared, sure: true}
		c.head = takeHead()
		c.remember(first.kept)
		c.reject(statusPlainOnTLS)
		return
	}
	if l.shared.HandshakeFailed != nil {
		l.shared.HandshakeFailed(err, raw.RemoteAddr())
	}
}

// looksLikeHTTP tells a request line by its beginning: capital letters, then a
// space. A TLS record begins with a byte below 32.
func looksLikeHTTP(b []byte) bool {
	for i, c := range b {
		switch {
		case c == ' ':
			return i >= 3
		case c < 'A' || c > 'Z':
			return false
		case i > 16:
			return false
		}
	}
	return len(b) > 0
}

// firstBytes keeps what a client sends first, unless it is a TLS handshake.
type firstBytes struct {
	net.Conn
	kept   []byte
	looked bool
}

func (f *firstBytes) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	if n > 0 && !f.looked {
		const handshakeRecord = 0x16
		f.looked = p[0] == handshakeRecord
		if !f.looked {
			f.kept = append(f.kept, p[:n]...)
		}
	}
	return n, err
}

// pending is the set of connections whose handshake is under way, the oldest
// first.
type pending struct {
	mu     sync.Mutex
	conns  list.List
	max    int
	closed bool
}

// add takes a connection in; ok is false when the listener is closed. When
// there are too many, the oldest is closed, which ends its handshake.
func (p *pending) add(c net.Conn) (place *list.Element, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, false
	}
	if p.conns.Len() >= p.max {
		oldest := p.conns.Front()
		p.conns.Remove(oldest)
		oldest.Value.(net.Conn).Close()
	}
	return p.conns.PushBack(c), true
}

// remove takes a connection out, also one that was removed before.
func (p *pending) remove(place *list.Element) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns.Remove(place)
}

func (p *pending) closeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for e := p.conns.Front(); e != nil; e = e.Next() {
		e.Value.(net.Conn).Close()
	}
}
