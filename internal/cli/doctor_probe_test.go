package cli

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/doctor/probe"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/token"
)

// watched is a server behind a proxy that writes down what arrives.
type watched struct {
	*pailtest.World
	URL string

	mu       sync.Mutex
	requests []string
}

func watch(t *testing.T, bare bool) *watched {
	t.Helper()
	w := &watched{World: pailtest.Start(t, pailtest.Options{Bare: bare}).World()}
	w.Push(1)
	target, err := url.Parse(w.World.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.requests = append(w.requests, r.Method+" "+r.URL.RequestURI())
		w.mu.Unlock()
		proxy.ServeHTTP(out, r)
	}))
	t.Cleanup(server.Close)
	w.URL = server.URL
	return w
}

// took returns what arrived since the last time.
func (w *watched) took() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := w.requests
	w.requests = nil
	return list
}

// doctorRun runs pail doctor in a directory's place with an environment of its own.
func doctorRun(t *testing.T, stdin string, env []string, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), append([]string{"doctor"}, args...), strings.NewReader(stdin), &out, &errs, append([]string{"PATH=" + os.Getenv("PATH")}, env...))
	return result{code, out.String(), errs.String()}
}

// parsed is a report as JSON, with what stands beside it.
type parsed struct {
	doctor.Report
	Probe *probe.Result   `json:"probe"`
	Tools json.RawMessage `json:"tools"`
	Git   json.RawMessage `json:"git"`
}

func (p parsed) reasons() string {
	var list []string
	for _, f := range p.Findings {
		list = append(list, string(f.Reason))
	}
	return strings.Join(list, " ")
}

func parse(t *testing.T, r result) parsed {
	t.Helper()
	var p parsed
	if err := json.Unmarshal([]byte(r.out), &p); err != nil {
		t.Fatalf("%v\n%s%s", err, r.out, r.err)
	}
	if want := p.Verdict.ExitCode(); r.code != want {
		t.Errorf("exit code %d, verdict %s", r.code, p.Verdict)
	}
	return p
}

// TestDoctorProbe: the typed form, on a server that explains and on one that does not.
func TestDoctorProbe(t *testing.T) {
	for _, bare := range []bool{false, true} {
		t.Run(map[bool]string{false: "explained", true: "bare"}[bare], func(t *testing.T) {
			w := watch(t, bare)
			secret := w.Secret(w.Member, "read:user", "read:repository")
			for _, c := range []struct {
				name, email string
				args        []string
				first       string // reason of the first finding; "" for a clean report
				valid       probe.State
				missing     string
			}{
				{"good", w.Member.Email, nil, "", probe.Yes, ""},
				{"a read", w.Member.Email, []string{"GET", "/2.0/repositories/acme/widgets"}, "", probe.Yes, ""},
				{"a write that lacks a scope", w.Member.Email, []string{"PUT", "/2.0/repositories/acme/widgets"}, "scope.missing", probe.Yes, "admin:repository:bitbucket"},
				{"Data Center's path", w.Member.Email, []string{"GET", "/2.0/workspaces/acme/projects/FTO/permissions/groups"}, "path.data_center", probe.Yes, "read:project:bitbucket"},
				{"the username", w.Member.Username, []string{"GET", "/2.0/repositories/acme/widgets"}, "credential.email_required", probe.Yes, ""},
				{"another e-mail", "somebody@example.com", []string{"GET", "/2.0/repositories/acme/widgets"}, map[bool]string{false: "credential.user_mismatch", true: "token.refused"}[bare], probe.No, ""},
				{"nothing that is there", w.Member.Email, []string{"GET", "/2.0/repositories/acme/nothing"}, "repository.not_found", probe.Yes, ""},
			} {
				t.Run(c.name, func(t *testing.T) {
					args := append([]string{"--api", w.URL, "--email", c.email, "--token-stdin", "--probe", "--json"}, c.args...)
					r := doctorRun(t, secret, nil, args...)
					p := parse(t, r)
					took := w.took()
					if len(took) == 0 || len(took) > probe.Limit || p.Probe == nil || len(p.Probe.Requests) != len(took) || strings.Count(r.err, "pail: sending GET ") != len(took) {
						t.Errorf("%d requests: %v\n%s", len(took), took, r.err)
					}
					for _, one := range took {
						if !strings.HasPrefix(one, "GET ") {
							t.Errorf("sent %s", one)
						}
					}
					if first, _, _ := strings.Cut(p.reasons(), " "); first != c.first || p.Probe.Valid != c.valid || strings.Join(p.Probe.Missing, " ") != c.missing {
						t.Errorf("findings %q, valid %s, missing %q\n%s", p.reasons(), p.Probe.Valid, p.Probe.Missing, r.out)
					}
					seen := map[string]bool{}
					for _, f := range p.Findings {
						if seen[string(f.Reason)] {
							t.Errorf("%s is told twice: %s", f.Reason, r.out)
						}
						seen[string(f.Reason)] = true
					}
					text := doctorRun(t, secret, nil, append(args[:5:5], c.args...)...)
					for _, shown := range []string{r.out, r.err, text.out, text.err} {
						if strings.Contains(shown, secret[:13]) {
							t.Errorf("a secret is shown: %s", shown)
						}
					}
					w.took()
				})
			}
		})
	}
}

