package record

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
)

// TestLanguages: each language's own way to speak HTTP is led to the proxy and trusts it, on plain HTTP and on TLS.
func TestLanguages(t *testing.T) {
	tools(t, "bash")
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	java := write("Get.java", `
import java.net.URI;
import java.net.http.*;
import java.util.Base64;
class Get {
  public static void main(String[] args) throws Exception {
    var env = System.getenv();
    var auth = "Basic " + Base64.getEncoder().encodeToString((env.get("EMAIL") + ":" + env.get("TOKEN")).getBytes());
    var request = HttpRequest.newBuilder(URI.create(env.get("API") + "/user")).header("Authorization", auth).build();
    System.out.print(HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).statusCode());
    var old = (java.net.HttpURLConnection) URI.create(env.get("API") + "/user").toURL().openConnection();
    old.setRequestProperty("Authorization", auth);
    System.out.print(" " + old.getResponseCode());
  }
}`)
	for _, c := range []struct {
		name, needs, script string
		calls               int
	}{
		{"curl", "curl", `for i in 200 200; do curl -s -o /dev/null -w "$([ -n "${again:-}" ] && echo ' ')%{http_code}" -u "$EMAIL:$TOKEN" "$API/user"; again=1; done`, 2},
		{"node fetch", "node", `node -e '
			const go = () => fetch(process.env.API + "/user", { headers: { authorization: "Basic " + btoa(process.env.EMAIL + ":" + process.env.TOKEN) } })
			go().then(async r => { await r.text(); const again = await go(); await again.text(); process.stdout.write(r.status + " " + again.status) })'`, 2},
		{"node http and https", "node", `node -e '
			const url = process.env.API + "/user", auth = process.env.EMAIL + ":" + process.env.TOKEN
			const go = done => require(url.startsWith("https") ? "https" : "http").get(url, { auth }, r => { r.resume(); r.on("end", () => done(r.statusCode)) })
			go(one => go(two => process.stdout.write(one + " " + two)))'`, 2},
		{"python urllib", "python3", `python3 -c '
import os, base64, urllib.request
auth = base64.b64encode((os.environ["EMAIL"] + ":" + os.environ["TOKEN"]).encode()).decode()
one, two = [urllib.request.urlopen(urllib.request.Request(os.environ["API"] + "/user", headers={"Authorization": "Basic " + auth})).status for _ in range(2)]
print(one, two, end="")'`, 2},
		{"python requests", "python3", `python3 -c '
import os, requests
one, two = [requests.get(os.environ["API"] + "/user", auth=(os.environ["EMAIL"], os.environ["TOKEN"])).status_code for _ in range(2)]
print(one, two, end="")'`, 2},
		{"java", "javac", `java "$JAVA"`, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			tools(t, c.needs)
			if c.name == "python requests" && exec.Command("python3", "-c", "import requests").Run() != nil {
				pailtest.Skip(t, "requests", "no requests for python3 on this machine")
			}
			for _, tls := range []bool{false, true} {
				w := pailtest.Start(t, pailtest.Options{TLS: tls}).World()
				r := recorded(t, w.Server, c.script, "EMAIL="+w.Admin.Email, "TOKEN="+w.Secret(w.Admin, "read:user"), "JAVA="+java)
				if r.out != "200 200" || len(r.Operations) != 1 || r.Operations[0].Count != int64(c.calls) || r.Scopes.Least.String() != "read:user:bitbucket" {
					t.Errorf("TLS %v: it got %q, and %+v was recorded, lost %+v\n%s", tls, r.out, r.Operations, r.Lost, r.errors)
				}
			}
		})
	}
}

