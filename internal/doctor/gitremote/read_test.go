package gitremote

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/token"
)

// scene is a person's home with a repository in it.
type scene struct {
	*testing.T
	home, repo string
	env        []string
	said       []string
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{T: t, home: t.TempDir()}
	s.repo = filepath.Join(s.home, "repo")
	s.env = []string{"HOME=" + s.home, "PATH=" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1", "XDG_CONFIG_HOME=" + filepath.Join(s.home, "xdg")}
	s.git("init", "--quiet", "--initial-branch=main", s.repo)
	return s
}

func (s *scene) git(args ...string) string {
	s.Helper()
	return s.gitIn("", args...)
}

func (s *scene) gitIn(stdin string, args ...string) string {
	s.Helper()
	cmd := exec.Command("git", args...)
	cmd.Env, cmd.Dir, cmd.Stdin = s.env, s.home, strings.NewReader(stdin)
	if args[0] != "init" {
		cmd.Dir = s.repo
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func (s *scene) write(name, text string, mode os.FileMode) string {
	s.Helper()
	path := filepath.Join(s.home, name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		s.Fatal(err)
	}
	return path
}

// read reads, and checks that nothing that may be shown holds a secret.
func (s *scene) read(o Options, secrets ...string) Reading {
	s.Helper()
	o.Dir, o.Env = s.repo, append(s.env, o.Env...)
	o.Say = func(line string) { s.said = append(s.said, line) }
	r, err := Read(s.Context(), o)
	if err != nil {
		s.Fatal(err)
	}
	shown, err := json.Marshal(r)
	if err != nil {
		s.Fatal(err)
	}
	for _, c := range r.Cases {
		notes, _ := json.Marshal(c.Notes)
		shown = append(shown, notes...)
	}
	for _, secret := range secrets {
		if strings.Contains(string(shown)+strings.Join(s.said, "\n"), secret[:min(13, len(secret))]) {
			s.Errorf("a secret is shown: %s", shown)
		}
	}
	return r
}

// told is a case in a line.
func told(c doctor.Case) string {
	var b strings.Builder
	b.WriteString(c.URL.Text)
	if c.Login != nil {
		secret := c.Login.Secret.Text
		if c.Login.Secret.Open {
			secret = "?"
		}
		fmt.Fprintf(&b, " %s:%s from %s", c.Login.User.Text, secret, c.Login.From)
	}
	for _, h := range c.Header {
		fmt.Fprintf(&b, " %s: %s", h.Name, h.Value.Text)
	}
	if c.NoHelper {
		b.WriteString(" nobody")
	}
	for _, f := range c.Notes {
		fmt.Fprintf(&b, " !%s %s", f.Reason, f.Certainty)
	}
	return b.String()
}

func one(s *scene, r Reading, want string) {
	s.Helper()
	if len(r.Cases) != 1 {
		s.Fatalf("%d cases", len(r.Cases))
	}
	if diff := cmp.Diff(want, told(r.Cases[0])); diff != "" {
		s.Error(diff)
	}
}

const cloud = "https://bitbucket.org/acme/widgets.git"

var (
	apiToken    = token.Mint(token.APIToken)
	accessToken = token.Mint(token.AccessToken)
	appPassword = "ATBB" + strings.Repeat("a1B2", 6) + "0123ABCD"
)

func TestWhichRemote(t *testing.T) {
	s := newScene(t)
	if _, err := Read(t.Context(), Options{Dir: s.repo, Env: s.env}); !errors.Is(err, ErrNothing) {
		t.Errorf("no remote: %v", err)
	}
	s.git("remote", "add", "upstream", "https://bitbucket.org/acme/up.git")
	if r := s.read(Options{}); r.Remote != "upstream" {
		t.Errorf("the only one: %q", r.Remote)
	}
	s.git("remote", "add", "fork", "https://bitbucket.org/jane/widgets.git")
	if _, err := Read(t.Context(), Options{Dir: s.repo, Env: s.env}); !errors.Is(err, ErrNothing) || !strings.Contains(err.Error(), "upstream, fork") {
		t.Errorf("two: %v", err)
	}
	s.git("config", "branch.main.remote", "fork")
	if r := s.read(Options{}); r.Remote != "fork" {
		t.Errorf("the branch's: %q", r.Remote)
	}
	s.git("config", "--unset", "branch.main.remote")
	s.git("remote", "add", "origin", cloud)
	if r := s.read(Options{}); r.Remote != "origin" || r.Cases[0].URL.Place != "remote.origin.url in .git/config" {
		t.Errorf("origin: %q, %q", r.Remote, r.Cases[0].URL.Place)
	}
	if _, err := Read(t.Context(), Options{Dir: s.repo, Env: s.env, Remote: "orgin"}); !errors.Is(err, ErrNothing) || !strings.Contains(err.Error(), "orgin") {
		t.Errorf("unknown: %v", err)
	}
	// An address needs no repository.
	if r, err := Read(t.Context(), Options{Dir: s.home, Env: s.env, Remote: cloud}); err != nil || r.Cases[0].URL.Text != cloud || r.Cases[0].URL.Place != "the command line" {
		t.Errorf("an address: %+v, %v", r, err)
	}
	s.write("repo/.git/config", "[remote\n", 0o600)
	if _, err := Read(t.Context(), Options{Dir: s.repo, Env: s.env}); err == nil || !strings.Contains(err.Error(), "bad config line 1") {
		t.Errorf("a broken configuration: %v", err)
	}
}

func TestRewriting(t *testing.T) {
	s := newScene(t)
	s.git("remote", "add", "origin", "bb:acme/widgets.git")
	s.git("config", "--global", "url.https://bitbucket.org/.insteadOf", "bb:")
	s.git("config", "url.git@bitbucket.org:.pushInsteadOf", "bb:")
	r := s.read(Options{})
	var got []string
	for i, c := range r.Cases {
		got = append(got, r.Addresses[i].For+" "+c.URL.Text+" from "+strings.ReplaceAll(c.URL.Place, s.home, "~")+", login "+r.Addresses[i].Login)
	}
	if diff := cmp.Diff([]string{
		"fetch https://bitbucket.org/acme/widgets.git from remote.origin.url in .git/config, rewritten by url.https://bitbucket.org/.insteadof in ~/.gitconfig, login nowhere",
		"push git@bitbucket.org:acme/widgets.git from remote.origin.url in .git/config, rewritten by url.git@bitbucket.org:.pushinsteadof in .git/config, login ssh",
	}, got); diff != "" {
		t.Error(diff)
	}
	s.git("remote", "set-url", "--push", "origin", "https://bitbucket.org/jane/widgets.git")
	if r := s.read(Options{Remote: "origin"}); len(r.Cases) != 2 || r.Cases[1].URL.Text != "https://bitbucket.org/jane/widgets.git" || r.Cases[1].URL.Place != "remote.origin.pushurl in .git/config" {
		t.Errorf("%+v", r.Cases)
	}
}

// TestLogin: from where the login comes, in git's order, and what only this reader can see about it.
func TestLogin(t *testing.T) {
	for _, c := range []struct {
		name    string
		remote  string
		config  map[string]string
		netrc   string
		stored  string
		env     []string
		options Options
		want    string
		login   string
	}{
		{name: "nowhere", want: cloud + " nobody", login: "nowhere"},
		{name: "a terminal can be asked", options: Options{Terminal: true}, want: cloud, login: "asked for on the terminal"},
		{name: "a terminal that git may not ask", options: Options{Terminal: true}, env: []string{"GIT_TERMINAL_PROMPT=0"}, want: cloud + " nobody", login: "nowhere"},
		{name: "a program can be asked", env: []string{"GIT_ASKPASS=git"}, want: cloud, login: "asked for by git"},
		{name: "a program that is not there", env: []string{"SSH_ASKPASS=/no/such/askpass"}, want: cloud + " nobody !credential.helper certain", login: "nowhere"},
		{name: "in the URL", remote: "https://jane:" + appPassword + "@bitbucket.org/acme/widgets.git",
			want: "https://jane:" + appPassword + "@bitbucket.org/acme/widgets.git jane:" + appPassword + " from URL !credential.stored certain", login: "URL"},
		{name: "in the URL, and right", remote: "https://x-bitbucket-api-token-auth:" + apiToken + "@bitbucket.org/acme/widgets.git", netrc: "machine bitbucket.org login a password b",
			want: "https://x-bitbucket-api-token-auth:" + apiToken + "@bitbucket.org/acme/widgets.git x-bitbucket-api-token-auth:" + apiToken + " from URL", login: "URL"},
		{name: "in the URL, with an @ that is encoded", remote: "https://jane%40example.com:" + apiToken + "@bitbucket.org/acme/widgets.git",
			want: "https://jane%40example.com:" + apiToken + "@bitbucket.org/acme/widgets.git jane@example.com:" + apiToken + " from URL !credential.stored certain", login: "URL"},
		{name: "in the URL, damaged", remote: "https://jane@example.com:" + apiToken + "@bitbucket.org/acme/widgets.git",
			want: "https://jane@example.com:" + apiToken + "@bitbucket.org/acme/widgets.git", login: "nowhere"},
		{name: "an e-mail in the URL without a secret", remote: "https://jane%40example.com@bitbucket.org/acme/widgets.git",
			want: "https://jane%40example.com@bitbucket.org/acme/widgets.git jane@example.com:? from remote.origin.url in .git/config nobody", login: "nowhere"},
		{name: "a header", config: map[string]string{"http.https://bitbucket.org/.extraHeader": "Authorization: Bearer " + accessToken}, stored: "https://jane:x@bitbucket.org",
			want: cloud + " Authorization: Bearer " + accessToken, login: "header"},
		{name: "a header for somebody else", config: map[string]string{"http.https://github.com/.extraHeader": "Authorization: Basic x"}, want: cloud + " nobody", login: "nowhere"},
		{name: "another header", config: map[string]string{"http.extraHeader": "X-Trace: 1"}, want: cloud + " nobody", login: "nowhere"},
		{name: ".netrc comes before helpers", netrc: "machine bitbucket.org\nlogin jane\npassword " + apiToken, stored: "https://jane:x@bitbucket.org",
			want: cloud + " jane:" + apiToken + " from .netrc", login: ".netrc"},
		{name: "an app password in .netrc", netrc: "machine bitbucket.org login jane password " + appPassword,
			want: cloud + " jane:" + appPassword + " from .netrc !credential.stored certain", login: ".netrc"},
		{name: ".netrc for somebody else", netrc: "machine github.com login jane password x", want: cloud + " nobody", login: "nowhere"},
		{name: "stored", stored: "https://x-token-auth:" + accessToken + "@bitbucket.org",
			want: cloud + " x-token-auth:" + accessToken + " from credential helper store", login: "credential helper store"},
		{name: "an old app password is stored", stored: "https://jane:" + appPassword + "@bitbucket.org",
			want: cloud + " jane:" + appPassword + " from credential helper store !credential.stored certain", login: "credential helper store"},
		{name: "an e-mail is stored", stored: "https://jane%40example.com:" + apiToken + "@bitbucket.org",
			want: cloud + " jane@example.com:" + apiToken + " from credential helper store !credential.stored certain", login: "credential helper store"},
		{name: "the access tokens' user", stored: "https://x-token-auth:" + apiToken + "@bitbucket.org",
			want: cloud + " x-token-auth:" + apiToken + " from credential helper store !credential.stored certain", login: "credential helper store"},
		{name: "stored for another user", remote: "https://jane@bitbucket.org/acme/widgets.git", stored: "https://bob:" + apiToken + "@bitbucket.org",
			want: "https://jane@bitbucket.org/acme/widgets.git jane:? from remote.origin.url in .git/config nobody", login: "nowhere"},
		{name: "an app password on a host that may take it", remote: "https://git.example.com/acme/widgets.git", stored: "https://jane:" + appPassword + "@git.example.com",
			want: "https://git.example.com/acme/widgets.git jane:" + appPassword + " from credential helper store", login: "credential helper store"},
		{name: "only listed", stored: "https://jane:" + apiToken + "@bitbucket.org", options: Options{NoHelpers: true}, want: cloud, login: "nowhere"},
		{name: "a user in the configuration", config: map[string]string{"credential.https://bitbucket.org.username": "jane@example.com"},
			want: cloud + " jane@example.com:? from credential.https://bitbucket.org.username in .git/config nobody", login: "nowhere"},
		{name: "a helper that is not there", config: map[string]string{"credential.helper": "nosuch"}, want: cloud + " nobody !credential.helper certain", login: "nowhere"},
		{name: "a shell command that is not there", config: map[string]string{"credential.helper": "!/no/such/helper"}, want: cloud + " nobody !credential.helper certain", login: "nowhere"},
		{name: "a helper with a secret in it", config: map[string]string{"credential.helper": "!f() { echo username=jane; echo password=" + apiToken + "; }; f"},
			want: cloud + " jane:" + apiToken + " from credential helper a shell command", login: "credential helper a shell command"},
		{name: "a helper that knows nothing", config: map[string]string{"credential.helper": "!true"}, want: cloud + " nobody", login: "nowhere"},
		{name: "a helper that waits", config: map[string]string{"credential.helper": "!sleep 600; true"}, options: Options{HelperTime: 300 * time.Millisecond},
			want: cloud + " nobody !credential.helper likely", login: "nowhere"},
		{name: "certificates that are not there", config: map[string]string{"http.sslCAInfo": "/no/such/ca.pem"}, want: cloud + " nobody !network.tls certain", login: "nowhere"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t)
			if c.remote == "" {
				c.remote = cloud
			}
			s.git("remote", "add", "origin", c.remote)
			for key, value := range c.config {
				s.git("config", key, value)
			}
			if c.netrc != "" {
				s.write(".netrc", c.netrc, 0o600)
			}
			if c.stored != "" {
				s.git("config", "credential.helper", "store")
				s.write(".git-credentials", c.stored+"\n", 0o600)
			}
			c.options.Env = c.env
			r := s.read(c.options, apiToken, accessToken, appPassword)
			one(s, r, c.want)
			if r.Addresses[0].Login != c.login {
				t.Errorf("login from %q, want %q", r.Addresses[0].Login, c.login)
			}
		})
	}
}

// TestRemoval: the command that a finding gives removes the login, and nothing else.
func TestRemoval(t *testing.T) {
	s := newScene(t)
	s.git("remote", "add", "origin", cloud)
	s.git("config", "credential.helper", "store")
	s.write(".git-credentials", "https://bob:x@github.com\nhttps://jane:"+appPassword+"@bitbucket.org\nhttps://x-bitbucket-api-token-auth:"+apiToken+"@bitbucket.org\n", 0o600)
	mend := func(where string) {
		t.Helper()
		r := s.read(Options{}, apiToken, appPassword)
		if len(r.Cases[0].Notes) != 1 {
			t.Fatalf("%+v", r.Cases[0])
		}
		note := r.Cases[0].Notes[0]
		if !strings.Contains(note.Evidence, where) {
			t.Errorf("%q", note.Evidence)
		}
		cmd := exec.Command("sh", "-c", note.Fix.Command)
		cmd.Env, cmd.Dir = s.env, s.repo
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", note.Fix.Command, err, out)
		}
		one(s, s.read(Options{}), cloud+" x-bitbucket-api-token-auth:"+apiToken+" from credential helper store")
	}
	mend("line 2 of ~/.git-credentials")
	if text, _ := os.ReadFile(filepath.Join(s.home, ".git-credentials")); !strings.Contains(string(text), "github.com") {
		t.Errorf("%s", text)
	}

	socket := filepath.Join(s.home, "cache")
	if err := os.Mkdir(socket, 0o700); err != nil {
		t.Fatal(err)
	}
	s.env = append(s.env, "XDG_CACHE_HOME="+s.home)
	s.git("config", "--unset", "credential.helper")
	s.git("config", "--add", "credential.helper", "cache")
	s.git("config", "--add", "credential.helper", "store")
	s.gitIn("protocol=https\nhost=bitbucket.org\nusername=jane\npassword="+appPassword+"\n\n", "credential-cache", "store")
	t.Cleanup(func() { s.git("credential-cache", "exit") })
	mend("credential helper cache")
}

