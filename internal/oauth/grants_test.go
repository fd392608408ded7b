package oauth_test

import (
	"context"
	"flag"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/oauth"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/token"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	"pgregory.net/rapid"
)

// A person lets an application in; it works in the person's name, refreshes, and is stopped by the person.
func TestAuthorizationCode(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := newWorld(t, s, nil)
		back := w.allow(w.Member, w.config.AuthCodeURL("some state"))
		if got := back.Query().Get("state"); back.Host != "app.example" || back.Path != "/callback" || got != "some state" {
			t.Fatalf("the browser goes to %s", back)
		}
		tok, err := w.config.Exchange(w.client(), back.Query().Get("code"))
		must(t, err)
		if tok.TokenType != "bearer" || tok.Extra("scopes") != "account repository:write" || tok.Extra("scope") != "account repository:write" ||
			tok.Extra("state") != "some state" || time.Until(tok.Expiry).Round(time.Minute) != 2*time.Hour {
			t.Errorf("bought %v, scopes %v, until %v", tok.TokenType, tok.Extra("scopes"), tok.Expiry)
		}
		if shape := token.Inspect(tok.AccessToken); shape.Kind != token.OAuthAccess || !shape.Good() || token.Inspect(tok.RefreshToken).Kind != token.OAuthRefresh {
			t.Errorf("an access token of the form %v", shape.Kind)
		}
		a := w.Want(w.Do(pailtest.Bearer(tok.AccessToken), http.MethodGet, "/2.0/user", nil), http.StatusOK)
		if a.String("username") != w.Member.Username {
			t.Errorf("it acts as %s", a.Body)
		}
		if h := a.Header; h.Get("X-OAuth-Scopes") != "account, repository:write" || h.Get("X-Credential-Type") != "oauth2" || h.Get("X-Accepted-OAuth-Scopes") != "account" {
			t.Errorf("headers %v", h)
		}
		// account implies email; pull requests and projects are not among the scopes.
		w.Want(w.Do(pailtest.Bearer(tok.AccessToken), http.MethodGet, "/2.0/user/emails", nil), http.StatusOK)
		a = w.Want(w.Do(pailtest.Bearer(tok.AccessToken), http.MethodGet, "/2.0/workspaces/acme/projects", nil), http.StatusForbidden, "scope.missing")
		if a.String("error.detail.required") != `["project"]` {
			t.Errorf("required %s", a.Body)
		}

		renewed, err := w.config.TokenSource(w.client(), &oauth2.Token{RefreshToken: tok.RefreshToken}).Token()
		must(t, err)
		if renewed.RefreshToken == tok.RefreshToken || renewed.AccessToken == tok.AccessToken {
			t.Error("the refresh gave the same tokens")
		}
		w.Want(w.Do(pailtest.Bearer(renewed.AccessToken), http.MethodGet, "/2.0/user", nil), http.StatusOK)

		apps, err := w.OAuth.Applications(context.Background(), w.Member.ID)
		must(t, err)
		if len(apps) != 1 || apps[0].Consumer.Key != w.consumer.Key || apps[0].Name != "Builder" {
			t.Fatalf("applications %+v", apps)
		}
		used := w.Used(apps[0].ID)
		if len(used.Events) != 4 || used.Accessed.IsZero() || used.Reason != "scope.missing" {
			t.Errorf("noted %+v", used)
		}
		must(t, w.OAuth.Revoke(context.Background(), w.Member.ID, apps[0].ID))
		for _, secret := range []string{tok.AccessToken, renewed.AccessToken} {
			w.Want(w.Do(pailtest.Bearer(secret), http.MethodGet, "/2.0/user", nil), http.StatusUnauthorized, "token.revoked")
		}
		w.Want(w.buy("grant_type", "refresh_token", "refresh_token", renewed.RefreshToken), http.StatusBadRequest, "oauth.access_revoked")
	})
}

