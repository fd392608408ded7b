package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// Config is a complete, checked configuration. Only Load makes one.
type Config struct {
	Addr        string // host:port to listen on
	ExternalURL string // how clients reach the server: http(s)://host[:port], no path, no slash at the end
	Data        string // directory of everything that the server keeps
	Database    string // "sqlite:PATH" or "postgres://…"; may hold a password
	Git         string // the git binary: a path, or a name that PATH finds
	Answers     string // how refusals are told: explained or bare

	TLS          TLS
	SSH          SSH
	Limits       Limits
	Timeouts     Timeouts
	Log          Log
	Metrics      Metrics
	Search       Search
	Secrets      Secrets
	Runner       Runner
	Workspaces   Workspaces
	Invitations  Invitations
	Repositories Repositories
	Pipelines    Pipelines
	Outbound     Outbound
	AppPasswords AppPasswords
	OIDC         OIDC

	origins map[string]origin
}

// TLS says whether the server speaks TLS and where its certificate comes from: two files, or ACME, never both.
type TLS struct {
	Cert string // PEM file, leaf first
	Key  string // PEM file
	ACME ACME
}

// Enabled says whether the main listener speaks TLS.
func (t TLS) Enabled() bool { return t.Cert != "" || len(t.ACME.Domains) > 0 }

// ACME is certificates from an ACME authority, Let's Encrypt's.
type ACME struct {
	Domains   []string // host names to answer for; empty: no ACME
	Email     string   // where the authority may write to
	Cache     string   // directory of account key and certificates
	Directory string   // URL of another authority's directory; "": Let's Encrypt
	HTTPAddr  string   // host:port of a listener for plain HTTP: challenges and redirects; "": none
}

// SSH is Git over SSH.
type SSH struct {
	Listen string // host:port of the listener; "": there is none
	Host   string // in the addresses that clients are shown; "": that of ExternalURL
	Port   int    // in the same addresses
}

// SSHAddress is the host:port that clients reach Git over SSH at, or would if it were on.
func (c Config) SSHAddress() string {
	host := c.SSH.Host
	if u, err := url.Parse(c.ExternalURL); host == "" && err == nil {
		host = u.Hostname()
	}
	return net.JoinHostPort(host, fmt.Sprint(c.SSH.Port))
}

// Limits bound what one request or one server may use.
type Limits struct {
	Header       int64 // bytes of request line and headers
	Body         int64 // bytes of an API request's body; git transfers are not counted
	Upload       int64 // bytes of a body that brings files
	Push         int64 // bytes of one push, 0: no limit
	GitProcesses int   // git processes at the same time
}

// Timeouts bound how long things may take.
type Timeouts struct {
	ReadHeader time.Duration // from the first byte of a request to the end of its headers
	Idle       time.Duration // between two requests on one connection
	Request    time.Duration // from the headers of an API request to the first byte of its answer
	Stall      time.Duration // how long a client may neither send nor take a byte it owes
	Shutdown   time.Duration // how long a stop waits for the requests in flight
}

// Log is what the log shows and how.
type Log struct {
	Level  string // debug, info, warn or error
	Format string // text or json
}

// Search says where the search for code keeps its index.
type Search struct {
	Dir string // a directory that no other process uses
}

// Secrets says where the keys are that the store's secrets are encrypted with.
type Secrets struct {
	KeyFile string // others may not read it
}

// Runner is the runner for pipelines that runs within the server.
type Runner struct {
	Executors        []string // of docker and shell; empty: there is none
	UUID             string
	ClientID         string
	ClientSecretFile string
	Steps            int    // at a time
	Directory        string // in which steps run
	Network          string // own, engine, or one of the engine's
}

// Metrics says where /metrics is served.
type Metrics struct {
	Addr string // host:port of its own listener; equal to Config.Addr: on the main one; "": nowhere
}

// Workspaces says who may make them.
type Workspaces struct {
	Create string // admins or everybody
}

// Invitations says what links into workspaces may do.
type Invitations struct {
	Accounts string // on: make accounts too; or off
}

// Repositories says what becomes of them.
type Repositories struct {
	KeepDeleted int // days for which the files of deleted ones stay
}

