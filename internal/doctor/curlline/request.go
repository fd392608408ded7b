package curlline

import (
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/reason"
)

// requests makes a case of each address of an operation.
func (p *parser) requests(op *operation) {
	p.meant(op)
	for i := range op.urls {
		if len(p.cases) >= maxRequests {
			p.more = true
			return
		}
		p.cases = append(p.cases, p.request(op, op.urls[i]))
	}
}

// request is one case.
func (p *parser) request(op *operation, address operand) doctor.Case {
	c := doctor.Case{Client: "curl", Method: op.verb(), Globs: !op.globoff, Redirects: op.follow, Trusts: op.trusted}
	c.Notes = append(c.Notes, op.notes...)
	v := &values{reader: p.reader}
	text := op.address(address.text)
	c.URL = v.value(address.arg, text, address.option)
	c.HTTP2 = op.mayBeHTTP2(text)
	removed := p.headers(op, v, &c)
	c.Login = p.login(op, v, text, &c)
	if removed && c.Login != nil {
		c.Notes = append(c.Notes, note(reason.CredentialMissing, doctor.Certain, "-H Authorization", "`-H 'Authorization:'`, with nothing behind the colon, takes the header out that the login would make.",
			"curl leaves out a header that is given without a value.", "Leave this header out, or give it its value."))
		c.Login = nil
	}
	if c.Login == nil && len(c.Header) == 0 {
		p.elsewhere(op, text, &c)
	}
	c.Notes = append(c.Notes, openNotes(v.used)...)
	return c
}

// values makes values, and keeps what they depend on.
type values struct {
	*reader
	used []mark
}

// value is a text that stands in an argument.
func (v *values) value(a arg, text, what string) doctor.Value {
	shown, used := v.resolve(text)
	v.used = append(v.used, used...)
	x := doctor.Value{Text: shown, Place: v.placeOf(a, what), Open: len(used) > 0}
	if x.Source = a.source; a.source != "" && x.Open {
		// A variable may hold what a command gives: then the command is what the value is made with.
		for _, m := range used {
			if m.source != "" && !strings.Contains(x.Source, m.source) {
				x.Source += " with " + m.source
			}
		}
	}
	if x.Source == x.Text {
		x.Source = ""
	}
	return x
}

// verb is the method, "" when a variable decides it.
func (op *operation) verb() string {
	switch {
	case op.method != nil && hasMark(op.method.text):
		return ""
	case op.method != nil && op.method.text != "":
		return op.method.text
	case op.head:
		return "HEAD"
	case op.put:
		return "PUT"
	case op.post && !op.get:
		return "POST"
	}
	return "GET"
}

// address is the address as curl completes it.
func (op *operation) address(text string) string {
	if op.protoDefault != "" && !strings.Contains(text, "://") && !strings.HasPrefix(text, string(markOpen)) {
		text = op.protoDefault + "://" + text
	}
	if op.target != "" {
		if start, end := authority(text); end > start {
			text = text[:end] + op.target
		}
	}
	return text
}

// authority is where user, host and port begin and end.
func authority(text string) (start, end int) {
	if i := strings.Index(text, "://"); i >= 0 {
		start = i + 3
	}
	if i := strings.IndexAny(text[start:], "/?#"); i >= 0 {
		return start, start + i
	}
	return start, len(text)
}

func (op *operation) mayBeHTTP2(text string) bool {
	switch op.http {
	case "http2-prior-knowledge":
		return true
	case "http1.0", "http1.1":
		return false
	}
	return strings.HasPrefix(text, string(markOpen)) || len(text) > 8 && strings.EqualFold(text[:8], "https://")
}

