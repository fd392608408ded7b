package signin_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/web/signin"
	"github.com/pailforge/pail/internal/web/webtest"
)

// TestSignIn: from a page that needs a sign-in to that page, and out again, on both databases.
func TestSignIn(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		b := webtest.Open(s)
		r := b.Get("/account/sessions?x=1")
		if r.Status != http.StatusSeeOther || r.Location() != "/signin?next=%2Faccount%2Fsessions%3Fx%3D1" {
			t.Fatalf("%d to %s", r.Status, r.Location())
		}
		form := b.Follow(r)
		if wrong := b.Submit(form, "/signin", url.Values{"email": {w.Member.Email}, "password": {"not the password"}}); wrong.Status != http.StatusUnauthorized ||
			wrong.Header.Get("X-Pail-Reason") != "login.refused" || strings.Contains(wrong.Body, "not the password") || !strings.Contains(wrong.Body, w.Member.Email) {
			t.Errorf("%d %s\n%s", wrong.Status, wrong.Header.Get("X-Pail-Reason"), wrong.Body)
		}
		r = b.Submit(form, "/signin", url.Values{"email": {w.Member.Email}, "password": {pailtest.Password}})
		cookie := r.Header.Get("Set-Cookie")
		if r.Location() != "/account/sessions?x=1" || !strings.Contains(cookie, "; HttpOnly; SameSite=Lax") || strings.Contains(cookie, "Secure") {
			t.Fatalf("%d to %s, cookie %s", r.Status, r.Location(), cookie)
		}
		if page := b.Follow(r); !strings.Contains(page.Body, "this session") || strings.Count(page.Body, "<tr>") != 2 {
			t.Errorf("%s", page.Body)
		}
		if again := b.Get("/signin"); again.Location() != "/" {
			t.Errorf("whoever is signed in sees %d %s", again.Status, again.Location())
		}
		out := b.Submit(b.See("/account/profile"), "/signout", nil)
		if out.Location() != "/" || b.Get("/account/profile").Status != http.StatusSeeOther {
			t.Errorf("signed out: %d %s", out.Status, out.Location())
		}
	})
}

// TestElsewhere: the sign-in page sends nobody to another website.
func TestElsewhere(t *testing.T) {
	for next, want := range map[string]string{"/acme": "/acme", "/a?b=c#d": "/a?b=c#d", "": "/", "acme": "/", "//evil.example": "/", "/\\evil.example": "/", "https://evil.example/": "/",
		"javascript:alert(1)": "/", "/\t/evil.example": "/", "/a\r\nSet-Cookie: x=y": "/", "/%": "/", "///evil.example": "/"} {
		if got := signin.Inside(next); got != want {
			t.Errorf("%q leads to %q", next, got)
		}
	}
}

