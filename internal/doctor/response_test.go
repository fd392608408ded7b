package doctor_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/pailforge/pail/internal/doctor"
)

const (
	curlI = "HTTP/2 401 \r\nserver: AtlassianEdge\r\nx-request-id: 1\r\n\r\n{\"type\": \"error\"}\n"
	curlV = `*   Trying 104.192.143.1:443...
* Connected to api.bitbucket.org (104.192.143.1) port 443 (#0)
> GET /2.0/user HTTP/2
> Host: api.bitbucket.org
> authorization: Basic amFuZS5kb2VAZXhhbXBsZS5jb206c2VjcmV0
>
{ [5 bytes data]
< HTTP/2 403
< server: AtlassianEdge
< x-oauth-scopes: read:repository:bitbucket
<
{ [108 bytes data]
* Connection #0 to host api.bitbucket.org left intact
{"type": "error"}
`
)

// sixteen is a text as Windows PowerShell writes it.
func sixteen(text string) string {
	var b bytes.Buffer
	b.WriteString("\xff\xfe")
	for _, unit := range utf16.Encode([]rune(text)) {
		b.WriteByte(byte(unit))
		b.WriteByte(byte(unit >> 8))
	}
	return b.String()
}

func TestReadResponse(t *testing.T) {
	type header = map[string][]string
	type want struct {
		Status int
		Header header
		Body   string
		Before []int
	}
	edge := header{"Server": {"AtlassianEdge"}, "X-Request-Id": {"1"}}
	for name, test := range map[string]struct {
		text string
		want want
	}{
		"curl -i":             {curlI, want{401, edge, "{\"type\": \"error\"}\n", nil}},
		"curl -i, LF":         {strings.ReplaceAll(curlI, "\r", ""), want{401, edge, "{\"type\": \"error\"}\n", nil}},
		"PowerShell":          {sixteen(curlI), want{401, edge, "{\"type\": \"error\"}\n", nil}},
		"a mark in front":     {"\ufeff" + curlI, want{401, edge, "{\"type\": \"error\"}\n", nil}},
		"empty lines before":  {"\n\n" + curlI, want{401, edge, "{\"type\": \"error\"}\n", nil}},
		"curl -v":             {curlV, want{403, header{"Server": {"AtlassianEdge"}, "X-Oauth-Scopes": {"read:repository:bitbucket"}}, "{\"type\": \"error\"}\n", nil}},
		"HTTP/1.1":            {"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", want{400, header{"Content-Length": {"0"}}, "", nil}},
		"status line alone":   {"HTTP/1.1 401 Unauthorized", want{401, nil, "", nil}},
		"number alone":        {"404\n", want{404, nil, "", nil}},
		"number and words":    {"401 Unauthorized\n", want{401, nil, "", nil}},
		"Python":              {"<Response [403]>\n", want{403, nil, "", nil}},
		"body alone":          {"{\"type\":\"error\"}\n", want{0, nil, "{\"type\":\"error\"}\n", nil}},
		"text alone":          {"Rate limit for this resource has been exceeded", want{0, nil, "Rate limit for this resource has been exceeded", nil}},
		"headers alone":       {"X-OAuth-Scopes: read:user:bitbucket\n\n", want{0, header{"X-Oauth-Scopes": {"read:user:bitbucket"}}, "", nil}},
		"100 Continue":        {"HTTP/1.1 100 Continue\r\n\r\n" + curlI, want{401, edge, "{\"type\": \"error\"}\n", nil}},
		"CONNECT":             {"HTTP/1.1 200 Connection established\r\n\r\n" + curlI, want{401, edge, "{\"type\": \"error\"}\n", nil}},
		"proxy, then answer":  {"HTTP/1.1 407 Proxy Authentication Required\r\n\r\nlog in\n" + curlI, want{401, edge, "{\"type\": \"error\"}\n", []int{407}}},
		"redirect":            {"HTTP/2 302\r\nlocation: https://x.example/\r\n\r\n" + curlI, want{401, edge, "{\"type\": \"error\"}\n", []int{302}}},
		"redirect with body":  {"HTTP/2 302\r\nlocation: https://x.example/\r\n\r\n<a>moved</a>\n" + curlI, want{401, edge, "{\"type\": \"error\"}\n", []int{302}}},
		"a log in the body":   {"HTTP/2 200\r\nserver: x\r\n\r\nline one\nHTTP/1.1 500 oops\nline three\n", want{200, header{"Server": {"x"}}, "line one\nHTTP/1.1 500 oops\nline three\n", nil}},
		"folded header":       {"HTTP/1.1 200 OK\nX-Long: one\n  two\n\n", want{200, header{"X-Long": {"one two"}}, "", nil}},
		"no empty line":       {"HTTP/1.1 401 Unauthorized\n{\"type\":\"error\"}\n", want{401, nil, "{\"type\":\"error\"}\n", nil}},
		"repeated header":     {"HTTP/1.1 401 U\nVary: a\nVary: b\n\n", want{401, header{"Vary": {"a", "b"}}, "", nil}},
		"web page":            {"HTTP/2 404\ncontent-type: text/html\n\n<!DOCTYPE html>\n<p>HTTP/2 200</p>\n", want{404, header{"Content-Type": {"text/html"}}, "<!DOCTYPE html>\n<p>HTTP/2 200</p>\n", nil}},
		"curl -v, redirected": {"< HTTP/2 302\n< location: /x\n<\n* Issue another request\n> GET /x HTTP/2\n>\n< HTTP/2 404\n< server: s\n<\nnot here\n", want{404, header{"Server": {"s"}}, "not here\n", []int{302}}},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := doctor.ReadResponse(strings.NewReader(test.text))
			if err != nil {
				t.Fatal(err)
			}
			got := want{a.Status, a.Header, string(a.Body), nil}
			for _, b := range a.Before {
				got.Before = append(got.Before, b.Status)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadResponseOfNothing(t *testing.T) {
	for _, text := range []string{"", "\n\n", " \r\n"} {
		if _, err := doctor.ReadResponse(strings.NewReader(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
	broken := errors.New("broken")
	if _, err := doctor.ReadResponse(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("the error is %v", err)
	}
}

func FuzzReadResponse(f *testing.F) {
	for _, text := range []string{curlI, curlV, "", "HTTP/1.1 407 x\n\n\n" + curlI, "{}", "404", sixteen("HTTP/2 200\n\n"), "HTTP/2 200\n \n\t\n", "< HTTP/2 200\n<\n", ":\n", "HTTP/9 599\nA:b\n c\n\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := doctor.ReadResponse(strings.NewReader(text))
		if err != nil {
			return
		}
		if a.Status != 0 && (a.Status < 100 || a.Status > 599) || len(a.Body) > 64<<10 || len(a.Before) > 16 {
			t.Errorf("status %d, a body of %d, %d before", a.Status, len(a.Body), len(a.Before))
		}
		checkAny(t, doctor.Examine(doctor.Case{Answer: &a}))
	})
}

func FuzzReadOutput(f *testing.F) {
	for _, text := range []string{"remote: Invalid credentials\n", "curl: (6) Could not resolve host: $HOST", "fatal: unable to access 'https://a@b:c@d/': x", curlV, "Response code 401", "\xff\xfe", "trace: git-credential-manager 401"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		doctor.ReadOutput(text)
		checkAny(t, doctor.Examine(doctor.Case{Output: text}))
	})
}