// headers puts the headers into the case, and tells whether one takes Authorization out.
func (p *parser) headers(op *operation, v *values, c *doctor.Case) (removed bool) {
	for _, h := range op.headers {
		name, value, colon := strings.Cut(h.text, ":")
		name = strings.TrimRight(name, " \t")
		what := h.option
		if colon && !hasMark(name) {
			what += " " + clip(name)
		}
		trimmed := strings.TrimLeft(value, " \t\r\n\v\f")
		authorizes := strings.EqualFold(strings.TrimSpace(name), "Authorization")
		switch {
		case hasMark(name):
			// Which header it is, is not known; what people keep in a variable is the credential.
			c.Header = append(c.Header, doctor.Field{Name: "Authorization", Value: v.value(h.arg, h.text, what)})
		case colon && trimmed == "":
			removed = removed || authorizes
		case colon:
			at := v.used
			field := doctor.Field{Name: name, Value: v.value(h.arg, trimmed, what)}
			if !authorizes {
				v.used = at
			}
			c.Header = append(c.Header, field)
		case strings.HasSuffix(strings.TrimRight(h.text, " "), ";"):
			c.Header = append(c.Header, doctor.Field{Name: strings.TrimRight(h.text, "; "), Value: doctor.Value{Place: p.placeOf(h.arg, what)}})
		default:
			c.Notes = append(c.Notes, note(reason.HeaderMalformed, doctor.Certain, p.placeOf(h.arg, what), "A header has no colon after its name.",
				"curl leaves such a header out without a word.", "Write `-H \"Authorization: Basic …\"`, or `-u \"$EMAIL:$TOKEN\"`."))
		}
	}
	return removed
}

// clip is a header's name as it may be repeated.
func clip(name string) string {
	if len(name) > 30 || strings.ContainsAny(name, " \n") {
		return "…"
	}
	return name
}

// login is what curl sends as a login by itself: a bearer token, -u, what stands in the address, .netrc, in this order.
func (p *parser) login(op *operation, v *values, address string, c *doctor.Case) *doctor.Login {
	var l *doctor.Login
	waits := op.other
	switch {
	case op.bearer == nil:
		l = p.basic(op, v, address, c)
	default:
		if l = (&doctor.Login{From: "--oauth2-bearer", Bearer: true, Secret: v.value(op.bearer.arg, op.bearer.text, op.bearer.option)}); op.basic {
			waits = "--basic"
		}
		if op.user != nil {
			c.Notes = append(c.Notes, note(reason.CredentialDuplicate, doctor.Certain, p.placeOf(op.user.arg, op.user.option), "There are --oauth2-bearer and "+op.user.option+".",
				"curl sends the bearer token and leaves the login out.", "Leave one of them out. An API token goes in -u, an access token in --oauth2-bearer."))
		}
	}
	if l == nil || waits == "" {
		return l
	}
	certainty, why := doctor.Certain, "curl waits for an answer that asks for this way, and Bitbucket never asks for it: the login is not sent."
	if op.anyauth || op.bearer != nil {
		certainty, why = doctor.Likely, "With several ways to choose from, curl asks without a login first and waits until the answer names one of them. The API answers anonymous calls, or names none."
	}
	c.Notes = append(c.Notes, note(reason.CredentialMissing, certainty, waits, waits+" is given.", why, "Leave `"+waits+"` out: then the login is sent at once."))
	return l
}

