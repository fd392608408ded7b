package story

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/token"
)

const mintPath = "/pail/v1/user/api-tokens"

// mint is the body that asks for a token.
type mint map[string]any

func asked() mint {
	return mint{"name": "deploy", "scopes": []string{"read:user:bitbucket", "read:repository:bitbucket"}, "expires_in_days": 30}
}

func (m mint) with(key string, value any) mint {
	m[key] = value
	return m
}

func (m mint) without(key string) mint {
	delete(m, key)
	return m
}

// TestMint: who may make a token, and what may be asked for.
func TestMint(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		cookie, csrf := session(w)
		as := func(headers ...string) pailtest.Credential {
			return func(r *http.Request) {
				r.Header.Set("Cookie", cookie)
				for i := 0; i < len(headers); i += 2 {
					r.Header.Set(headers[i], headers[i+1])
				}
			}
		}
		signedIn := as(access.CSRFHeader, csrf)
		unknown := "read:everything:bitbucket"
		for name, c := range map[string]struct {
			body   any
			reason string
			field  string
		}{
			"no scopes":               {asked().with("scopes", []string{}), "value.invalid", "scopes"},
			"scopes missing":          {asked().without("scopes"), "body.missing_field", "scopes"},
			"scopes null":             {asked().with("scopes", nil), "body.missing_field", "scopes"},
			"scopes are one text":     {asked().with("scopes", "read:user:bitbucket"), "body.wrong_type", "scopes"},
			"scopes are numbers":      {asked().with("scopes", []int{1}), "body.wrong_type", "scopes"},
			"unknown scope":           {asked().with("scopes", []string{unknown}), "value.invalid", "scopes"},
			"empty scope":             {asked().with("scopes", []string{""}), "value.invalid", "scopes"},
			"two scopes in one":       {asked().with("scopes", []string{"read:user:bitbucket read:repository:bitbucket"}), "value.invalid", "scopes"},
			"legacy scope":            {asked().with("scopes", []string{"repository"}), "value.invalid", "scopes"},
			"legacy among others":     {asked().with("scopes", []string{"read:user:bitbucket", "repository:write"}), "value.invalid", "scopes"},
			"too many scopes":         {asked().with("scopes", strings.Split(strings.Repeat("read:user:bitbucket ", 51), " ")[:51]), "value.invalid", "scopes"},
			"no days":                 {asked().with("expires_in_days", 0), "value.invalid", "expires_in_days"},
			"days below zero":         {asked().with("expires_in_days", -1), "value.invalid", "expires_in_days"},
			"more than a year":        {asked().with("expires_in_days", 366), "value.invalid", "expires_in_days"},
			"very many days":          {asked().with("expires_in_days", 1<<62), "value.invalid", "expires_in_days"},
			"days missing":            {asked().without("expires_in_days"), "body.missing_field", "expires_in_days"},
			"days as text":            {asked().with("expires_in_days", "30"), "body.wrong_type", "expires_in_days"},
			"half days":               {asked().with("expires_in_days", 1.5), "body.wrong_type", "expires_in_days"},
			"name missing":            {asked().without("name"), "body.missing_field", "name"},
			"name empty":              {asked().with("name", " "), "value.invalid", "name"},
			"name too long":           {asked().with("name", strings.Repeat("n", 101)), "value.invalid", "name"},
			"name with a newline":     {asked().with("name", "a\nb"), "value.invalid", "name"},
			"name with a zero byte":   {asked().with("name", "a\x00b"), "value.invalid", "name"},
			"name with an escape":     {asked().with("name", "\x1b[31mred"), "value.invalid", "name"},
			"name from right to left": {asked().with("name", "a\u202eb"), "value.invalid", "name"},
			"nothing":                 {"", "body.malformed", ""},
			"a list":                  {"[]", "body.wrong_type", ""},
			"half of it":              {`{"name":`, "body.malformed", ""},
		} {
			t.Run(name, func(t *testing.T) {
				s.T = t
				defer func() { s.T = t }()
				before := w.Store()
				a := w.Want(w.Do(signedIn, "POST", mintPath, c.body), 400, c.reason)
				if c.field != "" && a.Get("error.fields").(map[string]any)[c.field] == nil {
					t.Errorf("does not name %q: %s", c.field, a.Body)
				}
				if w.Store() != before {
					t.Error("something was stored")
				}
			})
		}

		// Only a person makes a token.
		x := apiToken(w)
		for name, c := range map[string]struct {
			credential pailtest.Credential
			status     int
			reason     string
		}{
			"nobody":             {pailtest.None, 401, "credential.missing"},
			"API token":          {pailtest.Basic(w.Admin.Email, x.secret), 403, "credential.kind_not_accepted"},
			"API token, Bearer":  {pailtest.Bearer(x.secret), 403, "credential.kind_not_accepted"},
			"password, Bearer":   {pailtest.Bearer("correct-horse"), 403, "credential.kind_not_accepted"},
			"app password":       {pailtest.Basic("acme-admin", w.AppPassword(w.Admin, "account")), 403, "credential.kind_not_accepted"},
			"unknown API token":  {pailtest.Basic(w.Admin.Email, token.Mint(token.APIToken)), 403, "credential.kind_not_accepted"},
			"wrong password":     {pailtest.Basic(w.Admin.Email, "wrong horse"), 401, "login.refused"},
			"nobody's e-mail":    {pailtest.Basic("nobody@acme.example", pailtest.Password), 401, "login.refused"},
			"username":           {pailtest.Basic("acme-admin", pailtest.Password), 401, "login.refused"},
			"broken header":      {pailtest.Authorization("Basic ???"), 400, "header.not_base64"},
			"session, no CSRF":   {as(), 403, "csrf.missing"},
			"session, bad CSRF":  {as(access.CSRFHeader, token.Mint(token.Session)), 403, "csrf.missing"},
			"session, empty":     {as(access.CSRFHeader, ""), 403, "csrf.missing"},
			"another's session":  {as("Cookie", access.SessionCookie+"="+token.Mint(token.Session), access.CSRFHeader, csrf), 401, "credential.missing"},
			"token as a session": {as("Cookie", access.SessionCookie+"="+x.secret, access.CSRFHeader, csrf), 401, "credential.missing"},
		} {
			t.Run(name, func(t *testing.T) {
				s.T = t
				defer func() { s.T = t }()
				w.Want(w.Do(c.credential, "POST", mintPath, asked()), c.status, c.reason)
			})
		}
		for name, credential := range map[string]pailtest.Credential{"session with CSRF": signedIn, "password": pailtest.Basic(w.Admin.Email, pailtest.Password)} {
			for _, days := range []int{1, 365} {
				a := w.Want(w.Do(credential, "POST", mintPath, asked().with("expires_in_days", days).with("name", "Ünïcode 日本")), 201)
				secret := a.String("token")
				if !token.Inspect(secret).Good() || a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("Location") != a.String("links.self.href") {
					t.Errorf("%s: %v %s", name, a.Header, a.Body)
				}
				w.Want(w.Do(pailtest.Basic(w.Admin.Email, secret), "GET", "/2.0/user", nil), 200)
				page := w.Want(w.Do(credential, "GET", mintPath+"/"+a.String("id"), nil), 200)
				if strings.Contains(string(page.Body), secret) || page.String("token") != "" || strings.Contains(w.Store(), secret) {
					t.Errorf("the secret can be read again: %s", page.Body)
				}
				w.Want(w.Do(pailtest.Basic(w.Member.Email, pailtest.Password), "DELETE", mintPath+"/"+a.String("id"), nil), 404)
				w.Want(w.Do(credential, "DELETE", mintPath+"/"+a.String("id"), nil), 204)
				w.Want(w.Do(pailtest.Basic(w.Admin.Email, secret), "GET", "/2.0/user", nil), 401, "token.revoked")
				w.Want(w.Do(credential, "DELETE", mintPath+"/"+a.String("id"), nil), 404)
			}
		}
		for _, id := range []string{"%00", "..", "nonsense", "%7B" + w.Workspace.ID + "%7D", "'"} {
			if a := w.Do(signedIn, "GET", mintPath+"/"+id, nil); a.Status != 404 && a.Status != 400 && a.Status != 307 && a.Status != 301 {
				t.Errorf("%q: %d %s", id, a.Status, a.Body)
			}
		}
	})
}

