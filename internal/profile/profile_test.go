package profile

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zalando/go-keyring"
)

func TestServices(t *testing.T) {
	for _, c := range []struct{ text, api, git, fault string }{
		{"", Cloud.API, Cloud.Git, ""},
		{"bitbucket.org", Cloud.API, Cloud.Git, ""},
		{"https://api.bitbucket.org/2.0/", Cloud.API, Cloud.Git, ""},
		{"http://www.bitbucket.org", Cloud.API, Cloud.Git, ""}, // never over plain HTTP
		{"https://bitbucket.org/api/2.0", Cloud.API, Cloud.Git, ""},
		{"pail.example.com", "https://pail.example.com/2.0", "https://pail.example.com", ""},
		{"https://Pail.Example.com:443/2.0", "https://pail.example.com/2.0", "https://pail.example.com", ""},
		{"pail.example.com:8443", "https://pail.example.com:8443/2.0", "https://pail.example.com:8443", ""},
		{"http://pail.example.com:80", "http://pail.example.com/2.0", "http://pail.example.com", ""},
		{"127.0.0.1:7990", "http://127.0.0.1:7990/2.0", "http://127.0.0.1:7990", ""},
		{"[::1]:7990", "http://[::1]:7990/2.0", "http://[::1]:7990", ""},
		{"localhost:7990/2.0", "http://localhost:7990/2.0", "http://localhost:7990", ""},
		{"https://ada:secret@pail.example.com", "", "", "user in front"},
		{"ftp://pail.example.com", "", "", "scheme"},
		{"https://pail.example.com/rest/api/1.0", "", "", "leave it out"},
		{"https://", "", "", "no host"},
		{"https://pail.example.com:x", "", "", "no URL"},
	} {
		s, err := Services(c.text)
		if s != (Service{c.api, c.git}) || (err != nil) != (c.fault != "") || err != nil && (!strings.Contains(err.Error(), c.fault) || strings.Contains(err.Error(), "secret")) {
			t.Errorf("%q: %+v, %v", c.text, s, err)
		}
	}
	if !(Service{Git: "http://pail.example.com"}).Plain() || (Service{Git: "http://127.0.0.1:1"}).Plain() || Cloud.Plain() {
		t.Error("Plain is wrong")
	}
}

// TestKeyring: with a keyring no secret is in a file; without one it is in a file that only its owner reads.
func TestKeyring(t *testing.T) {
	p := Profile{Name: "bitbucket.org", API: Cloud.API, Git: Cloud.Git, Kind: APIToken, Email: "ada@example.com"}
	for _, c := range []struct {
		name  string
		ring  func()
		place Place
		files int
	}{
		{"keyring", keyring.MockInit, Keyring, 1},
		{"none", func() { keyring.MockInitWithError(errors.New("no keyring")) }, File, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.ring()
			t.Cleanup(keyring.MockInit)
			dir := filepath.Join(t.TempDir(), "pail")
			s, err := Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			kept, lack, err := s.Put(p, "the-secret")
			if err != nil || kept.Stored != c.place || (lack != nil) != (c.place == File) {
				t.Fatalf("%+v %v %v", kept, lack, err)
			}
			files, _ := filepath.Glob(filepath.Join(dir, "*"))
			if len(files) != c.files {
				t.Errorf("files: %v", files)
			}
			for _, f := range files {
				info, err := os.Stat(f)
				if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
					t.Errorf("%s: %v %v", f, info.Mode(), err)
				}
				text, _ := os.ReadFile(f)
				if has := strings.Contains(string(text), "the-secret"); has != (c.place == File && filepath.Base(f) == secretsFile) {
					t.Errorf("%s holds the secret: %v", f, has)
				}
			}

			s, err = Open(dir) // another process
			if err != nil {
				t.Fatal(err)
			}
			found, ok := s.Find("")
			if !ok || !cmp.Equal(found, kept) {
				t.Errorf("got %+v", found)
			}
			if secret, err := s.Secret(found); secret != "the-secret" || err != nil {
				t.Errorf("%q %v", secret, err)
			}
			if _, _, err := s.Put(p, "another"); err != nil || len(s.Profiles) != 1 {
				t.Errorf("%+v %v", s.Profiles, err)
			}
			if secret, err := s.Secret(found); secret != "another" || err != nil {
				t.Errorf("%q %v", secret, err)
			}
			if err := s.Remove(found); err != nil {
				t.Fatal(err)
			}
			if secret, err := s.Secret(found); err == nil {
				t.Errorf("after the removal: %q", secret)
			}
			if err := s.Remove(found); err != nil { // somebody else removed it
				t.Error(err)
			}
		})
	}
}

