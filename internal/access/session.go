package access

import (
	"context"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
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

// SignedIn is a new session: what goes into the cookie, and what the page sends back with each change.
type SignedIn struct {
	Secret  string
	CSRF    string
	Expires time.Time
}

// StartSession signs an account in. The caller has checked who it is.
func (g *Gate) StartSession(ctx context.Context, accountID, address, agent string) (SignedIn, error) {
	now := g.Now()
	s := SignedIn{Secret: token.Mint(token.Session), CSRF: token.Mint(token.Session), Expires: now.Add(SessionLength)}
	err := g.DB.Update(ctx, func(tx *database.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM session WHERE expires_on <= $1 OR account_id = $2 AND hash NOT IN
			(SELECT hash FROM session WHERE account_id = $2 ORDER BY created_on DESC LIMIT $3)`, database.Micros(now), accountID, maxSessions-1); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO session (hash, account_id, csrf, created_on, expires_on, address, agent)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`, hashOf(s.Secret), accountID, hashOf(s.CSRF), database.Micros(now), database.Micros(s.Expires), address, clip(agent))
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

// session identifies the caller by the session cookie; without one, or with one that is over, the caller is
// anonymous. A change without the CSRF token is refused.
func (g *Gate) session(r *rest.Request) (*Principal, *rest.Error) {
	cookie, err := r.HTTP.Cookie(SessionCookie)
	if err != nil {
		return anonymous, nil
	}
	p, csrf, err := g.signedIn(r.HTTP.Context(), cookie.Value)
	if errors.Is(err, database.ErrNoRows) {
		return anonymous, nil
	}
	if err != nil {
		return nil, rest.Fault(fmt.Errorf("look up session: %w", err))
	}
	if m := r.HTTP.Method; m != http.MethodGet && m != http.MethodHead && m != http.MethodOptions {
		sent := token.Hash(r.HTTP.Header.Get(CSRFHeader))
		if subtle.ConstantTimeCompare([]byte(csrf), []byte(hex.EncodeToString(sent[:]))) != 1 {
			return nil, rest.Refuse(reason.CSRFMissing, "")
		}
	}
	r.Trace.CredentialKind, r.Trace.AccountID = string(p.Kind), p.AccountID()
	p.describe(r.Header)
	return p, nil
}

func (g *Gate) signedIn(ctx context.Context, secret string) (*Principal, string, error) {
	var a Account
	var csrf string
	hash := hashOf(secret)
	err := g.DB.Row(context.WithoutCancel(ctx), `SELECT s.csrf, a.id, a.account_id, a.email, a.username, a.display_name, a.is_admin
		FROM session s JOIN account a ON a.id = s.account_id
		WHERE s.hash = $1 AND s.expires_on > $2 AND a.is_active`, hash, database.Micros(g.Now())).Scan(
		&csrf, &a.ID, &a.AccountID, &a.Email, &a.Username, &a.DisplayName, &a.Admin)
	if err != nil {
		return nil, "", err
	}
	return &Principal{Account: &a, Kind: Session, ID: "session:" + a.ID, everything: true,
		scopeHeader: []string{""}, kindHeader: []string{string(Session)}}, csrf, nil
}
