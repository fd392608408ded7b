package consumers_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/oauth"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/token"
	"github.com/pailforge/pail/internal/web/webtest"
	"golang.org/x/oauth2"
)

const consumersPath = "/acme/settings/consumers"

var filled = url.Values{"name": {"Builder"}, "description": {"Builds <things>"}, "url": {"https://app.example"}, "callback_url": {"https://app.example/callback"},
	"private": {"yes"}, "scopes": {"repository:write", "pullrequest"}}

// secretOn is the consumer's secret that a page shows.
func secretOn(t *testing.T, r webtest.Reply) string {
	t.Helper()
	secret := regexp.MustCompile(`PAILK1[A-Za-z0-9]{51}`).FindString(r.Body)
	if shape := token.Inspect(secret); shape.Kind != token.OAuthClientSecret || !shape.Good() {
		t.Fatalf("no secret on %s: %d\n%s", r.Path, r.Status, r.Body)
	}
	if r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("a secret that is kept: %s", r.Header.Get("Cache-Control"))
	}
	return secret
}

// TestConsumer: an administrator registers a consumer, sees its secret once, changes it, renews the secret and removes it.
func TestConsumer(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		b := webtest.As(s, w.Admin)
		if r := b.See(consumersPath); !strings.Contains(webtest.Text(t, r), "There are no consumers yet.") {
			t.Errorf("%s", r.Body)
		}
		page := b.See(consumersPath + "/new")
		made := b.Submit(page, consumersPath+"/new", filled)
		secret := secretOn(t, made)
		list := b.See(consumersPath)
		text := webtest.Text(t, list)
		if !strings.Contains(text, "Builder") || !strings.Contains(text, "2 scopes") || strings.Contains(list.Body, secret) {
			t.Errorf("%s", text)
		}
		all, err := s.OAuth.Consumers(t.Context(), w.Workspace.ID)
		must(t, err)
		c := all[0]
		at := consumersPath + "/" + c.ID
		shown := b.See(at)
		if strings.Contains(shown.Body, secret) || !strings.Contains(shown.Body, c.Key) || !strings.Contains(shown.Body, "Builds &lt;things&gt;") {
			t.Errorf("%s", shown.Body)
		}
		if got := webtest.Forms(t, shown)[1].Values["scopes"]; strings.Join(got, " ") != "repository:write pullrequest" {
			t.Errorf("ticked: %v", got)
		}
		changed := b.Follow(b.Submit(shown, at, url.Values{"name": {"Renamed"}, "scopes": {"issue"}}))
		if !strings.Contains(webtest.Text(t, changed), "The consumer is changed.") || !strings.Contains(webtest.Text(t, changed), "Renamed") {
			t.Errorf("%s", changed.Body)
		}
		renewed := secretOn(t, b.Submit(changed, at+"/secret", nil))
		if renewed == secret {
			t.Error("the secret is the same")
		}
		b.Follow(b.Submit(changed, at+"/delete", nil))
		if r := b.Get(at); r.Status != http.StatusNotFound {
			t.Errorf("after the end: %d", r.Status)
		}
	})
}

// TestFormRefuses: what is wrong stands beside the field, and what was filled in stays.
func TestFormRefuses(t *testing.T) {
	s := pailtest.Start(t, pailtest.Options{})
	w := s.World()
	b := webtest.As(s, w.Admin)
	page := b.See(consumersPath + "/new")
	for name, c := range map[string]struct {
		field, value string
		says         string
	}{
		"no name":       {"name", " ", "Use 1 to 100 printable characters."},
		"no callback":   {"callback_url", "", "Name the address that the browser comes back to"},
		"script":        {"callback_url", "data:text/html,x", "Use https, http, or an own scheme"},
		"fragment":      {"callback_url", "https://app.example/#here", "Leave the part from # out"},
		"password":      {"callback_url", "https://a:b@app.example/", "Leave user and password out"},
		"policy":        {"callback_url", "https://app.example;script-src/", "Write the host in ASCII"},
		"website":       {"url", "app.example", "Write the whole address"},
		"no scope":      {"scopes", "", "Choose at least one scope"},
		"unknown scope": {"scopes", "repository:own", "Unknown scope"},
		"token's scope": {"scopes", "read:user:bitbucket", "consumers have the legacy ones"},
	} {
		values := url.Values{}
		for k, v := range filled {
			values[k] = v
		}
		values.Set(c.field, c.value)
		if c.value == "" {
			values[c.field] = nil
		}
		r := b.Submit(page, consumersPath+"/new", values)
		if r.Status != http.StatusBadRequest || !strings.Contains(r.Body, "Builds &lt;things&gt;") || !strings.Contains(webtest.Text(t, r), c.says) {
			t.Errorf("%s: %d %s", name, r.Status, webtest.Text(t, r))
		}
	}
	b.Submit(page, consumersPath+"/new", filled)
	if r := b.Submit(page, consumersPath+"/new", filled); r.Status != http.StatusBadRequest || !strings.Contains(webtest.Text(t, r), "A consumer of this name exists in the workspace.") {
		t.Errorf("twice: %d %s", r.Status, webtest.Text(t, r))
	}
}

