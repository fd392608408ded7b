package wire

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/reason"
)

const (
	bad        = "400 Bad Request"
	badValue   = "400 Bad Request: invalid header value"
	longSecret = "ATATP1Zm9vYmFyYmF6cXV4MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVoxMjM0NTY3ODkwYWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXpBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWjk5OTk5OTk5OTk5OTk5OTk5"
)

// wrapped64 is base64 of a pair, wrapped at the column.
func wrapAt(column int, sep, text string) string {
	e := base64.StdEncoding.EncodeToString([]byte(text))
	var b strings.Builder
	for len(e) > column {
		b.WriteString(e[:column] + sep)
		e = e[column:]
	}
	return b.String() + e
}

func TestDiagnose(t *testing.T) {
	const get = "GET /2.0/user HTTP/1.1\r\nHost: pail.example.com\r\n"
	pair := "someone@example.com:" + longSecret[:192]
	cases := map[string]struct {
		head   string
		status string
		code   reason.Code
		header string
		lines  int
		detail string
	}{
		"GNU base64":             {get + "Authorization: Basic " + wrapAt(76, "\n", pair) + "\r\nAccept: */*\r\n\r\n", bad, reason.HeaderLineBreak, "Authorization", 4, "76 characters of base64"},
		"GNU base64, two lines":  {get + "Authorization: Basic " + wrapAt(76, "\n", pair[:78]) + "\r\n\r\n", bad, reason.HeaderLineBreak, "Authorization", 2, "over 2 lines"},
		"openssl base64":         {get + "Authorization: Basic " + wrapAt(64, "\n", pair) + "\r\n\r\n", bad, reason.HeaderLineBreak, "Authorization", 5, "openssl base64 -A"},
		"windows line ends":      {get + "Authorization: Basic " + wrapAt(76, "\r\n", pair) + "\r\n\r\n", bad, reason.HeaderLineBreak, "Authorization", 4, "76"},
		"folded, then broken":    {get + "Authorization: Basic\r\n " + wrapAt(76, "\r\n", pair) + "\r\n\r\n", bad, reason.HeaderLineBreak, "Authorization", 5, "5 lines"},
		"broken bearer":          {get + "Authorization: Bearer " + longSecret[:50] + "\n" + longSecret[50:] + "\r\n\r\n", bad, reason.HeaderLineBreak, "Authorization", 2, "not looked at"},
		"broken last header":     {get + "Authorization: Basic " + wrapAt(76, "\n", pair), bad, reason.HeaderLineBreak, "Authorization", 4, ""},
		"other header, base64":   {get + "X-Signature: " + wrapAt(76, "\n", pair) + "\r\n\r\n", bad, reason.HeaderLineBreak, "", 4, "The header in line 3"},
		"not encoded, broken":    {get + "Authorization: Basic someone\n@example.com:" + longSecret + "\r\n\r\n", bad, reason.HeaderLineBreak, "Authorization", 2, "line 4"},
		"no colon":               {get + "garbage\r\n\r\n", bad, reason.HeaderMalformed, "", 0, "Line 3 has no colon"},
		"first has no colon":     {"GET / HTTP/1.1\r\ngarbage\r\n\r\n", bad, reason.HeaderMalformed, "", 0, "Line 2, the first"},
		"leading space":          {"GET / HTTP/1.1\r\n Host: x\r\n\r\n", bad, reason.HeaderMalformed, "", 0, "white space"},
		"space before colon":     {get + "Authorization : Basic YTpi\r\n\r\n", bad, reason.HeaderMalformed, "Authorization", 0, "between the name and the colon"},
		"no name":                {get + ": x\r\n\r\n", bad, reason.HeaderMalformed, "", 0, "name of the header is missing"},
		"name with a space":      {get + "Author ization: x\r\n\r\n", bad, reason.HeaderMalformed, "", 0, "line 3"},
		"carriage return":        {get + "Authorization: Bearer " + longSecret + "\r\r\n\r\n", badValue, reason.HeaderControlCharacter, "Authorization", 0, "(CR)"},
		"carriage return inside": {get + "Authorization: Bearer " + longSecret[:9] + "\r" + longSecret[9:] + "\r\n\r\n", badValue, reason.HeaderControlCharacter, "Authorization", 0, "inside"},
		"zero byte":              {get + "Authorization: Bearer a\x00b\r\n\r\n", badValue, reason.HeaderControlCharacter, "Authorization", 0, "zero byte"},
		"escape":                 {get + "Cookie: \x1b[31mred\r\n\r\n", badValue, reason.HeaderControlCharacter, "Cookie", 0, "terminal"},
		"control in a fold":      {get + "Authorization: Basic YTpi\r\n \x01\r\n\r\n", badValue, reason.HeaderControlCharacter, "Authorization", 0, "0x01"},
		"no host":                {"GET / HTTP/1.1\r\n\r\n", "400 Bad Request: missing required Host header", reason.RequestHost, "Host", 0, "no Host"},
		"bad host":               {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400 Bad Request: malformed Host header", reason.RequestHost, "Host", 0, "characters"},
		"two hosts":              {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", bad, reason.RequestHost, "Host", 0, "2 Host"},
		"bad length":             {get + "Content-Length: ten\r\n\r\n", bad, reason.HeaderMalformed, "Content-Length", 0, "one number"},
		"cut off":                {get + "Accept: ", bad, reason.RequestMalformed, "", 0, "ended before"},
		"space in q":             {"GET /2.0/repositories/a?pagelen=5&q=name = \"x\" HTTP/1.1\r\nHost: x\r\n\r\n", bad, reason.RequestSpaceInTarget, "", 0, "parameter q,"},
		"space in path":          {"GET /2.0/my repo HTTP/1.1\r\nHost: x\r\n\r\n", bad, reason.RequestSpaceInTarget, "", 0, "The path of the URL holds a space"},
		"space at the end":       {"GET /2.0/user  HTTP/1.1\r\nHost: x\r\n\r\n", bad, reason.RequestSpaceInTarget, "", 0, "2 spaces before"},
		"two spaces after GET":   {"GET  HTTP/1.1\r\nHost: x\r\n\r\n", bad, reason.RequestMalformed, "", 0, "two spaces"},
		"no version":             {"GET /2.0/user\r\nHost: x\r\n\r\n", bad, reason.RequestMalformed, "", 0, "three parts"},
		"bad version":            {"GET / HTTPS/1.1\r\nHost: x\r\n\r\n", bad, reason.RequestMalformed, "", 0, "version"},
		"version 3":              {"GET / HTTP/3.0\r\nHost: x\r\n\r\n", "505 HTTP Version Not Supported: unsupported protocol version", reason.RequestVersion, "", 0, ""},
		"HTTP/2 preface":         {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 HTTP Version Not Supported: unsupported protocol version", reason.RequestVersion, "", 0, "HTTP/2"},
		"bad escape":             {"GET /2.0/%zz HTTP/1.1\r\nHost: x\r\n\r\n", bad, reason.PathMalformed, "", 0, "percent"},
		"control in URL":         {"GET /2.0/\x01 HTTP/1.1\r\nHost: x\r\n\r\n", bad, reason.PathMalformed, "", 0, "control"},
		"no slash":               {"GET user HTTP/1.1\r\nHost: x\r\n\r\n", bad, reason.RequestMalformed, "", 0, "slash"},
		"TLS":                    {"\x16\x03\x01\x02\x00\x01\n", bad, reason.RequestMalformed, "", 0, "TLS"},
		"empty line":             {"\r\nGET / HTTP/1.1\r\n\r\n", bad, reason.RequestMalformed, "", 0, "empty line"},
		"header first":           {"Host: x\r\n\r\n", bad, reason.RequestMalformed, "", 0, "request line is missing"},
		"bad method":             {"G(T / HTTP/1.1\r\nHost: x\r\n\r\n", bad, reason.RequestMalformed, "", 0, "method"},
		"connect":                {"CONNECT a:b:c HTTP/1.1\r\nHost: x\r\n\r\n", bad, reason.RequestMalformed, "", 0, "CONNECT"},
		"large header":           {get + "Cookie: " + strings.Repeat("x", 5000), "431 Request Header Fields Too Large", reason.HeaderTooLarge, "Cookie", 0, "most room"},
		"large URL":              {"GET /?" + strings.Repeat("x", 5000), "431 Request Header Fields Too Large", reason.RequestTooLarge, "", 0, "URL"},
		"encoding":               {get + "Transfer-Encoding: gzip\r\n\r\n", "501 Not Implemented", reason.RequestTransferEncoding, "Transfer-Encoding", 0, ""},
		"expect":                 {get + "Expect: nonsense\r\n\r\n", statusExpectation, reason.RequestExpectation, "Expect", 0, ""},
		"late":                   {get, statusTimeout, reason.RequestTimeout, "", 0, "bytes arrived"},
		"plain on TLS":           {get + "\r\n", statusPlainOnTLS, reason.TLSExpected, "", 0, "TLS"},
		"nothing remembered":     {"", bad, reason.RequestMalformed, "", 0, ""},
		"nothing wrong":          {get + "\r\n", bad, reason.RequestMalformed, "", 0, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := Diagnose([]byte(c.head), c.status)
			if r.Code != c.code || r.Header != c.header || r.Lines != c.lines || !strings.Contains(r.Detail, c.detail) {
				t.Errorf("%s, header %q, %d lines, %q; want %s, %q, %d, %q", r.Code, r.Header, r.Lines, r.Detail, c.code, c.header, c.lines, c.detail)
			}
			if want := statusCode(c.status); r.Status != want {
				t.Errorf("status %d, want %d", r.Status, want)
			}
			tells(t, r, longSecret)
		})
	}
}

func TestTarget(t *testing.T) {
	for line, want := range map[string][2]string{
		"GET /2.0/user HTTP/1.1":                     {"GET", "/2.0/user"},
		"GET /2.0/user?access_token=secret HTTP/1.1": {"GET", "/2.0/user"},
		"GET https://me:secret@host/a HTTP/1.1":      {"GET", "/a"},
		"GET https://me:secret@host HTTP/1.1":        {"GET", ""},
		"GET me:secret@host HTTP/1.1":                {"GET", ""},
		"POST /<b>\"\x01é HTTP/1.1":                  {"POST", "/?b????" + "?"},
		"get / HTTP/1.1":                             {"", ""},
		"":                                           {"", ""},
		"GET /" + strings.Repeat("a", 400):           {"GET", "/" + strings.Repeat("a", 255)},
	} {
		if method, path := target([]byte(line)); method != want[0] || path != want[1] {
			t.Errorf("%q: %q %q, want %q", line, method, path, want)
		}
	}
}

// tells fails when a rejection holds a piece of the secret, plain or encoded.
func tells(t *testing.T, r Rejection, secret string) {
	t.Helper()
	text := r.Detail + r.Header
	for _, s := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret))} {
		for i := 0; i+8 <= len(s); i++ {
			if strings.Contains(text, s[i:i+8]) {
				t.Fatalf("the rejection tells the secret: %q", text)
			}
		}
	}
}

