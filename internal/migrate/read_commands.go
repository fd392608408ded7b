package migrate

import (
	"regexp"
	"strings"

	"github.com/pailforge/pail/internal/doctor"
)

// command is a command line of curl or a client like it.
type command struct {
	client  string
	at      int
	end     int
	method  string
	target  *word
	login   *word // -u
	headers []word
	option  map[*word]word // the option's own word, by its value
	words   []word
	netrc   bool
}

var clients = regexp.MustCompile(`(?m)(?:^|[^\w./-])((?:/usr/bin/|/bin/)?(curl|wget|https?))(?:\.exe)?[ \t\\]`)

// commands reads the command lines of HTTP clients that talk to the service.
func (r *reader) commands() {
	if !strings.Contains(r.text, "curl") && !strings.Contains(r.text, "wget") && !strings.Contains(r.text, "http ") && !strings.Contains(r.text, "https ") {
		return
	}
	behind := 0 // the last command
	for _, m := range clients.FindAllStringSubmatchIndex(r.text, maxCommands) {
		at := m[2]
		if at < behind || r.claimed(at) || r.commented(at) {
			continue
		}
		c := r.command(r.text[m[4]:m[5]], at, m[3])
		behind = c.end
		if c.target != nil {
			r.judgeCommand(c)
		}
	}
}

// pipelinesProxy is the proxy of Bitbucket Pipelines that adds a credential by itself.
const pipelinesProxy = ":29418"

// maxCommands is how many command lines of one file are looked at.
const maxCommands = 2000

const takesValue = "AbcCdDeEFHhKmoPQrtTuUwxXyYz" // curl's short options with a value

var longTakesValue = map[string]bool{
	"user": true, "header": true, "request": true, "url": true, "data": true, "data-raw": true, "data-binary": true, "data-urlencode": true,
	"data-ascii": true, "form": true, "form-string": true, "json": true, "output": true, "user-agent": true, "proxy": true, "proxy-user": true,
	"oauth2-bearer": true, "max-time": true, "connect-timeout": true, "retry": true, "retry-delay": true, "retry-max-time": true, "config": true,
	"netrc-file": true, "cookie": true, "cookie-jar": true, "cacert": true, "cert": true, "key": true, "write-out": true, "upload-file": true,
	"range": true, "referer": true, "resolve": true, "interface": true, "noproxy": true, "dump-header": true, "limit-rate": true,
	"auth": true, "auth-type": true, "http-user": true, "http-password": true, "password": true, "method": true, "post-data": true,
	"body-data": true, "post-file": true, "output-document": true, "directory-prefix": true, "url-query": true,
}

// command reads a command line; its target is nil when it does not go to the service.
func (r *reader) command(client string, at, rest int) *command {
	c := &command{client: client, at: at, end: rest, words: r.words(rest), option: map[*word]word{}}
	if len(c.words) > 0 {
		c.end = c.words[len(c.words)-1].end
	}
	var pass *word
	sends := false
	for i := 0; i < len(c.words); i++ {
		w := &c.words[i]
		name, v := "", (*word)(nil)
		switch {
		case strings.HasPrefix(w.text, "--") && len(w.text) > 2:
			var inline string
			var has bool
			name, inline, has = strings.Cut(w.text[2:], "=")
			if has {
				v = &word{text: inline, at: w.at + len(w.text) - len(inline), start: w.start, end: w.end}
			} else if longTakesValue[name] && i+1 < len(c.words) {
				i++
				v = &c.words[i]
			}
		case strings.HasPrefix(w.text, "-") && len(w.text) > 1 && client != "wget":
			at := strings.IndexAny(w.text[1:], takesValue)
			switch {
			case client != "curl" && w.text != "-a" && w.text != "-A":
			case at < 0:
				name = w.text[1:]
			case at+2 < len(w.text):
				name, v = w.text[at+1:at+2], &word{text: w.text[at+2:], at: w.at + at + 2, start: w.start, end: w.end}
			case i+1 < len(c.words):
				i++
				name, v = w.text[at+1:at+2], &c.words[i]
			}
			if client != "curl" && w.text == "-a" && i+1 < len(c.words) {
				i++
				name, v = "u", &c.words[i]
			}
			c.netrc = c.netrc || at < 0 && strings.Contains(name, "n")
		default:
			if client == "http" || client == "https" {
				switch w.text {
				case "GET", "POST", "PUT", "DELETE":
					c.method = w.text
					continue
				}
			}
			if c.target == nil && (strings.Contains(w.text, cloud) || c.target == nil && r.resolves(w.text)) {
				c.target = w
			}
			continue
		}
		if v != nil {
			c.option[v] = *w
		}
		switch name {
		case "u", "user", "auth":
			c.login = v
		case "http-user":
			c.login = v
		case "http-password", "password":
			pass = v
		case "H", "header":
			if v != nil {
				c.headers = append(c.headers, *v)
			}
		case "X", "request", "method":
			if v != nil {
				c.method = strings.ToUpper(v.text)
			}
		case "url":
			c.target = v
		case "d", "data", "data-raw", "data-binary", "data-urlencode", "data-ascii", "F", "form", "json", "post-data", "post-file", "body-data":
			sends = true
		case "T", "upload-file":
			c.method = "PUT"
		case "G", "get":
			c.method = "GET"
		case "netrc":
			c.netrc = true
		}
	}
	if c.target == nil || !strings.Contains(c.target.text, cloud) && !r.resolves(c.target.text) || strings.Contains(r.text[at:c.end], pipelinesProxy) {
		c.target = nil
		return c
	}
	if c.login != nil && pass != nil {
		joined := *c.login
		joined.text += ":" + pass.text
		c.login = &joined
	}
	if c.method == "" {
		c.method = "GET"
		if sends {
			c.method = "POST"
		}
	}
	return c
}