// Nobody who holds the key alone gets in, and nothing is kept from which a secret could be read.
func TestClientSecret(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := newWorld(t, s, nil)
		own := form("grant_type", "client_credentials")
		w.Want(w.send(pailtest.None, own), http.StatusUnauthorized, "oauth.client_missing")
		w.Want(w.send(pailtest.Basic(w.consumer.Key, ""), own), http.StatusUnauthorized, "oauth.client_missing")
		w.Want(w.send(pailtest.Bearer(w.secret), own), http.StatusUnauthorized, "oauth.client_missing")
		w.Want(w.send(pailtest.Basic("NOSUCHKEY", w.secret), own), http.StatusUnauthorized, "oauth.client_unknown")
		w.Want(w.send(pailtest.Basic("no\x00key", w.secret), own), http.StatusBadRequest, "header.not_base64")
		a := w.Want(w.send(pailtest.Basic(w.consumer.Key, w.secret[:40]), own), http.StatusUnauthorized, "oauth.client_secret")
		if a.String("error") != "invalid_client" || a.Header.Get("WWW-Authenticate") == "" || !strings.Contains(a.String("detail"), "40 of the 57") || !strings.HasSuffix(a.String("doc"), "/docs/errors/oauth.client_secret") {
			t.Errorf("answered %s", a.Body)
		}
		w.Want(w.send(pailtest.None, form("grant_type", "client_credentials", "client_id", w.consumer.Key, "client_secret", w.secret)), http.StatusOK)
		w.Want(w.send(pailtest.Basic(w.consumer.Key, w.secret), form("grant_type", "client_credentials", "client_id", w.consumer.Key, "client_secret", w.secret)),
			http.StatusBadRequest, "oauth.request_invalid")

		secret, err := w.OAuth.RenewSecret(context.Background(), w.consumer)
		must(t, err)
		w.Want(w.buy("grant_type", "client_credentials"), http.StatusUnauthorized, "oauth.client_secret")
		bought := w.Want(w.send(pailtest.Basic(w.consumer.Key, secret), own), http.StatusOK)
		store := w.Store()
		for _, s := range []string{secret, w.secret, bought.String("access_token")} {
			if len(s) < 50 || strings.Contains(store, s) {
				t.Error("the store holds a secret as it is")
			}
		}
	})
}

// By client credentials a consumer acts for its workspace: there, with its scopes, and nowhere else.
func TestClientCredentials(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := newWorld(t, s, nil)
		w.Push(1)
		config := clientcredentials.Config{ClientID: w.consumer.Key, ClientSecret: w.secret, TokenURL: w.config.Endpoint.TokenURL}
		tok, err := config.Token(w.client())
		must(t, err)
		if tok.RefreshToken != "" {
			t.Error("there is a refresh token")
		}
		bearer := pailtest.Bearer(tok.AccessToken)
		if status, body := get(t, config.Client(w.client()), w.URL+"/2.0/repositories/acme/widgets"); status != http.StatusOK {
			t.Errorf("%d: %s", status, body)
		}
		w.Want(w.Do(bearer, http.MethodGet, "/2.0/repositories/acme", nil), http.StatusOK)
		w.Want(w.Do(bearer, http.MethodGet, "/2.0/user", nil), http.StatusForbidden, "credential.kind_not_accepted")
		w.Want(w.Do(bearer, http.MethodDelete, "/2.0/repositories/acme/widgets", nil), http.StatusForbidden, "scope.missing")
		other, err := w.Workspaces.CreateWorkspace(context.Background(), "other", "", w.Admin.ID)
		must(t, err)
		w.Want(w.Do(bearer, http.MethodGet, "/2.0/workspaces/"+other.Slug, nil), http.StatusNotFound, "workspace.not_found")

		public, secret := w.register(func(f *oauth.Form) { f.Name, f.Private = "Public", false })
		a := w.Want(w.send(pailtest.Basic(public.Key, secret), form("grant_type", "client_credentials")), http.StatusBadRequest, "oauth.consumer_public")
		if a.String("error") != "invalid_grant" {
			t.Errorf("answered %s", a.Body)
		}

		// What the consumer gains and loses holds at once, for the tokens that it has.
		f := oauth.Form{Name: "Builder", CallbackURL: callbackURL, Private: true, Scopes: []string{"project"}}
		_, err = w.OAuth.Change(context.Background(), w.consumer, f)
		must(t, err)
		w.Want(w.Do(bearer, http.MethodGet, "/2.0/workspaces/acme/projects", nil), http.StatusOK)
		f.Scopes = []string{"account"}
		_, err = w.OAuth.Change(context.Background(), w.consumer, f)
		must(t, err)
		w.Want(w.Do(bearer, http.MethodGet, "/2.0/workspaces/acme/projects", nil), http.StatusForbidden, "scope.missing")

		f.Private = false
		c, err := w.OAuth.Change(context.Background(), w.consumer, f)
		must(t, err)
		w.Want(w.Do(bearer, http.MethodGet, "/2.0/workspaces/acme", nil), http.StatusUnauthorized, "token.revoked")
		f.Private = true
		_, err = w.OAuth.Change(context.Background(), c, f)
		must(t, err)
		bearer = pailtest.Bearer(w.Want(w.buy("grant_type", "client_credentials"), http.StatusOK).String("access_token"))
		w.Want(w.Do(bearer, http.MethodGet, "/2.0/workspaces/acme", nil), http.StatusOK)

		must(t, w.OAuth.Remove(context.Background(), w.consumer))
		w.Want(w.Do(bearer, http.MethodGet, "/2.0/repositories/acme", nil), http.StatusUnauthorized, "token.revoked")
		w.Want(w.buy("grant_type", "client_credentials"), http.StatusUnauthorized, "oauth.client_unknown")
	})
}

