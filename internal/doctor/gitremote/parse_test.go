package gitremote

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseAddress(t *testing.T) {
	for _, c := range []struct {
		text string
		want address
		ok   bool
	}{
		{"https://bitbucket.org/acme/widgets.git", address{scheme: "https", host: "bitbucket.org", path: "acme/widgets.git"}, true},
		{"HTTPS://BitBucket.org:443", address{scheme: "https", host: "bitbucket.org"}, true},
		{"http://[::1]:8080/x", address{scheme: "http", host: "::1", port: "8080", path: "x"}, true},
		{"https://jane@bitbucket.org", address{scheme: "https", host: "bitbucket.org", user: "jane", hasUser: true}, true},
		{"https://ja%40ne:p%3Aw:x@bitbucket.org/a", address{scheme: "https", host: "bitbucket.org", user: "ja@ne", secret: "p:w:x", hasUser: true, hasSecret: true, path: "a"}, true},
		{"https://:x@bitbucket.org", address{scheme: "https", host: "bitbucket.org", secret: "x", hasUser: true, hasSecret: true}, true},
		{"https://jane@example.com:x@bitbucket.org/a", address{}, false},
		{"https://jane:a/b@bitbucket.org/a", address{}, false},
		{"https://jane:%zz@bitbucket.org/a", address{}, false},
		{"https://jane%0a@bitbucket.org/a", address{}, false},
		{"git@bitbucket.org:a/b", address{}, false},
		{"ssh://git@bitbucket.org/a/b", address{}, false},
		{"https://", address{}, false},
		{"", address{}, false},
	} {
		got, ok := parseAddress(c.text)
		if ok != c.ok {
			t.Errorf("%s: ok is %v", c.text, ok)
		}
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(address{})); ok && diff != "" {
			t.Errorf("%s: %s", c.text, diff)
		}
	}
}

func TestRemoteOrURL(t *testing.T) {
	for arg, want := range map[string]bool{"": false, "origin": false, "my/fork": false, "https://x/y": true, "git@bitbucket.org:a/b.git": true, "bitbucket.org/a/b": true, "bb:acme/x": true} {
		if isURL(arg) != want {
			t.Errorf("%q: %v", arg, !want)
		}
	}
}

func TestProgram(t *testing.T) {
	for command, want := range map[string]string{
		"store": "store", "store --file ~/x": "store", "cache --timeout=3600": "cache", "manager-core": "manager-core", "!gh auth git-credential": "", "": "",
		"/usr/local/share/gcm-core/git-credential-manager":                     "manager",
		`/mnt/c/Program\ Files/Git/mingw64/bin/git-credential-manager.exe`:     "manager",
		`C:/Program Files/Git/mingw64/libexec/git-core/git-credential-wincred`: "wincred",
		"/opt/helper": "helper",
	} {
		if got := (Helper{command: command}).program(); got != want {
			t.Errorf("%q: %q, want %q", command, got, want)
		}
	}
	for command, want := range map[string]string{
		"!pail git-credential": "!pail git-credential", "!f() { echo password=hunter2; }; f": "a shell command", "store --file=x": "store --file=x",
	} {
		if got := helperName(command); got != want {
			t.Errorf("%q: %q, want %q", command, got, want)
		}
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add("file:.git/config\x00core.bare\nfalse\x00command line:\x00http.https://x/.extraheader\nA: b\nc\x00")
	f.Add("file:x\x00credential.helper\x00file:x\x00nodot\n\x00.\n\x00")
	f.Fuzz(func(t *testing.T, out string) {
		a, _ := parseAddress("https://jane@bitbucket.org/acme/widgets.git")
		c := parseConfig(out)
		for _, s := range c {
			if s.section != strings.ToLower(s.section) || strings.Contains(s.origin, "\x00") {
				t.Errorf("%+v", s)
			}
		}
		if n := len(list(c.credential("helper", a))); n > len(c) {
			t.Errorf("%d of %d", n, len(c))
		}
		c.http("extraheader", a)
		c.remotes()
	})
}

func FuzzParseAddress(f *testing.F) {
	for _, text := range []string{"https://a:b@c/d", "http://[::1]:1/x?y#z", "https://a%40b:c@d:443", "*", "https://*.x"} {
		f.Add(text, text)
	}
	f.Fuzz(func(t *testing.T, text, pattern string) {
		a, ok := parseAddress(text)
		if ok && (a.host == "" || strings.ContainsAny(a.host+a.user+a.path, "\n\x00")) {
			t.Errorf("%+v", a)
		}
		if _, fits := matches(text, a); ok && a.path == "" && !fits {
			t.Errorf("%q does not match itself", text)
		}
		matches(pattern, a)
		partly(pattern, a)
		parseAnswer(text)
	})
}
