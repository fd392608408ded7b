package browser

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
)

// An owner registers an application. A member is sent to Pail by it, sees what it asks for, lets it in, and takes it
// back: its token is good in between only.
func TestConsumer(t *testing.T) {
	withAndWithoutScripts(t, startWorld, func(u *user, w *pailtest.World) {
		came := make(chan url.Values, 10)
		app := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/callback" {
				came <- r.URL.Query()
			}
			rw.Header().Set("Content-Type", "text/html")
			_, _ = rw.Write([]byte("<!doctype html><html lang=en><title>App</title><link rel=icon href=data:,><p>Back at the application"))
		}))
		u.t.Cleanup(app.Close)

		u.signIn(w.Admin.Email)
		u.visit("/acme/settings/consumers")
		u.follow("Register a consumer")
		u.fill("Name", "Dashboard")
		u.fill("Callback URL", app.URL+"/callback")
		u.check("This is a private consumer")
		u.check("repository")
		u.submit("Register")
		u.see("This is the only time that the secret is shown")
		key := eval[string](u, `document.querySelector("main dd code").textContent`)
		secret := eval[string](u, `document.querySelector("main .lines code").textContent`)

		member := u.another()
		member.watch.also = app.URL
		member.visit("/site/oauth2/authorize?response_type=code&state=abc&client_id=" + key)
		member.fill("E-mail", w.Member.Email)
		member.fill("Password", pailtest.Password)
		member.submit("Sign in")
		member.see("Let Dashboard into your account?", "repository")
		member.submit("Allow")
		member.see("Back at the application")
		back := <-came
		if back.Get("state") != "abc" || back.Get("code") == "" {
			u.t.Fatalf("the application got %v", back)
		}
		form := url.Values{"grant_type": {"authorization_code"}, "code": {back.Get("code")}}
		r, err := http.NewRequest(http.MethodPost, w.URL+"/site/oauth2/access_token", strings.NewReader(form.Encode()))
		u.try("buy a token", err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(key, secret)
		bought := w.Want(w.Send(r), http.StatusOK).String("access_token")
		ask := func() *pailtest.Answer {
			return w.Do(pailtest.Bearer(bought), "GET", "/2.0/repositories/acme/widgets", nil)
		}
		w.Want(ask(), http.StatusOK)

		member.visit("/account/applications")
		member.see("Dashboard", "of Acme")
		member.submit("Take back the access of Dashboard")
		member.see("You have let no application in.")
		w.Want(ask(), http.StatusUnauthorized)
	})
}
