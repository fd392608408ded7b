package signin_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/database/databasetest"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/web/signin"
	"github.com/pailforge/pail/internal/web/webtest"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
)

const (
	clientID     = "pail"
	clientSecret = "the-secret-of-the-client"
	callbackPath = "/signin/oidc/callback"
)

// provider is a real OpenID provider on a listener of its own. Anybody signs in there with the password "password".
type provider struct {
	*httptest.Server
	t      *testing.T
	issuer string

	mu       sync.Mutex
	users    map[string]storage.User
	override map[string]http.HandlerFunc // by path, in place of the provider's own
}

// newProvider takes the provider's address. It answers nobody before it is started.
func newProvider(t *testing.T) *provider {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{t: t, issuer: "http://" + ln.Addr().String(), users: map[string]storage.User{}, override: map[string]http.HandlerFunc{}}
	p.Server = &httptest.Server{Listener: ln, Config: &http.Server{}}
	t.Cleanup(p.Close)
	return p
}

// start serves clients of the server at base.
func (p *provider) start(base string) {
	clients := map[string]*storage.Client{clientID: storage.WebClient(clientID, clientSecret, base+callbackPath)}
	router := exampleop.SetupServer(p.issuer, storage.NewStorageWithClients(p, clients), nil, false)
	p.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		instead := p.override[r.URL.Path]
		p.mu.Unlock()
		if instead != nil {
			instead(w, r)
			return
		}
		router.ServeHTTP(w, r)
	})
	p.Start()
}

// env are the settings for a server that people sign in to with p.
func (p *provider) env(more ...string) []string {
	return append([]string{"PAIL_OIDC_ISSUER=" + p.issuer, "PAIL_OIDC_CLIENT_ID=" + clientID, "PAIL_OIDC_CLIENT_SECRET=" + clientSecret, "PAIL_OIDC_NAME=Acme <ID>"}, more...)
}

// has makes or changes a person at the provider.
func (p *provider) has(subject, email string, verified bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.users[subject] = storage.User{ID: subject, Username: subject, Password: "password", FirstName: "Ada", LastName: "Lovelace", Email: email, EmailVerified: verified}
}

func (p *provider) answers(path string, h http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.override[path] = h
}

func (p *provider) GetUserByID(id string) *storage.User {
	p.mu.Lock()
	defer p.mu.Unlock()
	if u, ok := p.users[id]; ok {
		return &u
	}
	return nil
}

func (p *provider) GetUserByUsername(name string) *storage.User { return p.GetUserByID(name) }
func (p *provider) ExampleClientID() string                     { return storage.ServiceUserID }

// visit is what a person does at the provider: it begins at the address that the server has sent them to, and ends with
// the address that the provider sends them back to.
func (p *provider) visit(to, subject string) *url.URL {
	p.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	follow := func(res *http.Response, err error) *url.URL {
		p.t.Helper()
		if err != nil {
			p.t.Fatal(err)
		}
		defer res.Body.Close()
		at, err := res.Location()
		if err != nil {
			p.t.Fatalf("%s: %d, %v", res.Request.URL, res.StatusCode, err)
		}
		return at
	}
	at := follow(client.Get(to))
	if at.Path == callbackPath {
		return at // refused at once
	}
	at = follow(client.PostForm(at.String(), url.Values{"id": {at.Query().Get("authRequestID")}, "username": {subject}, "password": {"password"}}))
	return follow(client.Get(at.String()))
}

// signIn goes the whole way in a browser, and returns the last answer.
func (p *provider) signIn(b *webtest.Browser, subject string) webtest.Reply {
	p.t.Helper()
	to := b.Get("/signin/oidc")
	if to.Status != http.StatusSeeOther {
		p.t.Fatalf("%d %s\n%s", to.Status, to.Header.Get("X-Pail-Reason"), to.Body)
	}
	return b.Get(p.visit(to.Location(), subject).RequestURI())
}

func refused(t *testing.T, r webtest.Reply, status int, reason string) {
	t.Helper()
	if r.Status != status || r.Header.Get("X-Pail-Reason") != reason {
		t.Errorf("%.80s: %d %q, want %d %q\n%s", r.Path, r.Status, r.Header.Get("X-Pail-Reason"), status, reason, r.Body)
	}
	if r.Header.Get("Set-Cookie") != "" && strings.Contains(strings.Join(r.Header.Values("Set-Cookie"), "\n"), "pail_session=") {
		t.Errorf("%.80s: a refusal began a session", r.Path)
	}
}

