package doctor_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/reason"
)

// TestRealClients: what curl, git, Node and Python of this machine really print is understood, and the damage is found in
// the address before it is sent too. Nothing but a listener on loopback is asked.
func TestRealClients(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Basic realm="Bitbucket.org HTTP"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(s.Close)
	host := strings.TrimPrefix(s.URL, "http://")
	const secret = "Zq7dRk2LmW9xVb4NcT8sPy3H"
	node := func(how string) []string { return []string{"node", "-e", how} }
	python := func(how string) []string {
		return []string{"python3", "-c", "import urllib.request as u\n" + how}
	}
	for name, test := range map[string]struct {
		run   []string
		found []reason.Code // one of them comes first
		typed reason.Code   // what the address alone gives away, "" for nothing
	}{
		"git, e-mail":       {[]string{"git", "ls-remote", "http://jane@example.com:" + secret + "@" + host + "/acme/widgets.git"}, []reason.Code{reason.URLUserNotEncoded}, reason.URLUserNotEncoded},
		"git, slash":        {[]string{"git", "ls-remote", "http://jane:pa/" + secret + "@" + host + "/acme/widgets.git"}, []reason.Code{reason.URLUserNotEncoded, reason.URLSecretNotEncoded}, reason.URLSecretNotEncoded},
		"git, hash":         {[]string{"git", "ls-remote", "http://jane:pa#" + secret + "@" + host + "/acme/widgets.git"}, []reason.Code{reason.URLUserNotEncoded, reason.URLSecretNotEncoded}, reason.URLSecretNotEncoded},
		"git, two schemes":  {[]string{"git", "ls-remote", "http://http://" + host + "/acme/widgets.git"}, []reason.Code{reason.HostMalformed}, reason.HostMalformed},
		"git, no terminal":  {[]string{"git", "ls-remote", s.URL + "/acme/widgets.git"}, []reason.Code{reason.CredentialMissing}, ""},
		"git, refused":      {[]string{"git", "ls-remote", "http://jane:" + secret + "@" + host + "/acme/widgets.git"}, []reason.Code{reason.TokenRefused}, ""},
		"git, name":         {[]string{"git", "ls-remote", "http://nowhere.invalid/acme/widgets.git"}, []reason.Code{reason.NetworkName}, ""},
		"git, connection":   {[]string{"git", "ls-remote", "http://127.0.0.1:1/acme/widgets.git"}, []reason.Code{reason.NetworkConnect}, ""},
		"git, TLS":          {[]string{"git", "ls-remote", "https://" + host + "/acme/widgets.git"}, []reason.Code{reason.NetworkTLS}, ""},
		"git, no helper":    {[]string{"git", "-c", "credential.helper=nosuchhelper", "ls-remote", s.URL + "/acme/widgets.git"}, []reason.Code{reason.CredentialHelper}, ""},
		"git, quote":        {[]string{"git", "ls-remote", `"` + s.URL + `/acme/widgets.git"`}, []reason.Code{reason.HostMalformed}, reason.HostMalformed},
		"curl, e-mail":      {[]string{"curl", "-sS", "http://jane@example.com:" + secret + "@" + host + "/2.0/user"}, []reason.Code{reason.URLUserNotEncoded, reason.URLSecretNotEncoded}, reason.URLUserNotEncoded},
		"curl, two schemes": {[]string{"curl", "-sS", "http://http://" + host + "/2.0/user"}, []reason.Code{reason.HostMalformed}, reason.HostMalformed},
		"curl, -f":          {[]string{"curl", "-sSf", s.URL + "/2.0/user"}, []reason.Code{reason.TokenRefused}, ""},
		"curl, brace":       {[]string{"curl", "-sS", s.URL + "/2.0/{user"}, []reason.Code{reason.PathBraces}, ""},
		"curl, connection":  {[]string{"curl", "-sS", "http://127.0.0.1:1/2.0/user"}, []reason.Code{reason.NetworkConnect}, ""},
		"curl, undefined":   {[]string{"curl", "-sS", "http://undefined/2.0/user"}, []reason.Code{reason.ValueNotExpanded}, reason.ValueNotExpanded},
		"curl -v":           {[]string{"curl", "-sSv", "-u", "jane@example.com:" + secret, s.URL + "/2.0/user"}, []reason.Code{reason.TokenRefused}, ""},
		"curl, TLS":         {[]string{"curl", "-sS", "https://" + host + "/2.0/user"}, []reason.Code{reason.NetworkTLS}, ""},
		"Node, fetch":       {node(`fetch("` + s.URL + `", {headers: {Authorization: "Basic ` + secret + `\nb2U="}}).catch(e => console.error(e))`), []reason.Code{reason.HeaderLineBreak}, ""},
		"Node, http":        {node(`require("http").request("` + s.URL + `", {headers: {Authorization: "Basic ` + secret + `\nb2U="}})`), []reason.Code{reason.HeaderLineBreak}, ""},
		"Node, connection":  {node(`require("http").get("http://127.0.0.1:1").on("error", e => console.error(e))`), []reason.Code{reason.NetworkConnect}, ""},
		"Python, header":    {python(`u.urlopen(u.Request("` + s.URL + `", headers={"Authorization": "Basic ` + secret + `\nb2U="}))`), []reason.Code{reason.HeaderLineBreak}, ""},
		"Python, refused":   {python(`u.urlopen("` + s.URL + `")`), []reason.Code{reason.TokenRefused}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(test.run[0]); err != nil {
				pailtest.Skip(t, test.run[0], "no "+test.run[0]+" on this machine")
			}
			cmd := exec.Command(test.run[0], test.run[1:]...)
			cmd.Dir = t.TempDir()
			for _, pair := range os.Environ() {
				if name, _, _ := strings.Cut(pair, "="); !strings.Contains(strings.ToLower(name), "proxy") && name != "GIT_ASKPASS" && name != "SSH_ASKPASS" {
					cmd.Env = append(cmd.Env, pair)
				}
			}
			cmd.Env = append(cmd.Env, "HOME="+cmd.Dir, "XDG_CONFIG_HOME="+cmd.Dir, "GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C", "RES_OPTIONS=timeout:1 attempts:1")
			out, _ := cmd.CombinedOutput() // that it fails is the point
			r := doctor.Examine(doctor.Case{Output: string(out)})
			if len(r.Findings) == 0 || !slices.Contains(test.found, r.Findings[0].Reason) {
				t.Errorf("want one of %s first:\n%s\n%s", test.found, out, text(t, r))
			}
			if run := leak(shown(t, r), secret); run != "" {
				t.Errorf("%q is told", run)
			}
			if test.typed == "" {
				return
			}
			client, surface := "git", doctor.SurfaceGit
			if test.run[0] == "curl" {
				client, surface = "curl", doctor.SurfaceREST
			}
			r = doctor.Examine(doctor.Case{Client: client, Surface: surface, URL: doctor.Value{Text: test.run[len(test.run)-1], Place: "URL"}})
			if len(r.Findings) == 0 || r.Findings[0].Reason != test.typed {
				t.Errorf("from the address alone, want %s:\n%s", test.typed, text(t, r))
			}
			if run := leak(shown(t, r), secret); run != "" {
				t.Errorf("%q is told", run)
			}
		})
	}
}