// TestChain: which helpers are asked, in which order, and that the order is git's own. Each helper writes its name down,
// so git can be watched doing the same.
func TestChain(t *testing.T) {
	s := newScene(t)
	log := filepath.Join(s.home, "log")
	helper := s.write("helper", "#!/bin/sh\necho \"$1\" >> '"+log+"'\nif [ \"$1\" = \"$(cat '"+s.home+"/answers')\" ]; then echo username=$1; echo password=secret; fi\n", 0o700)
	s.git("remote", "add", "origin", cloud)
	add := func(key, name string) {
		value := helper + " " + name
		if name == "" {
			value = ""
		}
		s.git("config", "--add", key, value)
	}
	s.git("config", "--global", "--add", "credential.helper", helper+" dropped")
	s.git("config", "--global", "--add", "credential.https://bitbucket.org.helper", helper+" dropped-too")
	add("credential.helper", "")
	add("credential.https://bitbucket.org/acme.helper", "path")
	add("credential.helper", "all")
	add("credential.https://github.com.helper", "github")
	add("credential.http://bitbucket.org.helper", "http")
	add("credential.https://bob@bitbucket.org.helper", "bob")
	add("credential.https://*.org.helper", "star")
	add("credential.bitbucket.org.helper", "host")
	add("credential.https://bitbucket.org:443.helper", "port")
	add("credential.https://bitbucket.org/acme/wid.helper", "half")
	add("credential.https://BitBucket.org.helper", "last")
	for _, answers := range []string{"nobody", "star", "path", "last"} {
		s.write("answers", answers, 0o600)
		asked := func() string {
			text, _ := os.ReadFile(log)
			_ = os.Remove(log)
			return strings.Join(strings.Fields(string(text)), " ")
		}
		cmd := exec.Command("git", "credential", "fill")
		cmd.Env, cmd.Dir, cmd.Stdin = append(s.env, quiet...), s.repo, strings.NewReader("protocol=https\nhost=bitbucket.org\npath=acme/widgets.git\n\n")
		_ = cmd.Run() // fails when nobody answers
		want := asked()
		s.said = nil
		r := s.read(Options{})
		if diff := cmp.Diff(want, asked()); diff != "" || want == "" {
			t.Errorf("%s: git asked %q\n%s", answers, want, diff)
		}
		if len(s.said) != len(strings.Fields(want)) {
			t.Errorf("%d helpers were named before they ran, of %d", len(s.said), len(strings.Fields(want)))
		}
		if wants := "credential helper " + helper + " " + answers; answers != "nobody" && r.Addresses[0].Login != wants {
			t.Errorf("%q", r.Addresses[0].Login)
		}
	}
}

