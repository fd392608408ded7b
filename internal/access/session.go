package access

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/token"
)

// SessionCookie is the cookie that carries a browser session, and CSRFHeader the header that every request with it
// must carry when it changes something.
const (
	SessionCookie = "pail_session"
	CSRFHeader    = "X-Pail-CSRF"
)

// SessionLength is how long a sign-in lasts.
const SessionLength = 14 * 24 * time.Hour

// maxSessions bounds the sessions of one account; the oldest goes when another starts.
const maxSessions = 50

// seenEvery is how exact the time is at which a session was last seen.
const seenEvery = 10 * time.Minute

// SignedIn is a new session: what goes into the cookie, and what the page sends back with each change.
type SignedIn struct {
	Secret  string
	CSRF    string
	Expires time.Time
}

// StartSession signs an account in. The caller has checked who it is.
func (g *Gate) StartSession(ctx context.Context, accountID, address, agent string) (SignedIn, error) {
	now := g.Now()
	s := SignedIn{Secret: token.Mint(token.Session), Expires: now.Add(SessionLength)}
	s.CSRF = newCSRF(s.Secret)
	err := g.DB.Update(ctx, func(tx *database.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM session WHERE expires_on <= $1 OR account_id = $2 AND hash NOT IN
			(SELECT hash FROM session WHERE account_id = $2 ORDER BY created_on DESC LIMIT $3)`, database.Micros(now), accountID, maxSessions-1); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO session (hash, account_id, created_on, seen_on, expires_on, address, agent)
			VALUES ($1, $2, $3, $3, $4, $5, $6)`, hashOf(s.Secret), accountID, database.Micros(now), database.Micros(s.Expires), address, clip(agent))
		return err
	})
	if err != nil {
		return s, fmt.Errorf("start session: %w", err)
	}
	return s, nil
}

