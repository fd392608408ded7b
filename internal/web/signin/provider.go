package signin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/config"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"
)

// Provider is an OpenID Connect provider that people may sign in with. Where it is, the operator has configured; no
// request has a say in it.
type Provider struct {
	Name  string // on the button
	Rules account.IdentityRules

	settings config.OIDC
	redirect string // where the provider sends people back to
	client   *http.Client
	found    atomic.Pointer[discovered]
	finding  singleflight.Group
}

// discovered is what the provider tells about itself.
type discovered struct {
	*oidc.Provider
	style oauth2.AuthStyle
}

// providerTimeout bounds one request to the provider.
const providerTimeout = 10 * time.Second

// NewProvider makes the provider of a configuration; nil when there is none. It asks the provider nothing: the server
// starts while the provider is down.
func NewProvider(c config.OIDC, urls rest.URLs) *Provider {
	if c.Issuer == "" {
		return nil
	}
	return &Provider{Name: c.Name, Rules: account.IdentityRules{Create: c.CreateAccounts, Domains: c.AllowedDomains}, settings: c,
		redirect: urls.Web("signin", "oidc", "callback").Href, client: &http.Client{Timeout: providerTimeout}}
}

// discover asks the provider where its endpoints are, once; a provider that did not answer is asked again the next
// time. However many people wait, there is one request.
func (p *Provider) discover(ctx context.Context) (*discovered, error) {
	if d := p.found.Load(); d != nil {
		return d, nil
	}
	answer := p.finding.DoChan("", func() (any, error) {
		found, err := oidc.NewProvider(p.context(context.Background()), p.settings.Issuer)
		if err != nil {
			return nil, err
		}
		var more struct {
			Methods []string `json:"token_endpoint_auth_methods_supported"`
		}
		if err := found.Claims(&more); err != nil {
			return nil, err
		}
		d := &discovered{found, p.style(more.Methods)}
		p.found.Store(d)
		return d, nil
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-answer:
		if r.Err != nil {
			return nil, unreachable(r.Err)
		}
		return r.Val.(*discovered), nil
	}
}

// style is how this server says who it is: in a header, the default, unless the provider takes the form alone (OpenID
// Connect Discovery 1.0, section 3). To try both would use the code up.
func (p *Provider) style(methods []string) oauth2.AuthStyle {
	if !p.hasSecret() || len(methods) > 0 && !slices.Contains(methods, "client_secret_basic") {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader
}

func (p *Provider) hasSecret() bool {
	return p.settings.ClientSecret != "" || p.settings.ClientSecretFile != ""
}

// secret is the client's secret. A file is read each time, so that the secret can be changed while the server runs.
func (p *Provider) secret() (string, error) {
	if p.settings.ClientSecretFile == "" {
		return p.settings.ClientSecret, nil
	}
	text, err := os.ReadFile(p.settings.ClientSecretFile)
	if err != nil {
		return "", fmt.Errorf("oidc.client_secret_file: %w", err)
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return strings.TrimSpace(string(line)), nil
}

func (p *Provider) context(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, p.client)
}

func (p *Provider) oauth(d *discovered, secret string) *oauth2.Config {
	endpoint := d.Endpoint()
	endpoint.AuthStyle = d.style
	return &oauth2.Config{ClientID: p.settings.ClientID, ClientSecret: secret, Endpoint: endpoint, RedirectURL: p.redirect, Scopes: p.settings.Scopes}
}

// begin is the address at the provider at which a sign-in begins.
func (p *Provider) begin(ctx context.Context, a attempt) (string, error) {
	d, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	return p.oauth(d, "").AuthCodeURL(a.state(), oidc.Nonce(a.nonce()), oauth2.S256ChallengeOption(a.verifier())), nil
}

// identity finds out with a code who was signed in. A *rest.Error of the family oidc says why that cannot be known.
func (p *Provider) identity(ctx context.Context, a attempt, code string) (account.Identity, error) {
	d, err := p.discover(ctx)
	if err != nil {
		return account.Identity{}, err
	}
	secret, err := p.secret()
	if err != nil {
		return account.Identity{}, err
	}
	ctx = p.context(ctx)
	tokens, err := p.oauth(d, secret).Exchange(ctx, code, oauth2.VerifierOption(a.verifier()))
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return account.Identity{}, codeRefused(refused)
	}
	if err != nil {
		return account.Identity{}, unreachable(err)
	}
	raw, _ := tokens.Extra("id_token").(string)
	verified, err := d.Verifier(&oidc.Config{ClientID: p.settings.ClientID}).Verify(ctx, raw)
	if err != nil {
		return account.Identity{}, invalid(err)
	}
	if !same(verified.Nonce, a.nonce()) {
		return account.Identity{}, invalid(errors.New("the nonce is not that of this sign-in"))
	}
	var said claims
	if err := verified.Claims(&said); err != nil {
		return account.Identity{}, invalid(err)
	}
	if said.Email == "" && d.UserInfoEndpoint() != "" { // many providers keep the ID token short
		if said, err = p.userInfo(ctx, d, tokens, verified.Subject); err != nil {
			return account.Identity{}, err
		}
	}
	return account.Identity{Issuer: verified.Issuer, Subject: verified.Subject, Email: said.Email, EmailVerified: bool(said.EmailVerified),
		Name: said.Name, Username: said.Username}, nil
}

// userInfo asks the provider for more about the person whom the ID token names.
func (p *Provider) userInfo(ctx context.Context, d *discovered, tokens *oauth2.Token, subject string) (said claims, err error) {
	info, err := d.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil {
		return said, unreachable(errors.New("the userinfo endpoint gave no answer that can be read")) // the error may quote it
	}
	if info.Subject != subject {
		return said, invalid(errors.New("the userinfo endpoint speaks of somebody else"))
	}
	if err := info.Claims(&said); err != nil {
		return said, invalid(err)
	}
	return said, nil
}

// claims are what a provider says about a person (OpenID Connect Core 1.0, section 5.1).
type claims struct {
	Email         string `json:"email"`
	EmailVerified truth  `json:"email_verified"`
	Name          string `json:"name"`
	Username      string `json:"preferred_username"`
}

// truth is a boolean that some providers write as a string. Whatever else stands there is false.
type truth bool

func (t *truth) UnmarshalJSON(b []byte) error {
	*t = string(b) == `true` || string(b) == `"true"`
	return nil
}

func unreachable(err error) error {
	e := rest.Refuse(reason.OIDCProviderUnreachable, "")
	e.Cause = err
	return e
}

func invalid(err error) error {
	e := rest.Refuse(reason.OIDCTokenInvalid, "")
	e.Cause = err
	return e
}

// codeRefused is the answer when the provider's token endpoint has refused. Of what it said, only its own words for the
// case are told: the rest might hold a secret.
func codeRefused(refused *oauth2.RetrieveError) error {
	word := "no reason"
	if refused.ErrorCode != "" {
		word = "`" + providersWord(refused.ErrorCode) + "`"
	}
	e := rest.Refusef(reason.OIDCCodeRefused, "You were signed in at the provider, but it would not tell this server who you are. It gave %s.", word)
	status := 0
	if refused.Response != nil {
		status = refused.Response.StatusCode
	}
	e.Cause = fmt.Errorf("the token endpoint answered %d: %s %s", status, providersWord(refused.ErrorCode), providersWord(refused.ErrorDescription))
	return e
}

// maxWord is how much of what a provider says is shown, in characters.
const maxWord = 200

// providersWord is what a provider says, as a line of text that can stand in a sentence.
func providersWord(s string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "") {
		if unicode.IsPrint(r) && r != '`' {
			b.WriteRune(r)
		}
	}
	if all := []rune(b.String()); len(all) > maxWord {
		return string(all[:maxWord]) + "…"
	}
	return b.String()
}