// TestOIDC: there and back, on both databases.
func TestOIDC(t *testing.T) {
	t.Parallel()
	databasetest.EachDSN(t, func(t *testing.T, dsn string) {
		p := newProvider(t)
		s := pailtest.Start(t, pailtest.Options{DSN: dsn, Env: p.env()})
		p.start(s.URL)
		ada := s.Account("ada")
		p.has("sub-1", ada.Email, true)
		b := webtest.Open(s)

		page := b.See("/signin?next=%2Faccount%2Fsessions%3Fx%3D1")
		if !strings.Contains(page.Body, `<a class="button" href="/signin/oidc?next=%2Faccount%2Fsessions%3Fx%3D1">Sign in with <bdi>Acme &lt;ID&gt;</bdi></a>`) {
			t.Errorf("no button\n%s", page.Body)
		}
		to := b.Get("/signin/oidc?next=%2Faccount%2Fsessions%3Fx%3D1")
		u, err := url.Parse(to.Location())
		if err != nil || !strings.HasPrefix(to.Location(), p.issuer+"/") {
			t.Fatalf("%d to %s", to.Status, to.Location())
		}
		q := u.Query()
		if q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43 || len(q.Get("state")) != 43 || len(q.Get("nonce")) != 43 || q.Get("scope") != "openid email profile" ||
			q.Get("redirect_uri") != s.URL+callbackPath || q.Get("response_type") != "code" || q.Get("state") == q.Get("nonce") || strings.Contains(to.Location(), clientSecret) {
			t.Errorf("%s", to.Location())
		}
		if cookie := to.Header.Get("Set-Cookie"); !strings.Contains(cookie, "Path=/; Max-Age=3600; HttpOnly; SameSite=Lax") {
			t.Errorf("%s", cookie)
		}
		back := p.visit(to.Location(), "sub-1")
		r := b.Get(back.RequestURI())
		if r.Status != http.StatusSeeOther || r.Location() != "/account/sessions?x=1" {
			t.Fatalf("%d to %s %s\n%s", r.Status, r.Location(), r.Header.Get("X-Pail-Reason"), r.Body)
		}
		if page := b.Follow(r); !strings.Contains(page.Body, "this session") || !strings.Contains(page.Body, ada.Email) {
			t.Errorf("%s", page.Body)
		}
		refused(t, b.Get(back.RequestURI()), 400, "oidc.state_mismatch") // an answer is good once
		if again := b.Get("/signin/oidc?next=/docs"); again.Location() != "/docs" {
			t.Errorf("who is signed in goes to %s", again.Location())
		}

		// The link holds when the e-mail changes at the provider, also to one that somebody else has here.
		p.has("sub-1", s.Account("bob").Email, true)
		b = webtest.Open(s)
		if r := p.signIn(b, "sub-1"); r.Location() != "/" || !strings.Contains(b.See("/account/profile").Body, ada.Email) {
			t.Errorf("after the e-mail changed: %d to %s", r.Status, r.Location())
		}
		// And nobody else gets in with the old one.
		p.has("sub-2", ada.Email, true)
		refused(t, p.signIn(webtest.Open(s), "sub-2"), 403, "oidc.account_linked")

		s.Exec(`UPDATE account SET is_active = FALSE WHERE id = $1`, ada.ID)
		refused(t, p.signIn(webtest.Open(s), "sub-1"), 401, "account.deactivated")
	})
}

// TestOIDCRefusals: whose identity is not let in, and how it says so.
func TestOIDCRefusals(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	s := pailtest.Start(t, pailtest.Options{Env: p.env("PAIL_OIDC_ALLOWED_DOMAINS=acme.example")})
	p.start(s.URL)
	ada := s.Account("ada")
	before := s.Store()
	for name, tc := range map[string]struct {
		email    string
		verified bool
		want     string
	}{
		"not verified": {ada.Email, false, "oidc.email_unverified"}, "no e-mail": {"", true, "oidc.email_missing"}, "another domain": {"ada@other.example", true, "oidc.domain_not_allowed"},
		"nobody": {"nobody@acme.example", true, "oidc.account_missing"},
	} {
		p.has("x", tc.email, tc.verified)
		r := p.signIn(webtest.Open(s), "x")
		refused(t, r, 403, tc.want)
		if !strings.Contains(r.Body, "Ways out") {
			t.Errorf("%s: no way out", name)
		}
	}
	if s.Store() != before {
		t.Error("a refusal left something in the store")
	}
}