// git takes an access token with the user x-token-auth, and explains any other.
func TestGit(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := newWorld(t, s, nil)
		w.Push(1)
		tok, err := w.config.Exchange(w.client(), w.code(w.Member))
		must(t, err)
		own := w.Want(w.buy("grant_type", "client_credentials"), http.StatusOK)
		for _, secret := range []string{tok.AccessToken, own.String("access_token")} {
			dir := filepath.Join(t.TempDir(), "clone")
			w.Git("", "clone", "--quiet", w.Remote("x-token-auth", secret, "acme/widgets"), dir)
			w.Git(dir, "commit", "--quiet", "--allow-empty", "-m", "By OAuth")
			w.Git(dir, "push", "--quiet", "origin", "main")
		}
		out, err := w.TryGit("", "clone", w.Remote(w.Member.Username, tok.AccessToken, "acme/widgets"), filepath.Join(t.TempDir(), "clone"))
		if err == nil || !strings.Contains(out, "credential.git_user") {
			t.Errorf("another user: %v\n%s", err, out)
		}
		out, err = w.TryGit("", "clone", w.Remote(w.consumer.Key, w.secret, "acme/widgets"), filepath.Join(t.TempDir(), "clone"))
		if err == nil || !strings.Contains(out, "oauth.consumer_as_login") {
			t.Errorf("the consumer's own secret: %v\n%s", err, out)
		}
		w.Want(w.Do(pailtest.Bearer(tok.RefreshToken), http.MethodGet, "/2.0/user", nil), http.StatusUnauthorized, "oauth.not_access_token")
		w.Want(w.Do(pailtest.Basic("x-token-auth", tok.AccessToken), http.MethodGet, "/2.0/user", nil), http.StatusUnauthorized, "credential.basic_not_accepted")
	})
}

// A refresh token is good once. Shown again, it takes with it whatever came from the same access.
func TestRefreshIsGoodOnce(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := newWorld(t, s, nil)
		first, err := w.config.Exchange(w.client(), w.code(w.Member))
		must(t, err)
		second := w.Want(w.buy("grant_type", "refresh_token", "refresh_token", first.RefreshToken), http.StatusOK)
		apart, err := w.config.Exchange(w.client(), w.code(w.Member))
		must(t, err)
		w.Want(w.buy("grant_type", "refresh_token", "refresh_token", first.RefreshToken), http.StatusBadRequest, "oauth.refresh_used")
		for _, secret := range []string{first.AccessToken, second.String("access_token")} {
			w.Want(w.Do(pailtest.Bearer(secret), http.MethodGet, "/2.0/user", nil), http.StatusUnauthorized, "token.revoked")
		}
		w.Want(w.buy("grant_type", "refresh_token", "refresh_token", second.String("refresh_token")), http.StatusBadRequest, "oauth.access_revoked")
		w.Want(w.Do(pailtest.Bearer(apart.AccessToken), http.MethodGet, "/2.0/user", nil), http.StatusOK)

		// A refresh token is its consumer's alone.
		other, secret := w.register(func(f *oauth.Form) { f.Name = "Other" })
		body := form("grant_type", "refresh_token", "refresh_token", apart.RefreshToken)
		w.Want(w.send(pailtest.Basic(other.Key, secret), body), http.StatusBadRequest, "oauth.refresh_unknown")
		w.Want(w.buy("grant_type", "refresh_token", "refresh_token", apart.RefreshToken, "scope", "project:admin"), http.StatusBadRequest, "oauth.scope_invalid")
		w.Want(w.buy("grant_type", "refresh_token", "refresh_token", apart.RefreshToken, "scope", "account"), http.StatusOK)
	})
}

