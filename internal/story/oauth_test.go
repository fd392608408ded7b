package story

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/oauth"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/scope"
)

// application is a consumer with a token of the administrator's and one of its own, whose scopes can be changed.
type application struct {
	*pailtest.World
	oauth.Consumer
	secret        string
	person, owner pailtest.Credential
}

func newApplication(w *pailtest.World) *application {
	c := &application{World: w}
	c.Consumer, c.secret = w.Consumer("account")
	c.person = c.buy(url.Values{"grant_type": {"authorization_code"}, "code": {c.yes()}})
	c.owner = c.buy(url.Values{"grant_type": {"client_credentials"}})
	return c
}

// yes is the code that the administrator's consent gives.
func (c *application) yes() string {
	c.T.Helper()
	q, err := c.OAuth.Ask(c.T.Context(), url.Values{"client_id": {c.Key}, "response_type": {"code"}}.Encode())
	check(c.World, err)
	to, err := c.OAuth.Yes(c.T.Context(), q, c.Admin.ID)
	check(c.World, err)
	u, err := url.Parse(to)
	check(c.World, err)
	return u.Query().Get("code")
}

func (c *application) buy(form url.Values) pailtest.Credential {
	c.T.Helper()
	a := c.Do(pailtest.Header(pailtest.Basic(c.Key, c.secret), "Content-Type", "application/x-www-form-urlencoded"), http.MethodPost, "/site/oauth2/access_token", form.Encode())
	return pailtest.Bearer(c.Want(a, http.StatusOK).String("access_token"))
}

// may gives the consumer these scopes, and has the administrator allow them.
func (c *application) may(scopes scope.Set) {
	c.T.Helper()
	changed, err := c.OAuth.Change(c.T.Context(), c.Consumer, oauth.Form{Name: c.Name, CallbackURL: c.CallbackURL, Private: true, Scopes: scopes.Names()})
	check(c.World, err)
	c.Consumer = changed
	c.yes()
}

// TestEveryServedOperationByOAuth walks all operations that are served with a token of OAuth: without each of the legacy
// scopes it is refused, with exactly these it succeeds, and what does not take OAuth says so. What a person may, the
// consumer itself may in its workspace, or is told that there is no person behind it.
func TestEveryServedOperationByOAuth(t *testing.T) {
	t.Parallel()
	pailtest.Schemas(t)
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		w.Push(2)
		c := newApplication(w)
		for _, key := range w.API.Keys() {
			t.Run(key, func(t *testing.T) {
				s.T = t
				defer func() { s.T = t }()
				defer forgetTokens(w) // those that were made before the call
				op, _ := catalog.Lookup(key)
				ex := examples[key]
				path := "/2.0" + ex.path(op, w)
				if !op.Accepts.Has(catalog.OAuth2) {
					w.Want(w.Do(c.person, op.Method, path, ex.body), http.StatusForbidden, "credential.kind_not_accepted")
					return
				}
				for _, alternative := range op.OAuthScopes {
					for _, missing := range refusedBy(s, alternative.Scopes()) {
						held := alternative.Without(scope.NewSet(missing)).Add(scope.LegacyTest)
						if held.Expand().Has(missing) {
							continue // another one brings it
						}
						c.may(held)
						w.Want(w.Do(c.person, op.Method, path, ex.body), http.StatusForbidden, "scope.missing")
					}
					c.may(alternative.Add(scope.LegacyTest))
					for _, by := range []struct {
						name       string
						credential pailtest.Credential
						refusals   []string
					}{{"a person's", c.person, nil}, {"its own", c.owner, []string{"credential.kind_not_accepted", "conflict.exists"}}} {
						if ex.before != nil {
							ex.before(w)
						}
						a := w.Do(by.credential, op.Method, path, ex.body)
						if !succeeded(a) && !slices.Contains(by.refusals, a.Reason()) {
							t.Errorf("%s token with exactly %v: %d %s", by.name, alternative.Names(), a.Status, a.Body)
						}
						if a.Header.Get("X-Credential-Type") != "oauth2" {
							t.Errorf("%s token: %v", by.name, a.Header)
						}
					}
				}
			})
		}
	})
}
