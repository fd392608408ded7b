package httphead

import (
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/token"
)

func TestRead(t *testing.T) {
	for name, c := range map[string]struct {
		text, method, url string
		headers           map[string]string
	}{
		"a whole head":          {"GET /2.0/user HTTP/1.1\r\nHost: pail.example.com\r\nAuthorization: Bearer x\r\n\r\n", "GET", "https://pail.example.com/2.0/user", map[string]string{"Host": "pail.example.com", "Authorization": "Bearer x"}},
		"an address":            {"delete https://pail.example.com/2.0/x?a=b\nAuthorization: Basic eA==", "DELETE", "https://pail.example.com/2.0/x?a=b", map[string]string{"Authorization": "Basic eA=="}},
		"a path alone":          {"\n\n  POST /2.0/user\n", "POST", "/2.0/user", nil},
		"a space in the target": {"GET /2.0/x?q=a = b HTTP/1.1", "GET", "/2.0/x?q=a = b", nil},
		"what curl -v prints":   {"> GET /2.0/user HTTP/1.1\n> Host: h\n* something\n> Accept: */*\n>\n< HTTP/1.1 401", "GET", "https://h/2.0/user", map[string]string{"Host": "h", "Accept": "*/*"}},
		"broken lines":          {"GET /x\nAuthorization: Basic abc\ndef\nghi\nAccept: a", "GET", "/x", map[string]string{"Authorization": "Basic abc\ndef\nghi", "Accept": "a"}},
		"a continued header":    {"GET /x\nAuthorization: Basic abc\n def", "GET", "/x", map[string]string{"Authorization": "Basic abc\n def"}},
		"a space in a name":     {"GET /x\nAuthorization : Bearer x", "GET", "/x", map[string]string{"Authorization ": "Bearer x"}},
		"a body":                {"PUT /x\nA: b\n\n{\"Authorization: no\": 1}\nC: d", "PUT", "/x", map[string]string{"A": "b"}},
		"a line before headers": {"GET /x\n???\nA: b", "GET", "/x", map[string]string{"A": "b"}},
	} {
		got, err := Read(c.text)
		if err != nil || got.Method != c.method || got.URL.Text != c.url || len(got.Header) != len(c.headers) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		for _, h := range got.Header {
			if want, ok := c.headers[h.Name]; !ok || want != h.Value.Text || h.Value.Place == "" {
				t.Errorf("%s: %+v", name, h)
			}
		}
	}
	for _, text := range []string{"", "\n", "curl https://x/", "GET", "GET x", "TOKEN=x", "get a life", "HTTP/1.1 200 OK", "GET /" + strings.Repeat("x", maxHead)} {
		if _, err := Read(text); err == nil || len(err.Error()) > 80 {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

// A header that was broken over several lines is found by the judge.
func TestBrokenHeaderIsFound(t *testing.T) {
	c, err := Read("GET https://api.bitbucket.org/2.0/user\nAuthorization: Basic " + strings.Repeat("YWFh", 19) + "\n" + strings.Repeat("YWFh", 19) + "\nYWFh\n")
	if err != nil {
		t.Fatal(err)
	}
	report := doctor.Examine(c)
	if len(report.Findings) == 0 || report.Findings[0].Reason != reason.HeaderLineBreak {
		t.Errorf("%+v", report)
	}
}

func FuzzRead(f *testing.F) {
	secret := token.Mint(token.APIToken)
	for _, seed := range []string{"GET /2.0/user HTTP/1.1\nHost: x\nAuthorization: Bearer " + secret, "> PUT /x\n> A: b\n>\n", "GET https://a:b@c/\nA\nB:\n\n", "post //\n:\n :\nA: \nb"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Read(text)
		if (err == nil) != (Looks(text) && len(text) <= maxHead) {
			t.Fatalf("it looks like a request, or does not, and yet: %v", err)
		}
		if err != nil {
			if c.URL.Text != "" {
				t.Error("an error, and a case")
			}
			return
		}
		if c.Method == "" || c.URL.Text == "" || len(c.Header) > maxHeaders {
			t.Errorf("%+v", c)
		}
		size := len(c.URL.Text)
		for _, h := range c.Header {
			size += len(h.Value.Text)
		}
		if size > 2*len(text)+20 {
			t.Errorf("%d bytes became %d", len(text), size)
		}
		doctor.Examine(c)
	})
}