// TestCSRF: a change needs a token of the session, and to come from the server's own pages.
func TestCSRF(t *testing.T) {
	s := pailtest.Start(t, pailtest.Options{})
	w := s.World()
	b, other := webtest.As(s, w.Member), webtest.As(s, w.Outsider)
	token := func(b *webtest.Browser) string {
		return webtest.Forms(t, b.See("/account/profile"))[0].Values.Get("csrf")
	}
	mine := token(b)
	if mine == token(b) {
		t.Error("two pages carry the same token")
	}
	for name, c := range map[string]struct {
		csrf    string
		headers []string
		status  int
	}{
		"none":            {"", nil, 403},
		"another's":       {token(other), nil, 403},
		"damaged":         {mine[:len(mine)-1] + "x", nil, 403},
		"another website": {mine, []string{"Origin", "https://evil.example"}, 403},
		"cross-site":      {mine, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		"own":             {mine, []string{"Sec-Fetch-Site", "same-origin", "Origin", s.URL}, 303},
		"an old one":      {mine, nil, 303},
	} {
		r := b.Do("POST", "/account/profile", url.Values{"csrf": {c.csrf}, "display_name": {"Grace"}}.Encode(), append([]string{"Content-Type", "application/x-www-form-urlencoded"}, c.headers...)...)
		if r.Status != c.status || c.status == 403 && r.Header.Get("X-Pail-Reason") != "csrf.missing" {
			t.Errorf("%s: %d %s", name, r.Status, r.Header.Get("X-Pail-Reason"))
		}
	}
	// Also signing in cannot be done to somebody by another website.
	if r := webtest.Open(s).Do("POST", "/signin", url.Values{"email": {w.Member.Email}, "password": {pailtest.Password}}.Encode(),
		"Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "cross-site"); r.Status != 403 {
		t.Errorf("sign-in from elsewhere: %d", r.Status)
	}
}

// TestEmails: somebody may have several e-mails; with the primary one they sign in and use their tokens, and commits with any
// of them are theirs.
func TestEmails(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		b := webtest.As(s, w.Member)
		secret := w.Secret(w.Member, "read:user")
		listed := func(email string) string {
			t.Helper()
			return string(w.Want(w.Do(pailtest.Basic(email, secret), "GET", "/2.0/user/emails", nil), 200).Body)
		}
		for _, c := range []struct {
			form, email, password string
			status                int
			says                  string
		}{
			{"", "nobody", pailtest.Password, 400, "This is no e-mail address."},
			{"", w.Admin.Email, pailtest.Password, 400, "An account with this e-mail exists."},
			{"", "new@acme.example", "wrong password", 403, "This is not your password."},
			{"", " New@acme.example", pailtest.Password, 303, ""},
			{"", "new@acme.example", pailtest.Password, 400, "An account with this e-mail exists."},
			{"/primary", "new@acme.example", "wrong password", 403, "This is not your password."},
			{"/primary", w.Admin.Email, pailtest.Password, 404, "The account has no such e-mail."},
			{"/remove", w.Admin.Email, "", 404, "The account has no such e-mail."},
			{"/remove", w.Member.Email, "", 409, "The account signs in with this e-mail."},
		} {
			csrf := webtest.Forms(t, b.See("/account/emails"))[0].Values.Get("csrf")
			r := b.Post("/account/emails"+c.form, url.Values{"csrf": {csrf}, "email": {c.email}, "password": {c.password}, "primary": {c.email}, "primary_password": {c.password}})
			if r.Status != c.status || !strings.Contains(r.Body, c.says) {
				t.Errorf("%+v: %d\n%s", c, r.Status, r.Body)
			}
		}
		if got := listed(w.Member.Email); strings.Count(got, `"is_primary":true`) != 1 || !strings.Contains(got, `"new@acme.example"`) {
			t.Error(got)
		}
		commit := func(email string) string {
			t.Helper()
			found, err := w.Accounts.ByEmails(t.Context(), map[string]bool{email: true, "nobody@acme.example": true})
			if err != nil || len(found) > 1 {
				t.Fatal(found, err)
			}
			return found[email].Username
		}
		if commit("new@acme.example") != w.Member.Username || commit(w.Member.Email) != w.Member.Username {
			t.Error("commits with an e-mail of the account are not its")
		}

		page := b.See("/account/emails")
		if r := b.Follow(b.Submit(page, "/account/emails/primary", url.Values{"primary": {"new@acme.example"}, "primary_password": {pailtest.Password}})); !strings.Contains(r.Body, "The primary e-mail is changed.") {
			t.Error(r.Body)
		}
		if got := listed("new@acme.example"); !strings.Contains(got, `"`+w.Member.Email+`"`) {
			t.Error(got)
		}
		if a := w.Do(pailtest.Basic(w.Member.Email, secret), "GET", "/2.0/user", nil); a.Status != 401 {
			t.Errorf("the old primary e-mail with a token: %d", a.Status)
		}
		page = b.See("/account/emails")
		if r := b.Submit(page, "/account/emails/remove", url.Values{"email": {w.Member.Email}}); r.Status != 303 {
			t.Errorf("%d\n%s", r.Status, r.Body)
		}
		if got := listed("new@acme.example"); strings.Contains(got, w.Member.Email) || commit(w.Member.Email) != "" {
			t.Error(got)
		}

		for i := range 30 {
			r := b.Submit(b.See("/account/emails"), "/account/emails", url.Values{"email": {fmt.Sprintf("e%d@acme.example", i)}, "password": {pailtest.Password}})
			if want := map[bool]int{true: 303, false: 400}[i < 19]; r.Status != want {
				t.Fatalf("e-mail %d: %d\n%s", i+2, r.Status, r.Body)
			}
			if i == 19 {
				break
			}
		}
		// Who gave an e-mail away cannot keep others from it.
		if _, err := w.Accounts.Create(t.Context(), account.New{Email: "e3@acme.example", Username: "eve", Password: pailtest.Password}); err == nil {
			t.Error("somebody else's e-mail was taken for a new account")
		}
		if _, err := w.Accounts.Create(t.Context(), account.New{Email: w.Member.Email, Username: "eve", Password: pailtest.Password}); err != nil {
			t.Error(err)
		}
	})
}