var leadingVariable = regexp.MustCompile(`^\$\{?([A-Za-z_]\w*)\}?`)

// resolves tells whether a word begins with a variable that the file gives an address of the service.
func (r *reader) resolves(text string) bool { return r.resolve(text).known() }

// resolve is the address of a word of a command: its own, or one that begins with a variable set in the same file.
func (r *reader) resolve(text string) address {
	if strings.Contains(text, cloud) {
		return addressIn(text, 0)
	}
	m := leadingVariable.FindStringSubmatch(text)
	if m == nil || !strings.Contains(r.text, m[1]+"=") && !strings.Contains(r.text, m[1]+":") && !strings.Contains(r.text, m[1]+" ") {
		return address{}
	}
	set, err := regexp.Compile(`(?m)^[ \t-]*(?:export |readonly |local |ENV |ARG )*` + m[1] + `[ \t]*[:?]?[=:][ \t]*["']?(https?://[^\s"']+)`)
	if err != nil {
		return address{}
	}
	if base := set.FindStringSubmatch(r.text); base != nil && strings.Contains(base[1], cloud) {
		return addressIn(base[1]+text[len(m[0]):], 0)
	}
	return address{}
}

// judgeCommand makes the uses of a command that talks to the service.
func (r *reader) judgeCommand(c *command) {
	a := r.resolve(c.target.text)
	if !a.known() {
		return
	}
	a.at = c.target.at
	u := use{where: c.client, tool: c.client, method: c.method, address: a, surface: a.surface(), at: c.target.at}
	whole := span{c.target.start, c.target.end}
	sent, header := false, ""
	if user, secret, ok := loginIn(c.target.text, c.target.at); ok {
		u.what, u.user, u.secret, u.inURL, u.at = useLogin, user, secret, true, user.at
		if user.form == absent {
			u.at = c.target.at
		}
		sent = true
		r.add(u, whole)
	}
	if c.login != nil {
		u := u
		u.what, u.inURL, u.at = useLogin, false, c.login.at
		u.user, u.secret = splitLogin(c.login.text, c.login.at)
		u.asIs = c.login.single && r.kind == kindShell
		sent = true
		r.add(u, span{c.login.start, c.login.end}, whole)
	}
	for i := range c.headers {
		h := &c.headers[i]
		name, rest, _ := strings.Cut(h.text, ":")
		if !strings.EqualFold(strings.TrimSpace(name), "authorization") {
			continue
		}
		sent = true
		u := u
		u.at, u.inURL, u.header = h.at, false, strings.TrimSpace(rest)
		scheme, text, _ := strings.Cut(u.header, " ")
		text = strings.TrimSpace(text)
		u.secret = valueOf(text, h.at+max(0, strings.LastIndex(h.text, text)))
		u.user = value{}
		if strings.EqualFold(scheme, "bearer") {
			u.what = useBearer
			u.edits = r.bearerEdit(c, h, u.secret)
			r.add(u, span{h.start, h.end}, whole)
			continue
		}
		// What stands behind Basic is judged where it is encoded.
		if inner := pipedLogin.FindStringSubmatchIndex(text); inner != nil {
			at := u.secret.at + inner[2]
			u.user, u.secret = splitLogin(text[inner[2]:inner[3]], at)
			u.what = useLogin
			r.add(u, whole)
			continue
		}
		header, sent = u.header, false // what is sent is not known: the call itself is the case
	}
	u.header = header
	u.what, u.beside, u.user, u.secret, u.inURL, u.at = useCall, sent, value{}, value{}, false, c.target.at
	r.add(u, whole)
}

