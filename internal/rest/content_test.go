package rest

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
)

// contentServer serves one content on a real listener.
func contentServer(t *testing.T, c func() Content) *httptest.Server {
	t.Helper()
	api := &API{Log: slog.New(slog.DiscardHandler)}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		api.Own(w, r, "GET content", nil, func(*Request) (any, error) { return c(), nil })
	}))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// closing notes whether it was closed.
type closing struct {
	io.Reader
	closed *bool
}

func (c closing) Close() error { *c.closed = true; return nil }

func TestContent(t *testing.T) {
	text := strings.Repeat("0123456789", 10_000)
	for _, c := range []struct {
		name, method, header, value string
		size                        int64
		status                      int
		body                        string
		opens                       bool
	}{
		{"whole", "GET", "", "", 100_000, 200, text, true},
		{"head", "HEAD", "", "", 100_000, 200, "", false},
		{"part", "GET", "Range", "bytes=99995-", 100_000, 206, "56789", true},
		{"last bytes", "GET", "Range", "bytes=-3", 100_000, 206, "789", true},
		{"several parts", "GET", "Range", "bytes=0-0,2-2", 100_000, 200, text, true},
		{"behind the end", "GET", "Range", "bytes=100000-", 100_000, 416, "", false},
		{"of what it was", "GET", "If-Range", `"other"`, 100_000, 200, text, true},
		{"known", "GET", "If-None-Match", `"tag"`, 100_000, 304, "", false},
		{"known, weakly", "GET", "If-None-Match", `W/"tag"`, 100_000, 304, "", false},
		{"another known", "GET", "If-None-Match", `"other"`, 100_000, 200, text, true},
		{"stream", "GET", "", "", Unknown, 200, text, true},
		{"stream, in part", "GET", "Range", "bytes=1-2", Unknown, 200, text, true},
		{"stream, known", "GET", "If-None-Match", `"tag"`, Unknown, 304, "", false},
		{"stream, head", "HEAD", "", "", Unknown, 200, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			opened, closed := false, false
			server := contentServer(t, func() Content {
				return Content{Type: "text/plain", Tag: "tag", Size: c.size, Open: func() (io.ReadCloser, error) {
					opened = true
					return closing{iotest.OneByteReader(strings.NewReader(text)), &closed}, nil
				}}
			})
			r, _ := http.NewRequest(c.method, server.URL, nil)
			if c.header != "" {
				r.Header.Set(c.header, c.value)
			}
			a, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer a.Body.Close()
			body, err := io.ReadAll(a.Body)
			if c.status == 416 {
				if a.StatusCode != 416 || a.Header.Get("X-Pail-Reason") != "range.not_satisfiable" || a.Header.Get("Content-Range") != "bytes */100000" || !json.Valid(body) {
					t.Errorf("%d %v %s", a.StatusCode, a.Header, body)
				}
				return
			}
			if err != nil || a.StatusCode != c.status || string(body) != c.body {
				t.Errorf("%d, %d bytes, %v; want %d, %d bytes", a.StatusCode, len(body), err, c.status, len(c.body))
			}
			if a.Header.Get("ETag") != `"tag"` || a.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(a.Header.Get("Content-Security-Policy"), "sandbox") {
				t.Errorf("%v", a.Header)
			}
			server.Close() // waits for the handler
			if opened != c.opens || closed != opened {
				t.Errorf("opened: %t, closed: %t", opened, closed)
			}
		})
	}
}

// A content that cannot be read to its end never looks whole.
func TestContentFails(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		name   string
		size   int64
		good   int // bytes before it breaks
		status int
		short  bool // it ends, but before its size
	}{
		{"at once", Unknown, 0, 500, false},
		{"early in a stream", Unknown, 100, 500, false},
		{"late in a stream", Unknown, 100_000, 0, false},
		{"in a file", 200_000, 100_000, 0, false},
		{"a file that is shorter than it was", 200_000, 100_000, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := contentServer(t, func() Content {
				return Content{Type: "text/plain", Tag: "tag", Size: c.size, Open: func() (io.ReadCloser, error) {
					var end io.Reader = strings.NewReader("")
					if !c.short {
						end = iotest.ErrReader(broken)
					}
					return io.NopCloser(io.MultiReader(strings.NewReader(strings.Repeat("x", c.good)), end)), nil
				}}
			})
			a, err := http.Get(server.URL)
			if err != nil {
				if c.status != 0 {
					t.Fatal(err)
				}
				return
			}
			defer a.Body.Close()
			_, err = io.ReadAll(a.Body)
			switch {
			case c.status == 0 && err == nil:
				t.Errorf("half of it came as the whole, with %d", a.StatusCode)
			case c.status != 0 && (a.StatusCode != c.status || a.Header.Get("ETag") != "" || a.Header.Get("X-Pail-Reason") != "server.fault"):
				t.Errorf("%d %v", a.StatusCode, a.Header)
			}
		})
	}
}