// Pipelines says for how many days what their steps leave is kept.
type Pipelines struct {
	KeepLogs      int // and test reports
	KeepArtifacts int
	KeepCaches    int
}

// Outbound says what may be called of what users name.
type Outbound struct {
	Allow []string // networks and host names that may be called though they are not public
}

// AppPasswords says how long app passwords work.
type AppPasswords struct {
	Until Until
}

// OIDC is signing in with an OpenID Connect provider.
type OIDC struct {
	Issuer           string   // URL of the provider; "": nobody signs in this way
	ClientID         string   // this server's name at the provider
	ClientSecret     string   // "": none, or in ClientSecretFile
	ClientSecretFile string   // file with the secret in its first line
	Name             string   // of the provider, on the button
	Scopes           []string // to ask for; openid is among them
	CreateAccounts   bool     // make an account where none has the e-mail
	AllowedDomains   []string // of the e-mail at the first sign-in; empty: all
}

// Until is a last day, always, or never.
type Until struct {
	off  bool
	last time.Time // midnight UTC at the start of the last day; zero: always, unless off
}

// End is the moment from which on app passwords are refused: the midnight (UTC) after the last day, which counts
// whole; the beginning of 1970 for never; the zero time when they always work.
func (u Until) End() time.Time {
	switch {
	case u.off:
		return time.Unix(0, 0).UTC()
	case u.last.IsZero():
		return time.Time{}
	}
	return u.last.AddDate(0, 0, 1)
}

// String is "on", "off" or YYYY-MM-DD.
func (u Until) String() string {
	switch {
	case u.off:
		return "off"
	case u.last.IsZero():
		return "on"
	}
	return u.last.Format(time.DateOnly)
}

// AppPasswordsEnd is the moment from which on app passwords are refused, the zero time for none.
func (c Config) AppPasswordsEnd() time.Time { return c.AppPasswords.Until.End() }

// PushLimit is limits.push in bytes, 0 for no limit.
func (c Config) PushLimit() int64 { return c.Limits.Push }

// BodyLimit is limits.body in bytes.
func (c Config) BodyLimit() int64 { return c.Limits.Body }

// GitProcesses is limits.git_processes.
func (c Config) GitProcesses() int { return c.Limits.GitProcesses }

// WithListener is the configuration for a listener that is already open: when no external URL was configured it is
// derived from the listener's port, which matters for port 0.
func (c Config) WithListener(addr net.Addr) Config {
	if tcp, ok := addr.(*net.TCPAddr); ok && c.origins["external_url"].derived {
		host, _, _ := net.SplitHostPort(c.Addr)
		c.ExternalURL = externalURL(c.TLS, host, fmt.Sprint(tcp.Port))
	}
	return c
}

// WithSSHListener is the configuration for a listener of SSH that is already open, as WithListener is for the main one.
func (c Config) WithSSHListener(addr net.Addr) Config {
	if tcp, ok := addr.(*net.TCPAddr); ok && c.origins["ssh.port"].derived {
		c.SSH.Port = tcp.Port
	}
	return c
}

// Source is where Load looks.
type Source struct {
	Flags    *pflag.FlagSet               // parsed, with the flags of Bind; nil: no flags
	Env      []string                     // "NAME=value", as os.Environ gives it; an empty value counts as not set
	File     string                       // path of the YAML file; "": flag --config, else PAIL_CONFIG, else no file
	ReadFile func(string) ([]byte, error) // nil: os.ReadFile
}

// fileFlag and fileVariable name the file; they are not settings.
const (
	fileFlag     = "config"
	fileVariable = envPrefix + "CONFIG"
)

// Bind adds a flag for every setting to flags, and --config for the file.
func Bind(flags *pflag.FlagSet) {
	flags.String(fileFlag, "", "the YAML `file` to read settings from ("+fileVariable+")")
	for i := range settings {
		s := &settings[i]
		v := s.value(new(Config))
		flags.Var(&rawFlag{text: s.def, kind: v.kind(), list: v.list()}, s.flag(), s.usage())
	}
}