func FuzzDiagnose(f *testing.F) {
	for _, head := range []string{
		"", "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic ", "GET / HTTP/1.1\r\nAuthorization: Basic a\nb", "GET /?q=a b HTTP/1.1\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "\r\n", "\x16\x03\x01\n", "PRI * HTTP/2.0\r\n\r\n", "GET http://a:b@c/d HTTP/1.1\r\n\r\n", "A b: c\r\n x\r\n",
	} {
		for _, status := range []string{bad, badValue, "431 Request Header Fields Too Large", statusExpectation, statusPlainOnTLS, "x"} {
			f.Add([]byte(head), status, []byte("\r\n\r\n"))
		}
	}
	f.Fuzz(func(t *testing.T, head []byte, status string, after []byte) {
		for _, h := range [][]byte{head, append(append(append([]byte{}, head...), longSecret...), after...)} {
			r := Diagnose(h, status)
			if _, ok := reason.Lookup(r.Code); !ok {
				t.Fatalf("no such reason: %q", r.Code)
			}
			if r.Status < 400 || r.Status > 599 || len(r.Path) > maxPath || r.Lines < 0 || (r.Code == reason.HeaderLineBreak) != (r.Lines > 1) {
				t.Fatalf("%+v", r)
			}
			for _, c := range r.Method + r.Path + r.Detail {
				if c < ' ' || c > '~' {
					t.Fatalf("a character that is not printable: %+v", r)
				}
			}
			tells(t, r, longSecret)
		}
	})
}