// Everything ends: codes in minutes, access tokens in hours, refresh tokens in months.
func TestExpiry(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := newWorld(t, s, nil)
		tok, err := w.config.Exchange(w.client(), w.code(w.Member))
		must(t, err)
		past := database.Micros(time.Now().Add(-time.Minute))
		w.Exec(`UPDATE oauth_token SET expires_on = $1`, past)
		a := w.Want(w.Do(pailtest.Bearer(tok.AccessToken), http.MethodGet, "/2.0/user", nil), http.StatusUnauthorized, "oauth.expired")
		if a.String("error.message") != "OAuth2 access token expired. Use your refresh token to obtain a new access token." {
			t.Errorf("answered %s", a.Body)
		}
		w.Want(w.buy("grant_type", "refresh_token", "refresh_token", tok.RefreshToken), http.StatusBadRequest, "oauth.refresh_expired")
		code := w.code(w.Member)
		w.Exec(`UPDATE oauth_code SET expires_on = $1 WHERE used_on = 0`, past)
		w.Want(w.buy("grant_type", "authorization_code", "code", code), http.StatusBadRequest, "oauth.code_expired")

		code = w.code(w.Member)
		w.Exec(`UPDATE account SET is_active = FALSE WHERE id = $1`, w.Member.ID)
		w.Want(w.buy("grant_type", "authorization_code", "code", code), http.StatusBadRequest, "oauth.access_revoked")
	})
}

func TestCodeRules(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := newWorld(t, s, nil)
		buy := func(code string, more ...string) *pailtest.Answer {
			return w.buy(append([]string{"grant_type", "authorization_code", "code", code}, more...)...)
		}
		w.Want(buy(token.Mint(token.OAuthCode)), http.StatusBadRequest, "oauth.code_unknown")
		w.Want(buy(""), http.StatusBadRequest, "oauth.request_invalid")
		other, secret := w.register(func(f *oauth.Form) { f.Name = "Other" })
		code := w.code(w.Member)
		w.Want(w.send(pailtest.Basic(other.Key, secret), form("grant_type", "authorization_code", "code", code)), http.StatusBadRequest, "oauth.code_unknown")

		// The address must be the same in both requests.
		w.Want(buy(code, "redirect_uri", callbackURL+"/other"), http.StatusBadRequest, "oauth.redirect_mismatch")
		w.Want(buy(code, "redirect_uri", callbackURL), http.StatusOK)
		below := oauth2.SetAuthURLParam("redirect_uri", callbackURL+"/below")
		w.Want(buy(w.code(w.Member, below)), http.StatusBadRequest, "oauth.redirect_mismatch")
		w.Want(buy(w.code(w.Member, below), "redirect_uri", callbackURL), http.StatusBadRequest, "oauth.redirect_mismatch")
		w.Want(buy(w.code(w.Member, below), "redirect_uri", callbackURL+"/below"), http.StatusOK)

		// A replayed code takes with it what it has bought.
		code = w.code(w.Member)
		bought := w.Want(buy(code), http.StatusOK)
		a := w.Want(buy(code), http.StatusBadRequest, "oauth.code_used")
		if a.String("error") != "invalid_grant" || a.String("error_uri") == "" || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("answered %v %s", a.Header, a.Body)
		}
		w.Want(w.Do(pailtest.Bearer(bought.String("access_token")), http.MethodGet, "/2.0/user", nil), http.StatusUnauthorized, "token.revoked")
	})
}