func TestOIDCCreates(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	s := pailtest.Start(t, pailtest.Options{Env: p.env("PAIL_OIDC_CREATE_ACCOUNTS=true")})
	p.start(s.URL)
	p.has("ada.lovelace", "ada@id.example", true)
	refused(t, p.signIn(webtest.Open(s), "ada.lovelace"), 403, "oidc.account_missing") // the set-up comes first
	s.Account("admin")
	b := webtest.Open(s)
	if r := p.signIn(b, "ada.lovelace"); r.Location() != "/" {
		t.Fatalf("%d %s", r.Status, r.Header.Get("X-Pail-Reason"))
	}
	if page := b.See("/account/profile"); !strings.Contains(page.Body, "ada-lovelace") || !strings.Contains(page.Body, "Ada Lovelace") {
		t.Errorf("%s", page.Body)
	}
}

// TestOIDCForged: answers that do not belong to a sign-in that began in this browser, a moment ago.
func TestOIDCForged(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	s := pailtest.Start(t, pailtest.Options{Env: p.env()})
	p.start(s.URL)
	p.has("sub", s.Account("ada").Email, true)
	start := func() (b *webtest.Browser, to *url.URL) {
		b = webtest.Open(s)
		to, err := url.Parse(b.Get("/signin/oidc").Location())
		if err != nil {
			t.Fatal(err)
		}
		return b, to
	}
	// with replaces one parameter of an address.
	with := func(u *url.URL, name, value string) *url.URL {
		q, changed := u.Query(), *u
		q.Set(name, value)
		changed.RawQuery = q.Encode()
		return &changed
	}

	b, to := start()
	back := p.visit(to.String(), "sub")
	refused(t, webtest.Open(s).Get(back.RequestURI()), 400, "oidc.state_mismatch")
	other, _ := start()
	refused(t, other.Get(back.RequestURI()), 400, "oidc.state_mismatch")
	refused(t, b.Get(with(back, "state", "x").RequestURI()), 400, "oidc.state_mismatch")
	refused(t, b.Get(with(back, "state", "").RequestURI()), 400, "oidc.state_mismatch")
	// A wrong state does not use the attempt up: nobody can break a sign-in from outside.
	if r := b.Get(back.RequestURI()); r.Location() != "/" {
		t.Errorf("%d %s", r.Status, r.Header.Get("X-Pail-Reason"))
	}

	b, to = start()
	refused(t, b.Get(p.visit(with(to, "nonce", "another").String(), "sub").RequestURI()), 502, "oidc.token_invalid")
	b, to = start()
	refused(t, b.Get(p.visit(with(to, "code_challenge", strings.Repeat("x", 43)).String(), "sub").RequestURI()), 502, "oidc.code_refused")
	b, to = start()
	refused(t, b.Get(with(p.visit(to.String(), "sub"), "code", "made-up").RequestURI()), 502, "oidc.code_refused")
	b, to = start()
	refused(t, b.Get(with(p.visit(to.String(), "sub"), "iss", "https://evil.example").RequestURI()), 502, "oidc.token_invalid")
	b, to = start()
	refused(t, b.Get(with(p.visit(to.String(), "sub"), "code", "").RequestURI()), 403, "oidc.provider_refused")

	// What the provider says is text, whatever it holds.
	b, to = start()
	r := b.Get(callbackPath + "?" + url.Values{"state": {to.Query().Get("state")}, "error": {"access_denied"}, "error_description": {"<script>alert(1)</script>`\x00" + strings.Repeat("x", 5000)}}.Encode())
	refused(t, r, 403, "oidc.provider_refused")
	if !strings.Contains(r.Body, "<code>access_denied</code>") || strings.Contains(r.Body, "<script>alert") || strings.Contains(r.Body, strings.Repeat("x", 300)) {
		t.Errorf("%s", r.Body)
	}

	// The time and the page in the cookie are part of what the state stands for.
	cookie, state := signin.Attempt(time.Now().Add(-11*time.Minute), "/docs")
	refused(t, webtest.Open(s).Get(callbackPath+"?code=x&state="+state, "Cookie", "pail_oidc="+cookie), 400, "oidc.expired")
	cookie, state = signin.Attempt(time.Now().Add(time.Hour), "/docs")
	refused(t, webtest.Open(s).Get(callbackPath+"?code=x&state="+state, "Cookie", "pail_oidc="+cookie), 400, "oidc.expired")
	cookie, state = signin.Attempt(time.Now(), "/docs")
	parts := strings.Split(cookie, ".")
	for _, forged := range []string{parts[0] + "." + fmt.Sprint(time.Now().Unix()+1) + "." + parts[2], parts[0] + "." + parts[1] + ".Ly9ldmls", "", "x", ".."} {
		refused(t, webtest.Open(s).Get(callbackPath+"?code=x&state="+state, "Cookie", "pail_oidc="+forged), 400, "oidc.state_mismatch")
	}
	for _, odd := range []string{"x", "..", "a.b.c", "a.99999999999999999999.c"} {
		refused(t, webtest.Open(s).Get(callbackPath+"?code=x&state="+signin.StateOf(odd), "Cookie", "pail_oidc="+odd), 400, "oidc.expired")
	}
	long := webtest.Open(s).Get("/signin/oidc?next=/" + strings.Repeat("x", 5000))
	if n := len(long.Header.Get("Set-Cookie")); n > 500 {
		t.Errorf("a cookie of %d bytes", n)
	}
}

