package server

import (
	"crypto/tls"
	"net"
	"net/http"
	"strings"

	"github.com/pailforge/pail/internal/api"
	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/server/wire"
)

// wire puts the listener in front that answers what net/http rejects before any handler.
func (s *Server) wire(srv *http.Server, ln net.Listener, conf *tls.Config) net.Listener {
	return wire.Listen(srv, ln, wire.Config{
		TLS: conf, MaxHead: int(s.Config.Limits.Header), SpacesInQuery: true, Answer: s.rejected,
		Observe: func(r wire.Rejection, from net.Addr) {
			s.Log.Warn("rejected", "reason", r.Code, "status", r.Status, "method", r.Method, "path", r.Path, "remote", from.String(), "request_id", r.RequestID)
		},
		HandshakeFailed: func(err error, from net.Addr) {
			s.Log.Debug("TLS handshake failed", "error", err, "remote", from.String())
		},
	})
}

// rejected is the answer to a request that no handler saw. When its path is wrong too, it says so in the same answer:
// whoever mends the header would run into that next.
func (s *Server) rejected(r wire.Rejection) (status int, header http.Header, body []byte) {
	e := rest.Refuse(r.Code, r.Detail)
	e.Status = r.Status
	if r.Lines > 0 {
		e.With("lines", r.Lines)
	}
	if r.Header != "" {
		e.With("header", r.Header)
	}
	if r.Code == reason.HeaderControlCharacter && r.Header != "Authorization" {
		e = e.WithMessage("Bad Request") // nothing is wrong with the credential
	}
	if r.Path != "" {
		if _, outcome := catalog.FindHere(r.Method, strings.TrimPrefix(r.Path, api.Prefix)); outcome == catalog.Unknown && strings.HasPrefix(r.Path, "/") {
			if also := api.Misdirected(r.Method, r.Path); also != nil && !s.elsewhere(r.Path) {
				e.With("also", []any{api.Also(also)})
			}
		}
	}
	status, header, body = s.rest.Render(e, r.RequestID)
	if r.RequestID != "" {
		header.Set("X-Request-Id", r.RequestID)
	}
	return status, header, body
}

// elsewhere reports whether a path belongs to another part than the API.
func (s *Server) elsewhere(path string) bool {
	return !strings.HasPrefix(path, api.Prefix+"/") && !strings.HasPrefix(path, "/rest/")
}
