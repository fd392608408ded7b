package wire

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/pailforge/pail/internal/reason"
)

// Diagnose finds out why net/http refused the request that begins with head.
// status is the status text of net/http's refusal, for example
// "400 Bad Request: invalid header value"; it decides the status and, where
// net/http says enough, the reason. head may be cut off or empty, then the
// reason is as general as it has to be.
//
// The result names headers and counts characters and lines, but holds nothing of
// any header's value.
func Diagnose(head []byte, status string) Rejection {
	line, rest := cutLine(head)
	r := Rejection{Status: statusCode(status), Code: reason.RequestMalformed}
	r.Method, r.Path = target(line)

	switch {
	case status == statusPlainOnTLS:
		r.Code = reason.TLSExpected
		r.Detail = "This port speaks TLS, and a plain HTTP request arrived."
	case r.Status == http.StatusRequestTimeout:
		r.Code = reason.RequestTimeout
		r.Detail = fmt.Sprintf("%d bytes arrived, and not the empty line that ends the headers.", len(head))
	case r.Status == http.StatusRequestHeaderFieldsTooLarge:
		tooLarge(&r, line, rest)
	case r.Status == http.StatusNotImplemented:
		r.Code, r.Header = reason.RequestTransferEncoding, "Transfer-Encoding"
	case r.Status == http.StatusExpectationFailed:
		r.Code, r.Header = reason.RequestExpectation, "Expect"
	case r.Status == http.StatusHTTPVersionNotSupported:
		r.Code = reason.RequestVersion
		if bytes.HasPrefix(line, []byte("PRI * HTTP/2")) {
			r.Detail = "HTTP/2 was spoken from the start, without TLS; this port speaks HTTP/1.1."
		}
	case strings.HasSuffix(status, "missing required Host header"):
		r.Code, r.Header = reason.RequestHost, "Host"
		r.Detail = "The request has no Host header."
	case strings.HasSuffix(status, "malformed Host header"):
		r.Code, r.Header = reason.RequestHost, "Host"
		r.Detail = "The Host header holds characters that no host name has."
	case len(head) == 0:
	default:
		if !badRequestLine(&r, line) {
			badHeader(&r, rest)
		}
	}
	return r
}

// cutLine returns the first line without its end, and what follows. Without a
// line end, everything is the line.
func cutLine(b []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(b, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), rest
}

const maxPath = 256

// target reads the method and the path for the log, as far as they can be read.
func target(line []byte) (method, path string) {
	name, after, ok := bytes.Cut(line, []byte(" "))
	if !ok || len(name) == 0 || len(name) > 20 {
		return "", ""
	}
	for _, c := range name {
		if c < 'A' || c > 'Z' {
			return "", ""
		}
	}
	after, _, _ = bytes.Cut(after, []byte(" "))
	// An absolute address may hold a user and a password; the path does not.
	if _, address, found := bytes.Cut(after, []byte("://")); found && !bytes.HasPrefix(after, []byte("/")) {
		slash := bytes.IndexByte(address, '/')
		if slash < 0 {
			return string(name), ""
		}
		after = address[slash:]
	}
	if !bytes.HasPrefix(after, []byte("/")) {
		return string(name), ""
	}
	if end := bytes.IndexAny(after, "?#"); end >= 0 {
		after = after[:end]
	}
	clean := make([]byte, 0, min(len(after), maxPath))
	for _, c := range after[:min(len(after), maxPath)] {
		if c <= ' ' || c >= 0x7F || c == '"' || c == '<' || c == '>' {
			c = '?'
		}
		clean = append(clean, c)
	}
	return string(name), string(clean)
}

// badRequestLine finds what is wrong with the first line, in the order in which
// net/http looks; it returns false when nothing is.
func badRequestLine(r *Rejection, line []byte) bool {
	const handshakeRecord = 0x16
	switch {
	case len(line) > 1 && line[0] == handshakeRecord && line[1] == 3:
		r.Detail = "TLS was spoken to a port for plain HTTP. Use http:// for this port, or the port for HTTPS."
		return true
	case len(line) == 0:
		r.Detail = "The request begins with an empty line."
		return true
	}
	method, after, _ := strings.Cut(string(line), " ")
	uri, version, found := strings.Cut(after, " ")
	switch {
	case !validToken(method):
		r.Detail = "The first line does not begin with a method such as GET."
		if strings.Contains(method, ":") {
			r.Detail = "The first line is a header; the request line is missing, or a line break stands before it."
		}
	case !found:
		r.Detail = "The first line must have three parts: the method, the target and the version of HTTP."
	case strings.Contains(version, " "):
		spaceInTarget(r, uri, version)
	case !validVersion(version):
		r.Detail = "The first line does not end in a version of HTTP such as HTTP/1.1."
	case method == http.MethodConnect && !strings.HasPrefix(uri, "/"):
		if _, err := url.ParseRequestURI("http://" + uri); err == nil {
			return false
		}
		r.Detail = "The target of CONNECT is not a host with a port."
	default:
		_, err := url.ParseRequestURI(uri)
		if err == nil {
			return false
		}
		badTarget(r, uri)
	}
	return true
}

// spaceInTarget explains a request line with too many spaces. uri is what stands
// before the first of them, version what follows.
func spaceInTarget(r *Rejection, uri, version string) {
	last := version[strings.LastIndexByte(version, ' ')+1:]
	spaces := strings.Count(version, " ")
	if !validVersion(last) {
		r.Detail = "The first line has more than three parts and does not end in a version of HTTP."
		return
	}
	r.Code = reason.RequestSpaceInTarget
	part := "path"
	if strings.Contains(uri, "?") {
		part = "query"
		for _, name := range []string{"q", "sort", "fields"} {
			if _, query, _ := strings.Cut(uri, "?"); strings.HasPrefix(query, name+"=") || strings.Contains(query, "&"+name+"=") {
				part = "query, which has the parameter " + name + ","
				break
			}
		}
	}
	r.Detail = fmt.Sprintf("The %s of the URL holds %s that must be written %%20.", part, plural(spaces, "space"))
	if strings.Trim(version, " ") == last {
		r.Detail = fmt.Sprintf("There are %s before the version of HTTP; one belongs there. Mostly the URL ends in a space.", plural(spaces+1, "space"))
	}
}

func badTarget(r *Rejection, uri string) {
	switch {
	case uri == "":
		r.Detail = "There are two spaces after the method, or the target is missing."
	case strings.ContainsFunc(uri, func(c rune) bool { return c < ' ' || c == 0x7F }):
		r.Code = reason.PathMalformed
		r.Detail = "The URL holds a control character; it must be percent-encoded."
	case !strings.HasPrefix(uri, "/") && !strings.Contains(uri, "://"):
		r.Detail = "The target in the first line must begin with a slash."
	case badEscape(uri):
		r.Code = reason.PathMalformed
		r.Detail = "The URL holds a percent sign that is not followed by two hexadecimal digits."
	default:
		r.Detail = "The target in the first line is not a valid URL."
	}
}

func badEscape(s string) bool {
	for i := range len(s) {
		if s[i] == '%' && (i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2])) {
			return true
		}
	}
	return false
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func validVersion(s string) bool {
	_, _, ok := http.ParseHTTPVersion(s)
	return ok
}

// validToken tells a name as HTTP allows it for methods and headers.
func validToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7F || strings.IndexByte(`()<>@,;:\"/[]?={}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

func plural(n int, word string) string {
	if n == 1 {
		return "a " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