// TestSSHKeys: a key is added, refused a second time, and removed, by its owner alone; on both databases.
func TestSSHKeys(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		b, other := webtest.As(s, w.Member), webtest.As(s, w.Outsider)
		const at, key = "/account/ssh-keys", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDBTONfT/zbobRbmR1QtGQBK/0D6Y/OhKxhU6kC9Jz41 bob@laptop"
		add := func(b *webtest.Browser, values url.Values) webtest.Reply { return b.Submit(b.See(at), at, values) }
		if r := add(b, url.Values{"key": {"-----BEGIN OPENSSH PRIVATE KEY-----"}}); r.Status != http.StatusBadRequest || !strings.Contains(r.Body, "must not leave its machine") {
			t.Errorf("a private key: %d\n%s", r.Status, r.Body)
		}
		page := b.Follow(add(b, url.Values{"label": {"Laptop"}, "key": {key}}))
		for _, want := range []string{"SHA256:", "Laptop", ">never<", s.SSHHost().Fingerprint, s.SSHHost().Line} {
			if !strings.Contains(html.UnescapeString(page.Body), want) {
				t.Errorf("no %q in\n%s", want, page.Body)
			}
		}
		if r := add(other, url.Values{"key": {key}}); r.Status != http.StatusBadRequest || r.Header.Get("X-Pail-Reason") != "conflict.exists" {
			t.Errorf("the same key for somebody else: %d %s", r.Status, r.Header.Get("X-Pail-Reason"))
		}
		keys, err := s.Accounts.SSHKeys(t.Context(), w.Member.ID)
		if err != nil || len(keys) != 1 {
			t.Fatalf("%v, %v", keys, err)
		}
		remove := url.Values{"id": {keys[0].ID}}
		if err := s.Accounts.RemoveSSHKey(t.Context(), w.Outsider.ID, keys[0].ID); err == nil {
			t.Error("somebody else removes it")
		}
		if page := b.Follow(b.Submit(page, at+"/remove", remove)); !strings.Contains(page.Body, "The key is removed.") || !strings.Contains(page.Body, "There are no SSH keys.") {
			t.Errorf("%s", page.Body)
		}
	})
}

// TestGPGKeys: a key is added, refused a second time, and removed, by its owner alone.
func TestGPGKeys(t *testing.T) {
	t.Parallel()
	s := pailtest.Start(t, pailtest.Options{})
	w := s.World()
	b, other := webtest.As(s, w.Admin), webtest.As(s, w.Outsider)
	const at, fingerprint = "/account/gpg-keys", "3D81742CA6DA5C3E79558D33FD8AC1166E5F0FD0"
	add := func(b *webtest.Browser, key string) webtest.Reply {
		return b.Submit(b.See(at), at, url.Values{"key": {key}})
	}
	if r := add(b, strings.ReplaceAll(webtest.GPGKey, "PUBLIC", "PRIVATE")); r.Status != http.StatusBadRequest || !strings.Contains(r.Body, "must not leave its machine") {
		t.Errorf("a private key: %d\n%s", r.Status, r.Body)
	}
	page := b.Follow(add(b, webtest.GPGKey))
	for _, want := range []string{fingerprint, "Ada Admin", ">never<"} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("no %q in\n%s", want, page.Body)
		}
	}
	if r := add(other, webtest.GPGKey); r.Status != http.StatusBadRequest || r.Header.Get("X-Pail-Reason") != "conflict.exists" {
		t.Errorf("the same key for somebody else: %d %s", r.Status, r.Header.Get("X-Pail-Reason"))
	}
	if err := s.Accounts.RemoveGPGKey(t.Context(), w.Outsider.ID, fingerprint); err == nil {
		t.Error("somebody else removes it")
	}
	if page := b.Follow(b.Submit(page, at+"/remove", url.Values{"fingerprint": {fingerprint}})); !strings.Contains(page.Body, "There are no GPG keys.") {
		t.Errorf("%s", page.Body)
	}
}