// TestWhoMay: consumers are for those who administer the workspace, and every change carries the form's token.
func TestWhoMay(t *testing.T) {
	s := pailtest.Start(t, pailtest.Options{})
	w := s.World()
	c, _ := register(t, w, nil)
	at := consumersPath + "/" + c.ID
	member, outsider, nobody, admin := webtest.As(s, w.Member), webtest.As(s, w.Outsider), webtest.Open(s), webtest.As(s, w.Admin)
	for _, path := range []string{consumersPath, consumersPath + "/new", at} {
		if r := member.Get(path); r.Status != http.StatusForbidden {
			t.Errorf("a member at %s: %d", path, r.Status)
		}
		if r := outsider.Get(path); r.Status != http.StatusNotFound {
			t.Errorf("an outsider at %s: %d", path, r.Status)
		}
		if r := nobody.Get(path); r.Status != http.StatusSeeOther || !strings.HasPrefix(r.Location(), "/signin?next=") {
			t.Errorf("nobody at %s: %d %s", path, r.Status, r.Location())
		}
	}
	before := s.Store()
	csrf := webtest.Forms(t, member.See("/account/profile"))[0].Values.Get("csrf")
	for _, path := range []string{consumersPath + "/new", at, at + "/secret", at + "/delete"} {
		if r := admin.Post(path, filled); r.Status != http.StatusForbidden || r.Header.Get("X-Pail-Reason") != "csrf.missing" {
			t.Errorf("without the form's token %s: %d", path, r.Status)
		}
		values := url.Values{"csrf": {csrf}}
		for k, v := range filled {
			values[k] = v
		}
		if r := member.Post(path, values); r.Status != http.StatusForbidden {
			t.Errorf("a member at %s: %d", path, r.Status)
		}
	}
	if s.Store() != before {
		t.Error("something was changed")
	}
	other, err := s.Workspaces.CreateWorkspace(t.Context(), "other", "", w.Admin.ID)
	must(t, err)
	if r := admin.Get("/" + other.Slug + "/settings/consumers/" + c.ID); r.Status != http.StatusNotFound {
		t.Errorf("the consumer of another workspace: %d", r.Status)
	}
}

func register(t *testing.T, w *pailtest.World, change func(*oauth.Form)) (oauth.Consumer, oauth2.Config) {
	t.Helper()
	f := oauth.Form{Name: "Builder", CallbackURL: "https://app.example/callback", Private: true, Scopes: []string{"pullrequest:write", "account"}}
	if change != nil {
		change(&f)
	}
	c, secret, err := w.OAuth.Register(context.Background(), w.Workspace.ID, w.Admin.ID, f)
	must(t, err)
	return c, oauth2.Config{ClientID: c.Key, ClientSecret: secret, Endpoint: oauth2.Endpoint{AuthURL: "/site/oauth2/authorize", TokenURL: w.URL + "/site/oauth2/access_token"}}
}