// EndSession signs out. A session that is over already is none the worse.
func (g *Gate) EndSession(ctx context.Context, secret string) error {
	return g.DB.Update(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM session WHERE hash = $1`, hashOf(secret))
		return err
	})
}

// SessionInfo is one sign-in of an account. ID names it among the account's; it opens nothing.
type SessionInfo struct {
	ID                     string
	Created, Seen, Expires time.Time // Seen is true to ten minutes
	Address, Agent         string
}

// sessionID is the part of a hash that names a session.
const sessionID = 16

// Sessions lists the sign-ins of an account, the latest first.
func (g *Gate) Sessions(ctx context.Context, accountID string) ([]SessionInfo, error) {
	return database.Collect(ctx, g.DB, func(scan func(...any) error) (s SessionInfo, err error) {
		var created, seen, expires int64
		err = scan(&s.ID, &created, &seen, &expires, &s.Address, &s.Agent)
		s.ID = s.ID[:min(sessionID, len(s.ID))]
		s.Created, s.Seen, s.Expires = database.Time(created), database.Time(seen), database.Time(expires)
		return s, err
	}, `SELECT hash, created_on, seen_on, expires_on, address, agent FROM session WHERE account_id = $1 AND expires_on > $2
		ORDER BY seen_on DESC, created_on DESC`, accountID, database.Micros(g.Now()))
}

// EndSessions ends the account's session with this id; with the id "" all but the one whose id is keep.
func (g *Gate) EndSessions(ctx context.Context, accountID, id, keep string) error {
	return g.DB.Update(ctx, func(tx *database.Tx) (err error) {
		if id == "" {
			_, err = tx.Exec(ctx, `DELETE FROM session WHERE account_id = $1 AND SUBSTR(hash, 1, 16) <> $2`, accountID, keep)
		} else {
			_, err = tx.Exec(ctx, `DELETE FROM session WHERE account_id = $1 AND SUBSTR(hash, 1, 16) = $2`, accountID, id)
		}
		return err
	})
}

// Secure reports whether cookies of a server with this external URL travel over TLS only.
func Secure(base string) bool { return strings.HasPrefix(base, "https://") }

// NewSessionCookie is the cookie of a session on a server with this external URL. The zero session takes it away.
func NewSessionCookie(s SignedIn, base string) *http.Cookie {
	c := &http.Cookie{Name: SessionCookie, Value: s.Secret, Path: "/", Expires: s.Expires, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: Secure(base)}
	if s.Secret == "" {
		c.MaxAge = -1
	}
	return c
}

// Visitor is who looks at a page.
type Visitor struct {
	Principal *Principal // anonymous without a session
	ID        string     // of the session, as SessionInfo has it
	Secret    string     // of the session, as the cookie has it
}

// CSRF is a token for the forms of a page: another one each time, "" without a session.
func (v Visitor) CSRF() string {
	if v.Secret == "" {
		return ""
	}
	return newCSRF(v.Secret)
}

// Confirms reports whether sent is one of the session's CSRF tokens.
func (v Visitor) Confirms(sent string) bool { return v.Secret != "" && confirms(v.Secret, sent) }

// Visitor finds out who asks for a page, by the session cookie alone.
func (g *Gate) Visitor(r *http.Request) (Visitor, error) {
	cookie, err := r.Cookie(SessionCookie)
	if err != nil {
		return Visitor{Principal: anonymous}, nil
	}
	p, err := g.signedIn(r.Context(), cookie.Value)
	if errors.Is(err, database.ErrNoRows) {
		return Visitor{Principal: anonymous}, nil
	}
	if err != nil {
		return Visitor{Principal: anonymous}, fmt.Errorf("look up session: %w", err)
	}
	return Visitor{p, hashOf(cookie.Value)[:sessionID], cookie.Value}, nil
}

// session identifies the caller of the API by the session cookie; without one, or with one that is over, the caller is
// anonymous. A change without a CSRF token of the session is refused.
func (g *Gate) session(r *rest.Request) (*Principal, *rest.Error) {
	v, err := g.Visitor(r.HTTP)
	if err != nil {
		return nil, rest.Fault(err)
	}
	p := v.Principal
	if p.Anonymous() {
		return p, nil
	}
	if m := r.HTTP.Method; m != http.MethodGet && m != http.MethodHead && m != http.MethodOptions && !v.Confirms(r.HTTP.Header.Get(CSRFHeader)) {
		return nil, rest.Refuse(reason.CSRFMissing, "")
	}
	r.Trace.CredentialKind, r.Trace.AccountID = string(p.Kind), p.AccountID()
	p.describe(r.Header)
	return p, nil
}

func (g *Gate) signedIn(ctx context.Context, secret string) (*Principal, error) {
	var a Account
	var seen int64
	hash, now := hashOf(secret), g.Now()
	ctx = context.WithoutCancel(ctx)
	err := g.DB.Row(ctx, `SELECT s.seen_on, a.id, a.account_id, a.email, a.username, a.display_name, a.is_admin
		FROM session s JOIN account a ON a.id = s.account_id
		WHERE s.hash = $1 AND s.expires_on > $2 AND a.is_active`, hash, database.Micros(now)).Scan(
		&seen, &a.ID, &a.AccountID, &a.Email, &a.Username, &a.DisplayName, &a.Admin)
	if err != nil {
		return nil, err
	}
	if now.Sub(database.Time(seen)) > seenEvery {
		if err := g.DB.Record(ctx, func(tx *database.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE session SET seen_on = $1 WHERE hash = $2`, database.Micros(now), hash)
			return err
		}); err != nil {
			g.Log.Error("when a session was seen was not written", "error", err)
		}
	}
	return &Principal{Account: &a, Kind: Session, ID: "session:" + a.ID, everything: true,
		scopeHeader: []string{""}, kindHeader: []string{string(Session)}}, nil
}

// A CSRF token is a random number and its keyed hash, with the session's secret as the key: it needs no place in the
// store, and no two pages carry the same one, so that what a page says besides cannot be measured against it.
const csrfRandom = 8 // bytes

func newCSRF(secret string) string {
	var random [csrfRandom]byte
	_, _ = rand.Read(random[:]) // never fails
	return hex.EncodeToString(random[:]) + csrfSum(secret, random[:])
}

func csrfSum(secret string, random []byte) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte("csrf "))
	m.Write(random)
	return hex.EncodeToString(m.Sum(nil))
}

func confirms(secret, sent string) bool {
	if len(sent) < 2*csrfRandom {
		return false
	}
	random, err := hex.DecodeString(sent[:2*csrfRandom])
	return err == nil && hmac.Equal([]byte(sent[2*csrfRandom:]), []byte(csrfSum(secret, random)))
}