func (p *parser) basic(op *operation, v *values, address string, c *doctor.Case) *doctor.Login {
	if u := op.user; u != nil {
		user, secret, colon := strings.Cut(u.text, ":")
		l := &doctor.Login{From: u.option, User: v.value(u.arg, user, u.option), Secret: v.value(u.arg, secret, u.option)}
		if colon {
			return l
		}
		if l.Secret.Open = true; !l.User.Open {
			c.Notes = append(c.Notes, note(reason.CredentialMissing, doctor.Possible, l.User.Place, u.option+" has no colon: a user without a secret.",
				"curl then asks for the secret at the terminal; in a script nobody answers.", "Write both: `-u \"$EMAIL:$TOKEN\"`."))
		}
		return l
	}
	start, end := authority(address)
	login, host, at := strings.Cut(address[start:end], "@")
	if !at {
		host = login
	}
	host, _, _ = strings.Cut(host, ":")
	required := op.netrc && !op.netrcOptional
	if at && !required {
		if strings.Contains(address[start+len(login)+1:end], "@") || strings.ContainsAny(login, "\"'") {
			return nil // it is not encoded: the address itself is what to look at
		}
		user, secret, _ := strings.Cut(login, ":")
		from := operand{arg: arg{}, option: "the address"}
		l := &doctor.Login{From: "URL", User: v.value(from.arg, decodePercent(user), from.option), Secret: v.value(from.arg, decodePercent(secret), from.option)}
		l.User.Place, l.Secret.Place = c.URL.Place, c.URL.Place
		return l
	}
	if !op.netrc && !op.netrcOptional && op.netrcFile == nil {
		return op.hidden
	}
	file := p.netrcPath(op)
	text, ok := p.file(file)
	shown, _ := p.resolve(file)
	if !ok {
		if file == "" {
			shown = ".netrc"
		}
		c.Notes = append(c.Notes, note(reason.ValueNotEvaluated, doctor.Possible, shownFile(shown), fmt.Sprintf("%s cannot be read here.", shownFile(shown)),
			"curl takes the login from it. What it holds is not known.", "Run the doctor where the file is, and where it may be read."))
		op.hide(".netrc")
		return op.hidden
	}
	user := ""
	if at {
		user, _, _ = strings.Cut(login, ":")
	}
	if l, found := netrcLogin(text, shownFile(shown), host, decodePercent(user)); found {
		return l
	}
	c.Notes = append(c.Notes, note(reason.CredentialMissing, doctor.Certain, shownFile(shown), fmt.Sprintf("%s has no entry for the host, and no default.", shownFile(shown)),
		"The name behind `machine` must be the host of the address, letter by letter, without a scheme and a path.", "Add `machine api.bitbucket.org login EMAIL password TOKEN`."))
	return op.hidden
}

func decodePercent(s string) string {
	if plain, err := url.PathUnescape(s); err == nil {
		return clean(plain)
	}
	return s
}

// netrcPath is the file that curl would read, "" when it is not known.
func (p *parser) netrcPath(op *operation) string {
	if op.netrcFile != nil {
		return op.netrcFile.text
	}
	for _, name := range []string{"HOME", "USERPROFILE"} {
		if home := p.env(name); home != "" {
			return path.Join(strings.ReplaceAll(home, `\`, "/"), ".netrc")
		}
	}
	return ""
}

// elsewhere looks where the login may be that a request without one was to have.
func (p *parser) elsewhere(op *operation, address string, c *doctor.Case) {
	if u := op.proxyTo; u != nil && !op.proxy {
		c.Notes = append(c.Notes, note(reason.CredentialMissing, doctor.Likely, p.placeOf(u.arg, u.option), u.option+" is the login for a proxy, and there is no proxy.",
			"The service never sees it.", "The login for the service is `-u`, with a small letter."))
	}
	home := p.env("HOME")
	if home == "" {
		return
	}
	start, end := authority(address)
	host, _, _ := strings.Cut(address[start:end], ":")
	if text, ok := p.file(path.Join(home, ".netrc")); ok {
		if l, found := netrcLogin(text, "~/.netrc", host, ""); found && l.Secret.Text != "" {
			c.Notes = append(c.Notes, note(reason.CredentialMissing, doctor.Likely, c.URL.Place, "There is a login for this host in "+l.Secret.Place+", and it is not used.",
				"curl reads the file only when it is told to.", "Add `-n` to the command."))
		}
	}
	if _, ok := p.file(path.Join(home, ".curlrc")); ok {
		c.Notes = append(c.Notes, note(reason.ValueNotEvaluated, doctor.Possible, "~/.curlrc", "There is a ~/.curlrc. It is not looked into.",
			"curl reads it before the command line; a login may stand in it.", "Have it read: `curl -K ~/.curlrc …`."))
		op.hide("~/.curlrc")
		c.Login = op.hidden
	}
}