// TestOIDCProviderLies: a provider, or somebody between, whose statements cannot be trusted.
func TestOIDCProviderLies(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	s := pailtest.Start(t, pailtest.Options{Env: p.env()})
	p.start(s.URL)
	ada := s.Account("ada")
	p.has("sub", ada.Email, true)
	says := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, body)
		}
	}
	p.answers("/keys", says(`{"keys":[]}`)) // first, while none are known
	refused(t, p.signIn(webtest.Open(s), "sub"), 502, "oidc.token_invalid")
	p.answers("/keys", nil)
	p.answers("/userinfo", says(`{"sub":"another","email":"`+ada.Email+`","email_verified":true}`))
	refused(t, p.signIn(webtest.Open(s), "sub"), 502, "oidc.token_invalid")
	p.answers("/userinfo", says(`{"sub":"sub","email":"`+ada.Email+`"}`))
	refused(t, p.signIn(webtest.Open(s), "sub"), 403, "oidc.email_unverified")
	p.answers("/userinfo", says(`{"sub":"sub","email":"`+ada.Email+`","email_verified":"yes"}`))
	refused(t, p.signIn(webtest.Open(s), "sub"), 502, "oidc.provider_unreachable")
	p.answers("/userinfo", says(`{"sub":"sub","email":["a"]}`))
	refused(t, p.signIn(webtest.Open(s), "sub"), 502, "oidc.provider_unreachable")
	p.answers("/userinfo", says(`<html>`))
	refused(t, p.signIn(webtest.Open(s), "sub"), 502, "oidc.provider_unreachable")
	p.answers("/oauth/token", says(`{"access_token":"x","token_type":"Bearer","expires_in":300}`))
	refused(t, p.signIn(webtest.Open(s), "sub"), 502, "oidc.token_invalid")
	// {"alg":"none"} {"iss":…} without a signature
	p.answers("/oauth/token", says(`{"access_token":"x","token_type":"Bearer","id_token":"eyJhbGciOiJub25lIn0.eyJzdWIiOiJzdWIifQ."}`))
	refused(t, p.signIn(webtest.Open(s), "sub"), 502, "oidc.token_invalid")
	p.answers("/oauth/token", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(500)
		fmt.Fprint(w, strings.Repeat("oops ", 1000))
	})
	r := p.signIn(webtest.Open(s), "sub")
	refused(t, r, 502, "oidc.code_refused")
	if strings.Contains(r.Body, "oops") {
		t.Errorf("%s", r.Body)
	}
	p.answers("/oauth/token", nil)
	p.answers("/userinfo", says(`{"sub":"sub","email":"`+ada.Email+`","email_verified":"true"}`))
	if r := p.signIn(webtest.Open(s), "sub"); r.Location() != "/" {
		t.Errorf("%d %s", r.Status, r.Header.Get("X-Pail-Reason"))
	}
}

