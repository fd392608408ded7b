package record

import (
	"bytes"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/scope"
)

// tools skips the test where a tool is not there.
func tools(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			pailtest.Skip(t, name, "no "+name+" on this machine")
		}
	}
}

// ran is what a recorded program did.
type ran struct {
	*Recording
	code        int
	out, errors string
}

// environ is the environment of the recorded programs: this process's, and what leads to w.
func environ(t testing.TB, w *pailtest.Server, more ...string) []string {
	env := append(os.Environ(), "URL="+w.URL, "API="+w.URL+"/2.0", "HOST="+w.URL[strings.Index(w.URL, "//")+2:], "SCHEME="+w.URL[:strings.Index(w.URL, ":")],
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=true", "HOME="+t.TempDir(),
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=admin@acme.example", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=admin@acme.example")
	if w.CA != "" {
		env = append(env, "SSL_CERT_FILE="+w.CA)
	}
	return append(env, more...)
}

// recorded runs a shell script with the server's host recorded.
func recorded(t testing.TB, w *pailtest.Server, script string, env ...string) ran {
	t.Helper()
	u, err := url.Parse(w.URL)
	if err != nil {
		t.Fatal(err)
	}
	host, err := ParseHost(u.Host)
	if err != nil {
		t.Fatal(err)
	}
	return run(t, []Host{host}, script, environ(t, w, env...))
}

func run(t testing.TB, hosts []Host, script string, env []string) ran {
	t.Helper()
	var out, errs bytes.Buffer
	r, code, err := Run(Command{Args: []string{"bash", "-euo", "pipefail", "-c", script}, Env: env, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Hosts: hosts})
	if err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	return ran{r, code, out.String(), errs.String()}
}

// thirty is a script of thirty calls with curl, git and Node's fetch. Each prints what it came to.
const thirty = `
call() { curl -s -o /dev/null -w '%{http_code}\n' -u "$EMAIL:$TOKEN" "$@"; }
call "$API/user"
call "$API/user/emails"
call "$API/user/emails/$EMAIL"
call "$API/users/acme-member"
call "$API/workspaces/acme"
call "$API/workspaces/acme/members"
call "$API/workspaces/acme/members/acme-member"
call "$API/user/workspaces"
call "$API/workspaces/acme/projects"
call "$API/workspaces/acme/projects/FTO"
call "$API/workspaces/acme/projects/FTO/permissions-config/groups"
call "$API/workspaces/acme/projects/FTO/default-reviewers"
call -X PUT "$API/workspaces/acme/projects/FTO/permissions-config/groups/developers" -H 'Content-Type: application/json' -d '{"permission":"write"}'
call -X POST "$API/repositories/acme/made-$RANDOM$RANDOM" -H 'Content-Type: application/json' -d '{"scm":"git","project":{"key":"FTO"}}'
call -X PUT "$API/repositories/acme/widgets" -H 'Content-Type: application/json' -d '{"description":"What widgets are made of"}'
call -X POST "$API/repositories/acme/widgets/commits" -d include=main
call "$API/repositories/acme/widgets/refs/tags"
work=$(mktemp -d)
git() { command git -c credential.helper= "$@"; echo "git $?"; }
remote="$SCHEME://x-bitbucket-api-token-auth:$TOKEN@$HOST/acme/widgets.git"
git clone -q "$remote" "$work/a"
git -C "$work/a" fetch -q
git -C "$work/a" ls-remote -q > /dev/null
git -C "$work/a" commit -q --allow-empty -m "Another"
git -C "$work/a" push -q origin HEAD:refs/heads/topic-$RANDOM$RANDOM
rm -rf "$work"
node --input-type=module -e '
const auth = "Basic " + btoa(process.env.EMAIL + ":" + process.env.TOKEN)
for (const path of ["/repositories/acme", "/repositories/acme/widgets", "/repositories/acme/widgets/refs", "/repositories/acme/widgets/refs/branches",
  "/repositories/acme/widgets/refs/tags/v1.0", "/repositories/acme/widgets/commits/main?pagelen=2", "/repositories/acme/widgets/commit/main", "/user/workspaces/acme/permission", "/workspaces/acme/permissions"]) {
  const res = await fetch(process.env.API + path, { headers: { authorization: auth } })
  console.log("node", res.status, (await res.text()).length > 0)
}'
`

// thirtyScopes is what they take, read off the documentation and not off the catalogue.
var thirtyScopes = []string{
	"read:repository:bitbucket", "write:repository:bitbucket", "admin:repository:bitbucket", "read:pullrequest:bitbucket",
	"read:project:bitbucket", "admin:project:bitbucket", "read:workspace:bitbucket", "read:user:bitbucket", "write:permission:bitbucket"}

// TestThirtyCalls: the scopes that are told for a script of thirty calls are exactly right. With them it runs as it did
// before; without any one of them it does not.
func TestThirtyCalls(t *testing.T) {
	tools(t, "bash", "curl", "git", "node")
	for _, mode := range []string{"http", "https"} {
		t.Run(mode, func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			w := pailtest.Start(t, pailtest.Options{TLS: mode == "https"}).World()
			w.Push(3)
			var everything []string
			for _, s := range scope.All() {
				if !s.Legacy && strings.HasSuffix(s.Name, ":bitbucket") {
					everything = append(everything, s.Name)
				}
			}
			with := func(scopes ...string) ran {
				return recorded(t, w.Server, thirty, "EMAIL="+w.Admin.Email, "TOKEN="+w.Secret(w.Admin, scopes...))
			}
			first := with(everything...)
			if first.code != 0 {
				t.Fatalf("exit code %d\n%s%s", first.code, first.out, first.errors)
			}
			if diff := cmp.Diff(thirtyScopes, first.Scopes.Least.Names()); diff != "" {
				t.Fatalf("least scopes (-want +got):\n%s", diff)
			}
			var calls int64
			for _, o := range first.Operations {
				calls += o.Count
			}
			if calls != 26 || len(first.Git) != 1 || first.Git[0].Fetches != 3 || first.Git[0].Pushes != 1 || first.Git[0].Repository != "acme/widgets" {
				t.Errorf("%d calls of the API, git %+v; want 26, 3 fetches and a push", calls, first.Git)
			}
			if len(first.Refused)+len(first.Unmatched) != 0 {
				t.Errorf("refused %+v, unmatched %+v", first.Refused, first.Unmatched)
			}
			if got := first.Scopes.Unused; got == nil || got.Len() != len(everything)-len(thirtyScopes) || !got.Has(scope.DeleteRepository) {
				t.Errorf("unused: %v", got)
			}

			if again := with(thirtyScopes...); again.out != first.out || !again.Scopes.Unused.Empty() || len(again.Refused) != 0 {
				t.Errorf("with the least scopes: unused %v, refused %+v, and the script says (-with all +with the least)\n%s", again.Scopes.Unused, again.Refused, cmp.Diff(first.out, again.out))
			}
			if mode == "https" {
				return // scopes know no TLS
			}
			for i, without := range thirtyScopes {
				rest := append(append([]string{}, thirtyScopes[:i]...), thirtyScopes[i+1:]...)
				r := with(rest...)
				s, _ := scope.Parse(without)
				if r.Scopes.Refused != scope.NewSet(s) || r.Scopes.Least.Has(s) {
					t.Errorf("without %s: refused calls would have needed %v, the others %v\n%s", without, r.Scopes.Refused, r.Scopes.Least, r.out)
				}
			}
			if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "pail-record-*")); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}