// TestKeyringComesLater: the secret moves out of the file.
func TestKeyringComesLater(t *testing.T) {
	p := Profile{Name: "x", API: "https://x/2.0", Git: "https://x", Kind: AccessToken}
	keyring.MockInitWithError(errors.New("locked"))
	t.Cleanup(keyring.MockInit)
	s, _ := Open(t.TempDir())
	if _, _, err := s.Put(p, "first"); err != nil {
		t.Fatal(err)
	}
	keyring.MockInit()
	if _, _, err := s.Put(p, "second"); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(s.SecretsPath()); strings.Contains(string(text), "first") {
		t.Errorf("%s", text)
	}
}

func TestDamagedFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, profilesFile), []byte("profiles: [ {secret: hunter2hunter2 }\n x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), profilesFile) {
		t.Errorf("%v", err)
	}
}

func TestReadAsk(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       Ask
		fault      string
	}{
		{"nothing", "", Ask{}, ""},
		{"git 2.46", "capability[]=authtype\ncapability[]=state\nprotocol=https\nhost=bitbucket.org\nwwwauth[]=Basic realm=\"Bitbucket.org HTTP\"\n\n", Ask{Protocol: "https", Host: "bitbucket.org"}, ""},
		{"no last line end", "protocol=http\nhost=127.0.0.1:7990\nusername=ada", Ask{Protocol: "http", Host: "127.0.0.1:7990", Username: "ada"}, ""},
		{"store", "protocol=https\nhost=h\npath=a/b.git\nusername=u\npassword=p=q=\n", Ask{"https", "h", "a/b.git", "u", "p=q="}, ""},
		{"what follows the empty line", "host=h\n\nhost=evil\n", Ask{Host: "h"}, ""},
		{"carriage return", "host=h\rusername=x\n", Ask{}, "the host holds a control character"},
		{"zero byte", "host=h\nusername=a\x00b\n", Ask{}, "the username holds a control character"},
		{"escape", "host=h\npassword=\x1b[31msecret\n", Ask{}, "the password holds a control character"},
		{"no value", "host\n", Ask{}, "line 1 is no key=value"},
		{"unknown with anything", "host=h\nwwwauth[]=a\x01b\n", Ask{Host: "h"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ReadAsk(strings.NewReader(c.text))
			if got != c.want || (err == nil) != (c.fault == "") || err != nil && err.Error() != c.fault {
				t.Errorf("%+v %v", got, err)
			}
		})
	}
	if _, err := ReadAsk(strings.NewReader("host=" + strings.Repeat("a", maxAsk))); err == nil {
		t.Error("too much is taken")
	}
}

func FuzzReadAsk(f *testing.F) {
	for _, s := range []string{"protocol=https\nhost=h\n\n", "host=\n", "=\n", "a[]=\x00\n", "host=h\r\n"} {
		f.Add(s)
	}
	secret := "the-secret"
	s := &Store{Profiles: []Profile{{Name: "h", Git: "https://h.example", Kind: APIToken}}}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ReadAsk(strings.NewReader(text))
		if err != nil {
			return
		}
		if p, ok := s.ForGit(a); ok {
			if !strings.EqualFold(a.Protocol, "https") || !strings.EqualFold(strings.TrimSuffix(a.Host, ":443"), "h.example") {
				t.Errorf("%+v gets the secret", a)
			}
			var b strings.Builder
			if err := p.WriteAnswer(&b, secret); err != nil || strings.Count(b.String(), "\n") != 3 {
				t.Errorf("%q %v", b.String(), err)
			}
		}
	})
}

