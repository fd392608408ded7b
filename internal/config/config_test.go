package config

import (
	"errors"
	"io/fs"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/spf13/pflag"
	"pgregory.net/rapid"
)

// source is a Source with a file "pail.yaml" of the given text.
func source(t testing.TB, file string, env []string, args ...string) Source {
	t.Helper()
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	Bind(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	src := Source{Flags: flags, Env: env, ReadFile: func(name string) ([]byte, error) {
		if name != "pail.yaml" || file == "" {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		return []byte(file), nil
	}}
	if file != "" {
		src.File = "pail.yaml"
	}
	return src
}

func TestDefaults(t *testing.T) {
	c, err := Load(Source{})
	if err != nil {
		t.Fatal(err)
	}
	c.Limits.GitProcesses = 0
	want := Config{
		Addr: "127.0.0.1:7990", ExternalURL: "http://127.0.0.1:7990", Data: "pail-data", Database: "sqlite:pail-data/pail.db", Git: "git", Answers: "explained",
		TLS:      TLS{ACME: ACME{Cache: "pail-data/acme"}},
		SSH:      SSH{Port: 22},
		Search:   Search{Dir: "pail-data/search"},
		Secrets:  Secrets{KeyFile: "pail-data/secrets.key"},
		Runner:   Runner{Steps: 1, Directory: "pail-data/runner", Network: "own"},
		Limits:   Limits{Header: 64 << 10, Body: 16 << 20, Upload: 1 << 30},
		Timeouts: Timeouts{ReadHeader: 10 * time.Second, Idle: 2 * time.Minute, Request: time.Minute, Stall: 2 * time.Minute, Shutdown: 30 * time.Second},
		Log:      Log{Level: "info", Format: "text"}, Workspaces: Workspaces{Create: "admins"}, Invitations: Invitations{Accounts: "on"},
		Repositories: Repositories{KeepDeleted: 7}, Pipelines: Pipelines{KeepLogs: 180, KeepArtifacts: 14, KeepCaches: 7},
		OIDC: OIDC{Name: "single sign-on", Scopes: []string{"openid", "email", "profile"}},
	}
	if diff := cmp.Diff(want, c, cmp.AllowUnexported(Until{}), cmpopts.IgnoreFields(Config{}, "origins")); diff != "" {
		t.Error(diff)
	}
}

func TestPrecedence(t *testing.T) {
	const file = "addr: :1\ngit: /file/git\ndata: /file\nlog:\n  level: warn\n"
	env := []string{"HOME=/root", "PAIL_ADDR=:2", "PAIL_GIT=/env/git", "PAIL_LOG_FORMAT=", "PAIL_TEST_POSTGRES=x", "PAIL_API_FACTS=y", "PAIL_CONFIG=elsewhere.yaml"}
	c, err := Load(source(t, file, env, "--addr=:3", "--tls-acme-domains=a.example", "--tls-acme-domains", "B.example,c.example"))
	if err != nil {
		t.Fatal(err)
	}
	got := []string{c.Addr, c.Git, c.Data, c.Log.Level, c.Log.Format, c.ExternalURL, strings.Join(c.TLS.ACME.Domains, " "), c.Database}
	want := []string{":3", "/env/git", "/file", "warn", "text", "https://a.example:3", "a.example b.example c.example", "sqlite:/file/pail.db"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var b strings.Builder
	if err := c.Print(&b); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		`addr: ":3" # flag --addr`, "git: /env/git # environment PAIL_GIT", "data: /file # pail.yaml:3", "  level: warn # pail.yaml:5",
		"  format: text # default", "database: sqlite:/file/pail.db # derived from data", "    domains: [a.example, b.example, c.example] # flag --tls-acme-domains",
	} {
		if !slices.Contains(strings.Split(b.String(), "\n"), line) {
			t.Errorf("no line %q in\n%s", line, &b)
		}
	}
}

func TestWhichFile(t *testing.T) {
	for _, tc := range []struct {
		name, file string
		env, args  []string
		want       string
	}{
		{"source before flag", "s", []string{"PAIL_CONFIG=e"}, []string{"--config=f"}, "s"},
		{"flag before variable", "", []string{"PAIL_CONFIG=e"}, []string{"--config=f"}, "f"},
		{"variable", "", []string{"PAIL_CONFIG=e"}, nil, "e"},
		{"none", "", nil, nil, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			src := source(t, "", tc.env, tc.args...)
			asked := ""
			src.File, src.ReadFile = tc.file, func(name string) ([]byte, error) { asked = name; return nil, nil }
			if _, err := Load(src); err != nil || asked != tc.want {
				t.Errorf("read %q, want %q; %v", asked, tc.want, err)
			}
		})
	}
}

func TestSSHAddress(t *testing.T) {
	for _, tc := range []struct{ listen, host, port, want string }{
		{"", "", "", "git.example.org:22"},
		{":22", "", "", "git.example.org:22"},
		{"[::]:2222", "", "", "git.example.org:2222"},
		{":2222", "", "22", "git.example.org:22"},
		{":2222", "ssh.example.org", "443", "ssh.example.org:443"},
		{":22", "::1", "", "[::1]:22"},
		{"127.0.0.1:0", "", "", "git.example.org:4321"}, // the port that was found free
		{"127.0.0.1:0", "", "22", "git.example.org:22"},
	} {
		args := []string{"--external-url=https://git.example.org:8443", "--ssh-listen=" + tc.listen, "--ssh-host=" + tc.host}
		if tc.port != "" {
			args = append(args, "--ssh-port="+tc.port)
		}
		c, err := Load(source(t, "", nil, args...))
		if err == nil && strings.HasSuffix(tc.listen, ":0") {
			c = c.WithSSHListener(&net.TCPAddr{Port: 4321})
		}
		if err != nil || c.SSHAddress() != tc.want {
			t.Errorf("%v: got %q, %v", tc, c.SSHAddress(), err)
		}
	}
	for _, bad := range []string{"--ssh-host=a b", "--ssh-host=example.org:22", "--ssh-port=65536", "--ssh-listen=22"} {
		if _, err := Load(source(t, "", nil, bad)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

func TestExternalURL(t *testing.T) {
	for _, tc := range []struct{ addr, domains, cert, want string }{
		{"127.0.0.1:7990", "", "", "http://127.0.0.1:7990"},
		{":80", "", "", "http://localhost"},
		{"[::]:443", "", "c", "https://localhost"},
		{"[::1]:443", "", "c", "https://[::1]"},
		{"[::1]:80", "", "c", "https://[::1]:80"},
		{"0.0.0.0:443", "git.example.org,x.example.org", "", "https://git.example.org"},
	} {
		c, err := Load(source(t, "", nil, "--addr", tc.addr, "--tls-acme-domains", tc.domains, "--tls-cert", tc.cert, "--tls-key", tc.cert))
		if err != nil || c.ExternalURL != tc.want {
			t.Errorf("%v: got %q, %v", tc, c.ExternalURL, err)
		}
	}
	c, err := Load(source(t, "", nil, "--addr=127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.WithListener(&net.TCPAddr{Port: 4711}).ExternalURL; got != "http://127.0.0.1:4711" {
		t.Errorf("with a listener: %s", got)
	}
	c, err = Load(source(t, "", nil, "--external-url=https://git.example.org/"))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.WithListener(&net.TCPAddr{Port: 4711}).ExternalURL; got != "https://git.example.org" {
		t.Errorf("a configured URL became %s", got)
	}
}

func TestMistakes(t *testing.T) {
	for _, tc := range []struct {
		name, file string
		env, args  []string
		want       []string // the whole error, line by line
	}{
		{"all at once", "adr: x\nlimits:\n  header: 64 apples\n", []string{"PAIL_TIMEOUTS_IDEL=1s", "PAIL_LOG_LEVEL=loud"}, []string{"--addr=7990"}, []string{
			`flag --addr: addr: "7990": not host:port; want host:port, such as 127.0.0.1:7990 or :443`,
			"environment PAIL_TIMEOUTS_IDEL: no such setting; did you mean PAIL_TIMEOUTS_IDLE?",
			`environment PAIL_LOG_LEVEL: log.level: "loud": not known; want one of debug, info, warn, error`,
			`pail.yaml:1: "adr": no such setting; did you mean addr?`,
			`pail.yaml:3: limits.header: "64 apples": "apples" is not one of the units B, KiB, MiB, GiB and TiB; want a size from 4KiB to 1MiB, such as 64KiB`,
		}},
		{"last part alone", "cert: x\n", nil, nil, []string{`pail.yaml:1: "cert": no such setting; did you mean tls.cert?`}},
		{"nothing near", "whatever_this_may_be: x\n", nil, nil, []string{`pail.yaml:1: "whatever_this_may_be": no such setting`}},
		{"unknown section", "tsl:\n  cert: x\n", nil, nil, []string{`pail.yaml:1: "tsl": no such setting`}},
		{"a losing value is checked too", "addr: x\n", nil, []string{"--addr=:1"}, []string{
			`pail.yaml:1: addr: "x": not host:port; want host:port, such as 127.0.0.1:7990 or :443`}},
		{"key twice", "tls.cert: a\ntls:\n  cert: b\n", nil, nil, []string{"pail.yaml:3: tls.cert: set before, at pail.yaml:1"}},
		{"list for a scalar", "addr: [a]\n", nil, nil, []string{"pail.yaml:1: addr: a list; want host:port, such as 127.0.0.1:7990 or :443"}},
		{"mapping in a list", "tls: {acme: {domains: [{a: b}]}}\n", nil, nil, []string{"pail.yaml:1: tls.acme.domains: a list; want host names, separated by commas, or a list"}},
		{"value for a section", "tls: on\n", nil, nil, []string{"pail.yaml:1: tls: a single value; want settings, as key: value"}},
		{"no value", "addr:\n", nil, nil, []string{"pail.yaml:1: addr: no value; want host:port, such as 127.0.0.1:7990 or :443"}},
		{"alias", "git: &g git\ndata: *g\n", nil, nil, []string{
			"pail.yaml:1: git: an anchor, alias or tag; want a path", "pail.yaml:2: data: an anchor, alias or tag; want a path"}},
		{"two documents", "addr: :1\n---\naddr: :2\n", nil, nil, []string{"pail.yaml:3: a second document; want one document"}},
		{"list at the top", "- addr\n", nil, nil, []string{"pail.yaml:1: a list; want settings, as key: value"}},
		{"no YAML", "addr: [\n", nil, nil, []string{"pail.yaml:1: not YAML: sequence end token ']' not found"}},
		{"no file", "", []string{"PAIL_CONFIG=gone.yaml"}, nil, []string{"gone.yaml: cannot read the configuration file: file does not exist"}},
		{"certificate without a key", "tls: {cert: a.pem}\n", nil, nil, []string{"pail.yaml:1: tls.cert: a certificate without a key; set tls.key too"}},
		{"key without a certificate", "", []string{"PAIL_TLS_KEY=a"}, nil, []string{"environment PAIL_TLS_KEY: tls.key: a key without a certificate; set tls.cert too"}},
		{"both sources of certificates", "", []string{"PAIL_TLS_KEY=a", "PAIL_TLS_CERT=a"}, []string{"--tls-acme-domains=a.example"}, []string{
			"flag --tls-acme-domains: tls.acme.domains: certificates come from ACME or from tls.cert and tls.key, not from both"}},
		{"e-mail without domains", "", nil, []string{"--tls-acme-email=a@b"}, []string{"flag --tls-acme-email: tls.acme.email: has no use without tls.acme.domains"}},
		{"plain external URL", "", nil, []string{"--tls-acme-domains=a.example", "--external-url=http://a.example"}, []string{
			"flag --external-url: external_url: begins with http:// but the server speaks TLS; write https://"}},
		{"a provider without a client", "oidc: {issuer: 'https://id.example'}\n", nil, nil, []string{"pail.yaml:1: oidc.issuer: a provider without oidc.client_id"}},
		{"parts of a provider", "oidc:\n  client_secret_file: x\n  create_accounts: true\n", nil, []string{"--oidc-client-id=x"}, []string{
			"flag --oidc-client-id: oidc.client_id: has no use without oidc.issuer",
			"pail.yaml:2: oidc.client_secret_file: has no use without oidc.issuer",
			"pail.yaml:3: oidc.create_accounts: has no use without oidc.issuer"}},
		{"two secrets", "", []string{"PAIL_OIDC_CLIENT_SECRET=hunter2"}, []string{"--oidc-issuer=https://id.example", "--oidc-client-id=x", "--oidc-client-secret-file=y"}, []string{
			"environment PAIL_OIDC_CLIENT_SECRET: oidc.client_secret: the secret comes from here or from oidc.client_secret_file, not from both"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Load(source(t, tc.file, tc.env, tc.args...))
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(tc.want, strings.Split(err.Error(), "\n")); diff != "" {
				t.Error(diff)
			}
			if _, ok := errors.AsType[*Problem](err); !ok {
				t.Error("no *Problem")
			}
		})
	}
}

// TestValues gives every kind of value what it takes, as it is written back, and what it refuses.
func TestValues(t *testing.T) {
	for _, tc := range []struct{ key, text, want string }{ // want "": refused
		{"addr", ":0", ":0"}, {"addr", "localhost:65535", "localhost:65535"}, {"addr", "[::1]:1", "[::1]:1"}, {"addr", "[fe80::1%eth0]:1", "[fe80::1%eth0]:1"},
		{"addr", "", ""}, {"addr", "localhost", ""}, {"addr", ":65536", ""}, {"addr", ":http", ""}, {"addr", "a b:1", ""}, {"addr", "::1:80", ""}, {"addr", "a%b:1", ""},
		{"external_url", "http://localhost:7990", "http://localhost:7990"}, {"external_url", "https://[::1]:1/", "https://[::1]:1"},
		{"external_url", "git.example.org", ""}, {"external_url", "/", ""}, {"external_url", "ftp://x.example", ""}, {"external_url", "https://x.example/git", ""}, {"external_url", "https://x.example?", ""},
		{"external_url", "https://x.example#", ""}, {"external_url", "https://u@x.example", ""}, {"external_url", "https://", ""}, {"external_url", "https://x.example:", ""}, {"external_url", "https://x.example:99999", ""},
		{"data", "/srv/päil dir", "/srv/päil dir"}, {"data", "", ""}, {"data", "a\x00b", ""}, {"data", "a\xffb", ""}, {"data", "a\nb", ""},
		{"database", "sqlite:x.db", "sqlite:x.db"}, {"database", "postgres://u:p@h/d", "postgres://u:p@h/d"}, {"database", "postgresql:///d?host=/run", "postgresql:///d?host=/run"},
		{"database", "sqlite:", ""}, {"database", "mysql://h/d", ""}, {"database", "postgres://u:%zz@h/d", ""}, {"database", "postgres://h/d?password=a;b", ""}, {"database", "postgres://u:MASKED@h/d", ""},
		{"limits.header", "65536", "64KiB"}, {"limits.header", "64 kib", "64KiB"}, {"limits.header", "4097", "4097"}, {"limits.header", "4096B", "4KiB"},
		{"limits.header", "4095", ""}, {"limits.header", "2MiB", ""}, {"limits.header", "64KB", ""}, {"limits.header", "-1", ""}, {"limits.header", "KiB", ""}, {"limits.header", "1.5KiB", ""}, {"limits.header", "64  KiB", ""},
		{"limits.push", "0", "0"}, {"limits.push", "1TiB", "1TiB"}, {"limits.push", "9223372036854775807TiB", ""}, {"limits.push", "16777217TiB", ""}, {"limits.push", "9223372036854775808", ""}, {"limits.push", "0x10", ""},
		{"limits.git_processes", "1", "1"}, {"limits.git_processes", "0", ""}, {"limits.git_processes", "many", ""}, {"limits.git_processes", "4097", ""},
		{"timeouts.idle", "90s", "1m30s"}, {"timeouts.idle", "1.5h", "1h30m0s"}, {"timeouts.idle", "90", ""}, {"timeouts.idle", "0s", ""}, {"timeouts.idle", "-1s", ""},
		{"answers", "bare", "bare"}, {"answers", "Bare", ""}, {"answers", "", ""},
		{"log.format", "json", "json"}, {"log.format", "JSON", ""}, {"log.format", "", ""},
		{"tls.acme.domains", "A.example, b.example", "a.example,b.example"}, {"tls.acme.domains", "a.example,,b.example", ""}, {"tls.acme.domains", "*.example.org", ""},
		{"tls.acme.domains", "10.0.0.1", ""}, {"tls.acme.domains", "localhost", ""}, {"tls.acme.domains", "a.example,a.example", ""}, {"tls.acme.domains", "-a.example", ""},
		{"tls.acme.email", "a@b.example", "a@b.example"}, {"tls.acme.email", "@b", ""}, {"tls.acme.email", "a@", ""}, {"tls.acme.email", "A <a@b>", ""},
		{"tls.acme.directory", "https://ca.example/dir", "https://ca.example/dir"}, {"tls.acme.directory", "http://ca.example", ""}, {"tls.acme.directory", "https://u@ca.example", ""},
		{"app_passwords.until", "on", "on"}, {"app_passwords.until", "off", "off"}, {"app_passwords.until", "2028-02-29", "2028-02-29"},
		{"oidc.issuer", "https://id.example/realms/a", "https://id.example/realms/a"}, {"oidc.issuer", "http://127.0.0.1:9/x", "http://127.0.0.1:9/x"}, {"oidc.issuer", "http://localhost", "http://localhost"},
		{"oidc.issuer", "http://id.example", ""}, {"oidc.issuer", "https://u@id.example", ""}, {"oidc.issuer", "https://id.example?x", ""}, {"oidc.issuer", "https://", ""}, {"oidc.issuer", "id.example", ""},
		{"oidc.client_id", "a b", ""}, {"oidc.client_secret", "MASKED", ""}, {"oidc.client_secret", "a b", "a b"}, {"oidc.name", " ", ""}, {"oidc.name", "Acme ID", "Acme ID"},
		{"oidc.scopes", "openid, api://x/.default", "openid,api://x/.default"}, {"oidc.scopes", "email", ""}, {"oidc.scopes", "", ""}, {"oidc.scopes", "openid,openid", ""}, {"oidc.scopes", `openid,a"b`, ""},
		{"oidc.create_accounts", "true", "true"}, {"oidc.create_accounts", "yes", ""}, {"oidc.create_accounts", "", ""}, {"oidc.allowed_domains", "Acme.example", "acme.example"},
		{"app_passwords.until", "2027-02-29", ""}, {"app_passwords.until", "yes", ""}, {"app_passwords.until", "2027-1-1", ""}, {"app_passwords.until", "0001-01-01", ""}, {"app_passwords.until", "", ""},
	} {
		v := byKey[tc.key].value(new(Config))
		err := v.set(tc.text)
		if (err != nil) != (tc.want == "") || err == nil && v.text() != tc.want {
			t.Errorf("%s = %q: got %q, %v, want %q", tc.key, tc.text, v.text(), err, tc.want)
		}
	}
}

func TestUntil(t *testing.T) {
	for _, tc := range []struct{ text, accepted, refused string }{
		{"on", "9999-12-31T23:59:59Z", ""},
		{"off", "", "1970-01-01T00:00:00Z"},
		{"2026-07-28", "2026-07-28T23:59:59Z", "2026-07-29T00:00:00Z"},
		{"2026-07-28", "2026-07-29T01:59:59+02:00", "2026-07-29T02:00:00+02:00"},
	} {
		c, err := Load(source(t, "", nil, "--app-passwords-until="+tc.text))
		if err != nil {
			t.Fatal(err)
		}
		end := c.AppPasswordsEnd()
		for at, want := range map[string]bool{tc.accepted: true, tc.refused: false} {
			moment, err := time.Parse(time.RFC3339, at)
			if at == "" {
				continue
			}
			if got := end.IsZero() || moment.Before(end); err != nil || got != want {
				t.Errorf("%s at %s: accepted %v, %v", tc.text, at, got, err)
			}
		}
	}
}

// TestPasswordStaysSecret looks for the password in everything that the package writes.
func TestPasswordStaysSecret(t *testing.T) {
	for _, text := range []string{
		"postgres://pail:hunter2@db.example/pail", "postgres://pail:hunter2@/pail?host=/run", "postgresql://db/pail?user=pail&password=hunter2",
		"postgres://db/pail?sslpassword=hunter2&sslkey=k", "postgres://pail:hunter2@db/pail?password=hunter2x",
		"postgress://pail:hunter2@db/pail", "postgres://pail:hunter2%@db/pail", "postgres://db/?password=hunter2;x", "postgres://pail:MASKED@db/pail?password=hunter2",
	} {
		var b strings.Builder
		c, err := Load(source(t, "", []string{"PAIL_DATABASE=" + text}))
		if err != nil {
			b.WriteString(err.Error())
		} else if err := c.Print(&b); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "hunter2") {
			t.Errorf("%s:\n%s", text, &b)
		}
		if err == nil && !strings.Contains(b.String(), masked) {
			t.Errorf("%s: nothing is masked", text)
		}
		if err == nil {
			if _, err := Load(source(t, b.String(), nil)); err == nil || !strings.Contains(err.Error(), "the password is masked") {
				t.Errorf("a masked password was taken: %v", err)
			}
		}
	}
}

func TestClientSecretStaysSecret(t *testing.T) {
	env := []string{"PAIL_OIDC_ISSUER=https://id.example", "PAIL_OIDC_CLIENT_ID=pail", "PAIL_OIDC_CLIENT_SECRET=hunter2"}
	c, err := Load(source(t, "", env))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := c.Print(&b); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "hunter2") || !strings.Contains(b.String(), "client_secret: MASKED # environment PAIL_OIDC_CLIENT_SECRET") || !strings.Contains(b.String(), "scopes: [openid, email, profile] # default") {
		t.Errorf("%s", &b)
	}
	if _, err := Load(source(t, b.String(), nil)); err == nil || !strings.Contains(err.Error(), "the secret is masked") {
		t.Errorf("a masked secret was taken: %v", err)
	}
	if _, err := Load(source(t, "", append(env[:2:2], "PAIL_OIDC_CLIENT_SECRET=hunter2\x01"))); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}

// TestTable holds what the table promises: names are unique, defaults are good, flags are there.
func TestTable(t *testing.T) {
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	Bind(flags)
	seen := map[string]bool{}
	for _, s := range Settings() {
		for _, name := range []string{s.Key, s.Env, s.Flag} {
			if seen[name] && strings.ContainsAny(name, "._") {
				t.Errorf("%s stands for two settings", name)
			}
			seen[name] = true
		}
		if f := flags.Lookup(s.Flag); f == nil || f.Value.Type() != s.Kind || !strings.Contains(f.Usage, s.Env) {
			t.Errorf("%s: flag %+v", s.Key, f)
		}
		if (s.Default != "") && (s.Derived != "") || s.Help == "" || s.Want == "" {
			t.Errorf("%+v", s)
		}
		if notASetting(s.Env) {
			t.Errorf("%s is read by nobody", s.Env)
		}
	}
	if len(byEnv) != len(settings) || len(byKey) != len(settings) {
		t.Error("two settings share a name")
	}
}

// TestRoundTrip draws configurations, prints them and loads them again.
func TestRoundTrip(t *testing.T) {
	name := rapid.StringMatching(`[a-z][a-z0-9-]{0,8}[a-z0-9]\.example`)
	text := rapid.Custom(func(t *rapid.T) string {
		s := rapid.StringN(1, 20, -1).Draw(t, "text")
		if err := (&bound[string]{&requiredPath, new(string)}).set(s); err != nil {
			return "a: b # c"
		}
		return s
	})
	rapid.Check(t, func(t *rapid.T) {
		var c Config
		c.Addr = rapid.SampledFrom([]string{":0", "[::1]:80", "127.0.0.1:7990", "localhost:65535"}).Draw(t, "addr")
		c.ExternalURL = "https://" + name.Draw(t, "host")
		c.Data, c.Git = text.Draw(t, "data"), text.Draw(t, "git")
		c.Database = rapid.SampledFrom([]string{"postgres://u@h/d", "sqlite:" + c.Data}).Draw(t, "database")
		c.TLS.ACME.Cache = text.Draw(t, "cache")
		switch rapid.IntRange(0, 2).Draw(t, "tls") {
		case 1:
			c.TLS.Cert, c.TLS.Key = text.Draw(t, "cert"), text.Draw(t, "key")
		case 2:
			c.TLS.ACME.Domains = rapid.SliceOfNDistinct(name, 1, 4, rapid.ID[string]).Draw(t, "domains")
			c.TLS.ACME.Email = "a@b.example"
		}
		c.Limits = Limits{
			Header: rapid.Int64Range(4<<10, 1<<20).Draw(t, "header"), Body: rapid.Int64Range(1<<10, 1<<40).Draw(t, "body"), Upload: rapid.Int64Range(1<<10, 1<<50).Draw(t, "upload"),
			Push: rapid.Int64Range(0, 1<<50).Draw(t, "push"), GitProcesses: rapid.IntRange(1, 4096).Draw(t, "processes"),
		}
		for _, d := range []*time.Duration{&c.Timeouts.ReadHeader, &c.Timeouts.Idle, &c.Timeouts.Request, &c.Timeouts.Stall, &c.Timeouts.Shutdown} {
			*d = time.Duration(rapid.Int64Range(1, 1<<60).Draw(t, "timeout"))
		}
		c.Answers = rapid.SampledFrom([]string{"explained", "bare"}).Draw(t, "answers")
		c.Workspaces.Create = rapid.SampledFrom([]string{"admins", "everybody"}).Draw(t, "create")
		c.Invitations.Accounts = rapid.SampledFrom([]string{"on", "off"}).Draw(t, "accounts")
		c.Log.Level = rapid.SampledFrom([]string{"debug", "info", "warn", "error"}).Draw(t, "level")
		c.Log.Format = rapid.SampledFrom([]string{"text", "json"}).Draw(t, "format")
		c.Repositories.KeepDeleted = rapid.IntRange(0, 3650).Draw(t, "keep deleted")
		for _, days := range []*int{&c.Pipelines.KeepLogs, &c.Pipelines.KeepArtifacts, &c.Pipelines.KeepCaches} {
			*days = rapid.IntRange(1, 3650).Draw(t, "keep")
		}
		c.Outbound.Allow = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"10.1.0.0/16", "ci.internal", "fd12::/32", "localhost"}), 0, 3, rapid.ID[string]).Draw(t, "outbound")
		if len(c.Outbound.Allow) == 0 {
			c.Outbound.Allow = nil
		}
		c.Metrics.Addr = rapid.SampledFrom([]string{"", ":7991"}).Draw(t, "metrics")
		c.Search.Dir = text.Draw(t, "search")
		c.Secrets.KeyFile = text.Draw(t, "secrets")
		c.Runner = Runner{Steps: rapid.IntRange(1, 64).Draw(t, "steps"), Directory: text.Draw(t, "runner"), Network: rapid.SampledFrom([]string{"own", "engine", "host"}).Draw(t, "network")}
		if rapid.Bool().Draw(t, "runs") {
			c.Runner.Executors = rapid.SampledFrom([][]string{{"docker"}, {"shell", "docker"}}).Draw(t, "executors")
			c.Runner.UUID, c.Runner.ClientID, c.Runner.ClientSecretFile = "{0}", "x", text.Draw(t, "runner's secret")
		}
		c.OIDC.Name, c.OIDC.Scopes = "x"+text.Draw(t, "name"), []string{"openid", "api://x/.default"}
		if rapid.Bool().Draw(t, "oidc") {
			c.OIDC.Issuer, c.OIDC.ClientID, c.OIDC.ClientSecretFile = "https://"+name.Draw(t, "issuer"), "pail", text.Draw(t, "secret file")
			c.OIDC.CreateAccounts = rapid.Bool().Draw(t, "create")
			c.OIDC.AllowedDomains = rapid.SliceOfNDistinct(name, 1, 3, rapid.ID[string]).Draw(t, "allowed")
		}
		c.AppPasswords.Until, _ = parseUntil(rapid.SampledFrom([]string{"on", "off", "2027-01-31"}).Draw(t, "until"))

		var b strings.Builder
		if err := c.Print(&b); err != nil {
			t.Fatal(err)
		}
		got, err := Load(Source{File: "printed.yaml", ReadFile: func(string) ([]byte, error) { return []byte(b.String()), nil }})
		if err != nil {
			t.Fatalf("%v\n%s", err, &b)
		}
		if diff := cmp.Diff(c, got, cmp.AllowUnexported(Until{}), cmpopts.IgnoreFields(Config{}, "origins")); diff != "" {
			t.Fatalf("%s\n%s", diff, &b)
		}
	})
}

