package signin_test

import (
	"html"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/scope"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/web/signin"
	"github.com/pailforge/pail/internal/web/webtest"
)

// fresh is a server without accounts.
func fresh(t *testing.T) *webtest.Browser { return webtest.Open(pailtest.Start(t, pailtest.Options{})) }

// link is the path of a fresh set-up link, and the secret in it.
func link(b *webtest.Browser) (path, secret string) {
	b.T.Helper()
	link, err := b.Accounts.SetupLink(b.T.Context())
	if err != nil || link == "" {
		b.T.Fatalf("set-up link %q, %v", link, err)
	}
	u, err := url.Parse(link)
	if err != nil {
		b.T.Fatal(err)
	}
	return u.RequestURI(), u.Query().Get("token")
}

const goodPassword = "correct horse <battery>"

func filled(secret string) url.Values {
	return url.Values{"token": {secret}, "email": {"ada@example.com"}, "username": {"ada"}, "display_name": {"Ada <Lovelace>"}, "password": {goodPassword}}
}

func accounts(t *testing.T, s *webtest.Browser) []account.Account {
	t.Helper()
	all, err := s.Accounts.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestSetup(t *testing.T) {
	s := fresh(t)
	path, secret := link(s)
	if page := s.Get(path); !strings.Contains(page.Body, `name="token" value="`+secret+`"`) {
		t.Fatalf("the form lacks the secret: %s", page.Body)
	}
	r := s.Post("/setup", filled(secret))
	if r.Status != 201 || r.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	text := html.UnescapeString(r.Body)
	for _, part := range []string{"Welcome, Ada <Lovelace>.", "ada@example.com", s.URL + "/pail/v1/user/api-tokens", "pail admin workspace create"} {
		if !strings.Contains(text, part) {
			t.Errorf("%s is missing in\n%s", part, text)
		}
	}
	if strings.Contains(text, goodPassword) || strings.Contains(text, secret) {
		t.Error("the page shows a secret")
	}
	all := accounts(t, s)
	if len(all) != 1 || !all[0].Admin || all[0].Email != "ada@example.com" || all[0].Username != "ada" || all[0].DisplayName != "Ada <Lovelace>" {
		t.Fatalf("%+v", all)
	}
	if _, err := s.Accounts.Authenticate(t.Context(), "ada@example.com", goodPassword, "192.0.2.1"); err != nil {
		t.Errorf("sign-in: %v", err)
	}

	if r := s.See("/account/profile"); !strings.Contains(r.Body, "ada@example.com") {
		t.Errorf("whoever set the server up is not signed in: %s", r.Body)
	}
	s = webtest.Open(s.Server)
	for _, again := range []webtest.Reply{s.Post("/setup", filled(secret)), s.Get(path)} {
		if again.Status != 410 || again.Header.Get("X-Pail-Reason") != "setup_link.used" || !strings.Contains(again.Body, "pail admin user create") {
			t.Errorf("the second time: %d %s", again.Status, again.Body)
		}
	}
	if n := len(accounts(t, s)); n != 1 {
		t.Errorf("%d accounts", n)
	}
}

func TestSetupFields(t *testing.T) {
	s := fresh(t)
	_, secret := link(s)
	for _, tc := range []struct{ field, value, says string }{
		{"email", "nobody", "This is no e-mail address."},
		{"email", `"><script>alert(1)</script>@example.com`, "This is no e-mail address."},
		{"email", "", "This is no e-mail address."},
		{"username", "a b", "Use 1 to 62 letters"},
		{"username", "-x", "Use 1 to 62 letters"},
		{"display_name", "a\x00b", "Use at most 100 printable characters."},
		{"password", "short", "Use 10 to 200 characters."},
	} {
		form := filled(secret)
		form.Set(tc.field, tc.value)
		r := s.Post("/setup", form)
		if r.Status != 400 || r.Header.Get("X-Pail-Reason") != "value.invalid" {
			t.Errorf("%s %q: %d %s", tc.field, tc.value, r.Status, r.Header.Get("X-Pail-Reason"))
		}
		_, block, _ := strings.Cut(r.Body, `<label for="`+tc.field+`"`)
		block, _, _ = strings.Cut(block, "</div>")
		if !strings.Contains(block, tc.says) || !strings.Contains(block, `aria-invalid="true"`) || !strings.Contains(block, `id="`+tc.field+`-problem"`) {
			t.Errorf("%s: beside the field stands %s", tc.field, block)
		}
		if strings.Count(r.Body, `aria-invalid="true"`) != 1 || !strings.Contains(r.Body, `value="`+secret+`"`) {
			t.Errorf("%s: another field is marked, or the secret is lost", tc.field)
		}
		if strings.Contains(html.UnescapeString(r.Body), goodPassword) {
			t.Error("the form shows the password")
		}
		if tc.field != "username" && !strings.Contains(r.Body, `value="ada"`) {
			t.Errorf("%s: what was right is lost", tc.field)
		}
	}
	if n := len(accounts(t, s)); n != 0 {
		t.Fatalf("%d accounts", n)
	}
	if r := s.Post("/setup", filled(secret)); r.Status != 201 {
		t.Errorf("after the mistakes the link opens no more: %d", r.Status)
	}
}

func TestSetupOnlyOnce(t *testing.T) {
	s := fresh(t)
	_, secret := link(s)
	const n = 2
	statuses := make([]int, n)
	var all sync.WaitGroup
	start := make(chan struct{})
	for i, name := range []string{"ada", "bob"} {
		form := filled(secret)
		form.Set("email", name+"@example.com")
		form.Set("username", name)
		all.Go(func() {
			<-start
			statuses[i] = s.Post("/setup", form).Status
		})
	}
	close(start)
	all.Wait()
	if statuses[0]+statuses[1] != 201+410 || statuses[0] == statuses[1] {
		t.Errorf("answered %v", statuses)
	}
	if made := accounts(t, s); len(made) != 1 {
		t.Errorf("%d accounts", len(made))
	}
}

func TestSetupLinkExpires(t *testing.T) {
	s := fresh(t)
	path, secret := link(s)
	s.Accounts.Now = func() time.Time { return time.Now().Add(25 * time.Hour) }
	for _, r := range []webtest.Reply{s.Get(path), s.Post("/setup", filled(secret))} {
		if r.Status != 410 {
			t.Errorf("%d", r.Status)
		}
	}
}

func TestSetupBodies(t *testing.T) {
	s := fresh(t)
	const form = "application/x-www-form-urlencoded"
	for _, tc := range []struct {
		name, contentType, body string
		status                  int
		reason                  string
	}{
		{"JSON", "application/json", `{}`, 415, "media_type.unsupported"},
		{"multipart", "multipart/form-data; boundary=x", "--x--", 415, "media_type.unsupported"},
		{"empty", form, "", 410, "setup_link.used"},
		{"wrong secret", form, "token=x&password=hunter2hunter2", 410, "setup_link.used"},
		{"broken", form, "password=hunter2%zz", 400, "body.malformed"},
		{"large", form, "password=" + strings.Repeat("hunter2", 1<<15), 413, "body.too_large"},
		{"largest", form, "token=" + strings.Repeat("x", page.MaxForm-6), 410, "setup_link.used"},
		{"one more", form, "token=" + strings.Repeat("x", page.MaxForm-5), 413, "body.too_large"},
	} {
		r := s.Do("POST", "/setup", tc.body, "Content-Type", tc.contentType)
		if r.Status != tc.status || r.Header.Get("X-Pail-Reason") != tc.reason || strings.Contains(r.Body, "hunter2") {
			t.Errorf("%s: %d %s\n%s", tc.name, r.Status, r.Header.Get("X-Pail-Reason"), r.Body)
		}
	}
}

// The lines of the page after the set-up do what they say, whatever stands in the e-mail.
func TestWelcomeLines(t *testing.T) {
	for _, e := range firstScopeNames(t) {
		if set, err := scope.ParseSet([]string{e}); err != nil || set.Scopes()[0].Legacy() {
			t.Errorf("%s: %v", e, err)
		}
	}
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no sh here")
	}
	for _, word := range []string{"ada@example.com", "o'brien@example.com", "$(id)@example.com", "`id`@example.com", "a&b|c@example.com", "'", "''", "$HOME*~!{}"} {
		out, err := exec.Command(sh, "-c", "printf %s "+signin.Shell(word)).Output()
		if err != nil || string(out) != word {
			t.Errorf("%q: the shell makes %q of it, %v", word, out, err)
		}
	}
}