// TestDoctorProbesCommandLines: a probe adds to what is wrong with a command line, and takes none of it away.
func TestDoctorProbesCommandLines(t *testing.T) {
	w := watch(t, true)
	secret := w.Secret(w.Member, "read:user", "read:repository")
	for _, c := range []struct{ line, want string }{
		{"curl -u EMAIL:TOKEN URL/2.0/repositories/acme/widgets", ""},
		{"curl -u EMAIL:TOKEN URL/repositories/acme/widgets", "path.version_missing"},
		{"curl -u EMAIL:TOKEN URL/2.0/repositories/{0198a4c2-5d1e-7b3a-9c64-2f0e8d7a1b55}/widgets", "path.braces"},
		{"curl -X DELETE -u EMAIL:TOKEN URL/2.0/repositories/acme/widgets", "scope.missing"},
		{"curl -u USERNAME:TOKEN URL/repositories/acme/widgets", "credential.email_required path.version_missing"},
		{"curl -H 'Authorization: Bearer TOKEN' URL/2.0/repositories/acme/widgets", "credential.bearer_not_accepted"},
	} {
		line := strings.NewReplacer("EMAIL", w.Member.Email, "USERNAME", w.Member.Username, "TOKEN", secret, "URL", w.URL).Replace(c.line)
		r := doctorRun(t, "", nil, "--api", w.URL, "--probe", "--json", line)
		p := parse(t, r)
		for _, want := range strings.Fields(c.want) {
			if !strings.Contains(p.reasons(), want) {
				t.Errorf("%s: %q, want %s", c.line, p.reasons(), want)
			}
		}
		if took := w.took(); c.want == "" && p.Verdict != doctor.Clean || len(took) == 0 || len(took) > 6 || p.Probe == nil || p.Probe.Valid != probe.Yes {
			t.Errorf("%s: %s, sent %v", c.line, p.Verdict, took)
		}
		if strings.Contains(r.out+r.err, secret[:13]) {
			t.Errorf("%s: a secret is shown", c.line)
		}
	}
}

// TestDoctorAsks: the probe is offered to a person, and to nobody else.
func TestDoctorAsks(t *testing.T) {
	w := watch(t, true)
	secret := w.Secret(w.Member, "read:user")
	for _, c := range []struct {
		name, answer string
		person, json bool
		env          []string
		asks, sends  bool
	}{
		{"yes", "y\n", true, false, nil, true, true},
		{"no", "n\n", true, false, nil, true, false},
		{"nothing", "", true, false, nil, true, false},
		{"nobody", "y\n", false, false, nil, false, false},
		{"JSON", "y\n", true, true, nil, false, false},
		{"CI", "y\n", true, false, []string{"CI=true"}, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			a := &app{in: strings.NewReader(c.answer), out: &out, err: &errs, env: c.env}
			o := &doctorOptions{app: a, json: c.json, ctx: t.Context(), person: func() bool { return c.person }}
			login := doctor.Login{User: doctor.Value{Text: w.Member.Email}, Secret: doctor.Value{Text: secret}}
			err := o.report(doctor.Case{Surface: doctor.SurfaceREST, API: w.URL, Login: &login})
			if asked := strings.Contains(errs.String(), "[y/N]"); asked != c.asks {
				t.Errorf("asked: %v (%v)\n%s", asked, err, errs.String())
			}
			if sent := len(w.took()) > 0; sent != c.sends {
				t.Errorf("sent: %v\n%s", sent, errs.String())
			}
		})
	}
}