// rawFlag keeps what was typed. It is parsed by Load, so that a bad flag is reported beside all other mistakes.
type rawFlag struct {
	text, kind string
	list, set  bool
}

func (f *rawFlag) String() string { return f.text }
func (f *rawFlag) Type() string   { return f.kind }
func (f *rawFlag) Set(text string) error {
	if f.list && f.set {
		text = f.text + "," + text
	}
	f.text, f.set = text, true
	return nil
}

// origin says where a setting's value came from.
type origin struct {
	where   string // as Print's comment and an error show it
	derived bool   // computed from other settings
}

// Load reads the configuration. The error joins one *Problem for each mistake; what must hold between settings is
// looked at once every value by itself is fine.
func Load(src Source) (Config, error) {
	c := Config{origins: make(map[string]origin, len(settings))}
	var errs []error
	bad := func(p *Problem) { errs = append(errs, p) }
	// take gives one setting a value; the first source that has one wins, but the others are checked all the same.
	take := func(s *setting, where, text string) {
		into := s.value(&c)
		if _, won := c.origins[s.key]; won {
			into = s.value(new(Config))
		} else {
			c.origins[s.key] = origin{where: where}
		}
		if err := into.set(text); err != nil {
			bad(s.problem(where, text, into.want(), err))
		}
	}

	file := src.File
	if src.Flags != nil {
		for i := range settings {
			s := &settings[i]
			if f := src.Flags.Lookup(s.flag()); f != nil && f.Changed {
				take(s, "flag --"+f.Name, f.Value.String())
			}
		}
		if f := src.Flags.Lookup(fileFlag); f != nil && file == "" {
			file = f.Value.String()
		}
	}
	for _, entry := range src.Env {
		name, text, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, envPrefix) || notASetting(name) {
			if name == fileVariable && file == "" {
				file = text
			}
			continue
		}
		s := byEnv[name]
		switch {
		case s == nil:
			bad(&Problem{Where: "environment " + name, What: "no such setting", Nearest: nearestEnv(name)})
		case text != "":
			take(s, "environment "+name, text)
		}
	}
	if file != "" {
		entries, problems := readFile(src, file)
		for _, p := range problems {
			bad(p)
		}
		for _, e := range entries {
			if e.problem != nil {
				c.origins[e.setting.key] = origin{where: e.problem.Where}
				bad(e.problem)
				continue
			}
			take(e.setting, e.where, e.text)
		}
	}
	for _, derived := range []bool{false, true} {
		for i := range settings {
			s := &settings[i]
			if _, set := c.origins[s.key]; set || derived != (s.derive != nil) {
				continue
			}
			text, o := s.def, origin{where: "default"}
			if derived {
				text, o = s.derive(&c), origin{where: "derived from " + s.from, derived: true}
			}
			c.origins[s.key] = o
			if err := s.value(&c).set(text); err != nil && len(errs) == 0 {
				bad(s.problem(o.where, text, s.value(&c).want(), err))
			}
		}
	}
	if len(errs) == 0 {
		for _, p := range c.check() {
			bad(p)
		}
	}
	if len(errs) > 0 {
		return Config{}, errors.Join(errs...)
	}
	return c, nil
}

func readFile(src Source, path string) ([]entry, []*Problem) {
	read := src.ReadFile
	if read == nil {
		read = os.ReadFile
	}
	data, err := read(path)
	if err != nil {
		if pe, ok := errors.AsType[*fs.PathError](err); ok {
			err = pe.Err // the path stands in front already
		}
		return nil, []*Problem{{Where: path, What: "cannot read the configuration file: " + err.Error()}}
	}
	return parseFile(path, data)
}

// Problem is one mistake in the configuration.
type Problem struct {
	Where   string // "flag --addr", "environment PAIL_ADDR" or "FILE:LINE"
	What    string // what is wrong
	Want    string // what was expected; "" when What says it all
	Nearest string // the name that was probably meant; ""
}

// Error is one line.
func (p *Problem) Error() string {
	text := p.Where + ": " + p.What
	if p.Want != "" {
		text += "; want " + p.Want
	}
	if p.Nearest != "" {
		text += "; did you mean " + p.Nearest + "?"
	}
	return text
}