// PKCE: whoever catches the code has nothing without the verifier; a program without a secret has to use it.
func TestVerifier(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := newWorld(t, s, func(f *oauth.Form) { f.Private, f.CallbackURL = false, "http://127.0.0.1/callback" })
		public := w.config
		public.ClientSecret, public.Endpoint.AuthStyle, public.RedirectURL = "", oauth2.AuthStyleInParams, "http://127.0.0.1:51234/callback"
		verifier := oauth2.GenerateVerifier()
		ask := func() string {
			return w.allow(w.Member, public.AuthCodeURL("", oauth2.S256ChallengeOption(verifier))).Query().Get("code")
		}
		tok, err := public.Exchange(w.client(), ask(), oauth2.VerifierOption(verifier))
		must(t, err)
		w.Want(w.Do(pailtest.Bearer(tok.AccessToken), http.MethodGet, "/2.0/user", nil), http.StatusOK)
		_, err = public.TokenSource(w.client(), &oauth2.Token{RefreshToken: tok.RefreshToken}).Token()
		must(t, err)

		for name, options := range map[string][]oauth2.AuthCodeOption{"none": nil, "another": {oauth2.VerifierOption(oauth2.GenerateVerifier())}} {
			_, err = public.Exchange(w.client(), ask(), options...)
			if kind, reason := refusal(t, err); kind != "invalid_grant" || reason != "oauth.verifier" {
				t.Errorf("%s: %s %s", name, kind, reason)
			}
		}
		// Without a challenge there is nothing to show but the secret.
		code := w.allow(w.Member, public.AuthCodeURL("")).Query().Get("code")
		_, err = public.Exchange(w.client(), code, oauth2.VerifierOption(verifier))
		if kind, reason := refusal(t, err); kind != "invalid_grant" || reason != "oauth.verifier" {
			t.Errorf("no challenge: %s %s", kind, reason)
		}
		w.Want(w.buy("grant_type", "authorization_code", "code", code, "redirect_uri", public.RedirectURL), http.StatusOK)
	})
}

func TestTokenEndpointRefuses(t *testing.T) {
	s := pailtest.Start(t, pailtest.Options{})
	w := newWorld(t, s, nil)
	for _, c := range []struct {
		body         string
		kind, reason string
	}{
		{"", "invalid_request", "oauth.request_invalid"},
		{"grant_type=password&username=a&password=b", "unsupported_grant_type", "oauth.password_grant"},
		{"grant_type=urn:bitbucket:oauth2:jwt", "unsupported_grant_type", "oauth.grant_unsupported"},
		{"grant_type=client_credentials&grant_type=client_credentials", "invalid_request", "oauth.request_invalid"},
		{"grant_type=client_credentials&scope=repository:admin", "invalid_scope", "oauth.scope_invalid"},
		{"grant_type=client_credentials&scope=%00", "invalid_scope", "oauth.scope_invalid"},
		{"grant_type=%zz", "invalid_request", "oauth.request_invalid"},
		{"grant_type=refresh_token", "invalid_request", "oauth.request_invalid"},
		{"grant_type=refresh_token&refresh_token=x%00y", "invalid_grant", "oauth.refresh_unknown"},
		{"grant_type=authorization_code&code=%ff", "invalid_grant", "oauth.code_unknown"},
		{strings.Repeat("a", 20<<10), "invalid_request", "body.too_large"},
	} {
		a := w.send(pailtest.Basic(w.consumer.Key, w.secret), c.body)
		if a.Status < 400 || a.Status > 413 || a.String("error") != c.kind || a.Reason() != c.reason || a.String("error_description") == "" {
			t.Errorf("%.40q → %d %s", c.body, a.Status, a.Body)
		}
	}
	w.Want(w.Do(pailtest.None, http.MethodGet, "/site/oauth2/access_token", nil), http.StatusMethodNotAllowed, "method.not_allowed")
	w.Want(w.Do(pailtest.None, http.MethodPost, "/site/oauth2/access_token", `{"grant_type":"client_credentials"}`), http.StatusUnsupportedMediaType, "media_type.unsupported")
	r, err := http.NewRequest(http.MethodPost, w.URL+"/site/oauth2/access_token?client_secret="+w.secret, strings.NewReader("grant_type=client_credentials"))
	must(t, err)
	w.Want(w.Send(r), http.StatusBadRequest, "credential.in_url")
	w.Want(w.send(pailtest.Authorization("Basic c3BsaXQ=\tYmFzZTY0"), "grant_type=client_credentials"), http.StatusBadRequest)
}