func TestForGit(t *testing.T) {
	s := &Store{Default: "home", Profiles: []Profile{
		{Name: "work", Git: "https://bitbucket.org", Kind: APIToken, Email: "ada@work.example", Username: "ada-work"},
		{Name: "home", Git: "https://bitbucket.org", Kind: APIToken, Email: "ada@home.example", Username: "ada"},
		{Name: "ci", Git: "https://pail.example.com:8443", Kind: AccessToken},
		{Name: "old", Git: "http://127.0.0.1:7990", Kind: AppPassword, Username: "bob"},
		{Name: "silent", Git: "https://silent.example", Kind: APIToken, Email: "ada@home.example"},
	}}
	for _, c := range []struct{ protocol, host, user, want, gitUser string }{
		{"https", "bitbucket.org", "", "home", gitUserAPIToken},
		{"https", "bitbucket.org:443", "", "home", gitUserAPIToken},
		{"https", "BitBucket.org", "Ada-Work", "work", gitUserAPIToken},
		{"https", "bitbucket.org", "ada@work.example", "work", gitUserAPIToken}, // the pitfall: the e-mail in the remote's URL
		{"https", "bitbucket.org", gitUserAPIToken, "home", gitUserAPIToken},
		{"https", "bitbucket.org", "eve", "", ""}, // somebody else's
		{"http", "bitbucket.org", "", "", ""},
		{"https", "bitbucket.org.evil.example", "", "", ""},
		{"https", "evil.example/bitbucket.org", "", "", ""},
		{"https", "evil@bitbucket.org", "", "", ""},
		{"https", "bitbucket.org:8443", "", "", ""},
		{"ssh", "bitbucket.org", "", "", ""},
		{"", "", "", "", ""},
		{"https", "pail.example.com:8443", "ada", "ci", gitUserToken}, // Bitbucket's clone URLs carry the user who copied them
		{"https", "pail.example.com", "", "", ""},
		{"http", "127.0.0.1:7990", "", "old", "bob"},
		{"http", "127.0.0.1:7990", "eve", "", ""},
		{"https", "silent.example", "anybody", "silent", gitUserAPIToken},
	} {
		p, ok := s.ForGit(Ask{Protocol: c.protocol, Host: c.host, Username: c.user})
		if p.Name != c.want || ok != (c.want != "") || ok && p.GitUser() != c.gitUser {
			t.Errorf("%+v: %q %q", c, p.Name, p.GitUser())
		}
	}
}

func TestWriteAnswer(t *testing.T) {
	p := Profile{Kind: APIToken, Expires: time.Unix(1790000000, 0)}
	var b strings.Builder
	if err := p.WriteAnswer(&b, "s"); err != nil || b.String() != "username=x-bitbucket-api-token-auth\npassword=s\npassword_expiry_utc=1790000000\n\n" {
		t.Errorf("%q %v", b.String(), err)
	}
	for _, secret := range []string{"", "a\nhost=evil", "a\x00"} {
		if err := p.WriteAnswer(&b, secret); err == nil {
			t.Errorf("%q is told", secret)
		}
	}
}

// TestRedirects: the credential stays with the service; elsewhere a GET goes without it, and a POST does not go.
func TestRedirects(t *testing.T) {
	var seen []http.Header
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Clone())
	}))
	defer other.Close()
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/2.0/here":
			http.Redirect(w, r, "/2.0/user", http.StatusFound)
		case "/2.0/there":
			http.Redirect(w, r, other.URL+"/2.0/user", http.StatusTemporaryRedirect)
		case "/2.0/loop":
			http.Redirect(w, r, "/2.0/loop", http.StatusFound)
		default:
			_, secret, _ := r.BasicAuth()
			_, _ = w.Write([]byte(secret))
		}
	}))
	defer service.Close()
	c, err := NewClient(Profile{Name: "x", API: service.URL + "/2.0", Kind: APIToken, Email: "ada@example.com"}, "the-secret", "test")
	if err != nil {
		t.Fatal(err)
	}
	do := func(method, path string) (int, error) {
		r, _ := http.NewRequest(method, path, strings.NewReader(""))
		r.Header.Set("X-Own", "the-secret")
		res, err := c.Do(r)
		if err != nil {
			return 0, err
		}
		defer res.Body.Close()
		if res.ContentLength != int64(len("the-secret")) && strings.HasSuffix(path, "/here") {
			t.Errorf("%s: the credential was lost", path)
		}
		return res.StatusCode, nil
	}
	if status, err := do("GET", service.URL+"/2.0/here"); status != 200 || err != nil {
		t.Errorf("%d %v", status, err)
	}
	if status, err := do("GET", service.URL+"/2.0/there"); status != 200 || err != nil || len(seen) != 1 {
		t.Fatalf("%d %v %v", status, err, seen)
	}
	for name, values := range seen[0] {
		if strings.Contains(strings.Join(values, ""), "secret") || name == "Authorization" || name == "Referer" {
			t.Errorf("%s: %v went to another host", name, values)
		}
	}
	if status, err := do("POST", service.URL+"/2.0/there"); status != 307 || err != nil || len(seen) != 1 {
		t.Errorf("%d %v", status, err)
	}
	if _, err := do("GET", service.URL+"/2.0/loop"); err == nil {
		t.Error("a loop ends without an error")
	}
	if _, err := do("GET", other.URL+"/2.0/user"); err == nil || len(seen) != 1 {
		t.Errorf("a request to another host: %v", err)
	}
}
