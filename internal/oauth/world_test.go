package oauth_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/oauth"
	"github.com/pailforge/pail/internal/pailtest"
	"golang.org/x/oauth2"
)

const callbackURL = "https://app.example/callback"

// world is the usual scene with a private consumer of workspace acme.
type world struct {
	*pailtest.World
	consumer oauth.Consumer
	secret   string
	config   oauth2.Config
}

func newWorld(t *testing.T, s *pailtest.Server, change func(*oauth.Form)) *world {
	t.Helper()
	w := &world{World: s.World()}
	w.consumer, w.secret = w.register(change)
	w.config = oauth2.Config{ClientID: w.consumer.Key, ClientSecret: w.secret, Endpoint: oauth2.Endpoint{
		AuthURL: s.URL + "/site/oauth2/authorize", TokenURL: s.URL + "/site/oauth2/access_token"}}
	return w
}

func (w *world) register(change func(*oauth.Form)) (oauth.Consumer, string) {
	w.T.Helper()
	f := oauth.Form{Name: "Builder", Description: "Builds things", URL: "https://app.example", CallbackURL: callbackURL, Private: true,
		Scopes: []string{"repository:write", "account"}}
	if change != nil {
		change(&f)
	}
	c, secret, err := w.OAuth.Register(context.Background(), w.Workspace.ID, w.Admin.ID, f)
	must(w.T, err)
	return c, secret
}

// allow sends the account to the consumer's address and says yes, as the consent page does. It returns where the
// browser goes.
func (w *world) allow(a account.Account, authURL string) *url.URL {
	w.T.Helper()
	_, query, _ := strings.Cut(authURL, "?")
	q, err := w.OAuth.Ask(context.Background(), query)
	must(w.T, err)
	to, err := w.OAuth.Yes(context.Background(), q, a.ID)
	must(w.T, err)
	u, err := url.Parse(to)
	must(w.T, err)
	return u
}

// code is what the account's yes gives the consumer.
func (w *world) code(a account.Account, options ...oauth2.AuthCodeOption) string {
	w.T.Helper()
	return w.allow(a, w.config.AuthCodeURL("xyz", options...)).Query().Get("code")
}

// client is the context in which golang.org/x/oauth2 sends its requests to the server.
func (w *world) client() context.Context {
	return context.WithValue(context.Background(), oauth2.HTTPClient, w.Client)
}

// buy sends a form to the token endpoint, with the consumer's key and secret in Basic.
func (w *world) buy(values ...string) *pailtest.Answer {
	w.T.Helper()
	return w.send(pailtest.Basic(w.consumer.Key, w.secret), form(values...))
}

func (w *world) send(c pailtest.Credential, body string) *pailtest.Answer {
	w.T.Helper()
	r, err := http.NewRequest(http.MethodPost, w.URL+"/site/oauth2/access_token", strings.NewReader(body))
	must(w.T, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	c(r)
	return w.Send(r)
}

// form writes pairs of names and values as a form.
func form(pairs ...string) string {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return values.Encode()
}

// refusal is what the server said to golang.org/x/oauth2.
func refusal(t *testing.T, err error) (kind, reason string) {
	t.Helper()
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		t.Fatalf("%v is no refusal", err)
	}
	return refused.ErrorCode, refused.Response.Header.Get("X-Pail-Reason")
}

// get asks the API as the holder of a token, through the client that golang.org/x/oauth2 makes.
func get(t *testing.T, c *http.Client, url string) (int, string) {
	t.Helper()
	res, err := c.Get(url)
	must(t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	must(t, err)
	return res.StatusCode, string(body)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