// TestConsent: a person signs in, sees what is asked, allows it, and takes it back; golang.org/x/oauth2 is the application.
func TestConsent(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		_, config := register(t, w, nil)
		ctx := context.WithValue(t.Context(), oauth2.HTTPClient, w.Client)
		verifier := oauth2.GenerateVerifier()
		address := config.AuthCodeURL("state & more", oauth2.S256ChallengeOption(verifier))

		b := webtest.Open(s)
		r := b.Get(address)
		if r.Status != http.StatusSeeOther || !strings.HasPrefix(r.Location(), "/signin?next=") {
			t.Fatalf("anonymous: %d %s", r.Status, r.Location())
		}
		r = b.Submit(b.See(r.Location()), "/signin", url.Values{"email": {w.Member.Email}, "password": {pailtest.Password}})
		asked := b.Follow(r)
		text := webtest.Text(t, asked)
		for _, part := range []string{"Let Builder into your account?", "of the workspace Acme", "Create, approve, decline and merge pull requests; push", "and with it: Change source; fork; push", "See the account's e-mail addresses",
			"app.example", w.Member.Email} {
			if !strings.Contains(text, part) {
				t.Errorf("the page lacks %q: %s", part, text)
			}
		}
		if csp := asked.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' https:;") {
			t.Errorf("policy %s", csp)
		}
		action := webtest.Forms(t, asked)[1].Action
		r = b.Submit(asked, action, url.Values{"answer": {"yes"}})
		back, err := url.Parse(r.Location())
		must(t, err)
		if r.Status != http.StatusSeeOther || back.Host != "app.example" || back.Query().Get("state") != "state & more" {
			t.Fatalf("allowed: %d %s", r.Status, r.Location())
		}
		tok, err := config.Exchange(ctx, back.Query().Get("code"), oauth2.VerifierOption(verifier))
		must(t, err)
		w.Want(w.Do(pailtest.Bearer(tok.AccessToken), http.MethodGet, "/2.0/user", nil), http.StatusOK)

		// Who has allowed it is not asked again, but on the way from the sign-in form.
		if r := b.Get(address); r.Status != http.StatusSeeOther || !strings.HasPrefix(r.Location(), "https://app.example/callback?") {
			t.Errorf("asked again: %d %s", r.Status, r.Location())
		}
		if r := b.Get(address, "Sec-Fetch-Site", "same-origin"); r.Status != http.StatusOK {
			t.Errorf("from the sign-in form: %d %s", r.Status, r.Location())
		}
		list := b.See("/account/applications")
		if text := webtest.Text(t, list); !strings.Contains(text, "Builder") || !strings.Contains(text, "of Acme") || !strings.Contains(text, "just now from 127.0.0.1") {
			t.Errorf("%s", text)
		}
		if other := webtest.As(s, w.Outsider); strings.Contains(other.See("/account/applications").Body, "Builder") {
			t.Error("another account sees it")
		} else {
			form := webtest.Forms(t, list)
			id := form[len(form)-1].Values.Get("id")
			other.Submit(other.See("/account/profile"), "/account/profile", nil)
			csrf := webtest.Forms(t, other.See("/account/profile"))[0].Values.Get("csrf")
			other.Post("/account/applications", url.Values{"csrf": {csrf}, "id": {id}})
			w.Want(w.Do(pailtest.Bearer(tok.AccessToken), http.MethodGet, "/2.0/user", nil), http.StatusOK)
		}
		after := b.Follow(b.Submit(list, "/account/applications", nil))
		if !strings.Contains(webtest.Text(t, after), "You have let no application in.") {
			t.Errorf("%s", after.Body)
		}
		w.Want(w.Do(pailtest.Bearer(tok.AccessToken), http.MethodGet, "/2.0/user", nil), http.StatusUnauthorized, "token.revoked")
		if r := b.Get(address); r.Status != http.StatusOK {
			t.Errorf("after taking it back: %d", r.Status)
		}
	})
}

// TestDeny: the application learns a no, and nothing else happens.
func TestDeny(t *testing.T) {
	s := pailtest.Start(t, pailtest.Options{})
	w := s.World()
	_, config := register(t, w, nil)
	b := webtest.As(s, w.Member)
	asked := b.See(config.AuthCodeURL("s"))
	action := webtest.Forms(t, asked)[1].Action
	before := s.Store()
	if r := b.Post(action, url.Values{"answer": {"yes"}}); r.Status != http.StatusForbidden || r.Header.Get("X-Pail-Reason") != "csrf.missing" {
		t.Errorf("without the form's token: %d", r.Status)
	}
	r := b.Submit(asked, action, url.Values{"answer": {"no"}})
	back, err := url.Parse(r.Location())
	must(t, err)
	if q := back.Query(); r.Status != http.StatusSeeOther || back.Host != "app.example" || q.Get("error") != "access_denied" || q.Get("state") != "s" || q.Has("code") || !strings.HasSuffix(q.Get("error_uri"), "oauth.access_denied") {
		t.Errorf("%d %s", r.Status, r.Location())
	}
	if s.Store() != before {
		t.Error("something was changed")
	}
}

