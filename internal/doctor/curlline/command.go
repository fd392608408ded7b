package curlline

import (
	"fmt"
	"path"
	"strings"
	"unicode"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/token"
)

// operation is what curl's options up to --next say. Each of its addresses is a request of its own.
type operation struct {
	urls    []operand
	headers []operand
	user    *operand
	bearer  *operand
	proxyTo *operand // --proxy-user
	proxy   bool
	method  *operand

	head, get, post, put     bool
	globoff, follow, trusted bool
	basic, anyauth           bool
	other                    string // another way to authenticate: "--digest"
	netrc, netrcOptional     bool
	netrcFile                *operand
	http                     string // the option that chooses a version
	protoDefault, target     string
	hidden                   *doctor.Login // what a file may hold that could not be read

	notes []doctor.Finding
}

// operand is a value of an option, with how the option was written: "-u", "--user".
type operand struct {
	arg
	option string
}

// parser goes through the arguments of one curl command.
type parser struct {
	*reader
	ops   []*operation
	stdin *string
	// variables are curl's own, of --variable.
	variables map[string]string
	depth     int
}

func (p *parser) op() *operation { return p.ops[len(p.ops)-1] }

// curl reads the arguments of one curl command and adds its requests to the cases.
func (r *reader) curl(args []arg, stdin *string) {
	first := len(r.cases)
	p := &parser{reader: r, stdin: stdin, ops: []*operation{{}}, variables: map[string]string{}}
	p.arguments(args)
	for _, op := range p.ops {
		p.requests(op)
	}
	r.last = &call{args: args, stdin: stdin, first: first}
}

// arguments goes through words as curl does.
func (p *parser) arguments(args []arg) {
	options := true
	for i := 0; i < len(args); i++ {
		a := args[i]
		if !options || !strings.HasPrefix(a.text, "-") {
			p.op().urls = append(p.op().urls, operand{a, "the address"})
			continue
		}
		var next *arg
		if i+1 < len(args) {
			next = &args[i+1]
		}
		switch {
		case a.text == "--":
			options = false
		case strings.HasPrefix(a.text, "--"):
			if p.long(a, a.text[2:], next) {
				i++
			}
		default:
			if p.short(a, next) {
				i++
			}
		}
	}
}

// long reads --NAME, and tells whether it took the next word.
func (p *parser) long(a arg, name string, next *arg) bool {
	shown := "--" + name
	o := longOption(name)
	if before, value, found := strings.Cut(name, "="); found && o.kind == unknown {
		shown = "--" + before
		if o = longOption(before); o.kind == valued {
			p.note(a, shown, doctor.Likely, shownOption(shown)+"=… has its value behind an equals sign.", "curl takes that since version 8.16 only; before, it ends with \"option is unknown\" and sends nothing.",
				fmt.Sprintf("Write a blank: `%s VALUE`.", shownOption(shown)))
			a.text = value
			p.apply(o, operand{a, shown})
			return false
		}
	}
	if o.kind == unknown {
		p.unknown(a, shown)
		return false
	}
	if o.shortened {
		p.note(a, shown, doctor.Possible, shownOption(shown)+" is short for --"+o.name+", or in other letters.", "curl before version 8.6 takes that; since then it ends with \"option is unknown\" and sends nothing.",
			fmt.Sprintf("Write `--%s`.", o.name))
	}
	if o.kind != valued {
		p.apply(o, operand{a, shown})
		return false
	}
	if next == nil {
		p.missing(a, shown)
		return false
	}
	p.apply(o, operand{*next, shown})
	return true
}

// short reads a group of letters such as -sSu, and tells whether it took the next word.
func (p *parser) short(a arg, next *arg) bool {
	text := a.text[1:]
	if text == "" {
		p.unknown(a, "-")
		return false
	}
	for i := range len(text) {
		o, shown := shortOption(text[i]), "-"+text[i:i+1]
		switch {
		case o.kind == unknown:
			if hasMark(text[i:]) || text[i] >= 0x80 {
				shown = "-…"
			}
			p.unknown(a, shown)
			return false // what follows cannot be told apart from a value
		case o.kind != valued && o.name != "help":
			p.apply(o, operand{a, shown})
			continue
		case i+1 < len(text):
			a.text = text[i+1:]
			p.apply(o, operand{a, shown})
			return false
		case next == nil:
			if o.name == "help" {
				p.apply(o, operand{arg{}, shown})
			} else {
				p.missing(a, shown)
			}
			return false
		}
		p.apply(o, operand{*next, shown})
		return true
	}
	return false
}

func (p *parser) note(a arg, shown string, certainty doctor.Certainty, evidence, because, fix string) {
	f := commandLine(p.placeOf(a, shownOption(shown)), evidence, because, fix)
	f.Certainty = certainty
	p.op().notes = append(p.op().notes, f)
}

func (p *parser) unknown(a arg, shown string) {
	evidence := fmt.Sprintf("curl has no option %s.", shownOption(shown))
	fix := "Look it up: `curl --help all`."
	if strings.ContainsFunc(a.text, func(r rune) bool { return r > unicode.MaxASCII }) {
		evidence = "An option has a letter in it that is none of ASCII, such as a long dash or an invisible character."
		fix = "Type the option again."
	}
	p.note(a, shown, doctor.Certain, evidence, "curl ends at the first option that it does not know, and sends nothing.", fix)
}

func (p *parser) missing(a arg, shown string) {
	p.note(a, shown, doctor.Certain, fmt.Sprintf("%s has no value: it is the last word.", shownOption(shown)), "curl ends there and sends nothing.", "Give the value, or leave the option out.")
}