// A server that answers bare says what OAuth has words for, and nothing else: the harness looks at every answer.
func TestBare(t *testing.T) {
	s := pailtest.Start(t, pailtest.Options{Bare: true})
	w := newWorld(t, s, nil)
	a := w.Want(w.buy("grant_type", "password"), http.StatusBadRequest)
	if got := string(a.Body); got != `{"error":"unsupported_grant_type","error_description":"Invalid resource owner username/password"}`+"\n" {
		t.Errorf("answered %s", got)
	}
	w.Want(w.send(pailtest.Basic(w.consumer.Key, "wrong"), "grant_type=client_credentials"), http.StatusUnauthorized)
	w.Want(w.buy("grant_type", "client_credentials"), http.StatusOK)
}

// However many come with one code at the same moment, at most one gets tokens, and nobody keeps them.
func TestCodeIsGoodOnce(t *testing.T) {
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue { // each of them is a dozen requests
		must(t, flag.Set("rapid.checks", "25"))
	}
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := newWorld(t, s, nil)
		rapid.Check(t, func(t *rapid.T) {
			n := rapid.IntRange(2, 6).Draw(t, "callers")
			code := w.code(w.Member)
			answers := make([]*pailtest.Answer, n)
			var all sync.WaitGroup
			for i := range answers {
				all.Go(func() { answers[i] = w.buy("grant_type", "authorization_code", "code", code) })
			}
			all.Wait()
			bought := 0
			for _, a := range answers {
				switch {
				case a.Status == http.StatusOK:
					bought++
					if got := w.Do(pailtest.Bearer(a.String("access_token")), http.MethodGet, "/2.0/user", nil); got.Reason() != "token.revoked" {
						t.Fatalf("the tokens of a code that was replayed work: %d %s", got.Status, got.Body)
					}
				case a.Reason() != "oauth.code_used":
					t.Fatalf("%d %s", a.Status, a.Body)
				}
			}
			if bought > 1 {
				t.Fatalf("%d callers got tokens for one code", bought)
			}
		})
	})
}

// The store holds a bounded number of tokens for one consumer and one account, the latest ones.
func TestTokensAreBounded(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := newWorld(t, s, nil)
		first := w.Want(w.buy("grant_type", "client_credentials"), http.StatusOK)
		c, err := w.Credentials.Allowed(context.Background(), w.DB, w.consumer.ID, "")
		must(t, err)
		must(t, w.DB.Update(context.Background(), func(tx *database.Tx) error {
			for i := range 1000 {
				at := database.Micros(time.Now().Add(time.Duration(i) * time.Millisecond))
				if _, err := tx.Exec(context.Background(), `INSERT INTO oauth_token (hash, credential_id, family, is_refresh, created_on, expires_on)
					VALUES ($1, $2, 'f', FALSE, $3, $4)`, token.Mint(token.OAuthAccess), c.ID, at, at+7200_000_000); err != nil {
					return err
				}
			}
			return nil
		}))
		latest := w.Want(w.buy("grant_type", "client_credentials"), http.StatusOK)
		var n int
		must(t, w.DB.Row(context.Background(), `SELECT COUNT(*) FROM oauth_token`).Scan(&n))
		if n > 1001 {
			t.Errorf("%d tokens are kept", n)
		}
		w.Want(w.Do(pailtest.Bearer(latest.String("access_token")), http.MethodGet, "/2.0/workspaces/acme", nil), http.StatusOK)
		w.Want(w.Do(pailtest.Bearer(first.String("access_token")), http.MethodGet, "/2.0/workspaces/acme", nil), http.StatusUnauthorized, "credential.unknown")
		all, err := w.Credentials.OfResource(context.Background(), access.Bounds{WorkspaceID: w.Workspace.ID})
		if err != nil || len(all) != 0 {
			t.Errorf("listed as access tokens: %v, %v", all, err)
		}
	})
}
