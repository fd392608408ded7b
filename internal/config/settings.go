package config

import (
	"fmt"
	"net"
	"path/filepath"
	"runtime"
	"strings"
)

const envPrefix = "PAIL_"

// setting is one line of the table. Its variable and its flag are its key in other letters.
type setting struct {
	key    string
	def    string               // the default as text
	from   string               // what derive looks at
	derive func(*Config) string // the default that depends on other settings, instead of def
	secret bool                 // the value may hold a password and is never shown in an error
	mask   func(string) string  // a secret value without what is secret in it
	value  func(*Config) value
	help   string
}

// settings is every setting there is, in the order of Print; those of one section stand together. A default is derived
// only from settings whose own default is not.
var settings = []setting{
	{key: "addr", def: "127.0.0.1:7990", value: at(address, func(c *Config) *string { return &c.Addr }),
		help: "address to listen on"},
	{key: "external_url", from: "addr and tls", derive: deriveExternalURL,
		value: at(baseURL, func(c *Config) *string { return &c.ExternalURL }),
		help:  "how clients reach the server; links in answers begin with it"},
	{key: "data", def: "pail-data", value: at(requiredPath, func(c *Config) *string { return &c.Data }),
		help: "directory for repositories, the SQLite file and certificates"},
	{key: "database", from: "data", derive: func(c *Config) string { return "sqlite:" + filepath.Join(c.Data, "pail.db") },
		value: at(dsn, func(c *Config) *string { return &c.Database }), secret: true, mask: maskDSN,
		help: "sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME"},
	{key: "git", def: "git", value: at(requiredPath, func(c *Config) *string { return &c.Git }),
		help: "the git binary"},
	{key: "answers", def: "explained", value: at(oneOf("explained", "bare"), func(c *Config) *string { return &c.Answers }),
		help: "how the API and git tell a refusal: explained, or bare as Bitbucket Cloud does, to try out tools; Pail's own API under /pail/v1 and its pages always explain"},
	{key: "tls.cert", value: at(path, func(c *Config) *string { return &c.TLS.Cert }),
		help: "certificate chain (PEM); read again when it changes"},
	{key: "tls.key", value: at(path, func(c *Config) *string { return &c.TLS.Key }),
		help: "private key of tls.cert (PEM)"},
	{key: "tls.acme.domains", value: at(domains, func(c *Config) *[]string { return &c.TLS.ACME.Domains }),
		help: "host names to get certificates for from Let's Encrypt, instead of tls.cert; the server must be reachable on port 443, or on 80 with tls.acme.http_addr"},
	{key: "tls.acme.email", value: at(email, func(c *Config) *string { return &c.TLS.ACME.Email }),
		help: "where Let's Encrypt may write to about a certificate"},
	{key: "tls.acme.cache", from: "data", derive: func(c *Config) string { return filepath.Join(c.Data, "acme") },
		value: at(requiredPath, func(c *Config) *string { return &c.TLS.ACME.Cache }),
		help:  "directory for the certificates from Let's Encrypt"},
	{key: "tls.acme.directory", value: at(directoryURL, func(c *Config) *string { return &c.TLS.ACME.Directory }),
		help: "URL of another ACME authority's directory"},
	{key: "tls.acme.http_addr", value: at(optionalAddress, func(c *Config) *string { return &c.TLS.ACME.HTTPAddr }),
		help: "address of a listener for plain HTTP, such as :80: ACME challenges, and redirects to external_url"},
	{key: "ssh.listen", value: at(optionalAddress, func(c *Config) *string { return &c.SSH.Listen }),
		help: "address to listen on for Git over SSH, such as :22 or :2222; empty for none"},
	{key: "ssh.host", value: at(hostName, func(c *Config) *string { return &c.SSH.Host }),
		help: "host name in the addresses for Git over SSH that people and programs are shown; empty for that of external_url"},
	{key: "ssh.port", from: "ssh.listen", derive: deriveSSHPort, value: at(count(0, 65535), func(c *Config) *int { return &c.SSH.Port }),
		help: "port in these addresses, where it is not the one that is listened on: in front of a container, say"},
	{key: "limits.header", def: "64KiB", value: at(size(4<<10, 1<<20), func(c *Config) *int64 { return &c.Limits.Header }),
		help: "largest request line and headers together"},
	{key: "limits.body", def: "16MiB", value: at(size(1<<10, 1<<40), func(c *Config) *int64 { return &c.Limits.Body }),
		help: "largest body of an API request; git transfers and uploads do not count"},
	{key: "limits.upload", def: "1GiB", value: at(size(1<<10, 1<<50), func(c *Config) *int64 { return &c.Limits.Upload }),
		help: "largest body that brings files: a commit made over the API, and downloads"},
	{key: "limits.push", def: "0", value: at(size(0, 1<<50), func(c *Config) *int64 { return &c.Limits.Push }),
		help: "largest push, 0 for no limit"},
	{key: "limits.git_processes", from: "the number of CPUs",
		derive: func(*Config) string { return fmt.Sprint(max(4, 2*runtime.GOMAXPROCS(0))) },
		value:  at(count(1, 4096), func(c *Config) *int { return &c.Limits.GitProcesses }),
		help:   "git processes at the same time"},
	{key: "timeouts.read_header", def: "10s", value: at(duration, timeout(func(t *Timeouts) *Duration { return &t.ReadHeader })),
		help: "longest time for a request's headers to arrive"},
	{key: "timeouts.idle", def: "2m", value: at(duration, timeout(func(t *Timeouts) *Duration { return &t.Idle })),
		help: "how long a connection may wait for its next request"},
	{key: "timeouts.request", def: "1m", value: at(duration, timeout(func(t *Timeouts) *Duration { return &t.Request })),
		help: "longest time until the answer to an API request begins"},
	{key: "timeouts.stall", def: "2m", value: at(duration, timeout(func(t *Timeouts) *Duration { return &t.Stall })),
		help: "how long a client may send or take nothing in the middle of a transfer, git included"},
	{key: "timeouts.shutdown", def: "30s", value: at(duration, timeout(func(t *Timeouts) *Duration { return &t.Shutdown })),
		help: "how long a stop waits for requests in flight"},
	{key: "log.level", def: "info", value: at(oneOf("debug", "info", "warn", "error"), func(c *Config) *string { return &c.Log.Level }),
		help: "least level to log"},
	{key: "log.format", def: "text", value: at(oneOf("text", "json"), func(c *Config) *string { return &c.Log.Format }),
		help: "form of the log"},
	{key: "metrics.addr", value: at(optionalAddress, func(c *Config) *string { return &c.Metrics.Addr }),
		help: "address of a listener of its own for /metrics; the same as addr to serve it there, to everyone; empty to serve it there to this machine alone"},
	{key: "search.dir", from: "data", derive: func(c *Config) string { return filepath.Join(c.Data, "search") },
		value: at(requiredPath, func(c *Config) *string { return &c.Search.Dir }),
		help:  "directory for the index of the search for code; nodes that share data have one each"},
	{key: "secrets.key_file", from: "data", derive: func(c *Config) string { return filepath.Join(c.Data, "secrets.key") },
		value: at(requiredPath, func(c *Config) *string { return &c.Secrets.KeyFile }),
		help:  "file with the keys that secured variables are encrypted with, the newest first; made where it is missing; nodes that share a database need the same"},
	{key: "runner.executors", value: at(executors, func(c *Config) *[]string { return &c.Runner.Executors }),
		help: "run a runner for pipelines within the server, with these executors: docker, shell or both, separated by commas; empty for none; shell runs whatever the runner's workspace pushes as the server's own user"},
	{key: "runner.uuid", value: at(word, func(c *Config) *string { return &c.Runner.UUID }),
		help: "UUID of that runner, which the workspace or the repository has registered"},
	{key: "runner.client_id", value: at(word, func(c *Config) *string { return &c.Runner.ClientID }),
		help: "id of that runner's OAuth client"},
	{key: "runner.client_secret_file", value: at(path, func(c *Config) *string { return &c.Runner.ClientSecretFile }),
		help: "file with the secret of that client in its first line"},
	{key: "runner.steps", def: "1", value: at(count(1, 64), func(c *Config) *int { return &c.Runner.Steps }),
		help: "steps that this runner runs at a time"},
	{key: "runner.directory", from: "data", derive: func(c *Config) string { return filepath.Join(c.Data, "runner") },
		value: at(requiredPath, func(c *Config) *string { return &c.Runner.Directory }),
		help:  "directory in which this runner's steps run"},
	{key: "runner.network", def: "own", value: at(word, func(c *Config) *string { return &c.Runner.Network }),
		help: "what this runner's containers are connected to: own, a network for each step; engine, what the engine does by itself; or a network or mode of the engine"},
	{key: "workspaces.create", def: "admins", value: at(oneOf("admins", "everybody"), func(c *Config) *string { return &c.Workspaces.Create }),
		help: "who may make workspaces on the web: those who administer the server, or everybody with an account"},
	{key: "invitations.accounts", def: "on", value: at(oneOf("on", "off"), func(c *Config) *string { return &c.Invitations.Accounts }),
		help: "whether somebody who is invited to a workspace and has no account may make one"},
	{key: "repositories.keep_deleted", def: "7", value: at(count(0, 3650), func(c *Config) *int { return &c.Repositories.KeepDeleted }),
		help: "days for which the files of a deleted repository stay on disk, in repositories/trash below data; 0 for not at all"},
	{key: "pipelines.keep_logs", def: "180", value: at(count(1, 3650), func(c *Config) *int { return &c.Pipelines.KeepLogs }),
		help: "days for which the logs and test reports of steps are kept"},
	{key: "pipelines.keep_artifacts", def: "14", value: at(count(1, 3650), func(c *Config) *int { return &c.Pipelines.KeepArtifacts }),
		help: "days for which the artifacts of steps are kept"},
	{key: "pipelines.keep_caches", def: "7", value: at(count(1, 3650), func(c *Config) *int { return &c.Pipelines.KeepCaches }),
		help: "days for which a cache of pipelines is kept before it is filled anew"},
	{key: "outbound.allow", value: at(reachable, func(c *Config) *[]string { return &c.Outbound.Allow }),
		help: "networks and host names that webhooks may be sent to though their addresses are not public; empty for none"},
	{key: "app_passwords.until", def: "on", value: at(until, func(c *Config) *Until { return &c.AppPasswords.Until }),
		help: "last day (UTC) on which app passwords work, or on, or off"},
	{key: "oidc.issuer", value: at(issuer, func(c *Config) *string { return &c.OIDC.Issuer }),
		help: "URL of an OpenID Connect provider that people may sign in with; the redirect address to enter there is external_url with /signin/oidc/callback"},
	{key: "oidc.client_id", value: at(word, func(c *Config) *string { return &c.OIDC.ClientID }),
		help: "this server's client id at the provider"},
	{key: "oidc.client_secret", value: at(secretText, func(c *Config) *string { return &c.OIDC.ClientSecret }), secret: true, mask: maskText,
		help: "this server's client secret at the provider; better in oidc.client_secret_file"},
	{key: "oidc.client_secret_file", value: at(path, func(c *Config) *string { return &c.OIDC.ClientSecretFile }),
		help: "file with the client secret in its first line"},
	{key: "oidc.name", def: "single sign-on", value: at(label, func(c *Config) *string { return &c.OIDC.Name }),
		help: "the provider's name on the button: Sign in with ..."},
	{key: "oidc.scopes", def: "openid,email,profile", value: at(oidcScopes, func(c *Config) *[]string { return &c.OIDC.Scopes }),
		help: "what to ask the provider for"},
	{key: "oidc.create_accounts", def: "false", value: at(yesNo, func(c *Config) *bool { return &c.OIDC.CreateAccounts }),
		help: "make an account at the first sign-in of somebody whose verified e-mail no account has"},
	{key: "oidc.allowed_domains", value: at(domains, func(c *Config) *[]string { return &c.OIDC.AllowedDomains }),
		help: "domains of the e-mails that may be linked to an account, or get one; empty for all"},
}