func firstScopeNames(t *testing.T) []string {
	t.Helper()
	names := strings.Split(strings.Trim(signin.FirstScopes, "[]"), ", ")
	for i := range names {
		names[i] = strings.Trim(names[i], `"`)
	}
	return names
}

// The curl line of the page is run as it stands, and makes a token.
func TestWelcomeMakesAToken(t *testing.T) {
	s := fresh(t)
	sh, err1 := exec.LookPath("sh")
	_, err2 := exec.LookPath("curl")
	if err1 != nil || err2 != nil {
		t.Skip("there is no sh or no curl here")
	}
	_, secret := link(s)
	form := filled(secret)
	form.Set("email", "o'brien&co@example.com")
	page := html.UnescapeString(s.Post("/setup", form).Body)
	_, line, _ := strings.Cut(page, "<code>curl --user")
	line, _, _ = strings.Cut(line, "</code>")
	line = strings.Replace("curl --fail-with-body -sS --user"+line, " -H ", `:"$PASSWORD" -H `, 1)
	c := exec.Command(sh, "-c", line)
	c.Env = append(c.Environ(), "PASSWORD="+goodPassword, "no_proxy=127.0.0.1")
	out, err := c.CombinedOutput()
	if err != nil || !strings.Contains(string(out), `"read:repository:bitbucket"`) || !strings.Contains(string(out), `"token":"`) {
		t.Errorf("%s\n%v: %s", line, err, out)
	}
}
