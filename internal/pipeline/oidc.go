package pipeline

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
)

// The OpenID Connect of steps: a step that asks for it gets a token that says which step of which repository it is, signed with a key of
// the server, and whoever is shown it asks the two documents below whether that is true.

const identity = "/workspaces/{workspace}/pipelines-config/identity/oidc"

// How long a token is good for, a key signs, is told before it does (what others have fetched is old by then), and is told after it has.
const (
	tokenLife = time.Hour
	keyLife   = 90 * 24 * time.Hour
	keyAhead  = 24 * time.Hour
	keyAfter  = 24 * time.Hour
)

const (
	keyBits   = 2048
	algorithm = jose.RS256 // what all take that trust tokens of pipelines
)

// signingKey is a key that tokens are signed with. Its number counts the keys of the server from 1.
type signingKey struct {
	id      string
	number  int64
	private string // PKCS #8, sealed about the id; it is never told
	public  keyJSON
	created time.Time
}

// keyJSON is a public key as a JSON Web Key (RFC 7517).
type keyJSON struct {
	Type      string `json:"kty"`
	Use       string `json:"use"`
	ID        string `json:"kid"`
	Algorithm string `json:"alg"`
	Modulus   string `json:"n"`
	Exponent  string `json:"e"`
}

// keysJSON is what keys.json says.
type keysJSON struct {
	Keys []keyJSON `json:"keys"`
}

// providerJSON is what the OpenID configuration says (OpenID Connect Discovery 1.0, section 3).
type providerJSON struct {
	Issuer    string   `json:"issuer"`
	Keys      string   `json:"jwks_uri"`
	Subjects  []string `json:"subject_types_supported"`
	Responses []string `json:"response_types_supported"`
	Claims    []string `json:"claims_supported"`
	Signing   []string `json:"id_token_signing_alg_values_supported"`
	Scopes    []string `json:"scopes_supported"`
}

// claims are what a token says, beside the registered ones. The names are Bitbucket's.
type claims struct {
	jwt.Claims

	Workspace   string `json:"workspaceUuid"`
	Repository  string `json:"repositoryUuid"`
	Pipeline    string `json:"pipelineUuid"`
	Step        string `json:"stepUuid"`
	Environment string `json:"deploymentEnvironmentUuid,omitempty"`
	Branch      string `json:"branchName,omitempty"`
}

// Subject is the step that a token is about. All ids are without braces; Environment and Branch may be "".
type Subject struct {
	Workspace   workspace.Workspace
	Repository  string
	Pipeline    string
	Step        string
	Environment string
	Branch      string
	Audiences   []string // whom it is for; none: whoever trusts the workspace
}

func (room *Room) issuer(slug string) string {
	return room.URLs.API("workspaces", slug, "pipelines-config", "identity", "oidc").Href
}

func noProvider() *rest.Error {
	return rest.Refuse(reason.ResourceNotFound, "Tokens of pipelines name their workspace by its slug, and so do these documents.")
}

// getProvider tells what verifies the tokens of a workspace's pipelines. Clouds ask, who have no credential, also about workspaces that
// are private; so it says the same of every name, whether there is such a workspace or not.
func (room *Room) getProvider(c *access.Call, _ struct{}) (any, error) {
	slug, ok := workspace.Slug(c.Param("workspace"))
	if !ok {
		return nil, noProvider()
	}
	return providerJSON{
		Issuer: room.issuer(slug), Keys: room.issuer(slug) + "/keys.json", Subjects: []string{"public"}, Responses: []string{"id_token"}, Signing: []string{string(algorithm)},
		Scopes: []string{"openid"},
		Claims: []string{"sub", "aud", "exp", "iat", "iss", "jti", "branchName", "deploymentEnvironmentUuid", "pipelineUuid", "repositoryUuid", "stepUuid", "workspaceUuid"},
	}, nil
}

// getKeys tells the keys that sign now, did of late, or will soon. There is none before the first token.
func (room *Room) getKeys(c *access.Call, _ struct{}) (any, error) {
	if _, ok := workspace.Slug(c.Param("workspace")); !ok {
		return nil, noProvider()
	}
	all, err := signingKeys(c.Context(), room.DB)
	if err != nil {
		return nil, err
	}
	shown := keysJSON{Keys: make([]keyJSON, len(all))}
	for i := range all {
		shown.Keys[i] = all[i].public
	}
	return shown, nil
}