func timeout(field func(*Timeouts) *Duration) func(*Config) *Duration {
	return func(c *Config) *Duration { return field(&c.Timeouts) }
}

var byKey, byEnv = index()

func index() (keys, envs map[string]*setting) {
	keys, envs = map[string]*setting{}, map[string]*setting{}
	for i := range settings {
		s := &settings[i]
		keys[s.key], envs[s.env()] = s, s
	}
	return keys, envs
}

func (s *setting) env() string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(s.key, ".", "_"))
}

func (s *setting) flag() string {
	return strings.NewReplacer(".", "-", "_", "-").Replace(s.key)
}

// usage is the flag's help. Package flag adds the default by itself when there is one.
func (s *setting) usage() string {
	text := s.help
	if s.from != "" {
		text += "; when not set derived from " + s.from
	}
	return text + " (" + s.env() + ")"
}

// problem is a value that could not be read.
func (s *setting) problem(where, text, want string, err error) *Problem {
	what := fmt.Sprintf("%s: %q: %v", s.key, shortened(text), err)
	if s.secret {
		what = fmt.Sprintf("%s: %v", s.key, err)
	}
	return &Problem{Where: where, What: what, Want: want}
}

// shortened keeps an error readable, whatever was pasted.
func shortened(text string) string {
	const most = 80
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// notASetting says whether a PAIL_* variable belongs to somebody else: the file's path, what stands for a login of
// whoever runs the command, and what tests look at.
func notASetting(name string) bool {
	switch name {
	case fileVariable, "PAIL_CONFIG_DIR", "PAIL_PROFILE", "PAIL_TOKEN", "PAIL_EMAIL", "PAIL_USERNAME", "PAIL_API_URL", "PAIL_API_FACTS", "PAIL_URL":
		return true
	}
	return strings.HasPrefix(name, "PAIL_TEST_")
}

// Setting is one setting as help and documentation show it.
type Setting struct {
	Key     string // in the file, nested at the dots
	Env     string
	Flag    string // without --
	Kind    string // "host:port", "size", …
	Want    string // what a value looks like
	Default string // "" when there is none or it is derived
	Derived string // what the default is derived from, ""
	Help    string
}

// Settings lists every setting, in the order of Print.
func Settings() []Setting {
	list := make([]Setting, len(settings))
	for i := range settings {
		s := &settings[i]
		v := s.value(new(Config))
		list[i] = Setting{Key: s.key, Env: s.env(), Flag: s.flag(), Kind: v.kind(), Want: v.want(), Default: s.def, Derived: s.from, Help: s.help}
	}
	return list
}

// deriveSSHPort is the port that is listened on, and that of SSH where none is.
func deriveSSHPort(c *Config) string {
	if _, port, err := net.SplitHostPort(c.SSH.Listen); err == nil {
		return port
	}
	return "22"
}

func deriveExternalURL(c *Config) string {
	host, port, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return "" // addr is wrong and is reported as such
	}
	return externalURL(c.TLS, host, port)
}

// externalURL is how the server is reached as far as it can know: by its first ACME domain, else by the host it
// listens on, else, when it listens on all of them, as localhost.
func externalURL(t TLS, host, port string) string {
	scheme, usual := "http", "80"
	if t.Enabled() {
		scheme, usual = "https", "443"
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	if len(t.ACME.Domains) > 0 {
		host = t.ACME.Domains[0]
	}
	if port != usual {
		return scheme + "://" + net.JoinHostPort(host, port)
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return scheme + "://" + host
}