// TestOIDCProviderDown: the server starts and serves without its provider, and finds it when it is there.
func TestOIDCProviderDown(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	s := pailtest.Start(t, pailtest.Options{Env: p.env()})
	p.Listener.Close() // nobody listens there
	ada := s.Account("ada")
	b := webtest.Open(s)
	b.See("/signin")
	r := b.Get("/signin/oidc")
	refused(t, r, 502, "oidc.provider_unreachable")
	if strings.Contains(r.Body, "connection refused") {
		t.Errorf("the page tells the cause\n%s", r.Body)
	}
	if r := webtest.As(s, ada).Get("/signin/oidc"); r.Location() != "/" {
		t.Errorf("with a password: %d", r.Status)
	}

	ln, err := net.Listen("tcp", strings.TrimPrefix(p.issuer, "http://"))
	if err != nil {
		t.Skip("somebody else has taken the port meanwhile")
	}
	p.Listener = ln
	p.start(s.URL)
	p.answers("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") })
	refused(t, b.Get("/signin/oidc"), 502, "oidc.provider_unreachable")
	p.answers("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"issuer":"https://evil.example"}`)
	})
	refused(t, b.Get("/signin/oidc"), 502, "oidc.provider_unreachable")
	p.answers("/.well-known/openid-configuration", nil)
	p.has("sub", ada.Email, true)
	if r := p.signIn(b, "sub"); r.Location() != "/" {
		t.Errorf("%d %s", r.Status, r.Header.Get("X-Pail-Reason"))
	}
}

func TestOIDCSecretFile(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	file := filepath.Join(t.TempDir(), "secret")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := pailtest.Start(t, pailtest.Options{Env: []string{"PAIL_OIDC_ISSUER=" + p.issuer, "PAIL_OIDC_CLIENT_ID=" + clientID, "PAIL_OIDC_CLIENT_SECRET_FILE=" + file}})
	p.start(s.URL)
	p.has("sub", s.Account("ada").Email, true)
	refused(t, p.signIn(webtest.Open(s), "sub"), 500, "server.fault") // no such file
	write("wrong-secret-hunter2\n")
	r := p.signIn(webtest.Open(s), "sub")
	refused(t, r, 502, "oidc.code_refused")
	if strings.Contains(r.Body, "hunter2") || !strings.Contains(r.Body, "<code>invalid_client</code>") {
		t.Errorf("%s", r.Body)
	}
	write(clientSecret + "\nsecond line\n")
	if r := p.signIn(webtest.Open(s), "sub"); r.Location() != "/" {
		t.Errorf("%d %s", r.Status, r.Header.Get("X-Pail-Reason"))
	}
}

// TestOIDCOff: without a provider there is no button and no page.
func TestOIDCOff(t *testing.T) {
	t.Parallel()
	s := pailtest.Start(t, pailtest.Options{})
	b := webtest.Open(s)
	if page := b.See("/signin"); strings.Contains(page.Body, "oidc") {
		t.Errorf("%s", page.Body)
	}
	for _, path := range []string{"/signin/oidc", callbackPath} {
		if r := b.Get(path); r.Status != 404 {
			t.Errorf("%s: %d", path, r.Status)
		}
	}
}

// TestOIDCOverTLS: the cookie has the prefix that keeps neighbours from setting it.
func TestOIDCOverTLS(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	s := pailtest.Start(t, pailtest.Options{TLS: true, Env: p.env()})
	p.start(s.URL)
	p.has("sub", s.Account("ada").Email, true)
	b := webtest.Open(s)
	to := b.Get("/signin/oidc")
	if cookie := to.Header.Get("Set-Cookie"); !strings.HasPrefix(cookie, "__Host-pail_oidc=") || !strings.Contains(cookie, "; Secure") || !strings.Contains(cookie, "Path=/;") {
		t.Errorf("%s", cookie)
	}
	if r := b.Get(p.visit(to.Location(), "sub").RequestURI()); r.Location() != "/" {
		t.Errorf("%d %s", r.Status, r.Header.Get("X-Pail-Reason"))
	}
}

func TestClientAuthentication(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		secret  string
		methods []string
		header  bool
	}{
		{"x", nil, true}, {"x", []string{"client_secret_post", "client_secret_basic"}, true}, {"x", []string{"client_secret_post"}, false}, {"", nil, false}, {"", []string{"none"}, false},
	} {
		if got := signin.Style(tc.secret, tc.methods...); got != tc.header {
			t.Errorf("%+v: in a header: %v", tc, got)
		}
	}
}