// TestEnvironment: what the caller had set stays where it can, and the caller's own environment is not changed.
func TestEnvironment(t *testing.T) {
	f := &files{extra: "/t/ca.pem", bundle: "/t/bundle.pem", trust: "/t/trust.p12", node: "/t with space/node.cjs"}
	env := []string{"PATH=/bin", "HTTPS_PROXY=http://company:3128", "NO_PROXY=localhost,.internal", "NODE_OPTIONS=--max-old-space-size=100", "JAVA_TOOL_OPTIONS=-Xmx1g", "SSL_CERT_FILE=/etc/company.pem"}
	before := strings.Join(env, "\n")
	child := environment(env, "127.0.0.1:4321", f)
	for name, want := range map[string]string{
		"PATH": "/bin", "HTTPS_PROXY": "http://127.0.0.1:4321", "http_proxy": "http://127.0.0.1:4321", "NO_PROXY": "", "no_proxy": "", "SSL_CERT_FILE": "/t/bundle.pem", "CURL_CA_BUNDLE": "/t/bundle.pem",
		"GIT_SSL_CAINFO": "/t/bundle.pem", "REQUESTS_CA_BUNDLE": "/t/bundle.pem", "NODE_EXTRA_CA_CERTS": "/t/ca.pem", "NODE_USE_ENV_PROXY": "1",
		"NODE_OPTIONS": `--max-old-space-size=100 --require="/t with space/node.cjs"`,
	} {
		if got := variable(child, name); got != want {
			t.Errorf("%s=%s, want %s", name, got, want)
		}
	}
	if got := variable(child, "JAVA_TOOL_OPTIONS"); !strings.HasPrefix(got, "-Xmx1g -Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort=4321 ") {
		t.Errorf("JAVA_TOOL_OPTIONS=%s", got)
	}
	names := map[string]bool{}
	for _, e := range child {
		name, _, _ := strings.Cut(e, "=")
		if names[name] {
			t.Errorf("%s is there twice", name)
		}
		names[name] = true
	}
	if strings.Join(env, "\n") != before {
		t.Error("the caller's environment was changed")
	}
}

// TestFiles: only the user can read what the child trusts, the CA's key is in none of it, the system's roots are, and
// all of it goes.
func TestFiles(t *testing.T) {
	tools(t, "bash")
	r := run(t, DefaultHosts, `
for f in "$SSL_CERT_FILE" "$NODE_EXTRA_CA_CERTS"; do stat -c %a "$f" "$(dirname "$f")"; done
! grep -r "PRIVATE KEY" "$(dirname "$SSL_CERT_FILE")"
grep -c BEGIN "$NODE_EXTRA_CA_CERTS"
grep -c BEGIN "$SSL_CERT_FILE"
dirname "$SSL_CERT_FILE"`, []string{"PATH=" + os.Getenv("PATH")})
	lines := strings.Fields(r.out)
	if r.code != 0 || len(lines) != 7 || strings.Join(lines[:5], " ") != "600 700 600 700 1" {
		t.Fatalf("exit code %d\n%s%s", r.code, r.out, r.errors)
	}
	if roots := strings.Count(string(systemRoots()), "BEGIN"); lines[5] != number(int64(roots+1)) {
		t.Errorf("the bundle has %s certificates, the system %d", lines[5], roots)
	}
	if _, err := os.Stat(lines[6]); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", lines[6], err)
	}
}

// TestGo: a Go program is led to the proxy and trusts it, for hosts that are not this machine.
func TestGo(t *testing.T) {
	if os.Getenv("PAIL_TEST_GO_CHILD") != "" {
		res, err := http.Get("https://api.bitbucket.org/2.0/user")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusUnauthorized {
			t.Fatal(res.Status)
		}
		return
	}
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		t.Skip("Go takes certificates from the system only here")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := newCloud(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	r := run(t, DefaultHosts, `"$SELF" -test.run '^TestGo$'`, append(c.env, "PAIL_TEST_GO_CHILD=1", "SELF="+self))
	if r.code != 0 || len(r.Operations) != 1 || r.Operations[0].Path != "/2.0/user" {
		t.Errorf("exit code %d, %+v\n%s%s", r.code, r.Operations, r.out, r.errors)
	}
}
