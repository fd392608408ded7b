package oauth

import (
	"context"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/scope"
	"github.com/pailforge/pail/internal/token"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// How long tokens live. An access token: `expires_in` of Bitbucket Cloud's answers. A refresh token: three months
// without use.
const (
	AccessLength  = 2 * time.Hour
	RefreshLength = 90 * 24 * time.Hour
)

// Tokens is what a grant buys.
type Tokens struct {
	Access       string
	Refresh      string // "" for client credentials
	Scopes       scope.Set
	State        string // of the request that a code came from
	CredentialID string // what was allowed
	Kind         access.Kind
	Length       time.Duration // of Access
}

// proven is a consumer that has named itself. secret tells whether it has shown its secret.
type proven struct {
	Consumer
	secret bool
}

// prove finds out which consumer sends a request. A public one may leave its secret out: for what it may do then see
// exchange. The errors are *rest.Error.
func (r *Room) prove(ctx context.Context, key, secret string) (proven, error) {
	if key == "" {
		return proven{}, rest.Refuse(reason.OAuthClientMissing, "")
	}
	c, err := r.byKey(ctx, key)
	switch {
	case err != nil:
		return proven{}, err
	case secret == "" && c.Private:
		return proven{}, rest.Refuse(reason.OAuthClientMissing, "The key came without the secret. This consumer is private: it proves with its secret who it is.")
	case secret == "":
		return proven{c, false}, nil
	case subtle.ConstantTimeCompare([]byte(hashOf(secret)), []byte(c.secretHash)) != 1:
		detail := ""
		if shape := token.Inspect(secret); shape.Problem != token.None && shape.Problem != token.Unrecognised {
			detail = "The key is that of a consumer, but the secret does not fit. " + shape.Detail
		}
		return proven{}, rest.Refuse(reason.OAuthClientSecret, detail)
	}
	return proven{c, true}, nil
}

// exchange buys tokens for an authorization code (RFC 6749, 4.1.3). A code that comes a second time takes the tokens
// with it that it has bought.
func (r *Room) exchange(ctx context.Context, c proven, in *oidc.AccessTokenRequest) (Tokens, error) {
	if in.Code == "" {
		return Tokens{}, rest.Refuse(reason.OAuthRequestInvalid, "code is missing: what the browser brought back.")
	}
	hash, now := hashOf(in.Code), r.now()
	k, err := findCode(ctx, r.DB, hash)
	if errors.Is(err, database.ErrNoRows) || err == nil && k.consumerID != c.ID {
		return Tokens{}, unknown(reason.OAuthCodeUnknown, in.Code)
	}
	if err != nil {
		return Tokens{}, err
	}
	if k.used {
		return Tokens{}, r.replayed(ctx, k.family, reason.OAuthCodeUsed)
	}
	if refusal := k.check(c, in, now); refusal != nil {
		return Tokens{}, refusal
	}
	t, ok, err := r.give(ctx, k.credentialID, k.family, true, func(tx *database.Tx) (bool, error) { return useCode(ctx, tx, hash, now) })
	if err == nil && !ok {
		return Tokens{}, r.replayed(ctx, k.family, reason.OAuthCodeUsed)
	}
	t.State = k.state
	return t, err
}

// check looks at everything but whether the code was used.
func (k *code) check(c proven, in *oidc.AccessTokenRequest, now time.Time) *rest.Error {
	if !now.Before(k.expires) {
		return rest.Refuse(reason.OAuthCodeExpired, "")
	}
	if k.dead {
		return rest.Refuse(reason.OAuthRevoked, "")
	}
	if in.RedirectURI != k.redirectURI && (in.RedirectURI != "" || k.redirectSent) {
		return rest.Refuse(reason.OAuthRedirect, "The redirect_uri is not the one that the code was asked for with.")
	}
	var challenge *oidc.CodeChallenge
	switch {
	case k.challenge != "":
		challenge = &oidc.CodeChallenge{Challenge: k.challenge, Method: oidc.CodeChallengeMethod(k.method)}
	case !c.secret:
		return rest.Refuse(reason.OAuthVerifier, "The consumer sent no secret, and the code was asked for without code_challenge: nothing shows that it is the one who asked.")
	}
	if op.AuthorizeCodeChallenge(in.CodeVerifier, challenge) == nil {
		return nil
	}
	switch {
	case in.CodeVerifier == "":
		return rest.Refuse(reason.OAuthVerifier, "code_verifier is missing: the code was asked for with code_challenge.")
	case challenge == nil:
		return rest.Refuse(reason.OAuthVerifier, "code_verifier came, and the code was asked for without code_challenge.")
	}
	return rest.Refuse(reason.OAuthVerifier, "")
}

// renew buys tokens for a refresh token (RFC 6749, 6), which is used up by it. One that comes a second time takes all
// tokens with it that came from the same code (RFC 9700, 4.14.2).
func (r *Room) renew(ctx context.Context, c proven, secret string, scopes []string) (Tokens, error) {
	if secret == "" {
		return Tokens{}, rest.Refuse(reason.OAuthRequestInvalid, "refresh_token is missing.")
	}
	hash, now := hashOf(secret), r.now()
	old, err := findRefresh(ctx, r.DB, hash)
	switch {
	case errors.Is(err, database.ErrNoRows) || err == nil && old.consumerID != c.ID:
		return Tokens{}, unknown(reason.OAuthRefreshUnknown, secret)
	case err != nil:
		return Tokens{}, err
	case old.used:
		return Tokens{}, r.replayed(ctx, old.family, reason.OAuthRefreshUsed)
	case old.revoked, old.dead:
		return Tokens{}, rest.Refuse(reason.OAuthRevoked, "")
	case !now.Before(old.expires):
		return Tokens{}, rest.Refuse(reason.OAuthRefreshExpired, "")
	}
	if refusal := c.within(scopes); refusal != nil {
		return Tokens{}, refusal
	}
	t, ok, err := r.give(ctx, old.credentialID, old.family, true, func(tx *database.Tx) (bool, error) { return useRefresh(ctx, tx, hash, now) })
	if err == nil && !ok {
		return Tokens{}, r.replayed(ctx, old.family, reason.OAuthRefreshUsed)
	}
	return t, err
}

// own buys an access token for the consumer itself (RFC 6749, 4.4): it acts for its workspace.
func (r *Room) own(ctx context.Context, c proven, scopes []string) (Tokens, error) {
	if !c.Private {
		return Tokens{}, rest.Refuse(reason.OAuthConsumerPublic, "")
	}
	if refusal := c.within(scopes); refusal != nil {
		return Tokens{}, refusal
	}
	family, err := uuid.NewV7()
	if err != nil {
		return Tokens{}, err
	}
	var id string
	err = r.DB.Update(ctx, func(tx *database.Tx) error {
		now, err := lockConsumer(ctx, tx, c.ID)
		if errors.Is(err, ErrNotFound) {
			return rest.Refuse(reason.OAuthClientUnknown, "")
		}
		if err != nil {
			return err
		}
		id, err = r.Credentials.Allow(ctx, tx, c.ID, access.Credential{Bounds: access.Bounds{WorkspaceID: now.WorkspaceID}, Name: now.Name, Scopes: now.Scopes})
		return err
	})
	if err != nil {
		return Tokens{}, err
	}
	t, _, err := r.give(ctx, id, family.String(), false, func(*database.Tx) (bool, error) { return true, nil })
	return t, err
}

// give mints tokens when use succeeds, in one transaction with it. ok is false when use says that somebody else was
// faster.
func (r *Room) give(ctx context.Context, credentialID, family string, refresh bool, use func(*database.Tx) (bool, error)) (t Tokens, ok bool, err error) {
	now := r.now()
	t = Tokens{Access: token.Mint(token.OAuthAccess), CredentialID: credentialID, Kind: access.OAuth, Length: AccessLength}
	if refresh {
		t.Refresh = token.Mint(token.OAuthRefresh)
	}
	err = r.DB.Update(ctx, func(tx *database.Tx) error {
		if ok, err = use(tx); err != nil || !ok {
			return err
		}
		c, err := r.Credentials.In(ctx, tx, credentialID)
		if err != nil {
			return err
		}
		t.Scopes = c.Scopes
		if err := tidy(ctx, tx, credentialID, now); err != nil {
			return err
		}
		if refresh {
			if err := insertToken(ctx, tx, hashOf(t.Refresh), credentialID, family, true, now, now.Add(RefreshLength)); err != nil {
				return err
			}
		}
		return insertToken(ctx, tx, hashOf(t.Access), credentialID, family, false, now, now.Add(AccessLength))
	})
	return t, ok, err
}

// replayed revokes what came from a code that was shown twice, and says so.
func (r *Room) replayed(ctx context.Context, family string, code reason.Code) error {
	err := r.DB.Update(ctx, func(tx *database.Tx) error { return revokeFamily(ctx, tx, family, r.now()) })
	if err != nil {
		return err
	}
	return rest.Refuse(code, "")
}

// unknown explains a secret that is not in the store from its form alone.
func unknown(code reason.Code, secret string) error {
	detail := ""
	if shape := token.Inspect(secret); shape.Problem != token.None && shape.Problem != token.Unrecognised {
		detail = shape.Detail
	}
	return rest.Refuse(code, detail)
}