// TestGuessing: after a few wrong passwords further ones wait, and the answer says how long.
func TestGuessing(t *testing.T) {
	w := pailtest.Start(t, pailtest.Options{}).World()
	for _, email := range []string{w.Admin.Email, "nobody@acme.example"} { // whether there is an account makes no difference
		throttled := false
		for n := 1; n <= 12 && !throttled; n++ {
			a := w.Do(pailtest.Basic(email, "wrong horse"), "POST", mintPath, asked())
			switch {
			case a.Status == 429 && n > 5:
				throttled = true
				if seconds, err := strconv.Atoi(a.Header.Get("Retry-After")); err != nil || seconds < 1 || a.Reason() != "rate.limited" || a.String("error.message") != "Rate limit for this resource has been exceeded" {
					t.Errorf("%v %s", a.Header, a.Body)
				}
			case a.Status != 401 || a.Reason() != "login.refused":
				t.Fatalf("try %d: %d %s", n, a.Status, a.Body)
			}
		}
		if !throttled {
			t.Errorf("%s: twelve wrong passwords were tried without a pause", email)
		}
		// In the pause the right one does not get in either, or it would tell which one is right.
		if a := w.Do(pailtest.Basic(email, pailtest.Password), "POST", mintPath, asked()); a.Status == 201 {
			t.Error("the right password got in during the pause")
		}
	}
	// Other people are not kept out, and tokens go on.
	w.Want(w.Do(pailtest.Basic(w.Member.Email, pailtest.Password), "GET", mintPath, nil), 200)
	w.Want(w.Do(w.Token(w.Admin, "read:user"), "GET", "/2.0/user", nil), 200)
}

// TestSignInInput: what is put in place of an e-mail or a password does no harm.
func TestSignInInput(t *testing.T) {
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		for _, c := range [][2]string{{"a\x00b", "x"}, {w.Admin.Email + "\x00", pailtest.Password}, {w.Admin.Email, "\x00"}, {"", ""}, {strings.Repeat("e", 1<<20), "x"},
			{w.Admin.Email, strings.Repeat("p", 1<<20)}, {"' OR 1=1 --", "x"}, {"\u202e", "\u202e"}} {
			w.Want(w.Do(pailtest.None, "POST", "/pail/v1/session", map[string]string{"email": c[0], "password": c[1]}), 401, "login.refused")
		}
		for body, reason := range map[string]string{"": "body.malformed", "[]": "body.wrong_type", `{"email":7}`: "body.wrong_type", "email=a&password=b": "body.malformed"} {
			w.Want(w.Do(pailtest.None, "POST", "/pail/v1/session", body), 400, reason)
		}
	})
}