func TestFacts(t *testing.T) {
	s := newScene(t)
	s.git("remote", "add", "origin", cloud)
	s.git("config", "http.proxy", "http://jane:hunter2@proxy.example.com:3128")
	s.git("config", "credential.useHttpPath", "true")
	r := s.read(Options{}, "hunter2")
	if diff := cmp.Diff([]Fact{{"credential.usehttppath", "true"}, {"http.proxy", "http://jane:hu… (7 characters)@proxy.example.com:3128"}}, r.Addresses[0].Facts); diff != "" {
		t.Error(diff)
	}
}

// TestAgainstGit: what the reader says that git sends is what a server gets from git.
func TestAgainstGit(t *testing.T) {
	var mu sync.Mutex
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// With a user in the URL, the first try has an empty password.
		mu.Lock()
		defer mu.Unlock()
		if _, secret, ok := r.BasicAuth(); got == nil && (!ok || secret != "") {
			got = r.Header["Authorization"]
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	for _, c := range []struct{ name, user, config, netrc, stored string }{
		{name: "URL", user: "jane%40example.com:pa%2Fss@", netrc: "machine 127.0.0.1 login a password b"},
		{name: "URL with half a login", user: "jane@", netrc: "machine 127.0.0.1 login bob password 1\nmachine 127.0.0.1 login jane password 2"},
		{name: ".netrc", netrc: "# mine\nmachine 127.0.0.1\n login \"ja ne\" password \"p\\\"w\"", stored: "http://a:b@" + host},
		{name: "default of .netrc", netrc: "machine a.example login x password y\ndefault login jane password z"},
		{name: "stored", stored: "http://jane:p%40ss@" + host},
		{name: "stored for a user", user: "bob@", stored: "http://jane:1@" + host + "\nhttp://bob:2@" + host},
		{name: "user of the configuration", config: "[credential]\n\tusername = bob\n", stored: "http://jane:1@" + host + "\nhttp://bob:2@" + host},
		{name: "a header", config: "[http]\n\textraHeader = Authorization: Basic one\n", netrc: "machine 127.0.0.1 login a password b"},
		{name: "many headers", config: "[http]\n\textraHeader = Authorization: Basic zero\n\textraHeader =\n\textraHeader = \"AUTHORIZATION: Basic one\"\n" +
			"[http \"http://127.0.0.1\"]\n\textraHeader = Authorization: Basic port\n[http \"http://" + host + "/acme\"]\n\textraHeader = Authorization: Basic two\n" +
			"[http]\n\textraHeader = Authorization: Basic three\n[http \"http://" + host + "/other\"]\n\textraHeader = Authorization: Basic four\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			mu.Lock()
			got = nil
			mu.Unlock()
			s := newScene(t)
			s.git("remote", "add", "origin", "http://"+c.user+host+"/acme/widgets.git")
			s.write(".gitconfig", c.config, 0o600)
			if c.netrc != "" {
				s.write(".netrc", c.netrc, 0o600)
			}
			if c.stored != "" {
				s.git("config", "credential.helper", "store")
				s.write(".git-credentials", c.stored+"\n", 0o600)
			}
			r := s.read(Options{})
			var want []string
			for _, h := range r.Cases[0].Header {
				want = append(want, h.Value.Text)
			}
			if l := r.Cases[0].Login; l != nil && want == nil {
				want = []string{"Basic " + base64.StdEncoding.EncodeToString([]byte(l.User.Text+":"+l.Secret.Text))}
			}
			cmd := exec.Command("git", "ls-remote", "origin")
			cmd.Env, cmd.Dir = append(s.env, quiet...), s.repo
			_ = cmd.Run() // refused
			mu.Lock()
			defer mu.Unlock()
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestManager(t *testing.T) {
	s := newScene(t)
	s.git("remote", "add", "origin", cloud)
	manager := s.write("git-credential-manager", "#!/bin/sh\ntrue\n", 0o700)
	s.git("config", "credential.helper", manager)
	one(s, s.read(Options{}), cloud+" nobody !credential.helper_tests likely")
	s.git("config", "credential.bitbucketAuthModes", "basic")
	one(s, s.read(Options{}), cloud+" nobody")
}

func TestLFS(t *testing.T) {
	s := newScene(t)
	s.git("remote", "add", "origin", cloud)
	s.write("repo/.lfsconfig", "[lfs]\n\turl = https://jane:"+apiToken+"@lfs.example.com/acme\n", 0o600)
	r := s.read(Options{}, apiToken)
	if len(r.Cases) != 2 || r.Addresses[1].For != "lfs" || !strings.Contains(told(r.Cases[1]), " jane:"+apiToken+" from URL !git.lfs possible") {
		t.Errorf("%+v", r.Cases)
	}
	s.git("config", "lfs.url", cloud+"/info/lfs")
	if r := s.read(Options{}); len(r.Cases) != 2 || len(r.Cases[1].Notes) != 0 || r.Cases[1].URL.Text != cloud+"/info/lfs" {
		t.Errorf("%+v", r.Cases)
	}
}