// signingKeys are all keys, the newest first.
func signingKeys(ctx context.Context, q database.Queryer) ([]signingKey, error) {
	return database.Collect(ctx, q, func(scan func(...any) error) (k signingKey, err error) {
		var public string
		var created int64
		if err := scan(&k.id, &k.number, &k.private, &public, &created); err != nil {
			return k, err
		}
		k.created = database.Time(created)
		return k, json.Unmarshal([]byte(public), &k.public)
	}, `SELECT id, number, private_key, public_key, created_on FROM pipeline_signing_key ORDER BY number DESC`)
}

// Token is a signed token that says what a step is, good for an hour.
func (room *Room) Token(ctx context.Context, s Subject) (string, error) {
	key, err := room.signer(ctx)
	if err != nil {
		return "", err
	}
	id, err := newID()
	if err != nil {
		return "", err
	}
	audience := s.Audiences
	if len(audience) == 0 {
		audience = []string{"ari:cloud:bitbucket::workspace/" + s.Workspace.ID}
	}
	about := claims{Workspace: rest.Braced(s.Workspace.ID), Repository: rest.Braced(s.Repository), Pipeline: rest.Braced(s.Pipeline), Step: rest.Braced(s.Step), Branch: s.Branch}
	sub := about.Repository
	if s.Environment != "" {
		about.Environment = rest.Braced(s.Environment)
		sub += ":" + about.Environment
	}
	now := room.Now()
	about.Claims = jwt.Claims{Issuer: room.issuer(s.Workspace.Slug), Subject: sub + ":" + about.Step, Audience: audience, ID: id,
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(tokenLife))}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", err
	}
	return jwt.Signed(signer).Claims(about).Serialize()
}

// signer is the key that signs now: the newest that was told for long enough, or else the oldest. A key that is too old gets a successor
// first, and one that has had its successor for long enough goes.
func (room *Room) signer(ctx context.Context) (jose.JSONWebKey, error) {
	all, err := signingKeys(ctx, room.DB)
	if err != nil {
		return jose.JSONWebKey{}, err
	}
	now := room.Now()
	if len(all) == 0 || now.Sub(all[0].created) > keyLife {
		if err := room.rotate(ctx, all); err != nil {
			return jose.JSONWebKey{}, err
		}
		if all, err = signingKeys(ctx, room.DB); err != nil {
			return jose.JSONWebKey{}, err
		}
	}
	if len(all) == 0 {
		return jose.JSONWebKey{}, errors.New("there is no key to sign with")
	}
	signs := all[len(all)-1]
	for _, k := range all {
		if now.Sub(k.created) >= keyAhead {
			signs = k
			break
		}
	}
	der, err := room.Keys.Open(signs.private, signs.id)
	if err != nil {
		return jose.JSONWebKey{}, fmt.Errorf("key that signs tokens: %w", err)
	}
	private, err := x509.ParsePKCS8PrivateKey([]byte(der))
	if err != nil {
		return jose.JSONWebKey{}, fmt.Errorf("key that signs tokens: %w", err)
	}
	return jose.JSONWebKey{Key: private, KeyID: signs.id, Algorithm: string(algorithm), Use: "sig"}, nil
}

// rotate makes the key that comes after all, the newest of which is the first. Of those who do so at once on several nodes one does. Keys
// go that no token can be signed with any more that is still good.
func (room *Room) rotate(ctx context.Context, all []signingKey) error {
	id, err := newID()
	if err != nil {
		return err
	}
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	number := base64.RawURLEncoding.EncodeToString
	public, err := json.Marshal(keyJSON{"RSA", "sig", id, string(algorithm), number(private.N.Bytes()), number(big.NewInt(int64(private.E)).Bytes())})
	if err != nil {
		return err
	}
	err = room.DB.Update(ctx, func(tx *database.Tx) error {
		now, last := room.Now(), int64(0)
		for i := range all {
			last = max(last, all[i].number)
			if i > 0 && now.Sub(all[i-1].created) > keyAhead+keyAfter {
				if _, err := tx.Exec(ctx, `DELETE FROM pipeline_signing_key WHERE id = $1`, all[i].id); err != nil {
					return err
				}
			}
		}
		_, err := tx.Exec(ctx, `INSERT INTO pipeline_signing_key (id, number, private_key, public_key, created_on) VALUES ($1, $2, $3, $4, $5)`,
			id, last+1, room.Keys.Seal(string(der), id), string(public), database.Micros(now))
		return err
	})
	if database.IsUnique(err) {
		return nil // another was faster
	}
	return err
}