// loginIn is the login in front of the host of an address.
func loginIn(text string, at int) (user, secret value, ok bool) {
	for from := 0; ; {
		n := strings.Index(text[from:], cloud)
		if n < 0 {
			return value{}, value{}, false
		}
		start, good := hostAt(text, from+n)
		from += n + len(cloud)
		if !good || start == 0 || text[start-1] != '@' {
			continue
		}
		begin := strings.LastIndex(text[:start-1], "://")
		if begin < 0 || start-begin > 600 {
			continue
		}
		info := text[begin+3 : start-1]
		scheme := text[:begin]
		scheme = scheme[strings.LastIndexFunc(scheme, notScheme)+1:]
		if !strings.HasSuffix(scheme, "http") && !strings.HasSuffix(scheme, "https") || strings.ContainsAny(info, "\n\r") {
			continue
		}
		user, secret = splitLogin(info, at+begin+3)
		return user, secret, true
	}
}

// splitLogin splits "user:secret" at the first colon that is not inside of a reference.
func splitLogin(text string, at int) (user, secret value) {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case ':':
			return valueOf(text[:i], at), valueOf(text[i+1:], at+i+1)
		case '$', '{', '<':
			n := nested(text[i:])
			if text[i] == '{' && n == 1 {
				if end := strings.IndexByte(text[i:], '}'); end > 0 {
					n = end + 1
				}
			}
			if text[i] == '$' && strings.HasPrefix(text[i:], "$env:") {
				n = len("$env:")
			}
			i += n - 1
		}
	}
	return valueOf(text, at), value{at: at + len(text)}
}

// bearerEdit turns a header with an API token into --user, where that is sure to mean the same: the whole argument
// stands in double quotation marks, the secret is an API token, and the file knows exactly one variable for the e-mail.
func (r *reader) bearerEdit(c *command, h *word, secret value) []edit {
	option, ok := c.option[h]
	if !ok {
		for v, o := range c.option {
			if v.start == h.start && v.text == h.text {
				option, ok = o, true
			}
		}
	}
	email := r.emailVariable()
	if !ok || !h.double || c.client != "curl" || c.login != nil || email == "" || !isAPIToken(secret) || r.kind == kindGroovy || r.kind == kindObjects ||
		c.method == "" || option.text != "-H" && option.text != "--header" || strings.ContainsAny(secret.text, "\"\\ ") {
		return nil
	}
	return []edit{{option.start, h.end, `--user "$` + email + ":" + secret.text + `"`}}
}

func isAPIToken(secret value) bool {
	switch secret.form {
	case literal:
		return strings.HasPrefix(secret.text, "ATATT3") || strings.HasPrefix(secret.text, "ATATP1")
	case reference:
		return simpleVariable.MatchString(secret.text) && names.apiToken.MatchString(secret.text) && !names.accessToken.MatchString(secret.text)
	}
	return false
}

var (
	simpleVariable = regexp.MustCompile(`^\$\{?[A-Za-z_]\w*\}?$`)
	emailVariables = regexp.MustCompile(`(?:\$\{?|(?m:^)[ \t-]*(?:export )?)([A-Z][A-Z0-9_]*EMAIL[A-Z0-9_]*|EMAIL)\b`)
	pipedLogin     = regexp.MustCompile(`(?:echo(?: -n)?|printf(?: ['"]?%s['"]?)?)\s+["']?([^"'|]+:[^"'|]+?)["']?\s*\|`)
)

// emailVariable is the one variable of the file that holds an e-mail address, "" when there is none or more than one.
func (r *reader) emailVariable() string {
	found := ""
	for _, m := range emailVariables.FindAllStringSubmatch(r.text, -1) {
		if found != "" && found != m[1] {
			return ""
		}
		found = m[1]
	}
	return found
}

func (u use) restOrGit() bool {
	return u.surface == doctor.SurfaceREST || u.surface == doctor.SurfaceGit
}