// TestProfile: the name and the password can be changed, with what is wrong beside the field.
func TestProfile(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		b, elsewhere := webtest.As(s, w.Member), webtest.As(s, w.Member)
		profile := b.See("/account/profile")
		if r := b.Follow(b.Submit(profile, "/account/profile", url.Values{"display_name": {"Grace <Hopper>"}})); !strings.Contains(webtest.Text(t, r), "The name is changed.") ||
			!strings.Contains(r.Body, "Grace &lt;Hopper&gt;") {
			t.Errorf("%s", r.Body)
		}
		if r := b.See("/account/profile"); strings.Contains(r.Body, "The name is changed.") {
			t.Error("the sentence is said twice")
		}
		for _, c := range []struct {
			form   string
			values url.Values
			status int
			says   string
		}{
			{"/account/profile", url.Values{"display_name": {" "}}, 400, "Use 1 to 100 printable characters."},
		} {
			r := b.Submit(profile, c.form, c.values)
			if r.Status != c.status || !strings.Contains(r.Body, c.says) || c.says != "" && !strings.Contains(r.Body, `aria-invalid="true"`) {
				t.Errorf("%s %v: %d\n%s", c.form, c.values, r.Status, r.Body)
			}
		}
		form := b.See("/account/password")
		for _, c := range []struct {
			current, password string
			status            int
			says              string
		}{{"wrong password", "a new password", 403, "This is not your password."}, {pailtest.Password, "short", 400, "Use 10 to 200 characters."}, {pailtest.Password, "a new password", 303, ""}} {
			if r := b.Submit(form, "/account/password", url.Values{"current": {c.current}, "password": {c.password}}); r.Status != c.status || !strings.Contains(r.Body, c.says) {
				t.Errorf("%s: %d\n%s", c.says, r.Status, r.Body)
			}
		}
		if here, there := b.Get("/account/profile").Status, elsewhere.Get("/account/profile").Status; here != 200 || there != http.StatusSeeOther {
			t.Errorf("after the change this session answers %d and the other %d", here, there)
		}
		if _, err := s.Accounts.Authenticate(t.Context(), w.Member.Email, "a new password", "192.0.2.1"); err != nil {
			t.Error(err)
		}
	})
}

// TestSessions: one ends another session, or all others, and never somebody else's.
func TestSessions(t *testing.T) {
	s := pailtest.Start(t, pailtest.Options{})
	w := s.World()
	a, b, c, other := webtest.As(s, w.Member), webtest.As(s, w.Member), webtest.As(s, w.Member), webtest.As(s, w.Outsider)
	theirs, err := s.Gate.Sessions(t.Context(), w.Outsider.ID)
	if err != nil {
		t.Fatal(err)
	}
	list := a.See("/account/sessions")
	if r := a.Submit(list, "/account/sessions", url.Values{"id": {theirs[0].ID}}); r.Status != http.StatusSeeOther || other.Get("/account/profile").Status != 200 {
		t.Errorf("another account's session: %d", r.Status)
	}
	a.Submit(list, "/account/sessions", url.Values{"id": {webtest.Forms(t, list)[1].Values.Get("id")}})
	if on := b.Get("/account").Status + c.Get("/account").Status; b.Get("/account/profile").Status+c.Get("/account/profile").Status != 200+303 || on == 0 {
		t.Error("not one session has ended")
	}
	var all string
	for _, f := range webtest.Forms(t, a.See("/account/sessions")) {
		if f.Action == "/account/sessions" && !f.Values.Has("id") {
			all = f.Values.Get("csrf")
		}
	}
	if r := a.Post("/account/sessions", url.Values{"csrf": {all}}); r.Status != http.StatusSeeOther {
		t.Errorf("all others: %d", r.Status)
	}
	if b.Get("/account/profile").Status != 303 || c.Get("/account/profile").Status != 303 || a.Get("/account/profile").Status != 200 {
		t.Error("the others have not ended, or this one has")
	}
	sessions, err := s.Gate.Sessions(t.Context(), w.Member.ID)
	if err != nil || len(sessions) != 1 || len(sessions[0].ID) != 16 {
		t.Errorf("%+v %v", sessions, err)
	}
}
