package wire

import (
	"bytes"
	"fmt"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/reason"
)

// common are the headers that may be named in an answer. The name of any other
// header could be a piece of a broken secret.
var common = func() map[string]bool {
	m := map[string]bool{}
	for name := range strings.FieldsSeq(`Accept Accept-Charset Accept-Encoding Accept-Language Authorization
		Cache-Control Connection Content-Disposition Content-Encoding Content-Length Content-Type Cookie Date Dnt
		Expect Forwarded From Host If-Match If-Modified-Since If-None-Match If-Range If-Unmodified-Since
		Keep-Alive Origin Pragma Prefer Private-Token Proxy-Authorization Range Referer Te Traceparent Trailer
		Transfer-Encoding Upgrade User-Agent Via X-Api-Key X-Atlassian-Token X-Auth-Token X-Csrf-Token
		X-Forwarded-For X-Forwarded-Host X-Forwarded-Proto X-Real-Ip X-Request-Id X-Requested-With`) {
		m[name] = true
	}
	return m
}()

// known is the canonical name when the header is a common one, otherwise empty.
func known(name string) string {
	canonical := textproto.CanonicalMIMEHeaderKey(name)
	if common[canonical] {
		return canonical
	}
	return ""
}

// call is how a header is spoken of.
func call(name string, line int) string {
	if k := known(name); k != "" {
		return "The " + k + " header"
	}
	return fmt.Sprintf("The header in line %d", line)
}

// header is one header as it stands in the head: a first line and the lines that
// continue it after white space.
type header struct {
	name  string
	line  int // of its first line; the request line is 1
	lines int // how many it takes
	width int // characters of the last word of the first line
}

// badHeader finds the first header that net/http cannot take. rest is the head
// after the request line.
func badHeader(r *Rejection, rest []byte) {
	var last header
	seen := map[string]int{}
	badLength := false
	for number := 2; ; number++ {
		if len(rest) == 0 {
			r.Detail = "The request ended before the empty line that ends the headers."
			return
		}
		var line []byte
		line, rest = cutLine(rest)
		switch {
		case len(line) == 0:
			missing(r, seen, badLength)
			return
		case line[0] == ' ' || line[0] == '\t':
			if last.name == "" {
				r.Code, r.Detail = reason.HeaderMalformed, "The first header line begins with white space."
				return
			}
			last.lines++
			if controls(r, line, last.name, number) {
				return
			}
			continue
		}
		name, value, found := bytes.Cut(line, []byte(":"))
		switch {
		case !found:
			noColon(r, last, line, rest, number)
			return
		case !validToken(string(name)):
			badName(r, last, name, number)
			return
		case controls(r, value, string(name), number):
			return
		}
		words := bytes.Fields(value)
		last = header{name: string(name), line: number, lines: 1}
		if len(words) > 0 {
			last.width = len(words[len(words)-1])
		}
		key := textproto.CanonicalMIMEHeaderKey(string(name))
		seen[key]++
		if key == "Content-Length" {
			_, err := strconv.ParseUint(string(bytes.Trim(value, " \t")), 10, 63)
			badLength = badLength || err != nil || seen[key] > 1
		}
	}
}

// noColon explains a line that is no header. After an Authorization header, or
// where the line looks like base64, it is the rest of a broken value.
func noColon(r *Rejection, last header, line, rest []byte, number int) {
	if last.name == "" {
		r.Code, r.Detail = reason.HeaderMalformed, fmt.Sprintf("Line %d, the first after the request line, has no colon: it is no header.", number)
		return
	}
	if controls(r, line, last.name, number) {
		return
	}
	width, pieces := last.width, 1
	for {
		var next []byte
		next, rest = cutLine(rest)
		if len(next) == 0 || bytes.IndexByte(next, ':') >= 0 {
			break
		}
		pieces++
	}
	if !secretBearing(last.name) && !(len(line) >= 16 && base64Line(line)) {
		r.Code = reason.HeaderMalformed
		r.Detail = fmt.Sprintf("Line %d has no colon: it is no header. If it belongs to the header before it, a line break stands in that one.", number)
		return
	}
	r.Code, r.Header, r.Lines = reason.HeaderLineBreak, known(last.name), last.lines+pieces
	r.Detail = fmt.Sprintf("%s is broken over %d lines.", call(last.name, last.line), r.Lines)
	switch {
	case width == 76 && base64Line(line):
		r.Detail += " Its first line holds 76 characters of base64: GNU base64 wraps there, unless it is called as `base64 -w0`."
	case width == 64 && base64Line(line):
		r.Detail += " Its first line holds 64 characters of base64: openssl wraps there, unless it is called as `openssl base64 -A`."
	}
	if secretBearing(last.name) {
		r.Detail += " The credential itself was not looked at."
	}
}