// TestAskRefuses: what the application may learn goes to it, and nothing goes to an address that is not registered.
func TestAskRefuses(t *testing.T) {
	s := pailtest.Start(t, pailtest.Options{})
	w := s.World()
	c, _ := register(t, w, nil)
	b := webtest.As(s, w.Member)
	for _, q := range []struct{ query, reason string }{
		{"", "oauth.request_invalid"},
		{"client_id=NOBODY&response_type=code", "oauth.client_unknown"},
		{"client_id=%00&response_type=code", "oauth.client_unknown"},
		{"client_id=KEY&client_id=KEY&response_type=code", "oauth.request_invalid"},
		{"client_id=KEY&response_type=code&redirect_uri=https://evil.example/callback", "oauth.redirect_mismatch"},
		{"client_id=KEY&response_type=code&redirect_uri=https://app.example/callback/..%252f", "oauth.redirect_mismatch"},
		{"client_id=KEY&response_type=code&redirect_uri=https://app.example/callbackx", "oauth.redirect_mismatch"},
		{"client_id=KEY&response_type=token&redirect_uri=https://app.example.evil.example/callback", "oauth.redirect_mismatch"},
		{"client_id=KEY&response_type=code&redirect_uri=javascript:alert(1)", "oauth.redirect_mismatch"},
	} {
		r := b.Get("/site/oauth2/authorize?" + strings.ReplaceAll(q.query, "KEY", c.Key))
		if r.Status < 400 || r.Location() != "" || r.Header.Get("X-Pail-Reason") != q.reason {
			t.Errorf("%s: %d %s %s", q.query, r.Status, r.Header.Get("X-Pail-Reason"), r.Location())
		}
	}
	for _, q := range []struct{ query, kind string }{
		{"", "invalid_request"},
		{"response_type=token", "unsupported_response_type"},
		{"response_type=code&scope=repository:admin", "invalid_scope"},
		{"response_type=code&code_challenge=abc&code_challenge_method=S256", "invalid_request"},
		{"response_type=code&code_challenge=" + strings.Repeat("a", 43), "invalid_request"},
		{"response_type=code&code_challenge_method=S256", "invalid_request"},
		{"response_type=code&response_mode=fragment", "invalid_request"},
	} {
		r := b.Get("/site/oauth2/authorize?client_id=" + c.Key + "&state=s&" + q.query)
		back, err := url.Parse(r.Location())
		must(t, err)
		if v := back.Query(); r.Status != http.StatusSeeOther || back.Host != "app.example" || v.Get("error") != q.kind || v.Get("state") != "s" || v.Get("error_description") == "" {
			t.Errorf("%s: %d %s", q.query, r.Status, r.Location())
		}
	}
}

// TestHostileNames: whatever a consumer is called does the page no harm.
func TestHostileNames(t *testing.T) {
	s := pailtest.Start(t, pailtest.Options{})
	w := s.World()
	_, config := register(t, w, func(f *oauth.Form) {
		f.Name, f.Description = `"><script>alert(1)</script>`, "\u202e</p><img src=x onerror=alert(1)>"
		f.CallbackURL = "com.example.app:/callback"
	})
	r := webtest.As(s, w.Member).See(config.AuthCodeURL(""))
	if strings.Contains(r.Body, "<script>alert") || strings.Contains(r.Body, "<img src=x") || !strings.Contains(webtest.Text(t, r), "the app com.example.app") {
		t.Errorf("%s", r.Body)
	}
	if csp := r.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' https: com.example.app:;") {
		t.Errorf("policy %s", csp)
	}
	webtest.As(s, w.Admin).See(consumersPath)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