// shownOption is an option that may be repeated: what does not look like one could be a secret.
func shownOption(s string) string {
	if len(s) > 32 || strings.ContainsFunc(s, func(r rune) bool {
		return r != '-' && r != '.' && !('a' <= r && r <= 'z') && !('0' <= r && r <= '9') && (len(s) > 2 || r >= unicode.MaxASCII)
	}) {
		return "--…"
	}
	return s
}

// apply follows one option. What it does not name has nothing to do with where a request goes and what proves it.
func (p *parser) apply(o option, v operand) {
	op := p.op()
	if o.expand {
		v.text = p.expandVariables(v.text)
	}
	switch o.name {
	case "url":
		op.urls = append(op.urls, v)
	case "next":
		if len(op.urls) > 0 { // without an address curl warns and goes on
			p.ops = append(p.ops, &operation{})
		}
	case "header":
		p.header(v)
	case "proxy-header":
		if name, _, _ := strings.Cut(v.text, ":"); strings.EqualFold(strings.TrimSpace(name), "Authorization") {
			op.notes = append(op.notes, note(reason.CredentialMissing, doctor.Certain, p.placeOf(v.arg, v.option), "--proxy-header holds Authorization.",
				"curl sends these headers to a proxy only, never to the service.", "Use `-H` in its place, or `-u \"$EMAIL:$TOKEN\"`."))
		}
	case "user":
		op.user = &v
	case "oauth2-bearer":
		op.bearer = &v
	case "proxy-user":
		op.proxyTo = &v
	case "proxy", "preproxy", "proxy1.0", "socks4", "socks4a", "socks5", "socks5-hostname":
		op.proxy = true
	case "basic":
		op.basic, op.other = true, ""
	case "anyauth":
		op.anyauth, op.other = true, "--anyauth"
	case "digest", "ntlm", "ntlm-wb", "negotiate", "aws-sigv4":
		if op.other = "--" + o.name; o.off {
			op.other = ""
		}
	case "netrc":
		op.netrc = !o.off
	case "netrc-optional":
		op.netrcOptional = !o.off
	case "netrc-file":
		op.netrcFile = &v
	case "config":
		p.configFile(v)
	case "request":
		op.method = &v
	case "head":
		op.head = !o.off
	case "get":
		op.get = !o.off
	case "data", "data-ascii", "data-binary", "data-raw", "data-urlencode", "json", "form", "form-string":
		op.post = true
	case "upload-file":
		op.put = true
	case "globoff":
		op.globoff = !o.off
	case "location", "follow":
		op.follow = !o.off
	case "location-trusted":
		op.follow, op.trusted = !o.off, !o.off
	case "http1.0", "http1.1", "http2", "http2-prior-knowledge", "http3", "http3-only":
		op.http = o.name
	case "proto-default":
		op.protoDefault = v.text
	case "request-target":
		op.target = v.text
	case "variable":
		p.variable(v.text)
	case "help", "manual", "version":
		if o.off {
			return
		}
		fix := "Leave it out."
		if o.name == "help" && strings.Contains(v.text, ":") {
			fix = "A header is given with a capital letter: `-H`."
			p.header(operand{v.arg, "-h"})
		}
		p.note(v.arg, v.option, doctor.Certain, fmt.Sprintf("%s makes curl print about itself.", shownOption(v.option)), "curl then sends nothing.", fix)
	}
}

// header reads a value of -H, or the file that it names.
func (p *parser) header(v operand) {
	name, fromFile := strings.CutPrefix(v.text, "@")
	if !fromFile {
		p.op().headers = append(p.op().headers, v)
		return
	}
	text, ok := p.input(name)
	if !ok {
		p.unread(v, name)
		return
	}
	n := 0
	for line := range strings.Lines(text) {
		n++
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			p.op().headers = append(p.op().headers, operand{arg{text: line, file: fmt.Sprintf("line %d of %s", n, shownFile(name))}, v.option})
		}
	}
}

// unread notes a file that could not be looked into.
func (p *parser) unread(v operand, name string) {
	text, _ := p.resolve(name)
	p.op().hide(v.option + " " + shownFile(text))
	p.op().notes = append(p.op().notes, note(reason.ValueNotEvaluated, doctor.Possible, p.placeOf(v.arg, shownOption(v.option)),
		fmt.Sprintf("The file %s cannot be read here.", shownFile(text)), "What it holds is not known.", "Run the doctor where the file is, and where it may be read."))
}

// hide keeps that a login may be somewhere where it cannot be seen.
func (op *operation) hide(from string) {
	op.hidden = &doctor.Login{From: from, User: doctor.Value{Open: true, Place: from}, Secret: doctor.Value{Open: true, Place: from}}
}

// input is what a file holds, or for "-" the standard input of the command.
func (p *parser) input(name string) (string, bool) {
	if name == "-" {
		if p.stdin == nil {
			return "", false
		}
		return *p.stdin, true
	}
	return p.file(name)
}

func (r *reader) file(name string) (string, bool) {
	if r.files++; r.o.ReadFile == nil || name == "" || hasMark(name) || r.files > maxFiles {
		return "", false
	}
	b, err := r.o.ReadFile(name)
	if err != nil || len(b) > maxInput || !r.spend(len(b)) {
		return "", false
	}
	return clean(string(b)), true
}

// shownFile is a file's name as it may be repeated.
func shownFile(name string) string {
	if name == "-" {
		return "standard input"
	}
	if base := path.Base(name); len(name) > 60 || token.Inspect(base).Origin != token.OriginUnknown {
		return token.Mask(base)
	}
	return name
}