// TestProbeKeepsToTheService: a credential is not sent to an address that is at fault, or that nobody named.
func TestProbeKeepsToTheService(t *testing.T) {
	api := token.Mint(token.APIToken)
	login := doctor.Login{User: doctor.Value{Text: "a@b.c"}, Secret: doctor.Value{Text: api}}
	for address, want := range map[string]string{
		"https://api.bitbucket.org/2.0/user":                    " /2.0/user",
		"https://bitbucket.org/api/2.0/user":                    " /api/2.0/user",
		"/2.0/user":                                             " /2.0/user",
		"":                                                      " ",
		"https://pail.example.com/2.0/user?x=1":                 "https://pail.example.com /2.0/user?x=1",
		"https://pail.example.com/base/2.0/user":                "https://pail.example.com/base /2.0/user",
		"https://example.com/something":                         "no",
		"ftp://api.bitbucket.org/2.0/user":                      "no",
		"https://api.bitbucket.org.evil.example/2.0/user":       "https://api.bitbucket.org.evil.example /2.0/user", // whoever names it means it
		"https://user:secret@pail.example.com/2.0/repositories": "https://pail.example.com /2.0/repositories",
	} {
		o, ok := probeOf(doctor.Case{Surface: doctor.SurfaceREST, URL: doctor.Value{Text: address}, Login: &login})
		got := "no"
		if ok {
			got = o.API + " " + o.Path
		}
		if got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
	for _, c := range []doctor.Case{
		{Surface: doctor.SurfaceREST, URL: doctor.Value{Text: "https://api.bitbuckett.org/2.0/user"}, Login: &login},
		{Surface: doctor.SurfaceREST, URL: doctor.Value{Text: "https://acme.atlassian.net/2.0/user"}, Login: &login},
		{Surface: doctor.SurfaceREST, URL: doctor.Value{Text: "https://jane@example.com:x@bitbucket.org/2.0/user"}, Login: &login},
	} {
		var out, errs bytes.Buffer
		o := &doctorOptions{app: &app{in: strings.NewReader(""), out: &out, err: &errs}, json: true, probe: true, ctx: t.Context()}
		_ = o.report(c)
		if !strings.Contains(errs.String(), "nothing is probed: the address is at fault") || strings.Contains(errs.String(), "sending") {
			t.Errorf("%s: %s", c.URL.Text, errs.String())
		}
	}
	for _, c := range []struct {
		header []doctor.Field
		want   string
	}{
		{[]doctor.Field{{Name: "authorization", Value: doctor.Value{Text: "Bearer abc"}}}, "Bearer :abc"},
		{[]doctor.Field{{Name: "Authorization", Value: doctor.Value{Text: "Basic YTpi"}}}, "Basic a:b"},
		{[]doctor.Field{{Name: "Authorization", Value: doctor.Value{Text: "Basic YTpi\nxx"}}}, "no"},
		{[]doctor.Field{{Name: "Authorization", Value: doctor.Value{Text: "Bearer $T", Open: true}}}, "no"},
		{[]doctor.Field{{Name: "Authorization", Value: doctor.Value{Text: "Bearer a"}}, {Name: "Authorization", Value: doctor.Value{Text: "Bearer b"}}}, "no"},
		{[]doctor.Field{{Name: "Accept", Value: doctor.Value{Text: "*/*"}}}, "no"},
	} {
		l, ok := fromHeader(c.header)
		got := "no"
		if ok {
			got = map[bool]string{true: "Bearer ", false: "Basic "}[l.Bearer] + l.User.Text + ":" + l.Secret.Text
		}
		if got != c.want {
			t.Errorf("%v: %q", c.header, got)
		}
	}
}

// TestDoctorGit: pail doctor git in a real repository, offline and with a probe.
func TestDoctorGit(t *testing.T) {
	w := watch(t, true)
	secret := w.Secret(w.Member, "read:repository")
	home := t.TempDir()
	env := []string{"HOME=" + home, "GIT_CONFIG_NOSYSTEM=1"}
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Dir, cmd.Env = home, append(env, "PATH="+os.Getenv("PATH"))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	git("init", "--quiet", ".")
	git("remote", "add", "origin", w.URL+"/acme/widgets.git")
	git("config", "credential.helper", "store")
	t.Chdir(home)
	keep := func(user string) {
		t.Helper()
		line := strings.Replace(w.URL, "http://", "http://"+url.QueryEscape(user)+":"+secret+"@", 1)
		if err := os.WriteFile(filepath.Join(home, ".git-credentials"), []byte(line+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	hidden := func(r result) result {
		t.Helper()
		if strings.Contains(r.out+r.err, secret[:13]) {
			t.Errorf("a secret is shown: %s%s", r.out, r.err)
		}
		return r
	}

	keep("x-bitbucket-api-token-auth")
	r := hidden(doctorRun(t, "", env, "git", "--probe", "--json"))
	if p := parse(t, r); p.Verdict != doctor.Clean || p.Probe == nil || p.Probe.Fetch != probe.Yes || p.Probe.Push != probe.No || len(p.Git) == 0 {
		t.Errorf("%s", r.out)
	}
	if took := w.took(); len(took) != 2 {
		t.Errorf("%v", took)
	}
	if !strings.Contains(r.err, "pail: Asking the credential helper store") {
		t.Errorf("%s", r.err)
	}

	keep(w.Member.Email)
	r = hidden(doctorRun(t, "", env, "git"))
	if r.code != 1 || !strings.Contains(r.out, "credential.username_required") || !strings.Contains(r.out, "line 1 of ~/.git-credentials") || !strings.Contains(r.out, "credential helper store") {
		t.Errorf("%d\n%s%s", r.code, r.out, r.err)
	}
	if took := w.took(); len(took) != 0 {
		t.Errorf("sent without being asked: %v", took)
	}
	p := parse(t, hidden(doctorRun(t, "", env, "git", "origin", "--probe", "--json")))
	if p.Probe.As != "git, user x-bitbucket-api-token-auth" || !strings.HasPrefix(p.reasons(), "credential.") {
		t.Errorf("%+v %s", p.Probe, p.reasons())
	}

	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"git", "upstream"}, "no remote is called upstream; there are: origin"},
		{[]string{"git", "a", "b"}, "usage: pail doctor git"},
	} {
		if r := doctorRun(t, "", env, c.args...); r.code != 2 || !strings.Contains(r.err, c.says) {
			t.Errorf("%v: %d %s", c.args, r.code, r.err)
		}
	}

	// A damaged address is shown without its secret, also in what git printed.
	r = hidden(doctorRun(t, "", env, "git", "https://jane@example.com:"+secret+"@bitbucket.org/acme/widgets.git"))
	if r.code != 1 || !strings.Contains(r.out, "url.user_not_encoded") {
		t.Errorf("%d\n%s", r.code, r.out)
	}
}

func TestDoctorEnv(t *testing.T) {
	secret := token.Mint(token.APIToken)
	r := doctorRun(t, "", nil, "env")
	if r.code != 2 || !strings.Contains(r.out, "No variable is set that a tool known here takes a credential from.") {
		t.Errorf("%d %s", r.code, r.out)
	}
	env := []string{"RENOVATE_PLATFORM=bitbucket", "RENOVATE_USERNAME=jane", "RENOVATE_PASSWORD=" + secret, "BITBUCKET_ACCESS_TOKEN=" + secret, "BITBUCKET_COMMIT=abc"}
	r = doctorRun(t, "", env, "env")
	for _, want := range []string{"RENOVATE_PASSWORD       secret, sent as Basic", "credential.email_required", "credential.bearer_not_accepted", "RENOVATE_USERNAME", "no credentials: BITBUCKET_COMMIT"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("%q is missing:\n%s", want, r.out)
		}
	}
	j := doctorRun(t, "", env, "env", "--json")
	p := parse(t, j)
	if p.Verdict != doctor.Faults || !strings.Contains(string(p.Tools), `"Renovate"`) || strings.Contains(r.out+j.out, secret[:13]) {
		t.Errorf("%s", j.out)
	}
	if clean := parse(t, doctorRun(t, "", []string{"BITBUCKET_EMAIL=jane@example.com", "BITBUCKET_API_TOKEN=" + secret}, "env", "--json")); clean.Verdict != doctor.Clean {
		t.Errorf("%+v", clean)
	}
}