func FuzzFile(f *testing.F) {
	for _, s := range []string{"addr: :1\n", "tls: {acme: {domains: [a.example]}}", "tls:\n  cert: |\n    x\n", "a: &b c\nd: *b", "? a\n: b", "---\n---\n", "<<: {addr: x}", "addr: !!str x", "\t", "%YAML 1.2\n---\naddr: x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Load(Source{File: "f.yaml", ReadFile: func(string) ([]byte, error) { return []byte(text), nil }})
		if err != nil {
			return
		}
		var b strings.Builder
		if err := c.Print(&b); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), masked) {
			return
		}
		again, err := Load(Source{File: "g.yaml", ReadFile: func(string) ([]byte, error) { return []byte(b.String()), nil }})
		if err != nil {
			t.Fatalf("%v\n%s", err, &b)
		}
		if diff := cmp.Diff(c, again, cmp.AllowUnexported(Until{}), cmpopts.IgnoreFields(Config{}, "origins")); diff != "" {
			t.Fatal(diff)
		}
	})
}

// FuzzValue reads a text as every kind of value: what is taken is written back as something that means the same.
func FuzzValue(f *testing.F) {
	for _, s := range []string{"64KiB", "1 TiB", "2028-02-29", "off", "1m30s", "postgres://u:p@h/d?password=x", "https://[::1]:7990/", "a.example,b.example", ":7990", "0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for i := range settings {
			v, again := settings[i].value(new(Config)), settings[i].value(new(Config))
			if v.set(text) != nil {
				continue
			}
			if err := again.set(v.text()); err != nil || again.text() != v.text() {
				t.Errorf("%s = %q: written as %q, read as %q, %v", settings[i].key, text, v.text(), again.text(), err)
			}
		}
		_ = nearestKey(text)
		_ = maskDSN(text)
	})
}