// secretBearing tells the headers whose value is long and comes from a variable.
func secretBearing(name string) bool {
	switch textproto.CanonicalMIMEHeaderKey(name) {
	case "Authorization", "Proxy-Authorization", "Private-Token", "X-Auth-Token", "X-Api-Key", "Cookie":
		return true
	}
	return false
}

func base64Line(b []byte) bool {
	b = bytes.TrimRight(b, "=")
	for _, c := range b {
		if !('0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || c == '+' || c == '/' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// badName explains a name that HTTP does not allow. Right after an Authorization
// header it may be the rest of a value that holds a colon.
func badName(r *Rejection, last header, name []byte, number int) {
	r.Code = reason.HeaderMalformed
	trimmed := string(bytes.TrimRight(name, " \t"))
	switch {
	case len(name) == 0:
		r.Detail = fmt.Sprintf("Line %d begins with a colon: the name of the header is missing.", number)
	case validToken(trimmed) && trimmed != string(name):
		r.Header = known(trimmed)
		r.Detail = fmt.Sprintf("%s has white space between the name and the colon.", call(trimmed, number))
	case secretBearing(last.name):
		r.Code, r.Header, r.Lines = reason.HeaderLineBreak, known(last.name), last.lines+1
		r.Detail = fmt.Sprintf("%s is broken: what follows in line %d is no header. The credential itself was not looked at.", call(last.name, last.line), number)
	default:
		r.Detail = fmt.Sprintf("The name of the header in line %d holds a character that HTTP does not allow there.", number)
	}
}

// controls explains a forbidden character in a value, if there is one.
func controls(r *Rejection, value []byte, name string, number int) bool {
	for i, c := range value {
		if c >= ' ' && c != 0x7F || c == '\t' {
			continue
		}
		what := fmt.Sprintf("a control character (0x%02X)", c)
		switch c {
		case '\r':
			what = "a carriage return (CR), as files with Windows line ends have"
		case 0:
			what = "a zero byte"
		case 0x1B:
			what = "an escape character, as coloured output of a terminal has"
		}
		where := "inside its value"
		if i == len(value)-1 {
			where = "at the end of its value"
		}
		r.Code, r.Header = reason.HeaderControlCharacter, known(name)
		r.Detail = fmt.Sprintf("%s has %s %s.", call(name, number), what, where)
		return true
	}
	return false
}

// missing looks at the headers together, when each of them is good.
func missing(r *Rejection, seen map[string]int, badLength bool) {
	switch {
	case seen["Host"] > 1:
		r.Code, r.Header = reason.RequestHost, "Host"
		r.Detail = fmt.Sprintf("The request has %d Host headers.", seen["Host"])
	case badLength:
		r.Code, r.Header = reason.HeaderMalformed, "Content-Length"
		r.Detail = "The Content-Length header is not one number of bytes."
	}
}

// tooLarge names what takes the most room.
func tooLarge(r *Rejection, line, rest []byte) {
	r.Code = reason.HeaderTooLarge
	size, name, number, all := len(line), "", 1, len(line)+len(rest)
	var last string
	for n := 2; len(rest) > 0; n++ {
		var field []byte
		field, rest = cutLine(rest)
		if i := bytes.IndexByte(field, ':'); i >= 0 {
			last = string(field[:i])
		}
		if len(field) > size {
			size, name, number = len(field), last, n
		}
	}
	switch {
	case number == 1 && size < all/2:
		r.Detail = "No header alone takes most of the room: there are too many."
		return
	case number == 1:
		r.Code = reason.RequestTooLarge
		r.Detail = "The first line, with the URL, takes the most room."
		return
	}
	r.Header = known(name)
	r.Detail = call(name, number) + " takes the most room."
}
